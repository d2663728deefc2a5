"""Exercises of the chapter on conditional GANs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gan_lessons import conditional
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip

Array = NDArray[np.float64]

FOUR = np.array([[0.5, 0.3, 0.15, 0.05], [0.05, 0.15, 0.3, 0.5]])  # p(x | A), p(x | B)
W, E3, F = np.array([1.0, -1.0]), np.array([0.5, 2.0]), np.array([2.0, 1.0])


def _tables(seed: int, classes: int, places: int) -> Array:
    p = np.random.default_rng(seed).dirichlet(np.ones(classes * places))
    return np.asarray(p.reshape(classes, places))


def _fit(p: Array, q: Array) -> Array:
    """Log p(y | x) / q(y | x)."""
    return np.asarray(np.log(p / p.sum(0)) - np.log(q / q.sum(0)))


def _entropy(p: Array) -> float:
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


def _purity(clusters: Array, labels: Array) -> float:
    kept = [np.bincount(labels[clusters == c]).max() for c in np.unique(clusters)]
    return float(sum(kept) / len(labels))


def _mean_purity(clusters: Array, labels: Array) -> float:
    shares = [
        np.bincount(labels[clusters == c]).max() / (clusters == c).sum()
        for c in np.unique(clusters)
    ]
    return float(np.mean(shares))


PAIRS = [(_tables(s, 2 + s, 4), _tables(s + 10, 2 + s, 4)) for s in range(3)]
JOINTS = [
    (_tables(1, 3, 4),),
    (np.array([[0.5, 0.0], [0.2, 0.3]]),),
    (np.array([[0.3, 0.2], [0.3, 0.2]]),),
]
CLUSTERS = [
    (np.array([0, 0, 0, 1, 1, 2]), np.array([7, 7, 1, 1, 9, 4])),
    (np.array([2, 2, 2, 2, 0, 0, 1]), np.array([3, 3, 5, 8, 8, 8, 8])),
]

QUESTIONS: dict[str, Question] = {
    "conditional-d-star": Number(
        answer=lambda: 0.6 / (0.6 + 0.2),
        hint="Only the two densities of label 7 count.",
        slips=[
            Slip(
                lambda: (0.6 + 0.1) / (0.6 + 0.1 + 0.2 + 0.3),
                "That is the best D without a label: it compares the sums over both labels.",
            ),
            Slip(lambda: 0.2 / (0.6 + 0.2), "The data belong in the numerator."),
            Slip(lambda: 0.6 / 0.2, "That is the odds. D is odds / (1 + odds)."),
            Slip(lambda: 0.6 / (0.6 + 0.1), "That is the probability of the label among the data."),
        ],
    ),
    "projection-logit": Number(
        answer=lambda: float(W @ F + E3 @ F),
        hint="Two scalar products with the same f, added.",
        slips=[
            Slip(lambda: float(W @ F), "That is the part without the label: e_3 . f is missing."),
            Slip(lambda: float(E3 @ F), "That is the part of the label: w . f is missing."),
            Slip(
                lambda: 1 / (1 + math.exp(-float(W @ F + E3 @ F))),
                "That is D. The question is for its logit.",
            ),
        ],
    ),
    "auxiliary-first": Number(
        answer=lambda: float(2 * conditional.auxiliary_optimum(FOUR / 2)[0, 0]),
        hint="Class A keeps the places where it is the likelier one, in the old proportions.",
        slips=[
            Slip(lambda: 0.5, "So it is in the data. The auxiliary classifier changes it."),
            Slip(lambda: 0.5 / 0.55, "That is how sure the label is there, p(A | x)."),
            Slip(lambda: 1.0, "Two places are left to A, not one: proportions stay."),
            Slip(lambda: 0.5 + 0.3, "That is the share that A keeps. Now make the rest sum to 1."),
        ],
    ),
    "label-gap": Number(
        answer=lambda: conditional.gap_mass(width=3.0, slope=1.5),
        hint="2 Phi(width / (2 L)) - 1 is the probability of |N(0, 1)| < width / (2 L).",
        slips=[
            Slip(lambda: float(2 * ndtr(2.0) - 1), "width / (2 L) is 1, not 2."),
            Slip(lambda: float(ndtr(1.0)), "That is Phi(1): the gap has two sides, 2 Phi(1) - 1."),
            Slip(lambda: float(1 - (2 * ndtr(1.0) - 1)), "That is what may lie outside the gap."),
        ],
        rtol=5e-3,
    ),
    "rare-class": Number(
        answer=lambda: 1 / (1 + math.exp(0.9 - 0.2)),
        hint="w is in proportion to pi exp(-KL); the equal pi cancel.",
        slips=[
            Slip(
                lambda: 1 / (1 + math.exp(0.2 - 0.9)),
                "That is the share of the class that is drawn well.",
            ),
            Slip(lambda: 0.5, "So it is in the data. There the mean logits are 0.7 apart."),
            Slip(lambda: math.exp(-0.7), "That is the ratio of the two shares; they sum to 1."),
            Slip(lambda: 0.2 / (0.2 + 0.9), "The KL stands in an exponent: shares go as exp(-KL)."),
        ],
        rtol=5e-3,
    ),
    "missing-digit": Choice(
        options={"a": "1/2", "b": "9/10", "c": "1", "d": "0"},
        answer="c",
        hints={
            "a": "It would be if G's 9s were perfect. G is never asked for one.",
            "b": "How frequent the other digits are does not matter: D sees the label 9.",
            "d": "0 is for what only G makes. Here it is the other way round.",
        },
    ),
    "ignored-label": Choice(
        options={
            "a": "V is above -log 4, unless each digit is made under its own label",
            "b": "V is -log 4 whichever label each digit is made under",
            "c": "V is below -log 4, as D has less to go by",
            "d": "V is -log 4, and so each digit is made under its own label",
        },
        answer="b",
        hints={
            "a": "This D compares p_data(x) with p_g(x), and they are equal.",
            "c": "-log 4 is the least that the best D leaves.",
            "d": "V is -log 4, but it follows from p_g(x) = p_data(x) alone, without labels.",
        },
    ),
    "write-label-part": Function(
        reference=_fit,
        inputs=PAIRS,
        hint="p(y | x) is p(x, y) divided by its sum over y; then the log of the ratio.",
        slips=[
            Slip(
                lambda p, q: np.log(p / p.sum(1, keepdims=True) / q * q.sum(1, keepdims=True)),
                "You divided by the sum over x: that is p(x | y).",
            ),
            Slip(lambda p, q: _fit(q, p), "The data belong in the numerator."),
            Slip(
                lambda p, q: np.log(p / q),
                "That is the whole logit; log p(x) / q(x) is the other part.",
            ),
        ],
    ),
    "write-label-entropy": Function(
        reference=conditional.label_entropy,
        inputs=JOINTS,
        hint="H(Y | X) = H(X, Y) - H(X), with 0 log 0 = 0.",
        slips=[
            Slip(lambda p: _entropy(p), "That is H(X, Y): subtract H(X)."),
            Slip(lambda p: _entropy(p.sum(1)), "That is H(Y), of one who does not see x."),
            Slip(
                lambda p: _entropy(p) - _entropy(p.sum(1)),
                "You subtracted H(Y): that leaves H(X | Y).",
            ),
            Slip(
                lambda p: (_entropy(p) - _entropy(p.sum(0))) / math.log(2),
                "That is in bits; the book counts in nats.",
            ),
        ],
    ),
    "write-purity": Function(
        reference=_purity,
        inputs=CLUSTERS,
        hint="For each cluster count its most frequent label; add up; divide by all pictures.",
        slips=[
            Slip(_mean_purity, "You averaged over clusters: a cluster of one counts as the rest."),
            Slip(
                lambda clusters, labels: float((clusters == labels).mean()),
                "The numbers of clusters are no digits: look for the most frequent label of each.",
            ),
        ],
    ),
}
