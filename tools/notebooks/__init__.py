r"""Make the notebooks beside the chapters: ``python -m tools.notebooks``.

A chapter is MyST Markdown, which Jupyter Book understands and Colab does not. For each page of
``_toc.yml`` this writes a notebook whose text is plain Markdown, as Colab and Jupyter show it.
What it does not know (a directive, a role, an option, a mark-up) is an error that names the file
and the line: nothing is passed through in the hope that it looks right.

Its modules, from the bottom up:

- ``problems``: the error, and places in a file;
- ``syntax``: parses Markdown as MyST does, and takes a directive apart;
- ``sources``: ``references.bib`` as citations and a list;
- ``book``: the pages, with the numbers of equations and exercises in the whole book;
- ``inline``: mark-up inside a line: roles, formulas, links;
- ``roles``: what a role becomes;
- ``directives``: what a directive becomes;
- ``blocks``: one page as a list of pieces;
- ``cells``: the pieces as a notebook, with the set-up cell (``setup_cell``).

Where the repository and the published book are, ``ganl_book.addresses`` knows.

What becomes of what:

=====================  ===========================================================================
in the chapter         in the notebook
=====================  ===========================================================================
admonition             a quotation that begins with the bold title
dropdown admonition    ``<details>``
labelled equation      ``$$ ... \tag{n}$$``, n as in the book
theorem, proof         a quotation that begins with the bold name
exercise               a cell that begins with **Exercise n**
its solution           one ``<details>`` with text and code
citation               Author et al. (year), and a list of references in the last cell
literalinclude         a code block with that source
other page             a link to the published page, or to the notebook where no address is known
hidden code            a Colab form, folded in JupyterLab too
=====================  ===========================================================================

**Why the code of a solution is a code block inside the fold, not a cell.** "Run all" is the first
thing that most readers of a notebook do. Solution cells would then print every answer below its
exercise, before anybody has thought about it. In the fold, text and code stay together in the
order in which they explain the answer, in Colab, Jupyter and on GitHub alike. Nothing is lost:
the build of the book runs the same code, and to run it here one copies it to a new cell.
"""

from __future__ import annotations

from ganl_book.addresses import Addresses

from .book import Book
from .cells import convert, to_json
from .problems import ChapterError

__all__ = ["Addresses", "Book", "ChapterError", "convert", "to_json"]
