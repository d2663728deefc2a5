"""Buttons that lead to the repository: its start, this page's source to edit, an issue to open.

A fork's book leads to the fork: ``addresses`` knows which repository this is. Where it does not, or
where the theme does not know the server, there are no such buttons.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from .addresses import Addresses

# A form of GitHub's, and the field in it that asks for the page.
FORM, FIELD = "book.yml", "page"
AFTER_THE_THEME = 600  # which makes its buttons at 501


def setup(app: Sphinx) -> None:
    """Add the repository's address once the configuration has been read."""
    # Early: the theme reads the options in its own handlers.
    app.connect("config-inited", _add_address, priority=100)
    app.connect("html-page-context", _use_form, priority=AFTER_THE_THEME)


def branch(environment: Mapping[str, str] = os.environ) -> str:
    """Return the branch that the pages are made from; "main" where nobody says it.

    A pull request's own name, such as ``7/merge``, is no branch: its target counts.

    >>> branch({}), branch({"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "second-edition"})
    ('main', 'second-edition')
    >>> branch({"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1"})
    'main'
    >>> branch({"GITHUB_REF_NAME": "7/merge", "GITHUB_REF_TYPE": "branch", "GITHUB_BASE_REF": "b"})
    'b'
    """
    if target := environment.get("GITHUB_BASE_REF"):
        return target
    on_branch = environment.get("GITHUB_REF_TYPE") == "branch"
    return (on_branch and environment.get("GITHUB_REF_NAME")) or "main"


def provider(repository: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the kind of server: "github", "gitlab", or "" for one that the theme cannot link to.

    >>> provider("https://github.com/ann/book", {}), provider("https://gitlab.com/ann/book", {})
    ('github', 'gitlab')
    >>> provider("https://git.org/ann/book", {"GITHUB_REPOSITORY": "ann/book"})
    'github'
    >>> provider("https://git.org/ann/book", {})
    ''
    """
    host = urlsplit(repository).netloc
    if environment.get("GITHUB_REPOSITORY"):
        return "github"  # whatever a company calls its own server
    return next((kind for kind in ("github", "gitlab") if kind in host), "")


def _add_address(app: Sphinx, config: Config) -> None:
    repository = Addresses.configured(Path(app.srcdir)).repository
    if not repository or not (kind := provider(repository)):
        return
    config.html_theme_options.update(
        repository_url=repository,
        repository_provider=kind,
        repository_branch=branch(),
        use_repository_button=True,
        use_issues_button=True,
        use_edit_page_button=True,
    )


def _use_form(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Let the button for an issue open the repository's own form, with the page filled in."""
    form = Path(app.srcdir) / ".github" / "ISSUE_TEMPLATE" / FORM
    for group in context.get("header_buttons", ()):
        for button in group.get("buttons", ()):
            start, found, _ = button.get("url", "").partition("/issues/new?")
            if found and form.is_file() and not start.endswith("/-"):  # GitLab has no such forms
                filled = f"template={FORM}&{FIELD}={quote(page, safe='')}"
                button["url"] = f"{start}{found}{filled}"
