"""Two clouds of points, data and fakes: move the fakes, and see which measure notices."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from gan_lessons.balls import nearness
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Bar, Group, Preset, Range, Select, State, Table
from gan_lessons.figures.explorer_words import amount
from gan_lessons.kernels import RBF, mmd2
from gan_lessons.metrics import frechet_distance, moments
from gan_lessons.neighbours import nearest, precision_recall

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

MODE, HALF = 1.5, 30  # the two modes are at -1.5 and 1.5, with 30 points each
SD, K, H = 0.4, 3, 1.0  # of a mode; neighbours of precision and recall; bandwidth of MMD
WIDE, TALL = 5.6, 2.4  # of the picture, to each side
MEASURES = ("frechet", "mmd", "precision", "recall", "nearness")
# How much worse than the fresh draws shown here other fresh draws may be: none of 300 is worse.
ALIKE = {"frechet": 0.06, "mmd": 0.03, "precision": 0.12, "recall": 0.12, "nearness": 0.2}

WORDS = {
    "data": "data",
    "fake": "fakes",
    "show_moments": "one standard deviation",
    "show_data": "balls of the data",
    "show_fakes": "balls of the fakes",
    "out": "outside all of them",
    "head": "measure",
    "head_now": "these fakes",
    "head_fresh": "fresh draws",
    "head_bar": "0 … 1",
    "frechet": "Fréchet",
    "mmd": "MMD²",
    "precision": "precision",
    "recall": "recall",
    "nearness": "nearness",
    "zero": "0",
    "one": "1",
    "blank": "",
    "none": "None of the five is far from what fresh draws get.",
    "some": "Far from what fresh draws get: {names}.",
    "silent": "Not far: {names}.",
    "and": ", ",
}


def _state(source: str, shift: float, spread: float, moved: int, show: str) -> State:
    return {"source": source, "shift": shift, "spread": spread, "moved": moved, "show": show}


class TwoClouds(Explorer):
    """Data with two modes and fakes to move: Fréchet distance, MMD, precision, recall, nearness."""

    kind = "two_clouds"
    words = WORDS
    groups = (
        Group(
            "Move the fakes",
            [
                Range("shift", "Shift", -3.0, 3.0, 0.05),
                Range("spread", "Spread", 0.0, 2.5, 0.05),
                Range("moved", "Moved to the left", 0, HALF, 1),
            ],
        ),
        Group(
            "What they are, what is shown",
            [
                Select(
                    "source",
                    "The fakes are",
                    {
                        "fresh": "fresh draws of the data's law",
                        "copies": "copies of the data",
                        "cloud": "one cloud with the data's moments",
                    },
                ),
                Select(
                    "show",
                    "Show",
                    {
                        "moments": "means and spreads",
                        "data": "balls of the data",
                        "fakes": "balls of the fakes",
                    },
                ),
            ],
        ),
    )
    presets = (
        Preset(
            "Fresh draws",
            "Data and fakes are draws of one law, so the truth is: no difference. "
            "The Fréchet distance is above 0 all the same, for no two samples have equal moments; "
            "precision and recall are below 1. Judge everything else by these numbers. "
            "The ellipses show all that the Fréchet distance sees.",
            _state("fresh", 0.0, 1.0, 0, "moments"),
        ),
        Preset(
            "Copies",
            "Each cross lies on a point of the data. The first four measures are better than for "
            "fresh draws, three of them perfect; only nearness tells that nothing is new.",
            _state("copies", 0.0, 1.0, 0, "data"),
        ),
        Preset(
            "One mode dropped",
            "No fake is bad, so precision is as it was. Recall is about one half: a ring marks "
            "each point of data outside all balls of the fakes. "
            "The Fréchet distance sees the mean move.",
            _state("fresh", 0.0, 1.0, HALF, "fakes"),
        ),
        Preset(
            "Too narrow",
            "The fakes sit in the middle of both modes: precision is 1, and recall low. "
            "The Fréchet distance stays small: most of the variance is between the modes, "
            "and that is right. MMD with this wide kernel says nothing.",
            _state("fresh", 0.0, 0.15, 0, "fakes"),
        ),
        Preset(
            "Too wide",
            "Many crosses are outside all balls of the data, with a ring, and precision is low. "
            "Recall is as high as ever: large balls around the few fakes cover the data.",
            _state("fresh", 0.0, 2.5, 0, "data"),
        ),
        Preset(
            "Shifted",
            "Every measure but nearness gets worse. Move the shift to 3: the left fakes then stand "
            "on the right mode, and precision and recall are back at about one half. "
            "MMD levels off. Only the Fréchet distance goes on growing.",
            _state("fresh", 1.5, 1.0, 0, "moments"),
        ),
        Preset(
            "Right moments, wrong shape",
            "One cloud, with exactly the mean and the covariance of the data: "
            "the Fréchet distance is 0. Many fakes lie where no data is; "
            "precision and MMD tell.",
            _state("cloud", 0.0, 1.0, 0, "moments"),
        ),
    )

    def numbers(self, state: State) -> dict[str, float]:
        """Compute the five measures with the package, and what fresh draws get."""
        fresh = fakes(_state("fresh", 0.0, 1.0, 0, "moments"))
        here, there = _measures(fakes(state)), _measures(fresh)
        return {**here, **{f"fresh_{name}": value for name, value in there.items()}}

    def table(self, state: State) -> Table:
        """The five measures beside those of fresh draws."""
        c = self.numbers(state)
        rows: list[list[str | Bar]] = []
        for name in MEASURES:
            row: list[str | Bar] = [WORDS[name], amount(c[name]), amount(c[f"fresh_{name}"])]
            bar = Bar(c[name], WORDS["zero"], WORDS["one"])
            rows.append([*row, bar if name in MEASURES[2:] else WORDS["blank"]])
        return Table([WORDS[key] for key in ("head", "head_now", "head_fresh", "head_bar")], rows)

    def sentence(self, state: State) -> str:
        """Which measures are far from those of fresh draws."""
        c = self.numbers(state)
        far = [name for name in MEASURES if is_far(name, c)]
        if not far:
            return WORDS["none"]
        near = [name for name in MEASURES if name not in far]
        said = [("some", far)] + ([("silent", near)] if near else [])
        return " ".join(
            WORDS[key].format(names=WORDS["and"].join(WORDS[name] for name in names))
            for key, names in said
        )

    def picture(self, state: State) -> Drawing:
        """Draw both clouds, with ellipses or balls."""
        from gan_lessons.figures.two_clouds_static import draw

        return draw(str(state["show"]), data(), fakes(state))

    def data(self) -> dict[str, Any]:
        """Return the words, the controls, the presets and the points."""
        sources = {"fresh": _points(1), "copies": _points(0), "cloud": _cloud()}
        points = {name: (*_centres(name), offsets.tolist()) for name, offsets in sources.items()}
        return {**super().data(), "points": points, "alike": ALIKE}


def is_far(name: str, numbers: dict[str, float]) -> bool:
    """Whether a measure is worse than for fresh draws by more than it would be by chance."""
    worse = numbers[name] - numbers[f"fresh_{name}"]
    return (-worse if name in ("precision", "recall") else worse) > ALIKE[name]


@cache
def _points(seed: int) -> Tensor:
    """Offsets of 60 points from the middles of their modes, (60, 2), on a grid of 0.001."""
    draws = np.random.default_rng(seed).normal(0, SD, (2 * HALF, 2)).round(3)
    return torch.from_numpy(draws)


def data() -> Tensor:
    """Return the 60 points of the data, (60, 2)."""
    return fakes(_state("copies", 0.0, 1.0, 0, "moments"))


@cache
def _cloud() -> Tensor:
    """Offsets of 60 Gaussian points with mean 0 and the covariance of the data, to rounding."""
    draws = torch.from_numpy(np.random.default_rng(2).normal(size=(2 * HALF, 2)))
    draws = draws - draws.mean(0)
    white = torch.linalg.cholesky(moments(draws).covariance)
    shape = torch.linalg.cholesky(moments(data()).covariance)
    offsets: Tensor = draws @ torch.linalg.inv(white).T @ shape.T
    return offsets[offsets[:, 0].argsort()]  # the last half is the right half


def _centres(source: str) -> tuple[list[float], list[float]]:
    """Where the left and the right half of the points belong: (x, y) of both."""
    if source == "cloud":
        middle = data().mean(0).tolist()
        return middle, middle
    return [-MODE, 0.0], [MODE, 0.0]


def fakes(state: State) -> Tensor:
    """Return the 60 fakes of a state, (60, 2): shift + (centre + spread * offset)."""
    source = str(state["source"])
    offsets = _cloud() if source == "cloud" else _points(1 if source == "fresh" else 0)
    left, right = (torch.tensor(c, dtype=torch.float64) for c in _centres(source))
    centres = torch.where(torch.arange(2 * HALF)[:, None] < HALF, left, right)
    centres[HALF : HALF + int(state["moved"]), 0] -= 2 * MODE
    points: Tensor = centres + state["spread"] * offsets
    points[:, 0] += state["shift"]
    return points


def _measures(points: Tensor) -> dict[str, float]:
    real = data()
    both = precision_recall(real, points, K)
    return {
        "frechet": frechet_distance(real, points),
        "mmd": mmd2(real, points, RBF(H)),
        "precision": both.precision,
        "recall": both.recall,
        "nearness": nearness(points, fakes(_state("fresh", 0.0, 1.0, 0, "moments")), real),
    }


def radii(points: Tensor) -> Tensor:
    """Distances from points to their K-th neighbours among the others."""
    return nearest(points, points, K + 1).distances[:, -1]


def explorer() -> TwoClouds:
    """Make the figure."""
    return TwoClouds(
        title="Two clouds, five measures",
        alt=(
            "Points of data, blue discs, in two groups side by side, and as many fakes, orange "
            "crosses. Around them two ellipses that show means and standard deviations, or circles "
            "out to the third neighbour of each point; what is outside all circles has a ring."
        ),
    )
