"""The moving average: by hand, with its warm-up, and with the buffers of batch normalisation."""

from __future__ import annotations

import copy

import pytest
import small_gans
import torch
from torch import nn

from gan_lessons.averages import MovingAverage
from gan_lessons.training import LoopSettings

pytestmark = pytest.mark.usefixtures("one_thread")


def walk(network, mean, steps, seed=0):
    """Move the weights and the statistics at random; return all states, the first included."""
    draw = torch.Generator().manual_seed(seed)
    states = [copy.deepcopy(network.state_dict())]
    for t in range(steps):
        network(torch.randn(6, 3, generator=draw))  # batch norm gathers its statistics
        with torch.no_grad():
            for p in network.parameters():
                p.add_(torch.randn(p.shape, generator=draw))
        mean.update(t)
        states.append(copy.deepcopy(network.state_dict()))
    return states


def by_hand(states, factor):
    """The averages of the recursion, and copies of what is not a fraction."""
    mean = {name: value.double() for name, value in states[0].items()}
    for t, now in enumerate(states[1:]):
        b = factor(t)
        for name, value in now.items():
            counts = not value.is_floating_point()
            mean[name] = value if counts else b * mean[name] + (1 - b) * value.double()
    return mean


FACTORS = {
    "without": (False, lambda t: 0.9),
    "warm-up": (True, lambda t: min(0.9, (1 + t) / (10 + t))),
}
MUTANTS = {
    "one step late": lambda t: min(0.9, (2 + t) / (11 + t)),
    "no warm-up": lambda t: 0.9,
    "no end of the warm-up": lambda t: (1 + t) / (10 + t),
}


def check(warm_up, factor, steps=120):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    mean = MovingAverage(network, 0.9, warm_up)
    expected = by_hand(walk(network, mean, steps), factor)
    for name, value in mean.network.state_dict().items():
        torch.testing.assert_close(value, expected[name].to(value.dtype), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("steps", [1, 5, 120])
def test_by_hand(name, steps):
    with torch.random.fork_rng():
        check(*FACTORS[name], steps)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_check_notices_a_mutant(name):
    steps = 120 if "end" in name else 5
    with torch.random.fork_rng(), pytest.raises(AssertionError):
        check(True, MUTANTS[name], steps)


def test_counters_are_copied_and_nothing_needs_a_gradient():
    with torch.random.fork_rng():
        network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        mean = MovingAverage(network, 0.9)
        walk(network, mean, 7)
    assert mean.network[1].num_batches_tracked == 7
    assert not torch.equal(mean.network[1].running_mean, network[1].running_mean)
    assert not any(p.requires_grad for p in mean.network.parameters())


def test_averaged_statistics_are_near_those_of_the_averaged_network():
    """What the documentation says: near, not equal; and far from those at the start."""
    trainer = small_gans.make(LoopSettings(k=1, ema=0.99, ema_warmup=True))
    trainer.run(400, progress=False)
    own = copy.deepcopy(trainer.averaged).train()
    own.norm.reset_running_stats()
    own.norm.momentum = None  # the plain mean
    with torch.no_grad():
        for _ in range(50):
            own(trainer.noise())
    for name, tolerance in (("running_mean", 0.15), ("running_var", 0.15)):
        kept, exact = (getattr(n.norm, name) for n in (trainer.averaged, own))
        size = exact.abs().mean()
        assert (kept - exact).abs().mean() < tolerance * size
        assert not torch.equal(kept, exact)


def test_warm_up_is_off_unless_asked():
    assert LoopSettings().ema_warmup is False


def test_the_first_step_of_a_run_is_step_0_of_the_warm_up():
    trainer = small_gans.make(LoopSettings(ema_warmup=True))
    before = trainer.generator.last.weight.detach().clone()
    trainer.step()
    expected = 0.1 * before + 0.9 * trainer.generator.last.weight.detach()
    torch.testing.assert_close(trainer.averaged.last.weight, expected)
