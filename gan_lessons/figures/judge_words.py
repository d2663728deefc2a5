"""The words and the presets of the figure "You are the discriminator"."""

from __future__ import annotations

from gan_lessons.figures.explorer_parts import Preset

P, Q, D = "<i>p</i><sub>data</sub>", "<i>p</i><sub>g</sub>", "<i>D</i>"

WORDS = {
    "alt": (
        "Three panels over one axis. Top: a discriminator D(x) from 0 to 1, shaped by seven "
        "points, and, once it is committed, the best one, D*. Middle: the densities of the data "
        "and of the generator. Bottom: how much D loses against D* at each x."
    ),
    "part": "Your part",
    "you_judge": "You are <i>D</i>",
    "you_make": "You are <i>G</i>",
    "yours": "Your <i>D</i>",
    "over": "Start over",
    "reset": "Reset D to ½",
    "handle": "<i>D</i> at <i>x</i> = {x}",
    "logit": "logit {value}",
    "data": "Data",
    "g_mean": f"Mean of {Q}",
    "g_sd": f"Sd of {Q}",
    "x": "<i>x</i>",
    "p": f"{P}",
    "q": f"{Q}",
    "legend_yours": "your <i>D</i>(<i>x</i>), 1 means real",
    "legend_best": "<i>D</i>*(<i>x</i>), the best",
    "legend_answer": "<i>D</i>*(<i>x</i>), the best answer to your " + Q,
    "legend_hidden": "your regret: shown once you commit",
    "legend_regret": f"regret at <i>x</i>: ({P} + {Q}) KL(<i>D</i>*‖<i>D</i>)",
    "legend_few": f"<i>D</i>* wins here: {Q} too low",
    "legend_many": f"{Q} too high",
    "half": "½",
    "zero": "0",
    "one": "1",
    "log_2": "log 2",
    "v_yours": "<i>V</i>(<i>D</i>, <i>G</i>)",
    "v_best": "<i>V</i>(<i>D</i>*, <i>G</i>)",
    "is_yours": "yours",
    "is_best": "best: 2 JS − log 4",
    "is_regret": "best − yours",
    "is_goal": "−log 4",
    "v_star": "<i>D</i>*",
    "blind": "½",
    "regret": "regret",
    "share": "share won",
    "js": f"JS({P}, {Q})",
    "goal": "goal of <i>G</i>",
    "hidden": "?",
    "none": "nothing to win",
    "percent": "{percent}%",
    "sure": "> 0.99",
    "never": "< 0.01",
    "flat": "Your <i>D</i> says {high} everywhere.",
    "shaped": "Your <i>D</i> says {high} at <i>x</i> = {high_at}, its highest point, "
    "and {low} at <i>x</i> = {low_at}, its lowest.",
    "commit": "Press “Commit” to see what it is worth against the best <i>D</i>.",
    "best": "Almost the best <i>D</i>: you have {percent}% of what can be won above −log 4.",
    "good": "A good <i>D</i>: you have {percent}% of what can be won above −log 4.",
    "fair": "A fair <i>D</i>: you have {percent}% of what can be won above −log 4.",
    "weak": "A weak <i>D</i>: you have {percent}% of what can be won above −log 4.",
    "bad": "Worse than <i>D</i> = ½ everywhere, which gives −log 4: yours gives {value}.",
    "same": f"{Q} is {P}, so the best <i>D</i> says ½ everywhere and gives −log 4. "
    "Every other opinion costs: yours gives {value}.",
    "same_best": f"{Q} is {P}: your <i>D</i> is the best there is, ½ everywhere.",
    "where": "{near}% of the regret lies within 1 of <i>x</i> = {x}: "
    "there you said {said}, the best is {should}.",
    "made": "The best <i>D</i> wins 2 JS = {lost} above −log 4.",
    "made_apart": "The best <i>D</i> tells almost every sample: it wins 2 JS = {lost}, of at most "
    "log 4 = 1.3863.",
    "made_few": "{near}% of that comes from within 1 of <i>x</i> = {x}, "
    f"where {Q} is too low: <i>D</i>* says {{should}}.",
    "made_many": "{near}% of that comes from within 1 of <i>x</i> = {x}, "
    f"where {Q} is too high: <i>D</i>* says {{should}}.",
    "made_same": f"{Q} is {P}: <i>D</i>* says ½ everywhere, JS is 0, and "
    "<i>V</i>(<i>D</i>*, <i>G</i>) = −log 4, the least that <i>G</i> can reach.",
}


