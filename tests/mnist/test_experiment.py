"""The experiment on digits: what a seed decides, resuming, sampling, clusters, auxiliary losses."""

from __future__ import annotations

import math
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from torch import nn

from gan_lessons.mnist import auxiliary, clusters, experiment, sampling
from gan_lessons.mnist.data import Digits, pixels
from gan_lessons.mnist.experiment import PRESETS, MnistSettings, make_trainer, train
from gan_lessons.mnist.networks import SMALL, NetworkSettings
from gan_lessons.mnist.sources import LabelledImages, Noise
from gan_lessons.objectives import OnFakes
from gan_lessons.samples import Labelled, values, with_values
from gan_lessons.training import Trainer

pytestmark = pytest.mark.usefixtures("one_thread_throughout")

N = 200


TINY = NetworkSettings(
    noise=5, g_width=8, d_width=8, norm="generator", refine=True, third=True, init_sd=0.1
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def made_up(n=N):
    """Grey squares, the brighter the higher their label."""
    labels = torch.arange(n) % 4
    noise = torch.randint(0, 40, (n, 28, 28), generator=seeded())
    images = (labels[:, None, None] * 60 + noise).to(torch.uint8)
    return Digits(images, labels, "made up")


def small(name="labels", **changes):
    return replace(PRESETS[name], networks=TINY, batch=8, clusters=6, **changes)


def weights(trainer):
    networks = (trainer.generator, trainer.discriminator, trainer.averaged)
    return [p for network in networks for p in network.state_dict().values()]


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(weights(a), weights(b), strict=True))


def run(settings, seed=0, data=None, **how):
    return train(settings, seed, data or made_up(), progress=False, **{"steps": 3, **how})


# ---- settings and training ----


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains(name):
    settings = PRESETS[name]
    if name == "dcgan":
        settings = replace(settings, networks=replace(settings.networks, g_width=4, d_width=4))
    trainer = train(replace(settings, batch=8, clusters=6), 0, made_up(), steps=2, progress=False)
    d, g = trainer.losses()
    assert d.shape == g.shape == (2,)
    assert d.isfinite().all()
    assert trainer.generator.settings.classes == {"labels": 4, "clusters": 6}.get(name, 0)


@pytest.mark.parametrize("labelling", ["projection", "concatenation", "auxiliary"])
def test_every_labelling_trains(labelling):
    run(replace(small(), networks=replace(TINY, labelling=labelling)))


def test_the_seed_decides_everything():
    a = run(small())
    torch.manual_seed(99)  # no part of it comes from the global source
    assert same(a, run(small()))
    assert not same(a, run(small(), seed=1))


def test_training_moves_both_players():
    before, after = make_trainer(small(), 0, made_up()), run(small())
    for name in ("generator", "discriminator", "averaged"):
        pairs = zip(
            getattr(before, name).parameters(), getattr(after, name).parameters(), strict=True
        )
        assert all(not torch.equal(p, q) for p, q in pairs)


@pytest.mark.parametrize("name", ["fast", "labels", "clusters"])
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, name):
    whole = run(small(name), steps=6)
    out = tmp_path / "run.pt"
    run(small(name), steps=4, out=out)
    seen = []
    how = {"out": out, "resume": True, "on_step": lambda t: seen.append(t.steps)}
    resumed = run(small(name), steps=6, **how)
    assert seen == [5, 6]  # the first four were not done again
    assert same(whole, resumed)
    for a, b in zip(whole.losses(), resumed.losses(), strict=True):
        assert torch.equal(a, b)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    out = tmp_path / "run.pt"
    run(small(), steps=1, out=out)
    with pytest.raises(ValueError, match=r"^seed must be 0 .*got 1"):
        run(small(), seed=1, out=out, resume=True)
    with pytest.raises(ValueError, match=r"^settings must be"):
        run(replace(small(), batch=4), out=out, resume=True)
    other = made_up()
    other.images[0, 0, 0] += 1
    with pytest.raises(ValueError, match=r"^data must be [0-9a-f]{64} .*got [0-9a-f]{64}"):
        run(small(), out=out, resume=True, data=other)


