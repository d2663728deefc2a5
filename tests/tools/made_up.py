"""A book of a few lines, to convert in tests."""

from __future__ import annotations

from pathlib import Path

from tools.notebooks import Addresses, Book, convert

HEADER = """---
jupytext:
  text_representation:
    extension: .md
myst:
  html_meta:
    description: "Not part of the text."
---

"""
CONFIG = """
parse:
  myst_enable_extensions:
    [amsmath, attrs_inline, colon_fence, deflist, dollarmath, html_image, substitution, tasklist]
bibtex_bibfiles: [book/references.bib]
"""
BIB = r"""
@article{one2001, title={A {GAN} of one}, author={On{\'e}, Ann}, year={2001}, journal={Papers}}
@article{two2002, title={Two}, author={One, Ann and van Two, Bob}, year={2002}, journal={Papers}}
@article{many2003, title={Many}, author={Many, A. and B, B. and C, C.}, year={2003}, journal={P}}
@article{many2003b, title={More}, author={Many, A. and D, D. and E, E.}, year={2003}, journal={P}}
"""
PUBLISHED = Addresses("https://example.org/ann/book", "https://ann.example.org/book")


def make(folder: Path, *texts: str, addresses: Addresses = PUBLISHED) -> Book:
    """Write a book whose pages are book/part/a.md, book/part/b.md ... and return it."""
    names = [f"book/part/{letter}" for letter, _ in zip("abcdef", texts, strict=False)]
    (folder / "book/part").mkdir(parents=True, exist_ok=True)
    (folder / "gan_lessons").mkdir(exist_ok=True)
    chapters = "".join(f"  - file: {name}\n" for name in names[1:])
    toc = f"root: {names[0]}\n" + (f"chapters:\n{chapters}" if chapters else "")
    files = {"_toc.yml": toc, "_config.yml": CONFIG, "book/references.bib": BIB}
    files["gan_lessons/__init__.py"] = '__version__ = "9.8.7"\n'
    files["gan_lessons/taught.py"] = (
        "import math\n\n\nclass Loop:\n    def step(self):\n        return math.pi\n"
    )
    files |= {
        f"{name}.md": HEADER + (text if text.startswith("# ") else f"# Page\n\n{text}")
        for name, text in zip(names, texts, strict=True)
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return Book.of(folder, addresses)


def cells(book: Book, page: str = "book/part/a") -> list[str]:
    """The sources of a page's cells."""
    return [cell.source for cell in convert(book, page).cells]


def text(book: Book, page: str = "book/part/a") -> str:
    """The Markdown of a page."""
    kept = [cell.source for cell in convert(book, page).cells if cell.cell_type == "markdown"]
    return "\n\n".join(kept)
