"""How a 1-D run ended, for every seed at once: distance, modes, kinds of failure, success rate.

G is asked at equally likely noise values, the mid-points of n equal shares of p_z, for all seeds
and snapshots together.  No random samples: a share of probability is right to about 1/n for each
end of its interval, and W1 to a fraction of the data's standard deviation over n.

Examples
--------
>>> from gan_lessons import toy
>>> settings = toy.ToySettings(target="two modes", batch=16, g_hidden=(8,), d_hidden=(8,))
>>> x = outputs(toy.train(settings, seeds=[0, 1], steps=4, record_every=2, progress=False))
>>> x.shape, distances(x, settings.p_data).shape, kinds(x, settings.p_data)
((3, 2, 1024), (3, 2), ['covered', 'between'])
>>> print(rate([True] * 38 + [False] * 2))
38 of 40 (95 % interval 0.83 to 0.99)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from gan_lessons.densities import Density, cdf, interval
from gan_lessons.networks import perceptron
from gan_lessons.toy import Run, one_thread

Array = NDArray[np.float64]

KINDS = ("covered", "dropped", "between", "away", "point", "cycling")
COVERED = 0.5  # of a mode's own share: less, and the mode counts as dropped
OUTSIDE = 0.25  # of p_g further than 3 sd from every mode: more, and it lies between or away
POINT = 1.0  # sd of a mode: 90 % of p_g in less (a whole mode needs 3.3), and G has one output
LEAD = 0.8  # of p_g on one mode: that mode leads
HOPS = 2  # changes of the leading mode in the second half of the frames: there and back


class Rate(NamedTuple):
    """A count of successes and what it says about the probability; see `rate`."""

    successes: int
    n: int
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{self.successes} of {self.n} (95 % interval {self.low:.2f} to {self.high:.2f})"
        )  # fmt: skip


def rate(good: ArrayLike) -> Rate:
    """Count successes, with the Wilson interval of 95 % for their probability.

    Parameters
    ----------
    good : array of bool, shape (n,)
        One entry for each seed.  Each must come from the same setting, and none may have been
        used to choose it: the interval knows nothing of a choice.

    References
    ----------
    Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927).

    Examples
    --------
    >>> rate([True] * 40).low.__round__(4)  # 40 of 40 do not prove certainty
    0.9124
    """
    values = np.asarray(good)
    if values.ndim != 1 or not len(values) or values.dtype != bool:
        raise ValueError(f"good must be a row of truth values, got {values.dtype}{values.shape}")
    n, successes = len(values), int(values.sum())
    between = binomtest(successes, n).proportion_ci(method="wilson")
    return Rate(successes, n, float(between.low), float(between.high))


def outputs(run: Run, points: int = 1024, averaged: bool = False) -> Array:
    """Return where G sends equally likely noise values, sorted.

    Parameters
    ----------
    run : Run
        With F snapshots of S GANs.
    points : int
        How many noise values: the quantiles (i + 1/2) / points of p_z.
    averaged : bool
        Of the averaged generator, or (default) of the one that plays.

    Returns
    -------
    array, shape (F, S, points)
        In the units of the data, increasing along the last axis: the quantiles of p_g.
    """
    if points < 2:
        raise ValueError(f"points must be at least 2, got {points}")
    levels = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    z = run.settings.p_z.icdf(levels).expand(len(run.seeds), -1)[..., None]  # (S, points, 1)
    activation, _ = run.settings.activations
    mean, sd = run.settings.scale
    networks = run.weights["averaged" if averaged else "generator"]
    with one_thread():
        x = [
            perceptron(z, [torch.from_numpy(w[f]).double() for w in networks], activation)
            for f in range(len(run.frames))
        ]
        return (mean + sd * torch.stack(x)[..., 0]).sort(-1).values.numpy()


def quantiles(density: Density, points: int) -> Array:
    """Return the quantiles (i + 1/2) / points of a density, by inverting its cdf.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> quantiles(gaussian(0.0, 1.0), 3).round(4)  # -0.9674, 0, 0.9674
    array([-0.9674,  0.    ,  0.9674])
    """
    if points < 1:
        raise ValueError(f"points must be at least 1, got {points}")
    x = torch.linspace(*interval(density, 1e-12), 20_001, dtype=torch.float64)
    levels = (np.arange(points) + 0.5) / points
    found: Array = np.interp(levels, cdf(density, x).numpy(), x.numpy())
    return found + 0.0  # no minus zero


def distances(x: ArrayLike, p_data: Density) -> Array:
    """W1 between p_g and p_data, in standard deviations of p_data.

    In one dimension it is the mean distance between quantiles of the same level.

    Parameters
    ----------
    x : array, shape (..., points)
        From `outputs`.
    p_data : Density
        The target.

    Returns
    -------
    array, shape (...)
    """
    values = np.asarray(x, dtype=np.float64)
    apart = np.abs(values - quantiles(p_data, values.shape[-1])).mean(-1)
    return np.asarray(apart / float(p_data.stddev))


def mode_shares(x: ArrayLike, p_data: Density) -> Array:
    """Probability that p_g gives to each mode of a mixture: within 3 sd of its mean.

    Parameters
    ----------
    x : array, shape (..., points)
        From `outputs`.
    p_data : Density
        A mixture of K normal densities.

    Returns
    -------
    array, shape (..., K)
        What is missing from a sum of 1 lies between the modes, or outside of them.
    """
    means, sds, _ = _modes(p_data)
    near = np.abs(np.asarray(x)[..., None] - means) < 3 * sds  # (..., points, K)
    return np.asarray(near.mean(-2))


def kinds(x: ArrayLike, p_data: Density) -> list[str]:
    """Say for each GAN how its run on a mixture ended: the first of these rules that holds.

    cycling  in the second half of the frames, the mode that holds more than 80 % of p_g changes
             at least twice: there and back
    point    90 % of p_g lies in less than one standard deviation of a mode
    between  more than a quarter of p_g lies between two modes, further than 3 standard
             deviations from every mode
    away     more than a quarter of p_g lies outside of all modes, so far from them
    dropped  some mode has less than half of the share that p_data gives it
    covered  none of the above

    All but the first look at the last frame only.

    Parameters
    ----------
    x : array, shape (F, S, points)
        From `outputs`.
    p_data : Density
        A mixture of normal densities.

    Returns
    -------
    list of str, length S
    """
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 3:
        raise ValueError(f"x must have shape (frames, seeds, points), got {values.shape}")
    shares = mode_shares(values, p_data)  # (F, S, K)
    means, sds, weights = _modes(p_data)
    low, high = np.quantile(values[-1], [0.05, 0.95], axis=-1)
    far = (np.abs(values[-1][..., None] - means) >= 3 * sds).all(-1)  # (S, points)
    inside = (values[-1] > means.min()) & (values[-1] < means.max())
    rules = {
        "cycling": np.array([_hops(one) for one in shares[len(shares) // 2 :].swapaxes(0, 1)])
        >= HOPS,
        "point": high - low < POINT * sds.min(),
        "between": (far & inside).mean(-1) > OUTSIDE,
        "away": (far & ~inside).mean(-1) > OUTSIDE,
        "dropped": (shares[-1] < COVERED * weights).any(-1),
    }
    return [str(k) for k in np.select(list(rules.values()), list(rules), "covered")]


def bends(run: Run, low: float, high: float, frame: int = -1) -> NDArray[np.int64]:
    """Count the kinks of D between two points, for a D with one hidden layer of ReLU units.

    The unit relu(w x + b) bends at x = -b / w, and nowhere else.  Where D has no kink, its logit
    is a straight line.

    Parameters
    ----------
    run : Run
        Whose D has one hidden layer of ReLU units.
    low, high : float
        Where to look, in the units of the data.
    frame : int
        Which snapshot; by default the last.

    Returns
    -------
    array of int, shape (S,)
    """
    settings = run.settings
    if len(settings.d_hidden) != 1 or (settings.d_activation or settings.activation) != "relu":
        given = settings.d_hidden, settings.d_activation or settings.activation
        raise ValueError(f"run must have a D with one layer of ReLU units, got {given}")
    w, b = (one[frame, :, 0] for one in run.weights["discriminator"][:2])  # (S, units)
    mean, sd = settings.scale
    with np.errstate(divide="ignore", invalid="ignore"):
        at = mean - sd * b.astype(np.float64) / w
    return np.asarray(((at > low) & (at < high)).sum(-1))


def _hops(shares: Array) -> int:
    """How often the mode with almost all of p_g changes; shares has shape (F, K)."""
    leader = shares.argmax(-1)[shares.max(-1) > LEAD]
    return int((np.diff(leader) != 0).sum())


def _modes(p_data: Density) -> tuple[Array, Array, Array]:
    """Return (means, sds, weights) of a mixture, each of shape (K,)."""
    if not isinstance(p_data, torch.distributions.MixtureSameFamily):
        raise ValueError(f"p_data must be a mixture, got {type(p_data).__name__}")
    part = p_data.component_distribution
    return part.mean.numpy(), part.stddev.numpy(), p_data.mixture_distribution.probs.numpy()
