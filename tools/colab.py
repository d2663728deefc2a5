"""Run every notebook as Google Colab would: ``make colab``, and ``make colab-here`` in its image.

It judges the environment that it runs in, which has Colab's own versions and not this package:

1. a wheel of the package is installed as the set-up cell does it, with ``--no-deps``;
2. each notebook beside a chapter runs from top to bottom, in a kernel and an empty folder of its
   own, where nothing of the repository can be imported;
3. the tests of the figures' live face run there, with Colab's ipywidgets;
4. nothing that was installed before has another version after.

It needs nothing but what Colab ships (nbclient, pytest, pip). One line for each notebook; the exit
status is 1 where anything of this fails.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "gan-lessons"
# What a wheel is made from. Copied first: an old build/ beside it would get into the wheel.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "gan_lessons")
WIDGET_TESTS = ("tests/figures/test_*_widget.py", "tests/figures/test_lab_kernel.py")  # patterns
SHOWN = ("torch", "numpy", "matplotlib", "ipython", "ipykernel", "ipywidgets")
CELL_TIMEOUT = 900  # seconds; a free Colab has two slow cores
WIDGET = "application/vnd.jupyter.widget-view+json"
# The book's build sets these for its pages; a reader's notebook has none of them.
NOT_IN_COLAB = ("GAN_LESSONS_WIDGETS", "TQDM_DISABLE", "PYTHONPATH", "MPLBACKEND")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Ran:
    """What became of one notebook.

    Parameters
    ----------
    name : str
        Its path from the repository's folder.
    seconds : float
        How long it took, with the start of its kernel.
    widgets : int
        How many of its outputs are live.
    problem : str
        Why it failed; empty where it ran well.
    warned : list of str
        Warnings that a reader sees below the cells.
    """

    name: str
    seconds: float
    widgets: int = 0
    problem: str = ""
    warned: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = f"{self.seconds:6.1f} s  {self.name}"
        if self.problem:
            return f"FAILED {said}\n{self.problem}"
        lines = [f"ok     {said}  ({self.widgets} live figures)"]
        return "\n".join(lines + [f"       warns: {line}" for line in self.warned])


def installed() -> dict[str, str]:
    """Return the version of each package of this environment, without asking pip."""
    importlib.invalidate_caches()
    return {
        str(found.metadata["Name"]).lower().replace("_", "-"): found.version
        for found in importlib.metadata.distributions()
    }


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Name the packages whose version has changed, but for the book's own.

    Examples
    --------
    >>> changes({"numpy": "2.1.3", "a": "1"}, {"numpy": "2.4", "gan-lessons": "0.1"})
    ['a: 1 is gone', 'numpy: 2.1.3 became 2.4']
    >>> changes({}, {"b": "2"})
    ['b: 2 is new']
    """
    said = []
    for name in sorted({*before, *after} - {PACKAGE}):
        old, new = before.get(name), after.get(name)
        if old is None:
            said.append(f"{name}: {new} is new")
        elif new is None:
            said.append(f"{name}: {old} is gone")
        elif old != new:
            said.append(f"{name}: {old} became {new}")
    return said


