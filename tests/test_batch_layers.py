"""Layers that see the whole batch: by hand, by permutation, against torch's own; and mutants."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from gan_lessons.batch_layers import (
    BatchMLP,
    MinibatchDiscrimination,
    MinibatchStd,
    Packed,
    SpectralMLP,
    minibatch_features,
    similarities,
)
from gan_lessons.networks import LogitMLP


def randn(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g, dtype=torch.float64)


def rngs(n, seed=0):
    return [torch.Generator().manual_seed(100 * seed + s) for s in range(n)]


# ---- minibatch discrimination ----


def check_minibatch(o):
    """Fail unless o(features, T) is the paper's o(X): a check that mutants can be run against."""
    # Three samples of two features, two kernels of rows of length 2, by hand.
    f = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    kernel = torch.tensor(
        [[[1.0, 2.0], [0.0, 1.0]], [[3.0, 0.0], [2.0, 0.0]]], dtype=torch.float64
    )  # T[a, b, c]
    # Rows of M: kernel 0: (1, 2), (3, 0), (4, 2); kernel 1: (0, 1), (2, 0), (2, 1).
    # L1 distances: kernel 0: 01: 4, 02: 3, 12: 3; kernel 1: 01: 3, 02: 2, 12: 1.
    e = math.exp
    expected = torch.tensor([
        [1 + e(-4) + e(-3), 1 + e(-3) + e(-2)],
        [1 + e(-4) + e(-3), 1 + e(-3) + e(-1)],
        [1 + e(-3) + e(-3), 1 + e(-2) + e(-1)],
    ], dtype=torch.float64)  # fmt: skip
    assert torch.allclose(o(f, kernel), expected, atol=1e-12)
    # Any batch: torch's own pairwise distances.
    f, kernel = randn(7, 3), randn(3, 4, 5, seed=1)
    m = torch.einsum("na,abc->nbc", f, kernel)
    for b in range(4):
        close = torch.exp(-torch.cdist(m[:, b], m[:, b], p=1)).sum(1)
        assert torch.allclose(o(f, kernel)[:, b], close, atol=1e-12)
    # All alike: every sample is at distance 0 from all 7.
    alike = torch.full((7, 4), 7.0, dtype=torch.float64)
    assert torch.allclose(o(f[:1].expand(7, 3), kernel), alike, atol=1e-12)


def variant(change):
    """o(x) with a mistake: `change` gets M, (N, B, C)."""
    return lambda f, kernel: change(torch.einsum("na,abc->nbc", f, kernel))


def gaps(m):
    return m[:, None] - m  # (N, N, B, C)


MUTANTS = {
    "L2 for L1": variant(lambda m: torch.exp(-gaps(m).norm(dim=-1)).sum(1)),
    "no minus sign": variant(lambda m: torch.exp(gaps(m).abs().sum(-1)).sum(1)),
    "mean for sum": variant(lambda m: torch.exp(-gaps(m).abs().sum(-1)).mean(1)),
    "mean over rows": variant(lambda m: torch.exp(-gaps(m).abs().mean(-1)).sum(1)),
    "without itself": lambda f, kernel: minibatch_features(f, kernel, include_self=False),
    "sum over kernels": variant(lambda m: torch.exp(-gaps(m).abs().sum(-1)).sum(2).mT),
    "B and C swapped": lambda f, kernel: minibatch_features(f, kernel.mT.contiguous()),
    "no absolute value": variant(lambda m: torch.exp(-gaps(m).sum(-1)).sum(1)),
}


def test_minibatch_features():
    check_minibatch(minibatch_features)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_check_notices_a_mutant(name):
    with pytest.raises((AssertionError, RuntimeError)):  # shapes may not even fit
        check_minibatch(MUTANTS[name])


def test_without_itself_each_feature_is_less_by_one():
    f, kernel = randn(6, 3), randn(3, 4, 2, seed=1)
    both = [minibatch_features(f, kernel, include_self=self) for self in (True, False)]
    torch.testing.assert_close(both[0] - both[1], torch.ones(6, 4).double())


