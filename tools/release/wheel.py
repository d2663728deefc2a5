"""The package as a wheel, with everything in it that is no Python."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from zipfile import ZipFile

from . import network, tree

# Of each kind there is at least one: a list that is empty by mistake would pass every comparison.
KINDS = (".js", ".css", ".json", ".mplstyle", ".py", "py.typed")


class WheelError(Exception):
    """The wheel is not what it should be; the message says how."""


def build(root: Path, out: Path, environment: Mapping[str, str]) -> Path:
    """Build the wheel without a network, with the setuptools of the environment.

    Parameters
    ----------
    root, out
        The repository, and the folder for the wheel.
    environment
        Variables beside those of this process; SOURCE_DATE_EPOCH makes it the same each time.

    Raises
    ------
    WheelError
        It was not built, or setuptools warned.
    """
    log = out / "wheel.log"
    flags = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--verbose"]
    where = ["--log", str(log), "--wheel-dir", str(out), str(root)]
    out.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    status = network.run([*pip, *flags, *where], root, environment)
    said = log.read_text(encoding="utf-8") if log.is_file() else ""
    warned = re.findall(r"\S*(?:Deprecat|Warning)\S*.*", said)
    built = sorted(out.glob("*.whl"))
    if status or warned or len(built) != 1:
        raise WheelError("\n".join(["the wheel was not built well:", *warned, said[-2000:]]))
    log.unlink()
    return built[0]


def expected(root: Path) -> set[str]:
    """List the files of the package that git knows."""
    return set(tree.git(root, "ls-files", "gan_lessons").splitlines())


def problems(wheel: Path, files: Collection[str]) -> list[str]:
    """List how the contents of a wheel differ from the package's files."""
    with ZipFile(wheel) as opened:
        names = set(opened.namelist())
    licence = {name for name in names if re.search(r"\.dist-info/licenses/LICENSE$", name)}
    inside = {name for name in names if not re.match(r"[\w.-]+\.dist-info/", name)}
    found = [f"no file {kind}" for kind in KINDS if not any(f.endswith(kind) for f in inside)]
    found += [f"{name} is missing" for name in sorted(set(files) - inside)]
    found += [f"{name} is not of the package" for name in sorted(inside - set(files))]
    return found if licence else [*found, "the licence is missing"]
