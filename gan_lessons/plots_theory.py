"""Static plots of the theory chapters, in the style and the colours of `gan_lessons.plots`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from scipy.stats import norm

from gan_lessons import finite_game
from gan_lessons.curves import Curves
from gan_lessons.plots import DASHES, DATA, DISCRIMINATOR, GENERATED, INK, MUTED

Array = NDArray[np.float64]
LINES = ["-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1))]


def pointwise(pairs: Sequence[tuple[float, float]]) -> Figure:
    """Draw a log y + b log(1 - y) over y for several (a, b), with a dot at y = a / (a + b)."""
    if not pairs or any(min(pair) < 0 or sum(pair) == 0 for pair in pairs):
        raise ValueError(f"pairs must be (a, b) with a, b >= 0, not both 0, got {pairs}")
    fig, ax = plt.subplots(figsize=(7.2, 2.8))
    y = np.linspace(1e-3, 1 - 1e-3, 400)
    colors = [DATA, GENERATED, DISCRIMINATOR, MUTED, INK]
    for i, (a, b) in enumerate(pairs):
        best = a / (a + b)
        color = colors[i % 5]
        ax.plot(y, a * np.log(y) + b * np.log1p(-y), color=color, ls=LINES[i % 5],
                label=f"$a={a:g},\\ b={b:g}$")  # fmt: skip
        ax.plot(best, xlogy(a, best) + xlogy(b, 1 - best), "o", color=color, clip_on=False)
    ax.set(xlabel="$y$, what $D$ says at $x$", ylabel=r"$a\,\log y + b\,\log(1-y)$",
           ylim=(-4, 0.15), xlim=(0, 1))  # fmt: skip
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=len(pairs))
    return fig


def minibatches(values: Mapping[int, ArrayLike], exact: float, spread: float) -> Figure:
    """Draw histograms of minibatch values of V, one panel for each batch size.

    Parameters
    ----------
    values : mapping of int to array
        Estimates of V for each batch size m.
    exact : float
        V itself.
    spread : float
        Standard deviation for m = 1 (`gan_lessons.theory.value_spread`); the normal curve with
        ``spread / sqrt(m)`` is drawn over each histogram.
    """
    if not values:
        raise ValueError("values must hold at least one batch size, got none")
    fig, axes = plt.subplots(1, len(values), figsize=(7.2, 2.3), sharex=True, squeeze=False)
    for ax, (m, v) in zip(axes[0], values.items(), strict=True):
        ax.hist(np.asarray(v), bins=30, density=True, color=DISCRIMINATOR, alpha=0.35)
        low, high = ax.get_xlim()
        x = np.linspace(low, high, 300)
        ax.plot(x, norm.pdf(x, exact, spread / math.sqrt(m)), color=INK, lw=1.2)
        ax.axvline(exact, color=INK, lw=1, ls="--")
        ax.set(title=f"$m = {m}$", xlabel="minibatch $V$")
        ax.set_yticks([])
    return fig


def moves(p_data: float, replies: Sequence[tuple[float, float]], only: Sequence[float]) -> Figure:
    """Draw V over p_g(1) on the two values {0, 1}: a line for each D, a curve for the best D.

    Parameters
    ----------
    p_data : float
        p_data(1).
    replies : sequence of pairs
        Discriminators (D(0), D(1)) to draw.
    only : sequence of float
        Values p_g(1) of a restricted generator, marked on the curve.
    """
    fig, ax = plt.subplots(figsize=(7.2, 3.4))
    data = [1 - p_data, p_data]
    q = np.linspace(0, 1, 201)
    laws = np.stack([1 - q, q], -1)
    for i, d in enumerate(replies):
        ax.plot(q, finite_game.value(d, data, laws), color=DISCRIMINATOR, lw=1.3,
                ls=LINES[i % 5], label=f"$D(0)={d[0]:.2f},\\ D(1)={d[1]:.2f}$")  # fmt: skip
    best = finite_game.best_value(data, laws)
    ax.plot(q, best, color=INK, lw=2.2, label="best $D$ for each $p_g$")
    ax.plot(p_data, -math.log(4), "o", color=GENERATED, ms=8, zorder=3)
    for at in only:
        ax.plot(at, finite_game.best_value(data, [1 - at, at]), "s", color=GENERATED, mfc="white",
                ms=8, mew=1.8, zorder=3, clip_on=False)  # fmt: skip
    ax.axhline(-math.log(4), color=MUTED, lw=0.8, ls=":")
    ax.text(1.01, -math.log(4), "$-\\log 4$", transform=ax.get_yaxis_transform(), va="center")
    ax.set(xlabel="$p_g(1)$", ylabel="$V$", xlim=(0, 1), ylim=(-2.1, float(best.max()) + 0.08))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)
    return fig


def regret(x: ArrayLike, d: ArrayLike, d_star: ArrayLike, p_data: ArrayLike,
           p_g: ArrayLike) -> Figure:  # fmt: skip
    """Draw D and D* above, and below the integrand of V(D*) - V(D), whose area is the gap."""
    x, d, d_star, p, q = (np.asarray(v, dtype=np.float64) for v in (x, d, d_star, p_data, p_g))
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(7.2, 3.6), sharex=True, height_ratios=(3, 2))
    top.plot(x, p, color=DATA, ls=DASHES[DATA], lw=1.2, label=r"$p_{\mathrm{data}}$")
    top.plot(x, q, color=GENERATED, ls=DASHES[GENERATED], lw=1.2, label="$p_g$")
    top.plot(x, d_star, color=INK, ls=":", label="$D^*$")
    top.plot(x, d, color=DISCRIMINATOR, label="$D$")
    top.set(ylim=(-0.03, 1.03))
    top.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    top.legend(loc="upper right", bbox_to_anchor=(1.16, 1))
    kl = xlogy(d_star, d_star / d) + xlogy(1 - d_star, (1 - d_star) / (1 - d))
    bottom.fill_between(x, (p + q) * kl, color=DISCRIMINATOR, alpha=0.3, lw=0, hatch="///")
    bottom.plot(x, (p + q) * kl, color=DISCRIMINATOR, lw=1.2)
    bottom.set(xlabel="$x$", ylabel="integrand", ylim=(0, None))
    return fig


def descent(x: ArrayLike, p_data: ArrayLike, path: ArrayLike, steps: Sequence[int]) -> Figure:
    """Draw p_g at some steps of a descent on the law itself, and C - (-log 4) at every step."""
    x, p, q = (np.asarray(v, dtype=np.float64) for v in (x, p_data, path))
    if not len(steps) or not 0 <= min(steps) <= max(steps) < len(q):
        raise ValueError(f"steps must lie between 0 and {len(q) - 1}, got {list(steps)}")
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.2))
    h = x[1] - x[0]
    left.plot(x, p / h, color=DATA, lw=2.2, label=r"$p_{\mathrm{data}}$")
    for i, step in enumerate(steps):
        alpha = 0.35 + 0.65 * (i + 1) / len(steps)  # later is darker
        left.plot(x, q[step] / h, color=GENERATED, lw=1.4, ls=LINES[(i + 1) % 5], alpha=alpha,
                  label=f"$p_g$, step {step}")  # fmt: skip
    left.set(xlabel="$x$", ylabel="density")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    js2 = np.maximum(finite_game.best_value(p, q) + finite_game.LOG4, 1e-17)
    right.semilogy(js2, color=INK)
    right.set(xlabel="step", ylabel=r"$C(p_g) - (-\log 4)$", ylim=(1e-14, None))
    return fig


def four_panels(curves: Curves, frames: Sequence[int], titles: Sequence[str]) -> Figure:
    """Draw the moments of a run as the 2014 paper's Figure 1 does: D, the densities, z to x.

    Parameters
    ----------
    curves : Curves
        Of a run.
    frames : sequence of int
        Indices of the moments.
    titles : sequence of str
        One for each.
    """
    if len(frames) != len(titles) or not len(frames):
        raise ValueError(f"titles must be one for each frame, got {len(titles)} for {len(frames)}")
    fig, axes = plt.subplots(3, len(frames), figsize=(7.2, 4.4), sharex=True, sharey="row",
                             squeeze=False, height_ratios=(2, 3, 2))  # fmt: skip
    for (top, middle, bottom), frame, title in zip(axes.T, frames, titles, strict=True):
        asked = curves.p_data + curves.p_g[frame] >= 0.01 * curves.p_data.max()
        top.plot(curves.x, np.where(asked, curves.d_star[frame], np.nan), color=INK, ls=":",
                 label="$D^*$")  # fmt: skip
        top.plot(curves.x, curves.d[frame], color=DISCRIMINATOR, label="$D$")
        top.set(title=title, ylim=(-0.03, 1.03))
        top.set_yticks([0, 0.5, 1], ["0", "½", "1"])
        middle.plot(curves.x, curves.p_data, color=DATA, label=r"$p_{\mathrm{data}}$")
        middle.plot(curves.x, curves.p_g[frame], color=GENERATED, ls=DASHES[GENERATED],
                    label="$p_g$")  # fmt: skip
        middle.fill_between(curves.x, curves.p_g[frame], color=GENERATED, alpha=0.15, lw=0)
        middle.set(ylim=(0, 1.35 * curves.p_data.max()))
        _arrows(bottom, curves, frame)
    axes[0, 0].legend(loc="upper left", handlelength=1.3)
    axes[1, -1].legend(loc="upper right", handlelength=1.3)
    for ax, label in zip(axes[:, 0], ("$D(x)$", "density", ""), strict=True):
        ax.set_ylabel(label)
    return fig


def _arrows(ax: Axes, curves: Curves, frame: int) -> None:
    """Join values of z, drawn below on an axis of their own, to where G sends them."""
    low, high = curves.x[0], curves.x[-1]
    z = (low + high) / 2 + 0.8 * (high - low) / 2 * curves.z / np.abs(curves.z).max()
    for start, end in zip(z, curves.g[frame], strict=True):
        ax.add_artist(ConnectionPatch((start, 0.0), (end, 1.0), "data", arrowstyle="-|>",
                                      mutation_scale=6, color=MUTED, lw=0.7))  # fmt: skip
    ax.axhline(0, color=INK, lw=0.8)
    ax.axhline(1, color=INK, lw=0.8)
    ax.set(ylim=(-0.08, 1.08), xlabel="$x$")
    ax.set_yticks([0, 1], ["$z$", "$x$"])


def along(value: ArrayLike, best: ArrayLike, marks: Mapping[str, int], updates: ArrayLike,
          xlabel: str, ylim: tuple[float, float] | None = None) -> Figure:  # fmt: skip
    """Draw V(D, G) and V(D*, G) along a run, with vertical lines at named moments.

    Parameters
    ----------
    value, best : array, shape (F,)
        V as it is and as the best D would make it.
    marks : mapping of str to int
        Names of moments, and their indices into the arrays.
    updates : array, shape (F,)
        How far the run is at each.
    xlabel : str
        What `updates` counts.
    ylim : pair of float, optional
        Ends of the axis of V; by default all of both curves is shown.
    """
    v, b, at = (np.asarray(values, dtype=np.float64) for values in (value, best, updates))
    fig, ax = plt.subplots(figsize=(7.2, 2.9))
    ax.plot(at, b, color=INK, ls=":", label=r"$V(D^*, G) = 2\,\mathrm{JS} - \log 4$")
    ax.plot(at, v, color=DISCRIMINATOR, label="$V(D, G)$")
    ax.fill_between(at, v, b, color=DISCRIMINATOR, alpha=0.15, lw=0)
    ax.axhline(-math.log(4), color=MUTED, lw=0.8, ls="--")
    ax.text(1.01, -math.log(4), "$-\\log 4$", transform=ax.get_yaxis_transform(), va="center")
    places = [at[i] for i in marks.values()]
    for name, x in zip(marks, places, strict=True):
        # Names of moments that are close together move apart.
        near = [y - x for y in places if y != x and abs(y - x) < 0.04 * (at[-1] - at[0])]
        side = "center" if not near else "right" if near[0] > 0 else "left"
        ax.axvline(x, color=MUTED, lw=0.8)
        ax.text(x, 1.01, name, transform=ax.get_xaxis_transform(), ha=side, va="bottom")
    ax.set(xlabel=xlabel, ylabel="nats", ylim=ylim)
    ax.legend(loc="upper center", bbox_to_anchor=(0.65, 1))
    return fig


def against_n(groups: Mapping[str, Mapping[int, ArrayLike]], limits: Mapping[str, float],
              ylabel: str) -> Figure:  # fmt: skip
    """Draw medians and all single results against the number of samples, n on a log axis.

    Parameters
    ----------
    groups : mapping of str to mapping of int to array
        For each curve and each n one result per seed.
    limits : mapping of str to float
        Horizontal lines and their names.
    ylabel : str
        What the results are.
    """
    if not groups:
        raise ValueError("groups must hold at least one curve, got none")
    fig, ax = plt.subplots(figsize=(7.2, 3.0))
    markers, colors = "os^D", [DISCRIMINATOR, GENERATED, DATA, INK]
    for i, (name, results) in enumerate(groups.items()):
        color, shift = colors[i % 4], 1.06 ** (i - (len(groups) - 1) / 2)
        n = np.array([*results], dtype=np.float64) * shift
        for at, values in zip(n, results.values(), strict=True):
            v = np.asarray(values, dtype=np.float64)
            ax.plot(np.full(len(v), at), v, markers[i % 4], ms=3, mfc="none", alpha=0.4,
                    color=color)  # fmt: skip
        ax.plot(n, [np.median(np.asarray(v)) for v in results.values()], markers[i % 4],
                color=color, ls=LINES[i % 5], label=name)  # fmt: skip
    for name, at in limits.items():
        ax.axhline(at, color=MUTED, lw=0.9, ls="--")
        ax.text(1.01, at, name, transform=ax.get_yaxis_transform(), va="center")
    ax.set(xscale="log", xlabel="number of real samples, and of fake ones", ylabel=ylabel)
    ax.legend()
    return fig
