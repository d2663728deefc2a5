"""The words of the player, in one table, and which of its sentences are true of which frame.

Every entry is a whole label or a whole sentence with named gaps, so that a translator can reorder
it; nothing is put together from parts.  ``<i>`` and ``<sub>`` are the only marks.  The page's
script and the live widget read this same table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_lessons.curves import Curves

WORDS = {
    "run": "Run",
    "slider": "Training step",
    "reading": "{step} of {last}",
    "position": "step {step} of {last}",
    "back": "One frame back",
    "forward": "One frame forward",
    "at": "step {step}",
    "play": "Play",
    "pause": "Pause",
    "link": "Link to this frame",
    "fix": "Show the run with the fix",
    "failure": "Back to the run that fails",
    "d": "<i>D</i>(<i>x</i>), the discriminator",
    "d_star": "<i>D</i>*(<i>x</i>), the best one",
    "gap_area": "their gap",
    "p_data": "<i>p</i><sub>data</sub>, the data",
    "p_g": "<i>p</i><sub>g</sub>, what <i>G</i> makes",
    "g": "<i>G</i> sends noise <i>z</i> up to <i>x</i> = <i>G</i>(<i>z</i>)",
    "d_loss": "<i>D</i>’s loss",
    "g_loss": "<i>G</i>’s loss",
    "each": "at each step",
    "mean": "line: mean of {count} steps; band: their range",
    "best_d_loss": "log 4",
    "log 2": "log 2",
    "-log 2": "−log 2",
    "best_g_loss": "goal",
    "data_label": "<i>p</i><sub>data</sub>",
    "g_label": "<i>p</i><sub>g</sub>",
    "off_scale": "off the scale",
    "x": "<i>x</i>",
    "z": "<i>z</i>",
    "value": "<i>V</i>(<i>D</i>, <i>G</i>) = <b>{value}</b>",
    "best": "≤ <i>V</i>(<i>D</i>*, <i>G</i>)",
    "chain": "= 2 JS(<i>p</i><sub>data</sub>, <i>p</i><sub>g</sub>) − log 4",
    "chain_numbers": "= 2 × {js} − {log4}",
    "chain_value": "= <b>{best}</b>",
    "gap": "<i>D</i> falls short of <i>D</i>* by <b>{gap}</b>.",
    "w1": "Wasserstein distance of <i>p</i><sub>g</sub> from the data: <b>{w1}</b>; "
    "with the averaged generator: <b>{ema}</b>.",
}

SENTENCES = {
    "match": "Step {step}: <i>p</i><sub>g</sub> lies almost exactly on the data’s density.",
    "rough": "Step {step}: <i>p</i><sub>g</sub> covers the data, but not yet with the right shape.",
    "missing": "Step {step}: <i>p</i><sub>g</sub> leaves out about {percent}% of the data.",
    "narrow": "Step {step}: <i>p</i><sub>g</sub> sits on a small part of the data "
    "and leaves out most of the rest.",
    "apart": "Step {step}: <i>p</i><sub>g</sub> and the data hardly overlap.",
    "rejects": "<i>D</i>(<i>x</i>) is near 0 wherever <i>G</i> puts its values: "
    "<i>D</i> rejects almost all of them.",
    "half_right": "<i>D</i>(<i>x</i>) stays near ½: no discriminator could tell the two apart.",
    "half_wrong": "<i>D</i>(<i>x</i>) stays near ½ although the two densities differ: "
    "<i>D</i> does not see it.",
    "best": "<i>D</i> is close to the best discriminator <i>D</i>* "
    "and tells the two densities apart where they differ.",
    "lags": "<i>D</i> is not at <i>D</i>*, so <i>V</i>(<i>D</i>, <i>G</i>) understates "
    "how different the two densities are.",
}


def what_shows(curves: Curves) -> list[tuple[str, str, int]]:
    """For each frame: a sentence about G, one about D, and the missing share in percent.

    The rules, in this order.  About G, with the missing share that of the data where p_g is below
    a fifth of p_data: ``narrow`` if it is above 0.8 and at least half of p_g lies where p_data is
    above a twentieth of its peak; ``apart`` if it is above 0.9; ``missing`` if it is above 0.1;
    ``match`` if JS is below 0.01; else ``rough``.  About D: ``rejects`` if the mean of D over p_g
    is below 0.05; ``half`` if its mean distance from 1/2 is below 0.05 (right below JS 0.01, else
    wrong); ``best`` if V(D, G) is within 0.05 of V(D*, G); else ``lags``.  The first two only if
    nine tenths of p_g are on the grid: what D says about the rest is not in the curves.

    Examples
    --------
    >>> x = np.linspace(-3, 3, 61)
    >>> p = np.exp(-x**2 / 2) / np.sqrt(2 * np.pi)
    >>> one, half = np.ones(1), np.full((1, 61), 0.5)
    >>> curves = Curves(
    ...     step=np.array([0]), x=x, p_data=p, p_g=p[None], d=half, d_star=half, z=one, g=one[None],
    ...     value=-np.log(4) * one, best_value=-np.log(4) * one, js=0 * one, w1=0 * one,
    ...     w1_ema=0 * one, d_loss=one, g_loss=one,
    ... )
    >>> what_shows(curves)
    [('match', 'half_right', 0)]
    """
    cells = np.gradient(curves.x) if len(curves.x) > 1 else np.ones(1)
    data = _weights(curves.p_data[None] * cells)
    made = _weights(np.minimum(curves.p_g, 10 * curves.p_data.max()) * cells)
    missing = (data * (curves.p_g < 0.2 * curves.p_data)).sum(axis=1)
    seen = (curves.p_g * cells).sum(axis=1) > 0.9
    on_data = (made * (curves.p_data > 0.05 * curves.p_data.max())).sum(axis=1)
    on_made = (made * curves.d).sum(axis=1)
    from_half = ((data + made) / 2 * np.abs(curves.d - 0.5)).sum(axis=1)
    shortfall = curves.best_value - curves.value
    close = curves.js < 0.01
    about_g = np.select(
        [(missing > 0.8) & (on_data >= 0.5), missing > 0.9, missing > 0.1, close],
        ["narrow", "apart", "missing", "match"],
        "rough",
    )
    half = np.where(close, "half_right", "half_wrong")
    about_d = np.select(
        [seen & (on_made < 0.05), seen & (from_half < 0.05), shortfall < 0.05],
        ["rejects", half, "best"],
        "lags",
    )
    percent = 5 * np.rint(20 * missing).astype(int)
    return [(str(g), str(d), int(p)) for g, d, p in zip(about_g, about_d, percent, strict=True)]


def _weights(mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row as shares of one; no share anywhere if all its mass is off the grid."""
    total = mass.sum(axis=1, keepdims=True)
    return np.asarray(mass / np.where(total > 0, total, 1.0))
