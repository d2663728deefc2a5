"""Checkpoints: exact, whole or absent, safe to read; resumed after SIGKILL bit for bit."""

from __future__ import annotations

import copy
import errno
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
import small_gans
import torch

from gan_lessons import checkpoints
from gan_lessons.batches import Batches
from gan_lessons.checkpoints import Saver
from gan_lessons.densities import gaussian
from gan_lessons.history import DivergedError
from gan_lessons.penalties import R1, GradientPenalty
from gan_lessons.toy import ToySettings, make_trainer
from gan_lessons.training import LoopSettings

pytestmark = pytest.mark.usefixtures("one_thread")


def same(a, b):
    """Whether two states are equal, bit for bit."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def differences(a, b, name=""):
    """The paths in two states of one shape at which they differ."""
    if isinstance(a, dict):
        return [d for k in a for d in differences(a[k], b[k], f"{name}.{k}")]
    return [] if same(a, b) else [name]


def resumed(make, path, before=7, after=6, **options):
    """States of a run of before + after steps, and of one that is saved and loaded between."""
    whole = make(**options)
    whole.run(before + after, progress=False)
    first = make(**options)
    first.run(before, progress=False)
    checkpoints.save(path, first.state())
    first.run(3, progress=False)  # what happens after the save must not matter
    second = make(**options)
    second.load_state(checkpoints.load(path))
    assert second.steps == before
    second.run(after, progress=False)
    return whole.state(), second.state()


RECIPES = {
    "labelled, batch norm, R1": lambda: {"penalty": R1(0.2)},
    "plain": lambda: {"labelled": False, "norm": False},
    "bf16": lambda: {"settings": LoopSettings(precision="bf16", k=1)},
    "fp16": lambda: {"settings": LoopSettings(precision="fp16", check_every=2)},
    "a penalty that draws": lambda: {
        "penalty": GradientPenalty(torch.Generator().manual_seed(8)), "norm": False
    },
}  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_a_resumed_run_is_the_run(tmp_path, name):
    whole, second = resumed(lambda: small_gans.make(**RECIPES[name]()), tmp_path / "c")
    assert differences(whole, second) == []


@pytest.mark.parametrize("before", [1, 31, 32, 70])  # 2 batches a step, 64 drawn at a time
def test_a_resumed_toy_run_is_the_run(tmp_path, before):
    settings = ToySettings(batch=8, g_hidden=(4,), d_hidden=(4,), target="two modes", r1=0.1)
    whole, second = resumed(lambda: make_trainer(settings, [3, 5]), tmp_path / "c", before, 40)
    assert differences(whole, second) == []


@pytest.mark.parametrize("part", [
    "generator", "discriminator", "averaged", "g_optimizer", "d_optimizer", "history",
    "real", "noise", "steps", "penalty", "scaler",
])  # fmt: skip
def test_every_part_of_the_state_is_needed(tmp_path, part):
    """Forget one part, and the resumed run is another run."""

    def make():
        draws = GradientPenalty(torch.Generator().manual_seed(8))
        settings = LoopSettings(precision="fp16", ema_warmup=True)
        return small_gans.make(settings, norm=False, penalty=draws)

    whole, first = make(), make()
    whole.run(13, progress=False)
    first.run(7, progress=False)
    checkpoints.save(tmp_path / "c", first.state())
    state = checkpoints.load(tmp_path / "c")
    second = make()
    state[part] = copy.deepcopy(second.state())[part]  # as it was before the first step
    second.load_state(state)
    second.run(6, progress=False)
    assert differences(whole.state(), second.state()) != []


# ---- killed ----


@pytest.fixture(scope="module")
def processes_of_ours():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["small_gans"])
    return context


def test_kill_9_at_any_moment_and_resume(tmp_path, processes_of_ours):
    path, part = tmp_path / "run.pt", tmp_path / "run.pt.part"
    reached = processes_of_ours.Value("q", 0)

    def start(steps, slow_disk=False):
        reached.value = 0
        arguments = (path, steps, reached, slow_disk)
        process = processes_of_ours.Process(target=small_gans.train_and_save, args=arguments)
        process.start()
        return process

    def kill_when(process, condition):
        end = time.monotonic() + 60
        while not condition():
            assert process.is_alive(), process.exitcode
            assert time.monotonic() < end
            time.sleep(0.0005)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL

    def saved():
        return checkpoints.load(path)["trainer"]["steps"] if path.exists() else 0

    kill_when(start(40), lambda: reached.value >= 1)
    early = saved()  # 0, unless the signal was slow to come
    kill_when(start(40, slow_disk=True), part.exists)  # while a file is being written
    assert part.exists()
    assert saved() == early
    kill_when(start(40), lambda: reached.value >= 8)
    first = saved()  # 5, or more if the signal was slow to come
    assert first >= 5
    assert first % 5 == 0
    kill_when(start(40, slow_disk=True), lambda: reached.value > first and part.exists())
    second = saved()
    assert second >= first
    kill_when(start(40), lambda: reached.value >= second + 7)
    assert second < saved() < 40
    last = start(40)
    last.join(60)
    assert last.exitcode == 0
    last.close()
    whole = small_gans.make(penalty=R1(0.1))
    whole.run(40, progress=False)
    assert differences(whole.state(), checkpoints.load(path)["trainer"]) == []
    assert [p.name for p in tmp_path.iterdir()] == ["run.pt"]


# ---- files ----


def test_a_full_disk_leaves_the_old_file(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here, the disk that is always full")
    path = tmp_path / "c"
    checkpoints.save(path, {"x": torch.ones(1000)})
    (tmp_path / "c.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        checkpoints.save(path, {"x": torch.zeros(1000)})
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["c"]
    assert checkpoints.load(path)["x"].sum() == 1000


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EIO, "broken")])
def test_a_save_that_ends_early_leaves_the_old_file(tmp_path, monkeypatch, error):
    path = tmp_path / "c"
    checkpoints.save(path, {"x": 1})

    def fail(handle):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        checkpoints.save(path, {"x": 2})
    assert [p.name for p in tmp_path.iterdir()] == ["c"]
    assert checkpoints.load(path) == {"x": 1}


def test_the_bytes_are_on_the_disk_before_the_name(tmp_path, monkeypatch):
    done = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda h: (done.append("sync"), sync(h))[1])
    monkeypatch.setattr(Path, "replace", lambda *a: (done.append("name"), replace(*a))[1])
    checkpoints.save(tmp_path / "new folder" / "c", {"x": 1})
    assert done == ["sync", "name", "sync"]  # the file, its name, the folder that holds the name


class Evil:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return (os.system, ("touch it_ran",))


@pytest.mark.parametrize("content", ["code", "list", "half", "bit", "nothing", "text"])
def test_what_is_no_checkpoint_is_refused(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "c"
    if content == "code":
        torch.save({"x": Evil()}, path)
    elif content == "list":
        torch.save([1, 2], path)
    elif content == "half":
        torch.save({"x": torch.ones(1000)}, path)
        path.write_bytes(path.read_bytes()[:2000])
    elif content == "bit":
        torch.save({"x": torch.ones(1000)}, path)
        whole = path.read_bytes()
        at = whole.index(torch.ones(100).numpy().tobytes()) + 50
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    else:
        path.write_bytes({"nothing": b"", "text": b"a letter to you"}[content])
    with pytest.raises(ValueError, match=r"^path must.*got"):
        checkpoints.load(path)
    assert not (tmp_path / "it_ran").exists()


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoints.load(tmp_path / "c")


# ---- the trainer's side ----


def test_other_settings_are_refused_by_name():
    trainer = small_gans.make(LoopSettings(lr_g=1e-3))
    state = trainer.state()
    with pytest.raises(ValueError, match=r"^lr_g must be 0.001.*got 0.002"):
        small_gans.make(LoopSettings(lr_g=2e-3)).load_state(state)
    small_gans.make(LoopSettings(lr_g=1e-3, check_every=9)).load_state(state)  # no matter


def test_a_part_too_many_or_too_few_is_refused():
    draws = GradientPenalty(torch.Generator().manual_seed(8))
    with_draws, without = small_gans.make(penalty=draws), small_gans.make(penalty=R1(0.1))
    with pytest.raises(ValueError, match=r"^state must hold a penalty.*got none"):
        with_draws.load_state(without.state())
    with pytest.raises(ValueError, match=r"^state must hold a penalty.*got one"):
        without.load_state(with_draws.state())


def test_a_source_without_a_state_trains_but_cannot_be_saved():
    trainer = small_gans.make(labelled=False, norm=False)
    zeros = torch.zeros(12, 4)
    trainer.real = lambda: zeros
    trainer.run(2, progress=False)
    with pytest.raises(ValueError, match=r"^real must have state\(\).*got function"):
        trainer.state()


def test_the_saver_saves_when_it_should(tmp_path):
    path = tmp_path / "c"
    steps = []

    def watch(t):
        saver(t)
        steps.append(checkpoints.load(path)["trainer"]["steps"] if path.exists() else None)

    saver = Saver(path, every_steps=3, extra={"seed": 7})
    small_gans.make().run(7, watch, progress=False)
    assert steps == [None, None, 3, 3, 3, 6, 6]
    assert checkpoints.load(path)["seed"] == 7
    saver, steps[:] = Saver(path, every_seconds=0), []
    small_gans.make().run(2, watch, progress=False)
    assert steps == [1, 2]
    saver, steps[:] = Saver(path, every_seconds=1000), []
    small_gans.make().run(2, watch, progress=False)
    assert steps == [2, 2]  # still the file of the run before


@pytest.mark.parametrize("bad", [{"every_seconds": -1}, {"every_steps": 0}])
def test_a_saver_that_never_saves_is_refused(tmp_path, bad):
    with pytest.raises(ValueError, match=rf"^{next(iter(bad))} must be.*got"):
        Saver(tmp_path / "c", **bad)


def test_a_diverged_run_keeps_its_last_good_file(tmp_path):
    path = tmp_path / "c"
    trainer = small_gans.make(LoopSettings(check_every=1000))
    saver = Saver(path, every_steps=2)

    def poison(t):
        if t.steps == 5:
            with torch.no_grad():
                t.generator.last.bias[1] = float("nan")
        saver(t)

    with pytest.raises(DivergedError, match="loss of D became nan at step 6"):
        trainer.run(20, poison, progress=False)
    good = checkpoints.load(path)["trainer"]
    assert good["steps"] == 4
    assert all(torch.isfinite(v).all() for v in good["generator"].values())


def test_batches_resume_in_the_middle_of_a_block(tmp_path):
    def make(seed):
        return Batches(gaussian(0, 1), 3, [torch.Generator().manual_seed(s) for s in (seed, 9)])

    source, other = make(1), make(2)
    [source() for _ in range(70)]
    checkpoints.save(tmp_path / "c", source.state())
    expected = [source() for _ in range(130)]
    other.load_state(checkpoints.load(tmp_path / "c"))
    assert same(expected, [other() for _ in range(130)])
