"""The value of each game at its best D against the divergence that theory names; and mutants."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad, quad
from scipy.stats import norm
from torch.nn.functional import softplus

from gan_lessons import alternatives, optima
from gan_lessons.batches import Batches
from gan_lessons.densities import gaussian, laplace, mixture, uniform
from gan_lessons.divergences import js, js_categorical, total_variation, wasserstein1
from gan_lessons.f_divergences import GENERATORS, f_divergence

PAIRS = {
    "same": (gaussian(0, 1), gaussian(0, 1)),
    "shift": (gaussian(0, 1), gaussian(3, 1)),
    "narrow": (gaussian(0, 1), gaussian(0, 1e-3)),
    "mixture": (mixture([2, 6], [0.5, 0.5]), gaussian(4, 1.5)),
    "laplace": (laplace(0, 1), laplace(1, 2)),
    "disjoint": (uniform(0, 1), uniform(2, 3)),
    "overlap": (uniform(0, 2), uniform(1, 3)),
    "far": (gaussian(0, 1), gaussian(1e3, 1)),
}
each_pair = pytest.mark.parametrize("pair", PAIRS)


def middle(p, q):
    """m = (p + q) / 2, as a mixture of what p and q are mixtures of, for two Gaussian laws."""
    parts = []
    for law in (p, q):
        one = law.component_distribution if hasattr(law, "component_distribution") else law
        weight = law.mixture_distribution.probs if one is not law else torch.ones(1)
        parts.append((one.loc.reshape(-1), one.scale.reshape(-1), weight / 2))
    return mixture(*(torch.cat(x).tolist() for x in zip(*parts, strict=True)))


def least_squares(l_star, p, q):
    return optima.population_d_loss(
        lambda y: (y - 1) ** 2 / 2,
        lambda y: y**2 / 2,
        l_star(p, q),
        p,
        q,
    )


def hinge(l_star, p, q):
    return optima.population_d_loss(
        lambda y: torch.relu(1 - y),
        lambda y: torch.relu(1 + y),
        l_star(p, q),
        p,
        q,
    )


@each_pair
def test_minimax_at_its_best_d_is_log_four_less_two_js(pair):
    p, q = PAIRS[pair]
    ours = optima.population_d_loss(
        lambda y: softplus(-y),
        softplus,
        optima.log_ratio(p, q),
        p,
        q,
    )
    assert math.isclose(ours, math.log(4) - 2 * js(p, q), rel_tol=1e-9, abs_tol=1e-9)


@each_pair
def test_hinge_at_its_best_d_is_twice_one_less_tv(pair):
    p, q = PAIRS[pair]
    expected = 2 * (1 - total_variation(p, q))
    assert math.isclose(optima.hinge_value(p, q), expected, rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(hinge(optima.best_hinge, p, q), expected, rel_tol=1e-8, abs_tol=1e-9)


def test_hinge_of_two_gaussians_in_closed_form():
    """The densities cross half-way, so min(p, q) holds 2 Phi(-3/2)."""
    ours = optima.hinge_value(*PAIRS["shift"])
    assert math.isclose(ours, 4 * norm.cdf(-1.5), rel_tol=1e-12)


@pytest.mark.parametrize("pair", ["same", "shift", "narrow", "mixture", "far"])
def test_least_squares_at_its_best_d_is_a_chi_square_to_the_mixture(pair):
    p, q = PAIRS[pair]
    expected = 0.25 - f_divergence(p, middle(p, q), "Pearson chi2") / 4
    assert math.isclose(optima.least_squares_value(p, q), expected, rel_tol=1e-8, abs_tol=1e-10)


@each_pair
def test_least_squares_value_is_what_the_best_d_gets(pair):
    p, q = PAIRS[pair]
    ours = least_squares(optima.best_least_squares, p, q)
    assert math.isclose(ours, optima.least_squares_value(p, q), rel_tol=1e-8, abs_tol=1e-9)


def test_least_squares_by_scipy():
    p, q = norm(0, 1).pdf, norm(3, 1).pdf
    expected, _ = quad(lambda x: p(x) * q(x) / (p(x) + q(x)) / 2, -12, 15, epsabs=1e-13)
    assert math.isclose(optima.least_squares_value(*PAIRS["shift"]), expected, rel_tol=1e-10)


@pytest.mark.parametrize("shift", [-2.5, 0.3, 40.0])
def test_wasserstein_on_shifts_is_the_shift(shift):
    p, q = gaussian(0, 1), gaussian(shift, 1)
    ours = optima.population_d_loss(
        lambda y: -y,
        lambda y: y,
        optima.best_lipschitz_on_shifts(shift),
        p,
        q,
    )
    assert math.isclose(-ours, abs(shift), rel_tol=1e-9)
    assert math.isclose(-ours, wasserstein1(p, q), rel_tol=1e-9)


@pytest.mark.parametrize("name", [*GENERATORS])
def test_an_f_gan_at_its_best_d_is_its_divergence(name):
    g, (p, q) = GENERATORS[name], (gaussian(0.5, 0.8), gaussian(0, 1))
    ours = optima.population_d_loss(
        lambda u: -g.slope(u), lambda u: g.conjugate(g.slope(u)), optima.log_ratio(p, q), p, q
    )
    assert math.isclose(-ours, f_divergence(p, q, name), rel_tol=1e-7, abs_tol=1e-9)


def test_a_term_that_overflows_where_nothing_is_costs_nothing():
    """E_p of q/p, which is 1: far out q/p overflows long before p becomes 0."""
    p, q = gaussian(0, 1), gaussian(0.5, 1.5)
    g = GENERATORS["reverse KL"]
    ours = optima.population_d_loss(
        lambda u: -g.slope(u), lambda u: g.conjugate(g.slope(u)), optima.log_ratio(p, q, 350), p, q
    )
    assert math.isclose(-ours, f_divergence(p, q, "reverse KL"), rel_tol=1e-8)
    cut = optima.log_ratio(p, q, 1.0)(torch.tensor([-30.0, 0.0]))
    assert torch.allclose(cut, torch.tensor([-1.0, math.log(1.5) + 0.5**2 / 4.5]).double())
    assert optima.log_ratio(*PAIRS["disjoint"], 350)(torch.tensor([0.5])).item() == math.inf


# ---- no other D does better, and wrong ones do worse: the mutants of the best outputs ----

WORSE = {
    "swapped": lambda best: lambda p, q: best(q, p),
    "constant": lambda best: lambda p, q: lambda x: torch.full_like(x, 0.3),
    "half": lambda best: lambda p, q: lambda x: best(p, q)(x) / 2,
    "shifted": lambda best: lambda p, q: lambda x: best(p, q)(x - 0.2),
}


@pytest.mark.parametrize("worse", WORSE)
@pytest.mark.parametrize("pair", ["shift", "mixture", "laplace"])
def test_any_other_output_costs_d_more(pair, worse):
    p, q = PAIRS[pair]
    for game, best in ((least_squares, optima.best_least_squares), (hinge, optima.best_hinge)):
        assert game(WORSE[worse](best), p, q) > game(best, p, q) + 1e-4


def test_a_shift_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"^shift must be.*got nan"):
        optima.best_lipschitz_on_shifts(math.nan)


# ---- the best critic under a Lipschitz bound ----


def gain(l_star, p, q):
    return -optima.population_d_loss(lambda y: -y, lambda y: y, l_star(p, q), p, q)


@each_pair
def test_the_best_lipschitz_critic_reaches_w1(pair):
    p, q = PAIRS[pair]
    assert math.isclose(gain(optima.best_lipschitz, p, q), wasserstein1(p, q), rel_tol=1e-9,
                        abs_tol=1e-12)  # fmt: skip


@each_pair
def test_the_best_lipschitz_critic_is_lipschitz(pair):
    p, q = PAIRS[pair]
    x = torch.linspace(-30, 30, 5001, dtype=torch.float64)
    slopes = optima.best_lipschitz(p, q)(x).diff() / x.diff()
    assert slopes.abs().max() <= 1 + 1e-9


def test_the_best_lipschitz_critic_goes_on_beyond_both_densities():
    far = torch.tensor([-1000.0, -999.0, 0.0, 999.0, 1000.0], dtype=torch.float64)
    output = optima.best_lipschitz(*PAIRS["shift"])
    assert torch.allclose(output(far), -far + output(torch.zeros(1)), atol=1e-9)


@pytest.mark.parametrize("pair", ["shift", "narrow", "mixture", "laplace"])
def test_no_other_lipschitz_critic_gains_more(pair):
    """Critics with |slope| <= 1 drawn at random: none passes W1, and flipped ones lose."""
    p, q = PAIRS[pair]
    best = gain(optima.best_lipschitz, p, q)
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b, c = rng.uniform(-1, 1), rng.uniform(0.1, 3), rng.uniform(-5, 5)

        def other(x, a=a, b=b, c=c):
            return a * torch.sin(b * (x - c)) / b

        assert gain(lambda p, q, other=other: other, p, q) <= best + 1e-9
    assert gain(lambda p, q: optima.best_lipschitz(q, p), p, q) < 0
    assert gain(lambda p, q: lambda x: optima.best_lipschitz(p, q)(x) / 2, p, q) < best - 1e-4


# ---- pairs ----


def test_relativistic_value_by_scipy():
    p, q = norm(0, 1), norm(3, 1)

    def loss(y, x):  # log p/q = 4.5 - 3 x
        return p.pdf(x) * q.pdf(y) * np.logaddexp(0, (4.5 - 3 * y) - (4.5 - 3 * x))

    expected, _ = dblquad(loss, -9, 12, -9, 12, epsabs=1e-10)
    assert math.isclose(optima.relativistic_value(*PAIRS["shift"]), expected, rel_tol=1e-7)


def test_relativistic_value_of_uniforms_by_hand():
    """On [0, 2] and [1, 3] a pair is undecided only if both samples lie in [1, 2]: 1/4."""
    ours = optima.relativistic_value(*PAIRS["overlap"])
    assert math.isclose(ours, math.log(2) / 4, rel_tol=1e-10)
    assert optima.relativistic_value(*PAIRS["disjoint"]) == 0
    assert math.isclose(optima.relativistic_value(*PAIRS["same"]), math.log(2), rel_tol=1e-10)


def on_letters(output, p, q):
    """The relativistic loss when x has finitely many values."""
    return (p[:, None] * q * softplus(output - output[:, None])).sum()


def test_on_letters_the_best_output_is_the_log_ratio_and_its_loss_that_js():
    """The loss is convex in l: minimised by brute force, it gives log p/q and log 2 - JS."""
    p = torch.tensor([0.1, 0.4, 0.3, 0.2], dtype=torch.float64)
    q = torch.tensor([0.35, 0.15, 0.1, 0.4], dtype=torch.float64)
    free = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    lbfgs = torch.optim.LBFGS([free], max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-16)

    def closure():
        lbfgs.zero_grad()
        loss = on_letters(free, p, q)
        loss.backward()
        return loss

    lbfgs.step(closure)
    found, ratio = free.detach(), (p / q).log()
    assert torch.allclose(found - found[0], ratio - ratio[0], atol=1e-5)
    pairs = [torch.outer(a, b).ravel().tolist() for a, b in ((p, q), (q, p))]
    expected = math.log(2) - js_categorical(*pairs)
    assert math.isclose(on_letters(found, p, q).item(), expected, rel_tol=1e-9)
    # The mutants: JS of single letters, or twice it.
    single = js_categorical(p.tolist(), q.tolist())
    assert abs(math.log(2) - single - expected) > 0.01
    assert abs(math.log(2) - 2 * single - expected) > 1e-3


# ---- what the losses of a minibatch estimate ----


def test_minibatch_losses_estimate_these_values():
    """The losses of the games on 6250 samples, with the best outputs put in."""
    p, q = PAIRS["shift"]
    real, fake = (
        Batches(law, 6250, [torch.Generator().manual_seed(s)])().double()[0, :, 0]
        for s, law in enumerate((p, q))
    )
    cases = (
        (alternatives.least_squares_d_loss, optima.best_least_squares, optima.least_squares_value),
        (alternatives.hinge_d_loss, optima.best_hinge, optima.hinge_value),
        (alternatives.relativistic_d_loss, optima.log_ratio, optima.relativistic_value),
        (alternatives.wasserstein_d_loss, optima.best_lipschitz, lambda p, q: -wasserstein1(p, q)),
    )
    # Five standard errors; the outputs have a standard deviation of at most 1 here.
    for loss, best, value in cases:
        output = best(p, q)
        assert abs(loss(output(real), output(fake)).item() - value(p, q)) < 5 * 2**0.5 / 6250**0.5
    for name in ("KL", "reverse KL", "JS"):
        g = GENERATORS[name]
        game = alternatives.f_gan(g.slope, g.conjugate, name)
        narrow = gaussian(0.2, 0.9)
        made = Batches(narrow, 6250, [torch.Generator().manual_seed(9)])().double()[0, :, 0]
        best = optima.log_ratio(p, narrow)
        assert (
            abs(game.d_loss(best(real), best(made)).item() + f_divergence(p, narrow, name)) < 0.05
        )
