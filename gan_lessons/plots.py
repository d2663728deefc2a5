"""Static plots of 1-D GANs, in one style: colours that colour-blind readers tell apart, each
with a dash of its own.

Call `use_style` once at the start of a notebook.
"""  # noqa: D205 - one sentence, too long for a line

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.resources import files

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from gan_lessons.curves import Curves
from gan_lessons.densities import interval, pdf
from gan_lessons.theory import Pushforward
from gan_lessons.toy import Run

# What is drawn in which colour, here and in the interactive figures.
DATA, GENERATED, DISCRIMINATOR = "#0072b2", "#bf5000", "#00795a"
INK, MUTED = "#1f2430", "#4a5260"
DASHES = {DATA: "-", GENERATED: (0, (5, 2)), DISCRIMINATOR: "-"}


def use_style() -> None:
    """Switch matplotlib to the style of the book, and notebooks to crisp SVG pictures."""
    plt.style.use(str(files("gan_lessons") / "gan_lessons.mplstyle"))
    if mpl.get_backend().lower().endswith("inline"):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})


def diagram() -> Figure:
    """Draw who sees what in a GAN: solid arrows carry samples, dashed ones carry gradients."""
    fig, ax = plt.subplots(figsize=(7.2, 2.7))
    boxes = {
        "noise": (0.9, 0.6, "noise\n$z \\sim p_z$", INK),
        "G": (3.1, 0.6, "generator\n$G$", GENERATED),
        "data": (3.1, 2.1, "data\n$x \\sim p_{\\mathrm{data}}$", DATA),
        "D": (6.4, 1.35, "discriminator\n$D$", DISCRIMINATOR),
        "V": (9.1, 1.35, "$V(D, G)$", INK),
    }
    for x, y, text, color in boxes.values():
        ax.text(x, y, text, ha="center", va="center", color=color, fontsize=11,
                bbox={"boxstyle": "round,pad=0.5", "fc": "none", "ec": color})  # fmt: skip
    straight = "arc3"
    for start, end, text, at in (
        ((1.6, 0.6), (2.25, 0.6), "", (0, 0)),
        ((4.0, 0.6), (5.35, 1.1), "$G(z)$", (4.9, 0.62)),
        ((3.95, 2.1), (5.35, 1.6), "real $x$", (4.85, 2.1)),
        ((7.45, 1.35), (8.3, 1.35), "", (0, 0)),
    ):
        ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.4,
                                                "connectionstyle": straight})  # fmt: skip
        ax.text(at[0], at[1], text, ha="center", va="center")
    for start, end, color, bend in (
        ((8.95, 1.75), (6.7, 1.85), DISCRIMINATOR, 0.45),
        ((8.95, 0.95), (3.5, 0.1), GENERATED, -0.35),
    ):
        ax.annotate("", end, start, arrowprops={
            "arrowstyle": "-|>", "color": color, "lw": 1.4, "ls": (0, (4, 3)),
            "connectionstyle": f"arc3,rad={bend}"})  # fmt: skip
    ax.text(7.9, 2.45, "gradient for $D$ (ascends)", ha="center", color=DISCRIMINATOR)
    ax.text(8.75, -0.5, "gradient for $G$ (descends),\nthrough $D$", ha="center", color=GENERATED)
    ax.set(xlim=(0, 10.3), ylim=(-0.6, 2.7))
    ax.axis("off")
    return fig


def moments(curves: Curves, steps: Sequence[int]) -> Figure:
    """Draw D(x), D*(x) and the two densities at several training steps, side by side.

    Parameters
    ----------
    curves : Curves
        A recorded run.
    steps : sequence of int
        Training steps; the nearest recorded ones are drawn.
    """
    if not len(steps):
        raise ValueError("steps must name at least one training step, got none")
    fig, axes = plt.subplots(
        2, len(steps), figsize=(7.2, 3.6), sharex=True, sharey="row", squeeze=False,
        height_ratios=(2, 3),
    )  # fmt: skip
    for (top, bottom), step in zip(axes.T, steps, strict=True):
        frame = int(np.abs(curves.step - step).argmin())
        # Where there is hardly any data or sample, D is never asked: D* says nothing there.
        asked = curves.p_data + curves.p_g[frame] >= 0.01 * curves.p_data.max()
        d_star = np.where(asked, curves.d_star[frame], np.nan)
        top.plot(curves.x, d_star, color=INK, ls=":", lw=1.4, label="$D^*$")
        top.plot(curves.x, curves.d[frame], color=DISCRIMINATOR, label="$D$")
        top.set(title=f"step {curves.step[frame]}", ylim=(-0.03, 1.03))
        top.set_yticks([0, 0.5, 1], ["0", "½", "1"])
        _densities(bottom, curves.x, curves.p_data, curves.p_g[frame])
    top.legend(loc="upper right", handlelength=1.5)
    bottom.legend(loc="upper right", handlelength=1.5)
    axes[0, 0].set_ylabel("$D(x)$")
    axes[1, 0].set_ylabel("density")
    fig.supxlabel("$x$", fontsize=10)
    return fig


