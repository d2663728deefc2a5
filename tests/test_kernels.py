"""Kernels that judge samples: plain loops, closed forms and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel
from sklearn.neighbors import KernelDensity

from gan_lessons.kernels import RBF, cubic, mmd2, parzen_log_density


def cloud(n, d=3, seed=0, shift=0.0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, d)) + shift)


# ---- the kernels ----


def test_rbf_is_scikit_learns():
    x, y = cloud(20, seed=1), cloud(30, seed=2)
    for h in (0.3, 1.0, 5.0):
        theirs = rbf_kernel(x.numpy(), y.numpy(), gamma=1 / (2 * h**2))
        np.testing.assert_allclose(RBF(h)(x, y), theirs, rtol=1e-10)


def test_cubic_is_scikit_learns():
    x, y = cloud(20, 8, seed=1), cloud(30, 8, seed=2)
    theirs = polynomial_kernel(x.numpy(), y.numpy(), degree=3, gamma=1 / 8, coef0=1)
    np.testing.assert_allclose(cubic(x, y), theirs, rtol=1e-10)


def test_rbf_far_from_the_origin():
    x = cloud(9)
    np.testing.assert_allclose(RBF(1.0)(x + 1e6, x + 1e6), RBF(1.0)(x, x), rtol=1e-6)


# ---- MMD ----


def by_loops(real, fake, k, unbiased):
    """The definition, pair by pair."""

    def within(points):
        n = len(points)
        pairs = [(a, b) for i, a in enumerate(points) for j, b in enumerate(points)
                 if i != j or not unbiased]  # fmt: skip
        return sum(k(a, b) for a, b in pairs) / (n * (n - 1) if unbiased else n * n)

    across = sum(k(a, b) for a in real for b in fake) / (len(real) * len(fake))
    return within(real) + within(fake) - 2 * across


def rbf_of_two(a, b):
    return math.exp(-sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / 2)


def cubic_of_two(a, b):
    return (sum(x * y for x, y in zip(a, b, strict=True)) / len(a) + 1) ** 3


def check_mmd2(mmd2):
    real, fake = cloud(12, seed=1), 0.5 * cloud(9, seed=2, shift=1.0)
    for kernel, plain in ((RBF(1.0), rbf_of_two), (cubic, cubic_of_two)):
        for unbiased in (True, False):
            expected = by_loops(real.tolist(), fake.tolist(), plain, unbiased)
            assert mmd2(real, fake, kernel, unbiased) == pytest.approx(expected, rel=1e-10)


def test_mmd2_by_loops():
    check_mmd2(mmd2)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda x, y, k, u: -mmd2(x, y, k, u),
        lambda x, y, k, u: mmd2(x, y, k, not u),
        lambda x, y, k, u: mmd2(x, y, k, u) + 1e-8,
        lambda x, y, k, u: mmd2(x, x, k, u),
        lambda x, y, k, u: mmd2(x, y, lambda a, b: k(a, b) ** 2, u),  # h^2 for 2 h^2
    ],
    ids=["sign", "other estimate", "a little more", "one set", "bandwidth"],
)
def test_a_wrong_mmd_is_caught(mutant):
    with pytest.raises(AssertionError):
        check_mmd2(mutant)


def test_the_exercise():
    x = torch.tensor([[0.0], [1.0]])
    assert mmd2(x, x, RBF(1.0)) == pytest.approx(math.exp(-0.5) - 1, rel=1e-12)
    assert mmd2(x, x, RBF(1.0), unbiased=False) == pytest.approx(0, abs=1e-15)


def test_unbiased_is_zero_on_average_and_biased_is_not():
    rng, n, found = np.random.default_rng(0), 6, {True: [], False: []}
    for _ in range(1500):
        x, y = torch.from_numpy(rng.normal(size=(2, n, 1)))
        for unbiased, values in found.items():
            values.append(mmd2(x, y, RBF(1.0), unbiased))
    error = {u: np.std(v) / math.sqrt(len(v)) for u, v in found.items()}
    assert abs(np.mean(found[True])) < 4 * error[True]
    assert min(found[True]) < -10 * error[True]
    # 2/n (E k(x, x) - E k(x, x')), and E exp(-(x - x')^2 / 2) = 1 / root 3 for N(0, 1).
    assert np.mean(found[False]) == pytest.approx(2 / n * (1 - 3**-0.5), abs=4 * error[False])
    assert min(found[False]) >= 0


def test_mmd2_of_two_gaussians_in_closed_form():
    """E k of N(m, s^2) with N(m', s'^2) is a Gaussian integral: exp(-d^2 / 2 v) / root v."""
    rng = np.random.default_rng(0)
    x, y = (torch.from_numpy(rng.normal(m, s, (4000, 1))) for m, s in ((0, 1), (1, 0.5)))

    def mean_kernel(d, v):
        return math.exp(-(d**2) / (2 * v)) / math.sqrt(v)

    exact = mean_kernel(0, 3) + mean_kernel(0, 1.5) - 2 * mean_kernel(1, 2.25)
    assert mmd2(x, y, RBF(1.0)) == pytest.approx(exact, abs=0.015)


def test_the_block_size_changes_nothing_but_rounding():
    x, y = cloud(50, seed=1), cloud(40, seed=2)
    whole = mmd2(x, y, cubic)
    for block in (1, 7, 49, 50):
        assert mmd2(x, y, cubic, block=block) == pytest.approx(whole, rel=1e-10)
    one = parzen_log_density(x, y, 0.4)
    torch.testing.assert_close(parzen_log_density(x, y, 0.4, block=7), one, rtol=1e-12, atol=0)


# ---- the Parzen window ----


def check_parzen(parzen_log_density):
    for d, h in ((1, 0.3), (5, 1.7)):
        data, points = cloud(40, d, 1), cloud(30, d, 2)
        theirs = KernelDensity(bandwidth=h, algorithm="kd_tree").fit(data.numpy())
        expected = theirs.score_samples(points.numpy())
        np.testing.assert_allclose(parzen_log_density(points, data, h), expected, rtol=1e-8)


def test_parzen_is_scikit_learns():
    check_parzen(parzen_log_density)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda x, y, h: parzen_log_density(x, y, h) + math.log(len(y)),
        lambda x, y, h: parzen_log_density(x, y, h * 2**0.5),
        lambda x, y, h: parzen_log_density(x, y, h) + (x.shape[1] - 1) * math.log(h),
        lambda x, y, h: parzen_log_density(y, x, h)[:30],
    ],
    ids=["sum for mean", "h^2 for 2 h^2", "one dimension", "swapped"],
)
def test_a_wrong_parzen_window_is_caught(mutant):
    with pytest.raises(AssertionError):
        check_parzen(mutant)


def test_parzen_far_away_is_no_log_of_zero():
    value = parzen_log_density(torch.full((1, 100), 50.0), torch.zeros(3, 100), 0.1)
    expected = -(50.0**2) * 100 / 0.02 - 50 * math.log(2 * math.pi * 0.01)
    assert value.item() == pytest.approx(expected, rel=1e-12)


# ---- bad input ----

GOOD = torch.ones(3, 2)
BAD = [
    (lambda: RBF(0), "h"),
    (lambda: RBF(math.nan), "h"),
    (lambda: mmd2(GOOD[0], GOOD, cubic), "real"),
    (lambda: mmd2(GOOD, GOOD[:1], cubic), "fake"),
    (lambda: mmd2(GOOD, GOOD[:, :1], cubic), "fake"),
    (lambda: mmd2(GOOD * math.nan, GOOD, cubic), "real"),
    (lambda: mmd2(GOOD, GOOD, cubic, block=0), "block"),
    (lambda: parzen_log_density(GOOD[0], GOOD, 1.0), "points"),
    (lambda: parzen_log_density(GOOD, GOOD[:0], 1.0), "data"),
    (lambda: parzen_log_density(GOOD, GOOD[:, :1], 1.0), "points"),
    (lambda: parzen_log_density(GOOD, GOOD, 0.0), "h"),
    (lambda: parzen_log_density(GOOD, GOOD, 1.0, 0), "block"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must [\s\S]*got"):
        call()
