"""What is each choice of the recipe for digits worth?  The recipe with one thing changed.

    GAN_LESSONS_DATA=../shared/mnist python benchmarks/mnist_ablation.py [folder for runs]

Each way of `gan_lessons.mnist.ablation.WAYS` is trained from three fresh seeds, all on as many
pictures (64,000 real ones), and 10,000 samples are judged against the 10,000 test pictures, as
in `benchmarks/mnist.py`.  Counting pictures and not seconds makes the quality independent of
what else the machine does; what a run costs stands beside it, as processor time over that of
the recipe, all ways in turns.

The work is kept run by run in ``_build/mnist/ablation``: when it is stopped, it goes on from
there.  At the end all is written to ``gan_lessons/mnist/ablation.json``, which the chapter
reads.  About three quarters of an hour of one core.
"""

from __future__ import annotations

import dataclasses
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

from gan_lessons import metrics
from gan_lessons.mnist import ablation, experiment
from gan_lessons.mnist.ablation import WAYS
from gan_lessons.mnist.classifier import accuracy, load_classifier, look
from gan_lessons.mnist.data import Digits, load_mnist

SEEDS = range(9100, 9103)  # none of them took part in tuning
SAMPLES = 10_000
ROUNDS, AT_ONCE = 9, 5  # of timing: steps in a round

FOLDER = Path(__file__).resolve().parent.parent / "_build" / "mnist" / "ablation"


class Bench:
    """A judge, and the test pictures as it sees them."""

    def __init__(self, train: Digits, test: Digits) -> None:
        self.train = train
        self.judge = load_classifier(train, progress=False)
        real = look(self.judge, test.images)
        self.moments = metrics.moments(real.features)
        self.counts = metrics.class_counts(real.probabilities)
        # At random: the pictures lie in the file in an order, and the first ones are of one kind.
        chosen = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:SAMPLES]
        self.floor = self.score(train.images[chosen])
        self.accuracy = accuracy(self.judge, test)

    def score(self, pictures: torch.Tensor) -> dict[str, float]:
        """Judge pictures against the test set."""
        seen = look(self.judge, pictures)
        kl = metrics.class_kl(metrics.class_counts(seen.probabilities), self.counts)
        return {
            "distance": round(metrics.frechet_distance(self.moments, seen.features), 3),
            "sure": round(metrics.confident_share(seen.probabilities), 4),
            "kl": round(kl, 5),
        }

    def run(self, way: str, seed: int) -> dict[str, float]:
        """Train one GAN and judge it."""
        settings = WAYS[way]
        trainer = experiment.train(
            settings, seed, self.train, steps=ablation.steps(settings), progress=False
        )
        draw = torch.Generator().manual_seed(seed)
        return self.score(experiment.sample(trainer, SAMPLES, draw))


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    train, test = load_mnist("train"), load_mnist("test")
    bench = Bench(train, test)
    about = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, one thread",
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
        "data": f"{len(train)} of {train.source.split(',')[0]}",
        "pictures": ablation.STEPS * ablation.RECIPE.batch,
        "seeds": [*SEEDS],
        "samples": SAMPLES,
        "judge": round(bench.accuracy, 4),
    }
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Any] = {}
    for way, settings in WAYS.items():
        # As it will be read: a tuple comes back as a list.
        now = json.loads(json.dumps(dataclasses.asdict(settings)))
        runs = [kept(folder, bench, way, now, seed) for seed in SEEDS]
        rows[way] = {"settings": now, **{key: [run[key] for run in runs] for key in runs[0]}}
    about["load"] = round(os.getloadavg()[0], 1)
    for way, cost in costs(train).items():
        rows[way]["cost"] = cost
    write(ablation.RECORD, {"about": about, "floor": bench.floor, "rows": rows})


def kept(folder: Path, bench: Bench, way: str, settings: Any, seed: int) -> dict[str, float]:
    """Return what an earlier run has left, or train now and leave it."""
    path = folder / f"{way}, {seed}.json"
    key = [settings, bench.floor, torch.__version__]
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if old.get("key") != key:
        old = {"key": key, "run": bench.run(way, seed)}
        write(path, old)
    found: dict[str, float] = old["run"]
    print(f"{way:24s} {seed}", *(f"{k} {v:.4g}" for k, v in found.items()), flush=True)
    return found


def costs(train: Digits) -> dict[str, float]:
    """Processor time of a whole run over that of the recipe's, all ways in turns."""
    trainers = {way: experiment.make_trainer(WAYS[way], 0, train) for way in WAYS}
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for trainer in trainers.values():  # warm-up
        trainer.run(AT_ONCE, progress=False)
    for _ in range(ROUNDS):
        for way, trainer in trainers.items():
            start = time.process_time()
            trainer.run(AT_ONCE, progress=False)
            taken[way].append((time.process_time() - start) * ablation.steps(WAYS[way]))
    recipe = taken["the recipe"]
    return {
        way: round(statistics.median(a / b for a, b in zip(t, recipe, strict=True)), 2)
        for way, t in taken.items()
    }


def write(path: Path, what: dict[str, Any]) -> None:
    """Write the whole file or nothing."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(what, separators=(",", ":")) + "\n", encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
