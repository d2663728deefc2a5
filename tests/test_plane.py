"""Targets of round modes and their metrics: by hand, against scipy, on both sides of each bar."""

from __future__ import annotations

import math
import types

import numpy as np
import pytest
import torch
from scipy import stats

from gan_lessons import plane, toy
from gan_lessons.plane import TARGETS, Points, Target, latent, noise

TWO, RING = TARGETS["two modes"], TARGETS["ring of eight"]
each_target = pytest.mark.parametrize("name", TARGETS)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def perfect(target, count, seed=0):
    """Samples of the target itself, in the units of the data, (1, count, n)."""
    return target.restored(Points(target, count, [rng(seed)])())


def at(*values):
    """Samples on a line, (1, N, 1)."""
    return torch.tensor(values, dtype=torch.float64).reshape(1, -1, 1)


# ---- the targets ----


@each_target
def test_density_against_scipy(name):
    target = TARGETS[name]
    x = perfect(target, 50)[0] + 0.1
    parts = [
        stats.multivariate_normal(c, target.sd**2 * np.eye(target.dim)).pdf(x)
        for c in target.centres
    ]
    found = target.distribution.log_prob(x).exp()
    assert np.allclose(found, np.mean(parts, 0), rtol=1e-12)


@pytest.mark.parametrize("name", ["gaussian", "two modes"])
def test_the_line_has_the_targets_of_the_one_dimensional_experiment(name):
    ours, theirs = TARGETS[name], toy.TARGETS[name]
    x = torch.linspace(0, 8, 50, dtype=torch.float64)
    assert torch.allclose(ours.distribution.log_prob(x[:, None]), theirs.log_prob(x))
    assert math.isclose(ours.scale, float(theirs.stddev), rel_tol=1e-12)


def test_modes_lie_where_they_should():
    ring, grid = RING.modes, TARGETS["grid of 25"].modes
    assert ring.shape == (8, 2)
    assert torch.allclose(ring.norm(dim=1), torch.full((8,), 2.0).double())
    gaps = torch.pdist(ring)
    assert math.isclose(gaps.min(), 4 * math.sin(math.pi / 8), rel_tol=1e-12)
    assert grid.shape == (25, 2)
    assert grid.unique(dim=0).shape == (25, 2)
    assert torch.pdist(grid).min() == 2
    assert grid.abs().max() == 4


@each_target
def test_batches_are_standardised_draws(name):
    target, n = TARGETS[name], 20_000
    x = Points(target, n, [rng()])()[0].double()
    # Five standard errors of a mean of n numbers with sd 1; of their variances, at most 2 each.
    assert x.mean(0).abs().max() < 5 / math.sqrt(n)
    assert abs(x.square().mean() - 1) < 5 * math.sqrt(2 / n)
    counts = target.counts(target.restored(x)[None])[0]
    share = target.best_hit / len(target.centres)
    assert (counts / n - share).abs().max() < 5 * math.sqrt(share * (1 - share) / n) + 1e-3


def test_a_stream_depends_on_its_own_generator_only_and_can_go_on():
    together, alone = Points(RING, 7, [rng(1), rng(2)]), Points(RING, 7, [rng(2)])
    before = torch.get_rng_state()
    for _ in range(70):  # beyond one block
        batch = together()
        assert torch.equal(batch[1:], alone())
    assert batch.shape == (2, 7, 2)
    assert batch.dtype == torch.float32
    state = together.state()
    expected = [together() for _ in range(70)]
    again = Points(RING, 7, [rng(8), rng(9)])
    again.load_state(state)
    assert all(torch.equal(again(), e) for e in expected)
    assert torch.equal(before, torch.get_rng_state())


def test_latents_are_standard_normal_and_always_the_same():
    before = torch.get_rng_state()
    for dim in (1, 2):
        z = latent(dim, 1024)
        assert torch.equal(z, latent(dim, 1024))
        for column in z.T.numpy():
            assert stats.kstest(column, "norm").statistic < 2 / 1024
        assert torch.isfinite(z).all()
    assert abs(np.corrcoef(z.T.numpy())[0, 1]) < 0.01
    assert torch.equal(before, torch.get_rng_state())
    assert Points(noise(2), 3, [rng()])().shape == (1, 3, 2)


# ---- the metrics ----


