"""The shared mathematics in JavaScript against the package, in Chromium, extremes included."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy import special
from scipy.integrate import quad

from gan_lessons import divergences, theory
from gan_lessons.densities import (
    Density,
    cdf,
    gaussian,
    mixture,
    pdf,
    uniform,
)
from gan_lessons.figures import base

Run = Callable[..., Any]

# Name in both languages -> arguments.  Far apart is 1e3 sd, narrow 1e-3 sd.
SPECS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "standard": ("gaussian", (0.0, 1.0)),
    "shifted": ("gaussian", (1.0, 2.0)),
    "far": ("gaussian", (1000.0, 1.0)),
    "narrow": ("gaussian", (0.0, 1e-3)),
    "narrow aside": ("gaussian", (0.003, 1e-3)),
    "nearly standard": ("gaussian", (0.0, 1.0000001)),
    "two": ("mixture", ([-2.0, 2.0], [0.5, 0.5], [0.5, 0.5])),
    "two narrow": ("mixture", ([-2.0, 2.0], [1e-3, 1e-3], [0.5, 0.5])),
    "two far": ("mixture", ([0.0, 1000.0], [1.0, 1.0], [0.3, 0.7])),
    "two unlike": ("mixture", ([0.0, 0.5], [2.0, 0.01], [0.8, 0.2])),
    "one of two": ("mixture", ([0.0, 5.0], [1.0, 1.0], [1.0, 0.0])),
    "unit": ("uniform", (0.0, 1.0)),
    "overlapping": ("uniform", (0.5, 4.0)),
    "disjoint": ("uniform", (5.0, 6.0)),
    "narrow uniform": ("uniform", (0.0, 1e-3)),
    "far uniform": ("uniform", (1000.0, 1001.0)),
}
PAIRS = list(itertools.product(SPECS, repeat=2))
MAKE: dict[str, Callable[..., Density]] = {
    "gaussian": gaussian,
    "mixture": mixture,
    "uniform": uniform,
}


def density(name: str) -> Density:
    kind, arguments = SPECS[name]
    return MAKE[kind](*arguments)


@pytest.fixture(scope="module")
def run(browser: Any) -> Iterator[Run]:
    """``run(body, argument)``: what the body of an async function of ``arg`` returns.

    It sees all of exact.js, and ``of(name)``, a density of SPECS.
    """
    page = browser.new_page()
    page.set_content("<title>exact</title>")
    script = base._resource("base.js") + base._resource("exact.js")

    def run_(body: str, argument: Any = None) -> Any:
        return page.evaluate(
            f"""([arg, specs]) => {{
              {script}
              const makers = {{ gaussian, mixture, uniform }};
              const of = (name) => makers[specs[name][0]](...specs[name][1]);
              {body}
            }}""",
            [argument, SPECS],
        )

    yield run_
    page.close()


def close(value: float) -> Any:
    """Relative, or absolute for values below 1."""
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def test_error_function_with_its_tails(run: Run) -> None:
    x = np.concatenate([np.linspace(-6, 26, 3201), np.geomspace(1e-300, 1, 100), [0.84375, 1.25]])
    erf, erfc = (np.array(v) for v in run("return [arg.map(erf), arg.map(erfc)]", x.tolist()))
    # The C library's: SciPy's erfc is off by 5e-14 in the tail.
    np.testing.assert_allclose(erf, [*map(math.erf, x)], rtol=1e-15, atol=0)
    np.testing.assert_allclose(erfc, [*map(math.erfc, x)], rtol=2e-15, atol=0)
    ends = run("return [erf, erfc].flatMap((f) => [Infinity, -Infinity, 40, -40].map(f))")
    assert ends == [1, -1, 1, -1, 0, 2, 0, 2]


@pytest.mark.parametrize("name", SPECS)
def test_densities(run: Run, name: str) -> None:
    p = density(name)
    # Not on the edge of a uniform density, where it may be either way.
    x = np.r_[np.linspace(-9, 9, 181) + 0.013, np.linspace(-0.01, 0.01, 41) + 1e-5, 999.5, 1000.3]
    found = run(
        "const p = of(arg[0]); return ['logpdf', 'pdf', 'cdf', 'sf'].map((f) => arg[1].map(p[f]))",
        [name, x.tolist()],
    )
    logpdf, density_, below, above = (np.array(one, dtype=float) for one in found)
    at = torch.from_numpy(x)
    np.testing.assert_allclose(logpdf, p.log_prob(at).numpy(), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(density_, pdf(p, at).numpy(), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(below, cdf(p, at).numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(above, 1 - cdf(p, at).numpy(), rtol=1e-12, atol=1e-15)


def test_far_tails_keep_their_digits(run: Run) -> None:
    z = np.linspace(-37, -5, 65)
    p = "const p = gaussian(3, 2); "
    low = run(p + "return arg.map((z) => p.cdf(3 + 2 * z))", z.tolist())
    high = run(p + "return arg.map((z) => p.sf(3 - 2 * z))", z.tolist())
    np.testing.assert_allclose(low, special.ndtr(z), rtol=2e-13)
    np.testing.assert_allclose(high, special.ndtr(z), rtol=2e-13)


@pytest.mark.parametrize("name", SPECS)
def test_the_points_hold_the_density_and_see_its_shape(run: Run, name: str) -> None:
    found = run(
        "const p = of(arg); const area = (x) => p.area(x);"
        "return [integrate(p.pdf, p.points), integrate((x) => x * p.pdf(x), p.points),"
        "integrate(p.cdf, p.points), area(p.points.at(-1)) - area(p.points[0])]",
        name,
    )
    assert found[0] == pytest.approx(1, rel=1e-13)
    assert found[1] == pytest.approx(density(name).mean.item(), rel=1e-12, abs=1e-12)
    assert found[3] == pytest.approx(found[2], rel=1e-12)


@pytest.mark.parametrize(
    ("script", "truth"),
    [
        ("kl", divergences.kl),
        ("js", divergences.js),
        ("totalVariation", divergences.total_variation),
        ("wasserstein1", divergences.wasserstein1),
    ],
)
def test_distances_of_every_pair(
    run: Run, script: str, truth: Callable[[Density, Density], float]
) -> None:
    found = run(f"return arg.map(([p, q]) => {script}(of(p), of(q)))", PAIRS)
    wrong = []
    for (p, q), value in zip(PAIRS, found, strict=True):
        expected = truth(density(p), density(q))
        assert not math.isnan(expected)
        if value != close(expected):
            wrong.append((p, q, value, expected))
    assert wrong == []


def test_what_is_known_without_any_quadrature(run: Run) -> None:
    """Closed forms and limits, so that the two languages cannot be wrong together."""
    value = run(
        """const [n, far] = [gaussian(0, 1), gaussian(1000, 1)];
        const [unit, four] = [uniform(0, 1), uniform(0, 4)];
        return {
          far: kl(n, far), js: js(n, far), tv: totalVariation(n, far), w1: wasserstein1(n, far),
          missed: kl(four, unit), inside: kl(unit, four), outside: kl(n, unit),
          half: js(unit, four),
          shift: totalVariation(n, gaussian(2, 1)), carry: wasserstein1(unit, uniform(2, 3)),
          same: ['kl', 'js', 'tv', 'w1'].map((_, i) => [kl, js, totalVariation, wasserstein1][i](
            mixture([-2, 2], [1, 1]), mixture([2, -2], [1, 1]))),
          modes: js(gaussian(2, 1e-3), mixture([-2, 2], [1e-3, 1e-3])) }"""
    )
    log2 = math.log(2)
    assert value["far"] == 500_000
    assert (value["js"], value["tv"], value["w1"]) == (log2, 1, 1000)
    assert (value["missed"], value["outside"]) == (math.inf, math.inf)
    assert value["inside"] == pytest.approx(math.log(4), abs=1e-14)
    half = 0.5 * (math.log(1 / 0.625) + 0.25 * math.log(0.25 / 0.625) + 0.75 * log2)
    assert value["half"] == pytest.approx(half, abs=1e-14)
    assert value["shift"] == pytest.approx(math.erf(1 / math.sqrt(2)), abs=1e-14)
    assert value["carry"] == pytest.approx(2, abs=1e-14)
    assert np.abs(value["same"]).max() < 1e-14
    # KL(p||m) with m = 3/4 p there, KL(q||m) = half log(2/3) and half log 2.
    modes = 0.5 * (math.log(4 / 3) + 0.5 * math.log(2 / 3) + 0.5 * log2)
    assert value["modes"] == pytest.approx(modes, abs=1e-13)


JS_BELOW = (
    "(t) => ((t > -Infinity ? Math.exp(t) * (LOG_2 - softplus(-t)) : 0) + LOG_2 - softplus(t)) / 2"
)
F = {  # of t = log u: f(u), and u f(1 / u)
    "kl": ("(t) => (t > -Infinity ? t * Math.exp(t) : 0)", "(t) => -t"),
    "tv": ("(t) => -Math.expm1(t) / 2", "(t) => -Math.expm1(t) / 2"),
    "js": (JS_BELOW, JS_BELOW),
}


@pytest.mark.parametrize("name", F)
def test_f_divergences(run: Run, name: str) -> None:
    pairs = [("standard", "shifted"), ("two", "standard"), ("unit", "overlapping"), ("unit", "far")]
    script = {"kl": "kl", "tv": "totalVariation", "js": "js"}[name]
    below, above = F[name]
    found = run(
        f"return arg.map(([p, q]) => [fDivergence(of(p), of(q), {below}, {above}),"
        f"{script}(of(p), of(q))])",
        pairs,
    )
    for one, truth in found:
        assert one == close(truth)


LOGITS: dict[str, tuple[str, Callable[[float], float], list[float]]] = {  # kinks last
    "blind": ("(x) => 0", lambda x: 0.0, []),
    "slope": ("(x) => 3 - 2 * x", lambda x: 3 - 2 * x, []),
    "bent": ("(x) => 5 * Math.abs(x - 0.1234)", lambda x: 5 * abs(x - 0.1234), [0.1234]),
    "sure": ("(x) => (x > 0.3 ? 1e5 : -1e5)", lambda x: 1e5 if x > 0.3 else -1e5, [0.3]),
}


@pytest.mark.parametrize("logit", LOGITS)
def test_value_of_the_game(run: Run, logit: str) -> None:
    pairs = [("standard", "shifted"), ("two", "standard"), ("unit", "shifted"), ("shifted", "far")]
    script, python, kinks = LOGITS[logit]
    found = run(
        f"return arg[0].map(([p, q]) => value({script}, of(p), of(q), arg[1]))", [pairs, kinks]
    )
    for (p, q), value in zip(pairs, found, strict=True):
        expected = 0.0
        for name, sign in ((p, 1), (q, -1)):
            one = density(name)
            cuts = sorted({-20.0, -3.0, 0.0, 1.0, 3.0, 20.0, 985.0, 997.0, 1003.0, 1015.0, *kinks})

            def inside(x: float, one: Density = one, sign: int = sign) -> float:
                at = torch.tensor(x, dtype=torch.float64)
                return pdf(one, at).item() * -float(np.logaddexp(0, -sign * python(x)))

            expected += sum(
                quad(inside, a, b, epsabs=1e-13, epsrel=1e-11)[0] for a, b in pairwise(cuts)
            )
        assert value == close(expected)


def test_value_is_the_package_s(run: Run) -> None:
    """Against theory.value, which means over z, not over G(z)."""
    p_g = theory.Pushforward(lambda z: 1 + 2 * z, gaussian(0.0, 1.0))
    found = run("return value((x) => 3 - 2 * x, of('two'), of('shifted'))")
    assert found == close(theory.value(lambda x: 3 - 2 * x, density("two"), p_g))


def test_the_best_discriminator(run: Run) -> None:
    names = ["standard", "shifted", "two", "unit", "overlapping", "narrow"]
    x = np.linspace(-3, 4.5, 61) + 0.013
    for p, q in itertools.product(names, repeat=2):
        logit, best, attained = run(
            "const [p, q] = [of(arg[0]), of(arg[1])]; const d = optimalLogit(p, q);"
            "return [arg[2].map(d), bestValue(p, q), value(d, p, q)]",
            [p, q, x.tolist()],
        )
        at = torch.from_numpy(x)
        a, b = pdf(density(p), at), pdf(density(q), at)
        seen = ((a > 0) | (b > 0)).numpy()
        star = theory.optimal_discriminator(a, b).numpy()[seen]
        sigmoid = special.expit(np.array(logit, dtype=float))[seen]
        np.testing.assert_allclose(sigmoid, star, rtol=1e-9, atol=1e-12)
        assert not np.isnan(np.array(logit, dtype=float)).any()
        assert attained == close(best)
        assert best == close(2 * divergences.js(density(p), density(q)) - math.log(4))


def test_any_other_discriminator_is_worse(run: Run) -> None:
    best, *others = run(
        """const [p, q] = [of('two'), of('standard')]; const d = optimalLogit(p, q);
        return [bestValue(p, q), ...[0.1, -0.1].flatMap((e) => [value((x) => d(x) + e, p, q),
          value((x) => (1 + e) * d(x), p, q)])]"""
    )
    assert all(other < best - 1e-4 for other in others)


def test_quadrature_is_exact_where_it_must_be(run: Run) -> None:
    powers = run("return [0, 1, 5, 9].map((k) => integrate((x) => x ** k, [0, 0.3, 1]))")
    assert powers == pytest.approx([1, 1 / 2, 1 / 6, 1 / 10], rel=1e-14)
    spike = run("return integrate((x) => -Math.log(x), [0, 1])")
    assert spike == pytest.approx(1, rel=1e-8)
    crossings = run("return zeros((x) => Math.sin(x), [0.5, 4, 9.9])")
    assert crossings == pytest.approx([math.pi, 2 * math.pi, 3 * math.pi], rel=1e-14)
