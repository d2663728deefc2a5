"""Forty runs of one setting at a glance, sorted by distance; each opens in the player below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_lessons import quick_curves
from gan_lessons.failures import Rate, distances, outputs, rate
from gan_lessons.figures.base import require_text
from gan_lessons.figures.many_seeds_words import WORDS
from gan_lessons.figures.player import Player
from gan_lessons.figures.player_preset import Preset
from gan_lessons.toy import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


class ManySeeds(Player):
    """Small multiples over a player: one tile for each run, the nearest to the data first.

    Parameters
    ----------
    presets
        One run for each seed.
    seeds
        The seeds.
    distance
        W1 of each run at its end, in standard deviations of the data.
    good
        Which runs succeeded.
    rule
        What a success is, in a few words.
    title, alt
        See :class:`gan_lessons.figures.base.Figure`.
    """

    kind = "many_seeds"
    shared = ("base", "player")

    def __init__(
        self,
        presets: Sequence[Preset],
        seeds: Sequence[int],
        distance: ArrayLike,
        good: ArrayLike,
        rule: str,
        *,
        title: str,
        alt: str,
    ) -> None:
        w1 = np.asarray(distance, dtype=np.float64)
        success = np.asarray(good)
        for name, values in (("seeds", np.asarray(seeds)), ("distance", w1), ("good", success)):
            if values.shape != (len(presets),):
                raise ValueError(f"{name} must have {len(presets)} entries, got {values.shape}")
        if not np.isfinite(w1).all():
            raise ValueError(f"distance must be finite, got {w1.tolist()}")
        order = np.argsort(w1, kind="stable")
        super().__init__([presets[i] for i in order], title=title, alt=alt)
        self.seeds = [int(seeds[i]) for i in order]
        self.distance: NDArray[np.float64] = w1[order]
        self.good: NDArray[np.bool_] = success[order]
        self.rate: Rate = rate(self.good)
        self.rule = require_text(rule, "rule")

    @property
    def sentence(self) -> str:
        """How many succeeded, with the interval."""
        low, high = (f"{100 * end:.0f}" for end in (self.rate.low, self.rate.high))
        return WORDS["rate"].format(
            successes=self.rate.successes, n=self.rate.n, low=low, high=high, rule=self.rule
        )

    @property
    def window(self) -> tuple[float, float]:
        """The stretch of x that all tiles show: where the data are, and a third more."""
        curves = self.presets[0].curves
        held = curves.x[curves.p_data > 1e-3 * curves.p_data.max()]
        margin = (held[-1] - held[0]) / 3
        return float(held[0] - margin), float(held[-1] + margin)

    def data(self) -> dict[str, Any]:
        """Return what the player needs, and the tiles."""
        data = super().data()
        data["words"] = data["words"] | WORDS
        data["tiles"] = {
            "seeds": self.seeds,
            "distance": self.distance.tolist(),
            "good": self.good.tolist(),
            "rate": self.sentence,
            "window": list(self.window),
        }
        return data

    def draw(self) -> Drawing:
        """Draw all tiles."""
        from gan_lessons.figures.many_seeds_static import drawing

        return drawing(self)

    def widget(self) -> Any:
        """Make a box: the tiles as a picture, the rate, and the player under them."""
        import importlib

        from gan_lessons.figures import live_widget
        from gan_lessons.figures.player_widget import player_box

        w = importlib.import_module("ipywidgets")
        picture, framed = live_widget.picture(w)
        picture.value = self.png
        player = player_box(self)
        box = w.VBox([w.HTML(self.sentence), framed, player])
        box.picture, box.player = picture, player
        return box


def many_seeds(
    run: Run, good: ArrayLike, rule: str, *, title: str = "One setting, many seeds"
) -> ManySeeds:
    """Show every GAN of a recorded run: its final D, p_g and p_data, and the player for each.

    Parameters
    ----------
    run : Run
        With S seeds and a few snapshots; at most seven of them are kept for the player.
    good : array of bool, shape (S,)
        Which succeeded.
    rule : str
        What a success is, in words that follow "Success:".
    title : str
        A short name.
    """
    kept = np.unique(np.linspace(0, len(run.frames) - 1, 7).round().astype(int))
    few = Run(
        run.settings, run.seeds, run.d_loss, run.g_loss, run.frames[kept],
        {name: [w[kept] for w in weights] for name, weights in run.weights.items()},
    )  # fmt: skip
    w1 = distances(outputs(few)[-1], run.settings.p_data)
    goal = -math.log(2) if run.settings.g_loss == "saturating" else math.log(2)
    presets = [
        Preset(
            WORDS["run_label"].format(seed=seed, w1=f"{w1[member]:.2f}"),
            WORDS["good" if np.asarray(good)[member] else "bad"].format(seed=seed, rule=rule),
            quick_curves.compute(few, member, x_points=81, reach=0.5),
            g_optimum=goal,
        )
        for member, seed in enumerate(run.seeds.tolist())
    ]
    return ManySeeds(
        presets, run.seeds.tolist(), w1, good, rule, title=title,
        alt=(
            f"{len(presets)} small panels, one for each seed, sorted by distance from the data. "
            "In each, the discriminator D between 0 and 1 above, and below the density of the data "
            "with that of the generator. Under them the player shows one run in full."
        ),
    )  # fmt: skip
