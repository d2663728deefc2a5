"""The published files of MNIST and Fashion-MNIST: where they are, and what is inside.

`obtain` returns the content of one file, always as published: every byte that it returns has
passed the file's sha256.  It looks in the folder named by the environment variable
GAN_LESSONS_DATA, in the user's cache (pooch's folder for this package, or GAN_LESSONS_CACHE),
and then at the mirrors, one after another.  A download goes to a temporary file, and takes its
name only when it is whole.

References
----------
LeCun, Cortes, Burges, The MNIST database of handwritten digits: the files and their format.
Xiao, Rasul, Vollgraf, Fashion-MNIST (2017): the same form, pictures of clothes.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
from numpy.typing import NDArray

from gan_lessons.mnist.download import DataError, Published, fetch

DATA_VARIABLE = "GAN_LESSONS_DATA"
CACHE_VARIABLE = "GAN_LESSONS_CACHE"


@dataclass(frozen=True)
class Archive:
    """The files of one data set, and the addresses (ending in a slash) that serve them all."""

    mirrors: tuple[str, ...]
    splits: dict[str, tuple[Published, Published]]  # "train" or "test": images and labels


ARCHIVES = {
    "mnist": Archive(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://raw.githubusercontent.com/fgnt/mnist/master/",
        ),
        splits={
            "train": (
                Published("train-images-idx3-ubyte.gz", 9912422,
                          "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
                Published("train-labels-idx1-ubyte.gz", 28881,
                          "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            ),
            "test": (
                Published("t10k-images-idx3-ubyte.gz", 1648877,
                          "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
                Published("t10k-labels-idx1-ubyte.gz", 4542,
                          "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
            ),
        },
    ),
    "fashion": Archive(
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        splits={
            "train": (
                Published("train-images-idx3-ubyte.gz", 26421880,
                          "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
                Published("train-labels-idx1-ubyte.gz", 29515,
                          "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            ),
            "test": (
                Published("t10k-images-idx3-ubyte.gz", 4422102,
                          "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
                Published("t10k-labels-idx1-ubyte.gz", 5148,
                          "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
            ),
        },
    ),
}  # fmt: skip


def cache_folder() -> Path:
    """Return where this package keeps what it downloads and trains; it need not exist yet."""
    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("gan-lessons"))


def obtain(archive: str, file: Published) -> tuple[bytes, str]:
    """Return the content of a published file, and the folder it was found in.

    Parameters
    ----------
    archive : str
        A name in ARCHIVES.
    file : Published
        One of its files.

    Raises
    ------
    DataError
        If GAN_LESSONS_DATA names no folder, a file in it is not the published one, no mirror
        gives the published one, or it cannot be kept.  UnreachableError if no mirror answers.
    """
    for folder in _given_folders(archive):
        path = folder / file.name
        if path.is_file():
            content = path.read_bytes()
            if difference := file.differs_from(content):
                raise DataError(
                    f"{path}, where {DATA_VARIABLE} says to look, is not the published file: "
                    f"{difference}"
                )
            return content, str(folder)
    path = cache_folder() / archive / file.name
    if path.is_file() and not file.differs_from(content := path.read_bytes()):
        return content, str(path.parent)
    fetch(file, ARCHIVES[archive].mirrors, path)
    return path.read_bytes(), str(path.parent)


def _given_folders(archive: str) -> list[Path]:
    """Where GAN_LESSONS_DATA says to look: the files of the two archives have the same names."""
    given = os.environ.get(DATA_VARIABLE)
    if not given:
        return []
    if not Path(given).is_dir():
        raise DataError(f"{DATA_VARIABLE} must name a folder, got {given!r} (in {Path.cwd()})")
    return [Path(given) / archive] + ([Path(given)] if archive == "mnist" else [])


def read_idx(content: bytes) -> NDArray[np.uint8]:
    """Return the array in a gzipped IDX file of unsigned bytes.

    The format: two zero bytes, the type (8: unsigned byte), the number of axes, the length of
    each axis as a big-endian 32-bit number, then the values, last axis fastest.

    Examples
    --------
    >>> read_idx(gzip.compress(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 5, 6, 7])))
    array([[5, 6, 7]], dtype=uint8)
    """
    raw = gzip.decompress(content)
    if raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
        raise ValueError(f"content must be IDX with unsigned bytes, got {raw[:4]!r} ...")
    values = 4 + 4 * raw[3]
    shape = np.frombuffer(raw[4:values], ">u4").astype(int)
    if len(raw) - values != shape.prod():
        raise ValueError(f"content must hold {shape} values, got {len(raw) - values}")
    return np.frombuffer(raw, np.uint8, offset=values).reshape(shape)
