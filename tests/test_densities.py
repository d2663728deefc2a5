"""Densities against scipy.stats, sampling against its law, quadrature against calculus."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats as st
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.integrate import quad

from gan_lessons import densities
from gan_lessons.batches import Batches
from gan_lessons.densities import breakpoints, cdf, gaussian, integrate, interval

from gan_lessons.densities import mixture, nodes, pdf, sample, uniform  # isort: skip

X = torch.linspace(-6, 9, 301, dtype=torch.float64)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def laplace(loc: float, scale: float) -> torch.distributions.Laplace:
    at, wide = (torch.tensor(v, dtype=torch.float64) for v in (loc, scale))
    return torch.distributions.Laplace(at, wide, validate_args=False)


class ScipyMixture:
    """The same mixture by scipy: a weighted sum of normal densities."""

    def __init__(self, means, sds, weights):
        self.parts = [st.norm(m, s) for m, s in zip(means, sds, strict=True)]
        self.weights = np.array(weights) / sum(weights)

    def pdf(self, x):
        return sum(w * p.pdf(x) for w, p in zip(self.weights, self.parts, strict=True))

    def cdf(self, x):
        return sum(w * p.cdf(x) for w, p in zip(self.weights, self.parts, strict=True))


PAIRS = {
    "gaussian": (gaussian(4.0, 0.5), st.norm(4.0, 0.5)),
    "wide gaussian": (gaussian(-1.0, 3.0), st.norm(-1.0, 3.0)),
    "uniform": (uniform(-1.0, 3.0), st.uniform(-1.0, 4.0)),
    "mixture": (mixture([2, 6], [0.5, 0.5]), ScipyMixture([2, 6], [0.5, 0.5], [1, 1])),
    "weighted": (mixture([-2, 3], [0.3, 2], [3, 1]), ScipyMixture([-2, 3], [0.3, 2], [3, 1])),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pdf_and_cdf_are_those_of_scipy(name):
    ours, theirs = PAIRS[name]
    np.testing.assert_allclose(pdf(ours, X).numpy(), theirs.pdf(X.numpy()), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(cdf(ours, X).numpy(), theirs.cdf(X.numpy()), rtol=1e-9, atol=1e-14)


def test_float32_points_are_evaluated_in_float64():
    assert pdf(gaussian(0, 1), torch.zeros(2)).dtype == torch.float64
    assert cdf(gaussian(0, 1), torch.zeros(2)).dtype == torch.float64


@pytest.mark.parametrize("name", PAIRS)
def test_every_density_integrates_to_one(name):
    ours = PAIRS[name][0]
    assert integrate(lambda x: pdf(ours, x), breakpoints(ours)) == pytest.approx(1, abs=1e-12)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(
    parts=some.lists(
        some.tuples(some.floats(-50, 50), some.floats(1e-3, 5), some.floats(0.1, 1)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_any_mixture_integrates_to_one_however_narrow_its_parts(parts):
    p = mixture(*zip(*parts, strict=True))
    assert integrate(lambda x: pdf(p, x), breakpoints(p)) == pytest.approx(1, abs=1e-9)


def test_moments_of_a_mixture_by_hand():
    p = mixture([0, 10], [1, 2], [3, 1])  # mean 2.5, variance 3/4 (1+0) + 1/4 (4+100) - 6.25
    assert float(p.mean) == pytest.approx(2.5)
    assert float(p.variance) == pytest.approx(0.75 + 26 - 6.25)


# Kolmogorov-Smirnov: with the law right, P(D > sqrt(log(2/a) / 2n)) < a.  Here a = 1e-9, and the
# seed is fixed, so a failure is a defect and not chance.
N = 200_000
KS = math.sqrt(math.log(2 / 1e-9) / (2 * N))


@pytest.mark.parametrize("name", PAIRS)
def test_samples_follow_their_law(name):
    ours, theirs = PAIRS[name]
    x = sample(ours, (N,), rng(1)).numpy()
    assert st.ks_1samp(x, theirs.cdf, method="asymp").statistic < KS


def test_the_ks_bar_notices_one_percent_of_a_standard_deviation():
    x = sample(gaussian(0.02, 1), (N,), rng(1)).numpy()
    assert st.ks_1samp(x, st.norm.cdf, method="asymp").statistic > KS


def test_samples_are_independent_of_each_other():
    x = sample(mixture([2, 6], [0.5, 0.5]), (N,), rng(3)).numpy()
    assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 6 / math.sqrt(N)


@pytest.mark.parametrize("name", PAIRS)
def test_sampling_uses_its_generator_and_nothing_else(name):
    p = PAIRS[name][0]
    before = torch.get_rng_state()
    first = sample(p, (3, 5), rng(7))
    assert first.shape == (3, 5)
    assert first.dtype == torch.float32
    torch.manual_seed(99)
    try:
        assert torch.equal(first, sample(p, (3, 5), rng(7)))
        assert not torch.equal(first, sample(p, (3, 5), rng(8)))
    finally:
        torch.set_rng_state(before)
    sample(p, (10,), rng(7))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_uniform_number_of_exactly_zero_gives_a_finite_sample(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda size, **_: torch.zeros(size, dtype=torch.float64))
    assert torch.isfinite(sample(gaussian(0, 1), (4,), rng())).all()
    assert torch.isfinite(sample(mixture([0], [1]), (4,), rng())).all()


def test_batches_have_their_shape_and_go_on_for_ever():
    batches = Batches(gaussian(4, 0.5), 8, [rng(0), rng(1)])
    drawn = [batches() for _ in range(2 * Batches.block + 3)]
    assert {b.shape for b in drawn} == {(2, 8, 1)}
    assert {b.dtype for b in drawn} == {torch.float32}
    values = torch.stack(drawn).flatten()
    assert values.unique().numel() > 0.99 * values.numel()  # no batch comes twice


def test_a_stream_is_the_same_alone_and_in_company():
    p = mixture([2, 6], [0.5, 0.5])
    together = Batches(p, 8, [rng(5), rng(6), rng(7)])
    alone = [Batches(p, 8, [rng(s)]) for s in (5, 6, 7)]
    for _ in range(Batches.block + 2):
        assert torch.equal(together(), torch.cat([b() for b in alone]))


def test_batches_are_standardised():
    raw, ours = (Batches(gaussian(4, 0.5), 100, [rng(2)], *a) for a in ((), (4.0, 0.5)))
    torch.testing.assert_close(ours(), (raw() - 4) / 0.5)


def test_interval_leaves_out_what_it_says():
    assert interval(gaussian(4, 0.5), 1e-4) == pytest.approx(st.norm(4, 0.5).interval(1 - 2e-4))
    assert interval(uniform(-1, 3)) == (-1, 3)
    low, high = interval(mixture([2, 6], [0.5, 1]), 1e-6)
    law = ScipyMixture([2, 6], [0.5, 1], [1, 1])
    assert 0 < law.cdf(low) <= 1e-6
    assert 0 < 1 - law.cdf(high) <= 1e-6


@pytest.mark.parametrize("p", [PAIRS[n][0] for n in PAIRS] + [laplace(1.0, 2.0)])
def test_breakpoints_ascend_over_the_interval(p):
    points = breakpoints(p)
    assert points == sorted(set(points))
    assert (points[0], points[-1]) == pytest.approx(interval(p))


def test_heavy_tails_and_missing_quantiles_are_refused():
    one = torch.tensor(1.0, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"^p .*tails"):
        interval(torch.distributions.Cauchy(one, one))
    with pytest.raises(ValueError, match=r"^p .*icdf"):
        interval(torch.distributions.Gamma(one, one))


def test_quadrature_is_exact_for_cubics_and_close_for_more():
    # The change of variables has degree 5, and 12 nodes are exact up to degree 23 = 5 * 3 + 8.
    for panels, degrees in ((1, range(4)), (16, range(24))):
        x, w = nodes([-1.0, 2.0], panels=panels)
        assert (w > 0).all()
        for n in degrees:
            exact = (2 ** (n + 1) - (-1) ** (n + 1)) / (n + 1)
            assert float((x**n * w).sum()) == pytest.approx(exact, rel=1e-12)
    x, w = nodes([-1.0, 2.0], panels=1)
    assert float((x**23 * w).sum()) != pytest.approx((2**24 - 1) / 24, rel=1e-12)


def test_quadrature_takes_a_step_a_kink_and_a_spike_at_its_points():
    x, w = nodes([-1.0, 0.0, 2.0])
    assert float(((x > 0) * w).sum()) == pytest.approx(2, abs=1e-12)
    assert float((x.abs() * w).sum()) == pytest.approx(2.5, abs=1e-12)
    assert float((x.abs().log() * w).sum()) == pytest.approx(2 * math.log(2) - 3, abs=1e-7)


def test_quadrature_cuts_at_each_point():
    x, w = nodes([0.0, 1 / 3, 0.9, 1.0], panels=1)
    kinked = ((x - 1 / 3).abs() + (x > 0.9)) * w
    assert float(kinked.sum()) == pytest.approx((1 / 9 + 4 / 9) / 2 + 0.1, abs=1e-14)


def test_integrate_against_scipy_and_infinity():
    points = [0.0, 1.0, 5.0]
    expected = quad(lambda x: math.exp(-x) * math.cos(3 * x), 0, 5)[0]
    assert integrate(lambda x: (-x).exp() * (3 * x).cos(), points) == pytest.approx(expected)
    assert integrate(lambda x: torch.where(x > 2, math.inf, 0.0), points) == math.inf


@pytest.mark.parametrize("points", [[], [1.0], [1.0, 1.0], [0.0, math.inf], [0.0, math.nan]])
def test_nodes_refuse_what_is_no_range(points):
    with pytest.raises(ValueError, match=r"^points"):
        nodes(points)


def test_the_tail_left_out_is_negligible():
    assert densities.TAIL <= 1e-12