def losses(curves: Curves, width: int = 10) -> Figure:
    """Draw the two minibatch losses, averaged over `width` steps, with their optima.

    The lines are log 4 for the discriminator and log 2 for the non-saturating generator.
    """
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width}")
    fig, ax = plt.subplots(figsize=(7.2, 2.6))
    optimum = {"discriminator": math.log(4), "generator": math.log(2)}
    for name, values, color in (
        ("discriminator", curves.d_loss, DISCRIMINATOR),
        ("generator", curves.g_loss, GENERATED),
    ):
        n = len(values) // width * width
        mean = values[:n].reshape(-1, width).mean(1)
        steps = (np.arange(len(mean)) + 0.5) * width
        ax.plot(steps, mean, color=color, ls=DASHES[color], label=f"{name} (mean of {width} steps)")
        ax.axhline(optimum[name], color=color, lw=1, ls=":")
    ax.text(
        1.01, optimum["discriminator"], "log 4", transform=ax.get_yaxis_transform(), va="center"
    )
    ax.text(1.01, optimum["generator"], "log 2", transform=ax.get_yaxis_transform(), va="center")
    ax.set(xlabel="training step", ylabel="loss (nats)", ylim=(0, None))
    ax.legend(ncols=2, loc="lower right")
    return fig


def many_seeds(run: Run, distances: ArrayLike, columns: int = 5) -> Figure:
    """Draw p_g of every GAN of a run at its end, as small multiples sorted by distance.

    Parameters
    ----------
    run : Run
        With S seeds; the averaged generators are drawn.
    distances : array, shape (S,)
        W1 of each, from `gan_lessons.curves.final_w1`; printed above each panel.
    columns : int
        Panels in a row.
    """
    distance = np.asarray(distances, dtype=np.float64)
    if distance.shape != run.seeds.shape:
        raise ValueError(f"distances must have shape {run.seeds.shape}, got {distance.shape}")
    p_data, p_z = run.settings.p_data, run.settings.p_z
    x = torch.linspace(*interval(p_data, 1e-4), 241, dtype=torch.float64)
    real = pdf(p_data, x).numpy()
    rows = math.ceil(len(distance) / columns)
    fig, axes = plt.subplots(
        rows, columns, figsize=(7.2, 1.15 * rows + 0.3), sharex=True, sharey=True, squeeze=False
    )
    for ax in axes.flat[len(distance) :]:
        ax.set_visible(False)
    for ax, member in zip(axes.flat, np.argsort(distance), strict=False):
        p_g = Pushforward(run.generator(-1, member, averaged=True), p_z)
        _densities(ax, x.numpy(), real, p_g.pdf(x).numpy())
        ax.set_title(f"seed {run.seeds[member]}: {distance[member]:.3f}", fontsize=8)
        ax.set_yticks([])
    return fig


def strips(groups: Mapping[str, ArrayLike], bar: float, xlabel: str) -> Figure:
    """Draw one row of dots for each group, on a logarithmic axis, with a bar to be beaten.

    Parameters
    ----------
    groups : mapping of str to array
        Positive numbers, one for each seed.
    bar : float
        Values below it count as a success; the count is written beside the row.
    xlabel : str
        What the numbers are.
    """
    if not groups:
        raise ValueError("groups must hold at least one row, got none")
    fig, ax = plt.subplots(figsize=(7.2, 0.36 * len(groups) + 0.8))
    for row, values in enumerate(groups.values()):
        v = np.asarray(values, dtype=np.float64)
        good = v < bar
        # Filled and hollow: a second cue beside the side of the line.
        ax.plot(v[good], np.full(good.sum(), row), "o", ms=5, color=DATA, alpha=0.7)
        ax.plot(v[~good], np.full((~good).sum(), row), "o", ms=5, mfc="none", color=GENERATED)
        ax.text(1.01, row, f"{good.sum()} of {len(v)}", transform=ax.get_yaxis_transform(),
                va="center")  # fmt: skip
    ax.axvline(bar, color=INK, lw=1, ls="--")
    ax.set(xscale="log", xlabel=xlabel, ylim=(len(groups) - 0.5, -0.5))
    ax.set_yticks(range(len(groups)), [*groups])
    return fig


def _densities(ax: Axes, x: np.ndarray, p_data: np.ndarray, p_g: np.ndarray) -> None:
    top = 1.9 * p_data.max()  # p_g may have endless spikes
    ax.plot(x, p_data, color=DATA, ls=DASHES[DATA], label=r"$p_{\mathrm{data}}$")
    ax.plot(x, p_g, color=GENERATED, ls=DASHES[GENERATED], label="$p_g$")
    ax.fill_between(x, np.minimum(p_g, top), color=GENERATED, alpha=0.15, lw=0)
    ax.set_ylim(0, top)
