"""The judge: what it sees, how it is trained, and how it is kept."""

from __future__ import annotations

import copy
import dataclasses
import errno
import hashlib
import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_lessons.mnist import classifier
from gan_lessons.mnist.classifier import (
    Classifier,
    ClassifierSettings,
    accuracy,
    load_classifier,
    look,
    shifted,
    train_classifier,
)
from gan_lessons.mnist.data import Digits, scaled, shipped_digits

pytestmark = pytest.mark.usefixtures("one_thread_throughout")

QUICK = ClassifierSettings(width=2, steps=12, batch=16)


@pytest.fixture(scope="module")
def digits():
    return shipped_digits("train")[:400]


@pytest.fixture(scope="module")
def judge(digits):
    """Trained a little: its batch norms have averages of their own."""
    return train(digits)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path))
    return tmp_path / "classifiers"


def train(digits, **changes):
    return train_classifier(digits, dataclasses.replace(QUICK, **changes), progress=False)


def load(digits, **changes):
    return load_classifier(digits, dataclasses.replace(QUICK, **changes), progress=False)


def same(a, b):
    return all(torch.equal(v, w) for v, w in zip(*(x.state_dict().values() for x in (a, b)),
                                                 strict=True))  # fmt: skip


# ---- does it work? (99 % on all of MNIST: benchmarks/judge.py) ----


def test_it_learns_digits():
    settings = ClassifierSettings(width=8, steps=120)
    judge = train_classifier(shipped_digits("train"), settings, progress=False)
    assert accuracy(judge, shipped_digits("test")) > 0.93


# ---- what it sees ----


def test_shapes_layer_by_layer():
    x, shapes = torch.zeros(3, 1, 28, 28), []
    for layer in Classifier(4).body:
        x = layer(x)
        shapes.append(tuple(x.shape[1:]))
    pooled = [s for s, after in zip(shapes, [*shapes[1:], None], strict=True) if s != after]
    assert pooled == [(4, 28, 28), (4, 14, 14), (8, 14, 14), (8, 7, 7), (392,), (128,)]


def test_probabilities_follow_from_the_features(judge, digits):
    sight = look(judge, digits.images)
    w, b = (p.double().numpy() for p in (judge.head.weight, judge.head.bias))
    logits = sight.features.double().numpy() @ w.T + b
    p = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(sight.probabilities, p / p.sum(1, keepdims=True), atol=1e-5)
    assert (sight.features >= 0).all()
    assert sight.features.shape == (400, 128)


def test_bytes_and_floats_are_the_same_pictures(judge, digits):
    a, b = look(judge, digits.images), look(judge, scaled(digits.images))
    assert torch.equal(a.features, b.features)
    assert torch.equal(a.probabilities, b.probabilities)


