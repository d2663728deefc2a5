"""Every method of the book on the same toys: one loop, the same networks, many seeds at once.

A `Method` says what differs from plain training: the game, a penalty, the discriminator, what G
minimises, how often D moves, how fast, and how its weights are kept small.  Nothing here tells
methods apart by name, and the training loop does not know them at all.

Examples
--------
>>> outcome = train(METHODS["hinge"], TARGETS["gaussian"], seeds=[0, 1], steps=3)
>>> outcome.samples.shape, outcome.verdicts.success.tolist()
(torch.Size([1, 2, 1024, 1]), [False, False])
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_lessons import losses
from gan_lessons.alternatives import GAMES, Game, f_gan
from gan_lessons.batch_layers import (
    BatchMLP,
    MinibatchDiscrimination,
    MinibatchStd,
    Packed,
    SpectralMLP,
)
from gan_lessons.f_divergences import GENERATORS
from gan_lessons.networks import MLP, LogitMLP
from gan_lessons.objectives import FeatureMatching, OnFakes, OnPairs
from gan_lessons.penalties import R1, R2, Both, Clipped, GradientPenalty, Optimizer
from gan_lessons.plane import TARGETS, Points, Target, Verdicts, latent, noise
from gan_lessons.techniques import SmoothedLabels
from gan_lessons.toy import one_thread
from gan_lessons.training import Judged, LoopSettings, Trainer

__all__ = ["METHODS", "RATES", "TARGETS", "Method", "Outcome", "make_trainer", "train"]

Generators = Sequence[torch.Generator]
Sizes = Sequence[int]

RECORD = Path(__file__).with_name("contest.json")  # what benchmarks/methods.py found

HIDDEN = (32, 32)  # of both networks, tanh
BATCH = 32
COUNT = 1024  # samples that each generator is judged by
RATES = (1e-3, 3e-3, 1e-2)  # learning rates that each method may choose from


def as_it_is(optimizer: Optimizer) -> Optimizer:
    """Return the optimiser of D without a change."""
    return optimizer


def no_penalty(generators: Generators) -> None:
    """Return None: nothing is added to the loss of D."""


@dataclass(frozen=True)
class Method:
    """What sets one way of training a GAN apart; the defaults are the plain one.

    Parameters
    ----------
    name : str
        What it is called.
    game : Game
        The losses of both players.
    objective : callable, optional
        What G minimises, if not the loss that the game has for it.
    discriminator : callable
        Makes S discriminators from (sizes, generators); sizes begin with the width of a sample
        and end in 1.
    penalty : callable
        Makes the penalty on D, or None, from S generators that it may draw from.
    optimizer : callable
        Wraps the optimiser of D: to clip weights, say.
    k : int
        Steps of D for one of G.
    d_rate : float
        The learning rate of D over that of G.
    ema : float
        How slowly the judged average of G's weights moves; 0 judges G as it is.
    """

    name: str
    game: Game = GAMES["non-saturating"]
    objective: Judged | None = None
    discriminator: Callable[[Sizes, Generators], nn.Module] = LogitMLP
    penalty: Callable[[Generators], Judged | None] = no_penalty
    optimizer: Callable[[Optimizer], Optimizer] = as_it_is
    k: int = 1
    d_rate: float = 1.0
    ema: float = 0.99

    def what_g_minimises(self) -> Judged:
        """Return the objective of G, which is that of the game unless the method has its own."""
        of_game = OnPairs if self.game.pairs else OnFakes
        # `pairs` says which of the two kinds of loss it is; mypy cannot know.
        return self.objective or of_game(self.game.g_loss)  # type: ignore[arg-type]


def minibatch(sizes: Sizes, generators: Generators) -> BatchMLP:
    """Make discriminators with minibatch discrimination: 4 kernels of rows of 2."""
    layer = MinibatchDiscrimination(sizes[-2], generators, kernels=4, rows=2)
    return BatchMLP(sizes[:-1], generators, layer)


def batch_spread(sizes: Sizes, generators: Generators) -> BatchMLP:
    """Make discriminators that see the standard deviation of the batch."""
    return BatchMLP(sizes[:-1], generators, MinibatchStd())


def packed(sizes: Sizes, generators: Generators, pack: int = 2) -> Packed:
    """Make discriminators of pairs of samples."""
    return Packed(LogitMLP([pack * sizes[0], *sizes[1:]], generators), pack)


def r1_and_r2(gamma: float) -> Both:
    """Return the two zero-centred penalties with one weight."""
    return Both(R1(gamma), R2(gamma))


GAMMA = 0.1  # weight of R1 and R2, as in the 1-D experiment
BOUND = 0.1  # of clipped weights
METHODS = {
    m.name: m
    for m in (
        Method("minimax", GAMES["minimax"]),
        Method("non-saturating"),
        Method("least squares", GAMES["least squares"]),
        Method("hinge", GAMES["hinge"]),
        Method("WGAN, clipping", GAMES["wasserstein"], k=5,
               optimizer=lambda optimizer: Clipped(optimizer, BOUND)),
        Method("WGAN-GP", GAMES["wasserstein"], k=5, penalty=GradientPenalty),
        Method("hinge, spectral norm", GAMES["hinge"], discriminator=SpectralMLP),
        Method("R1", penalty=lambda generators: R1(GAMMA)),
        Method("R1 + R2", penalty=lambda generators: r1_and_r2(GAMMA)),
        Method("relativistic", GAMES["relativistic"]),
        Method("relativistic, R1 + R2", GAMES["relativistic"],
               penalty=lambda generators: r1_and_r2(GAMMA)),
        *(Method(f"f-GAN, {g.name}", f_gan(g.slope, g.conjugate, g.name))
          for g in map(GENERATORS.__getitem__, ("KL", "reverse KL", "Pearson chi2"))),
        Method("feature matching", objective=FeatureMatching()),
        Method("minibatch discrimination", discriminator=minibatch),
        Method("minibatch std", discriminator=batch_spread),
        Method("packing, 2", discriminator=packed),
        Method("one-sided smoothing",
               Game("smoothed", SmoothedLabels(), losses.nonsaturating_loss)),
        Method("k = 5", k=5),
        Method("no averaging", ema=0.0),
        Method("two time scales", d_rate=4.0),
        # Three of these with other settings, chosen after they had failed.
        Method("WGAN-GP, weight 0.1", GAMES["wasserstein"], k=5,
               penalty=functools.partial(GradientPenalty, weight=0.1)),
        Method("WGAN, clipping at 0.5", GAMES["wasserstein"], k=5,
               optimizer=lambda optimizer: Clipped(optimizer, 0.5)),
        Method("spectral norm, retuned", GAMES["hinge"], k=5,
               discriminator=functools.partial(SpectralMLP, activation=torch.relu_, scale=8.0)),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of S GANs that trained side by side.

    Attributes
    ----------
    frames : list of int
        Number of steps done when each set of samples was taken.
    samples : Tensor
        (F, S, N, n), in the units of the data: the generators' answers to the same N latents.
    verdicts : Verdicts
        On the last samples.
    seconds : float
        Processor time of one step of all GANs.
    """

    frames: list[int]
    samples: Tensor
    verdicts: Verdicts
    seconds: float


