"""Estimates from samples: against brute force, and their bias against simulation."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import scipy.stats as st
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from mpmath import mp
from scipy.integrate import quad, trapezoid

from gan_lessons.densities import gaussian, laplace, mixture, uniform
from gan_lessons.divergences import js, kl, kl_categorical, total_variation, wasserstein1
from gan_lessons.estimators import (
    empirical_w1,
    empirical_w1_bias,
    frechet_bias,
    frechet_bias_in_dimensions,
    histogram,
    js_lower_bound,
    knn_kl,
    plug_in_bias,
    plug_in_js,
    plug_in_js_bias,
    plug_in_kl,
    tv_lower_bound,
)

LOG4 = math.log(4)
gently = settings(deadline=None, max_examples=50, derandomize=True)


def rng(seed=0):
    return np.random.default_rng(seed)


def within(values, expected, sigmas=4, slack=0.0):
    """Fail unless the mean of `values` is `expected`, but for chance and `slack`."""
    chance = sigmas * np.std(values) / math.sqrt(len(values))
    assert abs(np.mean(values) - expected) < chance + slack


# ---- histograms ----


def test_a_histogram_counts_every_value_once():
    x = rng().normal(size=1000)
    counts = histogram(x, [-1.0, 0.0, 1.0])
    expected = [(x < -1).sum(), ((x >= -1) & (x < 0)).sum(), ((x >= 0) & (x < 1)).sum()]
    assert counts.tolist() == [*expected, 1000 - sum(expected)]
    assert histogram([0.0, 5.0], [0.0]).tolist() == [0, 2]  # an edge belongs to the cell above
    torch.testing.assert_close(histogram(torch.tensor([0.5]), torch.tensor([0.0, 1.0]))[1], 1.0)


def test_plug_in_divergences_are_those_of_the_frequencies():
    a, b = np.array([3, 1, 4]), np.array([2, 7, 1])
    p, q = a / a.sum(), b / b.sum()
    assert plug_in_kl(a, q) == pytest.approx(st.entropy(p, q))
    assert plug_in_kl([5, 0, 0], [0.5, 0.5, 0.0]) == pytest.approx(math.log(2))
    assert plug_in_kl([5, 0, 1], [0.5, 0.5, 0.0]) == math.inf
    m = (p + q) / 2
    assert plug_in_js(a, b) == pytest.approx((st.entropy(p, m) + st.entropy(q, m)) / 2)


def exact_mean(n, p, q):
    """The mean of KL(counts / n || q) for two cells, as a sum over all outcomes."""
    total = 0.0
    for k in range(n + 1):
        estimate = sum(f * math.log(f / c) for f, c in zip((k / n, 1 - k / n), q, strict=True) if f)
        total += st.binom.pmf(k, n, p[0]) * estimate
    return total


def check_plug_in_bias(plug_in_bias):
    # Two cells, exactly: the rest is of second order, so it falls by four when n doubles.
    for p, q in [((0.3, 0.7), (0.3, 0.7)), ((0.3, 0.7), (0.6, 0.4))]:
        rest = [exact_mean(n, p, q) - kl_categorical(p, q) - plug_in_bias(2, n) for n in (100, 200)]
        assert abs(rest[0]) < 1e-3 * plug_in_bias(2, 100) * 100
        assert rest[0] / rest[1] == pytest.approx(4, rel=0.1)
    # Many cells, by simulation, where p is q and where it is not.
    p, other = rng(1).dirichlet(np.full(20, 50)), rng(2).dirichlet(np.full(20, 50))
    counts = rng(3).multinomial(2000, p, size=3000)
    for q in (p, other):
        values = [plug_in_kl(row, q) - kl_categorical(p, q) for row in counts]
        within(values, plug_in_bias(20, 2000), slack=1e-4)


def check_plug_in_js_bias(plug_in_js_bias):
    p = rng(1).dirichlet(np.full(20, 50))
    for n, m in [(2000, 2000), (1000, 4000)]:
        a, b = rng(4).multinomial(n, p, size=3000), rng(5).multinomial(m, p, size=3000)
        values = [plug_in_js(x, y) for x, y in zip(a, b, strict=True)]
        within(values, plug_in_js_bias(20, n, m), slack=2e-5)


def test_plug_in_bias():
    check_plug_in_bias(plug_in_bias)


def test_plug_in_js_bias():
    check_plug_in_js_bias(plug_in_js_bias)


# ---- nearest neighbours ----


def by_brute_force(x, y, k):
    total = 0.0
    for i, a in enumerate(x):
        rho = sorted(abs(a - b) for j, b in enumerate(x) if j != i)[k - 1]
        nu = sorted(abs(a - b) for b in y)[k - 1]
        total += math.log(nu / rho)
    return total / len(x) + math.log(len(y) / (len(x) - 1))


def check_knn_kl(knn_kl):
    for (n, m), k in product([(9, 5), (2, 1), (6, 14)], (1, 2, 4)):
        if n > k and m >= k:
            x, y = rng(n).normal(size=n), rng(m).normal(size=m)
            assert knn_kl(x, y, k=k) == pytest.approx(by_brute_force(x, y, k))
    p, q = (1.0, 1.0), (0.0, 2.0)
    for k in (1, 5):
        values = [
            knn_kl(rng(s).normal(*p, size=2000), rng(s + 500).normal(*q, size=2000), k=k)
            for s in range(60)
        ]
        within(values, kl(gaussian(*p), gaussian(*q)), slack=0.005)


def test_knn_kl():
    check_knn_kl(knn_kl)


def test_knn_kl_errs_less_with_more_samples_and_is_negative_at_times():
    def values(n):
        return [knn_kl(rng(s).normal(size=n), rng(s + 99).normal(size=n)) for s in range(40)]

    few, many = values(50), values(5000)
    assert min(few) < 0
    assert np.std(many) < np.std(few) / 5


def test_knn_kl_grows_where_the_truth_is_infinite():
    def mean(n):
        return np.mean([knn_kl(rng(s).uniform(0, 2, n), rng(s + 9).uniform(0, 1, n), k=3)
                        for s in range(20)])  # fmt: skip

    assert mean(10_000) > mean(1000) + 0.5 > mean(100) + 1


# ---- empirical Wasserstein distance ----

samples = some.lists(some.floats(-50, 50), min_size=1, max_size=12)


def check_empirical_w1(empirical_w1):
    assert empirical_w1([3.0, 1.0, 2.0], [10.0, 12.0, 11.0]) == pytest.approx(9)
    assert empirical_w1([0.0], [1.0, -3.0]) == pytest.approx(2)
    for n, m in [(5, 5), (3, 7), (12, 8), (1, 4)]:
        x, y = rng(n).normal(size=n), rng(m + 50).normal(1, 2, size=m)
        assert empirical_w1(x, y) == pytest.approx(st.wasserstein_distance(x, y), rel=1e-12)


def test_empirical_w1():
    check_empirical_w1(empirical_w1)


@gently
@given(samples, samples)
def test_empirical_w1_is_that_of_scipy(x, y):
    assert empirical_w1(x, y) == pytest.approx(st.wasserstein_distance(x, y), abs=1e-12)
    assert empirical_w1(x, x) == 0


def exact_w1_bias(law, n):
    """At each x the two samples count K, K' ~ Binomial(n, F): the integral of E|K - K'| / n.

    E|K - K'| = 2 times the sum over k of B (1 - B), with B the distribution function of K.
    """
    x = np.linspace(*law.ppf([1e-12, 1 - 1e-12]), 3001)
    below = st.binom.cdf(np.arange(n), n, law.cdf(x)[:, None])
    return trapezoid(2 / n * (below * (1 - below)).sum(axis=1), x)


def check_empirical_w1_bias(empirical_w1_bias):
    # The first order is too large, by a share that falls as n grows.
    for p, law, excess in [
        (gaussian(3, 2), st.norm(3, 2), {50: 0.051, 400: 0.0152}),
        (uniform(0, 1), st.uniform(0, 1), {50: 0.0075, 400: 0.0009}),
        (laplace(1, 0.5), st.laplace(1, 0.5), {50: 0.103, 400: 0.0351}),
    ]:
        for n, share in excess.items():
            found = empirical_w1_bias(p, n) / exact_w1_bias(law, n) - 1
            assert found == pytest.approx(share, abs=6e-4)
    # The integral once more, by scipy.
    f = st.norm(3, 2)
    inside = quad(lambda x: math.sqrt(f.cdf(x) * f.sf(x)), -50, 56, points=[-3, 3, 9], limit=200)[0]
    assert empirical_w1_bias(gaussian(3, 2), 50) == pytest.approx(
        2 / math.sqrt(50 * math.pi) * inside
    )


def test_the_mean_of_empirical_w1_for_equal_laws():
    g = rng(8)
    values = [empirical_w1(g.normal(3, 2, 50), g.normal(3, 2, 50)) for _ in range(2000)]
    within(values, exact_w1_bias(st.norm(3, 2), 50))


def test_empirical_w1_bias():
    check_empirical_w1_bias(empirical_w1_bias)


def test_empirical_w1_bias_of_a_mixture_scales():
    small = empirical_w1_bias(mixture([0, 3], [1, 0.5]), 100)
    assert empirical_w1_bias(mixture([0, 300], [100, 50]), 400) == pytest.approx(50 * small)


def test_empirical_w1_of_different_laws_is_near_the_truth():
    p, q = gaussian(0, 1), gaussian(3, 2)
    values = [empirical_w1(rng(s).normal(0, 1, 500), rng(s + 99).normal(3, 2, 500))
              for s in range(200)]  # fmt: skip
    within(values, wasserstein1(p, q), slack=0.005)


# ---- bounds from a discriminator ----

N = 200_000


def pair_of_samples(seed=0, n=N):
    g = rng(seed)
    return torch.from_numpy(g.normal(0, 1, n)), torch.from_numpy(g.normal(1, 1, n))


def exact_value(logit):
    """V(D) for p = N(0, 1) and q = N(1, 1), by scipy."""

    def softplus(t):
        return max(t, 0) + math.log1p(math.exp(-abs(t)))

    def f(x):
        return -st.norm.pdf(x) * softplus(-logit(x)) - st.norm.pdf(x, 1) * softplus(logit(x))

    return quad(f, -12, 13, points=[0, 1], limit=200)[0]


def check_js_lower_bound(js_lower_bound):
    real, fake = pair_of_samples()
    exact = js(gaussian(0, 1), gaussian(1, 1))
    for a, b in [(0.5, -1.0), (0.0, -0.5), (2.0, 1.0), (0.0, 0.0)]:
        expected = (exact_value(lambda x, a=a, b=b: a + b * x) + LOG4) / 2
        assert expected <= exact + 1e-12
        found = js_lower_bound(a + b * real, a + b * fake)
        assert found == pytest.approx(expected, abs=0.004)
    assert js_lower_bound(0.5 - real, 0.5 - fake) == pytest.approx(exact, abs=0.002)
    # Sizes may differ: two means, not one.
    assert js_lower_bound(0.5 - real, 0.5 - fake[:99_999]) == pytest.approx(exact, abs=0.003)
    assert js_lower_bound(torch.full((3,), 999.0), torch.full((2,), -999.0)) == math.log(2)


def check_tv_lower_bound(tv_lower_bound):
    real, fake = pair_of_samples()
    exact = total_variation(gaussian(0, 1), gaussian(1, 1))
    assert tv_lower_bound(0.5 - real, 0.5 - fake) == pytest.approx(exact, abs=0.01)
    assert tv_lower_bound(1.5 - real, 1.5 - fake[:50_000]) == pytest.approx(
        st.norm.cdf(1.5) - st.norm.cdf(0.5), abs=0.01
    )
    assert tv_lower_bound(torch.zeros(3), torch.zeros(2)) == 0
    assert tv_lower_bound(torch.tensor([1.0, -1.0, 1.0, 1.0]), torch.tensor([-2.0])) == 0.75


def test_js_lower_bound():
    check_js_lower_bound(js_lower_bound)


def test_tv_lower_bound():
    check_tv_lower_bound(tv_lower_bound)


def test_on_its_own_training_samples_a_discriminator_is_no_bound():
    """D that learnt 20 samples by heart, of equal laws: JS is 0, and it claims log 2."""
    x, y = (torch.from_numpy(v) for v in rng(6).normal(size=(2, 20)))

    def by_heart(t):
        return 50.0 - 100.0 * ((t[:, None] - y).abs().min(1)[0] < (t[:, None] - x).abs().min(1)[0])

    assert js_lower_bound(by_heart(x), by_heart(y)) == pytest.approx(math.log(2))
    fresh = [torch.from_numpy(v) for v in rng(7).normal(size=(2, 10_000))]
    assert js_lower_bound(by_heart(fresh[0]), by_heart(fresh[1])) < 0


MUTANTS = {
    "bias: K for K - 1": (check_plug_in_bias, lambda cells, n: cells / (2 * n)),
    "bias: half missing": (check_plug_in_bias, lambda cells, n: (cells - 1) / n),
    "bias: sign": (check_plug_in_bias, lambda cells, n: -plug_in_bias(cells, n)),
    "js bias: quarter": (check_plug_in_js_bias, lambda k, n, m: 2 * plug_in_js_bias(k, n, m)),
    "js bias: sizes added": (check_plug_in_js_bias, lambda k, n, m: (k - 1) / (2 * (n + m))),
    "knn: swapped": (check_knn_kl, lambda x, y, k: knn_kl(y, x, k=min(k, max(1, len(y) - 1)))),
    "knn: correction missing": (
        check_knn_kl,
        lambda x, y, k: knn_kl(x, y, k=k) - math.log(len(y) / (len(x) - 1)),
    ),
    "knn: n for n - 1": (
        check_knn_kl,
        lambda x, y, k: knn_kl(x, y, k=k) + math.log((len(x) - 1) / len(x)),
    ),
    "w1: not sorted": (
        check_empirical_w1,
        lambda x, y: float(np.mean(np.abs(np.resize(x, 12) - np.resize(y, 12)))),
    ),
    "w1: of the means": (check_empirical_w1, lambda x, y: abs(np.mean(x) - np.mean(y))),
    "w1 bias: one sample": (
        check_empirical_w1_bias,
        lambda p, n: empirical_w1_bias(p, n) / math.sqrt(2),
    ),
    "w1 bias: 1 / n": (
        check_empirical_w1_bias,
        lambda p, n: empirical_w1_bias(p, n) * math.sqrt(50 / n),
    ),
    "js bound: half missing": (check_js_lower_bound, lambda r, f: 2 * js_lower_bound(r, f)),
    "js bound: swapped": (check_js_lower_bound, lambda r, f: js_lower_bound(f, r)),
    "js bound: one mean": (
        check_js_lower_bound,
        lambda r, f: (
            float(
                -2
                * torch.nn.functional.binary_cross_entropy_with_logits(
                    torch.cat([r, f]), torch.cat([r * 0 + 1, f * 0])
                )
                + LOG4
            )
            / 2
        ),
    ),
    "tv bound: accuracy": (check_tv_lower_bound, lambda r, f: (1 + tv_lower_bound(r, f)) / 2),
    "tv bound: swapped": (check_tv_lower_bound, lambda r, f: tv_lower_bound(f, r)),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_checks_notice_a_mutant(name):
    check, mutant = MUTANTS[name]
    with pytest.raises(AssertionError):
        check(mutant)


# ---- the Fréchet distance of samples ----


def frechet_by_quadrature(n, m):
    """The mean of (difference of means)^2 + (s - s')^2, from the densities of both parts."""
    scale_n, scale_m = 1 / math.sqrt(n - 1), 1 / math.sqrt(m - 1)  # s is chi(n - 1) / root (n - 1)
    gap = st.norm(scale=math.sqrt(1 / n + 1 / m))
    means = quad(lambda x: x**2 * gap.pdf(x), -np.inf, np.inf)[0]
    first, second = (
        [quad(lambda s, law=law, k=k: s**k * law.pdf(s), 0, 20)[0] for k in (1, 2)]
        for law in (st.chi(n - 1, scale=scale_n), st.chi(m - 1, scale=scale_m))
    )
    return means + first[1] + second[1] - 2 * first[0] * second[0]


def check_frechet_bias(frechet_bias):
    for n, m in [(2, 2), (3, 7), (10, 10), (50, 20)]:
        assert frechet_bias(n, m) == pytest.approx(frechet_by_quadrature(n, m), rel=1e-7)


def test_frechet_bias_is_exact():
    check_frechet_bias(frechet_bias)


@pytest.mark.parametrize("n", [998, 999, 1000, 1001, 10**6])
def test_frechet_bias_of_many_samples_keeps_its_digits(n):
    with mp.workdps(30):
        c4 = mp.sqrt(mp.mpf(2) / (n - 1)) * mp.gammaprod([mp.mpf(n) / 2], [mp.mpf(n - 1) / 2])
        exact = float(mp.mpf(2) / n + 2 * (1 - c4**2))
    assert frechet_bias(n, n) == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda n, m: frechet_bias(n, m) - 1 / m,
        lambda n, m: 3 / 2 * (1 / n + 1 / m),  # to first order only
        lambda n, m: frechet_bias(n, m) / 2 + 1 / n,
        lambda n, m: frechet_bias(n + 1, m + 1),
    ],
    ids=["one mean", "first order", "one spread", "divided by n"],
)
def test_a_wrong_frechet_bias_is_caught(mutant):
    with pytest.raises(AssertionError):
        check_frechet_bias(mutant)


