"""The simulated GPU refuses what a GPU refuses: else tests that run on it could not fail."""

from __future__ import annotations

import pytest
import torch
from simulated_gpu import CUDA, MPS, simulated_gpu


@pytest.fixture
def gpu(monkeypatch):
    with simulated_gpu(monkeypatch) as where:
        yield where


def test_what_is_on_it_says_so_and_comes_back(gpu):
    x = torch.arange(3.0).to(gpu)
    assert x.device == (x + 1).device == torch.zeros(2, device="cuda").device == CUDA
    assert (2 * x).cpu().numpy().tolist() == (2 * x).tolist() == [0, 2, 4]
    assert f"{x.sum():.1f}" == "3.0"


@pytest.mark.parametrize("mix", [
    lambda x: x + torch.ones(3), lambda x: torch.cat([torch.ones(1), x]),
    lambda x: torch.ones(3)[x.long()],
])  # fmt: skip
def test_two_devices_in_one_operation(gpu, mix):
    with pytest.raises(RuntimeError, match="same device"):
        mix(torch.arange(3.0).to(gpu))


def test_what_may_be_on_two_devices(gpu):
    x = torch.arange(3.0).to(gpu)
    assert (x + torch.tensor(1.0)).tolist() == [1, 2, 3]  # a single number
    assert x[torch.tensor([2, 0])].tolist() == [2, 0]  # indices


def test_numpy(gpu):
    with pytest.raises(TypeError, match="numpy"):
        torch.ones(2, device=gpu).numpy()


@pytest.mark.parametrize(("draw", "where"), [("cpu", "cuda"), ("cuda", "cpu")])
@pytest.mark.usefixtures("gpu")
def test_a_generator_of_the_other_device(draw, where):
    with pytest.raises(RuntimeError, match="generator"):
        torch.randn(2, generator=torch.Generator(draw), device=where)


@pytest.mark.usefixtures("gpu")
def test_the_state_of_a_generator_of_the_other_device():
    with pytest.raises(RuntimeError, match="wrong size"):
        torch.Generator("cuda").set_state(torch.Generator().get_state())


def test_float64_on_a_mac(monkeypatch):
    with simulated_gpu(monkeypatch, device=MPS) as mac:
        with pytest.raises(TypeError, match="float64"):
            torch.ones(2, dtype=torch.float64, device=mac)
        assert torch.ones(2, device=mac).device == MPS


@pytest.mark.parametrize("wait", [
    lambda x: x.sum().item(), lambda x: x.cpu(), lambda x: x.copy_(torch.ones(3)),
    lambda x: torch.rand(2, generator=torch.Generator("cuda"), device="cuda"),
])  # fmt: skip
def test_waits_and_moves_while_a_graph_is_recorded(gpu, wait):
    x = torch.ones(3, device=gpu)
    with pytest.raises(RuntimeError, match="capturing"), torch.cuda.graph(torch.cuda.CUDAGraph()):
        wait(x)


def test_a_graph_computes_when_it_is_replayed_and_in_its_own_memory(gpu):
    x, graph = torch.ones(3, device=gpu), torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = 2 * x
        x.add_(1)
    assert x.tolist() == [1, 1, 1]  # nothing yet
    for expected in ([2, 2, 2], [4, 4, 4]):
        graph.replay()
        assert y.tolist() == expected
    assert x.tolist() == [3, 3, 3]
