"""A discriminator on its own, against a generator that holds still: fitted, scored, put to use.

Examples
--------
>>> from gan_lessons.densities import gaussian
>>> p_data, p_g = gaussian(0.0, 1.0), Pushforward(lambda z: 2 + z, gaussian(0.0, 1.0))
>>> logit = fit_to_laws(p_data, p_g, hidden=(), steps=300)  # its best logit is 2 - 2x
>>> round(accuracy(logit, p_data, p_g), 3)
0.841
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import hypergeom
from torch import Tensor
from torch.nn.functional import softplus

from gan_lessons import losses
from gan_lessons.densities import Density, breakpoints, cdf, zeros
from gan_lessons.networks import LogitMLP, perceptron
from gan_lessons.theory import Pushforward, weighted_points
from gan_lessons.toy import one_thread
from gan_lessons.training import Adam

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Fitted:
    """S discriminators that were fitted side by side.

    Attributes
    ----------
    weights : list of Tensor
        W0, b0, W1, b1, ... of the S networks, float64: (S, in, out) and (S, 1, out).
    scale : tuple of float
        The (mean, sd) by which the networks see x standardised.
    value : Tensor, shape (S,)
        V on the points they were fitted to.
    """

    weights: list[Tensor]
    scale: tuple[float, float]
    value: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Return the logits of D s on row s of x: (S, B) to (S, B)."""
        mean, sd = self.scale
        inside = ((x.to(torch.float64) - mean) / sd).unsqueeze(-1)
        return perceptron(inside, self.weights, torch.tanh).squeeze(-1)

    def logit(self, member: int = 0) -> Function:
        """Return the logit of one of them as a function of x, (n,) to (n,)."""
        one = Fitted([w[[member]] for w in self.weights], self.scale, self.value[[member]])
        return lambda x: one(x.reshape(1, -1)).reshape(-1)


def fit_discriminator(
    real: Tensor,
    fake: Tensor,
    seeds: Sequence[int],
    *,
    hidden: Sequence[int] = (32, 32),
    weights: tuple[Tensor, Tensor] | None = None,
    steps: int = 800,
    rate: float = 3e-2,
) -> Fitted:
    """Maximise V over the weights of D on fixed real and fake points; G has no part in it.

    Full batches and Adam, with a rate that falls to 0 along half a cosine.

    Parameters
    ----------
    real, fake : Tensor, shapes (S, m) and (S, n)
        Row s is what D number s is fitted to.
    seeds : sequence of int, length S
        The only source of the first weights.
    hidden : sequence of int
        Widths of the hidden layers, tanh units; without any, D is a logistic regression on x.
    weights : pair of Tensor, shapes (m,) and (n,), optional
        Probability of each point, for means in place of sample means (see `fit_to_laws`).
    steps : int
        Number of updates.
    rate : float
        Learning rate at the start.

    Returns
    -------
    Fitted
        With V as it is after the last step, at most the supremum over networks of this shape.
    """
    if real.ndim != 2 or fake.ndim != 2 or 0 in (*real.shape, *fake.shape):
        raise ValueError(f"real and fake must have shapes (S, m) and (S, n), got "
                         f"{tuple(real.shape)} and {tuple(fake.shape)}")  # fmt: skip
    if not len(seeds) == len(real) == len(fake):
        raise ValueError(f"seeds must hold one for each row of real and fake, got {len(seeds)}")
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}")
    both = torch.cat([real, fake], 1).to(torch.float64)
    scale = float(both.mean()), float(both.std()) or 1.0
    points = ((both - scale[0]) / scale[1]).to(torch.float32).unsqueeze(-1)  # (S, m + n, 1)
    m, n = real.shape[1], fake.shape[1]
    by = weights or (torch.full((m,), 1 / m), torch.full((n,), 1 / n))
    by = (by[0].to(torch.float32), by[1].to(torch.float32))
    network = LogitMLP([1, *hidden, 1], [torch.Generator().manual_seed(s) for s in seeds])
    params = [*network.parameters()]
    optimizer = Adam(params, rate, (0.9, 0.999))

    def value() -> Tensor:
        logits = network(points)
        return -(softplus(-logits[:, :m]) @ by[0]) - softplus(logits[:, m:]) @ by[1]  # (S,)

    with one_thread():
        for step in range(steps):
            optimizer.set_rate(rate * (1 + math.cos(math.pi * step / steps)) / 2)
            optimizer.step(torch.autograd.grad(-value().sum(), params))
        with torch.no_grad():
            return Fitted([p.detach().double() for p in params], scale, value().double())


