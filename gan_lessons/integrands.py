"""What divergences integrate, written so that nothing cancels or overflows.

Two densities at a point enter by delta = (p - q) / max(p, q), from -1 to 1, or by
u = log p - log q; results are relative to max(p, q).  Plain arrays, elementwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlog1py

Array = NDArray[np.float64]


def log_ratio(delta: Array, far: Array) -> Array:
    """Return u = log p - log q from delta where p and q are near each other, else `far`."""
    near = -np.sign(delta) * np.log1p(-np.minimum(np.abs(delta), 0.5))
    return np.where(np.abs(delta) < 0.5, near, far)


def times_density(log_density: Array, relative: Array) -> Array:
    """exp(log_density) * relative, which is 0 where the density rounds to 0, even if times inf."""
    density = np.exp(log_density)
    return np.asarray(density * np.where(density > 0, relative, 0.0))


def kl_integrand(u: Array) -> Array:
    """(p u + q - p) / max(p, q), which is never negative and u^2 / 2 near u = 0.

    Its integral with weight max(p, q) is KL(p || q), as q - p integrates to 0.

    Examples
    --------
    >>> kl_integrand(np.array([1e-10, np.inf, -np.inf]))  # u - 1 + exp(-u) rounds 1e-10 to 0
    array([5.e-21,    inf, 1.e+00])
    """
    a = np.abs(u)
    less = np.expm1(-a)  # the ratio of the smaller density to the larger, less 1
    far = np.where(u > 0, less + a, -less - np.minimum(a, 800.0) * (1 + less))  # exp(-800) is 0
    near = _series(u) * np.where(u > 0, 1.0, 1 + less)
    return np.where(a < 0.05, near, far)


def js_integrand(delta: Array) -> Array:
    """[p log(p / m) + q log(q / m)] / (2 max(p, q)), with m = (p + q) / 2.

    With t = (p - q) / (p + q) it is m / max(p, q) times log 2 less the entropy of a coin with
    probabilities (1 + t) / 2 and (1 - t) / 2, a difference whose series is t^2/2 + t^4/12 + ...

    Examples
    --------
    >>> js_integrand(np.array([1.0, 1e-10])) / np.array([np.log(2) / 2, 1.25e-21])
    array([1., 1.])
    """
    both = 2 - np.abs(delta)  # (p + q) / max(p, q)
    t = delta / both
    inner = np.clip(t, -0.9, 0.9)
    middle = inner * np.arctanh(inner) + np.log1p(-inner * inner) / 2  # t^2 less half of it
    outer = (xlog1py(1 + t, t) + xlog1py(1 - t, -t)) / 2
    return np.asarray(both / 2 * np.where(np.abs(t) < 0.9, middle, outer))


def excess(u: Array) -> Array:
    """exp(-u) - 1 + u = u^2/2 - u^3/6 + ..., for u of at least -1."""
    return np.where(np.abs(u) < 0.05, _series(u), np.expm1(-np.maximum(u, -1.0)) + u)


def _series(u: Array) -> Array:
    """exp(-u) - 1 + u for |u| < 0.05: with 9 terms, the error of the series is below 1e-17."""
    near = np.clip(u, -0.05, 0.05)
    series = 1 - near / 10
    for n in range(9, 2, -1):
        series = 1 - near / n * series
    return near * near / 2 * series
