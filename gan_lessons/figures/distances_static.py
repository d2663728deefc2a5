"""The explorer of distances in matplotlib: for paper, readers without scripts, and live widgets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gan_lessons.densities import Density, breakpoints, cdf, pdf
from gan_lessons.figures.distances import HIGH, LOW, WORDS
from gan_lessons.figures.explorer_static import finish, sheet
from gan_lessons.figures.explorer_words import mathtext
from gan_lessons.plots import DATA, INK, MUTED
from gan_lessons.plots import DISCRIMINATOR as JUDGE
from gan_lessons.plots import GENERATED as MADE

Array = NDArray[np.float64]


def draw(p: Density, q: Density, measure: str) -> Figure:
    """Draw two densities and the integrand of one distance.

    Parameters
    ----------
    p, q
        The two.
    measure
        A key of ``MEASURES``.

    Returns
    -------
    Figure
        Unknown to pyplot.
    """
    drawing = sheet(4.6)
    top, below = drawing.subplots(2, 1, sharex=True)
    x = _grid(p, q)
    at = torch.from_numpy(x)
    for one, color, dash, name in ((p, DATA, "-", "p"), (q, MADE, (0, (5, 2)), "q")):
        y = pdf(one, at).numpy()
        top.plot(x, y, color=color, ls=dash, label=mathtext(WORDS[name]))
        top.fill_between(x, y, color=color, alpha=0.15, lw=0)
    top.set(xlim=(LOW, HIGH), ylim=(0, None))
    _integrand(below, x, integrand(p, q, measure, at), measure)
    below.set_xlabel("$x$")
    for ax in (top, below):
        finish(ax)
    return drawing


def integrand(p: Density, q: Density, measure: str, x: torch.Tensor) -> Array:
    """Return what is integrated, with the sign that the filling shows; infinite is allowed."""
    if measure == "w1":
        return np.asarray((cdf(p, x) - cdf(q, x)).numpy())
    a, b = p.log_prob(x), q.log_prob(x)
    if measure == "tv":
        return np.asarray(((a.exp() - b.exp()) / 2).numpy())
    if measure == "kl_qp":
        a, b = b, a
    if measure in ("kl_pq", "kl_qp"):
        cost = torch.where(b > -torch.inf, a.exp() * (a - b), torch.inf)
        return np.asarray(torch.where(a > -torch.inf, cost, 0.0).numpy())
    m = torch.logaddexp(a, b) - np.log(2)
    parts = [torch.where(r > -torch.inf, r.exp() * (r - m), 0.0) for r in (a, b)]
    return np.asarray(((parts[0] + parts[1]) / 2).numpy())


def _integrand(ax: Axes, x: Array, y: Array, measure: str) -> None:
    signed = measure in ("kl_pq", "kl_qp")
    finite = y[np.isfinite(y)]
    shown = finite if signed else np.abs(finite)
    low = min(0.0, 1.15 * shown.min())
    room = max(0.1, -low) if np.isinf(y).any() else 0.01  # what is infinite reaches to the top
    high = 1.08 * max(shown.max(), room)
    size = np.clip(y if signed else np.abs(y), low, high)
    plus, minus = (JUDGE, MUTED) if signed or measure == "js" else (DATA, MADE)
    hatched: dict[str, Any] = {"facecolor": "none", "edgecolor": minus, "lw": 0, "hatch": "////"}
    name = WORDS[f"legend_{measure}"]
    if measure == "js":
        name = f"{name}, {WORDS['legend_m']}"
    ax.fill_between(x, size, where=(y > 0) & np.isfinite(y), color=plus, alpha=0.4, lw=0,
                    label=mathtext(name))  # fmt: skip
    if measure != "js":
        other = WORDS["legend_minus" if signed else "legend_q"]
        ax.fill_between(x, size, where=y < 0, label=mathtext(other), **hatched)
    if np.isinf(y).any():
        ax.fill_between(x, size, where=np.isinf(y), color=INK, alpha=0.55, lw=0,
                        label=WORDS["legend_infinite"])  # fmt: skip
    ax.plot(x, size, color=INK, lw=1.2)
    ax.axhline(0, color=MUTED, lw=0.8)
    ax.set_ylim(low, high)


def _grid(*densities: Density) -> Array:
    """Even, closer where a density is narrow, and both sides of each step."""
    parts = [np.linspace(LOW, HIGH, 801)]
    for one in densities:
        points = np.asarray(breakpoints(one))
        parts += [np.linspace(points[0], points[-1], 401), points - 1e-9, points + 1e-9]
    x = np.unique(np.concatenate(parts))
    return np.asarray(x[(x >= LOW) & (x <= HIGH)])
