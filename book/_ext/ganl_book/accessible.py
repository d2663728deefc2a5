"""What the theme's and the extensions' pages owe to readers with a keyboard or a screen reader.

Three repairs of the HTML, each of something that axe-core finds on every page of its kind:

- sphinx-exercise and sphinx-proof use one id several times on a page;
- a bibliography is a list whose entries do not say that they are its items.

The title of the first page says the book's name once, not twice.

And a script: what scrolls in a box of its own can be scrolled with the keyboard; a page is light or
dark from its first moment, and paper is light.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

SCRIPT = "ganl-book.js"
REPAIRS = (
    # Every exercise, every solution, every theorem and every proof has the same id.
    (re.compile(r'(<section(?: class="[^"]*")?) id="(?:exercise|solution|proof)-content"'), r"\1"),
    (re.compile(r'(<div class="proof admonition") id="proof"'), r"\1"),
    # The box of a theorem and its title: the first is what links lead to.
    (re.compile(r'(<div class="proof [^"]*" id="([^"]+)">\s*<p class="[^"]*") id="\2"'), r"\1"),
    (re.compile(r'role="doc-biblioentry"'), 'role="listitem"'),
)


def setup(app: Sphinx) -> None:
    """Connect the repairs, and add the script."""
    app.connect("config-inited", _add_file)
    app.connect("html-page-context", _repair)
    app.add_js_file(SCRIPT)


def _add_file(app: Sphinx, config: Config) -> None:
    config.html_static_path += [str(Path(__file__).with_name(SCRIPT))]


def _repair(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if page == app.config.root_doc:
        context["docstitle"] = ""  # what the theme writes behind each page's title
    body = context.get("body")
    if isinstance(body, str):
        context["body"] = repaired(body)


def repaired(html: str) -> str:
    """Return the page with each of the repairs made."""
    for wrong, right in REPAIRS:
        html = wrong.sub(right, html)
    return html
