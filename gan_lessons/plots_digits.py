"""Static pictures of digits: grids, and the same noise at several moments of the training.

Ink is dark, as on paper; what stands around a digit is the page's own ground.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from gan_lessons.mnist.data import pixels
from gan_lessons.plots import DISCRIMINATOR, GENERATED, INK, MUTED


def sheet(images: Tensor, columns: int) -> np.ndarray:
    """Put pictures side by side, row after row, into one: (rows * 28, columns * 28), uint8.

    Parameters
    ----------
    images : Tensor
        Bytes (N, 28, 28), or floats (N, 1, 28, 28) from -1 to 1.
    columns : int
        Pictures in a row; what is missing in the last one stays empty.

    Examples
    --------
    >>> import torch
    >>> sheet(torch.zeros(5, 28, 28, dtype=torch.uint8), columns=3).shape
    (56, 84)
    """
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    grey = (pixels(images) if images.is_floating_point() else images).cpu().numpy()
    n, high, wide = grey.shape
    rows = math.ceil(n / columns)
    full = np.zeros((rows * columns, high, wide), np.uint8)
    full[:n] = grey
    return full.reshape(rows, columns, high, wide).swapaxes(1, 2).reshape(rows * high, -1)


def grid(images: Tensor, columns: int = 20, width: float = 7.2) -> Figure:
    """Draw pictures in rows.

    Parameters
    ----------
    images, columns
        As for `sheet`.
    width : float
        Of the figure, in inches.
    """
    picture = sheet(images, columns)
    high, wide = picture.shape
    fig, ax = plt.subplots(figsize=(width, width * high / wide))
    _show(ax, picture)
    return fig


def rows(groups: Mapping[str, Tensor], columns: int = 16) -> Figure:
    """Draw a row of pictures for each name: moments of a training, or ways to train.

    Parameters
    ----------
    groups : mapping
        From what stands beside a row to its pictures, of which the first `columns` are shown.
    columns : int
        Pictures in a row.
    """
    if not groups:
        raise ValueError("groups must hold at least one row, got none")
    fig, axes = plt.subplots(
        len(groups), 1, figsize=(7.2, 0.43 * 16 / columns * len(groups)), squeeze=False
    )
    for ax, (name, images) in zip(axes[:, 0], groups.items(), strict=True):
        _show(ax, sheet(images[:columns], columns))
        ax.text(-0.01, 0.5, name, transform=ax.transAxes, ha="right", va="center", fontsize=9)
    return fig


def losses(d_loss: Tensor, g_loss: Tensor, width: int = 50) -> Figure:
    """Draw the losses of a run, averaged over `width` steps, with what they are at D = 1/2.

    Parameters
    ----------
    d_loss, g_loss : Tensor
        (T,) each, as from `gan_lessons.training.Trainer.losses`.
    width : int
        Steps in an average, at most T.
    """
    if not 1 <= width <= len(d_loss):
        raise ValueError(f"width must be from 1 to the {len(d_loss)} steps, got {width}")
    fig, ax = plt.subplots(figsize=(7.2, 2.6))
    marks = {"discriminator": (d_loss, math.log(4), DISCRIMINATOR, "-", "log 4"),
             "generator": (g_loss, math.log(2), GENERATED, (0, (5, 2)), "log 2")}  # fmt: skip
    n = len(d_loss) // width
    steps = (np.arange(n) + 0.5) * width
    for name, (loss, optimum, color, dash, text) in marks.items():
        mean = loss[: n * width].reshape(n, width).mean(1).numpy()
        ax.plot(steps, mean, color=color, ls=dash, label=name)
        ax.axhline(optimum, color=MUTED, ls=":", lw=1)
        ax.text(n * width, optimum, f" {text}", color=INK, va="center")
    ax.set(xlabel="training step", ylabel="loss (nats)", xlim=(0, n * width), ylim=(0, None))
    ax.legend()
    return fig


def _show(ax: Axes, picture: np.ndarray) -> None:
    ax.imshow(picture, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    ax.axis("off")
