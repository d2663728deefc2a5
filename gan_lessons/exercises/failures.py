"""Exercises of the chapter on why training fails."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gan_lessons import divergences
from gan_lessons.densities import uniform
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip
from gan_lessons.failures import rate
from gan_lessons.finite_game import best_value

KINKS = [  # weights and biases of ReLU units, and an interval
    ([2.0, -1.0, 0.5, 4.0, -9.0], [-1.0, 3.0, 1.0, -14.0, 2.0], 2.5, 5.5),
    ([1.0, -0.2, 0.1], [0.5, 0.9, -0.4], 2.5, 5.5),
    ([0.3, 0.3], [0.3, -0.3], -2.0, 2.0),
]
SHARES = [  # of p_g on each mode
    ([0.5, 0.5],),
    ([0.74, 0.26],),
    ([0.24, 0.76],),
    ([0.2, 0.1, 0.3, 0.15],),
    ([0.13, 0.11, 0.4, 0.36],),
    ([0.0, 1.0],),
]


def _loss_with_a_mode_lost() -> float:
    """D's loss at its best against a p_g that sits on one of two equal, separate modes."""
    return -float(best_value(np.array([0.5, 0.5]), np.array([1.0, 0.0])))


def _kinks(w: Sequence[float], b: Sequence[float], low: float, high: float) -> int:
    at = -np.asarray(b) / np.asarray(w)
    return int(((at > low) & (at < high)).sum())


def _wrong_sign(w: Sequence[float], b: Sequence[float], low: float, high: float) -> int:
    return _kinks(w, [-one for one in b], low, high)


def _upside_down(w: Sequence[float], b: Sequence[float], low: float, high: float) -> int:
    return _kinks(b, w, low, high)


def _lost(shares: Sequence[float], least: float = 0.5) -> int:
    return int((np.asarray(shares) < least / len(shares)).sum())


QUESTIONS: dict[str, Question] = {
    "lost-mode-loss": Number(
        answer=_loss_with_a_mode_lost,
        hint="D* is 1/3 on the mode that G has and 1 on the other. Put that into -V.",
        slips=[
            Slip(lambda: math.log(4), "That is the loss where p_g = p_data. Here D can tell more."),
            Slip(lambda: -_loss_with_a_mode_lost(), "That is V. The loss of D is minus V."),
            Slip(
                lambda: (math.log(4) - _loss_with_a_mode_lost()) / 2,
                "That is JS. The loss of D at its best is log 4 - 2 JS.",
            ),
            Slip(
                lambda: math.log(3) + math.log(1.5),
                "Only half of the data lie where D* = 1/3; on the other half log D* = 0.",
            ),
        ],
    ),
    "modes-kl": Number(
        answer=lambda: math.log(10 / 7),
        hint="KL(p_g || p_data) = sum over 7 modes of 1/7 log((1/7) / (1/10)).",
        slips=[
            Slip(lambda: math.log(7 / 10), "The sign: a KL divergence is never negative."),
            Slip(lambda: math.log2(10 / 7), "That is in bits. The book uses nats."),
            Slip(lambda: math.inf, "That is KL(p_data || p_g): the order matters here."),
            Slip(lambda: 0.3, "That is the total variation, 3 modes of 10."),
        ],
    ),
    "never-failed": Number(
        answer=lambda: 1 - rate([True] * 40).low,
        hint="z^2 / (n + z^2) with z = 1.96 and n = 40, or `failures.rate` and its lower end.",
        slips=[
            Slip(lambda: 0.0, "Forty seeds cannot show that the probability is 0."),
            Slip(lambda: rate([True] * 40).low, "That is the success rate's lower end."),
            Slip(lambda: 3 / 40, "The rule of three is another bound, one-sided and rougher."),
        ],
        rtol=5e-3,
    ),
    "apart-js": Number(
        answer=lambda: divergences.js(uniform(0.0, 1.0), uniform(5.0, 6.0)),
        hint="The supports are disjoint: which of the two laws a sample came from is certain.",
        slips=[
            Slip(lambda: divergences.wasserstein1(uniform(0.0, 1.0), uniform(5.0, 6.0)),
                 "That is W1, which knows how far. JS does not."),
            Slip(lambda: 2 * math.log(2), "That is 2 JS: halve it."),
            Slip(lambda: 1.0, "That is in bits. The book uses nats."),
            Slip(lambda: math.inf, "KL is infinite here. JS has a ceiling."),
        ],
    ),
    "which-check": Choice(
        options={
            "a": "both losses have settled at log 4 and log 2",
            "b": "D answers 1/2 to every sample",
            "c": "the mean and the spread of the samples are those of the data",
            "d": "every mode of held-out data has its share of the samples, over many seeds",
        },
        answer="d",
        hints={
            "a": "A D that is a straight line gives these losses, with p_g in the gap between.",
            "b": "A D that cannot see a difference answers 1/2 as well.",
            "c": "Different laws share them: two points at +-0.816, and equal modes at -1, 0, 1.",
        },
    ),
    "write-kinks": Function(
        reference=_kinks,
        inputs=KINKS,
        hint="A unit relu(w x + b) bends where w x + b = 0. Count those between low and high.",
        slips=[
            Slip(_wrong_sign, "w x + b = 0 at x = -b / w: mind the sign."),
            Slip(_upside_down, "w x + b = 0 at x = -b / w, not at -w / b."),
            Slip(lambda w, b, low, high: len(w), "That counts all units, wherever they bend."),
        ],
    ),
    "write-lost": Function(
        reference=_lost,
        inputs=SHARES,
        hint="With K modes each has the share 1/K. Count those with less than half of that.",
        slips=[
            Slip(lambda shares: _lost(shares, 1.0), "Less than HALF of its share counts as lost."),
            Slip(lambda shares: len(shares) - _lost(shares), "Those are the modes that are kept."),
            Slip(
                lambda shares: int((np.asarray(shares) == 0).sum()),
                "A share hardly ever is exactly 0. The rule says: less than half of 1/K.",
            ),
            Slip(
                lambda shares: int((np.asarray(shares) < 0.25).sum()),
                "Half of the share is 0.25 for two modes only.",
            ),
        ],
    ),
}  # fmt: skip
