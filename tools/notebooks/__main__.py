"""Write the notebooks, or check that they are up to date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .book import Book
from .cells import convert, to_json
from .problems import ChapterError

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder to write to (default: beside each page)")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a file differs")
    parser.add_argument("--ref", help="tag or commit to install (default: the package's version)")
    options = parser.parse_args(arguments)
    book = Book.of(root, ref=options.ref)
    folder = options.out or root
    try:
        return _check(book, folder) if options.check else _write(book, folder)
    except ChapterError as problem:
        print(problem, file=sys.stderr)
        return 2


def _write(book: Book, folder: Path) -> int:
    # All of them first: a problem in one page leaves no half of the book behind.
    texts = {page: to_json(convert(book, page)) for page in book.pages}
    for page, text in texts.items():
        file = folder / f"{page}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    print(f"wrote {len(texts)} notebooks")
    return 0


def _check(book: Book, folder: Path) -> int:
    """Compare the files with what would be written now, to the last byte."""
    wrong = []
    for page in book.pages:
        file = folder / f"{page}.ipynb"
        if not file.is_file() or file.read_text(encoding="utf-8") != to_json(convert(book, page)):
            wrong.append(f"{page}.ipynb is not what `make notebooks` writes")
    pages = {f"{page}.ipynb" for page in book.pages}
    found = {str(file.relative_to(folder)) for file in (folder / "book").rglob("*.ipynb")}
    extra = {name for name in found - pages if ".ipynb_checkpoints" not in name}
    wrong += [f"{name} belongs to no page of _toc.yml" for name in sorted(extra)]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
