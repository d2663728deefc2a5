"""D*, V and the law of G(z) against laws that are known, scipy, Monte Carlo; and mutants."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.stats as st
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.polynomial import Polynomial
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from gan_lessons import divergences, losses, theory
from gan_lessons.densities import cdf, gaussian, mixture, pdf, sample, uniform
from gan_lessons.networks import MLP
from gan_lessons.theory import Pushforward, best_value, optimal_discriminator, optimal_logit

LOG2, LOG4 = math.log(2), math.log(4)
gently = settings(deadline=None, max_examples=25, derandomize=True)
STANDARD, FLAT = gaussian(0, 1), uniform(-1, 1)


def t(values):
    return torch.as_tensor(np.asarray(values), dtype=torch.float64)


# ---- D*: the largest value at each x ----


def check_d_star(d_star):
    """Fail unless d_star(a, b) maximises a log y + b log(1 - y); mutants are sent through it."""
    for a, b in [(0.3, 0.7), (1.0, 1.0), (2.5, 0.01), (1e-3, 4.0)]:
        best = minimize_scalar(
            lambda y, a=a, b=b: -(a * math.log(y) + b * math.log(1 - y)),
            bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-12},
        )  # fmt: skip
        assert float(d_star(t([a]), t([b]))) == pytest.approx(best.x, abs=1e-6)
    assert d_star(t([3.0, 0.0]), t([1.0, 2.0])).tolist() == [0.75, 0.0]
    x = t([0.3])
    at = float(d_star(pdf(gaussian(0, 1), x), pdf(gaussian(2, 1), x)))
    assert at == pytest.approx(0.802184, abs=1e-6)
    assert at == pytest.approx(1 / (1 + math.exp(2 * 0.3 - 2)), abs=1e-12)  # logit 2 - 2x


def test_d_star():
    check_d_star(optimal_discriminator)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda a, b: optimal_discriminator(b, a),
        lambda a, b: a / b,
        lambda a, b: torch.sigmoid(a - b),
        lambda a, b: (a > b).double(),
        lambda a, b: a.sqrt() / (a.sqrt() + b.sqrt()),
        lambda a, b: a / (2 * a + b),
    ],
    ids=["swapped", "ratio", "no logarithm", "hard", "root", "not normalised"],
)
def test_the_check_notices_a_wrong_d_star(mutant):
    with pytest.raises(AssertionError):
        check_d_star(mutant)


@gently
@given(some.floats(1e-6, 1e3), some.floats(1e-6, 1e3), some.floats(1e-6, 1 - 1e-6))
def test_d_star_maximises_v_pointwise(a, b, y):
    best = float(optimal_discriminator(t([a]), t([b])))

    def v(y):
        return a * math.log(y) + b * math.log1p(-y)

    assert v(y) <= v(best) + 1e-12 * (a + b) * 20


def test_d_star_where_a_density_is_zero_or_infinite():
    d = optimal_discriminator(t([1, 0, 0, 1, math.inf]), t([0, 1, 0, math.inf, 1]))
    assert d[:2].tolist() == [1, 0]
    assert math.isnan(d[2])
    assert d[3:].tolist() == [0, 1]


def test_d_star_keeps_its_logit_where_densities_are_tiny():
    assert float(optimal_logit(t([1e-300]), t([2e-300]))) == pytest.approx(-LOG2)
    assert float(optimal_discriminator(t([1e-300]), t([2e-300]))) == pytest.approx(1 / 3)


# ---- the law of G(z) ----


def cubic(z):
    return z**3 - 3 * z  # three branches between -2 and 2


def cubic_preimages(x):
    roots = Polynomial([-x, -3, 0, 1]).roots()
    return np.sort(roots[abs(roots.imag) < 1e-9].real)


def cubic_pdf(x):
    z = cubic_preimages(x)
    return (st.norm.pdf(z) / abs(3 * z**2 - 3)).sum()


def cubic_cdf(x):
    z = cubic_preimages(x)
    f = st.norm.cdf(z)
    return f[0] if len(f) == 1 else f[0] + f[2] - f[1]


def sine_pdf(x, k=3):
    if abs(x) >= 1:
        return 0.0
    turns = 2 * np.pi * np.arange(-9, 10)
    z = np.concatenate([np.arcsin(x) + turns, np.pi - np.arcsin(x) + turns]) / k
    return (st.norm.pdf(z)).sum() / (k * math.sqrt(1 - x * x))


def sine_cdf(x, k=3):
    if abs(x) >= 1:
        return float(x >= 1)
    turns = 2 * np.pi * np.arange(-9, 10)
    up, down = (np.arcsin(x) + turns) / k, (np.pi - np.arcsin(x) + turns) / k
    # sin(kz) <= x from each falling crossing to the next rising one.
    return (st.norm.cdf(up + 2 * np.pi / k) - st.norm.cdf(down)).sum()


def bent(z):
    return z.abs() + 0.5 * z  # slopes -1/2 and 3/2: a kink, where autograd has one side only


def bent_pdf(x):
    return st.norm.pdf(x / 1.5) / 1.5 + st.norm.pdf(2 * x) * 2 if x > 0 else 0.0


def bent_cdf(x):
    return st.norm.cdf(x / 1.5) - st.norm.cdf(-2 * x) if x > 0 else 0.0


LAWS = {  # name: G, noise, pdf, cdf, where to look
    "affine": (lambda z: 4 + z / 2, STANDARD, st.norm(4, 0.5).pdf, st.norm(4, 0.5).cdf,
               [1.5, 3.2, 4.0, 4.9, 6.1]),
    "affine, falling": (lambda z: 4 - z / 2, STANDARD, st.norm(4, 0.5).pdf, st.norm(4, 0.5).cdf,
                        [1.5, 3.2, 4.0, 4.9, 6.1]),
    "lognormal": (torch.exp, STANDARD, st.lognorm(1).pdf, st.lognorm(1).cdf,
                  [-1, 0.05, 0.5, 1, 3, 20]),
    "chi-squared": (lambda z: z**2, STANDARD, st.chi2(1).pdf, st.chi2(1).cdf,
                    [-1, 1e-6, 0.01, 0.7, 1, 9, 20]),
    "folded normal": (lambda z: (z + 1.5).abs(), STANDARD, st.foldnorm(1.5).pdf,
                      st.foldnorm(1.5).cdf, [-1, 0.01, 0.7, 1.5, 3.3, 5]),
    "cubic": (cubic, STANDARD, cubic_pdf, cubic_cdf, [-9, -2.5, -1.9, -0.3, 0, 1.2, 1.99, 3, 8]),
    "sine": (lambda z: torch.sin(3 * z), STANDARD, sine_pdf, sine_cdf,
             [-2, -0.999, -0.4, 0, 0.3, 0.8, 0.9999, 1.5]),
    "fast sine": (lambda z: torch.sin(8 * z), STANDARD, lambda x: sine_pdf(x, 8),
                  lambda x: sine_cdf(x, 8), [-2, -0.9, -0.4, 0, 0.3, 0.8, 0.999, 1.5]),
    "kink": (bent, STANDARD, bent_pdf, bent_cdf, [-1, 0.01, 0.3, 1, 3]),
    "uniform, affine": (lambda z: 2 + 3 * z, FLAT, st.uniform(-1, 6).pdf, st.uniform(-1, 6).cdf,
                        [-2, -0.9, 2, 4.9, 6]),
    "uniform, squared": (lambda z: z**2, FLAT, lambda x: 0.5 / math.sqrt(x) if 0 < x < 1 else 0.0,
                         lambda x: math.sqrt(min(max(x, 0), 1)), [-0.5, 1e-6, 0.1, 0.5, 0.99, 2]),
    "from a mixture": (lambda z: -z, mixture([2, 6], [0.5, 1], [3, 1]),
                       lambda x: 0.75 * st.norm(-2, 0.5).pdf(x) + 0.25 * st.norm(-6, 1).pdf(x),
                       lambda x: 0.75 * st.norm(-2, 0.5).cdf(x) + 0.25 * st.norm(-6, 1).cdf(x),
                       [-9, -6, -4, -2, -1]),
}  # fmt: skip


def check_law(make, names=LAWS):
    """Fail unless ``make(G, noise)`` knows the law of G(z); mutants are sent through it."""
    for name in names:
        g, noise, density, distribution, where = LAWS[name]
        p_g = make(g, noise)
        expected = [density(x) for x in where]
        np.testing.assert_allclose(p_g.pdf(t(where)).numpy(), expected, rtol=1e-8, atol=1e-12)
        expected = [distribution(x) for x in where]
        np.testing.assert_allclose(p_g.cdf(t(where)).numpy(), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", LAWS)
def test_pushforward(name):
    check_law(Pushforward, [name])


class NoSlope(Pushforward):
    def _slope(self, z):
        return np.sign(super()._slope(z))


class SlopeNotInverted(Pushforward):
    def pdf(self, x):
        which, z, *_ = self._preimages(x)
        density = pdf(self.noise, t(z)).numpy() * abs(self._slope(z))
        return t(np.bincount(which, density, minlength=len(x)))


class OneBranch(Pushforward):
    def pdf(self, x):
        which, z, *_ = self._preimages(x)
        _, first = np.unique(which, return_index=True)
        out = np.zeros(len(x))
        out[which[first]] = pdf(self.noise, t(z)).numpy()[first] / abs(self._slope(z))[first]
        return t(out)


class Signed(Pushforward):
    def pdf(self, x):
        which, z, *_ = self._preimages(x)
        return t(np.bincount(which, pdf(self.noise, t(z)).numpy() / self._slope(z), len(x)))


class Rising(Pushforward):
    """Takes every piece for a rising one, as the textbook formula F_z(G^-1(x)) does."""

    def cdf(self, x):
        which, z, *_ = self._preimages(x)
        return t(np.bincount(which, cdf(self.noise, t(z)).numpy(), minlength=len(x)))


@pytest.mark.parametrize("mutant", [NoSlope, SlopeNotInverted, OneBranch, Signed, Rising])
def test_the_check_notices_a_wrong_law(mutant):
    with pytest.raises(AssertionError):
        check_law(mutant)


def test_one_law_for_two_generators():
    x = torch.linspace(1, 7, 101, dtype=torch.float64)
    a, b = (Pushforward(lambda z, s=s: 4 + s * z / 2, STANDARD) for s in (1, -1))
    torch.testing.assert_close(a.pdf(x), b.pdf(x), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(a.cdf(x), b.cdf(x), rtol=1e-10, atol=1e-12)


@gently
@given(
    some.floats(-1, 1).filter(lambda a: abs(a) > 0.05), some.floats(-2, 2), some.floats(-2, 2),
    some.floats(-3, 3),
)  # fmt: skip
def test_any_cubic_and_its_density_is_the_slope_of_its_distribution(a, b, c, x):
    p_g = Pushforward(lambda z: a * z**3 + b * z**2 + c * z, STANDARD)
    roots = Polynomial([-x, c, b, a]).roots()
    z = np.sort(roots[abs(roots.imag) < 1e-7].real)
    slope = c + 2 * b * z + 3 * a * z**2
    if abs(slope).min() < 1e-2:  # next to a spike numpy's roots have few digits
        return
    expected = (st.norm.pdf(z) / abs(slope)).sum()
    assert float(p_g.pdf(t([x]))) == pytest.approx(expected, rel=1e-6)
    h = 1e-6
    low, high = p_g.cdf(t([x - h, x + h])).tolist()
    assert (high - low) / (2 * h) == pytest.approx(expected, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("name", LAWS)
def test_the_law_integrates_to_one(name):
    g, noise, *_ = LAWS[name]
    p_g = Pushforward(g, noise)
    low, high = p_g.support
    outside = p_g.cdf(t([low - 1, low - 1e-9, high, high + 1])).tolist()
    assert outside == pytest.approx([0, 0, 1, 1], abs=1e-9)
    cuts = np.unique([low, *p_g.turning_values, *np.quantile(p_g.x, np.linspace(0, 1, 9)), high])
    total = 0.0
    for a, b in pairwise(cuts):  # x = a + (b - a) sin^2 takes the spikes at both ends away
        s = (np.arange(4000) + 0.5) / 4000 * math.pi / 2
        x, weight = a + (b - a) * np.sin(s) ** 2, (b - a) * np.sin(2 * s) * math.pi / 2 / 4000
        total += float(p_g.pdf(t(x)) @ t(weight))
    assert total == pytest.approx(1, abs=2e-4)


# Monte Carlo, for generators whose law nobody can write down. The distance between the exact and
# the empirical distribution exceeds this bar with probability 1e-9, and the seed is fixed.
N = 400_000
KS = math.sqrt(math.log(2 / 1e-9) / (2 * N))


def a_network(noise_seed, activation=torch.tanh_, gain=2.0):
    g = torch.Generator().manual_seed(noise_seed)
    net = MLP([1, 16, 16, 1], [g], activation).double()
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(gain)
    return lambda z: net(z.reshape(1, -1, 1)).reshape(-1)


WILD = {
    "network": (a_network(1), STANDARD),
    "another": (a_network(2), STANDARD),
    "network on uniform noise": (a_network(3), FLAT),
    "relu network": (a_network(4, torch.relu_, 1.0), STANDARD),
    "wiggle": (lambda z: z + 2 * torch.sin(4 * z), STANDARD),
    "pieces": (lambda z: torch.where(z < 0.5, 3 * z, 2.5 - 2 * z), FLAT),
    "flat to the left": (torch.relu, STANDARD),
    "a point": (lambda z: 4 + 0 * z, STANDARD),
}


@pytest.mark.parametrize("name", WILD)
def test_pushforward_against_monte_carlo(name):
    g, noise = WILD[name]
    z = sample(noise, (N,), torch.Generator().manual_seed(11)).double()
    with torch.no_grad():
        x = np.sort(g(z).numpy())
    at = np.unique(np.quantile(x, np.linspace(0, 1, 2001)))
    exact = Pushforward(g, noise).cdf(t(at + 1e-9)).numpy()  # beside an atom, not on it
    empirical = np.searchsorted(x, at + 1e-9, side="right") / N
    assert abs(exact - empirical).max() < KS


def test_spikes_are_where_g_turns():
    p_g = Pushforward(cubic, STANDARD)
    assert sorted(p_g.turning_values) == pytest.approx([-2, 2], abs=1e-9)
    p_g = Pushforward(LAWS["sine"][0], STANDARD)
    assert set(np.round(p_g.turning_values, 9)) == {-1, 1}


@pytest.mark.parametrize("noise", [STANDARD, FLAT], ids=["normal", "uniform"])
def test_a_turn_exactly_on_the_grid_is_found(noise):
    assert Pushforward(lambda z: z**2, noise).turning_values == pytest.approx([0], abs=1e-12)


def test_support():
    assert Pushforward(lambda z: z**2, FLAT).support == pytest.approx((0, 1), abs=1e-12)
    assert Pushforward(lambda z: 3 - 2 * z, FLAT).support == pytest.approx((1, 5))


# ---- V ----


def check_value(value):
    """Fail unless it is V(D, G); mutants are sent through it."""
    for logit, p_data, g, noise in [
        (lambda x: 1.5 - 0.7 * x, gaussian(1, 2), lambda z: z**2, STANDARD),
        (lambda x: torch.sin(2 * x) - 0.3, mixture([2, 6], [0.5, 0.5]), lambda z: 4 + 3 * z, FLAT),
        (lambda x: 0 * x, gaussian(1, 2), lambda z: z**3, STANDARD),
    ]:

        def d(x, logit=logit):
            return 1 / (1 + math.exp(-float(logit(torch.tensor(x)))))

        def data(x, p=p_data):
            return float(pdf(p, torch.tensor(x)))

        def real(x, d=d, data=data):
            return data(x) * math.log(d(x))

        def fake(z, d=d, g=g, p=noise):
            return float(pdf(p, torch.tensor(z))) * math.log(1 - d(float(g(torch.tensor(z)))))

        wide = noise is STANDARD
        by_quad = sum(quad(real, a, a + 1, epsabs=1e-11)[0] for a in range(-14, 16)) + sum(
            quad(fake, a / 2, a / 2 + 0.5, epsabs=1e-11)[0]
            for a in (range(-15, 15) if wide else range(-2, 2))
        )
        assert value(logit, p_data, Pushforward(g, noise)) == pytest.approx(by_quad, abs=1e-7)


def test_value_against_scipy():
    check_value(theory.value)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda d, p, g: -theory.value(d, p, g),
        lambda d, p, g: theory.value(lambda x: -d(x), p, g),
        lambda d, p, g: theory.value(d, p, g) / 2,
        lambda d, p, g: theory.value(lambda x: torch.sigmoid(d(x)), p, g),
        lambda d, p, g: theory.value(d, p, Pushforward(lambda z: z, g.noise)),
    ],
    ids=["sign", "labels swapped", "halved", "double sigmoid", "no generator"],
)
def test_the_check_notices_a_wrong_value(mutant):
    with pytest.raises(AssertionError):
        check_value(mutant)


def test_value_against_monte_carlo():
    g, n, p_data = a_network(5), 400_000, mixture([2, 6], [0.5, 0.5])
    rng = torch.Generator().manual_seed(1)
    x, z = sample(p_data, (n,), rng).double(), sample(STANDARD, (n,), rng).double()

    def logit(x):
        return torch.cos(x) + x / 5

    with torch.no_grad():
        real = torch.sigmoid(logit(x)).log()
        fake = (1 - torch.sigmoid(logit(g(z)))).log()
        exact = theory.value(logit, p_data, Pushforward(g, STANDARD))
    error = math.sqrt((float(real.var()) + float(fake.var())) / n)
    assert abs(float(real.mean() + fake.mean()) - exact) < 6 * error  # chance of failure 2e-9


def scipy_js(p, q, cuts):
    def f(x):
        a, b = p(x), q(x)
        return sum(r / 2 * math.log(2 * r / (a + b)) for r in (a, b) if r > 0)

    return sum(quad(f, a, b, epsabs=1e-12, limit=200)[0] for a, b in pairwise(cuts))


@pytest.mark.parametrize("target", [gaussian(4, 0.5), mixture([2, 6], [0.5, 0.5])])
@pytest.mark.parametrize(("mean", "sd"), [(0, 1), (4, 0.5), (4.1, -0.45), (3, 2), (20, 1)])
def test_theorem_1(target, mean, sd):
    # The law of an affine G is known, so JS comes from `divergences`, not from D*.
    p_g = Pushforward(lambda z: mean + sd * z, STANDARD)
    expected = divergences.js(target, gaussian(mean, abs(sd)))
    with torch.no_grad():
        assert best_value(target, p_g) == pytest.approx(2 * expected - LOG4, abs=1e-5)
        assert theory.js(target, p_g) == pytest.approx(expected, abs=1e-5)


TWO = mixture([2, 6], [0.5, 0.5])
JS = {  # name: G, noise, target, scipy densities of target and G(z), cuts
    "step at the ends": (lambda z: z, FLAT, STANDARD, st.norm.pdf, st.uniform(-1, 2).pdf,
                         [-9, -1, 1, 9]),
    "step inside a panel": (lambda z: 1 + 0.7 * z, FLAT, STANDARD, st.norm.pdf,
                            st.uniform(0.3, 1.4).pdf, [-9, 0.3, 1.7, 9]),
    "spike": (lambda z: z**2, STANDARD, gaussian(1, 1), st.norm(1, 1).pdf, st.chi2(1).pdf,
              [-8, 0, 1e-6, 1e-3, 0.1, 1, 10, 30, 55]),
    "collapsed": (lambda z: 0.3 + 0.01 * z, STANDARD, STANDARD, st.norm.pdf,
                  st.norm(0.3, 0.01).pdf, [-9, 0.2, 0.27, 0.3, 0.33, 0.4, 9]),
    "very collapsed": (lambda z: 0.3 + 1e-4 * z, STANDARD, STANDARD, st.norm.pdf,
                       st.norm(0.3, 1e-4).pdf, [-9, 0.299, 0.2997, 0.3, 0.3003, 0.301, 9]),
}  # fmt: skip


@pytest.mark.parametrize("name", JS)
def test_js_of_laws_with_steps_spikes_and_narrow_peaks(name):
    g, noise, target, p, q, cuts = JS[name]
    ours = theory.js(target, Pushforward(g, noise))
    assert ours == pytest.approx(scipy_js(p, q, cuts), abs=5e-4)


@pytest.mark.parametrize("k", [1, 5, 20, 100])
def test_js_of_a_generator_that_saturates(k):
    """4 + 2 tanh(k z) tends to two points, at JS log 2; tanh rounds to 1 from 19 on."""
    with torch.no_grad():
        ours = theory.js(TWO, Pushforward(lambda z: 4 + 2 * torch.tanh(k * z), STANDARD))

    # In u = atanh((x - 4) / 2) the two densities have no spikes.
    def f(u):
        y = math.tanh(u)
        jacobian = 8 * math.exp(-2 * u) / (1 + math.exp(-2 * u)) ** 2  # 2 / cosh(u)^2
        a = sum(st.norm(m, 0.5).pdf(4 + 2 * y) for m in (2, 6)) / 2 * jacobian
        b = st.norm.pdf(u / k) / k
        return sum(r / 2 * math.log(2 * r / (a + b)) for r in (a, b) if r > 0)

    inside = 2 * sum(quad(f, a, b)[0] for a, b in pairwise([0, 1, 2, 5, 10, 20, 50, 8 * k + 60]))
    outside = LOG2 / 2 * (st.norm(2, 0.5).cdf(2) + st.norm(2, 0.5).sf(6))
    assert ours == pytest.approx(inside + outside, abs=2e-3)


@pytest.mark.parametrize("width", [1e-6, 1e-10, 1e-14, 1e-16, 0])
def test_js_of_a_collapsed_generator_is_log_2(width):
    ours = theory.js(gaussian(4, 0.5), Pushforward(lambda z: 4 + width * z, STANDARD))
    assert ours == pytest.approx(LOG2, abs=1e-3)


@pytest.mark.parametrize("name", [n for n in WILD if "network" in n] + ["wiggle", "pieces"])
@pytest.mark.parametrize("target", [gaussian(0, 1), TWO], ids=["one mode", "two modes"])
def test_no_discriminator_beats_d_star(name, target):
    g, noise = WILD[name]
    with torch.no_grad():
        p_g = Pushforward(g, noise)
        best = best_value(target, p_g)
        assert -LOG4 - 1e-6 <= best <= 1e-6
        rivals = [a_network(100 + s, gain=1 + s / 4) for s in range(8)]

        def blurred(x):  # almost the best one
            return torch.log((pdf(target, x) + 1e-3) / (p_g.pdf(x) + 1e-3))

        for logit in [*rivals, blurred]:
            assert theory.value(logit, target, p_g) <= best + 1e-6


# ---- W1 ----


@pytest.mark.parametrize(("mean", "sd"), [(0, 1), (4, 0.5), (4.1, -0.45), (3, 2), (4, 1e-9)])
def test_w1_of_an_affine_generator(mean, sd):
    p_g = Pushforward(lambda z: mean + sd * z, STANDARD)
    expected = divergences.wasserstein1(gaussian(4, 0.5), gaussian(mean, abs(sd)))
    assert theory.wasserstein1(gaussian(4, 0.5), p_g) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", WILD)
def test_w1_against_scipys_sample_distance(name):
    g, noise = WILD[name]
    u = (torch.arange(40_000, dtype=torch.float64) + 0.5) / 40_000
    with torch.no_grad():
        x = g(noise.icdf(u)).numpy()
    expected = st.wasserstein_distance(x, st.norm(4, 0.5).ppf(u.numpy()))
    ours = theory.wasserstein1(gaussian(4, 0.5), Pushforward(g, noise))
    assert ours == pytest.approx(expected, abs=1e-3)


# ---- priors, spread, gap ----


def check_prior(d_star):
    """Fail unless d_star is the share of real ones among many labelled draws, by Bayes' rule."""
    p, q, x = gaussian(0, 1), gaussian(2, 1), t([0.3])
    a, b = pdf(p, x), pdf(q, x)
    for prior in (0.1, 0.25, 0.5, 0.9):
        best = minimize_scalar(
            lambda y, prior=prior: -(prior * float(a) * math.log(y)
                                     + (1 - prior) * float(b) * math.log(1 - y)),
            bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-12},
        )  # fmt: skip
        assert float(d_star(a, b, prior)) == pytest.approx(best.x, abs=1e-6)
    assert float(d_star(a, b, 0.25)) == pytest.approx(0.574782, abs=1e-6)


