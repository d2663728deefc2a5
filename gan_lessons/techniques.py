"""Techniques of 2016 that change a loss: smoothed labels, historical averaging, a switch of losses.

Each is a loss, an objective or a penalty of `gan_lessons.training.Trainer`: the loop knows none
of them.

References
----------
Salimans et al., Improved Techniques for Training GANs (2016), sections 3.3 and 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from gan_lessons.losses import binary_cross_entropy
from gan_lessons.samples import State

Judged = Callable[[nn.Module, Any, Any], Tensor]  # of (discriminator, real, fake)


def smoothed_optimum(p: Tensor, q: Tensor, alpha: float = 0.9, beta: float = 0.0) -> Tensor:
    """Return D*(x) = (alpha p + beta q) / (p + q), the best D for smoothed labels.

    Parameters
    ----------
    p, q : Tensor
        Densities of the data and of the generator at the same places, not both 0.
    alpha, beta : float
        The labels of real and of fake samples, from 0 to 1.

    References
    ----------
    Salimans et al. (2016), section 3.4.

    Examples
    --------
    >>> p, q = torch.tensor([1.0, 1.0, 0.0]), torch.tensor([0.0, 1.0, 1.0])
    >>> smoothed_optimum(p, q)  # at most alpha
    tensor([0.9000, 0.4500, 0.0000])
    """
    _check_labels(alpha, beta)
    return (alpha * p + beta * q) / (p + q)


@dataclass(frozen=True)
class SmoothedLabels:
    """The loss of D with the labels alpha for real samples and beta for fakes.

    The mean over the real batch of the cross-entropy with alpha, and that over the fakes with
    beta: a sum, as in `losses.discriminator_loss`, which it is for alpha = 1 and beta = 0.

    Parameters
    ----------
    alpha, beta : float
        From 0 to 1.  One-sided smoothing, the paper's advice, leaves beta at 0.

    Examples
    --------
    >>> loss = SmoothedLabels()
    >>> right, undecided = torch.tensor([[4.0]]), torch.tensor([[0.0]])
    >>> round(loss(right, undecided).item(), 4)  # 0.0181 + 0.1 * 4 + log 2
    1.1113
    """

    alpha: float = 0.9
    beta: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no label."""
        _check_labels(self.alpha, self.beta)

    def __call__(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss for each GAN, given logits (..., B)."""
        return binary_cross_entropy(real, self.alpha) + binary_cross_entropy(fake, self.beta)


class HistoricalAverage:
    """A spring to the past: weight * ||theta - mean of theta so far||^2, for each GAN.

    The mean is over all calls up to this one and is a constant for the gradient.  As a penalty
    it acts on D, as a term of the objective on G: give it the parameters of that player.

    Parameters
    ----------
    parameters : iterable of Tensor
        theta, each of shape (S, ...).
    weight : float
        At least 0.  Default 1, as in the paper's formula.

    References
    ----------
    Salimans et al. (2016), section 3.3.

    Examples
    --------
    >>> theta = torch.zeros(1, 2)
    >>> spring = HistoricalAverage([theta])
    >>> [spring(None, None, None).item(), theta.add_(2.0).sum().item()]
    [0.0, 4.0]
    >>> spring(None, None, None).item()  # the mean of 0 and 2 is 1: 1^2 + 1^2
    2.0
    """

    def __init__(self, parameters: Iterable[Tensor], weight: float = 1.0) -> None:
        self.parameters = [*parameters]
        if not self.parameters:
            raise ValueError("parameters must hold at least one tensor, got none")
        if not weight >= 0:
            raise ValueError(f"weight must be at least 0, got {weight}")
        self.weight, self.calls = weight, 0
        self.means = [torch.zeros_like(p) for p in self.parameters]

    def __call__(self, discriminator: object, real: object, fake: object) -> Tensor:
        """Return the penalty for each GAN; no argument is used."""
        self.calls += 1
        now = [p.detach() for p in self.parameters]
        torch._foreach_lerp_(self.means, now, 1 / self.calls)
        squares = [
            (p - m).square().flatten(1).sum(1)
            for p, m in zip(self.parameters, self.means, strict=True)
        ]
        return self.weight * torch.stack(squares).sum(0)

    def state(self) -> State:
        """Return what a checkpoint needs."""
        return {"calls": self.calls, "means": [m.clone() for m in self.means]}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        self.calls = state["calls"]
        for mean, value in zip(self.means, state["means"], strict=True):
            mean.copy_(value)


class Sum:
    """The sum of several objectives or penalties, each called with (discriminator, real, fake).

    Examples
    --------
    >>> from gan_lessons.penalties import R1, R2
    >>> both = Sum(R1(2.0), R2(2.0))
    >>> both(lambda x: 3 * x.squeeze(-1), torch.zeros(1, 5, 1), torch.ones(1, 5, 1)).item()
    18.0
    """

    def __init__(self, first: Judged, *others: Judged) -> None:
        self.terms = [first, *others]

    def __call__(self, discriminator: nn.Module, real: Any, fake: Any) -> Tensor:
        """Return the sum for each GAN."""
        first, *others = [term(discriminator, real, fake) for term in self.terms]
        return sum(others, start=first)

    def state(self) -> State:
        """Return what the terms that remember something remember."""
        return {str(i): t.state() for i, t in enumerate(self.terms) if hasattr(t, "state")}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        for i, value in state.items():
            # `state` above has asked: this term has both methods.
            self.terms[int(i)].load_state(value)  # type: ignore[attr-defined]


class Switched:
    """An objective that is replaced by another after some steps of G.

    Parameters
    ----------
    first, then : callable
        Objectives, ``(discriminator, real, fake)``.
    after : int
        How many calls `first` answers.

    Examples
    --------
    >>> switched = Switched(lambda d, r, f: "first", lambda d, r, f: "then", after=2)
    >>> [switched(None, None, None) for _ in range(4)]
    ['first', 'first', 'then', 'then']
    """

    def __init__(self, first: Judged, then: Judged, after: int) -> None:
        if after < 0:
            raise ValueError(f"after must be at least 0, got {after}")
        self.first, self.then, self.after, self.calls = first, then, after, 0

    def __call__(self, discriminator: nn.Module, real: Any, fake: Any) -> Tensor:
        """Return the loss of G by the objective whose turn it is."""
        self.calls += 1
        objective = self.first if self.calls <= self.after else self.then
        return objective(discriminator, real, fake)

    def state(self) -> State:
        """Return what a checkpoint needs."""
        return {"calls": self.calls, "parts": Sum(self.first, self.then).state()}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        self.calls = state["calls"]
        Sum(self.first, self.then).load_state(state["parts"])


def tv_of_packs(p: ArrayLike, q: ArrayLike, pack: int) -> float:
    """Total variation between the laws of packs of independent draws, p^m and q^m.

    Parameters
    ----------
    p, q : sequence of float
        Probabilities of the same K cases.
    pack : int
        m: all K^m packs are visited, at most ten million.

    References
    ----------
    Lin et al., PacGAN (2018), section 3.

    Examples
    --------
    One of ten equal modes is missing: 0.1, and 1 - 0.9^3 in packs of three.

    >>> data, made = [0.1] * 10, [1 / 9] * 9 + [0.0]
    >>> round(tv_of_packs(data, made, 1), 6), round(tv_of_packs(data, made, 3), 6)
    (0.1, 0.271)
    """
    a, b = _law("p", p), _law("q", q)
    if len(a) != len(b):
        raise ValueError(f"q must have the {len(a)} cases of p, got {len(b)}")
    if pack < 1 or len(a) ** pack > 10_000_000:
        raise ValueError(f"pack must be at least 1 and few enough to visit, got {pack}")
    laws: list[NDArray[np.float64]] = []
    for one in (a, b):
        packs = one
        for _ in range(pack - 1):
            packs = np.multiply.outer(packs, one).ravel()
        laws.append(packs)
    return float(np.abs(laws[0] - laws[1]).sum() / 2)


def _law(name: str, p: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not (values >= 0).all() or abs(values.sum() - 1) > 1e-9:
        raise ValueError(f"{name} must be probabilities that sum to 1, got {values.tolist()}")
    return values


def _check_labels(alpha: float, beta: float) -> None:
    for name, label in (("alpha", alpha), ("beta", beta)):
        if not 0 <= label <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, got {label}")
