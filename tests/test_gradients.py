"""Forces and expected gradients against autograd, finite differences of divergences, and quad.

Each check takes what it checks as an argument, so that wrong versions can be shown to fail.
"""

from __future__ import annotations

import math

import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from gan_lessons import divergences, losses
from gan_lessons.densities import gaussian, mixture, sample, uniform
from gan_lessons.gradients import expected_gradient, force

PAIRS = {  # a slope, and the loss that it belongs to
    "saturating": (losses.saturating_slope, losses.saturating_loss),
    "non-saturating": (losses.nonsaturating_slope, losses.nonsaturating_loss),
    "maximum likelihood": (losses.maximum_likelihood_slope, losses.maximum_likelihood_loss),
}
OBJECTIVES = {  # what each expected gradient is the gradient of, with p_g first
    "saturating": lambda g, p: 2 * divergences.js(p, g),
    "non-saturating": lambda g, p: divergences.kl(g, p) - 2 * divergences.js(p, g),
    "maximum likelihood": lambda g, p: divergences.kl(p, g),
}


def derivative(f, at, h=1e-3):
    """Central differences of fourth order."""
    return (8 * (f(at + h) - f(at - h)) - (f(at + 2 * h) - f(at - 2 * h))) / (12 * h)


def logit(x):  # not monotone, and steep enough for every part of the slopes
    return 3 * torch.sin(x) - x


X = torch.linspace(-6, 6, 41, dtype=torch.float64)


def check_force(which, one_force):
    slope, loss = PAIRS[which]
    x = X.clone().requires_grad_()
    for i in range(len(x)):  # batches of one: the loss is the sample's own term
        loss(logit(x[i : i + 1])).backward()
    ours = one_force(slope, logit, X)
    assert torch.allclose(ours, -x.grad, rtol=1e-12, atol=0)
    by_steps = -derivative(lambda t: loss(logit(t)[:, None]), X)
    assert torch.allclose(ours, by_steps, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("which", PAIRS)
def test_force(which):
    check_force(which, force)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda s, f, x: -force(s, f, x),
        lambda s, f, x: force(s, f, x) / len(x),
        lambda s, f, x: -s(f(x)),  # without l'
        lambda s, f, x: force(lambda t: s(-t), f, x),  # the other loss
    ],
)
@pytest.mark.parametrize("which", PAIRS)
def test_the_check_of_force_notices(which, mutant):
    with pytest.raises(AssertionError):
        check_force(which, mutant)


def test_forces_point_the_same_way_and_add_up():
    saturating = force(losses.saturating_slope, logit, X)
    other = force(losses.nonsaturating_slope, logit, X)
    x = X.clone().requires_grad_()
    (up,) = torch.autograd.grad(logit(x).sum(), x)
    assert torch.allclose(saturating + other, up, rtol=1e-12)  # D + (1 - D) = 1
    assert (saturating.sign() == other.sign()).all()
    assert torch.allclose(other / saturating, torch.exp(-logit(X)), rtol=1e-10)


P_DATA = {
    "gaussian": gaussian(0.0, 1.0),
    "narrow": gaussian(0.5, 0.6),
    "two modes": mixture([-1.0, 2.0], [0.7, 0.5], [0.3, 0.7]),
}


def check_expected(which, p_data, gradient):
    slope, _ = PAIRS[which]
    objective = OBJECTIVES[which]
    for mean, sd in ((0.0, 1.0), (1.5, 0.8), (-2.0, 1.3)):
        g = gaussian(mean, sd)
        shift = derivative(lambda m, sd=sd: objective(gaussian(m, sd), p_data), mean)
        assert gradient(slope, p_data, g) == pytest.approx(shift, rel=1e-7, abs=1e-9)
        # theta = log of the scale: dG/dtheta = G - mean.
        scale = derivative(
            lambda t, mean=mean, sd=sd: objective(gaussian(mean, sd * math.exp(t)), p_data), 0.0
        )
        found = gradient(slope, p_data, g, lambda x, mean=mean: x - mean)
        assert found == pytest.approx(scale, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("data", P_DATA)
@pytest.mark.parametrize("which", PAIRS)
def test_expected_gradient_is_that_of_a_divergence(which, data):
    check_expected(which, P_DATA[data], expected_gradient)


def other_slope(slope, *rest):
    return expected_gradient(lambda t: slope(-t), *rest)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda *a: -expected_gradient(*a),
        lambda *a: expected_gradient(*a) / 2,
        lambda slope, p, g, *v: expected_gradient(slope, g, p, *v),
        lambda slope, p, g, *v: expected_gradient(slope, p, g),  # dG/dtheta forgotten
        other_slope,
    ],
)
@pytest.mark.parametrize("which", PAIRS)
def test_the_check_of_the_mean_notices(which, mutant):
    with pytest.raises(AssertionError):
        check_expected(which, P_DATA["two modes"], mutant)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda g, p: divergences.kl(g, p),
        lambda g, p: divergences.kl(g, p) + 2 * divergences.js(p, g),
        lambda g, p: divergences.kl(g, p) - divergences.js(p, g),
        lambda g, p: divergences.kl(p, g) - 2 * divergences.js(p, g),
    ],
)
def test_the_check_notices_a_wrong_divergence(wrong, monkeypatch):
    monkeypatch.setitem(OBJECTIVES, "non-saturating", wrong)
    with pytest.raises(AssertionError):
        check_expected("non-saturating", P_DATA["two modes"], expected_gradient)