def _state(
    logits: tuple[float, ...], phase: str, data: str, mean: float, sd: float, part: str = "judge"
) -> dict[str, float | str]:
    handles: dict[str, float | str] = {f"d{k}": logit for k, logit in enumerate(logits, 1)}
    return {"part": part, **handles, "phase": phase, "data": data, "g_mean": mean, "g_sd": sd}


FIRST = (2.0, 2.4, 1.6, -1.0, -1.6, -1.2, -1.0)
FLAT = (0.0,) * 7
SURE = (6.0, 6.0, 6.0, 0.0, -6.0, -6.0, -6.0)

PRESETS = (
    Preset(
        "A first try",
        "The green curve is your <i>D</i>: the probability you give to “a sample at <i>x</i> is "
        "real”. Look at where the two densities cross, and at where one is far above the other: "
        "what should <i>D</i> say there? Drag the seven points, then press Commit.",
        _state(FIRST, "shape", "one", 1.5, 1.5),
    ),
    Preset(
        "The same try, committed",
        "Look at the bottom panel: regret is high only where many samples fall. At <i>x</i> = 6 "
        "this <i>D</i> is as wrong as near 0, but hardly any sample gets there. "
        "Now drag a point and watch the regret.",
        _state(FIRST, "seen", "one", 1.5, 1.5),
    ),
    Preset(
        "Sure of itself",
        "This <i>D</i> is on the right side of ½ at every <i>x</i>, but it is too sure. "
        "Look at the two peaks of the regret: a sample on the wrong side costs "
        "up to −log 0.0025 = 6 nats.",
        _state(SURE, "seen", "one", 1.5, 1.5),
    ),
    Preset(
        "Generator too wide",
        f"Both have the same mean, but {Q} is twice as wide. Look at the two tails: who makes the "
        "samples there? Raise <i>D</i> where you would bet on real, then press Commit.",
        _state(FLAT, "shape", "one", -1.5, 3.0),
    ),
    Preset(
        "A missed mode",
        f"{P} has two modes, {Q} sits on one of them. Look at that one: {Q} is twice as high "
        "there. What should <i>D</i> say: ½, more or less? Commit, then read <i>D</i>*.",
        _state(FLAT, "shape", "two", 3.0, 1.0),
    ),
    Preset(
        "Identical",
        "Nobody can tell these apart, and −log 4 is all that any <i>D</i> can get. "
        "This one has opinions. Look at the bottom panel: each of them costs. "
        "Reset <i>D</i> to ½ and commit: the regret is gone.",
        _state((1.5, 1.5, 1.0, -0.5, -1.0, 1.0, 1.5), "seen", "one", -1.5, 1.5),
    ),
    Preset(
        "Nearly disjoint",
        "<i>D</i> can win almost everything here, up to <i>V</i> near 0. Look at the gap between "
        "the densities: what <i>D</i> says there hardly matters. Commit to see.",
        _state((3.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0), "shape", "one", 5.0, 0.6),
    ),
    Preset(
        "You are G: catch the data",
        "The roles have changed: <i>D</i> answers each move with <i>D</i>*. Drag the square "
        f"or use the sliders. Bring {Q} onto {P}, and look at <i>D</i>* on the way: "
        "it goes to ½, and JS to 0.",
        _state(FIRST, "shape", "one", 1.5, 1.5, "maker"),
    ),
    Preset(
        "You are G: no slope",
        f"{Q} is far from the data. Move it a little either way and read JS: it stays near log 2, "
        "so a <i>G</i> that descends JS against the best <i>D</i> finds almost no slope here.",
        _state(FIRST, "shape", "one", 6.0, 0.3, "maker"),
    ),
    Preset(
        "You are G: two modes, one Gaussian",
        f"No Gaussian is {P} here, so JS cannot reach 0. Find the smallest: is it better to sit "
        "on one mode, or to spread over both? Look at where <i>D</i>* wins in each case.",
        _state(FIRST, "shape", "two", 3.0, 1.0, "maker"),
    ),
)
