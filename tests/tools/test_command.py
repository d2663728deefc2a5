"""The command, the addresses and the set-up cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_up import PUBLISHED, make
from nbclient import NotebookClient
from support import REPOSITORY

from tools.notebooks import Addresses, Book, convert
from tools.notebooks.__main__ import main
from tools.notebooks.setup_cell import set_up

CODE = "```{code-cell} ipython3\nx = 1\n```\n"
NO_REPOSITORY: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)


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


def test_fork_passes_the_check_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, CODE)
    monkeypatch.setenv("GITHUB_REPOSITORY", "ann/book")
    main([], tmp_path)
    monkeypatch.setenv("GITHUB_REPOSITORY", "bob/fork")
    capsys.readouterr()
    assert main(["--check"], tmp_path) == 0
    assert "another repository" in capsys.readouterr().out
    main([], tmp_path)
    capsys.readouterr()
    assert main(["--check"], tmp_path) == 0
    assert capsys.readouterr().out == ""


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


def test_ref_is_the_version_or_what_is_asked_for(tmp_path: Path) -> None:
    make(tmp_path, CODE)
    assert Book.of(tmp_path).ref == "v9.8.7"
    book = Book.of(tmp_path, PUBLISHED, ref="abc123")
    first = convert(book, "book/part/a").cells[0]
    assert "git+https://example.org/ann/book@abc123" in first.source


def test_set_up_is_the_first_cell_and_a_form(tmp_path: Path) -> None:
    notebook = convert(make(tmp_path, CODE), "book/part/a")
    first = notebook.cells[0]
    assert first.source.startswith("#@title Set-up")
    assert "git+https://example.org/ann/book@v9.8.7" in first.source
    assert first.metadata.cellView == "form"
    assert json.dumps(notebook).count("#@title") == 1


@pytest.mark.parametrize("addresses", [PUBLISHED, Addresses()])
def test_set_up_where_the_package_is(
    addresses: Addresses, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It installs nothing, says which GPU there is, and leaves no name behind."""
    monkeypatch.setattr(subprocess, "run", None)
    names: dict[str, object] = {}
    exec(set_up(addresses, "v1"), names)
    assert set(names) == {"__builtins__"}
    assert capsys.readouterr().out.startswith("GPU: ")


def test_set_up_says_the_name_of_a_gpu(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla T4")
    exec(set_up(Addresses(), "v1"), {})
    assert capsys.readouterr().out == "GPU: Tesla T4\n"


def _without_the_package(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run a cell in a new Python that cannot see this package, and whose pip we wrote."""
    (folder / "pip.py").write_text(
        "import pathlib, sys\nprint('noise')\n"
        "pathlib.Path('asked').write_text(' '.join(sys.argv[1:]))\n"
        "pathlib.Path('gan_lessons.py').touch()\nsys.exit('broken' in sys.argv[-1])\n",
        encoding="utf-8",
    )
    hide = (
        "import sys, importlib.util as u\nsys.path.insert(0, '')\nold = u.find_spec\n"
        "def find_spec(name, package=None):\n"
        "    return None if name == 'gan_lessons' else old(name, package)\n"
        "u.find_spec = find_spec\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", hide + source],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_set_up_installs_the_package_and_nothing_else(tmp_path: Path) -> None:
    done = _without_the_package(tmp_path, set_up(PUBLISHED, "v9.8.7"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("GPU: ")
    assert done.stdout.count("\n") == 1
    assert (tmp_path / "asked").read_text(encoding="utf-8") == (
        "install --quiet --no-deps git+https://example.org/ann/book@v9.8.7"
    )


def test_set_up_tells_why_it_failed(tmp_path: Path) -> None:
    done = _without_the_package(tmp_path, set_up(PUBLISHED, "broken"))
    assert done.returncode == 1
    assert "RuntimeError: gan_lessons could not be installed from git+https" in done.stderr


def test_set_up_without_an_address_asks_for_the_package(tmp_path: Path) -> None:
    done = _without_the_package(tmp_path, set_up(Addresses(), "v1"))
    assert done.returncode == 1
    assert "ModuleNotFoundError: This notebook needs the package gan_lessons" in done.stderr
    assert not (tmp_path / "asked").exists()


def test_notebook_runs_from_top_to_bottom(tmp_path: Path) -> None:
    """In a kernel, as in Jupyter and Colab; the chapters' own code is run by the book."""
    hidden = CODE.replace("ipython3\n", "ipython3\n:tags: [hide-input]\n\n")
    used = "```{code-cell} ipython3\nfrom gan_lessons import losses\n\nx + 1\n```\n"
    notebook = convert(make(tmp_path, f"{hidden}\n## Next\n\n{used}"), "book/part/a")
    # Away from the made-up package of the same name.
    resources = {"metadata": {"path": str(REPOSITORY)}}
    NotebookClient(notebook, timeout=120, resources=resources).execute()
    first, *_, last = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert len(first) == 1
    assert first[0].text.startswith("GPU: ")
    assert last[0].data["text/plain"] == "2"
