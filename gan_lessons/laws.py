"""Densities as weighted components, and pairs of them compared without loss of digits.

The distance between two nearly equal densities is made of differences so small that p - q and
log p - log q, formed by subtraction, would be rounding errors only.  Here both come from the
components.  Each share of probability of p is matched with a share of q (`couple`), so that
p - q = sum over k of w_k (f_k - g_k), with components f_k of p and g_k of q, alike where that is
possible; and the difference of two components comes from the differences of their parameters.
Nothing is exponentiated before it is divided, so ratios are right far out in the tails as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from torch import Tensor
from torch.distributions import Distribution, Laplace, MixtureSameFamily, Normal, Uniform

Array = NDArray[np.float64]

# Where to cut a component for quadrature, in its own scale, and where its density is no longer a
# positive double.  In between, quadrature refines its panels where that matters.
_MIDDLE: dict[type[Distribution], list[float]] = {
    Normal: [-7.5, -4.5, -2.0, 0.0, 2.0, 4.5, 7.5],
    Laplace: [-30.0, -12.0, -4.0, 0.0, 4.0, 12.0, 30.0],
    Uniform: [0.0, 0.5],
}
_END = {Normal: 39.0, Laplace: 750.0}
LIMITS = 1e-150, 1e150  # a smaller scale, or a larger number, would overflow when squared


@dataclass(frozen=True, eq=False)
class Law:
    """A density as a mixture of components of one family; arrays of shape (components,).

    A component has the density f((x - loc) / scale) / scale, where f is that of the family's
    standard member: N(0, 1), Laplace(0, 1), or uniform on [0, 1] with `high` = loc + scale.
    Weights need not sum to 1; they are normalised where they are used.
    """

    family: type[Distribution]
    loc: Array
    scale: Array
    high: Array
    weight: Array

    def moved(self, by: float) -> Law:
        """Return the law of x + by."""
        loc, high = self.loc + by, self.high + by
        scale = high - loc if self.family is Uniform else self.scale
        return replace(self, loc=loc, scale=scale, high=high)

    def cuts(self) -> Array:
        """Return where to cut an integral over the range of the density, in no order."""
        cuts = (self.loc + self.scale * np.array(_MIDDLE[self.family])[:, None]).ravel()
        if self.family is Uniform:
            return np.concatenate([cuts, self.high])
        end = self.scale * _END[self.family]
        return np.concatenate([cuts, [(self.loc - end).min(), (self.loc + end).max()]])

    def standardise(self, x: Array) -> Array:
        """Return z = (x - loc) / scale for each component, (components, n)."""
        z = (x - self.loc[:, None]) / self.scale[:, None]
        if self.family is not Uniform:
            return z
        return np.where(x > self.high[:, None], np.maximum(z, 1 + 2.0**-52), np.minimum(z, 1.0))

    def log_components(self, z: Array) -> Array:
        """Log density of each component at its own z, without weights, (components, n)."""
        if self.family is Normal:
            standard = -0.5 * z * z - math.log(2 * math.pi) / 2
        elif self.family is Laplace:
            standard = -np.abs(z) - math.log(2)
        else:
            standard = np.where((z >= 0) & (z <= 1), 0.0, -np.inf)
        return np.asarray(standard - np.log(self.scale)[:, None])

    def mix(self, log_components: Array) -> Array:
        """Log of the weighted sum of the components, (n,); -inf where all are 0."""
        if len(log_components) == 1:
            return np.asarray(log_components[0])
        parts = log_components + np.log(self.weight / self.weight.sum())[:, None]
        top = parts.max(axis=0)
        top = np.where(top > -np.inf, top, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.exp(parts - top).sum(axis=0)) + top)

    def log_pdf(self, x: Array) -> Array:
        """Log density at x, (n,)."""
        return self.mix(self.log_components(self.standardise(x)))

    def cdf(self, x: Array, upper: bool = False) -> Array:
        """Probability below x, or above it with all digits, (n,)."""
        weight = self.weight / self.weight.sum()
        return np.asarray(weight @ _cdf(self.family, self.standardise(x), upper))

    def misses(self, other: Law) -> bool:
        """Whether `other` gives probability to places where this density is 0."""
        if self.family is not Uniform or other.family is not Uniform:
            return self.family is Uniform
        covered: list[list[float]] = []  # the support of this law, as intervals that do not touch
        for low, high in sorted(zip(self.loc, self.high, strict=True)):
            if covered and low <= covered[-1][1]:
                covered[-1][1] = max(covered[-1][1], high)
            else:
                covered.append([low, high])
        pieces = zip(other.loc, other.high, strict=True)
        return not all(any(a <= low and high <= b for a, b in covered) for low, high in pieces)


def law(p: Distribution, name: str = "p") -> Law:
    """Return the components of a density; those of weight 0 are left out.

    Raises
    ------
    ValueError
        If `p` is not a Normal, Laplace or Uniform with one scalar batch, nor a mixture of such
        (``MixtureSameFamily``), or if a parameter is not finite.  The message begins with `name`.

    Examples
    --------
    >>> from gan_lessons.densities import mixture
    >>> law(mixture([2.0, 6.0], [0.5, 0.5])).weight
    array([0.5, 0.5])
    """
    part, batch, weight = p, 0, np.ones(1)
    if isinstance(p, MixtureSameFamily):
        part, batch = p.component_distribution, 1
        weight = _array(p.mixture_distribution.probs)
    if type(part) is Uniform:
        loc, high = _array(part.low), _array(part.high)
        scale = high - loc
    elif type(part) is Normal or type(part) is Laplace:
        loc, scale = _array(part.loc), _array(part.scale)
        high = loc + scale
    else:
        kinds = "a Normal, Laplace, Uniform or a MixtureSameFamily of these"
        raise ValueError(f"{name} must be {kinds}, got {type(part).__name__}")
    if p.batch_shape or len(part.batch_shape) != batch:
        raise ValueError(f"{name} must be one density, got batch shape {tuple(p.batch_shape)}")
    if not weight.all():
        loc, scale, high, weight = (v[weight != 0] for v in (loc, scale, high, weight))
    numbers = np.concatenate([loc, scale, weight])
    if not np.isfinite(numbers).all() or not numbers.size or weight.min() < 0:
        raise ValueError(f"{name} must have finite parameters, got {numbers.tolist()}")
    if scale.min() < LIMITS[0] or np.abs(numbers).max() > LIMITS[1]:
        raise ValueError(f"{name} must have parameters within {LIMITS}, got {numbers.tolist()}")
    return Law(type(part), loc, scale, high, weight)


def couple(p: Law, q: Law) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """Match the probability of p's components with that of q's, like with like.

    Returns (i, j, w): the share w[k] > 0 of component i[k] of p goes to component j[k] of q, the
    most similar components first.  Shares are exact integers: small differences are kept.
    """
    shift = np.abs(p.loc[:, None] - q.loc) / (p.scale[:, None] + q.scale)
    unlike = shift + np.abs(np.log(p.scale[:, None] / q.scale))
    left, right = _integers(p.weight), _integers(q.weight)
    all_left, all_right = sum(left), sum(right)
    left, right = [w * all_right for w in left], [w * all_left for w in right]  # one total
    found = []
    for flat in np.argsort(unlike, axis=None, kind="stable").tolist():
        i, j = divmod(flat, len(right))
        share = min(left[i], right[j])
        if share:
            found.append((i, j, share / (all_left * all_right)))
            left[i] -= share
            right[j] -= share
    i, j, w = zip(*found, strict=True)
    return np.array(i), np.array(j), np.array(w)


class Pair:
    """Two laws, compared at points x; x counts from `origin`, near p.

    Attributes
    ----------
    p, q : Law
        The two laws, moved by -origin.
    cuts : Array
        Where to cut an integral over both, ascending.
    """

    def __init__(self, p: Law, q: Law) -> None:
        self._i, self._j, self._share = couple(p, q)
        i, j = self._i, self._j
        self._shift = (q.loc[j] - p.loc[i])[:, None]
        self._stretch = (q.scale[j] - p.scale[i])[:, None]
        if p.family is q.family is Uniform:  # free of the rounding of the two scales
            self._stretch = (q.high[j] - p.high[i])[:, None] - self._shift
        ratio = self._stretch[:, 0] / p.scale[i]  # of the scales, less 1
        with np.errstate(divide="ignore"):  # log1p(-1), where the other is taken
            self._log_scales = np.where(np.abs(ratio) < 0.5, np.log1p(ratio),
                                        np.log(q.scale[j] / p.scale[i]))[:, None]  # fmt: skip
        self.origin = float(p.loc[0])
        self.p, self.q = p.moved(-self.origin), q.moved(-self.origin)
        self.cuts = np.unique(np.concatenate([self.p.cuts(), self.q.cuts()]))

    def _gap(self, b: Array) -> Array:
        """Return a - b, given b = (x - loc) / scale of q's matched components, a that of p's."""
        return (b * self._stretch + self._shift) / self.p.scale[self._i, None]

    def compare(self, x: Array) -> tuple[Array, Array, Array]:
        """Compare p and q at x, each result of shape (n,).

        Returns
        -------
        log_max : Array
            log max(p, q).
        delta : Array
            (p - q) / max(p, q), from -1 to 1; 0 where both are 0.
        log_ratio : Array
            log p - log q, infinite where one is 0; 0 where both are 0.
        """
        z_p, z_q = self.p.standardise(x), self.q.standardise(x)
        parts_p, parts_q = self.p.log_components(z_p), self.q.log_components(z_q)
        log_p, log_q = self.p.mix(parts_p), self.q.mix(parts_q)
        log_max = np.maximum(log_p, log_q)
        anywhere = log_max > -np.inf
        f, g = parts_p[self._i], parts_q[self._j]
        with np.errstate(invalid="ignore"):  # inf - inf, where both are 0
            u = self._log_component_ratio(z_p[self._i], z_q[self._j], f, g)
            u = np.where(np.maximum(f, g) > -np.inf, u, 0.0)
            top = np.where(anywhere, log_max, 0.0) - np.log(self._share)[:, None]
            size = np.exp(np.maximum(f, g) - top)  # w max(f, g) / max(p, q)
            delta = (np.sign(u) * size * -np.expm1(-np.abs(u))).sum(axis=0).clip(-1, 1)
            far = np.where(anywhere, log_p - log_q, 0.0)
            near = -np.sign(delta) * np.log1p(-np.minimum(np.abs(delta), 0.5))
        return log_max, delta, np.where(np.abs(delta) < 0.5, near, far)

    def _log_component_ratio(self, a: Array, b: Array, f: Array, g: Array) -> Array:
        """Log of each component of p over its match in q, from z and log densities, (K, n)."""
        family = self.p.family
        if family is not self.q.family:
            return f - g
        if family is Normal:
            return np.asarray(self._log_scales - self._gap(b) * (a + b) / 2)
        if family is Laplace:
            same = np.sign(a) * self._gap(b)
            return np.asarray(self._log_scales - np.where(a * b > 0, same, np.abs(a) - np.abs(b)))
        both = (f > -np.inf) & (g > -np.inf)
        return np.where(both, self._log_scales, f - g)

    def cdf_difference(self, x: Array) -> Array:
        """F_p - F_q at x, (n,)."""
        a, b = self.p.standardise(x)[self._i], self.q.standardise(x)[self._j]
        f, g = self.p.family, self.q.family
        if f is not g:
            below, above = (_cdf(f, a, up) - _cdf(g, b, up) for up in (False, True))
            each = np.where((a < 0) | (b < 0), below, -above)
        else:
            each = _cdf_difference(f, a, b, self._gap(b))
        return np.asarray(self._share @ each)


def _cdf(family: type[Distribution], z: Array, upper: bool = False) -> Array:
    """Probability below z, or above it, of the standard member of a family."""
    if family is Uniform:
        return np.asarray(np.clip(1 - z if upper else z, 0.0, 1.0))
    z = -z if upper else z  # both others are symmetric
    if family is Normal:
        return np.asarray(ndtr(z))
    tail = np.exp(-np.abs(z)) / 2
    return np.where(z < 0, tail, 1 - tail)


def _cdf_difference(family: type[Distribution], a: Array, b: Array, gap: Array) -> Array:
    """F(a) - F(b) of the standard member of a family, given a - b to all digits."""
    if family is Uniform:
        inside = (a >= 0) & (a <= 1) & (b >= 0) & (b <= 1)
        return np.where(inside, gap, np.clip(a, 0, 1) - np.clip(b, 0, 1))
    if family is Laplace:
        near = np.minimum(np.abs(a), np.abs(b))
        one_side = np.exp(-near) / 2 * -np.expm1(-np.abs(gap))
        two_sides = -(np.expm1(-np.abs(a)) + np.expm1(-np.abs(b))) / 2
        return np.asarray(np.sign(gap) * np.where(a * b > 0, one_side, two_sides))
    c = a / 2 + b / 2
    side = np.where(c < 0, 1.0, -1.0)  # the tail in which to subtract
    plain = side * (ndtr(side * a) - ndtr(side * b))
    with np.errstate(invalid="ignore"):  # far out, where the series is not taken
        h2, c2 = gap * gap, c * c
        series = 1 + h2 / 24 * (c2 - 1) + h2 * h2 / 1920 * (c2 * (c2 - 6) + 3)
        small = gap * np.exp(-c2 / 2) / math.sqrt(2 * math.pi) * series
        return np.where(np.abs(gap) * (1 + np.abs(c)) < 0.05, small, plain)


def _integers(weight: Array) -> list[int]:
    """Weights as integers in exactly their proportion."""
    ratios = [w.as_integer_ratio() for w in weight.tolist()]
    whole = max(below for _, below in ratios)  # all denominators are powers of 2
    return [above * (whole // below) for above, below in ratios]


def _array(value: Tensor) -> Array:
    return value.detach().double().reshape(-1).numpy()
