"""What distances between samples tell: precision, recall, memorised pictures, repeated pictures.

Points are rows of (N, d): features of a classifier, or pixels.  Distances are Euclidean, in
float64, computed block by block so that memory stays bounded; the size of the blocks does not
change a result beyond rounding.

Examples
--------
>>> real = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
>>> precision_recall(real, torch.tensor([[0.5], [0.6], [9.0]]), k=1)
PrecisionRecall(precision=0.6666666666666666, recall=0.75)

Two of three fakes are close to data.  No data is close to these two; the recall is all due to the
outlier at 9, whose ball reaches down to 0.6.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

BLOCK = 1024  # rows and columns of distances held at once: 8 MB


class Neighbours(NamedTuple):
    """Distances to the k nearest points, ascending, and which points these are: both (N, k)."""

    distances: Tensor
    indices: Tensor


class PrecisionRecall(NamedTuple):
    """Share of fakes that lie where data is, and share of data that lies where fakes are."""

    precision: float
    recall: float


class Pairs(NamedTuple):
    """Distances of pairs of points, ascending, (k,), and the two points of each, (k, 2)."""

    distances: Tensor
    indices: Tensor


class Birthday(NamedTuple):
    """How often a batch holds a near-duplicate, and how many pictures that speaks for."""

    rate: float
    support: float


def nearest(points: Tensor, data: Tensor, k: int = 1, block: int = BLOCK) -> Neighbours:
    """Find the k nearest points of `data` for each of `points`.

    Beside a generated picture its nearest training pictures show whether it was copied.  Distances
    mean something only by comparison: with those of *test* pictures to the training set.

    Parameters
    ----------
    points, data : Tensor
        (N, d) and (M, d), of one device; bytes are welcome.
    k : int
        How many neighbours, from 1 to M.  A point that is itself in `data` finds itself first.
    block : int
        Rows and columns of distances held at once.

    Examples
    --------
    >>> found = nearest(torch.tensor([[0.2]]), torch.tensor([[1.0], [0.0], [0.5]]), k=2)
    >>> [round(d, 6) for d in found.distances[0].tolist()], found.indices[0].tolist()
    ([0.2, 0.3], [1, 2])
    """
    points, data = _rows("points", points), _rows("data", data)
    _same_width("points", points, data)
    if not 1 <= k <= len(data):
        raise ValueError(f"k must be from 1 to {len(data)}, got {k}")
    found, distances = [], []
    for x in _blocks(points, block):
        found.append(_nearest_of_block(x, data, k, block)[1])
        distances.append(_distances(x[:, None], data[found[-1]]))
    return Neighbours(torch.cat(distances), torch.cat(found))


def precision_recall(real: Tensor, fake: Tensor, k: int = 3, block: int = BLOCK) -> PrecisionRecall:
    """Improved precision and recall of samples, by balls around points.

    Around each point of a set lies a ball that just reaches its k-th nearest neighbour in that
    set (itself not counted); the balls together stand for the support.

        precision: share of fakes inside at least one ball of the data
        recall:    share of the data inside at least one ball of the fakes

    Precision falls with bad samples, recall with missing ones.  Neither notices copies, nor how
    often each kind is made; both grow with k, and one outlier has a huge ball.

    Parameters
    ----------
    real, fake : Tensor
        Features (N, d) and (M, d).
    k : int
        3 in the paper; below N and M.
    block : int
        Rows and columns of distances held at once.

    References
    ----------
    Kynkäänniemi et al., Improved precision and recall metric for assessing generative models
    (2019), with VGG-16 features and 50,000 samples.
    """
    real, fake = _rows("real", real), _rows("fake", fake)
    _same_width("fake", fake, real)
    if not 1 <= k < min(len(real), len(fake)):
        least = min(len(real), len(fake))
        raise ValueError(f"k must be at least 1 and below {least}, got {k}")
    return PrecisionRecall(_inside(fake, real, k, block), _inside(real, fake, k, block))


def closest_pairs(points: Tensor, k: int = 20, block: int = BLOCK) -> Pairs:
    """Find the k closest pairs among `points`: those to look at for repeated pictures.

    Examples
    --------
    >>> closest_pairs(torch.tensor([[0.0], [5.0], [1.0]]), k=1).indices.tolist()
    [[0, 2]]
    """
    points = _rows("points", points)
    n = len(points)
    if not 1 <= k <= n * (n - 1) // 2:
        raise ValueError(f"k must be from 1 to {n * (n - 1) // 2}, got {k}")
    _check_block(block)
    best = torch.zeros(0, dtype=torch.float64, device=points.device)
    pairs = torch.zeros((0, 2), dtype=torch.int64, device=points.device)
    for i in range(0, n, block):
        for j in range(i, n, block):
            squares = _squares(points[i : i + block], points[j : j + block])
            row, column = torch.meshgrid(
                torch.arange(i, i + squares.shape[0], device=points.device),
                torch.arange(j, j + squares.shape[1], device=points.device),
                indexing="ij",
            )
            upper = row < column  # each pair once, and no point with itself
            found = torch.stack([row[upper], column[upper]], dim=1)
            best, pairs = torch.cat([best, squares[upper]]), torch.cat([pairs, found])
            best, kept = best.topk(min(k, len(best)), largest=False)
            pairs = pairs[kept]
    return Pairs(_distances(points[pairs[:, 0]], points[pairs[:, 1]]), pairs)


def birthday_test(
    points: Tensor,
    size: int,
    threshold: float,
    generator: torch.Generator,
    trials: int = 100,
) -> Birthday:
    """Draw batches from `points`, and count those that hold two points closer than `threshold`.

    Of 365 equally frequent birthdays, 23 people share one half of the time.  Likewise, if half
    of the batches of s samples hold a near-duplicate, the generator makes about s^2 / (2 log 2)
    different pictures, and no more however many are drawn.  `support` is that estimate for the
    rate that was found: see `birthday_support`.  The threshold decides what a duplicate is: look at
    `closest_pairs`, and run the same test on the data.

    Parameters
    ----------
    points : Tensor
        Many more samples than `size`, (N, d).
    size : int
        Samples in a batch, drawn without replacement.
    threshold : float
        Distance below which two count as one.
    generator : torch.Generator
        Draws the batches; on the device of the points, or on the CPU.
    trials : int
        How many batches.

    References
    ----------
    Arora, Zhang, Do GANs actually learn the distribution? An empirical study (2017): with a look
    at the closest pairs in place of a threshold.

    Examples
    --------
    >>> days = torch.arange(365.0).repeat(50)[:, None]  # each birthday 50 times
    >>> test = birthday_test(days, 23, 0.5, torch.Generator().manual_seed(0), trials=1000)
    >>> 0.45 < test.rate < 0.56, 300 < test.support < 440
    (True, True)
    """
    points = _rows("points", points)
    if not 2 <= size <= len(points):
        raise ValueError(f"size must be from 2 to {len(points)}, got {size}")
    if not threshold > 0:
        raise ValueError(f"threshold must be above 0, got {threshold}")
    if trials < 1:
        raise ValueError(f"trials must be at least 1, got {trials}")
    collisions = 0
    for _ in range(trials):
        chosen = torch.randperm(len(points), generator=generator, device=generator.device)[:size]
        batch = points[chosen.to(points.device)]
        collisions += bool(closest_pairs(batch, 1).distances[0] < threshold)
    return Birthday(collisions / trials, birthday_support(size, collisions / trials))


def birthday_support(size: int, rate: float) -> float:
    """Number of equally frequent kinds for which batches of `size` collide at this rate.

        rate = 1 - exp(-s (s - 1) / 2N),    so N = s (s - 1) / (-2 log(1 - rate))

    For kinds that are not equally frequent it is 1 / sum of p^2, the effective number of kinds;
    rare ones are not noticed, so the true number may be far larger.  Infinite at rate 0, and 0
    at rate 1: then try larger, or smaller, batches.

    Examples
    --------
    >>> round(birthday_support(23, 0.5))
    365
    """
    if size < 2:
        raise ValueError(f"size must be at least 2, got {size}")
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must be between 0 and 1, got {rate}")
    pairs = size * (size - 1) / 2
    if rate == 0:
        return math.inf
    return 0.0 if rate == 1 else pairs / -math.log1p(-rate)


def _inside(points: Tensor, centres: Tensor, k: int, block: int) -> float:
    """Share of `points` in at least one ball around `centres`, out to their k-th neighbour."""
    # Among its own set a point is its own first neighbour: the k-th of the others comes after.
    radius = torch.cat([_nearest_of_block(c, centres, k + 1, block)[0][:, -1]
                        for c in _blocks(centres, block)])  # fmt: skip
    count = 0
    for x in _blocks(points, block):
        hit = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        for c, r in zip(_blocks(centres, block), _blocks(radius, block), strict=True):
            hit |= (_squares(x, c) <= r).any(dim=1)
        count += int(hit.sum())
    return count / len(points)


def _nearest_of_block(x: Tensor, data: Tensor, k: int, block: int) -> tuple[Tensor, Tensor]:
    """Squared distances to the k nearest of `data`, ascending, and their indices."""
    best = torch.zeros((len(x), 0), dtype=torch.float64, device=x.device)
    index = torch.zeros((len(x), 0), dtype=torch.int64, device=x.device)
    for start, part in zip(range(0, len(data), block), _blocks(data, block), strict=True):
        columns = torch.arange(start, start + len(part), device=x.device).expand(len(x), -1)
        best, index = torch.cat([best, _squares(x, part)], 1), torch.cat([index, columns], 1)
        best, kept = best.topk(min(k, best.shape[1]), dim=1, largest=False)
        index = index.gather(1, kept)
    return best, index


def _squares(x: Tensor, y: Tensor) -> Tensor:
    """Squared distances of all rows of x from all rows of y, in float64."""
    x, y = x.double(), y.double()
    centre = y.mean(dim=0).round()  # smaller numbers lose less; whole numbers stay whole
    x, y = x - centre, y - centre
    squares = torch.addmm(x.square().sum(1, keepdim=True) + y.square().sum(1), x, y.T, alpha=-2)
    return squares.clamp_(min=0)


def _distances(x: Tensor, y: Tensor) -> Tensor:
    """Distances of points that belong together, without rounding: 0 for a copy."""
    return (x.double() - y.double()).square().sum(dim=-1).sqrt()


def _blocks(x: Tensor, block: int) -> Iterator[Tensor]:
    _check_block(block)
    return (x[i : i + block] for i in range(0, len(x), block))


def _check_block(block: int) -> None:
    if block < 1:
        raise ValueError(f"block must be at least 1, got {block}")


def _rows(name: str, values: Tensor) -> Tensor:
    if values.ndim != 2 or not values.numel():
        raise ValueError(f"{name} must be of shape (N, d), not empty, got {tuple(values.shape)}")
    plain = values.detach()
    plain = plain.cpu() if plain.device.type == "mps" else plain  # which has no float64
    if plain.is_floating_point() and not plain.isfinite().all():
        raise ValueError(
            f"{name} must be finite, got {int((~plain.isfinite()).sum())} that are not"
        )
    return plain


def _same_width(name: str, x: Tensor, y: Tensor) -> None:
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"{name} must have {y.shape[1]} columns, got {x.shape[1]}")
