"""A web server on this machine that does what a test tells it to, right or wrong."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers by path: the first request of a path gets its first answer, and so on.

    The last answer of a path stays.  ``asked`` lists the paths of all requests, and
    ``encodings`` what they would accept.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.asked: list[str] = []
        self.encodings: set[str | None] = set()
        self.closing = threading.Event()


def body(content: bytes, *, length: int | None = None, encoding: str = "") -> Answer:
    """Send content; ``length`` is what the header promises, if not the truth."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if length != -1:
            request.send_header("Content-Length", str(len(content) if length is None else length))
        if encoding:
            request.send_header("Content-Encoding", encoding)
        request.end_headers()
        request.wfile.write(content)

    return answer


def status(code: int) -> Answer:
    """Answer with an error."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        request.send_header("Content-Length", "5")
        request.end_headers()
        request.wfile.write(b"sorry")

    return answer


def hang(server: Server, content: bytes = b"") -> Answer:
    """Say nothing, or begin and then say nothing, until the server closes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        if content:
            body(content, length=len(content) + 1)(request)
            request.wfile.flush()
        server.closing.wait(20)

    return answer


def drip(server: Server, content: bytes, pause: float) -> Answer:
    """Send one byte, wait, send one byte ..."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        body(b"", length=len(content))(request)
        for byte in content:
            if server.closing.is_set():
                return
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(pause)

    return answer


@contextlib.contextmanager
def serve() -> Iterator[Server]:
    """A server for the length of a with block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with lock:
                server.asked.append(self.path)
                server.encodings.add(self.headers["Accept-Encoding"])
                answers = server.answers[self.path] or [status(404)]
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    lock = threading.Lock()
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_address[1]}/")
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        http.shutdown()
        http.server_close()
        thread.join(5)
