"""The set-up cell: what it installs, from where, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from made_up import PUBLISHED, make
from nbclient import NotebookClient
from support import REPOSITORY

from tools.notebooks import Addresses, Book, convert
from tools.notebooks.setup_cell import set_up

CODE = "```{code-cell} ipython3\nx = 1\n```\n"
PAGE = "book/part/a"


def test_ref_is_the_version_or_what_is_asked_for(tmp_path: Path) -> None:
    make(tmp_path, CODE)
    assert Book.of(tmp_path).ref == "v9.8.7"
    book = Book.of(tmp_path, PUBLISHED, ref="abc123")
    first = convert(book, "book/part/a").cells[1]
    assert "git+https://example.org/ann/book@abc123" in first.source


def test_set_up_is_the_first_code_and_a_form(tmp_path: Path) -> None:
    notebook = convert(make(tmp_path, f"Text.\n\n## Next\n\n{CODE}\n## Last\n\n{CODE}"), PAGE)
    kinds = "".join(cell.cell_type[0] for cell in notebook.cells)
    assert kinds == "mmccmc"  # below the title and the text before the code
    first = notebook.cells[2]
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
    exec(set_up(addresses, "v1", PAGE), names)
    assert set(names) == {"__builtins__"}
    assert capsys.readouterr().out.startswith("GPU: ")


def test_set_up_says_the_name_of_a_gpu(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla T4")
    exec(set_up(Addresses(), "v1", PAGE), {})
    assert capsys.readouterr().out == "GPU: Tesla T4\n"


def _without_the_package(
    folder: Path, source: str, colab: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a cell in a new Python that cannot see this package, and whose pip we wrote.

    Its torch, too: the real one takes seconds to load. ``colab`` is the port of a server that
    stands for Colab's.
    """
    (folder / "torch.py").write_text(
        "from types import SimpleNamespace as new\n"
        "cuda = new(is_available=lambda: False)\nbackends = new(mps=cuda)\n",
        encoding="utf-8",
    )
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
    if colab:
        environment |= {"COLAB_JUPYTER_IP": "127.0.0.1", "KMP_TARGET_PORT": colab}
    return subprocess.run(
        [sys.executable, "-c", hide + source],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _asked(folder: Path) -> str:
    """What pip was asked for."""
    return (folder / "asked").read_text(encoding="utf-8")


def test_set_up_installs_the_package_and_nothing_else(tmp_path: Path) -> None:
    done = _without_the_package(tmp_path, set_up(PUBLISHED, "v9.8.7", PAGE))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("GPU: ")
    assert done.stdout.count("\n") == 1
    assert _asked(tmp_path) == "install --quiet --no-deps git+https://example.org/ann/book@v9.8.7"


def test_set_up_tells_why_it_failed(tmp_path: Path) -> None:
    done = _without_the_package(tmp_path, set_up(PUBLISHED, "broken", PAGE))
    assert done.returncode == 1
    assert "RuntimeError: cannot install gan_lessons from git+https" in done.stderr


def test_set_up_without_an_address_says_what_to_do(tmp_path: Path) -> None:
    done = _without_the_package(tmp_path, set_up(Addresses(), "v1", PAGE))
    assert done.returncode == 1
    assert "ModuleNotFoundError: This notebook needs the package gan_lessons" in done.stderr
    assert not (tmp_path / "asked").exists()


class Colab(BaseHTTPRequestHandler):
    """Says, as Colab's server does, where the notebooks were opened from."""

    answer: bytes

    def do_GET(self) -> None:
        """Answer one request."""
        self.send_response(200 if self.path == "/api/sessions" else 404)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def colab() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Colab)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield str(server.server_port)
    server.shutdown()
    server.server_close()
    thread.join()


FORK = "fileId=https%3A//github.com/bob/fork/blob/"


@pytest.mark.parametrize(
    ("path", "ref"),
    [
        (f"{FORK}main/book/part/a.ipynb", "main"),
        (f"{FORK}v1.2/book/part/a.ipynb", "v1.2"),
        (f"{FORK}a-branch/of%20bob/book/part/a.ipynb", "a-branch/of bob"),
        ("/github/bob/fork/blob/main/book/part/a.ipynb", "main"),
    ],
)
@pytest.mark.parametrize("known", [PUBLISHED, Addresses()], ids=["address", "no address"])
def test_in_colab_a_fork_s_notebook_installs_the_fork(
    tmp_path: Path, colab: str, path: str, ref: str, known: Addresses
) -> None:
    Colab.answer = json.dumps([{"path": "fileId=1a2b"}, {"path": path}]).encode()
    done = _without_the_package(tmp_path, set_up(known, "v9.8.7", PAGE), colab)
    assert done.returncode == 0, done.stderr
    assert _asked(tmp_path) == f"install --quiet --no-deps git+https://github.com/bob/fork@{ref}"


@pytest.mark.parametrize(
    "answer",
    [
        '[{"path": "fileId=1a2b3c"}]',  # a copy in Google Drive
        f'[{{"path": "{FORK}main/book/part/b.ipynb"}}]',  # another notebook
        f'[{{"path": "{FORK}main/book/part/aXipynb"}}]',
        '[{"name": "a.ipynb"}]',
        "[]",
        '{"error": "gone"}',
        "<html>",
    ],
)
def test_where_colab_does_not_say_it_the_notebook_s_address_counts(
    tmp_path: Path, colab: str, answer: str
) -> None:
    Colab.answer = answer.encode()
    done = _without_the_package(tmp_path, set_up(PUBLISHED, "v9.8.7", PAGE), colab)
    assert done.returncode == 0, done.stderr
    assert _asked(tmp_path).endswith("git+https://example.org/ann/book@v9.8.7")


def test_where_colab_s_server_is_gone_the_notebook_s_address_counts(tmp_path: Path) -> None:
    done = _without_the_package(tmp_path, set_up(PUBLISHED, "v9.8.7", PAGE), "9")
    assert done.returncode == 0, done.stderr
    assert _asked(tmp_path).endswith("@v9.8.7")


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