@pytest.mark.parametrize("mu", [-6.0, -1.0, 0.0, 0.5, 3.0, 6.0, 10.0, 1000.0])
def test_shifted_normals(mu):
    # l*(x) = mu^2 / 2 - mu x, so l*' = -mu: the gradients are mu E[D*] and mu E[1 - D*].
    p, g = gaussian(0.0, 1.0), gaussian(mu, 1.0)
    saturating = expected_gradient(losses.saturating_slope, p, g)
    other = expected_gradient(losses.nonsaturating_slope, p, g)
    assert saturating + other == pytest.approx(mu, rel=1e-11, abs=1e-12)
    fooled, _ = quad(
        lambda z: norm.pdf(z) * expit(mu**2 / 2 - mu * (mu + z)), -12, 12, epsabs=1e-14, limit=200
    )
    assert saturating == pytest.approx(mu * fooled, rel=1e-8, abs=1e-12)


def test_numbers_of_the_chapter():
    p = gaussian(0.0, 1.0)
    for mu, saturating, other in ((3.0, 0.295864, 2.704136), (6.0, 0.012453, 5.987547)):
        g = gaussian(mu, 1.0)
        assert expected_gradient(losses.saturating_slope, p, g) == pytest.approx(
            saturating, abs=1e-6
        )
        assert expected_gradient(losses.nonsaturating_slope, p, g) == pytest.approx(other, abs=1e-6)
    ml = expected_gradient(losses.maximum_likelihood_slope, p, gaussian(3.0, 1.0))
    assert ml == pytest.approx(3.0, rel=1e-9)  # KL(N(0,1) || N(mu,1)) = mu^2 / 2


@pytest.mark.parametrize("which", ["saturating", "non-saturating"])
def test_samples_and_autograd_agree(which):
    slope, loss = PAIRS[which]
    p_data, mu = P_DATA["two modes"], 0.5
    n = 200_000
    z = sample(gaussian(0.0, 1.0), (n,), torch.Generator().manual_seed(3)).double()
    x = (mu + z).requires_grad_()
    p_g = gaussian(mu, 1.0)  # D* is held fixed: its mu is a number, not a parameter
    loss(p_data.log_prob(x) - p_g.log_prob(x)).backward()
    each = x.grad * n
    error = (each.std() / n**0.5).item()
    # 5 standard errors: by chance once in 1.7 million seeds, for each of the two.
    assert abs(each.mean().item() - expected_gradient(slope, p_data, p_g)) < 5 * error


@pytest.mark.parametrize("mu", [0.1, 1.0, 4.0])
def test_non_saturating_divergence_is_twice_a_kl(mu):
    """KL(p_g || p_data) - 2 JS = 2 KL(m || p_data), m the equal mixture: never below 0."""
    p, g = gaussian(0.0, 1.0), gaussian(mu, 0.8)
    m = mixture([0.0, mu], [1.0, 0.8])
    twice = 2 * divergences.kl(m, p)
    assert OBJECTIVES["non-saturating"](g, p) == pytest.approx(twice, rel=1e-8)
    direct, _ = quad(
        lambda x: 2 * m.log_prob(torch.tensor(x).double()).exp()
        * (m.log_prob(torch.tensor(x).double()) - p.log_prob(torch.tensor(x).double())).item(),
        -9, mu + 8, epsabs=1e-9, limit=200,
    )  # fmt: skip
    assert OBJECTIVES["non-saturating"](g, p) == pytest.approx(direct, rel=1e-7)


def test_what_is_refused():
    wide, narrow = gaussian(0.0, 1.0), uniform(0.0, 1.0)
    with pytest.raises(ValueError, match=r"^p_data must .*got"):
        expected_gradient(losses.saturating_slope, narrow, wide)
    with pytest.raises(ValueError, match=r"^p_g must .*got"):
        expected_gradient(losses.saturating_slope, wide, narrow)
    with pytest.raises(ValueError, match=r"^slope must .*got"):  # exp(800) is infinite
        expected_gradient(losses.maximum_likelihood_slope, wide, gaussian(40.0, 1.0))
