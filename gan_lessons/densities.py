"""One-dimensional densities: targets, noise, seeded sampling and the range to integrate over.

Every density is a `torch.distributions.Distribution`; torch has the formulas, so none is
written again here.  What torch lacks is added: sampling from a generator of your own, and
quadrature.  Computations are in float64.

Supported by the whole package: `gaussian`, `laplace`, `uniform`, and mixtures
(``MixtureSameFamily``) of one of these families; `mixture` builds those of Gaussians.

Examples
--------
>>> p = gaussian(4.0, 0.5)
>>> round(pdf(p, torch.tensor(4.0)).item(), 6)  # 1 / (0.5 * sqrt(2 pi))
0.797885
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor
from torch.distributions import (
    Categorical,
    Distribution,
    Laplace,
    MixtureSameFamily,
    Normal,
    Uniform,
)

Density = Distribution  # a torch distribution over the real line, with scalar batch shape

TAIL = 1e-13  # probability left out beyond each end of `interval`


def gaussian(mean: float, sd: float) -> Normal:
    """Return N(mean, sd), given by its standard deviation, not its variance."""
    _finite("mean", mean)
    _positive("sd", sd)
    return Normal(_t(mean), _t(sd), validate_args=False)


def laplace(loc: float, scale: float) -> Laplace:
    """Return exp(-|x - loc| / scale) / (2 scale), with a kink at loc; its sd is sqrt(2) scale."""
    _finite("loc", loc)
    _positive("scale", scale)
    return Laplace(_t(loc), _t(scale), validate_args=False)


def uniform(low: float, high: float) -> Uniform:
    """Return the uniform density on [low, high]; its density is 0 outside, without an error."""
    if not low < high:
        raise ValueError(f"low must be below high, got low={low} and high={high}")
    _finite("low", low)
    _finite("high", high)
    return Uniform(_t(low), _t(high), validate_args=False)


def mixture(
    means: Sequence[float], sds: Sequence[float], weights: Sequence[float] | None = None
) -> MixtureSameFamily:
    """Return a mixture of Gaussians, with equal weights unless given; weight 0 leaves one out.

    Examples
    --------
    >>> p = mixture([2.0, 6.0], [0.5, 0.5])
    >>> p.mean.item(), round(p.stddev.item(), 6)  # variance 4 + 0.25
    (4.0, 2.061553)
    """
    if len(means) != len(sds) or not means:
        raise ValueError(f"means and sds must have one length, got {len(means)} and {len(sds)}")
    for sd in sds:
        _positive("sds", sd)
    w = [1.0] * len(means) if weights is None else list(weights)
    if len(w) != len(means) or not all(0 <= v < math.inf for v in w) or sum(w) == 0:
        raise ValueError(f"weights must be {len(means)} numbers >= 0, not all 0, got {weights}")
    for mean in means:
        _finite("means", mean)
    # torch would round a weight of 0 up to 2e-16.
    kept = _t(w) > 0
    return MixtureSameFamily(
        Categorical(_t(w)[kept], validate_args=False),
        Normal(_t(means)[kept], _t(sds)[kept], validate_args=False),
        validate_args=False,
    )


def pdf(p: Density, x: Tensor) -> Tensor:
    """Density p(x), of the shape of x; 0 outside the support."""
    return p.log_prob(x.to(torch.float64)).exp()


def cdf(p: Density, x: Tensor) -> Tensor:
    """Cumulative distribution function of p at x, of the shape of x."""
    return p.cdf(x.to(torch.float64))


def sample(p: Density, shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Draw independent values of p, in float32, from `generator` alone.

    torch's own ``p.sample()`` draws from global state.  Here a uniform number is sent through
    the inverse of the cumulative distribution function, after the choice of a component if p
    is a mixture.

    Parameters
    ----------
    p : Density
        A density with ``icdf``, or a mixture of such densities.
    shape : sequence of int
        The shape of the result.
    generator : torch.Generator
        The only source of randomness.

    Examples
    --------
    >>> g = torch.Generator().manual_seed(0)
    >>> x = sample(gaussian(4.0, 0.5), (10_000,), g)
    >>> abs(x.mean().item() - 4) < 0.02
    True
    """
    size = torch.Size(shape)
    u = torch.rand(size, generator=generator, dtype=torch.float64)
    # u can be exactly 0, which icdf sends to minus infinity: stay one step inside.
    u = u.clamp(min=2.0**-54)
    if isinstance(p, MixtureSameFamily):
        weights = p.mixture_distribution.probs
        which = torch.multinomial(weights, size.numel(), True, generator=generator)
        parts = p.component_distribution.icdf(u.reshape(-1, 1))  # (n, components)
        x = parts.gather(1, which[:, None]).reshape(size)
    else:
        x = p.icdf(u)
    return x.to(torch.float32)


