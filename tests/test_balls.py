"""Density and coverage, and copies: by plain loops, by scipy, and for fakes of the right law."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import torch

from gan_lessons.balls import density_coverage, nearness
from gan_lessons.neighbours import precision_recall


def cloud(n, d=3, seed=0, shift=0.0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, d)) + shift)


def by_definition(real, fake, k):
    """Ball by ball, in plain loops."""
    real, fake = real.tolist(), fake.tolist()
    radii = [sorted(math.dist(c, o) for j, o in enumerate(real) if j != i)[k - 1]
             for i, c in enumerate(real)]  # fmt: skip
    hits = [[math.dist(c, y) <= r for y in fake] for c, r in zip(real, radii, strict=True)]
    return sum(map(sum, hits)) / (k * len(fake)), sum(map(any, hits)) / len(real)


def check(density_coverage):
    real, fake = cloud(40, seed=1), 0.7 * cloud(31, seed=2, shift=0.5)
    for k in (1, 2, 5):
        assert density_coverage(real, fake, k) == pytest.approx(by_definition(real, fake, k))


def test_by_definition():
    check(density_coverage)


@pytest.mark.parametrize("block", [1, 7, 1024])
def test_the_block_size_changes_nothing(block):
    real, fake = cloud(40, seed=1), cloud(31, seed=2)
    assert density_coverage(real, fake, 5, block) == density_coverage(real, fake, 5)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda x, y, k: density_coverage(y, x, k),
        lambda x, y, k: density_coverage(x, y, k)[::-1],
        lambda x, y, k: density_coverage(x, y, k + 1),
        lambda x, y, k: (density_coverage(x, y, k)[0] * k, density_coverage(x, y, k)[1]),
    ],
    ids=["sets swapped", "numbers swapped", "own neighbour", "not divided by k"],
)
def test_a_mistake_is_caught(mutant):
    with pytest.raises(AssertionError):
        check(mutant)


def test_fakes_of_the_right_law():
    """The means of the paper, for any law: density 1, and coverage by counting ranks."""
    n, m, k = 60, 50, 3
    found = np.array([density_coverage(cloud(n, 2, 2 * s), cloud(m, 2, 2 * s + 1), k)
                      for s in range(400)])  # fmt: skip
    error = found.std(0) / math.sqrt(len(found))
    out = math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
    assert found.mean(0) == pytest.approx([1, 1 - out], abs=4 * error.max())
    assert (abs(found.mean(0) - [1, 1 - out]) < 4 * error).all()


def test_copies_are_not_noticed():
    real = cloud(50)
    assert density_coverage(real, real.flip(0), 4) == pytest.approx((5 / 4, 1))


def test_an_outlier_among_the_fakes_buys_nothing():
    real, fake = cloud(200, 2), 0.05 * cloud(200, 2, 1)
    fake[:4] = torch.tensor([[100.0, 0], [-100, 0], [0, 100], [0, -100]])
    assert precision_recall(real, fake, 3).recall > 0.9
    assert density_coverage(real, fake, 3).coverage < 0.3


# ---- copies ----


def check_nearness(nearness):
    training, fresh = cloud(50, seed=1), cloud(40, seed=2)
    fake = torch.cat([0.9 * cloud(25, seed=3), training[:10], fresh[:5]])  # copies, and ties
    near, far = (torch.cdist(x, training, compute_mode="donot_use_mm_for_euclid_dist").amin(1)
                 for x in (fake, fresh))  # fmt: skip
    statistic = scipy.stats.mannwhitneyu(far.round(decimals=9), near.round(decimals=9)).statistic
    assert nearness(fake, fresh, training) == pytest.approx(statistic / (40 * 40), rel=1e-12)


def test_nearness_is_the_statistic_of_mann_and_whitney():
    check_nearness(nearness)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda fake, fresh, t: 1 - nearness(fake, fresh, t),
        lambda fake, fresh, t: nearness(fresh, fake, t),
        lambda fake, fresh, t: nearness(fake, fresh, fresh),
        lambda fake, fresh, t: nearness(fake, fresh, t) + 1 / 2 * 5 / 1600,  # ties count whole
    ],
    ids=["turned round", "sets swapped", "other data", "ties"],
)
def test_a_wrong_nearness_is_caught(mutant):
    with pytest.raises(AssertionError):
        check_nearness(mutant)


def test_nearness_at_its_ends():
    training, fresh = cloud(60), cloud(80, seed=1)
    assert nearness(training[:20], fresh, training) == 1
    assert nearness(fresh, fresh, training) == 0.5
    assert nearness(cloud(20, seed=2, shift=50.0), fresh, training) == 0
    found = [nearness(cloud(30, seed=3 * s), cloud(30, seed=3 * s + 1), cloud(30, seed=3 * s + 2))
             for s in range(200)]  # fmt: skip
    assert np.mean(found) == pytest.approx(0.5, abs=4 * np.std(found) / math.sqrt(200))


GOOD = torch.ones(4, 2)
BAD = [
    (lambda: density_coverage(GOOD, GOOD, 4), "k"),
    (lambda: density_coverage(GOOD, GOOD, 0), "k"),
    (lambda: density_coverage(GOOD / 0, GOOD, 1), "points"),
    (lambda: density_coverage(GOOD, GOOD[:, :1], 1), "points"),
    (lambda: density_coverage(GOOD, GOOD, 1, 0), "block"),
    (lambda: nearness(GOOD[0], GOOD, GOOD), "points"),
    (lambda: nearness(GOOD, GOOD, GOOD[:0]), "data"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must [\s\S]*got"):
        call()
