"""The curves of many runs in a moment: what `gan_lessons.curves` computes, with G as a polygon.

G is asked at n + 1 noise values and taken to be straight between them.  The law of such a G is
known without any search for roots: each piece spreads its share 1/n of probability evenly between
its two ends.  So p_g is a step function, found by one sort, and a frame takes a millisecond where
`gan_lessons.curves.compute` takes a tenth of a second.  JS, V and W1 are right to about 0.001.

Examples
--------
>>> from gan_lessons import toy
>>> run = toy.train(toy.ToySettings(), seeds=[0, 1], steps=2, record_every=1, progress=False)
>>> one = compute(run, member=1)
>>> one.p_g.shape, bool(one.js[0] > 0)
((3, 161), True)
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lessons.curves import Curves
from gan_lessons.densities import Density, interval, pdf
from gan_lessons.failures import distances, quantiles
from gan_lessons.toy import Run, one_thread

Array = NDArray[np.float64]

LOG4 = float(np.log(4.0))


class Polygon:
    """The law of G(z) for a G that is straight between equally likely noise values.

    Parameters
    ----------
    corners : array, shape (n + 1,)
        G at the quantiles 0, 1/n, ..., 1 of the noise (or as near to 0 and 1 as can be).

    Examples
    --------
    >>> law = Polygon(np.array([0.0, 1.0, 0.5]))  # half on [0, 1], half on [1/2, 1]
    >>> law.pdf(np.array([-1.0, 0.25, 0.75])), law.cdf(np.array([0.5, 0.75]))
    (array([0. , 0.5, 1.5]), array([0.25 , 0.625]))
    """

    def __init__(self, corners: Array) -> None:
        low, high = np.minimum(corners[:-1], corners[1:]), np.maximum(corners[:-1], corners[1:])
        # A flat piece would have no width: give it one that no picture shows.
        high = np.maximum(high, low + 1e-9 * (1 + np.abs(low)))
        height = 1 / (len(low) * (high - low))
        ends = np.concatenate([low, high])
        order = np.argsort(ends, kind="stable")
        self.x = ends[order]
        steps = np.cumsum(np.concatenate([height, -height])[order])
        self.steps = np.maximum(steps, 0.0)  # rounding may leave less than nothing
        self.middles = (low + high) / 2  # of the pieces: points that stand for equal shares
        self.below = np.concatenate([[0.0], np.cumsum(self.steps[:-1] * np.diff(self.x))])

    def pdf(self, x: Array) -> Array:
        """Density at x, (n,)."""
        at = np.searchsorted(self.x, x, side="right") - 1
        return np.asarray(np.where(at < 0, 0.0, self.steps[at]))

    def cdf(self, x: Array) -> Array:
        """Probability below x, (n,)."""
        return np.asarray(np.interp(x, self.x, self.below, 0.0, 1.0))


def compute(
    run: Run,
    member: int = 0,
    x_points: int = 161,
    arrows: int = 17,
    points: int = 2048,
    reach: float = 1.0,
) -> Curves:
    """Evaluate one GAN of a run at every recorded step, as `gan_lessons.curves.compute` does.

    Parameters
    ----------
    run : Run
        With the snapshots of the weights.
    member : int
        Which GAN of the run, an index into ``run.seeds``.
    x_points, arrows : int
        Points of the x grid, and noise values to follow.
    points : int
        Pieces of the polygon.
    reach : float
        How far the x grid follows samples that stray: at most so many widths of the data beyond
        either end.  One run far away would else leave a few points of the grid for the data.
    """
    if not reach >= 0:
        raise ValueError(f"reach must be at least 0, got {reach}")
    for name, given, least in (("x_points", x_points, 2), ("arrows", arrows, 1),
                               ("points", points, 2)):  # fmt: skip
        if given < least:
            raise ValueError(f"{name} must be at least {least}, got {given}")
    p_data, p_z = run.settings.p_data, run.settings.p_z
    edges = torch.arange(points + 1, dtype=torch.float64) / points
    z_edges = p_z.icdf(edges.clamp(0.25 / points, 1 - 0.25 / points))
    z_middles = p_z.icdf((edges[:-1] + edges[1:]) / 2)
    z = p_z.icdf((torch.arange(arrows, dtype=torch.float64) + 0.5) / arrows)
    frames = range(len(run.frames))
    real = torch.from_numpy(quantiles(p_data, points))
    with one_thread():
        g = torch.stack([run.generator(f, member)(z) for f in frames])
        x = torch.linspace(*_range(p_data, g, reach), x_points, dtype=torch.float64)
        rows = [_frame(run, f, member, x, z_edges, z_middles, real) for f in frames]
        far = [run.generator(f, member, averaged=True)(z_middles) for f in frames]
    p_g, d, d_star, value, best, fake = (
        np.stack(column) for column in zip(*rows, strict=True)
    )  # fmt: skip
    sd = float(p_data.stddev)
    return Curves(
        step=run.frames, x=x.numpy(), p_data=pdf(p_data, x).numpy(), p_g=p_g, d=d, d_star=d_star,
        z=z.numpy(), g=g.numpy(), value=value, best_value=best, js=(best + LOG4) / 2,
        w1=sd * distances(np.sort(fake), p_data),
        w1_ema=sd * distances(np.sort(torch.stack(far).numpy()), p_data),
        d_loss=run.d_loss[:, member].astype(np.float64),
        g_loss=run.g_loss[:, member].astype(np.float64),
    )  # fmt: skip


def _frame(
    run: Run, frame: int, member: int, x: Tensor, z_edges: Tensor, z_middles: Tensor, real: Tensor
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return p_g (mean over each cell), D and D* on x, V(D, G), V(D*, G), and typical fakes."""
    p_data = run.settings.p_data
    generator, logit = run.generator(frame, member), run.discriminator(frame, member)
    law = Polygon(generator(z_edges).numpy())
    fake = torch.from_numpy(law.middles)
    h = (x[1] - x[0]).item()
    cells = np.concatenate([x.numpy() - h / 2, x.numpy()[-1:] + h / 2])

    def ratio(at: Tensor) -> Array:
        """D* = p_data / (p_data + p_g); 1/2 where both are 0 and nobody looks."""
        p, q = pdf(p_data, at).numpy(), law.pdf(at.numpy())
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(p + q > 0, p / (p + q), 0.5))

    def logs(share: Array) -> Array:
        return np.log(np.maximum(share, 1e-300))

    soft = torch.nn.functional.softplus
    value = -soft(-logit(real)).mean() - soft(logit(fake)).mean()
    best = logs(ratio(real)).mean() + logs(1 - ratio(fake)).mean()
    return (
        np.diff(law.cdf(cells)) / h, torch.sigmoid(logit(x)).numpy(), ratio(x),
        value.numpy(), best, generator(z_middles).numpy(),
    )  # fmt: skip


def _range(p_data: Density, g: Tensor, reach: float) -> tuple[float, float]:
    """Return the x range to draw: all but 1e-4 of the data, and samples not too far from them."""
    low, high = interval(p_data, 1e-4)
    far = reach * (high - low)
    low, high = min(low, max(g.min().item(), low - far)), max(high, min(g.max().item(), high + far))
    margin = 0.04 * (high - low)
    return low - margin, high + margin
