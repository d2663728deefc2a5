"""What a directive becomes: plain Markdown with a little HTML, as Colab and Jupyter show it."""

from __future__ import annotations

import ast
import html
import posixpath
import re
import textwrap
from collections.abc import Callable

from .problems import ChapterError, Place
from .roles import Roles
from .syntax import ADMONITIONS, PROOFS, Directive

# ``render(text, place, quoted)``: the text inside a directive as Markdown.
Render = Callable[[str, Place, bool], str]

_GROUP = re.compile(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL)


def to_markdown(item: Directive, roles: Roles, render: Render, quoted: bool) -> str:
    """Return the Markdown for a directive.

    Parameters
    ----------
    item : Directive
        Any but code cells and the gates of exercises, which are more than text.
    roles : Roles
        Those of the page.
    render : callable
        Converts what is inside.
    quoted : bool
        Whether it stands in a quotation already.
    """
    name = item.name
    if name == "math":
        return equation(item, roles, quoted)
    if name in ADMONITIONS:
        return _admonition(item, render, quoted)
    if name.startswith("prf:") and name[4:] in PROOFS:
        return _proof(item, render)
    if name == "literalinclude":
        return _include(item, roles)
    if name in ("code-block", "code"):
        item.need(options={"language", "linenos"})
        return fenced(item.body.strip("\n"), item.argument)
    if name in ("figure", "image"):
        return _figure(item, roles, render, quoted)
    if name == "glossary":
        return _glossary(item, render)
    if name == "bibliography":
        item.need(options={"all", "style"}, argument=False)
        if "all" not in item.options:
            raise ChapterError(item.place, "{bibliography} is known with :all: only")
        return roles.book.sources.listed(roles.book.sources.keys)
    if name == "build-status":
        item.need(options=(), argument=True)
        return "*This table is in the published book only.*"
    raise ChapterError(item.place, f"unknown directive {{{name}}}")


def equation(item: Directive, roles: Roles, quoted: bool) -> str:
    """Return ``{math}`` as a displayed formula, with its number where it has a label."""
    item.need(options={"label", "name"}, argument=False)
    if item.label is None:
        return formula(item.body, item.body_place, quoted)
    _, number = roles.book.equations[item.label]
    text = formula(item.body, item.body_place, quoted, rf"\tag{{{number}}}")
    # Without a published page, references lead here. A name: Colab's links know nothing else.
    anchor = "" if roles.book.addresses.book else f'<a name="{item.label}"></a>\n'
    return anchor + text


def formula(body: str, place: Place, quoted: bool, tag: str = "") -> str:
    r"""Return TeX as a displayed formula.

    In a quotation it is on one line: Jupyter takes formulas out before it reads the Markdown, and
    would find the ``>`` of each further line in the middle of the TeX.

    Examples
    --------
    >>> formula("a \\\\ b", Place("x.md", 1), True)
    '$$\\begin{aligned} a \\\\ b \\end{aligned}$$'
    """
    lines = [line.rstrip() for line in body.strip().split("\n")]
    if not all(lines):
        raise ChapterError(place, "an empty line in a formula would end it")
    if any(re.search(r"(?<!\\)%", line) for line in lines):
        raise ChapterError(place, "a comment in a formula would hide what follows on its line")
    bare, count = "\n".join(lines), 1
    while count:
        bare, count = _GROUP.subn("", bare)
    if r"\\" in bare:  # Sphinx adds such a frame, too
        lines = [r"\begin{aligned}", *lines, r"\end{aligned}"]
    if tag:
        lines[-1] += f" {tag}"
    if quoted:
        return f"$${' '.join(line.strip() for line in lines)}$$"
    return "\n".join(["$$", *lines, "$$"])


def quotation(text: str) -> str:
    """Return a text as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def fold(title: str, text: str) -> str:
    """Return a text that shows its title only, until one clicks on it."""
    # The empty lines make Markdown of what is inside.
    summary = f"<summary><b>{html.escape(title, quote=False)}</b></summary>"
    return f"<details>\n{summary}\n\n{text}\n\n</details>"


def fenced(code: str, language: str) -> str:
    """Return a code block, with a fence that the code does not contain."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{code}\n{ticks}"


