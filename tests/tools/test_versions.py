"""Which versions are tried is read from pyproject.toml and from Colab's list, not written twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import REPOSITORY

from tools.versions import NOTEBOOKS, TESTS, bounds, lines

PYPROJECT = """[project]
dependencies = ["torch>=2.4", "numpy>=1.26"]
[project.optional-dependencies]
plots = ["matplotlib>=3.8"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "a folder"
    (root / "constraints").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (root / "constraints/colab.txt").write_text("# torch==2.11.0+cu128\nnumpy==2.1.3\n")
    return root


def test_oldest_and_newest(root: Path) -> None:
    assert lines("oldest", root)[:3] == ["torch==2.4", "numpy==1.26", "matplotlib==3.8"]
    assert lines("newest", root) == ["torch", "numpy", "matplotlib", *TESTS]


def test_colab(root: Path) -> None:
    first, *others = lines("colab", root)
    assert first == f"-c '{root}/constraints/colab.txt'"  # quoted: the folder has a space
    assert others == ["torch==2.11.0", "numpy", "matplotlib", *TESTS, *NOTEBOOKS]


def test_a_version_can_be_replaced(root: Path) -> None:
    assert lines("oldest", root, ["torch==2.13.0"])[:2] == ["torch==2.13.0", "numpy==1.26"]
    with pytest.raises(ValueError, match=r"^instead must name one of torch, .*got 'jax==1'"):
        lines("oldest", root, ["jax==1"])


def test_what_is_wrong_is_said(root: Path) -> None:
    with pytest.raises(ValueError, match=r"^kind must be one of .*, got 'older'"):
        lines("older", root)
    with pytest.raises(ValueError, match=r"^pyproject must .*, got 'torch'"):
        bounds('[project]\ndependencies = ["torch"]')


@pytest.mark.parametrize("kind", ["oldest", "newest", "colab"])
def test_the_real_files_can_be_read(kind: str) -> None:
    script = REPOSITORY / "tools" / "versions.py"
    # -I -S: with nothing installed, as it is called before anything is.
    done = subprocess.run(
        [sys.executable, "-I", "-S", script, kind], capture_output=True, text=True, check=True
    )
    assert {"torch", "numpy", "matplotlib", "ipywidgets"} <= {
        line.partition("==")[0] for line in done.stdout.splitlines()
    }
