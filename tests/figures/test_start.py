"""When a page builds its figures: the first at once, those far below after it has loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gan_lessons.figures import objective

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# What the page knows when it has loaded, before anything else that waits for that.
AT_LOAD = """
  addEventListener("load", () => {
    window.ready = [...document.querySelectorAll(".ganl")].map((f) => "ganlReady" in f.dataset);
  }, true);
"""


@pytest.mark.parametrize(
    ("hash_", "ready"), [("", [True, False]), ("#end", [True, True])], ids=["plain", "to a place"]
)
def test_figures_far_below_wait_until_the_page_has_loaded(
    hash_: str, ready: list[bool], browser: Browser, tmp_path: Path
) -> None:
    """But not where a link leads to a place: it must be as far down as it will be."""
    figure = objective.explorer().html
    file = tmp_path / "page.html"
    file.write_text(
        "<!DOCTYPE html><meta charset=utf-8>"
        f'{figure}<div style="height: 3000px"></div>{figure}<p id=end>End</p>'
        '<div style="height: 2000px"></div>',  # room, so that the place can be at the top
        encoding="utf-8",
    )
    context = browser.new_context(viewport={"width": 900, "height": 800}, offline=True)
    context.add_init_script(AT_LOAD)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.goto(file.as_uri() + hash_, wait_until="load")
    page.wait_for_function("document.querySelectorAll('.ganl-picture').length === 2", timeout=5000)
    assert page.evaluate("ready") == ready
    assert len(set(page.evaluate("[...document.querySelectorAll('.ganl')].map((f) => f.id)"))) == 2
    if hash_:
        # For half a second: the browser goes there again in the first frame after the load.
        page.wait_for_timeout(500)
        assert abs(page.get_by_text("End", exact=True).bounding_box()["y"]) < 20  # type: ignore[index]
    context.close()
    assert not problems
