"""One run of the player, and what to look at in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gan_lessons.curves import Curves
from gan_lessons.figures.base import require_text
from gan_lessons.figures.player_words import what_shows

LOG_2 = math.log(2.0)


@dataclass(frozen=True)
class Preset:
    """One run and what to look at in it.

    Parameters
    ----------
    label
        A few words for the list of runs.
    caption
        What to look at.  ``<i>`` and ``<sub>`` may mark symbols.
    curves
        What was recorded.
    start
        The training step shown first (the nearest recorded one); the last if ``None``.
    g_optimum
        The generator's loss at the optimum, drawn as a line: log 2 for the non-saturating
        loss, -log 2 for the saturating one, no line if ``None``.
    fix
        The same run with what cures it, if this one fails: a button leads there and back.
    """

    label: str
    caption: str
    curves: Curves
    start: int | None = None
    g_optimum: float | None = LOG_2
    fix: Preset | None = None

    def __post_init__(self) -> None:
        require_text(self.label, "label")
        require_text(self.caption, "caption")
        _check_shapes(self.curves)
        step = self.curves.step
        if self.start is not None and not step[0] <= self.start <= step[-1]:
            raise ValueError(
                f"start must lie between steps {step[0]} and {step[-1]}, got {self.start}"
            )
        if self.g_optimum is not None and not math.isfinite(self.g_optimum):
            raise ValueError(f"g_optimum must be finite or None, got {self.g_optimum}")
        if self.fix is not None and self.fix.fix is not None:
            raise ValueError(f"fix must not need a fix itself, got {self.fix.label!r}")

    @property
    def frame(self) -> int:
        """The index of the frame shown first."""
        if self.start is None:
            return len(self.curves.step) - 1
        return int(np.abs(self.curves.step - self.start).argmin())

    @property
    def limit(self) -> float:
        """Top of the density's axis; p_g is cut off there, since it may have endless spikes."""
        return 1.6 * float(self.curves.p_data.max())

    @cached_property
    def shows(self) -> list[tuple[str, str, int]]:
        """Which sentences are true of each frame."""
        return what_shows(self.curves)


def optimum_name(value: float | None) -> str:
    """Find the entry of WORDS that names the line.

    Examples
    --------
    >>> optimum_name(math.log(2)), optimum_name(-math.log(2)), optimum_name(0.25)
    ('log 2', '-log 2', 'best_g_loss')
    """
    if value is not None and math.isclose(abs(value), LOG_2, rel_tol=1e-9):
        return "log 2" if value > 0 else "-log 2"
    return "best_g_loss"


def _check_shapes(curves: Curves) -> None:
    """Raise ``ValueError`` naming the first field whose shape or order does not fit."""
    frames, points, arrows = len(curves.step), len(curves.x), len(curves.z)
    losses = len(curves.d_loss)
    shapes: dict[str, tuple[int, ...]] = {"step": (frames,), "x": (points,), "z": (arrows,)}
    shapes |= {"p_data": (points,), "d_loss": (losses,), "g_loss": (losses,)}
    shapes |= dict.fromkeys(("p_g", "d", "d_star"), (frames, points))
    shapes |= {"g": (frames, arrows)}
    shapes |= dict.fromkeys(("value", "best_value", "js", "w1", "w1_ema"), (frames,))
    for name, shape in shapes.items():
        values = np.asarray(getattr(curves, name))
        if values.shape != shape or values.size == 0:
            raise ValueError(f"curves.{name} must have shape {shape}, got {values.shape}")
        if np.isnan(values).any() or (name != "p_g" and np.isinf(values).any()):
            raise ValueError(f"curves.{name} must be finite, got NaN or infinity")
        if name in ("x", "z") and len(values) < 2:
            raise ValueError(f"curves.{name} must have at least two points, got {len(values)}")
        if name in ("step", "x", "z") and (np.diff(values) <= 0).any():
            raise ValueError(f"curves.{name} must increase")
