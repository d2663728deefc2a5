"""Which files a chapter's key depends on: one small package, many ways to import."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
from ganl_book.chapter_key import PackageCode

FILES = {
    "__init__.py": "__version__ = '1'\ndef __getattr__(name):\n    return import_module(name)\n",
    "toy.py": "from .train.loop import step",
    "plots.py": "import importlib as i\ni.import_module('.toy', 'keylib')\nSTYLE = 'a.mplstyle'",
    "alone.py": "",
    "dynamic.py": "from importlib import import_module\nimport_module(input())",
    "a.mplstyle": "",
    "train/__init__.py": "def known(): pass",
    "train/loop.py": "def step():\n    from .. import alone",
    "train/unused.py": "",
}
TOY = {"__init__", "toy", "train/__init__", "train/loop", "alone"}
ALL = {name.removesuffix(".py") for name in FILES if name.endswith(".py")}
TRAIN = {"__init__", "train/__init__", "train/loop", "train/unused", "alone"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "keylib" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "keylib"


def _key(*cells: str) -> str | None:
    text = "".join(f"```{{code-cell}}\n{cell}\n```\n\n" for cell in cells)
    return PackageCode("keylib").key_of_chapter(f"# Chapter\n\nText.\n\n{text}")


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        ("import numpy", set()),
        ("import keylib", {"__init__"}),
        ("import keylib\nkeylib.__version__", {"__init__"}),
        ("from keylib import alone", {"__init__", "alone"}),
        ("import keylib.alone as a", {"__init__", "alone"}),
        ("import keylib as k\nk.alone.something(1)", {"__init__", "alone"}),
        ("def f():\n    from keylib.toy import step", TOY),
        ("%time from keylib import toy", TOY),
        ("%%time\nfrom keylib import toy", TOY),
        ("%matplotlib inline\n!ls\nfrom keylib import alone", {"__init__", "alone"}),
        ("from keylib import plots", TOY | {"plots", "a.mplstyle"}),
        ("from keylib.train import known", {"__init__", "train/__init__"}),
        ("from keylib.train import made_up", TRAIN),
        ("from keylib.train import *", TRAIN),
        ("from keylib import dynamic", ALL | {"a.mplstyle"}),
        ("!ls\nneither Python nor magic", ALL | {"a.mplstyle"}),
    ],
)
def test_key_follows_imports(package: Path, code: str, modules: set[str]) -> None:
    before = _key(code)
    assert before == _key(code), "the same sources have the same key"
    matter = set()
    for name, text in FILES.items():
        (package / name).write_text(text + "\n# edited")
        if _key(code) != before:
            matter.add(name.removesuffix(".py"))
        (package / name).write_text(text)
    assert matter == modules


def test_no_code_no_key(package: Path) -> None:
    assert _key() is None


def test_new_library_version_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _key("1 + 1")
    monkeypatch.setattr("ganl_book.chapter_key._versions", lambda: "torch 99")
    assert _key("1 + 1") != before
