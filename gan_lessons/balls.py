"""Density and coverage, which one outlier cannot buy; and whether fakes are copies.

Density and coverage use the balls of the data alone, each out to its k-th nearest neighbour, so an
outlier among the fakes has no ball; and density counts how many balls a fake lies in, so one huge
ball does not make it good.

Examples
--------
>>> real = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
>>> density_coverage(real, torch.tensor([[0.5], [0.6], [9.0]]), k=1)
DensityCoverage(density=1.3333333333333333, coverage=0.5)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gan_lessons.neighbours import BLOCK, nearest


class DensityCoverage(NamedTuple):
    """How densely data lies around the fakes, and the share of data with a fake nearby."""

    density: float
    coverage: float


def density_coverage(real: Tensor, fake: Tensor, k: int = 5, block: int = BLOCK) -> DensityCoverage:
    """Density and coverage of samples, by the balls of the data out to the k-th neighbour.

        density:  1/kM times the number of pairs of a fake and a ball that it lies in
        coverage: share of the balls with at least one fake inside

    For fakes of the same law the density is 1 on average, and may be above 1: fakes in the thick
    of the data get more than their share.  The coverage then is

        1 - (N-1) ... (N-k) / (N+M-1) ... (N+M-k)

    on average, whatever the law: about 1 - 2^-k for N = M, 0.97 for k = 5.  Neither notices copies.

    Parameters
    ----------
    real, fake : Tensor
        Features (N, d) and (M, d).
    k : int
        5 in the paper; from 1 to N - 1.
    block : int
        Rows of distances held at once.

    References
    ----------
    Naeem et al., Reliable fidelity and diversity metrics for generative models (2020).
    """
    if not 1 <= k < len(real):
        raise ValueError(f"k must be at least 1 and below {len(real)}, got {k}")
    radius = nearest(real, real, k + 1, block).distances[:, -1]  # a point finds itself first
    closest = nearest(real, fake, 1, block).distances[:, 0]
    # A point on the edge is inside, whichever way its distance was rounded.
    edge = radius * (1 + 1e-12)
    x = real.detach().to(radius).double()
    inside = sum(
        int((torch.cdist(part.to(radius), x, compute_mode="donot_use_mm_for_euclid_dist") <= edge)
            .sum()) for part in fake.detach().split(block)
    )  # fmt: skip
    covered = (closest <= edge).double().mean()
    return DensityCoverage(inside / (k * len(fake)), float(covered))


def nearness(fake: Tensor, fresh: Tensor, training: Tensor, block: int = BLOCK) -> float:
    """Chance that a fake is nearer to the training data than a fresh sample is.

        P(d(fake, T) < d(fresh, T)) + 1/2 P(d(fake, T) = d(fresh, T))

    with d(x, T) the distance from x to the nearest point of the training data T.  1/2 if fakes are
    as new as data that nobody has seen, 1 for copies; below 1/2 for fakes far from all data.
    It is the statistic of Mann and Whitney, divided by the number of pairs.

    Parameters
    ----------
    fake, fresh, training : Tensor
        (N, d), (M, d) and (T, d).  What is near depends on what the d numbers are: a copy moved
        by a pixel is far away in pixels.
    block : int
        Rows and columns of distances held at once.

    References
    ----------
    Meehan, Chaudhuri, Dasgupta, A non-parametric test to detect data-copying in generative models
    (2020): in each of many cells of the space by itself.

    Examples
    --------
    >>> training = torch.tensor([[0.0], [10.0]])
    >>> nearness(torch.tensor([[0.0], [10.0]]), torch.tensor([[1.0], [8.0]]), training)
    1.0
    """
    near, far = (nearest(x, training, 1, block).distances[:, 0] for x in (fake, fresh))
    sorted_far = far.sort().values
    above = len(far) - torch.searchsorted(sorted_far, near, right=True)
    at_least = len(far) - torch.searchsorted(sorted_far, near)
    return float((above + at_least).double().mean() / (2 * len(far)))
