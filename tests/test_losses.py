"""Losses against torch's binary cross-entropy, closed forms and finite differences; and mutants.

Each property check takes the loss as its argument, so that the same check runs on the loss of the
package, which must pass, and on wrong versions of it, each of which must fail.
"""

from __future__ import annotations

import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits

from gan_lessons import losses
from gan_lessons.losses import (
    discriminator_loss,
    discriminator_slopes,
    maximum_likelihood_loss,
    maximum_likelihood_slope,
    nonsaturating_loss,
    nonsaturating_slope,
    saturating_loss,
    saturating_slope,
    value,
)

LOG2 = math.log(2)


def bce(logits, label):
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def randn(*shape, seed=0, scale=3.0):
    g = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=g, dtype=torch.float64)


def close(ours, expected, tolerance=1e-12):
    ours = torch.as_tensor(ours, dtype=torch.float64)
    expected = torch.as_tensor(expected, dtype=torch.float64)
    assert ours.shape == expected.shape
    assert torch.isfinite(ours).all()
    assert torch.allclose(ours, expected, rtol=tolerance, atol=tolerance)


def gradient(loss, logits):
    x = logits.clone().requires_grad_()
    loss(x).sum().backward()
    return x.grad


def finite_differences(loss, logits, h=1e-5):
    out = torch.zeros_like(logits)
    for i in range(len(logits)):
        e = torch.zeros_like(logits)
        e[i] = h
        out[i] = (loss(logits + e) - loss(logits - e)) / (2 * h)
    return out


def check_discriminator_loss(loss):
    for seed in range(3):
        real, fake = randn(7, seed=seed), randn(7, seed=10 + seed)
        close(loss(real, fake), bce(real, 1.0) + bce(fake, 0.0))
    # Batches of different size: a mean each. The mean over both together would be 1.546447.
    close(loss(torch.tensor([1.0, -1.0]), torch.tensor([0.0])), 1.506409, 1e-6)
    close(loss(torch.zeros(5), torch.zeros(5)), math.log(4), 1e-6)
    real, fake = randn(5), randn(3, seed=1)
    d_real, d_fake = torch.sigmoid(real), torch.sigmoid(fake)
    close(gradient(lambda x: loss(x, fake), real), -(1 - d_real) / 5)
    close(gradient(lambda x: loss(real, x), fake), d_fake / 3)
    close(finite_differences(lambda x: loss(x, fake), real), -(1 - d_real) / 5, 1e-8)
    close(finite_differences(lambda x: loss(real, x), fake), d_fake / 3, 1e-8)
    big = torch.tensor([1000.0])
    close(loss(-big, big), 2000.0)
    close(loss(big, -big), 0.0)


def check_value(loss):
    check_discriminator_loss(lambda real, fake: -loss(real, fake))


def check_saturating(loss):
    for seed in range(3):
        fake = randn(6, seed=seed)
        close(loss(fake), -bce(fake, 0.0))
        close(gradient(loss, fake), -torch.sigmoid(fake) / 6)
        close(finite_differences(loss, fake), -torch.sigmoid(fake) / 6, 1e-8)
    close(loss(torch.zeros(5)), -LOG2, 1e-6)
    close(loss(torch.tensor([1000.0])), -1000.0)
    close(loss(torch.tensor([-1000.0])), 0.0)


def check_nonsaturating(loss):
    for seed in range(3):
        fake = randn(6, seed=seed)
        close(loss(fake), bce(fake, 1.0))
        close(gradient(loss, fake), -(1 - torch.sigmoid(fake)) / 6)
        close(finite_differences(loss, fake), -(1 - torch.sigmoid(fake)) / 6, 1e-8)
    close(loss(torch.zeros(5)), LOG2, 1e-6)
    close(loss(torch.tensor([1000.0])), 0.0)
    close(loss(torch.tensor([-1000.0])), 1000.0)


