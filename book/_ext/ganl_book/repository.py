"""A fork's book links to the fork.

On GitHub's runners ``GITHUB_REPOSITORY`` names the repository that is built. Elsewhere nothing is
known about it, so the book has no repository buttons.
"""

from __future__ import annotations

import os

from sphinx.application import Sphinx
from sphinx.config import Config


def setup(app: Sphinx) -> None:
    """Add the repository's address once the configuration has been read."""
    # Early: the theme reads the options in its own handlers.
    app.connect("config-inited", _add_address, priority=100)


def _add_address(app: Sphinx, config: Config) -> None:
    repository = os.environ.get("GITHUB_REPOSITORY")
    if not repository:
        return
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    on_branch = os.environ.get("GITHUB_REF_TYPE") == "branch"
    config.html_theme_options.update(
        repository_url=f"{server}/{repository}",
        repository_branch=os.environ.get("GITHUB_REF_NAME", "main") if on_branch else "main",
        use_repository_button=True,
        use_issues_button=True,
    )
