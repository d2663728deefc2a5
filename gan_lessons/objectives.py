"""What the generator minimises: a loss of logits, told which batches to judge.

The training loop calls it as ``objective(discriminator, real, fake)``, as it calls a penalty.
Most losses look at the fakes only; some compare them with the real batch of the same step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn


class HasFeatures(Protocol):
    """A discriminator that shows an inner layer."""

    def features(self, x: Tensor) -> Tensor:
        """Map samples (..., B, *) to features (..., B, A)."""


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


@dataclass(frozen=True)
class OnPairs:
    """A loss that compares the outputs of D for the real batch with those for the fakes.

    Parameters
    ----------
    loss : callable
        Maps outputs (real, fake), each (..., B), to a loss for each GAN, (...).

    Examples
    --------
    >>> import torch
    >>> from gan_lessons.alternatives import relativistic_g_loss
    >>> objective = OnPairs(relativistic_g_loss)
    >>> real, fake = torch.ones(4, 1), torch.zeros(4, 1)
    >>> round(objective(lambda x: x.squeeze(-1), real, fake).item(), 4)  # softplus(1)
    1.3133
    """

    loss: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss of the pairs."""
        return self.loss(discriminator(real), discriminator(fake))


@dataclass(frozen=True)
class FeatureMatching:
    """The squared distance between the mean features of the real batch and of the fakes.

    ||E f(x) - E f(G(z))||^2, with f an inner layer of D: the square of the Euclidean norm, so a
    SUM over features (``mean=True`` divides it by their number).  D itself goes on with its own
    loss; what it learns to look at is what G has to match.

    Parameters
    ----------
    mean : bool
        Whether to take the mean over the features.

    References
    ----------
    Salimans et al., Improved Techniques for Training GANs (2016), section 3.1.

    Examples
    --------
    >>> import torch
    >>> class Plain:
    ...     def features(self, x):
    ...         return x
    >>> real, fake = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    >>> FeatureMatching()(Plain(), real, fake).item()
    5.0
    """

    mean: bool = False

    def __call__(self, discriminator: HasFeatures, real: Tensor, fake: Tensor) -> Tensor:
        """Return the distance for each GAN."""
        wanted = discriminator.features(real).mean(-2)  # (..., A)
        square = (wanted.detach() - discriminator.features(fake).mean(-2)).square()
        return square.mean(-1) if self.mean else square.sum(-1)
