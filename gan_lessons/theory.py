"""The theory of the 2014 paper as functions that can be evaluated: D*, V, the exact law of G(z).

References
----------
Goodfellow et al., Generative Adversarial Nets (2014), Proposition 1 and Theorem 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import elementwise
from torch import Tensor
from torch.nn.functional import softplus

from gan_lessons.densities import Density, breakpoints, cdf, interval, nodes, pdf

Function = Callable[[Tensor], Tensor]  # maps (n,) to (n,), elementwise
Array = NDArray[np.float64]
Index = NDArray[np.int64]

LOG4 = math.log(4.0)


def optimal_logit(p_data: Tensor, p_g: Tensor, prior: float = 0.5) -> Tensor:
    """Logit of the optimal discriminator, log(p_data / p_g) + log(prior / (1 - prior)).

    NaN where both densities are 0: there D may be anything, as neither player ever looks.
    """
    if not 0 < prior < 1:
        raise ValueError(f"prior must be in (0, 1), got {prior}")
    return torch.log(p_data) - torch.log(p_g) + math.log(prior / (1 - prior))


def optimal_discriminator(p_data: Tensor, p_g: Tensor, prior: float = 0.5) -> Tensor:
    """D*(x) = p_data(x) / (p_data(x) + p_g(x)), Proposition 1; NaN where both are 0.

    Parameters
    ----------
    p_data, p_g : Tensor
        The two densities at the same points; at least 0.
    prior : float
        The share of real samples among those that D is shown, a number in (0, 1).  In general

            D*(x) = prior p_data(x) / (prior p_data(x) + (1 - prior) p_g(x)),

        the probability by Bayes' rule that x is real.  The game of the paper has 1/2.

    Examples
    --------
    >>> optimal_discriminator(torch.tensor([3.0, 0.0]), torch.tensor([1.0, 2.0]))
    tensor([0.7500, 0.0000])
    >>> optimal_discriminator(torch.tensor([1.0]), torch.tensor([1.0]), prior=0.25)
    tensor([0.2500])
    """
    for name, p in (("p_data", p_data), ("p_g", p_g)):
        if (p < 0).any():
            raise ValueError(f"{name} must be at least 0 everywhere, got {p.min().item()}")
    return torch.sigmoid(optimal_logit(p_data, p_g, prior))


class Pushforward:
    """The exact law p_g of x = G(z) in one dimension, G monotone or not.

    Where G is differentiable the density is a sum over all z that G sends to x,

        p_g(x) = sum over {z : G(z) = x} of p_z(z) / |G'(z)|.

    G is cut at its turning points into monotone pieces; on each, the one z that G sends to x
    is found to machine precision.  Where G turns, p_g has an integrable spike.

    Parameters
    ----------
    g : callable
        The generator, differentiable by autograd: float64 (n,) to (n,), elementwise.
    noise : Density
        Law of z.
    points : int
        G is looked at on a grid of so many z to find its turning points; two turning points
        within one cell of the grid are missed.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> p_g = Pushforward(lambda z: z**2, gaussian(0.0, 1.0))  # chi-squared, 1 degree of freedom
    >>> round(p_g.pdf(torch.tensor([1.0])).item(), 6)
    0.241971
    >>> round(p_g.cdf(torch.tensor([1.0])).item(), 6)
    0.682689
    """

    def __init__(self, g: Function, noise: Density, points: int = 1025) -> None:
        if points < 3:
            raise ValueError(f"points must be at least 3, got {points}")
        self.g, self.noise = g, noise
        low, high = interval(noise)
        grid = np.linspace(low, high, points)
        slope = self._slope(grid)
        turn = np.flatnonzero(slope[:-1] * slope[1:] < 0)
        on_grid = np.flatnonzero((slope[:-2] * slope[2:] < 0) & (slope[1:-1] == 0)) + 1
        turning = np.union1d(self._root(self._slope, grid[turn], grid[turn + 1]), grid[on_grid])
        # Each cell between neighbours of this grid is monotone: (cells + 1,)
        self.z = np.union1d(grid, turning)
        self.x = self._value(self.z)
        self.turning_values = self._value(turning)  # where p_g has a spike
        self.mass = np.diff(_numpy(cdf(noise, torch.from_numpy(self.z))))  # (cells,)

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest value that G takes."""
        return float(self.x.min()), float(self.x.max())

    @property
    def edges(self) -> Array:
        """Values of x where p_g may have a step or a spike: G at its turning points and ends."""
        return np.unique(np.concatenate([self.turning_values, self.x[[0, -1]]]))

    def pdf(self, x: Tensor) -> Tensor:
        """Density p_g(x), shape (n,); 0 outside the support."""
        which, z, _ = self._preimages(x)
        density = _numpy(pdf(self.noise, torch.from_numpy(z)))
        with np.errstate(divide="ignore"):
            terms = density / np.abs(self._slope(z))
        return torch.from_numpy(np.bincount(which, terms, minlength=len(x)))

    def cdf(self, x: Tensor) -> Tensor:
        """Probability that G(z) <= x, shape (n,)."""
        left, right = self.x[:-1], self.x[1:]
        # Cells that lie below x as a whole count in full ...
        order = np.argsort(np.maximum(left, right))
        below = np.concatenate([[0.0], np.cumsum(self.mass[order])])
        count = np.searchsorted(np.maximum(left, right)[order], _numpy(x), side="right")
        total = below[count]
        # ... and a cell that x cuts counts up to its root.
        which, z, cell = self._preimages(x)
        at_root = _numpy(cdf(self.noise, torch.from_numpy(z)))
        at_left = _numpy(cdf(self.noise, torch.from_numpy(self.z[cell])))
        part = np.where(right[cell] > left[cell], at_root - at_left,
                        self.mass[cell] - (at_root - at_left))  # fmt: skip
        total = total + np.bincount(which, part, minlength=len(x))
        return torch.from_numpy(np.clip(total, 0.0, 1.0))

    def _preimages(self, x: Tensor) -> tuple[Index, Array, Index]:
        """Return (i, z, cell of z) for every solution of G(z) = x[i]."""
        values = _numpy(x)
        low, high = np.minimum(self.x[:-1], self.x[1:]), np.maximum(self.x[:-1], self.x[1:])
        order = np.argsort(values)
        first = np.searchsorted(values[order], low, side="left")
        last = np.searchsorted(values[order], high, side="left")  # half-open: low <= x < high
        cell = np.repeat(np.arange(len(low)), last - first)
        start = np.repeat(first - np.cumsum(last - first) + (last - first), last - first)
        which = order[start + np.arange(len(cell))]
        z = self._root(lambda z, t: self._value(z) - t, self.z[cell], self.z[cell + 1],
                       values[which])  # fmt: skip
        return which, z, cell

    def _root(self, f: Callable[..., Array], low: Array, high: Array, *args: Array) -> Array:
        if not len(low):
            return np.zeros(0)
        found = elementwise.find_root(f, (low, high), args=args)
        # A bracket whose end is itself the root to rounding has no change of sign.
        return np.where(found.success, found.x, (low + high) / 2)

    def _value(self, z: Array) -> Array:
        with torch.no_grad():
            return _numpy(self.g(torch.from_numpy(np.asarray(z, dtype=np.float64))))

    def _slope(self, z: Array) -> Array:
        point = torch.from_numpy(np.array(z, dtype=np.float64)).requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(self.g(point).sum(), point)
        return _numpy(slope)


