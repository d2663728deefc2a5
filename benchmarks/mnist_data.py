"""Time one epoch of MNIST batches against a Dataset of PIL images behind a DataLoader.

    GAN_LESSONS_DATA=../shared/mnist python benchmarks/mnist_data.py

The baseline is what tutorials use, written out: a Dataset whose ``__getitem__`` makes a PIL
image of one array, turns it into a float tensor from 0 to 1 and normalises it to -1 to 1 (as
torchvision's ToTensor and Normalize do), and a DataLoader that shuffles and collates batches of
128, without and with two workers.  Ours draws indices into one uint8 tensor.  An epoch is as
many batches as hold every picture once.  All run in turn in this process; the fastest of the
rounds of each counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gan_lessons.mnist.data import Digits, ImageBatches, load_mnist

BATCH = 128
ROUNDS = 3
AS_FAST = 50  # the bar


class Pictures(Dataset[tuple[Tensor, int]]):
    """MNIST as tutorials read it, one picture at a time."""

    def __init__(self, digits: Digits) -> None:
        self.images, self.labels = digits.images.numpy(), digits.labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index])
        array = np.array(picture, np.uint8, copy=True)  # ToTensor
        tensor = torch.from_numpy(array).view(28, 28, 1).permute(2, 0, 1).contiguous()
        tensor = tensor.to(torch.float32).div(255)
        mean, sd = torch.tensor([0.5]), torch.tensor([0.5])  # Normalize
        return tensor.sub_(mean[:, None, None]).div_(sd[:, None, None]), int(self.labels[index])


class Draws:
    """An epoch of ours, to be walked through like a DataLoader."""

    def __init__(self, digits: Digits) -> None:
        self.draw = ImageBatches(digits, BATCH, torch.Generator().manual_seed(0))
        self.batches = -(-len(digits) // BATCH)

    def __iter__(self) -> Iterable[tuple[Tensor, Tensor]]:
        return (self.draw.labelled() for _ in range(self.batches))


def seconds(epoch: Iterable[tuple[Tensor, Tensor]]) -> float:
    start = time.perf_counter()
    for images, _ in epoch:
        assert images.shape[1:] == (1, 28, 28)
    return time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(1)  # so that neither gains by the other's core
    digits = load_mnist("train")
    candidates = {
        "PIL DataLoader": DataLoader(Pictures(digits), BATCH, shuffle=True),
        "PIL DataLoader, 2 workers": DataLoader(
            Pictures(digits), BATCH, shuffle=True, num_workers=2
        ),
        "index draws": Draws(digits),
    }
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, epoch in candidates.items():
            times[name].append(seconds(epoch))
    print(f"{digits.source}; batches of {BATCH}, fastest of {ROUNDS} epochs, one thread")
    ours = min(times["index draws"])
    for name, values in times.items():
        print(f"{name:26s} {min(values) * 1e3:8.1f} ms   x {min(values) / ours:.1f}")
    verdict = "holds" if min(times["PIL DataLoader"]) / ours >= AS_FAST else "is missed"
    print(f"at least {AS_FAST} times as fast: {verdict}")


if __name__ == "__main__":
    main()
