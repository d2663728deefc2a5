"""f-divergences, and the variational bound by which a discriminator estimates one.

For a convex f with f(1) = 0,

    D_f(p || q) = integral over {q > 0} of q f(p / q)  +  f'(inf) P(q = 0)

where the first part counts f(0) for every place that p leaves empty.  Any f is the upper edge of
straight lines, f(t) = sup over s of s t - f*(s), so every function T, called a critic, bounds the
divergence from below, and the best one reaches it (Nguyen et al. 2010, Nowozin et al. 2016):

    E_p T(x) - E_q f*(T(x)) <= D_f(p || q),      equality at T*(x) = f'(p(x) / q(x)).

References
----------
Nowozin, Cseke, Tomioka, f-GAN (2016), table 1 and section 2; its "JS" is twice ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, Laplace, Normal, Uniform
from torch.nn.functional import softplus

from gan_lessons.densities import Density
from gan_lessons.integrands import js_integrand, kl_integrand, times_density
from gan_lessons.laws import Law, Pair, law
from gan_lessons.quadrature import integrate

Array = NDArray[np.float64]
Function = Callable[[Tensor], Tensor]  # elementwise

LOG2 = math.log(2.0)


@dataclass(frozen=True)
class Generator:
    """A convex function f on t >= 0, what belongs to it, and how it behaves at both ends.

    Parameters
    ----------
    name : str
        What the divergence is called.
    f : callable
        f(t), for t > 0.
    conjugate : callable
        f*(s) = sup over t >= 0 of s t - f(t); infinite where there is no upper bound.
    slope : callable
        f'(t) as a function of u = log t; T*(x) = slope(log p(x) - log q(x)).
    at_zero, slope_at_infinity : float
        f(0), the price of a place that p leaves empty, and f'(inf), that of one where q is 0.
    stable : callable, optional
        q f(p / q), or what integrates to the same, from arrays (log max(p, q), delta, u) with
        delta = (p - q) / max(p, q).  Without it f itself is used: D_f is then right to about
        1e-15 in absolute terms, and not in relative terms where p and q are nearly equal.
    growth : tuple of two float
        (a, b): f grows like t^a at infinity and like t^-b at 0, or like that times log t.
    kinked : bool
        Whether f has a kink at t = 1, so that integrals are cut where p = q.  Such an f must be
        at least 0 everywhere.
    """

    name: str
    f: Function
    conjugate: Function
    slope: Function
    at_zero: float
    slope_at_infinity: float
    stable: Callable[[Array, Array, Array], Array] | None = None
    growth: tuple[float, float] = (1.0, 0.0)
    kinked: bool = False

    def weighted(self, log_max: Array, delta: Array, u: Array) -> Array:
        """Return q f(p / q), in the arguments of `stable`, (n,)."""
        if self.stable:
            return self.stable(log_max, delta, u)
        # f is evaluated for t from e^-c to e^c and continued by its growth beyond.
        c = 300 / max(1.0, *self.growth)
        here, end, half_way = (self._relative(np.clip(u, -w, w)) for w in (c, c, c / 2))
        far = np.abs(u) > c
        beyond = np.where(far & np.isfinite(u), np.abs(u) - c, 0.0)
        limit = np.where(u > 0, self.slope_at_infinity, self.at_zero)
        rate = np.where(u > 0, self.growth[0] - 1, self.growth[1]) * np.isinf(limit)
        line = np.where(rate == 0, (end - half_way) / (c / 2), 0.0) * beyond  # t log t, log t
        value = np.where(far & np.isfinite(limit), limit, here + line)
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(log_max + rate * beyond) * value)

    def _relative(self, u: Array) -> Array:
        """f(e^u) / max(1, e^u)."""
        t = np.exp(u)
        return np.asarray(self.f(torch.from_numpy(t)).numpy() / np.maximum(t, 1.0))


def _chi2(log_max: Array, delta: Array, u: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(log_max + np.maximum(u, 0.0)) * delta * delta)


def _within(s: Tensor, edge: float, value: Tensor) -> Tensor:
    """Infinity where s is beyond the edge of the conjugate's domain."""
    return torch.where(s <= edge, value, math.inf)


_TINY = 2.0**-52  # a critic may round to the edge of a domain: count it as just inside

