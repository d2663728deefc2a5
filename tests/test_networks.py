"""The perceptrons against torch.nn.Linear with the same weights."""

from __future__ import annotations

import math

import pytest
import scipy.stats as st
import torch
from torch import nn

from gan_lessons.networks import MLP, LogitMLP, perceptron


def rngs(*seeds):
    return [torch.Generator().manual_seed(s) for s in seeds]


def twin(net, member, activation):
    """The same network from torch's own layers."""
    weights = [p.detach()[member] for p in net.parameters()]
    layers = []
    for w, b in zip(weights[::2], weights[1::2], strict=True):
        layer = nn.Linear(*w.shape, dtype=w.dtype)
        layer.load_state_dict({"weight": w.T, "bias": b[0]})
        layers += [layer, activation()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("sizes", [[1, 1], [3, 2], [1, 32, 1], [2, 8, 5, 3], [1, 4, 4, 4, 1]])
@pytest.mark.parametrize(("ours", "theirs"), [(torch.tanh_, nn.Tanh), (torch.relu_, nn.ReLU),
                                              (torch.tanh, nn.Tanh)])  # fmt: skip
def test_each_member_is_a_sequence_of_linear_layers(sizes, ours, theirs):
    net = MLP(sizes, rngs(1, 2, 3), ours).double()
    with torch.no_grad():  # biases of later layers start at 0: give them something to do
        for p in net.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=rngs(9)[0]))
    x = torch.randn(3, 7, sizes[0], generator=rngs(5)[0], dtype=torch.float64)
    out = net(x)
    assert out.shape == (3, 7, sizes[-1])
    for s in range(3):
        torch.testing.assert_close(out[s], twin(net, s, theirs)(x[s]), rtol=1e-12, atol=1e-12)


def test_gradients_are_those_of_the_twin():
    net = MLP([1, 6, 6, 1], rngs(1, 2)).double()
    x = torch.randn(2, 5, 1, generator=rngs(5)[0], dtype=torch.float64)
    grads = torch.autograd.grad(net(x).square().sum(), [*net.parameters()])
    for s in range(2):
        other = twin(net, s, nn.Tanh)
        other(x[s]).square().sum().backward()
        theirs = [p.grad.T if p.ndim == 2 else p.grad[None] for p in other.parameters()]
        for g, t in zip(grads, theirs, strict=True):
            torch.testing.assert_close(g[s], t, rtol=1e-10, atol=1e-12)


def test_gradients_of_gradients_survive_the_activation_in_place():
    net = MLP([1, 5, 5, 1], rngs(1)).double()
    x = torch.randn(1, 4, 1, generator=rngs(5)[0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(net, x)
    assert torch.autograd.gradgradcheck(net, x)


@pytest.mark.parametrize("activation", [torch.tanh_, torch.relu_])
def test_the_input_and_the_weights_are_left_as_they_were(activation):
    net = MLP([1, 4, 4, 1], rngs(1), activation)
    x = -torch.ones(1, 3, 1)
    before = [p.detach().clone() for p in net.parameters()]
    net(x)
    assert torch.equal(x, -torch.ones(1, 3, 1))
    assert all(torch.equal(p, b) for p, b in zip(net.parameters(), before, strict=True))


def test_members_equal_single_networks_and_do_not_see_each_other():
    together = MLP([1, 8, 1], rngs(1, 2, 3)).double()
    x = torch.randn(3, 6, 1, generator=rngs(5)[0], dtype=torch.float64)
    out = together(x)
    for s, seed in enumerate((1, 2, 3)):
        alone = MLP([1, 8, 1], rngs(seed)).double()
        for p, q in zip(together.parameters(), alone.parameters(), strict=True):
            assert torch.equal(p[s], q[0])  # initial weights do not depend on the company
        torch.testing.assert_close(out[s], alone(x[[s]])[0], rtol=1e-13, atol=1e-13)
    changed = x.clone()
    changed[1] += 1
    assert torch.equal(together(changed)[[0, 2]], out[[0, 2]])


def test_initial_weights_come_from_the_generators_alone():
    before = torch.get_rng_state()
    a, b, c = (MLP([1, 8, 1], rngs(s)) for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a.w0, c.w0)
    assert not torch.equal(a.b0, c.b0)


def test_initial_weights_have_the_law_that_is_promised():
    # Fixed seeds; a Kolmogorov-Smirnov p-value below 1e-6 is a defect, not chance.
    net = MLP([300, 400, 1], rngs(3))
    w0, b0, w1, b1 = (p.detach().double() for p in net.parameters())
    assert w0.shape == (1, 300, 400)
    assert b0.shape == (1, 1, 400)
    assert st.kstest(w0.flatten().numpy(), "norm", (0, 1 / math.sqrt(300))).pvalue > 1e-6
    assert st.kstest(w1.flatten().numpy(), "norm", (0, 1 / math.sqrt(400))).pvalue > 1e-6
    assert st.kstest(b0.flatten().numpy(), "uniform", (-1, 2)).pvalue > 1e-6
    assert not b1.any()


def test_all_weights_are_trained():
    net = MLP([1, 4, 1], rngs(1))
    assert [p.requires_grad for p in net.parameters()] == [True] * 4
    assert [*dict(net.named_parameters())] == ["w0", "b0", "w1", "b1"]


def test_logits_have_no_last_axis():
    plain, logit = MLP([1, 4, 1], rngs(1, 2)), LogitMLP([1, 4, 1], rngs(1, 2))
    x = torch.randn(2, 5, 1, generator=rngs(5)[0])
    assert logit(x).shape == (2, 5)
    assert torch.equal(logit(x), plain(x)[..., 0])


def test_perceptron_without_hidden_layer_is_affine():
    w = torch.tensor([[[1.0, 2.0]], [[3.0, 4.0]]])  # (2, 1, 2)
    b = torch.tensor([[[0.5, 0.0]], [[0.0, -1.0]]])
    out = perceptron(torch.tensor([[[2.0]], [[10.0]]]), [w, b], torch.tanh)
    assert out.tolist() == [[[2.5, 4.0]], [[30.0, 39.0]]]
