"""The command, and the addresses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from made_up import make
from support import REPOSITORY

from tools.notebooks import Addresses
from tools.notebooks.__main__ import main

CODE = "```{code-cell} ipython3\nx = 1\n```\n"


def test_writes_beside_the_pages_or_elsewhere(tmp_path: Path) -> None:
    make(tmp_path, CODE, "Text.")
    assert main([], tmp_path) == 0
    assert main(["--out", str(tmp_path / "out")], tmp_path) == 0
    for name in ("book/part/a.ipynb", "book/part/b.ipynb"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
        assert (tmp_path / name).read_text(encoding="utf-8").endswith("}\n")


def test_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path, CODE, "Text.")
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out.count("is not what") == 2  # missing
    main([], tmp_path)
    assert main(["--check"], tmp_path) == 0
    capsys.readouterr()

    file = tmp_path / "book/part/b.ipynb"
    right = file.read_text(encoding="utf-8")
    for wrong in (right.replace("Text.", "Text!"), right + "\n", "{}", "", "[]"):
        file.write_text(wrong, encoding="utf-8")
        assert main(["--check"], tmp_path) == 1
        assert capsys.readouterr().out == "book/part/b.ipynb is not what `make notebooks` writes\n"
        assert file.read_text(encoding="utf-8") == wrong, "a check writes nothing"
    file.write_text(right, encoding="utf-8")

    (tmp_path / "book/part/a.md").write_text("# Page\n\nNew.\n", encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out.startswith("book/part/a.ipynb is not")


def test_check_names_a_notebook_without_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path, "Text.")
    main([], tmp_path)
    (tmp_path / "book/old.ipynb").touch()
    capsys.readouterr()
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out == "book/old.ipynb belongs to no page of _toc.yml\n"


def test_same_bytes_on_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is committed does not depend on where it was made; a fork's tests pass as it is."""
    make(tmp_path, CODE)
    main([], tmp_path)
    monkeypatch.setenv("GITHUB_REPOSITORY", "bob/fork")
    monkeypatch.setenv("GAN_LESSONS_URL", "https://bob.example.org")
    assert main(["--check"], tmp_path) == 0
    # An address in the repository's own files is another matter.
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    main([], tmp_path)
    found = (tmp_path / "book/part/a.ipynb").read_text(encoding="utf-8")
    assert "git+https://github.com/Ann/book@v9.8.7" in found


def test_problem_is_told_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path, "Fine.", "Text.\n\n```{div}\n```\n")
    assert main([], tmp_path) == 2
    assert capsys.readouterr().err == "book/part/b.md:14: unknown directive {div}\n"
    assert not list(tmp_path.rglob("*.ipynb"))


def test_as_a_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.notebooks", "--check", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "book/intro.ipynb is not what" in done.stdout


PROJECT = '[project.urls]\nRepository = "https://github.com/Ann/book/"\n'


def test_addresses(tmp_path: Path) -> None:
    def found(environment: dict[str, str]) -> tuple[str | None, str | None]:
        addresses = Addresses.configured(tmp_path, environment)
        return addresses.repository, addresses.book

    runner = {"GITHUB_REPOSITORY": "bob/fork"}
    fork = ("https://github.com/bob/fork", "https://bob.github.io/fork")
    assert found({}) == (None, None)
    assert found(runner) == fork
    company = {**runner, "GITHUB_SERVER_URL": "https://git.example.org"}
    assert found(company) == ("https://git.example.org/bob/fork", None)

    project = tmp_path / "pyproject.toml"
    project.write_text(PROJECT, encoding="utf-8")
    assert found({}) == ("https://github.com/Ann/book", "https://ann.github.io/book")
    assert found(runner) == fork
    project.write_text(PROJECT + 'Documentation = "https://x.org/"\n', encoding="utf-8")
    assert found({}) == ("https://github.com/Ann/book", "https://x.org")
    assert found(runner) == fork, "the first repository's page is not the fork's"
    assert found(company)[1] is None

    (tmp_path / "_config.yml").write_text("html: {baseurl: https://y.org/}", encoding="utf-8")
    assert found({})[1] == found(runner)[1] == "https://y.org"
    assert found({**runner, "GAN_LESSONS_URL": "https://z.org/"})[1] == "https://z.org"
    assert found({"GITHUB_REPOSITORY": "", "GAN_LESSONS_URL": ""})[1] == "https://y.org"
