"""The game on finitely many values against scipy's optimisers and finite differences; mutants."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import linprog, minimize, minimize_scalar
from scipy.spatial.distance import jensenshannon

from gan_lessons import finite_game
from gan_lessons.finite_game import best_value, both_orders, function_space_descent, slope, value

LOG2, LOG4 = math.log(2), math.log(4)


def laws(n=4, seed=0, count=2):
    return np.random.default_rng(seed).dirichlet(np.ones(n), size=count)


# ---- V and its maximum over D ----


def check_value(value):
    """Fail unless `value` is the sum of p log d + q log(1 - d)."""
    p, q = laws()
    d = np.array([0.1, 0.5, 0.7, 0.9])
    by_loop = sum(a * math.log(y) + b * math.log(1 - y) for a, b, y in zip(p, q, d, strict=True))
    assert float(value(d, p, q)) == pytest.approx(by_loop, abs=1e-14)
    # Where a probability is 0, its logarithm does not count.
    assert float(value([1.0, 0.5], [1.0, 0.0], [0.0, 1.0])) == pytest.approx(-LOG2)
    assert float(value([0.0, 0.5], [0.5, 0.5], [0.5, 0.5])) == -math.inf


def test_value():
    check_value(value)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda d, p, q: -value(d, p, q),
        lambda d, p, q: value(d, q, p),
        lambda d, p, q: value(1 - np.asarray(d), p, q),
        lambda d, p, q: (p * np.log(d)).sum(),
        lambda d, p, q: value(d, p, q) / 2,
    ],
    ids=["sign", "swapped", "labels", "one term", "halved"],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_the_check_notices_a_wrong_value(mutant):
    with pytest.raises(AssertionError):
        check_value(mutant)


def by_search(p, q):
    """The largest V that scipy finds, one value of D at a time."""
    total = 0.0
    for a, b in zip(p, q, strict=True):
        found = minimize_scalar(lambda y, a=a, b=b: -a * math.log(y) - b * math.log(1 - y),
                                bounds=(1e-12, 1 - 1e-12), method="bounded",
                                options={"xatol": 1e-12})  # fmt: skip
        total -= found.fun
    return total


def check_best_value(best_value):
    for seed in range(4):
        p, q = laws(5, seed)
        assert float(best_value(p, q)) == pytest.approx(by_search(p, q), abs=1e-9)
        assert float(best_value(p, q)) == pytest.approx(2 * jensenshannon(p, q) ** 2 - LOG4)
    assert float(best_value([1, 0], [0, 1])) == pytest.approx(0, abs=1e-15)
    assert float(best_value([0.8, 0.2], [0.5, 0.5])) == pytest.approx(-1.284951, abs=1e-6)


def test_best_value():
    check_best_value(best_value)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda p, q: -best_value(p, q),
        lambda p, q: (best_value(p, q) - LOG4) / 2,
        lambda p, q: best_value(p, q) + LOG4 - LOG2,
        lambda p, q: best_value(p, q) / LOG2,
    ],
    ids=["sign", "JS once", "log 2", "bits"],
)
def test_the_check_notices_a_wrong_best_value(mutant):
    with pytest.raises(AssertionError):
        check_best_value(mutant)


def test_leading_axes_are_broadcast():
    q = laws(3, count=7)
    p = laws(3, seed=9)[0]
    one_by_one = [float(best_value(p, row)) for row in q]
    assert best_value(p, q) == pytest.approx(one_by_one)
    assert value([0.2, 0.3, 0.4], p, q).shape == (7,)


# ---- the saddle point and the order of moves ----


def test_saddle():
    """V(D, p_data) <= V(1/2, p_data) = -log 4 = V(1/2, p_g) for any D and p_g."""
    rng = np.random.default_rng(0)
    half = np.full(4, 0.5)
    for p, q in zip(laws(4, 1, 50), laws(4, 2, 50), strict=True):
        assert float(value(half, p, q)) == pytest.approx(-LOG4, abs=1e-14)
        assert float(value(half, p, p)) == pytest.approx(-LOG4, abs=1e-14)
        assert float(value(rng.uniform(size=4), p, p)) < -LOG4
        assert by_search(p, p) == pytest.approx(-LOG4, abs=1e-9)  # the best D gains nothing


def test_both_orders():
    rng = np.random.default_rng(0)
    for shape in [(3, 4), (1, 5), (6, 2)]:
        table = rng.normal(size=shape)
        min_max = min(max(table[i, j] for i in range(shape[0])) for j in range(shape[1]))
        max_min = max(min(table[i, j] for j in range(shape[1])) for i in range(shape[0]))
        assert both_orders(table) == (min_max, max_min)
        assert max_min <= min_max
        # Mixed moves close the gap: linear programming finds the one value between the two.
        n = shape[0]  # maximise v subject to table^T x >= v for a mixture x of D's moves
        mixed = linprog([0.0] * n + [-1.0], A_ub=np.hstack([-table.T, np.ones((shape[1], 1))]),
                        b_ub=np.zeros(shape[1]), A_eq=[[1.0] * n + [0.0]], b_eq=[1.0],
                        bounds=[(0, None)] * n + [(None, None)])  # fmt: skip
        assert max_min - 1e-9 <= -mixed.fun <= min_max + 1e-9


def test_a_generator_of_single_points_makes_the_two_orders_differ():
    grid = np.linspace(0, 1, 61)
    d = np.array([*itertools.product(grid, grid)])[:, None]
    min_max, max_min = both_orders(value(d, [0.5, 0.5], np.eye(2)))
    assert min_max == pytest.approx(LOG2 - 1.5 * math.log(3), abs=1e-12)
    assert max_min == pytest.approx(-LOG4, abs=1e-12)


# ---- the slope of C and the descent ----


def check_slope(slope):
    """Fail unless `slope` is the derivative of C along every direction that keeps the sum."""
    rng = np.random.default_rng(3)
    for seed in range(5):
        p, q = laws(6, seed)
        along = rng.normal(size=6)
        along -= along.mean()
        h = 1e-7
        numeric = (best_value(p, q + h * along) - best_value(p, q - h * along)) / (2 * h)
        assert slope(p, q) @ along == pytest.approx(float(numeric), rel=1e-5, abs=1e-6)


def test_slope():
    check_slope(slope)
    assert slope([0.5, 0.5], [1.0, 0.0])[1] == -math.inf


@pytest.mark.parametrize(
    "mutant",
    [
        lambda p, q: -slope(p, q),
        lambda p, q: np.log(p / (p + q)),
        lambda p, q: np.log(q / p),
        lambda p, q: 1 - p / (p + q),
    ],
    ids=["sign", "log D*", "log ratio", "no logarithm"],
)
def test_the_check_notices_a_wrong_slope(mutant):
    with pytest.raises(AssertionError):
        check_slope(mutant)


def check_step(descent):
    """Fail unless a step minimises <slope, new> + KL(new || old) / rate, as scipy finds it."""
    for seed, rate in [(0, 0.3), (1, 0.7), (2, 1.0)]:
        p, q = laws(4, seed)
        g = slope(p, q)

        def objective(new, g=g, q=q, rate=rate):
            return g @ new + (new * np.log(new / q)).sum() / rate

        found = minimize(objective, q, method="SLSQP", bounds=[(1e-9, 1)] * 4,
                         constraints={"type": "eq", "fun": lambda new: new.sum() - 1},
                         options={"ftol": 1e-14, "maxiter": 500})  # fmt: skip
        path = descent(p, q, rate, 1)
        assert path[0].tolist() == q.tolist()
        assert path[1] == pytest.approx(found.x, abs=1e-5)


def test_function_space_step():
    check_step(function_space_descent)


def powered(p, q, power):
    new = q * power
    return np.stack([q, new / new.sum()])


@pytest.mark.parametrize(
    "mutant",
    [
        lambda p, q, rate, steps: powered(p, q, (q / (p + q)) ** rate),
        lambda p, q, rate, steps: powered(p, q, (p / (p + q)) ** -rate),
        lambda p, q, rate, steps: powered(p, q, (q / (p + q)) ** (-2 * rate)),
        lambda p, q, rate, steps: np.stack([q, q * (q / (p + q)) ** -rate]),
        lambda p, q, rate, steps: function_space_descent(p, q, rate, 2)[1:],
    ],
    ids=["uphill", "log D*", "twice", "not normalised", "shifted"],
)
def test_the_check_notices_a_wrong_step(mutant):
    with pytest.raises(AssertionError):
        check_step(mutant)


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_descent_never_rises_and_arrives(rate, seed):
    p, q = laws(20, seed)
    path = function_space_descent(p, q, rate, 600)
    c = best_value(p, path)
    assert np.diff(c).max() <= 1e-14
    assert c[-1] == pytest.approx(-LOG4, abs=1e-12)
    assert path[-1] == pytest.approx(p, abs=1e-5)
    assert path.sum(1) == pytest.approx(1)


def test_descent_from_far_away_keeps_its_digits():
    p, q = np.array([1e-300, 1 - 1e-300]), np.array([1 - 1e-16, 1e-16])
    path = function_space_descent(p, q, 0.5, 200)
    assert np.isfinite(path).all()
    assert best_value(p, path[-1]) == pytest.approx(-LOG4, abs=1e-12)


def test_what_is_zero_stays_zero():
    p, q = np.array([0.25, 0.25, 0.5]), np.array([0.5, 0.5, 0.0])
    for rate in (0.5, 1.0):
        path = function_space_descent(p, q, rate, 50)
        assert (path[:, 2] == 0).all()
        # C is as low as it can be without the third value.
        rest = minimize_scalar(lambda t: float(best_value(p, [t, 1 - t, 0])), bounds=(0, 1),
                               method="bounded")  # fmt: skip
        assert float(best_value(p, path[-1])) == pytest.approx(rest.fun, abs=1e-9)
        assert finite_game.slope(p, path[-1])[2] == -math.inf


BAD = [
    (lambda: value([0.5, 1.5], [0.5, 0.5], [0.5, 0.5]), "d"),
    (lambda: value([0.5, math.nan], [0.5, 0.5], [0.5, 0.5]), "d"),
    (lambda: value([0.5, 0.5], [0.5, 0.6], [0.5, 0.5]), "p_data"),
    (lambda: best_value([0.5, 0.5], [1.5, -0.5]), "p_g"),
    (lambda: best_value([0.5, math.nan], [0.5, 0.5]), "p_data"),
    (lambda: best_value(1.0, [1.0]), "p_data"),
    (lambda: function_space_descent([0.5, 0.5], [0.5, 0.5], rate=0), "rate"),
    (lambda: function_space_descent([0.5, 0.5], [0.5, 0.5], rate=1.1), "rate"),
    (lambda: function_space_descent([0.5, 0.5], [0.5, 0.5], steps=-1), "steps"),
    (lambda: function_space_descent([0.5, 0.5], [1.0]), "p_g"),
    (lambda: both_orders([1.0, 2.0]), "table"),
    (lambda: both_orders(np.zeros((0, 2))), "table"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
