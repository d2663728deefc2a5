"""The theme's icons, written into the pages: nothing has to run before they show.

The theme brings all of Font Awesome in one script of 1.5 MB. Every page would load it and run it
before it shows, and then compute all of its styles anew, since the script adds a style sheet and
rewrites the icons. Here the twenty icons that the book shows are drawn once, when it is built.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from sphinx.application import Sphinx

SCRIPT = "scripts/fontawesome.js"
# What registers a pack of icons; the icons stand before it.
PACK = re.compile(r'\("(fa[brs])",\w+\)')
STYLES = {"fab": "fab", "fa-brands": "fab", "far": "far", "fa-regular": "far"}  # others: solid
# "angle-left":[320,512,[8249],"f104","M41.4 233..."]: width, height, other names, sign, outline.
ICON = re.compile(
    r'"?(?P<name>[a-z0-9-]+)"?:\[(?P<width>\d+),(?P<height>\d+),\[(?P<others>[^\]]*)\],'
    r'"[0-9a-f]+","(?P<outline>[^"]*)"\]'
)
PLACE = re.compile(
    r'<(?P<tag>i|span)\b(?P<before>[^>]*?)\bclass="(?P<classes>[^"]*\bfa-[^"]*)"(?P<after>[^>]*)>'
    r"</(?P=tag)>"
)
TITLE = re.compile(r'\s*\btitle="([^"]*)"')
LOADS = re.compile(r'<script [^>]*\bsrc="[^"]*/fontawesome\.js[^"]*"></script>')
CREDIT = "<!-- Icons: Font Awesome Free, https://fontawesome.com, licence CC BY 4.0 -->"


class Icon(NamedTuple):
    """What to draw: the box that it lies in, and its outline as the `d` of a path."""

    box: str
    outline: str


Icons = dict[tuple[str, str], Icon]


def setup(app: Sphinx) -> None:
    """Connect the handler."""
    app.connect("build-finished", _draw)


def _draw(app: Sphinx, error: Exception | None) -> None:
    out = Path(app.outdir)
    if error or app.builder.format != "html":
        return
    icons = outlines(theme_script().read_text(encoding="utf-8"))
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if (new := drawn(text, icons)) != text:
            page.write_text(new, encoding="utf-8")
    for left in (out / "_static").glob(f"{SCRIPT}*"):
        left.unlink()


def theme_script() -> Path:
    """Return where the theme has its script."""
    spec = find_spec("pydata_sphinx_theme")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "theme/pydata_sphinx_theme/static" / SCRIPT


def outlines(script: str) -> Icons:
    """Return Font Awesome's icons by pack and name, as its script has them."""
    icons: Icons = {}
    begin = 0
    for pack in PACK.finditer(script):
        for icon in ICON.finditer(script, begin, pack.start()):
            picture = Icon(f"0 0 {icon['width']} {icon['height']}", icon["outline"])
            for name in (icon["name"], *re.findall(r'"([^"]+)"', icon["others"])):
                icons.setdefault((pack[1], name), picture)
        begin = pack.end()
    return icons


def drawn(html: str, icons: Icons) -> str:
    """Return the page with its icons as pictures, and without the script that would draw them.

    Raises
    ------
    ValueError
        If a class names no icon.
    """

    def picture(place: re.Match[str]) -> str:
        words = place["classes"].split()
        pack = next((STYLES[word] for word in words if word in STYLES), "fas")
        names = [name for word in words if (name := (pack, word.removeprefix("fa-"))) in icons]
        if not names:
            raise ValueError(f"class must name an icon, got {place[0]!r}")
        given = place["before"] + place["after"]
        title = TITLE.search(given)
        attributes = [
            f'class="{" ".join(["svg-inline--fa", *words])}"',
            TITLE.sub("", given).strip(),
            *([] if "aria-hidden" in given else ['aria-hidden="true"']),
            f'viewBox="{icons[names[0]].box}"',
        ]
        inside = f"<title>{title[1]}</title>" if title else ""
        path = f'<path fill="currentColor" d="{icons[names[0]].outline}"/>'
        return f"<svg {' '.join(filter(None, attributes))}>{inside}{path}</svg>"

    return LOADS.sub(CREDIT, PLACE.sub(picture, html))