def check_maximum_likelihood(loss):
    for seed in range(3):
        fake = randn(6, seed=seed)
        d = torch.sigmoid(fake)
        close(loss(fake), -(d / (1 - d)).mean())
        close(gradient(loss, fake), -fake.exp() / 6)
        close(finite_differences(loss, fake), -fake.exp() / 6, 1e-7)
    close(loss(torch.zeros(5)), -1.0)
    close(loss(torch.tensor([-1000.0])), 0.0)


def check_binary_cross_entropy(loss):
    for seed in range(3):
        x, y = randn(7, seed=seed), torch.rand(7, generator=torch.Generator().manual_seed(seed))
        close(loss(x, y.double()), binary_cross_entropy_with_logits(x, y.double()))
        close(loss(x, y.double()), binary_cross_entropy(x.sigmoid(), y.double()))
        for label in (0.0, 0.9, 1.0):
            close(loss(x, label), bce(x, label))
        close(gradient(lambda x, y=y: loss(x, y.double()), x), (x.sigmoid() - y) / 7)
    for label in (0.0, 1.0):  # where max(l, 0) and |l| have their kink
        close(gradient(lambda x, y=label: loss(x, y), torch.zeros(1)), torch.tensor([0.5 - label]))
    for size in (89.0, 1000.0):
        big = torch.tensor([size])
        close(loss(big, 0.0), size)
        close(loss(-big, 1.0), size)
        close(loss(big, 1.0), 0.0)
        close(loss(-big, 0.0), 0.0)
    close(loss(torch.zeros(2, 3, 5), 1.0), torch.full((2, 3), LOG2), 1e-6)


OURS = {
    "binary cross-entropy": (check_binary_cross_entropy, losses.binary_cross_entropy),
    "maximum likelihood": (check_maximum_likelihood, maximum_likelihood_loss),
    "value": (check_value, value),
    "discriminator": (check_discriminator_loss, discriminator_loss),
    "saturating": (check_saturating, saturating_loss),
    "non-saturating": (check_nonsaturating, nonsaturating_loss),
}


@pytest.mark.parametrize("name", OURS)
def test_loss(name):
    check, loss = OURS[name]
    check(loss)


def probability_loss(real, fake):
    """Right in exact arithmetic, but infinite where a sigmoid rounds to 0 or 1."""
    return -torch.sigmoid(real).log().mean() - (1 - torch.sigmoid(fake)).log().mean()


def clamped_loss(real, fake):
    """What BCELoss on probabilities does: each logarithm is cut at -100."""
    d_real, d_fake = torch.sigmoid(real), torch.sigmoid(fake)
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    return binary_cross_entropy(d_real, ones) + binary_cross_entropy(d_fake, zeros)


def together(real, fake):
    labels = torch.cat([torch.ones_like(real), torch.zeros_like(fake)])
    return 2 * binary_cross_entropy_with_logits(torch.cat([real, fake]), labels)


def cross_entropy_of_probabilities(logits, labels):
    d = torch.sigmoid(logits)
    return -(labels * d.log() + (1 - labels) * (1 - d).log()).mean(-1)


