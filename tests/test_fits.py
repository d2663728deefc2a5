"""One Gaussian on a mixture: each fit is a minimum, by routes that fits.py does not take."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import brentq, minimize
from scipy.stats import norm

from gan_lessons.densities import gaussian, mixture, uniform
from gan_lessons.divergences import js, kl
from gan_lessons.fits import DIVERGENCES, Fit, covers, fit_gaussian

torch.set_num_threads(1)


def target(half, weight=0.5, sd=0.5):
    return mixture([-half, half], [sd, sd], [weight, 1 - weight])


def by_quad(name, half, weight, mean, sd):
    """The divergence by its definition, with scipy's densities and scipy's quadrature."""

    def p(x):
        return weight * norm.pdf(x, -half, 0.5) + (1 - weight) * norm.pdf(x, half, 0.5)

    def q(x):
        return norm.pdf(x, mean, sd)

    def inside(x):
        a, b = p(x) + 1e-300, q(x) + 1e-300
        if name == "forward":
            return a * math.log(a / b)
        if name == "reverse":
            return b * math.log(b / a)
        return (a * math.log(2 * a / (a + b)) + b * math.log(2 * b / (a + b))) / 2

    cuts = np.unique(
        [-24, -12, -half - 2, -half, 0, half, half + 2, mean, mean - sd, mean + sd, 12, 24]
    )
    pieces = itertools.pairwise(cuts)
    return sum(quad(inside, a, b, epsabs=1e-12, epsrel=1e-11)[0] for a, b in pieces)


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize(("half", "weight"), [(2.0, 0.5), (1.3, 0.5), (1.5, 0.7), (0.4, 0.3)])
def test_each_fit_is_a_minimum_of_the_definition(name, half, weight):
    for fit in fit_gaussian(target(half, weight), name):
        value = by_quad(name, half, weight, fit.mean, fit.sd)
        assert fit.value == pytest.approx(value, abs=1e-9)
        for mean, sd in ((1e-2, 1), (-1e-2, 1), (0, 1.02), (0, 0.98), (1e-2, 0.99), (-1e-2, 1.01)):
            assert by_quad(name, half, weight, fit.mean + mean, fit.sd * sd) > value


@pytest.mark.parametrize("name", ["reverse", "js"])
def test_a_search_without_slopes_finds_nothing_better(name):
    """Nelder-Mead from a grid of starts."""
    for half, weight in ((2.0, 0.5), (1.3, 0.5), (2.0, 0.7)):
        p = target(half, weight)
        best = fit_gaussian(p, name)[0]
        ends = [
            minimize(
                lambda at, p=p: DIVERGENCES[name](p, gaussian(float(at[0]), float(np.exp(at[1])))),
                [mean, math.log(sd)], method="Nelder-Mead",
                options={"xatol": 1e-7, "fatol": 1e-13},
            )
            for mean in (-half, 0.0, half) for sd in (0.4, 1.5)
        ]  # fmt: skip
        found = min(ends, key=lambda end: end.fun)
        assert best.value == pytest.approx(found.fun, abs=1e-11)
        assert abs(found.x[0]) == pytest.approx(abs(best.mean), abs=1e-5)
        assert np.exp(found.x[1]) == pytest.approx(best.sd, abs=1e-5)


def test_forward_kl_matches_the_moments():
    for half, weight in ((2.0, 0.5), (3.0, 0.2)):
        (fit,) = fit_gaussian(target(half, weight), "forward")
        assert fit.mean == pytest.approx((1 - 2 * weight) * half, abs=1e-12)
        assert fit.sd == pytest.approx(math.sqrt(4 * weight * (1 - weight) * half**2 + 0.25))
        assert fit.value == kl(target(half, weight), fit.density)


def test_well_apart_forward_covers_and_reverse_seeks():
    p = target(2.0)
    (forward,) = fit_gaussian(p, "forward")
    assert forward.sd == pytest.approx(2.0616, abs=1e-4)
    right, left, wide = fit_gaussian(p, "reverse")
    assert (right.sd, right.value) == pytest.approx((0.5, math.log(2)), abs=1e-3)
    assert (left.mean, left.sd) == pytest.approx((-right.mean, right.sd), abs=1e-7)
    assert right.value == pytest.approx(left.value, abs=1e-12)
    assert wide.value > 1.8
    assert [covers(fit, [-2.0, 2.0]) for fit in (forward, right, left, wide)] == [
        True, False, False, True,
    ]  # fmt: skip


def gap(name, half):
    """What taking a mode costs more than covering both."""
    fits = fit_gaussian(target(half), name)
    wide = min(fit.value for fit in fits if covers(fit, [-half, half]))
    return min(fit.value for fit in fits if not covers(fit, [-half, half])) - wide


def test_js_seeks_no_mode_until_they_are_far_apart():
    """At +-2 the wide fit has the lower JS; from 4.245 sd of a mode on, the narrow one."""
    wide, *narrow = fit_gaussian(target(2.0), "js")
    assert (wide.mean, wide.sd, wide.value) == pytest.approx((0, 2.042, 0.2010), abs=5e-4)
    assert [fit.value for fit in narrow] == pytest.approx([0.2157] * 2, abs=5e-4)
    switch = brentq(lambda half: gap("js", half), 2.05, 2.2, xtol=1e-6)
    assert switch == pytest.approx(2.12236, abs=1e-4)
    assert gap("js", switch - 0.01) > 0 > gap("js", switch + 0.01)


def test_reverse_kl_covers_close_modes():
    """The switch is at 2.8 sd of a mode; on its near side the modes are local minima already."""
    switch = brentq(lambda half: gap("reverse", half), 1.3, 1.5, xtol=1e-6)
    assert switch == pytest.approx(1.4001, abs=1e-4)
    assert gap("reverse", 1.3) > 0 > gap("reverse", 1.5)
    assert len(fit_gaussian(target(1.0), "reverse")) == 1


def test_the_heavier_mode_is_taken():
    for name in ("reverse", "js"):
        best = fit_gaussian(target(3.0, 0.7), name)[0]
        assert best.mean == pytest.approx(-3, abs=1e-3)
    assert fit_gaussian(target(4.0, 0.7), "reverse")[0].value == pytest.approx(-math.log(0.7))


def test_a_gaussian_is_fitted_exactly():
    for name in DIVERGENCES:
        (fit,) = fit_gaussian(target(0.0), name)
        assert (fit.mean, fit.sd, fit.value) == pytest.approx((0, 0.5, 0), abs=1e-6)


def test_shift_and_scale_carry_over():
    for name in ("reverse", "js"):
        small = fit_gaussian(target(2.0), name)[0]
        large = fit_gaussian(mixture([50.0, 90.0], [5.0, 5.0]), name)[0]
        assert large.mean == pytest.approx(70 + 10 * small.mean, abs=1e-4)
        assert (large.sd, large.value) == pytest.approx((10 * small.sd, small.value), abs=1e-4)


def test_js_of_the_two_fits_is_symmetric_in_its_arguments():
    p, q = target(2.0), gaussian(0.3, 1.1)
    assert DIVERGENCES["js"](p, q) == pytest.approx(js(q, p), abs=1e-12)
    assert DIVERGENCES["forward"](p, q) == kl(p, q)
    assert DIVERGENCES["reverse"](p, q) == kl(q, p)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"^divergence must be one of \['forward'.*got 'kl'"):
        fit_gaussian(target(1.0), "kl")
    for wrong in (uniform(0, 1), gaussian(0, 1)):
        with pytest.raises(ValueError, match=r"^target must be a mixture of Gaussians, got"):
            fit_gaussian(wrong, "js")
    assert Fit(1.0, 2.0, 0.0).density.scale.item() == 2
