"""A page shows at once: its formulas are set in pieces, and its icons are drawn once.

MathJax sets all formulas of a page in one go, before the page is loaded: a second and more where
there are three hundred. ``ganl-math.js`` sets those in sight, and the rest afterwards. Formulas
share the outlines of their signs (``fontCache: global``), so that one can be copied.

Font Awesome, which draws the theme's icons, would look at each of the thousands of elements that
MathJax adds. The icons are all there from the start: it need not.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

SCRIPT = "ganl-math.js"


def setup(app: Sphinx) -> None:
    """Connect the handler, and add the scripts."""
    app.connect("config-inited", _configure)
    app.add_js_file(SCRIPT)
    app.add_js_file(None, body="window.FontAwesomeConfig = { observeMutations: false };")


def _configure(app: Sphinx, config: Config) -> None:
    config.html_static_path += [str(Path(__file__).with_name(SCRIPT))]
    mathjax = config.mathjax3_config or {}
    config.mathjax3_config = {
        **mathjax,
        "startup": {"typeset": False, **mathjax.get("startup", {})},
        "svg": {"fontCache": "global", **mathjax.get("svg", {})},
    }
