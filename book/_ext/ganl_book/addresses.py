"""Where the repository and the published book are: the one place that knows.

The book's links, previews and buttons and the notebooks (``tools/notebooks``) all ask here. Nothing
is hard-coded: on GitHub's runners a fork's book finds the fork's addresses by itself.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Addresses:
    """Two addresses, without a slash at the end; None where one is not known.

    Parameters
    ----------
    repository : str or None
        What pip can install from with ``git+`` in front.
    book : str or None
        The folder of the published book's ``index.html``.
    """

    repository: str | None = None
    book: str | None = None

    @classmethod
    def configured(cls, root: Path, environment: Mapping[str, str] = os.environ) -> Addresses:
        """Look them up for the repository in a folder.

        The repository is what ``GITHUB_REPOSITORY`` names (GitHub's runners set it), else
        ``Repository`` of ``[project.urls]`` in pyproject.toml. The book is ``GAN_LESSONS_URL``,
        else ``html: baseurl`` of _config.yml, else the GitHub Pages of ``GITHUB_REPOSITORY``, else
        ``Documentation`` of ``[project.urls]``, else the GitHub Pages of the repository.

        With an empty ``environment`` only the repository's own files count.
        """
        urls = _project_urls(root / "pyproject.toml")
        here = environment.get("GITHUB_REPOSITORY")
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        own = f"{server}/{here}" if here else None
        repository = own or urls.get("repository")
        book = (
            environment.get("GAN_LESSONS_URL")
            or _base_url(root / "_config.yml")
            or _pages(own)
            or (None if own else urls.get("documentation"))
            or _pages(repository)
        )
        return cls(_tidy(repository), _tidy(book))


NOWHERE = Addresses()


def _tidy(address: str | None) -> str | None:
    return address.rstrip("/").removesuffix(".git") if address else None


def _project_urls(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    project: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    return {name.lower(): str(url) for name, url in project.get("urls", {}).items()}


def _base_url(file: Path) -> str | None:
    if not file.is_file():
        return None
    config = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return (config.get("html") or {}).get("baseurl") or None


def _pages(repository: str | None) -> str | None:
    """Return where GitHub Pages shows a repository.

    Examples
    --------
    >>> _pages("https://github.com/Ann/book")
    'https://ann.github.io/book'
    >>> _pages("https://github.com/ann/ann.github.io")
    'https://ann.github.io'
    >>> _pages("https://example.org/ann/book") is None
    True
    """
    pattern = r"https://github\.com/([^/]+)/([^/]+?)(?:\.git)?/?"
    match = re.fullmatch(pattern, repository) if repository else None
    if match is None:
        return None
    host = f"{match[1].lower()}.github.io"
    return f"https://{host}" if match[2].lower() == host else f"https://{host}/{match[2]}"
