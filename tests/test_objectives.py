"""What G minimises: which batches it sees, feature matching by hand and by finite differences."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from gan_lessons.alternatives import GAMES, relativistic_g_loss
from gan_lessons.losses import nonsaturating_loss
from gan_lessons.networks import LogitMLP, perceptron
from gan_lessons.objectives import FeatureMatching, OnFakes, OnPairs


def randn(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g, dtype=torch.float64)


def make(members=1):
    return LogitMLP(
        [2, 8, 3, 1], [torch.Generator().manual_seed(s) for s in range(members)]
    ).double()


class Plain:
    """Features that are the sample itself."""

    def features(self, x):
        return x


def check_feature_matching(objective):
    """Fail unless it is the squared norm of the difference of means."""
    real = torch.tensor([[2.0, -1.0], [0.0, 1.0]])  # mean (1, 0)
    fake = torch.tensor([[0.0, 3.0], [1.0, 1.0], [-1.0, 2.0]])  # mean (0, 2)
    assert objective(Plain(), real, fake).item() == 5.0
    d, real, fake = make(), randn(1, 6, 2), randn(1, 4, 2, seed=1)
    f_real, f_fake = d.features(real), d.features(fake)
    expected = torch.linalg.vector_norm(f_real.mean(1) - f_fake.mean(1), dim=-1) ** 2
    torch.testing.assert_close(objective(d, real, fake), expected)


MUTANTS = {
    "of each sample, not of means": lambda d, r, f: (
        (d.features(r)[..., None, :, :] - d.features(f)[..., :, None, :]).square().sum(-1).mean()
    ),
    "not squared": lambda d, r, f: FeatureMatching()(d, r, f).sqrt(),
    "mean over features": FeatureMatching(mean=True),
    "of logits": lambda d, r, f: (
        (d(r).mean(-1) - d(f).mean(-1)).square() if isinstance(d, LogitMLP) else torch.tensor(5.0)
    ),
    "absolute": lambda d, r, f: (d.features(r).mean(-2) - d.features(f).mean(-2)).abs().sum(-1),
    "sign": lambda d, r, f: -FeatureMatching()(d, r, f),
}


def test_feature_matching():
    check_feature_matching(FeatureMatching())


@pytest.mark.parametrize("name", MUTANTS)
def test_the_check_notices_a_mutant(name):
    with pytest.raises(AssertionError):
        check_feature_matching(MUTANTS[name])


def test_its_gradient_by_differences_and_none_flows_to_the_real_batch():
    d, real, fake = make(), randn(1, 6, 2).requires_grad_(), randn(1, 4, 2, seed=1)
    fake.requires_grad_()
    loss = FeatureMatching()(d, real, fake)
    grad_real, grad_fake = torch.autograd.grad(loss.sum(), [real, fake], allow_unused=True)
    assert grad_real is None
    h = 1e-6
    for i, j in ((0, 0), (2, 1)):
        step = torch.zeros_like(fake)
        step[0, i, j] = h
        up, down = (FeatureMatching()(d, real, fake + s) for s in (step, -step))
        assert abs((up - down).item() / (2 * h) - grad_fake[0, i, j].item()) < 1e-7


def test_gradients_and_the_size_of_the_batch():
    d, real, fake = make(), randn(1, 4, 2), randn(1, 3, 2, seed=1)
    for objective in (
        FeatureMatching(), FeatureMatching(mean=True), OnFakes(nonsaturating_loss),
        OnPairs(relativistic_g_loss),
    ):  # fmt: skip
        r = real[:, :3] if isinstance(objective, OnPairs) else real
        assert gradcheck(lambda f, o=objective, r=r: o(d, r, f), (fake.clone().requires_grad_(),))
        twice = [torch.cat([x, x], dim=1) for x in (r, fake)]
        torch.testing.assert_close(objective(d, *twice), objective(d, r, fake))
    order = torch.tensor([2, 0, 3, 1])
    shuffled = FeatureMatching()(d, real[:, order], fake[:, [1, 2, 0]])
    torch.testing.assert_close(shuffled, FeatureMatching()(d, real, fake))


def test_equal_means_are_not_equal_distributions():
    """A coin on -1 and 1 has the moments of N(0, 1) that (x, x^2) sees: nothing to learn."""

    class Moments:
        def features(self, x):
            return torch.cat([x, x.square()], dim=-1)

    x = randn(1000, 1)
    x = (x - x.mean()) / x.std(correction=0)
    coin = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    assert FeatureMatching()(Moments(), x, coin).item() < 1e-24


def test_features_are_the_last_hidden_layer():
    d, x = make(3), randn(3, 5, 2)
    assert d.features(x).shape == (3, 5, 3)
    weights = [*d.parameters()]
    torch.testing.assert_close(perceptron(d.features(x), weights[-2:], torch.tanh)[..., 0], d(x))
    only = LogitMLP([2, 1], [torch.Generator().manual_seed(0)]).double()
    assert only.features(x[:1]) is not None
    assert torch.equal(only.features(x[:1]), x[:1])


def test_each_gan_has_its_own_loss():
    d, real, fake = make(3), randn(3, 6, 2), randn(3, 6, 2, seed=1)
    changed = fake.clone()
    changed[1] += 1
    for objective in (FeatureMatching(), OnFakes(nonsaturating_loss), OnPairs(relativistic_g_loss)):
        before, after = objective(d, real, fake), objective(d, real, changed)
        assert before.shape == (3,)
        assert torch.equal(before[[0, 2]], after[[0, 2]])
        assert before[1] != after[1]


def test_on_fakes_leaves_the_real_batch_alone_and_on_pairs_does_not():
    d, real, fake = make(), randn(1, 6, 2), randn(1, 6, 2, seed=1)
    for name, game in GAMES.items():
        objective = (OnPairs if game.pairs else OnFakes)(game.g_loss)
        same = objective(d, real, fake) == objective(d, real + 1, fake)
        assert bool(same) is not game.pairs, name
