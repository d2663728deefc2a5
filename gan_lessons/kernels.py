"""Kernels that judge samples: the maximum mean discrepancy, and why a Parzen window fails.

A kernel k(x, y) says how alike two points are.  Averaged over pairs it compares two sets of
points; averaged over the points of one set it is a density, the Parzen window.

Points are rows of (N, d).  Everything is taken to float64 and summed block by block, so memory
stays bounded.

Examples
--------
>>> x = torch.tensor([[0.0], [1.0]])
>>> round(mmd2(x, x, RBF(1.0)), 6)  # unbiased, so it may be negative: here by e^(-1/2) - 1
-0.393469
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lessons.checks import matrix

BLOCK = 1024  # rows and columns of pairs held at once: 8 MB

Kernel = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class RBF:
    """exp(-|x - y|^2 / 2 h^2): 1 for equal points, and next to 0 for points a few h apart.

    Also called Gaussian.  Some codes write h^2 or gamma in place of 2 h^2: say which.

    Attributes
    ----------
    h : float
        Bandwidth, in units of the points.

    Examples
    --------
    >>> RBF(1.0)(torch.tensor([[0.0]]), torch.tensor([[0.0], [1.0]]))
    tensor([[1.0000, 0.6065]])
    """

    h: float

    def __post_init__(self) -> None:
        """Refuse what is no bandwidth."""
        if not 0 < self.h < math.inf:
            raise ValueError(f"h must be a positive number, got {self.h}")

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """Compare all rows of x with all rows of y: (N, d) and (M, d) to (N, M)."""
        return (-_squares(x, y) / (2 * self.h**2)).exp()


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """(x . y / d + 1)^3, the kernel of the "kernel inception distance".

    Its means see all products of up to three features, so `mmd2` with it compares the first three
    moments; no bandwidth has to be chosen.  In the paper features are those of an Inception
    network; on others the number has another meaning.

    References
    ----------
    Binkowski, Sutherland, Arbel, Gretton, Demystifying MMD GANs (2018).

    Examples
    --------
    >>> cubic(torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, 1.0], [-1.0, 1.0]]))
    tensor([[8., 1.]])
    """
    return (x @ y.T / x.shape[1] + 1) ** 3


def mmd2(
    real: Tensor, fake: Tensor, kernel: Kernel, unbiased: bool = True, block: int = BLOCK
) -> float:
    """Estimate the squared maximum mean discrepancy of two sets of points.

        mean k(x, x') + mean k(y, y') - 2 mean k(x, y)

    Unbiased, the first two means leave out the pairs of a point with itself: they divide by
    N (N - 1).  The mean over many draws is then exactly MMD^2, at every N, so for equal laws it is
    0 and a single value may be negative.  With these pairs, it is at least 0, and too large:
    for equal laws by (1/N + 1/M) (E k(x, x) - E k(x, x')).

    Parameters
    ----------
    real, fake : Tensor
        Features (N, d) and (M, d), of one device; N and M at least 2 (1 if biased).
    kernel : callable
        Maps (n, d) and (m, d) to (n, m): `RBF` or `cubic`.
    unbiased : bool
        Leave out the pairs of a point with itself.
    block : int
        Rows and columns of pairs held at once.

    References
    ----------
    Gretton et al., A kernel two-sample test (2012), lemma 6.
    """
    least = 2 if unbiased else 1
    x, y = matrix("real", real, least), matrix("fake", fake, least)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"fake must have {x.shape[1]} columns like real, got {y.shape[1]}")
    if block < 1:
        raise ValueError(f"block must be at least 1, got {block}")

    def within(points: Tensor) -> float:
        n = len(points)
        total = _total(points, points, kernel, block)
        if not unbiased:
            return total / n**2
        self_pairs = sum(float(kernel(p, p).trace()) for p in points.split(block))
        return (total - self_pairs) / (n * (n - 1))

    across = _total(x, y, kernel, block) / (len(x) * len(y))
    return within(x) + within(y) - 2 * across


def parzen_log_density(points: Tensor, data: Tensor, h: float, block: int = BLOCK) -> Tensor:
    """Log-density at points of a Parzen window: a Gaussian of width h around each of `data`.

        log ( 1/N sum over i of N(x; x_i, h^2 I) )

    It was a way to give a GAN a likelihood: draw samples, put a window over them, and take the mean
    at test pictures.  In many dimensions it says nothing of the kind: see the reference.

    Parameters
    ----------
    points, data : Tensor
        (M, d) and (N, d), of one device.
    h : float
        Standard deviation of each Gaussian, the bandwidth.
    block : int
        Rows and columns held at once.

    Returns
    -------
    Tensor
        (M,), float64, in nats.

    References
    ----------
    Theis, van den Oord, Bethge, A note on the evaluation of generative models (2016), section 3.

    Examples
    --------
    >>> zero = torch.zeros(1, 1)
    >>> parzen_log_density(zero, zero, 1.0).exp()  # 1 / sqrt(2 pi)
    tensor([0.3989], dtype=torch.float64)
    """
    x, y = matrix("points", points), matrix("data", data)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"points must have {y.shape[1]} columns like data, got {x.shape[1]}")
    if not 0 < h < math.inf:
        raise ValueError(f"h must be a positive number, got {h}")
    if block < 1:
        raise ValueError(f"block must be at least 1, got {block}")
    norm = x.shape[1] / 2 * math.log(2 * math.pi * h**2) + math.log(len(y))
    rows = [
        torch.cat(
            [torch.logsumexp(-_squares(a, b) / (2 * h**2), 1)[:, None] for b in y.split(block)], 1
        ).logsumexp(1)
        for a in x.split(block)
    ]
    return torch.cat(rows) - norm


def _total(x: Tensor, y: Tensor, kernel: Kernel, block: int) -> float:
    return sum(float(kernel(a, b).sum()) for a, b in _pairs(x, y, block))


def _pairs(x: Tensor, y: Tensor, block: int) -> Iterator[tuple[Tensor, Tensor]]:
    for a in x.split(block):
        for b in y.split(block):
            yield a, b


def _squares(x: Tensor, y: Tensor) -> Tensor:
    """Squared distances of all rows of x from all rows of y."""
    centre = y.mean(dim=0)  # smaller numbers lose less
    x, y = x - centre, y - centre
    squares = torch.addmm(x.square().sum(1, keepdim=True) + y.square().sum(1), x, y.T, alpha=-2)
    return squares.clamp_(min=0)