def test_best_hit():
    assert math.isclose(RING.best_hit, stats.chi2(2).cdf(9), rel_tol=1e-12)
    assert round(RING.best_hit, 6) == 0.988891
    assert math.isclose(TWO.best_hit, stats.chi2(1).cdf(9), rel_tol=1e-12)


@each_target
def test_a_perfect_generator(name):
    target, n = TARGETS[name], 20_000
    x = perfect(target, n)
    found = target.judged(x)
    assert found.covered.item() == len(target.centres)
    # On top of the own mode's share, a neighbour is reached by less than 1e-3 of the samples.
    assert abs(found.hit.item() - target.best_hit) < 5 * 0.11 / math.sqrt(n) + 1e-3
    # Mean of r^2 / n over r < 3, for r^2 chi-squared with n degrees of freedom.
    n_dim = target.dim
    truncated = stats.chi2(n_dim + 2).cdf(9) / stats.chi2(n_dim).cdf(9)
    assert abs(found.spread.item() - math.sqrt(truncated)) < 0.01
    assert found.distance.item() < 0.03
    assert found.success.item()


def check_by_hand(metrics):
    """Fail unless the metrics are right on samples worked out by hand: mutants must not pass."""
    # Two modes at 2 and 6, sd 0.5: near is within 1.5.  Of eight samples one is a quarter of 4.
    x = at(2, 2.5, 1.5, 3.5, 2, 2, 2, 6.5)
    assert metrics.counts(x).tolist() == [[7, 1]]
    assert metrics.covered(x).item() == 2
    assert metrics.covered(at(*[2.0] * 8, 6.0)).item() == 1  # 1 of 9 is less than 9 / 8
    assert metrics.hit(at(0.6, 3.4, 3.6, 4.4, 4.6, 9.0)).item() == 0.5
    assert math.isclose(metrics.hit(x).item(), 1.0)
    # Distances 0, .5, .5, 1.5, 0, 0, 0, .5: squares sum to 3, over 8, over sd 0.5.
    assert math.isclose(metrics.spread(x).item(), math.sqrt(3 / 8) / 0.5, rel_tol=1e-12)
    # In the plane: 3 sd are 0.6; the mode (2, 0), and (0, -2), which is number 6.
    y = torch.tensor([[[2.0, 0.59], [2.61, 0.0], [0.1, -2.0], [0.0, 0.0]]])
    assert metrics.counts(y, RING)[0, [0, 6]].tolist() == [1, 1]
    assert metrics.hit(y, RING).item() == 0.5
    spread = math.sqrt((0.59**2 + 0.1**2) / 2 / 2) / 0.2
    assert math.isclose(metrics.spread(y, RING).item(), spread, rel_tol=1e-6)


def metrics(**wrong):
    """The package's metrics as functions of (samples, target), some of them replaced."""
    ours = {
        name: (lambda x, target=TWO, name=name: getattr(target, name)(x))
        for name in ("counts", "covered", "hit", "spread")
    }
    return types.SimpleNamespace(**(ours | wrong))


MUTANTS = {
    "samples counted twice": {"hit": lambda x, t=TWO: t.counts(x).sum(-1) / len(t.centres)},
    "shares of what is near": {
        "covered": lambda x, t=TWO: (t.counts(x) >= x.shape[-2] / 2 / len(t.centres)).sum(-1)
    },
    "spread not over sqrt n": {"spread": lambda x, t=TWO: t.spread(x) * t.dim**0.5},
    "any mode is covered": {"covered": lambda x, t=TWO: (t.counts(x) > 0).sum(-1)},
}


def test_metrics_by_hand():
    check_by_hand(metrics())


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_noticed(mutant):
    with pytest.raises(AssertionError):
        check_by_hand(metrics(**MUTANTS[mutant]))


@pytest.mark.parametrize(("name", "value"), [("NEAR", 2.0), ("NEAR", 3.5), ("FAIR", 0.5)])
def test_another_constant_is_noticed(name, value, monkeypatch):
    monkeypatch.setattr(plane, name, value)
    with pytest.raises(AssertionError):
        check_by_hand(metrics())


def test_distance_on_a_line_is_w1():
    x = perfect(TWO, 400, seed=3) + 0.3
    half = stats.norm(2, 0.5).ppf((np.arange(50_000) + 0.5) / 50_000)  # equally likely values
    exact = np.concatenate([half, half + 4])
    expected = stats.wasserstein_distance(x.numpy().ravel(), exact) / float(TWO.scale)
    # The quantile in the middle of each of 400 shares stands for the share: a little is lost.
    assert abs(TWO.distance(x).item() - expected) < 5e-3


