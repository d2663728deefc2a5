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
from scipy.spatial.distance import jensenshannon

from gan_lessons.densities import gaussian, laplace, mixture, uniform
from gan_lessons.divergences import (
    best_accuracy,
    cross_entropy,
    cross_entropy_categorical,
    entropy,
    entropy_categorical,
    js,
    js_categorical,
    kl,
    kl_by_quadrature,
    kl_categorical,
    kl_gaussian,
    total_variation,
    w1_gaussian,
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
    if isinstance(p, torch.distributions.Laplace):
        law = st.laplace(float(p.loc), float(p.scale))
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
    mixed = isinstance(p, torch.distributions.MixtureSameFamily)
    part = p.component_distribution if mixed else p
    m, s = part.loc.reshape(-1).numpy(), part.scale.reshape(-1).numpy()
    return [a + k * b for a, b in zip(m, s, strict=True) for k in (-30, -8, -4, -2, 0, 2, 4, 8, 30)]


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
    "Laplace and normal": (laplace(0.3, 1), gaussian(0, 1.2)),
}


def close(value, expected, tolerance=1e-8):
    """Fail unless the two agree; an assertion that mutants can be run against."""
    assert value == pytest.approx(expected, rel=tolerance, abs=tolerance)


def scipy_mean(p, g):
    """The mean of g(x) under p."""
    lp, _ = scipy_law(p)
    return scipy_integral(lambda x: math.exp(lp(x)) * g(x), p)


# ---- checks that take the function, so that mutants can be sent through them ----


def check_entropy(entropy):
    close(entropy(gaussian(3, 2)), math.log(2 * math.pi * math.e * 4) / 2)
    close(entropy(uniform(3, 3.5)), -LOG2)
    close(entropy(laplace(3, 2)), 1 + math.log(4))
    close(entropy(uniform(0, 8), base=2), 3)
    for p, _ in PAIRS.values():
        lp, _ = scipy_law(p)
        close(entropy(p), scipy_mean(p, lambda x, lp=lp: -lp(x)))


def check_cross_entropy(cross_entropy):
    assert cross_entropy(uniform(0, 4), uniform(0, 1)) == math.inf
    close(cross_entropy(uniform(0, 1), uniform(0, 4), base=2), 2)
    for p, q in PAIRS.values():
        lq, _ = scipy_law(q)
        close(cross_entropy(p, q), scipy_mean(p, lambda x, lq=lq: -lq(x)))


def check_kl(kl):
    close(kl(gaussian(1, 1), gaussian(0, 2)), LOG2 + 2 / 8 - 1 / 2)  # 0.443147
    close(kl(gaussian(0, 1), gaussian(3, 1)), 4.5)
    close(kl(uniform(0, 1), uniform(0, 4)), math.log(4))
    assert kl(uniform(0, 4), uniform(0, 1)) == math.inf
    assert kl(uniform(0, 1), uniform(2, 3)) == math.inf
    assert kl(gaussian(2, 3), gaussian(2, 3)) == 0
    for p, q in PAIRS.values():
        close(kl(p, q), scipy_kl(p, q))


def check_kl_gaussian(kl_gaussian):
    for law in [(1, 1, 0, 2), (0, 2, 1, 1), (0, 1, 3, 1), (4, 0.5, 4.2, 0.45)]:
        p, q = gaussian(*law[:2]), gaussian(*law[2:])
        close(kl_gaussian(*law), float(torch.distributions.kl_divergence(p, q)))
        close(kl_gaussian(*law), scipy_kl(p, q))


def check_js(js):
    close(js(uniform(0, 1), uniform(0, 4)), 0.380396, 1e-6)
    close(
        js(uniform(0, 1), uniform(0, 4)), (math.log(8 / 5) + (math.log(2 / 5) + 3 * LOG2) / 4) / 2
    )
    close(js(uniform(0, 1), uniform(2, 3)), LOG2, 1e-12)
    assert js(gaussian(0, 1), gaussian(0, 1)) == 0
    for p, q in PAIRS.values():
        close(js(p, q), scipy_js(p, q))