def test_ctrl_c_in_the_middle_of_a_step_saves_whole_steps(tmp_path):
    out = tmp_path / "run.pt"

    class Pressed(torch.nn.Module):
        """Presses Ctrl-C when D is called for the second time: while G is about to move."""

        def __init__(self, network):
            super().__init__()
            self.network, self.calls = network, 0

        def forward(self, x):
            self.calls += 1
            if self.calls == 2:
                signal.raise_signal(signal.SIGINT)
            return self.network(x)

    def press(trainer):
        if trainer.steps == 2:
            trainer.judge = Pressed(trainer.judge)

    stopped = run(small(), steps=9, out=out, on_step=press)
    assert stopped.steps == 3
    assert same(stopped, run(small(), steps=3))
    assert same(run(small(), steps=6, out=out, resume=True), run(small(), steps=6))


@pytest.mark.parametrize("name", ["fast", "labels"])
def test_judging_both_batches_in_one_pass_changes_nothing_but_the_rounding(name):
    """Of unequal size, in float64: a batch cut at the wrong place would show."""
    trainers = []
    for together in (False, True):
        settings = small(name, loop=replace(PRESETS[name].loop, together=together))
        trainer = make_trainer(settings, 0, made_up())
        for network in (trainer.generator, trainer.discriminator, trainer.averaged):
            network.double()
        trainer = rebuilt(trainer, 5)
        trainer.calls = calls_of(trainer)
        trainer.run(6, progress=False)
        trainers.append(trainer)
    apart, one = trainers
    # Calls of D in a step: two or one, and one for G.  Another one finds the axis of the batch.
    assert (apart.calls[0], one.calls[0]) == (6 * 3, 6 * 2 + 1)
    for a, b in zip(weights(apart), weights(one), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)
    for a, b in zip(apart.losses(), one.losses(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


def rebuilt(trainer, fewer):
    """The same game in float64, with only `fewer` real pictures a batch."""

    def real():
        batch = trainer.real().narrow(0, 0, fewer)
        return with_values(batch, values(batch).double())

    def noise():
        batch = trainer.noise()
        return with_values(batch, values(batch).double())

    return Trainer(trainer.generator, trainer.discriminator, real, noise, trainer.settings)


def calls_of(trainer):
    calls, judge = [0], trainer.judge

    def counted(sample):
        calls[0] += 1
        return judge(sample)

    trainer.judge = counted
    return calls


def test_one_pass_is_refused_where_batch_norm_would_mix_real_and_fake():
    with pytest.raises(ValueError, match=r"^loop\.together must be False, got True"):
        replace(PRESETS["fast"], networks=replace(TINY, norm="both"))


def test_seconds_end_a_run():
    assert run(small(), steps=None, seconds=0.0).steps == 0


def test_on_step_is_called_after_each_step():
    seen = []
    run(small(), on_step=lambda t: seen.append(t.steps))
    assert seen == [1, 2, 3]


def test_channels_last_changes_the_order_in_memory_and_not_the_run():
    a, b = (run(small(channels_last=last), steps=1) for last in (True, False))
    last, first = ([*t.discriminator.parameters()][2] for t in (a, b))  # (16, 8, 4, 4)
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert not last.is_contiguous()
    assert first.is_contiguous()
    # Gradients, as Adam has averaged them: where one is next to 0, rounding decides its sign, and
    # Adam takes a whole step in that direction, so that the weights themselves may differ.
    for name in ("g_optimizer", "d_optimizer"):
        means = (getattr(trainer, name).mean for trainer in (a, b))
        for p, q in zip(*means, strict=True):
            torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-3 * q.abs().max().item())
    for p, q in zip(a.losses(), b.losses(), strict=True):
        torch.testing.assert_close(p, q)


def test_d_learns_to_tell_real_from_fake_when_g_stands_still():
    settings = small("fast")
    settings = replace(settings, batch=32, loop=replace(settings.loop, lr_g=0.0))
    trainer = run(settings, steps=40)
    with torch.no_grad():
        real = trainer.discriminator(trainer.real())
        fake = trainer.discriminator(trainer.generator(trainer.noise()))
    assert ((real > 0).double().mean() + (fake < 0).double().mean()) / 2 > 0.8


def test_g_learns_what_the_classes_are():
    trainer = run(replace(small(), batch=16), steps=80)
    draw = sampling.sampler(trainer)
    dark, bright = (draw(50, seeded(), torch.full((50,), label)).mean() for label in (0, 3))
    assert bright - dark > 0.5  # of the data: 180 / 127.5 = 1.4


def test_the_default_suits_the_device():
    assert experiment.default("cpu") == PRESETS["labels"]
    gpu = experiment.default("cuda")
    assert gpu.networks.g_width > SMALL.g_width
    assert gpu.loop.precision == "mixed"


# ---- sources ----


def test_labels_of_the_noise_are_as_frequent_as_those_of_the_data():
    labels = torch.tensor([0] * 8 + [1] * 2)
    y = Noise(3, 20_000, seeded(), labels)().y
    assert abs((y == 1).double().mean() - 0.2) < 5 * (0.2 * 0.8 / 20_000) ** 0.5


def test_noise_is_standard_normal():
    z = Noise(100, 1000, seeded())()
    assert abs(z.mean()) < 5 / z.numel() ** 0.5
    assert abs(z.std() - 1) < 5 / (2 * z.numel()) ** 0.5


def test_pictures_keep_their_labels():
    data = made_up()
    batch = LabelledImages(data, 50, seeded())()
    level = (batch.x.mean((1, 2, 3)) + 1) * 127.5  # from 60 y to 60 y + 40
    assert ((level / 60).floor().long() == batch.y).all()


@pytest.mark.parametrize("classes", ["labels", "clusters"])
def test_fakes_have_the_labels_of_the_pictures_beside_them(classes):
    twice = replace(PRESETS["labels"].loop, k=2)
    for paired in (True, False):
        settings = small(classes=classes, paired=paired, loop=twice)
        trainer = experiment.make_trainer(settings, 0, made_up())
        trainer.run(3, progress=False)  # a run leaves them in step, whatever it draws
        same = torch.cat([trainer.real().y == trainer.noise().y for _ in range(40)])
        assert same.all() == paired
        assert paired or same.double().mean() < 0.5  # four labels at least: by chance a quarter


@pytest.mark.parametrize(
    "source",
    [
        lambda g: Noise(3, 4, g, torch.arange(9)),
        lambda g: Noise(3, 4, g, torch.arange(9), seeded(g.initial_seed() + 5)),
        lambda g: LabelledImages(made_up(), 4, g),
    ],
)
def test_a_source_goes_on_from_its_state(source):
    one, other = source(seeded(1)), source(seeded(2))
    one()
    state = one.state()
    expected = one()
    other.load_state(state)
    got = other()
    assert torch.equal(got.x, expected.x)
    assert torch.equal(got.y, expected.y)


# ---- sampling ----


@pytest.fixture(scope="module")
def trained():
    return run(small(), steps=20)


def test_samples_are_pictures_and_repeat(trained):
    x = experiment.sample(trained, 7, seeded())
    assert x.shape == (7, 1, 28, 28)
    assert x.abs().max() <= 1
    assert torch.equal(x, experiment.sample(trained, 7, seeded()))
    assert not torch.equal(x, experiment.sample(trained, 7, seeded(1)))


def test_a_picture_does_not_depend_on_its_company(trained):
    draw = sampling.sampler(trained)
    z = draw.draw(600, seeded())
    together, alone = draw.pictures(z), draw.pictures(z.narrow(0, 555, 3))
    torch.testing.assert_close(together[555:558], alone, rtol=1e-4, atol=1e-5)


def test_sampling_leaves_the_trainer_alone():
    a, b = run(small()), run(small())
    experiment.sample(a, 5, seeded())
    assert a.averaged.training == b.averaged.training
    for t in (a, b):
        t.run(2, progress=False)
    assert same(a, b)


def test_settled_statistics_are_those_of_the_batches():
    layer = nn.BatchNorm1d(2)
    x = torch.randn(3, 50, 2, generator=seeded()) * 3 + 1
    layer(x[0] * 100)  # statistics of something else
    sampling.settle(layer, list(x))
    np.testing.assert_allclose(layer.running_mean, x.numpy().mean((0, 1)), rtol=1e-5)
    expected = x.numpy().var(1, ddof=1).mean(0)
    np.testing.assert_allclose(layer.running_var, expected, rtol=1e-5)
    assert not layer.training
    assert layer.momentum == 0.1


def test_asked_labels_are_given_to_the_network(trained):
    draw = sampling.sampler(trained)
    assert draw.draw(3, seeded(), torch.tensor([1, 2, 3])).y.tolist() == [1, 2, 3]


def test_an_album_shows_the_same_noise_at_each_page():
    settings = small("fast")
    z = torch.randn(5, TINY.noise, generator=seeded())
    album = sampling.Album(z, [1, 3])
    trainer = run(settings, on_step=album)
    assert [*album.pages] == [1, 3]
    last = pixels(sampling.sampler(trainer, 1).pictures(z))
    assert torch.equal(album.pages[3], last)
    assert not torch.equal(album.pages[1], album.pages[3])
    assert same(trainer, run(settings))  # to look changes nothing


def test_a_great_circle_turns_evenly_and_keeps_the_length():
    a, b = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([-1.5, 1.5 * 3**0.5, 0.0])  # 120 degrees
    for t in (0.0, 0.25, 0.5, 1.0):
        angle = math.radians(120 * t)
        expected = torch.tensor([3 * math.cos(angle), 3 * math.sin(angle), 0.0])
        torch.testing.assert_close(sampling.great_circle(a, b, t), expected)


# ---- clusters ----


def test_thumbnails_are_means_of_four_pixels():
    x = torch.randint(0, 256, (3, 28, 28), generator=seeded()).to(torch.uint8)
    expected = x.numpy().reshape(3, 14, 2, 14, 2).mean((2, 4)).reshape(3, 196) / 255
    np.testing.assert_allclose(clusters.thumbnails(x), expected, rtol=1e-6)


def test_clusters_find_groups_without_looking_at_labels():
    data = made_up()
    found = clusters.clustered(replace(data, labels=torch.zeros(N).long()), 4, 0)
    pairs = {*zip(data.labels.tolist(), found.labels.tolist(), strict=True)}
    assert len(pairs) == 4
    assert torch.equal(found.images, data.images)
    assert torch.equal(found.labels, clusters.clustered(data, 4, 0).labels)


# ---- auxiliary classifier ----


class Scores(nn.Module):
    """A discriminator whose guesses are the samples themselves."""

    def classify(self, batch):
        return batch.x

    def forward(self, batch):
        return batch.x.sum(-1)


def test_auxiliary_losses_are_cross_entropies():
    real, fake = (
        Labelled(torch.randn(5, 3, generator=seeded(s)), torch.tensor([0, 1, 2, 1, 0]))
        for s in (0, 1)
    )

    def by_hand(batch):
        x = batch.x.double().numpy()
        return np.mean(logsumexp(x, axis=1) - x[np.arange(5), batch.y.numpy()])

    penalty = auxiliary.ClassPenalty(0.5)(Scores(), real, fake)
    np.testing.assert_allclose(penalty, 0.5 * (by_hand(real) + by_hand(fake)), rtol=1e-5)
    g_loss = auxiliary.WithClasses(OnFakes(torch.mean), 2.0)(Scores(), real, fake)
    expected = values(fake).sum(-1).double().mean() + 2.0 * by_hand(fake)
    np.testing.assert_allclose(g_loss, expected, rtol=1e-5)


def test_both_players_of_an_auxiliary_classifier_name_the_classes():
    networks = replace(TINY, labelling="auxiliary")
    trainer = run(replace(small(), networks=networks, batch=16), steps=80)
    draw = sampling.sampler(trainer)
    asked = draw.draw(100, seeded())
    made = Labelled(draw.pictures(asked), asked.y)
    guesses = trainer.discriminator.classify(made).argmax(1)
    assert (guesses == made.y).double().mean() > 0.5  # by chance 0.25


# ---- bad input ----


def draw(name, labels):
    return sampling.sampler(make_trainer(small(name), 0, made_up()), 1)(2, seeded(), labels)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: MnistSettings(replace(SMALL, classes=3)), "networks"),
        (lambda: MnistSettings(classes="some"), "classes"),
        (lambda: MnistSettings(batch=0), "batch"),
        (lambda: MnistSettings(clusters=0), "clusters"),
        (lambda: MnistSettings(r1=-1), "r1"),
        (lambda: make_trainer(small(), -1, made_up()), "seed"),
        (lambda: run(small(), steps=None), "steps"),
        (lambda: run(replace(small(r1=1.0), networks=replace(TINY, labelling="auxiliary"))), "r1"),
        (lambda: Noise(0, 1, seeded()), "width"),
        (lambda: Noise(1, 0, seeded()), "batch"),
        (lambda: clusters.clustered(made_up(), 0, 0), "k"),
        (lambda: clusters.clustered(made_up(), N + 1, 0), "k"),
        (lambda: auxiliary.ClassPenalty(-1), "weight"),
        (lambda: auxiliary.WithClasses(OnFakes(torch.mean), float("nan")), "weight"),
        (lambda: sampling.sampler(run(small(), steps=0), 0), "batches"),
        (
            lambda: experiment.sample(run(small("fast"), steps=0), 2, seeded(), torch.zeros(2)),
            "labels",
        ),
        (lambda: experiment.sample(run(small(), steps=0), 2, seeded(), torch.zeros(3)), "labels"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