GENERATORS = {
    g.name: g
    for g in (
        Generator("KL", lambda t: torch.xlogy(t, t), lambda s: (s - 1).exp(), lambda u: 1 + u,
                  0.0, math.inf,
                  lambda log_max, _, u: times_density(log_max, kl_integrand(u))),
        Generator("reverse KL", lambda t: -t.log(), lambda s: _within(s, 0.0, -1 - (-s).log()),
                  lambda u: -(-u).exp(), math.inf, 0.0,
                  lambda log_max, _, u: times_density(log_max, kl_integrand(-u))),
        Generator("JS", lambda t: (torch.xlogy(t, 2 * t / (1 + t)) - ((1 + t) / 2).log()) / 2,
                  lambda s: _within(s, LOG2 / 2, -(1 - torch.expm1(2 * s)).clamp(_TINY).log() / 2),
                  lambda u: (LOG2 - softplus(-u)) / 2, LOG2 / 2, LOG2 / 2,
                  lambda log_max, delta, _: times_density(log_max, js_integrand(delta))),
        Generator("total variation", lambda t: (t - 1).abs() / 2,
                  lambda s: _within(s, 0.5, s.clamp(min=-0.5)), lambda u: u.sign() / 2, 0.5, 0.5,
                  lambda log_max, delta, _: np.exp(log_max) * np.abs(delta) / 2,
                  kinked=True),
        Generator("Pearson chi2", lambda t: (t - 1) ** 2,
                  lambda s: s.clamp(min=-2.0) ** 2 / 4 + s.clamp(min=-2.0),
                  lambda u: 2 * torch.expm1(u), 1.0, math.inf, _chi2, (2.0, 0.0)),
        Generator("squared Hellinger", lambda t: (t.sqrt() - 1) ** 2,
                  lambda s: _within(s, 1.0, 1 / (1 - s).clamp(min=_TINY) - 1),
                  lambda u: -torch.expm1(-u / 2), 1.0, 1.0,
                  lambda log_max, _, u: np.exp(log_max) * np.expm1(-np.abs(u) / 2) ** 2),
        # T = log D: V(D) itself.  Its f(1) is -log 4, so D_f is 2 JS - log 4.
        Generator("GAN", lambda t: torch.xlogy(t, t / (1 + t)) - (1 + t).log(),
                  lambda s: _within(s, 0.0, -(-torch.expm1(s)).log()), lambda u: -softplus(-u),
                  0.0, 0.0,
                  lambda log_max, delta, _: np.exp(log_max)
                  * (2 * js_integrand(delta) - LOG2 * (2 - np.abs(delta)))),
    )
}  # fmt: skip


def f_divergence(p: Density, q: Density, f: str | Generator) -> float:
    """D_f(p || q), the integral of q f(p / q), with what lies where p or q is 0.

    Parameters
    ----------
    p, q : Density
        Supported densities.
    f : str or Generator
        A name in `GENERATORS`, or a generator of your own.

    Returns
    -------
    float
        Infinite where it is: a place missed at an infinite price, or tails of p so much heavier
        than those of q that the integral does not converge.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian, uniform
    >>> round(f_divergence(gaussian(0.0, 1.0), gaussian(0.5, 1.0), "Pearson chi2"), 6)  # e^.25 - 1
    0.284025
    >>> f_divergence(uniform(0, 1), uniform(2, 3), "squared Hellinger")  # f(0) + f'(inf)
    2.0
    """
    generator = _generator(f)
    a, b = law(p, "p"), law(q, "q")
    if b.misses(a) and math.isinf(generator.slope_at_infinity):
        return math.inf
    if a.misses(b) and math.isinf(generator.at_zero):
        return math.inf
    pair = Pair(a, b)
    cuts = [pair.cuts]
    at_infinity, at_zero = generator.growth
    for power, above, below in ((at_infinity, pair.p, pair.q), (1 + at_zero, pair.q, pair.p)):
        if power > 1:
            if _diverges(above, below, power):
                return math.inf
            cuts.append(_reach(above, below, power))

    def integrand(x: Array) -> Array:
        log_max, delta, u = pair.compare(x)
        y = generator.weighted(log_max, delta, u)
        return np.sign(delta) * y if generator.kinked else y  # changes its sign where p = q

    value = integrate(integrand, np.unique(np.concatenate(cuts)), absolute=generator.kinked)
    return min(value, generator.at_zero + generator.slope_at_infinity)  # that of disjoint supports


