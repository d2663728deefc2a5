"""The forces of both losses in matplotlib: for paper, without scripts, for live widgets."""

from __future__ import annotations

import math

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_lessons.densities import gaussian, pdf
from gan_lessons.figures.explorer_parts import State
from gan_lessons.figures.explorer_static import finish, sheet
from gan_lessons.figures.explorer_words import mathtext
from gan_lessons.figures.forces import FAKES, HIGH, LOGITS, LOW, discriminator, law
from gan_lessons.figures.forces_words import WORDS
from gan_lessons.plots import DATA, DISCRIMINATOR, GENERATED, INK

COLORS = {"sat": INK, "non": "#7a3db8"}
STYLES = {"sat": (0, (4, 2)), "non": "-"}
FACES = {"sat": "white", "non": "#7a3db8"}


def draw(state: State, numbers: dict[str, float]) -> Figure:
    """Draw D, the densities, two rows of arrows, and the slopes against the logit.

    Parameters
    ----------
    state, numbers
        A state of the figure and its numbers.

    Returns
    -------
    Figure
        Unknown to pyplot.
    """
    drawing = sheet(7.6)
    axes = drawing.subplots(5, 1, height_ratios=(1.5, 1.7, 1.9, 1.9, 2.2))
    judge, mass, slopes = axes[0], axes[1], axes[4]
    x = torch.linspace(LOW, HIGH, 1081, dtype=torch.float64)
    at = np.array([numbers[f"x{k + 1}"] for k in range(FAKES)])
    logits = np.array([numbers[f"logit{k + 1}"] for k in range(FAKES)])
    judge.plot(x, torch.sigmoid(discriminator(state)(x)), color=DISCRIMINATOR,
               label=mathtext(WORDS["d"]))  # fmt: skip
    judge.plot(at, _sigmoid(logits), "o", color=GENERATED, ms=4, label=WORDS["fakes"])
    judge.set(ylim=(-0.06, 1.06))
    judge.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    for p, color, style, name in (
        (gaussian(0.0, 1.0), DATA, "-", "p_data"),
        (law(state, state["distance"]), GENERATED, (0, (5, 2)), "p_g"),
    ):
        y = pdf(p, x).numpy()
        mass.plot(x, y, color=color, ls=style, label=mathtext(WORDS[name]))
        mass.fill_between(x, y, color=color, alpha=0.15, lw=0)
    mass.plot(at, np.zeros(FAKES), "o", color=GENERATED, ms=4, clip_on=False)
    mass.set(ylim=(0, 0.44))
    most = max(abs(numbers[f"{n}{k + 1}"]) for n in COLORS for k in range(FAKES))
    for ax, name in ((axes[2], "sat"), (axes[3], "non")):
        _arrows(ax, name, at, state, numbers, most)
    for ax in axes[:4]:
        ax.set_xlim(LOW, HIGH)
        ax.tick_params(labelbottom=ax is axes[3])
    axes[3].set_xlabel("$x$")
    _slopes(slopes, logits, log=state["scale"] == "log")
    for ax in axes:
        finish(ax)
    return drawing


def _arrows(
    ax: Axes, name: str, at: np.ndarray, state: State, numbers: dict[str, float], most: float
) -> None:
    """Draw the force on each fake, and the mean below them."""
    color = COLORS[name]
    ax.plot([], [], color=color, ls=STYLES[name], label=mathtext(WORDS[name]))
    ax.plot(at, np.arange(FAKES), "o", color=GENERATED, ms=3)
    centre = law(state, state["distance"]).mean.item()
    unit = 0.15 * (HIGH - LOW) / most if most else 0.0
    forces = [numbers[f"{name}{k + 1}"] for k in range(FAKES)] + [numbers[f"mean_{name}"]]
    rows, starts = [*range(FAKES), FAKES + 1.5], [*at, centre]
    for row, start, force in zip(rows, starts, forces, strict=True):
        last = row > FAKES
        if abs(unit * force) > 0.03:
            style = f"-|>,head_width={0.3 if last else 0.18},head_length=0.35"
            ax.annotate("", (start + unit * force, row), (start, row), arrowprops={
                "arrowstyle": style, "color": color, "fc": FACES[name], "shrinkA": 0, "shrinkB": 0,
                "ls": "-" if last else STYLES[name], "lw": 3 if last else 1.3})  # fmt: skip
    ax.plot([centre], [rows[-1]], "|", color=color, ms=9, mew=2)
    left = forces[-1] < 0
    ax.annotate(WORDS["mean"], (centre, rows[-1]), (6 if left else -6, -3), fontsize=8,
                textcoords="offset points", ha="left" if left else "right")  # fmt: skip
    ax.set(ylim=(FAKES + 2.5, -1), yticks=[])


def _slopes(ax: Axes, logits: np.ndarray, *, log: bool) -> None:
    """Draw D and 1 - D against the logit, with the fakes on both."""
    furthest = np.abs(logits).max()
    reach = next((one for one in LOGITS if one >= furthest), math.ceil(furthest))
    grid = np.linspace(-reach, reach, 481)
    for name, sign in (("sat", 1), ("non", -1)):
        color, text = COLORS[name], mathtext(WORDS[f"curve_{name}"])
        ax.plot(grid, _sigmoid(sign * grid), color=color, ls=STYLES[name], label=text)
        ax.plot(logits, _sigmoid(sign * logits), "o", ms=5, color=color, mfc=FACES[name])
    ax.set(xlim=(-reach, reach), xlabel=mathtext(WORDS["logit_axis"]))
    if log:
        ax.set(yscale="log", ylim=(10.0 ** -math.ceil(reach / math.log(10)), 1.5))
    else:
        ax.set_yticks([0, 0.5, 1], ["0", "½", "1"])


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return np.asarray(torch.sigmoid(torch.from_numpy(logits)).numpy())
