"""The explorer of two fits: one Gaussian on two modes, by forward KL, by reverse KL and by JS."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from gan_lessons import divergences, fits
from gan_lessons.densities import Density, mixture
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Bar, Group, Preset, Range, State, Table
from gan_lessons.figures.explorer_words import amount
from gan_lessons.fits import Fit

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SD = 0.5  # of each mode
NAMES = ("forward", "reverse", "js")
OWN = {"forward": "kl_pq", "reverse": "kl_qp", "js": "js"}  # what each of them minimises

WORDS = {
    "target": "<i>p</i>, the data",
    "forward": "forward KL",
    "reverse": "reverse KL",
    "js": "JS",
    "x": "<i>x</i>",
    "mode": "right mode of the data",
    "row_mean": "mean",
    "row_sd": "sd",
    "row_kl_pq": "KL(<i>p</i>‖<i>q</i>)",
    "row_kl_qp": "KL(<i>q</i>‖<i>p</i>)",
    "row_js": "JS(<i>p</i>, <i>q</i>)",
    "blank": "",
    "same": "Both modes are in one place: the data is one Gaussian, and all three find it.",
    "forward_says": "Forward KL covers both modes.",
    "reverse_seeks": "Reverse KL takes one mode, at {value} nats; "
    "covering both would cost {other}.",
    "reverse_tie": "Reverse KL takes one mode, at {value} nats, and the other is exactly as good; "
    "covering both would cost {other}.",
    "reverse_covers": "Reverse KL covers both modes, at {value} nats; "
    "taking one would cost {other}.",
    "js_seeks": "JS takes one mode, at {value} nats; covering both would cost {other}.",
    "js_tie": "JS takes one mode, at {value} nats, and the other is exactly as good; "
    "covering both would cost {other}.",
    "js_covers": "JS covers both modes, at {value} nats; taking one would cost {other}.",
    "reverse_seeks_only": "Reverse KL takes one mode; no local minimum that covers both is found.",
    "reverse_covers_only": "Reverse KL covers both modes; "
    "no local minimum at one of them is found.",
    "js_seeks_only": "JS takes one mode; no local minimum that covers both is found.",
    "js_covers_only": "JS covers both modes; no local minimum at one of them is found.",
}


class TwoFits(Explorer):
    """One Gaussian fitted to two modes by three divergences, as the modes move apart."""

    kind = "two_fits"
    words = WORDS
    groups = (
        Group(
            "Data",
            [
                Range("half", "Half-distance of the modes", 0.0, 4.0, 0.05),
                Range("weight", "Weight of the left mode", 0.2, 0.8, 0.05),
            ],
        ),
    )
    presets = (
        Preset(
            "Two modes, well apart",
            "Forward KL spreads over both modes and over the gap between them. "
            "Reverse KL takes one mode and leaves the other out. "
            "JS sides with the wide fit here: it is not mode-seeking by law.",
            {"half": 2.0, "weight": 0.5},
        ),
        Preset(
            "JS changes its mind",
            "A little further apart, the narrow fit costs less JS than the wide one: "
            "now JS takes a mode, too. "
            "Move the modes back and forth by one step, and watch its curve jump.",
            {"half": 2.15, "weight": 0.5},
        ),
        Preset(
            "Close: all three cover",
            "Reverse KL covers both modes as long as they are close. "
            "Two further local minima wait at the modes: a descent that starts there "
            "stays there, although the wide fit is better.",
            {"half": 1.3, "weight": 0.5},
        ),
        Preset(
            "One mode",
            "A Gaussian target is fitted exactly by all three: the divergences disagree only "
            "where the model cannot be right.",
            {"half": 0.0, "weight": 0.5},
        ),
        Preset(
            "Unequal modes",
            "With 70% of the data on the left, both reverse KL and JS take the heavier mode. "
            "Forward KL still covers both: its mean follows the weights.",
            {"half": 2.0, "weight": 0.7},
        ),
        Preset(
            "Far apart",
            "Reverse KL and JS cost no more than at half the distance: neither asks how far away "
            "the mode is that they leave out. Forward KL does, and pays for the empty middle.",
            {"half": 4.0, "weight": 0.5},
        ),
    )

    def numbers(self, state: State) -> dict[str, float]:
        """Compute the three fits, every divergence of each, and the best fit of the other kind."""
        return dict(_numbers(float(state["half"]), float(state["weight"])))

    def table(self, state: State) -> Table:
        """One column for each fit; what it minimises is bold."""
        found = self.numbers(state)
        rows: list[list[str | Bar]] = []
        for row in ("mean", "sd", "kl_pq", "kl_qp", "js"):
            cells: list[str | Bar] = [WORDS[f"row_{row}"]]
            for name in NAMES:
                value = found[f"{name}_{row}"]
                written = amount(0.0 if abs(value) < 1e-6 else value)
                cells.append(f"<b>{written}</b>" if OWN[name] == row else written)
            rows.append(cells)
        return Table([WORDS["blank"], *(WORDS[name] for name in NAMES)], rows)

    def sentence(self, state: State) -> str:
        """Which modes each of the three takes, and what the alternative would cost."""
        if state["half"] == 0:
            return WORDS["same"]
        found = self.numbers(state)
        said = [WORDS["forward_says"]]
        for name in ("reverse", "js"):
            covers, other = found[f"{name}_covers"], found[f"{name}_other"]
            key = "covers" if covers else "tie" if found[f"{name}_ties"] > 1 else "seeks"
            if math.isinf(other):
                key = "covers_only" if covers else "seeks_only"
            value = found[f"{name}_{OWN[name]}"]
            values = {"value": amount(value), "other": amount(other)}
            said.append(WORDS[f"{name}_{key}"].format(**values))
        return " ".join(said)

    def picture(self, state: State) -> Drawing:
        """Draw the target and the three fits."""
        from gan_lessons.figures.two_fits_static import draw

        found = self.numbers(state)
        shown = {name: (found[f"{name}_mean"], found[f"{name}_sd"]) for name in NAMES}
        return draw(target(float(state["half"]), float(state["weight"])), shown)


def target(half: float, weight: float) -> Density:
    """Make the density of the data."""
    return mixture([-half, half], [SD, SD], [weight, 1 - weight])


@lru_cache(maxsize=256)
def _numbers(half: float, weight: float) -> tuple[tuple[str, float], ...]:
    p = target(half, weight)
    found: dict[str, float] = {}
    for name in NAMES:
        minima = fits.fit_gaussian(p, name)
        best = minima[0]
        kind = fits.covers(best, [-half, half])
        others = [fit.value for fit in minima if fits.covers(fit, [-half, half]) != kind]
        ties = [fit for fit in minima if fit.value < best.value + 1e-8]
        found |= _of(name, p, best)
        found[f"{name}_covers"] = float(kind)
        found[f"{name}_other"] = min(others, default=math.inf)
        found[f"{name}_ties"] = float(len(ties))
    return tuple(found.items())


def _of(name: str, p: Density, fit: Fit) -> dict[str, float]:
    q = fit.density
    values = {"mean": fit.mean, "sd": fit.sd, "kl_pq": divergences.kl(p, q)}
    values |= {"kl_qp": divergences.kl(q, p), "js": divergences.js(p, q)}
    return {f"{name}_{key}": value for key, value in values.items()}


def explorer() -> TwoFits:
    """Make the figure."""
    return TwoFits(
        title="One Gaussian on two modes: three divergences, three fits",
        alt=(
            "The density of data with two modes, and three Gaussians fitted to it: by forward KL "
            "(dashed, rings), by reverse KL (solid, squares) and by the Jensen-Shannon "
            "divergence (dotted, diamonds)."
        ),
    )
