"""Exercises of the chapter on generative and discriminative models."""

from __future__ import annotations

import itertools

import numpy as np

from gan_lessons.classifiers import (
    Array,
    SharedVarianceNB,
    asymptotic_errors,
    bernoulli_log_odds,
    gaussian_log_odds,
    linear_error,
    posterior_from_joint,
)
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip

JOINT = np.array([[0.05, 0.15], [0.30, 0.50]])  # rows y, columns x
DELTA, COV = np.array([2.0, 0.0]), np.array([[1.0, 0.6], [0.6, 1.0]])


def xor_error() -> float:
    """Error of naive Bayes, fitted to all four points of XOR, when it breaks its ties at random."""
    x = np.array([*itertools.product((0, 1), repeat=2)])
    y = x[:, 0] ^ x[:, 1]
    w, b = bernoulli_log_odds(x[y == 0].mean(0), x[y == 1].mean(0))
    p1 = 1 / (1 + np.exp(-(x @ w + b)))
    return float(np.where(y == 1, 1 - p1, p1).mean())


def log_odds_at(x: float, mean1: float = 3.0) -> float:
    """Log-odds of N(mean1, 1) against N(0, 1), equally likely, at x."""
    w, b = gaussian_log_odds([0.0], [mean1], [[1.0]])
    return float(w[0] * x + b)


def naive_weights(x: Array, y: Array) -> Array:
    """Slope and intercept of Gaussian naive Bayes with shared variances: (w_1 ... w_d, b)."""
    model = SharedVarianceNB(var_smoothing=0).fit(x, y)
    return np.concatenate([model.coef_[0], model.intercept_])


def _weights(x: Array, y: Array, cov: Array, prior: float | None = None) -> Array:
    m0, m1 = x[y == 0].mean(0), x[y == 1].mean(0)
    w, b = gaussian_log_odds(m0, m1, cov, float(y.mean()) if prior is None else prior)
    return np.array([*w, b])


def _within(x: Array, y: Array) -> Array:
    """Covariance of x around the means of the classes, by maximum likelihood."""
    centred = x - np.where(y[:, None] == 1, x[y == 1].mean(0), x[y == 0].mean(0))
    return np.asarray(centred.T @ centred / len(x), np.float64)


def _data(seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    y = (np.arange(40) % 4 == 0).astype(np.float64)
    x = rng.standard_normal((40, 3)) @ np.array([[1.0, 0.5, 0], [0, 2, 0], [0, 0.3, 0.5]])
    return x + np.outer(y, [1.0, -1.0, 0.5]), y


QUESTIONS: dict[str, Question] = {
    "posterior-by-hand": Number(
        answer=lambda: posterior_from_joint(JOINT)[1, 0],
        hint="Divide p(x = 0, y = 1) by p(x = 0), the sum of the column.",
        slips=[
            Slip(lambda: JOINT[1, 0], "That is p(x = 0, y = 1). Divide it by p(x = 0)."),
            Slip(
                lambda: JOINT[1, 0] / JOINT[1].sum(),
                "That is p(x = 0 | y = 1): you divided by the sum of the row.",
            ),
            Slip(lambda: posterior_from_joint(JOINT)[0, 0], "That is p(y = 0 | x = 0)."),
        ],
    ),
    "log-odds-by-hand": Number(
        answer=lambda: log_odds_at(2.0),
        hint="Take the difference of the exponents: -(x - 3)^2 / 2 + x^2 / 2.",
        slips=[
            Slip(lambda: -log_odds_at(2.0), "The sign: the class with mean 3 goes on top."),
            Slip(lambda: 2 * log_odds_at(2.0), "The exponent of a normal density has a half."),
            Slip(
                lambda: 1 / (1 + np.exp(-log_odds_at(2.0))),
                "That is the probability p(y = 1 | x). The log-odds are its logit.",
            ),
        ],
    ),
    "naive-error": Number(
        answer=lambda: asymptotic_errors(DELTA, COV).naive_bayes,
        hint="Its weights are (2, 0). Put them into the formula for the error, with the true S.",
        slips=[
            Slip(
                lambda: asymptotic_errors(DELTA, COV).logistic,
                "That is the error of the best classifier. Naive Bayes takes S for diagonal.",
            ),
            Slip(
                lambda: linear_error([1.0, 0.0], 0.0, 2 * DELTA, COV),
                "Each class mean is half of delta away from the boundary.",
            ),
        ],
    ),
    "logistic-error": Number(
        answer=lambda: asymptotic_errors(DELTA, COV).logistic,
        hint="With w = S^-1 delta the error is Phi(-sqrt(delta' S^-1 delta) / 2).",
        slips=[
            Slip(
                lambda: asymptotic_errors(DELTA, COV).naive_bayes,
                "That is naive Bayes. The second feature says nothing about the class by itself, "
                "but much about the noise of the first.",
            ),
            Slip(
                lambda: linear_error(COV @ DELTA, 0.0, DELTA, COV),
                "You multiplied by S where its inverse is needed.",
            ),
        ],
    ),
    "naive-xor": Number(
        answer=xor_error,
        hint="What does naive Bayes know of each feature, given the class?",
        slips=[
            Slip(lambda: 0.0, "That is the error of the true p(y | x). Naive Bayes never sees it."),
            Slip(lambda: 0.25, "No line does better than 0.25, but naive Bayes does not find one."),
        ],
    ),
    "which-is-a-likelihood": Choice(
        options={
            "a": "p(y = 1 | x) for one trained model, as a function of x",
            "b": "the probability that a model gives to the training labels, as a function of "
            "its weights",
            "c": "p(y = 1 | x) + p(y = 0 | x)",
        },
        answer="b",
        hints={
            "a": "That is a conditional probability: the weights are fixed, and x moves.",
            "c": "That is 1, whatever the weights. A likelihood is a function of the weights.",
        },
    ),
    "write-posterior": Function(
        reference=posterior_from_joint,
        inputs=[(JOINT,), (np.array([[0.1, 0.2, 0.1], [0.2, 0.1, 0.1], [0.05, 0.1, 0.05]]),)],
        hint="Each column of the answer has sum 1.",
        slips=[
            Slip(
                lambda joint: joint / joint.sum(1, keepdims=True),
                "Your rows have sum 1: that is p(x | y). Divide by the sums over y.",
            ),
            Slip(lambda joint: joint / joint.max(0), "Your columns have maximum 1, not sum 1."),
        ],
    ),
    "write-naive-weights": Function(
        reference=naive_weights,
        inputs=[_data(0), _data(1)],
        hint="w is the difference of the class means, over the variances within the classes.",
        slips=[
            Slip(
                lambda x, y: _weights(x, y, _within(x, y)),
                "You used the whole covariance. A naive model has variances only.",
            ),
            Slip(
                lambda x, y: _weights(x, y, np.diag(x.var(0))),
                "You took the variance around the mean of all examples. "
                "Take it around the mean of each example's own class.",
            ),
            Slip(
                lambda x, y: _weights(x, y, np.diag(np.diag(_within(x, y))), prior=0.5),
                "The slope is right. The intercept must know that the classes are not equally "
                "frequent.",
            ),
        ],
    ),
}
