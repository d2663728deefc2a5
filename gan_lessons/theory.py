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


def optimal_logit(p_data: Tensor, p_g: Tensor) -> Tensor:
    """Logit of the optimal discriminator, log p_data - log p_g, where either is positive.

    NaN where both densities are 0: there D may be anything, as neither player ever looks.
    """
    return torch.log(p_data) - torch.log(p_g)


def optimal_discriminator(p_data: Tensor, p_g: Tensor) -> Tensor:
    """D*(x) = p_data(x) / (p_data(x) + p_g(x)), Proposition 1; NaN where both are 0.

    Parameters
    ----------
    p_data, p_g : Tensor
        The two densities at the same points; at least 0.

    Examples
    --------
    >>> optimal_discriminator(torch.tensor([3.0, 0.0]), torch.tensor([1.0, 2.0]))
    tensor([0.7500, 0.0000])
    """
    for name, p in (("p_data", p_data), ("p_g", p_g)):
        if (p < 0).any():
            raise ValueError(f"{name} must be at least 0 everywhere, got {p.min().item()}")
    return torch.sigmoid(optimal_logit(p_data, p_g))


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
    (x, real_weight), (z, fake_weight) = _nodes(p_data, p_g)
    real, fake = -softplus(-logit(x)), -softplus(logit(p_g.g(z)))
    return float(real_weight @ real + fake_weight @ fake)


def best_value(p_data: Density, p_g: Pushforward) -> float:
    """V(D*, G), the largest value that any discriminator reaches against this G.

    Theorem 1: it equals 2 JS(p_data, p_g) - log 4.
    """
    (x, real_weight), (z, fake_weight) = _nodes(p_data, p_g)
    real = -softplus(torch.log(p_g.pdf(x)) - p_data.log_prob(x))  # log D*(x)
    at = p_g.g(z)
    # p_g at G(z) is at least what z itself contributes: infinite where G is flat.
    own = pdf(p_g.noise, z) / torch.from_numpy(np.abs(p_g._slope(z.numpy())))
    fake = -softplus(p_data.log_prob(at) - torch.log(torch.maximum(p_g.pdf(at), own)))
    return float(real_weight @ real + fake_weight @ fake)


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
