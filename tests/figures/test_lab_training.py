"""A training in a thread: the run of `toy.train`, stopped when asked, its errors kept."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

import numpy as np
import pytest
import torch

from gan_lessons import toy
from gan_lessons.figures.lab_training import FRAMES, Training, stop_latest
from gan_lessons.history import DivergedError
from gan_lessons.toy import Run, ToySettings
from gan_lessons.training import LoopSettings, Trainer

QUICK = ToySettings(batch=16, g_hidden=(8,), d_hidden=(8,))
ENDLESS = 10**7


def begun(
    settings: ToySettings = QUICK, seed: int = 3, steps: int = 12, then: Any = len
) -> Training[Any]:
    training = Training(settings, seed, steps, then)
    training.start()
    return training


def ended(training: Training[Any]) -> Training[Any]:
    assert training.wait(60)
    return training


def reach(training: Training[Any], steps: int) -> None:
    end = time.monotonic() + 60
    while training.done < steps and time.monotonic() < end:
        time.sleep(0.001)
    assert training.done >= steps


def no_step(run: Run) -> int:
    return len(run.frames)


def test_the_run_is_that_of_toy_train_bit_by_bit() -> None:
    torch.manual_seed(99)  # must not matter
    training = ended(begun(steps=120, then=no_step))
    assert training.error is None
    run, same = training.run, toy.train(QUICK, [3], 120, record_every=3, progress=False)
    assert run is not None
    assert run.settings == same.settings == QUICK
    assert (training.done, training.result) == (120, len(same.frames))
    assert run.frames.tolist() == same.frames.tolist()
    for name in ("d_loss", "g_loss"):
        assert getattr(run, name).tobytes() == getattr(same, name).tobytes()
    for name, weights in same.weights.items():
        for ours, theirs in zip(run.weights[name], weights, strict=True):
            assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize(("steps", "frames"), [(1, 2), (FRAMES, FRAMES + 1), (FRAMES + 1, 27)])
def test_frames_are_few(steps: int, frames: int) -> None:
    assert ended(begun(steps=steps, then=no_step)).result == frames


def test_stop_keeps_what_was_trained() -> None:
    training = begun(steps=ENDLESS, then=no_step)
    reach(training, 5)
    assert not training.over
    training.stop()
    run = ended(training).run
    assert run is not None
    assert training.error is None
    assert training.stopped
    assert 5 <= training.done == len(run.d_loss) == run.frames[-1] < ENDLESS
    same = toy.train(QUICK, [3], training.done, progress=False)
    assert run.d_loss.tobytes() == same.d_loss.tobytes()
    assert training.result == 2  # the first frame and the one at which it stopped


def test_a_second_training_stops_the_first() -> None:
    first = begun(steps=ENDLESS, then=no_step)
    second = begun(steps=2, then=no_step)
    assert ended(first).done < ENDLESS
    assert ended(second).done == 2
    third = begun(steps=ENDLESS, then=no_step)
    stop_latest()
    assert ended(third).done < ENDLESS


def test_it_begins_only_when_told_and_waits_no_longer_than_told() -> None:
    training = Training(QUICK, 0, ENDLESS, no_step)
    assert not training.wait(0.01)
    assert (training.done, training.run, training.over) == (0, None, False)
    training.stop()
    training.start()
    assert ended(training).done == 1


def test_a_kernel_that_shuts_down_need_not_wait() -> None:
    training = begun(steps=ENDLESS, then=no_step)
    (thread,) = (one for one in threading.enumerate() if one.name == "gan_lessons training")
    assert thread.daemon
    training.stop()
    ended(training)


@pytest.mark.parametrize(
    ("seed", "steps", "named"), [(-1, 5, "seed"), (0, 0, "steps"), (0, -2, "steps")]
)
def test_bad_numbers_are_refused_before_a_thread_begins(seed: int, steps: int, named: str) -> None:
    with pytest.raises(ValueError, match=rf"^{named} must be at least \d, got"):
        Training(QUICK, seed, steps, no_step)


def test_divergence_is_found_at_the_end_and_at_a_stop() -> None:
    wild = ToySettings(batch=16, g_hidden=(8,), d_hidden=(8,), loop=LoopSettings(lr_d=math.inf))
    training = ended(begun(wild, steps=7))
    assert isinstance(training.error, DivergedError)
    assert "became nan" in str(training.error) or "nan or inf" in str(training.error)
    assert training.run is None
    training = begun(wild, steps=ENDLESS)
    reach(training, 2)
    training.stop()
    assert isinstance(ended(training).error, DivergedError)


def test_what_goes_wrong_afterwards_is_kept_too() -> None:
    def fail(run: Run) -> None:
        raise RuntimeError("mine")

    training = ended(begun(then=fail))
    assert str(training.error) == "mine"
    assert training.run is not None
    assert training.result is None


def test_on_step_of_toy_train_sees_each_step_and_changes_nothing() -> None:
    seen: list[int] = []

    def on_step(trainer: Trainer) -> None:
        seen.append(trainer.steps)

    run = toy.train(QUICK, [0, 1], 6, 2, progress=False, on_step=on_step)
    same = toy.train(QUICK, [0, 1], 6, 2, progress=False)
    assert seen == [1, 2, 3, 4, 5, 6]
    assert np.array_equal(run.d_loss, same.d_loss)
    assert run.frames.tolist() == same.frames.tolist()


def test_on_step_of_toy_train_may_stop_it() -> None:
    def on_step(trainer: Trainer) -> None:
        if trainer.steps == 3:
            raise KeyboardInterrupt

    run = toy.train(QUICK, [0], 6, 2, progress=False, on_step=on_step)
    assert run.frames.tolist() == [0, 2, 3]
    assert len(run.d_loss) == 3
