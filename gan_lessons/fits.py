"""One Gaussian fitted to a mixture of Gaussians, by three divergences that disagree.

Forward KL(p || q) charges q for whatever part of the data p it misses; reverse KL(q || p) charges
it for whatever it puts where there is no data; JS charges it for both, but never more than log 2.

Examples
--------
>>> from gan_lessons.densities import mixture
>>> p = mixture([-2.0, 2.0], [0.5, 0.5])
>>> [fit_gaussian(p, name)[0].rounded for name in DIVERGENCES]  # (mean, sd, divergence)
[(0.0, 2.062, 0.724), (2.0, 0.5, 0.693), (0.0, 2.042, 0.201)]

References
----------
Bishop, Pattern Recognition and Machine Learning (2006), section 10.1.2 and Figure 10.3: the two KL.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from torch.distributions import MixtureSameFamily, Normal

from gan_lessons.densities import Density, gaussian
from gan_lessons.divergences import js, kl

# What each name minimises over q, for data p.
DIVERGENCES: dict[str, Callable[[Density, Density], float]] = {
    "forward": lambda p, q: kl(p, q),
    "reverse": lambda p, q: kl(q, p),
    "js": lambda p, q: js(p, q),
}
SAME = 1e-4  # two minima nearer than this, in units of the target's sd, are one


@dataclass(frozen=True)
class Fit:
    """A Gaussian and the divergence that it reaches, in nats."""

    mean: float
    sd: float
    value: float

    @property
    def density(self) -> Normal:
        """The Gaussian."""
        return gaussian(self.mean, self.sd)

    @property
    def rounded(self) -> tuple[float, float, float]:
        """Mean, sd and value to three decimals."""
        mean, sd, value = (round(one, 3) + 0.0 for one in (self.mean, self.sd, self.value))
        return mean, sd, value


def fit_gaussian(target: Density, divergence: str) -> list[Fit]:
    """Return every local minimum that is found of a divergence between a target and a Gaussian.

    Parameters
    ----------
    target : Density
        A mixture of Gaussians.
    divergence : str
        ``"forward"``, KL(target || q): one minimum, the Gaussian with the target's mean and
        standard deviation, in closed form.  ``"reverse"``, KL(q || target), or ``"js"``: a descent
        (BFGS on mean and log sd) from a wide start, and from each mode with two widths.

    Returns
    -------
    list of Fit
        The best first; of equals, the one with the larger mean first.  Minima that no start leads
        to are missed.

    Raises
    ------
    ValueError
        If the target is not a mixture of Gaussians, or there is no such divergence.
    """
    if divergence not in DIVERGENCES:
        raise ValueError(f"divergence must be one of {[*DIVERGENCES]}, got {divergence!r}")
    means, sds = _parts(target)
    loc, scale = target.mean.item(), target.stddev.item()
    distance = DIVERGENCES[divergence]
    if divergence == "forward":
        return [Fit(loc, scale, distance(target, gaussian(loc, scale)))]
    starts = [(loc, scale)]
    for mean, sd in zip(means, sds, strict=True):
        starts += [(mean, sd), (mean, math.sqrt(sd * scale))]
    found: list[Fit] = []
    for mean, sd in starts:
        fit = _descend(target, distance, mean, sd)
        if all(math.hypot(fit.mean - f.mean, fit.sd - f.sd) > SAME * scale for f in found):
            found.append(fit)
    # To eight decimals: of two symmetric minima, rounding decides which is the lower one.
    return sorted(found, key=lambda fit: (round(fit.value, 8), -fit.mean))


def covers(fit: Fit, modes: Sequence[float], reach: float = 2.5) -> bool:
    """Whether every mode lies within `reach` standard deviations of the fit's mean.

    Examples
    --------
    >>> covers(Fit(0.0, 2.0, 0.0), [-2.0, 2.0]), covers(Fit(2.0, 0.5, 0.0), [-2.0, 2.0])
    (True, False)
    """
    return all(abs(mode - fit.mean) <= reach * fit.sd for mode in modes)


def _descend(
    target: Density, distance: Callable[[Density, Density], float], mean: float, sd: float
) -> Fit:
    """Follow the slope down from one start; derivatives by central differences."""

    def cost(at: np.ndarray) -> float:
        return distance(target, gaussian(float(at[0]), float(np.exp(at[1]))))

    end = minimize(cost, [mean, math.log(sd)], method="BFGS", jac="3-point", options={"gtol": 1e-9})
    return Fit(float(end.x[0]), float(np.exp(end.x[1])), float(end.fun))


def _parts(target: Density) -> tuple[list[float], list[float]]:
    """Means and standard deviations of the components."""
    if not isinstance(target, MixtureSameFamily) or not isinstance(
        target.component_distribution, Normal
    ):
        raise ValueError(f"target must be a mixture of Gaussians, got {type(target).__name__}")
    part = target.component_distribution
    return part.loc.tolist(), part.scale.tolist()
