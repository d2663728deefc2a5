"""Plots are drawn when a reader comes near, and what they need of the page is free until then."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from support import REPOSITORY, TOC_PAGES

sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
from ganl_book.pictures import size, waiting

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from support import View

LONG = "book/theory/optimum"
# Of each plot: whether it has been drawn, its box, and where the shape of its file would lead.
PLOTS = """() => [...document.querySelectorAll('article img[loading=lazy]')].map((image) => ({
  drawn: image.complete && image.naturalWidth > 0,
  top: image.getBoundingClientRect().top + scrollY,
  shape: image.getBoundingClientRect().height / image.getBoundingClientRect().width,
  natural: image.naturalHeight / image.naturalWidth,
  width: image.getBoundingClientRect().width, naturalWidth: image.naturalWidth,
}))"""


def svg(file: Path, attributes: str) -> Path:
    file.write_text(f"<?xml version='1.0'?>\n<!-- svg -->\n<svg {attributes}\n><g/></svg>")
    return file


def test_a_picture_gets_its_size(tmp_path: Path) -> None:
    files = {"a.svg": svg(tmp_path / "a.svg", 'xmlns="x" width="72.4pt" height="36pt"')}
    image = '<p><img alt="A > b." src="../_images/a.svg" /></p>'
    wide = waiting(image, files)
    found = BeautifulSoup(wide, "html.parser").img
    assert found is not None
    assert found.attrs == {"alt": "A > b.", "src": "../_images/a.svg", "loading": "lazy",
                           "width": "97", "height": "48"}  # fmt: skip
    for other in ('<img alt="" src="../_static/a.svg">', '<img src="data:image/png;base64,AA==">'):
        assert waiting(other, files) == other


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('width="10" height="20.6"', (10, 21)),
        ('viewBox="0 0 1 1" width="10px" height="3px"', (10, 3)),
        ('stroke-width="5" height="75pt" width="7.5pt"', (10, 100)),
    ],
)
def test_sizes(tmp_path: Path, attributes: str, expected: tuple[int, int]) -> None:
    assert size(svg(tmp_path / "a.svg", attributes)) == expected


@pytest.mark.parametrize(
    "attributes", ['width="10"', 'height="10"', 'width="50%" height="5"', 'stroke-width="5"']
)
def test_a_picture_without_a_size_is_refused(tmp_path: Path, attributes: str) -> None:
    with pytest.raises(ValueError, match=r"a\.svg must have a (width|height) in px or pt, got"):
        size(svg(tmp_path / "a.svg", attributes))


@pytest.mark.parametrize("name", TOC_PAGES)
def test_all_plots_wait(name: str, book_html: Path) -> None:
    page = BeautifulSoup((book_html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    plots = page.select('article img[src*="_images/"]')
    assert [image for image in plots if image.get("loading") != "lazy"] == []


def test_plots_wait_and_nothing_moves(
    view: View, open_page: Callable[..., Page], book_html: Path
) -> None:
    page = open_page(book_html / f"{LONG}.html", view)
    page.evaluate("async () => { await window.MathJax.startup.promise }")
    first = page.evaluate(PLOTS)
    assert len(first) == 6
    assert not first[-1]["drawn"], "the last plot is far below, and was drawn at once"
    for plot in page.locator("article img[loading=lazy]").all():
        plot.scroll_into_view_if_needed()
        plot.evaluate("(image) => image.decode()")
    last = page.evaluate(PLOTS)
    for before, after in zip(first, last, strict=True):
        assert after["drawn"]
        assert after["shape"] == pytest.approx(after["natural"], rel=0.01), "out of shape"
        assert after["width"] <= after["naturalWidth"] + 1
        assert before["shape"] == pytest.approx(after["shape"], rel=0.01)
        for name in ("top", "width"):  # each of six sizes in whole pixels is off by half of one
            assert before[name] == pytest.approx(after[name], abs=3), f"{name} changed"