def install(folder: Path) -> None:
    """Make a wheel in a folder, and install it with ``--no-deps``."""
    copy = folder / "sources"
    copy.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    _python("-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), str(copy), at=folder)
    (wheel,) = folder.glob("*.whl")
    again = ["--force-reinstall"] if PACKAGE in installed() else []
    _python("-m", "pip", "install", "--no-deps", *again, str(wheel), at=folder)
    where = _python("-c", "import gan_lessons; print(gan_lessons.__file__)", at=folder).strip()
    if Path(where).is_relative_to(ROOT / "gan_lessons"):
        raise RuntimeError(f"the package must come from the wheel, got {where}")


def _python(*arguments: str, at: Path) -> str:
    """Run this environment's Python in a folder; return what it said, which else is not shown.

    Raises
    ------
    RuntimeError
        It failed.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=at, env=_variables(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in NOT_IN_COLAB}


def _environment() -> dict[str, str]:
    """Return the variables of a reader's kernel, in which nothing can be installed.

    The set-up cell has nothing to install: if it asked for anything, it would fail.
    """
    return _variables() | {
        "PIP_NO_INDEX": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # not from a repository, either
        # ipykernel's debugger says on each start that it cannot see Python's own modules.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def threads(jobs: int) -> dict[str, str]:
    """Return what shares the cores out among notebooks that run side by side.

    The threads of torch wait by turning in circles: where there are more of them than cores, a
    notebook takes ten times as long.  One alone has all cores, as in Colab.
    """
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // jobs))} if jobs > 1 else {}


def run(notebook: Path, name: str, variables: Mapping[str, str] | None = None) -> Ran:
    """Run a notebook, and say what came of it; the variables are for its kernel."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    read = nbformat.read(notebook, as_version=4)
    begun = time.perf_counter()
    problem = ""
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            read, timeout=CELL_TIMEOUT, resources={"metadata": {"path": folder}}
        )
        try:
            client.execute(env=_environment() | dict(variables or {}))
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            problem = COLOUR.sub("", str(error)).rstrip()
    outputs = [output for cell in read.cells for output in cell.get("outputs", ())]
    return Ran(
        name,
        time.perf_counter() - begun,
        sum(WIDGET in output.get("data", {}) for output in outputs),
        problem,
        _warnings(outputs),
    )


def _warnings(outputs: Iterable[dict[str, str]]) -> list[str]:
    """Return the lines of the standard error that name a warning, each of them once."""
    texts = [output["text"] for output in outputs if output.get("name") == "stderr"]
    lines = [line.strip() for text in texts for line in text.splitlines() if "Warning" in line]
    return list(dict.fromkeys(lines))


def notebooks(wanted: Sequence[str]) -> list[Path]:
    """Find the notebooks with code beside the chapters, or those of them that somebody wants.

    Raises
    ------
    ValueError
        There are none, or none has one of these names.
    """
    found = sorted((ROOT / "book").rglob("*.ipynb"))
    found = [file for file in found if ".ipynb_checkpoints" not in file.parts and _has_code(file)]
    if not found:
        raise ValueError("book/ must hold notebooks (`make notebooks` writes them), got none")
    chosen = [file for file in found if not wanted or file.stem in {Path(w).stem for w in wanted}]
    if not chosen:
        names = ", ".join(file.stem for file in found)
        raise ValueError(f"notebooks must be some of {names}, got {' '.join(wanted)}")
    return chosen


def _has_code(notebook: Path) -> bool:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return any(cell["cell_type"] == "code" for cell in cells)


def widgets_work(folder: Path) -> bool:
    """Run the tests of the live figures on the installed package; True if they pass."""
    # -P and no `pythonpath`: the package of the repository stays unseen.
    command = [sys.executable, "-P", "-m", "pytest", "--quiet", "-p", "no:cacheprovider"]
    # Warnings are about the age of Colab's libraries, which is as it must be.
    quiet = ["-o", "filterwarnings=default", "--disable-warnings"]
    settings = [*quiet, "-o", "pythonpath=", "--rootdir", str(ROOT)]
    tests = sorted(str(file) for name in WIDGET_TESTS for file in ROOT.glob(name))
    config = ["-c", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, *settings, *config, *tests], cwd=folder, env=_environment(), check=False
    )
    return done.returncode == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="make colab", description=__doc__)
    parser.add_argument("notebooks", nargs="*", help="names of some (default: all of them)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at the same time")
    options = parser.parse_args(arguments)
    try:
        files = notebooks(options.notebooks)
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    before = installed()
    versions = [f"{name} {before.get(name, 'missing')}" for name in SHOWN]
    print(f"Python {sys.version.split()[0]}, {', '.join(versions)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(folder)
        names = [str(file.relative_to(ROOT)) for file in files]
        failed = []
        with ThreadPoolExecutor(options.jobs) as pool:
            for ran in pool.map(run, files, names, repeat(threads(options.jobs))):
                print(ran, flush=True)
                failed += [ran.name] if ran.problem else []
        if not widgets_work(folder):
            failed.append("the live figures")
    changed = changes(before, installed())
    print(*changed, sep="\n", end="\n" if changed else "")
    if changed:
        failed.append("pip changed what was installed")
    if failed:
        print(f"failed: {', '.join(failed)}")
    else:
        print(f"The live figures and each notebook ({len(files)}) work with Colab's versions.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
