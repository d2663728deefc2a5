"""Names that several tests share: where the book is, its pages, and how readers look at them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import yaml

if TYPE_CHECKING:
    from playwright.sync_api import Page

REPOSITORY = Path(__file__).resolve().parent.parent
BOOK_HTML = REPOSITORY / "_build" / "html"
SCREENSHOTS = REPOSITORY / "_build" / "screenshots"


Scheme = Literal["light", "dark"]


class View(NamedTuple):
    """How a reader looks at a page: width of the window in pixels, and "light" or "dark"."""

    width: int
    scheme: Scheme

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


# What the system asks for, what the page says of itself, and whether figures must be dark then.
THEMES = [
    ("light", "", False),
    ("dark", "", True),
    ("light", 'data-theme="dark"', True),
    ("dark", 'data-theme="light"', False),
]

# A laptop and a phone.
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
VIEWS = [View(width, scheme) for width in (1280, 390) for scheme in SCHEMES]


def look_at(page: Page, view: View) -> None:
    """Show a page that is open in another width and scheme, and wait until it has followed."""
    page.emulate_media(color_scheme=view.scheme)
    page.evaluate("(scheme) => { document.documentElement.dataset.theme = scheme; }", view.scheme)
    page.set_viewport_size({"width": view.width, "height": 844})
    page.wait_for_timeout(400)  # figures draw themselves anew, the script looks for what scrolls


def _files(entry: dict[str, Any]) -> Iterator[str]:
    """The pages of one entry of ``_toc.yml`` and of the entries below it."""
    for key in ("root", "file"):
        if key in entry:
            yield entry[key]
    for key in ("parts", "chapters", "sections"):
        for child in entry.get(key, ()):
            yield from _files(child)


# The pages of the table of contents, without suffix: "book/intro" ...
TOC_PAGES = list(_files(yaml.safe_load((REPOSITORY / "_toc.yml").read_text(encoding="utf-8"))))


def luminance(color: str) -> float:
    """Relative luminance, as WCAG has it, of a colour such as "rgb(0, 114, 178)"."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, from 1 to 21: text needs 4.5, lines need 3."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)
