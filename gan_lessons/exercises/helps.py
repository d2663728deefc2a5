"""Exercises of the chapter on what helps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gan_lessons.batch_layers import minibatch_features
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip
from gan_lessons.objectives import FeatureMatching
from gan_lessons.semisupervised import real_logit
from gan_lessons.techniques import SmoothedLabels, smoothed_optimum, tv_of_packs

BATCHES = [([0.0, math.log(2.0)], 1.0), ([1.0, 1.0, 1.0], 0.5), ([-1.0, 0.5, 2.0, 0.4], 2.0)]
LABELS = [(0.7, 0.2, 0.9, 0.0), (0.1, 1.3, 0.9, 0.1), (2.0, 0.5, 0.7, 0.0), (0.0, 1.0, 0.8, 0.3)]
CLASSES = [([0.0, 0.0, 0.0],), ([2.0, -1.0, 0.5, 0.3],), ([900.0, 0.0],)]
TENTH = [0.1] * 10
NINE = [1 / 9] * 9 + [0.0]


class _Plain:
    """A discriminator whose features are its input."""

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return x


def _o(x: Sequence[float], t: float, include_self: bool = True) -> NDArray[np.float64]:
    f = torch.tensor(x, dtype=torch.float64)[:, None]
    kernel = torch.full((1, 1, 1), t, dtype=torch.float64)
    return np.asarray(minibatch_features(f, kernel, include_self)[:, 0].numpy())


def _by(close: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Callable[..., object]:
    """o(x) from a function of the differences t (x_i - x_j)."""

    def o(x: Sequence[float], t: float) -> NDArray[np.float64]:
        away = t * np.subtract.outer(np.asarray(x), np.asarray(x))
        return np.asarray(close(away).sum(1))

    return o


def _matched(mean: bool = False) -> float:
    real, fake = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    return FeatureMatching(mean)(_Plain(), real, fake).item()


def _optimum(p: float, q: float, alpha: float, beta: float) -> float:
    at = torch.tensor([p, q], dtype=torch.float64)
    return smoothed_optimum(at[0], at[1], alpha, beta).item()


def _top(alpha: float) -> float:
    return math.log(_optimum(1.0, 0.0, alpha, 0.0) / (1 - _optimum(1.0, 0.0, alpha, 0.0)))


def _log_z(logits: Sequence[float]) -> float:
    return real_logit(torch.tensor(logits, dtype=torch.float64)).item()


def _chance_of_real(logits: Sequence[float]) -> float:
    return torch.sigmoid(torch.tensor(_log_z(logits))).item()


def _z(logits: Sequence[float]) -> float:
    return math.exp(min(_log_z(logits), 700.0))


QUESTIONS: dict[str, Question] = {
    "minibatch-two": Number(
        answer=lambda: _o(*BATCHES[0])[0],
        hint="c(x_1, x_2) = exp(-log 2). Add what a sample is to itself, exp(0).",
        slips=[
            Slip(lambda: _o(*BATCHES[0], include_self=False)[0],
                 "That leaves out the sample itself. The paper's sum has j = i, which is 1."),
            Slip(lambda: 1 + math.exp(math.log(2)),
                 "The minus sign is missing: far samples must count for less."),
            Slip(lambda: 1 + math.exp(-(math.log(2) ** 2)), "The distance is |.|, not its square."),
        ],
    ),
    "matching-distance": Number(
        answer=_matched,
        hint="Subtract the means, square each feature's difference, and add.",
        slips=[
            Slip(lambda: _matched(mean=True), "That is the mean over features; we take the sum."),
            Slip(lambda: math.sqrt(_matched()), "That is the norm. The loss is its square."),
            Slip(lambda: 3.0, "You added the absolute differences: that is the L1 norm."),
        ],
    ),
    "smoothed-top": Number(
        answer=lambda: _top(0.9),
        hint="D* is largest where p_g = 0, and there it is alpha. Take log(D / (1 - D)).",
        slips=[
            Slip(lambda: 0.9, "That is the largest D. The question asks for its logit."),
            Slip(lambda: -_top(0.9), "The sign is wrong: D above 1/2 has a logit above 0."),
            Slip(lambda: math.log(10.0), "log(1 / (1 - alpha)) forgets that D itself is 0.9."),
        ],
    ),
    "smoothed-rest": Number(
        answer=lambda: SmoothedLabels()(*torch.full((2, 1), math.log(0.45 / 0.55)).double()).item(),
        hint="D rests at 0.45. Real: -(0.9 log 0.45 + 0.1 log 0.55). Fake: -log 0.55.",
        slips=[
            Slip(lambda: math.log(4.0), "That is for labels 1 and 0, where D rests at 1/2."),
            Slip(lambda: -math.log(0.45) - math.log(0.55),
                 "The label of a real sample is 0.9: a tenth of its cost is -log(1 - D)."),
        ],
    ),
    "collapsed-row": Choice(
        options={
            "a": "the first, as it came first",
            "b": "none: all five rows are the same",
            "c": "the row that is closest to a real sample",
        },
        answer="b",
        hints={
            "a": "o(x_i) is a sum over the batch. Does a sum know an order?",
            "c": "No real sample takes part: real and fake samples come in separate batches.",
        },
    ),
    "three-zeros": Number(
        answer=lambda: _chance_of_real([0.0, 0.0, 0.0]),
        hint="Z = exp(0) + exp(0) + exp(0).",
        slips=[
            Slip(lambda: 0.5, "Three classes speak for real, one for fake, all with the logit 0."),
            Slip(lambda: 0.25, "That is the chance of a fake."),
            Slip(lambda: 1 / 3, "That is the chance of each class, given that it is real."),
        ],
    ),
    "pack-of-three": Number(
        answer=lambda: tv_of_packs(TENTH, NINE, 3),
        hint="No pack of G holds the lost mode. With which chance does a pack of the data?",
        slips=[
            Slip(lambda: tv_of_packs(TENTH, NINE, 1), "That is one sample at a time."),
            Slip(lambda: 3 * tv_of_packs(TENTH, NINE, 1),
                 "A pack with two samples of the lost mode counts once: 1 - 0.9^3."),
            Slip(lambda: 0.9**3, "That is the chance that a pack of the data does NOT hold it."),
            Slip(lambda: 0.1**3, "That is the chance of a pack of nothing but the lost mode."),
        ],
    ),
    "write-o": Function(
        reference=_o,
        inputs=BATCHES,
        hint="o_i is the sum over ALL j of exp(-|t (x_i - x_j)|).",
        slips=[
            Slip(lambda x, t: _o(x, t, include_self=False),
                 "You left out j = i. The paper's sum has it."),
            Slip(_by(lambda away: np.exp(-(away**2))), "Absolute value, not square."),
            Slip(lambda x, t: _o(x, t) / len(x), "That is the mean over the batch; o is the sum."),
            Slip(_by(lambda away: np.exp(-away)), "A distance is never negative: |.| is missing."),
        ],
    ),
    "write-smoothed": Function(
        reference=_optimum,
        inputs=LABELS,
        hint="Real samples ask for alpha with weight p, fakes for beta with weight q.",
        slips=[
            Slip(lambda p, q, alpha, beta: p / (p + q), "That is D* for the labels 1 and 0."),
            Slip(lambda p, q, alpha, beta: alpha * p / (p + q),
                 "beta is missing: it is not 0 in every case."),
            Slip(lambda p, q, alpha, beta: _optimum(q, p, alpha, beta), "p and q changed places."),
            Slip(lambda p, q, alpha, beta: alpha * p / (alpha * p + q),
                 "Only the numerator is weighted: each sample counts once, whatever its label."),
        ],
    ),
    "write-real-logit": Function(
        reference=_log_z,
        inputs=CLASSES,
        hint="log of the sum of exp(l_k), with the largest logit taken out first.",
        slips=[
            Slip(lambda logits: max(logits), "The largest logit is close; the others count too."),
            Slip(lambda logits: sum(logits), "Add the exp(l_k), not the l_k."),
            Slip(_chance_of_real, "That is D. Its logit is asked for."),
            Slip(_z, "That is Z. Take its logarithm."),
            Slip(lambda logits: math.log(sum(math.exp(min(u, 700.0)) for u in logits)),
                 "exp(900) overflows: take out the largest logit first."),
        ],
    ),
}  # fmt: skip
