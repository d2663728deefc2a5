"""Distances between samples: against scikit-learn, brute force and closed forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from gan_lessons import neighbours
from gan_lessons.neighbours import (
    birthday_support,
    birthday_test,
    closest_pairs,
    nearest,
    precision_recall,
)


def cloud(n, d=5, seed=0, shift=0.0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, d)) + shift)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


BLOCKS = [1, 7, 40, 1024]


# ---- nearest neighbours ----


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("k", [1, 3, 40])
def test_nearest_is_scikit_learns(k, block):
    points, data = cloud(30, seed=1), cloud(40, seed=2)
    found = nearest(points, data, k, block)
    theirs = NearestNeighbors(n_neighbors=k, algorithm="kd_tree").fit(data.numpy())
    distances, indices = theirs.kneighbors(points.numpy())
    np.testing.assert_allclose(found.distances, distances, rtol=1e-12)
    np.testing.assert_array_equal(found.indices, indices)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_copy_is_at_distance_zero_exactly(block):
    data = cloud(50, d=128, shift=100.0).float()
    found = nearest(data[[3, 44]], data, 2, block)
    assert found.indices[:, 0].tolist() == [3, 44]
    assert found.distances[:, 0].tolist() == [0, 0]
    assert (found.distances[:, 1] > 1).all()


@pytest.mark.parametrize("block", BLOCKS)
def test_bytes_do_not_overflow(block):
    rng = np.random.default_rng(0)
    points, data = (torch.from_numpy(rng.integers(0, 256, (n, 784), np.uint8)) for n in (5, 60))
    found = nearest(points, data, block=block)
    gaps = (points[:, None].long() - data[None].long()).square().sum(2)
    assert torch.equal(found.indices[:, 0], gaps.argmin(1))
    np.testing.assert_allclose(found.distances[:, 0], gaps.amin(1).double().sqrt(), rtol=1e-14)


def test_nearest_far_from_the_origin():
    points, data = cloud(20, seed=1), cloud(30, seed=2)
    moved = nearest(points + 1e7, data + 1e7)
    assert torch.equal(moved.indices, nearest(points, data).indices)


# ---- precision and recall ----


def by_definition(points, centres, k):
    """Share of points within the k-th neighbour's distance of some centre, in plain loops."""
    inside = 0
    for x in points:
        for i, c in enumerate(centres):
            others = sorted(math.dist(c, o) for j, o in enumerate(centres) if j != i)
            if math.dist(x, c) <= others[k - 1]:
                inside += 1
                break
    return inside / len(points)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("k", [1, 3])
def test_precision_recall_by_definition(k, block):
    real, fake = cloud(40, 2, 1), cloud(35, 2, 2, shift=1.0)
    found = precision_recall(real, fake, k, block)
    assert found.precision == by_definition(fake.tolist(), real.tolist(), k)
    assert found.recall == by_definition(real.tolist(), fake.tolist(), k)
    assert 0 < found.precision < 1
    assert 0 < found.recall < 1
    assert found.precision != found.recall


def test_precision_recall_by_scikit_learn():
    real, fake = cloud(500, 16, 1), 0.8 * cloud(400, 16, 2)
    shares = []
    for points, centres in ((fake.numpy(), real.numpy()), (real.numpy(), fake.numpy())):
        radii = NearestNeighbors(n_neighbors=4).fit(centres).kneighbors(centres)[0][:, -1]
        gaps = np.linalg.norm(points[:, None] - centres[None], axis=2)
        shares.append((gaps <= radii).any(axis=1).mean())
    assert precision_recall(real, fake, 3) == pytest.approx(tuple(shares), abs=1e-12)


def test_swapping_the_sets_swaps_the_numbers():
    real, fake = cloud(60, 3, 1), 0.5 * cloud(50, 3, 2)
    assert precision_recall(real, fake) == precision_recall(fake, real)[::-1]


def test_what_precision_and_recall_see_and_what_not():
    real = cloud(400, 4)
    assert precision_recall(real, real.flip(0)) == (1, 1)  # copies: nothing to complain about
    narrow = precision_recall(real, 0.1 * cloud(400, 4, 1))  # a generator with one mode
    assert narrow.precision > 0.98
    assert narrow.recall < 0.1
    noisy = precision_recall(real, 4 * cloud(400, 4, 1))
    assert noisy.precision < 0.4
    assert noisy.recall > 0.9
    assert precision_recall(real, cloud(400, 4, 1, shift=100.0)) == (0, 0)


def test_a_point_on_the_edge_of_a_ball_is_inside():
    real = torch.tensor([[0.0], [1.0], [10.0]])  # k = 1: radii 1, 1, 9
    assert precision_recall(real, torch.tensor([[-1.0], [-1.5]]), k=1).precision == 0.5


# ---- pairs and birthdays ----


@pytest.mark.parametrize("block", BLOCKS)
def test_closest_pairs_by_all_pairs(block):
    points = cloud(30)
    found = closest_pairs(points, 12, block)
    rows = points.tolist()
    pairs = sorted((math.dist(rows[i], rows[j]), i, j)
                   for i, j in itertools.combinations(range(30), 2))[:12]  # fmt: skip
    np.testing.assert_allclose(found.distances, [d for d, _, _ in pairs], rtol=1e-12)
    assert found.indices.tolist() == [[i, j] for _, i, j in pairs]


