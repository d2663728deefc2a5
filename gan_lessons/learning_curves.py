"""Test error against the number of training examples, and where two such curves cross.

Two kinds of problems give training sets: `GaussianProblem`, where the error of every linear
classifier is known exactly, and `SplitProblem`, real data split at random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import sklearn
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from gan_lessons.classifiers import Array, linear_error


class Draw(NamedTuple):
    """Training examples in random order, and what gives a fitted model its test error."""

    x: Array
    y: NDArray[np.int64]
    error: Callable[[Any], float]


class Problem(Protocol):
    """Something that training sets can be drawn from."""

    def draw(self, n: int, rng: np.random.Generator) -> Draw:
        """Draw n examples; every part [:m] of them is balanced like the whole."""


@dataclass(frozen=True)
class GaussianProblem:
    """N(-delta/2, cov) against N(+delta/2, cov), equally likely; errors are exact.

    Parameters
    ----------
    delta : array, shape (d,)
        Difference of the class means.
    cov : array, shape (d, d)
        Covariance within a class.
    """

    delta: Array
    cov: Array

    def draw(self, n: int, rng: np.random.Generator) -> Draw:
        """Draw n examples, the classes in turn."""
        y = np.arange(n) % 2
        noise = rng.standard_normal((n, len(self.delta))) @ np.linalg.cholesky(self.cov).T
        x = noise + np.outer(y - 0.5, self.delta)
        return Draw(x, y, lambda m: linear_error(m.coef_[0], m.intercept_[0], self.delta, self.cov))


@dataclass(frozen=True)
class SplitProblem:
    """Real data of two classes; each draw is a new split into training and test examples.

    Parameters
    ----------
    x : array, shape (N, d)
        Examples.
    y : array, shape (N,)
        Labels 0 and 1.
    """

    x: Array
    y: NDArray[np.int64]

    def draw(self, n: int, rng: np.random.Generator) -> Draw:
        """Draw n examples to train on; all others are the test set."""
        if not 0 < n < len(self.y):
            raise ValueError(f"n must leave some of {len(self.y)} examples to test on, got {n}")
        place = np.empty(len(self.y))  # each class in random order, spread evenly over 0..1
        for label in (0, 1):
            members = rng.permutation(np.flatnonzero(self.y == label))
            place[members] = (np.arange(len(members)) + rng.random()) / len(members)
        order = np.argsort(place)
        train, test = order[:n], order[n:]
        x, y = self.x[test], self.y[test]
        return Draw(self.x[train], self.y[train], lambda m: float((m.predict(x) != y).mean()))


def learning_curves(
    problem: Problem, models: Mapping[str, Any], sizes: Sequence[int], repeats: int, seed: int
) -> dict[str, Array]:
    """Test errors after training on the first n examples, over many random training sets.

    Parameters
    ----------
    problem : Problem
        Where training sets come from.  All models and sizes of one repeat share one draw.
    models : mapping of str to estimator
        Classifiers of scikit-learn; each is fitted anew every time.
    sizes : sequence of int
        The training-set sizes n.
    repeats, seed : int
        Number of training sets, and what makes them reproducible.

    Returns
    -------
    dict of str to array, shape (repeats, len(sizes))
    """
    if repeats < 2:
        raise ValueError(f"repeats must be at least 2, got {repeats}")
    errors = {name: np.empty((repeats, len(sizes))) for name in models}
    # On thousands of small fits, checks and threads would take longer than the fits.
    lean = sklearn.config_context(assume_finite=True, skip_parameter_validation=True)
    with lean, threadpool_limits(1):
        for r, rng in enumerate(np.random.default_rng(seed).spawn(repeats)):
            draw = problem.draw(max(sizes), rng)
            for j, n in enumerate(sizes):
                for name, model in models.items():
                    errors[name][r, j] = draw.error(model.fit(draw.x[:n], draw.y[:n]))
    return errors


def lead(first: Array, second: Array) -> Array:
    """By how many standard errors `first` is better than `second` at each size, paired.

    Both have shape (repeats, sizes); positive where `first` has the lower error.
    """
    gap = second - first
    in_errors: Array = gap.mean(0) / (gap.std(0, ddof=1) / np.sqrt(len(gap)))
    return in_errors


def last_fall(sizes: ArrayLike, gap: ArrayLike) -> Array:
    """Size from which on `gap` stays at or below 0, after having been above.

    The gap, shape (..., S), is joined by straight lines over the logarithm of the size.  NaN
    where it is never above 0 (nothing falls), or is above 0 at the last size (not yet fallen).

    Examples
    --------
    >>> last_fall([10, 100, 1000], [[1, 1, -1], [-1, -1, -1], [1, -1, 2]]).round(1)
    array([316.2,   nan,   nan])
    """
    g, log_n = np.asarray(gap, dtype=np.float64), np.log(np.asarray(sizes, dtype=np.float64))
    above = g > 0
    i = g.shape[-1] - 1 - above[..., ::-1].argmax(-1)  # the last one above
    j = np.minimum(i + 1, g.shape[-1] - 1)
    here, there = (np.take_along_axis(g, k[..., None], -1)[..., 0] for k in (i, j))
    with np.errstate(invalid="ignore", divide="ignore"):
        n: Array = np.exp(log_n[i] + (log_n[j] - log_n[i]) * here / (here - there))
    return np.where(above.any(-1) & ~above[..., -1], n, np.nan)


class Crossing(NamedTuple):
    """Where a curve passes below another for good; see `crossing`."""

    size: float
    low: float
    high: float
    share: float


def crossing(
    sizes: ArrayLike, early: Array, late: Array, resamples: int = 2000, seed: int = 0
) -> Crossing:
    """Training-set size from which on `late` has the lower mean error, with a 95 % interval.

    Parameters
    ----------
    sizes : array, shape (S,)
        Training-set sizes.
    early, late : array, shape (repeats, S)
        Errors on the same training sets, of the model expected to lead first, and of the other.
    resamples, seed : int
        The bootstrap draws whole repeats with replacement, so that pairs stay together.

    Returns
    -------
    Crossing
        `size` for the data as they are, NaN if there is none; `low` and `high`, the 2.5 % and
        97.5 % points among the resamples that have a crossing; `share` of those that have one.
    """
    gap = late - early
    rows = np.random.default_rng(seed).integers(len(gap), size=(resamples, len(gap)))
    counts = np.stack([np.bincount(r, minlength=len(gap)) for r in rows])
    found = last_fall(sizes, counts @ gap / len(gap))
    there = found[~np.isnan(found)]
    low, high = np.quantile(there, [0.025, 0.975]) if len(there) else (np.nan, np.nan)
    size = float(last_fall(sizes, gap.mean(0)))
    return Crossing(size, float(low), float(high), len(there) / resamples)
