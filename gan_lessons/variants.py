"""The 1-D experiment with one part exchanged: another D, loss or penalty, and the same loop.

Examples
--------
>>> from gan_lessons.objectives import FeatureMatching
>>> settings = toy.ToySettings(batch=16, g_hidden=(8,), d_hidden=(8,))
>>> run = train(settings, [0, 1], 4, Variant(g_loss=lambda _: FeatureMatching()))
>>> run.frames.tolist(), run.d_loss.shape
([0, 4], (4, 2))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gan_lessons import losses, toy
from gan_lessons.samples import Source
from gan_lessons.toy import Run, ToySettings
from gan_lessons.training import Judged, PairLoss, Trainer

Generators = list[torch.Generator]


@dataclass(frozen=True)
class Variant:
    """What differs from `toy.train`; by default nothing.

    Parameters
    ----------
    judge : callable, optional
        Makes D from (generators, real): one torch.Generator for each GAN, and the source of data,
        in the networks' units, for a D that keeps a reference batch.
    d_loss : callable
        Loss of D, given the logits of (real, fake).
    g_loss : callable, optional
        Makes the objective of G, given the network G.  Default: that of the settings.
    penalty : callable, optional
        Makes the penalty of D, given the network D.  Default: that of the settings.
    """

    judge: Callable[[Generators, Source], nn.Module] | None = None
    d_loss: PairLoss = losses.discriminator_loss
    g_loss: Callable[[nn.Module], Judged] | None = None
    penalty: Callable[[nn.Module], Judged] | None = None


PLAIN = Variant()


def make_trainer(settings: ToySettings, seeds: Sequence[int], variant: Variant = PLAIN) -> Trainer:
    """Return the players of the toy with the variant's parts, ready to `run`.

    Without a change it is `toy.make_trainer`.  A `judge` draws its weights from a stream of its
    own for each seed; data, noise and the weights of G stay those of the seed.
    """
    base = toy.make_trainer(settings, seeds)
    judge = base.discriminator
    if variant.judge is not None:
        judge = variant.judge(generators(seeds), base.real)
    return Trainer(
        base.generator,
        judge,
        base.real,
        base.noise,
        settings.loop,
        g_loss=base.g_loss if variant.g_loss is None else variant.g_loss(base.generator),
        d_loss=variant.d_loss,
        penalty=base.penalty if variant.penalty is None else variant.penalty(judge),
    )


def train(
    settings: ToySettings,
    seeds: Sequence[int],
    steps: int = 1000,
    variant: Variant = PLAIN,
    record_every: int | None = None,
) -> Run:
    """Train one GAN for each seed, all of them side by side.

    Parameters
    ----------
    settings, seeds, steps, record_every
        As in `toy.train`.
    variant : Variant
        What is exchanged.

    Returns
    -------
    Run
        As `toy.train` returns it, but without snapshots of D, which may be any network.
    """
    trainer = make_trainer(settings, seeds, variant)
    every = record_every or max(1, steps)
    names = ("generator", "averaged")
    shots: list[tuple[int, list[list[Tensor]]]] = []

    def record(t: Trainer) -> None:
        if t.steps % every == 0 or t.steps == steps:
            weights = [[p.detach().clone() for p in getattr(t, n).parameters()] for n in names]
            shots.append((t.steps, weights))

    record(trainer)
    with toy.one_thread():
        trainer.run(steps, record, progress=False)
    d_loss, g_loss = (loss.reshape(-1, len(seeds)).numpy() for loss in trainer.losses())
    weights = {
        name: [torch.stack(w).numpy() for w in zip(*(shot[i] for _, shot in shots), strict=True)]
        for i, name in enumerate(names)
    }
    frames = np.array([done for done, _ in shots])
    return Run(settings, np.array(seeds, np.int64), d_loss, g_loss, frames, weights)


def generators(seeds: Sequence[int], use: int = 1) -> Generators:
    """Return one stream of random numbers for each seed, other than those of the toy.

    Parameters
    ----------
    seeds : sequence of int
        One stream for each.
    use : int
        What for: different uses of one seed share no numbers.
    """
    states = [np.random.SeedSequence([s, use]).generate_state(1, np.uint64)[0] for s in seeds]
    return [torch.Generator().manual_seed(int(state % 2**63)) for state in states]
