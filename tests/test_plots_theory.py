"""What the plots of the theory chapters draw, where it can be read off, and what they refuse."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gan_lessons import curves, finite_game, plots_theory, toy


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def lines(ax, dots=False):
    marked = [line for line in ax.lines if (line.get_marker() not in ("None", None, "")) == dots]
    return [line.get_xydata() for line in marked]


def test_the_dots_are_the_highest_points():
    (ax,) = plots_theory.pointwise([(1, 1), (3, 1), (0.3, 1)]).axes
    for curve, dot in zip(lines(ax), lines(ax, dots=True), strict=True):
        x, y = dot[0]
        assert y >= curve[:, 1].max()
        assert x == pytest.approx(curve[curve[:, 1].argmax(), 0], abs=3e-3)


def test_a_best_reply_touches_the_curve_and_no_line_crosses_it():
    def reply(q):
        return 0.5 / (1.5 - q), 0.5 / (0.5 + q)

    (ax,) = plots_theory.moves(0.5, [reply(0.5), reply(0.2), (0.6, 0.6)], [0.0, 1.0]).axes
    half, touching, below, best = lines(ax)[:4]
    for line in (half, touching, below):
        assert (line[:, 1] <= best[:, 1] + 1e-12).all()
        assert np.abs(np.diff(line[:, 1], 2)).max() < 1e-12  # straight
    gap = best[:, 1] - touching[:, 1]
    assert gap.min() == pytest.approx(0, abs=1e-12)
    assert best[gap.argmin(), 0] == pytest.approx(0.2)
    assert (best[:, 1] - below[:, 1]).min() > 0.01
    assert best[:, 1].min() == pytest.approx(-math.log(4))


def test_the_area_is_the_regret():
    p, q = np.array([0.1, 0.4, 0.3, 0.2]), np.array([0.4, 0.3, 0.2, 0.1])
    d = np.array([0.3, 0.5, 0.6, 0.9])
    _, bottom = plots_theory.regret(range(4), d, p / (p + q), p, q).axes
    drawn = lines(bottom)[0][:, 1].sum()
    assert drawn == pytest.approx(finite_game.best_value(p, q) - finite_game.value(d, p, q))


def test_moments_close_together_are_named_side_by_side():
    flat = np.full(5, -1.3)
    (ax,) = plots_theory.along(flat, flat, {"b": 1, "c": 2}, [0, 50, 51, 80, 100], "updates").axes
    sides = {text.get_text(): text.get_ha() for text in ax.texts if text.get_text() in "bc"}
    assert sides == {"b": "right", "c": "left"}


def test_the_rest_is_drawn():
    run = toy.train(toy.ToySettings(batch=8), [0], 2, 1, progress=False)
    seen = curves.compute(run, x_points=33, arrows=5)
    assert len(plots_theory.four_panels(seen, [0, 2], ["start", "end"]).axes) == 6
    path = finite_game.function_space_descent([0.5, 0.5], [0.9, 0.1], steps=3)
    left, right = plots_theory.descent([0, 1], [0.5, 0.5], path, [0, 3]).axes
    assert len(lines(left)) == 3
    assert (np.diff(lines(right)[0][:, 1]) < 0).all()
    assert len(plots_theory.minibatches({2: [0.0, 1.0], 4: [0.5, 0.6]}, 0.5, 1.0).axes) == 2
    plots_theory.against_n({"a": {10: [0.1, 0.2], 20: [0.1, 0.1]}}, {"limit": 0.5}, "y")


BAD = [
    (lambda: plots_theory.pointwise([]), "pairs"),
    (lambda: plots_theory.pointwise([(1, -1)]), "pairs"),
    (lambda: plots_theory.pointwise([(0, 0)]), "pairs"),
    (lambda: plots_theory.minibatches({}, 0.0, 1.0), "values"),
    (lambda: plots_theory.descent([0, 1], [1, 0], [[1, 0]], [1]), "steps"),
    (lambda: plots_theory.descent([0, 1], [1, 0], [[1, 0]], []), "steps"),
    (lambda: plots_theory.against_n({}, {}, "y"), "groups"),
    (lambda: plots_theory.four_panels(None, [0], []), "titles"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
