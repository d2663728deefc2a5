"""How far apart two one-dimensional distributions are, in nats or in units of x.

Closed form where there is a simple one, adaptive quadrature otherwise, to a relative error of
1e-8 or better; infinite where it is infinite, and exactly 0 for identical laws.  A density is
one that `gan_lessons.densities` names as supported; anything else is a ValueError.

Integrands are written so that nothing cancels.  With u = log p - log q,

    KL:  p (u + exp(-u) - 1)         which is p u + q - p, never negative, and of order u^2
    JS:  m k(t)                      with t = (p - q) / (p + q), and k of order t^2

so the divergence of two nearly equal laws, say 1e-20, keeps its digits; u and t themselves come
from `laws.Pair`.  Functions ending in ``_categorical`` take vectors of probabilities.

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
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from torch import Tensor
from torch.distributions import Normal

from gan_lessons.densities import Density
from gan_lessons.integrands import excess, js_integrand, kl_integrand, log_ratio, times_density
from gan_lessons.laws import Pair, law
from gan_lessons.quadrature import integrate

Array = NDArray[np.float64]
Probabilities = Sequence[float] | Array | Tensor  # at least 0, with sum 1

LOG2 = math.log(2.0)


def entropy(p: Density, base: float = math.e) -> float:
    """Differential entropy -E_p log p, in nats, or in bits with ``base=2``.

    It depends on the unit of x and may be negative: a uniform density on [0, 1/2] has -log 2.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> round(entropy(gaussian(0.0, 1.0)), 6)  # log(2 pi e) / 2
    1.418939
    """
    return cross_entropy(p, p, base)


def cross_entropy(p: Density, q: Density, base: float = math.e) -> float:
    """Cross-entropy -E_p log q = entropy(p) + KL(p || q), in nats; inf where q misses p.

    The relative error refers to the integral of |p log q|, as the two signs may cancel.
    """
    a, b = law(p, "p"), law(q, "q")
    unit = _log_base(base)
    if b.misses(a):
        return math.inf
    origin = float(a.loc[0])
    a, b = a.moved(-origin), b.moved(-origin)

    def integrand(x: Array) -> Array:
        return times_density(a.log_pdf(x), -b.log_pdf(x))

    return integrate(integrand, np.unique(np.concatenate([a.cuts(), b.cuts()]))) / unit


def kl(p: Density, q: Density, base: float = math.e) -> float:
    """Kullback-Leibler divergence KL(p || q), the integral of p log(p / q), in nats.

    At least 0; 0 only where p = q; not symmetric; infinite if p gives probability to a place
    where q is 0.

    Parameters
    ----------
    p, q : Density
        `p` is the one that the mean is taken over.
    base : float
        Base of the logarithm: 2 for bits.
    """
    unit = _log_base(base)
    if isinstance(p, Normal) and isinstance(q, Normal):
        return kl_gaussian(*_moments(p, "p"), *_moments(q, "q")) / unit
    return kl_by_quadrature(p, q) / unit


def kl_gaussian(mean_p: float, sd_p: float, mean_q: float, sd_q: float) -> float:
    """KL divergence of N(mean_p, sd_p^2) from N(mean_q, sd_q^2), in nats, in closed form.

        log(sd_q / sd_p) + (sd_p^2 + (mean_p - mean_q)^2) / (2 sd_q^2) - 1/2

    It is arranged as a sum of squares, so that nothing cancels when the two are nearly equal.

    Examples
    --------
    >>> round(kl_gaussian(1.0, 1.0, 0.0, 2.0), 6)
    0.443147
    """
    _check_gaussians(mean_p=mean_p, sd_p=sd_p, mean_q=mean_q, sd_q=sd_q)
    d, r = (mean_p - mean_q) / sd_q, (sd_p - sd_q) / sd_q
    # The scales' part is r + r^2 / 2 - log(1 + r).
    if abs(r) < 0.5:
        return d * d / 2 + r * r / 2 + float(excess(np.array(-math.log1p(r))))
    return d * d / 2 + r * r / 2 + (r - math.log(sd_p) + math.log(sd_q))


def kl_by_quadrature(p: Density, q: Density) -> float:
    """KL(p || q) by numerical integration, in nats."""
    a, b = law(p, "p"), law(q, "q")
    if b.misses(a):
        return math.inf
    pair = Pair(a, b)

    def integrand(x: Array) -> Array:
        log_max, _, u = pair.compare(x)
        return times_density(log_max, kl_integrand(u))

    return integrate(integrand, pair.cuts)


def js(p: Density, q: Density, base: float = math.e) -> float:
    """Jensen-Shannon divergence, half of KL(p || m) + KL(q || m), in nats.

    m = (p + q) / 2 is the MIXTURE of the two.  Symmetric, between 0 and log 2 (1 bit); log 2
    exactly where the supports do not overlap.  Its square root is a metric; it is not one itself.

    Examples
    --------
    >>> from gan_lessons.densities import uniform
    >>> round(js(uniform(0, 1), uniform(0, 4)), 6), js(uniform(0, 1), uniform(2, 3), base=2)
    (0.380396, 1.0)
    """
    unit = _log_base(base)
    pair = Pair(law(p, "p"), law(q, "q"))

    def integrand(x: Array) -> Array:
        log_max, delta, _ = pair.compare(x)
        return times_density(log_max, js_integrand(delta))

    return min(integrate(integrand, pair.cuts), LOG2) / unit


def total_variation(p: Density, q: Density) -> float:
    """Total variation, half the integral of |p - q|: from 0 to 1.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> round(total_variation(gaussian(0, 1), gaussian(2, 1)), 5)  # 2 Phi(1) - 1
    0.68269
    """
    pair = Pair(law(p, "p"), law(q, "q"))

    def integrand(x: Array) -> Array:
        log_max, delta, _ = pair.compare(x)
        return times_density(log_max, delta)

    return min(integrate(integrand, pair.cuts, absolute=True) / 2, 1.0)


def best_accuracy(p: Density, q: Density) -> float:
    """(1 + TV) / 2: how often the best classifier of an even mix of p and q is right."""
    return (1 + total_variation(p, q)) / 2


def wasserstein1(p: Density, q: Density) -> float:
    """Wasserstein-1 distance, the integral of |F_p - F_q|, in units of x.

    The mean distance over which probability must be carried to turn p into q.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> round(wasserstein1(gaussian(0, 1), gaussian(0, 3)), 6)  # 2 sqrt(2 / pi)
    1.595769
    """
    if isinstance(p, Normal) and isinstance(q, Normal):
        return w1_gaussian(*_moments(p, "p"), *_moments(q, "q"))
    return wasserstein1_by_quadrature(p, q)


def w1_gaussian(mean_p: float, sd_p: float, mean_q: float, sd_q: float) -> float:
    """W1 of two Gaussians: the mean of a folded normal variable.

    Their quantiles differ by d + e Z, with d the difference of the means, e that of the standard
    deviations and Z standard normal, so W1 = E |d + e Z|, which is

        |e| sqrt(2 / pi) exp(-(d / e)^2 / 2) + d erf(d / (|e| sqrt 2)).
    """
    _check_gaussians(mean_p=mean_p, sd_p=sd_p, mean_q=mean_q, sd_q=sd_q)
    d, e = abs(mean_p - mean_q), abs(sd_p - sd_q)
    if e <= 1e-20 * d:
        return d
    r = d / e
    return e * math.sqrt(2 / math.pi) * math.exp(-r * r / 2) + d * math.erf(r / math.sqrt(2))


def wasserstein1_by_quadrature(p: Density, q: Density) -> float:
    """W1 by numerical integration of |F_p - F_q|."""
    pair = Pair(law(p, "p"), law(q, "q"))
    return integrate(pair.cdf_difference, pair.cuts, absolute=True)


def entropy_categorical(p: Probabilities, base: float = math.e) -> float:
    """Entropy -sum p log p of a vector of probabilities: 0 to log K, in nats.

    Examples
    --------
    >>> entropy_categorical([0.5, 0.5], base=2)
    1.0
    """
    return cross_entropy_categorical(p, p, base)


def cross_entropy_categorical(p: Probabilities, q: Probabilities, base: float = math.e) -> float:
    """Cross-entropy -sum p log q, in nats; inf where q is 0 and p is not."""
    a, b = _probabilities(p, q)
    return float(0.0 - xlogy(a, b).sum()) / _log_base(base)


def kl_categorical(p: Probabilities, q: Probabilities, base: float = math.e) -> float:
    """KL(p || q) = sum p log(p / q), in nats; inf where q is 0 and p is not.

    Examples
    --------
    >>> round(kl_categorical([0.5, 0.5, 0.0], [0.25, 0.25, 0.5], base=2), 12)
    1.0
    """
    a, b = _probabilities(p, q)
    largest, _, u = _compare(a, b)
    return float(largest @ kl_integrand(u)) / _log_base(base)


def js_categorical(p: Probabilities, q: Probabilities, base: float = math.e) -> float:
    """Jensen-Shannon divergence of two vectors of probabilities, 0 to log 2, in nats.

    Examples
    --------
    >>> round(js_categorical([1.0, 0.0], [0.5, 0.5]), 6)  # 3/4 log(4/3)
    0.215762
    """
    a, b = _probabilities(p, q)
    largest, delta, _ = _compare(a, b)
    return min(float(largest @ js_integrand(delta)), LOG2) / _log_base(base)


def _compare(a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Return max(a, b), (a - b) / max(a, b) and log a - log b, as `laws.Pair.compare`."""
    largest = np.maximum(a, b)
    delta = np.divide(a - b, largest, out=np.zeros_like(a), where=largest > 0)
    with np.errstate(divide="ignore", invalid="ignore"):  # log 0, and where both are 0
        far = np.where(largest > 0, np.log(a) - np.log(b), 0.0)
    return largest, delta, log_ratio(delta, far)