def _admonition(item: Directive, render: Render, quoted: bool) -> str:
    item.need(options={"class", "name"})
    if item.name == "admonition":
        item.need(options=item.options, argument=True)
        title, body, place = item.argument, item.body, item.body_place
    else:  # {note} and its like: what follows the name is text
        title, place = {"seealso": "See also"}.get(item.name, item.name.capitalize()), item.place
        body = f"{item.argument}\n{item.body}" if item.argument else item.body
    if "dropdown" in item.classes:
        return fold(title, render(body, place, quoted))
    return quotation(f"**{title}**\n\n{render(body, place, True)}")


def _proof(item: Directive, render: Render) -> str:
    item.need(options={"nonumber", "label", "class"})
    kind = item.name[4:]
    if kind != "proof" and "nonumber" not in item.options:
        raise ChapterError(item.place, f"a numbered {kind} has no known form: add :nonumber:")
    title = f"**{kind.capitalize()}**" + (f" ({item.argument})" if item.argument else "")
    return quotation(f"{title}\n\n{render(item.body, item.body_place, True)}")


def _include(item: Directive, roles: Roles) -> str:
    """Return the source of a function, a class or a method, as it is in its file."""
    item.need(options={"language", "pyobject"}, argument=True)
    name = posixpath.normpath(posixpath.join(posixpath.dirname(roles.page), item.argument))
    file = roles.book.root / name
    if not file.is_file():
        raise ChapterError(item.place, f"there is no file {name}")
    source = file.read_text(encoding="utf-8")
    if wanted := item.options.get("pyobject"):
        node: ast.AST | None = ast.parse(source)
        for part in str(wanted).split("."):
            node = next((n for n in getattr(node, "body", ()) if _defines(n, part)), None)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            raise ChapterError(item.place, f"{name} defines no {wanted}")
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        source = "\n".join(source.split("\n")[first - 1 : node.end_lineno])
    language = str(item.options.get("language") or "python")
    return fenced(textwrap.dedent(source).rstrip("\n"), language)


def _defines(node: ast.AST, name: str) -> bool:
    return getattr(node, "name", None) == name


def _figure(item: Directive, roles: Roles, render: Render, quoted: bool) -> str:
    item.need(options={"alt", "name", "width", "height", "scale", "align", "class"}, argument=True)
    alt = str(item.options.get("alt") or "").replace("]", r"\]")
    picture = f"![{alt}]({roles.link(item.argument, item.place)})"
    caption = render(item.body, item.body_place, quoted)
    if not caption:
        return picture
    first, *rest = caption.split("\n\n")  # the first paragraph is the caption, then the legend
    return "\n\n".join([picture, f"*{first}*", *rest])


def _glossary(item: Directive, render: Render) -> str:
    """Return a glossary as a list: bold term, further names, definition."""
    item.need(options={"sorted"}, argument=False)
    entries: list[tuple[list[str], list[str], Place]] = []
    for n, line in enumerate(item.body.split("\n")):
        here = item.body_place.down(n)
        if not line.strip():
            if entries and entries[-1][1]:
                entries[-1][1].append("")
        elif line[0] != " ":
            if not entries or entries[-1][1]:
                entries.append(([], [], here))
            entries[-1][0].append(line.strip())
        elif entries:
            entries[-1][1].append(line)
        else:
            raise ChapterError(here, "a glossary begins with a term")
    shown = []
    for names, lines, here in entries:
        if not any(lines):
            raise ChapterError(here, f"the term {names[0]} has no definition")
        body = render(textwrap.dedent("\n".join(lines)), here.down(len(names)), False)
        head = " · ".join([f"**{names[0]}**", *names[1:]])
        shown.append(bullet(head, body))
    return "\n".join(shown)


def bullet(head: str, body: str) -> str:
    """Return an item of a list: what it is about, a colon, and text, which may be several lines."""
    return "- " + textwrap.indent(f"{head}: {body}", "  ").strip()
