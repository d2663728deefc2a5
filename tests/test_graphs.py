"""What can be tested of CUDA graphs without CUDA: each step gets its batches, in order.

The rest, that a graph computes what eager code does, is in test_devices.py and needs a GPU.
"""

from __future__ import annotations

import contextlib

import pytest
import torch

from gan_lessons.graphs import Graphed, Slot
from gan_lessons.samples import Labelled, values


def counter(start, labelled):
    """A source of batches that count: start, start + 1, ..."""
    number = [start - 1]

    def draw():
        number[0] += 1
        x = torch.full((2,), float(number[0]))
        return Labelled(x, torch.full((2,), number[0])) if labelled else x

    return draw


class Echo:
    """A loop without weights: its losses say which batches it saw."""

    def __init__(self, k, labelled):
        self.real, self.noise = counter(100, labelled), counter(500, labelled)
        self.k = k

    def play(self):
        seen = torch.zeros(()), torch.zeros(())
        for _ in range(self.k):
            for total, source in zip(seen, (self.real, self.noise), strict=True):
                sample = source()
                if isinstance(sample, Labelled):
                    assert torch.equal(sample.y, sample.x.long())  # labels come along
                total.mul_(1000).add_(values(sample)[0])
        return seen


class FakeGraph:
    """Plays again when replayed, into the tensors of the recording."""

    recorded = None

    def replay(self):
        loop, slots, out = self.recorded
        sources = loop.real, loop.noise
        loop.real, loop.noise = slots
        for old, new in zip(out(), loop.play(), strict=True):
            old.copy_(new)
        loop.real, loop.noise = sources


@pytest.fixture
def fake_cuda(monkeypatch):
    class Stream:
        def wait_stream(self, other):
            pass

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", FakeGraph)

    @contextlib.contextmanager
    def graph(recording):
        yield
        graphed = recording.graphed
        loop = graphed.loop
        recording.recorded = (loop, (loop.real, loop.noise), lambda: graphed.losses)

    monkeypatch.setattr(torch.cuda, "graph", graph)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_each_step_gets_its_batches_in_order(fake_cuda, k, labelled):
    loop, plain = Echo(k, labelled), Echo(k, labelled)
    real, noise = loop.real, loop.noise
    graphed = Graphed(loop, k)
    FakeGraph.graphed = graphed
    found = [graphed() for _ in range(9)]
    expected = [plain.play() for _ in range(9)]
    assert [tuple(map(float, f)) for f in found] == [tuple(map(float, e)) for e in expected]
    assert graphed.graph is not None  # something was replayed
    assert (loop.real, loop.noise) == (real, noise)  # the sources are the trainer's again


def test_the_sources_come_back_after_an_error(fake_cuda, monkeypatch):
    loop = Echo(1, False)
    sources = loop.real, loop.noise
    graphed = Graphed(loop, 1)
    [graphed() for _ in range(3)]

    def fail():
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(loop, "play", fail)
    with pytest.raises(RuntimeError, match="capturing"):
        graphed()
    assert (loop.real, loop.noise) == sources


def test_a_slot_stays_in_its_memory():
    slot = Slot(counter(1, True), 2)
    first, second = slot(), slot()
    assert [first.x[0], second.x[0]] == [1, 2]
    assert slot() is first
    slot.refill()
    assert [first.x[0], second.x[0], first.y[1], second.y[1]] == [3, 4, 3, 4]


def test_what_is_recorded_is_a_copy():
    """A source may hand out views of its own memory: `refill` must not write there."""
    store = torch.arange(6.0).view(3, 2)
    rows = iter(store)
    slot = Slot(lambda: next(rows), 1)
    slot.refill()
    assert torch.equal(store, torch.arange(6.0).view(3, 2))
    assert slot().tolist() == [2.0, 3.0]
