"""The parts of a release: the commit, the network, the wheel, the archive."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest
from support import REPOSITORY

import gan_lessons
from tools.release import __main__ as command
from tools.release import archive, network, tree, wheel
from tools.release.guard import sitecustomize as guard

OUTSIDE = "192.0.2.1"  # an address that belongs to nobody (RFC 5737)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one commit, with the parts that a release looks at."""
    folder = tmp_path / "a repository"
    files = {
        "gan_lessons/__init__.py": '__version__ = "9.8.7"\n',
        "gan_lessons/py.typed": "",
        "requirements.txt": "",
        ".gitignore": ".venv/\ndist/\n",
        "Makefile": "show:\n\tcat gan_lessons/__init__.py\nbad:\n\tfalse\n"
        "pages:\n\tmkdir -p _build/html _build/pdf\n"
        "\ttouch _build/html/index.html _build/pdf/gan-lessons.pdf\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".venv").mkdir()
    (folder / ".venv/installed").touch()
    tree.git(folder, "init", "--quiet")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything there."""
    tree.git(folder, "add", ".")
    who = ["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    tree.git(folder, *who, "commit", "--quiet", "-m", "More")


def test_a_clean_commit_is_ready(repository: Path) -> None:
    tree.refuse_unless_ready(repository, "9.8.7")
    tree.git(repository, "tag", "v9.8.7")
    tree.refuse_unless_ready(repository, "9.8.7")  # the release of this very commit, once more


@pytest.mark.parametrize("name", ["gan_lessons/py.typed", "new.txt"])
def test_what_is_not_committed_stops_it(repository: Path, name: str) -> None:
    (repository / name).write_text("changed")
    with pytest.raises(tree.NotReadyError, match=f"commit or put aside(.|\n)*{name}"):
        tree.refuse_unless_ready(repository, "9.8.7")


def test_a_number_that_is_taken_stops_it(repository: Path) -> None:
    tree.git(repository, "tag", "v9.8.7")
    (repository / "new.txt").write_text("new")
    commit(repository)
    taken = r"9\.8\.7 is already tagged, on commit .* next number"
    with pytest.raises(tree.NotReadyError, match=taken):
        tree.refuse_unless_ready(repository, "9.8.7")
    tree.refuse_unless_ready(repository, "9.8.8")


def test_the_copy_holds_the_commit_only(repository: Path, tmp_path: Path) -> None:
    (repository / "forgotten.txt").write_text("not committed")
    folder = tmp_path / "copy"
    environment = tree.copy(repository, folder)
    assert not (folder / "forgotten.txt").exists()
    assert (folder / ".venv").resolve() == (repository / ".venv").resolve()
    # Older than any environment: make leaves that alone.
    assert (folder / "requirements.txt").stat().st_mtime == 0
    assert not tree.git(folder, "status", "--porcelain")
    # Its package is the one that is imported.
    shown = subprocess.run(
        [sys.executable, "-c", "import gan_lessons; print(gan_lessons.__version__)"],
        cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.strip() == "9.8.7"


def test_a_goal_that_fails_stops_it(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command.make(["show"], repository, {})
    assert "9.8.7" in capfd.readouterr().out
    with pytest.raises(command.FailedError, match="make bad failed"):
        command.make(["bad"], repository, {})


def test_the_goals_are_targets() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for goal, *_ in command.GOALS:
        assert f"\n{goal}:" in makefile


def test_the_whole_command(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the commit to the checksums; with targets that only pretend, and without pip."""

    def build(folder: Path, out: Path, environment: dict[str, str]) -> Path:
        assert environment["PYTHONPATH"] == str(folder)
        out.mkdir()
        with ZipFile(out / "p.whl", "w") as file:
            for name in (*wheel.expected(folder), "p-1.dist-info/licenses/LICENSE"):
                file.writestr(name, "")
        return out / "p.whl"

    monkeypatch.setattr("tempfile.tempdir", str(repository.parent))
    monkeypatch.setattr(wheel, "build", build)
    monkeypatch.setattr(wheel, "KINDS", (".py", "py.typed"))
    monkeypatch.setattr(command, "GOALS", (["show"], ["pages"]))
    assert command.main(repository) == 0
    version = gan_lessons.__version__
    assert f"git tag v{version}" in capfd.readouterr().out
    made = repository / "dist"
    files = ["p.whl", f"gan-lessons-book-{version}.zip", f"gan-lessons-{version}.pdf"]
    assert (made / "SHA256SUMS").read_text() == archive.checksums(made / name for name in files)

    monkeypatch.setattr(wheel, "KINDS", (".js",))
    assert command.main(repository) == 1
    assert "no file .js" in capfd.readouterr().err
    monkeypatch.setattr(command, "GOALS", (["bad"],))
    assert command.main(repository) == 1
    assert "make bad failed" in capfd.readouterr().err
    (repository / "new.txt").touch()
    assert command.main(repository) == 1
    assert "commit or put aside" in capfd.readouterr().err


def test_the_files_of_a_package_are_those_of_git(repository: Path) -> None:
    (repository / "gan_lessons" / "forgotten.js").touch()
    assert wheel.expected(repository) == {"gan_lessons/__init__.py", "gan_lessons/py.typed"}


# ---- network ----

CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()"


@pytest.fixture
def here() -> Iterator[int]:
    """The port of a server on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def reach(host: str, port: int, starter: Sequence[str] | None = None) -> int:
    """Connect in another process; 0 if that worked."""
    python = [sys.executable, "-c", CONNECT, host, str(port)]
    return network.run(python, Path.cwd(), {}, starter)


def test_the_guard(here: int, capfd: pytest.CaptureFixture[str]) -> None:
    """Where a network of one's own is not allowed."""
    assert reach("127.0.0.1", here, starter=()) == 0
    for host in (OUTSIDE, "example.org"):
        assert reach(host, 80, starter=()) == 1
        assert f"the network is blocked here, and '{host}' was asked" in capfd.readouterr().err


def test_the_network_is_blocked(capfd: pytest.CaptureFixture[str]) -> None:
    """As it is done here; a process may still talk to itself."""
    assert reach(OUTSIDE, 80) == 1
    said = capfd.readouterr().err
    assert "the network is blocked" in said or "Network is unreachable" in said
    own = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        "socket.create_connection(s.getsockname(), 5).close()"
    )
    assert network.run([sys.executable, "-c", own], Path.cwd(), {}) == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", b"127.0.0.1", "::1", "", None])
