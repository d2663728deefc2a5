"""The phase plane of the Dirac-GAN: where a start leads, and the eigenvalues that say so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gan_lessons.dynamics import DiracGAN
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Group, Range, Select, State, Table
from gan_lessons.figures.explorer_words import amount
from gan_lessons.figures.phase_plane_words import PRESETS, WORDS
from gan_lessons.updates import ORDERS, Array, distance, eigenvalues, trajectory, turns

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SIDE = 3.0  # the plane shows both numbers from -SIDE to SIDE
LIMIT = 100.0  # a run that has gone so far is given up
JUMP = 3.0  # radians: a step that turns by more goes across to the other side

# regulariser -> the argument of DiracGAN that its strength is
STRENGTHS = {
    "none": None, "r1": "r1", "noise": "noise", "consensus": "consensus",
    "gradient_penalty": "gradient_penalty", "clip": "clip",
}  # fmt: skip


class PhasePlane(Explorer):
    """A run of the Dirac-GAN in the plane of its two numbers, with the eigenvalues."""

    kind = "phase_plane"
    words = WORDS
    groups = (
        Group(
            "The game",
            [
                Select(
                    "loss",
                    "Loss",
                    {
                        "saturating": "saturating",
                        "non-saturating": "non-saturating",
                        "wasserstein": "Wasserstein",
                    },
                ),
                Select(
                    "order",
                    "Moves",
                    {
                        "flow": "continuous time",
                        "simultaneous": "simultaneous steps",
                        "alternating": "alternating steps",
                    },
                ),
                Select(
                    "regulariser",
                    "Regulariser",
                    {
                        "none": "none",
                        "r1": "R1",
                        "noise": "instance noise",
                        "consensus": "consensus",
                        "gradient_penalty": "gradient penalty",
                        "clip": "weight clipping",
                    },
                ),
            ],
        ),
        Group(
            "The numbers",
            [
                Range("h", "Step size <i>h</i>", 0.02, 2.5, 0.02),
                Range("strength", "Strength", 0.1, 3.0, 0.1),
                Range("steps", "Steps", 1.0, 400.0, 1.0),
                Range("theta", "Start: <i>θ</i>", -2.5, 2.5, 0.05, slider=False),
                Range("psi", "Start: <i>ψ</i>", -2.5, 2.5, 0.05, slider=False),
            ],
        ),
    )
    presets = PRESETS

    def numbers(self, state: State) -> dict[str, float]:
        """Compute where the run ends, how it got there, and the eigenvalues at the equilibrium."""
        run, h = path(state), state["h"]
        begin, end, n = float(distance(run)[0]), float(distance(run)[-1]), len(run) - 1
        angle = 2 * math.pi * np.diff(turns(run))
        jumps = np.abs(angle) > JUMP
        found = {
            "steps": float(n), "theta": float(run[-1, 0]), "psi": float(run[-1, 1]),
            "begin": begin, "end": end, "jumps": float(jumps.sum()),
            "turns": float(angle[~jumps].sum()) / (2 * math.pi),
            "growth": (end / begin) ** (1 / n) if begin else 1.0,
        }  # fmt: skip
        if state["regulariser"] != "gradient_penalty":
            players = game(state)
            field = eigenvalues(players.jacobian(np.zeros(2)))
            step = ORDERS[str(state["order"])].multipliers(players, h)
            for name, pair in (("lambda", field), ("mu", step)):
                for i, one in enumerate(pair, 1):
                    found |= {f"{name}_{i}_re": one.real, f"{name}_{i}_im": one.imag}
            found["size"] = float(np.abs(step).max())
        return {name: float(value) for name, value in found.items()}

    def table(self, state: State) -> Table:
        """What the eigenvalues say, and what the run did."""
        c = self.numbers(state)
        near = [WORDS["none"]] * 4
        if "size" in c:
            near = [
                WORDS["times"].format(value=amount(c["size"])),
                degrees(math.atan2(c["mu_1_im"], c["mu_1_re"])),
                pair(c, "lambda"),
                pair(c, "mu"),
            ]
        turn = WORDS["none"] if c["jumps"] else degrees(2 * math.pi * c["turns"] / c["steps"])
        last = [WORDS[f"last_{name}"].format(value=place(c[name])) for name in ("theta", "psi")]
        rows = [
            [WORDS["row_distance"], near[0], WORDS["times"].format(value=amount(c["growth"]))],
            [WORDS["row_turn"], near[1], turn],
            [WORDS["row_lambda"], near[2]],
            [WORDS["row_step"], near[3]],
            [WORDS["row_last"], *last],
        ]
        return Table(["", WORDS["head_near"], WORDS["head_run"]], rows)

    def sentence(self, state: State) -> str:
        """What the run did, and what the eigenvalues say of the equilibrium."""
        c = self.numbers(state)
        values = {
            "steps": f"{c['steps']:.0f}", "jumps": f"{c['jumps']:.0f}",
            "turns": amount(c["turns"], 1), "begin": amount(c["begin"]), "end": amount(c["end"]),
            "size": amount(c.get("size", 0.0)),
        }  # fmt: skip
        said = ["lost" if c["end"] > LIMIT else "jumps" if c["jumps"] else "run", verdict(c)]
        regulariser, loss = state["regulariser"], state["loss"]
        if regulariser == "clip":
            said.append("walls")
        if regulariser == "noise" and loss == "wasserstein":
            said.append("blind")
        return " ".join(WORDS[key].format(**values) for key in said)

    def picture(self, state: State) -> Drawing:
        """Draw the plane, the two points and the eigenvalues."""
        from gan_lessons.figures.phase_plane_static import draw

        return draw(state, self.numbers(state))


def game(state: State) -> DiracGAN:
    """Make the game of a state."""
    name = STRENGTHS[str(state["regulariser"])]
    return DiracGAN(str(state["loss"]), **({name: state["strength"]} if name else {}))


def path(state: State) -> Array:
    """Play a state's run, to its end or to where it is given up; shape (n + 1, 2)."""
    start, steps = [state["theta"], state["psi"]], int(state["steps"])
    run = trajectory(game(state), str(state["order"]), start, state["h"], steps, LIMIT)
    return run[np.isfinite(run).all(-1)]


