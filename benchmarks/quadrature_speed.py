"""Time the divergences of mixtures against scipy.integrate.quad with scalar callbacks.

    python benchmarks/quadrature_speed.py

Two baselines, both ``quad`` over the range that holds both densities, told where the components
are (``points``), with a relative tolerance of 1e-10:

- "torch": the callback evaluates the same two torch distributions at one number, which is what
  one writes first, given the arguments that our functions take.
- "floats": the callback is written anew for each mixture in plain Python floats and ``math``,
  the fastest scalar callback there is.

Ours are the functions of the package with their own tolerance and range; the time includes taking
the torch distributions apart.  The errors of "floats" and of ours are printed, against ``quad`` on
many short pieces that are cut where the integrand has a kink, so that the two can be compared at
the accuracy that they reached.  All run interleaved in this process, and a ratio is that of the
fastest rounds, as other work on the machine only ever adds time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import scipy
import torch
from scipy.integrate import quad
from scipy.optimize import brentq

from gan_lessons import divergences
from gan_lessons.densities import Density, mixture

ROUNDS, ROUNDS_OF_TORCH = 30, 3
ROOT2, ROOT_2PI = math.sqrt(2), math.sqrt(2 * math.pi)
Scalar = Callable[[float], float]
Part = tuple[float, float, float]  # mean, sd, weight

MIXTURES: dict[str, tuple[list[Part], list[Part]]] = {
    "two modes, one": ([(2, 0.5, 0.5), (6, 0.5, 0.5)], [(4, 1.5, 1.0)]),
    "two modes, two": ([(2, 0.5, 0.5), (6, 0.7, 0.5)], [(1.5, 1, 0.3), (5, 2, 0.7)]),
    "five modes, three": (
        [(m, 0.3, 0.2) for m in (-4, -2, 0, 2, 4)],
        [(-3, 1, 0.2), (0, 1, 0.5), (3, 0.8, 0.3)],
    ),
}


def pdf(parts: list[Part]) -> Scalar:
    def density(x: float) -> float:
        return sum(w * math.exp(-(((x - m) / s) ** 2) / 2) / (s * ROOT_2PI) for m, s, w in parts)

    return density


def cdf(parts: list[Part]) -> Scalar:
    def below(x: float) -> float:
        return sum(w * math.erfc((m - x) / (s * ROOT2)) / 2 for m, s, w in parts)

    return below


def of_torch(p: Density) -> tuple[Scalar, Scalar]:
    """The density and the distribution function of a torch distribution, at one number."""
    return (
        lambda x: float(p.log_prob(torch.tensor(x, dtype=torch.float64)).exp()),
        lambda x: float(p.cdf(torch.tensor(x, dtype=torch.float64))),
    )


def of_floats(parts: list[Part]) -> tuple[Scalar, Scalar]:
    return pdf(parts), cdf(parts)


def integrand(
    name: str, p: tuple[Scalar, Scalar], q: tuple[Scalar, Scalar]
) -> tuple[Scalar, Scalar | None]:
    """The integrand of a divergence, and the function in whose zeros it has kinks."""
    f, g = p[0], q[0]
    if name == "KL":
        return lambda x: (a := f(x)) and a * math.log(a / g(x)), None
    if name == "JS":

        def both(x: float) -> float:
            a, b = f(x), g(x)
            m = (a + b) / 2
            return ((a and a * math.log(a / m)) + (b and b * math.log(b / m))) / 2

        return both, None
    if name == "W1":
        f, g = p[1], q[1]
    scale = 0.5 if name == "TV" else 1.0
    return lambda x: scale * abs(f(x) - g(x)), lambda x: f(x) - g(x)


def ends(p: list[Part], q: list[Part]) -> tuple[float, float]:
    """Nine standard deviations hold all but 1e-18; the tails of q are no part of KL."""
    return min(m - 9 * s for m, s, _ in p + q), max(m + 9 * s for m, s, _ in p + q)


def first_try(name: str, p: list[Part], q: list[Part], laws: list[Density] | None = None) -> float:
    f, _ = integrand(name, *(map(of_torch, laws) if laws else (of_floats(p), of_floats(q))))
    points = sorted({m for m, _, _ in p + q})
    return quad(f, *ends(p, q), points=points, epsabs=0, epsrel=1e-10, limit=500)[0]


def carefully(name: str, p: list[Part], q: list[Part]) -> float:
    f, kinks = integrand(name, of_floats(p), of_floats(q))
    cuts = np.linspace(*ends(p, q), 400).tolist()
    if kinks:
        cuts += [brentq(kinks, a, b, xtol=1e-15) for a, b in pairwise(cuts)
                 if kinks(a) * kinks(b) < 0]  # fmt: skip
    return math.fsum(quad(f, a, b, epsabs=1e-16)[0] for a, b in pairwise(sorted(cuts)))


OURS = {
    "KL": divergences.kl,
    "JS": divergences.js,
    "TV": divergences.total_variation,
    "W1": divergences.wasserstein1,
}


def fastest(calls: list[Callable[[], float]], rounds: list[int]) -> list[float]:
    best = [math.inf] * len(calls)
    for r in range(max(rounds)):
        for i, call in enumerate(calls):
            if r < rounds[i]:
                start = time.perf_counter()
                call()
                best[i] = min(best[i], time.perf_counter() - start)
    return best


def main() -> None:
    torch.set_num_threads(1)
    print(f"fastest of {ROUNDS} rounds ({ROUNDS_OF_TORCH} of torch), one thread, "
          f"scipy {scipy.__version__}")  # fmt: skip
    print("                          torch      floats            ours           times as fast as")
    print("                             ms     ms  error     ms  error      torch     floats")
    least = [math.inf, math.inf]
    for pair, (p, q) in MIXTURES.items():
        laws = [mixture(*zip(*parts, strict=True)) for parts in (p, q)]
        for name, ours in OURS.items():
            exact = carefully(name, p, q)
            errors = [abs(v / exact - 1) for v in (first_try(name, p, q), ours(*laws))]
            *slow, fast = fastest(
                [
                    lambda n=name, a=p, b=q, r=laws: first_try(n, a, b, r),
                    lambda n=name, a=p, b=q: first_try(n, a, b),
                    lambda f=ours, r=laws: f(*r),
                ],
                [ROUNDS_OF_TORCH, ROUNDS, ROUNDS],
            )
            ratios = [t / fast for t in slow]
            least = [min(pair) for pair in zip(least, ratios, strict=True)]
            a, b, c = (t * 1e3 for t in (*slow, fast))
            print(f"{pair:18s} {name} {a:9.1f} {b:6.2f} {errors[0]:6.0e} "
                  f"{c:6.2f} {errors[1]:6.0e} {ratios[0]:10.0f} {ratios[1]:10.1f}")  # fmt: skip
    print(f"at least {least[0]:.0f} times as fast as callbacks of torch distributions, "
          f"{least[1]:.1f} times as fast as callbacks of floats")  # fmt: skip


if __name__ == "__main__":
    main()
