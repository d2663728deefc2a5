"""Exercises of the chapter on DCGAN."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv1d, conv_transpose1d

from gan_lessons.exercises.base import Choice, Function, Number, Question, Slip
from gan_lessons.mnist.arithmetic import strided_size, transposed_size
from gan_lessons.mnist.data import scaled
from gan_lessons.mnist.sampling import great_circle


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _weights(bias: bool) -> float:
    layer = torch.nn.ConvTranspose2d(100, 256, 7, 1, 0, bias=bias, device="meta")
    return float(sum(p.numel() for p in layer.parameters()))


def _transposed(y: Tensor, w: Tensor, stride: int) -> Tensor:
    return conv_transpose1d(y[None, None], w[None, None], stride=stride)[0, 0]


def _spread(y: Tensor, stride: int) -> Tensor:
    out = torch.zeros(stride * (len(y) - 1) + 1)
    out[::stride] = y
    return out


def _norm(x: Tensor) -> Tensor:
    return batch_norm(x, None, None, training=True)


def _norm_over(x: Tensor, axes: tuple[int, ...], unbiased: bool = False) -> Tensor:
    variance = x.var(axes, correction=int(unbiased), keepdim=True)
    return (x - x.mean(axes, keepdim=True)) / (variance + 1e-5).sqrt()


def _straight(a: Tensor, b: Tensor, t: float) -> Tensor:
    return (1 - t) * a + t * b


BATCHES = [(_random(4, 3, 5, 5) * 2 + 1,), (_random(2, 1, 3, 3, seed=1) - 4,)]
LINES = [(_random(5), _random(4, seed=1), 2), (_random(3), _random(3, seed=1), 1),
         (_random(4, seed=2), _random(2, seed=3), 3)]  # fmt: skip
ENDS = [(_random(64), _random(64, seed=1), t) for t in (0.0, 0.25, 0.5, 1.0)]

QUESTIONS: dict[str, Question] = {
    "transposed-size": Number(
        answer=lambda: float(transposed_size(transposed_size(7, 4, 2, 1), 4, 2, 1)),
        hint="One layer makes s (n - 1) + k - 2p of n pixels. Use it twice.",
        slips=[
            Slip(lambda: float(transposed_size(7, 4, 2, 1)), "That is after the first layer."),
            Slip(
                lambda: float(transposed_size(transposed_size(7, 4, 2), 4, 2)),
                "A transposed convolution cuts its padding off: subtract 2p in each layer.",
            ),
            Slip(
                lambda: float(strided_size(strided_size(7, 4, 2, 1), 3, 2, 1)),
                "That is the way down. A transposed convolution goes up.",
            ),
        ],
    ),
    "first-layer-weights": Number(
        answer=lambda: _weights(bias=False),
        hint="Each of 100 inputs has a 7 x 7 kernel for each of 256 outputs.",
        slips=[
            Slip(lambda: _weights(bias=True), "There is no bias: batch norm comes next."),
            Slip(lambda: 100.0 * 256, "Each pair of channels has a whole kernel: times 49."),
            Slip(lambda: 100.0 * 256 * 7, "The kernel has 7 x 7 weights, not 7."),
        ],
        rtol=1e-9,
    ),
    "scaled-pixel": Number(
        answer=lambda: float(scaled(torch.full((1, 1, 1), 102, dtype=torch.uint8))),
        hint="0 becomes -1 and 255 becomes 1: divide by 127.5, then subtract 1.",
        slips=[
            Slip(lambda: 102 / 255, "That is on the scale from 0 to 1; tanh goes from -1 to 1."),
            Slip(lambda: 102 / 127.5, "Now subtract 1: 0 has to become -1."),
            Slip(lambda: 102 / 255 - 1, "Half of the way: divide by 127.5, not by 255."),
        ],
    ),
    "one-picture": Choice(
        options={
            "a": "the same picture as in a batch of 16",
            "b": "another picture: each channel is standardised by its own pixels alone",
            "c": "noise, because the network has not been trained on batches of one",
            "d": "an error, because one number has no variance",
        },
        answer="b",
        hints={
            "a": "In training mode the mean and variance are those of the batch at hand.",
            "c": "The weights are trained and do their work; only the statistics are odd.",
            "d": "BatchNorm2d also averages over pixels. BatchNorm1d would refuse.",
        },
    ),
    "even-coverage": Choice(
        options={
            "a": "kernel 3, stride 2",
            "b": "kernel 5, stride 2",
            "c": "kernel 4, stride 2",
            "d": "kernel 4, stride 3",
        },
        answer="c",
        hints={
            "a": "Every second result is made of two numbers, the others of one.",
            "b": "5 is not a multiple of 2: results are made of 2 or of 3 numbers.",
            "d": "4 is not a multiple of 3: every third result is made of two numbers.",
        },
    ),
    "write-transposed": Function(
        reference=_transposed,
        inputs=LINES,
        hint="Each y[i] adds y[i] * w to the results from position i * stride on.",
        slips=[
            Slip(
                lambda y, w, stride: conv1d(
                    _spread(y, stride)[None, None], w[None, None], padding=len(w) - 1
                )[0, 0],
                "Your kernel is turned round: y[i] * w[j] belongs at i * stride + j.",
            ),
            Slip(
                lambda y, w, stride: _transposed(y, w, 1),
                "You forgot the stride: the copies of w start `stride` places apart.",
            ),
        ],
    ),
    "write-batch-norm": Function(
        reference=_norm,
        inputs=BATCHES,
        hint="For each channel: subtract the mean and divide by the root of the variance + 1e-5.",
        slips=[
            Slip(
                lambda x: _norm_over(x, (0, 2, 3), unbiased=True),
                "In the batch, the variance is divided by n, not by n - 1.",
            ),
            Slip(
                lambda x: _norm_over(x, (2, 3)),
                "You took each picture by itself: that is instance norm.",
            ),
            Slip(
                lambda x: _norm_over(x, (1, 2, 3)),
                "You mixed the channels: each has statistics of its own.",
            ),
            Slip(
                lambda x: _norm_over(x, (0,)),
                "Average over the pixels too: one mean for each channel.",
            ),
        ],
        rtol=1e-3,
    ),
    "write-great-circle": Function(
        reference=great_circle,
        inputs=ENDS,
        hint="Angle w with cos w = a.b / (|a| |b|); weights sin((1-t)w)/sin w and sin(tw)/sin w.",
        slips=[
            Slip(_straight, "That is the straight line, which passes too near to 0."),
            Slip(
                lambda a, b, t: great_circle(a, b, 1 - t),
                "You go from b to a: t = 0 must give a.",
            ),
        ],
    ),
}
