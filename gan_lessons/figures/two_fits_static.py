"""The explorer of two fits in matplotlib: for paper, readers without scripts, and live widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from gan_lessons.densities import Density, gaussian, pdf
from gan_lessons.figures.explorer_static import finish, sheet
from gan_lessons.figures.explorer_words import mathtext
from gan_lessons.figures.two_fits import WORDS
from gan_lessons.plots import DATA, INK
from gan_lessons.plots import DISCRIMINATOR as JUDGE
from gan_lessons.plots import GENERATED as MADE

LOOKS: dict[str, dict[str, Any]] = {
    "forward": {"color": MADE, "ls": (0, (5, 2)), "marker": "o", "mfc": "white", "ms": 9},
    "reverse": {"color": JUDGE, "ls": "-", "marker": "s", "ms": 5},
    "js": {"color": INK, "ls": (0, (1.5, 2)), "marker": "D", "ms": 4},
}


def draw(p: Density, fits: Mapping[str, tuple[float, float]]) -> Figure:
    """Draw the target and Gaussians given by mean and standard deviation.

    Parameters
    ----------
    p
        The target.
    fits
        By the keys of ``LOOKS``.

    Returns
    -------
    Figure
        Unknown to pyplot.
    """
    drawing = sheet(3.2)
    ax = drawing.subplots()
    x = torch.linspace(-8, 8, 801, dtype=torch.float64)
    y = pdf(p, x).numpy()
    ax.fill_between(x.numpy(), y, color=DATA, alpha=0.2, lw=0)
    ax.plot(x.numpy(), y, color=DATA, label=mathtext(WORDS["target"]))
    for name, (mean, sd) in fits.items():
        q, look = gaussian(mean, sd), LOOKS[name]
        at = torch.tensor([mean - sd, mean, mean + sd], dtype=torch.float64)
        marked = torch.cat([x, at]).sort().values
        where = torch.isin(marked, at).nonzero().ravel().tolist()
        ax.plot(marked.numpy(), pdf(q, marked).numpy(), label=WORDS[name], lw=1.7,
                markevery=where, **look)  # fmt: skip
    ax.set(xlim=(-8, 8), ylim=(0, None), xlabel="$x$")
    finish(ax, columns=4)
    ax.set_xticks(np.arange(-8, 9, 2))
    return drawing