def test_similarities_are_symmetric_and_one_on_the_diagonal():
    c = similarities(randn(6, 3), randn(3, 4, 2, seed=1))
    assert torch.equal(c, c.transpose(0, 1))
    assert torch.equal(torch.diagonal(c), torch.ones(4, 6).double())
    assert ((c > 0) & (c <= 1)).all()


def test_similarities_by_cdist():
    f, kernel = randn(2, 7, 3), randn(2, 3, 4, 5, seed=1)
    c = similarities(f, kernel)
    for s in range(2):
        for b in range(4):
            m = f[s] @ kernel[s, :, b]  # the rows of kernel b, (7, 5)
            torch.testing.assert_close(c[s, :, :, b], torch.exp(-torch.cdist(m, m, p=1)))


def make_layer(kind, members):
    if kind == "std":
        return MinibatchStd()
    return MinibatchDiscrimination(3, rngs(members)).double()


@pytest.mark.parametrize("kind", ["discrimination", "std"])
def test_a_layer_follows_a_permutation_and_keeps_the_features(kind):
    layer = (
        MinibatchDiscrimination(3, rngs(2)).double() if kind == "discrimination" else MinibatchStd()
    )
    f = randn(2, 6, 3)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(layer(f)[:, order], layer(f[:, order]))
    assert torch.equal(layer(f)[..., :3], f)
    assert layer(f).shape == (2, 6, 3 + layer.extra)


@pytest.mark.parametrize("kind", ["discrimination", "std"])
def test_each_gan_has_its_own_batch(kind):
    layer = (
        MinibatchDiscrimination(3, rngs(3)).double() if kind == "discrimination" else MinibatchStd()
    )
    f = randn(3, 6, 3)
    changed = f.clone()
    changed[1] += randn(6, 3, seed=1)
    assert torch.equal(layer(f)[[0, 2]], layer(changed)[[0, 2]])
    assert not torch.equal(layer(f)[1], layer(changed)[1])


def test_a_verdict_depends_on_the_rest_of_the_batch():
    g = rngs(1)
    plain, seeing = LogitMLP([2, 8, 1], g), BatchMLP([2, 8, 8], g, MinibatchDiscrimination(8, g))
    x = randn(1, 5, 2).float()
    other = torch.cat([x[:, :1], x[:, 1:] + 1], dim=1)
    assert torch.allclose(plain(x)[0, 0], plain(other)[0, 0])
    assert not torch.allclose(seeing(x)[0, 0], seeing(other)[0, 0])


def check_batch_size(o, s):
    """Fail unless o grows with the batch and s does not: samples twice, a far one, one alone."""
    f, kernel = randn(6, 3), randn(3, 4, 2, seed=1)
    twice = torch.cat([f, f])
    torch.testing.assert_close(o(twice, kernel), 2 * torch.cat([o(f, kernel)] * 2))
    torch.testing.assert_close(s(twice), torch.cat([s(f)] * 2))
    far = o(torch.cat([f, torch.full((1, 3), 1e4).double()]), kernel)
    torch.testing.assert_close(far[:6], o(f, kernel))  # it is no company for anybody,
    torch.testing.assert_close(far[6], torch.ones(4).double())  # and has none but itself
    torch.testing.assert_close(o(f[:1], kernel), torch.ones(1, 4).double())
    assert s(f[:1]).abs().max() < 1e-5


def spread(f):
    return MinibatchStd()(f)[:, -1]


def test_what_the_size_of_the_batch_changes():
    check_batch_size(minibatch_features, spread)


@pytest.mark.parametrize(
    ("o", "s"),
    [
        (lambda f, kernel: minibatch_features(f, kernel, include_self=False), spread),
        (lambda f, kernel: minibatch_features(f, kernel) / len(f), spread),
        (minibatch_features, lambda f: spread(f) * len(f) ** 0.5),
        (minibatch_features, lambda f: (f.var(0) + 1e-12).sqrt().mean().expand(len(f))),
    ],
)
def test_the_check_of_the_batch_size_notices_mutants(o, s):
    with pytest.raises(AssertionError):
        check_batch_size(o, s)