def value(logit: Function, p_data: Density, p_g: Pushforward) -> float:
    """V(D, G) = E log D(x) + E log(1 - D(G(z))), exact, for D given by its logit.

    Both means are integrals: over x for the data, over z for the generator.  No samples.
    """
    (x, real_weight), (fake, fake_weight) = weighted_points(p_data, p_g)
    return float(real_weight @ -softplus(-logit(x)) + fake_weight @ -softplus(logit(fake)))


def value_spread(logit: Function, p_data: Density, p_g: Pushforward) -> float:
    """Standard deviation of log D(x) + log(1 - D(G(z))) for one real x and one z, exact.

    A minibatch of m real and m fake samples gives V with this spread divided by sqrt(m).
    """
    variance = 0.0
    for sign, (x, weight) in zip((-1, 1), weighted_points(p_data, p_g), strict=True):
        term = -softplus(sign * logit(x))
        variance += float(weight @ (term - weight @ term) ** 2)
    return math.sqrt(variance)


def best_value(p_data: Density, p_g: Pushforward) -> float:
    """V(D*, G), the largest value that any discriminator reaches against this G.

    Theorem 1: it equals 2 JS(p_data, p_g) - log 4.
    """
    (_, real_weight, real), (_, fake_weight, fake) = _best_logits(p_data, p_g)
    return float(real_weight @ -softplus(-real) + fake_weight @ -softplus(fake))


