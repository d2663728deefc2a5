"""The theme's icons: of two thousand, the book keeps the twenty that it shows.

The theme brings all of Font Awesome in one script of 1.5 MB, which every page loads and runs before
it shows. Most of it are the outlines of icons that are nowhere in the book.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

SCRIPT = "scripts/fontawesome.js"
# "angle-left":[320,512,[8249],"f104","M41.4 233..."]: width, height, other names, sign, outline.
ICON = re.compile(
    r'"?(?P<name>[a-z0-9-]+)"?:\[\d+,\d+,\[(?P<others>[^\]]*)\],"[0-9a-f]+",'
    r'(?:"[^"]*"|\["[^"]*"(?:,"[^"]*")*\])\],?'
)
USED = re.compile(r"\bfa-([a-z0-9-]+)")


def setup(app: Sphinx) -> None:
    """Connect the handler."""
    app.connect("build-finished", _write)


def _write(app: Sphinx, error: Exception | None) -> None:
    out = Path(app.outdir)
    script = out / "_static" / SCRIPT
    if error or not script.is_file():
        return
    pages = (f for f in out.rglob("*") if f.suffix in (".html", ".js") and f != script)
    used = {name for f in pages for name in USED.findall(f.read_text(encoding="utf-8"))}
    # From the theme itself: what an earlier build has left here lacks the icons of new pages.
    script.write_text(only(theme_script().read_text(encoding="utf-8"), used), encoding="utf-8")


def theme_script() -> Path:
    """Return where the theme has its script."""
    spec = find_spec("pydata_sphinx_theme")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "theme/pydata_sphinx_theme/static" / SCRIPT


def only(script: str, used: set[str]) -> str:
    """Return Font Awesome's script without the icons that are not in `used`.

    Parameters
    ----------
    script : str
        Its text.
    used : set of str
        Names of icons, without their "fa-"; words that name no icon do no harm.
    """

    def kept(icon: re.Match[str]) -> str:
        names = {icon["name"], *re.findall(r'"([^"]+)"', icon["others"])}
        return icon[0] if names & used else ""

    return ICON.sub(kept, script)