def check_total_variation(total_variation):
    close(total_variation(gaussian(0, 1), gaussian(2, 1)), 2 * st.norm.cdf(1) - 1)
    close(total_variation(uniform(0, 1), uniform(0, 4)), 0.75)
    close(total_variation(uniform(0, 1), uniform(2, 3)), 1)
    for p, q in PAIRS.values():
        (lp, _), (lq, _) = scipy_law(p), scipy_law(q)
        close(
            total_variation(p, q),
            scipy_integral(lambda x, a=lp, b=lq: abs(math.exp(a(x)) - math.exp(b(x))), p, q) / 2,
            1e-7,
        )


def check_best_accuracy(best_accuracy):
    close(best_accuracy(gaussian(0, 1), gaussian(2, 1)), st.norm.cdf(1))
    for p, q in PAIRS.values():
        (lp, _), (lq, _) = scipy_law(p), scipy_law(q)
        # The best rule says "p" where p > q; half of the samples are of either.
        right = scipy_integral(lambda x, a=lp, b=lq: math.exp(max(a(x), b(x))) / 2, p, q)
        close(best_accuracy(p, q), right, 1e-7)


def check_w1(wasserstein1):
    close(wasserstein1(uniform(0, 1), uniform(0, 4)), 1.5)
    close(wasserstein1(gaussian(0, 1), gaussian(2, 1)), 2)
    close(wasserstein1(gaussian(0, 1), gaussian(0, 3)), 2 * math.sqrt(2 / math.pi))
    for p, q in PAIRS.values():
        (_, f), (_, g) = scipy_law(p), scipy_law(q)
        expected = scipy_integral(lambda x, f=f, g=g: abs(f(x) - g(x)), p, q)
        close(wasserstein1(p, q), expected, 1e-7)


def check_w1_gaussian(w1_gaussian):
    for law in [(0, 1, 2.3, 1.7), (0, 1, 0, 3), (4, 0.5, 4.2, 0.45), (0, 1, 5, 1)]:
        d, e = law[2] - law[0], law[3] - law[1]  # the quantiles differ by d + e z
        kinks = sorted({-40.0, 40.0, *([-d / e] if e else [])})
        pieces = [quad(lambda z, d=d, e=e: abs(d + e * z) * st.norm.pdf(z), a, b, epsabs=1e-13,
                       points=[t for t in (-9, -3, 0, 3, 9) if a < t < b])[0]
                  for a, b in pairwise(kinks)]  # fmt: skip
        close(w1_gaussian(*law), sum(pieces))


P3, Q3 = [0.5, 0.3, 0.2], [0.25, 0.25, 0.5]


def check_entropy_categorical(entropy):
    close(entropy([0.25] * 4, base=2), 2)
    close(entropy([1.0, 0.0]), 0)
    close(entropy(P3), st.entropy(P3))


def check_cross_entropy_categorical(cross_entropy):
    close(cross_entropy(P3, Q3), -sum(a * math.log(b) for a, b in zip(P3, Q3, strict=True)))
    close(cross_entropy([1.0, 0.0], [0.25, 0.75], base=2), 2)
    assert cross_entropy([0.5, 0.5], [1.0, 0.0]) == math.inf


def check_kl_categorical(kl):
    close(kl(P3, Q3), st.entropy(P3, Q3))
    close(kl([1.0, 0.0], [0.25, 0.75], base=2), 2)
    assert kl([0.5, 0.5], [1.0, 0.0]) == math.inf
    assert kl(P3, P3) == 0


def check_js_categorical(js):
    m = (np.array(P3) + np.array(Q3)) / 2
    close(js(P3, Q3), (st.entropy(P3, m) + st.entropy(Q3, m)) / 2)
    close(js([1.0, 0.0], [0.5, 0.5]), 0.75 * math.log(4 / 3))
    close(js([1.0, 0.0], [0.0, 1.0], base=2), 1)


