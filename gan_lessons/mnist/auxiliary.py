"""Two losses more for a discriminator that also names the class: the auxiliary classifier GAN.

D has two heads.  One tells real from fake, the other predicts the label, and both players want
the labels to be predicted right: D on real and on fake pictures, G on its own,

    L_C = E log P(c | x_real) + E log P(c | x_fake),   D ascends L_S + L_C,  G ascends L_C - L_S.

G gains from pictures that are easy to name, not from pictures as various as those of a class.

References
----------
Odena, Olah and Shlens, Conditional Image Synthesis with Auxiliary Classifier GANs (2017),
equations (2) and (3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import cross_entropy


@dataclass(frozen=True)
class ClassPenalty:
    """What D adds to its loss: cross-entropy of its guesses at the labels, real and fake, in nats.

    Parameters
    ----------
    weight : float
        Of the classes against real or fake; the paper's is 1.
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a weight that makes no sense."""
        _check(self.weight)

    def __call__(self, discriminator: nn.Module, real: Any, fake: Any) -> Tensor:
        """Return the penalty; both batches must be `Labelled`."""
        return self.weight * (_guesses(discriminator, real) + _guesses(discriminator, fake))


@dataclass(frozen=True)
class WithClasses:
    """What G minimises: another objective, and the cross-entropy of D's guesses at its labels.

    Parameters
    ----------
    objective : callable
        What G minimises besides, for instance `gan_lessons.objectives.OnFakes`.
    weight : float
        Of the classes.
    """

    objective: Callable[[nn.Module, Any, Any], Tensor]
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a weight that makes no sense."""
        _check(self.weight)

    def __call__(self, discriminator: nn.Module, real: Any, fake: Any) -> Tensor:
        """Return the sum of both."""
        judged = self.objective(discriminator, real, fake)
        return judged + self.weight * _guesses(discriminator, fake)


def _guesses(discriminator: nn.Module, batch: Any) -> Tensor:
    # To the loop every D is a Module; this loss is for one with a second head.
    return cross_entropy(discriminator.classify(batch), batch.y)  # type: ignore[operator]


def _check(weight: float) -> None:
    if not 0 <= weight < float("inf"):
        raise ValueError(f"weight must be a finite number of at least 0, got {weight}")
