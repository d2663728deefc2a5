"""The error of this generator, which says where it was."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A line of a file; lines count from 1.

    Examples
    --------
    >>> str(Place("book/intro.md", 3)), str(Place("book/intro.md", 3).down(2))
    ('book/intro.md:3', 'book/intro.md:5')
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def down(self, lines: int) -> Place:
        """Return the place so many lines below."""
        return Place(self.file, self.line + lines)


class ChapterError(ValueError):
    """Something in a chapter that cannot be turned into a notebook.

    Parameters
    ----------
    place : Place
        Where it stands.
    message : str
        What is wrong, and what would be right.
    """

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
