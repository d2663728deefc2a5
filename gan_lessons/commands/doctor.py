"""``python -m gan_lessons doctor``: say whether everything is here that the book needs.

It looks, and changes nothing: no download, no file written.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

OK, NOTE, WRONG = "ok", "note", "WRONG"

EXAMPLES = """\
examples:
  python -m gan_lessons doctor            # exit code 1 if something is WRONG
  GAN_LESSONS_DATA=~/mnist python -m gan_lessons doctor

"note" marks what some chapter or figure would like to have, and what happens without it.
"""

# The extras of pyproject.toml, and who misses them.
FOR = {
    "plots": "static figures",
    "classifiers": "the chapter on generative and discriminative models, clusters",
    "mnist": "the chapters on images",
    "widgets": "sliders in a live notebook; the pages need none",
}


class Finding(NamedTuple):
    """One line of the report."""

    verdict: str  # OK, NOTE or WRONG
    what: str
    text: str


def add_parser(commands: Any) -> None:
    """Add this command to a parser."""
    p = commands.add_parser(
        "doctor",
        help="check this environment: versions, devices, data",
        description="Check versions, devices and data, without changing anything.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the findings; return 1 if something is wrong."""
    found = [*python(), *packages()]
    # The rest imports torch, which may be what is missing.
    if not any(f.verdict == WRONG for f in found):
        found += [*devices(), *data()]
    width = max(len(f.what) for f in found)
    for f in found:
        print(f"{f.verdict:5s}  {f.what:{width}s}  {f.text}")
    return int(any(f.verdict == WRONG for f in found))


def python() -> Iterator[Finding]:
    """Look at Python itself."""
    needs = metadata.metadata("gan-lessons")["Requires-Python"]
    yield _judged("Python", platform.python_version(), needs, WRONG, sys.executable)


def packages() -> Iterator[Finding]:
    """Look at each package that the installed metadata names, and at its version."""
    from packaging.requirements import Requirement

    for line in metadata.requires("gan-lessons") or []:
        requirement = Requirement(line)
        extra = next(
            (e for e in FOR if requirement.marker and requirement.marker.evaluate({"extra": e})),
            None,
        )
        bad = WRONG if extra is None else NOTE
        purpose = "" if extra is None else f"for {FOR[extra]}"
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            text = f"missing, needs {requirement.specifier}; {purpose}".rstrip("; ")
            yield Finding(bad, requirement.name, text)
        else:
            yield _judged(requirement.name, version, str(requirement.specifier), bad, purpose)


def devices() -> Iterator[Finding]:
    """Look at what there is to compute on."""
    import torch

    from gan_lessons.devices import best_device, mixed

    device = best_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    half = str(mixed(device)).removeprefix("torch.")
    yield Finding(OK, "device", f"{device}, {name}; 16-bit type: {half}")
    yield Finding(OK, "threads", f"{torch.get_num_threads()} of {os.cpu_count()} cores")


def data() -> Iterator[Finding]:
    """Look for the digits, where `load_mnist` would."""
    from gan_lessons.mnist.data import SHIPPED
    from gan_lessons.mnist.files import ARCHIVES, DATA_VARIABLE, cache_folder

    given = os.environ.get(DATA_VARIABLE)
    if given == SHIPPED:
        yield Finding(OK, "MNIST", f"the digits of {SHIPPED}, as {DATA_VARIABLE} says")
        return
    if given and not Path(given).is_dir():
        yield Finding(WRONG, "MNIST", f"{DATA_VARIABLE} must name a folder, got {given!r}")
        return
    names = [f.name for pair in ARCHIVES["mnist"].splits.values() for f in pair]
    folders = [Path(given, "mnist"), Path(given)] if given else []
    for folder in [*folders, cache_folder() / "mnist"]:
        if all((folder / name).is_file() for name in names):
            yield Finding(OK, "MNIST", f"all four files in {folder}")
            return
    yield Finding(
        NOTE, "MNIST", f"not here yet; it will be downloaded to {cache_folder()}, or, without a "
        f"network, 5,000 digits of {SHIPPED} will be used",
    )  # fmt: skip


def _judged(what: str, version: str, needs: str, bad: str, purpose: str) -> Finding:
    from packaging.specifiers import SpecifierSet

    # A build number, as in 2.11.0+cu128, says nothing of the version; a pre-release counts.
    if SpecifierSet(needs).contains(version.partition("+")[0], prereleases=True):
        return Finding(OK, what, f"{version}  {purpose}".rstrip())
    return Finding(bad, what, f"{version}, needs {needs}; {purpose}".rstrip("; "))
