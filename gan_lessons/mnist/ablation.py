"""What each choice of the recipe for digits is worth: the recipe with one thing changed.

`WAYS` are the recipe and its changes; `benchmarks/mnist_ablation.py` trains each of them from
several seeds, for as many pictures as the recipe sees in `STEPS` steps, and writes `RECORD`,
which the chapter reads.

Examples
--------
>>> WAYS["no averaging"].loop.ema, WAYS["the recipe"].loop.ema
(0.0, 0.995)
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from gan_lessons.mnist.experiment import PAPER, PRESETS, MnistSettings

STEPS = 2000  # of the recipe: about three quarters of a minute on one core
RECIPE = PRESETS["labels"]
RECORD = Path(__file__).with_name("ablation.json")  # what benchmarks/mnist_ablation.py found


def _networks(**changes: Any) -> MnistSettings:  # of NetworkSettings, which checks them
    return replace(RECIPE, networks=replace(RECIPE.networks, **changes))


def _loop(**changes: Any) -> MnistSettings:  # of LoopSettings, which checks them
    return replace(RECIPE, loop=replace(RECIPE.loop, **changes))


WAYS: dict[str, MnistSettings] = {
    "the recipe": RECIPE,
    "clusters for labels": replace(RECIPE, classes="clusters"),
    "no classes": replace(RECIPE, classes="none"),
    "no averaging": _loop(ema=0.0),
    "averaged over 50 steps": _loop(ema=0.98),
    # So early the warm-up would not allow it: the average reaches back at most over a ninth.
    "averaged over 670 steps": _loop(ema=0.9985, ema_warmup=False),
    "rates that stay": _loop(half_after=0),
    "labels drawn apart": replace(RECIPE, paired=False),  # for the fakes, and for the real ones
    "the paper's rates": _loop(lr_d=PAPER.lr_d, lr_g=PAPER.lr_g, betas=PAPER.betas),
    "first weights of 0.02": _networks(init_sd=0.02),
    "batches of 16": replace(RECIPE, batch=16),
    "batches of 128": replace(RECIPE, batch=128),
    "no 3 x 3 layers in G": _networks(refine=False),
    "two layers in D": _networks(third=False),
    "no batch norm": _networks(norm="none"),
    "batch norm in D too": replace(
        RECIPE,
        networks=replace(RECIPE.networks, norm="both"),
        loop=replace(RECIPE.loop, together=False),
    ),
    "no strides": _networks(strided=False),
    "twice as wide": _networks(g_width=32, d_width=32),
}


def steps(settings: MnistSettings) -> int:
    """Return how many steps see as many pictures as `STEPS` of the recipe.

    Examples
    --------
    >>> steps(RECIPE), steps(WAYS["batches of 128"])
    (2000, 500)
    """
    return STEPS * RECIPE.batch // settings.batch


def recorded() -> dict[str, Any]:
    """Return what the benchmark found: `about` it, the judge's `floor`, and `rows`.

    ``rows[way]`` has the settings, the cost of the run relative to the recipe's, and for each
    seed the distance, the share of sure digits and the KL divergence of the classes.
    """
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found
