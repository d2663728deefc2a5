"""A GAN that learns to draw digits: settings that work, how to train it, and what it draws.

Examples
--------
>>> from gan_lessons.mnist.data import shipped_digits
>>> trainer = train(PRESETS["labels"], 0, shipped_digits(), steps=2, progress=False)
>>> sample(trainer, 3, torch.Generator().manual_seed(1), labels=torch.tensor([7, 7, 2])).shape
torch.Size([3, 1, 28, 28])
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from gan_lessons import checkpoints, processes
from gan_lessons.interrupts import Interrupts
from gan_lessons.mnist.auxiliary import ClassPenalty, WithClasses
from gan_lessons.mnist.clusters import clustered
from gan_lessons.mnist.data import Digits, ImageBatches
from gan_lessons.mnist.networks import SMALL, Discriminator, Generator, NetworkSettings
from gan_lessons.mnist.sampling import sample, sampler
from gan_lessons.mnist.sources import LabelledImages, Noise
from gan_lessons.penalties import R1
from gan_lessons.samples import State
from gan_lessons.training import ON_FAKES, LoopSettings, Trainer

__all__ = ["PRESETS", "MnistSettings", "default", "make_trainer", "sample", "sampler", "train"]

CLASSES = ("none", "labels", "clusters")
PAPER = LoopSettings(
    k=1, lr_d=2e-4, lr_g=2e-4, betas=(0.5, 0.999),  # the paper's, section 4
    ema=0.999, ema_warmup=True, check_every=100,
)  # fmt: skip
FAST = LoopSettings(
    k=1,  # with a batch this small, D is told often enough
    lr_d=1e-3, lr_g=4e-3,  # far above the paper's: small networks, little time
    betas=(0.5, 0.99),  # forget a gradient's size after 100 steps, not 1,000
    # With rates that stay D's lead grows, and digits that are hard to draw get rare: see `drift`.
    half_after=5000,
    ema=0.999,  # G averaged over about 1,000 steps
    ema_warmup=True, check_every=100,
    together=True,  # D has no batch norm here
)  # fmt: skip
# Tuned on pictures held out from the training set: with classes a faster D is better, and less of
# G's past.  (A longer average makes digits that the judge is surer of, but fewer kinds of them.)
# Both rates are those of batches of 16, where they were tuned, times the root of 2.
WITH_CLASSES = replace(FAST, lr_d=2.1e-3, lr_g=5.6e-3, half_after=3000, ema=0.995)


@dataclass(frozen=True)
class MnistSettings:
    """Everything that decides a run, but for its seed and its data; the defaults are DCGAN's."""

    networks: NetworkSettings = field(default_factory=NetworkSettings)  # its `classes` stay 0 here
    loop: LoopSettings = PAPER
    batch: int = 128  # pictures, real and fake each; over all processes together
    classes: str = "none"  # what labels are: "none", the "labels" of the data, or "clusters"
    clusters: int = 50  # how many, if they are the classes: about five for each digit
    paired: bool = True  # with classes: fakes have the labels of the real batch they stand beside
    r1: float = 0.0  # weight of the R1 penalty; 0 is without
    channels_last: bool = True  # pixel after pixel in memory: the convolutions are faster

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        if self.networks.classes:
            raise ValueError(f"networks must leave classes at 0, got {self.networks.classes}")
        if self.classes not in CLASSES:
            raise ValueError(f"classes must be one of {[*CLASSES]}, got {self.classes!r}")
        if self.loop.together and self.networks.norm == "both":
            got = "True with batch norm in D, which would mix real and fake"
            raise ValueError(f"loop.together must be False, got {got}")
        for name in ("batch", "clusters"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.r1 < float("inf"):
            raise ValueError(f"r1 must be a finite number of at least 0, got {self.r1}")


PRESETS: dict[str, MnistSettings] = {
    "dcgan": MnistSettings(),
    # Small batches: so many more steps in the same time.
    "fast": MnistSettings(SMALL, FAST, batch=16),
    # On two cores a step with 32 takes 1.4 times as long as one with 16, and brings more than that.
    "labels": MnistSettings(SMALL, WITH_CLASSES, batch=32, classes="labels"),
    "clusters": MnistSettings(SMALL, WITH_CLASSES, batch=32, classes="clusters"),
}


def default(device: torch.device | str) -> MnistSettings:
    """Return what suits a device: "labels" for a CPU, four times as wide for a GPU.

    So little work leaves a GPU waiting for the next order; how wide is best has not been measured.
    A wide layer adds up more inputs, so its weights must move less: a third of the rates.  It was
    chosen by one seed each of three factors, on pictures held out, which is little.  What these
    settings are worth was measured with other seeds: `gan_lessons.mnist.wide`.
    """
    small = PRESETS["labels"]
    if torch.device(device).type == "cpu":
        return small
    wide = replace(SMALL, g_width=4 * SMALL.g_width, d_width=4 * SMALL.d_width)
    cpu = small.loop
    loop = replace(cpu, lr_d=cpu.lr_d / 3, lr_g=cpu.lr_g / 3, precision="mixed")
    return replace(small, networks=wide, loop=loop, batch=64)


def make_trainer(
    settings: MnistSettings, seed: int, data: Digits, device: torch.device | str = "cpu"
) -> Trainer:
    """Return the untrained networks, their data and noise, ready to `run`.

    Parameters
    ----------
    settings : MnistSettings
        The recipe.
    seed : int
        Everything random comes from it: first weights, data, noise and clusters.
    data : Digits
        What to learn.
    device : torch.device or str
        Where to train.
    """
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
    device = torch.device(device)
    states = np.random.SeedSequence(seed).generate_state(5, np.uint64)
    g_init, d_init, real_seed, noise_seed, cluster_seed = (int(s % 2**31) for s in states)
    if settings.classes == "clusters":
        data = clustered(data, settings.clusters, cluster_seed)
    count = {"none": 0, "labels": int(data.labels.max()) + 1, "clusters": settings.clusters}
    shape = replace(settings.networks, classes=count[settings.classes])
    data = data.to(device)
    generator = Generator(shape, torch.Generator().manual_seed(g_init))
    discriminator = Discriminator(shape, torch.Generator().manual_seed(d_init))
    for network in (generator, discriminator):
        network.to(device)  # made on the CPU, so that every device starts from the same weights
        if settings.channels_last:
            # torch documents this argument, but its types leave it out.
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batches = LabelledImages if shape.classes else ImageBatches
    real = batches(data, settings.batch, torch.Generator(device).manual_seed(real_seed))
    labels = data.labels if shape.classes else None
    draw = torch.Generator(device).manual_seed(noise_seed)
    # The same seed as that of the pictures' source makes it draw the same rows of the data.
    rows = torch.Generator(device).manual_seed(real_seed) if settings.paired else None
    noise = Noise(shape.noise, settings.batch, draw, labels, rows)
    auxiliary = shape.classes > 0 and shape.labelling == "auxiliary"
    if auxiliary and settings.r1:
        raise ValueError(f"r1 must be 0 with an auxiliary classifier, got {settings.r1}")
    penalty = ClassPenalty() if auxiliary else R1(settings.r1, -3) if settings.r1 else None
    return Trainer(
        generator,
        discriminator,
        processes.part(real),
        processes.part(noise),
        settings.loop,
        g_loss=WithClasses(ON_FAKES) if auxiliary else ON_FAKES,
        penalty=penalty,
    )


def train(
    settings: MnistSettings,
    seed: int,
    data: Digits,
    *,
    steps: int | None = None,
    seconds: float | None = None,
    device: torch.device | str = "cpu",
    out: str | Path | None = None,
    resume: bool = False,
    on_step: Callable[[Trainer], None] | None = None,
    progress: bool = True,
) -> Trainer:
    """Train a GAN, and return it.

    Parameters
    ----------
    settings, seed, data, device
        As for `make_trainer`.
    steps : int, optional
        Train until so many steps are done, those before `resume` counted.
    seconds : float, optional
        Begin no further step after so much wall time.  One of the two must be given.
    out : path, optional
        Save a checkpoint here, every 30 seconds and at the end.
    resume : bool
        Go on from `out` if it exists; it must be of the same settings, seed and data.  On a device
        of another kind it goes on with other random numbers: see `gan_lessons.samples.go_on`.
    on_step : callable, optional
        Called with the trainer after each step.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Trainer
        If it was interrupted (Ctrl-C, or the notebook's stop button), with the whole steps that
        were done so far.
    """
    trainer = make_trainer(settings, seed, data, device)
    # How a step is computed makes no other GAN of it.
    what = replace(settings, loop=replace(settings.loop, compile=False, graph=False))
    extra: State = {"settings": json.dumps(asdict(what)), "seed": seed}
    if out is not None:
        extra["data"] = data.digest()
    if resume and out is not None and Path(out).exists():
        state = checkpoints.load(out)
        for name, mine in extra.items():
            if state.get(name) != mine:
                raise ValueError(f"{name} must be {state.get(name)} to resume {out}, got {mine}")
        trainer.load_state(state["trainer"])
    saver = None
    if out is not None and processes.rank() == 0:
        saver = checkpoints.Saver(out, extra=extra)

    left = None if steps is None else max(0, steps - trainer.steps)
    with Interrupts() as stop:  # so that what is saved at the end is no half step

        def after(t: Trainer) -> None:
            if saver is not None:
                saver(t)
            if on_step is not None:
                on_step(t)
            stop(t)

        trainer.run(left, after, progress, seconds=seconds)
    if saver is not None:
        saver.save(trainer)
    return trainer
