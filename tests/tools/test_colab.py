"""`make colab`: what it says of a notebook, and that Colab ships what the book needs."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from support import REPOSITORY

from tools import colab

# Modules whose package has another name.
PACKAGES = {"sklearn": "scikit-learn", "IPython": "ipython", "PIL": "pillow", "yaml": "PyYAML"}


def _write(file: Path, *code: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    cells = [new_markdown_cell("# Page"), *map(new_code_cell, code)]
    file.write_text(nbformat.writes(new_notebook(cells=cells)), encoding="utf-8")
    return file


def test_a_notebook_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_LESSONS_WIDGETS", "0")  # as the book's build sets it
    file = _write(
        tmp_path / "a.ipynb",
        "import os, pathlib, warnings\nassert 'GAN_LESSONS_WIDGETS' not in os.environ\n"
        "assert not list(pathlib.Path().iterdir())\nwarnings.warn('old'); warnings.warn('old')",
        "import ipywidgets\nipywidgets.IntSlider()",
    )
    ran = colab.run(file, "a.ipynb")
    assert (ran.problem, ran.widgets) == ("", 1)
    assert len(ran.warned) == 1
    assert "UserWarning: old" in ran.warned[0]
    first, second = str(ran).splitlines()
    assert re.fullmatch(r"ok +\d+\.\d s  a.ipynb  \(1 live figures\)", first)
    assert "warns" in second


def test_nothing_can_be_installed_while_notebooks_run(tmp_path: Path) -> None:
    """A set-up cell that wanted to install would fail, at once and without the network."""
    code = (
        "import subprocess, sys\n"
        "pip = [sys.executable, '-m', 'pip', 'install', '--no-deps', '--target', 'here']\n"
        "wanted = {'packaging': 'No matching distribution',\n"
        "          'git+https://example.invalid/a/b@main': 'not allowed'}\n"
        "for what, why in wanted.items():\n"
        "    done = subprocess.run([*pip, what], capture_output=True, text=True)\n"
        "    assert done.returncode and why in done.stderr, done.stderr"
    )
    file = _write(tmp_path / "c.ipynb", code)
    assert not colab.run(file, "c.ipynb").problem


def test_notebooks_side_by_side_share_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert [colab.threads(jobs).get("OMP_NUM_THREADS") for jobs in (1, 2, 3, 9)] == [
        None, "4", "2", "1"
    ]  # fmt: skip
    code = "import os\nassert os.environ['OMP_NUM_THREADS'] == '4'"
    file = _write(tmp_path / "d.ipynb", code)
    assert not colab.run(file, "d.ipynb", colab.threads(2)).problem
    assert colab.run(file, "d.ipynb", {"OMP_NUM_THREADS": "3"}).problem


def test_a_notebook_that_fails(tmp_path: Path) -> None:
    ran = colab.run(_write(tmp_path / "b.ipynb", "x = 1", "raise ValueError('of mine')"), "b.ipynb")
    assert str(ran).startswith("FAILED")
    assert "ValueError: of mine" in str(ran)
    assert "\x1b" not in str(ran)


def test_which_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colab, "ROOT", tmp_path)
    with pytest.raises(ValueError, match=r"^book/ must hold notebooks .*, got none$"):
        colab.notebooks([])
    one = _write(tmp_path / "book/part/one.ipynb", "1")
    two = _write(tmp_path / "book/two.ipynb", "2")
    _write(tmp_path / "book/words.ipynb")
    _write(tmp_path / "book/.ipynb_checkpoints/two-checkpoint.ipynb", "2")
    assert colab.notebooks([]) == [one, two]
    assert colab.notebooks(["part/one", "book/two.ipynb"]) == [one, two]
    assert colab.main(["three"]) == 2
    with pytest.raises(ValueError, match=r"^notebooks must be some of one, two, got three$"):
        colab.notebooks(["three"])


def test_versions_that_changed() -> None:
    found = colab.installed()
    assert {"torch", "numpy", "gan-lessons"} <= set(found)
    assert not colab.changes(found, found)
    assert not colab.changes(found, found | {"gan-lessons": "9"})
    assert colab.changes(found, found | {"numpy": "9"}) == [f"numpy: {found['numpy']} became 9"]


def test_the_player_and_the_lab_are_tried() -> None:
    found = {f.name for pattern in colab.WIDGET_TESTS for f in REPOSITORY.glob(pattern)}
    assert {"test_player_widget.py", "test_lab_widget.py", "test_lab_kernel.py"} <= found


def _imported(source: str) -> set[str]:
    plain = re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)
    found: set[str] = set()
    for node in ast.walk(ast.parse(plain)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"gan_lessons"}


def test_colab_ships_all_that_is_imported() -> None:
    """So ``--no-deps`` is enough there."""
    needed: dict[str, str] = {}
    for file in sorted((REPOSITORY / "gan_lessons").rglob("*.py")):
        needed |= dict.fromkeys(_imported(file.read_text(encoding="utf-8")), file.name)
    for file in colab.notebooks([]):
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                needed |= dict.fromkeys(_imported("".join(cell["source"])), file.name)
    assert len(needed) > 8
    listed = (REPOSITORY / "constraints" / "colab.txt").read_text(encoding="utf-8")
    shipped = {line.partition("==")[0].lower() for line in listed.splitlines()} | {"torch"}
    names = {PACKAGES.get(n, n).lower().replace("_", "-"): where for n, where in needed.items()}
    assert not {name: where for name, where in names.items() if name not in shipped}


def test_every_week_in_colab_s_own_image() -> None:
    text = (REPOSITORY / ".github/workflows/weekly.yml").read_text(encoding="utf-8")
    job = yaml.safe_load(text)["jobs"]["colab"]
    assert job["container"]["image"].startswith("us-docker.pkg.dev/colab-images/public/")
    assert job["steps"][-1] == {"run": "make colab-here"}