def test_d_star_with_a_prior():
    check_prior(optimal_discriminator)
    logit = optimal_logit(t([3.0]), t([1.0]), 0.25)
    assert float(logit) == pytest.approx(math.log(3) - math.log(3), abs=1e-12)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda a, b, prior: optimal_discriminator(a, b),
        lambda a, b, prior: optimal_discriminator(a, b, 1 - prior),
        lambda a, b, prior: torch.sigmoid(optimal_logit(a, b) + math.log(prior)),
        lambda a, b, prior: prior * optimal_discriminator(a, b),
    ],
    ids=["ignored", "of the fakes", "not odds", "factor"],
)
def test_the_check_notices_a_wrong_prior(mutant):
    with pytest.raises(AssertionError):
        check_prior(mutant)


@pytest.mark.parametrize("prior", [0, 1, -0.1, math.nan])
def test_a_prior_is_a_probability(prior):
    with pytest.raises(ValueError, match=r"^prior .*got"):
        optimal_discriminator(torch.ones(1), torch.ones(1), prior)


def test_v_is_one_integral_over_x():
    """V in terms of p_g(x), with scipy; the package integrates the second mean over z."""
    p_g = Pushforward(lambda z: 1 + 2 * z, STANDARD)

    def logit(x):
        return torch.cos(x) - x / 3

    def bracket(x):
        d = 1 / (1 + math.exp(x / 3 - math.cos(x)))
        return st.norm.pdf(x) * math.log(d) + st.norm(1, 2).pdf(x) * math.log(1 - d)

    exact = sum(quad(bracket, a, a + 2, epsabs=1e-12)[0] for a in range(-24, 26, 2))
    assert theory.value(logit, STANDARD, p_g) == pytest.approx(exact, abs=1e-9)


