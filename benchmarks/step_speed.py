"""Time one training step against the loop as tutorials write it.

    python benchmarks/step_speed.py

One step is one update of D and one of G: two hidden layers of 32 tanh units, batch 256, one
thread.  The baseline is the common PyTorch loop: Sequential networks, Sigmoid and BCELoss, new
label tensors, ``.item()`` of each loss, torch.optim.Adam with its defaults.  Ours is the loop
of the package (without R1, which the baseline does not have, but with the averaged generator,
which it does not have either), for one GAN and for 64 at once.  All run interleaved in this
process; the medians and their ratios are printed.  The last row shows what R1 costs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from gan_lessons import toy
from gan_lessons.training import LoopSettings

HIDDEN, BATCH, MEMBERS = 32, 256, 64
LR, BETAS = 3e-3, (0.0, 0.9)
ROUNDS = 15


def as_in_tutorials() -> Callable[[], None]:
    def network(*last: nn.Module) -> nn.Sequential:
        return nn.Sequential(nn.Linear(1, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh(),
                             nn.Linear(HIDDEN, 1), *last)  # fmt: skip

    g, d, bce = network(), network(nn.Sigmoid()), nn.BCELoss()
    g_optimizer = torch.optim.Adam(g.parameters(), LR, betas=BETAS)
    d_optimizer = torch.optim.Adam(d.parameters(), LR, betas=BETAS)
    history = []

    def step() -> None:
        real, z = torch.randn(BATCH, 1), torch.randn(BATCH, 1)
        d_optimizer.zero_grad()
        fake = g(z)
        d_loss = bce(d(real), torch.ones(BATCH, 1)) + bce(d(fake.detach()), torch.zeros(BATCH, 1))
        d_loss.backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        g_loss = bce(d(fake), torch.ones(BATCH, 1))
        g_loss.backward()
        g_optimizer.step()
        history.append((d_loss.item(), g_loss.item()))

    return step


def ours(members: int, r1: float = 0.0) -> Callable[[], None]:
    settings = toy.ToySettings(
        g_hidden=(HIDDEN, HIDDEN), d_hidden=(HIDDEN, HIDDEN), batch=BATCH, r1=r1,
        loop=LoopSettings(k=1, lr_d=LR, lr_g=LR, betas=BETAS),
    )  # fmt: skip
    return toy.make_trainer(settings, range(members)).step


def main() -> None:
    candidates = {  # name: (step, steps in a round, GANs in a step)
        "as in tutorials": (as_in_tutorials(), 100, 1),
        "ours, one GAN": (ours(1), 100, 1),
        f"ours, {MEMBERS} GANs": (ours(MEMBERS), 6, MEMBERS),
        "ours, one GAN, R1": (ours(1, r1=0.3), 100, 1),
    }
    times: dict[str, list[float]] = {name: [] for name in candidates}
    with toy.one_thread():
        for step, steps, _ in candidates.values():  # warm-up
            for _ in range(steps):
                step()
        for _ in range(ROUNDS):
            for name, (step, steps, members) in candidates.items():
                start = time.perf_counter()
                for _ in range(steps):
                    step()
                times[name].append((time.perf_counter() - start) / steps / members)
    base = times["as in tutorials"]
    print(f"median of {ROUNDS} rounds, one thread, torch {torch.__version__}")
    for name, values in times.items():
        ratio = statistics.median(b / v for b, v in zip(base, values, strict=True))
        print(f"{name:20s} {statistics.median(values) * 1e3:7.3f} ms per GAN   x {ratio:.2f}")


if __name__ == "__main__":
    main()
