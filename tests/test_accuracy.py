"""The digits of the divergences, against 40-digit references; extreme and refused input."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import scipy.stats as st
import torch
from high_precision import distance
from hypothesis import given, settings
from hypothesis import strategies as some
from torch.distributions import Categorical, Laplace, MixtureSameFamily, Normal, Uniform

from gan_lessons import divergences as dv
from gan_lessons.densities import gaussian, laplace, mixture, uniform
from gan_lessons.f_divergences import GENERATORS, f_divergence
from gan_lessons.integrands import excess, js_integrand, kl_integrand
from gan_lessons.laws import Pair, couple, law
from gan_lessons.quadrature import integrate

DISTANCES = {
    "kl": dv.kl,
    "js": dv.js,
    "tv": dv.total_variation,
    "w1": dv.wasserstein1,
}
EXACT_DIGITS = 1e-9  # relative; the promise is 1e-8
carefully = settings(deadline=None, max_examples=8, derandomize=True)


def mixed(family, first, second, weights):
    """A mixture of Laplace or uniform components, which torch builds but `densities` does not."""
    a, b, w = (torch.tensor(v, dtype=torch.float64) for v in (first, second, weights))
    part = family(a, b, validate_args=False)
    return MixtureSameFamily(Categorical(w, validate_args=False), part, validate_args=False)


NEAR = 1e-9
PAIRS = {
    "two mixtures": (mixture([2, 6], [0.5, 0.7]), mixture([-1, 5], [1, 2], [1, 3])),
    "a mean moved a little": (mixture([2, 6], [0.5, 0.7]), mixture([2 + NEAR, 6], [0.5, 0.7])),
    "an sd changed a little": (mixture([2, 6], [0.5, 0.7]), mixture([2, 6], [0.5, 0.7 + NEAR])),
    "weights changed a little": (
        mixture([2, 6], [0.5, 0.7]),
        mixture([2, 6], [0.5, 0.7], [0.5 + NEAR, 0.5 - NEAR]),
    ),
    "one mean, two sds": (mixture([0, 0], [1, 5]), mixture([0, -1e-10], [1, 5])),
    "components in another order": (mixture([0, 3], [1, 5]), mixture([3 + NEAR, 0], [5, 1])),
    "a rare component": (mixture([0, 5], [1, 1], [1 - NEAR, NEAR]), gaussian(0, 1)),
    "a far rare one": (mixture([0, 1000], [1, 1], [1 - 1e-14, 1e-14]), gaussian(0, 1)),
    "a thousand times narrower": (mixture([0, 3], [1, 1]), mixture([0.3, 3], [1e-3, 1])),
    "a thousand times wider": (mixture([0, 3], [1, 0.5]), mixture([0, 300], [1e3, 50])),
    "a thousand sds apart": (mixture([0, 1], [1, 1]), mixture([1e3, 1e3 + 2], [1, 1])),
    "narrow and far from 0": (
        mixture([1e3, 1e3 + 1e-3], [1e-3, 1e-3]),
        mixture([1e3, 1e3 + 1.1e-3], [1e-3, 1e-3]),
    ),
    "narrow, far apart": (mixture([0, 1], [1e-3, 1]), gaussian(1e3, 1e-3)),
    "Laplace, normal": (laplace(0, 1), gaussian(0.3, 1)),
    "normal, Laplace": (gaussian(0.3, 1), laplace(0, 1)),
    "Laplace moved a little": (laplace(0, 1), laplace(NEAR, 1)),
    "Laplace widened a little": (laplace(0, 1), laplace(0, 1 + NEAR)),
    "Laplace, narrow": (laplace(0, 1), laplace(1, 1e-3)),
    "Laplace mixture": (
        mixed(Laplace, [0, 2.0], [1, 0.2], [0.3, 0.7]),
        mixture([0, 2], [1, 0.3]),
    ),
    "uniform, normal": (uniform(0, 1), gaussian(0.3, 2)),
    "uniform, Laplace": (uniform(-1, 3), laplace(0.3, 2)),
    "uniform, wide normal": (uniform(0, 1), gaussian(0, 1e3)),
    "uniform widened a little": (uniform(3, 4), uniform(3 - 1e-10, 4)),
    "uniform mixture": (
        mixed(Uniform, [0, 0.5], [1, 2.0], [0.3, 0.7]),
        mixed(Uniform, [0, 0.5], [1, 2.0 + 1e-7], [0.3, 0.7]),
    ),
}


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("pair", PAIRS)
def test_every_digit_that_was_promised(name, pair):
    p, q = PAIRS[pair]
    expected = distance(name, p, q)
    assert expected > 0
    assert abs(DISTANCES[name](p, q) / expected - 1) < EXACT_DIGITS


NAIVE = {  # the textbook formulas in double precision, on nodes that are fine enough
    "kl": lambda p, q: (p * np.log(p / q)).sum(),
    "js": lambda p, q: (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))).sum() / 2,
}


@pytest.mark.parametrize("name", NAIVE)
def test_the_reference_notices_a_textbook_formula(name):
    p, q = PAIRS["a mean moved a little"]
    x = torch.linspace(-4, 13, 100_001, dtype=torch.float64)
    found = NAIVE[name](p.log_prob(x).exp().numpy(), q.log_prob(x).exp().numpy()) * 17e-5
    assert abs(found / distance(name, p, q) - 1) > 0.1


locs, scales, shares = some.floats(-5, 5), some.floats(0.05, 4), some.floats(0.05, 0.95)
tiny = some.integers(-10, 0).flatmap(lambda k: some.sampled_from([10.0**k, -(10.0**k)]))


@some.composite
def pairs(draw):
    """Two laws of any kinds, or two whose parameters differ by as little as 1e-10."""
    kinds = (
        lambda a, s, b, t, w: gaussian(a, s),
        lambda a, s, b, t, w: laplace(a, s),
        lambda a, s, b, t, w: mixture([a, b], [s, t], [w, 1 - w]),
        lambda a, s, b, t, w: mixed(Laplace, [a, b], [s, t], [w, 1 - w]),
    )
    kind = draw(some.sampled_from(kinds))
    one = draw(some.tuples(locs, scales, locs, scales, shares))
    if draw(some.booleans()):
        change, which = draw(tiny), draw(some.integers(0, 4))
        other = [v * (1 + change) if i == which and i != 4 else v for i, v in enumerate(one)]
        return kind(*one), kind(*(other[:1] + [abs(v) for v in other[1:2]] + other[2:3]
                                  + [abs(v) for v in other[3:4]] + other[4:]))  # fmt: skip
    return kind(*one), draw(some.sampled_from(kinds))(
        *draw(some.tuples(locs, scales, locs, scales, shares))
    )


@pytest.mark.parametrize("name", DISTANCES)
def test_any_two_laws_keep_their_digits(name):
    @carefully
    @given(pairs())
    def check(pair):
        expected = distance(name, *pair)
        found = DISTANCES[name](*pair)
        if abs(expected) < 1e-38:  # the same law: the reference is rounding only
            assert found == 0
        else:
            assert abs(found / expected - 1) < EXACT_DIGITS

    check()


@settings(deadline=None, max_examples=50, derandomize=True)
@given(locs, some.floats(1e-3, 1e3), tiny, tiny)
def test_closed_forms_of_gaussians_that_are_nearly_equal(mean, sd, d, e):
    other = mean + d * sd, sd * (1 + abs(e))
    for name, f in (("kl", dv.kl_gaussian), ("w1", dv.w1_gaussian)):
        p, q = gaussian(mean, sd), gaussian(*other)
        by_quadrature = {"kl": dv.kl_by_quadrature, "w1": dv.wasserstein1_by_quadrature}[name]
        assert f(mean, sd, *other) == pytest.approx(by_quadrature(p, q), rel=1e-9, abs=1e-300)


# ---- extremes: infinite, 0 or the limit, and never NaN ----

ZOO = {
    "normal": gaussian(0, 1),
    "normal, far": gaussian(1e3, 1),
    "normal, farther": gaussian(1e9, 1),
    "normal, narrow": gaussian(0, 1e-3),
    "normal, needle": gaussian(0.5, 1e-12),
    "normal, wide": gaussian(0, 1e3),
    "normal, desert": gaussian(0, 1e12),
    "normal, smallest": gaussian(0, 1e-150),
    "Laplace": laplace(0, 1),
    "Laplace, far and narrow": laplace(-1e3, 1e-3),
    "uniform": uniform(0, 1),
    "uniform, far": uniform(1e3, 1e3 + 1),
    "uniform, narrow": uniform(0, 1e-3),
    "uniform, around all": uniform(-1e13, 1e13),
    "mixture": mixture([2, 6], [0.5, 0.5]),
    "mixture, two scales": mixture([-1e3, 1e3], [1e-3, 1e3], [1e-9, 1]),
    "uniform mixture": mixed(Uniform, [0, 3.0], [1, 4.0], [0.5, 0.5]),
}


@pytest.mark.parametrize("one", ZOO)
def test_nothing_is_nan_and_bounds_hold(one):
    p = ZOO[one]
    for other, q in ZOO.items():
        same = one == other
        kl, js, tv, w1 = (f(p, q) for f in DISTANCES.values())
        assert (kl == 0) == (js == 0) == (tv == 0) == (w1 == 0) == same
        assert kl >= 0
        assert 0 <= js <= dv.LOG2
        assert 0 <= tv <= 1
        assert 0 <= w1 < math.inf
        assert not kl < 2 * tv**2 * (1 - 1e-9)  # Pinsker
        for name in GENERATORS:
            found = f_divergence(p, q, name)
            assert found >= (-math.log(4) - 1e-14 if name == "GAN" else 0)
        assert not math.isnan(dv.cross_entropy(p, q))
    assert math.isfinite(dv.entropy(p))


def test_limits():
    near, far = gaussian(0, 1), gaussian(1e3, 1)
    assert dv.kl(near, far) == 5e5
    assert dv.kl_by_quadrature(near, far) == pytest.approx(5e5, rel=1e-13)
    assert dv.js(near, far) == pytest.approx(dv.LOG2, rel=1e-14)
    assert dv.total_variation(near, far) == pytest.approx(1, rel=1e-14)
    assert dv.wasserstein1(near, far) == 1e3
    assert dv.wasserstein1_by_quadrature(near, far) == pytest.approx(1e3, rel=1e-13)
    needle = gaussian(0, 1e-9)  # all but a point
    assert dv.total_variation(near, needle) == pytest.approx(1, abs=1e-7)
    assert dv.wasserstein1(near, needle) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-8)
    assert dv.kl(needle, near) == pytest.approx(math.log(1e9) - 0.5, rel=1e-12)


def test_infinity_comes_from_the_support_and_not_from_rounding():
    # The normal law gives the places beyond 100 a probability that rounds to 0; it is not 0.
    assert dv.kl(gaussian(0, 1), uniform(-100, 100)) == math.inf
    assert dv.cross_entropy(gaussian(0, 1), uniform(-100, 100)) == math.inf
    # Densities that round to 0 all over each other's places are positive.
    assert dv.kl(mixture([0.0], [1.0]), laplace(1e6, 1)) == pytest.approx(1e6 - 0.72579, rel=1e-9)
    assert dv.kl(uniform(0, 2), mixed(Uniform, [0, 1.0], [1, 2.0], [0.5, 0.5])) == 0
    assert dv.kl(uniform(0, 2), mixed(Uniform, [0, 1.1], [1, 2.0], [0.5, 0.5])) == math.inf
    assert dv.kl(uniform(0, 1), uniform(0, math.nextafter(1, 0))) == math.inf


def test_components_of_weight_0_do_not_count():
    plain = gaussian(0, 1)
    by_us = mixture([0, 50], [1, 1], [1, 0])
    by_torch = mixed(Normal, [0, 50.0], [1, 1.0], [1, 0.0])
    for p in (by_us, by_torch):
        assert dv.kl_by_quadrature(p, plain) == dv.kl_by_quadrature(plain, p) == 0
        assert dv.wasserstein1_by_quadrature(p, plain) == 0
    missing = mixed(Uniform, [0, 3.0], [1, 4.0], [1, 0.0])
    assert dv.kl(uniform(3, 4), missing) == math.inf
    assert dv.kl(missing, uniform(0, 1)) == 0


def test_the_same_law_written_differently_is_at_distance_0():
    for p, q in [
        (gaussian(1, 2), mixture([1.0], [2.0])),
        (mixture([2, 6], [0.5, 1]), mixture([6, 2], [1, 0.5])),
        (mixture([1, 1, 1], [2, 2, 2]), gaussian(1, 2)),
        (mixture([0, 4], [1, 1], [1, 3]), mixture([0, 4, 4], [1, 1, 1], [0.25, 0.5, 0.25])),
    ]:
        for f in DISTANCES.values():
            assert f(p, q) == f(q, p) == 0


def test_single_precision_parameters_are_taken_as_they_are():
    p = Normal(torch.tensor(0.1), torch.tensor(1.0))
    q = gaussian(torch.tensor(0.1).item(), 1.0)
    assert dv.kl(p, q) == dv.js(p, q) == dv.kl_by_quadrature(p, q) == 0
    thirds = MixtureSameFamily(Categorical(torch.ones(3)), Normal(torch.zeros(3), torch.ones(3)))
    assert dv.js(thirds, gaussian(0, 1)) == 0


# ---- refused ----

T = torch.tensor
BATCH = Normal(torch.zeros(2), torch.ones(2))
BAD_LAWS = {
    "another family": torch.distributions.Cauchy(T(0.0), T(1.0)),
    "not a density": torch.distributions.Poisson(T(1.0)),
    "two laws at once": BATCH,
    "two axes": Normal(torch.zeros(2, 3), torch.ones(2, 3)),
    "batch of mixtures": MixtureSameFamily(
        Categorical(torch.ones(4, 2)), Normal(torch.zeros(4, 2), torch.ones(4, 2))
    ),
    "mixture of another family": MixtureSameFamily(
        Categorical(torch.ones(2)), torch.distributions.Gumbel(torch.zeros(2), torch.ones(2))
    ),
    "NaN mean": Normal(T(math.nan), T(1.0), validate_args=False),
    "infinite sd": Normal(T(0.0), T(math.inf), validate_args=False),
    "NaN end": Uniform(T(0.0), T(math.nan), validate_args=False),
    "negative sd": Normal(T(0.0), T(-1.0), validate_args=False),
    "sd of 0": Normal(T(0.0), T(0.0), validate_args=False),
    "too narrow to square": gaussian(0, 1e-200),
    "no law": 3.0,
}
OF_TWO = [*DISTANCES.values(), dv.cross_entropy, dv.kl_by_quadrature, dv.best_accuracy]
OF_TWO += [dv.wasserstein1_by_quadrature, lambda p, q: f_divergence(p, q, "JS")]


@pytest.mark.parametrize("bad", BAD_LAWS)
def test_what_is_no_supported_density_is_refused_by_name(bad):
    good = gaussian(0, 1)
    for f in OF_TWO:
        with pytest.raises(ValueError, match=r"^p .*got"):
            f(BAD_LAWS[bad], good)
        with pytest.raises(ValueError, match=r"^q .*got"):
            f(good, BAD_LAWS[bad])
    with pytest.raises(ValueError, match=r"^p .*got"):
        dv.entropy(BAD_LAWS[bad])


GOOD = [0.5, 0.5]
BAD_CALLS = [
    (lambda: dv.kl(gaussian(0, 1), gaussian(1, 1), base=1), "base"),
    (lambda: dv.js(gaussian(0, 1), gaussian(1, 1), base=0), "base"),
    (lambda: dv.entropy(gaussian(0, 1), base=math.nan), "base"),
    (lambda: dv.kl_categorical(GOOD, GOOD, base=-2), "base"),
    (lambda: dv.kl_gaussian(0, 0, 0, 1), "sd_p"),
    (lambda: dv.kl_gaussian(0, 1, 0, -1), "sd_q"),
    (lambda: dv.kl_gaussian(math.nan, 1, 0, 1), "mean_p"),
    (lambda: dv.w1_gaussian(0, 1, math.inf, 1), "mean_q"),
    (lambda: dv.kl_categorical([0.5, 0.6], GOOD), "p"),
    (lambda: dv.kl_categorical(GOOD, [1.5, -0.5]), "q"),
    (lambda: dv.js_categorical([], GOOD), "p"),
    (lambda: dv.js_categorical([GOOD, GOOD], GOOD), "p"),
    (lambda: dv.js_categorical([1.0], GOOD), "q"),
    (lambda: dv.entropy_categorical([math.nan, 1.0]), "p"),
    (lambda: integrate(np.exp, np.array([0.0])), "cuts"),
    (lambda: integrate(np.exp, np.array([0.0, 0.0])), "cuts"),
    (lambda: integrate(np.exp, np.array([0.0, math.inf])), "cuts"),
]


@pytest.mark.parametrize(("call", "name"), BAD_CALLS)
def test_bad_arguments_are_refused_by_name(call, name):
    with pytest.raises(ValueError, match=rf"^{name}\b.*got"):
        call()


# ---- the parts ----


def test_integrands_against_40_digits():
    import mpmath

    with mpmath.workdps(60):
        for k in np.geomspace(1e-18, 600, 80):
            for u in (k, -k):
                v = mpmath.mpf(u)
                ratio = mpmath.exp(-abs(v))  # of the smaller density to the larger
                p, q = (1, ratio) if u > 0 else (ratio, 1)
                m = (p + q) / 2
                kl = p * v + q - p
                js = (p * mpmath.log(p / m) + q * mpmath.log(q / m)) / 2
                assert abs(kl_integrand(np.array([u]))[0] / kl - 1) < 1e-14
                delta = np.array([float(p - q)])
                assert abs(js_integrand(delta)[0] / js - 1) < 1e-13
            assert abs(excess(np.array([k]))[0] / (mpmath.exp(-mpmath.mpf(k)) - 1 + k) - 1) < 1e-14


@pytest.mark.parametrize("pair", PAIRS)
def test_differences_and_ratios_are_those_of_the_densities(pair):
    p, q = (law(r) for r in PAIRS[pair])
    both = Pair(p, q)
    x = np.concatenate([both.cuts, both.cuts[:-1] + np.diff(both.cuts) * 0.3])
    log_p, log_q = both.p.log_pdf(x), both.q.log_pdf(x)
    log_max, delta, u = both.compare(x)
    seen = log_max > -500
    difference = np.exp(log_p - log_max) - np.exp(log_q - log_max)
    np.testing.assert_allclose(delta[seen], difference[seen], atol=1e-9)
    finite = seen & np.isfinite(u)
    np.testing.assert_allclose(u[finite], (log_p - log_q)[finite], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(both.cdf_difference(x), both.p.cdf(x) - both.q.cdf(x), atol=1e-9)


def test_a_law_is_that_of_scipy_in_both_tails():
    x = np.array([-30.0, -3.0, 0.2, 3.0, 30.0])
    for p, theirs in [
        (gaussian(0.1, 2), st.norm(0.1, 2)),
        (laplace(0.1, 2), st.laplace(0.1, 2)),
        (uniform(-4, 5), st.uniform(-4, 9)),
    ]:
        ours = law(p)
        np.testing.assert_allclose(ours.log_pdf(x), theirs.logpdf(x), rtol=1e-13)
        np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-12)
        np.testing.assert_allclose(ours.cdf(x, upper=True), theirs.sf(x), rtol=1e-12)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(*2 * [some.lists(some.tuples(locs, scales, shares), min_size=1, max_size=5)])
def test_a_coupling_moves_all_probability(one, other):
    p, q = (law(mixture(*zip(*parts, strict=True))) for parts in (one, other))
    i, j, w = couple(p, q)
    assert (w > 0).all()
    assert len(w) <= len(one) + len(other) - 1
    for r, index in ((p, i), (q, j)):
        sums = np.bincount(index, w, minlength=len(r.weight))
        np.testing.assert_allclose(sums, r.weight / r.weight.sum(), rtol=1e-14)


def test_quadrature_finds_kinks_steps_and_spikes_by_itself():
    ends = np.array([0.0, 1.0])
    for f, expected in [
        (lambda x: np.abs(x - 1 / 3), 5 / 18),
        (lambda x: (x > 1 / 3).astype(float), 2 / 3),
        (lambda x: 1 / np.sqrt(x), 2),
        (lambda x: -np.log(np.abs(x - 0.3)), 1 - 0.3 * math.log(0.3) - 0.7 * math.log(0.7)),
        (np.exp, math.e - 1),
    ]:
        assert integrate(f, ends) == pytest.approx(expected, rel=3e-9)
    assert integrate(lambda x: np.where(x > 0.5, math.inf, 0.0), ends) == math.inf
    assert integrate(lambda x: np.zeros_like(x), ends) == 0


def test_quadrature_asks_for_as_many_digits_as_it_is_told():
    cost = []

    def f(x):
        cost.append(len(x))
        return np.abs(x - 1 / 3)

    errors = []
    for tolerance in (1e-3, 1e-6, 1e-12):
        cost.clear()
        errors.append(abs(integrate(f, np.array([0.0, 1.0]), tolerance) - 5 / 18))
        assert errors[-1] < tolerance
    assert errors[0] > 1e-12  # the tolerance is used


def test_pairs_do_not_depend_on_where_the_origin_is():
    for shift, (name, f) in product((0.0, 1024.0, -(2.0**20)), DISTANCES.items()):
        p = mixture([shift, shift + 2], [0.5, 0.25])
        q = mixture([shift + 0.25, shift + 3], [0.5, 1.5])
        plain = f(mixture([0, 2], [0.5, 0.25]), mixture([0.25, 3], [0.5, 1.5]))
        assert f(p, q) == pytest.approx(plain, rel=1e-13), name
