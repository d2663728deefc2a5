"""Write the book as one PDF, from the pages that `make book` built."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from pypdf import PdfReader

import gan_lessons

from . import checks, joined, printed

ROOT = Path(__file__).resolve().parents[2]


def cover(root: Path) -> joined.Cover:
    """Return what the title page says, from the book's settings and the package's version."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    return joined.Cover(
        config["title"], config["author"], gan_lessons.__version__, config["copyright"]
    )


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.pdf", description=__doc__)
    parser.add_argument("--html", type=Path, default=root / "_build" / "html")
    parser.add_argument("--out", type=Path, default=root / "_build" / "pdf" / "gan-lessons.pdf")
    options = parser.parse_args(arguments)
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    try:
        book = joined.join(options.html, toc, cover(root))
        # Beside the pages: its pictures are theirs.
        file = options.html.parent / "pdf" / "book.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(book.text, encoding="utf-8")
        with printed.chromium() as browser, printed.opened(browser, file) as page:
            pdf = printed.print_pdf(page)
            pictures = page.locator("img").count()
    except (ValueError, printed.PrintError) as problem:
        print(problem, file=sys.stderr)
        return 1
    found = checks.problems(pdf, book.titles, pictures)
    if found:
        print("\n".join(found[:20]), file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(pdf)
    pages = len(PdfReader(io.BytesIO(pdf)).pages)
    print(f"{options.out}: {len(book.titles)} chapters, {pages} pages, {len(pdf) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
