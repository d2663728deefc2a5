"""One page as a list of pieces: text, cells of code, and where a new cell begins."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it.token import Token

from .book import Book
from .directives import bullet, fenced, fold, formula, to_markdown
from .inline import Found, parsed, rewrite
from .problems import ChapterError, Place
from .roles import Roles
from .syntax import FENCES, Directive, directive, parse


@dataclass(frozen=True)
class Text:
    """Markdown; ``begins`` says that a new cell begins with it."""

    markdown: str
    begins: bool = False


@dataclass(frozen=True)
class Code:
    """A cell of code."""

    source: str
    directive: Directive


Piece = Text | Code

# What the scan of the source copies as it is, apart from the mark-up inside the lines.
PLAIN = {
    f"{name}_{end}"
    for name in (
        "paragraph", "heading", "bullet_list", "ordered_list", "list_item", "blockquote", "table",
        "thead", "tbody", "tr", "th", "td",
    )
    for end in ("open", "close")
} | {"inline", "hr", "html_block", "code_block"}  # fmt: skip
DROPPED = {"front_matter", "myst_line_comment", "myst_target"}
VERBATIM = {"html_block", "code_block"}
SMALLEST_HEADING = "h3"  # smaller ones do not begin a cell


@dataclass
class _Gate:
    """An exercise or a solution that has begun, and what was before it."""

    directive: Directive
    before: list[Piece] = field(default_factory=list)


class Page:
    """The conversion of one page.

    Parameters
    ----------
    book : Book
        All pages.
    name : str
        Which of them.
    """

    def __init__(self, book: Book, name: str) -> None:
        self.book = book
        self.roles = Roles(book, name)
        self.start = Place(f"{name}.md", 1)
        self.name = name

    def pieces(self) -> list[Piece]:
        """Return the page as pieces, with the list of what it cites at the end."""
        found = self._blocks(self.book.text(self.name), self.start, quoted=False, depth=0)
        if self.roles.cited:
            listed = self.book.sources.listed(self.roles.cited)
            found.append(Text(f"## References\n\n{listed}", begins=True))
        return found

    def _render(self, text: str, place: Place, quoted: bool) -> str:
        """Convert what is inside a directive, where no cells can be."""
        return self._joined(self._blocks(text, place, quoted, depth=1), place)

    def _joined(self, pieces: list[Piece], place: Place) -> str:
        for piece in pieces:
            if isinstance(piece, Code):
                raise ChapterError(piece.directive.place, "a cell of code inside another directive")
        return "\n\n".join(piece.markdown for piece in pieces if isinstance(piece, Text))

    def _blocks(self, text: str, place: Place, quoted: bool, depth: int) -> list[Piece]:
        """Convert a text: its blocks one by one, the lines between them by `rewrite`."""
        lines = text.split("\n")
        tokens = list(_outermost(parse(text, self.book.extensions), place))
        pieces: list[Piece] = []
        gates: list[_Gate] = []
        parts: list[str] = []  # of the Markdown that is under way
        seen = Found()
        begins = False
        at = 0

        def copy(until: int) -> None:
            """Take the lines up to here, with their roles replaced."""
            nonlocal at
            chunk = "\n".join(lines[at:until])
            if chunk.strip():
                role, link = self.roles.role, self.roles.link
                parts.append(rewrite(chunk, place.down(at), role, link, seen))
            at = max(at, until)

        def flush(next_begins: bool = False) -> None:
            """End the Markdown that is under way."""
            nonlocal begins
            markdown = _tidy(parts)
            parts.clear()
            if markdown:
                pieces.append(Text(markdown, begins))
                begins = False
            begins = begins or next_begins

        for token in tokens:
            if token.map is None or token.type in PLAIN - VERBATIM - {"heading_open"}:
                continue
            first, last = token.map
            here = place.down(first)
            copy(first)
            if token.type == "heading_open":
                if depth == 0 and token.level == 0 and token.tag <= SMALLEST_HEADING:
                    flush(next_begins=True)
                continue
            at = last
            if token.type in DROPPED:
                continue
            if token.type == "myst_block_break":
                flush(next_begins=True)
            elif token.type in VERBATIM:
                parts.append("\n".join(lines[first:last]))
            elif token.type == "math_block":
                shown = formula(token.content, here, quoted)
                parts.append(_placed(shown, lines[first], token, here))
            elif token.type == "dl_open":
                parts.append(self._definitions(token, lines, place, quoted))
            elif (item := directive(token, place)) is None:
                parts.append("\n".join(lines[first:last]))
            elif item.name == "code-cell":
                if token.level or depth:
                    raise ChapterError(here, "a cell of code inside a list or another directive")
                flush()
                pieces.append(Code(item.body.strip("\n"), item))
            elif item.name in ("exercise-start", "solution-start"):
                flush()
                gates.append(_Gate(item, pieces))
                pieces = []
            elif item.name in ("exercise-end", "solution-end"):
                flush()
                if not gates or gates[-1].directive.name != item.name.replace("end", "start"):
                    raise ChapterError(here, f"{{{item.name}}} closes nothing that is open")
                gate = gates.pop()
                pieces = [*gate.before, *self._gated(gate.directive, pieces)]
            elif item.name in ("exercise", "solution"):
                flush()
                inner = self._blocks(item.body, item.body_place, quoted, depth=1)
                pieces.extend(self._gated(item, inner))
            else:
                shown = to_markdown(item, self.roles, self._render, quoted)
                parts.append(_placed(shown, lines[first], token, here))
        copy(len(lines))
        flush()
        if gates:
            raise ChapterError(gates[-1].directive.place, "this is never closed")
        self._agree(tokens, seen, place)
        return pieces

    def _agree(self, tokens: list[Token], seen: Found, place: Place) -> None:
        """Stop where the scan has found other roles and formulas than markdown-it."""
        wanted = parsed((token for token in tokens if token.type == "inline"), place)
        for kind in ("roles", "formulas"):
            ours, theirs = getattr(seen, kind), getattr(wanted, kind)
            if ours != theirs:
                pairs = zip([*ours, None], [*theirs, None], strict=False)
                odd = next(pair for pair in pairs if pair[0] != pair[1])
                raise ChapterError(place, f"below here, mark-up is read in two ways: {odd}")

    def _gated(self, item: Directive, inner: list[Piece]) -> list[Piece]:
        """Return an exercise, or its solution, around what is inside."""
        item.need(options={"label", "class", "nonumber"})
        if item.name.startswith("exercise"):
            if item.label is None or "nonumber" in item.options:
                raise ChapterError(item.place, "an exercise needs a :label:, and has a number")
            number = self.book.exercises[item.label][1]
            name = f"**Exercise {number}**" + (f" ({item.argument})" if item.argument else "")
            anchor = "" if self.book.addresses.book else f'<a name="{item.label}"></a>\n'
            if inner and isinstance(inner[0], Text):
                name += "\n\n" + inner[0].markdown
                inner = inner[1:]
            return [Text(anchor + name, begins=True), *inner]
        if item.argument not in self.book.exercises:
            raise ChapterError(item.place, f"no exercise has the label {item.argument}")
        number = self.book.exercises[item.argument][1]
        shown: list[Piece] = [
            Text(fenced(piece.source, "python")) if isinstance(piece, Code) else piece
            for piece in inner
        ]
        return [Text(fold(f"Solution to exercise {number}", self._joined(shown, item.place)))]

    def _definitions(self, token: Token, lines: list[str], place: Place, quoted: bool) -> str:
        """Return a definition list, which Colab does not know, as a plain list."""
        shown = []
        for terms, first, last in token.meta["entries"]:
            head = ", ".join(
                rewrite(lines[n], place.down(n), self.roles.role, self.roles.link, Found())
                for n in terms
            )
            # The parser's first line may be that of the term. The colon and the spaces after it
            # stand where the other lines are indented.
            first = next(n for n in range(first, last) if lines[n].lstrip().startswith(":"))
            marked = lines[first].replace(":", " ", 1)
            body = textwrap.dedent("\n".join([marked, *lines[first + 1 : last]])).strip("\n")
            shown.append(bullet(head, self._render(body, place.down(first), quoted)))
        return "\n".join(shown)


def _outermost(tokens: list[Token], place: Place) -> Iterator[Token]:
    """Yield tokens but those inside definition lists, whose places go to the list's own token.

    Stops at a token of a kind that nobody here knows how to write in plain Markdown.
    """
    known = PLAIN | DROPPED | {*FENCES, "math_block", "myst_block_break", "dl_open"}
    holder: Token | None = None
    for token in tokens:
        here = place.down(token.map[0] if token.map else 0)
        if holder is None:
            if token.type not in known:
                raise ChapterError(here, f"unknown block: {token.type}")
            if token.type == "dl_open":
                if token.level:
                    raise ChapterError(here, "a definition list inside another block")
                holder, holder.meta["entries"] = token, []
            yield token
            continue
        entries = holder.meta["entries"]
        if token.type == "dl_close" and token.level == holder.level:
            holder = None
        elif token.type == "dt_open" and token.map:
            if not entries or entries[-1][1] is not None:
                entries.append(([], None, None))
            entries[-1][0].append(token.map[0])
        elif token.type == "dd_open" and token.map and token.level == holder.level + 1:
            if entries[-1][1] is not None:
                raise ChapterError(here, "a term with two definitions")
            entries[-1] = (entries[-1][0], *token.map)


def _placed(shown: str, line: str, token: Token, place: Place) -> str:
    """Indent a block as its source was: it may belong to an item of a list."""
    margin = line[: len(line) - len(line.lstrip())]
    if not line.lstrip().startswith((token.markup, "$$")):
        raise ChapterError(place, "a block must begin on a line of its own")
    return textwrap.indent(shown, margin) if token.level else shown


def _tidy(parts: list[str]) -> str:
    """Join parts with one empty line between them."""
    kept = [part.strip("\n") for part in parts if part.strip()]
    return "\n\n".join(kept)
