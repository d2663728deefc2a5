"""Download one published file: several mirrors, a checksum, and no half of a file left behind.

Pooch keeps the rules of a cache: a download goes to a temporary file beside its place, and takes
its name only when its checksum is right.  Here is what to do when it is not: a mirror that is
busy (HTTP status 429 or 5xx) or silent gets another try; after anything else comes the next.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm
from urllib3.exceptions import HTTPError, ReadTimeoutError

TIMEOUT = (5.0, 15.0)  # seconds to connect, and between two packets
SLOWEST = 20_000  # bytes a second, on average: anything slower counts as a time-out
TRIES = 3  # at one mirror, if it is busy or silent
PAUSE = 1.0  # seconds before the second try; twice as long before the third


@dataclass(frozen=True)
class Published:
    """One file, as its authors published it."""

    name: str
    size: int  # bytes
    sha256: str

    def differs_from(self, content: bytes) -> str | None:
        """Say what was expected and what was got, or None if `content` is this file."""
        if len(content) == self.size and hashlib.sha256(content).hexdigest() == self.sha256:
            return None
        return f"{self}, got {_described(len(content), hashlib.sha256(content).hexdigest())}"

    def __str__(self) -> str:
        """Say what is expected."""
        return f"expected {_described(self.size, self.sha256)}"


class DataError(RuntimeError):
    """A file could not be had, or is not what was published; the message says what was got."""


class UnreachableError(DataError):
    """No mirror could be reached at all: there seems to be no network."""


class _RequestError(Exception):
    """What one request came to, in words, and what follows from it."""

    def __init__(self, got: str, *, again: bool = False, answered: bool = True) -> None:
        super().__init__(got)
        self.again = again  # worth another try at the same mirror
        self.answered = answered  # there is a network, and somebody at the other end


def fetch(file: Published, mirrors: tuple[str, ...], path: Path) -> None:
    """Put `file` at `path`, from the first mirror that gives it.

    Parameters
    ----------
    file : Published
        What to download.
    mirrors : tuple of str
        Addresses to which the name of the file is added.
    path : Path
        Where it goes; whatever is there is replaced, but only by the right file.

    Raises
    ------
    DataError
        If no mirror gives the published file, or it cannot be written.  UnreachableError if no
        mirror answers.
    """
    problems, answered = [], False
    for mirror in mirrors:
        address = mirror + file.name
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE * 2 ** (attempt - 1))
            try:
                _retrieve(file, address, path)
                return
            except _RequestError as error:
                problem, again = f"  {address}: got {error}", error.again
                answered = answered or error.answered
            if not again:
                break
        problems.append(problem)
    kind = DataError if answered else UnreachableError
    what = "no mirror gave the published file" if answered else "no mirror could be reached"
    raise kind("\n".join([f"{file.name}: {what}", f"  {file}", *problems]))


def _retrieve(file: Published, address: str, path: Path) -> None:
    """Let pooch download to a temporary file, compare the checksum, and rename it to `path`."""

    def download(url: str, output_file: str, _: object) -> None:
        with Path(output_file).open("wb") as output:
            for chunk in _transfer(file, url):
                output.write(chunk)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        with _no_log():
            pooch.retrieve(address, f"sha256:{file.sha256}", path.name, path.parent,
                           downloader=download)  # fmt: skip
    except (OSError, ValueError) as error:  # a full disk, a folder that may not be written
        raise DataError(
            f"{file.name} from {address} cannot be kept at {path}: {file}, got {error}"
        ) from error


def _transfer(file: Published, address: str) -> Iterator[bytes]:
    """Yield what `address` sends, which is `file` if nothing is raised by the end."""
    start, size, digest = time.monotonic(), 0, hashlib.sha256()
    bar = tqdm(total=file.size, desc=file.name, unit="B", unit_scale=True, delay=1, leave=False)
    try:
        headers = {"Accept-Encoding": "identity"}  # the file is compressed already
        with (
            bar,
            requests.get(address, stream=True, timeout=TIMEOUT, headers=headers) as response,
        ):
            code = response.status_code
            if code != 200:
                again = code == 429 or code >= 500
                raise _RequestError(f"HTTP status {code} ({response.reason})", again=again)
            while chunk := response.raw.read1(2**16):  # what is there, so that a drip is noticed
                size += len(chunk)
                digest.update(chunk)
                if size > file.size:
                    raise _RequestError(f"more than {file.size} bytes")
                if time.monotonic() - start > sum(TIMEOUT) + size / SLOWEST:
                    raise _RequestError(f"{size} bytes, too slowly", again=True)
                yield chunk
                bar.update(len(chunk))
    except requests.ConnectTimeout:
        raise _RequestError("no connection in time", again=True, answered=False) from None
    except (requests.ReadTimeout, ReadTimeoutError):
        raise _RequestError(f"{size} bytes, then nothing in time", again=True) from None
    except requests.RequestException as error:
        raise _RequestError(f"no connection ({type(error).__name__})", answered=False) from None
    except HTTPError as error:  # of urllib3: the connection broke
        raise _RequestError(f"{size} bytes, then {type(error).__name__}") from None
    if size != file.size or digest.hexdigest() != file.sha256:
        raise _RequestError(_described(size, digest.hexdigest()))


def _described(size: int, digest: str) -> str:
    return f"{size} bytes, sha256 {digest}"


def _sweep(folder: Path) -> None:
    """Delete the temporary files of downloads that were killed more than an hour ago."""
    for path in folder.glob("tmp????????"):
        with contextlib.suppress(OSError):  # another process deletes it too, or holds it open
            if time.time() - path.stat().st_mtime > 3600:
                path.unlink()


@contextlib.contextmanager
def _no_log() -> Iterator[None]:
    """Keep pooch from printing the paths of this machine: the progress bar is enough."""
    logger = pooch.get_logger()
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