@pytest.mark.parametrize("batch", [1, 33, 400])
def test_the_batch_size_changes_nothing(judge, digits, batch):
    whole, parts = look(judge, digits.images), look(judge, digits.images, batch)
    torch.testing.assert_close(parts.features, whole.features, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(parts.probabilities, whole.probabilities, rtol=1e-4, atol=1e-6)


def test_a_picture_is_judged_by_itself(judge, digits):
    """In training mode batch norm would let the others decide."""
    judge = copy.deepcopy(judge).train()
    images = digits.images[:8]
    alone = look(judge, images[:1])
    company = look(judge, torch.cat([images[:1], 255 - images[1:]]))
    torch.testing.assert_close(company.features[:1], alone.features, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_looking_leaves_the_judge_as_it_was(digits, training):
    judge = Classifier(2).train(training)
    before = {k: v.clone() for k, v in judge.state_dict().items()}
    sight = look(judge, digits.images)
    assert judge.training is training
    assert all(torch.equal(v, before[k]) for k, v in judge.state_dict().items())
    assert not sight.features.requires_grad


def test_half_precision_pictures_are_welcome(judge, digits):
    seen = look(judge, scaled(digits.images[:5]).bfloat16())
    assert seen.features.dtype == torch.float32


def test_accuracy_by_hand(judge, digits):
    guess = look(judge, digits.images).probabilities.argmax(1)
    right = sum(int(g) == int(t) for g, t in zip(guess, digits.labels, strict=True))
    assert accuracy(judge, digits) == right / 400
    assert 0 < right < 400


# ---- training ----


def test_the_seed_decides(digits):
    first = train(digits, seed=1)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    assert same(train(digits, seed=1), first)
    assert torch.equal(torch.get_rng_state(), state)
    assert not same(train(digits, seed=2), first)


def test_the_seed_decides_the_weights_and_the_pictures(digits, monkeypatch):
    first = [train(digits, seed=s, lr=1e-30).body[0].weight for s in (1, 2)]  # as they began
    assert not torch.allclose(*first)
    given = []

    def watched(pictures, shifts, most):
        given.append((pictures, shifts))
        return shifted(pictures, shifts, most)

    monkeypatch.setattr(classifier, "shifted", watched)
    for seed in (1, 2):
        train(digits, seed=seed, steps=1)
    (one, by), (other, by_other) = given
    assert not torch.equal(one, other)
    assert not torch.equal(by, by_other)


def test_a_trained_judge_is_ready_for_use(judge):
    assert not judge.training
    assert not any(p.requires_grad for p in judge.parameters())


def test_each_picture_is_seen_once_in_a_round(monkeypatch):
    """24 batches of 16 are all 384 pictures; picture i carries its number in one pixel pair."""
    numbers = torch.arange(384)
    images = torch.zeros(384, 28, 28, dtype=torch.uint8)
    images[:, 14, 14], images[:, 14, 15] = numbers % 256, numbers // 256
    seen = []

    def watched(pictures, shifts, most):
        seen.extend((pictures[:, 14, 14].long() + 256 * pictures[:, 14, 15].long()).tolist())
        return shifted(pictures, shifts, most)

    monkeypatch.setattr(classifier, "shifted", watched)
    train(Digits(images, numbers % 10, ""), steps=48)
    assert sorted(seen[:384]) == sorted(seen[384:]) == numbers.tolist()
    assert seen[:384] != seen[384:]


def test_shifts_of_training_pictures(monkeypatch, digits):
    given = []

    def watched(pictures, shifts, most):
        given.append(shifts)
        assert most == 2
        return shifted(pictures, shifts, most)

    monkeypatch.setattr(classifier, "shifted", watched)
    train(digits, shift=2)
    rows, columns = torch.cat(given, 1)
    for moves in (rows, columns):  # 192 draws of five values
        assert moves.bincount(minlength=5).min() > 15
        assert moves.max() == 4
    assert not torch.equal(rows, columns)


def test_shifted_against_scipy(digits):
    from scipy.ndimage import shift

    images = digits.images[:25]
    grid = torch.cartesian_prod(torch.arange(5), torch.arange(5)).T
    ours = shifted(images, grid, 2)
    for image, moved, (row, column) in zip(images, ours, grid.T.tolist(), strict=True):
        expected = shift(image.numpy(), (2 - row, 2 - column), order=0)
        np.testing.assert_array_equal(moved, expected)
    assert torch.equal(ours[12], images[12])  # by nothing


# ---- the cache ----


def files(folder):
    """What is kept, and what should not be there: all but the locks."""
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock")


def forbid_training(monkeypatch):
    def train(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(classifier, "train_classifier", train)


def test_trained_once_then_read(cache, digits, judge, monkeypatch):
    first = load(digits)
    assert same(first, judge)
    assert len(files(cache)) == 1
    forbid_training(monkeypatch)
    again = load(digits)
    assert same(again, first)
    assert not again.training
    assert not any(p.requires_grad for p in again.parameters())


@pytest.mark.parametrize("change", [{"seed": 1}, {"width": 3}, {"steps": 13}, {"lr": 1e-3},
                                    {"batch": 17}, {"shift": 0}])  # fmt: skip
def test_other_settings_other_file(cache, digits, change):
    load(digits)
    load(digits, **change)
    assert len(files(cache)) == 2


def test_other_data_other_file(cache, digits):
    load(digits)
    load(digits[1:])
    load(Digits(digits.images, (digits.labels + 1) % 10, ""))
    load(Digits(digits.images, digits.labels, "from elsewhere"))  # the same data
    assert len(files(cache)) == 3


@pytest.mark.parametrize("damage", ["empty", "junk", "half", "flipped", "other network", "list"])
def test_a_damaged_file_is_replaced(cache, digits, judge, damage):
    load(digits)
    (path,) = cache.glob("*.pt")
    whole = path.read_bytes()
    if damage in ("other network", "list"):  # whole files of another version of this module
        content = io.BytesIO()
        torch.save(Classifier(3).state_dict() if damage == "other network" else [1], content)
        path.write_bytes(hashlib.sha256(content.getvalue()).digest() + content.getvalue())
    else:
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
        path.write_bytes(
            {"empty": b"", "junk": b"junk", "half": whole[:middle], "flipped": flipped}[damage]
        )
    assert same(load(digits), judge)
    assert len(files(cache)) == 1
    assert same(load(digits), judge)


def test_two_at_once_train_once(cache, digits, judge, monkeypatch):
    trained = []

    def slow(*arguments):
        trained.append(arguments)
        time.sleep(0.5)
        return train_classifier(*arguments)

    monkeypatch.setattr(classifier, "train_classifier", slow)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(load, [digits, digits]))
    assert len(trained) == 1
    assert same(both[0], judge)
    assert same(both[1], judge)


def test_a_cache_that_cannot_be_made_costs_the_cache_only(tmp_path, digits, judge, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match=r"cannot be kept"):
        assert same(load(digits), judge)


def stop_writing(monkeypatch, error):
    def write_bytes(self, content):
        with self.open("wb") as file:
            file.write(content[:100])
        raise error

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


def test_a_full_disk_costs_the_cache_only(cache, digits, judge, monkeypatch):
    stop_writing(monkeypatch, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.warns(UserWarning, match=r"cannot be kept.*got .*No space left") as caught:
        found = load_classifier(digits, QUICK, progress=False)
    assert same(found, judge)
    assert caught[0].filename == __file__
    assert files(cache) == []


def test_an_interrupt_while_writing_leaves_nothing(cache, digits, monkeypatch):
    stop_writing(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        load(digits)
    assert files(cache) == []


# ---- bad input ----


IMAGES = torch.zeros(20, 28, 28, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: ClassifierSettings(width=0), "width"),
        (lambda: ClassifierSettings(steps=0), "steps"),
        (lambda: ClassifierSettings(batch=1), "batch"),
        (lambda: ClassifierSettings(shift=-1), "shift"),
        (lambda: ClassifierSettings(seed=-1), "seed"),
        (lambda: ClassifierSettings(lr=0), "lr"),
        (lambda: ClassifierSettings(lr=float("nan")), "lr"),
        (lambda: look(Classifier(1), IMAGES[:0]), "images"),
        (lambda: look(Classifier(1), IMAGES[:, None]), "images"),
        (lambda: look(Classifier(1), IMAGES.float()), "images"),
        (lambda: look(Classifier(1), torch.zeros(2, 1, 32, 32)), "images"),
        (lambda: look(Classifier(1), IMAGES, 0), "batch"),
        (lambda: train(Digits(IMAGES[:9], torch.zeros(9).long(), "")), "digits"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must .*got"):
        call()