def check_spread(spread):
    n, p_data, g = 400_000, mixture([2, 6], [0.5, 0.5]), lambda z: 3 + z
    rng = torch.Generator().manual_seed(2)
    x, z = sample(p_data, (n,), rng).double(), sample(STANDARD, (n,), rng).double()
    real, fake = torch.sigmoid(x - 4).log(), torch.sigmoid(4 - g(z)).log()
    ours = spread(lambda x: x - 4, p_data, Pushforward(g, STANDARD))
    # The relative error of such a standard deviation is near 0.2 %.
    assert ours == pytest.approx(math.sqrt(float(real.var() + fake.var())), rel=0.015)
    assert spread(lambda x: 0 * x, p_data, Pushforward(g, STANDARD)) == pytest.approx(0, abs=1e-7)


def test_value_spread():
    check_spread(theory.value_spread)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda d, p, g: theory.value_spread(d, p, g) ** 2,
        lambda d, p, g: theory.value_spread(d, p, g) / math.sqrt(2),
        lambda d, p, g: theory.value_spread(lambda x: -d(x), p, g),
        lambda d, p, g: abs(theory.value(d, p, g)),
    ],
    ids=["variance", "mean of two", "labels", "the value"],
)
def test_the_check_notices_a_wrong_spread(mutant):
    with pytest.raises(AssertionError):
        check_spread(mutant)


