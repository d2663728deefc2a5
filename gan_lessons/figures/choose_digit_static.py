"""The chosen digit in matplotlib: for paper, without scripts, for live widgets."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from gan_lessons.plots import INK, MUTED


def draw(pictures: Tensor, digit: int) -> Figure:
    """Draw one digit large and all ten small.

    Parameters
    ----------
    pictures : Tensor
        (10, 28, 28), from -1 to 1.
    digit : int
        The one to draw large.

    Returns
    -------
    Figure
        Unknown to pyplot.
    """
    drawing = Figure(figsize=(7.2, 2.6), dpi=100)
    FigureCanvasAgg(drawing)
    axes = drawing.subplot_mosaic(
        [["big", *range(5)], ["big", *range(5, 10)]], width_ratios=[2.3, 1, 1, 1, 1, 1]
    )
    _show(axes["big"], pictures[digit], True)
    for y in range(10):
        _show(axes[y], pictures[y], y == digit)
        axes[y].set_xlabel(str(y), fontsize=9, color=INK, weight="bold" if y == digit else "normal")
    return drawing


def _show(ax: Axes, picture: Tensor, chosen: bool) -> None:
    ax.imshow(picture.numpy(), cmap="gray_r", vmin=-1, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set(visible=True, color=INK if chosen else MUTED, linewidth=1.6 if chosen else 0.4)
