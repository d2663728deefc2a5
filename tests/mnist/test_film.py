"""The film of a training: it changes nothing, and every number is found again by another way."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from gan_lessons.metrics import confident_share
from gan_lessons.mnist import film as films
from gan_lessons.mnist.classifier import ClassifierSettings, look, train_classifier
from gan_lessons.mnist.data import pixels, scaled, shipped_digits
from gan_lessons.mnist.experiment import PRESETS, make_trainer, train
from gan_lessons.mnist.film import Film, growing_steps, in_batches
from gan_lessons.mnist.networks import NetworkSettings
from gan_lessons.mnist.sampling import Album, sampler
from gan_lessons.mnist.sources import Noise
from gan_lessons.samples import Labelled

pytestmark = pytest.mark.usefixtures("one_thread_throughout")

TINY = NetworkSettings(noise=5, g_width=4, d_width=4, refine=True, third=True, init_sd=0.1)
BATCH, SEED = 8, 3


@pytest.fixture(scope="module")
def digits():
    return shipped_digits("train")[:300]


@pytest.fixture(scope="module")
def held_out():
    return shipped_digits("test")[:90]


@pytest.fixture(scope="module")
def judge(digits):
    quick = ClassifierSettings(width=2, steps=150, batch=32)
    return train_classifier(digits, quick, progress=False)


def settings(name="fast"):
    """A preset, tiny; batch norm in both players, so that a stray call would leave its mark."""
    return replace(PRESETS[name], networks=TINY, batch=BATCH, loop=PRESETS["dcgan"].loop)


def noise(name="fast", n=6):
    z = torch.randn(n, TINY.noise, generator=torch.Generator().manual_seed(1))
    return z if name == "fast" else Labelled(z, torch.arange(n))


@pytest.fixture(scope="module")
def shoot(digits, held_out, judge):
    """``shoot(name)``: a short training with its film."""

    def run(name="fast", steps=(1, 3), **how):
        film = Film(noise(name), steps, judge, digits, held_out,
                    **{"samples": 40, "scores": 30, "seed": SEED, **how})  # fmt: skip
        trainer = train(settings(name), 0, digits, steps=3, on_step=film, progress=False)
        return trainer, film

    return run


def everything(trainer):
    """All that a run consists of: networks with their buffers, sources and losses."""
    networks = (trainer.generator, trainer.discriminator, trainer.averaged)
    tensors = [t.clone() for network in networks for t in network.state_dict().values()]
    tensors += [source.state()["generator"] for source in (trainer.real, trainer.noise)]
    return [*tensors, *trainer.losses()]


def equal(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


# ---- it changes nothing ----


@pytest.mark.parametrize("name", ["fast", "labels"])
def test_a_run_is_the_same_with_a_film(shoot, digits, name):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    trainer, film = shoot(name)
    assert torch.equal(torch.get_rng_state(), before)
    assert [*film.frames] == [1, 3]
    alone = train(settings(name), 0, digits, steps=3, progress=False)
    assert equal(everything(trainer), everything(alone))


def test_a_frame_leaves_trainer_and_judge_as_they_were(shoot, judge):
    trainer, film = shoot()
    networks = (trainer.generator, trainer.discriminator, trainer.averaged, judge)
    for training in (False, True):
        for network in networks:
            network.train(training)
        before = everything(trainer)
        weights = [t.clone() for t in judge.state_dict().values()]
        film.take(trainer)
        assert [network.training for network in networks] == [training] * 4
        assert equal(everything(trainer), before)
        assert equal(judge.state_dict().values(), weights)
    judge.eval()


def test_a_frame_depends_on_the_moment_alone(shoot):
    trainer, film = shoot()
    for field in dataclasses.fields(films.Frame):
        a, b = (getattr(frame, field.name) for frame in (film.take(trainer), film.frames[3]))
        assert torch.equal(a, b), field.name


# ---- what it records ----


def fresh(trainer, name, n, *, skip=0):
    """The n noise vectors that a film with this seed draws after `skip` others."""
    generator = torch.Generator().manual_seed(SEED)
    labels = trainer.noise.labels if name == "labels" else None
    if skip:
        Noise(TINY.noise, skip, generator, labels)()
    return Noise(TINY.noise, n, generator, labels)()


@pytest.mark.parametrize("name", ["fast", "labels"])
def test_pictures_and_classes_are_the_averaged_generator_s(shoot, judge, name, monkeypatch):
    trainer, film = shoot(name)
    draw = sampler(trainer, 1)
    seen = look(judge, draw.pictures(fresh(trainer, name, 40))).probabilities
    limit = float(seen.amax(1).median())  # so that the judge is sure of half of them
    monkeypatch.setattr(films, "SURE", limit)
    frame = film.take(trainer)
    assert torch.equal(frame.pictures, pixels(draw.pictures(noise(name))))
    guesses = seen.numpy().argmax(1)
    assert frame.classes.tolist() == np.bincount(guesses, minlength=10).tolist()
    sure = seen.numpy().max(1) >= np.float32(limit)
    assert frame.sure.tolist() == np.bincount(guesses[sure], minlength=10).tolist()
    assert 20 <= frame.sure.sum() == round(40 * confident_share(seen, limit)) < 40


@pytest.mark.parametrize("name", ["fast", "labels"])
def test_d_is_asked_as_in_the_training(shoot, held_out, name):
    """In batches of the training's size and in training mode, with labels beside the pictures."""
    trainer, film = shoot(name)
    g, d = copy.deepcopy(trainer.generator).train(), copy.deepcopy(trainer.discriminator).train()
    other = fresh(trainer, name, 30, skip=40)
    chosen = torch.randperm(90, generator=torch.Generator().manual_seed(SEED))[:30].sort().values
    x, y = scaled(held_out.images[chosen]), held_out.labels[chosen]
    fake, real = [], []
    with torch.no_grad():
        for i in range(0, 30, BATCH):
            part = slice(i, i + BATCH)
            if name == "labels":
                fake.append(d(g(Labelled(other.x[part], other.y[part]))))
                real.append(d(Labelled(x[part], y[part])))
            else:
                fake.append(d(g(other[part])))
                real.append(d(x[part]))
    torch.testing.assert_close(film.frames[3].fake, torch.cat(fake), rtol=0, atol=0)
    torch.testing.assert_close(film.frames[3].real, torch.cat(real), rtol=0, atol=0)
    with torch.no_grad():  # and this would be something else
        assert not torch.allclose(torch.cat(real), d.eval()(film_real(name, x, y)), atol=1e-3)


