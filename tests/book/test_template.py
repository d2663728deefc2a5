"""The template of a chapter (tools/template.md) is a chapter: it builds, and keeps every rule.

What test_sources.py and test_equations.py ask of the pages of the book, they ask of it as well.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from support import REPOSITORY

from .test_build import MiniBook

TEXT = (REPOSITORY / "tools" / "template.md").read_text(encoding="utf-8")


def test_the_template_builds_without_a_warning(tmp_path: Path) -> None:
    book = MiniBook(tmp_path / "a book")
    book.chapters(intro="")
    (book.folder / "gan_lessons").symlink_to(REPOSITORY / "gan_lessons")
    shutil.copy(REPOSITORY / "book/references.bib", book.folder / "book/references.bib")
    linked = set(re.findall(r"\{doc\}`\.\./([\w/-]+)`", TEXT))
    assert linked
    for name in linked:  # a page of the book that the template links to
        assert (REPOSITORY / "book" / f"{name}.md").is_file()
        book.write(f"book/{name}.md", "# A page\n")
    book.write("book/back/bibliography.md", "# Sources\n\n```{bibliography}\n```\n")
    book.write("book/part/template.md", TEXT)
    pages = ["part/template", "back/bibliography", *linked]
    toc = [
        "format: jb-book",
        "root: book/intro",
        "chapters:",
        *(f"- file: book/{p}" for p in pages),
    ]
    book.write("_toc.yml", "\n".join(toc))
    book.build_well()

    page = book.page("part/template")
    assert "largest value -1.3863, at c = 0.50" in page
    assert "Copy this file" not in page
    assert 'alt="A curve over the constant c' in page


def test_the_template_has_every_part_of_a_chapter() -> None:
    parts = [
        "What you will be able to do",
        "**You need**",
        "**Time**",
        ":label: eq-",
        "{literalinclude}",
        "Predict before you run",
        "{admonition} Check",
        "alt:",
        "*Exact.",
        "Common mistakes",
        "## Exercises",
        "### By hand",
        "### By code",
        "{exercise-start}",
        "{solution-start}",
        "exercises.check(",
        "## Summary",
        "## Sources",
        "{cite:t}",
    ]
    places = [TEXT.find(part) for part in parts]
    missing = [part for part, place in zip(parts, places, strict=True) if place < 0]
    assert not missing
