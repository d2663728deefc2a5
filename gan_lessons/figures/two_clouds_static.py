"""Two clouds in matplotlib: for paper, without scripts, for live widgets."""

from __future__ import annotations

import math

import torch
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse
from torch import Tensor

from gan_lessons.figures.explorer_static import finish, sheet
from gan_lessons.figures.two_clouds import TALL, WIDE, WORDS, radii
from gan_lessons.metrics import moments
from gan_lessons.plots import DATA, GENERATED, INK


def draw(show: str, real: Tensor, made: Tensor) -> Figure:
    """Draw both clouds, with their ellipses or the balls of one of them.

    Parameters
    ----------
    show
        "moments", "data" or "fakes".
    real, made
        Points, (N, 2) each.

    Returns
    -------
    Figure
        Unknown to pyplot.
    """
    drawing = sheet(3.6)
    ax = drawing.subplots()
    ax.plot(*real.T, "o", ms=4, color=DATA, label=WORDS["data"])
    ax.plot(*made.T, "x", ms=5, color=GENERATED, label=WORDS["fake"])
    if show == "moments":
        _ellipse(ax, real, DATA, "-")
        _ellipse(ax, made, GENERATED, "--")
    else:
        color, centres, judged = (DATA, real, made) if show == "data" else (GENERATED, made, real)
        radius = radii(centres)
        balls = [Circle((float(x), float(y)), float(r))
                 for (x, y), r in zip(centres, radius, strict=True)]  # fmt: skip
        ax.add_collection(PatchCollection(balls, facecolor=color, edgecolor=color, alpha=0.1))
        out = judged[~(torch.cdist(judged, centres) <= radius * (1 + 1e-12)).any(1)]
        ax.plot(*out.T, "o", ms=10, mfc="none", mec=INK, label=WORDS["out"])
    ax.set(xlim=(-WIDE, WIDE), ylim=(-TALL, TALL), aspect="equal")
    ax.set_title(WORDS[f"show_{show}"], fontsize=9, pad=22)
    finish(ax)
    return drawing


def _ellipse(ax: Axes, points: Tensor, color: str, dash: str) -> None:
    """Draw one standard deviation around the mean, in every direction."""
    m = moments(points)
    values, vectors = torch.linalg.eigh(m.covariance)
    short, long = (2 * math.sqrt(max(float(v), 0.0)) for v in values)
    angle = math.degrees(math.atan2(float(vectors[1, 1]), float(vectors[0, 1])))
    x, y = m.mean.tolist()
    patch = Ellipse((x, y), long, short, angle=angle, fc="none", ec=color, ls=dash, lw=1.8)
    ax.add_patch(patch)
