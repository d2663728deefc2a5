"""The pieces of a page as a notebook."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from .blocks import Code, Page, Piece, Text
from .book import Book
from .problems import ChapterError
from .setup_cell import set_up

HIDES_CODE = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
HIDES_OUTPUT = {"hide-output", "remove-output"}
KEPT = {"raises-exception"}  # whoever runs the notebook by a program needs it
# About the output on the page: its alternative text, and how its Markdown is read.
FOR_THE_PAGE = {"image", "markdown_format", "code_prompt_hide"}
FORM = "Folded code"  # Colab adds "Show code" below it
# Cells that import this train convolutional networks: Colab shall offer its GPU.
WANTS_GPU = "gan_lessons.mnist"


def convert(book: Book, page: str) -> nbformat.NotebookNode:
    """Return a page of the book as a notebook.

    The same sources give the same notebook, to the last byte: a cell's id is a hash of the page's
    name and of what the cell contains.

    Parameters
    ----------
    book : Book
        All pages.
    page : str
        Which one: "book/intro".

    Raises
    ------
    ChapterError
        For anything that has no known form in a notebook.
    """
    pieces = Page(book, page).pieces()
    cells = list(_cells(pieces))
    code = [piece.source for piece in pieces if isinstance(piece, Code)]
    if code:  # Below the title: where code is not folded, as on GitHub, it fills a screen.
        first = next(n for n, cell in enumerate(cells) if cell.cell_type == "code")
        cells.insert(first, _code(set_up(book.addresses, book.ref, page), form=True))
    ids: dict[str, int] = {}
    for cell in cells:
        name = hashlib.sha256(f"{page}\n{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        ids[name] = ids.get(name, 0) + 1
        cell["id"] = name if ids[name] == 1 else f"{name}-{ids[name]}"
    notebook: nbformat.NotebookNode = new_notebook(cells=cells, metadata=_metadata(code))
    nbformat.validate(notebook)
    return notebook


def to_json(notebook: nbformat.NotebookNode) -> str:
    """Return a notebook as its file shall read."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def _cells(pieces: list[Piece]) -> Iterator[nbformat.NotebookNode]:
    """Yield the cells: neighbouring texts together, until a new cell begins."""
    texts: list[str] = []
    for piece in pieces:
        if texts and (isinstance(piece, Code) or piece.begins):
            yield new_markdown_cell("\n\n".join(texts))
            texts = []
        if isinstance(piece, Text):
            texts.append(piece.markdown)
        else:
            yield _of(piece)
    if texts:
        yield new_markdown_cell("\n\n".join(texts))


def _of(piece: Code) -> nbformat.NotebookNode:
    """Return a cell of the chapter; its hidden code as a form."""
    item = piece.directive
    item.need(options={"tags", "mystnb"})
    tags = item.options.get("tags") or []
    tags = {tags} if isinstance(tags, str) else set(tags)
    if unknown := tags - HIDES_CODE - HIDES_OUTPUT - KEPT:
        raise ChapterError(item.place, f"unknown tags {sorted(unknown)}")
    render = item.options.get("mystnb") or {}
    if unknown := set(render) - FOR_THE_PAGE - {"code_prompt_show"}:
        raise ChapterError(item.place, f"unknown settings of mystnb: {sorted(unknown)}")
    source = piece.source
    form = bool(tags & HIDES_CODE)
    if form and not source.startswith("%%"):  # a cell magic must stay on the first line
        source = f"#@title {render.get('code_prompt_show', FORM)}\n{source}"
    cell = _code(source, form=form)
    if tags & HIDES_OUTPUT:
        cell.metadata.setdefault("jupyter", {})["outputs_hidden"] = True
    if tags & KEPT:
        cell.metadata["tags"] = sorted(tags & KEPT)
    return cell


def _code(source: str, *, form: bool) -> nbformat.NotebookNode:
    cell: nbformat.NotebookNode = new_code_cell(source)
    if form:  # for Colab, and for JupyterLab
        cell.metadata.update(cellView="form", jupyter={"source_hidden": True})
    return cell


def _metadata(code: list[str]) -> dict[str, Any]:
    colab: dict[str, Any] = {"provenance": [], "toc_visible": True}
    metadata: dict[str, Any] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "colab": colab,
    }
    if any(WANTS_GPU in _imports(source) for source in code):
        metadata["accelerator"] = "GPU"
        colab["gpuType"] = "T4"
    return metadata


def _imports(source: str) -> set[str]:
    """Return the modules that a cell imports, and the packages above them.

    Examples
    --------
    >>> sorted(_imports("from gan_lessons.mnist import data"))
    ['gan_lessons', 'gan_lessons.mnist', 'gan_lessons.mnist.data']
    """
    plain = re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)
    names: set[str] = set()
    for node in ast.walk(ast.parse(plain)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = (name.split(".") for name in names)
    return {".".join(part[: n + 1]) for part in parts for n in range(len(part))}
