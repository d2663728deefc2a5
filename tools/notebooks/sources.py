"""``references.bib`` as citations in the text, and as the list at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pybtex.database import BibliographyData, Person, parse_file
from pybtex.plugin import find_plugin


class Sources:
    """The works that the book cites.

    Parameters
    ----------
    file : Path
        The BibTeX file. None: nothing can be cited.
    """

    def __init__(self, file: Path | None) -> None:
        self._data = parse_file(str(file)) if file and file.is_file() else BibliographyData()
        self._marks = self._letters()

    def __contains__(self, key: str) -> bool:
        return key in self._data.entries

    @property
    def keys(self) -> list[str]:
        """Every key of the file."""
        return list(self._data.entries)

    def in_text(self, key: str) -> str:
        """Return a citation that is part of a sentence: "Beck and Teboulle (2003)"."""
        return f"{self._authors(key)} ({self._year(key)})"

    def in_parentheses(self, keys: Iterable[str]) -> str:
        """Return a citation that stands apart: "(Beck and Teboulle, 2003; ...)"."""
        return "(" + "; ".join(f"{self._authors(key)}, {self._year(key)}" for key in keys) + ")"

    def listed(self, keys: Iterable[str]) -> str:
        """Return works as a Markdown list, in the style and order of the book's bibliography."""
        style = find_plugin("pybtex.style.formatting", "plain")()
        backend = find_plugin("pybtex.backends", "markdown")()
        lines = []
        for entry in style.format_bibliography(self._data, sorted(set(keys))):
            text = " ".join(entry.text.render(backend).split())
            # It protects every sign that can ever mean something; inside a line these do not.
            text = re.sub(r"\\([-.()!+#{}])", r"\1", text)
            if mark := self._marks.get(entry.key):
                text += f" Cited as {self._bare_year(entry.key)}{mark}."
            lines.append(f"- {text}")
        return "\n".join(lines)

    def _authors(self, key: str) -> str:
        persons = self._data.entries[key].persons.get("author", [])
        names = [_last_name(person) for person in persons]
        if not names:
            return key
        if len(names) > 2 or names[-1] == "others":
            return f"{names[0]} et al."
        return " and ".join(names)

    def _bare_year(self, key: str) -> str:
        return str(self._data.entries[key].fields.get("year", "undated"))

    def _year(self, key: str) -> str:
        return self._bare_year(key) + self._marks.get(key, "")

    def _letters(self) -> dict[str, str]:
        """Give works that would be cited alike a letter after the year."""
        self._marks = {}
        alike: dict[str, list[str]] = {}
        for key in sorted(self._data.entries):
            alike.setdefault(self.in_text(key), []).append(key)
        groups = (group for group in alike.values() if len(group) > 1)
        return {key: chr(ord("a") + i) for group in groups for i, key in enumerate(group)}


def _last_name(person: Person) -> str:
    parts = [*person.rich_prelast_names, *person.rich_last_names]
    return " ".join(str(part) for part in parts)
