"""A discriminator that classifies: by hand, as a softmax with a fixed logit, on digits; mutants."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.autograd import gradcheck
from torch.nn.functional import cross_entropy

from gan_lessons import digits8
from gan_lessons.batch_layers import MinibatchDiscrimination
from gan_lessons.losses import discriminator_loss
from gan_lessons.semisupervised import (
    ClassifyingMLP,
    Supervised,
    class_loss,
    class_probabilities,
    real_logit,
)
from gan_lessons.toy import one_thread


def randn(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g, dtype=torch.float64)


def rngs(n):
    return [torch.Generator().manual_seed(s) for s in range(n)]


# ---- the formulas


def check_real_logit(logit):
    """Fail unless sigmoid(logit) is Z / (Z + 1), and 1 minus the last of K + 1 probabilities."""
    u = randn(6, 4)
    z = u.exp().sum(-1)
    d = torch.sigmoid(logit(u))
    torch.testing.assert_close(d, z / (z + 1))
    softmax = torch.softmax(torch.cat([u, torch.zeros(6, 1)], dim=1), dim=1)
    torch.testing.assert_close(1 - d, softmax[:, -1])
    torch.testing.assert_close(logit(torch.zeros(3)).sigmoid().item(), 0.75)
    assert logit(torch.tensor([200.0, 0.0])).item() == 200.0
    torch.testing.assert_close(logit(u[:, :1]), u[:, 0])  # one class: an ordinary discriminator


def test_real_logit():
    check_real_logit(real_logit)
    assert gradcheck(real_logit, (randn(3, 4).requires_grad_(),))


@pytest.mark.parametrize(
    "mutant",
    [
        lambda u: u.sum(-1),
        lambda u: u.max(-1).values,
        lambda u: torch.logsumexp(u, -1) - math.log(u.shape[-1]),
        lambda u: -torch.logsumexp(u, -1),
        lambda u: u.exp().sum(-1).log(),  # overflows
    ],
)
def test_the_check_of_the_logit_notices_mutants(mutant):
    with pytest.raises(AssertionError):
        check_real_logit(mutant)


def test_the_whole_loss_is_the_paper_s():
    """-E log p(y | x, real) - E log(1 - p(fake | x)) - E log p(fake | G(z)), by probabilities."""
    real, fake, known = randn(2, 5, 3), randn(2, 5, 3, seed=1), randn(2, 4, 3, seed=2)
    y = torch.tensor([[0, 1, 2, 1], [2, 2, 0, 1]])
    ours = discriminator_loss(real_logit(real), real_logit(fake)) + class_loss(known, y)
    for s in range(2):
        p_known, p_real, p_fake = (class_probabilities(one[s]) for one in (known, real, fake))
        given_real = p_known[torch.arange(4), y[s]] / (1 - p_known[:, -1])
        expected = (
            -given_real.log().mean() - (1 - p_real[:, -1]).log().mean() - p_fake[:, -1].log().mean()
        )
        torch.testing.assert_close(ours[s], expected)


def check_class_loss(loss):
    u, y = randn(3, 6, 4), torch.randint(4, (3, 6), generator=rngs(1)[0])
    expected = torch.stack([cross_entropy(u[s], y[s]) for s in range(3)])
    torch.testing.assert_close(loss(u, y), expected)


def test_class_loss_by_torch():
    check_class_loss(class_loss)
    y = torch.tensor([[0, 2]])
    assert gradcheck(lambda u: class_loss(u, y), (randn(1, 2, 3).requires_grad_(),))


@pytest.mark.parametrize(
    "mutant",
    [
        lambda u, y: -u.gather(-1, y[..., None]).squeeze(-1).mean(-1),
        lambda u, y: -class_loss(u, y),
        lambda u, y: class_loss(u, y) * u.shape[-2],
        lambda u, y: class_loss(torch.cat([u, torch.zeros_like(u[..., :1])], dim=-1), y),  # K + 1
    ],
)
def test_the_check_of_the_class_loss_notices_mutants(mutant):
    with pytest.raises(AssertionError):
        check_class_loss(mutant)


# ---- the network


@pytest.mark.parametrize("minibatch", [False, True])
def test_an_ensemble_is_its_members_and_follows_a_permutation(minibatch):
    def make(generators):
        layer = MinibatchDiscrimination(8, generators, 3, 2) if minibatch else None
        return ClassifyingMLP([5, 8], 4, generators, layer)

    net, x = make(rngs(3)), randn(3, 6, 5).float()
    assert net(x).shape == (3, 6)
    assert net.classes(x).shape == (3, 6, 4)
    assert net.features(x).shape == (3, 6, 8)
    torch.testing.assert_close(net(x), real_logit(net.classes(x)))
    for s in range(3):
        torch.testing.assert_close(net(x)[[s]], make([rngs(3)[s]])(x[[s]]))
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(net(x)[:, order], net(x[:, order]))
    other = torch.cat([x[:, :1], x[:, 1:] + 1], dim=1)
    same = torch.allclose(net(x)[:, 0], net(other)[:, 0], atol=1e-6)
    assert same != minibatch


def test_the_labelled_part_is_a_penalty():
    net = ClassifyingMLP([5, 8], 4, rngs(2))
    x, y = randn(2, 6, 5).float(), torch.randint(4, (2, 6), generator=rngs(1)[0])
    found = Supervised(x, y, 0.5)(net, None, None)
    torch.testing.assert_close(found, 0.5 * class_loss(net.classes(x), y))
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(Supervised(x[:, order], y[:, order], 0.5)(net, None, None), found)
    twice = Supervised(torch.cat([x, x], 1), torch.cat([y, y], 1), 0.5)
    torch.testing.assert_close(twice(net, None, None), found)


# ---- the digits


def test_a_split_shares_nothing_between_its_parts():
    data = digits8.split([0, 1], labels=30)
    x, y = load_digits(return_X_y=True)
    known = {
        row.tobytes(): int(label) for row, label in zip((x / 8 - 1).astype("f"), y, strict=True)
    }
    for s in range(2):
        test = {row.numpy().tobytes() for row in data.test[s]}
        pool = {row.numpy().tobytes() for row in data.pool[s]}
        labelled = [row.numpy().tobytes() for row in data.labelled[s]]
        assert not test & pool
        assert set(labelled) <= pool
        assert len(test | pool) == len(known)
        assert [known[row] for row in labelled] == data.labels[s].tolist()
        assert np.bincount(data.labels[s]).tolist() == [3] * 10
    assert not torch.equal(data.test[0], data.test[1])


@pytest.mark.parametrize("method", digits8.METHODS)
def test_each_method_trains_in_the_one_loop(method):
    data = digits8.split([0, 1], labels=20)
    trainer = digits8.make_trainer(method, data, [0, 1], width=16)
    before = digits8.error_rates(trainer, data)
    trainer = digits8.train(method, data, [0, 1], 60, width=16)
    after = digits8.error_rates(trainer, data)
    assert after.shape == (2,)
    assert after.mean() < before.mean() - 0.05
    x = digits8.pictures(trainer, 30)
    assert x.shape == (2, 30, 64)
    assert x.abs().max() <= 1
    assert torch.equal(x, digits8.pictures(trainer, 30))


def test_a_member_is_the_same_alone_and_the_sources_go_on():
    both = digits8.make_trainer("plain GAN", digits8.split([3, 4], 20), [3, 4], width=8)
    alone = digits8.make_trainer("plain GAN", digits8.split([4], 20), [4], width=8)
    with one_thread():
        for trainer in (both, alone):
            trainer.run(3, progress=False)
    torch.testing.assert_close(both.losses()[0][:, 1:], alone.losses()[0])
    for source in (both.real, both.noise):
        state = source.state()
        first = source()
        source.load_state(state)
        assert torch.equal(source(), first)


def test_looks_punish_what_they_should():
    real, _ = digits8.digits()
    zeros = real[:1].expand(200, -1)  # one picture, again and again
    noise = 2 * torch.rand(500, 64, generator=rngs(1)[0]) - 1
    good, collapsed, bad = (digits8.looks(x) for x in (real[::3], zeros, noise))
    assert good.score > 5 > bad.score
    assert collapsed.score == pytest.approx(1, abs=1e-6)
    assert good.frechet < 1 < min(collapsed.frechet, bad.frechet)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: real_logit(torch.zeros(3, 0)), "class_logits"),
        (lambda: ClassifyingMLP([2, 4], 0, rngs(1)), "classes"),
        (lambda: Supervised(torch.zeros(1, 3, 2), torch.zeros(1, 2)), "y"),
        (lambda: Supervised(torch.zeros(1, 3, 2), torch.zeros(1, 3), -1.0), "weight"),
        (lambda: digits8.split([0], 15), "labels"),
        (lambda: digits8.make_trainer("magic", digits8.split([0], 10), [0]), "method"),
        (lambda: digits8.Draws(torch.zeros(1, 2, 3), 0, rngs(1)), "batch"),
        (lambda: digits8.Draws(torch.zeros(1, 2, 3), 1, rngs(2)), "generators"),
    ],
)
def test_wrong_arguments_are_named(make, name):
    with pytest.raises(ValueError, match=f"^{name} must.*got"):
        make()