@pytest.mark.parametrize("ours", [kl, kl_by_quadrature])
def test_kl(ours):
    check_kl(ours)


def test_entropy():
    check_entropy(entropy)


def test_kl_by_its_definition():
    check_kl(kl)


def test_kl_of_two_gaussians():
    check_kl_gaussian(kl_gaussian)


def test_js():
    check_js(js)


def test_total_variation_by_its_definition():
    check_total_variation(total_variation)


@pytest.mark.parametrize("ours", [wasserstein1, wasserstein1_by_quadrature])
def test_w1(ours):
    check_w1(ours)


def test_w1_is_the_integral_of_the_difference_of_cdfs():
    check_w1(wasserstein1)


def test_w1_of_two_gaussians():
    check_w1_gaussian(w1_gaussian)


def test_categorical():
    check_entropy_categorical(entropy_categorical)
    check_cross_entropy_categorical(cross_entropy_categorical)
    check_kl_categorical(kl_categorical)
    check_js_categorical(js_categorical)


def averaged(p, q):
    """Not the mixture of two laws, but the law with their mean parameters."""
    if isinstance(p, torch.distributions.Uniform) and isinstance(q, torch.distributions.Uniform):
        return uniform(float(p.low + q.low) / 2, float(p.high + q.high) / 2)
    return gaussian(float(p.mean + q.mean) / 2, float(p.stddev + q.stddev) / 2)