def check_gap(gap):
    """Fail unless `gap` is V(D*) - V(D), computed as a difference, and by quad over x."""
    pairs = [  # where p_g has spikes, quadrature is coarser
        (gaussian(0, 1), lambda z: 2 + z, STANDARD, 1e-9),
        (gaussian(0, 1), lambda z: z, FLAT, 1e-9),
        (gaussian(1, 1), lambda z: z**2, STANDARD, 1e-3),
    ]
    with torch.no_grad():
        for p_data, g, noise, error in pairs:
            p_g = Pushforward(g, noise)
            for logit in (lambda x: x / 2 - 1, lambda x: 0 * x, lambda x: 3 * torch.sin(x)):
                expected = best_value(p_data, p_g) - theory.value(logit, p_data, p_g)
                assert gap(logit, p_data, p_g) == pytest.approx(expected, abs=error)

    def integrand(x):
        a, b = st.norm.pdf(x), st.norm(2, 1).pdf(x)
        s, d = a / (a + b), 1 / (1 + math.exp(1 - x / 2))
        return (a + b) * (s * math.log(s / d) + (1 - s) * math.log((1 - s) / (1 - d)))

    exact = sum(quad(integrand, a, a + 2)[0] for a in range(-8, 10, 2))
    p_g = Pushforward(lambda z: 2 + z, STANDARD)
    assert gap(lambda x: x / 2 - 1, gaussian(0, 1), p_g) == pytest.approx(exact, abs=1e-8)
    assert gap(lambda x: 2 - 2 * x, gaussian(0, 1), p_g) == pytest.approx(0, abs=1e-12)


