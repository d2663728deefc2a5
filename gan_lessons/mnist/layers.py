"""The two layers that stand between numbers and pictures.

G makes numbers from noise with a linear layer, and a picture from these with convolutions.  D goes
the other way.  `ToPicture` and `FromPicture` are where the one becomes the other; neither learns
anything.  Whoever makes layers does it under `random_state_kept`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn


class ToPicture(nn.Module):
    """Reads numbers, (B, height * width * channels), as pictures, (B, channels, height, width).

    The channels of a pixel stand side by side, and that is how the convolutions have them in
    memory (channels last).  So nothing is copied, here or in `FromPicture`, neither forward nor
    backward.  With torch's Unflatten and Flatten, activations and their gradients would lie in
    different orders, and a layer that walks through both at once is slow.

    Examples
    --------
    >>> ToPicture(2, 1, 3)(torch.arange(6)[None])
    tensor([[[[0, 2, 4]],
    <BLANKLINE>
             [[1, 3, 5]]]])
    """

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.shape = (channels, height, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the pictures: another view of x."""
        channels, height, width = self.shape
        return x.view(-1, height, width, channels).permute(0, 3, 1, 2)


class FromPicture(nn.Module):
    """Reads pictures, (B, channels, height, width), as numbers: undoes `ToPicture`.

    Examples
    --------
    >>> FromPicture()(ToPicture(2, 1, 3)(torch.arange(6)[None]))
    tensor([[0, 1, 2, 3, 4, 5]])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the numbers: another view of x, if its channels come last in memory."""
        return x.permute(0, 2, 3, 1).flatten(1)


def random_state_kept() -> AbstractContextManager[None]:
    """Leave torch's global source of random numbers as it was.

    Layers draw first weights from it as they are made; the networks then draw all of them anew.
    """
    return torch.random.fork_rng(devices=[])
