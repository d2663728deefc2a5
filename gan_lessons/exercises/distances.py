"""Exercises of the chapter on distances."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_lessons import divergences, estimators
from gan_lessons.densities import gaussian, uniform
from gan_lessons.exercises.base import Function, Number, Question, Slip
from gan_lessons.f_divergences import GENERATORS

ALWAYS, FAIR = [1.0, 0.0], [0.5, 0.5]  # two coins

VECTORS = [
    (torch.tensor(p, dtype=torch.float64), torch.tensor(q, dtype=torch.float64))
    for p, q in (
        ([0.9, 0.1], [0.5, 0.5]),
        ([1.0, 0.0], [0.0, 1.0]),
        ([0.2, 0.3, 0.5], [0.0, 0.6, 0.4]),
        ([0.25] * 4, [0.25] * 4),
    )
]
SAMPLES = [
    (torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64))
    for x, y in (([3.0, 1.0, 2.0], [10.0, 12.0, 11.0]), ([0.0, 4.0], [3.0, 0.5]))
]
CRITICS = [
    (torch.tensor(real, dtype=torch.float64), torch.tensor(fake, dtype=torch.float64))
    for real, fake in (([1.0, 2.0, 0.5], [0.0, 1.0]), ([0.0], [-1.0, 1.0]))
]


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()


def _js(p: Tensor, q: Tensor) -> float:
    return divergences.js_categorical(p, q)


def _bound(t_real: Tensor, t_fake: Tensor) -> Tensor:
    return t_real.mean() - GENERATORS["KL"].conjugate(t_fake).mean()


QUESTIONS: dict[str, Question] = {
    "kl-two-gaussians": Number(
        answer=lambda: divergences.kl(gaussian(1.0, 1.0), gaussian(0.0, 2.0)),
        hint="Use log(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2.",
        slips=[
            Slip(
                lambda: divergences.kl(gaussian(0.0, 2.0), gaussian(1.0, 1.0)),
                "That is KL(q || p): the mean is taken over the first argument.",
            ),
            Slip(
                lambda: divergences.kl(gaussian(1.0, 1.0), gaussian(0.0, 4.0)),
                "You took the variance 4 for a standard deviation: s_q is 2.",
            ),
            Slip(
                lambda: divergences.kl(gaussian(1.0, 1.0), gaussian(0.0, 2.0)) / math.log(2),
                "That is in bits; the book uses nats.",
            ),
        ],
    ),
    "js-of-two-coins": Number(
        answer=lambda: divergences.js_categorical(ALWAYS, FAIR),
        hint="The mixture is (3/4, 1/4). Take the mean of the two KLs to it.",
        slips=[
            Slip(
                lambda: 2 * divergences.js_categorical(ALWAYS, FAIR),
                "That is the sum of the two KLs; JS is their mean.",
            ),
            Slip(
                lambda: math.sqrt(divergences.js_categorical(ALWAYS, FAIR)),
                "That is the root of JS, the metric.",
            ),
            Slip(
                lambda: divergences.js_categorical(ALWAYS, FAIR, base=2),
                "That is in bits; the question is in nats.",
            ),
            Slip(
                lambda: divergences.kl_categorical(ALWAYS, FAIR),
                "That is KL of the first coin to the second; JS compares each with the mixture.",
            ),
        ],
    ),
    "missed-support": Number(
        answer=lambda: divergences.kl(uniform(0.0, 4.0), uniform(0.0, 1.0)),
        hint="Where on [0, 4] is q equal to 0, and how much probability has p there?",
        slips=[
            Slip(
                lambda: divergences.kl(uniform(0.0, 1.0), uniform(0.0, 4.0)),
                "That is KL(q || p). Here the mean is taken over p, the longer one.",
            ),
            Slip(
                lambda: -divergences.kl(uniform(0.0, 1.0), uniform(0.0, 4.0)),
                "A KL divergence is never negative. What happens on [1, 4]?",
            ),
        ],
    ),
    "guess-the-source": Number(
        answer=lambda: divergences.best_accuracy(gaussian(0.0, 1.0), gaussian(2.0, 1.0)),
        hint="Where do the two densities cross? How often is a sample on its own side of that?",
        slips=[
            Slip(
                lambda: divergences.total_variation(gaussian(0.0, 1.0), gaussian(2.0, 1.0)),
                "That is the total variation; a guesser without any knowledge is right half of "
                "the time.",
            ),
            Slip(
                lambda: divergences.best_accuracy(gaussian(0.0, 1.0), gaussian(4.0, 1.0)),
                "The densities cross in the middle, at 1, not at 2.",
            ),
        ],
    ),
    "w1-of-two-scales": Number(
        answer=lambda: divergences.wasserstein1(gaussian(0.0, 1.0), gaussian(0.0, 3.0)),
        hint="The quantiles differ by c Z with Z standard normal. What is the mean of |Z|?",
        slips=[
            Slip(
                lambda: divergences.wasserstein1(gaussian(0.0, 1.0), gaussian(0.0, 9.0)),
                "You took the variance 9 for a standard deviation.",
            ),
            Slip(
                lambda: 2.0,
                "The difference of the standard deviations is 2, but W1 takes the mean of |2 Z|.",
            ),
            Slip(lambda: 0.0, "The means are equal, the distributions are not."),
        ],
    ),
    "write-js": Function(
        reference=_js,
        inputs=VECTORS,
        hint="Mix the two vectors, then take the mean of the KLs to the mixture.",
        slips=[
            Slip(lambda p, q: math.sqrt(_js(p, q)), "That is the root of JS."),
            Slip(lambda p, q: 2 * _js(p, q), "Take the mean of the two KLs, not their sum."),
            Slip(lambda p, q: _js(p, q) / math.log(2), "That is in bits; use the natural log."),
            Slip(
                lambda p, q: (_kl(p, q) + _kl(q, p)) / 2,
                "Compare p and q with the mixture m, not with each other.",
            ),
            Slip(
                lambda p, q: ((p * p.log() - p * ((p + q) / 2).log()).sum()
                              + (q * q.log() - q * ((p + q) / 2).log()).sum()) / 2,
                "0 log 0 came out as NaN: it counts as 0.",
            ),
        ],
    ),
    "write-w1": Function(
        reference=estimators.empirical_w1,
        inputs=SAMPLES,
        hint="Sort both samples, then take the mean of the distances.",
        slips=[
            Slip(
                lambda x, y: (x - y).abs().mean(),
                "The points are not in order: sort both samples first.",
            ),
            Slip(
                lambda x, y: (x.mean() - y.mean()).abs(),
                "The difference of the means misses differences of shape.",
            ),
            Slip(
                lambda x, y: ((x.sort().values - y.sort().values) ** 2).mean(),
                "W1 counts distances, not their squares.",
            ),
            Slip(
                lambda x, y: (x.sort().values - y.sort().values).abs().sum(),
                "Each point carries 1 / n of the probability: take the mean.",
            ),
        ],
    ),
    "write-bound": Function(
        reference=_bound,
        inputs=CRITICS,
        hint="Mean of T on real samples, less the mean of exp(T - 1) on fakes.",
        slips=[
            Slip(lambda r, f: _bound(f, r), "Real and fake are swapped: T is large on p."),
            Slip(
                lambda r, f: r.mean() - f.mean(),
                "The fakes go through the conjugate f* first.",
            ),
            Slip(
                lambda r, f: r.mean() - torch.exp(f).mean(),
                "The conjugate of t log t is exp(u - 1), not exp(u).",
            ),
            Slip(
                lambda r, f: r.mean() - torch.exp(f.mean() - 1),
                "Take the mean after the conjugate, not before it.",
            ),
        ],
    ),
}  # fmt: skip
