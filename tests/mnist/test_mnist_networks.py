"""The convolutional networks: shapes, parameters counted by hand, arithmetic against NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d, correlate2d
from torch import nn

from gan_lessons.mnist import layers, networks
from gan_lessons.mnist.networks import SMALL, Discriminator, Generator, NetworkSettings
from gan_lessons.samples import Labelled

pytestmark = pytest.mark.usefixtures("one_thread_throughout")

DCGAN = NetworkSettings()


BREAKS = {  # each rule broken in one line
    "strided": {"strided": False},
    "norm": {"norm": "none"},
    "dense": {"dense": 32},
    "relu": {"relu": False},
    "leaky": {"leaky": False},
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(settings, n=4, seed=1):
    z = torch.randn(n, settings.noise, generator=seeded(seed))
    if not settings.classes:
        return z
    return Labelled(z, torch.arange(n) % settings.classes)


def count(network):
    return sum(p.numel() for p in network.parameters())


# ---- shapes ----


@pytest.mark.parametrize("change", BREAKS.values(), ids=BREAKS)
@pytest.mark.parametrize("base", [replace(DCGAN, g_width=4, d_width=4), SMALL], ids=["dcgan", "s"])
def test_each_rule_can_be_broken_alone(base, change):
    settings = replace(base, **change)
    x = Generator(settings, seeded())(noise(settings))
    assert x.shape == (4, 1, 28, 28)
    assert x.abs().max() <= 1  # the range of tanh is the range of the data
    logits = Discriminator(settings, seeded())(x)
    assert logits.shape == (4,)
    assert logits.isfinite().all()


def test_a_switch_changes_what_its_rule_is_about():
    def kinds(change):
        s = replace(DCGAN, **change)
        return [
            {type(m) for m in network(s, seeded()).modules()}
            for network in (Generator, Discriminator)
        ]

    g, d = kinds({})
    assert nn.ConvTranspose2d in g
    assert nn.BatchNorm2d in g & d
    assert not {nn.MaxPool2d, nn.AvgPool2d, nn.Upsample} & (g | d)
    assert {nn.ReLU, nn.Tanh} <= g
    assert nn.LeakyReLU not in g
    assert nn.LeakyReLU in d
    assert nn.ReLU not in d
    slopes = {
        m.negative_slope
        for m in Discriminator(DCGAN, seeded()).modules()
        if isinstance(m, nn.LeakyReLU)
    }
    assert slopes == {0.2}  # the paper's
    g, d = kinds(BREAKS["strided"])
    assert nn.Upsample in g
    assert nn.AvgPool2d in d
    assert nn.ConvTranspose2d not in g
    assert all(
        m.stride == (1, 1)
        for m in Discriminator(replace(DCGAN, strided=False), seeded()).modules()
        if isinstance(m, nn.Conv2d)
    )
    g, d = kinds(BREAKS["norm"])
    assert nn.BatchNorm2d not in g | d
    g, d = kinds({"norm": "generator"})
    assert nn.BatchNorm2d in g - d
    g, d = kinds(BREAKS["relu"])
    assert nn.ReLU not in g
    g, d = kinds(BREAKS["leaky"])
    assert nn.ReLU in d
    assert nn.LeakyReLU not in d
    dense = [
        sum(isinstance(m, nn.Linear) for m in network(s, seeded()).modules())
        for s in (DCGAN, replace(DCGAN, dense=32))
        for network in (Generator, Discriminator)
    ]
    assert dense == [1, 1, 2, 2]


def test_shapes_layer_by_layer():
    g, d = Generator(DCGAN, seeded()), Discriminator(DCGAN, seeded())
    rows = [*networks.shapes(g.layers, noise(DCGAN))]
    sides = [shape[1:] for name, shape, _ in rows if name in ("ToPicture", "ConvTranspose2d")]
    assert sides == [(7, 7), (14, 14), (28, 28)]
    assert sum(n for *_, n in rows) == count(g)
    rows = [*networks.shapes(d.layers, torch.zeros(2, 1, 28, 28))]
    assert [s for name, s, _ in rows if name == "Conv2d"] == [(64, 14, 14), (128, 7, 7)]
    assert rows[-1][1] == (128 * 7 * 7,)


def test_numbers_are_read_as_pictures_and_back_without_a_copy():
    x = torch.arange(2 * 5 * 3 * 4.0).view(2, -1)
    picture = layers.ToPicture(5, 3, 4)(x)
    assert picture.shape == (2, 5, 3, 4)
    assert picture[1, 2, 0, 3] == x[1, 3 * 5 + 2]
    assert picture.is_contiguous(memory_format=torch.channels_last)
    back = layers.FromPicture()(picture)
    assert torch.equal(back, x)
    assert x.data_ptr() == picture.data_ptr() == back.data_ptr()


@pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="other convolutions order their results freely"
)
@pytest.mark.parametrize("network", [Generator, Discriminator])
def test_gradients_lie_in_memory_as_activations_do(network):
    net = network(SMALL, seeded()).to(memory_format=torch.channels_last)
    orders = []

    def look(_module, _inputs, out):
        def compare(grad):
            orders.append(out.ndim < 4 or grad.stride() == out.stride() or 1 in out.shape[1:])

        out.register_hook(compare)

    for layer in net.layers:
        layer.register_forward_hook(look)
    x = noise(SMALL) if network is Generator else torch.randn(3, 1, 28, 28, generator=seeded())
    net(x).sum().backward()
    assert len(orders) == len(net.layers)
    assert all(orders)


# ---- parameters, counted by hand ----


def test_parameters_of_dcgan():
    g = 100 * 128 * 49 + 2 * 128 + 128 * 64 * 16 + 2 * 64 + 64 * 16 + 1
    d = 1 * 64 * 16 + 64 + 64 * 128 * 16 + 2 * 128 + 128 * 49 + 1
    assert count(Generator(DCGAN, seeded())) == g
    assert count(Discriminator(DCGAN, seeded())) == d


def test_parameters_of_the_small_networks():
    g = (64 * 32 * 49 + 64) + (32 * 32 * 9 + 64) + (32 * 16 * 16 + 32) + (16 * 16 * 9 + 32) + 257
    d = (16 * 16 + 16) + (16 * 32 * 16 + 32) + (32 * 64 * 9 + 64) + (64 * 16 + 1)
    assert count(Generator(SMALL, seeded())) == g
    assert count(Discriminator(SMALL, seeded())) == d


@pytest.mark.parametrize(
    ("labelling", "more"),
    [("projection", 10 * 1024), ("concatenation", 10 * 16 * 16), ("auxiliary", 10 * 1024 + 10)],
)
def test_parameters_that_classes_add(labelling, more):
    with_classes = replace(SMALL, classes=10, labelling=labelling)
    alone, labelled = (Discriminator(s, seeded()) for s in (SMALL, with_classes))
    assert count(labelled) - count(alone) == more
    alone, labelled = (Generator(s, seeded()) for s in (SMALL, with_classes))
    assert count(labelled) - count(alone) == 10 * 32 * 49


# ---- arithmetic ----


def test_a_strided_convolution_is_a_correlation_with_every_other_result_left_out():
    layer = next(m for m in Discriminator(SMALL, seeded()).layers if isinstance(m, nn.Conv2d))
    x = torch.randn(1, 1, 28, 28, generator=seeded(2))
    w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    padded = np.pad(x[0, 0].numpy(), 1)
    expected = [correlate2d(padded, w[i, 0], "valid")[::2, ::2] + b[i] for i in range(16)]
    np.testing.assert_allclose(layer(x)[0].detach().numpy(), expected, atol=1e-6)


def test_a_transposed_convolution_is_a_convolution_of_spread_out_pixels():
    layer = [m for m in Generator(SMALL, seeded()).layers if isinstance(m, nn.ConvTranspose2d)][-1]
    x = torch.randn(1, 16, 14, 14, generator=seeded(2))
    w = layer.weight.detach().numpy()
    spread = np.zeros((16, 27, 27), np.float32)
    spread[:, ::2, ::2] = x[0].numpy()  # a zero between any two pixels
    full = sum(convolve2d(spread[c], w[c, 0], "full") for c in range(16))
    np.testing.assert_allclose(layer(x)[0, 0].detach().numpy(), full[1:-1, 1:-1], atol=1e-6)


def test_a_transposed_convolution_is_the_transpose_of_the_strided_one():
    x, y = (
        torch.randn(1, 3, 14, 14, generator=seeded(1)),
        torch.randn(1, 5, 7, 7, generator=seeded(3)),
    )
    w = torch.randn(5, 3, 4, 4, generator=seeded(2))
    down = nn.functional.conv2d(x, w, stride=2, padding=1)
    up = nn.functional.conv_transpose2d(y, w, stride=2, padding=1)
    torch.testing.assert_close((down * y).sum(), (x * up).sum(), rtol=1e-4, atol=1e-4)


def test_the_first_linear_map_is_a_transposed_convolution_of_one_pixel():
    linear = Generator(SMALL, seeded()).layers[0]
    z = noise(SMALL)
    kernel = linear.weight.T.reshape(64, 32, 7, 7)
    up = nn.functional.conv_transpose2d(z[:, :, None, None], kernel)
    torch.testing.assert_close(up, linear(z).reshape(-1, 32, 7, 7))


# ---- first weights ----


@pytest.mark.parametrize("network", [Generator, Discriminator])
def test_first_weights_are_normal(network):
    settings = replace(DCGAN, classes=10)
    weights, scales = [], []
    for name, p in network(settings, seeded()).named_parameters():
        if name.endswith("bias"):
            assert not p.any()
        else:
            (scales if p.ndim == 1 else weights).append(p.detach().flatten())
    w, scale = torch.cat(weights), torch.cat(scales)
    n, m = len(w), len(scale)
    assert abs(w.mean()) < 5 * 0.02 / n**0.5
    assert abs(w.std() - 0.02) < 5 * 0.02 / (2 * n) ** 0.5
    assert abs(scale.mean() - 1) < 5 * 0.02 / m**0.5
    assert abs(scale.std() - 0.02) < 5 * 0.02 / (2 * m) ** 0.5


@pytest.mark.parametrize("network", [Generator, Discriminator])
def test_first_weights_come_from_the_given_generator_alone(network):
    torch.manual_seed(0)
    a = network(SMALL, seeded(3)).state_dict()
    torch.manual_seed(5)
    b, c = (network(SMALL, seeded(s)).state_dict() for s in (3, 4))
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert any(not torch.equal(a[k], c[k]) for k in a)


def test_networks_draw_nothing_from_the_global_source():
    before = torch.get_rng_state()
    Discriminator(SMALL, seeded())(Generator(SMALL, seeded())(noise(SMALL)))
    assert torch.equal(torch.get_rng_state(), before)


# ---- batch norm ----


def test_batch_norm_depends_on_the_batch_in_training_only():
    g, z = Generator(SMALL, seeded()), noise(SMALL, 8)
    with torch.no_grad():
        assert (g.train()(z)[:4] - g(z[:4])).abs().max() > 1e-3
        torch.testing.assert_close(g.eval()(z)[:4], g(z[:4]), atol=1e-6, rtol=1e-5)


def test_d_of_the_small_networks_looks_at_one_picture_at_a_time():
    d, x = Discriminator(SMALL, seeded()), torch.randn(8, 1, 28, 28, generator=seeded(1))
    torch.testing.assert_close(d(x)[:4], d(x[:4]))


def test_d_of_dcgan_has_no_norm_in_its_first_layer():
    first, second = (type(Discriminator(DCGAN, seeded()).layers[i]) for i in (1, 3))
    assert (first, second) == (nn.LeakyReLU, nn.BatchNorm2d)


# ---- classes ----


@pytest.mark.parametrize("labelling", ["projection", "concatenation"])
def test_d_uses_the_label(labelling):
    settings = replace(SMALL, classes=3, labelling=labelling, init_sd=0.1)
    d = Discriminator(settings, seeded())
    x = torch.randn(1, 1, 28, 28, generator=seeded(1)).expand(3, -1, -1, -1)
    logits = d(Labelled(x, torch.arange(3))).sort().values
    assert logits.diff().min() > 1e-3  # far more than rounding


def test_projection_is_the_inner_product_of_the_paper():
    settings = replace(SMALL, classes=3, init_sd=0.1)
    d = Discriminator(settings, seeded())
    batch = Labelled(torch.randn(2, 1, 28, 28, generator=seeded(1)), torch.tensor([2, 0]))
    f = d.features(batch).detach().numpy()
    w, b, e = (p.detach().numpy() for p in (d.head.weight, d.head.bias, d.embedding.weight))
    expected = [f[i] @ (w[0] + e[y]) + b[0] for i, y in enumerate([2, 0])]
    np.testing.assert_allclose(d(batch).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_a_concatenated_label_shifts_the_first_biases():
    settings = replace(SMALL, classes=3, labelling="concatenation", init_sd=0.1)
    d = Discriminator(settings, seeded())
    x, seen = torch.randn(1, 1, 28, 28, generator=seeded(1)), []
    d.layers[0].register_forward_hook(lambda module, given, result: seen.append(result))
    d(Labelled(x, torch.tensor([2])))
    w, b = d.layers[0].weight.detach().numpy(), d.layers[0].bias.detach().numpy()
    for channel in range(16):
        alone = correlate2d(np.pad(x[0, 0].numpy(), 1), w[channel, 0], "valid")[::2, ::2]
        shift = b[channel] + w[channel, 1 + 2].sum()  # the planes of the other labels are 0
        found = seen[0][0, channel].detach().numpy()
        np.testing.assert_allclose(found[1:-1, 1:-1], (alone + shift)[1:-1, 1:-1], atol=1e-5)


def test_the_auxiliary_logit_does_not_see_the_label():
    settings = replace(SMALL, classes=3, labelling="auxiliary")
    d = Discriminator(settings, seeded())
    x = torch.randn(3, 1, 28, 28, generator=seeded(1))
    assert torch.equal(d(Labelled(x, torch.arange(3))), d(Labelled(x, torch.zeros(3).long())))
    assert d.classify(Labelled(x, torch.arange(3))).shape == (3, 3)


def test_g_uses_the_label_and_passes_it_on():
    settings = replace(SMALL, classes=3)
    g = Generator(settings, seeded()).eval()
    z = noise(settings, 1).x.expand(3, -1)
    made = g(Labelled(z, torch.arange(3)))
    assert made.y.tolist() == [0, 1, 2]
    assert (made.x[0] - made.x[1]).abs().max() > 1e-3  # far more than rounding


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: NetworkSettings(noise=0), "noise"),
        (lambda: NetworkSettings(g_width=0), "g_width"),
        (lambda: NetworkSettings(d_width=-1), "d_width"),
        (lambda: NetworkSettings(dense=-1), "dense"),
        (lambda: NetworkSettings(classes=-1), "classes"),
        (lambda: NetworkSettings(norm="all"), "norm"),
        (lambda: NetworkSettings(labelling="guess"), "labelling"),
        (lambda: NetworkSettings(init_sd=float("nan")), "init_sd"),
        (lambda: Discriminator(SMALL, seeded()).classify(torch.zeros(1, 1, 28, 28)), "labelling"),
        (lambda: Generator(replace(SMALL, classes=2), seeded())(torch.zeros(1, 64)), "sample"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
