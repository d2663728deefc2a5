"""How good are digits after 30, 60, 120 and 300 seconds of training?  Ours, and as in tutorials.

    GAN_LESSONS_DATA=../shared/mnist python benchmarks/mnist.py [--quick]

For each way and each of five fresh seeds (three for the tutorials' loops, which are so far off
that two more would not tell more): train on the 60,000 pictures, and stop the clock at each of
the times to judge 10,000 samples against the 10,000 test pictures.  The clock is wall
time and runs while networks are made, pictures are clustered and steps are taken; it stands still
for the judge.  Settings are the package's presets, tuned on pictures held out from the training
set, with other seeds.  The judge is trained on the training set, and its floor, the distance of
10,000 real training pictures from the test set, is in the same table: distances by another judge
are on another scale.  "bar" is a distance in terms of a floor of 0.9.

Beside the distance stand what it does not notice: the share of samples in which the judge has no
doubt (0.99), the KL divergence of their classes from the test set's, precision and recall.

Each run is kept in ``_build/mnist``, and not done again when the benchmark goes on after a stop
(--fresh: do it again).  All of it takes two and a half hours on two quiet cores; --only takes some
of the ways.  Ways that ran with all seeds and all four times are written to
``gan_lessons/mnist/minutes.json``, which the chapter reads; a row of another judge, machine or
version of torch does not stay beside them.  --quick runs one seed for 2 and 4 seconds on few
pictures, to see whether the script works; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from mnist_ablation import write
from mnist_tutorials import TUTORIALS, tutorial
from torch import Tensor

from gan_lessons import metrics, neighbours
from gan_lessons.mnist import experiment, minutes
from gan_lessons.mnist.classifier import accuracy, load_classifier, look
from gan_lessons.mnist.clusters import clustered
from gan_lessons.mnist.data import Digits, load_mnist

OURS = ("labels", "clusters", "fast", "dcgan")
SEEDS = range(9000, 9005)  # none of them took part in tuning
BASELINE_SEEDS = SEEDS[:3]  # of the tutorials' loops
KEPT = Path(__file__).resolve().parent.parent / "_build" / "mnist"
PROTOTYPE_FLOOR = 0.9

Moment = tuple[float, int, Callable[[int], Tensor]]


def ours(name: str, digits: Digits, seed: int, stops: list[float]) -> Iterator[Moment]:
    """Train; at each of the stops (seconds of training) yield time, steps and how to sample."""
    start = time.perf_counter()
    trainer = experiment.make_trainer(experiment.PRESETS[name], seed, digits)
    used = time.perf_counter() - start
    for stop in stops:
        start = time.perf_counter()
        trainer.run(seconds=max(0.0, stop - used), progress=False)
        used += time.perf_counter() - start
        yield (
            used,
            trainer.steps,
            lambda n: experiment.sample(trainer, n, torch.Generator().manual_seed(seed)),
        )


class Bench:
    """A judge, the test set as it sees it, and how many samples to draw."""

    def __init__(self, train: Digits, test: Digits, samples: int) -> None:
        self.train, self.samples = train, samples
        self.judge = load_classifier(train, progress=False)
        self.real = look(self.judge, test.images)
        self.moments = metrics.moments(self.real.features)
        self.counts = metrics.class_counts(self.real.probabilities)
        # At random: the pictures lie in the file in an order, and the first ones are of one kind.
        chosen = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:samples]
        self.floor = self.score(train.images[chosen])
        self.accuracy = accuracy(self.judge, test)

    def score(self, pictures: Tensor) -> dict[str, float]:
        """Judge pictures against the test set."""
        seen = look(self.judge, pictures)
        near = neighbours.precision_recall(self.real.features, seen.features)
        return {
            "distance": metrics.frechet_distance(self.moments, seen.features),
            "sure": metrics.confident_share(seen.probabilities),
            "kl": metrics.class_kl(metrics.class_counts(seen.probabilities), self.counts),
            "precision": near.precision,
            "recall": near.recall,
        }

    def run(self, name: str, seed: int, stops: list[float]) -> list[dict[str, float]]:
        """Train one GAN, and judge it at each of the stops."""
        how = tutorial if name in TUTORIALS else ours
        rows = []
        for used, steps, sample in how(name, self.train, seed, stops):
            row = {"seconds": used, "steps": steps, **self.score(sample(self.samples))}
            rows.append(row)
            print(
                f"  {name:15s} seed {seed}", *(f"{k} {v:.4g}" for k, v in row.items()), flush=True
            )
        return rows


def written(row: dict[str, float]) -> str:
    return " ".join(f"{key} {value:.4g}" for key, value in row.items())


def report(bench: Bench, name: str, stops: list[float], runs: list[list[dict[str, float]]]) -> None:
    for i, stop in enumerate(stops):
        column = {key: [run[i][key] for run in runs] for key in runs[0][i]}
        d = column["distance"]
        middle = {key: statistics.median(values) for key, values in column.items()}
        bar = middle["distance"] * PROTOTYPE_FLOOR / bench.floor["distance"]
        print(
            f"{name:15s} {len(runs)} {stop:4.0f} {middle['steps']:7.0f} {middle['distance']:9.2f} "
            f"{min(d):7.2f} .. {max(d):7.2f} {bar:8.2f} {middle['sure']:6.3f} "
            f"{middle['kl']:8.4f} {middle['precision']:6.3f} {middle['recall']:6.3f}"
        )


def record(about: dict[str, Any], floor: dict[str, float], done: dict[str, Any]) -> None:
    """Write the rows of all ways in `done`, beside older ones that can be compared with them."""
    old = minutes.recorded() if minutes.RECORD.exists() else {}
    head = json.loads(json.dumps({"about": about, "floor": floor}))
    rows = old["rows"] if {key: old.get(key) for key in head} == head else {}
    for name, runs in done.items():
        preset = experiment.PRESETS.get(name)
        rows[name] = {
            "date": max(run["date"] for run in runs),
            "settings": None if preset is None else dataclasses.asdict(preset),
        }
        for key in ("steps", "distance", "sure", "kl", "precision", "recall"):
            rows[name][key] = {
                str(stop): [float(f"{run['rows'][i][key]:.4g}") for run in runs]
                for i, stop in enumerate(minutes.SECONDS)
            }
    write(minutes.RECORD, {**head, "rows": rows})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only see whether it works")
    parser.add_argument("--fresh", action="store_true", help="do not use what was kept")
    parser.add_argument("--only", nargs="+", default=[*OURS, *TUTORIALS], metavar="WAY")
    parser.add_argument("--seconds", nargs="+", type=float, default=[*map(float, minutes.SECONDS)])
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    options = parser.parse_args()
    train, test, samples = load_mnist("train"), load_mnist("test"), 10_000
    stops, most = options.seconds, options.seeds
    if options.quick:
        train, test, samples, stops, most = train[:4000], test[:1000], 1000, [2.0, 4.0], 1
    clustered(train[:100], 2, 0)  # imports scikit-learn before a clock runs
    bench = Bench(train, test, min(samples, len(test)))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    machine: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(), "cores": os.cpu_count(),
        "threads": torch.get_num_threads(), "torch": torch.__version__,
        "data": f"{len(train)} of {train.source}",
    }  # fmt: skip
    print(machine, f"load at the start {load:.1f}")
    print(f"judge: accuracy {bench.accuracy:.4f}; floor: {written(bench.floor)}")
    done = {}
    for name in options.only:
        done[name] = []
        for seed in (BASELINE_SEEDS if name in TUTORIALS else SEEDS)[:most]:
            kept = KEPT / f"{name.replace(' ', '-')}-{seed}.json"
            key = {"stops": stops, "samples": samples, "floor": bench.floor, **machine}
            key["settings"] = repr(experiment.PRESETS.get(name))
            old = json.loads(kept.read_text()) if kept.exists() and not options.fresh else {}
            if old.get("key") != json.loads(json.dumps(key)):
                load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
                today = datetime.date.today().isoformat()
                rows = bench.run(name, seed, stops)
                old = {"key": key, "date": today, "load": load, "rows": rows}
                if not options.quick:
                    KEPT.mkdir(parents=True, exist_ok=True)
                    write(kept, old)
            done[name].append(old)
    print("\nmedians, and the range of the distance")
    print("way         seeds s   steps  distance          range          bar   sure  "
          "class KL  prec. recall")  # fmt: skip
    for name, runs in done.items():
        report(bench, name, stops, [run["rows"] for run in runs])
    if not options.quick and stops == [*minutes.SECONDS] and most == len(SEEDS):
        about = {**machine, "seeds": [*SEEDS], "samples": samples, "judge": bench.accuracy}
        about["data"] = about["data"].split(",")[0]  # not where the files were
        record(about, bench.floor, done)


if __name__ == "__main__":
    main()
