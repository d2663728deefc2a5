"""The button that opens a chapter in Colab, and the notebook that a page offers to download.

Both are about the notebooks that ``tools/notebooks`` makes. The one beside the chapter, in the
repository, is what Colab opens. The one to download is made anew, with the addresses that this
build knows: it may end anywhere, and must find the package and the published pages from there.

A page whose notebook has no code gets neither. The theme has such buttons of its own: they offer
the notebook that the build has run, with outputs and with the build's own cell (``stale``), and
they offer it for pages without code, too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from .addresses import Addresses
from .repository import AFTER_THE_THEME

COLAB = "https://colab.research.google.com/github"
GITHUB = "https://github.com/"
LOGGER = logging.getLogger(__name__)


def setup(app: Sphinx) -> None:
    """Connect the handlers."""
    app.connect("html-page-context", _offer_download)
    app.connect("html-page-context", _add_colab, priority=AFTER_THE_THEME)
    app.connect("build-finished", _write_downloads)


def _beside(app: Sphinx, page: str) -> Path | None:
    """Return the notebook beside a chapter, or None where it has no code or is not there."""
    file = Path(app.srcdir) / f"{page}.ipynb"
    if not file.is_file():
        return None
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return file if any(cell["cell_type"] == "code" for cell in cells) else None


def _add_colab(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    options = app.config.html_theme_options
    repository = options.get("repository_url", "")
    if not repository.startswith(GITHUB) or _beside(app, page) is None:
        return
    name, branch = repository.removeprefix(GITHUB), options["repository_branch"]
    button = {
        "type": "link",
        "url": f"{COLAB}/{name}/blob/{branch}/{page}.ipynb",
        "text": "Colab",
        "tooltip": "Run this page in Google Colab",
        "icon": "fas fa-rocket",
        "label": "colab-button",
    }
    context["header_buttons"].insert(0, button)


def _offer_download(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Tell the theme where the notebook will be; its button for downloads asks for that."""
    if doctree is not None and _beside(app, page):
        context["ipynb_source"] = f"{page}.ipynb"


def _write_downloads(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    root = Path(app.srcdir)
    pages = {page for page in app.env.found_docs if _beside(app, page)}
    if not pages:
        return
    sys.path.insert(0, str(root))  # for tools/
    from tools.notebooks import Book, ChapterError, convert, to_json

    book = Book.of(root, Addresses.configured(root))
    for page in pages.intersection(book.pages):
        try:
            text = to_json(convert(book, page))
        except ChapterError as problem:  # says in which file and line
            LOGGER.warning("no notebook to download: %s", problem)
            continue
        file = Path(app.outdir) / "_sources" / f"{page}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
