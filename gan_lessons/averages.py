"""The average of a network over its training: smoother samples than the network itself makes."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class MovingAverage:
    """A copy of a network whose weights follow those of the network, smoothed over time.

    After step t, with the factor b, each weight m of the copy moves towards the weight w:

        m <- b m + (1 - b) w

    Floating-point buffers, such as the running statistics of batch normalisation, are averaged
    in the same way.  They are near the statistics that the averaged network would gather
    itself, and not equal to them.  Integer buffers, such as counters, are copied.

    Parameters
    ----------
    network : Module
        What is averaged, on the device where it stays.
    factor : float
        b, in [0, 1): the average reaches back over about 1 / (1 - b) steps.
    warm_up : bool
        Use min(b, (1 + t) / (10 + t)) at step t = 0, 1, ..., so that the first weights, which
        nothing was learned for, are soon forgotten.

    Examples
    --------
    >>> layer = nn.Linear(1, 1)
    >>> mean = MovingAverage(layer, 0.9)
    >>> before = layer.weight.item()
    >>> _ = layer.weight.data.add_(1.0)
    >>> mean.update(step=0)
    >>> round(mean.network.weight.item() - before, 4)
    0.1
    """

    def __init__(self, network: nn.Module, factor: float, warm_up: bool = False) -> None:
        self.factor, self.warm_up = factor, warm_up
        self.network = copy.deepcopy(network).requires_grad_(False)
        pairs = [*zip(_tensors(self.network), _tensors(network), strict=True)]
        self._means = [mean for mean, _ in pairs if mean.is_floating_point()]
        self._values = [now for _, now in pairs if now.is_floating_point()]
        self._counters = [(copied, now) for copied, now in pairs if not now.is_floating_point()]

    def update(self, step: int) -> None:
        """Move towards the network as it is after step number `step`, counted from 0."""
        factor = min(self.factor, (1 + step) / (10 + step)) if self.warm_up else self.factor
        torch._foreach_lerp_(self._means, self._values, 1 - factor)
        for copied, now in self._counters:
            copied.copy_(now)


def _tensors(module: nn.Module) -> list[Tensor]:
    """Return the parameters and buffers of a network: the same memory, but no graph."""
    return [t.detach() for t in (*module.parameters(), *module.buffers())]
