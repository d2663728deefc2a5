"""KL, JS, TV and W1 in 40 digits: an independent route for the tests of the divergences.

Plain definitions, evaluated by mpmath with Gauss-Legendre quadrature on fixed pieces that are cut
at every kink.  Nothing is rearranged against cancellation: the digits are enough.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import mpmath
from mpmath import mpf
from torch.distributions import Distribution, Laplace, MixtureSameFamily, Normal, Uniform

DIGITS = 40
OUT = {
    Normal: [0, 0.75, 1.5, 2.5, 3.5, 5, 7, 10, 14, 20, 28, 40],
    Laplace: [0, 1, 2, 4, 7, 11, 16, 24, 40, 80, 200, 750],
    Uniform: [0, 0.5],
}


class Exact:
    """One of our densities, with its stored parameters taken as exact numbers."""

    def __init__(self, p: Distribution) -> None:
        part = p.component_distribution if isinstance(p, MixtureSameFamily) else p
        weights = p.mixture_distribution.probs.tolist() if part is not p else [1.0]
        uniform = isinstance(part, Uniform)
        first, second = (part.low, part.high) if uniform else (part.loc, part.scale)
        self.kind = type(part)
        total = mpmath.fsum(weights)
        self.parts = []
        for a, b, w in zip(first.reshape(-1), second.reshape(-1), weights, strict=True):
            low, high = mpf(a.item()), mpf(b.item())
            scale = (high - low) / 2 if uniform else high
            self.parts.append((low + scale if uniform else low, scale, mpf(w) / total))

    def pdf(self, x):
        return mpmath.fsum(w * self._pdf((x - m) / s) / s for m, s, w in self.parts if w)

    def below(self, x):
        return mpmath.fsum(w * self._below((x - m) / s) for m, s, w in self.parts)

    def _pdf(self, z):
        if self.kind is Normal:
            return mpmath.npdf(z)
        if self.kind is Laplace:
            return mpmath.exp(-abs(z)) / 2
        return mpf(abs(z) <= 1) / 2

    def _below(self, z):
        if self.kind is Normal:
            return mpmath.erfc(-z / mpmath.sqrt(2)) / 2
        if self.kind is Laplace:
            return mpmath.exp(z) / 2 if z < 0 else 1 - mpmath.exp(-z) / 2
        return (min(max(z, mpf(-1)), mpf(1)) + 1) / 2

    def cuts(self):
        signed = {k * mpf(z) for z in OUT[self.kind] for k in (-1, 1)}
        ends = {mpf(1), mpf(-1)} if self.kind is Uniform else set()
        cuts = {m + s * z for m, s, _ in self.parts for z in signed | ends}
        if self.kind is Normal:
            cuts |= {x for pair in combinations(self.parts, 2) for x in self._bends(*pair)}
        return cuts

    @staticmethod
    def _bends(one, other):
        """Around the places where one component overtakes another: log p bends sharply there."""
        (m, s, v), (n, t, w) = one, other
        if not v or not w:
            return
        a, b = 1 / t**2 - 1 / s**2, 2 * m / s**2 - 2 * n / t**2  # of twice the log of the ratio
        c = n**2 / t**2 - m**2 / s**2 + 2 * mpmath.log(v * t / (w * s))
        if a == 0 and b == 0:
            return
        for x in [-c / b] if a == 0 else mpmath.polyroots([a, b, c], maxsteps=200, extraprec=400):
            if mpmath.im(x) == 0 and 2 * a * x + b != 0:
                width = 1 / abs(2 * a * x + b)
                yield from (x + k * width for k in (-150, -40, -10, -3, 0, 3, 10, 40, 150))


def _rule():
    rule = mpmath.calculus.quadrature.GaussLegendre(mpmath.mp)
    return rule.calc_nodes(4, mpmath.mp.prec)  # 24 nodes


def _crossings(g, low, high, points=12):
    """Every change of sign of g that this many points in the piece see."""
    inner = [low + (high - low) * (k + mpf("0.37")) / points for k in range(points)]
    x = [low, *inner, high]
    y = [g(t) for t in x]
    found = []
    for (a, at_a), (b, at_b) in pairwise(zip(x, y, strict=True)):
        if at_a * at_b < 0:
            found.append(mpmath.findroot(g, (a, b), solver="anderson", verify=False))
    return found


def _integral(f, p, q, kinks=None):
    rule, total = _rule(), mpf(0)
    for low, high in pairwise(sorted(p.cuts() | q.cuts())):
        inner = _crossings(kinks, low, high) if kinks else []
        for a, b in pairwise([low, *inner, high]):
            half, centre = (b - a) / 2, (a + b) / 2
            total += half * mpmath.fsum(w * f(centre + half * x) for x, w in rule)
    return total


def _terms(density, other):
    """density log(density / other), with 0 log 0 = 0."""
    return density * mpmath.log(density / other) if density else mpf(0)


def distance(name: str, p: Distribution, q: Distribution) -> mpf:
    """Return "kl", "js", "tv" or "w1" of two supported densities, where it is finite."""
    with mpmath.workdps(DIGITS):
        p, q = Exact(p), Exact(q)
        if name == "kl":
            return _integral(lambda x: _terms(p.pdf(x), q.pdf(x)), p, q)
        if name == "js":

            def both(x):
                a, b = p.pdf(x), q.pdf(x)
                return (_terms(a, (a + b) / 2) + _terms(b, (a + b) / 2)) / 2

            return _integral(both, p, q)
        of = Exact.pdf if name == "tv" else Exact.below

        def difference(x):
            return of(p, x) - of(q, x)

        value = _integral(lambda x: abs(difference(x)), p, q, difference)
        return value / 2 if name == "tv" else value
