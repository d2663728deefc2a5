"""f-divergences against their definition, conjugates against suprema, and the variational bound."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.stats as st
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.integrate import quad

from gan_lessons.densities import gaussian, laplace, mixture, uniform
from gan_lessons.divergences import js, kl, total_variation
from gan_lessons.f_divergences import (
    GENERATORS,
    Generator,
    f_divergence,
    optimal_critic,
    variational_bound,
)

LOG2, LOG4 = math.log(2), math.log(4)
gently = settings(deadline=None, max_examples=25, derandomize=True)

F = {  # each f once more, as plain functions of t > 0
    "KL": lambda t: t * math.log(t),
    "reverse KL": lambda t: -math.log(t),
    "JS": lambda t: t / 2 * math.log(2 * t / (1 + t)) + math.log(2 / (1 + t)) / 2,
    "total variation": lambda t: abs(t - 1) / 2,
    "Pearson chi2": lambda t: (t - 1) ** 2,
    "squared Hellinger": lambda t: (math.sqrt(t) - 1) ** 2,
    "GAN": lambda t: t * math.log(t / (1 + t)) - math.log(1 + t),
}
PAIRS = {  # ours, and the densities by scipy
    "normals": (gaussian(0, 1), gaussian(0.7, 1.2), st.norm(0, 1).pdf, st.norm(0.7, 1.2).pdf),
    "Laplace": (gaussian(0.3, 2), laplace(0, 1), st.norm(0.3, 2).pdf, st.laplace(0, 1).pdf),
    "mixture": (
        mixture([0, 2], [1, 0.5]),
        gaussian(1, 1.5),
        lambda x: (st.norm.pdf(x, 0, 1) + st.norm.pdf(x, 2, 0.5)) / 2,
        st.norm(1, 1.5).pdf,
    ),
}
MIDDLE = [-9, -5, -3, -2, -1, 0, 0.5, 1, 1.5, 2, 3, 5, 9]
# Far enough for the tails, not so far that a density rounds to 0.
CUTS = {n: [-end, *MIDDLE, end] for n, end in (("normals", 12), ("Laplace", 40), ("mixture", 12))}


def close(value, expected, tolerance=1e-8):
    assert value == pytest.approx(expected, rel=tolerance, abs=tolerance)


def by_scipy(pair, g):
    """The integral of g(x, p(x), q(x)) for a pair of PAIRS."""
    _, _, p, q = PAIRS[pair]
    pieces = pairwise(CUTS[pair])
    return sum(
        quad(lambda x: g(x, p(x), q(x)), a, b, epsabs=1e-12, limit=200)[0] for a, b in pieces
    )


# ---- checks that take the function, so that mutants can be sent through them ----


def check_f_divergence(f_divergence):
    for pair, (p, q, *_) in PAIRS.items():
        for name, f in F.items():
            expected = by_scipy(pair, lambda x, a, b, f=f: b * f(a / b))
            close(f_divergence(p, q, name), expected, 1e-7)
    # Partial overlap: a quarter of q under p, the rest where p is 0, at f(0) each.
    p, q = uniform(0, 1), uniform(0, 4)
    close(f_divergence(p, q, "KL"), LOG4)
    close(f_divergence(p, q, "Pearson chi2"), 9 / 4 + 3 / 4)
    close(f_divergence(p, q, "squared Hellinger"), 1 / 4 + 3 / 4)
    close(f_divergence(p, q, "JS"), F["JS"](4) / 4 + 3 / 4 * LOG2 / 2)
    assert f_divergence(p, q, "reverse KL") == math.inf  # p is 0 where q is not
    # ... and the other way round, at f'(inf) for each place where q is 0.
    close(f_divergence(q, p, "squared Hellinger"), 1 / 4 + 3 / 4)
    close(f_divergence(q, p, "total variation"), 3 / 4)
    assert f_divergence(q, p, "KL") == f_divergence(q, p, "Pearson chi2") == math.inf
    close(f_divergence(q, p, "reverse KL"), LOG4)


def check_bound(variational_bound):
    """Below the divergence for a poor critic, equal to it for the best one."""
    for pair, (p, q, *_) in PAIRS.items():
        for name, g in GENERATORS.items():
            exact = f_divergence(p, q, name)
            best = optimal_critic(p, q, name)
            close(variational_bound(best, p, q, g.conjugate), exact)

            def poor(x, g=g):
                return g.slope(0.4 - 0.6 * torch.tanh(x))

            found = variational_bound(poor, p, q, g.conjugate)
            assert found < exact

            def terms(x, a, b, g=g, poor=poor):
                at = poor(torch.tensor([x], dtype=torch.float64))
                return a * float(at) - b * float(g.conjugate(at))

            expected = by_scipy(pair, terms)
            close(found, expected, 1e-7)


def test_f_divergence_by_its_definition():
    check_f_divergence(f_divergence)


def test_variational_bound():
    check_bound(variational_bound)


def without_missing(p, q, name):
    """f_divergence, but blind to places where p or q is 0."""
    g = GENERATORS[name]
    blind = dataclasses.replace(g, stable=None, at_zero=0.0, slope_at_infinity=0.0)
    return f_divergence(p, q, blind)


MUTANTS = {
    "f-divergence: swapped": (check_f_divergence, lambda p, q, f: f_divergence(q, p, f)),
    "f-divergence: halved": (check_f_divergence, lambda p, q, f: f_divergence(p, q, f) / 2),
    "f-divergence: missed places": (check_f_divergence, without_missing),
    "f-divergence: 2 JS": (
        check_f_divergence,
        lambda p, q, f: f_divergence(p, q, f) * (2 if f == "JS" else 1),
    ),
    "f-divergence: log 4 missing": (
        check_f_divergence,
        lambda p, q, f: f_divergence(p, q, f) + (LOG4 if f == "GAN" else 0),
    ),
    "bound: swapped": (check_bound, lambda T, p, q, c: variational_bound(T, q, p, c)),
    "bound: sign": (check_bound, lambda T, p, q, c: -variational_bound(T, p, q, c)),
    "bound: f* missing": (check_bound, lambda T, p, q, c: variational_bound(T, p, q, lambda s: s)),
    "bound: f* of -T": (
        check_bound,
        lambda T, p, q, c: variational_bound(T, p, q, lambda s: c(-s)),
    ),
    "bound: too high": (check_bound, lambda T, p, q, c: variational_bound(T, p, q, c) + 1e-6),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_checks_notice_a_mutant(name):
    check, mutant = MUTANTS[name]
    with pytest.raises(AssertionError):
        check(mutant)


# ---- generators ----


@pytest.mark.parametrize("name", GENERATORS)
def test_f_is_convex_and_0_at_1(name):
    g = GENERATORS[name]
    t = torch.linspace(0.01, 5, 500, dtype=torch.float64)
    np.testing.assert_allclose(g.f(t), [F[name](v) for v in t.tolist()], rtol=1e-12, atol=1e-15)
    assert (g.f(t)[2:] + g.f(t)[:-2] - 2 * g.f(t)[1:-1] > -1e-12).all()
    at_1 = float(g.f(torch.tensor([1.0], dtype=torch.float64)))
    assert at_1 == pytest.approx(-LOG4 if name == "GAN" else 0)
    # Both ends, where they are finite.
    for end, value in ((1e-14, g.at_zero), (1e14, g.slope_at_infinity)):
        found = F[name](end) / max(1, end)
        assert found == pytest.approx(value, abs=1e-5) if math.isfinite(value) else found > 25


@pytest.mark.parametrize("name", GENERATORS)
def test_slope_is_the_derivative_of_f(name):
    t = torch.tensor([0.05, 0.4, 0.9, 1.3, 4.0, 30.0], dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(GENERATORS[name].f(t).sum(), t)
    torch.testing.assert_close(GENERATORS[name].slope(t.detach().log()), expected)


@pytest.mark.parametrize("name", GENERATORS)
def test_conjugates_are_suprema(name):
    g: Generator = GENERATORS[name]
    t = torch.cat([torch.zeros(1), torch.logspace(-9, 9, 400_001)]).double()
    f = g.f(t)
    f[0] = g.at_zero
    for s in (-30.0, -3.0, -2.5, -1.5, -0.9, -0.5, -0.2, 0.0, 0.2, 0.3, 0.45, 0.6, 0.9, 1.5, 4.0):
        found = float(g.conjugate(torch.tensor([s], dtype=torch.float64)))
        sup = float((s * t - f).max())
        if math.isinf(found):
            assert sup > 9 if s != g.slope_at_infinity else True  # grows without bound
        else:
            assert found == pytest.approx(sup, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", GENERATORS)
def test_fenchels_inequality_is_tight_at_the_slope(name):
    g = GENERATORS[name]
    t = torch.linspace(0.05, 9, 150, dtype=torch.float64)[:, None]
    s = g.slope(torch.linspace(-3, 3, 101, dtype=torch.float64))
    assert (t * s - g.conjugate(s) <= g.f(t) + 1e-12).all()
    own = g.slope(t.log())
    torch.testing.assert_close(t * own - g.conjugate(own), g.f(t))


# ---- f-divergences ----


def test_named_divergences_are_those_of_the_other_module():
    for p, q, *_ in PAIRS.values():
        close(f_divergence(p, q, "KL"), kl(p, q), 1e-12)
        close(f_divergence(p, q, "reverse KL"), kl(q, p), 1e-12)
        close(f_divergence(p, q, "JS"), js(p, q), 1e-12)
        close(f_divergence(p, q, "total variation"), total_variation(p, q), 1e-12)
        close(f_divergence(p, q, "GAN"), 2 * js(p, q) - LOG4, 1e-12)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_needs_no_stable_form(name):
    """Its f alone gives the same, also where p / q is far beyond what a double holds."""
    plain = dataclasses.replace(GENERATORS[name], stable=None)
    pairs = [(p, q) for p, q, *_ in PAIRS.values()]
    pairs += [(gaussian(0, 1), gaussian(20, 1)), (gaussian(0, 1), gaussian(1e3, 3))]
    pairs += [(uniform(0, 1), uniform(0, 4)), (laplace(0, 1), laplace(40, 2))]
    for p, q in pairs:
        exact = f_divergence(p, q, name)
        assert f_divergence(p, q, plain) == pytest.approx(exact, rel=1e-9, abs=1e-14)


def gaussian_chi2(m, s, n, t):
    """The integral of p^2 / q, less 1, by completing the square."""
    v = 2 * t**2 - s**2
    return t**2 / (s * math.sqrt(v)) * math.exp((m - n) ** 2 / v) - 1


@pytest.mark.parametrize(
    "law", [(0, 1, 0.5, 1), (0, 1, 5, 1), (0, 1, 20, 1), (0, 1.41, 0.1, 1), (0, 1.4142, 0, 1)]
)
def test_chi2_reaches_beyond_both_densities(law):
    p, q = gaussian(*law[:2]), gaussian(*law[2:])
    assert f_divergence(p, q, "Pearson chi2") == pytest.approx(gaussian_chi2(*law), rel=1e-8)


def test_chi2_is_infinite_where_the_tails_of_p_are_too_heavy():
    for p, q in [
        (gaussian(0, math.sqrt(2)), gaussian(0, 1)),
        (gaussian(0, 3), gaussian(0, 1)),
        (laplace(0, 2), laplace(0, 1)),
        (laplace(0, 1e-3), gaussian(0, 1e3)),
        (mixture([0, 0], [1, 2], [1, 1e-12]), gaussian(0, 1)),
    ]:
        assert f_divergence(p, q, "Pearson chi2") == math.inf
        assert f_divergence(p, q, "KL") < math.inf
    assert f_divergence(laplace(0, 1.99), laplace(0, 1), "Pearson chi2") < math.inf
    assert f_divergence(gaussian(0, 1e3), laplace(0, 1), "Pearson chi2") == math.inf  # overflow
    assert f_divergence(gaussian(0, 3), laplace(0, 1), "Pearson chi2") < math.inf
    # Of two Laplace laws with one centre: c^2 / (2 c - 1) - 1, with c = scale q / scale p.
    close(f_divergence(laplace(0, 1.5), laplace(0, 1), "Pearson chi2"), (4 / 9) / (1 / 3) - 1)


NEYMAN = Generator(
    "Neyman chi2", lambda t: (t - 1) ** 2 / t, lambda s: 2 - 2 * (1 - s).sqrt(),
    lambda u: -torch.expm1(-2 * u), math.inf, 1.0, growth=(1.0, 1.0),
)  # fmt: skip


def test_a_generator_of_your_own():
    for p, q in [(gaussian(0, 1), gaussian(1, 1.1)), (gaussian(0, 1), gaussian(3, 1.41))]:
        assert f_divergence(p, q, NEYMAN) == pytest.approx(
            f_divergence(q, p, "Pearson chi2"), rel=1e-9
        )
    assert f_divergence(gaussian(0, 1), gaussian(0, 2), NEYMAN) == math.inf
    assert f_divergence(uniform(0, 1), uniform(0, 2), NEYMAN) == math.inf
    close(variational_bound(optimal_critic(gaussian(0, 1), gaussian(1, 1), NEYMAN), gaussian(0, 1),
                            gaussian(1, 1), NEYMAN.conjugate), math.e - 1)  # fmt: skip


# ---- the bound ----

reals = some.floats(-3, 3)


@gently
@given(some.tuples(reals, some.floats(0.3, 3)), some.tuples(reals, some.floats(0.3, 3)),
       some.tuples(reals, reals, reals), some.sampled_from(sorted(GENERATORS)))  # fmt: skip
def test_no_critic_is_above_the_divergence(a, b, c, name):
    p, q, g = gaussian(*a), gaussian(*b), GENERATORS[name]

    def critic(x):
        return g.slope(c[0] + c[1] * x + c[2] * torch.sin(3 * x))

    found = variational_bound(critic, p, q, g.conjugate)
    assert not math.isnan(found)
    assert found <= f_divergence(p, q, name) + 1e-9


@pytest.mark.parametrize("name", GENERATORS)
def test_the_best_critic_of_far_laws_is_not_above_either(name):
    g = GENERATORS[name]
    for p, q in [
        (gaussian(0, 1), gaussian(1e3, 1)),
        (laplace(0, 1), laplace(1, 1e-3)),
        (gaussian(0, 1e-3), gaussian(0, 1e3)),
        (uniform(0, 1), uniform(0.5, 2)),
        (uniform(0, 1), uniform(2, 3)),
    ]:
        found = variational_bound(optimal_critic(p, q, name), p, q, g.conjugate)
        exact = f_divergence(p, q, name)
        assert found <= exact * (1 + 1e-12) + 1e-12  # rounding of sums as large as 7e5
        if math.isfinite(g.at_zero) and math.isfinite(g.slope_at_infinity):
            assert found == pytest.approx(exact, abs=1e-9)


def test_a_critic_outside_the_domain_of_the_conjugate_has_bound_minus_infinity():
    p, q = gaussian(0, 1), gaussian(1, 1)
    for name, too_much in (("JS", 0.4), ("squared Hellinger", 1.1), ("GAN", 0.1)):
        found = variational_bound(lambda x, c=too_much: x * 0 + c, p, q, GENERATORS[name].conjugate)
        assert found == -math.inf


def test_critics_keep_the_shape_of_x():
    x = torch.linspace(-2, 2, 6).reshape(2, 3)
    T = optimal_critic(gaussian(0, 1), gaussian(1, 1), "KL")
    torch.testing.assert_close(T(x), 1.5 - x.double())  # 1 + log p / q


BAD = [
    (lambda: f_divergence(gaussian(0, 1), gaussian(0, 1), "Wasserstein"), "f"),
    (lambda: optimal_critic(gaussian(0, 1), gaussian(0, 1), "chi"), "f"),
    (lambda: f_divergence(torch.distributions.Cauchy(0.0, 1.0), gaussian(0, 1), "KL"), "p"),
    (lambda: variational_bound(lambda x: x[:3], gaussian(0, 1), gaussian(0, 1), torch.exp), "T"),
    (lambda: variational_bound(lambda x: x / 0 * 0, gaussian(0, 1), gaussian(0, 1), abs), "T"),
]


@pytest.mark.parametrize(("call", "name"), BAD)
def test_bad_arguments_are_refused_by_name(call, name):
    with pytest.raises(ValueError, match=rf"^{name}\b(.|\n)*got"):
        call()