ours = losses.binary_cross_entropy
MUTANTS = {
    "binary cross-entropy: on probabilities": (
        "binary cross-entropy",
        cross_entropy_of_probabilities,
    ),
    "binary cross-entropy: sign": ("binary cross-entropy", lambda x, y: -ours(x, y)),
    "binary cross-entropy: labels swapped": ("binary cross-entropy", lambda x, y: ours(x, 1 - y)),
    "binary cross-entropy: sign of l y": (
        "binary cross-entropy",
        lambda x, y: (x.clamp(min=0) + x * y + torch.log1p(torch.exp(-x.abs()))).mean(-1),
    ),
    "binary cross-entropy: no max": (
        "binary cross-entropy",
        lambda x, y: (-x * y + torch.log1p(torch.exp(x))).mean(-1),
    ),
    "binary cross-entropy: kinked": (
        "binary cross-entropy",
        lambda x, y: (x.clamp(min=0) - x * y + torch.log1p(torch.exp(-x.abs()))).mean(-1),
    ),
    "binary cross-entropy: no log": (
        "binary cross-entropy",
        lambda x, y: (x.clamp(min=0) - x * y).mean(-1),
    ),
    "binary cross-entropy: sum": ("binary cross-entropy", lambda x, y: len(x) * ours(x, y)),
    "binary cross-entropy: over all axes": ("binary cross-entropy", lambda x, y: ours(x, y).mean()),
    "maximum likelihood: sign": ("maximum likelihood", lambda f: f.exp().mean(-1)),
    "maximum likelihood: D": ("maximum likelihood", lambda f: -f.sigmoid().mean(-1)),
    "maximum likelihood: halved": ("maximum likelihood", lambda f: -f.exp().mean(-1) / 2),
    "maximum likelihood: sum": ("maximum likelihood", lambda f: -f.exp().sum(-1)),
    "maximum likelihood: upside down": ("maximum likelihood", lambda f: -(-f).exp().mean(-1)),
    "discriminator: sign": ("discriminator", lambda r, f: -discriminator_loss(r, f)),
    "discriminator: roles swapped": ("discriminator", lambda r, f: discriminator_loss(f, r)),
    "discriminator: no fakes": ("discriminator", lambda r, f: bce(r, 1.0)),
    "discriminator: no reals": ("discriminator", lambda r, f: bce(f, 0.0)),
    "discriminator: labels swapped": ("discriminator", lambda r, f: bce(r, 0.0) + bce(f, 1.0)),
    "discriminator: both real": ("discriminator", lambda r, f: bce(r, 1.0) + bce(f, 1.0)),
    "discriminator: fake sign": ("discriminator", lambda r, f: bce(r, 1.0) - bce(f, 0.0)),
    "discriminator: halved": ("discriminator", lambda r, f: discriminator_loss(r, f) / 2),
    "discriminator: sums": (
        "discriminator",
        lambda r, f: len(r) * bce(r, 1.0) + len(f) * bce(f, 0.0),
    ),
    "discriminator: one mean over both": ("discriminator", together),
    "discriminator: double sigmoid": (
        "discriminator",
        lambda r, f: discriminator_loss(r.sigmoid(), f.sigmoid()),
    ),
    "discriminator: on probabilities": ("discriminator", probability_loss),
    "discriminator: clamped": ("discriminator", clamped_loss),
    "discriminator: in bits": ("discriminator", lambda r, f: discriminator_loss(r, f) / LOG2),
    "discriminator: smoothed labels": ("discriminator", lambda r, f: bce(r, 0.9) + bce(f, 0.0)),
    "value: sign": ("value", discriminator_loss),
    "value: roles swapped": ("value", lambda r, f: value(f, r)),
    "value: halved": ("value", lambda r, f: value(r, f) / 2),
    "value: no reals": ("value", lambda r, f: -bce(f, 0.0)),
    "value: double sigmoid": ("value", lambda r, f: value(r.sigmoid(), f.sigmoid())),
    "saturating: sign": ("saturating", lambda f: -saturating_loss(f)),
    "saturating: the other one": ("saturating", nonsaturating_loss),
    "saturating: log D": ("saturating", lambda f: -bce(f, 1.0)),
    "saturating: sum": ("saturating", lambda f: len(f) * saturating_loss(f)),
    "saturating: halved": ("saturating", lambda f: saturating_loss(f) / 2),
    "saturating: double sigmoid": ("saturating", lambda f: saturating_loss(f.sigmoid())),
    "saturating: on probabilities": ("saturating", lambda f: (1 - f.sigmoid()).log().mean()),
    "saturating: detached": ("saturating", lambda f: saturating_loss(f.detach()) + 0 * f.sum()),
    "non-saturating: sign": ("non-saturating", lambda f: -nonsaturating_loss(f)),
    "non-saturating: the other one": ("non-saturating", saturating_loss),
    "non-saturating: label 0": ("non-saturating", lambda f: bce(f, 0.0)),
    "non-saturating: sum": ("non-saturating", lambda f: len(f) * nonsaturating_loss(f)),
    "non-saturating: halved": ("non-saturating", lambda f: nonsaturating_loss(f) / 2),
    "non-saturating: double sigmoid": (
        "non-saturating",
        lambda f: nonsaturating_loss(f.sigmoid()),
    ),
    "non-saturating: on probabilities": (
        "non-saturating",
        lambda f: -f.sigmoid().log().mean(),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_checks_notice_a_mutant(name):
    which, mutant = MUTANTS[name]
    with pytest.raises(AssertionError):
        OURS[which][0](mutant)


def test_saturating_gradient_vanishes_where_the_other_is_largest():
    sure = torch.tensor([-20.0], dtype=torch.float64)
    assert gradient(saturating_loss, sure).abs() < 1e-8
    assert gradient(nonsaturating_loss, sure) == pytest.approx(-1, abs=1e-8)


@pytest.mark.parametrize("logit", [-1000.0, -104.0, -89.0, 89.0, 104.0, 1000.0])
def test_float32_is_finite_and_exact_far_out(logit):
    fake = torch.tensor([logit])
    assert saturating_loss(fake).item() == pytest.approx(-max(logit, 0.0), rel=1e-7, abs=1e-37)
    assert nonsaturating_loss(fake).item() == pytest.approx(max(-logit, 0.0), rel=1e-7, abs=1e-37)
    assert gradient(saturating_loss, fake).item() == pytest.approx(-float(logit > 0), abs=1e-37)
    assert gradient(nonsaturating_loss, fake).item() == pytest.approx(-float(logit < 0), abs=1e-37)


def test_small_probabilities_keep_their_digits():
    # log(1 - D) for D = sigmoid(-50) is -exp(-50); 1 - D rounds to 1 and its logarithm to 0.
    fake = torch.tensor([-50.0], dtype=torch.float64)
    assert saturating_loss(fake).item() == pytest.approx(-math.exp(-50), rel=1e-12)


def test_leading_axes_are_independent_gans():
    real, fake = randn(2, 3, 5), randn(2, 3, 4, seed=1)
    for ours in (value(real, fake), discriminator_loss(real, fake)):
        assert ours.shape == (2, 3)
    for loss in (saturating_loss, nonsaturating_loss):
        assert loss(fake).shape == (2, 3)
    for i in range(2):
        for j in range(3):
            close(value(real, fake)[i, j], value(real[i, j], fake[i, j]))
            close(saturating_loss(fake)[i, j], saturating_loss(fake[i, j]))
            close(nonsaturating_loss(fake)[i, j], nonsaturating_loss(fake[i, j]))


logits = some.lists(some.floats(-100, 100), min_size=1, max_size=6).map(
    lambda v: torch.tensor(v, dtype=torch.float64)
)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(logits, logits)
def test_value_is_never_positive_and_the_losses_fit_together(real, fake):
    v = value(real, fake)
    assert v <= 0
    close(discriminator_loss(real, fake), -v)
    # Only the second term of V depends on G, and swapping the labels negates the logits.
    close(v - saturating_loss(fake), -nonsaturating_loss(real), 1e-9)
    close(nonsaturating_loss(fake), -saturating_loss(-fake))


@settings(deadline=None, max_examples=25, derandomize=True)
@given(logits, some.floats(-5, 5))
def test_value_is_largest_for_equal_batches_at_logit_zero(x, shift):
    # The same points as real and as fake: no discriminator beats D = 1/2.
    assert value(x + shift, x + shift) <= -math.log(4) + 1e-12


# ---- slopes: the derivative of one sample's term, in closed form ----


def extreme_logits():
    sizes = [0.0, 1e-9, 0.5, 3.0, 17.0, 36.8, 50.0, 89.0, 700.0]
    return torch.tensor([*sizes, *(-s for s in sizes[1:])], dtype=torch.float64)


def exact_d(logit):
    return 1 / (1 + mpmath.exp(-mpmath.mpf(logit)))


def check_slope(slope, loss, exact):
    x = extreme_logits()
    # B batches of one: the loss of each is its own term.
    close(slope(x), gradient(lambda x: loss(x[:, None]), x), 1e-12)
    near = x[x.abs() < 4]
    close(slope(near), finite_differences(lambda x: loss(x[:, None]).sum(), near), 1e-8)
    with mpmath.workdps(700):
        wanted = [float(exact(exact_d(t))) for t in x.tolist()]
    found = slope(x).tolist()
    assert found == pytest.approx(wanted, rel=4e-14, abs=0)  # every digit, however small it is
    assert slope(torch.zeros(2, 3)).shape == (2, 3)


SLOPES = {
    "real": (
        lambda x: discriminator_slopes(x, torch.zeros(1))[0],
        lambda x: discriminator_loss(x, torch.zeros(1, dtype=x.dtype)),
        lambda d: d - 1,
    ),
    "fake": (
        lambda x: discriminator_slopes(torch.zeros(1), x)[1],
        lambda x: discriminator_loss(torch.zeros(1, dtype=x.dtype), x),
        lambda d: d,
    ),
    "saturating": (saturating_slope, saturating_loss, lambda d: -d),
    "non-saturating": (nonsaturating_slope, nonsaturating_loss, lambda d: d - 1),
    "maximum likelihood": (
        maximum_likelihood_slope,
        maximum_likelihood_loss,
        lambda d: -d / (1 - d),
    ),
}


@pytest.mark.parametrize("name", SLOPES)
def test_slope(name):
    check_slope(*SLOPES[name])


SLOPE_MUTANTS = {
    "real: digits lost": ("real", lambda x: torch.sigmoid(x) - 1),
    "real: sign": ("real", lambda x: torch.sigmoid(-x)),
    "real: that of the fakes": ("real", lambda x: torch.sigmoid(x)),
    "fake: digits lost": ("fake", lambda x: 1 - torch.sigmoid(-x)),
    "fake: that of the reals": ("fake", lambda x: -torch.sigmoid(-x)),
    "saturating: the other": ("saturating", nonsaturating_slope),
    "saturating: sign": ("saturating", lambda x: torch.sigmoid(x)),
    "saturating: of D": ("saturating", lambda x: -torch.sigmoid(x) * torch.sigmoid(-x)),
    "saturating: mean": ("saturating", lambda x: saturating_slope(x) / len(x)),
    "non-saturating: the other": ("non-saturating", saturating_slope),
    "non-saturating: digits lost": ("non-saturating", lambda x: torch.sigmoid(x) - 1),
    "non-saturating: of D": ("non-saturating", lambda x: -1 / torch.sigmoid(x)),
    "maximum likelihood: sign": ("maximum likelihood", torch.exp),
    "maximum likelihood: digits lost": (
        "maximum likelihood",
        lambda x: -torch.sigmoid(x) / (1 - torch.sigmoid(x)),
    ),
}


@pytest.mark.parametrize("name", SLOPE_MUTANTS)
def test_the_check_of_slopes_notices_a_mutant(name):
    which, mutant = SLOPE_MUTANTS[name]
    with pytest.raises(AssertionError):
        check_slope(mutant, *SLOPES[which][1:])


def test_slopes_sum_to_minus_one():
    x = extreme_logits()
    close(saturating_slope(x) + nonsaturating_slope(x), -torch.ones_like(x), 1e-15)


# ---- losses far out, against arithmetic with 700 digits ----

EXACT = {
    "saturating": (saturating_loss, lambda d: mpmath.log(1 - d)),
    "non-saturating": (nonsaturating_loss, lambda d: -mpmath.log(d)),
    "label 1": (lambda x: losses.binary_cross_entropy(x, 1.0), lambda d: -mpmath.log(d)),
    "label 0": (lambda x: losses.binary_cross_entropy(x, 0.0), lambda d: -mpmath.log(1 - d)),
    "label 0.9": (
        lambda x: losses.binary_cross_entropy(x, torch.tensor(0.9, dtype=torch.float64)),
        lambda d: -(mpmath.mpf(0.9) * mpmath.log(d) + (1 - mpmath.mpf(0.9)) * mpmath.log(1 - d)),
    ),
}


def check_exact(loss, exact):
    for x in extreme_logits():
        with mpmath.workdps(700):
            wanted = float(exact(exact_d(x.item())))
        assert loss(x[None]).item() == pytest.approx(wanted, rel=2e-14, abs=0)


@pytest.mark.parametrize("name", EXACT)
def test_against_many_digits(name):
    check_exact(*EXACT[name])


@pytest.mark.parametrize(
    "mutant",
    [
        lambda x: (1 - x.sigmoid()).log().mean(),
        lambda x: (-x).sigmoid().log().mean(),  # loses what softplus keeps: log of almost 1
        lambda x: -torch.log(1 + torch.exp(x)).mean(),
    ],
)
def test_the_check_of_digits_notices(mutant):
    with pytest.raises(AssertionError):
        check_exact(mutant, EXACT["saturating"][1])


# ---- the conventions ----


def test_halved_is_half_and_off_by_default():
    real, fake = randn(2, 5), randn(2, 3, seed=1)
    close(discriminator_loss(real, fake, halved=True), -value(real, fake) / 2)
    close(discriminator_loss(real, fake, halved=False), -value(real, fake))
    close(discriminator_loss(torch.zeros(3), torch.zeros(2), halved=True), LOG2, 1e-6)


def test_cross_entropy_is_minus_the_mean_log_likelihood():
    p, y = torch.linspace(0.05, 0.95, 10).double(), torch.tensor([0.0, 1.0] * 5).double()
    likelihood = torch.distributions.Bernoulli(probs=p).log_prob(y).exp().prod()
    close(losses.binary_cross_entropy(torch.logit(p), y), -likelihood.log() / 10)
    with pytest.raises(AssertionError):  # swapped labels would be noticed
        close(losses.binary_cross_entropy(torch.logit(p), 1 - y), -likelihood.log() / 10)


def test_d_loss_is_two_cross_entropies():
    real, fake = randn(7), randn(4, seed=1)
    ours = losses.binary_cross_entropy(real, 1.0) + losses.binary_cross_entropy(fake, 0.0)
    close(discriminator_loss(real, fake), ours)
    close(discriminator_loss(real, fake), bce(real, 1.0) + bce(fake, 0.0))


@pytest.mark.parametrize("labels", [-0.1, 1.1, float("nan"), torch.tensor([0.0, 2.0])])
def test_labels_are_probabilities(labels):
    # The likeliest cause: logits and labels in the wrong order.
    with pytest.raises(ValueError, match=r"^labels must .*got"):
        losses.binary_cross_entropy(torch.zeros(2), labels)


def test_torch_refuses_bceloss_under_autocast_on_a_gpu():
    """What the chapter says of CUDA, checked without a GPU: fake tensors have no data."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        p = torch.full((3,), 0.5, device="cuda")
        binary_cross_entropy(p, p)  # outside autocast it is allowed
        torch.set_autocast_enabled("cuda", True)
        try:
            with pytest.raises(RuntimeError, match="unsafe to autocast"):
                binary_cross_entropy(p, p)
            half = p.half()
            assert binary_cross_entropy_with_logits(half, half).dtype == torch.float32
            assert nonsaturating_loss(half).dtype == torch.float32
        finally:
            torch.set_autocast_enabled("cuda", False)
