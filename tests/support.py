"""Names that several tests share: where the book is, its pages, and how readers look at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
BOOK_HTML = REPOSITORY / "_build" / "html"
SCREENSHOTS = REPOSITORY / "_build" / "screenshots"


class View(NamedTuple):
    """How a reader looks at a page: width of the window in pixels, and "light" or "dark"."""

    width: int
    scheme: str

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
VIEWS = [View(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


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
