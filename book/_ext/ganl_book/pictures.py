"""Pictures wait until a reader comes near them, and keep their place free until then.

The plots of a long page are megabytes of lines to draw, most of them far below what a screen
shows. With ``loading="lazy"`` the browser draws them as the reader scrolls; with a width and a
height it knows beforehand how much room each will take, so that no line jumps, and a link into the
middle of a page leads to the right place.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

IMAGE = re.compile(r'<img((?:[^">]|"[^"]*")*)>')  # words for a picture may have a >
SOURCE = re.compile(r'\ssrc="[^"]*_images/([^"/]+\.svg)"')
SVG = re.compile(rb"<svg\b[^>]*>")
SIDE = r'\s{name}="([\d.]+)(px|pt)?"'
PIXELS = {b"": 1.0, b"px": 1.0, b"pt": 4 / 3}  # of CSS, 96 to the inch


def setup(app: Sphinx) -> None:
    """Connect the handler."""
    app.connect("html-page-context", _wait)


def _wait(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    body = context.get("body")
    if isinstance(body, str):
        files = {name: Path(app.srcdir, path) for path, name in app.builder.images.items()}
        context["body"] = waiting(body, files)


def waiting(html: str, files: dict[str, Path]) -> str:
    """Return the page with each SVG picture's size, and word to load it when it is near.

    Parameters
    ----------
    html : str
        The page's text.
    files : dict
        Where each picture is, by its name in ``_images``.
    """

    def changed(found: re.Match[str]) -> str:
        source = SOURCE.search(found[1])
        if source is None:
            return found[0]
        width, height = size(files[source[1]])
        return f'<img loading="lazy" width="{width}" height="{height}"{found[1]}>'

    return IMAGE.sub(changed, html)


def size(svg: Path) -> tuple[int, int]:
    """Width and height of an SVG picture, in CSS pixels.

    Raises
    ------
    ValueError
        If the file does not say them.
    """
    head = SVG.search(svg.read_bytes())
    sides = []
    for name in ("width", "height"):
        found = head and re.search(SIDE.format(name=name).encode(), head[0])
        if not found:
            raise ValueError(f"{svg} must have a {name} in px or pt, got {head and head[0]!r}")
        sides.append(round(float(found[1]) * PIXELS[found[2] or b""]))
    return sides[0], sides[1]
