"""Every method of the book on the same toys: one loop, the same networks, many seeds at once.

What sets a method apart is in `gan_lessons.methods`.

Examples
--------
>>> outcome = train(METHODS["hinge"], TARGETS["gaussian"], seeds=[0, 1], steps=3)
>>> outcome.samples.shape, outcome.verdicts.success.tolist()
(torch.Size([1, 2, 1024, 1]), [False, False])
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_lessons.methods import METHODS, Method
from gan_lessons.networks import MLP
from gan_lessons.plane import TARGETS, Points, Target, Verdicts, latent, noise
from gan_lessons.toy import one_thread
from gan_lessons.training import LoopSettings, Trainer

__all__ = ["METHODS", "RATES", "TARGETS", "Method", "Outcome", "make_trainer", "train"]

RECORD = Path(__file__).with_name("contest.json")  # what benchmarks/methods.py found

HIDDEN = (32, 32)  # of both networks, tanh
BATCH = 32
COUNT = 1024  # samples that each generator is judged by
RATES = (1e-3, 3e-3, 1e-2)  # learning rates that each method may choose from


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
    n, real = target.dim, Points(target, BATCH, data)
    g, d = MLP([n, *HIDDEN, n], g_init), method.discriminator([n, *HIDDEN, 1], d_init, real)
    trainer = Trainer(
        g,
        d,
        real,
        Points(noise(n), BATCH, z),
        LoopSettings(k=method.k, lr_d=lr * method.d_rate, lr_g=lr, ema=method.ema),
        g_loss=method.what_g_minimises(g),
        d_loss=method.game.d_loss,
        penalty=method.what_d_adds(d, inside),
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
