"""Divergences against scipy quadrature, closed forms and their own theorems; and mutants."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.stats as st
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.integrate import quad

from gan_lessons.densities import gaussian, mixture, uniform
from gan_lessons.divergences import (
    js,
    kl,
    kl_by_quadrature,
    total_variation,
    wasserstein1,
    wasserstein1_by_quadrature,
)

LOG2 = math.log(2)
gently = settings(deadline=None, max_examples=25, derandomize=True)
means, sds = some.floats(-5, 5), some.floats(0.2, 4)
laws = some.tuples(means, sds)
mixtures = some.builds(
    lambda a, b, w: mixture([a[0], b[0]], [a[1], b[1]], [w, 1 - w]),
    laws,
    laws,
    some.floats(0.1, 0.9),
)
targets = some.one_of(laws.map(lambda a: gaussian(*a)), mixtures)


def scipy_law(p):
    """log density and density of one of our laws, by scipy."""
    if isinstance(p, torch.distributions.Normal):
        law = st.norm(float(p.loc), float(p.scale))
        return lambda x: law.logpdf(x), law.cdf
    if isinstance(p, torch.distributions.Uniform):
        law = st.uniform(float(p.low), float(p.high - p.low))
        return lambda x: law.logpdf(x), law.cdf
    part, weights = p.component_distribution, p.mixture_distribution.probs.numpy()
    m, s = part.loc.numpy(), part.scale.numpy()
    return (
        lambda x: np.logaddexp.reduce(np.log(weights) + st.norm.logpdf(x, m, s)),
        lambda x: weights @ st.norm.cdf(x, m, s),
    )


def ends(p):
    """Places to cut a scipy integral: scipy misses a narrow peak in a wide range."""
    if isinstance(p, torch.distributions.Uniform):
        return [float(p.low), float(p.high)]
    part = p if isinstance(p, torch.distributions.Normal) else p.component_distribution
    m, s = part.loc.reshape(-1).numpy(), part.scale.reshape(-1).numpy()
    return [a + k * b for a, b in zip(m, s, strict=True) for k in (-8, -4, -2, 0, 2, 4, 8)]


def scipy_integral(f, *laws):
    cuts = sorted({float(c) for p in laws for c in ends(p)})
    return sum(quad(f, a, b, epsabs=1e-12, limit=200)[0] for a, b in pairwise(cuts))


def scipy_kl(p, q):
    (lp, _), (lq, _) = scipy_law(p), scipy_law(q)
    return scipy_integral(
        lambda x: 0.0 if lp(x) == -math.inf else math.exp(lp(x)) * (lp(x) - lq(x)), p
    )


def scipy_js(p, q):
    (lp, _), (lq, _) = scipy_law(p), scipy_law(q)

    def f(x):
        a, b = math.exp(lp(x)), math.exp(lq(x))
        m = (a + b) / 2
        return sum(r / 2 * math.log(r / m) for r in (a, b) if r > 0)

    return scipy_integral(f, p, q)


PAIRS = {
    "N(0,1) N(2,1)": (gaussian(0, 1), gaussian(2, 1)),
    "N(1,1) N(0,2)": (gaussian(1, 1), gaussian(0, 2)),
    "N(0,1) N(2.3,1.7)": (gaussian(0, 1), gaussian(2.3, 1.7)),
    "N(0,1) N(.3,.01)": (gaussian(0, 1), gaussian(0.3, 0.01)),
    "toy target, one mode": (mixture([2, 6], [0.5, 0.5]), gaussian(4, 0.5)),
    "two mixtures": (mixture([2, 6], [0.5, 0.7]), mixture([-1, 5], [1, 2], [1, 3])),
    "mixture, wide": (mixture([2, 6], [0.1, 0.1]), gaussian(4, 3)),
}


def close(value, expected, tolerance=1e-8):
    """Fail unless the two agree; an assertion that mutants can be run against."""
    assert value == pytest.approx(expected, rel=tolerance, abs=tolerance)


# ---- checks that take the function, so that mutants can be sent through them ----


def check_kl(kl):
    close(kl(gaussian(1, 1), gaussian(0, 2)), LOG2 + 2 / 8 - 1 / 2)  # 0.443147
    close(kl(gaussian(0, 1), gaussian(3, 1)), 4.5)
    close(kl(uniform(0, 1), uniform(0, 4)), math.log(4))
    assert kl(uniform(0, 4), uniform(0, 1)) == math.inf
    assert kl(uniform(0, 1), uniform(2, 3)) == math.inf
    close(kl(gaussian(2, 3), gaussian(2, 3)), 0)
    for p, q in PAIRS.values():
        close(kl(p, q), scipy_kl(p, q), 1e-7)


def check_js(js):
    close(js(uniform(0, 1), uniform(0, 4)), 0.380396, 1e-6)
    close(
        js(uniform(0, 1), uniform(0, 4)), (math.log(8 / 5) + (math.log(2 / 5) + 3 * LOG2) / 4) / 2
    )
    close(js(uniform(0, 1), uniform(2, 3)), LOG2, 1e-12)
    close(js(gaussian(0, 1), gaussian(0, 1)), 0)
    for p, q in PAIRS.values():
        close(js(p, q), scipy_js(p, q), 1e-6)


@pytest.mark.parametrize("ours", [kl, kl_by_quadrature])
def test_kl(ours):
    check_kl(ours)


def test_js():
    check_js(js)


MUTANTS = {
    "kl: arguments swapped": (check_kl, lambda p, q: kl(q, p)),
    "kl: symmetrised": (check_kl, lambda p, q: (kl(p, q) + kl(q, p)) / 2),
    "kl: in bits": (check_kl, lambda p, q: kl(p, q) / LOG2),
    "kl: sign": (check_kl, lambda p, q: -kl(p, q)),
    "kl: to the mixture": (check_kl, lambda p, q: js(p, q)),
    "js: half missing": (check_js, lambda p, q: 2 * js(p, q)),
    "js: square root": (check_js, lambda p, q: math.sqrt(max(js(p, q), 0))),
    "js: in bits": (check_js, lambda p, q: js(p, q) / LOG2),
    "js: no mixture (Jeffreys)": (check_js, lambda p, q: (kl(p, q) + kl(q, p)) / 4),
    "js: total variation": (check_js, lambda p, q: LOG2 * total_variation(p, q)),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_checks_notice_a_mutant(name):
    check, mutant = MUTANTS[name]
    with pytest.raises(AssertionError):
        check(mutant)


# ---- KL ----


@gently
@given(laws, laws)
def test_kl_by_quadrature_is_torchs_closed_form(a, b):
    p, q = gaussian(*a), gaussian(*b)
    exact = math.log(b[1] / a[1]) + (a[1] ** 2 + (a[0] - b[0]) ** 2) / (2 * b[1] ** 2) - 0.5
    close(kl(p, q), exact)
    close(kl_by_quadrature(p, q), exact)


@gently
@given(targets, targets)
def test_kl_is_at_least_zero(p, q):
    assert kl(p, q) >= -1e-10
    assert kl_by_quadrature(p, p) == pytest.approx(0, abs=1e-12)


INFINITE = {
    "tails beyond the support, closed form": (gaussian(0, 1), uniform(-10, 10)),
    "tails beyond the support": (mixture([0.0], [1.0]), uniform(-10, 10)),
    "a mode beyond the support": (mixture([0.0, 8.0], [0.5, 0.5]), uniform(-4, 4)),
    "a mode far beyond the support": (mixture([0.0, 100.0], [0.5, 0.5]), uniform(-10, 10)),
    "a gap between the modes": (mixture([0.0, 1000.0], [0.5, 0.5]), uniform(-20, 400)),
}


@pytest.mark.parametrize("ours", [kl, kl_by_quadrature])
@pytest.mark.parametrize("name", INFINITE)
def test_kl_is_infinite_where_q_misses_a_part_of_p_and_never_nan(name, ours):
    assert ours(*INFINITE[name]) == math.inf


def test_kl_of_far_narrow_laws_is_finite_and_right():
    close(kl_by_quadrature(gaussian(0, 0.01), gaussian(50, 0.01)), 50**2 / (2 * 0.01**2))


# ---- JS ----


@gently
@given(targets, targets)
def test_js_is_symmetric_and_between_0_and_log_2(p, q):
    assert js(p, q) == pytest.approx(js(q, p), abs=1e-12)
    assert -1e-10 <= js(p, q) <= LOG2 + 1e-12
    assert js(p, p) == pytest.approx(0, abs=1e-13)


@gently
@given(laws, laws, some.floats(-20, 20), some.floats(0.1, 10))
def test_js_and_total_variation_ignore_shift_and_scale(a, b, shift, scale):
    plain = gaussian(*a), gaussian(*b)
    moved = [gaussian(scale * m + shift, scale * s) for m, s in (a, b)]
    assert js(*moved) == pytest.approx(js(*plain), abs=1e-8)
    assert total_variation(*moved) == pytest.approx(total_variation(*plain), abs=1e-6)


@gently
@given(targets, targets, targets)
def test_the_root_of_js_obeys_the_triangle_inequality(p, q, r):
    root = [math.sqrt(max(js(*pair), 0)) for pair in ((p, r), (p, q), (q, r))]
    assert root[0] <= root[1] + root[2] + 1e-5


def test_js_itself_does_not():
    a, b, c = (gaussian(m, 1) for m in (0, 1, 2))
    assert js(a, c) > js(a, b) + js(b, c) + 0.05


def test_js_with_a_kink_inside_a_panel():
    at, wide = (torch.tensor(v, dtype=torch.float64) for v in (0.3, 1.0))
    p = torch.distributions.Laplace(at, wide, validate_args=False)
    lap, norm = st.laplace(0.3, 1), st.norm(0, 1)

    def f(x):
        a, b = lap.pdf(x), norm.pdf(x)
        return sum(r / 2 * math.log(2 * r / (a + b)) for r in (a, b) if r > 0)

    cuts = [-35, -10, -3, 0.3, 3, 10, 35]
    expected = sum(quad(f, a, b, epsabs=1e-12)[0] for a, b in pairwise(cuts))
    close(js(p, gaussian(0, 1)), expected, 1e-6)


@pytest.mark.parametrize("gap", [1e-9, 0.5, 1000.0])
def test_disjoint_supports(gap):
    p, q = uniform(0, 1), uniform(1 + gap, 2 + gap)
    assert js(p, q) == pytest.approx(LOG2, abs=1e-12)
    assert total_variation(p, q) == pytest.approx(1, abs=1e-12)
    assert kl(p, q) == kl(q, p) == math.inf
    assert wasserstein1(p, q) == pytest.approx(1 + gap, abs=1e-9)


# ---- total variation ----


def gaussian_tv(m1, s1, m2, s2):
    """TV of two Gaussians: |F - G| is summed between the places where the densities cross."""
    a, b = st.norm(m1, s1), st.norm(m2, s2)
    quadratic = [
        1 / (2 * s2**2) - 1 / (2 * s1**2),
        m1 / s1**2 - m2 / s2**2,
        m2**2 / (2 * s2**2) - m1**2 / (2 * s1**2) + math.log(s2 / s1),
    ]
    crossings = sorted(np.roots(np.trim_zeros(quadratic, "f")).real)
    differences = [0, *(a.cdf(x) - b.cdf(x) for x in crossings), 0]
    return sum(abs(y - x) for x, y in pairwise(differences)) / 2


def test_total_variation_of_unit_gaussians_two_apart():
    expected = 2 * st.norm.cdf(1) - 1
    assert total_variation(gaussian(0, 1), gaussian(2, 1)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "law", [(0, 1, 2.3, 1.7), (0, 1, 0, 3), (0, 1, 0.3, 0.01), (4, 0.5, 4.2, 0.45), (0, 1, 5, 0.1)]
)
def test_total_variation_of_any_two_gaussians(law):
    ours = total_variation(gaussian(*law[:2]), gaussian(*law[2:]))
    assert ours == pytest.approx(gaussian_tv(*law), abs=1e-6)


@gently
@given(targets, targets)
def test_total_variation_is_symmetric_between_0_and_1_and_bounded_by_others(p, q):
    tv = total_variation(p, q)
    assert tv == pytest.approx(total_variation(q, p), abs=1e-12)
    assert 0 <= tv <= 1 + 1e-6
    assert tv**2 <= kl(p, q) / 2 + 1e-3  # Pinsker
    assert js(p, q) <= LOG2 * tv + 1e-3  # Lin (1991)


def test_total_variation_of_uniforms():
    assert total_variation(uniform(0, 1), uniform(0, 4)) == pytest.approx(0.75, abs=1e-12)


# ---- Wasserstein ----


def w1_from_quantiles(p, q, n=20_000):
    u = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return st.wasserstein_distance(p.icdf(u).numpy(), q.icdf(u).numpy())


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        (uniform(0, 1), uniform(0, 4), 1.5),
        (gaussian(0, 1), gaussian(2, 1), 2.0),
        (gaussian(0, 1), gaussian(0, 3), 2 * math.sqrt(2 / math.pi)),
        (gaussian(0, 1), gaussian(0, 1), 0.0),
    ],
)
def test_w1_by_hand(p, q, expected):
    assert wasserstein1(p, q) == pytest.approx(expected, abs=1e-9)
    assert wasserstein1_by_quadrature(p, q) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("law", [(0, 1, 2.3, 1.7), (4, 0.5, 4.2, 0.45), (0, 1, 0.3, 0.01)])
def test_w1_against_scipys_sample_distance(law):
    p, q = gaussian(*law[:2]), gaussian(*law[2:])
    assert wasserstein1(p, q) == pytest.approx(w1_from_quantiles(p, q), abs=3e-4)
    assert wasserstein1_by_quadrature(p, q) == pytest.approx(wasserstein1(p, q), abs=1e-5)


def test_w1_of_a_mixture_by_scipy():
    p, q = PAIRS["two mixtures"]
    (_, f), (_, g) = scipy_law(p), scipy_law(q)
    expected = scipy_integral(lambda x: abs(f(x) - g(x)), p, q)
    assert wasserstein1(p, q) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("e", [0, 1e-16, 1e-8, 1e-3])
def test_w1_of_gaussians_whose_sds_are_equal_but_for_rounding(e):
    assert wasserstein1(gaussian(0, 0.3), gaussian(1, 0.3 + e)) == pytest.approx(1, abs=1e-9)


def test_w1_when_an_sd_was_computed():
    assert wasserstein1(gaussian(0, 0.3), gaussian(1, 0.1 + 0.2)) == pytest.approx(1, abs=1e-12)


@gently
@given(laws, laws, laws)
def test_w1_is_a_metric(a, b, c):
    p, q, r = (gaussian(*law) for law in (a, b, c))
    assert wasserstein1(p, q) == pytest.approx(wasserstein1(q, p), abs=1e-12)
    assert wasserstein1(p, q) >= abs(a[0] - b[0]) - 1e-12  # the means alone
    assert wasserstein1(p, r) <= wasserstein1(p, q) + wasserstein1(q, r) + 1e-9


@gently
@given(laws, laws, some.floats(-20, 20), some.floats(0.1, 10))
def test_w1_scales_with_x_and_ignores_shift(a, b, shift, scale):
    moved = [gaussian(scale * m + shift, scale * s) for m, s in (a, b)]
    expected = scale * wasserstein1(gaussian(*a), gaussian(*b))
    assert wasserstein1(*moved) == pytest.approx(expected, rel=1e-6, abs=1e-9)
