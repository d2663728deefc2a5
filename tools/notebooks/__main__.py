"""Write the notebooks, or check that they are up to date."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from .addresses import Addresses
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
    """Compare the files with what would be written now.

    Each file is compared as for the addresses that it names itself. So a fork, which has others,
    passes too; that its notebooks still lead to the first repository is said, and no failure.
    """
    differ, elsewhere = [], []
    books = {book.addresses: book}  # each of them counts its equations only once
    for page in book.pages:
        file = folder / f"{page}.ipynb"
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        named = _named(text) or book.addresses
        if text != to_json(convert(books.setdefault(named, book.at(named)), page)):
            differ.append(f"{page}.ipynb")
        elif named != book.addresses:
            elsewhere.append(f"{page}.ipynb")
    pages = {f"{page}.ipynb" for page in book.pages}
    found = {str(file.relative_to(folder)) for file in (folder / "book").rglob("*.ipynb")}
    extra = {name for name in found - pages if ".ipynb_checkpoints" not in name}
    for name in differ:
        print(f"{name} is not what `make notebooks` writes")
    for name in sorted(extra):
        print(f"{name} belongs to no page of _toc.yml")
    if elsewhere:
        print(f"note: {len(elsewhere)} notebooks name another repository: `make notebooks`")
    return 1 if differ or extra else 0


def _named(text: str) -> Addresses | None:
    """Return the addresses that a notebook's file names, or None where it names none."""
    try:
        return Addresses(**json.loads(text)["metadata"]["gan_lessons"])
    except (ValueError, KeyError, TypeError):  # not JSON, not a notebook, not one of ours
        return None


if __name__ == "__main__":
    sys.exit(main())