def test_std_by_numpy_and_at_a_collapsed_batch():
    f = randn(2, 7, 3)
    s = MinibatchStd()(f)[..., -1]
    torch.testing.assert_close(
        s, torch.from_numpy(f.numpy().std(axis=1).mean(-1))[:, None].expand(2, 7)
    )
    alike = torch.ones(1, 4, 3, dtype=torch.float64, requires_grad=True)
    out = MinibatchStd()(alike)
    (grad,) = torch.autograd.grad(out.sum(), alike)
    assert torch.isfinite(grad).all()
    assert (out[..., -1] < 1e-5).all()


def test_gradients():
    f, kernel = randn(4, 3).requires_grad_(), randn(3, 2, 2, seed=1).requires_grad_()
    assert gradcheck(minibatch_features, (f, kernel))
    assert gradcheck(MinibatchStd(), (randn(1, 4, 3).requires_grad_(),))


def test_on_one_point_o_has_a_kink_and_next_to_it_a_slope_towards_the_others():
    kernel = torch.ones(1, 1, 1).double()
    for places, signs in (([2.0, 2.0, 2.0], [0, 0, 0]), ([1.9, 2.0, 2.1], [1, 0, -1])):
        x = torch.tensor(places, dtype=torch.float64)[:, None].requires_grad_()
        (slope,) = torch.autograd.grad(minibatch_features(x, kernel).sum(), x)
        assert slope[:, 0].round(decimals=12).sign().tolist() == signs


@pytest.mark.parametrize("kind", ["discrimination", "std"])
def test_an_ensemble_is_its_members_side_by_side(kind):
    def make(generators):
        many = kind == "discrimination"
        layer = MinibatchDiscrimination(8, generators) if many else MinibatchStd()
        return BatchMLP([2, 8, 8], generators, layer)

    x = randn(3, 5, 2).float()
    together = make(rngs(3))(x)
    for s in range(3):
        torch.testing.assert_close(together[[s]], make([rngs(3)[s]])(x[[s]]))


# ---- packs ----


def test_a_pack_is_judged_as_one():
    d = LogitMLP([6, 8, 1], rngs(2))
    x = randn(2, 12, 2).float()
    logits = Packed(d, 3)(x)
    assert logits.shape == (2, 4)
    torch.testing.assert_close(logits[:, 1], d(x[:, 3:6].reshape(2, 1, 6))[:, 0])
    changed = x.clone()
    changed[:, 4] += 1
    assert (Packed(d, 3)(changed) != logits).nonzero()[:, 1].unique().tolist() == [1]


def test_packs_are_in_order_and_samples_within_them_too():
    packed, x = Packed(LogitMLP([4, 8, 1], rngs(1)), 2), randn(1, 6, 2).float()
    torch.testing.assert_close(packed(x)[:, [2, 0, 1]], packed(x[:, [4, 5, 0, 1, 2, 3]]))
    assert not torch.allclose(packed(x), packed(x[:, [1, 0, 3, 2, 5, 4]]))
    d = Packed(LogitMLP([4, 8, 1], rngs(1)).double(), 2)
    assert gradcheck(d, (randn(1, 4, 2).requires_grad_(),))


# ---- spectral normalisation ----


def weights_of(d):
    return [w[0] for w in d._weights()[::2]]


def test_spectral_norm_by_svd():
    d = SpectralMLP([3, 16, 16, 1], rngs(2)).double()
    for _ in range(200):
        d(randn(2, 4, 3))
    for w in d._weights()[::2]:
        top = torch.linalg.svdvals(w)[:, 0]
        torch.testing.assert_close(top, torch.ones(2).double(), atol=1e-6, rtol=0)


def test_features_are_those_that_the_output_is_made_from():
    d = SpectralMLP([3, 8, 8, 1], rngs(2), scale=2.5).double()
    d.eval()
    x = randn(2, 5, 3)
    w, b = d._weights()[-2:]
    torch.testing.assert_close(d(x), 2.5 * (d.features(x) @ w + b).squeeze(-1))
    assert torch.equal(SpectralMLP([3, 1], rngs(1)).features(x[:1]), x[:1])