MUTANTS = {
    "entropy: sign": (check_entropy, lambda p, base=math.e: -entropy(p, base)),
    "entropy: in bits": (check_entropy, lambda p, base=2: entropy(p, base)),
    "entropy: base ignored": (check_entropy, lambda p, base=math.e: entropy(p)),
    "entropy: of the unit-variance law": (
        check_entropy,
        lambda p, base=math.e: entropy(p, base) - math.log(p.stddev) / math.log(base),
    ),
    "cross-entropy: swapped": (check_cross_entropy, lambda p, q, base=math.e: cross_entropy(q, p)),
    "cross-entropy: KL": (check_cross_entropy, lambda p, q, base=math.e: kl(p, q, base)),
    "cross-entropy: entropy": (check_cross_entropy, lambda p, q, base=math.e: entropy(p, base)),
    "kl: arguments swapped": (check_kl, lambda p, q: kl(q, p)),
    "kl: symmetrised": (check_kl, lambda p, q: (kl(p, q) + kl(q, p)) / 2),
    "kl: in bits": (check_kl, lambda p, q: kl(p, q, base=2)),
    "kl: sign": (check_kl, lambda p, q: -kl(p, q)),
    "kl: to the mixture": (check_kl, lambda p, q: js(p, q)),
    "kl: entropy of p missing": (check_kl, lambda p, q: cross_entropy(p, q)),
    "kl gaussian: swapped": (check_kl_gaussian, lambda a, b, c, d: kl_gaussian(c, d, a, b)),
    "kl gaussian: variance for sd": (
        check_kl_gaussian,
        lambda a, b, c, d: kl_gaussian(a, b**2, c, d**2),
    ),
    "kl gaussian: log term missing": (
        check_kl_gaussian,
        lambda a, b, c, d: (b**2 + (a - c) ** 2) / (2 * d**2) - 0.5,
    ),
    "kl gaussian: half missing": (
        check_kl_gaussian,
        lambda a, b, c, d: math.log(d / b) + (b**2 + (a - c) ** 2) / (2 * d**2),
    ),
    "js: half missing": (check_js, lambda p, q: 2 * js(p, q)),
    "js: square root": (check_js, lambda p, q: math.sqrt(js(p, q))),
    "js: in bits": (check_js, lambda p, q: js(p, q, base=2)),
    "js: no mixture (Jeffreys)": (check_js, lambda p, q: (kl(p, q) + kl(q, p)) / 4),
    "js: parameters averaged": (
        check_js,
        lambda p, q: (kl(p, averaged(p, q)) + kl(q, averaged(p, q))) / 2,
    ),
    "js: total variation": (check_js, lambda p, q: LOG2 * total_variation(p, q)),
    "tv: half missing": (check_total_variation, lambda p, q: 2 * total_variation(p, q)),
    "tv: sup of |F - G|": (
        check_total_variation,
        lambda p, q: max(abs(p.cdf(x) - q.cdf(x)) for x in torch.linspace(-9, 9, 999).double()),
    ),
    "accuracy: half missing": (check_best_accuracy, lambda p, q: 1 + total_variation(p, q)),
    "accuracy: TV": (check_best_accuracy, total_variation),
    "accuracy: of a threshold": (
        check_best_accuracy,
        lambda p, q: (
            0.5 + max(abs(p.cdf(x) - q.cdf(x)) for x in torch.linspace(-9, 9, 999).double()) / 2
        ),
    ),
    "w1: difference of the means": (check_w1, lambda p, q: abs(float(p.mean - q.mean))),
    "w1: halved": (check_w1, lambda p, q: wasserstein1(p, q) / 2),
    "w1: area between the densities": (check_w1, lambda p, q: 2 * total_variation(p, q)),
    "w1 gaussian: W2": (
        check_w1_gaussian,
        lambda a, b, c, d: math.hypot(a - c, b - d),
    ),
    "w1 gaussian: spread only": (
        check_w1_gaussian,
        lambda a, b, c, d: abs(a - c) + abs(b - d) * math.sqrt(2 / math.pi),
    ),
    "entropy of a vector: sign": (
        check_entropy_categorical,
        lambda p, base=math.e: -entropy_categorical(p, base),
    ),
    "entropy of a vector: base": (
        check_entropy_categorical,
        lambda p, base=math.e: entropy_categorical(p, 10),
    ),
    "cross-entropy of vectors: swapped": (
        check_cross_entropy_categorical,
        lambda p, q, base=math.e: cross_entropy_categorical(q, p, base),
    ),
    "cross-entropy of vectors: KL": (
        check_cross_entropy_categorical,
        lambda p, q, base=math.e: kl_categorical(p, q, base),
    ),
    "kl of vectors: swapped": (
        check_kl_categorical,
        lambda p, q, base=math.e: kl_categorical(q, p, base),
    ),
    "kl of vectors: log of q + 1e-8": (
        check_kl_categorical,
        lambda p, q, base=math.e: sum(
            a * math.log((a + 1e-8) / (b + 1e-8), base) for a, b in zip(p, q, strict=True)
        ),
    ),
    "js of vectors: half missing": (
        check_js_categorical,
        lambda p, q, base=math.e: 2 * js_categorical(p, q, base),
    ),
    "js of vectors: root, as scipy": (
        check_js_categorical,
        lambda p, q, base=math.e: jensenshannon(p, q, base),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_checks_notice_a_mutant(name):
    check, mutant = MUTANTS[name]
    with pytest.raises(AssertionError):
        check(mutant)


# ---- entropies ----


def test_cross_entropy_is_entropy_plus_kl():
    check_cross_entropy(cross_entropy)
    for p, q in PAIRS.values():
        close(cross_entropy(p, q), entropy(p) + kl(p, q))
    for p, q in ((P3, Q3), (Q3, P3)):
        close(cross_entropy_categorical(p, q), entropy_categorical(p) + kl_categorical(p, q))


def test_a_base_changes_the_unit_and_nothing_else():
    p, q = PAIRS["two mixtures"]
    for f in (kl, js, cross_entropy):
        assert f(p, q, base=2) == pytest.approx(f(p, q) / LOG2, rel=1e-15)
    for f in (kl_categorical, js_categorical, cross_entropy_categorical):
        assert f(P3, Q3, base=2) == pytest.approx(f(P3, Q3) / LOG2, rel=1e-15)


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
    assert kl(p, q) >= 0
    assert kl_by_quadrature(p, p) == 0


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


def test_js_by_the_mixture():
    """Half of two KLs to a mixture that is built as a law of its own."""
    for (a, b), (c, d) in [((0, 1), (2, 1)), ((0, 1), (2.3, 1.7)), ((0, 1), (0.3, 0.01))]:
        p, q, m = gaussian(a, b), gaussian(c, d), mixture([a, c], [b, d])
        close(js(p, q), (kl(p, m) + kl(q, m)) / 2)
        close(js(p, q), (scipy_kl(p, m) + scipy_kl(q, m)) / 2)
    close(js_categorical(P3, Q3), jensenshannon(P3, Q3) ** 2)


@gently
@given(targets, targets)
def test_js_bounds(p, q):
    assert 0 <= js(p, q) <= LOG2
    assert js(p, p) == 0
    assert js(p, q, base=2) <= 1
    assert js(uniform(0, 1), uniform(2, 3)) == pytest.approx(LOG2, rel=1e-15)


@gently
@given(targets, targets)
def test_js_is_symmetric(p, q):
    assert js(p, q) == pytest.approx(js(q, p), rel=1e-10)


@gently
@given(laws, laws, some.floats(-20, 20), some.floats(0.1, 10))
def test_js_and_total_variation_ignore_shift_and_scale(a, b, shift, scale):
    plain = gaussian(*a), gaussian(*b)
    moved = [gaussian(scale * m + shift, scale * s) for m, s in (a, b)]
    assert js(*moved) == pytest.approx(js(*plain), rel=1e-8)
    assert total_variation(*moved) == pytest.approx(total_variation(*plain), rel=1e-8)


@gently
@given(targets, targets, targets)
def test_the_root_of_js_obeys_the_triangle_inequality(p, q, r):
    root = [math.sqrt(js(*pair)) for pair in ((p, r), (p, q), (q, r))]
    assert root[0] <= root[1] + root[2] + 1e-9


def test_js_itself_does_not():
    a, b, c = (gaussian(m, 1) for m in (0, 1, 2))
    assert js(a, c) > js(a, b) + js(b, c) + 0.05
    assert scipy_js(a, c) > scipy_js(a, b) + scipy_js(b, c) + 0.05


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
    assert ours == pytest.approx(gaussian_tv(*law), rel=1e-9)


@gently
@given(targets, targets)
def test_total_variation_is_symmetric_between_0_and_1_and_bounded_by_others(p, q):
    tv = total_variation(p, q)
    assert tv == pytest.approx(total_variation(q, p), rel=1e-10)
    assert 0 <= tv <= 1
    assert tv**2 <= kl(p, q) / 2 * (1 + 1e-9)  # Pinsker
    assert js(p, q) <= LOG2 * tv * (1 + 1e-9)  # Lin (1991)


def test_best_accuracy():
    check_best_accuracy(best_accuracy)
    # By cdfs, between the places where the two densities cross.
    law = (0, 1, 2.3, 1.7)
    p, q = gaussian(*law[:2]), gaussian(*law[2:])
    close(best_accuracy(p, q), (1 + gaussian_tv(*law)) / 2)
    # No threshold does better; a pair of them does as well.
    x = torch.linspace(-20, 20, 2001, dtype=torch.float64)
    one = (p.cdf(x) + 1 - q.cdf(x)) / 2
    assert best_accuracy(p, q) > float(one.max())


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
    assert wasserstein1_by_quadrature(p, q) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("law", [(0, 1, 2.3, 1.7), (4, 0.5, 4.2, 0.45), (0, 1, 0.3, 0.01)])
def test_w1_against_scipys_sample_distance(law):
    p, q = gaussian(*law[:2]), gaussian(*law[2:])
    assert wasserstein1(p, q) == pytest.approx(w1_from_quantiles(p, q), abs=3e-4)
    assert wasserstein1_by_quadrature(p, q) == pytest.approx(wasserstein1(p, q), rel=1e-9)


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
