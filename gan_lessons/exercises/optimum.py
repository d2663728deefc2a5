"""Exercises of the chapter on the optimum."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import rel_entr

from gan_lessons import finite_game, theory
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip

Array = NDArray[np.float64]

_REAL, _FAKE = np.array([0.2, 0.8]), np.array([0.5, 0.5])


def _d_star(real: float, fake: float) -> float:
    """D*(0.3) for data from N(real, 1) and fakes from N(fake, 1)."""
    at = torch.tensor([0.3], dtype=torch.float64)
    p, q = (torch.exp(-((at - mean) ** 2) / 2) for mean in (real, fake))
    return float(theory.optimal_discriminator(p, q))


def _coins(a: Array, b: Array) -> Array:
    """KL between coins with probabilities a and b."""
    return np.asarray(rel_entr(a, b) + rel_entr(1 - a, 1 - b))


def _gap(d: Array, p: Array, q: Array) -> float:
    """V(D*) - V(D) as a difference, which is what the integral must equal."""
    return float(finite_game.best_value(p, q) - finite_game.value(d, p, q))


def _step(p: Array, q: Array, rate: float) -> Array:
    return np.asarray(finite_game.function_space_descent(p, q, rate, steps=1)[1])


def _moved(p: Array, q: Array, factor: Array) -> Array:
    return np.asarray(q * factor / (q * factor).sum())


_LAWS = [
    (np.array([0.1, 0.2, 0.7]), np.array([0.3, 0.3, 0.4])),
    (np.array([0.25, 0.75]), np.array([0.9, 0.1])),
]

QUESTIONS: dict[str, Question] = {
    "dstar-point": Number(
        answer=lambda: _d_star(0.0, 2.0),
        hint="Divide both densities by p_data: D* = 1 / (1 + p_g / p_data).",
        slips=[
            Slip(lambda: _d_star(2.0, 0.0), "That is the probability of a fake, 1 - D*."),
            Slip(lambda: math.exp(2 - 2 * 0.3), "That is p_data / p_g, the odds."),
        ],
    ),
    "two-coins": Number(
        answer=lambda: float(finite_game.best_value(_REAL, _FAKE)),
        hint="Put D*(1) = 0.8 / 1.3 and D*(0) = 0.2 / 0.7 into V.",
        slips=[
            Slip(lambda: (float(finite_game.best_value(_REAL, _FAKE)) + math.log(4)) / 2,
                 "That is JS. max V = 2 JS - log 4."),
            Slip(lambda: (float(finite_game.best_value(_REAL, _FAKE)) - math.log(4)) / 2,
                 "That is JS - log 4: JS counts twice."),
            Slip(lambda: float(finite_game.best_value(_REAL, _FAKE)) / math.log(2),
                 "That is in bits. V is in nats."),
        ],
    ),
    "sure-for-nothing": Number(
        answer=lambda: _gap(np.array([0.8, 0.8]), _FAKE, _FAKE),
        hint="The two densities together integrate to 2, and D* is one half.",
        slips=[
            Slip(lambda: _gap(np.array([0.8, 0.8]), _FAKE, _FAKE) / 2,
                 "p_data + p_g integrates to 2, not to 1."),
            Slip(lambda: 2 * float(_coins(np.array(0.8), np.array(0.5))),
                 "You swapped the roles: the mean is taken under D*."),
        ],
    ),
    "which-assumption": Choice(
        options={"a": "only the capacity", "b": "only the optimal D",
                 "c": "only the update of p_g itself", "d": "all three"},
        answer="d",
        hints={"a": "It fails, and not alone: is D optimal after one update?",
               "b": "It fails, and not alone: what is it that the optimiser moves?",
               "c": "It fails, and not alone: can a network make every density?"},
    ),
    "write-gap": Function(
        reference=_gap,
        inputs=[(np.linspace(0.3, 0.9, len(p)), p, q) for p, q in _LAWS],
        hint="Sum (p + q) times the KL between the coins D* and d.",
        slips=[
            Slip(lambda d, p, q: ((p + q) * _coins(d, p / (p + q))).sum(),
                 "You swapped the roles: KL(Bern(D*) || Bern(D))."),
            Slip(lambda d, p, q: ((p + q) / 2 * _coins(p / (p + q), d)).sum(),
                 "The weight is p + q, not their mean."),
            Slip(lambda d, p, q: ((p + q) * rel_entr(p / (p + q), d)).sum(),
                 "A coin has two sides: add (1 - D*) log((1 - D*) / (1 - D))."),
        ],
    ),
    "write-descent": Function(
        reference=_step,
        inputs=[(p, q, rate) for p, q in _LAWS for rate in (0.3, 1.0)],
        hint="Multiply q by (q / (p + q)) to the power -rate, then divide by the sum.",
        slips=[
            Slip(lambda p, q, rate: q * (q / (p + q)) ** -rate,
                 "Your result does not add up to 1: normalise."),
            Slip(lambda p, q, rate: _moved(p, q, (q / (p + q)) ** rate),
                 "You went up: the power is -rate."),
            Slip(lambda p, q, rate: _moved(p, q, (p / (p + q)) ** -rate),
                 "The slope is log(1 - D*), with q above the line, not log D*."),
        ],
    ),
}  # fmt: skip
