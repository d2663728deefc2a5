"""Exercises of the chapter on the minimax objective."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.stats import binom
from torch import Tensor

from gan_lessons import finite_game, losses, theory
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _d_star(prior: float) -> float:
    at = torch.tensor([0.3], dtype=torch.float64)
    p, q = (torch.exp(-((at - mean) ** 2) / 2) for mean in (0.0, 2.0))
    return float(theory.optimal_discriminator(p, q, prior))


def _min_max() -> list[float]:
    return [float(finite_game.best_value([0.8, 0.2], p_g)) for p_g in ([1, 0], [0, 1])]


def _pooled(real: Tensor, fake: Tensor) -> Tensor:
    both = torch.cat([-torch.nn.functional.softplus(-real), -torch.nn.functional.softplus(fake)])
    return 2 * both.mean()


def _naive(real: Tensor, fake: Tensor) -> Tensor:
    return torch.sigmoid(real).log().mean() + (1 - torch.sigmoid(fake)).log().mean()


_BATCHES = [
    (torch.tensor([1.0, -1.0, 0.5]), torch.tensor([0.0])),
    (torch.tensor([2.0]), torch.tensor([-3.0, 1.0])),
    (torch.tensor([1000.0, -1000.0]), torch.tensor([-1000.0, 1000.0])),
]

QUESTIONS: dict[str, Question] = {
    "value-by-hand": Number(
        answer=lambda: float(
            losses.value(torch.tensor([_logit(0.8), _logit(0.5)]), torch.tensor([_logit(0.2)]))
        ),
        hint="Half of log 0.8, half of log 0.5, and the whole of the term of the fakes.",
        slips=[
            Slip(lambda: math.log(0.65) + math.log(0.8),
                 "You took the logarithm of the mean. V is a mean of logarithms."),
            Slip(lambda: (math.log(0.8) + math.log(0.5)) / 2 + math.log(0.2),
                 "On fakes it is log(1 - D), not log D."),
            Slip(lambda: -(math.log(0.8) + math.log(0.5)) / 2 - math.log(0.8),
                 "That is -V, the loss of D."),
        ],
    ),
    "unequal-shares": Number(
        answer=lambda: _d_star(0.25),
        hint="Add log(prior / (1 - prior)) to the log density ratio, then take the sigmoid.",
        slips=[
            Slip(lambda: _d_star(0.5), "That is with equal shares. Only one in four is real."),
            Slip(lambda: _d_star(0.75), "You took a quarter as the share of the fakes."),
            Slip(lambda: 1 - _d_star(0.25), "That is the probability of a fake."),
        ],
    ),
    "frozen-d": Choice(
        options={"a": "0", "b": "minus infinity, attained", "c": "minus infinity, not attained",
                 "d": "-log 4"},
        answer="c",
        hints={"a": "0 is an upper bound of the second term. Put all fakes at a large c.",
               "b": "Each generator gets a finite number: -softplus(c) if all fakes are at c.",
               "d": "That is the value of the game, where D answers. Here D is frozen."},
    ),
    "two-orders": Number(
        answer=lambda: min(_min_max()),
        hint="For each of the two generators take the best D, then take the smaller value.",
        slips=[
            Slip(lambda: max(_min_max()), "G minimises: it takes the smaller of the two values."),
            Slip(lambda: -math.log(4), "That needs p_g = p_data, which this G cannot make."),
        ],
    ),
    "write-v": Function(
        reference=losses.value,
        inputs=_BATCHES,
        hint="Two separate means: of -softplus(-real), and of -softplus(fake).",
        slips=[
            Slip(_pooled, "You pooled the batches. Real and fake have a mean each."),
            Slip(_naive, "Your sigmoid rounds to 0 or 1, and log 0 is infinite: use softplus."),
            Slip(lambda real, fake: losses.value(fake, real), "You swapped real and fake."),
            Slip(lambda real, fake: -losses.value(real, fake), "That is -V, the loss of D."),
        ],
    ),
    "write-orders": Function(
        reference=finite_game.both_orders,
        inputs=[(np.array([[-1.0, -0.2, -3.0], [-2.0, -0.5, -0.7]]),),
                (np.array([[-1.4, -1.2], [-1.0, -1.6], [-1.3, -1.5]]),)],
        hint="Who answers knows the other's move: the inner operation is the answer.",
        slips=[
            Slip(lambda v: (v.max(1).min(), v.min(0).max()),
                 "You swapped rows and columns: each row is a move of D."),
            Slip(lambda v: (v.min(1).max(), v.max(0).min()),
                 "The right two numbers, in the wrong order: min max comes first."),
            Slip(lambda v: (v.max(0).min(), v.max(0).min()),
                 "The two orders differ: in the second, G answers each D with a minimum."),
        ],
    ),
    "write-p-value": Function(
        reference=lambda k, n: binom.sf(k - 1, n, 0.5),
        inputs=[(60, 100), (5, 5), (250, 500)],
        hint="Add up the binomial probabilities of k, k + 1, ..., n.",
        slips=[
            Slip(lambda k, n: binom.sf(k, n, 0.5), "At LEAST k: your sum begins at k + 1."),
            Slip(lambda k, n: binom.cdf(k, n, 0.5), "That is the probability of at most k."),
            Slip(lambda k, n: binom.pmf(k, n, 0.5), "That is the probability of exactly k."),
        ],
    ),
}  # fmt: skip