def film_real(name, x, y):
    return Labelled(x, y) if name == "labels" else x


def test_held_out_digits_are_drawn_without_repeats(shoot, held_out):
    _, film = shoot()
    pictures = film.held_out.images.flatten(1).tolist()
    assert len({tuple(p) for p in pictures}) == 30
    for picture, label in zip(film.held_out.images, film.held_out.labels, strict=True):
        (where,) = (held_out.images == picture).all(-1).all(-1).nonzero()
        assert held_out.labels[where] == label
    assert len(shoot(scores=500)[1].held_out) == 90  # all there are


def test_the_pages_are_an_album_s(shoot, digits):
    _, film = shoot()
    album = Album(noise(), [1, 3])
    train(settings(), 0, digits, steps=3, on_step=album, progress=False)
    assert [*film.pages] == [*album.pages] == [1, 3]
    for step, page in album.pages.items():
        assert torch.equal(film.pages[step], page)


@pytest.fixture(scope="module")
def recording(shoot):
    return shoot()[1].recording()


def test_a_recording_holds_the_frames_in_order(shoot, recording):
    _, film = shoot()
    film.frames = dict(reversed(film.frames.items()))
    for one in (recording, film.recording()):
        assert one.step.tolist() == [1, 3]
        for f, step in enumerate((1, 3)):
            for name in ("pictures", "real", "fake", "classes", "sure"):
                np.testing.assert_array_equal(
                    getattr(one, name)[f], getattr(film.frames[step], name)
                )


