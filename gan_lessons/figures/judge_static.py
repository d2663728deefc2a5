"""The figure "You are the discriminator" in matplotlib, for paper and for live widgets."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gan_lessons.densities import pdf
from gan_lessons.figures.explorer_parts import State
from gan_lessons.figures.explorer_static import finish, sheet
from gan_lessons.figures.explorer_words import mathtext
from gan_lessons.figures.judge import HANDLES, HIGH, LOW, NAMES, densities, logit_of, loss
from gan_lessons.figures.judge_words import WORDS
from gan_lessons.plots import DATA, INK, MUTED
from gan_lessons.plots import DISCRIMINATOR as JUDGE
from gan_lessons.plots import GENERATED as MADE

Array = NDArray[np.float64]


def draw(state: State) -> Figure:
    """Draw D, the two densities, and what D loses at each x.

    Parameters
    ----------
    state
        Before the commit neither D* nor the loss is drawn.

    Returns
    -------
    Figure
        Unknown to pyplot.
    """
    drawing = sheet(5.8)
    top, middle, below = drawing.subplots(3, 1, sharex=True)
    p, q = densities(state)
    grid = np.r_[
        np.linspace(LOW, HIGH, 561), state["g_mean"] + state["g_sd"] * np.arange(-4, 4, 0.05)
    ]
    x = torch.from_numpy(np.unique(grid[(grid >= LOW) & (grid <= HIGH)]))
    mine = state["part"] == "judge"
    open_ = not mine or state["phase"] == "seen"
    played = logit_of(state) if mine else torch.zeros_like
    star = p.log_prob(x) - q.log_prob(x)
    if mine:
        top.plot(x, torch.sigmoid(played(x)), color=JUDGE, label=_math("legend_yours"))
        heights = torch.sigmoid(torch.tensor([state[name] for name in NAMES]))
        top.plot(HANDLES, heights, "o", color=JUDGE, ms=7)
    if open_:
        name = "legend_best" if mine else "legend_answer"
        top.plot(x, torch.sigmoid(star), color=INK, ls=":", lw=1.8, label=_math(name))
    top.set(xlim=(LOW, HIGH), ylim=(-0.04, 1.04))
    top.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    for one, color, dash, name in ((p, DATA, "-", "p"), (q, MADE, (0, (5, 2)), "q")):
        y = pdf(one, x).numpy()
        middle.plot(x, y, color=color, ls=dash, label=_math(name))
        middle.fill_between(x, y, color=color, alpha=0.15, lw=0)
    middle.set_ylim(0, None)
    lost = loss(p, q, played)(x).clamp(min=0).numpy()
    if open_:
        _lost(below, x.numpy(), lost, None if mine else star.numpy())
        below.set_ylim(0, 1.12 * max(0.02, float(lost.max())))
    else:
        below.plot([], [], " ", label=_math("legend_hidden"))
        below.text(0.5, 0.45, WORDS["hidden"], transform=below.transAxes, color=MUTED, size=20)
        below.set_yticks([])
    below.set_xlabel("$x$")
    for ax in (top, middle, below):
        finish(ax)
    return drawing


def _lost(ax: Axes, x: Array, lost: Array, star: Array | None) -> None:
    ax.plot(x, lost, color=INK, lw=1.2)
    if star is None:
        ax.fill_between(x, lost, color=JUDGE, alpha=0.4, lw=0, label=_math("legend_regret"))
        return
    ax.fill_between(x, lost, where=star > 0, color=DATA, alpha=0.3, lw=0, label=_math("legend_few"))
    ax.fill_between(x, lost, where=star <= 0, facecolor="none", edgecolor=MADE, lw=0, hatch="////",
                    label=_math("legend_many"))  # fmt: skip


def _math(name: str) -> str:
    return mathtext(WORDS[name])