def fit_to_laws(
    p_data: Density, p_g: Pushforward, seed: int = 0, *, hidden: Sequence[int] = (32, 32),
    steps: int = 800,
) -> Function:  # fmt: skip
    """Maximise the exact V over a small network D at a fixed G; return its logit.

    The points are those of the quadrature, weighted: infinitely many samples, so to say.
    """
    (x, real_weight), (fake, fake_weight) = weighted_points(p_data, p_g)
    fitted = fit_discriminator(x[None], fake.detach()[None], [seed], hidden=hidden, steps=steps,
                               weights=(real_weight, fake_weight))  # fmt: skip
    return fitted.logit()


def accuracy(logit: Function, p_data: Density, p_g: Pushforward) -> float:
    """Probability that D, cut at 1/2, is right on an even mix of real and fake, exact.

    At most (1 + TV) / 2, `gan_lessons.divergences.best_accuracy`, which D* reaches.  Where D is
    1/2 over a whole interval it tosses a coin.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> p_g = Pushforward(lambda z: 2 + z, gaussian(0.0, 1.0))
    >>> round(accuracy(lambda x: 1 - x, gaussian(0.0, 1.0), p_g), 6)
    0.841345
    """
    cuts = sorted({*breakpoints(p_data), *p_g.support})
    edges = torch.tensor([cuts[0], *zeros(logit, cuts), cuts[-1]], dtype=torch.float64)
    sign = torch.sign(logit((edges[:-1] + edges[1:]) / 2))
    real, fake = cdf(p_data, edges).diff(), p_g.cdf(edges).diff()
    return float(((1 + sign) / 2 * real + (1 - sign) / 2 * fake).sum() / 2)


@dataclass(frozen=True)
class TwoSampleTest:
    """What S discriminators say about points that they were not fitted to; arrays of shape (S,).

    Attributes
    ----------
    accuracy : array
        Share of the held-out points that D cut at 1/2 gets right.
    value : array
        V on the held-out points, in nats.
    p_value : array
        Probability of so many right answers or more if the held-out labels are shuffled.
    """

    accuracy: NDArray[np.float64]
    value: NDArray[np.float64]
    p_value: NDArray[np.float64]


def two_sample_test(
    real: Tensor, fake: Tensor, seeds: Sequence[int], *, hidden: Sequence[int] = (32, 32),
    steps: int = 150,
) -> TwoSampleTest:  # fmt: skip
    """Ask whether real and fake points come from one law: fit D on half of them, score the rest.

    If they do, the labels of the held-out points are exchangeable: given which of them D calls
    real, the number of real ones among those is hypergeometric.  That is the permutation test
    of the accuracy with all permutations at once, and its level is exact however bad D is.

    Parameters
    ----------
    real, fake : Tensor, shapes (S, m) and (S, n)
        S independent pairs of samples; in each row the order of the points must mean nothing.
        The first half of a row is for fitting.
    seeds, hidden, steps
        As in `fit_discriminator`.

    References
    ----------
    Lopez-Paz & Oquab, Revisiting classifier two-sample tests (2017).
    """
    if min(real.shape[-1], fake.shape[-1]) < 2:
        raise ValueError("real and fake must have two points each, one to fit and one to score, "
                         f"got {real.shape[-1]} and {fake.shape[-1]}")  # fmt: skip
    m, n = real.shape[1] // 2, fake.shape[1] // 2
    fitted = fit_discriminator(real[:, :m], fake[:, :n], seeds, hidden=hidden, steps=steps)
    on_real, on_fake = fitted(real[:, m:]), fitted(fake[:, n:])
    hits, false_alarms = ((on > 0).sum(1).numpy() for on in (on_real, on_fake))
    total, reals = on_real.shape[1] + on_fake.shape[1], on_real.shape[1]
    right = hits + on_fake.shape[1] - false_alarms
    p_value = hypergeom.sf(hits - 1, total, reals, hits + false_alarms)
    return TwoSampleTest(right / total, losses.value(on_real, on_fake).numpy(), p_value)