def _probabilities(p: Probabilities, q: Probabilities) -> tuple[Array, Array]:
    """Check two vectors of probabilities and return them in float64, with sum 1."""
    vectors = []
    for name, given in (("p", p), ("q", q)):
        vector = np.asarray(given.detach() if isinstance(given, Tensor) else given, dtype=float)
        if vector.ndim != 1 or not vector.size:
            raise ValueError(f"{name} must be a vector, got shape {vector.shape}")
        if not (vector >= 0).all() or not abs(vector.sum() - 1) < 1e-5:
            raise ValueError(f"{name} must be at least 0 and sum to 1, got {vector}")
        vectors.append(vector / vector.sum())
    a, b = vectors
    if a.shape != b.shape:
        raise ValueError(f"q must be as long as p, got lengths {len(b)} and {len(a)}")
    return a, b


def _moments(p: Normal, name: str) -> tuple[float, float]:
    one = law(p, name)
    return float(one.loc[0]), float(one.scale[0])


def _log_base(base: float) -> float:
    if not 1 < base < math.inf:
        raise ValueError(f"base must be a finite number above 1, got {base}")
    return math.log(base)


def _check_gaussians(**parameters: float) -> None:
    for name, value in parameters.items():
        if not math.isfinite(value) or (name.startswith("sd") and value <= 0):
            kind = "positive and finite" if name.startswith("sd") else "finite"
            raise ValueError(f"{name} must be {kind}, got {value}")
