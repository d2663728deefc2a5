"""The player's picture in matplotlib: for paper, for readers without scripts, for live widgets."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from gan_lessons.curves import Array
from gan_lessons.figures.player_preset import Preset, optimum_name
from gan_lessons.figures.player_words import WORDS
from gan_lessons.plots import DATA, INK, MUTED
from gan_lessons.plots import DISCRIMINATOR as JUDGE
from gan_lessons.plots import GENERATED as MADE


class Picture:
    """Four panels under each other; :meth:`show` moves them to another frame.

    Parameters
    ----------
    preset
        The run; its ``start`` is shown first.
    """

    def __init__(self, preset: Preset) -> None:
        self.curves, self.limit = preset.curves, preset.limit
        self.drawing = Figure(figsize=(7.2, 6.8), dpi=100, layout="constrained")
        FigureCanvasAgg(self.drawing)
        grid = self.drawing.add_gridspec(4, 1, height_ratios=[1.0, 1.5, 0.8, 1.1])
        self._discriminator(self.drawing.add_subplot(grid[0]))
        self._densities(self.drawing.add_subplot(grid[1]))
        self._arrows(self.drawing.add_subplot(grid[2]))
        self._losses(self.drawing.add_subplot(grid[3]), preset.g_optimum)
        self.show(preset.frame)

    def show(self, frame: int) -> None:
        """Draw frame number ``frame``.

        Parameters
        ----------
        frame
            Index into the recorded steps.
        """
        c = self.curves
        made = np.minimum(c.p_g[frame], self.limit)
        self.d.set_ydata(c.d[frame])
        # Where there is hardly any data or sample, D is never asked: D* says nothing there.
        asked = c.p_data + made >= 0.01 * c.p_data.max()
        self.d_star.set_ydata(np.where(asked, c.d_star[frame], np.nan))
        edge = np.where(asked, c.d_star[frame], c.d[frame])
        self.gap.set_verts([_between(c.x, c.d[frame], edge)])
        self.made.set_ydata(made)
        self.under.set_verts([_between(c.x, 0 * made, made)])
        clipped = c.p_g[frame] >= self.limit
        self.off_scale.set_offsets(np.c_[c.x[clipped], np.full(clipped.sum(), self.limit)])
        where = _across(c.z, c.x)
        self.arrows.set_segments(
            [((a, 0.0), (b, 0.92)) for a, b in zip(where, c.g[frame], strict=True)]
        )
        self.heads.set_offsets(np.c_[c.g[frame], np.full(len(c.z), 0.94)])
        self.cursor.set_xdata([c.step[frame], c.step[frame]])
        self.at.set_text(WORDS["at"].format(step=c.step[frame]))
        late = c.step[frame] > c.step[-1] / 2
        self.at.set(x=c.step[frame] + (-1 if late else 1) * 0.006 * c.step[-1])
        self.at.set_horizontalalignment("right" if late else "left")

    def _discriminator(self, ax: Axes) -> None:
        c = self.curves
        self.gap = _area(ax, JUDGE)
        (self.d,) = ax.plot(c.x, 0 * c.x, color=JUDGE, label=_math("d"))
        (self.d_star,) = ax.plot(c.x, 0 * c.x, color=INK, ls="--", label=_math("d_star"))
        ax.set(xlim=(c.x[0], c.x[-1]), ylim=(-0.03, 1.03), yticks=[0, 0.5, 1])
        ax.set_yticks([0, 0.5, 1], ["0", "½", "1"])
        ax.tick_params(labelbottom=False)
        _finish(ax)

    def _densities(self, ax: Axes) -> None:
        c = self.curves
        ax.plot(c.x, c.p_data, color=DATA, label=_math("p_data"))
        (self.made,) = ax.plot(c.x, 0 * c.x, color=MADE, ls=(0, (5, 2)), label=_math("p_g"))
        self.under = _area(ax, MADE)
        self.off_scale = ax.scatter([], [], marker="^", s=30, color=MADE, clip_on=False)
        ax.set(xlim=(c.x[0], c.x[-1]), ylim=(0, self.limit), xlabel="$x$")
        _finish(ax)

    def _arrows(self, ax: Axes) -> None:
        c = self.curves
        self.arrows = LineCollection([], colors=MADE, linewidths=0.9, alpha=0.75, clip_on=True)
        ax.add_collection(self.arrows)
        where = _across(c.z, c.x)
        ax.scatter(where, 0 * where, s=9, color=MUTED, clip_on=False)
        self.heads = ax.scatter([], [], s=14, marker="^", color=MADE, label=_math("g"))
        shown = np.linspace(c.z[0], c.z[-1], 5)
        ax.set_xticks(_across(c.z, c.x, shown), [f"{z:.2g}".replace("-", "−") for z in shown])
        ax.set(xlim=(c.x[0], c.x[-1]), ylim=(0, 1), yticks=[], xlabel="$z$")
        _finish(ax)
        ax.spines["top"].set_visible(True)
        ax.spines["left"].set_visible(False)

    def _losses(self, ax: Axes, optimum: float | None) -> None:
        c = self.curves
        width = max(1, len(c.d_loss) // 150)
        steps = np.arange(1.0, 1.0 + len(c.d_loss), dtype=np.float64)
        for losses, color, style, name in (
            (c.d_loss, JUDGE, "-", "d_loss"),
            (c.g_loss, MADE, (0, (5, 2)), "g_loss"),
        ):
            low, mean, high = (_binned(losses, width, how) for how in (np.min, np.mean, np.max))
            at = _binned(steps, width, np.mean)
            ax.fill_between(at, low, high, color=color, alpha=0.15, lw=0)
            ax.plot(at, mean, color=color, ls=style, label=_math(name))
        goals = [(float(np.log(4)), "best_d_loss", JUDGE)]
        if optimum is not None:
            goals.append((optimum, optimum_name(optimum), MADE))
        for goal, name, color in goals:
            ax.axhline(goal, lw=1, ls=":", color=color)
            ax.annotate(
                WORDS[name], (1, goal), (4, -3), xycoords=("axes fraction", "data"),
                textcoords="offset points", color=color, fontsize=9,
            )  # fmt: skip
        self.cursor = ax.axvline(0, color=INK, lw=1)
        box = {"fc": "white", "ec": "none", "alpha": 0.85, "pad": 1.5}
        self.at = ax.text(0, 0.9, "", transform=ax.get_xaxis_transform(), fontsize=9, bbox=box)
        both = np.r_[_binned(c.d_loss, width, np.mean), _binned(c.g_loss, width, np.mean)]
        bottom = min(0.0, 1.25 * (optimum or 0.0), float(np.quantile(both, 0.01)))
        top = 1.12 * max(np.log(4), float(np.quantile(both, 0.98)))
        ax.set(
            xlim=(0, max(c.step[-1], len(steps))),
            ylim=(bottom, top),
            xlabel=WORDS["slider"].lower(),
        )
        _finish(ax)


def _area(ax: Axes, color: str) -> PolyCollection:
    area = PolyCollection([], facecolors=color, alpha=0.18, linewidths=0)
    ax.add_collection(area)
    return area


def _between(x: Array, low: Array, high: Array) -> Array:
    return np.concatenate([np.c_[x, low], np.c_[x, high][::-1]])


def _finish(ax: Axes) -> None:
    """Legend above the panel, quiet axes."""
    ax.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 0.98), ncols=3, frameon=False, fontsize=9,
        borderaxespad=0.1, handlelength=2.2, labelcolor=INK,
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(colors=MUTED, labelsize=8, length=3)
    ax.xaxis.label.set(size=9, color=MUTED)


def _across(z: Array, x: Array, at: Array | None = None) -> Array:
    """Where noise values lie along the panel, in units of the data's axis above it."""
    span = z[-1] - z[0] if z[-1] != z[0] else 1.0
    share = 0.04 + 0.92 * ((z if at is None else at) - z[0]) / span
    return np.asarray(x[0] + share * (x[-1] - x[0]))


def _binned(values: Array, width: int, how: Callable[[Array], float]) -> Array:
    return np.array([how(values[i : i + width]) for i in range(0, len(values), width)])


def _math(name: str) -> str:
    r"""Translate an entry of WORDS into matplotlib's mathematics.

    Examples
    --------
    >>> _math("data_label")
    '$p_{\\mathrm{data}}$'
    """
    text = re.sub(r"<i>(.*?)</i><sub>(.*?)</sub>", r"$\1_{\\mathrm{\2}}$", WORDS[name])
    return re.sub(r"<i>(.*?)</i>", r"$\1$", text)
