"""Labelled batches: they pass through loop, objectives and penalties as tensors do."""

from __future__ import annotations

import pytest
import small_gans
import torch

from gan_lessons.losses import nonsaturating_loss
from gan_lessons.objectives import FeatureMatching, OnFakes, OnPairs
from gan_lessons.penalties import R1, R2, GradientPenalty, squared_slope
from gan_lessons.samples import Labelled, values, with_values
from gan_lessons.training import LoopSettings

pytestmark = pytest.mark.usefixtures("one_thread")


def batch(seed=0, size=6):
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(size, 4, generator=draw)
    return Labelled(x, torch.randint(3, (size,), generator=draw))


def test_values_and_their_replacement():
    sample, x = batch(), torch.zeros(6, 4)
    assert values(sample) is sample.x
    assert values(x) is x
    assert with_values(x, sample.x) is sample.x
    replaced = with_values(sample, x)
    assert replaced.x is x
    assert replaced.y is sample.y


def test_labelled_answers_as_a_tensor_does():
    sample = Labelled(torch.ones(4, 2, dtype=torch.float64, requires_grad=True), torch.arange(4))
    assert not sample.detach().x.requires_grad
    assert sample.float().x.dtype == torch.float32
    assert sample.float().y.dtype == torch.int64
    part = sample.narrow(0, 1, 2)
    assert part.x.shape == (2, 2)
    assert part.y.tolist() == [1, 2]


@pytest.mark.parametrize("penalty", [R1(0.4), R2(0.4)])
def test_a_penalty_is_that_of_the_discriminator_at_fixed_labels(penalty):
    """Each class is a discriminator of its own: the labelled penalty, class by class."""
    trainer = small_gans.make()
    d, real, fake = trainer.discriminator, batch(0), batch(1)
    ours = penalty(d, real, fake)
    looked_at = real if type(penalty) is R1 else fake
    squares = torch.zeros(len(looked_at.x))
    for c in range(small_gans.CLASSES):
        rows = looked_at.y == c
        weight = d.last.weight + d.classes.weight[c]
        h = torch.tanh(d.first(looked_at.x[rows]))
        slope = (weight * (1 - h**2)) @ d.first.weight  # by hand
        squares[rows] = slope.square().sum(-1).detach()
    torch.testing.assert_close(ours.detach(), 0.2 * squares.mean())


def test_wrong_labels_would_be_noticed():
    trainer = small_gans.make()
    real = batch(0)
    other = Labelled(real.x, (real.y + 1) % small_gans.CLASSES)
    d = trainer.discriminator
    assert not torch.allclose(squared_slope(d, real), squared_slope(d, other))


@pytest.mark.parametrize(
    "options",
    [
        {"g_loss": OnFakes(nonsaturating_loss)},
        {"g_loss": OnPairs(lambda real, fake: (real - fake).mean(-1))},
        {"g_loss": FeatureMatching()},
        {"penalty": R1(0.1)},
        {"penalty": R2(0.1)},
        {"penalty": GradientPenalty(torch.Generator().manual_seed(3))},
    ],
    ids=["fakes", "pairs", "features", "R1", "R2", "WGAN-GP"],
)
@pytest.mark.parametrize("labelled", [True, False])
def test_one_loop_for_labelled_and_plain(labelled, options):
    settings = LoopSettings(check_every=1)
    trainer = small_gans.make(settings, labelled=labelled, **options)
    before = [p.detach().clone() for p in trainer.generator.parameters()]
    assert trainer.run(4, progress=False)
    assert not any(map(torch.equal, before[:2], trainer.generator.parameters()))


def reference_step(g, d, g_opt, d_opt, real, noise):
    """A conditional GAN as a tutorial writes it: images and labels as two arguments."""
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    fake = g(Labelled(noise.x, noise.y)).x
    ones, zeros = torch.ones(len(real.x)), torch.zeros(len(real.x))
    d_loss = bce(d(Labelled(real.x, real.y)), ones) + bce(
        d(Labelled(fake.detach(), noise.y)), zeros
    )
    d_opt.zero_grad()
    d_loss.backward()
    d_opt.step()
    g_loss = bce(d(Labelled(fake, noise.y)), ones)
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    return d_loss.item(), g_loss.item()


def test_the_labelled_loop_is_the_conditional_gan_of_tutorials():
    settings = LoopSettings(k=1, lr_d=3e-3, lr_g=2e-3, betas=(0.5, 0.9))
    ours, other = small_gans.make(settings), small_gans.make(settings)
    g, d = other.generator, other.discriminator
    g_opt = torch.optim.Adam(g.parameters(), lr=2e-3, betas=(0.5, 0.9))
    d_opt = torch.optim.Adam(d.parameters(), lr=3e-3, betas=(0.5, 0.9))
    ours.run(20, progress=False)
    expected = [reference_step(g, d, g_opt, d_opt, other.real(), other.noise()) for _ in range(20)]
    found = torch.stack(ours.losses(), 1)
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-4, atol=1e-5)
