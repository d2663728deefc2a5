"""Buttons of a page: Colab, the repository, an edit, an issue, and the notebook to download."""

from __future__ import annotations

import doctest
import json
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from bs4 import BeautifulSoup
from support import REPOSITORY, TOC_PAGES

from tools.notebooks.__main__ import main

from .test_build import HEADER, MiniBook

sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
from ganl_book import addresses, repository

FORM = ".github/ISSUE_TEMPLATE/book.yml"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MiniBook:
    """Two chapters, of which one has no code, with their notebooks beside them."""
    for name in [n for n in os.environ if n.startswith("GITHUB_")] + ["GAN_LESSONS_URL"]:
        monkeypatch.delenv(name, raising=False)
    book = MiniBook(tmp_path / "a book")
    book.chapters(one="1", words="2")
    book.write("book/words.md", HEADER.format(name="words") + "Nothing but words.\n")
    book.write("gan_lessons/__init__.py", '__version__ = "9.8.7"\n')
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "tools", book.folder / "tools", ignore=without)
    book.write(FORM, (REPOSITORY / FORM).read_text(encoding="utf-8"))
    assert main([], book.folder) == 0
    return book


def links(html: str) -> dict[str, str]:
    """What the buttons above a page lead to, by what their classes say of them."""
    buttons = BeautifulSoup(html, "html.parser").select(".article-header-buttons a.btn")
    named = {name: str(b["href"]) for b in buttons for name in b["class"] if "-button" in name}
    return {name.removeprefix("btn-").removesuffix("-button"): to for name, to in named.items()}


def downloaded(book: MiniBook) -> str:
    return (book.folder / "_build/html/_sources/book/one.ipynb").read_text(encoding="utf-8")


def test_buttons_lead_to_the_repository_of_the_build(
    book: MiniBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.build_well()
    download = {
        "download-notebook": "../_sources/book/one.ipynb",
        "download-source": "../_sources/book/one.md",
    }
    words = {"download-source": "../_sources/book/words.md"}
    assert links(book.page("one")) == download
    assert links(book.page("words")) == words
    # Without an address what is downloaded is what stands beside the chapter.
    beside = book.folder / "book/one.ipynb"
    assert downloaded(book) == beside.read_text(encoding="utf-8")

    monkeypatch.setenv("GITHUB_REPOSITORY", "Ann/a-book")
    monkeypatch.setenv("GITHUB_REF_TYPE", "branch")
    monkeypatch.setenv("GITHUB_REF_NAME", "second-edition")
    book.build_well()
    home = "https://github.com/Ann/a-book"
    colab = "https://colab.research.google.com/github/Ann/a-book"
    assert links(book.page("one")) == download | {
        "colab": f"{colab}/blob/second-edition/book/one.ipynb",
        "source-repository": home,
        "source-edit": f"{home}/edit/second-edition/book/one.md",
        "source-issues": f"{home}/issues/new?template=book.yml&page=book%2Fone",
    }
    assert links(book.page("words")) == words | {
        "source-repository": home,
        "source-edit": f"{home}/edit/second-edition/book/words.md",
        "source-issues": f"{home}/issues/new?template=book.yml&page=book%2Fwords",
    }
    assert json.loads(downloaded(book))["metadata"] == json.loads(beside.read_text())["metadata"]
    assert "git+https://github.com/Ann/a-book@v9.8.7" in downloaded(book)
    assert "Made by the book's build" not in downloaded(book)
    assert "git+https://github.com/Ann" not in beside.read_text(encoding="utf-8")


def test_a_server_that_the_theme_does_not_know(book: MiniBook) -> None:
    """No button, and no error either: the notebook still knows where the package is."""
    urls = '[project.urls]\nRepository = "https://git.example.org/ann/book"\n'
    book.write("pyproject.toml", urls)
    book.build_well()
    assert set(links(book.page("one"))) == {"download-notebook", "download-source"}
    assert "git+https://git.example.org/ann/book@v9.8.7" in downloaded(book)


@pytest.mark.parametrize("module", [addresses, repository])
def test_examples(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


def test_the_field_of_the_form_is_there() -> None:
    """GitHub fills in a field by its id, and says nothing where there is none."""
    text = (REPOSITORY / FORM).read_text(encoding="utf-8")
    assert f"id: {repository.FIELD}\n" in text
    assert Path(FORM).name == repository.FORM


def test_the_built_book(book_html: Path) -> None:
    for name in TOC_PAGES:
        found = links((book_html / f"{name}.html").read_text(encoding="utf-8"))
        code = "```{code-cell}" in (REPOSITORY / f"{name}.md").read_text(encoding="utf-8")
        assert ("download-notebook" in found) == code, name
        if code:
            file = (book_html / f"{name}.html").parent / found["download-notebook"]
            assert file.is_file()