def test_this_machine(host: object) -> None:
    assert guard.is_here(host)


@pytest.mark.parametrize("host", ["example.org", "10.0.0.1", "2001:db8::1", b"example.org"])
def test_other_machines(host: object) -> None:
    assert not guard.is_here(host)


# ---- wheel ----


def test_wheel(tmp_path: Path) -> None:
    """The real package's: nothing is missing, nothing is too much, setuptools does not warn."""
    folder = tmp_path / "copy"
    package = (p for p in (REPOSITORY / "gan_lessons").rglob("*") if p.name.endswith(wheel.KINDS))
    names = {str(path.relative_to(REPOSITORY)) for path in package}
    names |= {"pyproject.toml", "README.md", "LICENSE"}
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((REPOSITORY / name).read_bytes())
    environment = {"SOURCE_DATE_EPOCH": "1700000000"}
    built = wheel.build(folder, tmp_path / "out", environment)
    files = {name for name in names if name.startswith("gan_lessons/")}
    assert not wheel.problems(built, files)
    assert built.name == f"gan_lessons-{gan_lessons.__version__}-py3-none-any.whl"

    assert wheel.problems(built, {*files, "gan_lessons/a.txt"}) == ["gan_lessons/a.txt is missing"]
    lost = "gan_lessons/figures/base.js"
    assert wheel.problems(built, files - {lost}) == [f"{lost} is not of the package"]
    with ZipFile(built) as whole, ZipFile(tmp_path / "some.whl", "w") as some:
        for name in whole.namelist():
            if not name.endswith((".css", "LICENSE")):
                some.writestr(name, whole.read(name))
        metadata = whole.read(f"gan_lessons-{gan_lessons.__version__}.dist-info/METADATA").decode()
    found = wheel.problems(tmp_path / "some.whl", files)
    assert {"no file .css", "the licence is missing"} <= set(found)
    assert "gan_lessons/figures/base.css is missing" in found
    assert "\nLicense-Expression: MIT AND CC-BY-4.0\n" in metadata


def test_a_warning_of_setuptools_stops_it(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "lib"\nversion = "1"\nlicense = {text = "MIT"}\n'
    )
    with pytest.raises(wheel.WheelError, match="Deprecat"):
        wheel.build(tmp_path / "lib", tmp_path / "out", {})


# ---- archive ----


def test_the_same_book_gives_the_same_archive(tmp_path: Path) -> None:
    files = {"index.html": "start", "b/z.html": "z", "a.html": "a", "B.html": "B"}
    for folder, order in (("one", list(files)), ("two", list(files)[::-1])):
        for name in order:
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(files[name])
    (tmp_path / "two" / "a.html").chmod(0o600)
    os.utime(tmp_path / "two" / "a.html", (1, 1))
    (tmp_path / "out").mkdir()
    packed = []
    for folder in ("one", "two"):
        archive.pack(tmp_path / folder, tmp_path / "out" / "book.zip")
        packed.append((tmp_path / "out" / "book.zip").read_bytes())
    assert packed[0] == packed[1]
    with ZipFile(tmp_path / "out" / "book.zip") as opened:
        names = [f"book/{name}" for name in sorted(files)]
        assert opened.namelist() == names
        assert opened.read("book/b/z.html") == b"z"
    (tmp_path / "two" / "a.html").write_text("other")
    archive.pack(tmp_path / "two", tmp_path / "out" / "book.zip")
    assert (tmp_path / "out" / "book.zip").read_bytes() != packed[0]


def test_a_folder_without_a_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^folder must hold a built book, got "):
        archive.pack(tmp_path, tmp_path / "book.zip")


def test_checksums(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
    text = archive.checksums([tmp_path / "b", tmp_path / "a"])
    sums = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a", "b")}
    assert text == f"{sums['a']}  a\n{sums['b']}  b\n"
