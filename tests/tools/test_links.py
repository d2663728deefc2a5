"""The check of outside addresses, against a server of its own: no test needs the network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support import REPOSITORY

from tools.links import Answer, addresses, ask, everywhere, main, mirrors, report


class Server(BaseHTTPRequestHandler):
    """Answers with the number in the path; /then-200 fails once, then it is there."""

    asked: list[str]

    def do_GET(self) -> None:
        """Answer one request."""
        name = self.path.strip("/")
        failing = name == "then-200" and self.path not in self.asked
        self.asked.append(self.path)
        self.send_response(503 if failing else int(name.removeprefix("then-")))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Server.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("path", "verdict", "requests"),
    [
        ("200", "good", 1),
        ("302", "good", 2),
        ("404", "broken", 1),
        ("410", "broken", 1),
        ("403", "unknown", 1),  # many publishers refuse programs
        ("500", "unknown", 3),
        ("429", "unknown", 3),
        ("then-200", "good", 2),
    ],
)
def test_answers(server: str, path: str, verdict: str, requests: int) -> None:
    assert ask(f"{server}/{path}", pause=0).verdict == verdict
    assert len(Server.asked) == requests


def test_nobody_there() -> None:
    assert ask("http://127.0.0.1:9/", pause=0).verdict == "unknown"
    gone = ask("http://there-is-no-such-name.invalid/", pause=0)
    assert gone.verdict in {"broken", "unknown"}  # without a network no name can be found
    assert gone.why


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a](https://a.org/b).", {"https://a.org/b"}),
        ("<https://a.org/b>, (see https://a.org/c_(d)).", {"https://a.org/b", "https://a.org/c_(d)"}),
        ('url = "https://a.org/x#part"', {"https://a.org/x"}),
        ("url = {https://a.org/x?id=y},", {"https://a.org/x?id=y"}),
        ("  eprint    = {1406.2661},", {"https://arxiv.org/abs/1406.2661"}),
        ("journal = {arXiv preprint arXiv:1701.00160},", {"https://arxiv.org/abs/1701.00160"}),
        ("doi = {10.1016/0047-259X(82)90077-X}", {"https://doi.org/10.1016/0047-259X(82)90077-X"}),
        ("http://localhost:8000 and https://example.org/ann", set()),
    ],
)  # fmt: skip
def test_addresses(text: str, found: set[str]) -> None:
    assert addresses(text) == found


def test_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "book/part").mkdir(parents=True)
    (tmp_path / "gan_lessons").mkdir()
    (tmp_path / "README.md").write_text("https://a.org/")
    (tmp_path / "book/part/x.md").write_text("https://a.org/ https://b.org/y")
    (tmp_path / "gan_lessons/data.py").write_text("'https://mirror.org/' 'https://c.org/paper'")
    assert everywhere(tmp_path) == {
        "https://a.org/": ["README.md", "book/part/x.md"],
        "https://b.org/y": ["book/part/x.md"],
        "https://c.org/paper": ["gan_lessons/data.py"],
    }


def test_only_what_is_gone_fails(capsys: pytest.CaptureFixture[str]) -> None:
    where = {"https://a.org": ["x.md"], "https://b.org": ["y.md", "z.md"]}
    assert report([Answer("https://a.org", "good"), Answer("https://b.org", "unknown")], where) == 0
    assert report([Answer("https://b.org", "broken", "404 Not Found")], where) == 1
    said = capsys.readouterr().out
    assert "broken: https://b.org (404 Not Found) in y.md, z.md" in said
    assert "1 good, 1 unknown, 0 broken" in said


def test_the_real_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    listed = capsys.readouterr().out.split()
    assert "https://arxiv.org/abs/1406.2661" in listed  # the first GAN
    assert len([a for a in listed if a.endswith("ubyte.gz")]) == len(mirrors()) > 8
    assert set(everywhere(REPOSITORY)) <= set(listed)
