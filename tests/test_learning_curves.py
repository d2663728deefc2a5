"""Learning curves and their crossings, on problems whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from gan_lessons.classifiers import SharedVarianceNB, asymptotic_errors, linear_error
from gan_lessons.learning_curves import (
    GaussianProblem,
    SplitProblem,
    crossing,
    last_fall,
    lead,
    learning_curves,
)

NAN = math.nan
COV = np.array([[1.0, 0.6], [0.6, 1.0]])
DELTA = np.array([2.0, 0.0])
PROBLEM = GaussianProblem(DELTA, COV)


def rng(seed=0):
    return np.random.default_rng(seed)


def two_blobs(n=100, share=0.3, seed=0):
    y = (np.arange(n) < share * n).astype(int)
    return SplitProblem(rng(seed).normal(size=(n, 2)) + 3 * y[:, None], y)


# ---- where training sets come from ----


def test_gaussian_draws_have_the_means_and_the_covariance_asked_for():
    x, y, _ = PROBLEM.draw(100_000, rng())
    assert y.mean() == 0.5
    for label, mean in ((0, -DELTA / 2), (1, DELTA / 2)):
        part = x[y == label]
        assert np.allclose(part.mean(0), mean, atol=5 / math.sqrt(len(part)))
        assert np.allclose(np.cov(part.T), COV, atol=5 * 1.5 / math.sqrt(len(part)))


def test_the_error_of_a_gaussian_draw_is_the_share_of_wrong_answers():
    train, test = PROBLEM.draw(50, rng()), PROBLEM.draw(200_000, rng(1))
    for model in (SharedVarianceNB(), LogisticRegression()):
        model.fit(train.x, train.y)
        wrong = (model.predict(test.x) != test.y).mean()
        assert train.error(model) == pytest.approx(wrong, abs=5 * 0.5 / math.sqrt(200_000))


def test_a_split_never_tests_on_what_it_trained_on():
    problem = two_blobs()
    seen = []

    class Spy(DummyClassifier):
        def predict(self, X):
            seen.append(X)
            return super().predict(X)

    draw = problem.draw(60, rng())
    draw.error(Spy().fit(draw.x, draw.y))
    rows = {tuple(r) for r in draw.x}, {tuple(r) for r in seen[0]}
    assert len(rows[0]) == 60
    assert len(rows[1]) == 40
    assert not rows[0] & rows[1]
    assert rows[0] | rows[1] == {tuple(r) for r in problem.x}


def test_every_part_of_a_split_is_balanced_like_the_whole():
    problem = two_blobs(1000, 0.3)
    for seed in range(5):
        _, y, _ = problem.draw(700, rng(seed))
        for n in (10, 30, 100, 700):
            assert abs(y[:n].sum() - 0.3 * n) <= 2
        assert set(y[:10]) == {0, 1}
    first = [tuple(problem.draw(700, rng(seed)).x[0]) for seed in range(5)]
    assert len(set(first)) == 5  # other splits for other seeds


def test_the_error_of_a_split_is_the_share_of_wrong_answers():
    draw = two_blobs(1000, 0.3).draw(500, rng())
    always_0 = DummyClassifier(strategy="constant", constant=0).fit(draw.x, draw.y)
    assert draw.error(always_0) == pytest.approx(0.3, abs=0.01)


# ---- curves ----

MODELS = {
    "naive": SharedVarianceNB(),
    "logistic": LogisticRegression(C=1e4, solver="newton-cholesky"),
}


def test_curves_end_at_the_asymptotes():
    errors = learning_curves(PROBLEM, MODELS, [10, 20_000], repeats=4, seed=0)
    naive, logistic = asymptotic_errors(DELTA, COV)
    assert errors["naive"].shape == (4, 2)
    assert np.allclose(errors["naive"][:, 1], naive, atol=5e-3)
    assert np.allclose(errors["logistic"][:, 1], logistic, atol=5e-4)
    assert naive - logistic > 0.05
    assert (errors["naive"][:, 0] > naive).any()


def test_curves_are_of_the_first_n_examples_of_the_seeded_draw():
    errors = learning_curves(PROBLEM, MODELS, [12, 40], repeats=3, seed=7)
    x, y, _ = PROBLEM.draw(40, rng(7).spawn(3)[2])
    m = SharedVarianceNB().fit(x[:12], y[:12])
    expected = linear_error(m.coef_[0], m.intercept_[0], DELTA, COV)
    assert errors["naive"][2, 0] == pytest.approx(expected, rel=1e-12)
    again = learning_curves(PROBLEM, MODELS, [12, 40], repeats=2, seed=7)
    assert np.array_equal(again["naive"], errors["naive"][:2])  # more repeats keep the first ones
    other = learning_curves(PROBLEM, MODELS, [12, 40], repeats=2, seed=8)
    assert not np.array_equal(again["naive"], other["naive"])


def test_lead_is_a_paired_t_statistic():
    from scipy.stats import ttest_rel

    a, b = rng().normal(size=(2, 20, 3))
    assert np.allclose(lead(a, b), ttest_rel(b, a).statistic)


# ---- crossings ----

SIZES = [10, 100, 1000, 10_000]


def check_last_fall(fall):
    for gap, expected in (
        ([1, 1, -1, -1], math.sqrt(100 * 1000)),
        ([3, -1, -1, -1], 10 ** (1 + 0.75)),
        ([-1, 1, -3, -1], 10 ** (2 + 0.25)),
        ([1, -1, 1, -1], 10**3.5),  # the last of three changes
        ([1, 1, 0, -1], 1000),  # touching 0 counts as fallen
        ([-1, -1, -1, -1], NAN),
        ([0, 0, 0, 0], NAN),
        ([1, 1, 1, 1], NAN),
        ([1, -1, -1, 1], NAN),
    ):
        assert float(fall(SIZES, gap)) == pytest.approx(expected, nan_ok=True, rel=1e-9)


def test_last_fall():
    check_last_fall(last_fall)


def test_last_fall_takes_many_gaps_at_once():
    gaps = rng().normal(size=(5, 7, 4))
    each = [[float(last_fall(SIZES, g)) for g in row] for row in gaps]
    assert np.array_equal(last_fall(SIZES, gaps), each, equal_nan=True)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda sizes, g: last_fall(sizes, -np.asarray(g)),
        lambda sizes, g: last_fall(sizes, g[::-1]),
        lambda sizes, g: last_fall(sizes, np.sign(g)),
        lambda sizes, g: np.log(last_fall(np.exp(np.log10(sizes)), g)),
        lambda sizes, g: sizes[int(np.argmax(np.asarray(g) <= 0))],
    ],
    ids=["sign", "reversed", "not interpolated", "not on log scale", "first change"],
)
def test_the_check_notices_a_mutant(mutant):
    with pytest.raises(AssertionError):
        check_last_fall(mutant)


def noisy(level, repeats, seed):
    """A curve at 0 and one that falls through it at n = 316.2, with noise of that level."""
    late = np.array([0.3, 0.1, -0.1, -0.3]) + level * rng(seed).normal(size=(repeats, 4))
    return np.zeros((repeats, 4)), late


def test_crossing_of_noisy_curves():
    found = crossing(SIZES, *noisy(0.05, 50, 0))
    assert found.share == 1
    assert found.low < found.size < found.high
    assert found.size == pytest.approx(10**2.5, rel=0.1)
    none = crossing(SIZES, *noisy(0.05, 50, 0)[::-1])
    assert none.share == 0
    assert math.isnan(none.size)
    assert math.isnan(none.low)


def test_the_interval_of_a_crossing_holds_the_truth_as_often_as_it_says():
    """Coverage over 200 experiments; a 95 % interval of 40 noisy repeats misses a bit more."""
    held = 0
    for seed in range(200):
        found = crossing(SIZES, *noisy(0.3, 40, seed), resamples=400, seed=seed)
        held += found.low <= 10**2.5 <= found.high
    assert 0.88 * 200 <= held <= 0.985 * 200


def test_a_coin_toss_is_not_called_a_crossing():
    shares = [crossing(SIZES, *rng(s).normal(size=(2, 40, 4))).share for s in range(40)]
    assert np.mean(np.array(shares) >= 0.99) < 0.1


# ---- bad input ----

BAD = [
    (lambda: two_blobs(100).draw(100, rng()), "n"),
    (lambda: two_blobs(100).draw(0, rng()), "n"),
    (lambda: learning_curves(PROBLEM, MODELS, [10], 1, 0), "repeats"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
