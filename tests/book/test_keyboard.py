"""Every figure of every page by the keyboard alone: reached, seen, used, heard, and linked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from support import BOOK_HTML, TOC_PAGES, VIEWS, look_at

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]

# What the keyboard is on: a number that the element keeps, what it is, whether a ring shows it.
STOP = """(nth) => {
  const root = document.querySelectorAll('.ganl')[nth];
  const node = document.activeElement;
  if (!root.contains(node) || node === root) return null;
  const style = getComputedStyle(node);
  const ring = node.querySelector('.ganl-ring');
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  node.dataset.stop ??= window.stops = (window.stops ?? 0) + 1;
  return {
    number: node.dataset.stop,
    kind: node.getAttribute('role') ?? (node.tagName === 'INPUT' ? 'slider' : node.tagName.toLowerCase()),
    ring: outlined || Boolean(ring && getComputedStyle(ring).stroke !== 'none'),
    named: Boolean(node.labels?.length || node.ariaLabel || node.getAttribute('aria-labelledby') || node.textContent.trim()),
    says: node.getAttribute('aria-valuetext'),
  };
}"""  # noqa: E501  the script reads better in one line for each step
# The numbers of all that the keyboard should reach now, in their order.  Of a figure's tabs it
# reaches one, and the arrows lead to the others.
STOPS = """(nth) => {
  const root = document.querySelectorAll('.ganl')[nth];
  return [...root.querySelectorAll('a[href], button:enabled, input, select, [tabindex]')]
    .filter((node) => node.tabIndex >= 0
      || node.matches('a, button:not([role=tab]), input, select'))
    .filter((node) => node.getClientRects().length)
    .map((node) => node.dataset.stop ?? node.outerHTML.slice(0, 90));
}"""


KEYS = {
    "button": ("Space",),
    "select": ("ArrowDown", "ArrowUp"),
    "slider": ("End", "Home", "ArrowRight"),
}


@cache
def _count(file: Path) -> int:
    return len(re.findall(r'<div class="ganl ', file.read_text(encoding="utf-8")))


def _figures() -> list[tuple[str, int]]:
    """The figures of the built book: a page's name, and how manieth of the page."""
    pages = [name for name in TOC_PAGES if (BOOK_HTML / f"{name}.html").is_file()]
    return [(name, nth) for name in pages for nth in range(_count(BOOK_HTML / f"{name}.html"))]


def state(page: Page, nth: int) -> str:
    return json.dumps(
        page.evaluate("(nth) => ({...document.querySelectorAll('.ganl')[nth].ganl.state})", nth),
        sort_keys=True,
    )


def choose_tab(page: Page, nth: int, tab: int) -> None:
    """Open a figure's tab by the arrows; a figure without tabs has only the first."""
    tabs = page.locator(".ganl").nth(nth).locator("[role=tab]")
    if tabs.count():
        tabs.and_(page.locator("[tabindex='0']")).focus()
        page.keyboard.press("Home")
        for _ in range(tab):
            page.keyboard.press("ArrowRight")


def reach(page: Page, nth: int) -> list[dict[str, Any]]:
    """Go through a figure with the Tab key: what the keyboard stops at."""
    page.evaluate(
        """(nth) => { const root = document.querySelectorAll('.ganl')[nth];
          root.tabIndex = -1; root.focus(); }""",
        nth,
    )
    stops = []
    for _ in range(120):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP, nth)
        if stop is None:
            return stops
        stops.append(stop)
    raise AssertionError("the keyboard does not come out of the figure")


def use(page: Page, nth: int, stop: dict[str, Any]) -> bool | None:
    """Use a control by its keys: whether the state has changed, None where it is gone by now."""
    control = page.locator(f"[data-stop='{stop['number']}']")
    if not control.is_visible():
        return None
    control.focus()
    before, changed = state(page, nth), False
    for key in KEYS[stop["kind"]]:
        page.keyboard.press(key)
        changed |= state(page, nth) != before
    after = page.evaluate(STOP, nth)
    assert after is not None, f"{stop} loses the focus"
    assert after["number"] == stop["number"], f"{stop} loses the focus"
    assert stop["kind"] != "slider" or after["says"], f"{stop} does not say its value"
    return changed


@pytest.mark.parametrize(("name", "nth"), _figures())
def test_a_figure_by_the_keyboard(
    name: str, nth: int, open_page: OpenPage, book_html: Path
) -> None:
    page = open_page(book_html / f"{name}.html", reduced_motion="reduce")
    figure = page.locator(".ganl").nth(nth)
    figure.locator(".ganl-picture path[d]").first.wait_for(state="attached")
    opened = state(page, nth)
    page.wait_for_timeout(1200)  # its sentence is written; and who asked for calm gets it
    assert state(page, nth) == opened, "it moves by itself"
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    says = figure.locator(".ganl-says")
    assert says.get_attribute("aria-live") == "polite"
    says.evaluate(
        """(node) => { window.heard = [node.textContent];
          const note = () => window.heard.push(node.textContent);
          new MutationObserver(note).observe(node, {childList: true}); }"""
    )

    for tab in range(max(1, figure.locator("[role=tab]").count())):
        look_at(page, VIEWS[tab % 2])
        choose_tab(page, nth, tab)
        stops = reach(page, nth)
        assert [stop["number"] for stop in stops] == page.evaluate(STOPS, nth)
        poor = [stop for stop in stops if not (stop["ring"] and stop["named"])]
        assert not poor, f"no ring, or no name: {poor}"
        # Lists last: what they choose may open another tab.
        used = sorted(
            (stop for stop in stops if stop["kind"] in KEYS),
            key=lambda stop: stop["kind"] == "select",
        )
        changes: dict[str, list[bool]] = {}
        for stop in used:
            if (changed := use(page, nth, stop)) is not None:
                changes.setdefault(stop["kind"], []).append(changed)
        assert all(changes.get("slider", [])), f"a slider changes nothing: {changes}"
        assert all(any(uses) for uses in changes.values()), f"nothing changes: {changes}"
        for stop in stops:  # away from how it opened, and at rest
            if stop["kind"] == "slider" and state(page, nth) == opened:
                use(page, nth, stop)
    page.wait_for_timeout(950)  # the sentence follows at most once in 0.9 s
    assert len(set(page.evaluate("window.heard"))) > 1, "the sentence does not follow"

    # The link leads back to what is shown, also in a page that is opened anew.
    figure.locator(".ganl-link").press("Enter")
    address = figure.locator(".ganl-link").get_attribute("href")
    assert page.url.endswith(address or "?")
    figure.locator(".ganl-address", has_text=address or "?").wait_for()
    held = state(page, nth)
    assert held != opened
    page.reload()
    page.wait_for_function("(nth) => document.querySelectorAll('.ganl')[nth].ganl", arg=nth)
    assert state(page, nth) == held
