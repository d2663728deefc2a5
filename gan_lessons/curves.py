"""What a 1-D GAN looks like at each recorded step, computed exactly from its weights.

Examples
--------
>>> from gan_lessons import toy
>>> run = toy.train(toy.ToySettings(), seeds=[0], steps=2, record_every=1, progress=False)
>>> curves = compute(run, x_points=33)
>>> curves.p_g.shape, bool((curves.value <= curves.best_value).all())
((3, 33), True)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gan_lessons import theory
from gan_lessons.densities import Density, interval, pdf
from gan_lessons.theory import LOG4, Pushforward
from gan_lessons.toy import Run, one_thread

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """The curves and numbers of one run at F recorded steps, on a grid of X points.

    ``p_g``, ``value``, ``js`` and the Wasserstein distances are exact (change of variables
    and quadrature), not estimated from samples; the two losses are minibatch values.
    ``p_g`` is the mean of the density over the grid cell around each x, so that no spike falls
    between two points of the grid and the curve keeps its area.
    """

    step: NDArray[np.int64]  # (F,) number of training steps done at each frame
    x: Array  # (X,) grid in the units of the data
    p_data: Array  # (X,)
    p_g: Array  # (F, X) exact density of x = G(z), mean over each cell
    d: Array  # (F, X) D(x), strictly between 0 and 1
    d_star: Array  # (F, X) p_data / (p_data + p_g) at x itself
    z: Array  # (A,) noise values, equally spaced quantiles of p_z
    g: Array  # (F, A) where G sends them
    value: Array  # (F,) V(D, G)
    best_value: Array  # (F,) V(D*, G) = 2 JS - log 4
    js: Array  # (F,) Jensen-Shannon divergence in nats
    w1: Array  # (F,) W1(p_g, p_data) in units of the data
    w1_ema: Array  # (F,) the same for the averaged generator
    d_loss: Array  # (T,) discriminator loss at each training step (sum of two means)
    g_loss: Array  # (T,) generator loss at each training step


def compute(run: Run, member: int = 0, x_points: int = 161, arrows: int = 17) -> Curves:
    """Evaluate one GAN of a run at every recorded step.

    Parameters
    ----------
    run : Run
        With the snapshots of the weights.
    member : int
        Which GAN of the run, an index into ``run.seeds``.
    x_points : int
        Points of the x grid.
    arrows : int
        Noise values to follow, at the quantiles (i + 1/2) / arrows of p_z.

    Returns
    -------
    Curves
        In the units of the data.
    """
    if x_points < 2:
        raise ValueError(f"x_points must be at least 2, got {x_points}")
    if arrows < 1:
        raise ValueError(f"arrows must be at least 1, got {arrows}")
    p_data, p_z = run.settings.p_data, run.settings.p_z
    quantiles = (torch.arange(arrows, dtype=torch.float64) + 0.5) / arrows
    z = p_z.icdf(quantiles)
    frames = range(len(run.frames))
    with one_thread():
        g = torch.stack([run.generator(f, member)(z) for f in frames])  # (F, A)
        x = torch.linspace(*_range(p_data, g), x_points, dtype=torch.float64)
        real = pdf(p_data, x)
        p_g = [Pushforward(run.generator(f, member), p_z) for f in frames]
        mean = [Pushforward(run.generator(f, member, averaged=True), p_z) for f in frames]
        d = [run.discriminator(f, member) for f in frames]  # logits
        fake = torch.stack([p.pdf(x) for p in p_g])  # (F, X)
        best = np.array([theory.best_value(p_data, p) for p in p_g])
        return Curves(
            step=run.frames,
            x=x.numpy(),
            p_data=real.numpy(),
            p_g=torch.stack([_cell_means(p, x) for p in p_g]).numpy(),
            d=torch.stack([torch.sigmoid(logit(x)) for logit in d]).numpy(),
            # Where both densities round to 0 nobody looks, and D* is free: 1/2.
            d_star=theory.optimal_discriminator(real, fake).nan_to_num(nan=0.5).numpy(),
            z=z.numpy(),
            g=g.numpy(),
            value=np.array([theory.value(d[f], p_data, p_g[f]) for f in frames]),
            best_value=best,
            js=(best + LOG4) / 2,  # Theorem 1
            w1=np.array([theory.wasserstein1(p_data, p) for p in p_g]),
            w1_ema=np.array([theory.wasserstein1(p_data, p) for p in mean]),
            d_loss=run.d_loss[:, member].astype(np.float64),
            g_loss=run.g_loss[:, member].astype(np.float64),
        )


def final_w1(run: Run, averaged: bool = True) -> Array:
    """Exact W1(p_g, p_data) of every GAN of a run at its end, in standard deviations of p_data.

    Parameters
    ----------
    run : Run
        With S seeds.
    averaged : bool
        Judge the averaged generator (default), or the one that plays.

    Returns
    -------
    array, shape (S,)
    """
    p_data, p_z = run.settings.p_data, run.settings.p_z
    with one_thread():
        distances = [
            theory.wasserstein1(p_data, Pushforward(run.generator(-1, m, averaged), p_z))
            for m in range(len(run.seeds))
        ]
    return np.array(distances) / float(p_data.stddev)


def mode_shares(run: Run, averaged: bool = True) -> Array:
    """Exact probability that p_g gives to each mode of a mixture: within 3 sd of its mean.

    Returns
    -------
    array, shape (S, K)
        A perfect generator gives each of K equal modes 0.997 / K.

    Raises
    ------
    ValueError
        If the target of the run is not a mixture.
    """
    p_data, p_z = run.settings.p_data, run.settings.p_z
    if not isinstance(p_data, torch.distributions.MixtureSameFamily):
        raise ValueError(f"run must have a mixture as its target, got {run.settings.target!r}")
    part = p_data.component_distribution
    ends = torch.stack([part.mean - 3 * part.stddev, part.mean + 3 * part.stddev])  # (2, K)
    shares = []
    for m in range(len(run.seeds)):
        p_g = Pushforward(run.generator(-1, m, averaged), p_z)
        low, high = p_g.cdf(ends.reshape(-1)).reshape(2, -1)
        shares.append((high - low).numpy())
    return np.stack(shares)


def _cell_means(p_g: Pushforward, x: torch.Tensor) -> torch.Tensor:
    """Return the mean density over the cell of width h around each point of a regular grid."""
    h = (x[1] - x[0]).item()
    edges = torch.cat([x - h / 2, x[-1:] + h / 2])  # (X + 1,)
    return p_g.cdf(edges).diff() / h


def _range(p_data: Density, g: torch.Tensor) -> tuple[float, float]:
    """Return the x range to draw: all but 1e-4 of the data, and the samples at every frame."""
    low, high = interval(p_data, 1e-4)
    low, high = min(low, g.min().item()), max(high, g.max().item())
    margin = 0.04 * (high - low)  # so that no curve touches the frame
    return low - margin, high + margin
