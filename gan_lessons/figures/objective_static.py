"""Where the objective comes from, in matplotlib: for paper, without scripts, for live widgets."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch.nn.functional import softplus

from gan_lessons.densities import gaussian, pdf
from gan_lessons.figures.explorer_parts import State
from gan_lessons.figures.explorer_static import finish, sheet
from gan_lessons.figures.explorer_words import mathtext
from gan_lessons.figures.objective import DEPTHS, FLOORS, HIGH, LOG_4, LOW, WORDS, line
from gan_lessons.plots import DATA, DISCRIMINATOR, GENERATED, INK

DASH = (0, (5, 2))


def draw(state: State, numbers: dict[str, float]) -> Figure:
    """Draw D, the densities, the two integrands and V.

    Parameters
    ----------
    state, numbers
        A state of the figure and its numbers.

    Returns
    -------
    Figure
        Unknown to pyplot.
    """
    shown = str(state["areas"])
    drawing = sheet(6.4)
    judge, mass, cost, bar = drawing.subplots(4, 1, height_ratios=(2, 2.2, 2.8, 0.9))
    x = torch.linspace(LOW, HIGH, 961, dtype=torch.float64)
    logits = {}
    for name, color, style in (("best", INK, "--"), ("own", DISCRIMINATOR, "-")):
        steep, centre = line(state, name)
        logits[name] = steep * (x - centre)
        label, lw = mathtext(WORDS[f"legend_{name}"]), 2.6 if name == shown else 1.5
        judge.plot(x, torch.sigmoid(logits[name]), color=color, ls=style, lw=lw, label=label)
    judge.set(xlim=(LOW, HIGH), ylim=(-0.03, 1.03))
    judge.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    judge.tick_params(labelbottom=False)
    p_data, p_g = pdf(gaussian(0.0, 1.0), x), pdf(gaussian(state["mean"], 1.0), x)
    logit = logits[shown]
    costs = (-p_data * softplus(-logit)).numpy(), (-p_g * softplus(logit)).numpy()
    for ax, curves, names in (
        (mass, (p_data.numpy(), p_g.numpy()), ("p_data", "p_g")),
        (cost, costs, (f"data_{shown}", f"fake_{shown}")),
    ):
        for y, color, dash, hatch, name in zip(
            curves, (DATA, GENERATED), ("-", DASH), ("///", "\\\\\\"), names, strict=True
        ):
            ax.plot(x, y, color=color, ls=dash, label=mathtext(WORDS[name]))
            if ax is mass:
                ax.fill_between(x, y, color=color, alpha=0.15, lw=0)
            else:
                ax.fill_between(x, y, facecolor="none", edgecolor=color, lw=0, hatch=hatch)
        ax.set_xlim(LOW, HIGH)
    mass.set(ylim=(0, 0.44), xlabel="$x$")
    least = min(y.min() for y in costs)
    cost.set_ylim(-next((d for d in DEPTHS if d >= -least), DEPTHS[-1]), 0)
    cost.tick_params(labelbottom=False)
    _bar(bar, numbers, shown)
    for ax in (judge, mass, cost):
        finish(ax)
    finish(bar, columns=1)
    bar.spines["left"].set_visible(False)
    return drawing


def _bar(ax: Axes, numbers: dict[str, float], shown: str) -> None:
    """Draw V as the two areas end to end."""
    first, both, best = numbers[f"data_{shown}"], numbers[shown], numbers["best"]
    name = mathtext(WORDS[f"bar_{shown}"])
    ax.barh(0, first, fc="none", ec=DATA, hatch="///", height=0.6, label=name)
    ax.barh(0, both - first, left=first, fc="none", ec=GENERATED, hatch="\\\\\\", height=0.6)
    ax.axvline(-LOG_4, color=INK, lw=1.2, ls=":")
    ax.plot([best], [0.55], marker="v", color=INK, clip_on=False)
    low = -next((f for f in FLOORS if f >= -1.2 * both), FLOORS[-1])
    ax.annotate(WORDS["log_4"], (-LOG_4, -0.5), (3, 1), textcoords="offset points", fontsize=8)
    right = bool(np.abs(best / low) < 0.5)
    ax.annotate(mathtext(WORDS["most"]), (best, 0.55), (-6 if right else 6, -3), fontsize=8,
                textcoords="offset points", ha="right" if right else "left")  # fmt: skip
    ax.set(xlim=(low, 0), ylim=(-0.5, 0.8), yticks=[])