def test_all_pairs_can_be_had():
    assert len(closest_pairs(cloud(6), 15).distances) == 15


def test_the_birthday_of_the_textbook():
    days = torch.arange(365.0).repeat_interleave(20)[:, None]
    exact = 1 - math.prod(1 - i / 365 for i in range(30))  # 0.706
    found = birthday_test(days, 30, 0.5, seeded(), trials=800)
    error = math.sqrt(exact * (1 - exact) / 800)
    # People drawn without replacement share days a little less often: 19 / 20 of the chance.
    assert exact - 5 * error < found.rate < exact + 3 * error
    assert found.support == birthday_support(30, found.rate)
    assert 300 < found.support < 480


def test_a_generator_with_few_pictures_is_found_out():
    few = cloud(50, 8, 1)[torch.randint(50, (2000,), generator=seeded())]
    few = few + 1e-3 * cloud(2000, 8, 2)  # near-duplicates, not copies
    many = cloud(2000, 8, 3)
    assert 35 < birthday_test(few, 9, 0.05, seeded(), trials=400).support < 75
    assert birthday_test(many, 40, 0.05, seeded(), trials=20) == (0, math.inf)


def test_the_threshold_decides():
    points = torch.tensor([[0.0], [1.0]])
    assert birthday_test(points, 2, 1.0, seeded(), trials=3).rate == 0
    assert birthday_test(points, 2, 1.001, seeded(), trials=3) == (1, 0)


def test_the_generator_alone_decides():
    points = cloud(200, 2)
    first = birthday_test(points, 10, 0.1, seeded(1), trials=50)
    torch.manual_seed(5)
    assert birthday_test(points, 10, 0.1, seeded(1), trials=50) == first
    assert 0 < first.rate < 1
    others = {birthday_test(points, 10, 0.1, seeded(s), trials=50).rate for s in range(2, 6)}
    assert others != {first.rate}


def test_birthday_support_inverts_the_rate():
    for support in (10, 365, 1e6):
        rate = -math.expm1(-20 * 19 / (2 * support))
        assert birthday_support(20, rate) == pytest.approx(support, rel=1e-9)
    s = 1000  # about s^2 / (2 log 2) at one half
    assert birthday_support(s, 0.5) == pytest.approx(s * s / (2 * math.log(2)), rel=2e-3)
    assert birthday_support(9, 0) == math.inf
    assert birthday_support(9, 1) == 0


# ---- all of them ----


def test_block_size_and_repetition_change_nothing():
    real, fake = cloud(300, 32, 1).float(), cloud(280, 32, 2).float()
    results = [precision_recall(real, fake, 3, block) for block in (13, 100, 1024, 1024)]
    assert len(set(results)) == 1
    a, b = (closest_pairs(real, 9, block) for block in (13, 1024))
    assert torch.equal(a.indices, b.indices)
    assert torch.equal(a.distances, b.distances)


GOOD = torch.ones(4, 2)
BAD = [
    (lambda: nearest(GOOD[0], GOOD), "points"),
    (lambda: nearest(GOOD, GOOD[:0]), "data"),
    (lambda: nearest(GOOD * math.nan, GOOD), "points"),
    (lambda: nearest(GOOD[:, :1], GOOD), "points"),
    (lambda: nearest(GOOD, GOOD, 5), "k"),
    (lambda: nearest(GOOD, GOOD, 0), "k"),
    (lambda: nearest(GOOD, GOOD, 1, 0), "block"),
    (lambda: precision_recall(GOOD, GOOD[:, :1]), "fake"),
    (lambda: precision_recall(GOOD / 0, GOOD), "real"),
    (lambda: precision_recall(GOOD, GOOD, 4), "k"),
    (lambda: precision_recall(GOOD, GOOD[:2], 2), "k"),
    (lambda: precision_recall(GOOD, GOOD, 0), "k"),
    (lambda: closest_pairs(GOOD, 7), "k"),
    (lambda: closest_pairs(GOOD, 0), "k"),
    (lambda: closest_pairs(GOOD, 1, 0), "block"),
    (lambda: birthday_test(GOOD, 5, 1.0, seeded()), "size"),
    (lambda: birthday_test(GOOD, 1, 1.0, seeded()), "size"),
    (lambda: birthday_test(GOOD, 2, 0.0, seeded()), "threshold"),
    (lambda: birthday_test(GOOD, 2, math.nan, seeded()), "threshold"),
    (lambda: birthday_test(GOOD, 2, 1.0, seeded(), 0), "trials"),
    (lambda: birthday_support(1, 0.5), "size"),
    (lambda: birthday_support(9, 1.5), "rate"),
    (lambda: birthday_support(9, math.nan), "rate"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must [\s\S]*got"):
        call()


def test_memory_stays_bounded(monkeypatch):
    """No more than block times block distances at once, plus what was found."""
    largest = []
    squares = neighbours._squares

    def watched(x, y):
        largest.append(len(x) * len(y))
        return squares(x, y)

    monkeypatch.setattr(neighbours, "_squares", watched)
    points = cloud(90)
    nearest(points, points, block=20)
    precision_recall(points, points, block=20)
    closest_pairs(points, block=20)
    assert max(largest) == 400
