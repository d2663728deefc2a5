"""The tiles of the many-seeds figure in matplotlib: for paper, and for live widgets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gan_lessons.plots import DATA, MUTED
from gan_lessons.plots import DISCRIMINATOR as JUDGE
from gan_lessons.plots import GENERATED as MADE

if TYPE_CHECKING:
    from gan_lessons.figures.many_seeds import ManySeeds

COLUMNS = 8


def drawing(figure: ManySeeds) -> Figure:
    """Draw one small panel for each run: D above, the two densities below.

    Parameters
    ----------
    figure : ManySeeds
        What to draw.
    """
    columns = min(COLUMNS, len(figure.presets))
    rows = math.ceil(len(figure.presets) / columns)
    sheet = Figure(figsize=(0.95 * columns, 1.05 * rows + 0.35), dpi=100, layout="constrained")
    FigureCanvasAgg(sheet)
    axes = sheet.subplots(2 * rows, columns, squeeze=False, height_ratios=[1, 2] * rows)
    for ax in axes.flat:
        ax.set(xlim=figure.window, xticks=[], yticks=[])
        ax.set_visible(False)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.spines["bottom"].set_color(MUTED)
    for index, preset in enumerate(figure.presets):
        row, column = divmod(index, columns)
        judge, mass, c = axes[2 * row, column], axes[2 * row + 1, column], preset.curves
        for ax in (judge, mass):
            ax.set_visible(True)
        judge.plot(c.x, c.d[-1], color=JUDGE, lw=1)
        judge.axhline(0.5, color=MUTED, lw=0.4, ls=":")
        judge.set_ylim(-0.05, 1.05)
        mass.plot(c.x, c.p_data, color=DATA, lw=1)
        mass.plot(c.x, np.minimum(c.p_g[-1], preset.limit), color=MADE, lw=1, ls=(0, (3, 1.5)))
        mass.set_ylim(0, preset.limit)
        mark = " ✓" if figure.good[index] else ""
        mass.set_xlabel(f"{figure.distance[index]:.2f}{mark}", fontsize=7, labelpad=1)
    sheet.suptitle(figure.sentence, fontsize=8)
    return sheet