def frechet_of_two_clouds(sds, n, m, seed, trials=400):
    """Fréchet distances between samples of one Gaussian, by numpy and the nuclear norm."""
    draw, found = rng(seed), []
    for _ in range(trials):
        x, y = draw.normal(size=(n, len(sds))) * sds, draw.normal(size=(m, len(sds))) * sds
        p, q = (x - x.mean(0)) / math.sqrt(n - 1), (y - y.mean(0)) / math.sqrt(m - 1)
        root = np.linalg.svd(p @ q.T, compute_uv=False).sum()
        gap = ((x.mean(0) - y.mean(0)) ** 2).sum()
        found.append(gap + (p**2).sum() + (q**2).sum() - 2 * root)
    return found


def check_bias_in_dimensions(formula):
    # What is left is of second order: 3 % here.
    for sds, n, m in [([1.0] * 4, 150, 150), ([3.0, 1.0, 0.2], 120, 200)]:
        expected = formula(np.square(sds), n, m)
        within(frechet_of_two_clouds(sds, n, m, seed=1), expected, slack=0.03 * expected)


def test_frechet_bias_in_dimensions():
    check_bias_in_dimensions(frechet_bias_in_dimensions)
    for n in (10, 10**4, 10**6):  # and in one dimension the exact one says how much is left
        rest = 1 - frechet_bias_in_dimensions([1.0], n, n) / frechet_bias(n, n)
        assert rest == pytest.approx(1 / (4 * n), rel=0.1)
    d = 7
    expected = d * (d + 5) / 4 * (1 / 30 + 1 / 50)
    assert frechet_bias_in_dimensions([1.0] * d + [0.0], 30, 50) == pytest.approx(expected)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda v, n, m: (1 / n + 1 / m) * v.sum(),
        lambda v, n, m: sum(frechet_bias_in_dimensions([x], n, m) for x in v),
        lambda v, n, m: frechet_bias_in_dimensions(np.sqrt(v), n, m),
        lambda v, n, m: frechet_bias_in_dimensions(v, n, m) / 2,
    ],
    ids=["means only", "variances only", "standard deviations", "half"],
)
def test_a_wrong_bias_in_dimensions_is_caught(mutant):
    with pytest.raises(AssertionError):
        check_bias_in_dimensions(mutant)


