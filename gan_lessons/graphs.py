"""A whole training step as one CUDA graph: recorded once, then replayed.

A small network on a fast GPU spends its time waiting for Python to launch the next kernel.  A
graph launches all kernels of a step at once.  It always reads and writes the same memory, so
each new batch is copied to where the recorded step looks for it.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from gan_lessons.samples import Labelled, Sample, Source


class Loop(Protocol):
    """What is recorded: a `gan_lessons.training.Trainer`."""

    real: Source
    noise: Source

    def play(self) -> tuple[Tensor, Tensor]:
        """Draw batches, move both players and return their losses."""


class Slot:
    """A source whose batches always lie in the same memory."""

    def __init__(self, source: Source, batches: int) -> None:
        self.source = source
        self.batches: list[Sample] = [_copy(source()) for _ in range(batches)]
        self._next = 0

    def __call__(self) -> Sample:
        """Return the next of the batches, over and over."""
        self._next = (self._next + 1) % len(self.batches)
        return self.batches[self._next - 1]

    def refill(self) -> None:
        """Overwrite the batches with new ones."""
        for slot in self.batches:
            for old, new in zip(_tensors(slot), _tensors(self.source()), strict=True):
                old.copy_(new, non_blocking=True)


class Graphed:
    """`play` of a trainer, for a trainer on a CUDA device.

    The first steps are played as usual, on a stream of their own: they make what is made once
    (workspaces of cuDNN, compiled code).  The next is recorded, and it and all others replayed.

    Parameters
    ----------
    loop : Loop
        The trainer.
    k : int
        How many batches of data, and how many of noise, a step draws.
    """

    warm_up = 3  # torch's advice

    def __init__(self, loop: Loop, k: int) -> None:
        self.loop, self.k = loop, k
        self.played = 0
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> tuple[Tensor, Tensor]:
        """Play one step; return the losses of D and G."""
        if self.played < self.warm_up:
            self.played += 1
            return self._play_aside()
        if self.graph is None:
            self._record()  # draws the batches, too
        else:
            self.real.refill()
            self.noise.refill()
        assert self.graph is not None
        self.graph.replay()
        d_loss, g_loss = self.losses
        return d_loss.clone(), g_loss.clone()  # the next replay writes to the same place

    def _play_aside(self) -> tuple[Tensor, Tensor]:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            losses = self.loop.play()
        torch.cuda.current_stream().wait_stream(stream)
        return losses

    def _record(self) -> None:
        loop, sources = self.loop, (self.loop.real, self.loop.noise)
        self.real, self.noise = (Slot(source, self.k) for source in sources)
        graph = torch.cuda.CUDAGraph()
        loop.real, loop.noise = self.real, self.noise
        try:
            with torch.cuda.graph(graph):  # nothing is computed yet
                self.losses = loop.play()
        finally:
            loop.real, loop.noise = sources
        self.graph = graph


def _tensors(sample: Sample) -> tuple[Tensor, ...]:
    return tuple(sample) if isinstance(sample, Labelled) else (sample,)


def _copy(sample: Sample) -> Sample:
    if isinstance(sample, Labelled):
        return Labelled(sample.x.clone(), sample.y.clone())
    return sample.clone()
