"""Every page by the rules of axe-core, and the repairs that the book's extension makes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import REPOSITORY, TOC_PAGES, View

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]

# Rules that the theme breaks, not the book. This list may only get shorter.
OF_THE_THEME = {
    "region": "the title above the table of contents stands outside every landmark",
}
# Both widths, both schemes: colours do not depend on the width, nor order on the scheme.
LOOKS = [View(1280, "light"), View(390, "dark")]


def broken(page: Page) -> dict[str, list[str]]:
    """The rules that a page breaks, each with the first elements that do."""
    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    page.evaluate((Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return {
        v["id"]: [n["html"][:160] for n in v["nodes"][:3]]
        for v in found["violations"]
        if v["id"] not in OF_THE_THEME
    }


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("name", TOC_PAGES)
def test_page_keeps_the_rules(name: str, look: View, open_page: OpenPage, book_html: Path) -> None:
    page = open_page(book_html / f"{name}.html", look)
    page.wait_for_timeout(500)  # the script looks for what scrolls once formulas are set
    assert broken(page) == {}


def test_the_rules_find_something(open_page: OpenPage) -> None:
    """A page with a picture that says nothing and text that is too pale."""
    page = open_page(
        "<html lang=en><title>t</title><main><h1>t</h1><img src='data:,'>"
        "<p style='color:#999;background:#fff'>pale</p></main></html>"
    )
    assert {"image-alt", "color-contrast"} <= set(broken(page))


def test_a_formula_that_scrolls_is_a_stop_for_the_tab_key(
    open_page: OpenPage, book_html: Path
) -> None:
    wide = "mjx-container[display][tabindex], .math[tabindex]"
    narrow = open_page(book_html / "book" / "theory" / "bce.html", View(390, "light"))
    narrow.wait_for_timeout(500)
    count = narrow.locator(wide).count()
    assert count > 0
    narrow.set_viewport_size({"width": 1400, "height": 800})
    narrow.wait_for_timeout(500)
    assert narrow.locator(wide).count() < count


def test_repairs() -> None:
    sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
    try:
        from ganl_book.accessible import repaired
    finally:
        sys.path.pop(0)
    box = (
        '<div class="proof lemma admonition" id="a-0">\n<p class="admonition-title" id="a-0">A</p>'
    )
    assert repaired(box) == box.replace('title" id="a-0"', 'title"')
    other = box.replace('title" id="a-0"', 'title" id="b"')
    assert repaired(other) == other
    assert repaired('<section id="exercise-content">') == "<section>"
    assert repaired('<section class="a" id="proof-content">') == '<section class="a">'
    assert repaired('<div class="proof admonition" id="proof">') == '<div class="proof admonition">'
    assert repaired('<section id="content">') == '<section id="content">'