def verdict(c: dict[str, float]) -> str:
    """Say in a word of `WORDS` what the eigenvalues say.

    Examples
    --------
    >>> verdict({"size": 1.01}), verdict({"size": 1 - 1e-12}), verdict({})
    ('grow', 'stay', 'no_rest')
    """
    if "size" not in c:
        return "no_rest"
    return "stay" if abs(c["size"] - 1) < 1e-9 else "grow" if c["size"] > 1 else "shrink"


def pair(c: dict[str, float], name: str) -> str:
    """Write two eigenvalues.

    Examples
    --------
    >>> pair({"mu_1_re": 1.0, "mu_1_im": 0.05, "mu_2_re": 1.0, "mu_2_im": -0.05}, "mu")
    '1.000 ± 0.050 <i>i</i>'
    """
    re, im, other = (c[f"{name}_{part}"] for part in ("1_re", "1_im", "2_re"))
    if im:
        return WORDS["complex"].format(re=amount(re, 3), im=amount(im, 3))
    return WORDS["real"].format(one=amount(re, 3), two=amount(other, 3))


def place(value: float) -> str:
    """Write a coordinate with three decimals.

    Examples
    --------
    >>> place(-0.0004), place(-0.25)
    ('0', '−0.250')
    """
    return amount(value if abs(value) >= 5e-4 else 0.0, 3)


def degrees(angle: float) -> str:
    """Write an angle given in radians.

    Examples
    --------
    >>> degrees(math.pi / 2)
    '90.0°'
    """
    return WORDS["degrees"].format(value=amount(angle * 180 / math.pi, 1))


def explorer() -> PhasePlane:
    """Make the figure."""
    return PhasePlane(
        title="The Dirac-GAN in its phase plane",
        alt=(
            "Left: the plane of theta, the generated point, and psi, the slope of the logit, with "
            "arrows for the gradients, a run from the round handle to the diamond, and the "
            "equilibrium in the middle. Below it the same state as a picture of the data at 0, "
            "the generated point at theta and the logit as a line. Beside it the eigenvalues of "
            "the field with the imaginary axis, and those of one step with the unit circle."
        ),
    )
