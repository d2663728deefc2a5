"""The phase plane's words, and the settings worth looking at."""

from __future__ import annotations

from gan_lessons.figures.explorer_parts import Preset, State

WORDS = {
    "theta": "<i>θ</i>, the generated point",
    "psi": "<i>ψ</i>, the slope of the logit",
    "start": "Start: left and right move θ, up and down move ψ",
    "start_at": "θ = {theta}, ψ = {psi}",
    "legend_run": "the run",
    "legend_now": "where it ends",
    "legend_field": "where the gradients push",
    "legend_data": "data, at 0",
    "legend_made": "generated, at <i>θ</i>",
    "legend_logit": "logit <i>ψ</i><i>x</i>",
    "lambda": "<i>λ</i> of the field",
    "lambda_note": "left: pulled in",
    "step": "<i>μ</i> of one step",
    "step_note": "inside: pulled in",
    "no_rest_note": "no rest at (0, 0)",
    "strength_none": "not used",
    "strength_r1": "γ = {value}",
    "strength_noise": "sd {value}",
    "strength_consensus": "γ = {value}",
    "strength_gradient_penalty": "γ = {value}",
    "strength_clip": "|ψ| ≤ {value}",
    "head_near": "near (0, 0)",
    "head_run": "in this run",
    "row_distance": "distance, per step",
    "row_turn": "turn, per step",
    "row_lambda": "<i>λ</i> of the field",
    "row_step": "<i>μ</i> of a step",
    "row_last": "last state",
    "times": "× {value}",
    "degrees": "{value}°",
    "complex": "{re} ± {im} <i>i</i>",
    "real": "{one} and {two}",
    "last_theta": "<i>θ</i> = {value}",
    "last_psi": "<i>ψ</i> = {value}",
    "none": "none",
    "run": "{steps} steps, {turns} turns: the distance to the equilibrium goes from {begin} "
    "to {end}.",
    "jumps": "{steps} steps, {jumps} of them across to the other side: the distance to the "
    "equilibrium goes from {begin} to {end}.",
    "lost": "After {steps} steps the distance has passed 100: the run is lost.",
    "grow": "Near the equilibrium each step multiplies a small deviation by {size}: "
    "it is pushed away.",
    "shrink": "Near the equilibrium each step multiplies a small deviation by {size} at most: "
    "it is pulled in.",
    "stay": "Near the equilibrium a step only turns a small deviation: "
    "what becomes of it is left to terms of higher order.",
    "no_rest": "The penalty wants |<i>ψ</i>| = 1 and the equilibrium needs <i>ψ</i> = 0: "
    "its push jumps there, and (0, 0) is no point of rest.",
    "walls": "Inside the walls clipping changes nothing.",
    "blind": "Noise changes nothing here: a linear critic compares means, "
    "and the noise has mean 0.",
}


def _state(
    loss: str, order: str, regulariser: str = "none", h: float = 0.1, strength: float = 1.0,
    steps: int = 200, theta: float = 1.0, psi: float = -1.0,
) -> State:  # fmt: skip
    return {
        "loss": loss, "order": order, "regulariser": regulariser, "h": h, "strength": strength,
        "steps": float(steps), "theta": theta, "psi": psi,
    }  # fmt: skip


PRESETS = (
    Preset(
        "Steps spiral out",
        "Both players step along the arrows, at once. The arrows run round the equilibrium, "
        "and a straight step along a circle always ends outside it. Drag the round handle: "
        "every start spirals out. Then choose “continuous time” under Moves.",
        _state("saturating", "simultaneous"),
    ),
    Preset(
        "Circles in continuous time",
        "Infinitely small steps: the run closes up and starts again. The players chase each "
        "other for ever, and <i>λ</i> lies on the imaginary axis.",
        _state("saturating", "flow"),
    ),
    Preset(
        "Alternating stays",
        "The same step size as in the first entry, but <i>G</i> answers to where <i>D</i> has "
        "just moved. The run neither grows nor shrinks: both <i>μ</i> lie on the unit circle. "
        "Taking turns is another system, not another spelling.",
        _state("saturating", "alternating"),
    ),
    Preset(
        "Non-saturating creeps in",
        "The same <i>λ</i> as for the saturating loss, yet the run comes in: the "
        "pull is of higher order, so it gets weaker and weaker. Compare the distance per step "
        "near (0, 0) and in this run.",
        _state("non-saturating", "alternating", h=0.5, steps=400),
    ),
    Preset(
        "Non-saturating, at once",
        "Simultaneous steps push out in proportion to the distance, the loss pulls in by a higher "
        "power of it: the run ends on a circle where the two balance. Halve the step size: the "
        "circle shrinks.",
        _state("non-saturating", "simultaneous", h=0.3, steps=400, theta=0.3, psi=0.0),
    ),
    Preset(
        "R1 pulls in",
        "A penalty on the slope of <i>D</i>: both <i>λ</i> move left, and the run "
        "reaches the equilibrium. Change the strength: below 1 it still "
        "turns, at 1 the two <i>λ</i> meet, above 1 one of them comes back towards 0.",
        _state("saturating", "alternating", "r1", strength=0.4),
    ),
    Preset(
        "Instance noise",
        "Noise on real and on generated points blurs both into bumps that overlap. "
        "<i>D</i> can no longer be steep, and near the equilibrium that works as R1 does.",
        _state("saturating", "alternating", "noise"),
    ),
    Preset(
        "WGAN clipping bounces",
        "The Wasserstein game with |<i>ψ</i>| ≤ 0.5. Simultaneous steps push the run out, the "
        "walls throw it back: it slides along one, crosses over and slides along the other, for "
        "ever. Choose alternating steps: it still goes round, now on an oval that just touches "
        "the walls.",
        _state("wasserstein", "simultaneous", "clip", h=0.2, strength=0.5),
    ),
    Preset(
        "WGAN-GP has no rest",
        "The gradient penalty wants a slope of 1. At the equilibrium the slope must be 0. "
        "Look at the arrows near (0, 0): they point away from <i>ψ</i> = 0 on both sides. "
        "Set the strength to 3: now the run stops, at the wrong place.",
        _state("wasserstein", "alternating", "gradient_penalty", steps=400),
    ),
    Preset(
        "Consensus into the desert",
        "Consensus optimisation rewards short arrows. Near the equilibrium that helps; from "
        "this start the run flees to where the saturating loss gives <i>G</i> no gradient. "
        "Choose the non-saturating loss: it comes home.",
        _state("saturating", "alternating", "consensus", steps=400, theta=1.4, psi=-1.9),
    ),
    Preset(
        "Too large a step",
        "In continuous time this R1 pulls in: <i>λ</i> is left of the axis. "
        "With simultaneous steps of 2 the two <i>μ</i> lie outside the circle. "
        "Make the step smaller than <i>γ</i>/<i>f</i>′(0)² = 1.2.",
        _state("saturating", "simultaneous", "r1", h=2.0, strength=0.3, steps=40, theta=0.1,
               psi=0.0),
    ),
)  # fmt: skip
