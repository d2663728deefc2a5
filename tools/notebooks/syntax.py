"""Markdown as MyST parses it, and the parts of a directive."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from .problems import ChapterError, Place

FENCES = ("fence", "colon_fence")
# Directives that hold text of the book, in which more directives may stand.
ADMONITIONS = (
    "admonition", "attention", "caution", "danger", "error", "hint", "important", "note",
    "seealso", "tip", "warning",
)  # fmt: skip
PROOFS = (
    "assumption", "axiom", "conjecture", "corollary", "criterion", "definition", "example",
    "lemma", "observation", "proof", "property", "proposition", "remark", "theorem",
)  # fmt: skip
CONTAINERS = {*ADMONITIONS, "exercise", "solution", *(f"prf:{kind}" for kind in PROOFS)}

_INFO = re.compile(r"\{([^}\s]+)\}\s*(.*)")
_OPTION = re.compile(r":([a-zA-Z][\w-]*):(?:\s+(.*))?$")


@dataclass(frozen=True)
class Directive:
    """A directive: ``{name} argument``, options, body.

    Parameters
    ----------
    name, argument : str
        What stands on its first line.
    options : dict
        Values are text; those of a YAML block, and ``:tags:``, are what YAML makes of them.
    body : str
        What follows the options.
    place : Place
        Its first line.
    body_place : Place
        The first line of the body.
    """

    name: str
    argument: str
    options: dict[str, Any]
    body: str
    place: Place
    body_place: Place

    @property
    def classes(self) -> list[str]:
        """The words of ``:class:``."""
        return str(self.options.get("class") or "").split()

    @property
    def label(self) -> str | None:
        """What references call it: ``:label:`` or ``:name:``."""
        label = self.options.get("label") or self.options.get("name")
        return str(label) if label else None

    def need(self, *, options: Collection[str], argument: bool | None = None) -> None:
        """Raise a ChapterError for an option that is not listed, or a missing or odd argument."""
        for option in self.options:
            if option not in options:
                raise ChapterError(self.place, f"{{{self.name}}}: unknown option :{option}:")
        if argument is True and not self.argument:
            raise ChapterError(self.place, f"{{{self.name}}} needs an argument")
        if argument is False and self.argument:
            raise ChapterError(self.place, f"{{{self.name}}} takes no argument: {self.argument!r}")


@cache
def _parser(extensions: tuple[str, ...]) -> MarkdownIt:
    return create_md_parser(MdParserConfig(enable_extensions=set(extensions)), RendererHTML)


def parse(text: str, extensions: Collection[str]) -> list[Token]:
    """Return the tokens of a text, with the extensions of ``_config.yml`` switched on."""
    return _parser(tuple(sorted(extensions))).parse(text)


def directive(token: Token, place: Place) -> Directive | None:
    """Return a fence as a directive, or None where it is a plain code block.

    ``place`` is the first line of the text that the token was parsed from.
    """
    assert token.map is not None  # every fence has one
    match = _INFO.match(token.info.strip())
    here = place.down(token.map[0])
    if match is None:
        if token.type == "colon_fence":
            raise ChapterError(here, "::: without a directive's name")
        return None
    options, used = _options(token.content, here)
    body = "\n".join(token.content.split("\n")[used:])
    return Directive(match[1], match[2].strip(), options, body, here, here.down(1 + used))


def _options(content: str, place: Place) -> tuple[dict[str, Any], int]:
    """Read the options at the top of a directive; also how many lines they take."""
    lines = content.split("\n")
    if lines[0].strip() == "---":
        ends = [i for i, line in enumerate(lines) if i and line.strip() == "---"]
        if not ends:
            raise ChapterError(place.down(1), "the options begin with --- and never end")
        return yaml.safe_load("\n".join(lines[1 : ends[0]])) or {}, ends[0] + 1
    options: dict[str, Any] = {}
    used = 0
    while used < len(lines) and (match := _OPTION.match(lines[used].rstrip())):
        value = match[2]
        options[match[1]] = yaml.safe_load(value) if match[1] == "tags" and value else value
        used += 1
    return options, used


def directives(text: str, place: Place, extensions: Collection[str]) -> Iterator[Directive]:
    """Yield every directive of a text in order, and those inside others after their holder."""
    for token in parse(text, extensions):
        if token.type in FENCES and (found := directive(token, place)) is not None:
            yield found
            if found.name in CONTAINERS:
                yield from directives(found.body, found.body_place, extensions)