NAN = float("nan")
BAD = [
    (lambda: histogram([], [0.0]), "x"),
    (lambda: histogram([NAN], [0.0]), "x"),
    (lambda: histogram([1.0], [1.0, 0.0]), "edges"),
    (lambda: plug_in_kl([0, 0], [0.5, 0.5]), "counts"),
    (lambda: plug_in_kl([-1, 2], [0.5, 0.5]), "counts"),
    (lambda: plug_in_kl([1, 2], [0.5, 0.6]), "q"),
    (lambda: plug_in_js([1, 2], [0, 0]), "counts_q"),
    (lambda: plug_in_bias(0, 10), "cells"),
    (lambda: plug_in_bias(2, 0), "n"),
    (lambda: plug_in_js_bias(2, 5, 0), "m"),
    (lambda: knn_kl([1.0, 2.0], [1.5], k=0), "k"),
    (lambda: knn_kl([1.0, 2.0], [1.5, 3.0], k=2), "k"),
    (lambda: knn_kl([1.0, 1.0, 2.0], [1.5]), "x"),
    (lambda: knn_kl([1.0, 2.0], [1.0]), "x"),
    (lambda: empirical_w1([[1.0]], [1.0]), "x"),
    (lambda: empirical_w1([1.0], [math.inf]), "y"),
    (lambda: empirical_w1_bias(gaussian(0, 1), 0), "n"),
    (lambda: empirical_w1_bias(torch.distributions.Cauchy(0.0, 1.0), 9), "p"),
    (lambda: frechet_bias(1, 9), "n"),
    (lambda: frechet_bias(9, 1), "m"),
    (lambda: frechet_bias_in_dimensions([1.0], 1, 9), "n"),
    (lambda: frechet_bias_in_dimensions([1.0], 9, 1), "m"),
    (lambda: frechet_bias_in_dimensions([1.0, -1e-3], 9, 9), "eigenvalues"),
    (lambda: frechet_bias_in_dimensions([[1.0]], 9, 9), "eigenvalues"),
    (lambda: js_lower_bound(torch.zeros(0), torch.zeros(1)), "real"),
    (lambda: js_lower_bound(torch.zeros(1), torch.tensor([NAN])), "fake"),
    (lambda: tv_lower_bound(torch.zeros(1, 1), torch.zeros(1)), "real"),
]


@pytest.mark.parametrize(("call", "name"), BAD)
def test_bad_arguments_are_refused_by_name(call, name):
    with pytest.raises(ValueError, match=rf"^{name}\b.*got"):
        call()