def test_neighbours_are_scikit_learn_s(recording, judge, digits):
    training = look(judge, digits.images).features.double().numpy()
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(training)
    for f in range(2):
        seen = look(judge, torch.from_numpy(recording.pictures[f]))
        distance, index = search.kneighbors(seen.features.double().numpy())
        np.testing.assert_allclose(recording.distance[f], distance[:, 0], rtol=1e-5)
        assert recording.index[f].tolist() == index[:, 0].tolist()
        np.testing.assert_array_equal(recording.nearest[f], digits.images[index[:, 0]])
        np.testing.assert_array_equal(recording.label[f], digits.labels[index[:, 0]])
        np.testing.assert_array_equal(recording.digit[f], seen.probabilities.argmax(1))
        np.testing.assert_allclose(recording.confidence[f], seen.probabilities.amax(1), rtol=1e-5)


def test_what_is_usual_is_measured_on_real_digits(shoot, recording, judge, digits):
    _, film = shoot()
    a, b = (look(judge, x.images).features.double() for x in (film.held_out, digits))
    nearest = torch.cdist(a, b).amin(1).numpy()
    assert recording.usual_distance == pytest.approx(np.sort(nearest)[14], rel=1e-5)  # of 30
    guesses = look(judge, digits.images).probabilities.argmax(1).numpy()
    assert recording.usual_classes.tolist() == np.bincount(guesses, minlength=10).tolist()


def test_a_copy_of_a_training_digit_is_found(shoot, digits):
    """A generator that has memorised one: the film shows which, at the distance 0."""
    _, film = shoot()
    for frame in film.frames.values():
        frame.pictures[2] = digits.images[123]
    copied = film.recording()
    assert copied.index[:, 2].tolist() == [123, 123]
    assert copied.distance[:, 2] == pytest.approx(0, abs=1e-3)
    assert (copied.distance[:, [0, 1, 3]] > 1e-2).all()


# ---- moments and bad input ----


@pytest.mark.parametrize("steps", [1, 2, 30, 1000, 3000, 100_000])
def test_steps_grow(steps):
    found = growing_steps(steps)
    assert found[0] == 1
    assert found[-1] == steps
    gaps = np.diff(found)
    assert (gaps >= 1).all()
    assert len(found) <= 24
    if steps >= 1000:
        assert len(found) == 24
        assert (np.diff(gaps[1:]) >= -1).all()  # but for rounding
        assert gaps[-1] / gaps[-2] == pytest.approx((1 + steps / 50) ** (1 / 23), rel=0.05)


def test_in_batches_loses_nothing():
    x = torch.arange(10.0)
    seen = []
    found = in_batches(lambda part: seen.append(len(part)) or 2 * part, x, 4)
    assert torch.equal(found, 2 * x)
    assert seen == [4, 4, 2]


def test_bad_input_is_named(recording, shoot, judge, digits, held_out):
    def make(**how):
        return Film(noise(), [1], judge, digits, held_out, **how)

    calls = {
        "samples": lambda: make(samples=1),
        "scores": lambda: make(scores=0),
        "steps": lambda: make().recording(),
        "count": lambda: growing_steps(5, 1),
        "even": lambda: growing_steps(5, even=0),
    }
    bad = {
        "pictures": recording.pictures[:, :, :14],
        "nearest": recording.nearest[:, :3],
        "real": np.full_like(recording.real, np.nan),
        "step": recording.step[::-1],
        "sure": recording.classes + 1,
        "classes": recording.classes * 0,
        "usual_distance": 0.0,
        "label": recording.label[:1],
    }
    for name, value in bad.items():
        calls[name] = lambda name=name, value=value: replace(recording, **{name: value})
    for name, call in calls.items():
        with pytest.raises(ValueError, match=rf"^{name}\b.*got"):
            call()
    with pytest.raises(ValueError, match=r"^usual_classes must count"):
        replace(recording, usual_classes=recording.usual_classes * 0)


def test_a_film_can_begin_before_the_first_step(shoot, digits):
    _, film = shoot()
    trainer = make_trainer(settings(), 0, digits)
    film.steps = frozenset([0])
    film(trainer)
    assert film.frames[0].fake.shape == (30,)


def test_held_out_digits_must_not_be_training_digits(shoot, judge, digits):
    trainer, _ = shoot()
    film = Film(noise(), [3], judge, digits, digits[:20], samples=10, scores=10)
    film(trainer)
    with pytest.raises(ValueError, match=r"^usual_distance must be above 0"):
        film.recording()
