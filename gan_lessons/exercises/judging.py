"""Exercises of the chapter on judging samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_lessons.estimators import plug_in_bias
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip
from gan_lessons.kernels import RBF, mmd2
from gan_lessons.metrics import Moments, frechet_distance, inception_score
from gan_lessons.neighbours import birthday_support, precision_recall


def _points(*shape: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=random).double() * scale + shift


def _one(mean: float, variance: float) -> Moments:
    m, v = torch.tensor([mean]), torch.tensor([[variance]])
    return Moments(m.double(), v.double(), 2)


def _coin_mmd(h: float, unbiased: bool = True) -> float:
    x = torch.tensor([[0.0], [1.0]])
    return mmd2(x, x, RBF(h), unbiased)


THREE = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]).double()


def _divergences(p: Tensor, q: Tensor) -> Tensor:
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(dim=1)


def _mmd(x: Tensor, y: Tensor, h: float) -> float:
    return mmd2(x, y, RBF(h))


def _diagonal(real: Tensor, fake: Tensor) -> float:
    columns = zip(real.T[..., None], fake.T[..., None], strict=True)
    return sum(frechet_distance(a, b) for a, b in columns)


def _diagonal_with(real: Tensor, fake: Tensor, power: float, unbiased: bool = True) -> Tensor:
    def spread(x: Tensor) -> Tensor:
        return x.var(0, correction=int(unbiased)) ** power

    return ((real.mean(0) - fake.mean(0)) ** 2 + (spread(real) - spread(fake)) ** 2).sum()


def _precision(real: Tensor, fake: Tensor, k: int) -> float:
    return precision_recall(real, fake, k).precision


def _own_neighbour(real: Tensor, fake: Tensor, k: int) -> Tensor:
    radius = torch.cdist(real, real).sort(dim=1).values[:, k - 1]
    return (torch.cdist(fake, real) <= radius).any(dim=1).double().mean()


def _all_balls(real: Tensor, fake: Tensor, k: int) -> Tensor:
    radius = torch.cdist(real, real).sort(dim=1).values[:, k]
    return (torch.cdist(fake, real) <= radius).double().mean()


CLOUDS = [(_points(30, 3, seed=0), _points(20, 3, seed=1, scale=0.6, shift=0.5)),
          (_points(12, 1, seed=2), _points(15, 1, seed=3, scale=2.0)),
          (_points(25, 4, seed=4), _points(25, 4, seed=5, shift=1.0))]  # fmt: skip

QUESTIONS: dict[str, Question] = {
    "frechet-by-hand": Number(
        answer=lambda: frechet_distance(_one(0, 1), _one(2, 9)),
        hint="In one dimension: (difference of means)^2 + (difference of standard deviations)^2.",
        slips=[
            Slip(
                lambda: frechet_distance(_one(0, 1), _one(2, 81)),
                "9 is the variance: the standard deviation is 3.",
            ),
            Slip(
                lambda: frechet_distance(_one(0, 1), _one(2, 9)) ** 0.5,
                "No root at the end: the distance is in squared units.",
            ),
            Slip(lambda: frechet_distance(_one(0, 1), _one(0, 9)), "Add the part of the means."),
        ],
    ),
    "negative-mmd": Number(
        answer=lambda: _coin_mmd(1.0),
        hint="Within each set only 0 with 1; across two equal pairs and two unequal ones.",
        slips=[
            Slip(
                lambda: _coin_mmd(1.0, unbiased=False),
                "You counted pairs of a point with itself: that is the biased estimate.",
            ),
            Slip(lambda: _coin_mmd(0.5**0.5), "The kernel has 2 in the denominator: e^(-1/2)."),
            Slip(lambda: -_coin_mmd(1.0), "Look at the sign: within less across. It is negative."),
        ],
    ),
    "inception-of-three": Number(
        answer=lambda: inception_score(THREE),
        hint="p(y) = (1/2, 1/2). Average the three divergences, then take the exponential.",
        slips=[
            Slip(
                lambda: math.log(inception_score(THREE)),
                "That is the mean divergence. Its exponential is the score.",
            ),
            Slip(
                lambda: float(_divergences(THREE, THREE.mean(0)).exp().mean()),
                "Average first, then take the exponential.",
            ),
            Slip(
                lambda: 2 ** float(_divergences(THREE, THREE.mean(0)).mean()),
                "The exponential belongs to natural logarithms: e^(2/3 log 2) is 2^(2/3).",
            ),
        ],
    ),
    "chance-of-classes": Number(
        answer=lambda: plug_in_bias(10, 2000),
        hint="(K - 1) / 2N with ten classes.",
        slips=[
            Slip(lambda: 2 * plug_in_bias(10, 2000), "Half of that: 2N is in the denominator."),
            Slip(lambda: plug_in_bias(11, 2000), "K - 1, not K: the shares add up to 1."),
            Slip(lambda: 0.0, "The expected shares give 0, but chance never hits them exactly."),
        ],
    ),
    "count-the-pictures": Number(
        answer=lambda: birthday_support(100, 0.5),
        hint="100 samples make 100 * 99 / 2 pairs, and 1/2 = exp(-pairs / N).",
        slips=[
            Slip(lambda: 100 * 99 / 2, "That is the number of pairs. Now divide it by log 2."),
            Slip(
                lambda: 2 * birthday_support(100, 0.5),
                "Each pair once: 100 * 99 / 2 pairs, divided by log 2.",
            ),
            Slip(lambda: 200.0, "It is not one in two hundred: pairs count, and there are many."),
        ],
        rtol=1.5e-2,  # s^2 in place of s (s - 1) is 1 % off, and as good an answer
    ),
    "misses-memorisation": Choice(
        options={
            "a": "the Inception score",
            "b": "the Fréchet distance",
            "c": "precision and recall",
            "d": "all of them",
        },
        answer="d",
        hints={
            "a": "It does: it never sees the data. But it is not the only one.",
            "b": "It does: the moments of training pictures are right. But it is not the only one.",
            "c": "They do: copies lie inside the balls. But they are not the only ones.",
        },
    ),
    "write-mmd": Function(
        reference=_mmd,
        inputs=[(*pair, h) for pair, h in zip(CLOUDS, (1.0, 0.7, 2.0), strict=True)],
        hint="Means over pairs i != j within each set, minus twice the mean over pairs across.",
        slips=[
            Slip(
                lambda x, y, h: mmd2(x, y, RBF(h), unbiased=False),
                "Leave out the pairs of a point with itself, and divide by n (n - 1).",
            ),
            Slip(lambda x, y, h: mmd2(x, y, RBF(h / 2**0.5)), "Divide by 2 h^2, not by h^2."),
            Slip(lambda x, y, h: -mmd2(x, y, RBF(h)), "Within less across: turn the sign round."),
        ],
    ),
    "write-frechet": Function(
        reference=_diagonal,
        inputs=CLOUDS,
        hint="For each feature (difference of means)^2 + (difference of sds)^2; then the sum.",
        slips=[
            Slip(
                lambda real, fake: _diagonal_with(real, fake, 1.0),
                "Compare standard deviations, not variances.",
            ),
            Slip(
                lambda real, fake: _diagonal_with(real, fake, 0.5, unbiased=False),
                "The unbiased variance divides by N - 1.",
            ),
            Slip(
                lambda real, fake: _diagonal(real, fake) ** 0.5,
                "No root at the end: it is a squared distance.",
            ),
        ],
    ),
    "write-precision": Function(
        reference=_precision,
        inputs=[(*pair, k) for pair, k in zip(CLOUDS, (1, 3, 2), strict=True)],
        hint="The share of fakes with a real point that is at least as near as its k-th neighbour.",
        slips=[
            Slip(
                lambda real, fake, k: precision_recall(real, fake, k).recall,
                "That is recall: the balls of precision are those of the real points.",
            ),
            Slip(_own_neighbour, "A point found itself: its k-th neighbour has the place k + 1."),
            Slip(_all_balls, "One ball is enough: use any() before the mean."),
        ],
    ),
}
