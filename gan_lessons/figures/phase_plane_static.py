"""The phase plane in matplotlib: for paper, readers without scripts, and live widgets."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from gan_lessons.figures.explorer_parts import State
from gan_lessons.figures.explorer_static import finish, sheet
from gan_lessons.figures.explorer_words import mathtext
from gan_lessons.figures.phase_plane import SIDE, game, path
from gan_lessons.figures.phase_plane_words import WORDS
from gan_lessons.plots import DATA, DISCRIMINATOR, GENERATED, INK, MUTED
from gan_lessons.updates import Array

DASH = (0, (5, 2))


def draw(state: State, c: dict[str, float]) -> Figure:
    """Draw the run in the plane, its last state on the line, and the eigenvalues.

    Parameters
    ----------
    state, c
        A state of the figure and its numbers.

    Returns
    -------
    Figure
        Unknown to pyplot.
    """
    drawing = sheet(6.2)
    grid = drawing.add_gridspec(3, 2, width_ratios=(2, 1), height_ratios=(2, 2, 1.3))
    plane = drawing.add_subplot(grid[:2, 0])
    line = drawing.add_subplot(grid[2, 0], sharex=plane)
    _plane(plane, state)
    _line(line, state, c)
    for row, name in ((0, "lambda"), (1, "mu")):
        _eigenvalues(drawing.add_subplot(grid[row, 1]), c, name)
    return drawing


def _plane(ax: Axes, state: State) -> None:
    at = np.linspace(-SIDE, SIDE, 14)[1:-1]
    here = np.stack(np.meshgrid(at, at), -1)
    v = game(state).field(here)
    v = v / (np.linalg.norm(v, axis=-1, keepdims=True) + 0.4)
    ax.quiver(here[..., 0], here[..., 1], v[..., 0], v[..., 1], color=MUTED, alpha=0.6, scale=18,
              width=0.004)  # fmt: skip
    run = path(state)
    dots = "none" if state["order"] == "flow" else "."
    ax.plot(*run.T, marker=dots, color=INK, lw=1.1, ms=3, label=WORDS["legend_run"])
    ax.plot(*run[0], "o", color=INK, ms=9, clip_on=False)
    ax.plot(*run[-1], "D", color=GENERATED, mec="white", ms=8, label=WORDS["legend_now"])
    ax.plot(0, 0, "+", color=INK, ms=12, mew=2)
    _walls(ax, state)
    ax.set(xlim=(-SIDE, SIDE), ylim=(-SIDE, SIDE), ylabel=mathtext(WORDS["psi"]))
    ax.tick_params(labelbottom=False)
    finish(ax)
    ax.yaxis.label.set(size=9, color=MUTED)


def _walls(ax: Axes, state: State) -> None:
    if state["regulariser"] == "clip":
        for y in (-state["strength"], state["strength"]):
            ax.axhline(y, color=DISCRIMINATOR, lw=1.2, ls="--")


def _line(ax: Axes, state: State, c: dict[str, float]) -> None:
    """Draw the data at 0, the generated point at theta, and the logit psi x."""
    x = np.linspace(-SIDE, SIDE, 241)
    ax.plot(x, c["psi"] * x, color=DISCRIMINATOR, label=mathtext("logit <i>ψ</i> <i>x</i>"))
    noise = state["strength"] if state["regulariser"] == "noise" else 0.0
    for at, color, style, name in (
        (0.0, DATA, "-", "legend_data"), (c["theta"], GENERATED, DASH, "legend_made"),
    ):  # fmt: skip
        ax.plot(*_mass(at, noise, x), color=color, ls=style, lw=2, label=mathtext(WORDS[name]))
    ax.axhline(0, color=MUTED, lw=0.8)
    ax.set(ylim=(-SIDE, SIDE), xlabel=mathtext(WORDS["theta"]))
    finish(ax)


def _mass(at: float, noise: float, x: Array) -> tuple[Array, Array]:
    """A point as a stem, or with noise as a bump; the height is free."""
    if not noise:
        return np.array([at, at]), np.array([-SIDE, 2.4])
    return x, -SIDE + 5.4 * np.exp(-(((x - at) / noise) ** 2) / 2)


def _eigenvalues(ax: Axes, c: dict[str, float], name: str) -> None:
    short = {"lambda": "lambda", "mu": "step"}[name]
    ax.axhline(0, color=MUTED, lw=0.6)
    ax.axvline(0, color=INK if name == "lambda" else MUTED, lw=1.4 if name == "lambda" else 0.6)
    reach = 1.3
    if "size" in c:
        values = [(c[f"{name}_{i}_re"], c[f"{name}_{i}_im"]) for i in (1, 2)]
        reach = max(1.3, 1.15 * max(math.hypot(*one) for one in values))
        ax.plot(*zip(*values, strict=True), "X", color=INK, ms=8, mec="white")
    else:
        ax.text(0, 0.4, WORDS["no_rest_note"], ha="center", fontsize=9)
    if name == "mu":
        ax.add_patch(Circle((0, 0), 1, fill=False, ec=INK, lw=1.4))
    else:
        ax.axvspan(-reach, 0, color=MUTED, alpha=0.12, lw=0)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.set_title(f"{mathtext(WORDS[short])}\n{WORDS[f'{short}_note']}", fontsize=9, color=INK)
    ax.tick_params(colors=MUTED, labelsize=8)
