"""The figure "You are the discriminator": shape D by hand, commit, then move p_g against D*.

The reader's D is the sigmoid of a logit that is linear between the handles at ``HANDLES`` and
constant beyond them.  What a D that is not D* loses at x is

    (p_data + p_g) KL(Bernoulli(D*) || Bernoulli(D))
        = p_data (log D* - log D) + p_g (log(1 - D*) - log(1 - D)),

whose integral is the regret V(D*, G) - V(D, G), and 2 JS where D is 1/2 everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_lessons import divergences
from gan_lessons.densities import Density, breakpoints, gaussian, integrate, mixture, pdf
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import (
    Action,
    Bar,
    Button,
    Group,
    Range,
    Select,
    State,
    Table,
)
from gan_lessons.figures.explorer_words import amount
from gan_lessons.figures.judge_words import PRESETS, WORDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

LOW, HIGH = -7.0, 7.0  # of the picture; the numbers are of the whole line
HANDLES = (-6, -4, -2, 0, 2, 4, 6)
NAMES = tuple(f"d{k}" for k in range(1, 8))
MOST = 6.0  # of a handle's logit: D from 0.0025 to 0.9975
GRID = tuple(k / 10 for k in range(-70, 71))  # where the largest loss is looked for
NOTHING = 1e-9  # nats; less is rounding
GRADES = (("best", 0.97), ("good", 0.85), ("fair", 0.5), ("weak", 0.0))
LOG_2, LOG_4 = math.log(2.0), math.log(4.0)

Function = Callable[[Tensor], Tensor]


def _handle(name: str, at: int) -> Range:
    label = WORDS["handle"].format(x=f"{at}".replace("-", "−"))
    return Range(name, label, -MOST, MOST, 0.1, reading=WORDS["logit"], slider=False)


class Judge(Explorer):
    """The reader shapes D and commits; then moves p_g against the D that answers best."""

    kind = "judge"
    words = WORDS
    tabs = Select("part", WORDS["part"], {"judge": "You are D", "maker": "You are G"})
    groups = (
        Group(
            WORDS["you_judge"],
            [
                *(_handle(name, at) for name, at in zip(NAMES, HANDLES, strict=True)),
                Button("phase", WORDS["yours"], {"shape": "Commit", "seen": "Try again"}),
                Action(
                    "reset", WORDS["over"], WORDS["reset"],
                    {**dict.fromkeys(NAMES, 0.0), "phase": "shape"},
                ),
            ],
        ),
        Group(
            WORDS["you_make"],
            [
                Select("data", WORDS["data"], {"one": "One Gaussian", "two": "Two Gaussians"}),
                Range("g_mean", WORDS["g_mean"], -6.0, 6.0, 0.1),
                Range("g_sd", WORDS["g_sd"], 0.1, 4.0, 0.05),
            ],
        ),
    )  # fmt: skip
    presets = PRESETS

    def numbers(self, state: State) -> dict[str, float]:
        """Compute V of the reader's D, of D*, JS, the regret, and where most of it lies.

        For G's part ``lost`` is what a D of 1/2 loses, 2 JS: what D* wins from p_g.
        """
        p, q = densities(state)
        logit = logit_of(state)
        js = min(max(divergences.js(p, q), 0.0), LOG_2)
        played = logit if state["part"] == "judge" else torch.zeros_like
        cuts = sorted({*breakpoints(p), *breakpoints(q), *map(float, HANDLES)})
        lose = loss(p, q, played)
        peak = highest(lose(torch.tensor(GRID, dtype=torch.float64)).tolist())
        inside = [x for x in cuts if peak - 1 < x < peak + 1]
        at = torch.tensor([peak], dtype=torch.float64)
        return {
            "value": integrate(payoff(p, q, logit), cuts),
            "best": 2 * js - LOG_4,
            "js": js,
            "lost": max(integrate(lose, cuts), 0.0),
            "near": max(integrate(lose, [peak - 1, *inside, peak + 1]), 0.0),
            "peak": peak,
            "said": float(torch.sigmoid(played(at))),
            "should": float(torch.sigmoid(p.log_prob(at) - q.log_prob(at))),
        }

    def table(self, state: State) -> Table:
        """V of both discriminators and the regret, once committed; V(D*, G) and JS for G."""
        found = self.numbers(state)
        if state["part"] == "maker":
            bar = Bar(found["js"] / LOG_2, WORDS["zero"], WORDS["log_2"])
            return Table([], [
                [WORDS["v_best"], amount(found["best"]), WORDS["is_best"]],
                [WORDS["js"], amount(found["js"]), bar],
                [WORDS["goal"], amount(-LOG_4), WORDS["is_goal"]],
            ])  # fmt: skip
        if state["phase"] == "shape":
            names = ("yours", "best", "regret")
            rows = [[_row(name), WORDS["hidden"], WORDS[f"is_{name}"]] for name in names]
            return Table([], [*rows, [WORDS["share"], WORDS["hidden"]]])
        won = share(found)
        part: list[str | Bar] = [WORDS["share"], "–", WORDS["none"]]
        if won is not None:
            bar = Bar(min(max(won, 0.0), 1.0), WORDS["blind"], WORDS["v_star"])
            part = [WORDS["share"], WORDS["percent"].format(percent=amount(100 * won, 1)), bar]
        return Table([], [
            [_row("yours"), amount(found["value"]), WORDS["is_yours"]],
            [_row("best"), amount(found["best"]), WORDS["is_best"]],
            [_row("regret"), amount(found["lost"]), WORDS["is_regret"]],
            part,
        ])  # fmt: skip

    def sentence(self, state: State) -> str:
        """What the reader's D says; once committed, how good it was and where it lost."""
        if state["part"] == "judge" and state["phase"] == "shape":
            return f"{_shape(state)} {WORDS['commit']}"
        found = self.numbers(state)
        lost, where = found["lost"], ""
        gaps = {
            "near": amount(100 * found["near"] / lost, 0) if lost > NOTHING else "",
            "x": amount(found["peak"], 1).removesuffix(".0"),
            "said": chance(found["said"]),
            "should": chance(found["should"]),
            "value": amount(found["value"]),
            "best": amount(found["best"]),
            "lost": amount(lost),
        }
        if state["part"] == "maker":
            if found["js"] <= NOTHING:
                return WORDS["made_same"]
            how = "made_few" if found["should"] > 0.5 else "made_many"
            lead = "made_apart" if found["js"] > 0.99 * LOG_2 else "made"
            return f"{WORDS[lead].format(**gaps)} {WORDS[how].format(**gaps)}"
        if lost > NOTHING:
            where = f" {WORDS['where'].format(**gaps)}"
        won = share(found)
        if won is None:
            return WORDS["same" if lost > NOTHING else "same_best"].format(**gaps) + where
        grade = next((name for name, least in GRADES if won >= least), "bad")
        return WORDS[grade].format(percent=amount(100 * won, 1), **gaps) + where

    def picture(self, state: State) -> Drawing:
        """Draw D, the two densities and, once committed, D* and the regret at each x."""
        from gan_lessons.figures.judge_static import draw

        return draw(state)

    def draw(self) -> Drawing:
        """Draw the default state after the commit: paper has no button to press."""
        return self.picture(self.state(phase="seen"))


