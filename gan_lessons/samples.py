"""What the players pass to each other: a batch of samples, with labels or without.

A plain GAN passes tensors.  A conditional GAN passes `Labelled`: samples and the label of each.
It answers to the few tensor methods that the training loop uses, so that the loop, the
objectives and the penalties are written once for both.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor


class Labelled(NamedTuple):
    """A batch of samples and their labels, B of each.

    Parameters
    ----------
    x : Tensor
        (B, *): samples, or the noise that they will be made from.
    y : Tensor
        (B,): class indices, or anything else with the batch first.

    Examples
    --------
    >>> batch = Labelled(torch.zeros(4, 1, 28, 28), torch.tensor([7, 2, 1, 0]))
    >>> batch.narrow(0, 1, 2).y.tolist()
    [2, 1]
    """

    x: Tensor
    y: Tensor

    def detach(self) -> Labelled:
        """Return the same samples as constants."""
        return Labelled(self.x.detach(), self.y)

    def float(self) -> Labelled:
        """Return the samples in float32; the labels stay what they are."""
        return Labelled(self.x.float(), self.y)

    def to(self, device: torch.device | str) -> Labelled:
        """Return both on a device."""
        return Labelled(self.x.to(device), self.y.to(device))

    def narrow(self, axis: int, start: int, length: int) -> Labelled:
        """Return a range of the batch, as `torch.narrow` does."""
        return Labelled(self.x.narrow(axis, start, length), self.y.narrow(axis, start, length))


Sample: TypeAlias = Tensor | Labelled
State: TypeAlias = dict[str, Any]  # tensors, numbers, strings, and lists and dicts of these


class Source(Protocol):
    """Where batches come from: data, or noise.

    To go on from a checkpoint exactly where it was written, a source also has ``state()`` and
    ``load_state(state)``: whatever the next batch depends on, as tensors, numbers, strings, and
    lists and dicts of these.  A source without them trains just as well, but cannot be saved.
    """

    def __call__(self) -> Any:
        """Return the next batch, a `Sample`."""


def go_on(generator: torch.Generator, state: Tensor) -> None:
    """Let a generator go on from a state that was saved, perhaps on another kind of device.

    CPUs and GPUs draw different numbers, and the state of one means nothing to another.  Then
    the generator gets a seed that is made from the state: it draws other numbers, but always the
    same ones, and two generators that were in one state are so again.

    Parameters
    ----------
    generator : torch.Generator
        Changed in place.
    state : Tensor
        What its ``get_state()`` returned, or that of another generator.

    Examples
    --------
    >>> one, other = torch.Generator().manual_seed(3), torch.Generator()
    >>> go_on(other, one.get_state())
    >>> bool(torch.randn(1, generator=one) == torch.randn(1, generator=other))
    True
    """
    state = state.cpu()
    if len(state) == len(generator.get_state()):
        generator.set_state(state)
    else:
        digest = hashlib.sha256(bytes(state.tolist())).digest()
        generator.manual_seed(int.from_bytes(digest[:4], "big"))


def values(sample: Sample) -> Tensor:
    """Return the samples themselves, without their labels.

    Examples
    --------
    >>> values(torch.ones(2)).tolist(), values(Labelled(torch.ones(2), torch.zeros(2))).tolist()
    ([1.0, 1.0], [1.0, 1.0])
    """
    return sample.x if isinstance(sample, Labelled) else sample


def with_values(sample: Sample, x: Tensor) -> Sample:
    """Return x with the labels of `sample`, if it has any.

    Examples
    --------
    >>> with_values(Labelled(torch.ones(1), torch.tensor([3])), torch.zeros(1))
    Labelled(x=tensor([0.]), y=tensor([3]))
    """
    # Not by `_replace`, of which the compiler of torch 2.11 makes an empty tuple.
    return Labelled(x, sample.y) if isinstance(sample, Labelled) else x


def joined(first: Sample, second: Sample, axis: int = 0) -> Sample:
    """Return one batch of two, the first one first; `axis` is that of the batch.

    Examples
    --------
    >>> joined(torch.zeros(2, 3), torch.ones(4, 3)).shape
    torch.Size([6, 3])
    >>> one = Labelled(torch.zeros(1), torch.tensor([3]))
    >>> joined(one, one).y.tolist()
    [3, 3]
    """
    x = torch.cat([values(first), values(second)], axis)
    if isinstance(first, Labelled) and isinstance(second, Labelled):
        return Labelled(x, torch.cat([first.y, second.y], axis))
    return x
