"""What the explorers' static pictures share."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gan_lessons.plots import INK, MUTED


def sheet(height: float) -> Figure:
    """Return an empty drawing as wide as a page's text, unknown to pyplot.

    Parameters
    ----------
    height
        In inches.
    """
    # 4.6 * 100 is 459.99..., of which matplotlib before 3.11 makes 459 pixels.
    drawing = Figure(figsize=(7.2, height + 1e-9), dpi=100, layout="constrained")
    FigureCanvasAgg(drawing)
    return drawing


def finish(ax: Axes, columns: int = 3) -> None:
    """Put the legend above the panel, and make the axes quiet.

    Parameters
    ----------
    ax
        A panel with labelled artists.
    columns
        Of the legend.
    """
    ax.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 0.98), ncols=columns, frameon=False, fontsize=9,
        borderaxespad=0.1, handlelength=2.2, labelcolor=INK,
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(colors=MUTED, labelsize=8, length=3)
    ax.xaxis.label.set(size=9, color=MUTED)