def value_gap(logit: Function, p_data: Density, p_g: Pushforward) -> float:
    """V(D*, G) - V(D, G) by its own integral, which cannot be negative, in nats.

    It is the integral of (p_data + p_g) KL(Bernoulli(D*) || Bernoulli(D)): how far D is from
    D*, weighted by how often it is asked.
    """
    gap = 0.0
    for x, weight, best in _best_logits(p_data, p_g):
        own, best = logit(x), best.clamp(-700, 700)  # so that 0 times infinity is 0
        real = torch.sigmoid(best) * (softplus(-own) - softplus(-best))
        fake = torch.sigmoid(-best) * (softplus(own) - softplus(best))
        gap += float(weight @ (real + fake))
    return gap


def weighted_points(
    p_data: Density, p_g: Pushforward
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return (x, weight) for real and for generated points, to take means without samples.

    ``weight @ f(x)`` is the mean of f under p_data for the first pair, under p_g for the
    second, by quadrature: a data set that has no noise.
    """
    real, (z, fake_weight) = _nodes(p_data, p_g)
    return real, (p_g.g(z), fake_weight)


def _best_logits(p_data: Density, p_g: Pushforward) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Return (x, weight, logit of D* at x), for means over p_data and over p_g."""
    (x, real_weight), (z, fake_weight) = _nodes(p_data, p_g)
    real = p_data.log_prob(x) - torch.log(p_g.pdf(x))
    at = p_g.g(z)
    # p_g at G(z) is at least what z itself contributes: infinite where G is flat.
    own = pdf(p_g.noise, z) / torch.from_numpy(np.abs(p_g._slope(z.numpy())))
    fake = p_data.log_prob(at) - torch.log(torch.maximum(p_g.pdf(at), own))
    return [(x, real_weight, real), (at, fake_weight, fake)]


def _nodes(
    p_data: Density, p_g: Pushforward
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return (x, weight) and (z, weight) for means over p_data and over p_z.

    Both ranges are cut where p_g has steps and spikes; that of x also where p_g has its values.
    """
    typical = p_g.g(p_g.noise.icdf(torch.linspace(0.01, 0.99, 15, dtype=torch.float64)))
    low, *_, high = breakpoints(p_data)
    inside = [t for t in (*p_g.edges, *typical.tolist()) if low < t < high]
    cuts = sorted({*breakpoints(p_data), *inside})
    x, w = nodes(cuts, panels=max(2, 48 // len(cuts)))
    _, jumps, _ = p_g._preimages(torch.from_numpy(p_g.edges))
    cuts = sorted({*breakpoints(p_g.noise), *jumps.tolist()})
    z, v = nodes(cuts, panels=max(6, 48 // len(cuts)))
    return (x, w * pdf(p_data, x)), (z, v * pdf(p_g.noise, z))


def js(p_data: Density, p_g: Pushforward) -> float:
    """Jensen-Shannon divergence of p_data and the law of G(z), by Theorem 1, in nats."""
    return (best_value(p_data, p_g) + LOG4) / 2


def wasserstein1(p_data: Density, p_g: Pushforward, panels: int = 64) -> float:
    """W1(p_g, p_data), the integral of |F_g - F_data|, in units of x."""
    cuts = {*breakpoints(p_data), *p_g.support}
    x, w = nodes(sorted(cuts), panels=panels, order=4)
    return float(((p_g.cdf(x) - cdf(p_data, x)).abs() * w).sum())


def _numpy(x: Tensor) -> Array:
    out: Array = x.detach().to(torch.float64).numpy()
    return out
