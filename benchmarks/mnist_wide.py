"""What the settings for a GPU are worth by the step, measured without one.

    GAN_LESSONS_DATA=../shared/mnist python benchmarks/mnist_wide.py [folder for runs]

Each way of `gan_lessons.mnist.wide.WAYS` is trained for 4,000 steps on the 60,000 pictures, from
three fresh seeds; now and then 10,000 samples are judged against the 10,000 test pictures.
Steps are counted, not seconds, so other work does not change what is found.  All is computed in
full precision: few CPUs are faster in 16 bits, and what changes is rounding.

Each core runs one training at a time, on one thread.  A run that is done is kept, and the benchmark
goes on where it was stopped.  At the end all is written to ``gan_lessons/mnist/wide.json``, which
the chapter reads.  Three quarters of an hour on two cores.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from mnist_ablation import write
from mnist_pool import SAMPLES, Row, about, as_read, bench, rounded, train_all, train_one

from gan_lessons.mnist import experiment, wide
from gan_lessons.training import Trainer

SEEDS = range(9400, 9403)  # none of them took part in tuning
FOLDER = Path(__file__).resolve().parent.parent / "_build" / "mnist" / "wide"


def judged(trainer: Trainer, seed: int) -> Row:
    """Judge samples of the averaged G."""
    draw = torch.Generator().manual_seed(seed)
    return rounded(bench().score(experiment.sample(trainer, SAMPLES, draw)))


def run(way: str, seed: int) -> list[Row]:
    """Train one GAN and judge it at each of the moments."""
    return train_one(way, seed, wide.WAYS[way], wide.STEPS, judged)


def main(folder: Path) -> None:
    found = train_all(run, wide.WAYS, SEEDS, wide.STEPS, folder)
    rows: dict[str, Any] = {}
    for way, runs in found.items():
        names = [*runs[0][0]]
        rows[way] = {name: [[moment[name] for moment in one] for one in runs] for name in names}
        rows[way]["settings"] = as_read(wide.WAYS[way])
    head = {"about": about(SEEDS), "floor": rounded(bench().floor)}
    write(wide.RECORD, {**head, "rows": rows})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
