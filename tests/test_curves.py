"""The curves of a run against samples, scipy and each other."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import scipy.stats as st
import torch

from gan_lessons import curves, toy
from gan_lessons.densities import interval, sample
from gan_lessons.theory import Pushforward
from gan_lessons.toy import ToySettings

SMALL = {"batch": 32, "g_hidden": (16,), "d_hidden": (16,)}
RUNS = {
    "gaussian": ToySettings(**SMALL),
    "uniform noise": ToySettings(noise="uniform", **SMALL),
    "two modes": ToySettings(target="two modes", noise="uniform", **SMALL),
    "raw": ToySettings(target="two modes", standardise=False, g_loss="saturating", **SMALL),
}


@pytest.fixture(scope="module", params=RUNS)
def run(request):
    return toy.train(RUNS[request.param], [5, 6], 60, 20, progress=False)


@pytest.fixture(scope="module")
def found(run):
    return curves.compute(run, member=1, x_points=81, arrows=9)


def quantiles(p, n=40_000):
    """n values that stand for p; a mixture has no icdf, so its cdf is turned around."""
    u = (np.arange(n) + 0.5) / n
    if hasattr(p, "component_distribution"):
        x = np.linspace(*interval(p), 400_001)
        return np.interp(u, p.cdf(torch.from_numpy(x)).numpy(), x)
    return p.icdf(torch.from_numpy(u)).numpy()


def test_shapes(run, found):
    assert found.step.tolist() == [0, 20, 40, 60]
    assert found.x.shape == found.p_data.shape == (81,)
    assert found.p_g.shape == found.d.shape == found.d_star.shape == (4, 81)
    assert found.z.shape == (9,)
    assert found.g.shape == (4, 9)
    for name in ("value", "best_value", "js", "w1", "w1_ema"):
        assert getattr(found, name).shape == (4,)
    for field in dataclasses.fields(found):
        assert np.isfinite(getattr(found, field.name)).all(), field.name


def test_no_frame_beats_the_bound(found):
    assert (found.value <= found.best_value + 1e-9).all()
    assert (found.best_value <= 1e-9).all()
    np.testing.assert_allclose(found.best_value, 2 * found.js - math.log(4), atol=1e-12)


def test_js_is_between_0_and_log_2(found):
    assert (found.js >= 0).all()
    assert (found.js <= math.log(2)).all()


def test_js_by_a_sum_over_cells(run, found):
    """JS by a route without D*: the mass that both laws give to each of many small cells."""
    p_data, p_z = run.settings.p_data, run.settings.p_z
    low, high = interval(p_data)
    for f in range(4):
        p_g = Pushforward(run.generator(f, 1), p_z)
        ends = torch.linspace(min(low, p_g.support[0]) - 1e-9, max(high, p_g.support[1]) + 1e-9,
                              60_001, dtype=torch.float64)  # fmt: skip
        a = np.diff(p_data.cdf(ends).numpy()).clip(0)
        b = np.diff(p_g.cdf(ends).numpy()).clip(0)
        js = sum(st.entropy(r / r.sum(), (a + b) / (a + b).sum()) for r in (a, b)) / 2
        assert found.js[f] == pytest.approx(js, abs=1e-3)


def test_wasserstein_by_scipy(run, found):
    x = quantiles(run.settings.p_data)
    z = torch.from_numpy(quantiles(run.settings.p_z))
    for f in range(4):
        for averaged, ours in ((False, found.w1), (True, found.w1_ema)):
            expected = st.wasserstein_distance(x, run.generator(f, 1, averaged)(z).numpy())
            assert ours[f] == pytest.approx(expected, abs=1e-3)


def test_d_and_d_star(run, found):
    assert ((found.d > 0) & (found.d < 1)).all()
    for f in range(4):
        logit = run.discriminator(f, 1)(torch.from_numpy(found.x)).numpy()
        np.testing.assert_allclose(found.d[f], 1 / (1 + np.exp(-logit)), rtol=1e-12)
        # D* belongs to the densities at x itself, whereas found.p_g is a mean over cells.
        fake = Pushforward(run.generator(f, 1), run.settings.p_z).pdf(torch.from_numpy(found.x))
        total = found.p_data + fake.numpy()
        some = total > 1e-200
        expected = found.p_data[some] / total[some]
        np.testing.assert_allclose(found.d_star[f, some], expected, rtol=1e-9, atol=1e-15)
    assert ((found.d_star >= 0) & (found.d_star <= 1)).all()


def test_p_data_by_scipy(run, found):
    means = (4,) if run.settings.target == "gaussian" else (2, 6)
    expected = np.mean([st.norm(m, 0.5).pdf(found.x) for m in means], axis=0)
    np.testing.assert_allclose(found.p_data, expected, rtol=1e-10)


@pytest.mark.parametrize("points", [161, 4001])
def test_p_g_has_the_area_that_samples_have(run, points):
    """Area under the curve, in all and in pieces, against a histogram: no spike is lost."""
    fine = curves.compute(run, member=1, x_points=points)
    dx = fine.x[1] - fine.x[0]
    edges = np.append(fine.x - dx / 2, fine.x[-1] + dx / 2)
    n, pieces = 200_000, 20
    for f in (0, -1):
        z = sample(run.settings.p_z, (n,), torch.Generator().manual_seed(1)).double()
        counts = np.histogram(run.generator(f, 1)(z).numpy(), edges)[0] / n
        area = fine.p_g[f] * dx
        bar = 6 * 0.5 / math.sqrt(n)  # six standard errors at most
        assert area.sum() == pytest.approx(counts.sum(), abs=bar)
        cut = np.arange(0, points, points // pieces)
        np.testing.assert_allclose(np.add.reduceat(area, cut), np.add.reduceat(counts, cut),
                                   atol=bar)  # fmt: skip
        assert area.sum() > 0.93  # the grid holds the samples but for their tails
        assert (fine.p_g[f] >= 0).all()


def test_the_grid_holds_the_data_and_the_arrows(run, found):
    assert (np.diff(found.x) > 0).all()
    assert found.x[0] < found.g.min()
    assert found.g.max() < found.x[-1]
    low, high = interval(run.settings.p_data, 1e-4)
    assert found.x[0] < low
    assert high < found.x[-1]


def test_arrows_start_at_equally_likely_noise_and_end_at_g(run, found):
    law = st.norm() if run.settings.noise == "normal" else st.uniform(-1, 2)
    np.testing.assert_allclose(law.cdf(found.z), (np.arange(9) + 0.5) / 9, atol=1e-9)
    for f in range(4):
        expected = run.generator(f, 1)(torch.from_numpy(found.z)).numpy()
        np.testing.assert_allclose(found.g[f], expected, rtol=1e-12)


def test_the_losses_are_those_of_the_member(run, found):
    np.testing.assert_array_equal(found.d_loss, run.d_loss[:, 1].astype(np.float64))
    np.testing.assert_array_equal(found.g_loss, run.g_loss[:, 1].astype(np.float64))


def test_the_discriminators_loss_is_an_estimate_of_minus_v(run, found):
    """Exact -V at a frame is near the minibatch loss of the next step: 32 values, so roughly."""
    for f in range(3):
        assert run.d_loss[found.step[f], 1] == pytest.approx(-found.value[f], abs=0.5)


def test_final_w1_is_in_standard_deviations(run):
    sd = float(run.settings.p_data.stddev)
    ours = [curves.final_w1(run), curves.final_w1(run, averaged=False)]
    for member in range(2):
        last = curves.compute(run, member, x_points=3, arrows=1)
        assert ours[0][member] == pytest.approx(last.w1_ema[-1] / sd, abs=1e-12)
        assert ours[1][member] == pytest.approx(last.w1[-1] / sd, abs=1e-12)


@pytest.mark.parametrize("averaged", [True, False])
def test_mode_shares_by_monte_carlo(averaged):
    run = toy.train(RUNS["two modes"], [1, 2, 3], 80, progress=False)
    ours = curves.mode_shares(run, averaged)
    assert ours.shape == (3, 2)
    n = 200_000
    z = sample(run.settings.p_z, (n,), torch.Generator().manual_seed(2)).double()
    for m in range(3):
        x = run.generator(-1, m, averaged)(z).numpy()
        for k, mode in enumerate((2, 6)):
            share = (abs(x - mode) < 1.5).mean()
            assert ours[m, k] == pytest.approx(share, abs=6 * 0.5 / math.sqrt(n))


def test_a_perfect_generator_of_two_modes_has_equal_shares(monkeypatch):
    run = toy.train(RUNS["two modes"], [1], 1, progress=False)

    def perfect(self, frame=-1, member=0, averaged=False):
        def g(u):  # uniform on (-1, 1) to either mode: a jump at 0, made very steep
            v = torch.where(u < 0, 2 * u + 1, 2 * u - 1).clamp(-1 + 1e-12, 1 - 1e-12)
            return torch.where(u < 0, 2.0, 6.0) + 0.5 * math.sqrt(2) * torch.erfinv(v)

        return g

    monkeypatch.setattr(toy.Run, "generator", perfect)
    np.testing.assert_allclose(curves.mode_shares(run), [[0.49865, 0.49865]], atol=2e-3)
