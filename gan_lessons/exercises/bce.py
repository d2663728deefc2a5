"""Exercises of the chapter on binary cross-entropy and the losses of both players."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from gan_lessons import losses
from gan_lessons.densities import gaussian
from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip
from gan_lessons.gradients import expected_gradient

REAL, FAKE = torch.tensor([1.0, -1.0]), torch.tensor([0.0])
BOTH = torch.cat([REAL, FAKE]), torch.tensor([1.0, 1.0, 0.0])
SURE = torch.tensor([-4.0])
BATCHES = [
    (torch.tensor([0.5, -2.0, 3.0]), torch.tensor([1.0, 0.0, 0.9])),
    (torch.tensor([-1000.0, 1000.0, 20.0]), torch.tensor([1.0, 0.0, 0.0])),
    (torch.tensor([1000.0, -1000.0]), torch.tensor([1.0, 0.0])),
]


def non_saturating(mu: float) -> float:
    """Return the expected gradient for data N(0, 1), fakes N(mu, 1) and D* held fixed."""
    return expected_gradient(losses.nonsaturating_slope, gaussian(0.0, 1.0), gaussian(mu, 1.0))


def saturating(mu: float) -> float:
    """Return that of the saturating loss."""
    return expected_gradient(losses.saturating_slope, gaussian(0.0, 1.0), gaussian(mu, 1.0))


def on_probabilities(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the formula as it stands, from rounded probabilities: a known slip."""
    d = torch.sigmoid(logits)
    return -(labels * d.log() + (1 - labels) * (1 - d).log()).mean()


QUESTIONS: dict[str, Question] = {
    "far-out": Number(
        answer=lambda: losses.binary_cross_entropy(torch.tensor([-1000.0]), 1.0).item(),
        hint="Use max(l, 0) - l y + log(1 + exp(-|l|)) with l = -1000 and y = 1.",
        slips=[
            Slip(
                lambda: binary_cross_entropy(
                    torch.sigmoid(torch.tensor(-1000.0)), torch.tensor(1.0)
                ).item(),
                "That is what BCELoss says: it cuts each logarithm at -100.",
            ),
            Slip(lambda: math.inf, "No logarithm of 0 is needed: work with the logit."),
            Slip(
                lambda: losses.binary_cross_entropy(torch.tensor([1000.0]), 1.0).item(),
                "Look at the sign of the logit: D is sure that this real sample is a fake.",
            ),
        ],
    ),
    "slope-ratio": Number(
        answer=lambda: (losses.nonsaturating_slope(SURE) / losses.saturating_slope(SURE)).item(),
        hint="The slopes are -(1 - D) and -D; divide the first by the second.",
        slips=[
            Slip(
                lambda: (losses.saturating_slope(SURE) / losses.nonsaturating_slope(SURE)).item(),
                "The other way up: here the non-saturating slope is the larger one.",
            ),
            Slip(
                lambda: -(losses.nonsaturating_loss(SURE) / losses.saturating_loss(SURE)).item(),
                "That is the ratio of the losses. A gradient is made of slopes.",
            ),
        ],
    ),
    "unequal-batches": Number(
        answer=lambda: losses.discriminator_loss(REAL, FAKE).item(),
        hint="Take the mean of softplus(-l) over the two real logits, add softplus(0).",
        slips=[
            Slip(
                lambda: 2 * losses.binary_cross_entropy(*BOTH).item(),
                "You took one mean over all three samples: the reals then weigh twice as much.",
            ),
            Slip(
                lambda: losses.binary_cross_entropy(*BOTH).item(),
                "You took one mean over all three samples. The loss is the sum of two means.",
            ),
            Slip(
                lambda: losses.discriminator_loss(REAL, FAKE, halved=True).item(),
                "That is halved. In this book the discriminator's loss is the sum.",
            ),
            Slip(
                lambda: 3 * losses.binary_cross_entropy(*BOTH).item(),
                "You added up all samples. Each batch is averaged.",
            ),
        ],
    ),
    "loss-near-zero": Choice(
        options={
            "a": "Good: a loss near 0 means that training is nearly done.",
            "b": "D tells nearly every sample apart: G is far off, or D sees a give-away.",
            "c": "D is at the equilibrium.",
        },
        answer="b",
        hints={
            "a": "Whose loss is it? D's loss is small if D wins, and then G fools nobody.",
            "c": "At the equilibrium every logit is 0. Compute D's loss there.",
        },
    ),
    "missing-detach": Choice(
        options={
            "a": "G is trained to be detected.",
            "b": "D learns nothing.",
            "c": "Nothing but time: G's stale gradients are cleared before they are used.",
            "d": "An error: a graph cannot be walked twice.",
        },
        answer="c",
        hints={
            "a": "It would be, if G's optimiser used these gradients. When are they cleared?",
            "b": "D's weights get the same gradients, with or without detach.",
            "d": "Fresh noise makes a fresh graph, so none is walked twice.",
        },
    ),
    "other-gradient": Number(
        answer=lambda: non_saturating(3.0),
        hint="The two gradients add up to that of KL(N(mu, 1) || N(0, 1)) = mu^2 / 2.",
        slips=[
            Slip(lambda: saturating(3.0), "That is the saturating one once more."),
            Slip(lambda: 3.0, "That is the sum of both."),
            Slip(
                lambda: 3.0**2 / 2 - saturating(3.0),
                "The gradient of mu^2 / 2 is mu, not mu^2 / 2.",
            ),
        ],
    ),
    "write-bce": Function(
        reference=losses.binary_cross_entropy,
        inputs=BATCHES,
        hint="The mean over the batch of max(l, 0) - l y + log(1 + exp(-|l|)).",
        slips=[
            Slip(on_probabilities, "At l = 1000 the sigmoid is 1 and the log of 1 - 1 infinite."),
            Slip(
                lambda x, y: binary_cross_entropy(torch.sigmoid(x), y),
                "That is BCELoss on probabilities, which gives 100 where the loss is 1000.",
            ),
            Slip(
                lambda x, y: (torch.log1p(torch.exp(x)) - x * y).mean(),
                "exp(1000) is infinite. Only take the exponential of -|l|.",
            ),
            Slip(
                lambda x, y: losses.binary_cross_entropy(x, 1 - y),
                "The labels are swapped: y = 1 must cost little where l is large.",
            ),
            Slip(
                lambda x, y: len(x) * losses.binary_cross_entropy(x, y),
                "That is the sum over the batch, not the mean.",
            ),
            Slip(
                lambda x, y: losses.binary_cross_entropy(torch.sigmoid(x), y),
                "A sigmoid too many: the formula takes logits.",
            ),
        ],
    ),
    "write-gradient": Function(
        reference=non_saturating,
        inputs=[(0.5,), (1.0,), (3.0,), (-2.0,)],
        hint="Integrate N(x; mu, 1) * (-(1 - D*)) * (-mu), with the logit mu^2 / 2 - mu x.",
        slips=[
            Slip(saturating, "That is the saturating one: its weight is D*, not 1 - D*."),
            Slip(lambda mu: -non_saturating(mu), "The sign: l* has the slope -mu."),
            Slip(lambda mu: mu, "That is the gradient of KL(p_g || p_data) alone."),
            Slip(lambda mu: -non_saturating(mu) / mu, "The slope of the logit is missing."),
        ],
        rtol=1e-3,
    ),
}
