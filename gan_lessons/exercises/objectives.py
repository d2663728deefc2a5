"""Exercises of the chapter on other objectives."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_lessons import alternatives, optima
from gan_lessons.densities import gaussian, uniform
from gan_lessons.divergences import kl, total_variation
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip
from gan_lessons.f_divergences import f_divergence
from gan_lessons.penalties import R1

NEAR, FAR = gaussian(0.0, 1.0), gaussian(3.0, 1.0)
HALF = gaussian(0.5, 1.0)
TURN = torch.tensor([[0.0, 2.0], [1.0, 0.0]], dtype=torch.float64)
MATRICES = [
    (torch.tensor(w, dtype=torch.float64),)
    for w in (
        [[0.0, 2.0], [1.0, 0.0]],
        [[3.0, 0.0, 0.0], [0.0, -1.0, 2.0]],
        [[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]],
    )
]
OUTPUTS = [
    (torch.tensor(real, dtype=torch.float64), torch.tensor(fake, dtype=torch.float64))
    for real, fake in (([2.0, 0.5], [-3.0, 0.25]), ([1.0, -1.0, 4.0], [1.5, 0.0, 2.0]))
]


def _penalty(gamma: float) -> float:
    """R1 of the line l(x) = 3 x_1 - 4 x_2."""
    line = torch.tensor([3.0, -4.0])
    at = torch.zeros(5, 2)
    # A function does where the loop gives a Module: the penalty only calls it.
    return float(R1(gamma)(lambda x: x @ line, at, at))  # type: ignore[arg-type]


def _norm(w: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.matrix_norm(w, 2)
    return norm


def _one_round(w: Tensor) -> Tensor:
    v = torch.nn.functional.normalize(w.T @ torch.ones(len(w), dtype=w.dtype), dim=0)
    norm: Tensor = (w @ v).norm()
    return norm


QUESTIONS: dict[str, Question] = {
    "hinge-at-best": Number(
        answer=lambda: optima.hinge_value(NEAR, FAR),
        hint="It is 2 (1 - TV), and twice the area under the smaller of the two densities. "
        "They cross at 1.5.",
        slips=[
            Slip(lambda: total_variation(NEAR, FAR), "That is TV; D's loss is 2 (1 - TV)."),
            Slip(lambda: 1 - total_variation(NEAR, FAR), "Two means are added up: twice that."),
            Slip(lambda: 2 * total_variation(NEAR, FAR), "That is what D gains over 0; the loss "
                 "is what is left of 2."),
        ],
    ),
    "least-squares-output": Number(
        answer=lambda: float(torch.sigmoid(torch.tensor(2.0, dtype=torch.float64).log())),
        hint="Where is a (l - 1)^2 / 2 + b l^2 / 2 smallest, with a = 2 b?",
        slips=[
            Slip(lambda: math.log(2), "That is the logit of the 2014 game; here D's output itself "
                 "is fitted to 1 and 0."),
            Slip(lambda: 2.0, "That is the ratio of the densities. The output is below 1."),
            Slip(lambda: 1 / 3, "You swapped the roles: real samples have the target 1."),
            Slip(lambda: 0.5, "That is right where the densities are equal."),
        ],
    ),
    "chi-square-of-a-shift": Number(
        answer=lambda: f_divergence(NEAR, HALF, "Pearson chi2"),
        hint="The integral of p^2 / q is that of a Gaussian times e^(mu^2); then take 1 away.",
        slips=[
            Slip(lambda: f_divergence(NEAR, HALF, "Pearson chi2") + 1, "Take 1 away: "
                 "f(t) = (t - 1)^2 integrates to E_q t^2 - 1."),
            Slip(lambda: kl(NEAR, HALF), "That is KL, not the chi-square."),
            Slip(lambda: math.expm1(0.5), "You took mu for mu^2 in the exponent."),
        ],
    ),
    "largest-stretch": Number(
        answer=lambda: float(_norm(TURN)),
        hint="How long can W v be if v has length 1? Try (1, 0) and (0, 1).",
        slips=[
            Slip(lambda: math.sqrt(5), "That is the Frobenius norm, a root of a sum of squares."),
            Slip(lambda: math.sqrt(2), "That is the size of its eigenvalues. W turns what it "
                 "stretches, so they miss the stretching."),
            Slip(lambda: 1.0, "That is the smaller singular value."),
        ],
    ),
    "penalty-of-a-line": Number(
        answer=lambda: _penalty(0.1),
        hint="The gradient is (3, -4) everywhere. Square its length, and mind gamma / 2.",
        slips=[
            Slip(lambda: 2 * _penalty(0.1), "The weight is gamma / 2."),
            Slip(lambda: 0.25, "Square the length of the gradient."),
            Slip(lambda: 0.05 * 7**2, "Lengths add up in squares: 3^2 + 4^2."),
            Slip(lambda: 0.05 * 16, "That is the penalty of WGAN-GP, which wants the length 1."),
        ],
    ),
    "undecided-pairs": Number(
        answer=lambda: optima.relativistic_value(uniform(0.0, 2.0), uniform(1.0, 3.0)),
        hint="D is sure of a pair unless both of its samples lie in [1, 2]. How likely is that, "
        "and what does such a pair cost?",
        slips=[
            Slip(lambda: math.log(2) / 2, "Both samples must lie in [1, 2], not just one."),
            Slip(lambda: math.log(2), "That is the loss if p = q, where every pair is undecided."),
            Slip(lambda: 0.25, "That is the probability. Each such pair costs log 2."),
        ],
    ),
    "why-no-batch-norm": Choice(
        options={
            "a": "With batch normalisation the slope of one output depends on the other samples.",
            "b": "Batch normalisation makes the critic too strong.",
            "c": "A penalty cannot be computed for a network with batch normalisation.",
            "d": "Batch normalisation bounds the slope at 1 by itself.",
        },
        answer="a",
        hints={
            "b": "The penalty asks for the slope at one point. Whose slope does it get?",
            "c": "It can be computed; look at what the number means.",
            "d": "It divides by the spread of the batch, which may be as small as it likes.",
        },
    ),
    "write-stretch": Function(
        reference=_norm,
        inputs=MATRICES,
        hint="Repeat v <- W^T u, u <- W v with both made unit vectors; then u^T W v.",
        slips=[
            Slip(lambda w: w.norm(), "That is the Frobenius norm."),
            Slip(_one_round, "One round from one start is not enough: repeat until it rests."),
            Slip(lambda w: _norm(w) ** 2, "That is its square, the largest eigenvalue of W^T W."),
            Slip(lambda w: w.abs().max(), "The largest entry is only a lower bound."),
        ],
    ),
    "write-relativistic": Function(
        reference=alternatives.relativistic_d_loss,
        inputs=OUTPUTS,
        hint="softplus(fake - real) for each pair, then the mean.",
        slips=[
            Slip(lambda r, f: alternatives.relativistic_g_loss(r, f), "That is the loss of G: D "
                 "wants the real sample to be the higher one."),
            Slip(lambda r, f: torch.nn.functional.softplus(f.mean() - r).mean(), "That compares "
                 "each real sample with the mean fake; pair sample k with sample k."),
            Slip(lambda r, f: torch.nn.functional.softplus(f[:, None] - r).mean(), "Those are all "
                 "pairs; the game pairs sample k with sample k."),
            Slip(lambda r, f: torch.nn.functional.softplus(f - r).sum(), "That is the sum; "
                 "take the mean."),
        ],
    ),
}  # fmt: skip
