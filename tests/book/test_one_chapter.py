"""``make book CHAPTER=...``: one chapter, built in a throwaway book with the real settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import REPOSITORY

from .test_build import MiniBook

sys.path.insert(0, str(REPOSITORY))
from tools.one_chapter import find, main, pages, split

CHOICES = ["back/notes", "images/notes", "intro", "training/dynamics"]


@pytest.fixture
def book(tmp_path: Path) -> MiniBook:
    book = MiniBook(tmp_path / "a book")
    book.chapters(one="print('one ran')", two="print('two ran')")
    return book


def build(book: MiniBook, name: str) -> subprocess.CompletedProcess[str]:
    script = (
        "import sys; from pathlib import Path; from tools.one_chapter import main; "
        "sys.exit(main(sys.argv[1:], Path.cwd()))"
    )
    return subprocess.run(
        [sys.executable, "-c", script, name],
        cwd=book.folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(book.folder)])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_runs_and_shows_one_chapter(book: MiniBook) -> None:
    more = (
        "\n{doc}`two` {doc}`nowhere` {eq}`eq-there` {eq}`eq-nowhere`"
        "\n\n[link](two.md) and [another](nowhere.md)\n"
    )
    book.write("book/one.md", (book.folder / "book/one.md").read_text() + more)
    labelled = "\n```{math}\n:label: eq-there\nx\n```\n"
    book.write("book/two.md", (book.folder / "book/two.md").read_text() + labelled)
    done = build(book, "one")
    assert done.returncode == 0, done.stderr
    page = book.folder / "_build/chapter/html/book/one.html"
    assert f"The page: {page.as_uri()}" in done.stdout
    assert "one ran" in page.read_text(encoding="utf-8")
    assert book.runs() == {"one": 1}
    # What is in another page is counted; what is nowhere is named.
    assert "3 references to other pages" in done.stdout
    assert "unknown document: 'nowhere'" in done.stderr
    assert "eq-nowhere" in done.stderr
    assert "eq-there" not in done.stderr
    assert "'two" not in done.stderr

    # The outputs are those of the whole book, and the other way round.
    book.write("book/one.md", (book.folder / "book/one.md").read_text().replace(more, ""))
    book.build_well()
    assert book.runs() == {"one": 1, "two": 1}
    assert build(book, "book/two.md").returncode == 0
    assert book.runs() == {"one": 1, "two": 1}
    assert "two ran" in (book.folder / "_build/chapter/html/book/two.html").read_text()


def test_a_cell_that_raises_fails(book: MiniBook) -> None:
    book.chapters(one="print('one ran')")
    assert build(book, "one").returncode == 0
    book.chapters(one="raise RuntimeError('cell of chapter one')")
    done = build(book, "one")
    assert done.returncode == 1
    assert "cell of chapter one" in done.stderr
    assert "The page:" not in done.stdout
    assert not (book.folder / "_build/chapter/html/book/one.html").exists()


@pytest.mark.parametrize(
    "name",
    [
        "dynamics",
        "training/dynamics",
        "book/training/dynamics.md",
        "./book/training/dynamics.ipynb",
    ],
)
def test_a_chapter_has_many_names(name: str) -> None:
    assert find(name, CHOICES) == "training/dynamics"


@pytest.mark.parametrize("name", ["", "dynamic", "training", "notes", "../intro"])
def test_a_chapter_that_is_not_there_gives_one_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=r"^CHAPTER must be one of back/notes, .*, got '"):
        find(name, CHOICES)
    assert main(["no-such-chapter"]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "theory/bce" in said.err


def test_the_choices_are_the_pages() -> None:
    found = pages(REPOSITORY)
    assert "intro" in found
    assert not [name for name in found if name.startswith("_ext")]


def test_other_messages_are_shown() -> None:
    said = "\x1b[91ma.md:3: WARNING: two: broken\x1b[0m\nTraceback 'book/two'\n\n"
    assert split(said, {"book/two"}, "one") == (
        ["a.md:3: WARNING: two: broken", "Traceback 'book/two'"],
        0,
    )
