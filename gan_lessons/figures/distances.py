"""The explorer of distances: two densities to move, one integrand, five numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from gan_lessons import divergences
from gan_lessons.densities import (
    Density,
    breakpoints,
    cdf,
    gaussian,
    integrate,
    mixture,
    pdf,
    support,
    uniform,
    zeros,
)
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Bar, Group, Preset, Range, Select, State, Table
from gan_lessons.figures.explorer_words import amount

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

LOG_2 = math.log(2.0)
LOW, HIGH = -8.0, 8.0  # of the picture; the numbers are of the whole line
MODE_SD = 0.5  # of each mode of the mixture
SHAPES = {"gaussian": "Gaussian", "two": "Two Gaussians", "uniform": "Uniform"}
MEASURES = {
    "kl_pq": "KL(p‖q)",
    "kl_qp": "KL(q‖p)",
    "js": "JS(p, q)",
    "tv": "TV(p, q)",
    "w1": "W₁(p, q)",
}
P, Q = "<i>p</i>", "<i>q</i>"

WORDS = {
    "p": "<i>p</i>, the data",
    "q": "<i>q</i>, the model",
    "p_group": "Data <i>p</i>",
    "q_group": "Model <i>q</i>",
    "x": "<i>x</i>",
    "mean": "mean of {name}",
    "width": "width of {name}",
    "width_gaussian": "sd {width}",
    "width_two": "modes {width} off the mean",
    "width_uniform": "half-width {width}",
    "kl_pq": "KL(<i>p</i>‖<i>q</i>)",
    "kl_qp": "KL(<i>q</i>‖<i>p</i>)",
    "js": "JS(<i>p</i>, <i>q</i>)",
    "tv": "TV(<i>p</i>, <i>q</i>)",
    "w1": "W<sub>1</sub>(<i>p</i>, <i>q</i>)",
    "legend_kl_pq": "<i>p</i> log(<i>p</i>/<i>q</i>), counts as plus",
    "legend_kl_qp": "<i>q</i> log(<i>q</i>/<i>p</i>), counts as plus",
    "legend_minus": "counts as minus",
    "legend_infinite": "infinite here",
    "legend_js": "½ <i>p</i> log(<i>p</i>/<i>m</i>) + ½ <i>q</i> log(<i>q</i>/<i>m</i>)",
    "legend_m": "<i>m</i> = (<i>p</i> + <i>q</i>)/2",
    "legend_tv": "½ |<i>p</i> − <i>q</i>| where <i>p</i> is larger",
    "legend_w1": "|<i>F</i><sub>p</sub> − <i>F</i><sub>q</sub>| "
    "where <i>F</i><sub>p</sub> is larger",
    "legend_q": "where the other is larger",
    "nats": "{value} nats",
    "bits": "{value} bits",
    "of_x": "{value} units of <i>x</i>",
    "no_unit": "{value}",
    "zero": "0",
    "one": "1",
    "most_nats": "log 2",
    "most_bits": "1 bit",
    "same": "<i>p</i> and <i>q</i> are the same density: every distance is 0.",
    "disjoint": "<i>p</i> and <i>q</i> do not overlap, to nine digits: JS and TV are at their "
    "upper bounds, and stay there as long as the two are apart. "
    "W<sub>1</sub> says how far apart they are.",
    "apart": "<i>p</i> and <i>q</i> hardly overlap: JS and TV are almost at their upper bounds; "
    "W<sub>1</sub> still says how far apart the two are.",
    "overlap": "<i>p</i> and <i>q</i> overlap.",
    "parts_kl_pq": "The plus area is {plus}, the minus area {minus}; "
    "their difference is KL(<i>p</i>‖<i>q</i>) = {value}.",
    "parts_kl_qp": "The plus area is {plus}, the minus area {minus}; "
    "their difference is KL(<i>q</i>‖<i>p</i>) = {value}.",
    "infinite_kl_pq": "KL(<i>p</i>‖<i>q</i>) is infinite: <i>q</i> is 0 in places that hold "
    "{percent}% of <i>p</i>.",
    "infinite_kl_qp": "KL(<i>q</i>‖<i>p</i>) is infinite: <i>p</i> is 0 in places that hold "
    "{percent}% of <i>q</i>.",
    "says_js": "JS is {percent}% of log 2, the largest value that it can take.",
    "says_tv": "The best discriminator is right on {percent}% of an even mix of samples of both: "
    "(1 + TV)/2.",
    "says_w1": "W<sub>1</sub> = {value}: so far must probability be carried, on average, "
    "to turn <i>q</i> into <i>p</i>.",
}


def _density(name: str, label: str) -> Group:
    return Group(
        label,
        [
            Select(f"{name}_shape", "Shape", SHAPES),
            Range(f"{name}_mean", "Mean", -5.0, 5.0, 0.05),
            Range(f"{name}_width", "Width", 0.1, 3.0, 0.01),
        ],
    )


def _state(p: tuple[str, float, float], q: tuple[str, float, float], measure: str) -> State:
    names = ("shape", "mean", "width")
    state = {f"p_{name}": value for name, value in zip(names, p, strict=True)}
    state |= {f"q_{name}": value for name, value in zip(names, q, strict=True)}
    return {**state, "measure": measure, "unit": "nats"}


class Distances(Explorer):
    """Two densities to move; KL both ways, JS, TV and W1, and the integrand of one of them."""

    kind = "distances"
    words = WORDS
    groups = (
        _density("p", WORDS["p_group"]),
        _density("q", WORDS["q_group"]),
        Group(
            "Distance",
            [
                Select("measure", "Distance below", MEASURES),
                Select("unit", "Unit", {"nats": "nats", "bits": "bits"}),
            ],
        ),
    )
    presets = (
        Preset(
            "Wide data, narrow model",
            "Look at the lower panel: KL(<i>p</i>‖<i>q</i>) is made where <i>p</i> has mass and "
            "<i>q</i> has almost none. Then choose KL(<i>q</i>‖<i>p</i>) under Distance: it is "
            "several times smaller, because <i>p</i> covers all of <i>q</i>. KL is not symmetric.",
            _state(("gaussian", 0.0, 1.5), ("gaussian", 0.5, 0.5), "kl_pq"),
        ),
        Preset(
            "Equal",
            "Every distance is 0 here, and only where <i>p</i> = <i>q</i>. "
            "Drag <i>q</i> a little to either side: none of the five can be negative.",
            _state(("gaussian", 0.0, 1.0), ("gaussian", 0.0, 1.0), "js"),
        ),
        Preset(
            "A small shift",
            "Both KL agree here, because the two widths are equal. Look at the lower panel: "
            "the integrand of KL is negative where <i>q</i> is above <i>p</i>, "
            "but the plus area always wins.",
            _state(("gaussian", 0.0, 1.0), ("gaussian", 0.5, 1.0), "kl_pq"),
        ),
        Preset(
            "Nearly disjoint",
            "Drag <i>q</i> to the right: KL grows with the square of the shift and W<sub>1</sub> "
            "in proportion to it. JS is already near log 2 and hardly moves: "
            "that is where a generator that descends JS finds no slope.",
            _state(("gaussian", -2.0, 0.5), ("gaussian", 2.0, 0.5), "js"),
        ),
        Preset(
            "Disjoint uniforms",
            "No <i>x</i> has both densities above 0. KL is infinite both ways, JS is log 2 and "
            "TV is 1, however far <i>q</i> stands. W<sub>1</sub> is the distance that <i>q</i> "
            "must be moved: drag it.",
            _state(("uniform", -2.0, 1.0), ("uniform", 2.0, 1.0), "w1"),
        ),
        Preset(
            "A mixture and its wide cover",
            "This <i>q</i> has the mean and the variance of <i>p</i>: of all Gaussians it has the "
            "smallest KL(<i>p</i>‖<i>q</i>). It covers both modes, and puts much of its "
            "own mass between them, where there is almost no data.",
            _state(("two", 0.0, 2.0), ("gaussian", 0.0, 2.06), "kl_pq"),
        ),
        Preset(
            "A mixture and one of its modes",
            "KL(<i>q</i>‖<i>p</i>) is only about log 2 here: it does not ask about the mode that "
            "<i>q</i> misses. KL(<i>p</i>‖<i>q</i>) does, and is about twenty times as large.",
            _state(("two", 0.0, 2.0), ("gaussian", 2.0, 0.5), "kl_qp"),
        ),
    )

    def numbers(self, state: State) -> dict[str, float]:
        """Compute the five distances, the parts of the chosen KL, and what it misses."""
        p, q = density(state, "p"), density(state, "q")
        unit = LOG_2 if state["unit"] == "bits" else 1.0
        found = {
            "kl_pq": divergences.kl(p, q) / unit,
            "kl_qp": divergences.kl(q, p) / unit,
            "js": divergences.js(p, q) / unit,
            "tv": divergences.total_variation(p, q),
            "w1": divergences.wasserstein1(p, q),
            "missed_pq": missed(p, q),
            "missed_qp": missed(q, p),
        }
        one, other = (q, p) if state["measure"] == "kl_qp" else (p, q)
        found["minus"] = minus(one, other) / unit
        return found

    def table(self, state: State) -> Table:
        """The five distances, with a scale for those that have an upper bound."""
        found, unit = self.numbers(state), str(state["unit"])
        most = 1.0 if unit == "bits" else LOG_2
        rows: list[list[str | Bar]] = []
        for name in MEASURES:
            value = found[name]
            template = {"tv": "no_unit", "w1": "of_x"}.get(name, unit)
            written = amount(value)
            if math.isfinite(value):
                written = WORDS[template].format(value=written)
            bold = name == state["measure"]
            row: list[str | Bar] = [f"<b>{WORDS[name]}</b>" if bold else WORDS[name]]
            row.append(f"<b>{written}</b>" if bold else written)
            if name == "js":
                row.append(Bar(value / most, WORDS["zero"], WORDS[f"most_{unit}"]))
            elif name == "tv":
                row.append(Bar(value, WORDS["zero"], WORDS["one"]))
            rows.append(row)
        return Table([], rows)

    def sentence(self, state: State) -> str:
        """How the two lie, and what the chosen distance says of it."""
        found, measure = self.numbers(state), str(state["measure"])
        if found["tv"] < 1e-9:
            return WORDS["same"]
        tv = found["tv"]
        lie = "disjoint" if tv > 1 - 1e-9 else "apart" if tv > 0.99 else "overlap"
        value = found[measure]
        values = {"value": amount(value)}
        key = f"says_{measure}"
        if measure in ("kl_pq", "kl_qp"):
            if math.isinf(value):
                key = f"infinite_{measure}"
                values["percent"] = amount(100 * found["missed" + measure[2:]], 1)
            else:
                key = f"parts_{measure}"
                values["plus"] = amount(value + found["minus"])
                values["minus"] = amount(found["minus"])
        elif measure == "js":
            most = 1.0 if state["unit"] == "bits" else LOG_2
            values["percent"] = amount(100 * value / most, 2)
        elif measure == "tv":
            values["percent"] = amount(50 * (1 + value), 1)
        return f"{WORDS[lie]} {WORDS[key].format(**values)}"

    def picture(self, state: State) -> Drawing:
        """Draw both densities, and the integrand of the chosen distance."""
        from gan_lessons.figures.distances_static import draw

        return draw(density(state, "p"), density(state, "q"), str(state["measure"]))


def density(state: State, name: str) -> Density:
    """Make the density ``name`` ("p" or "q") of a state."""
    shape, mean, width = (state[f"{name}_{part}"] for part in ("shape", "mean", "width"))
    if shape == "gaussian":
        return gaussian(mean, width)
    if shape == "two":
        return mixture([mean - width, mean + width], [MODE_SD, MODE_SD])
    return uniform(mean - width, mean + width)


def missed(p: Density, q: Density) -> float:
    """Probability that p gives to the outside of q's support."""
    low, high = support(q)
    inside = cdf(p, torch.tensor([low, high], dtype=torch.float64)) if low > -math.inf else None
    return 0.0 if inside is None else float(1 - (inside[1] - inside[0]))


def minus(p: Density, q: Density) -> float:
    """The integral of p log(q / p) over all x where q is above p: what KL(p || q) loses there."""
    both = sorted({*breakpoints(p), *breakpoints(q)})

    def log_ratio(x: torch.Tensor) -> torch.Tensor:
        return torch.nan_to_num(q.log_prob(x) - p.log_prob(x), nan=0.0)

    def inside(x: torch.Tensor) -> torch.Tensor:
        mass = pdf(p, x)
        return torch.where((mass > 0) & (q.log_prob(x) > p.log_prob(x)), mass * log_ratio(x), 0.0)

    return integrate(inside, sorted({*both, *zeros(log_ratio, both)}))


def explorer() -> Distances:
    """Make the figure."""
    return Distances(
        title="Distances between two distributions",
        alt=(
            "Two panels over one axis. Top: the densities p, the data, and q, the model. "
            "Bottom: the integrand of the chosen distance, filled plainly where it counts as plus "
            "or p is larger, hatched where it counts as minus or q is larger."
        ),
    )
