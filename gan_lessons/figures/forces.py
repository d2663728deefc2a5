"""Saturating against non-saturating: the force of both losses on the same nine fakes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from scipy.special import ndtri
from torch import Tensor

from gan_lessons import losses
from gan_lessons.densities import Density, gaussian, mixture, nodes, pdf, zeros
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Group, Preset, Range, Select, State, Table
from gan_lessons.figures.explorer_words import amount
from gan_lessons.figures.forces_words import WORDS
from gan_lessons.gradients import force

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

Function = Callable[[Tensor], Tensor]

LOW, HIGH = -7.5, 10.5  # of the picture; the means are of the whole line
STRAY = -4.0  # where the smaller of two humps stands
THEN = 3.0  # where p_g stood when the other D was fitted
FAKES = 9
REACH = (-9.0, -7.4, -3.1, 0.0, 3.1, 7.4, 9.0)  # cuts for quadrature, in standard deviations
LOGITS = (6, 12, 25, 40, 60, 100, 150)  # how far the axis of logits may reach


def _state(
    distance: float, confidence: float, fit: str = "now", law: str = "one", scale: str = "linear"
) -> State:
    return {
        "distance": distance, "confidence": confidence, "fit": fit, "law": law, "scale": scale,
    }  # fmt: skip


class Forces(Explorer):
    """Nine fakes, one D, and the force on each fake under both losses of the generator."""

    kind = "forces"
    words = WORDS
    groups = (
        Group(
            WORDS["game"],
            [
                Range("distance", "Distance of <i>p</i><sub>g</sub>", -3.0, 8.0, 0.1),
                Range("confidence", "Confidence of <i>D</i>", 0.0, 3.0, 0.05),
                Select(
                    "fit",
                    "D was fitted",
                    {"now": "to this p_g (D* at 1)", "then": "when p_g was at 3"},
                ),
            ],
        ),
        Group(
            WORDS["more"],
            [
                Select("law", "Fakes", {"one": "one hump", "two": "two humps, a third at −4"}),
                Select("scale", "Lowest axis", {"linear": "linear", "log": "logarithmic"}),
            ],
        ),
    )
    presets = (
        Preset(
            "The best D: one budget, shared",
            "Compare the two arrows of each fake: they share one budget, the slope <i>l</i>′ of "
            "the logit, as <i>D</i> to 1 − <i>D</i>. The saturating loss spends it on the fakes "
            "that <i>D</i> half believes, the other on those that it rejects. "
            "This <i>D</i> is <i>D</i>*, and the two means add up to the distance, 3.",
            _state(3.0, 1.0),
        ),
        Preset(
            "Early training: D is sure",
            "The saturating arrows are gone. <i>D</i> is almost 0 on every fake, and the force "
            "is in proportion to it: look how deep the nine circles lie on the logarithmic axis. "
            "The non-saturating loss pushes with the full slope. "
            "Lower the confidence until you see the first saturating arrow.",
            _state(6.0, 1.0, scale="log"),
        ),
        Preset(
            "D is unsure",
            "<i>D</i> is near ½ on every fake, and both losses push alike, each with half of the "
            "slope. Look at the key above the arrows: both are weak, "
            "because a <i>D</i> that is almost flat has little slope to give.",
            _state(2.0, 0.05),
        ),
        Preset(
            "D is fooled",
            "This <i>D</i> was fitted when <i>p</i><sub>g</sub> stood at 3; since then <i>G</i> "
            "has run past the data. <i>D</i> takes every fake for real, and the roles are "
            "reversed: now the non-saturating arrows vanish. Both point away from the data: "
            "a force is only as good as its <i>D</i>. The fix: fit <i>D</i> to this "
            "<i>p</i><sub>g</sub>.",
            _state(-2.0, 1.0, fit="then"),
        ),
        Preset(
            "A mixed batch: the means disagree",
            "On each fake the two forces point the same way. But the saturating mean is made by "
            "the fakes near the data and points left, and the non-saturating mean is made by the "
            "three far ones and points right. Same direction for each sample does not mean the "
            "same direction for the batch.",
            _state(1.5, 1.0, law="two"),
        ),
    )

    def numbers(self, state: State) -> dict[str, float]:
        """Compute place, logit and both forces of each fake, and the means over p_g.

        Of fake number k from the left: ``x{k}``, ``logit{k}``, ``sat{k}``, ``non{k}``.
        """
        logit, x = discriminator(state), fakes(state)
        found: dict[str, float] = {}
        per_fake = {"x": x, "logit": logit(x)}
        per_fake |= {name: force(slope, logit, x) for name, slope in SLOPES.items()}
        for name, values in per_fake.items():
            found |= {f"{name}{k + 1}": value for k, value in enumerate(values.tolist())}
        at, weight = over_fakes(state)
        for name, slope in SLOPES.items():
            found[f"mean_{name}"] = float(weight @ force(slope, logit, at))
        found["mean_d"] = float(weight @ torch.sigmoid(logit(at)))
        return found

    def table(self, state: State) -> Table:
        """D and both forces: the means, and at the fakes with the lowest and the highest D."""
        c = self.numbers(state)
        low, high = extremes(c)
        judged = [c["mean_d"], *(_sigmoid(c[f"logit{k}"]) for k in (low, high))]
        pushed = {
            name: [c[f"mean_{name}"], c[f"{name}{low}"], c[f"{name}{high}"]] for name in SLOPES
        }
        both = [a + b for a, b in zip(*pushed.values(), strict=True)]
        rows = [
            [WORDS["row_d"], *map(small, judged)],
            [WORDS["row_sat"], *map(arrow, pushed["sat"])],
            [WORDS["row_non"], *map(arrow, pushed["non"])],
            [WORDS["row_sum"], *map(arrow, both)],
        ]
        return Table(["", WORDS["head_mean"], WORDS["head_low"], WORDS["head_high"]], rows)

    def sentence(self, state: State) -> str:
        """What D thinks of the fakes, and which loss pushes harder."""
        c = self.numbers(state)
        low, high = (_sigmoid(c[f"logit{k}"]) for k in extremes(c))
        sat, non = c["mean_sat"], c["mean_non"]
        if abs(sat) + abs(non) < 1e-12:
            return WORDS["flat"]
        d = (
            "rejects" if high < 0.1 else "fooled" if low > 0.9
            else "unsure" if low > 0.4 and high < 0.6 else "mixed"
        )  # fmt: skip
        if sat * non < 0:
            pushes = "opposite"
        elif abs(non) > 1.2 * abs(sat):
            pushes = "more_non"
        else:
            pushes = "more_sat" if abs(sat) > 1.2 * abs(non) else "alike"
        away = state["law"] == "one" and sat * state["distance"] > 0
        values = {"low": small(low), "high": small(high), "sat": words(sat), "non": words(non)}
        chain = [d, pushes, *(["away"] if away else [])]
        return " ".join(WORDS[key].format(**values) for key in chain)

    def picture(self, state: State) -> Drawing:
        """Draw D, the densities, two rows of arrows, and the slopes against the logit."""
        from gan_lessons.figures.forces_static import draw

        return draw(state, self.numbers(state))


SLOPES = {"sat": losses.saturating_slope, "non": losses.nonsaturating_slope}


def law(state: State, distance: float) -> Density:
    """Make p_g: one Gaussian at this distance from the data, or with a third of it at STRAY."""
    if state["law"] == "one":
        return gaussian(distance, 1.0)
    return mixture([STRAY, distance], [1.0, 1.0], [1.0, 2.0])


def discriminator(state: State) -> Function:
    """Return the logit, confidence times log p_data - log p_g for this p_g or that at THEN."""
    p_data = gaussian(0.0, 1.0)
    p_g = law(state, state["distance"] if state["fit"] == "now" else THEN)

    def logit(x: Tensor) -> Tensor:
        ratio: Tensor = p_data.log_prob(x) - p_g.log_prob(x)
        return float(state["confidence"]) * ratio

    return logit


def fakes(state: State) -> Tensor:
    """Nine quantiles of p_g in the middle of equal shares, hump by hump; ascending."""
    third = FAKES // 3
    humps = [(state["distance"], FAKES)]
    if state["law"] == "two":
        humps = [(STRAY, third), (state["distance"], FAKES - third)]
    found = [mean + ndtri((k + 0.5) / n) for mean, n in humps for k in range(n)]
    return torch.tensor(sorted(found), dtype=torch.float64)


def over_fakes(state: State) -> tuple[Tensor, Tensor]:
    """Return (x, weight) for exact means over p_g: ``weight @ f(x)``."""
    p_g = law(state, state["distance"])
    humps = {state["distance"]} | ({STRAY} if state["law"] == "two" else set())
    cuts = sorted({mean + k for mean in humps for k in REACH})
    x, w = nodes(sorted({*cuts, *zeros(discriminator(state), cuts)}))
    return x, w * pdf(p_g, x)


def extremes(numbers: dict[str, float]) -> tuple[int, int]:
    """Number of the fake with the lowest D, and of that with the highest."""
    logits = {k: numbers[f"logit{k}"] for k in range(1, FAKES + 1)}
    return min(logits, key=logits.__getitem__), max(logits, key=logits.__getitem__)


def small(value: float) -> str:
    """Write a number; below the fourth decimal as a power of ten.

    Examples
    --------
    >>> small(0.29586), small(3.4e-9), small(-2.0), small(0.0)
    ('0.2959', '3×10⁻⁹', '−2.0000', '0')
    """
    size = abs(value)
    if size >= 5e-5 or size < 1e-99:
        return amount(value)
    digit, power = f"{size:.0e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return ("−" if value < 0 else "") + WORDS["power"].format(digit=digit, power=raised)


def arrow(value: float) -> str:
    """Write a force with an arrow for its direction.

    Examples
    --------
    >>> arrow(-2.7041), arrow(0.0)
    ('← 2.7041', '0')
    """
    return _directed(value, "left", "right")


def words(value: float) -> str:
    """Write a force with its direction in words.

    Examples
    --------
    >>> words(-2.7041)
    '2.7041 to the left'
    """
    return _directed(value, "to_left", "to_right")


def _directed(value: float, left: str, right: str) -> str:
    written = small(abs(value))
    return written if written == "0" else WORDS[left if value < 0 else right].format(value=written)


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit > 0 else math.exp(logit) / (1 + math.exp(logit))


def explorer() -> Forces:
    """Make the figure."""
    return Forces(
        title="Saturating against non-saturating: the force on each fake",
        alt=(
            "Five panels. The discriminator D on an axis from 0 to 1 with nine fakes on it; the "
            "densities of the data and of the generator with the nine fakes below; two rows of "
            "arrows, the force on each fake under the saturating loss, dashed, and under the "
            "non-saturating loss, solid; at the bottom D and 1 minus D against the logit, with "
            "the nine fakes on both."
        ),
    )
