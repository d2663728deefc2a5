"""Two GANs on MNIST as tutorials write them: the baselines of `mnist.py`.  No output of its own.

The loops, layers and numbers are those of ``gan.py`` and ``dcgan.py`` in the widely copied
repository eriklindernoren/PyTorch-GAN: pictures through PIL one by one in a DataLoader, a sigmoid
and BCELoss, Adam (2e-4; 0.5, 0.999), batches of 64, and no averaged generator.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from gan_lessons.mnist.data import Digits

BATCH, NOISE, LR, BETAS = 64, 100, 2e-4, (0.5, 0.999)


class Files(Dataset[tuple[Tensor, int]]):
    """Pictures as torchvision's MNIST gives them: PIL, resized, to a tensor, normalised."""

    def __init__(self, digits: Digits, side: int) -> None:
        self.images, self.labels, self.side = digits.images.numpy(), digits.labels, side

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[i])
        if self.side != 28:
            picture = picture.resize((self.side, self.side), Image.Resampling.BILINEAR)
        x = torch.from_numpy(np.array(picture)).unsqueeze(0).float().div(255)
        return x.sub(0.5).div(0.5), int(self.labels[i])


def mlp() -> tuple[nn.Module, nn.Module, int]:
    def block(inside: int, outside: int, norm: bool = True) -> list[nn.Module]:
        layers: list[nn.Module] = [nn.Linear(inside, outside)]
        if norm:
            layers.append(nn.BatchNorm1d(outside, 0.8))
        return [*layers, nn.LeakyReLU(0.2, inplace=True)]

    g = nn.Sequential(
        *block(NOISE, 128, norm=False), *block(128, 256), *block(256, 512), *block(512, 1024),
        nn.Linear(1024, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)),
    )  # fmt: skip
    d = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 512), nn.LeakyReLU(0.2, inplace=True),
        nn.Linear(512, 256), nn.LeakyReLU(0.2, inplace=True), nn.Linear(256, 1), nn.Sigmoid(),
    )  # fmt: skip
    return g, d, 28


def dcgan() -> tuple[nn.Module, nn.Module, int]:
    def block(inside: int, outside: int, norm: bool = True) -> list[nn.Module]:
        layers = [nn.Conv2d(inside, outside, 3, 2, 1), nn.LeakyReLU(0.2, inplace=True),
                  nn.Dropout2d(0.25)]  # fmt: skip
        return [*layers, nn.BatchNorm2d(outside, 0.8)] if norm else layers

    g = nn.Sequential(
        nn.Linear(NOISE, 128 * 8 * 8), nn.Unflatten(1, (128, 8, 8)), nn.BatchNorm2d(128),
        nn.Upsample(scale_factor=2), nn.Conv2d(128, 128, 3, 1, 1), nn.BatchNorm2d(128, 0.8),
        nn.LeakyReLU(0.2, inplace=True), nn.Upsample(scale_factor=2),
        nn.Conv2d(128, 64, 3, 1, 1), nn.BatchNorm2d(64, 0.8), nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(64, 1, 3, 1, 1), nn.Tanh(),
    )  # fmt: skip
    d = nn.Sequential(
        *block(1, 16, norm=False), *block(16, 32), *block(32, 64), *block(64, 128),
        nn.Flatten(), nn.Linear(128 * 2 * 2, 1), nn.Sigmoid(),
    )  # fmt: skip

    def initialise(layer: nn.Module) -> None:
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.constant_(layer.bias, 0.0)

    g.apply(initialise)
    d.apply(initialise)
    return g, d, 32


TUTORIALS = {"tutorial MLP": mlp, "tutorial DCGAN": dcgan}


def tutorial(
    name: str, digits: Digits, seed: int, stops: list[float]
) -> Iterator[tuple[float, int, Callable[[int], Tensor]]]:
    """Train; at each of the stops (seconds of training) yield time, steps and how to sample."""
    torch.manual_seed(seed)
    g, d, side = TUTORIALS[name]()
    loss = nn.BCELoss()
    loader = DataLoader(Files(digits, side), batch_size=BATCH, shuffle=True)
    g_adam, d_adam = (torch.optim.Adam(net.parameters(), LR, betas=BETAS) for net in (g, d))

    def sample(n: int) -> Tensor:
        with torch.no_grad():
            parts = [g(torch.randn(min(500, n - i), NOISE)) for i in range(0, n, 500)]
        x = torch.cat(parts)
        if side != 28:
            x = nn.functional.interpolate(x, (28, 28), mode="bilinear", antialias=True)
        return x

    used, step, left = 0.0, 0, list(stops)
    start = time.perf_counter()
    while left:
        for real, _ in loader:
            valid, fake = torch.ones(len(real), 1), torch.zeros(len(real), 1)
            g_adam.zero_grad()
            made = g(torch.randn(len(real), NOISE))
            g_loss = loss(d(made), valid)
            g_loss.backward()
            g_adam.step()
            d_adam.zero_grad()
            d_loss = (loss(d(real), valid) + loss(d(made.detach()), fake)) / 2
            d_loss.backward()
            d_adam.step()
            g_loss.item(), d_loss.item()
            step += 1
            if used + time.perf_counter() - start >= left[0]:
                used += time.perf_counter() - start
                yield used, step, sample
                left.pop(0)
                start = time.perf_counter()
                if not left:
                    return
