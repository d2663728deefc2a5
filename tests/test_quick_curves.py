"""Curves by polygons, against the exact ones and against laws known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from gan_lessons import curves, quick_curves, toy
from gan_lessons.densities import interval
from gan_lessons.quick_curves import Polygon
from gan_lessons.toy import ToySettings
from gan_lessons.training import LoopSettings

SETTINGS = [
    ToySettings(target="two modes", batch=32, g_hidden=(16, 16), d_hidden=(16,)),
    ToySettings(noise="uniform", batch=32, g_hidden=(8,), d_hidden=(8,), d_activation="square"),
    ToySettings(batch=32, g_hidden=(8,), standardise=False, g_loss="saturating",
                loop=LoopSettings(k=1, lr_d=5e-2)),
    ToySettings(target="two modes", batch=32, g_hidden=(16,), d_hidden=(16,),
                loop=LoopSettings(k=1, lr_d=1e-4, lr_g=1e-2)),  # towards a point
]  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS)
def test_like_the_exact_curves(settings):
    run = toy.train(settings, [3, 4], 120, 60, progress=False)
    quick, exact = quick_curves.compute(run, 1), curves.compute(run, 1)
    for name in ("step", "x", "p_data", "z", "g", "d", "d_loss", "g_loss"):
        np.testing.assert_allclose(getattr(quick, name), getattr(exact, name), atol=1e-9)
    h = quick.x[1] - quick.x[0]
    assert np.abs((quick.p_g - exact.p_g) * h).max() < 1e-3  # probability of each cell
    for name in ("value", "best_value", "js", "w1", "w1_ema"):
        np.testing.assert_allclose(getattr(quick, name), getattr(exact, name), atol=2e-3)
    # D* where anybody looks
    asked = exact.p_data + exact.p_g > 0.05 * exact.p_data.max()
    assert np.median(np.abs(quick.d_star - exact.d_star)[asked]) < 5e-3
    assert (quick.value <= quick.best_value + 1e-3).all()


def test_a_polygon_of_a_straight_line():
    z = norm.ppf(np.linspace(0.5e-4, 1 - 0.5e-4, 2001))
    law, x = Polygon(1 + 2 * z), np.linspace(-4, 6, 101)
    np.testing.assert_allclose(law.cdf(x), norm.cdf(x, 1, 2), atol=2e-4)
    np.testing.assert_allclose(law.pdf(x), norm.pdf(x, 1, 2), atol=2e-3)


def test_a_polygon_that_turns_back():
    law = Polygon(np.array([0.0, 2.0, 1.0, 1.0]))  # thirds on [0, 2], on [1, 2], and at 1
    assert law.cdf(np.array([-1, 0.5, 0.999, 1.001, 1.5, 2, 3])) == pytest.approx(
        np.array([0, 1 / 12, 1 / 6, 1 / 2, 3 / 4, 1, 1]), abs=1e-3
    )
    assert law.pdf(np.array([-1, 0.5, 1.5, 3])) == pytest.approx([0, 1 / 6, 1 / 2, 0], abs=1e-6)
    assert law.middles.tolist() == pytest.approx([1.0, 1.5, 1.0], abs=1e-8)


@pytest.mark.parametrize("name", ["x_points", "arrows", "points"])
def test_bad_input_is_named(name):
    run = toy.train(SETTINGS[1], [0], 1, progress=False)
    with pytest.raises(ValueError, match=rf"^{name} must .*got 0"):
        quick_curves.compute(run, **{name: 0})


@pytest.mark.parametrize("side", [-1, 1])
def test_a_run_far_away_does_not_take_the_grid_from_the_data(side):
    """A G that starts 100 sd away: W1 counts it, the picture follows it no farther than said."""
    run = toy.train(ToySettings(g_start=100.0 * side, batch=8, g_hidden=(4,)), [0], 0)
    low, high = interval(run.settings.p_data, 1e-4)
    for reach in (0.0, 0.5, 2.0):
        c = quick_curves.compute(run, 0, x_points=41, reach=reach)
        width = (high - low) * (1 + reach)
        assert c.x[-1] - c.x[0] == pytest.approx(1.08 * width)
        beyond = reach * (high - low) + 0.04 * width
        assert (c.x[-1] - high if side > 0 else low - c.x[0]) == pytest.approx(beyond)
        assert c.w1[0] > 40
    with pytest.raises(ValueError, match=r"^reach must .*got -1"):
        quick_curves.compute(run, 0, reach=-1)
