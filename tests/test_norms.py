"""Batch normalisation and the virtual kind: by hand, against torch, what each can see; mutants."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from gan_lessons.losses import discriminator_loss
from gan_lessons.norms import (
    Joint,
    NormLogitMLP,
    NormMLP,
    batch_norm,
    nothing,
    virtual_batch_norm,
)


def randn(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g, dtype=torch.float64)


def rngs(n):
    return [torch.Generator().manual_seed(s) for s in range(n)]


def test_batch_norm_by_torch():
    x = 3 * randn(9, 4) + 2
    expected = torch.nn.functional.batch_norm(x, None, None, training=True, eps=1e-5)
    torch.testing.assert_close(batch_norm(x), expected)
    assert gradcheck(batch_norm, (randn(5, 2).requires_grad_(),))


def test_separate_batches_erase_a_mean_difference_and_a_joint_one_keeps_it():
    real, fake = torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [7.0]])
    assert torch.equal(batch_norm(real, 0.0), batch_norm(fake, 0.0))
    joint = batch_norm(torch.cat([real, fake]), 0.0).ravel()
    torch.testing.assert_close(joint, torch.tensor([-3.0, -1.0, 1.0, 3.0]) / 5**0.5)


def test_it_standardises_and_leaves_the_correlation():
    x = randn(500, 2)
    x[:, 1] = 0.8 * x[:, 0] + 0.6 * x[:, 1]
    y = batch_norm(x, 0.0)
    torch.testing.assert_close(y.mean(0), torch.zeros(2).double())
    torch.testing.assert_close(y.var(0, correction=0), torch.ones(2).double())
    before, after = torch.corrcoef(x.T)[0, 1], torch.corrcoef(y.T)[0, 1]
    assert before > 0.7
    torch.testing.assert_close(after, before)


def check_virtual(norm):
    """Fail unless sample i is normalised by the reference and itself: N + 1 values."""
    x, r = 2 * randn(5, 3) + 1, randn(7, 3, seed=1)
    found = norm(x, r)
    for i in range(5):
        batch = torch.cat([r, x[[i]]])
        torch.testing.assert_close(found[i], batch_norm(batch)[-1])


def test_virtual_batch_norm():
    check_virtual(virtual_batch_norm)
    assert gradcheck(virtual_batch_norm, (randn(3, 2).requires_grad_(), randn(4, 2, seed=1)))


@pytest.mark.parametrize(
    "mutant",
    [
        lambda x, r: (x - r.mean(0)) / (r.var(0, correction=0) + 1e-5).sqrt(),  # without itself
        lambda x, r: batch_norm(torch.cat([r, x]))[len(r) :],  # with the whole batch
        lambda x, r: batch_norm(x),
        lambda x, r: virtual_batch_norm(x, r) * 7 / 8,
    ],
)
def test_the_check_of_the_virtual_kind_notices_mutants(mutant):
    with pytest.raises(AssertionError):
        check_virtual(mutant)


def test_only_the_virtual_kind_judges_each_sample_by_itself():
    x, r = randn(1, 6, 2).float(), randn(1, 8, 2, seed=1).float()
    other = torch.cat([x[:, :1], x[:, 1:] + 2], dim=1)
    usual, virtual = (
        NormLogitMLP([2, 8, 8, 1], rngs(1)),
        NormLogitMLP([2, 8, 8, 1], rngs(1), reference=r),
    )
    assert not torch.allclose(usual(x)[0, 0], usual(other)[0, 0], atol=1e-3)
    torch.testing.assert_close(virtual(x)[0, 0], virtual(other)[0, 0])
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    for net in (usual, virtual):
        torch.testing.assert_close(net(x)[:, order], net(x[:, order]))


def test_what_the_size_of_the_batch_changes():
    """A batch twice over is the same batch; for the virtual kind a sample is one alone."""
    x, r = randn(5, 3), randn(8, 3, seed=1)
    torch.testing.assert_close(batch_norm(torch.cat([x, x])), torch.cat([batch_norm(x)] * 2))
    alone = torch.cat([virtual_batch_norm(x[[i]], r) for i in range(5)])
    torch.testing.assert_close(virtual_batch_norm(x, r), alone)
    assert (batch_norm(x[:1]) == 0).all()  # one sample is its own mean: nothing is left of it


def test_a_first_layer_with_batch_norm_is_blind_to_shift_and_scale():
    x = randn(2, 50, 1).float()
    blind = NormLogitMLP([1, 8, 8, 1], rngs(2))
    torch.testing.assert_close(blind(x), blind(5 * x + 3), atol=1e-3, rtol=0)
    seeing = NormLogitMLP([1, 8, 8, 1], rngs(2), first=1)
    assert (seeing(x) - seeing(5 * x + 3)).abs().max() > 0.1
    virtual = NormLogitMLP([1, 8, 8, 1], rngs(2), reference=x)
    assert (virtual(x) - virtual(5 * x + 3)).abs().max() > 0.1


@pytest.mark.parametrize("kind", ["usual", "virtual", "later"])
def test_an_ensemble_is_its_members_and_all_parameters_matter(kind):
    x, r = randn(3, 5, 2).float(), randn(3, 6, 2, seed=1).float()

    def make(members):
        reference = r[members] if kind == "virtual" else None
        first = int(kind == "later")
        return NormMLP(
            [2, 4, 4, 3], [rngs(3)[s] for s in members], reference=reference, first=first
        )

    net = make([0, 1, 2])
    together = net(x)
    for s in range(3):
        torch.testing.assert_close(together[[s]], make([s])(x[[s]]))
    weights = randn(*together.shape, seed=5).float()
    grads = torch.autograd.grad((weights * together).sum(), [*net.parameters()])
    assert all(g.abs().max() > 0 for g in grads)


def test_a_network_by_hand():
    net = NormMLP([1, 1, 1], rngs(1))
    with torch.no_grad():
        for p, value in zip(net.plain.parameters(), (2.0, 0.5, 3.0, 1.0), strict=True):
            p.fill_(value)
        net.gains[0].fill_(0.25)
    # 1, 3 -> 2, 6 -> -1, 1 -> 0.25, 0.75 -> tanh -> 3 tanh + 1
    out = net(torch.tensor([[[1.0], [3.0]]])).ravel()
    torch.testing.assert_close(out, 3 * torch.tensor([0.25, 0.75]).tanh() + 1, atol=1e-4, rtol=0)


def test_joint_is_the_loss_in_one_batch():
    d = NormLogitMLP([1, 8, 1], rngs(2))
    real, fake = randn(2, 6, 1).float(), randn(2, 4, 1, seed=1).float() + 1
    logits = d(torch.cat([real, fake], dim=1))
    expected = discriminator_loss(logits[:, :6], logits[:, 6:])
    torch.testing.assert_close(Joint(discriminator_loss)(d, real, fake), expected)
    separate = discriminator_loss(d(real), d(fake))
    assert not torch.allclose(expected, separate, atol=1e-3)
    assert nothing(d(real), d(fake)).tolist() == [0, 0]
    d.double()
    batches = [x.double().requires_grad_() for x in (real, fake)]
    assert gradcheck(lambda r, f: Joint(discriminator_loss)(d, r, f), batches)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"^first must.*got -1"):
        NormMLP([1, 2, 1], rngs(1), first=-1)
