"""The theme's icons are pictures in the pages, and no script has to draw them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support import REPOSITORY, TOC_PAGES

sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
from ganl_book.icons import PLACE, SCRIPT, Icon, drawn, outlines, theme_script

SMALL = (
    'var x={"a-1":[1,2,[],"f0","M0 0"],"b":[5,6,["magnify",61],"f1","M1"]};y("fas",x);'
    'var z={b:[7,8,[9],"f2","M3"]};y("far",z);'
)


def test_outlines_are_read_with_their_packs_and_other_names() -> None:
    assert outlines(SMALL) == {
        ("fas", "a-1"): Icon("0 0 1 2", "M0 0"),
        ("fas", "b"): Icon("0 0 5 6", "M1"),
        ("fas", "magnify"): Icon("0 0 5 6", "M1"),
        ("far", "b"): Icon("0 0 7 8", "M3"),
    }


def test_the_themes_icons_are_found() -> None:
    icons = outlines(theme_script().read_text(encoding="utf-8"))
    assert len(icons) > 1500
    assert {pack for pack, _ in icons} == {"fab", "far", "fas"}
    # One name, two packs: the outline of the filled circle has no hole.
    assert icons["fas", "circle"] != icons["far", "circle"]
    assert all(re.fullmatch(r"0 0 \d+ \d+", icon.box) for icon in icons.values())
    assert all(icon.outline.startswith("M") for icon in icons.values())


@pytest.mark.parametrize(
    ("place", "picture"),
    [
        (
            '<i class="fa-solid fa-b fa-lg" data-mode="x"></i>',
            '<svg class="svg-inline--fa fa-solid fa-b fa-lg" data-mode="x" aria-hidden="true" '
            'viewBox="0 0 5 6"><path fill="currentColor" d="M1"/></svg>',
        ),
        (
            '<span title="Two &amp; three" class="far fa-b"></span>',
            '<svg class="svg-inline--fa far fa-b" aria-hidden="true" '
            'viewBox="0 0 7 8"><title>Two &amp; three</title>'
            '<path fill="currentColor" d="M3"/></svg>',
        ),
        (
            '<i aria-hidden="true" class="fas fa-magnify"></i>',
            '<svg class="svg-inline--fa fas fa-magnify" aria-hidden="true" '
            'viewBox="0 0 5 6"><path fill="currentColor" d="M1"/></svg>',
        ),
        ('<i class="alfa-b">x</i><i>fa-b</i>', '<i class="alfa-b">x</i><i>fa-b</i>'),
    ],
    ids=["with data", "with a title", "hidden already", "no icons"],
)
def test_an_icon_becomes_a_picture(place: str, picture: str) -> None:
    icons = outlines(SMALL)
    assert drawn(f"<p>{place}</p>", icons) == f"<p>{picture}</p>"
    assert drawn(f"<p>{picture}</p>", icons) == f"<p>{picture}</p>"


def test_an_unknown_icon_is_named() -> None:
    with pytest.raises(ValueError, match=r"must name an icon, got .*fa-zebra"):
        drawn('<i class="fa-solid fa-zebra"></i>', outlines(SMALL))


def test_no_page_loads_the_script(book_html: Path) -> None:
    """And the licence, which asks for a name, is met where the pictures are."""
    assert not list((book_html / "_static").rglob(Path(SCRIPT).name))
    for page in book_html.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert "fontawesome.js" not in html
        assert not PLACE.search(html)
        if "svg-inline--fa" in html:
            assert "Font Awesome Free" in html
    assert "svg-inline--fa" in (book_html / f"{TOC_PAGES[0]}.html").read_text(encoding="utf-8")