def test_spectral_norm_of_a_known_matrix():
    d = SpectralMLP([2, 2, 1], rngs(1)).double()
    with torch.no_grad():
        d.w0.copy_(torch.tensor([[[0.0, 2.0], [1.0, 0.0]]]))
    for _ in range(60):
        d(randn(1, 1, 2))
    torch.testing.assert_close(weights_of(d)[0], torch.tensor([[0.0, 1.0], [0.5, 0.0]]).double())


def test_against_torch_parametrization():
    """One layer, the same start of the power iteration, the same steps and gradient."""
    ours = SpectralMLP([4, 1], rngs(1)).double()
    theirs = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 1).double())
    with torch.no_grad():
        theirs.parametrizations.weight.original.copy_(ours.w0[0].mT)
        theirs.bias.copy_(ours.b0[0, 0])
        for module in theirs.parametrizations.weight:
            module._v.copy_(ours.u0[0, :, 0])
    x = randn(5, 4)
    for _ in range(3):
        a, b = ours(x[None])[0], theirs(x)[:, 0]
        torch.testing.assert_close(a, b)
    (grad,) = torch.autograd.grad(a.square().sum(), ours.w0)
    (other,) = torch.autograd.grad(b.square().sum(), theirs.parametrizations.weight.original)
    torch.testing.assert_close(grad[0].mT, other)


def test_its_gradient_in_float64():
    """v follows W at once; with u at rest the slope of u^T W v by W is that with v held fixed."""
    d = SpectralMLP([2, 3, 1], rngs(1)).double()
    d.eval()
    names, x = [*dict(d.named_parameters())], randn(1, 4, 2)

    def call(*weights):
        return torch.func.functional_call(d, dict(zip(names, weights, strict=True)), (x,))

    weights = [p.detach().clone().requires_grad_() for p in d.parameters()]
    assert gradcheck(call, weights)


def test_the_network_is_lipschitz():
    d = SpectralMLP([2, 16, 16, 1], rngs(3), scale=1.5).double()
    with torch.no_grad():
        for p in d.parameters():
            p.mul_(7)  # however large the weights are
        for _ in range(200):
            d(randn(3, 1, 2))
        d.eval()
        x, y = randn(3, 500, 2), randn(3, 500, 2, seed=1)
        slopes = (d(x) - d(y)).abs() / (x - y).norm(dim=-1)
    assert slopes.max() <= 1.5 + 1e-9
    plain = LogitMLP([2, 16, 16, 1], rngs(3)).double()
    with torch.no_grad():
        for p in plain.parameters():
            p.mul_(7)
        assert ((plain(x) - plain(y)).abs() / (x - y).norm(dim=-1)).max() > 1.5


def test_iteration_moves_in_training_only_and_a_backward_after_two_calls_works():
    d = SpectralMLP([2, 8, 1], rngs(1))
    with torch.no_grad():
        d.w0.copy_(torch.randn(d.w0.shape, generator=rngs(1, seed=7)[0]))  # as a step would
    before = d.u0.clone()
    d.eval()(torch.zeros(1, 1, 2))
    assert torch.equal(d.u0, before)
    d.train()
    loss = d(randn(1, 4, 2).float()).sum() - d(randn(1, 4, 2, seed=1).float()).sum()
    assert not torch.equal(d.u0, before)
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(loss, [*d.parameters()]))


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: similarities(torch.zeros(4, 3), torch.zeros(2, 1, 1)), "features"),
        (lambda: MinibatchDiscrimination(4, rngs(1), kernels=0), "kernels"),
        (lambda: Packed(nn.Identity(), 0), "pack"),
        (lambda: Packed(nn.Identity(), 3)(torch.zeros(1, 4, 2)), "x"),
        (lambda: SpectralMLP([2, 1], rngs(1), scale=0.0), "scale"),
    ],
)
def test_wrong_arguments_are_named(make, name):
    with pytest.raises(ValueError, match=f"^{name} must.*got"):
        make()
