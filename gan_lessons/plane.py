"""Targets made of equal round modes, in the plane or on a line, and how well samples hit them.

A target is a mixture of K Gaussians of one standard deviation and equal weights: eight on a
ring, 25 on a grid, two on a line, or a single one.  Everything is the same in one dimension and
in two, so that one table can hold all of them.

Samples are judged without a density: by the modes that they reach, by how many of them lie near
a mode, by how far they spread around it, and by a distance, W1 averaged over directions.

Examples
--------
>>> target = TARGETS["ring of eight"]
>>> x = Points(target, 500, [torch.Generator().manual_seed(0)])()
>>> x.shape, target.covered(target.restored(x)).tolist()
(torch.Size([1, 500, 2]), [8])
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import ndtr
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.quasirandom import SobolEngine

from gan_lessons.batches import Batches

NEAR = 3.0  # standard deviations: a sample within them belongs to the mode
FAIR = 0.25  # of its equal share: a mode with less is not covered
HIT = 0.9  # share of the samples that must be near some mode
CLOSE = 0.1  # largest distance, in standard deviations of the data
WIDE = 0.5  # least spread: modes narrower than half of what they should be are points
DIRECTIONS = 16  # on a half circle, to project the plane on


@dataclass(frozen=True)
class Target:
    """K round Gaussians of equal weight in n dimensions.

    Parameters
    ----------
    name : str
        What it is called.
    centres : tuple of K tuples of n float
        The means of the modes.
    sd : float
        The standard deviation of each mode in each direction.

    Examples
    --------
    >>> Target("one", ((4.0,),), 0.5).scale
    0.5
    >>> round(TARGETS["ring of eight"].scale, 4)  # root of 2^2 / 2 + 0.2^2
    1.4283
    """

    name: str
    centres: tuple[tuple[float, ...], ...]
    sd: float

    def __post_init__(self) -> None:
        """Refuse what is no target."""
        widths = {len(c) for c in self.centres}
        if len(widths) != 1 or not widths <= {1, 2}:
            raise ValueError(f"centres must be points of a line or a plane, got {self.centres}")
        if not all(math.isfinite(v) for c in self.centres for v in c):
            raise ValueError(f"centres must be finite numbers, got {self.centres}")
        if not 0 < self.sd < math.inf:
            raise ValueError(f"sd must be a positive finite number, got {self.sd}")

    @property
    def dim(self) -> int:
        """n, the number of coordinates."""
        return len(self.centres[0])

    @property
    def modes(self) -> Tensor:
        """The centres, float64 (K, n)."""
        return torch.tensor(self.centres, dtype=torch.float64)

    @property
    def distribution(self) -> MixtureSameFamily:
        """The target as a torch distribution over vectors of length n, in float64."""
        parts = Independent(Normal(self.modes, self.sd), 1)
        return MixtureSameFamily(
            Categorical(torch.ones(len(self.centres), dtype=torch.float64)), parts
        )

    @property
    def loc(self) -> Tensor:
        """The mean, float64 (n,)."""
        return self.modes.mean(0)

    @property
    def scale(self) -> float:
        """The standard deviation of a coordinate, on average over the coordinates."""
        return math.sqrt((self.modes - self.loc).square().mean().item() + self.sd**2)

    def restored(self, x: Tensor) -> Tensor:
        """Bring standardised samples (..., n) back to the units of the data, in float64."""
        return self.loc + self.scale * x.double()

    @property
    def best_hit(self) -> float:
        """The share of a perfect generator's samples that lie within 3 sd of their own centre.

        1 - exp(-9/2) = 0.988891 in the plane, erf(3 / sqrt 2) = 0.997300 on a line.
        """
        return -math.expm1(-(NEAR**2) / 2) if self.dim == 2 else math.erf(NEAR / math.sqrt(2))

    def counts(self, x: Tensor) -> Tensor:
        """How many samples lie within 3 sd of each centre: (..., N, n) to (..., K)."""
        return _near(self, x).sum(-2)

    def covered(self, x: Tensor) -> Tensor:
        """How many modes have at least a quarter of their share, N / K: (..., N, n) to (...)."""
        fair = x.shape[-2] / len(self.centres)
        return (self.counts(x) >= FAIR * fair).sum(-1)

    def hit(self, x: Tensor) -> Tensor:
        """The share of the samples within 3 sd of some centre: (..., N, n) to (...)."""
        return _near(self, x).any(-1).double().mean(-1)

    def spread(self, x: Tensor) -> Tensor:
        """Root mean square distance of the near samples to their centre, over sd sqrt(n).

        About 1 for a perfect generator, 0 for one that makes points: (..., N, n) to (...).
        0 if no sample is near.
        """
        squares = _squares(self, x).nan_to_num(math.inf).amin(-1)  # (..., N)
        near = squares <= (NEAR * self.sd) ** 2
        total = torch.where(near, squares, 0.0).sum(-1) / near.sum(-1).clamp(min=1)
        return (total / self.dim).sqrt() / self.sd

    def distance(self, x: Tensor) -> Tensor:
        """W1 between the samples and the target, in standard deviations of the data.

        On a line W1 itself; in the plane its mean over directions (sliced W1), each the W1 of
        the shadows on a line.  The samples are compared with the exact quantiles of the target,
        so a perfect sample of size N does not give 0 but something like 1 / sqrt(N).
        (..., N, n) to (...).  Infinite if a sample is not a finite number.
        """
        shadows = (x.double() @ _directions(self.dim).T).mT  # (..., directions, N)
        exact = _quantiles(self, x.shape[-2])  # (directions, N)
        apart = (shadows.sort(-1).values - exact).abs().mean((-2, -1)) / self.scale
        return apart.nan_to_num(math.inf, posinf=math.inf)

    def judged(self, x: Tensor) -> Verdicts:
        """Judge samples of S generators, (S, N, n), by all of the rules.

        A generator is a success if every mode is covered, at least 90 % of the samples are near
        a mode, the spread around it is at least half of the true one, and the distance is below
        0.1.
        """
        found = self.covered(x), self.hit(x), self.spread(x), self.distance(x)
        covered, hit, spread, distance = found
        good = (hit >= HIT) & (spread >= WIDE) & (distance < CLOSE)
        return Verdicts(*found, good & (covered == len(self.centres)))


class Verdicts(NamedTuple):
    """What `Target.judged` finds: (S,) of each, computed by the method of the same name."""

    covered: Tensor
    hit: Tensor
    spread: Tensor
    distance: Tensor
    success: Tensor


def on_ring(count: int, radius: float) -> tuple[tuple[float, float], ...]:
    """Return `count` points on a circle around 0, at equal angles from (radius, 0)."""
    angles = [2 * math.pi * i / count for i in range(count)]
    return tuple((radius * math.cos(a), radius * math.sin(a)) for a in angles)


def on_grid(side: int, spacing: float) -> tuple[tuple[float, float], ...]:
    """Return side x side points around 0.

    Examples
    --------
    >>> on_grid(2, 2.0)
    ((-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0))
    """
    at = [spacing * (i - (side - 1) / 2) for i in range(side)]
    return tuple((x, y) for x in at for y in at)


TARGETS = {
    t.name: t
    for t in (
        Target("gaussian", ((4.0,),), 0.5),  # this and the next are those of the 1-D experiment
        Target("two modes", ((2.0,), (6.0,)), 0.5),  # eight standard deviations apart
        Target("ring of eight", on_ring(8, 2.0), 0.2),  # neighbours: 7.7 standard deviations
        Target("grid of 25", on_grid(5, 2.0), 0.2),
    )
}


class Points(Batches):
    """Endless standardised minibatches of a target, one stream of numbers for each seed.

    Calling the object returns the next batch, (x - loc) / scale, float32 of shape (S, B, n).
    Stream s depends on generator s only.

    Parameters
    ----------
    target : Target
        What to draw from; `noise` makes one for latent vectors.
    batch : int
        B.
    generators : sequence of torch.Generator
        One for each of the S streams.
    """

    def __init__(self, target: Target, batch: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__(target.distribution, batch, generators)
        self._centres = ((target.modes - target.loc) / target.scale).float()
        self._sd = target.sd / target.scale

    def __call__(self) -> Tensor:
        """Return the next batch."""
        if not self._queue:
            self._queue = list(torch.stack([*map(self._draw, self.generators)], 1).unbind(0))[::-1]
        return self._queue.pop()

    def _draw(self, generator: torch.Generator) -> Tensor:
        shape = (self.block, self.batch)
        mode = torch.randint(len(self._centres), shape, generator=generator)
        normal = torch.randn((*shape, self._centres.shape[1]), generator=generator)
        return self._centres[mode] + self._sd * normal


def noise(dim: int) -> Target:
    """Return the standard normal in `dim` dimensions, to draw latent vectors from."""
    return Target("noise", ((0.0,) * dim,), 1.0)


def latent(dim: int, count: int) -> Tensor:
    """Return `count` latent vectors spread evenly over the standard normal, float32 (count, dim).

    Sobol points through the inverse of the normal distribution function: no sampling noise to
    speak of, and the same points each time, so that all generators are asked the same question.

    Examples
    --------
    >>> z = latent(2, 1024)
    >>> z.shape, bool(z.mean(0).abs().max() < 0.005), bool((z.std(0) - 1).abs().max() < 0.01)
    (torch.Size([1024, 2]), True, True)
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    # Scrambled, since the first plain Sobol point is 0, which the normal sends to infinity.
    sobol = SobolEngine(dim, scramble=True, seed=0)
    cube = sobol.draw(count, dtype=torch.float64)
    z: Tensor = torch.special.ndtri(cube.clamp(1e-9, 1 - 1e-9))
    return z.float()


