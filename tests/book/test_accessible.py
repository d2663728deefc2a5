"""Every page by the rules of axe-core, at the widths of a phone and of a zoomed page, and by the
keyboard alone; and the repairs that the book's extension makes.

A page is loaded once for all that is asked of it: loading takes longer than asking.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import REPOSITORY, SCHEMES, TOC_PAGES, Scheme, View, contrast, look_at, luminance

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]

# Both widths, both schemes: colours do not depend on the width, nor order on the scheme.
LOOKS = [View(1280, "light"), View(390, "dark")]

# Everything unfolded, as readers leave it: solutions, answers, hidden code.
UNFOLD = """() => {
  for (const one of document.querySelectorAll('details')) one.open = true;
  for (const one of document.querySelectorAll('.toggle-hidden > .admonition-title')) one.click();
}"""
# Each control of each figure used once: the last choice, the far end, every button.
STIR = """() => {
  const changed = (node, name) => node.dispatchEvent(new Event(name, { bubbles: true }));
  for (const root of document.querySelectorAll('.ganl')) {
    for (const tab of [...root.querySelectorAll('[role=tab]'), null]) {
      tab?.click();
      for (const node of root.querySelectorAll('select')) {
        node.value = [...node.options].filter((one) => !one.disabled).at(-1).value;
        changed(node, 'change');
      }
      for (const node of root.querySelectorAll('input')) { node.value = node.max; changed(node, 'input'); }
      for (const node of root.querySelectorAll('button:not([role=tab])')) node.click();
    }
  }
}"""  # noqa: E501  the script reads better in one line for each step
# What is cut off, by a box that hides it, by the edge of a figure, of its picture or of the page;
# and controls that a finger misses: smaller than 24 pixels, and not a link in a line of text.
CUT = """() => {
  const seen = (node) => node.checkVisibility() && node.getBoundingClientRect().width > 2;
  const short = (node) => node.outerHTML.replace(/\\s+/g, ' ').slice(0, 90);
  const found = [];
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over > 0) {
    const scrolls = (node) => node && (getComputedStyle(node).overflowX !== 'visible' || scrolls(node.parentElement));
    found.push(`the page scrolls sideways by ${over}: `, ...[...document.querySelectorAll('body *')]
      .filter((node) => seen(node) && node.getBoundingClientRect().right > innerWidth + 1 && !scrolls(node.parentElement))
      .slice(0, 3).map(short));
  }
  for (const node of document.querySelectorAll('.bd-content *')) {
    if (node.closest('svg, mjx-container, span.math:not(.ganl-wide)') || !seen(node)) continue;
    if (/hidden|clip/.test(getComputedStyle(node).overflowX) && node.scrollWidth > node.clientWidth + 1) found.push(`hidden: ${short(node)}`);
  }
  for (const node of document.querySelectorAll('span.math mjx-container')) {
    const box = node.closest('span.math');
    if (seen(box) && node.getBoundingClientRect().width > box.parentElement.getBoundingClientRect().width + 3
      && !box.classList.contains('ganl-wide')) found.push(`a wide formula: ${box.textContent.slice(0, 60)}`);
  }
  for (const root of document.querySelectorAll('.ganl')) {
    const { right } = root.getBoundingClientRect();
    for (const node of root.querySelectorAll('*')) {
      if (node.closest('script, style, noscript, svg *, .ganl-scroll *') || !seen(node)) continue;
      if (node.getBoundingClientRect().right > right + 0.5) found.push(`leaves the figure: ${short(node)}`);
    }
    for (const picture of root.querySelectorAll('.ganl-picture')) {
      const frame = picture.getBoundingClientRect();
      for (const text of picture.querySelectorAll('text')) {
        const box = text.getBoundingClientRect();
        if (text.checkVisibility() && box.width && (box.left < frame.left - 0.5 || box.right > frame.right + 0.5)) found.push(`leaves the picture: ${text.textContent}`);
      }
    }
  }
  for (const node of document.querySelectorAll('a[href], button, input, select, summary, [role=slider]')) {
    const { width, height } = node.getBoundingClientRect();
    if (!seen(node) || node.tabIndex < 0 || getComputedStyle(node).display === 'inline') continue;
    if (Math.min(width, height) < 24) found.push(`too small: ${short(node)}`);
  }
  return found.slice(0, 8);
}"""  # noqa: E501


def broken(page: Page) -> dict[str, list[str]]:
    """The rules that a page breaks, each with the first elements that do. No rule is left out."""
    if not page.evaluate("'axe' in window"):
        spec = find_spec("axe_playwright_python")
        assert spec is not None
        assert spec.origin is not None
        page.evaluate((Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    # Of a formula there is the MathML to look at; its outlines are hidden from screen readers.
    found = page.evaluate(
        """axe.run({exclude: [['mjx-container > svg']]},
          {resultTypes: ['violations']})"""
    )
    return {v["id"]: [n["html"][:160] for n in v["nodes"][:3]] for v in found["violations"]}


@pytest.mark.parametrize("name", TOC_PAGES)
def test_page_keeps_the_rules(name: str, open_page: OpenPage, book_html: Path) -> None:
    """As it opens, then unfolded and with every figure moved; then at the widths where it is tight.

    640 pixels are a laptop's 1280 at a zoom of 200 %, 320 are the same at 400 %.
    """
    page = open_page(book_html / f"{name}.html", LOOKS[0])
    page.wait_for_timeout(300)  # the script looks for what scrolls once formulas are set
    found = {f"{LOOKS[0]} {rule}": nodes for rule, nodes in broken(page).items()}
    page.evaluate(UNFOLD)
    page.evaluate(STIR)
    look_at(page, LOOKS[1])
    found |= {f"{LOOKS[1]} {rule}": nodes for rule, nodes in broken(page).items()}
    for width in (390, 320, 640):
        look_at(page, View(width, "light"))
        if cut := page.evaluate(CUT):
            found[f"at {width} px"] = cut
    look_at(page, View(1280, "light"))
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.evaluate("dispatchEvent(new Event('resize'))")
    page.wait_for_timeout(400)
    if cut := page.evaluate(CUT):
        found["text of twice the size"] = cut
    assert not found, "\n".join(f"{what}: {nodes}" for what, nodes in found.items())


def test_the_rules_find_something(open_page: OpenPage) -> None:
    """A page with a picture that says nothing, text that is too pale, and too small a button."""
    page = open_page(
        "<html lang=en><title>t</title><main class='bd-content'><h1>t</h1><img src='data:,'>"
        "<p style='color:#999;background:#fff'>pale</p>"
        "<button style='width:9px;height:9px;padding:0' aria-label=a></button>"
        "<p style='width:90px;overflow:hidden'><code>a_name_that_is_too_long</code></p>"
        "</main></html>"
    )
    assert {"image-alt", "color-contrast"} <= set(broken(page))
    assert [text[:7] for text in page.evaluate(CUT)] == ["hidden:", "too sma"]


def test_a_formula_that_scrolls_is_a_stop_for_the_tab_key(
    open_page: OpenPage, book_html: Path
) -> None:
    wide = "mjx-container[display][tabindex], .math[tabindex]"
    page = open_page(book_html / "book" / "theory" / "bce.html", View(390, "light"))
    page.wait_for_timeout(500)
    count = page.locator(wide).count()
    assert count > 0
    page.set_viewport_size({"width": 1400, "height": 800})
    page.wait_for_timeout(500)
    assert page.locator(wide).count() < count


def test_paper_is_light(open_page: OpenPage, book_html: Path) -> None:
    page = open_page(book_html / f"{TOC_PAGES[0]}.html", View(1280, "dark"))
    page.evaluate(
        """addEventListener('beforeprint', () => {
          window.theme = document.documentElement.dataset.theme;
        })"""
    )
    assert len(page.pdf()) > 10_000
    assert page.evaluate("window.theme") == "light"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


# Each part of a picture that a colour tells apart, and the ground below it.
COLOURS = """() => {
  const canvas = document.createElement('div');
  canvas.style.cssText = 'forced-color-adjust: none; background: Canvas';
  document.body.append(canvas);
  const of = (selector) => [...document.querySelectorAll(`.ganl ${selector}`)]
    .filter((node) => node.checkVisibility()).map((node) => getComputedStyle(node).stroke)[0];
  return {
    ground: getComputedStyle(canvas).backgroundColor,
    curves: ['.ganl-stroke-d', '.ganl-stroke-data', '.ganl-stroke-made'].map(of),
    plots: [...document.querySelectorAll('article div.cell_output img')]
      .map((node) => getComputedStyle(node).backgroundColor),
  };
}"""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colours_that_the_system_forces(
    scheme: Scheme, open_page: OpenPage, book_html: Path
) -> None:
    """Whatever the page's own theme: curves stand out from the system's ground, plots bring one."""
    page = open_page(
        book_html / "book/training/one-dimensional-gan.html",
        View(1280, scheme), forced_colors="active",
    )  # fmt: skip
    page.locator(".ganl-stroke-data").first.wait_for(state="attached")
    for theme in SCHEMES:
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        seen = page.evaluate(COLOURS)
        assert (luminance(seen["ground"]) < 0.1) is (scheme == "dark")
        assert len({*seen["curves"]}) == 3
        assert min(contrast(colour, seen["ground"]) for colour in seen["curves"]) > 3
        assert seen["plots"]
        assert {*seen["plots"]} == {"rgb(255, 255, 255)"}


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
