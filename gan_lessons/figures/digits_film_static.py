"""The film of digits in matplotlib: for paper, for readers without scripts, for live widgets."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from gan_lessons.figures.digits_film import EDGES, GROUP, DigitsFilm
from gan_lessons.figures.digits_film_words import WORDS
from gan_lessons.plots import DATA, INK, MUTED
from gan_lessons.plots import GENERATED as MADE

COLUMNS = 16
WIDTH, EACH = 7.2, 0.0625  # inches: of the drawing, and a pixel's share of it


class Picture:
    """The grid, two panels and an enlarged row; :meth:`show` moves them to another frame.

    Parameters
    ----------
    film
        What was recorded; the frame that it opens with is shown first.
    """

    def __init__(self, film: DigitsFilm) -> None:
        self.film = film
        n = film.recording.pictures.shape[1]
        rows = -(-n // COLUMNS)
        high = [WIDTH * rows / COLUMNS, 1.9, 2 * WIDTH / GROUP]
        self.drawing = Figure(figsize=(WIDTH, sum(high) + 1.3), dpi=100, layout="constrained")
        FigureCanvasAgg(self.drawing)
        grid = self.drawing.add_gridspec(3, 2, height_ratios=high)
        self.grid = _images(self.drawing.add_subplot(grid[0, :]))
        self.scores = self.drawing.add_subplot(grid[1, 0])
        self.classes = self.drawing.add_subplot(grid[1, 1])
        self.pair = _images(self.drawing.add_subplot(grid[2, :]))
        self.show(film.frame, 0)

    def show(self, frame: int, picture: int) -> None:
        """Draw frame number ``frame``, with the row of ``picture`` larger.

        Parameters
        ----------
        frame
            Index into the recorded steps.
        picture
            Index into the pictures of the grid.
        """
        r = self.film.recording
        first = picture - picture % GROUP
        last = min(first + GROUP, r.pictures.shape[1])
        _show(self.grid, _rows(r.pictures[frame], COLUMNS))
        made, near = r.pictures[frame, first:last], r.nearest[frame, first:last]
        _show(self.pair, np.vstack([_rows(made, GROUP), _rows(near, GROUP)]))
        last_step = r.step[-1]
        step = WORDS["position"].format(step=r.step[frame], last=last_step)
        self.grid.set_title(step, fontsize=10, loc="left")
        self.pair.set_title(
            WORDS["rows"].format(first=first + 1, last=last), fontsize=9, loc="left"
        )
        side = r.pictures.shape[-1]
        self.pair.set_xticks(
            (np.arange(last - first) + 0.5) * side,
            [f"{d:.1f}" for d in self.film.distance[frame, first:last]],
        )
        self._scores(frame)
        self._classes(frame)

    def _scores(self, frame: int) -> None:
        ax, shares, limit = self.scores, self.film.scores, self.film.limits["scores"]
        ax.clear()
        for name, sign, color, dash in (("real", 1, DATA, "-"), ("fake", -1, MADE, (0, (4, 2)))):
            values = sign * shares[name][frame]
            ax.stairs(values, EDGES, fill=True, color=color, alpha=0.25)
            ax.stairs(values, EDGES, color=color, ls=dash, label=_math(WORDS[name]), baseline=0)
            for i in np.flatnonzero(shares[name][frame] > limit):
                _cut(ax, (EDGES[i] + EDGES[i + 1]) / 2, sign * limit, values[i], color)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set(xlim=(0, 1), ylim=(-limit, limit), xlabel="$D(x)$")
        ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
        ax.yaxis.set_major_formatter(lambda value, _: f"{abs(100 * value):.0f}%")
        _finish(ax, "scores", len(self.film.recording.fake[0]))

    def _classes(self, frame: int) -> None:
        ax, shares, limit = self.classes, self.film.classes, self.film.limits["classes"]
        ax.clear()
        x, sure = np.arange(10), shares["sure"][frame]
        ax.bar(x, sure, 0.6, color=MADE, label=WORDS["sure"])
        rest = shares["all"][frame] - sure
        ax.bar(x, rest, 0.6, sure, fc=to_rgba(MADE, 0.16), ec=MADE, ls="--", lw=0.8,
               label=WORDS["unsure"])  # fmt: skip
        ax.hlines(shares["usual"], x - 0.44, x + 0.44, color=DATA, label=WORDS["usual"])
        for i in np.flatnonzero(shares["all"][frame] > limit):
            _cut(ax, float(i), limit, shares["all"][frame, i], MADE)
        ax.set(ylim=(0, limit), xlim=(-0.6, 9.6), xticks=x)
        ax.yaxis.set_major_formatter(PercentFormatter(1, 0))
        _finish(ax, "classes", int(self.film.recording.classes[frame].sum()))


def _images(ax: Axes) -> Axes:
    ax.spines[:].set_visible(False)
    ax.set(xticks=[], yticks=[])
    ax.tick_params(length=0, labelsize=8, colors=MUTED)
    return ax


def _show(ax: Axes, picture: NDArray[np.uint8]) -> None:
    for old in list(ax.images):
        old.remove()
    high, wide = picture.shape
    ax.imshow(
        picture, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest", extent=(0, wide, high, 0)
    )


def _rows(pictures: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Put pictures side by side, row after row."""
    n, high, wide = pictures.shape
    rows = -(-n // columns)
    full = np.zeros((rows * columns, high, wide), np.uint8)
    full[:n] = pictures
    return full.reshape(rows, columns, high, wide).swapaxes(1, 2).reshape(rows * high, -1)


def _cut(ax: Axes, x: float, y: float, share: float, color: str) -> None:
    """Mark a bar that is cut off, with its number."""
    ax.scatter([x], [y], s=30, marker="^" if y > 0 else "v", color=color, clip_on=False, zorder=5)
    late = x > 0.6 * ax.get_xlim()[1]
    ax.annotate(f"{abs(100 * share):.0f}%", (x, y), (-7 if late else 7, -8 if y > 0 else 2),
                textcoords="offset points", ha="right" if late else "left", fontsize=8)  # fmt: skip


def _math(marked: str) -> str:
    """Translate marked words into matplotlib's mathematics.

    Examples
    --------
    >>> _math("what <i>D</i>(<i>x</i>) is")
    'what $D$($x$) is'
    """
    return marked.replace("<i>", "$").replace("</i>", "$")


def _finish(ax: Axes, name: str, samples: int) -> None:
    """Heading and legend above the panel, quiet axes."""
    title = _math(WORDS[name].format(samples=samples))
    ax.set_title(title, fontsize=9, loc="left", pad=18)
    ax.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 0.98), ncols=3, frameon=False, fontsize=8,
        borderaxespad=0.1, handlelength=1.6, labelcolor=INK, columnspacing=1.0,
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(colors=MUTED, labelsize=8, length=3)
    ax.xaxis.label.set(size=9, color=MUTED)
