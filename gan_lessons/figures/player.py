"""The player: a recorded 1-D GAN, moved along its training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_lessons.figures.base import Figure
from gan_lessons.figures.packing import pack
from gan_lessons.figures.player_preset import Preset, optimum_name
from gan_lessons.figures.player_words import SENTENCES, WORDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


class Player(Figure):
    """Recorded runs of a 1-D GAN, to be scrubbed with a slider.

    Parameters
    ----------
    presets
        The runs to choose from; the first is shown.  A run that has a ``fix`` has a button to it.
    title, alt
        See :class:`gan_lessons.figures.base.Figure`.
    """

    kind = "player"

    def __init__(self, presets: Sequence[Preset], *, title: str, alt: str) -> None:
        super().__init__(title=title, alt=alt)
        self.presets = tuple(presets)
        if not self.presets or not all(isinstance(preset, Preset) for preset in self.presets):
            raise ValueError(f"presets must be a sequence of one or more Preset, got {presets!r}")
        self.runs = [*self.presets]  # and the fixes after them
        self.partners: dict[int, int] = {}  # from a run to its fix and back, by index in `runs`
        for here, preset in enumerate(self.presets):
            if preset.fix is not None:
                self.partners |= {here: len(self.runs), len(self.runs): here}
                self.runs.append(preset.fix)

    def data(self) -> dict[str, Any]:
        """Return the words and the packed runs."""
        return {
            "words": WORDS,
            "sentences": SENTENCES,
            "presets": [_preset_data(preset) for preset in self.runs],
            "listed": len(self.presets),
            "partners": [self.partners.get(index) for index in range(len(self.runs))],
        }

    def draw(self) -> Drawing:
        """Draw the first run at its start."""
        from gan_lessons.figures.player_static import Picture

        return Picture(self.presets[0]).drawing

    def widget(self) -> Any:
        """Make a new box; see :func:`gan_lessons.figures.player_widget.player_box`."""
        from gan_lessons.figures.player_widget import player_box

        return player_box(self)


def _preset_data(preset: Preset) -> dict[str, Any]:
    curves = preset.curves
    drawn = {name: getattr(curves, name) for name in ("x", "p_data", "d", "d_star", "z", "g")}
    drawn["p_g"] = np.minimum(curves.p_g, preset.limit)
    drawn |= {"d_loss": curves.d_loss, "g_loss": curves.g_loss}
    exact = ("value", "js", "w1", "w1_ema")
    return {
        "label": preset.label,
        "caption": preset.caption,
        "start": preset.frame,
        "limit": preset.limit,
        "g_optimum": preset.g_optimum,
        "g_optimum_name": optimum_name(preset.g_optimum),
        "step": curves.step.tolist(),
        "curves": {name: pack(values, name) for name, values in drawn.items()},
        "numbers": {name: getattr(curves, name).tolist() for name in exact},
        "shows": preset.shows,
    }
