"""Estimates of divergences from samples, and how far off they are on average.

Each has an error that does not vanish when the two laws are equal: a plug-in divergence, an
empirical Wasserstein distance and a Fréchet distance (`gan_lessons.metrics`) are never negative,
so noise alone makes them positive.  The ``_bias`` functions say by how much, to first order in
1 / n.  Bounds from a discriminator hold on average over samples that it was not trained on, and
only on those.

Samples are one-dimensional tensors, arrays or sequences.  Results are in nats, or in units of x.

References
----------
Miller, Note on the bias of information estimates (1955): the bias of plug_in_kl.
Wang, Kulkarni, Verdu, Divergence estimation via nearest-neighbor distances (2009): knn_kl.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lessons import losses
from gan_lessons.densities import Density
from gan_lessons.divergences import Probabilities, js_categorical, kl_categorical
from gan_lessons.laws import law
from gan_lessons.quadrature import integrate

Array = NDArray[np.float64]
Sample = Sequence[float] | Array | Tensor

LOG4 = math.log(4.0)


def histogram(x: Sample, edges: Sample) -> Array:
    """Count the values of x in each of K = len(edges) + 1 cells, the outer two unbounded.

    A value on an edge belongs to the cell above it.  No value is lost.

    Examples
    --------
    >>> histogram([-9.0, 0.0, 0.5, 9.0], [0.0, 1.0])
    array([1., 2., 1.])
    """
    values, cuts = _sample("x", x), _sample("edges", edges)
    if (np.diff(cuts) <= 0).any():
        raise ValueError(f"edges must ascend, got {cuts}")
    cell = np.searchsorted(cuts, values, side="right")
    return np.bincount(cell, minlength=len(cuts) + 1).astype(np.float64)


def plug_in_kl(counts: Sample, q: Probabilities) -> float:
    """KL(counts / n || q) for K cells with known probabilities q, in nats.

    Too large by (K - 1) / 2n on average, to first order: see `plug_in_bias`.

    Examples
    --------
    >>> round(plug_in_kl([3, 1], [0.5, 0.5]), 6)
    0.130812
    """
    return kl_categorical(_frequencies("counts", counts), q)


def plug_in_js(counts_p: Sample, counts_q: Sample) -> float:
    """JS of the relative frequencies of two samples in the same K cells, in nats.

    Too large on average: see `plug_in_js_bias`.
    """
    return js_categorical(_frequencies("counts_p", counts_p), _frequencies("counts_q", counts_q))


def plug_in_bias(cells: int, n: int) -> float:
    """(K - 1) / 2n, the first-order bias of `plug_in_kl` with K cells and n samples.

    It is the same for every pair of laws, as long as p gives each of the K cells a probability
    well above 1 / n.

    Examples
    --------
    >>> plug_in_bias(cells=101, n=1000)
    0.05
    """
    _at_least("cells", cells, 1)
    _at_least("n", n, 1)
    return (cells - 1) / (2 * n)


def plug_in_js_bias(cells: int, n: int, m: int) -> float:
    """(K - 1) (1/n + 1/m) / 8, the first-order bias of `plug_in_js` for two samples of one law."""
    _at_least("cells", cells, 1)
    _at_least("n", n, 1)
    _at_least("m", m, 1)
    return (cells - 1) * (1 / n + 1 / m) / 8


def knn_kl(x: Sample, y: Sample, k: int = 1) -> float:
    """Estimate KL(p || q) from x of p and y of q by distances to the k-th nearest neighbours.

    With rho_i from x_i to its k-th neighbour in the rest of x, and nu_i to that in y,

        1/n sum over i of log(nu_i / rho_i) + log(m / (n - 1)),    n = len(x), m = len(y).

    It needs no cells and converges as n and m grow, but for small samples it is biased either
    way, and may be negative; a larger k has less variance and more bias.  Where p has
    probability that q lacks, it stays finite and grows with n.

    Raises
    ------
    ValueError
        If a distance is 0: values must be distinct, so draw them in float64.
    """
    a, b = np.sort(_sample("x", x)), np.sort(_sample("y", y))
    _at_least("k", k, 1)
    if len(a) <= k or len(b) < k:
        raise ValueError(f"k must be below the sizes of x and y, got {k}, {len(a)} and {len(b)}")
    # x itself is at distance 0 among x: the k-th of the others comes after it.
    rho, nu = _kth_distance(a, a, k + 1), _kth_distance(a, b, k)
    if not (rho.min() > 0 and nu.min() > 0):
        raise ValueError(f"x must hold values distinct from each other and from y, got {a}")
    return float(np.mean(np.log(nu) - np.log(rho)) + math.log(len(b) / (len(a) - 1)))


def empirical_w1(x: Sample, y: Sample) -> float:
    """Wasserstein-1 distance of two samples: the integral of the difference of their quantiles.

    For samples of one size, the mean distance of the i-th smallest of each.  Too large on
    average: see `empirical_w1_bias`.

    Examples
    --------
    >>> empirical_w1([0.0, 3.0], [4.0, 1.0])
    1.0
    """
    a, b = np.sort(_sample("x", x)), np.sort(_sample("y", y))
    n, m = len(a), len(b)
    # Quantile functions are constant between multiples of 1/n and of 1/m; in units of 1/nm:
    steps = np.union1d(np.arange(n + 1) * m, np.arange(m + 1) * n)
    gap = np.abs(a[steps[:-1] // m] - b[steps[:-1] // n])
    return float(np.diff(steps) @ gap / (n * m))


def empirical_w1_bias(p: Density, n: int) -> float:
    """Mean `empirical_w1` of two samples of n values, both of p, to first order.

    At each x the two empirical distribution functions differ by a nearly normal number of
    variance 2 F (1 - F) / n, whose mean size is sqrt(2 / pi) standard deviations:

        2 / sqrt(pi n) times the integral of sqrt(F (1 - F)).

    That is too much in the tails, where fewer than one value is expected: for Gaussians by 5 %
    at n = 50 and 1.5 % at n = 400, for Laplace laws by twice as much, for uniform laws by less.

    Examples
    --------
    >>> from gan_lessons.densities import uniform
    >>> round(empirical_w1_bias(uniform(0, 1), 100) * 40 / math.pi**0.5, 10)  # pi / 8 inside
    1.0
    """
    _at_least("n", n, 1)
    one = law(p, "p")
    origin = float(one.loc[0])
    one = one.moved(-origin)

    def integrand(x: Array) -> Array:
        return np.sqrt(one.cdf(x) * one.cdf(x, upper=True))

    return 2 / math.sqrt(math.pi * n) * integrate(integrand, np.unique(one.cuts()))


def frechet_bias(n: int, m: int) -> float:
    """Mean Fréchet distance of n and m values that are all drawn from N(0, 1): exact.

        1/n + 1/m + 2 (1 - c4(n) c4(m)),    c4(n) = E s = sqrt(2 / (n-1)) G(n/2) / G((n-1)/2)

    with s the standard deviation of n values and G the gamma function.  The first two terms are
    the mean (difference of means)^2, the last one is the mean (s - s')^2.  For large n = m it is
    near 3/n; for N(mu, sigma^2) it is sigma^2 times as large.

    Examples
    --------
    >>> round(frechet_bias(100, 100), 6), round(frechet_bias(10_000, 10_000), 6)
    (0.030075, 0.0003)
    """
    _at_least("n", n, 2)
    _at_least("m", m, 2)
    return 1 / n + 1 / m + 2 * (1 - _c4(n) * _c4(m))


def frechet_bias_in_dimensions(eigenvalues: Sample, n: int, m: int) -> float:
    """Mean Fréchet distance of n and m samples of one Gaussian in d dimensions, to first order.

        (1/n + 1/m) [ sum of v_i + sum over i, j of (1 + [i = j]) v_i v_j / 2 (v_i + v_j) ]

    with v the eigenvalues of its covariance: the first sum is from the means, the second from the
    covariances.  For N(0, I) the bracket is d (d + 5) / 4, so it grows with the square of d.

    Examples
    --------
    >>> frechet_bias_in_dimensions([1.0], 200, 200)  # 3 / n
    0.015
    >>> frechet_bias_in_dimensions([1.0] * 128, 1000, 1000)
    8.512
    """
    _at_least("n", n, 2)
    _at_least("m", m, 2)
    v = _sample("eigenvalues", eigenvalues)
    if (v < 0).any():
        raise ValueError(f"eigenvalues must be at least 0, got {v}")
    v = v[v > 0]
    twice = np.outer(v, v) / (2 * np.add.outer(v, v))
    return float((1 / n + 1 / m) * (v.sum() + twice.sum() + np.trace(twice)))


def js_lower_bound(real: Tensor, fake: Tensor) -> float:
    """Estimate (V(D) + log 4) / 2, which is at most JS, from logits on held-out samples.

    V is the mean of log D over real samples plus the mean of log(1 - D) over fake ones.  As an
    average over fresh samples it lies below JS for every D; on the samples that D was trained
    on it may lie far above.

    Parameters
    ----------
    real, fake : Tensor
        Logits of one discriminator, shape (B,); the two batches may differ in size.

    Examples
    --------
    >>> js_lower_bound(torch.zeros(3), torch.zeros(5))  # D = 1/2 everywhere
    0.0
    """
    value = losses.value(_logits("real", real), _logits("fake", fake))
    return (float(value) + LOG4) / 2


def tv_lower_bound(real: Tensor, fake: Tensor) -> float:
    """Estimate 2 accuracy - 1, which is at most TV, from logits on held-out samples.

    The accuracy counts both kinds alike; a logit above 0 says real, and one of 0 is half right.
    """
    right = torch.sign(_logits("real", real)).mean() - torch.sign(_logits("fake", fake)).mean()
    return float(right) / 2


def _c4(n: int) -> float:
    """Mean standard deviation of n standard normal values."""
    if n >= 1000:  # the gamma functions would lose digits of 1 - c4; the series is off by 1 / n^4
        return 1 - 1 / (4 * n) - 7 / (32 * n**2) - 19 / (128 * n**3)
    return math.sqrt(2 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))


def _kth_distance(at: Array, among: Array, k: int) -> Array:
    """Distance from each of `at` to the k-th nearest in the ascending `among`."""
    padded = np.concatenate([np.full(k, -np.inf), among, np.full(k, np.inf)])
    first = np.searchsorted(among, at)  # the k nearest are among the k below and the k above
    near = padded[first[:, None] + np.arange(2 * k)]
    return np.asarray(np.partition(np.abs(near - at[:, None]), k - 1, axis=1)[:, k - 1])


def _sample(name: str, values: Sample) -> Array:
    plain = values.detach().numpy() if isinstance(values, Tensor) else values
    array: Array = np.asarray(plain, dtype=np.float64)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers, shape (n,), got {array}")
    return array


def _frequencies(name: str, counts: Sample) -> Array:
    array = _sample(name, counts)
    total = float(array.sum())
    if (array < 0).any() or total == 0:
        raise ValueError(f"{name} must be at least 0 and not all 0, got {array}")
    return np.asarray(array / total)


def _logits(name: str, logits: Tensor) -> Tensor:
    if logits.ndim != 1 or not len(logits) or logits.isnan().any():
        raise ValueError(f"{name} must be logits of shape (B,), got {logits}")
    return logits.detach().double()


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
