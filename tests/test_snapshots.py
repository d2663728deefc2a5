"""Snapshots against the recorder of `toy.train`, and against later changes of the weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_lessons import toy
from gan_lessons.snapshots import Snapshots
from gan_lessons.toy import ToySettings, make_trainer

SETTINGS = ToySettings(batch=8)


def test_the_pictures_are_those_of_train():
    recorded = toy.train(SETTINGS, [3, 4], steps=4, record_every=2, progress=False)
    trainer, album = make_trainer(SETTINGS, [3, 4]), Snapshots(SETTINGS, [3, 4])
    album.take(trainer)
    with toy.one_thread():
        for step in range(4):
            trainer.step()
            if step % 2:
                album.take(trainer)
    run = album.run(trainer)
    assert len(album) == 3
    assert run.frames.tolist() == [0, 1, 2]
    assert run.seeds.tolist() == [3, 4]
    assert run.weights.keys() == recorded.weights.keys()
    for name, arrays in recorded.weights.items():
        for ours, theirs in zip(run.weights[name], arrays, strict=True):
            assert np.array_equal(ours, theirs)
    assert np.array_equal(run.d_loss, recorded.d_loss)
    assert np.array_equal(run.g_loss, recorded.g_loss)
    z = torch.linspace(-1, 1, 5, dtype=torch.float64)
    assert torch.equal(run.generator(1, 1)(z), recorded.generator(1, 1)(z))


def test_a_picture_does_not_change_with_the_weights():
    trainer, album = make_trainer(SETTINGS, [0]), Snapshots(SETTINGS, [0])
    album.take(trainer)
    before = album.run(trainer).weights["discriminator"][0].copy()
    trainer.discriminator_step(trainer.generator(trainer.noise()).detach())
    album.take(trainer)
    d = album.run(trainer).weights["discriminator"][0]
    g = album.run(trainer).weights["generator"][0]
    assert np.array_equal(d[0], before[0])
    assert not np.array_equal(d[1], d[0])  # D has moved
    assert np.array_equal(g[1], g[0])  # G has not


def test_an_empty_album_is_refused():
    with pytest.raises(ValueError, match=r"^trainer\b.*got"):
        Snapshots(SETTINGS, [0]).run(make_trainer(SETTINGS, [0]))
