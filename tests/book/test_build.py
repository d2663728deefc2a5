"""What a build does, seen by really building a small book with the real settings.

The throwaway book has two chapters and a package of its own, ``minilib``, but the real
``_config.yml``, the real extension and the flags of ``make book``. Each chapter adds a line to
``runs.txt`` whenever it is executed: these lines are counted, no time is measured.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from support import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
from ganl_book.ahead import cores, longest_first

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
    jupytext_version: 1.19.6
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Chapter {name}

"""
COUNT = """
with open("{folder}/runs.txt", "a") as file:
    file.write("{name}\\n")
"""


class MiniBook:
    """A book in its own folder: ``build()`` it, look at ``page(name)`` and at ``runs(name)``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        config = yaml.safe_load((REPOSITORY / "_config.yml").read_text(encoding="utf-8"))
        config["sphinx"]["config"]["ganl_package"] = "minilib"
        self.write("_config.yml", yaml.safe_dump(config))
        shutil.copytree(
            REPOSITORY / "book" / "_ext",
            folder / "book" / "_ext",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        self.write("book/references.bib", "")
        # one -> middle -> deep.py and look.css, by three kinds of import; two -> other.py.
        self.write("minilib/__init__.py", "")
        self.write("minilib/deep.py", "VALUE = 'deep as it was'\n")
        self.write("minilib/look.css", "look as it was")
        self.write("minilib/unused.py", "")
        self.write("minilib/other.py", "VALUE = 'other as it was'\n")
        self.write(
            "minilib/middle.py",
            "from pathlib import Path\n"
            "def value():\n"
            "    from .deep import VALUE\n"
            "    return VALUE, Path(__file__).with_name('look.css').read_text()\n",
        )

    def write(self, name: str, text: str) -> None:
        """Write a file of the book."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def chapters(self, **cells: str) -> None:
        """Write one chapter for each argument, with this code and a line in runs.txt."""
        for name, code in cells.items():
            code += COUNT.format(folder=self.folder.as_posix(), name=name)
            text = HEADER.format(name=name) + "```{code-cell} ipython3\n" + code + "```\n"
            self.write(f"book/{name}.md", text)
        root, *others = cells
        toc = {"format": "jb-book", "root": f"book/{root}"}
        more = {"chapters": [{"file": f"book/{name}"} for name in others]} if others else {}
        self.write("_toc.yml", yaml.safe_dump(toc | more))

    def build(self, *, strict: bool = True) -> subprocess.CompletedProcess[str]:
        """Build as `make book` does, with the Makefile's own flags; or with none."""
        makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
        flags = re.search(r"^BOOK_FLAGS := (.*)$", makefile, re.MULTILINE)
        assert flags is not None
        script = "from jupyter_book.cli.main import main; main()"
        return subprocess.run(
            [sys.executable, "-c", script, "build", ".", *(flags[1].split() if strict else ())],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def build_well(self) -> str:
        """Build; fail the test where the build fails. Returns what it said."""
        done = self.build()
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def page(self, name: str) -> str:
        """The HTML of a chapter."""
        return (self.folder / "_build/html/book" / f"{name}.html").read_text(encoding="utf-8")

    def runs(self) -> dict[str, int]:
        """How often each chapter has been executed."""
        lines = (self.folder / "runs.txt").read_text(encoding="utf-8").split()
        return {name: lines.count(name) for name in sorted(set(lines))}


@pytest.fixture
def book(tmp_path: Path) -> MiniBook:
    # A space in the path: people have such folders.
    return MiniBook(tmp_path / "a book")


def test_edited_code_reaches_exactly_its_chapters(book: MiniBook) -> None:
    book.chapters(
        one="from minilib import middle\nimport minilib\nprint(middle.value(), minilib.__file__)",
        two="import minilib.other as o\nprint(o.VALUE)",
    )
    book.build_well()
    assert book.runs() == {"one": 1, "two": 1}
    assert "deep as it was" in book.page("one")
    assert "other as it was" in book.page("two")
    # The kernel imports the very package whose files are hashed.
    assert str(book.folder / "minilib" / "__init__.py") in book.page("one")

    said = book.build_well()
    assert book.runs() == {"one": 1, "two": 1}, "an unchanged build executed a chapter"
    assert "0 added, 0 changed, 0 removed" in said, "an unchanged build read a page again"

    book.write("minilib/deep.py", "VALUE = 'deep and new'\n")  # imported through another module
    book.write("minilib/unused.py", "CHANGED = True\n")  # imported by nobody
    book.build_well()
    assert book.runs() == {"one": 2, "two": 1}
    assert "deep and new" in book.page("one")
    assert "deep as it was" not in book.page("one")

    book.write("minilib/look.css", "look and new")  # not Python, but a module reads it
    book.write("minilib/other.py", "VALUE = 'other and new'\n")
    book.build_well()
    assert book.runs() == {"one": 3, "two": 2}
    assert "look and new" in book.page("one")
    assert "other and new" in book.page("two")


def test_a_cell_that_raises_fails_each_build(book: MiniBook) -> None:
    book.chapters(one="raise RuntimeError('cell of chapter one')")
    for strict in (True, True, False):  # the second build finds nothing changed
        done = book.build(strict=strict)
        assert done.returncode != 0
        assert "cell of chapter one" in done.stdout + done.stderr


def test_one_cell_that_raises_among_chapters_that_run(book: MiniBook) -> None:
    book.chapters(one="print('runs well')", two="raise RuntimeError('cell of chapter two')")
    for _ in ("first", "second, unchanged"):
        done = book.build()
        assert done.returncode != 0
        assert "cell of chapter two" in done.stdout + done.stderr
    assert book.runs() == {"one": 1}, "what ran well is kept"


def test_chapters_that_take_longest_start_first() -> None:
    def chapter(name: str, code: str, **metadata: bool) -> tuple[Path, nbformat.NotebookNode]:
        text = nbformat.v4.new_markdown_cell("text " * 99)  # costs nothing
        cells = [text, nbformat.v4.new_code_cell(code)]
        return Path(name), nbformat.v4.new_notebook(cells=cells, metadata=metadata)

    chapters = [chapter("a", "x"), chapter("b", ""), chapter("c", "x", long=True),
                chapter("d", "x" * 9, long=False)]  # fmt: skip
    assert [path.name for path, _ in longest_first(chapters)] == ["c", "d", "a", "b"]


@pytest.mark.skipif(cores() < 2, reason="one core runs one chapter at a time")
def test_chapters_run_side_by_side(book: MiniBook) -> None:
    """Each chapter waits for the other: one after another, neither would get to its end."""
    wait = (
        "import pathlib, time\n"
        "pathlib.Path('{me}.txt').touch()\n"
        "for _ in range(300):\n"
        "    if pathlib.Path('{other}.txt').exists():\n"
        "        break\n"
        "    time.sleep(0.1)\n"
        "else:\n"
        "    raise TimeoutError('the other chapter did not run')\n"
        "print('{me} met {other}')"
    )
    book.chapters(one=wait.format(me="one", other="two"), two=wait.format(me="two", other="one"))
    book.build_well()
    assert book.runs() == {"one": 1, "two": 1}
    assert "one met two" in book.page("one")
    assert "two met one" in book.page("two")


def test_what_a_cell_prints_in_pieces_is_not_broken(book: MiniBook) -> None:
    """A kernel sends what is printed piece by piece, and where one ends no line need end."""
    code = (
        "import sys, time\n"
        "for part in ('{name} begins', ' and ends\\n', '\\n  indented', ' line\\n'):\n"
        "    print(part, end='', flush=True)\n"
        "    time.sleep(0.05)\n"
        "    print('unasked', end=' ', file=sys.stderr, flush=True)"
    )
    book.chapters(one=code.format(name="one"), two=code.format(name="two"))
    book.build_well()
    for name in ("one", "two"):
        assert f"{name} begins and ends\n\n  indented line\n" in book.page(name)
    book.chapters(one=code.format(name="one"), two=code.format(name="2"))  # a single one to run
    book.build_well()
    assert "2 begins and ends\n\n  indented line\n" in book.page("two")


def test_a_warning_fails_each_build(book: MiniBook) -> None:
    book.chapters(one="print('runs well')", two="print('runs well too')")
    chapter = book.folder / "book/two.md"
    chapter.write_text(chapter.read_text() + "\n[a link](#to-nothing) and {eq}`eq-nothing`.\n")
    for _ in ("first", "second, unchanged"):
        done = book.build()
        assert done.returncode != 0
        assert "to-nothing" in done.stderr
        assert "eq-nothing" in done.stderr
    assert book.runs() == {"one": 1, "two": 1}, "pages are read again, not executed again"


def test_a_page_outside_the_contents_fails_the_build(book: MiniBook) -> None:
    book.chapters(one="print('runs well')")
    book.write("book/forgotten.md", "# Forgotten\n")
    done = book.build()
    assert done.returncode != 0
    assert "forgotten" in done.stderr
