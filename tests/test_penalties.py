"""R1 against closed forms and finite differences; and mutants."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from gan_lessons.networks import LogitMLP
from gan_lessons.penalties import R1


def randn(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g, dtype=torch.float64)


def make_mlp(members=1, inputs=1, seed=3):
    generators = [torch.Generator().manual_seed(seed + s) for s in range(members)]
    return LogitMLP([inputs, 8, 8, 1], generators).double()


def linear(x):
    return x @ torch.tensor([3.0, -4.0], dtype=x.dtype) + 7


def quadratic(x):
    return x.square().sum(-1)


def check_r1(make):
    """Fail unless ``make(gamma)`` is R1; a check that mutants can be run against."""
    real, fake = randn(6, 2), randn(6, 2, seed=1)

    def close(ours, expected, tolerance=1e-12):
        assert torch.allclose(ours, torch.as_tensor(expected, dtype=ours.dtype), tolerance, 1e-12)

    # A linear D has the same gradient everywhere: gamma/2 * (9 + 16).
    close(make(0.1)(linear, real, fake), 0.05 * 25)
    # grad |x|^2 = 2 x, so the penalty is gamma/2 * 4 * mean |x|^2, on the reals.
    close(make(0.7)(quadratic, real, fake), 0.35 * 4 * real.square().sum(-1).mean())
    # A network: the gradient by central differences.
    net, h = make_mlp(), 1e-5
    x, y = randn(1, 5, 1), randn(1, 5, 1, seed=1)
    slope = (net(x + h) - net(x - h)) / (2 * h)  # (1, 5)
    close(make(2.0)(net, x, y), slope.square().mean(-1), 1e-7)


def test_r1():
    check_r1(R1)


def on_probabilities(gamma):
    return lambda d, real, fake: R1(gamma)(lambda x: torch.sigmoid(d(x)), real, fake)


def not_squared(gamma):
    def penalty(d, real, fake):
        x = real.clone().requires_grad_()
        (grad,) = torch.autograd.grad(d(x).sum(), x)
        return gamma / 2 * grad.norm(dim=-1).mean(-1)

    return penalty


def one_centred(gamma):
    def penalty(d, real, fake):
        x = real.clone().requires_grad_()
        (grad,) = torch.autograd.grad(d(x).sum(), x)
        return gamma / 2 * (grad.norm(dim=-1) - 1).square().mean(-1)

    return penalty


def gradient_of_the_mean(gamma):
    return lambda d, real, fake: R1(gamma)(lambda x: d(x).mean(-1), real, fake)


def half_and_half(gamma):
    return lambda d, real, fake: R1(gamma)(d, (real + fake) / 2, fake)


MUTANTS = {
    "gamma, not gamma/2": lambda gamma: R1(2 * gamma),
    "no gamma": lambda gamma: R1(2.0),
    "sign": lambda gamma: lambda d, r, f: -R1(gamma)(d, r, f),
    "on fakes (R2)": lambda gamma: lambda d, r, f: R1(gamma)(d, f, r),
    "between real and fake": half_and_half,
    "of probabilities": on_probabilities,
    "norm not squared": not_squared,
    "centred at 1 (WGAN-GP)": one_centred,
    "gradient of the mean logit": gradient_of_the_mean,
    "sum, not mean": lambda gamma: lambda d, r, f: r.shape[-2] * R1(gamma)(d, r, f),
    "mean over coordinates": lambda gamma: lambda d, r, f: R1(gamma)(d, r, f) / r.shape[-1],
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_check_notices_a_mutant(name):
    with pytest.raises(AssertionError):
        check_r1(MUTANTS[name])


def test_fakes_do_not_matter_and_inputs_are_left_alone():
    net, real = make_mlp(), randn(1, 5, 1)
    first, second = (R1(0.3)(net, real, randn(1, n, 1, seed=n)) for n in (5, 9))
    assert torch.equal(first, second)
    assert not real.requires_grad
    assert all(p.grad is None for p in net.parameters())


def test_each_member_has_its_own_penalty():
    net, real = make_mlp(members=3), randn(3, 5, 1)
    ours = R1(0.3)(net, real, real)
    assert ours.shape == (3,)
    for s in range(3):
        alone = make_mlp(seed=3 + s)
        torch.testing.assert_close(ours[[s]], R1(0.3)(alone, real[[s]], real[[s]]))
    changed = real.clone()
    changed[1] += 1
    assert torch.equal(R1(0.3)(net, changed, real)[[0, 2]], ours[[0, 2]])


def test_the_norm_of_an_image_is_over_all_its_axes():
    a = randn(1, 4, 4)
    ours = R1(1.0, sample_axis=-3)(lambda x: (x * a).sum((-3, -2, -1)), randn(6, 1, 4, 4), None)
    torch.testing.assert_close(ours, a.square().sum() / 2)


def test_gradient_with_respect_to_the_weights():
    real = randn(2, 3, 1)
    net = make_mlp(members=2)
    names = [*dict(net.named_parameters())]

    def penalty(*weights):
        def d(x):
            return torch.func.functional_call(net, dict(zip(names, weights, strict=True)), (x,))

        return R1(0.3)(d, real, real)

    weights = [p.detach().requires_grad_() for p in net.parameters()]
    assert gradcheck(penalty, weights)
    assert gradgradcheck(penalty, weights)


def test_no_weight_means_no_penalty():
    assert R1(0.0)(linear, randn(6, 2), randn(6, 2)) == 0
