"""What the generator minimises: a loss of logits, told which batches to judge.

The training loop calls it as ``objective(discriminator, real, fake)``, as it calls a penalty.
Most losses look at the fakes only; some compare them with the real batch of the same step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class OnFakes:
    """A loss of the logits of the fakes, which leaves the real batch alone.

    Parameters
    ----------
    loss : callable
        Maps logits (..., B) to a loss for each GAN, (...).

    Examples
    --------
    >>> import torch
    >>> from gan_lessons.losses import nonsaturating_loss
    >>> objective = OnFakes(nonsaturating_loss)
    >>> fake = torch.zeros(8, 1)
    >>> round(objective(lambda x: x.squeeze(-1), fake, fake).item(), 4)  # softplus(-0) = log 2
    0.6931
    """

    loss: Callable[[Tensor], Tensor]

    def __call__(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss of the fakes, of the shape that `loss` gives it."""
        return self.loss(discriminator(fake))