def make_trainer(method: Method, target: Target, seeds: Sequence[int], lr: float = 1e-3) -> Trainer:
    """Return untrained GANs, one for each seed, with their data and noise, ready to `run`.

    Parameters
    ----------
    method, target
        What is trained on what.
    seeds : sequence of int
        Everything random about GAN s comes from ``seeds[s]`` alone.
    lr : float
        Learning rate of G; that of D is ``method.d_rate`` times it.
    """
    if not len(seeds) or min(seeds) < 0:
        raise ValueError(f"seeds must be at least one number of at least 0, got {seeds}")
    # Independent streams for each seed, so that no two uses share their numbers.
    states = np.array([np.random.SeedSequence(s).generate_state(5, np.uint64) for s in seeds])
    g_init, d_init, data, z, inside = (
        [torch.Generator().manual_seed(int(state % 2**63)) for state in column]
        for column in states.T
    )
    n = target.dim
    trainer = Trainer(
        MLP([n, *HIDDEN, n], g_init),
        method.discriminator([n, *HIDDEN, 1], d_init),
        Points(target, BATCH, data),
        Points(noise(n), BATCH, z),
        LoopSettings(k=method.k, lr_d=lr * method.d_rate, lr_g=lr, ema=method.ema),
        g_loss=method.what_g_minimises(),
        d_loss=method.game.d_loss,
        penalty=method.penalty(inside),
    )
    trainer.d_optimizer = method.optimizer(trainer.d_optimizer)
    return trainer


def train(
    method: Method,
    target: Target,
    seeds: Sequence[int],
    steps: int,
    lr: float = 1e-3,
    every: int | None = None,
) -> Outcome:
    """Train one GAN for each seed, side by side, and judge what their averaged G makes.

    Parameters
    ----------
    method, target, seeds, lr
        As for `make_trainer`.
    steps : int
        Updates of G, at least 1.
    every : int, optional
        Steps between sets of samples; by default only those after the last step are kept.

    Returns
    -------
    Outcome
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if every is not None and every < 1:
        raise ValueError(f"every must be at least 1, got {every}")
    trainer = make_trainer(method, target, seeds, lr)
    z = latent(target.dim, COUNT).expand(len(seeds), -1, -1)
    frames: list[int] = []
    samples: list[Tensor] = []

    def record(t: Trainer) -> None:
        if t.steps == steps or (every and t.steps % every == 0):
            frames.append(t.steps)
            with torch.no_grad():
                samples.append(target.restored(t.averaged(z)))

    start = time.process_time()
    with one_thread():
        trainer.run(steps, record, progress=False)
    seconds = (time.process_time() - start) / steps
    return Outcome(frames, torch.stack(samples), target.judged(samples[-1]), seconds)


def rounded(verdicts: Verdicts) -> dict[str, list[Any]]:
    """Return the verdicts as lists of short numbers, as they are kept in the record.

    A distance that is infinite, that of a GAN whose weights became infinite, is None.
    """
    rows: dict[str, list[Any]] = {"success": verdicts.success.int().tolist()}
    rows["covered"] = verdicts.covered.tolist()
    for name in ("hit", "spread", "distance"):
        numbers = getattr(verdicts, name).tolist()
        rows[name] = [round(v, 3) if np.isfinite(v) else None for v in numbers]
    return rows


def recorded() -> dict[str, Any]:
    """Read what ``benchmarks/methods.py`` found.

    Returns
    -------
    dict
        "about": date, machine, versions and settings; "cost": processor time of a step over that
        of "non-saturating"; "cells": one dict for each method and toy, with the learning rate
        that was chosen and the verdict on each seed.
    """
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found