def interval(p: Density, tail: float = TAIL) -> tuple[float, float]:
    """Return the ends of a range that holds p but for a probability of `tail` at each end.

    For a uniform density, or a mixture of them, the range is its support.

    Raises
    ------
    ValueError
        If p has no ``icdf`` (and is no mixture), or its tails are too heavy for quadrature.
    """
    part = p.component_distribution if isinstance(p, MixtureSameFamily) else p
    if isinstance(part, Uniform):
        return part.low.min().item(), part.high.max().item()
    try:
        low, high = (part.icdf(_t(u)) for u in (tail, 1 - tail))
        quarter, three_quarters = (part.icdf(_t(u)) for u in (0.25, 0.75))
    except NotImplementedError:
        raise ValueError(f"p must have an icdf or be a mixture, got {type(p).__name__}") from None
    if ((high - low) > 1e3 * (three_quarters - quarter)).any():
        raise ValueError(f"p has tails too heavy for quadrature, got {type(p).__name__}")
    return low.min().item(), high.max().item()


def support(p: Density) -> tuple[float, float]:
    """Return the smallest interval outside which p is exactly 0; infinite ends are possible."""
    part = p.component_distribution if isinstance(p, MixtureSameFamily) else p
    return interval(p) if isinstance(part, Uniform) else (-math.inf, math.inf)


def breakpoints(p: Density) -> list[float]:
    """Return the places where p may have a kink, a step or a narrow peak."""
    if isinstance(p, MixtureSameFamily):
        part = p.component_distribution
        ends = [part.icdf(_t(u)) for u in (TAIL, 1e-3, 0.5, 1 - 1e-3, 1 - TAIL)]
        return sorted({*interval(p), *torch.cat([e.reshape(-1) for e in ends]).tolist()})
    low, high = interval(p)
    return [low, p.icdf(_t(0.5)).item(), high]


def nodes(points: Sequence[float], panels: int = 16, order: int = 12) -> tuple[Tensor, Tensor]:
    """Return nodes and weights of composite Gauss-Legendre quadrature.

    The range from the first to the last of `points` is cut at every point, and each piece
    into `panels` panels with `order` nodes each.  The nodes crowd towards both ends of a
    piece: a step, a kink or a logarithmic spike of the integrand does no harm if it is at one
    of the points.  ``(f(x) * w).sum()`` is the integral of f.

    Examples
    --------
    >>> x, w = nodes([0.0, math.pi])
    >>> round((x.sin() * w).sum().item(), 12)
    2.0
    """
    cuts = np.unique(np.asarray(points, dtype=np.float64))
    if cuts.size < 2 or not np.isfinite(cuts).all():
        raise ValueError(f"points must hold at least two different finite numbers, got {points}")
    legendre, weight = np.polynomial.legendre.leggauss(order)
    edges = np.linspace(0, 1, panels + 1)[:-1, None]
    t = (edges + (legendre + 1) / (2 * panels)).ravel()  # (panels * order,), in (0, 1)
    w = np.tile(weight / (2 * panels), panels)
    # x = a + (b - a) s(t), with s and its first two derivatives flat at both ends.
    s, slope = t**3 * (10 - 15 * t + 6 * t**2), 30 * t**2 * (1 - t) ** 2
    length = np.diff(cuts)[:, None]
    x = cuts[:-1, None] + length * s  # (pieces, panels * order)
    return torch.from_numpy(x.ravel()), torch.from_numpy((length * (slope * w)).ravel())


def zeros(f: Callable[[Tensor], Tensor], points: Sequence[float]) -> list[float]:
    """Return where f changes sign between two nodes over the range of `points`.

    Examples
    --------
    >>> [round(x, 9) for x in zeros(lambda x: x**2 - 1, [-2.0, 3.0])]
    [-1.0, 1.0]
    """
    x, _ = nodes(points)
    y = f(x)
    left = torch.nonzero(y[:-1] * y[1:] < 0).ravel().tolist()
    return [brentq(lambda t: f(_t([t])).item(), x[i].item(), x[i + 1].item()) for i in left]


def integrate(f: Callable[[Tensor], Tensor], points: Sequence[float]) -> float:
    """Integrate f over the range of `points`, cutting it at each of them; inf stays inf.

    Examples
    --------
    >>> p = gaussian(4.0, 0.5)
    >>> round(integrate(lambda x: pdf(p, x), interval(p)), 12)
    1.0
    """
    x, w = nodes(points)
    return float((f(x) * w).sum())


def _t(value: object) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


def _positive(name: str, value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be a positive finite number, got {value}")


def _finite(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
