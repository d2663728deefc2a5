"""Where the objective comes from: the two integrands of V(D, G) under the two densities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from scipy.optimize import brentq
from torch import Tensor
from torch.nn.functional import softplus

from gan_lessons import divergences
from gan_lessons.densities import Density, breakpoints, gaussian, integrate, pdf
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Button, Group, Preset, Range, State, Table
from gan_lessons.figures.explorer_words import amount

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

LOG_4 = math.log(4.0)
LOW, HIGH = -5.0, 10.0  # of the picture; the numbers are of the whole line
DEPTHS = (0.3, 0.6, 1.2, 3.0, 6.0, 12.0, 30.0, 60.0)  # of the panel of the integrands
FLOORS = (2.0, 4.0, 8.0, 20.0, 40.0, 80.0, 160.0)  # of the panel of V
CLOSE = 5e-4  # smaller differences are called none

WORDS = {
    "p_data": "<i>p</i><sub>data</sub>(<i>x</i>)",
    "p_g": "<i>p</i><sub>g</sub>(<i>x</i>)",
    "legend_own": "<i>D</i>(<i>x</i>), yours",
    "legend_best": "<i>D</i>*(<i>x</i>), the best",
    "data_own": "<i>p</i><sub>data</sub>(<i>x</i>) log <i>D</i>(<i>x</i>)",
    "fake_own": "<i>p</i><sub>g</sub>(<i>x</i>) log(1 − <i>D</i>(<i>x</i>))",
    "data_best": "<i>p</i><sub>data</sub>(<i>x</i>) log <i>D</i>*(<i>x</i>)",
    "fake_best": "<i>p</i><sub>g</sub>(<i>x</i>) log(1 − <i>D</i>*(<i>x</i>))",
    "bar_own": "<i>V</i>(<i>D</i>, <i>G</i>): the two areas end to end",
    "bar_best": "<i>V</i>(<i>D</i>*, <i>G</i>): the two areas end to end",
    "x": "<i>x</i>",
    "log_4": "−log 4",
    "most": "<i>V</i>(<i>D</i>*, <i>G</i>)",
    "centre": "where <i>D</i> is ½",
    "head_own": "your <i>D</i>",
    "head_best": "<i>D</i>*",
    "head": "means, in nats",
    "row_data": "real: log <i>D</i>",
    "row_fake": "generated: log(1 − <i>D</i>)",
    "row_value": "<b>sum: <i>V</i></b>",
    "row_above": "<i>V</i> + log 4",
    "d_own": "<i>D</i>",
    "d_best": "<i>D</i>*",
    "value": "<i>V</i>({d}, <i>G</i>) = {value}.",
    "data_more": "The real points cost more, {more} against {less}: their area is deepest near "
    "<i>x</i> = {x}, where {d}(<i>x</i>) is {at}.",
    "fake_more": "The generated points cost more, {more} against {less}: their area is deepest "
    "near <i>x</i> = {x}, where {d}(<i>x</i>) is {at}.",
    "same": "Both terms cost the same, {more} each: the areas are deepest near <i>x</i> = {x} "
    "(real) and near <i>x</i> = {y} (generated).",
    "equal": "The two densities are equal: no <i>D</i> gets above −log 4.",
    "apart": "No <i>D</i> does better. The densities hardly overlap, "
    "so <i>V</i> comes close to its ceiling, 0.",
    "trade": "No <i>D</i> does better: where the densities overlap, "
    "one term pays for what the other saves.",
    "sure": "above 0.99",
    "never": "below 0.01",
    "worse": "That is below −log 4: <i>D</i> = ½ everywhere would do better. "
    "The best <i>D</i> reaches {best}.",
    "half": "That is −log 4, what <i>D</i> = ½ everywhere gets against any <i>p</i><sub>g</sub>. "
    "The best <i>D</i> reaches {best}.",
    "between": "The best <i>D</i> reaches {best}; "
    "0 is out of reach as long as the densities overlap.",
}


def _state(mean: float, centre: float, steep: float, areas: str = "own") -> State:
    return {"mean": mean, "centre": centre, "steep": steep, "areas": areas}


class Objective(Explorer):
    """Two densities, a D with two parameters, and the two areas whose sum is V(D, G)."""

    kind = "objective"
    words = WORDS
    groups = (
        Group(
            "Controls",
            [
                Range("mean", "Mean of <i>p</i><sub>g</sub>", -2.0, 7.0, 0.2),
                Range("steep", "Steepness of <i>D</i>", -8.0, 8.0, 0.2),
                Range("centre", "Where <i>D</i> is ½", -4.0, 9.0, 0.1, slider=False),
                Button(
                    "areas",
                    "Areas below",
                    {"own": "Show those of the best D", "best": "Back to your D"},
                ),
            ],
        ),
    )
    presets = (
        Preset(
            "The two terms compete",
            "Look between the two humps: every <i>x</i> there is charged twice, solid for the "
            "real points that <i>D</i> doubts, dashed for the generated points that it believes. "
            "Drag the diamond to the right: the solid area shrinks and the dashed one grows. "
            "The button shows the best trade, <i>D</i>*.",
            _state(2.0, 1.5, -1.4),
        ),
        Preset(
            "D = ½ everywhere",
            "A <i>D</i> that never decides pays log 2 for each density. "
            "Drag <i>p</i><sub>g</sub>: <i>V</i> stays at −log 4 wherever the generated points "
            "are. So a <i>V</i> of −log 4 alone does not show that <i>G</i> is good.",
            _state(2.0, 1.0, 0.0),
        ),
        Preset(
            "Sure and right",
            "<i>D</i> is near 1 under the data and near 0 under <i>p</i><sub>g</sub>: both "
            "logarithms are near 0, and both areas almost vanish. "
            "What is left sits where the tails of the two humps meet.",
            _state(4.0, 2.0, -4.0),
        ),
        Preset(
            "Sure and wrong",
            "Only the sign of the steepness has changed, and confidence has become expensive: "
            "look at the scale of the lower panels. The logarithm has no bottom, so the cost "
            "grows with each step of confidence. Set the steepness to 0: "
            "to be undecided costs only log 4.",
            _state(4.0, 2.0, 4.0),
        ),
        Preset(
            "p_g = p_data",
            "One hump lies on the other: whatever <i>D</i> saves for one, it pays for the other, "
            "and more. Move the steepness to 0: nothing beats <i>D</i> = ½ here, and <i>V</i> is "
            "−log 4. Against every other <i>p</i><sub>g</sub> the best <i>D</i> gets more.",
            _state(0.0, 0.0, -1.0),
        ),
        Preset(
            "Far apart, and the best D",
            "<i>V</i>(<i>D</i>*, <i>G</i>) is close to its ceiling, 0. Move the mean of "
            "<i>p</i><sub>g</sub> by a step or two: the best <i>V</i> hardly changes, so it hardly "
            "tells <i>G</i> which way to go.",
            _state(7.0, 3.5, -2.0, "best"),
        ),
    )

    def numbers(self, state: State) -> dict[str, float]:
        """Compute both terms and V for the reader's D and for D*, and where each area is deepest.

        ``at_data`` and ``at_fake`` are of the D whose areas are shown.
        """
        p_data, p_g = gaussian(0.0, 1.0), gaussian(state["mean"], 1.0)
        found = {"best": 2 * divergences.js(p_data, p_g) - LOG_4}  # Theorem 1
        for name in ("own", "best"):
            steep, centre = line(state, name)
            found[f"data_{name}"] = -_mean_softplus(p_data, -steep, centre)
            found[f"fake_{name}"] = -_mean_softplus(p_g, steep, centre)
        found["own"] = found["data_own"] + found["fake_own"]
        steep, centre = line(state, str(state["areas"]))
        found["at_data"] = deepest(0.0, -steep, centre)
        found["at_fake"] = deepest(state["mean"], steep, centre)
        return found

    def table(self, state: State) -> Table:
        """Both terms, their sum, and how far that is above -log 4."""
        c = self.numbers(state)
        rows = [
            [WORDS["row_data"], amount(c["data_own"]), amount(c["data_best"])],
            [WORDS["row_fake"], amount(c["fake_own"]), amount(c["fake_best"])],
            [WORDS["row_value"], f"<b>{amount(c['own'])}</b>", f"<b>{amount(c['best'])}</b>"],
            [WORDS["row_above"], _above(c["own"]), _above(c["best"])],
        ]
        return Table([WORDS["head"], WORDS["head_own"], WORDS["head_best"]], rows)

    def sentence(self, state: State) -> str:
        """Which term costs more and where, and whether a better D exists."""
        c, shown = self.numbers(state), str(state["areas"])
        d, data, fake = WORDS[f"d_{shown}"], c[f"data_{shown}"], c[f"fake_{shown}"]
        more = "data" if data < fake else "fake"
        steep, centre = line(state, shown)
        at = c[f"at_{more}"]
        values = {
            "d": d, "value": amount(c[shown]), "best": amount(c["best"]),
            "more": amount(min(data, fake)), "less": amount(max(data, fake)),
            "x": place(at), "at": chance(_sigmoid(steep * (at - centre))),
        }  # fmt: skip
        costs = f"{more}_more"
        if abs(data - fake) < CLOSE:
            costs = "same"
            values |= {"x": place(c["at_data"]), "y": place(c["at_fake"])}
        above = c[shown] + LOG_4
        if c["best"] - c[shown] < CLOSE:
            end = "equal" if state["mean"] == 0 else "apart" if c["best"] > -0.05 else "trade"
        else:
            end = "half" if abs(above) < CLOSE else "worse" if above < 0 else "between"
        return " ".join(WORDS[key].format(**values) for key in ("value", costs, end))

    def picture(self, state: State) -> Drawing:
        """Draw D, the densities, the two areas, and V as a bar."""
        from gan_lessons.figures.objective_static import draw

        return draw(state, self.numbers(state))


def line(state: State, name: str) -> tuple[float, float]:
    """Steepness and centre of the reader's D ("own") or of D* ("best"); the logit is a line.

    The densities have one width, so log p_data - log p_g = -mean (x - mean / 2).

    Examples
    --------
    >>> line({"mean": 2.0, "centre": 0.0, "steep": 0.0}, "best")
    (-2.0, 1.0)
    """
    if name == "best":
        return -state["mean"], state["mean"] / 2
    return state["steep"], state["centre"]


def deepest(mean: float, slope: float, centre: float) -> float:
    """Return where N(mean, 1) times softplus(slope (x - centre)) is largest.

    The logarithm of the product is concave: its derivative falls, and has one zero.

    Examples
    --------
    >>> deepest(2.0, 0.0, 0.0)
    2.0
    """

    def derivative(x: float) -> float:
        u = slope * (x - centre)
        # sigmoid(u) / softplus(u), the derivative of log softplus, is 1 far to the left
        cost = 1.0 if u < -36 else _sigmoid(u) / (max(u, 0.0) + math.log1p(math.exp(-abs(u))))
        return mean - x + slope * cost

    reach = abs(slope) + 1
    return float(brentq(derivative, mean - reach, mean + reach, xtol=1e-13))


def place(x: float) -> str:
    """Write a place on the axis, with one decimal at most.

    Examples
    --------
    >>> place(1.46), place(-0.04), place(-2.0)
    ('1.5', '0', '−2.0')
    """
    return amount(math.floor(10 * x + 0.5) / 10, 1)


def chance(value: float) -> str:
    """Write what D says with two decimals, but never as 0 or 1, which no sigmoid reaches.

    Examples
    --------
    >>> chance(0.625), chance(0.9996), chance(1e-31)
    ('0.63', 'above 0.99', 'below 0.01')
    """
    if value > 0.995:
        return WORDS["sure"]
    return WORDS["never"] if value < 0.005 else amount(value, 2)


def _mean_softplus(p: Density, slope: float, centre: float) -> float:
    """Mean under p of softplus(slope (x - centre))."""
    low, *inner, high = breakpoints(p)
    cuts = {low, *inner, high, min(max(centre, low), high)}

    def inside(x: Tensor) -> Tensor:
        return pdf(p, x) * softplus(slope * (x - centre))

    return integrate(inside, sorted(cuts))


def _above(value: float) -> str:
    return amount(value + LOG_4 if abs(value + LOG_4) > 1e-9 else 0.0)


def _sigmoid(u: float) -> float:
    return torch.sigmoid(torch.tensor(u, dtype=torch.float64)).item()


def explorer() -> Objective:
    """Make the figure."""
    return Objective(
        title="Where the objective comes from",
        alt=(
            "Four panels. The discriminator D and the best one, D*, on an axis from 0 to 1; below "
            "them the densities of the data and of the generator; below these the two integrands "
            "of V, hanging from 0 and filled; at the bottom V as a bar made of the two areas, "
            "with marks at 0, at minus log 4 and at the best V."
        ),
    )
