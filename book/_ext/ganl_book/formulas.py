"""A page shows at once: its formulas are set in pieces.

MathJax sets all formulas of a page in one go, before the page is loaded: a second and more where
there are three hundred. ``ganl-math.js`` sets those in sight, and the rest afterwards. Formulas
share the outlines of their signs (``fontCache: global``), so that one can be copied.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

SCRIPT = "ganl-math.js"


def setup(app: Sphinx) -> None:
    """Connect the handler, and add the script."""
    app.connect("config-inited", _configure)
    app.add_js_file(SCRIPT)


def _configure(app: Sphinx, config: Config) -> None:
    config.html_static_path += [str(Path(__file__).with_name(SCRIPT))]
    mathjax = config.mathjax3_config or {}
    config.mathjax3_config = {
        **mathjax,
        "startup": {"typeset": False, **mathjax.get("startup", {})},
        "svg": {"fontCache": "global", **mathjax.get("svg", {})},
    }