def densities(state: State) -> tuple[Density, Density]:
    """Make p_data and p_g of a state."""
    p = gaussian(-1.5, 1.5) if state["data"] == "one" else mixture([-3.0, 3.0], [1.0, 1.0])
    return p, gaussian(state["g_mean"], state["g_sd"])


def logit_of(state: State) -> Function:
    """Make the reader's logit: linear between the handles, constant beyond them."""
    heights = [state[name] for name in NAMES]
    return lambda x: torch.from_numpy(np.interp(x.numpy(), HANDLES, heights))


def payoff(p: Density, q: Density, logit: Function) -> Function:
    """Return the integrand of V(D, G), p_data log D + p_g log(1 - D), as a function of x."""
    return lambda x: -pdf(p, x) * softplus(-logit(x)) - pdf(q, x) * softplus(logit(x))


def loss(p: Density, q: Density, logit: Function) -> Function:
    """Return what D loses against D* as a function of x, (p + q) KL(Bern(D*) || Bern(D))."""

    def lose(x: Tensor) -> Tensor:
        own, best = logit(x), p.log_prob(x) - q.log_prob(x)
        real = pdf(p, x) * (softplus(-own) - softplus(-best))
        return real + pdf(q, x) * (softplus(own) - softplus(best))

    return lose


def highest(values: list[float]) -> float:
    """Return the first x of ``GRID`` whose value no later one exceeds by more than rounding."""
    peak, top = 0.0, 1e-12
    for x, value in zip(GRID, values, strict=True):
        if value > top * (1 + 1e-9):
            peak, top = x, value
    return peak


def share(found: dict[str, float]) -> float | None:
    """Part of what can be won above -log 4 that D has; None where nothing can be."""
    won = found["value"] + LOG_4
    if found["js"] <= NOTHING:
        return None
    return 0.0 if abs(won) <= NOTHING else won / (2 * found["js"])


def chance(value: float) -> str:
    """Write a probability with two decimals, but never one that is not 0 or 1 as 0 or 1.

    Examples
    --------
    >>> chance(0.875), chance(0.9975), chance(0.0025)
    ('0.88', '> 0.99', '< 0.01')
    """
    if value > 0.995:
        return WORDS["sure"]
    return WORDS["never"] if value < 0.005 else amount(value, 2)


def _row(name: str) -> str:
    return WORDS["regret" if name == "regret" else f"v_{name}"]


def _shape(state: State) -> str:
    heights = [state[name] for name in NAMES]
    high, low = max(heights), min(heights)
    signs = [f"{at}".replace("-", "−") for at in HANDLES]
    return WORDS["flat" if high == low else "shaped"].format(
        high=chance(1 / (1 + math.exp(-high))),
        low=chance(1 / (1 + math.exp(-low))),
        high_at=signs[heights.index(high)],
        low_at=signs[heights.index(low)],
    )


def explorer() -> Judge:
    """Make the figure."""
    return Judge(title="You are the discriminator", alt=WORDS["alt"])
