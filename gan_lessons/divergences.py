"""How far apart two one-dimensional distributions are, in nats or in units of x.

Closed form where torch has one, quadrature otherwise; infinite where it is infinite.

Examples
--------
>>> from gan_lessons.densities import gaussian, uniform
>>> round(kl(gaussian(1.0, 1.0), gaussian(0.0, 2.0)), 6)  # log 2 + 2/8 - 1/2
0.443147
>>> kl(uniform(0, 4), uniform(0, 1))  # q is 0 where p is not
inf
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from gan_lessons.densities import Density, breakpoints, cdf, integrate, pdf, support, zeros

LOG2 = math.log(2.0)


def kl(p: Density, q: Density) -> float:
    """Kullback-Leibler divergence KL(p || q), the integral of p log(p / q), in nats.

    At least 0; 0 only where p = q; not symmetric; infinite if p gives probability to a place
    where q is 0.

    Parameters
    ----------
    p, q : Density
        `p` is the one that the mean is taken over.

    Returns
    -------
    float
        From torch's closed forms where it has one for the pair, by quadrature otherwise.
    """
    try:
        return float(kl_divergence(p, q))
    except NotImplementedError:
        return kl_by_quadrature(p, q)


def kl_by_quadrature(p: Density, q: Density) -> float:
    """KL(p || q) by numerical integration over the range that holds p."""
    (p_low, p_high), (q_low, q_high) = support(p), support(q)
    if p_low < q_low or p_high > q_high:
        return math.inf

    def integrand(x: Tensor) -> Tensor:
        log_p, log_q = p.log_prob(x), q.log_prob(x)
        # p log p is 0 where p is 0, whatever q is there.
        return torch.where(log_p > -math.inf, log_p.exp() * (log_p - log_q), 0.0)

    return integrate(integrand, _within(p, q))


def js(p: Density, q: Density) -> float:
    """Jensen-Shannon divergence, half of KL(p || m) + KL(q || m), in nats.

    m = (p + q) / 2 is the MIXTURE of the two.  Symmetric, between 0 and log 2; log 2 exactly
    where the supports do not overlap.  Its square root is a metric; it is not one itself.

    Examples
    --------
    >>> from gan_lessons.densities import uniform
    >>> round(js(uniform(0, 1), uniform(0, 4)), 6), round(js(uniform(0, 1), uniform(2, 3)), 6)
    (0.380396, 0.693147)
    """

    def integrand(x: Tensor) -> Tensor:
        log_p, log_q = p.log_prob(x), q.log_prob(x)
        log_m = torch.logaddexp(log_p, log_q) - LOG2
        total = torch.zeros_like(x)
        for log_r in (log_p, log_q):
            total += torch.where(log_r > -math.inf, log_r.exp() * (log_r - log_m), 0.0)
        return total / 2

    return integrate(integrand, _over(p, q))


def total_variation(p: Density, q: Density) -> float:
    """Total variation, half the integral of |p - q|: from 0 to 1.

    The best any discriminator can do on an even mix of real and fake samples is to be right
    with probability (1 + TV) / 2.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> round(total_variation(gaussian(0, 1), gaussian(2, 1)), 5)  # 2 Phi(1) - 1
    0.68269
    """
    return _integrate_absolute(lambda x: pdf(p, x) - pdf(q, x), _over(p, q)) / 2


def wasserstein1(p: Density, q: Density) -> float:
    """Wasserstein-1 distance, the integral of |F_p - F_q|, in units of x.

    The mean distance over which probability must be carried to turn p into q.  For two
    Gaussians the quantiles differ by d + e Z, with d the difference of the means, e that of
    the standard deviations and Z standard normal, so W1 = E |d + e Z|, a folded normal mean.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> round(wasserstein1(gaussian(0, 1), gaussian(0, 3)), 6)  # 2 sqrt(2 / pi)
    1.595769
    """
    if isinstance(p, Normal) and isinstance(q, Normal):
        d, e = float(p.loc - q.loc), float(p.scale - q.scale)
        if e == 0:
            return abs(d)
        spread = abs(e) * math.sqrt(2 / math.pi) * math.exp(-((d / e) ** 2) / 2)
        return spread + d * math.erf(d / (abs(e) * math.sqrt(2)))
    return wasserstein1_by_quadrature(p, q)


def wasserstein1_by_quadrature(p: Density, q: Density) -> float:
    """W1 by numerical integration of |F_p - F_q|."""
    return _integrate_absolute(lambda x: cdf(p, x) - cdf(q, x), _over(p, q))


def _integrate_absolute(f: Callable[[Tensor], Tensor], points: list[float]) -> float:
    """Integrate |f|, whose kinks are the zeros of f."""
    return integrate(lambda x: f(x).abs(), sorted({*points, *zeros(f, points)}))


def _over(p: Density, q: Density) -> list[float]:
    """Return cuts for an integral over the range of either."""
    return sorted({*breakpoints(p), *breakpoints(q)})


def _within(p: Density, q: Density) -> list[float]:
    """Return cuts for an integral over the range of p."""
    low, *_, high = breakpoints(p)
    return sorted({*breakpoints(p), *(b for b in breakpoints(q) if low < b < high)})
