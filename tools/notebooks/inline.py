"""Mark-up inside a line: roles, formulas and links, found in the source text and replaced there.

markdown-it says what a line means but not where each part stands in the source. So the source is
scanned here, by the same few rules, and `blocks` compares what both have found: where they differ
the generator stops, rather than leave a role unreplaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from markdown_it.token import Token

from .problems import ChapterError, Place

_ROLE = re.compile(r"\{([a-zA-Z][\w:.+-]*)\}(?=`)")
_LINK = re.compile(r"\]\(([^)\s]*)")
KNOWN = {
    "text", "softbreak", "hardbreak", "em_open", "em_close", "strong_open", "strong_close",
    "s_open", "s_close", "code_inline", "math_inline", "math_inline_double", "link_open",
    "link_close", "image", "html_inline", "myst_role",
}  # fmt: skip
FORMULAS = ("math_inline", "math_inline_double")


@dataclass
class Found:
    """What one text contains, in order.

    Parameters
    ----------
    roles : list of (str, str)
        Name and content.
    formulas : list of str
        Without their dollar signs.
    """

    roles: list[tuple[str, str]] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)


def one_line(text: str) -> str:
    """Return a text with each run of white space as one space."""
    return " ".join(text.split())


def parsed(tokens: Iterable[Token], place: Place) -> Found:
    """Collect what markdown-it found, and stop at anything that is not `KNOWN`."""
    found = Found()
    for token in tokens:
        for part in token.children or ():
            here = place.down(token.map[0] if token.map else 0)
            if part.type not in KNOWN:
                raise ChapterError(here, f"unknown mark-up: {part.type} ({part.content[:40]})")
            # MyST's {.class} after a span or an image: Colab would show it as text.
            if part.type in ("image", "code_inline") and set(part.attrs) - {"src", "alt", "title"}:
                raise ChapterError(here, "attributes in braces cannot be kept")
            if part.type == "myst_role":
                found.roles.append((part.meta["name"], one_line(part.content)))
            elif part.type in FORMULAS:
                found.formulas.append(one_line(part.content))
    return found


def rewrite(
    text: str,
    place: Place,
    role: Callable[[str, str, Place], str],
    link: Callable[[str, Place], str],
    found: Found,
) -> str:
    """Replace roles and link targets in a text, and put each formula on one line.

    Parameters
    ----------
    text : str
        Lines of a page between its blocks of code, directives and displayed formulas.
    place : Place
        The first of those lines.
    role : callable
        ``role(name, content, place)`` returns what stands instead of a role.
    link : callable
        ``link(target, place)`` returns what stands instead of the target of a link.
    found : Found
        Roles and formulas are noted there.
    """
    out: list[str] = []
    at = 0
    while at < len(text):
        here = place.down(text.count("\n", 0, at))
        if text[at] == "\\":
            end = at + 2
            piece = text[at:end]
        elif match := _ROLE.match(text, at):
            content, end = _ticked(text, match.end())
            if not end:
                raise ChapterError(here, f"the role {{{match[1]}}} does not end")
            found.roles.append((match[1], one_line(content)))
            piece = role(match[1], one_line(content), here)
        elif text[at] == "`":
            _, end = _ticked(text, at)
            end = end or at + len(text[at:]) - len(text[at:].lstrip("`"))
            piece = text[at:end]
        elif text[at] == "$":
            sign = "$$" if text.startswith("$$", at) else "$"
            end = _closing(text, at + len(sign), sign)
            if not end:
                raise ChapterError(here, "a formula without an end; a dollar sign is \\$")
            content = one_line(text[at + len(sign) : end - len(sign)])
            found.formulas.append(content)
            piece = f"{sign}{content}{sign}"
        elif match := _LINK.match(text, at):
            end = match.end()
            piece = f"]({link(match[1], here)}"
        else:
            end = at + 1
            piece = text[at]
        out.append(piece)
        at = end
    return "".join(out)


def _ticked(text: str, at: int) -> tuple[str, int]:
    """Return what stands in backticks from here on, and where it ends; "", 0 if it does not."""
    ticks = len(text[at:]) - len(text[at:].lstrip("`"))
    for match in re.finditer(r"`+", text[at + ticks :]):
        if len(match[0]) == ticks:
            start = at + ticks
            content = text[start : start + match.start()]
            return ("", 0) if "\n\n" in content else (content, start + match.end())
    return "", 0


def _closing(text: str, at: int, sign: str) -> int:
    """Return where a formula ends, behind its closing sign; 0 if it does not."""
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text.startswith(sign, at):
            return at + len(sign)
        elif text.startswith("\n\n", at):
            return 0
        else:
            at += 1
    return 0
