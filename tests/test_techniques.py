"""Smoothed labels, historical averaging, a switch, packs: by hand, by other routes, mutants."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch.autograd import gradcheck
from torch.nn.functional import binary_cross_entropy_with_logits

from gan_lessons import losses, variants
from gan_lessons.networks import LogitMLP
from gan_lessons.objectives import OnFakes
from gan_lessons.techniques import (
    HistoricalAverage,
    SmoothedLabels,
    Sum,
    Switched,
    smoothed_optimum,
    tv_of_packs,
)
from gan_lessons.toy import ToySettings


def randn(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g, dtype=torch.float64)


# ---- smoothed labels

PAIRS = [(0.7, 0.2), (0.0, 1.0), (3.0, 0.01), (1e-6, 1.0)]
LABELS = [(0.9, 0.0), (0.9, 0.1), (1.0, 0.0), (0.7, 0.4)]


def check_optimum(optimum):
    """Fail unless it is the D that minimises the expected cross-entropy at one place."""
    for p, q in PAIRS:
        for alpha, beta in LABELS:

            def cost(logit, p=p, q=q, alpha=alpha, beta=beta):
                one, zero = np.logaddexp(0, -logit), np.logaddexp(0, logit)  # -log D, -log(1 - D)
                return p * (alpha * one + (1 - alpha) * zero) + q * (beta * one + (1 - beta) * zero)

            best = minimize_scalar(
                cost, bounds=(-40, 40), method="bounded", options={"xatol": 1e-12}
            )
            found = optimum(torch.tensor(p), torch.tensor(q), alpha, beta).item()
            assert found == pytest.approx(1 / (1 + math.exp(-best.x)), abs=1e-6)


def test_smoothed_optimum():
    check_optimum(smoothed_optimum)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda p, q, a, b: a * p / (p + q),
        lambda p, q, a, b: (a * q + b * p) / (p + q),
        lambda p, q, a, b: (a * p + (1 - b) * q) / (p + q),
        lambda p, q, a, b: (a * p + b * q) / (a * p + q),
        lambda p, q, a, b: p / (p + q),
    ],
)
def test_the_check_of_the_optimum_notices_mutants(mutant):
    with pytest.raises(AssertionError):
        check_optimum(mutant)


def test_one_sided_labels_bound_the_logit_and_two_sided_ones_flatten_it():
    """Where p is nothing beside q, one-sided D* keeps the slope of log p, two-sided loses it."""
    x = torch.tensor(4.0, dtype=torch.float64, requires_grad=True)
    slopes = {}
    for beta in (0.0, 0.1):
        p, q = torch.exp(-(x**2) / 2), torch.exp(-((x - 4) ** 2) / 2)
        d = smoothed_optimum(p, q, 0.9, beta)
        (slopes[beta],) = torch.autograd.grad(torch.logit(d), x)
    assert slopes[0.0].item() == pytest.approx(-4, abs=1e-2)
    assert abs(slopes[0.1].item()) < 0.05
    top = smoothed_optimum(torch.tensor(1.0), torch.tensor(0.0)).logit().item()
    assert top == pytest.approx(math.log(9), abs=1e-6)


@pytest.mark.parametrize(("alpha", "beta"), LABELS)
def test_smoothed_labels_by_torch(alpha, beta):
    real, fake = randn(3, 7), 2 * randn(3, 5, seed=1)
    found = SmoothedLabels(alpha, beta)(real, fake)
    for s in range(3):
        expected = sum(
            binary_cross_entropy_with_logits(one[s], torch.full_like(one[s], label))
            for one, label in ((real, alpha), (fake, beta))
        )
        torch.testing.assert_close(found[s], expected)
    if (alpha, beta) == (1.0, 0.0):
        torch.testing.assert_close(found, losses.discriminator_loss(real, fake))
    assert gradcheck(SmoothedLabels(alpha, beta), (real.requires_grad_(), fake.requires_grad_()))


# ---- historical averaging


def check_history(make):
    """Fail unless the penalty is weight * |theta - mean so far|^2, and so is its slope."""
    steps = [randn(2, 3, 4, seed=s) for s in range(5)]
    other = [randn(2, 1, seed=10 + s) for s in range(5)]
    theta, psi = torch.zeros(2, 3, 4).double(), torch.zeros(2, 1).double()
    spring = make([theta.requires_grad_(), psi.requires_grad_()], 0.3)
    for t in range(5):
        with torch.no_grad():
            theta.copy_(steps[t])
            psi.copy_(other[t])
        away = [steps[t] - sum(steps[: t + 1]) / (t + 1), other[t] - sum(other[: t + 1]) / (t + 1)]
        expected = 0.3 * torch.stack([a.flatten(1).square().sum(1) for a in away]).sum(0)
        found = spring(None, None, None)
        torch.testing.assert_close(found, expected)
        grads = torch.autograd.grad(found.sum(), [theta, psi])
        for grad, a in zip(grads, away, strict=True):
            torch.testing.assert_close(grad, 0.6 * a)


def test_historical_average():
    check_history(HistoricalAverage)


class _Last(HistoricalAverage):
    """A mutant: compares with the last value alone."""

    def __call__(self, d, r, f):
        self.calls = 0
        return super().__call__(d, r, f)


class _Late(HistoricalAverage):
    """A mutant: the mean comes before the present value is in it."""

    def __call__(self, d, r, f):
        means = [m.clone() for m in self.means]
        super().__call__(d, r, f)
        away = zip(self.parameters, means, strict=True)
        return self.weight * sum((p - m).square().flatten(1).sum(1) for p, m in away)


class _Mean(HistoricalAverage):
    """A mutant: the mean over the parameters, not their sum."""

    def __call__(self, d, r, f):
        return super().__call__(d, r, f) / 13


@pytest.mark.parametrize("mutant", [_Last, _Late, _Mean])
def test_the_check_of_history_notices_mutants(mutant):
    with pytest.raises(AssertionError):
        check_history(mutant)


def test_history_goes_on_from_a_checkpoint():
    theta = torch.zeros(1, 2)
    spring, later = HistoricalAverage([theta]), HistoricalAverage([theta])
    spring(None, None, None)
    theta.add_(1.0)
    spring(None, None, None)
    later.load_state(spring.state())
    theta.add_(3.0)
    assert spring(None, None, None).item() == later(None, None, None).item() > 0


def test_history_ends_the_circles_of_two_numbers():
    """V = x y, one descends, the other ascends: with springs to the past the circle closes in."""

    def distance(weight):
        x, y = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
        springs = [HistoricalAverage([one], weight) for one in (x, y)]
        for _ in range(2000):
            for one, slope, spring in ((x, y, springs[0]), (y, -x, springs[1])):
                one.requires_grad_()
                (pull,) = torch.autograd.grad(spring(None, None, None).sum(), one)
                one.requires_grad_(False).sub_(0.05 * (slope.detach() + pull))
        return math.hypot(x.item(), y.item())

    assert distance(0.0) > 0.9
    assert distance(0.1) < 0.05


# ---- a sum, a switch


def test_a_sum_adds_and_keeps_the_memory_of_its_terms():
    theta = torch.ones(1, 1)
    total = Sum(lambda d, r, f: torch.tensor([2.0]), HistoricalAverage([theta]))
    assert total(None, None, None).item() == 2.0
    theta.add_(2.0)  # the mean of 1 and 3 is 2
    again = Sum(lambda d, r, f: torch.tensor([2.0]), HistoricalAverage([theta]))
    again.load_state(total.state())
    assert total(None, None, None).item() == again(None, None, None).item() == 3.0


def test_a_switch_goes_on_from_a_checkpoint():
    def make():
        return Switched(lambda d, r, f: "first", lambda d, r, f: "then", 3)

    one = make()
    assert [one(None, None, None) for _ in range(2)] == ["first", "first"]
    other = make()
    other.load_state(one.state())
    assert [other(None, None, None) for _ in range(3)] == ["first", "then", "then"]


def test_a_switch_keeps_the_memory_of_its_parts():
    theta = torch.ones(1, 1)

    def make():
        return Switched(HistoricalAverage([theta]), lambda d, r, f: None, 5)

    one, other = make(), make()
    one(None, None, None)
    theta.add_(2.0)
    other.load_state(one.state())
    assert other(None, None, None).item() == 1.0  # 3 against the mean of 1 and 3


# ---- packs


def test_tv_of_packs_by_hand_and_against_bounds():
    p, q = [0.5, 0.3, 0.2], [0.6, 0.4, 0.0]
    pairs = [abs(p[i] * p[j] - q[i] * q[j]) for i in range(3) for j in range(3)]
    assert tv_of_packs(p, q, 2) == pytest.approx(sum(pairs) / 2, abs=1e-15)
    single = tv_of_packs(p, q, 1)
    for m in (2, 3, 4, 5):
        assert tv_of_packs(p, q, m - 1) <= tv_of_packs(p, q, m) <= 1 - (1 - single) ** m + 1e-12
    assert tv_of_packs(p, p, 3) == 0


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_a_lost_mode_is_lost_once_per_pack(m):
    """q = p without some cases, rescaled: TV = 1 - (1 - lost)^m."""
    p, q = [0.25, 0.25, 0.3, 0.2], [0.3125, 0.3125, 0.375, 0.0]
    assert tv_of_packs(p, q, m) == pytest.approx(1 - 0.8**m, abs=1e-12)


# ---- in the one loop


def test_they_are_parts_of_the_loop():
    settings = ToySettings(batch=16, g_hidden=(8,), d_hidden=(8,))
    plain = variants.train(settings, [0, 1], 5)
    smoothed = variants.train(settings, [0, 1], 5, variants.Variant(d_loss=SmoothedLabels()))
    assert not np.allclose(plain.d_loss, smoothed.d_loss)

    def both(network):
        return Sum(OnFakes(losses.nonsaturating_loss), HistoricalAverage(network.parameters(), 5.0))

    spring = variants.train(
        settings, [0, 1], 5,
        variants.Variant(g_loss=both, penalty=lambda d: HistoricalAverage(d.parameters(), 5.0)),
    )  # fmt: skip
    moved = [
        sum(np.abs(w[-1] - w[0]).sum() for w in run.weights["generator"]) for run in (plain, spring)
    ]
    assert moved[1] < moved[0]


def test_an_unchanged_variant_is_the_toy():
    from gan_lessons import toy

    settings = ToySettings(batch=16, g_hidden=(8,), d_hidden=(8,), r1=0.1)
    a, b = toy.train(settings, [3, 4], 6, progress=False), variants.train(settings, [3, 4], 6)
    for name in ("generator", "averaged"):
        for x, y in zip(a.weights[name], b.weights[name], strict=True):
            assert np.array_equal(x, y)
    assert np.array_equal(a.d_loss, b.d_loss)
    own = variants.Variant(judge=lambda g, real: LogitMLP([1, 8, 1], g))
    assert not np.array_equal(variants.train(settings, [3], 2, own).d_loss, a.d_loss[:2, :1])


def test_streams_of_other_uses_and_seeds_differ():
    draws = {
        torch.randn(1, generator=g).item()
        for use in (1, 2)
        for g in variants.generators([0, 1, 2], use)
    }
    assert len(draws) == 6


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: smoothed_optimum(torch.ones(1), torch.ones(1), 1.1), "alpha"),
        (lambda: SmoothedLabels(0.9, -0.1), "beta"),
        (lambda: HistoricalAverage([]), "parameters"),
        (lambda: HistoricalAverage([torch.zeros(1)], -1.0), "weight"),
        (lambda: Switched(None, None, -1), "after"),
        (lambda: tv_of_packs([0.5, 0.4], [0.5, 0.5], 1), "p"),
        (lambda: tv_of_packs([0.5, 0.5], [1.0], 1), "q"),
        (lambda: tv_of_packs([0.5, 0.5], [0.5, 0.5], 0), "pack"),
        (lambda: tv_of_packs([0.1] * 10, [0.1] * 10, 8), "pack"),
    ],
)
def test_wrong_arguments_are_named(make, name):
    with pytest.raises(ValueError, match=f"^{name} must.*got"):
        make()