def optimal_critic(p: Density, q: Density, f: str | Generator) -> Function:
    """T*(x) = f'(p(x) / q(x)), the critic at which the variational bound is an equality.

    Ratios that are positive and finite but beyond e^700 or e^-700 are replaced by these, as the
    conjugate would overflow; the bound is then a little lower than the divergence.
    """
    generator, pair = _generator(f), Pair(law(p, "p"), law(q, "q"))
    most = 700 / max(1.0, generator.growth[0], 1 + generator.growth[1])

    def critic(x: Tensor) -> Tensor:
        flat = x.detach().double().reshape(-1).numpy() - pair.origin
        u = torch.from_numpy(pair.compare(flat)[2])
        u = torch.where(u.isinf(), u, u.clamp(-most, most))
        return generator.slope(u).reshape(x.shape)

    return critic


def variational_bound(T: Function, p: Density, q: Density, conjugate: Function) -> float:
    """E_p T(x) - E_q f*(T(x)), exact but for quadrature; at most D_f(p || q) for every T.

    Parameters
    ----------
    T : callable
        The critic: float64 (n,) to (n,), elementwise.
    p, q : Density
        Supported densities.
    conjugate : callable
        f*, as ``GENERATORS["KL"].conjugate``.

    Returns
    -------
    float
        Minus infinity if T leaves the domain of f* where q is positive.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> p, q, kl = gaussian(1.0, 1.0), gaussian(0.0, 2.0), GENERATORS["KL"]
    >>> round(variational_bound(optimal_critic(p, q, "KL"), p, q, kl.conjugate), 6)
    0.443147
    """
    pair = Pair(law(p, "p"), law(q, "q"))

    def mean(one: Law, g: Function) -> float:
        def integrand(x: Array) -> Array:
            log_density = one.log_pdf(x)
            seen = log_density > -np.inf
            with torch.no_grad():
                y = g(torch.from_numpy(x[seen] + pair.origin)).double().numpy()
            if y.shape != (seen.sum(),) or np.isnan(y).any():
                raise ValueError(f"T must map {seen.sum()} numbers to as many, got {y}")
            out = np.zeros_like(x)
            # A large T and a density that rounds to 0 may still have a product that counts.
            with np.errstate(divide="ignore", over="ignore"):
                out[seen] = np.sign(y) * np.exp(log_density[seen] + np.log(np.abs(y)))
            return out

        return integrate(integrand, pair.cuts)

    bound = mean(pair.p, T) - mean(pair.q, lambda x: conjugate(T(x)))
    return -math.inf if math.isnan(bound) else bound  # inf - inf


def _generator(f: str | Generator) -> Generator:
    if isinstance(f, Generator):
        return f
    if f not in GENERATORS:
        raise ValueError(f"f must be a Generator or one of {', '.join(GENERATORS)}, got {f!r}")
    return GENERATORS[f]


def _diverges(p: Law, q: Law, power: float) -> bool:
    """Whether p^power q^(1 - power) has an infinite integral, by the heaviest tails."""
    if p.family is Uniform:
        return False
    if p.family is not q.family:
        return p.family is Laplace  # against a Gaussian q
    order = 2 if p.family is Normal else 1
    return float(power * q.scale.max() ** order) <= (power - 1) * float(p.scale.max() ** order)


def _reach(p: Law, q: Law, power: float) -> Array:
    """Return cuts for p^power q^(1 - power), which may reach beyond both p and q."""
    loc, scale = p.loc[:, None], p.scale[:, None]
    family: type[Distribution]
    if p.family is Uniform or q.family is Uniform:
        return p.cuts()
    if p.family is q.family is Normal:  # each pair of components gives a Gaussian in turn
        precision = power / scale**2 - (power - 1) / q.scale**2
        mean = (power * loc / scale**2 - (power - 1) * q.loc / q.scale**2)[precision > 0]
        precision = precision[precision > 0]
        family, centre, width = Normal, mean / precision, precision**-0.5
    elif p.family is q.family is Laplace:
        rate = power / scale - (power - 1) / q.scale
        width = np.repeat(1 / rate[rate > 0], 2)
        centre = np.stack(np.broadcast_arrays(loc, q.loc), axis=-1)[rate > 0].ravel()
        family = Laplace
    else:  # a Gaussian, tilted either way
        tilt = np.concatenate([1 / q.scale, -1 / q.scale]) * (power - 1) / power
        family, centre = Normal, (loc + tilt * scale**2).ravel()
        width = np.broadcast_to(scale * power**-0.5, (len(p.loc), len(tilt))).ravel()
    one = np.ones_like(centre)
    return Law(family, centre, width, one, one).cuts()
