"""Train every method of the book on three toys: how often it succeeds, how well, at what cost.

    python benchmarks/methods.py [folder for cells]

For each method and toy: 6 tuning seeds at each of the three learning rates of `contest.RATES`,
then 40 fresh seeds at the rate with the most successes (ties: the smaller median distance).
All methods get the same networks, batches, steps and the same tuning; other settings, such as
the weight of a penalty, are those of `contest.METHODS` and are not tuned.  The plain method is
also tuned and trained with six times the steps, about the cost of the dearest methods.

The work is kept cell by cell in ``_build/methods``: when it is stopped, it goes on from there.
When all cells are there, the cost of a step is measured, all methods in turns, and everything
is written to ``gan_lessons/contest.json``, which the chapters read.  About half an hour of one
core.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch

from gan_lessons import contest
from gan_lessons.contest import METHODS, RATES, TARGETS
from gan_lessons.toy import one_thread

TOYS = ("gaussian", "two modes", "ring of eight")
TUNING = range(100, 106)
SEEDS = range(8000, 8040)
STEPS = 600
LONGER = 6
ROUNDS, AT_ONCE = 9, 5  # of timing: steps in a round

REPOSITORY = Path(__file__).resolve().parent.parent


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cells = [kept(folder, m, t, STEPS) for m in METHODS for t in TOYS]
    longer = [kept(folder, "non-saturating", t, LONGER * STEPS) for t in TOYS]
    write(contest.RECORD, {"about": about(), "cost": costs(), "cells": cells, "longer": longer})


def kept(folder: Path, method: str, toy: str, steps: int) -> dict[str, Any]:
    """Return what an earlier run has left, or train now and leave it."""
    path = folder / f"{method}, {toy}{'' if steps == STEPS else f', {steps} steps'}.json"
    if not path.exists():
        write(path, cell(method, toy, steps))
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    print(f"{method:26s} {toy:14s} {found['lr']:g} {sum(found['success']):3d} of {len(SEEDS)}")
    return found


def cell(method: str, toy: str, steps: int) -> dict[str, Any]:
    """Tune on some seeds, then train on others; one entry for each seed in each list."""
    tried = {}
    for lr in RATES:
        seen = contest.train(METHODS[method], TARGETS[toy], TUNING, steps, lr).verdicts
        tried[lr] = int(seen.success.sum()), -float(seen.distance.median())
    best = max(tried, key=tried.__getitem__)
    outcome = contest.train(METHODS[method], TARGETS[toy], SEEDS, steps, best)
    return {
        "method": method,
        "toy": toy,
        "steps": steps,
        "lr": best,
        "tuning": {f"{lr:g}": successes for lr, (successes, _) in tried.items()},
        "ms": round(outcome.seconds * 1e3, 2),
        **contest.rounded(outcome.verdicts),
    }


def costs() -> dict[str, float]:
    """Processor time of a step over that of plain training, 40 GANs on the ring, in turns."""
    trainers = {m: contest.make_trainer(METHODS[m], TARGETS[TOYS[-1]], SEEDS) for m in METHODS}
    taken: dict[str, list[float]] = {m: [] for m in METHODS}
    with one_thread():
        for trainer in trainers.values():  # warm-up
            trainer.run(1, progress=False)
        for _ in range(ROUNDS):
            for method, trainer in trainers.items():
                start = time.process_time()
                trainer.run(AT_ONCE, progress=False)
                taken[method].append(time.process_time() - start)
    plain = taken["non-saturating"]
    return {
        m: round(statistics.median(a / b for a, b in zip(t, plain, strict=True)), 2)
        for m, t in taken.items()
    }


def about() -> dict[str, Any]:
    """Say when, where and with what the table was made."""
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {processor()}, one thread",
        "load": round(os.getloadavg()[0], 1),
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
        "steps": STEPS,
        "batch": contest.BATCH,
        "hidden": contest.HIDDEN,
        "rates": RATES,
        "seeds": [SEEDS[0], SEEDS[-1]],
        "tuning_seeds": [TUNING[0], TUNING[-1]],
    }


def processor() -> str:
    """What kind of processor this is; results repeat to the last digit on the same kind only."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")


def write(path: Path, what: dict[str, Any]) -> None:
    """Write the whole file or nothing."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(what, separators=(",", ":")) + "\n", encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "_build" / "methods")
