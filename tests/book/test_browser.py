"""The built book as a reader sees it: in Chromium, from ``file://``, with the network off.

``open_page`` (tests/conftest.py) fails a test whose page logs an error or asks for a file that is
not there or not local.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import SCREENSHOTS, TOC_PAGES, VIEWS, View, look_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OpenPage = Callable[..., "Page"]

# The pages of the table of contents, and those that Sphinx adds.
PAGES = ["index", *TOC_PAGES, "genindex", "search"]


@pytest.mark.parametrize("name", PAGES)
def test_page_shows(name: str, open_page: OpenPage, book_html: Path) -> None:
    """No error, no request outside, the theme asked for, mathematics set, no sideways scroll."""
    last, *others = reversed(VIEWS)
    page = open_page(book_html / f"{name}.html", last)
    if name == "index":
        assert page.url.endswith(f"/{TOC_PAGES[0]}.html")  # it only leads to the first page
        return
    assert page.evaluate("document.documentElement.dataset.theme") == last.scheme

    formulas = page.locator(".math.notranslate").count()
    assert page.locator("mjx-container").count() >= formulas
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    # Each icon is a picture, and as high as letters.
    icons = page.locator("svg.svg-inline--fa:has(path[d])")
    assert icons.count() >= 3
    assert page.locator("[class*='fa-']:not(svg.svg-inline--fa)").count() == 0
    heights = icons.evaluate_all(
        "s => s.map(e => e.getBoundingClientRect().height).filter(Boolean)"
    )
    assert 8 <= min(heights) <= max(heights) <= 32

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for view in (last, *others):
        if view is not last:
            look_at(page, view)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= view.width, f"the page scrolls sideways: {width} px. {_too_wide(page)}"
        page.screenshot(path=SCREENSHOTS / f"{name.replace('/', '-')}-{view}.png", full_page=True)


def test_plots_follow_the_theme_and_digits_do_not(
    view: View, open_page: OpenPage, book_html: Path
) -> None:
    """In dark mode a plot is turned light-on-dark; a picture with ``ganl-keep`` stays as it is."""
    page = open_page(book_html / f"{TOC_PAGES[0]}.html", view)
    page.evaluate(
        """document.querySelector('article').insertAdjacentHTML('beforeend', `
        <div class="cell_output"><img id="plot"><img id="digit" class="ganl-keep">
        <div class="ganl-keep"><img id="digits"></div><div class="text_html" id="html"></div></div>`
        )"""
    )

    def style(name: str, what: str) -> str:
        return str(page.evaluate(f"getComputedStyle(document.querySelector('#{name}')).{what}"))

    turned = "invert(1) hue-rotate(180deg)" if view.scheme == "dark" else "none"
    filters = {name: style(name, "filter") for name in ("plot", "digit", "digits", "html")}
    assert filters == {"plot": turned, "digit": "none", "digits": "none", "html": "none"}
    for name in filters:
        assert style(name, "backgroundColor") == "rgba(0, 0, 0, 0)"


def test_first_visit_follows_the_system(view: View, open_page: OpenPage, book_html: Path) -> None:
    page = open_page(book_html / f"{TOC_PAGES[0]}.html", view, first_visit=True)
    assert page.evaluate("document.documentElement.dataset.theme") == view.scheme


@pytest.mark.parametrize(
    "stored", [{}, {"mode": "auto", "theme": "light"}, {"mode": "light", "theme": "light"}]
)
def test_no_page_changes_its_colours_while_it_loads(
    stored: dict[str, str], browser: Browser, book_html: Path
) -> None:
    """Not on a first visit in the dark, nor when the system has become dark since the last."""
    context = browser.new_context(color_scheme="dark", offline=True)
    context.add_init_script(
        f"Object.entries({json.dumps(stored)})"
        """.forEach(([key, value]) => localStorage.setItem(key, value));
        window.seen = [];
        new MutationObserver(() => {
          if (document.body) seen.push(document.documentElement.dataset.theme);
        }).observe(document, { attributes: true, childList: true, subtree: true });"""
    )
    page = context.new_page()
    page.goto((book_html / f"{TOC_PAGES[0]}.html").as_uri(), wait_until="load")
    themes = page.evaluate("seen")
    context.close()
    assert len(themes) > 5
    assert set(themes) == {"light" if stored.get("mode") == "light" else "dark"}


# A page with figures and hundreds of formulas above the place that a link leads to.
LONG = "book/training/why-training-fails"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("place", ["forty-seeds-at-a-glance", "sources"])
def test_a_link_to_a_place_leads_there_on_a_slow_machine(
    place: str, width: int, browser: Browser, book_html: Path
) -> None:
    """What grows above the place while the page loads does not push it away."""
    context = browser.new_context(viewport={"width": width, "height": 844}, offline=True)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.goto((book_html / f"{LONG}.html").as_uri() + f"#{place}", wait_until="load")
    page.evaluate("async () => { await window.MathJax.startup.promise }")
    page.wait_for_timeout(500)  # until the browser has drawn all that
    top = page.evaluate("document.querySelector(':target').getBoundingClientRect().top")
    below = page.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY")
    context.close()
    # Under the bar at the top of the page; the last place only as far up as the page goes.
    assert 0 <= top < 100 or (place == "sources" and below < 2 and top < 844)


def test_every_built_page_is_opened(book_html: Path) -> None:
    built = {str(p.relative_to(book_html).with_suffix("")) for p in book_html.rglob("*.html")}
    built = {name for name in built if not name.startswith("_")}
    built -= {"404"}  # shown by servers only: test_published.py opens it as they do
    assert built == set(PAGES), "after a chapter was renamed or removed: `make clean book`"


def _too_wide(page: Page) -> str:
    """Which elements reach past the right edge, for the message."""
    return str(
        page.evaluate(
            """[...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5)
            .map(e => e.outerHTML.slice(0, 120))"""
        )
    )
