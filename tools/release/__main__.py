"""Make everything that is published of one version, in ``dist/``: `make release`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import gan_lessons

from . import archive, network, tree, wheel

ROOT = Path(__file__).resolve().parents[2]
# What must pass in the clean copy. `check` is style, types, the book, and all tests.
GOALS = (["check"], ["notebooks", "ARGS=--check"], ["pdf"])
SUMS = "SHA256SUMS"


class FailedError(Exception):
    """A step did not pass; it has said why."""


def make(goal: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run one make target without a network."""
    print(f"== make {' '.join(goal)}", flush=True)
    if network.run(["make", *goal], folder, environment):
        raise FailedError(f"make {' '.join(goal)} failed in {folder}")


def collect(folder: Path, out: Path, version: str, environment: dict[str, str]) -> list[Path]:
    """Make the files of a release from a copy in which every goal has passed."""
    shutil.rmtree(out, ignore_errors=True)
    package = wheel.build(folder, out, environment)
    if found := wheel.problems(package, wheel.expected(folder)):
        raise wheel.WheelError("\n".join(found))
    book = out / f"gan-lessons-book-{version}.zip"
    archive.pack(folder / "_build" / "html", book)
    pdf = out / f"gan-lessons-{version}.pdf"
    shutil.copyfile(folder / "_build" / "pdf" / "gan-lessons.pdf", pdf)
    files = [package, book, pdf]
    (out / SUMS).write_text(archive.checksums(files), encoding="utf-8")
    return [*files, out / SUMS]


def main(root: Path = ROOT) -> int:
    """Run the command; return its exit status."""
    version = gan_lessons.__version__
    try:
        tree.refuse_unless_ready(root, version)
        # Outside the repository, whose settings would count in a folder of its own. Stays after a
        # failure, to be looked at.
        folder = Path(tempfile.mkdtemp(prefix="gan-lessons-")) / "copy"
        environment = tree.copy(root, folder)
        for goal in GOALS:
            make(goal, folder, environment)
        files = collect(folder, root / "dist", version, environment)
    except (tree.NotReadyError, wheel.WheelError, FailedError) as problem:
        print(problem, file=sys.stderr)
        return 1
    shutil.rmtree(folder.parent)
    for file in files:
        print(f"{file.relative_to(root)}: {file.stat().st_size / 1e6:.2f} MB")
    print(f"Next: git tag v{version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
