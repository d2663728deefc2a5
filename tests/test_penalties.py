"""Penalties against closed forms and finite differences; and mutants."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from gan_lessons.losses import discriminator_loss
from gan_lessons.networks import LogitMLP
from gan_lessons.penalties import R1, R2, Both, Clipped, GradientPenalty
from gan_lessons.training import Adam


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


# ---- R2, and both ----


def check_r2(make):
    """Fail unless ``make(gamma)`` is R1 with the two batches swapped."""
    net, real, fake = make_mlp(inputs=2), randn(1, 6, 2), randn(1, 6, 2, seed=1)
    torch.testing.assert_close(make(0.3)(net, real, fake), R1(0.3)(net, fake, real))
    # grad |x|^2 = 2 x
    expected = 0.15 * 4 * fake.square().sum(-1).mean()
    torch.testing.assert_close(make(0.3)(quadratic, real[0], fake[0]), expected)


def test_r2():
    check_r2(R2)
    net, real, fake = make_mlp(), randn(1, 5, 1), randn(1, 5, 1, seed=1)
    both = Both(R1(0.3), R2(0.7))(net, real, fake)
    torch.testing.assert_close(both, R1(0.3)(net, real, fake) + R1(0.7)(net, fake, real))


@pytest.mark.parametrize("mutant", [R1, lambda g: Both(R1(g / 2), R2(g / 2)), lambda g: R2(2 * g)])
def test_the_check_of_r2_notices_a_mutant(mutant):
    with pytest.raises(AssertionError):
        check_r2(mutant)


# ---- the penalty of WGAN-GP ----


def rng(seed=5):
    return torch.Generator().manual_seed(seed)


def check_gradient_penalty(make):
    """Fail unless ``make(weight)`` is the one-centred penalty on the lines between."""
    real, fake = randn(400, 2), 2 + randn(400, 2, seed=1)
    # A line: |(3, -4)| = 5 wherever it is evaluated.
    torch.testing.assert_close(make(10.0)(linear, real, fake), torch.tensor(160.0).double())
    # A slope below 1 counts as well: (1/2 - 1)^2.
    half = make(10.0)(lambda x: linear(x) / 10, real, fake)
    torch.testing.assert_close(half, torch.tensor(2.5).double())
    # |x|^2 has the slope 2 |x|, with x = t a + (1 - t) b between fixed a and b: by quadrature.
    a, b = torch.tensor([3.0, 0.0]).double(), torch.tensor([0.0, 4.0]).double()
    n = 40_000
    ours = make(1.0)(quadratic, a.expand(n, 2), b.expand(n, 2))
    t = (torch.arange(100_000).double() + 0.5) / 100_000
    expected = ((2 * (t[:, None] * a + (1 - t[:, None]) * b).norm(dim=1) - 1) ** 2).mean()
    torch.testing.assert_close(ours, expected, rtol=0.01, atol=0)  # 40,000 draws
    # One t for a whole sample, not one for each coordinate: all points lie on the line.
    seen = []
    make(1.0)(lambda x: seen.append(x.detach()) or quadratic(x), a.expand(50, 2), b.expand(50, 2))
    assert torch.allclose(seen[0] @ torch.tensor([4.0, 3.0]).double(), torch.tensor(12.0).double())
    assert 10 < (seen[0][:, 0] < 1.5).sum() < 40


def not_squared_gp(weight):
    return lambda d, r, f: GradientPenalty(rng(), weight)(d, r, f).sqrt()


def zero_centred(weight):
    return lambda d, r, f: 2 * weight * R1(1.0)(d, (r + f) / 2, f)


def one_sided(weight):
    def penalty(d, r, f):
        x = ((r + f) / 2).requires_grad_()
        (grad,) = torch.autograd.grad(d(x).sum(), x)
        return weight * torch.relu(grad.norm(dim=-1) - 1).square().mean(-1)

    return penalty


def t_for_each_coordinate(weight):
    def penalty(d, r, f):
        x = torch.lerp(f, r, torch.rand(r.shape, generator=rng(), dtype=r.dtype)).requires_grad_()
        (grad,) = torch.autograd.grad(d(x).sum(), x)
        return weight * (grad.norm(dim=-1) - 1).square().mean(-1)

    return penalty


GP_MUTANTS = {
    "root": not_squared_gp,
    "zero-centred": zero_centred,
    "one-sided": one_sided,
    "t for each coordinate": t_for_each_coordinate,
    "on the real only": lambda w: lambda d, r, f: GradientPenalty(rng(), w)(d, r, r),
    "no weight": lambda w: GradientPenalty(rng(), 1.0),
    "sign": lambda w: lambda d, r, f: -GradientPenalty(rng(), w)(d, r, f),
}


def test_gradient_penalty():
    check_gradient_penalty(lambda weight: GradientPenalty(rng(), weight))


@pytest.mark.parametrize("name", GP_MUTANTS)
def test_the_check_of_the_gradient_penalty_notices_a_mutant(name):
    with pytest.raises(AssertionError):
        check_gradient_penalty(GP_MUTANTS[name])


def test_gradient_penalty_of_each_member_by_its_own_generator():
    net, real, fake = make_mlp(members=3), randn(3, 5, 1), randn(3, 5, 1, seed=1)
    ours = GradientPenalty([rng(s) for s in range(3)])(net, real, fake)
    for s in range(3):
        alone = GradientPenalty([rng(s)])(make_mlp(seed=3 + s), real[[s]], fake[[s]])
        torch.testing.assert_close(ours[[s]], alone)


def test_gradients_of_the_other_penalties_with_respect_to_the_weights():
    net, real, fake = make_mlp(members=2), randn(2, 3, 1), randn(2, 3, 1, seed=1)
    names = [*dict(net.named_parameters())]
    weights = [p.detach().clone().requires_grad_() for p in net.parameters()]
    # A new generator at each call: the same t each time.
    for make in (lambda: R2(0.3), lambda: GradientPenalty([rng(1), rng(2)])):

        def penalty(*weights, make=make):
            def d(x):
                return torch.func.functional_call(net, dict(zip(names, weights, strict=True)), (x,))

            return make()(d, real, fake)

        assert gradcheck(penalty, weights)


@pytest.mark.parametrize("make", [lambda: R1(0.3), lambda: R2(0.3)])
def test_a_batch_twice_or_in_another_order_costs_the_same(make):
    net, real, fake = make_mlp(), randn(1, 4, 1), randn(1, 4, 1, seed=1)
    expected, order = make()(net, real, fake), [2, 0, 3, 1]
    torch.testing.assert_close(make()(net, real[:, order], fake[:, order]), expected)
    twice = [torch.cat([x, x], dim=1) for x in (real, fake)]
    torch.testing.assert_close(make()(net, *twice), expected)


def test_gradient_penalty_of_a_flat_critic_has_a_finite_gradient():
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    penalty = GradientPenalty(rng())(lambda x: x @ w, randn(6, 2), randn(6, 2, seed=1))
    (grad,) = torch.autograd.grad(penalty, w)
    assert torch.isfinite(grad).all()
    assert abs(penalty.item() - 10) < 1e-4


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: GradientPenalty(rng(), -1.0), "weight"),
        (lambda: GradientPenalty(rng())(linear, randn(3, 2), randn(4, 2)), "real and fake"),
        (lambda: GradientPenalty([rng()])(linear, randn(3, 5, 2), randn(3, 5, 2)), "generators"),
        (lambda: Clipped(Adam([torch.zeros(1)], 0.1, (0.0, 0.9)), 0.0), "bound"),
        (lambda: R2(float("nan")), "gamma"),
    ],
)
def test_wrong_arguments_are_named(make, name):
    with pytest.raises(ValueError, match=f"^{name}.*got"):
        make()


# ---- clipping ----


def test_clipped_takes_the_step_and_then_clips():
    params = [torch.nn.Parameter(torch.tensor([0.005, -0.02, 0.0])) for _ in range(2)]
    plain, clipped = Adam(params[:1], 0.008, (0.0, 0.9)), Adam(params[1:], 0.008, (0.0, 0.9))
    grads = torch.tensor([-1.0, 1.0, 1.0])
    plain.step([grads])
    Clipped(clipped, 0.01).step([grads])
    torch.testing.assert_close(params[0].detach(), torch.tensor([0.013, -0.028, -0.008]))
    torch.testing.assert_close(params[1].detach(), torch.tensor([0.01, -0.01, -0.008]))


def test_clipped_takes_shorter_steps_when_told():
    p = torch.nn.Parameter(torch.zeros(1))
    clipped = Clipped(Adam([p], 0.5, (0.0, 0.9)), 1.0)
    clipped.set_rate(0.25)
    clipped.step([torch.tensor([-1.0])])
    torch.testing.assert_close(p.detach(), torch.tensor([0.25]))


def test_clipped_goes_on_from_a_checkpoint_with_the_same_bound_only():
    def make(bound=0.01):
        params = [torch.nn.Parameter(torch.zeros(3))]
        return params, Clipped(Adam(params, 0.002, (0.5, 0.9)), bound)

    grads = [torch.tensor([1.0, -2.0, 0.5]), torch.tensor([-3.0, 0.1, 0.5])]
    (whole, one), (other, again), (_, wider) = make(), make(), make(0.1)
    one.step(grads[:1])
    with torch.no_grad():
        other[0].copy_(whole[0])
    state = copy.deepcopy(one.state())
    again.load_state(state)
    one.step(grads[1:])
    again.step(grads[1:])
    assert torch.equal(whole[0], other[0])
    with pytest.raises(ValueError, match=r"^bound must be 0\.1 .*got 0\.01"):
        wider.load_state(state)
    with pytest.raises(ValueError, match=r"^bound must be .*got a state without one"):
        wider.load_state(wider.optimizer.state())


def test_a_loss_with_all_penalties_has_a_gradient_for_each_weight():
    net, real, fake = make_mlp(), randn(1, 5, 1), randn(1, 5, 1, seed=1)
    loss = discriminator_loss(net(real), net(fake))
    for penalty in (R1(1.0), R2(1.0), GradientPenalty(rng())):
        total = (loss + penalty(net, real, fake)).sum()
        grads = torch.autograd.grad(total, [*net.parameters()], retain_graph=True)
        assert all(torch.isfinite(g).all() and g.abs().sum() > 0 for g in grads)
