"""Minibatches of a one-dimensional density, one stream of numbers for each seed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gan_lessons.densities import Density, sample
from gan_lessons.samples import State


class Batches:
    """Endless minibatches of a density, one independent stream of numbers for each seed.

    Calling the object returns the next batch, of shape (S, B, 1) for S generators.  Stream s
    depends on generator s only, so a GAN sees the same batches alone and among others.
    Numbers are drawn for many batches at a time, because one large draw is faster than many
    small ones.

    Parameters
    ----------
    p : Density
        What to draw from.
    batch : int
        B, the number of values in a batch.
    generators : sequence of torch.Generator
        One for each of the S streams.
    loc, scale : float
        Each value x becomes (x - loc) / scale.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> batches = Batches(gaussian(4.0, 0.5), 8, [torch.Generator().manual_seed(0)])
    >>> batches().shape
    torch.Size([1, 8, 1])
    """

    block = 64  # batches drawn at once: enough to make the cost of a draw small

    def __init__(
        self,
        p: Density,
        batch: int,
        generators: Sequence[torch.Generator],
        loc: float = 0.0,
        scale: float = 1.0,
    ) -> None:
        if batch < 1:
            raise ValueError(f"batch must be at least 1, got {batch}")
        if not generators:
            raise ValueError("generators must hold at least one torch.Generator, got none")
        if not 0 < scale < math.inf:
            raise ValueError(f"scale must be a positive finite number, got {scale}")
        self.p, self.batch, self.generators = p, batch, list(generators)
        self.loc, self.scale = loc, scale
        self._queue: list[Tensor] = []

    def __call__(self) -> Tensor:
        """Return the next batch, float32 of shape (S, B, 1)."""
        if not self._queue:
            size = (self.block, self.batch, 1)
            streams = [sample(self.p, size, g) for g in self.generators]  # S of (block, B, 1)
            x = (torch.stack(streams, dim=1) - self.loc) / self.scale  # (block, S, B, 1)
            self._queue = list(x.unbind(0))[::-1]
        return self._queue.pop()

    def state(self) -> State:
        """Return what the next batches depend on: the generators, and what was drawn ahead."""
        states = [g.get_state() for g in self.generators]
        return {"generators": states, "queue": [x.clone() for x in self._queue]}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        for generator, value in zip(self.generators, state["generators"], strict=True):
            generator.set_state(value)
        self._queue = list(state["queue"])
