"""Minibatch discrimination by hand: six points on a line, who is close to whom, and o(x)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from scipy.special import erfcx

from gan_lessons.batch_layers import minibatch_features, similarities
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Bar, Button, Group, Preset, Range, State, Table
from gan_lessons.figures.explorer_words import amount

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

POINTS = 6
NAMES = tuple(f"x{i + 1}" for i in range(POINTS))
LOW, HIGH = -3.0, 3.0
CLOSE = 1e-9  # smaller differences are rounding

WORDS = {
    "point": "<i>x</i><sub>{i}</sub>",
    "handle": "point {i}",
    "curve": "sum of <i>c</i>(<i>x</i>, <i>x</i><sub>j</sub>) over the batch",
    "feature": "<i>o</i>(<i>x</i><sub>i</sub>)",
    "real": "real batch, on average",
    "line": "the batch: drag a point",
    "matrix": "<i>c</i>(<i>x</i><sub>i</sub>, <i>x</i><sub>j</sub>), and the sum of each row",
    "x": "<i>x</i>",
    "head": "sample",
    "head_x": "<i>x</i><sub>i</sub>",
    "head_o": "<i>o</i>(<i>x</i><sub>i</sub>)",
    "head_bar": "alone … alike",
    "row_mean": "mean",
    "row_real": "real, on average",
    "blank": "",
    "alike": "All six points are one: <i>o</i> = {most} for each of them, the most there is. "
    "Every point may look real; the batch does not.",
    "level": "Each point has the same company, <i>o</i> = {mean}.",
    "spread": "<i>x</i><sub>{lone}</sub> is the loneliest, <i>o</i> = {least}; "
    "<i>x</i><sub>{near}</sub> has the most company, <i>o</i> = {most}.",
    "above": "The mean, {mean}, is above the {real} of real batches: "
    "with this <i>T</i>, too much alike.",
    "below": "The mean, {mean}, is below the {real} of real batches: "
    "with this <i>T</i>, too far apart.",
}


def _state(places: str, scale: float = 1.0, own: str = "counted") -> State:
    state: State = dict(zip(NAMES, map(float, places.split()), strict=True))
    return {**state, "scale": scale, "own": own}


class Minibatch(Explorer):
    """Six points on a line, their similarities and their features o(x)."""

    kind = "minibatch"
    words = WORDS
    groups = (
        Group(
            "Controls",
            [
                *(
                    Range(name, f"<i>x</i><sub>{i + 1}</sub>", LOW, HIGH, 0.05, slider=False)
                    for i, name in enumerate(NAMES)
                ),
                Range("scale", "Kernel <i>T</i> (a number here)", 0.2, 4.0, 0.1),
                Button(
                    "own",
                    "The term <i>j</i> = <i>i</i>",
                    {"counted": "Leave it out", "left_out": "Count it, as the paper does"},
                ),
            ],
        ),
    )
    presets = (
        Preset(
            "Two clumps",
            "Look at the matrix: two dark blocks. Each point counts itself as 1, its two "
            "neighbours as most of 1 each, and the other clump as nearly nothing. Drag a point out "
            "of its clump: its own <i>o</i> changes, and that of the points it leaves falls.",
            _state("-1.7 -1.5 -1.3 1.3 1.5 1.7"),
        ),
        Preset(
            "A real batch",
            "Six draws from N(0, 1). The mean of <i>o</i> is close to the dotted line, around "
            "which real batches scatter. The inner points have more company than the outer ones: "
            "that is not wrong, the data are like that.",
            _state("-0.5 -0.35 0.3 0.4 1.2 1.4"),
        ),
        Preset(
            "Collapsed",
            "Six times the same point, at the most likely place of the data. "
            "A <i>D</i> that sees one point at a time finds nothing wrong with it. "
            "Here <i>o</i> = 6 for every point, far above the dotted line.",
            _state("0 0 0 0 0 0"),
        ),
        Preset(
            "One stays away",
            "Five points agree, one is elsewhere. Look at the last row of the matrix: "
            "its similarities are nearly 0, and its <i>o</i> is little more than the 1 that it "
            "gives to itself.",
            _state("-0.1 -0.05 0 0.05 0.1 2.5", 2.0),
        ),
        Preset(
            "A sharper kernel",
            "The same two clumps with <i>T</i> = 4. Now the mean is above the dotted line: at "
            "short range the batch is too much alike. With <i>T</i> = 1 it was below: at long "
            "range it is too far apart. So one kernel is not enough; "
            "<i>D</i> has <i>B</i> of them and learns them all.",
            _state("-1.7 -1.5 -1.3 1.3 1.5 1.7", 4.0),
        ),
        Preset(
            "Without itself",
            "The real batch again, without the term <i>j</i> = <i>i</i>: every <i>o</i> is less "
            "by exactly 1, and so is the dotted line. Nothing else changes; "
            "a bias of the next layer makes up for it.",
            _state("-0.5 -0.35 0.3 0.4 1.2 1.4", 1.0, "left_out"),
        ),
    )

    def numbers(self, state: State) -> dict[str, float]:
        """Compute every c and o with `batch_layers`, their mean, and that of real batches."""
        f, kernel, counted = _layer(state)
        c = similarities(f, kernel)[..., 0]
        o = minibatch_features(f, kernel, include_self=counted)[:, 0].tolist()
        found = {
            f"c_{i + 1}{j + 1}": c[i, j].item() for i in range(POINTS) for j in range(i, POINTS)
        }
        found |= {f"o_{i + 1}": value for i, value in enumerate(o)}
        return {**found, "mean": sum(o) / POINTS, "real": real_mean(state["scale"], counted)}

    def table(self, state: State) -> Table:
        """Each point, its place, its o, and o as a bar between its bounds."""
        c = self.numbers(state)
        least = float(state["own"] == "counted")
        ends = (amount(least, 0), amount(least + POINTS - 1, 0))
        rows: list[list[str | Bar]] = [
            [
                WORDS["point"].format(i=i + 1),
                amount(state[name], 2),
                amount(c[f"o_{i + 1}"]),
                Bar((c[f"o_{i + 1}"] - least) / (POINTS - 1), *ends),
            ]
            for i, name in enumerate(NAMES)
        ]
        for row in ("mean", "real"):
            bar = Bar((c[row] - least) / (POINTS - 1), *ends)
            rows.append([WORDS[f"row_{row}"], WORDS["blank"], amount(c[row]), bar])
        return Table([WORDS[key] for key in ("head", "head_x", "head_o", "head_bar")], rows)

    def sentence(self, state: State) -> str:
        """Who is alone, who has company, and how the batch compares with real ones."""
        c = self.numbers(state)
        o = [c[f"o_{i + 1}"] for i in range(POINTS)]
        least, most = min(o), max(o)
        full = POINTS if state["own"] == "counted" else POINTS - 1
        values = {
            "least": amount(least), "most": amount(most), "mean": amount(c["mean"]),
            "real": amount(c["real"]),
            "lone": next(i + 1 for i, one in enumerate(o) if one < least + CLOSE),
            "near": next(i + 1 for i, one in enumerate(o) if one > most - CLOSE),
        }  # fmt: skip
        if least > full - CLOSE:
            return WORDS["alike"].format(**values)
        first = "level" if most - least < CLOSE else "spread"
        second = "above" if c["mean"] > c["real"] else "below"
        return " ".join(WORDS[key].format(**values) for key in (first, second))

    def picture(self, state: State) -> Drawing:
        """Draw the points with their features, and the matrix."""
        from gan_lessons.figures.minibatch_static import draw

        return draw(state, self.numbers(state))


def _layer(state: State) -> tuple[torch.Tensor, torch.Tensor, bool]:
    """f(x) = x, (6, 1); T, (1, 1, 1); and whether a point counts itself."""
    x = torch.tensor([[state[name]] for name in NAMES], dtype=torch.float64)
    kernel = torch.full((1, 1, 1), state["scale"], dtype=torch.float64)
    return x, kernel, state["own"] == "counted"


def real_mean(scale: float, counted: bool = True) -> float:
    """Mean of o(x) for a batch of six independent draws from N(0, 1).

    The difference of two draws is N(0, 2), and E exp(-t |N(0, 2)|) = exp(t^2) erfc(t).

    Examples
    --------
    >>> round(real_mean(1.0), 4), round(real_mean(1.0, counted=False), 4)
    (3.1379, 2.1379)
    """
    return float(counted) + (POINTS - 1) * float(erfcx(scale))


def explorer() -> Minibatch:
    """Make the figure."""
    return Minibatch(
        title="Minibatch discrimination by hand",
        alt=(
            "Six points on a line that can be dragged, each on a row of its own; above them a "
            "curve that is high where points are close together, with a dot at the feature o of "
            "each point; below, the matrix of similarities, dark where two points are alike."
        ),
    )
