"""How runs ended: against exact densities, closed forms and runs made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.stats import beta, norm

from gan_lessons import curves, densities, failures, toy
from gan_lessons.toy import ToySettings

TWO = densities.mixture([2.0, 6.0], [0.5, 0.5])
UNEQUAL = densities.mixture([-2.0, 4.0], [0.5, 1.0], [0.25, 0.75])


@pytest.fixture(scope="module")
def run():
    settings = ToySettings(target="two modes", batch=32, g_hidden=(16,), d_hidden=(16,))
    return toy.train(settings, [0, 1, 2], 90, 30, progress=False)


# ---- rates ----


@pytest.mark.parametrize(("k", "n"), [(0, 40), (1, 7), (20, 40), (38, 40), (40, 40)])
def test_the_interval_is_wilson_s(k, n):
    z, p = norm.ppf(0.975), k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    found = failures.rate([True] * k + [False] * (n - k))
    assert (found.successes, found.n) == (k, n)
    assert found.low == pytest.approx(max(0, middle - half), abs=1e-12)
    assert found.high == pytest.approx(min(1, middle + half), abs=1e-12)
    # The exact interval of Clopper and Pearson is another, and wider.
    low = beta.ppf(0.025, k, n - k + 1) if k else 0
    assert found.low >= low - 1e-12


def test_a_rate_in_words():
    assert str(failures.rate([True] * 3 + [False])) == "3 of 4 (95 % interval 0.30 to 0.95)"


@pytest.mark.parametrize("bad", [[], [1, 0], [[True]], [0.5]])
def test_only_truth_values_are_counted(bad):
    with pytest.raises(ValueError, match=r"^good must .*got"):
        failures.rate(bad)


# ---- outputs and distances ----


@pytest.mark.parametrize("averaged", [False, True])
def test_outputs_are_g_at_equally_likely_noise(run, averaged):
    x = failures.outputs(run, 64, averaged)
    assert x.shape == (4, 3, 64)
    z = torch.from_numpy(norm.ppf((np.arange(64) + 0.5) / 64))
    for frame in (0, 2, 3):
        for member in range(3):
            expected = np.sort(run.generator(frame, member, averaged)(z).numpy())
            np.testing.assert_allclose(x[frame, member], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("p", [TWO, UNEQUAL, densities.gaussian(4.0, 0.5)])
def test_quantiles_invert_the_cdf(p):
    found = failures.quantiles(p, 20)
    for i, x in enumerate(found):
        level = (i + 0.5) / 20

        def excess(t, level=level):
            return densities.cdf(p, torch.tensor([t], dtype=torch.float64)).item() - level

        assert x == pytest.approx(brentq(excess, -10, 15), abs=1e-4)


def test_distances_are_those_of_the_exact_densities(run):
    for averaged in (False, True):
        x = failures.outputs(run, 4096, averaged)
        exact = curves.final_w1(run, averaged)
        np.testing.assert_allclose(failures.distances(x, TWO)[-1], exact, atol=2e-3)


def test_distance_of_a_shift_and_of_a_stretch():
    p = densities.gaussian(4.0, 0.5)
    q = failures.quantiles(p, 4096)
    assert failures.distances(q + 1.0, p) == pytest.approx(2.0, abs=1e-9)  # in sd
    wide = failures.distances(4 + 3 * (q - 4), p)  # E |3 z - z| = 2 sqrt(2 / pi)
    assert wide == pytest.approx(2 * math.sqrt(2 / math.pi), rel=1e-3)
    assert failures.distances(q, p) == 0


# ---- modes ----


def test_shares_are_those_of_the_exact_densities(run):
    for averaged in (False, True):
        ours = failures.mode_shares(failures.outputs(run, 4096, averaged)[-1], TWO)
        np.testing.assert_allclose(ours, curves.mode_shares(run, averaged), atol=2e-3)


def test_shares_of_the_data_themselves():
    inside = norm.cdf(3) - norm.cdf(-3)
    shares = failures.mode_shares(failures.quantiles(UNEQUAL, 4096), UNEQUAL)
    np.testing.assert_allclose(shares, [0.25 * inside, 0.75 * inside], atol=3e-3)


def samples(left, right=0.0, middle=0.0, spread=0.5):
    """Quantiles of a p_g with these shares left, right and half-way between."""
    n = 1000
    at = np.repeat([2.0, 4.0, 6.0], np.rint([n * left, n * middle, n * right]).astype(int))
    wave = spread * norm.ppf((np.arange(n) * 7 % n + 0.5) / n)
    return np.sort(at + wave)


ENDS = {
    "covered": samples(0.5, 0.5),
    "covered, unevenly": samples(0.3, 0.7),
    "dropped": samples(0.2, 0.8),
    "dropped, altogether": samples(1.0),
    "between": samples(0.25, 0.25, 0.5),
    "between, all of it": samples(0.0, 0.0, 1.0),
    "away": samples(0.0, 1.0) + 6,
    "away, in part": np.sort(np.concatenate([samples(0.5, 0.5)[::2], samples(1.0)[::2] - 9])),
    "point": samples(1.0, spread=0.1),
    "point, nowhere": samples(0.0, 0.0, 1.0, spread=0.1),
}


@pytest.mark.parametrize("name", ENDS)
def test_every_kind_of_ending(name):
    still = np.stack([ENDS[name]] * 5)[:, None]
    assert failures.kinds(still, TWO) == [name.split(",")[0]]


def test_cycling_is_there_and_back_in_the_second_half():
    left, right, both = samples(1.0), samples(0.0, 1.0), samples(0.5, 0.5)

    def kind(*frames):
        return failures.kinds(np.stack(frames)[:, None], TWO)[0]

    assert kind(both, both, both, left, right, left) == "cycling"
    assert kind(both, both, both, both, left, both, right, left, both) == "cycling"
    assert kind(both, both, both, left, right, both) == "covered"  # there, and not back
    assert kind(left, right, left, both, both, both) == "covered"  # in the first half only
    more, less = samples(0.6, 0.4), samples(0.4, 0.6)
    assert kind(both, both, both, more, less, more) == "covered"  # nobody leads
    point = samples(1.0, spread=0.1)
    assert kind(both, both, both, point, right, point) == "cycling"  # whatever it ends in


def test_each_gan_is_judged_by_itself():
    frames = np.stack([np.stack([ENDS["point"], ENDS["covered"], ENDS["dropped"]])] * 4)
    assert failures.kinds(frames, TWO) == ["point", "covered", "dropped"]


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda run: failures.outputs(run, 1), "points"),
        (lambda run: failures.quantiles(TWO, 0), "points"),
        (lambda run: failures.kinds(np.zeros((3, 4)), TWO), "x"),
        (lambda run: failures.mode_shares(np.zeros(4), densities.gaussian(0, 1)), "p_data"),
    ],
)
def test_bad_input_is_named(run, call, named):
    with pytest.raises(ValueError, match=rf"^{named} must .*got"):
        call(run)
