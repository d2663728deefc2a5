"""Many trainings, one on each core; those that are done are kept, and not done again.

Not a benchmark by itself: `mnist_drift.py` and `mnist_wide.py` train with it.  They count steps,
not seconds, so it does no harm if all cores are at work.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import multiprocessing
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any

import torch
from mnist import Bench
from mnist_ablation import write

from gan_lessons.mnist.data import load_mnist
from gan_lessons.mnist.experiment import MnistSettings, make_trainer
from gan_lessons.training import Trainer

SAMPLES = 10_000

Row = dict[str, Any]
Run = Callable[[str, int], list[Row]]  # of a way and a seed: what was found at each moment


@cache
def bench() -> Bench:
    """A judge with what it sees in the test set: once in each process, on one thread."""
    torch.set_num_threads(1)
    return Bench(load_mnist("train"), load_mnist("test"), SAMPLES)


def about(seeds: Sequence[int]) -> dict[str, Any]:
    """What a record says of how it was made."""
    judge = bench()
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, one thread",
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
        "data": f"{len(judge.train)} of {judge.train.source.split(',')[0]}",
        "seeds": [*seeds],
        "samples": SAMPLES,
        "judge": round(judge.accuracy, 4),
    }


def as_read(settings: MnistSettings) -> dict[str, Any]:
    """Settings as they will be read from a file: there a tuple is a list."""
    found: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(settings)))
    return found


def train_all(
    run: Run,
    ways: Mapping[str, MnistSettings],
    seeds: Sequence[int],
    moments: Sequence[int],
    folder: Path,
) -> dict[str, list[list[Row]]]:
    """Return what `run` found for each way, as [seed][moment]; it must be importable."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, int], list[Row]] = {}
    # A fresh process each: one that is a copy would share the threads of torch.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=fresh) as pool:
        waiting = {}
        for seed in seeds:
            for way, settings in ways.items():
                path = folder / f"{way}, {seed}.json"
                key = [as_read(settings), bench().floor, [*moments], torch.__version__]
                old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
                if old.get("key") == key:
                    found[way, seed] = old["run"]
                else:
                    waiting[pool.submit(_kept, run, way, seed, path, key)] = way, seed
        for done in as_completed(waiting):
            found[waiting[done]] = done.result()
    return {way: [found[way, seed] for seed in seeds] for way in ways}


def _kept(run: Run, way: str, seed: int, path: Path, key: Any) -> list[Row]:
    """Train one GAN, and leave what was found in a file."""
    found = run(way, seed)
    write(path, {"key": key, "run": found})
    return found


def train_one(
    way: str,
    seed: int,
    settings: MnistSettings,
    moments: Sequence[int],
    judged: Callable[[Trainer, int], Row],
) -> list[Row]:
    """Train one GAN, and judge it after each of so many steps."""
    trainer = make_trainer(settings, seed, bench().train)
    found = []
    for steps in moments:
        trainer.run(steps - trainer.steps, progress=False)
        found.append(judged(trainer, seed))
        short = " ".join(f"{k} {v}" for k, v in found[-1].items() if isinstance(v, float))
        print(f"{way:18s} {seed} {steps:6d} {short}", flush=True)
    return found


def rounded(found: Mapping[str, float]) -> Row:
    """Four digits of each number."""
    return {name: float(f"{value:.4g}") for name, value in found.items()}
