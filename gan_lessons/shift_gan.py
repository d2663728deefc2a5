"""The theta-shift GAN: data N(0, 1), generator G(z) = z + theta, logit a + b x.

The smallest GAN with densities.  Its family of discriminators holds the best one: the log of
N(x; 0, 1) / N(x; theta, 1) is theta^2/2 - theta x.  All means are exact, by quadrature.

A state is an array (..., 3): theta, a, b.  With a held at 0 it is the Dirac-GAN with instance
noise of standard deviation 1, psi = b: the spread of the data is noise on a point.

References
----------
Mescheder, Geiger and Nowozin, Which Training Methods for GANs do actually Converge? (2018),
section 4: why absolutely continuous distributions differ from points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_lessons import divergences
from gan_lessons.densities import gaussian
from gan_lessons.dynamics import LOSSES, NOISE, WEIGHT
from gan_lessons.updates import Players

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ShiftGAN(Players):
    """The theta-shift GAN, with an R1 penalty of gamma/2 b^2.

    Parameters
    ----------
    loss : str
        A key of `gan_lessons.dynamics.LOSSES`.
    r1 : float
        gamma; 0 is off.

    Examples
    --------
    >>> np.round(ShiftGAN().jacobian(np.zeros(3)), 12) + 0.0
    array([[ 0. ,  0. ,  0.5],
           [ 0. , -0.5,  0. ],
           [-0.5,  0. , -0.5]])
    """

    loss: str = "saturating"
    r1: float = 0.0
    size = 3

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ValueError(f"loss must be one of {[*LOSSES]}, got {self.loss!r}")
        if not 0 <= self.r1 < np.inf:
            raise ValueError(f"r1 must be finite and >= 0, got {self.r1}")

    def field(self, p: Array) -> Array:
        """Velocity of theta, a and b; see `gan_lessons.updates.Players.field`."""
        loss, (real, fake, x) = LOSSES[self.loss], _logits(p)
        up, down, b = loss.real[0](real), loss.fake[0](fake), p[..., 2]
        v = [
            b * (loss.made[0](fake) @ WEIGHT),
            (up - down) @ WEIGHT,
            (NOISE * up - x * down) @ WEIGHT - self.r1 * b,
        ]
        return np.stack(v, -1)

    def jacobian(self, p: Array) -> Array:
        """Closed form but for the means; see `gan_lessons.updates.Players.jacobian`."""
        loss, (real, fake, x) = LOSSES[self.loss], _logits(p)
        b = p[..., 2]
        r1 = loss.real[1](real)  # the pushes' derivatives by the logit
        f, f1 = loss.fake[0](fake), loss.fake[1](fake)
        m, m1 = loss.made[0](fake), loss.made[1](fake)
        of_x = x * f1 @ WEIGHT  # E x f'
        rows = [
            [b**2 * (m1 @ WEIGHT), b * (m1 @ WEIGHT), (m + b[..., None] * x * m1) @ WEIGHT],
            [-b * (f1 @ WEIGHT), (r1 - f1) @ WEIGHT, NOISE * r1 @ WEIGHT - of_x],
            [
                -(f @ WEIGHT) - b * of_x,
                NOISE * r1 @ WEIGHT - of_x,
                (NOISE**2 * r1 - x**2 * f1) @ WEIGHT - self.r1,
            ],
        ]
        return np.stack([np.stack(row, -1) for row in rows], -2)

    def value(self, p: Array) -> Array:
        """V(D, G) of the classical game, in nats; for the Wasserstein game the difference of means.

        Without the penalty.
        """
        real, fake, _ = _logits(p)
        if self.loss == "wasserstein":
            return np.asarray((real - fake) @ WEIGHT)
        return np.asarray(-(np.logaddexp(0.0, -real) + np.logaddexp(0.0, fake)) @ WEIGHT)


def best_reply(theta: ArrayLike) -> Array:
    """Return the state (theta, a, b) with D at its best: a = theta^2/2, b = -theta.

    Examples
    --------
    >>> best_reply(2.0).tolist()
    [2.0, 2.0, -2.0]
    """
    t = np.asarray(theta, dtype=np.float64)
    return np.stack([t, t**2 / 2, -t], -1)


def js(theta: float) -> float:
    """JS(N(0, 1), N(theta, 1)), in nats: V at the best reply is 2 JS - log 4.

    Examples
    --------
    >>> js(0.0), round(js(2.0), 4)
    (0.0, 0.3368)
    """
    return divergences.js(gaussian(0.0, 1.0), gaussian(float(theta), 1.0))


def _logits(p: Array) -> tuple[Array, Array, Array]:
    """Logits of the real and of the fake points, and the fake points, (..., nodes)."""
    theta, a, b = (p[..., i, None] for i in range(3))
    return a + b * NOISE, a + b * (NOISE + theta), NOISE + theta