def test_distance_in_the_plane_is_a_mean_over_directions():
    x = perfect(RING, 500, seed=4) * 1.2 + torch.tensor([0.4, -0.1])
    with torch.random.fork_rng():
        torch.manual_seed(5)
        draw = RING.distribution.sample((200_000,)).numpy()
    angles = math.pi * np.arange(16) / 16
    w1 = [
        stats.wasserstein_distance(x[0].numpy() @ u, draw @ u)
        for u in np.stack([np.cos(angles), np.sin(angles)], 1)
    ]
    assert abs(RING.distance(x).item() - np.mean(w1) / RING.scale) < 0.01


@pytest.mark.parametrize("shift", [-0.7, 0.2])
def test_distance_of_a_shift_is_the_shift(shift):
    one = TARGETS["gaussian"]
    x = one.restored(latent(1, 2048))[None] + shift
    assert abs(one.distance(x).item() - abs(shift) / 0.5) < 2e-3


@each_target
def test_the_order_of_samples_does_not_matter_and_leading_axes_are_generators(name):
    target = TARGETS[name]
    x = torch.stack([perfect(target, 60, seed=s)[0] for s in range(3)])
    order = torch.randperm(60, generator=rng())
    one, other = target.judged(x), target.judged(x[:, order])
    for a, b, each in zip(
        one, other, zip(*map(target.judged, x[:, None]), strict=True), strict=True
    ):
        assert torch.allclose(a.double(), b.double())
        assert torch.allclose(a.double(), torch.cat(each).double())
        assert a.shape == (3,)


def test_success_at_both_sides_of_each_bar():
    """Samples of the ring that pass, and then changes that each break one rule alone."""
    x = perfect(RING, 4000)[0]
    assert RING.judged(x[None]).success.item()
    modes = (x[:, None] - RING.modes).norm(dim=-1).argmin(1)

    def broken(y):
        found = RING.judged(y[None])
        assert not found.success.item()
        return {
            "covered": found.covered.item() < 8,
            "hit": found.hit.item() < plane.HIT,
            "spread": found.spread.item() < plane.WIDE,
            "distance": found.distance.item() >= plane.CLOSE,
        }

    def only(name):
        return {rule: rule == name for rule in ("covered", "hit", "spread", "distance")}

    away = x.clone()
    away[::8] += 0.001 + 0.9 * (x[::8] - RING.modes[modes[::8]]).sign()  # every 8th, outwards
    assert broken(away) == only("hit")
    narrow = RING.modes[modes] + 0.4 * (x - RING.modes[modes])
    assert broken(narrow) == only("spread")
    others = torch.tensor([1, 7, 1, 7, 0]).repeat(800)
    to = torch.where(modes == 0, others, modes)  # mode 0 keeps a fifth, its neighbours get the rest
    missing = x + RING.modes[to] - RING.modes[modes]
    assert broken(missing) == only("covered")
    lopsided = x[(modes < 4) | (torch.arange(4000) % 2 == 0)]  # half of the ring twice as heavy
    assert broken(lopsided) == only("distance")


def test_what_is_not_finite_is_no_success():
    x = torch.full((2, 10, 2), math.nan)
    x[1] = math.inf
    found = RING.judged(x)
    assert found.covered.tolist() == [0, 0]
    assert found.hit.tolist() == [0, 0]
    assert found.spread.tolist() == [0, 0]
    assert found.distance.isinf().all()
    assert not found.success.any()


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: Target("t", (), 1.0), "centres"),
        (lambda: Target("t", ((0.0,), (0.0, 1.0)), 1.0), "centres"),
        (lambda: Target("t", ((0.0, 1.0, 2.0),), 1.0), "centres"),
        (lambda: Target("t", ((math.nan,),), 1.0), "centres"),
        (lambda: Target("t", ((0.0,),), 0.0), "sd"),
        (lambda: Points(TWO, 0, [rng()]), "batch"),
        (lambda: Points(TWO, 1, []), "generators"),
        (lambda: latent(1, 0), "count"),
        (lambda: TWO.hit(torch.zeros(1, 4, 2)), "x"),
        (lambda: TWO.hit(torch.zeros(1, 0, 1)), "x"),
        (lambda: TWO.hit(torch.zeros(1)), "x"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
