"""The Dirac-GAN: a GAN with two numbers for parameters, and what gradient steps make of it.

The data are one point, 0.  The generator makes one point, theta.  The discriminator's logit is
the line psi x, and D is high on real samples.  So the real logit is 0, the fake one psi theta,
and the solution is (theta, psi) = (0, 0).  Both players follow their gradients:

    dtheta/dt =  psi   g(psi theta)        g: the push of the generator's loss on a fake
    dpsi/dt   = -theta d(psi theta)        d: the push of the discriminator's loss on a fake

A state is an array (..., 2) with theta first, float64; leading axes are independent runs.
`gan_lessons.updates` has the steps, the eigenvalues and the trajectories.

References
----------
Mescheder, Geiger and Nowozin, Which Training Methods for GANs do actually Converge? (2018).
Their D is high on fakes: replace psi by -psi to go from there to here.
Mescheder, Nowozin and Geiger, The Numerics of GANs (2017): consensus optimisation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from gan_lessons.updates import Players

Array = NDArray[np.float64]
Curve = tuple[Callable[[Array], Array], ...]  # a function with its first two derivatives

# Means over N(0, 1) by the trapezoidal rule.  Where the integrand is analytic and falls off on
# both sides its error shrinks exponentially; Gauss-Hermite nodes do much worse on a steep sigmoid.
NOISE = np.arange(-85, 86) / 10.0
WEIGHT = np.exp(-(NOISE**2) / 2) / np.exp(-(NOISE**2) / 2).sum()


def _bend(u: Array) -> Array:
    return expit(u) * expit(-u)


RISING: Curve = (expit, _bend, lambda u: _bend(u) * (1 - 2 * expit(u)))
FALLING: Curve = (
    lambda u: expit(-u),
    lambda u: -_bend(u),
    lambda u: -_bend(u) * (1 - 2 * expit(u)),
)
CONSTANT: Curve = (np.ones_like, np.zeros_like, np.zeros_like)


class Loss(NamedTuple):
    """How hard the losses of both players push on a logit, as functions of it.

    Parameters
    ----------
    real, fake : Curve
        The discriminator pushes a real logit up by ``real``, a fake one down by ``fake``.
    made : Curve
        The generator pushes the logit of its sample up by ``made``.
    """

    real: Curve
    fake: Curve
    made: Curve


LOSSES = {
    "saturating": Loss(FALLING, RISING, RISING),
    "non-saturating": Loss(FALLING, RISING, FALLING),
    "wasserstein": Loss(CONSTANT, CONSTANT, CONSTANT),
}


@dataclass(frozen=True)
class DiracGAN(Players):
    """The Dirac-GAN with any of the usual regularisers; each is a strength, and 0 is off.

    Parameters
    ----------
    loss : str
        A key of `LOSSES`.
    r1 : float
        gamma of the penalty gamma/2 psi^2: the squared slope of the logit at the real point.
        (R2, the same at the fake point, is the same number here.)
    noise : float
        Standard deviation of the instance noise on real and on fake points; means are exact.
    consensus : float
        gamma of consensus optimisation: the field v becomes v - gamma J^T v, so that both
        players descend gamma/2 |v|^2 as well.
    gradient_penalty : float
        gamma of the penalty gamma/2 (|psi| - 1)^2 of WGAN-GP.
    clip : float
        After each step of the discriminator psi is clipped to [-clip, clip].

    Examples
    --------
    >>> DiracGAN("wasserstein").field(np.array([3.0, 2.0]))
    array([ 2., -3.])
    >>> DiracGAN("saturating", r1=0.6).jacobian(np.zeros(2))
    array([[ 0. ,  0.5],
           [-0.5, -0.6]])
    """

    loss: str = "saturating"
    r1: float = 0.0
    noise: float = 0.0
    consensus: float = 0.0
    gradient_penalty: float = 0.0
    clip: float = math.inf
    size = 2

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ValueError(f"loss must be one of {[*LOSSES]}, got {self.loss!r}")
        for name in ("r1", "noise", "consensus", "gradient_penalty"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be finite and >= 0, got {getattr(self, name)}")
        if not self.clip > 0:
            raise ValueError(f"clip must be above 0, got {self.clip}")

    def value(self, p: Array) -> Array:
        """V = log D(0) + log(1 - D(theta)), or -psi theta for the Wasserstein game.

        Without noise and penalties: what the two players fight over.
        """
        u = p[..., 0] * p[..., 1]
        return -u if self.loss == "wasserstein" else -math.log(2.0) - np.logaddexp(0.0, u)

    def field(self, p: Array) -> Array:
        """See `Players.field`."""
        v = self._plain(p)
        if self.consensus:
            v = v - self.consensus * np.einsum("...ij,...i->...j", self._slopes(p), v)
        return v

    def jacobian(self, p: Array) -> Array:
        """See `Players.jacobian`; closed form everywhere."""
        J = self._slopes(p)
        if self.consensus:
            bend = np.einsum("...i,...ijk->...jk", self._plain(p), self._bends(p))
            J = J - self.consensus * (np.swapaxes(J, -1, -2) @ J + bend)
        return J

    def project(self, p: Array) -> Array:
        """Clip psi."""
        if math.isinf(self.clip):
            return p
        return np.stack([p[..., 0], np.clip(p[..., 1], -self.clip, self.clip)], -1)

    def _plain(self, p: Array) -> Array:
        loss, psi = LOSSES[self.loss], p[..., 1]
        r, x, w, y = self._points(p)
        pull = _mean(y * loss.made[0](y * x), w)
        push = _mean(r * loss.real[0](y * r) - x * loss.fake[0](y * x), w)
        # sign(0) = 0: at psi = 0 the gradient penalty has a kink, and its push jumps.
        penalty = self.r1 * psi + self.gradient_penalty * (psi - np.sign(psi))
        return np.stack([pull, push - penalty], -1)

    def _slopes(self, p: Array) -> Array:
        (_, a1, _), (b, b1, _), (c, c1, _) = LOSSES[self.loss]
        r, x, w, y = self._points(p)
        u = y * x
        own = _mean(r**2 * a1(y * r) - x**2 * b1(u), w) - self.r1 - self.gradient_penalty
        rows = [
            [_mean(y**2 * c1(u), w), _mean(c(u) + u * c1(u), w)],
            [-_mean(b(u) + u * b1(u), w), own],
        ]
        return np.stack([np.stack(row, -1) for row in rows], -2)

    def _bends(self, p: Array) -> Array:
        """Second derivatives of the field without consensus, [..., i, j, k]."""
        (_, _, a2), (_, b1, b2), (_, c1, c2) = LOSSES[self.loss]
        r, x, w, y = self._points(p)
        u = y * x
        mixed = _mean(2 * y * c1(u) + y**2 * x * c2(u), w), -_mean(2 * x * b1(u) + x * u * b2(u), w)
        theta = (
            [_mean(y**3 * c2(u), w), mixed[0]],
            [mixed[0], _mean(2 * x * c1(u) + x * u * c2(u), w)],
        )
        first = -_mean(2 * y * b1(u) + y * u * b2(u), w)
        psi = [first, mixed[1]], [mixed[1], _mean(r**3 * a2(y * r) - x**3 * b2(u), w)]
        return np.stack([np.stack([np.stack(row, -1) for row in m], -2) for m in (theta, psi)], -3)

    def _points(self, p: Array) -> tuple[Array, Array, Array, Array]:
        """Real points, fake points and their weights along a new last axis, and psi."""
        noise, w = (self.noise * NOISE, WEIGHT) if self.noise else (np.zeros(1), np.ones(1))
        return noise, p[..., :1] + noise, w, p[..., 1:]


def _mean(values: Array, weight: Array) -> Array:
    """Mean over the last axis."""
    return np.asarray((values * weight).sum(-1))
