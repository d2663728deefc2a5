"""Two processes on two halves of each batch: the same training as one process on the whole."""

from __future__ import annotations

import multiprocessing
import socket

import pytest
import small_gans
import torch

from gan_lessons import processes
from gan_lessons.penalties import R1
from gan_lessons.processes import Part
from gan_lessons.samples import Labelled
from gan_lessons.training import LoopSettings

pytestmark = pytest.mark.usefixtures("one_thread")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run_together(tmp_path, count, **options):
    """What each of several processes ended with: (state after 10 steps, steps at the end)."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["small_gans"])
    arguments = (count, free_port(), str(tmp_path / "result"), options)
    started = [
        context.Process(target=small_gans.train_together, args=(rank, *arguments))
        for rank in range(count)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(90)
        if process.is_alive():
            process.kill()
        assert process.exitcode == 0
        process.close()
    return [torch.load(tmp_path / f"result.{rank}", weights_only=True) for rank in range(count)]


def flat(state):
    networks = [*state["generator"].values(), *state["averaged"].values(),
                *state["discriminator"].values()]  # fmt: skip
    return torch.cat([w.flatten() for w in networks])


SETTINGS = {"settings": LoopSettings(k=2, lr_g=3e-3, ema_warmup=True), "dtype": torch.float64}


@pytest.mark.parametrize("labelled", [True, False])
def test_two_processes_train_as_one_with_the_joint_batch(tmp_path, labelled):
    # Without batch norm, whose statistics each process takes of its own half.
    options = {**SETTINGS, "labelled": labelled, "norm": False, "penalty": R1(0.3)}
    (first, n), (second, m) = run_together(tmp_path, 2, **options)
    alone = small_gans.make(**options)
    start = flat(alone.state()).clone()
    alone.run(10, progress=False)
    joint = alone.state()
    assert (flat(joint) - start).abs().max() > 0.01  # something was learned
    for name in "dg":
        losses = first["history"][name]
        torch.testing.assert_close(losses, joint["history"][name], rtol=1e-9, atol=1e-12)
        assert torch.equal(losses, second["history"][name])
    torch.testing.assert_close(flat(first), flat(joint), rtol=1e-8, atol=1e-10)
    assert torch.equal(flat(first), flat(second))
    assert n == m > 10  # clocks that disagree: they stopped after the same step
    assert torch.equal(first["real"]["generator"], joint["real"]["generator"])


def test_with_batch_norm_the_processes_still_hold_the_same_weights(tmp_path):
    (first, _), (second, _) = run_together(tmp_path, 2, **SETTINGS)
    alone = small_gans.make(**SETTINGS)
    alone.run(10, progress=False)
    parameters = [name for name in first["generator"] if "running" not in name]
    for name in parameters:
        assert torch.equal(first["generator"][name], second["generator"][name])
    # Not those of one process: each half has a mean of its own.  As with torch's own.
    assert not torch.allclose(first["generator"]["last.weight"],
                              alone.state()["generator"]["last.weight"], rtol=1e-6)  # fmt: skip


# ---- parts ----


def test_parts_of_labelled_batches_make_the_whole():
    draws = [small_gans.Draws(12, 4, 3) for _ in range(4)]
    parts = [Part(draws[r], r, 3)() for r in range(3)]
    joint = draws[3]()
    assert torch.equal(torch.cat([p.x for p in parts]), joint.x)
    assert torch.equal(torch.cat([p.y for p in parts]), joint.y)
    assert all(isinstance(p, Labelled) for p in parts)


def test_a_part_along_another_axis():
    joint = torch.arange(12).reshape(2, 6)
    assert Part(lambda: joint, 1, 2, axis=1)().tolist() == [[3, 4, 5], [9, 10, 11]]


def test_a_part_has_the_state_of_its_source():
    one, two = (Part(small_gans.Draws(4, 1, s), 0, 2) for s in (1, 2))
    one()
    state = one.state()
    two.load_state(state)
    assert torch.equal(one().x, two().x)


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(ValueError, match=r"^batch must be a multiple of 2 processes, got 7"):
        Part(lambda: torch.zeros(7, 1), 0, 2)()
    with pytest.raises(ValueError, match=r"^rank must be.*got 2"):
        Part(lambda: torch.zeros(7, 1), 2, 2)


def test_alone_nothing_is_shared():
    processes.start()  # without torchrun: nothing happens
    processes.stop()
    assert (processes.count(), processes.rank()) == (1, 0)
    assert processes.any_of(True)
    assert not processes.any_of(False)
    source = small_gans.Draws(4, 1, 1)
    assert processes.part(source) is source


@pytest.mark.parametrize("shapes", [[(2, 3), (4,), ()]])
def test_the_mean_over_processes_keeps_shapes(monkeypatch, shapes):
    tensors = [torch.randn(s, generator=torch.Generator().manual_seed(0)) for s in shapes]
    monkeypatch.setattr(processes.dist, "all_reduce", lambda flat: flat.mul_(6.0))
    monkeypatch.setattr(processes, "count", lambda: 3)
    for ours, t in zip(processes.mean(tensors), tensors, strict=True):
        torch.testing.assert_close(ours, 2 * t)


@pytest.mark.parametrize("here", [1, 2, 3])
def test_each_process_has_a_gpu_of_its_own(monkeypatch, here):
    chosen, groups = [], []
    for name, value in {"RANK": here - 1, "LOCAL_RANK": here - 1, "LOCAL_WORLD_SIZE": here}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.distributed, "init_process_group", groups.append)
    if here <= 2:
        processes.start()
        assert (chosen, groups) == ([here - 1], ["cpu:gloo,cuda:nccl"])
    else:
        with pytest.raises(ValueError, match=r"^nproc-per-node must be at most 2, .*got 3"):
            processes.start()
        assert not groups
