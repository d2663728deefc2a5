"""The pages of the book, and what is counted through all of them."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from ganl_book.addresses import NOWHERE, Addresses

from .problems import ChapterError, Place
from .sources import Sources
from .syntax import Directive, directives, parse

Numbers = dict[str, tuple[str, int]]  # label: page and number


@dataclass(frozen=True)
class Book:
    """The pages in the order of the table of contents.

    Parameters
    ----------
    root : Path
        The repository's folder.
    pages : tuple of str
        Their names from there, without suffix: "book/intro".
    addresses : Addresses
        Where links lead, and where the set-up cell installs from.
    ref : str
        The tag or commit that the set-up cell installs.
    extensions : tuple of str
        MyST's extensions, as in ``_config.yml``.
    bibliography : str or None
        The BibTeX file, from the root.
    """

    root: Path
    pages: tuple[str, ...]
    addresses: Addresses = NOWHERE
    ref: str = "main"
    extensions: tuple[str, ...] = ()
    bibliography: str | None = None

    @classmethod
    def of(cls, root: Path, addresses: Addresses | None = None, ref: str | None = None) -> Book:
        """Read ``_toc.yml`` and ``_config.yml`` of a repository.

        Without ``addresses`` they are those in the repository's files, whatever machine this is:
        the same files make the same notebooks. Without ``ref`` it is the tag of the package's own
        version, such as "v0.1.0".
        """
        config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
        toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
        return cls(
            root,
            tuple(_files(toc)),
            Addresses.configured(root, {}) if addresses is None else addresses,
            ref or f"v{_version(root / 'gan_lessons' / '__init__.py')}",
            tuple(config.get("parse", {}).get("myst_enable_extensions", ())),
            next(iter(config.get("bibtex_bibfiles", ())), None),
        )

    def text(self, page: str) -> str:
        """Return the source of a page."""
        return (self.root / f"{page}.md").read_text(encoding="utf-8")

    @cached_property
    def sources(self) -> Sources:
        """What the book may cite."""
        return Sources(self.root / self.bibliography if self.bibliography else None)

    @cached_property
    def titles(self) -> dict[str, str]:
        """The first heading of each page, as Markdown."""
        return {page: self._title(page) for page in self.pages}

    @cached_property
    def equations(self) -> Numbers:
        """The labelled equations. As in Sphinx, they are numbered through the whole book."""
        return _count(self._directives, "math")

    @cached_property
    def exercises(self) -> Numbers:
        """The exercises, numbered through the whole book."""
        return _count(self._directives, "exercise", "exercise-start")

    @cached_property
    def _directives(self) -> list[tuple[str, Directive]]:
        """Every directive of the book, with its page, in reading order."""
        return [
            (page, item)
            for page in self.pages
            for item in directives(self.text(page), Place(f"{page}.md", 1), self.extensions)
        ]

    def link(self, page: str, to: str, anchor: str = "") -> str:
        """Return the address of a page as seen from another one.

        The published page, or, where no address is known, the notebook beside this one; its cells
        have no anchors.
        """
        if self.addresses.book:
            return f"{self.addresses.book}/{to}.html" + (f"#{anchor}" if anchor else "")
        start = Path(page).parent
        return Path(os.path.relpath(f"{to}.ipynb", start)).as_posix()

    def _title(self, page: str) -> str:
        tokens = parse(self.text(page), self.extensions)
        for heading, inline in pairwise(tokens):
            if heading.type == "heading_open":
                return inline.content
        raise ChapterError(Place(f"{page}.md", 1), "this page has no heading")


def _count(items: list[tuple[str, Directive]], *names: str) -> Numbers:
    """Number the directives of these names that have a label."""
    found: Numbers = {}
    for page, item in items:
        if item.name not in names or item.label is None:
            continue
        if item.label in found:
            raise ChapterError(item.place, f"the label {item.label} is used twice")
        found[item.label] = (page, len(found) + 1)
    return found


def _files(entry: dict[str, Any]) -> Iterator[str]:
    """Yield the pages of one entry of ``_toc.yml`` and of the entries below it."""
    for key in ("root", "file"):
        if key in entry:
            yield entry[key]
    for key in ("parts", "chapters", "sections"):
        for child in entry.get(key, ()):
            yield from _files(child)


def _version(file: Path) -> str:
    """Read ``__version__`` without running the file, which needs torch."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if "__version__" in names:
                return str(node.value.value)
    raise ValueError(f"file must set __version__, got {file}")
