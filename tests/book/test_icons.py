"""The script of icons that the book ships: those that it shows, whole, and no others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import REPOSITORY, TOC_PAGES

sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
from ganl_book.icons import ICON, SCRIPT, USED, only, theme_script


@pytest.mark.parametrize(
    ("used", "left"),
    [
        (set(), ""),
        ({"b"}, '"b":[5,6,["magnify",61],"f1",["M1","M2"]],'),
        ({"magnify"}, '"b":[5,6,["magnify",61],"f1",["M1","M2"]],'),
        ({"a-1", "c"}, '"a-1":[1,2,[],"f0","M0 0"],c:[7,8,[9],"f2","M3"]'),
    ],
)
def test_only_what_is_used_is_left(used: set[str], left: str) -> None:
    icons = ('"a-1":[1,2,[],"f0","M0 0"],', '"b":[5,6,["magnify",61],"f1",["M1","M2"]],',
             'c:[7,8,[9],"f2","M3"]')  # fmt: skip
    around = "var x={%s},y=[1,2];"
    assert only(around % "".join(icons), used) == around % left


def test_every_icon_of_the_theme_is_found() -> None:
    """No outline stays behind: what is left of the script without icons has no long strings."""
    script = theme_script().read_text(encoding="utf-8")
    assert len(ICON.findall(script)) > 1500
    rest = only(script, set())
    assert len(rest) < 0.1 * len(script)
    assert "M0 0" not in rest


def test_the_book_ships_its_icons_and_no_others(book_html: Path) -> None:
    script = (book_html / "_static" / SCRIPT).read_text(encoding="utf-8")
    shown = set(USED.findall((book_html / f"{TOC_PAGES[0]}.html").read_text(encoding="utf-8")))
    names = {icon[0] for icon in ICON.findall(script)}
    assert {"list", "bars", "magnifying-glass"} <= shown & names
    assert len(names) < 40
    assert len(script) < 150_000
