"""The museum of failures: real runs that fail, each beside the same run with what cures it.

An exhibit names two settings, which differ in one thing, and two rules: when a run has failed in
this way, and when it has succeeded.  Both are trained from many seeds side by side.  On show is the
first of these seeds that fails, and succeeds with the fix; `Result` counts all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_lessons import quick_curves, toy
from gan_lessons.failures import Rate, bends, distances, kinds, outputs, rate
from gan_lessons.figures.player import Player
from gan_lessons.figures.player_preset import Preset
from gan_lessons.toy import Run, ToySettings
from gan_lessons.training import LoopSettings

if TYPE_CHECKING:
    from gan_lessons.failures import Array

Rule = Callable[[Run, "Array"], NDArray[np.bool_]]  # of a run and its outputs (F, S, points)


def _distance(x: Array, run: Run) -> Array:
    return distances(x[-1], run.settings.p_data)


def _apart(more_than: float) -> Rule:
    return lambda run, x: np.asarray(_distance(x, run) > more_than)


def _close(less_than: float) -> Rule:
    return lambda run, x: np.asarray(_distance(x, run) < less_than)


def _ended(kind: str) -> Rule:
    return lambda run, x: np.array([one == kind for one in kinds(x, run.settings.p_data)])


def _moments(run: Run, x: Array, mean: float, spread: float) -> NDArray[np.bool_]:
    """Whether the mean is right to so many sd, and the sd to so large a share of itself."""
    centre, sd = float(run.settings.p_data.mean), float(run.settings.p_data.stddev)
    off, ratio = (x[-1].mean(-1) - centre) / sd, x[-1].std(-1) / sd
    return np.asarray((np.abs(off) < mean) & (np.abs(ratio - 1) < spread))


def _blind_to_width(run: Run, x: Array) -> NDArray[np.bool_]:
    """Mean within half a sd, the spread off by more than a quarter, D straight over the data."""
    centre, sd = float(run.settings.p_data.mean), float(run.settings.p_data.stddev)
    straight = bends(run, centre - 2.5 * sd, centre + 2.5 * sd) == 0
    right, wide = (_moments(run, x, 0.5, spread) for spread in (0.25, math.inf))
    return np.asarray(wide & ~right & straight)


def _moments_only(run: Run, x: Array) -> NDArray[np.bool_]:
    """Mean and spread right to a tenth, and W1 still above 0.2 sd."""
    return _moments(run, x, 0.1, 0.1) & _apart(0.2)(run, x)


@dataclass(frozen=True)
class Exhibit:
    """A failure, its fix, and the rules that say which is which."""

    label: str
    caption: str  # what to look at, and why it is so
    fix: str  # the caption of the run with the fix: what was changed
    settings: ToySettings
    cure: ToySettings
    failed: Rule
    succeeded: Rule
    steps: int = 400
    start: int = 400  # the training step shown first


SMALL = ToySettings(target="two modes", batch=64, g_hidden=(16, 16), d_hidden=(16, 16))


def _small(k: int = 1, lr_d: float = 2e-3, lr_g: float = 1e-3, **changes: object) -> ToySettings:
    loop = LoopSettings(k=k, lr_d=lr_d, lr_g=lr_g)
    # The settings check their own values; mypy cannot see which field is which type.
    return replace(SMALL, loop=loop, **changes)  # type: ignore[arg-type]


EXHIBITS = {
    "vanishing": Exhibit(
        "D too strong: the gradient vanishes",
        "Look at <i>D</i> where <i>G</i> puts its values: it is 0, and flat. "
        "The two densities are far apart, and <i>D</i> has fifty times the learning rate of "
        "<i>G</i>. "
        "The saturating loss has no slope where <i>D</i> is 0: <i>G</i> hardly moves.",
        "The fix: the non-saturating loss, against the same fast <i>D</i>. "
        "Look at the arrows: they set off at once.",
        _small(lr_d=5e-2, target="gaussian", standardise=False, g_loss="saturating"),
        _small(lr_d=5e-2, target="gaussian", standardise=False),
        _apart(4.0), _close(1.0), steps=300, start=300,
    ),
    "dropped": Exhibit(
        "A dropped mode",
        "Look at the left mode: nearly all of <i>p</i><sub>g</sub> lies on it. "
        "The right mode is empty, and hardly anything pulls: a fast <i>D</i> is low and flat under "
        "the fakes and 1 beyond, with a cliff between on which hardly any sample stands. "
        "<i>D</i>’s loss stays well below log 4: it sees that half of the data is missing.",
        "The fix: a slower <i>D</i>, with a rate of 0.002 in place of 0.05. "
        "Look at the gap between the modes while <i>G</i> crosses it: "
        "<i>D</i> has a slope there.",
        _small(lr_d=5e-2, g_start=-1.0, g_loss="saturating"),
        _small(lr_d=2e-3, g_start=-1.0, g_loss="saturating"),
        _ended("dropped"), _ended("covered"), steps=300, start=300,
    ),
    "point": Exhibit(
        "Everything in one point",
        "Look at the arrows: every noise value ends in almost the same place. "
        "The learning rate of <i>D</i> is a fiftieth of that of <i>G</i>. "
        "For a <i>D</i> that stands still the best reply of <i>G</i> is the one point where "
        "<i>D</i> is highest.",
        "The fix: a <i>D</i> as fast as <i>G</i>, with a rate of 0.005 in place of 0.0001.",
        _small(lr_d=1e-4, lr_g=5e-3), _small(lr_d=5e-3, lr_g=5e-3),
        _ended("point"), _ended("covered"),
    ),
    "cycling": Exhibit(
        "From mode to mode and back",
        "Press Play and look at the arrows: almost all of them end on one mode, then on the other. "
        "<i>D</i> learns that this mode is full of fakes, but it comes late: "
        "<i>G</i> has left for the other one.",
        "The fix: a faster <i>D</i>, with a rate of 0.01 in place of 0.0003.",
        _small(lr_d=3e-4, lr_g=1e-2), _small(lr_d=1e-2, lr_g=1e-2),
        _ended("cycling"), _ended("covered"), steps=600, start=600,
    ),
    "between": Exhibit(
        "Losses at the optimum, everything between the modes",
        "Look at the losses: log 4 and log 2, as in theory. Then look at the densities. "
        "This <i>D</i> has no hidden layer. Its logit is a straight line, which sees a mean and "
        "no more, and the mean of <i>p</i><sub>g</sub> is about right: half-way, where hardly any "
        "data are.",
        "The fix: a <i>D</i> that can bend, with two hidden layers.",
        _small(lr_d=5e-3, lr_g=5e-4, d_hidden=()), _small(lr_d=5e-3, lr_g=5e-4),
        _ended("between"), _ended("covered"), steps=600, start=600,
    ),
    "kinks": Exhibit(
        "A D that cannot see the width",
        "Look at <i>D</i> over the data: its logit is a straight line there. "
        "This <i>D</i> bends only at the kinks of its six ReLU units, and at the start "
        "they lie near 0, away from the data. "
        "The mean becomes right. Nobody corrects the width.",
        "The fix: standardised data. The networks now see (<i>x</i> − 4) / 0.5, "
        "and the kinks lie where the data are. "
        "The first weights are the same; in the new units <i>G</i> begins half as wide.",
        _small(lr_g=2e-3, target="gaussian", standardise=False, g_start=4.0, g_hidden=(),
               d_hidden=(6,), d_activation="relu"),
        _small(lr_g=2e-3, target="gaussian", g_hidden=(), d_hidden=(6,), d_activation="relu"),
        _blind_to_width, _close(0.25), steps=900, start=900,
    ),
    "moments": Exhibit(
        "Mean and spread right, shape wrong",
        "Look at the shapes. The logit of this <i>D</i> is a parabola: it sees the mean and the "
        "spread, and both are right. It cannot see anything else, and the losses stay near "
        "log 4 and log 2.",
        "The fix: a <i>D</i> with two hidden layers of tanh units in place of the parabola.",
        _small(lr_d=1e-2, lr_g=5e-4, target="gaussian", noise="uniform", d_hidden=(8,),
               d_activation="square"),
        _small(lr_d=1e-2, lr_g=5e-4, target="gaussian", noise="uniform"),
        _moments_only, _close(0.2), steps=600, start=600,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """An exhibit trained from many seeds, as it is and with the fix.

    Attributes
    ----------
    name : str
        Its key in EXHIBITS.
    run, cured : Run
        The runs of all seeds, without and with the fix.
    failed, succeeded : array of bool, shape (S,)
        Which seeds failed in this way, and which succeeded with the fix.
    """

    name: str
    run: Run
    cured: Run
    failed: NDArray[np.bool_]
    succeeded: NDArray[np.bool_]

    @property
    def failures(self) -> Rate:
        """How often it fails."""
        return rate(self.failed)

    @property
    def cures(self) -> Rate:
        """How often it succeeds with the fix, of all seeds."""
        return rate(self.succeeded)

    @property
    def shown(self) -> int:
        """Index of the first seed that fails, and succeeds with the fix."""
        both = np.flatnonzero(self.failed & self.succeeded)
        if not len(both):
            raise ValueError(f"seeds must hold one that fails and is cured, got none: {self.name}")
        return int(both[0])

    def preset(self) -> Preset:
        """Return the pair for a player."""
        exhibit, member = EXHIBITS[self.name], self.shown

        def shown(run: Run, caption: str, fix: Preset | None = None) -> Preset:
            goal = -math.log(2) if run.settings.g_loss == "saturating" else math.log(2)
            curves = quick_curves.compute(run, member, x_points=101)  # 14 of them on a page
            return Preset(exhibit.label, caption, curves, exhibit.start, goal, fix)

        return shown(self.run, exhibit.caption, shown(self.cured, exhibit.fix))


def train_exhibit(name: str, seeds: Sequence[int], frames: int = 30) -> Result:
    """Train one of EXHIBITS from each seed, without and with its fix, and judge both.

    Parameters
    ----------
    name : str
        A key of EXHIBITS.
    seeds : sequence of int
        Each gives both runs the same first weights, data and noise.
    frames : int
        How many snapshots to take after the start.
    """
    if name not in EXHIBITS:
        raise ValueError(f"name must be one of {[*EXHIBITS]}, got {name!r}")
    exhibit = EXHIBITS[name]
    every = max(1, exhibit.steps // frames)
    run, cured = (
        toy.train(settings, seeds, exhibit.steps, every, progress=False)
        for settings in (exhibit.settings, exhibit.cure)
    )
    failed = exhibit.failed(run, outputs(run))
    succeeded = exhibit.succeeded(cured, outputs(cured))
    return Result(name, run, cured, failed, succeeded)


def museum(results: Mapping[str, Result] | Sequence[int]) -> Player:
    """Show what `train_exhibit` returned, by name; or train all of EXHIBITS from these seeds.

    Parameters
    ----------
    results : mapping of str to Result, or sequence of int
        The exhibits in the order of the list, or the seeds to train them from.
    """
    if not isinstance(results, Mapping):
        results = {name: train_exhibit(name, results) for name in EXHIBITS}
    return Player(
        [result.preset() for result in results.values()],
        title="A museum of failures",
        alt=(
            "Four panels for each of several runs that failed. Top: the discriminator D and the "
            "best discriminator, between 0 and 1. Second: the density of the data, and that of the "
            "generator. Third: arrows from noise values to where the generator sends them. "
            "Bottom: both losses against the training step. A button shows the same run with a fix."
        ),
    )