def _squares(target: Target, x: Tensor) -> Tensor:
    """Squared distance to each centre, (..., N, K)."""
    if x.ndim < 2 or x.shape[-1] != target.dim or not x.shape[-2]:
        raise ValueError(f"x must hold samples of {target.dim} numbers, got {tuple(x.shape)}")
    return (x.double().unsqueeze(-2) - target.modes).square().sum(-1)


def _near(target: Target, x: Tensor) -> Tensor:
    """Whether each sample is near each centre, (..., N, K)."""
    return _squares(target, x) <= (NEAR * target.sd) ** 2


def _directions(dim: int) -> Tensor:
    """Return unit vectors over a half circle, (directions, n); on a line there is one."""
    angle = math.pi * torch.arange(DIRECTIONS, dtype=torch.float64) / DIRECTIONS
    return torch.stack([angle.cos(), angle.sin()], -1)[: DIRECTIONS if dim == 2 else 1, :dim]


@functools.lru_cache(maxsize=16)
def _quantiles(target: Target, count: int) -> Tensor:
    """Return the quantiles (i + 1/2) / count of the target's shadow in each direction."""
    centres = (_directions(target.dim) @ target.modes.T).numpy()  # (directions, K)
    edge = np.abs(centres).max() + 8 * target.sd
    x = np.linspace(-edge, edge, 8001)
    cdf = ndtr((x[:, None] - centres[:, None]) / target.sd).mean(-1)  # (directions, 8001)
    levels = (np.arange(count) + 0.5) / count
    return torch.from_numpy(np.stack([np.interp(levels, one, x) for one in cdf]))
