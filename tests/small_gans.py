"""Small GANs for the tests of the training loop, with everything that a large one has."""

from __future__ import annotations

import copy
import os
import time

import torch
from torch import nn

from gan_lessons import checkpoints, processes
from gan_lessons.penalties import R1
from gan_lessons.samples import Labelled, values, with_values
from gan_lessons.training import LoopSettings, Trainer

CLASSES = 3


class Generator(nn.Module):
    """From (B, 2) and labels to (B, 4) and the same labels, through batch normalisation."""

    def __init__(self, labelled=True, norm=True):
        super().__init__()
        self.first, self.last = nn.Linear(2, 8), nn.Linear(8, 4)
        self.classes = nn.Embedding(CLASSES, 8) if labelled else None
        self.norm = nn.BatchNorm1d(8) if norm else nn.Identity()

    def forward(self, sample):
        h = self.first(values(sample))
        if self.classes:
            h = h + self.classes(sample.y)
        return with_values(sample, self.last(torch.relu(self.norm(h))))


class Discriminator(nn.Module):
    """From (B, 4) and labels to logits (B,), by projection on the class."""

    def __init__(self, labelled=True, gain=1.0):
        super().__init__()
        self.first, self.last, self.gain = nn.Linear(4, 8), nn.Linear(8, 1), gain
        self.classes = nn.Embedding(CLASSES, 8) if labelled else None

    def features(self, sample):
        return torch.tanh(self.first(values(sample)))

    def forward(self, sample):
        h = self.features(sample)
        logits = self.last(h).squeeze(-1)
        if self.classes:
            logits = logits + (h * self.classes(sample.y)).sum(-1)
        return self.gain * logits


class Draws:
    """Normal numbers around the number of the class, with the label or without."""

    def __init__(self, batch, width, seed, labelled=True, dtype=torch.float32):
        self.batch, self.width, self.labelled, self.dtype = batch, width, labelled, dtype
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self):
        y = torch.randint(CLASSES, (self.batch,), generator=self.generator)
        x = torch.randn(self.batch, self.width, generator=self.generator, dtype=self.dtype)
        return Labelled(x + y[:, None], y) if self.labelled else x + y[:, None]

    def state(self):
        return {"generator": self.generator.get_state()}

    def load_state(self, state):
        self.generator.set_state(state["generator"])


def initialise(module, seed):
    """Weights from a generator of their own: torch's constructors draw from the global one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.randn(p.shape, generator=generator) * 0.3)
    return module


def make(settings=None, *, labelled=True, norm=True, gain=1.0, batch=12, dtype=torch.float32,
         part=lambda source: source, scramble=0, **options):  # fmt: skip
    g = initialise(Generator(labelled, norm), 1 + scramble)
    d = initialise(Discriminator(labelled, gain), 2 + scramble)
    real, noise = (Draws(batch, w, s, labelled, dtype) for w, s in ((4, 3), (2, 4)))
    settings = settings or LoopSettings(ema_warmup=True, check_every=4)
    return Trainer(g.to(dtype), d.to(dtype), part(real), part(noise), settings, **options)


# ---- what other processes run ----


def train_and_save(path, steps, reached, slow_disk=False):
    """Go on from the file if there is one; save every 5 steps; report each step in `reached`."""
    torch.set_num_threads(1)
    if slow_disk:
        sync = os.fsync
        os.fsync = lambda handle: (time.sleep(0.3), sync(handle))[1]
    trainer = make(penalty=R1(0.1))
    if path.exists():
        trainer.load_state(checkpoints.load(path)["trainer"])
    saver = checkpoints.Saver(path, every_steps=5)

    def after(t):
        reached.value = t.steps
        saver(t)
        time.sleep(0.02)  # so that the signal comes in time on a busy machine

    trainer.run(steps - trainer.steps, after, progress=False)


def train_together(rank, count, port, path, options):
    """One of several processes that share each batch; the weights and losses go to a file."""
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_RANK": str(rank),
                   "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}  # fmt: skip
    processes.start()
    try:
        # Other first weights in process 1: process 0 has the say.
        trainer = make(part=processes.part, scramble=100 * rank, **options)
        trainer.run(10, progress=False)
        state = copy.deepcopy(trainer.state())
        # Clocks that disagree: both must stop after the same step, or one would wait for ever.
        trainer.run(progress=False, seconds=0.05 * (1 + 3 * rank))
        torch.save((state, trainer.steps), f"{path}.{rank}")
    finally:
        processes.stop()
