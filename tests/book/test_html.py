"""The HTML of the built book: executed, described, whole, and without anything from outside."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jupytext
import pytest
from bs4 import BeautifulSoup
from support import REPOSITORY, TOC_PAGES

MAX_BYTES = 1_000_000
# Fourteen recorded runs in the museum, and forty small ones that open in a player.
# A recorded training of 24 frames: 64 pictures each, and the digits that are nearest to them.
MORE_BYTES = {
    "book/training/why-training-fails": 1_500_000,
    "book/images/dcgan-on-mnist": 1_500_000,
}

each_page = pytest.mark.parametrize("name", TOC_PAGES)


@cache
def _page(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


@each_page
def test_executed_without_error(name: str, book_html: Path) -> None:
    page = _page(book_html / f"{name}.html")
    errors = page.select(".output.stderr, .output.traceback, .cell_output .gt")
    assert not errors, errors[0].get_text()[:500]
    cells = [c for c in jupytext.read(REPOSITORY / f"{name}.md").cells if c.cell_type == "code"]
    hidden = {"remove-cell", "remove-input"}
    shown = [c for c in cells if not hidden & set(c.metadata.get("tags", []))]
    assert len(page.select(".cell_input")) == len(shown)
    assert page.select(".cell_output") or not cells, "no cell of this page has an output"


@each_page
def test_pictures_have_words(name: str, book_html: Path) -> None:
    for img in _page(book_html / f"{name}.html").select("img"):
        alt, file = (img.get("alt") or "").strip(), unquote(Path(str(img["src"])).name)
        # An output's alt text is its path, with its hash for a name, where the author gave none.
        not_words = alt in {"", file, Path(file).stem} or re.search(r"[0-9a-f]{16}|/.*\.\w+$", alt)
        assert not not_words, f"{img['src']} needs alt text; it has {alt!r}"


@each_page
def test_head_and_headings(name: str, book_html: Path) -> None:
    page = _page(book_html / f"{name}.html")
    # The theme repeats the heading in a box that only paper shows.
    assert len([h for h in page.select("h1") if not h.find_parent(class_="onlyprint")]) == 1
    assert page.html is not None
    assert page.html.get("lang") == "en"
    description = page.select_one('meta[name="description"]')
    assert description is not None
    assert len(str(description["content"])) > 20
    assert (book_html / f"{name}.html").stat().st_size < MORE_BYTES.get(name, MAX_BYTES)


def test_nothing_from_outside(book_html: Path) -> None:
    """No page loads anything that is not in the book; a link for the reader may lead away."""
    loads = [("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src")]
    loads += [("source", "src"), ("source", "srcset"), ("video", "src"), ("object", "data")]
    outside = re.compile(r"^\s*(https?:)?//")
    for file in _html_files(book_html):
        page = _page(file)
        for tag, attribute in loads:
            for element in page.find_all(tag, attrs={attribute: outside}):
                pytest.fail(f"{file.name}: {element}")
        for style in page.find_all("style"):
            _check_css(style.get_text(), file)
        for link in page.select('link[rel~="stylesheet"]'):
            css = file.parent / urlsplit(str(link["href"])).path
            _check_css(css.read_text(encoding="utf-8"), css)


def _check_css(css: str, file: Path) -> None:
    found = re.search(r"url\(\s*['\"]?(https?:)?//|@import\s+['\"](https?:)?//", css)
    assert not found, f"{file}: {css[found.start() :][:100]}" if found else ""


def test_links_lead_somewhere(book_html: Path) -> None:
    """Every link inside the book has a file, and every anchor an element."""
    broken = []
    for file in _html_files(book_html):
        for element in _page(file).select("[href], [src]"):
            url = urlsplit(str(element.get("href") or element.get("src") or ""))
            if url.scheme or url.netloc:
                continue
            target = (file.parent / unquote(url.path)).resolve() if url.path else file
            if target.is_dir() or not target.exists():
                broken.append(f"{file.name}: no file {element}")
            elif url.fragment and target.suffix == ".html":
                anchor = unquote(url.fragment)
                page = _page(target)
                if not page.find(id=anchor) and not page.find("a", attrs={"name": anchor}):
                    broken.append(f"{file.name}: no anchor {element}")
    assert not broken, "\n".join(broken)


def test_index_leads_to_the_first_page(book_html: Path) -> None:
    assert f"{TOC_PAGES[0]}.html" in (book_html / "index.html").read_text(encoding="utf-8")


def _html_files(book_html: Path) -> list[Path]:
    return [f for f in book_html.rglob("*.html") if "_static" not in f.parts]
