"""Minibatch discrimination in matplotlib: for paper, without scripts, for live widgets."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from gan_lessons.figures.explorer_parts import State
from gan_lessons.figures.explorer_static import finish, sheet
from gan_lessons.figures.explorer_words import mathtext
from gan_lessons.figures.minibatch import HIGH, LOW, NAMES, POINTS, WORDS
from gan_lessons.plots import DATA, DISCRIMINATOR, GENERATED, INK


def draw(state: State, numbers: dict[str, float]) -> Figure:
    """Draw the curve, the features of the points, and the matrix of similarities.

    Parameters
    ----------
    state, numbers
        A state of the figure and its numbers.

    Returns
    -------
    Figure
        Unknown to pyplot.
    """
    drawing = sheet(3.4)
    line, matrix = drawing.subplots(1, 2, width_ratios=(1.35, 1))
    places = np.array([state[name] for name in NAMES])
    o = [numbers[f"o_{i + 1}"] for i in range(POINTS)]
    x = np.sort(np.concatenate([np.linspace(LOW, HIGH, 481), places]))
    total = np.exp(-state["scale"] * np.abs(x[:, None] - places)).sum(1)
    line.plot(x, total, color=DISCRIMINATOR, label=mathtext(WORDS["curve"]))
    line.axhline(numbers["real"], color=DATA, ls=":", label=mathtext(WORDS["real"]))
    line.vlines(places, 0, o, color=GENERATED, ls=(0, (5, 3)), lw=1.2)
    line.plot(places, o, "o", color=GENERATED, label=mathtext(WORDS["feature"]))
    line.set(xlim=(LOW - 0.1, HIGH + 0.1), ylim=(0, POINTS + 0.4), xlabel="$x$")
    finish(line, columns=2)

    c = np.array([[numbers[f"c_{min(i, j) + 1}{max(i, j) + 1}"] for j in range(POINTS)]
                  for i in range(POINTS)])  # fmt: skip
    own = state["own"] == "counted"
    shown = c if own else c - np.eye(POINTS)
    matrix.imshow(shown, cmap="Oranges", vmin=0, vmax=1.8, aspect="auto")
    for i, j in np.ndindex(POINTS, POINTS):
        text = f"{c[i, j]:.2f}" if own or i != j else "–"
        matrix.text(j, i, text, ha="center", va="center", fontsize=8, color=INK)
    names = [mathtext(WORDS["point"].format(i=i + 1)) for i in range(POINTS)]
    matrix.set_xticks(range(POINTS), names)
    matrix.set_yticks(range(POINTS), names)
    matrix.tick_params(length=0, labelsize=9)
    matrix.spines[:].set_visible(False)
    matrix.set_title(mathtext(WORDS["matrix"]), fontsize=9)
    return drawing
