"""The book needs no network: not to show mathematics, and not from ``file://`` either.

MathJax comes from the PyPI package ``sphinx-mathjax-offline``, so that none of it is kept in this
repository. Of its files the book takes one, ``tex-svg-full.js``: it holds its own fonts (as SVG
outlines) and every TeX extension, so that no formula makes it load a second file.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

MATHJAX = "tex-svg-full.js"
STYLE = "ganl-book.css"


def setup(app: Sphinx) -> None:
    """Add the style and, once the configuration has been read, MathJax."""
    app.connect("config-inited", _use_local_files)
    app.add_css_file(STYLE, priority=900)  # after the theme's own


def _use_local_files(app: Sphinx, config: Config) -> None:
    # The package's name has hyphens, so that it cannot be imported in the usual way.
    spec = find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise ExtensionError("sphinx-mathjax-offline is missing: pip install -r requirements.txt")
    mathjax = Path(spec.origin).parent / "static" / "mathjax" / MATHJAX
    # Single files, not folders, and no top-level `_static/`: Jupyter Book would put every script
    # in there on every page.
    config.html_static_path += [str(mathjax), str(Path(__file__).with_name(STYLE))]
    config.mathjax_path = MATHJAX