def test_value_gap():
    check_gap(theory.value_gap)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda d, p, g: -theory.value_gap(d, p, g),
        lambda d, p, g: theory.value_gap(d, p, g) / 2,
        lambda d, p, g: theory.value_gap(lambda x: -d(x), p, g),
        lambda d, p, g: best_value(p, g) - theory.value(d, p, g) + 1e-6,
    ],
    ids=["sign", "mean for sum", "labels", "a little more"],
)
def test_the_check_notices_a_wrong_gap(mutant):
    with pytest.raises(AssertionError):
        check_gap(mutant)


def test_value_gap_of_disjoint_laws_is_finite():
    far = Pushforward(lambda z: 100 + z, STANDARD)
    assert theory.value_gap(lambda x: 0 * x, STANDARD, far) == pytest.approx(LOG4, abs=1e-9)
    steps = Pushforward(lambda z: 3 + z, FLAT)  # D* is exactly 0 and 1
    gap = theory.value_gap(lambda x: 0 * x, uniform(0, 1), steps)
    assert gap == pytest.approx(LOG4, abs=1e-9)


def test_gradient_of_the_generator_comes_from_the_second_term():
    """Equation eq-g-gradient: small steps in the exact V, autograd, and the closed form."""
    p_data = gaussian(0, 1)

    def logit(x):
        return 1 - 0.7 * x + 0.3 * torch.sin(2 * x)

    theta = torch.tensor([1.5, 0.8], dtype=torch.float64, requires_grad=True)
    z = st.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    x = theta[0] + theta[1] * t(z)
    (autograd,) = torch.autograd.grad(losses.saturating_loss(logit(x)), theta)

    def slope(x):
        return -0.7 + 0.6 * np.cos(2 * x)

    at = 1.5 + 0.8 * z
    d = 1 / (1 + np.exp(-(1 - 0.7 * at + 0.3 * np.sin(2 * at))))
    closed = [-(d * slope(at)).mean(), -(d * slope(at) * z).mean()]

    def exact(a, b):
        return theory.value(logit, p_data, Pushforward(lambda z: a + b * z, STANDARD))

    h = 1e-4
    small = [(exact(1.5 + h, 0.8) - exact(1.5 - h, 0.8)) / (2 * h),
             (exact(1.5, 0.8 + h) - exact(1.5, 0.8 - h)) / (2 * h)]  # fmt: skip
    assert autograd.numpy() == pytest.approx(closed, abs=1e-10)
    assert autograd.numpy() == pytest.approx(small, abs=2e-4)
    # Another first term changes V and leaves this gradient: the data do not enter.
    assert exact(1.5, 0.8) != theory.value(
        logit, gaussian(3, 1), Pushforward(lambda z: 1.5 + 0.8 * z, STANDARD)
    )
