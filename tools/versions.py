"""Say which versions of the package's requirements to try: ``python tools/versions.py oldest``.

It prints lines for pip, made from pyproject.toml, so that no bound stands in two places:

- ``oldest``: of everything the lowest version that pyproject.toml allows;
- ``newest``: no version at all, pip takes the newest;
- ``colab``: what Google Colab ships, from ``constraints/colab.txt``.

More arguments replace lines, for a machine that cannot have one of them:
``python tools/versions.py oldest torch==2.13.0``.

It needs nothing but Python itself: it runs before anything is installed.
"""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("oldest", "newest", "colab")
# What the tests need beside the package, as it comes: old versions of pytest prove nothing.
TESTS = ("pytest", "pytest-xdist", "hypothesis", "pyyaml", "matplotlib-inline", "ipython")
# What runs notebooks there (tools/colab.py).
NOTEBOOKS = ("ipykernel", "nbclient")
REQUIREMENT = re.compile(r"([\w.-]+)\s*>=\s*([\w.]+)")


def bounds(pyproject: str) -> dict[str, str]:
    r"""Read name and lowest version of every requirement, those of the extras too.

    Raises
    ------
    ValueError
        A requirement is not of the form ``name>=version``.

    Examples
    --------
    >>> bounds('[project]\ndependencies = ["torch>=2.4"]\n')
    {'torch': '2.4'}
    """
    project = tomllib.loads(pyproject)["project"]
    lines = list(project["dependencies"])
    for extra in project.get("optional-dependencies", {}).values():
        lines += extra
    found = {}
    for line in lines:
        match = REQUIREMENT.fullmatch(line)
        if match is None:
            raise ValueError(f"pyproject must give each requirement as name>=version, got {line!r}")
        found[match[1]] = match[2]
    return found


def torch_of_colab(constraints: str) -> str:
    """Find Colab's torch in the file's comment: it is installed without its local label.

    Examples
    --------
    >>> torch_of_colab("# Colab itself: torch==2.11.0+cu128 (GPU)")
    '2.11.0'
    """
    match = re.search(r"torch==([\d.]+)", constraints)
    if match is None:
        raise ValueError("constraints must name Colab's torch in a comment, got none")
    return match[1]


def lines(kind: str, root: Path = ROOT, instead: Sequence[str] = ()) -> list[str]:
    """Make the lines for pip of one kind, some of them replaced.

    Raises
    ------
    ValueError
        There is no such kind, or nothing that a replacement could replace.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    lowest = bounds((root / "pyproject.toml").read_text(encoding="utf-8"))
    more = NOTEBOOKS if kind == "colab" else ()
    wanted = {name: name for name in [*lowest, *TESTS, *more]}
    if kind == "oldest":
        wanted |= {name: f"{name}=={version}" for name, version in lowest.items()}
    if kind == "colab":
        constraints = root / "constraints" / "colab.txt"
        wanted["torch"] += f"=={torch_of_colab(constraints.read_text(encoding='utf-8'))}"
    for line in instead:
        name = re.split(r"[=<>!~\s]", line)[0]
        if name not in wanted:
            raise ValueError(f"instead must name one of {', '.join(wanted)}, got {line!r}")
        wanted[name] = line
    first = [f"-c {shlex.quote(str(constraints.resolve()))}"] if kind == "colab" else []
    return [*first, *wanted.values()]


if __name__ == "__main__":
    try:
        print("\n".join(lines(sys.argv[1] if sys.argv[1:] else "", instead=sys.argv[2:])))
    except ValueError as wrong:
        sys.exit(str(wrong))
