"""The notebooks of the book itself."""

from __future__ import annotations

import ast
import builtins
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from support import REPOSITORY, TOC_PAGES

from tools.notebooks import Addresses, Book, convert, to_json
from tools.notebooks.__main__ import main

BOOK, AGAIN = Book.of(REPOSITORY, Addresses()), Book.of(REPOSITORY, Addresses())
each_page = pytest.mark.parametrize("name", TOC_PAGES)


@cache
def _notebook(name: str) -> nbformat.NotebookNode:
    return convert(BOOK, name)


def _sources(name: str, kind: str) -> list[str]:
    return [cell.source for cell in _notebook(name).cells if cell.cell_type == kind]


def test_pages_are_those_of_the_contents() -> None:
    assert list(BOOK.pages) == TOC_PAGES


@each_page
def test_every_page_converts(name: str) -> None:
    nbformat.validate(_notebook(name))
    assert _notebook(name).cells
    for cell in _notebook(name).cells:
        assert cell.source.strip()
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@each_page
def test_all_code_of_the_chapter_is_there(name: str) -> None:
    """In its order, in cells or in the fold of a solution."""
    text = (REPOSITORY / f"{name}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    option = r"\A(?:---\n.*?^---\n|(?::[\w-]+:[^\n]*\n)*)"
    wanted = [re.sub(option, "", block, flags=re.DOTALL | re.MULTILINE).strip() for block in blocks]
    everything = "\n".join(cell.source for cell in _notebook(name).cells)
    at = 0
    for code in wanted:
        assert code in everything[at:], code
        at = everything.index(code, at) + len(code)


@each_page
def test_stamp_of_the_build_is_not_there(name: str) -> None:
    """`ganl_book.stale` adds a cell while Sphinx reads; readers of a notebook need none."""
    assert "Made by the book's build" not in to_json(_notebook(name))


@each_page
def test_code_compiles(name: str) -> None:
    for source in _sources(name, "code"):
        compile(source, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for source in _sources(name, "markdown"):
        for token in MarkdownIt().parse(source):
            if token.type == "fence" and token.info == "python":
                compile(token.content, name, "exec")


def _names(sources: list[str]) -> tuple[set[str], set[str]]:
    """The names that code binds, and those that it uses."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    named = (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)
    bound |= {n.name for n in nodes if isinstance(n, named) and n.name}
    bound |= {(n.asname or n.name).split(".")[0] for n in nodes if isinstance(n, ast.alias)}
    used = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return bound, used - set(dir(builtins)) - {"display"}


def _solutions(name: str) -> list[list[str]]:
    """The code of each solution."""
    folds = [s.split("<details>")[1:] for s in _sources(name, "markdown") if "Solution to" in s]
    found = [MarkdownIt().parse(fold) for folded in folds for fold in folded]
    return [[t.content for t in tokens if t.info == "python"] for tokens in found]


@each_page
def test_cells_need_no_solution(name: str) -> None:
    """The code of solutions is not run in a notebook."""
    bound, used = _names(_sources(name, "code"))
    assert not used - bound


@each_page
def test_solution_runs_when_copied(name: str) -> None:
    """It uses names of the chapter, and its own; never those of another solution."""
    chapter, _ = _names(_sources(name, "code"))
    for codes in _solutions(name):
        bound, used = _names(codes)
        assert not used - bound - chapter, codes


@each_page
def test_nothing_of_myst_is_left(name: str) -> None:
    for source in _sources(name, "markdown"):
        kept = [line for line in source.split("\n") if not line.startswith("    ")]
        text = re.sub(r"```\w*\n.*?\n```", "", "\n".join(kept), flags=re.DOTALL)
        text = re.sub(r"(`+).*?\1", "`code`", text) if "{" not in source else text
        assert not re.search(r"\{[\w:+-]+\}`", text), text
        assert not re.search(r"^\W*(`{3,}|:{3,}) *\{", text, re.MULTILINE), text
        assert ":::" not in text
        assert not re.search(r"^\([\w-]+\)=$|^%|^\+\+\+", text, re.MULTILINE), text


@each_page
def test_links_within_the_book_lead_to_pages(name: str) -> None:
    for source in _sources(name, "markdown"):
        for target in re.findall(r"\]\(([^)#]+\.ipynb)\)", source):
            page = (REPOSITORY / name).parent / target
            assert str(page.resolve().relative_to(REPOSITORY).with_suffix("")) in TOC_PAGES


@each_page
def test_tags_are_the_numbers_of_the_book(name: str) -> None:
    text = "\n".join(_sources(name, "markdown"))
    wanted = [number for page, number in BOOK.equations.values() if page == name]
    assert [int(n) for n in re.findall(r"\\tag\{(\d+)\}", text)] == wanted


@each_page
def test_same_sources_same_bytes(name: str) -> None:
    assert to_json(convert(AGAIN, name)) == to_json(_notebook(name))


@each_page
def test_folds_open_and_close_in_one_cell(name: str) -> None:
    """What is inside is Markdown only after an empty line."""
    for source in _sources(name, "markdown"):
        tags = re.findall(r"^(?:> )?<(/?details)>$", source, re.MULTILINE)
        assert tags == ["details", "/details"] * (len(tags) // 2), source
        assert source.count("details>") == len(tags), source
        assert len(re.findall(r"</summary>\n(?:>|)\n", source)) == len(tags) // 2, source


@each_page
def test_formulas_in_quotations_are_on_one_line(name: str) -> None:
    """Jupyter takes formulas out first, and would take the next line's ``>`` along."""
    for source in _sources(name, "markdown"):
        for line in source.split("\n"):
            if line.startswith(">"):
                text = re.sub(r"`[^`]*`|\\\$", "", line)
                assert text.count("$") % 2 == text.count("$$") % 2 == 0, line


def test_notebooks_beside_the_chapters_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def _as_built(book_html: Path) -> Book:
    """The book as it was built: Sphinx keeps a copy of each page's source beside its HTML."""
    kept = book_html / "_sources"
    pages = tuple(page for page in TOC_PAGES if (kept / f"{page}.md").is_file())
    return Book(kept, pages, extensions=BOOK.extensions)


def test_equations_are_numbered_as_in_the_book(book_html: Path) -> None:
    book = _as_built(book_html)
    for page in book.pages:
        soup = BeautifulSoup(
            (book_html / f"{page}.html").read_text(encoding="utf-8"), "html.parser"
        )
        shown = {}
        for number in soup.select("span.eqno"):
            box = number.find_parent("div", class_="math")
            assert box is not None
            shown[str(box["id"]).removeprefix("equation-")] = int(number.text.strip("()#"))
        assert shown == {e: n for e, (at, n) in book.equations.items() if at == page}, page
    assert book.equations


def test_exercises_are_numbered_as_in_the_book(book_html: Path) -> None:
    book = _as_built(book_html)
    for page in book.pages:
        soup = BeautifulSoup(
            (book_html / f"{page}.html").read_text(encoding="utf-8"), "html.parser"
        )
        shown = {}
        for box in soup.select("div.exercise"):
            title = box.select_one(".caption-number")
            assert title is not None
            shown[str(box["id"])] = int(title.text.split()[-1])
        assert shown == {e: n for e, (at, n) in book.exercises.items() if at == page}, page
    assert book.exercises
