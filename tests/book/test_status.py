"""The status page: times of real runs, kept when nothing runs again, and the versions."""

from __future__ import annotations

import platform
import re
import sqlite3
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from support import REPOSITORY, TOC_PAGES

from .test_build import HEADER, MiniBook
from .test_one_chapter import build as build_one

sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
from ganl_book.status import commit, in_order, versions

STATUS = HEADER.format(name="status") + "".join(
    f"```{{build-status}} {what}\n```\n\n" for what in ("chapters", "versions")
)


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MiniBook:
    monkeypatch.setenv("GITHUB_SHA", "a" * 40)
    book = MiniBook(tmp_path / "a book")
    book.chapters(one="print('one')", two="import time\ntime.sleep(1.5)", status="0")
    book.write("book/status.md", STATUS)
    # Not the order of the file names.
    chapters = [{"file": "book/two"}, {"file": "book/status"}]
    toc = {"format": "jb-book", "root": "book/one", "chapters": chapters}
    book.write("_toc.yml", yaml.safe_dump(toc))
    return book


def tables(html: str) -> list[dict[str, str]]:
    """Each table of the page: first column to second."""
    soup = BeautifulSoup(html, "html.parser")
    found = []
    for table in soup.select("article table"):
        rows = [[cell.get_text(" ", strip=True) for cell in row.select("td")]
                for row in table.select("tbody tr")]  # fmt: skip
        found.append({row[0]: row[1] for row in rows})
    return found


def test_times_are_of_the_real_runs(book: MiniBook, monkeypatch: pytest.MonkeyPatch) -> None:
    book.build_well()
    first, made_with = tables(book.page("status"))
    assert list(first) == ["Chapter one", "Chapter two"]  # in reading order; the rest has no code
    database = book.folder / "_build/.jupyter_cache/global.db"
    with sqlite3.connect(database) as kept:
        rows = kept.execute("select uri, json_extract(data, '$.execution_seconds') from nbcache")
        ran = {f"Chapter {Path(uri).stem}": seconds for uri, seconds in rows}
    assert first == {title: f"{ran[title]:.1f}" for title in first}
    assert ran["Chapter two"] > 1.5

    assert made_with["Python"] == platform.python_version()
    assert made_with["torch"] == metadata.version("torch")
    assert made_with["minilib"] == "not installed"
    assert made_with["commit"] == "a" * 12

    monkeypatch.setenv("GITHUB_SHA", "b" * 40)
    assert "0 added, 0 changed, 0 removed" in book.build_well()
    second, made_with = tables(book.page("status"))
    assert second == first, "nothing ran, and the page gives other times"
    assert made_with["commit"] == "b" * 12, "the page is of another commit"
    assert book.runs() == {"one": 1, "two": 1}

    book.write("book/two.md", (book.folder / "book/two.md").read_text().replace("1.5", "0.1"))
    book.build_well()
    third, _ = tables(book.page("status"))
    assert third["Chapter one"] == first["Chapter one"]
    assert float(third["Chapter two"]) != float(first["Chapter two"])


def test_the_page_alone(book: MiniBook) -> None:
    """``make book CHAPTER=back/status``: no chapter with code is part of such a build."""
    done = build_one(book, "status")
    assert done.returncode == 0, done.stderr
    assert "WARNING: " not in done.stderr
    page = book.folder / "_build/chapter/html/book/status.html"
    html = page.read_text(encoding="utf-8")
    assert "No chapter of this build has code." in html
    assert [table["Python"] for table in tables(html)] == [platform.python_version()]


def test_reading_order() -> None:
    includes = {"root": ["b", "a"], "b": ["z", "c"], "elsewhere": ["d"]}
    assert list(in_order(includes, "root")) == ["root", "b", "z", "c", "a"]


def test_commit(tmp_path: Path) -> None:
    assert commit(tmp_path, {}) == "not known"

    def git(*arguments: str) -> None:
        names = ["-c", "user.name=A", "-c", "user.email=a@b"]
        subprocess.run(["git", *names, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    (tmp_path / "file").write_text("a")
    git("add", "file")
    git("commit", "-m", "One")
    (tmp_path / "another").write_text("not part of it")
    assert re.fullmatch(r"[0-9a-f]{12}", commit(tmp_path, {}))
    (tmp_path / "file").write_text("b")
    assert re.fullmatch(r"[0-9a-f]{12}, and changes since", commit(tmp_path, {}))


def test_versions_are_those_here() -> None:
    found = dict(versions("gan_lessons"))
    assert found["gan-lessons"] == metadata.version("gan-lessons")
    assert "not installed" not in found.values()


def test_the_book_lists_every_chapter_with_code(book_html: Path) -> None:
    times, made_with = tables((book_html / "book/back/status.html").read_text(encoding="utf-8"))
    sources = {name: (REPOSITORY / f"{name}.md").read_text(encoding="utf-8") for name in TOC_PAGES}
    with_code = [text for text in sources.values() if "```{code-cell}" in text]
    titles = [re.search(r"^# (.+)$", text, re.MULTILINE) for text in with_code]
    assert list(times) == [title[1] for title in titles if title]
    assert all(float(seconds) > 0 for seconds in times.values())
    assert made_with["gan-lessons"]
