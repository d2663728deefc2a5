"""What a role of the text becomes."""

from __future__ import annotations

import posixpath
import re

from .book import Book
from .problems import ChapterError, Place

_TITLED = re.compile(r"(.*?)\s*<([^<>]+)>", re.DOTALL)
_CITATIONS = {"cite", "cite:p", "cite:t"}


class Roles:
    """The roles of one page; remembers what is cited there.

    Parameters
    ----------
    book : Book
        All pages, for references between them.
    page : str
        The page that is converted.
    """

    def __init__(self, book: Book, page: str) -> None:
        self.book = book
        self.page = page
        self.cited: set[str] = set()

    def role(self, name: str, content: str, place: Place) -> str:
        """Return the Markdown that stands instead of a role."""
        if name in _CITATIONS:
            return self._citation(name, content, place)
        if name == "doc":
            return self._document(content, place)
        if name == "eq":
            return self._equation(content, place)
        if name in ("ref", "numref"):
            return self._exercise(content, place)
        if name == "math":
            return f"${content}$"
        if name == "term":
            return _parts(content)[0] or content
        raise ChapterError(place, f"unknown role {{{name}}}")

    def link(self, target: str, place: Place) -> str:
        """Return what stands instead of the target of a link or an image."""
        if re.match(r"[a-z]+:", target):
            return target
        path, _, anchor = target.partition("#")
        if not path:
            return self._target(self.page, anchor, anchor)
        if path.endswith(".md"):
            return self.book.link(self.page, self._page(path.removesuffix(".md"), place), anchor)
        return self.file(path, place)

    def file(self, path: str, place: Place) -> str:
        """Return the address of a picture or another file beside the pages."""
        name = posixpath.normpath(posixpath.join(posixpath.dirname(self.page), path))
        if not (self.book.root / name).is_file():
            raise ChapterError(place, f"there is no file {name}")
        if self.book.addresses.book:  # where Sphinx puts pictures
            return f"{self.book.addresses.book}/_images/{posixpath.basename(name)}"
        return path

    def _page(self, target: str, place: Place) -> str:
        """Return the page that a path names, from this page or (with a slash) from the top."""
        folder = "" if target.startswith("/") else posixpath.dirname(self.page)
        name = posixpath.normpath(posixpath.join(folder, target.lstrip("/")))
        if name not in self.book.pages:
            raise ChapterError(place, f"{target}: {name} is not a page of _toc.yml")
        return name

    def _document(self, content: str, place: Place) -> str:
        title, target = _parts(content)
        page = self._page(target, place)
        return f"[{title or self.book.titles[page]}]({self.book.link(self.page, page)})"

    def _equation(self, label: str, place: Place) -> str:
        if label not in self.book.equations:
            raise ChapterError(place, f"no equation has the label {label}")
        page, number = self.book.equations[label]
        return f"[({number})]({self._target(page, f'equation-{label}', label)})"

    def _exercise(self, content: str, place: Place) -> str:
        title, label = _parts(content)
        if label not in self.book.exercises:
            raise ChapterError(place, f"no exercise has the label {label}")
        page, number = self.book.exercises[label]
        return f"[{title or f'Exercise {number}'}]({self._target(page, label, label)})"

    def _target(self, page: str, anchor: str, local: str) -> str:
        """Return where a numbered thing is.

        The published page wherever there is one, even for this page's own equations: JupyterLab
        removes anchors from Markdown cells (since 4.2.5), so no link inside a notebook works
        everywhere.
        """
        if page == self.page and not self.book.addresses.book:
            return f"#{local}"
        return self.book.link(self.page, page, anchor)

    def _citation(self, name: str, content: str, place: Place) -> str:
        keys = [key.strip() for key in content.split(",")]
        for key in keys:
            if key not in self.book.sources:
                raise ChapterError(place, f"no source has the key {key}")
        self.cited.update(keys)
        if name == "cite:t":
            return ", ".join(self.book.sources.in_text(key) for key in keys)
        return self.book.sources.in_parentheses(keys)


def _parts(content: str) -> tuple[str, str]:
    """Split "title <target>"; the title is empty where there is only a target.

    Examples
    --------
    >>> _parts("first page <../intro>"), _parts("../intro")
    (('first page', '../intro'), ('', '../intro'))
    """
    match = _TITLED.fullmatch(content)
    return (match[1], match[2]) if match else ("", content)
