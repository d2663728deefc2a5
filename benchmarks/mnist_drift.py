"""Which digits win when rates stay: why a GAN without classes gets worse again after a while.

    GAN_LESSONS_DATA=../shared/mnist python benchmarks/mnist_drift.py [folder for runs]

Each way of `gan_lessons.mnist.drift.WAYS` is trained for 30,000 steps on the 60,000 pictures,
from five fresh seeds; now and then 10,000 samples are judged against the 10,000 test pictures.
Steps are counted, not seconds, so other work does not change what is found.  Beside the usual
numbers stand

- the distance once more, with each sample weighted such that each digit has its share in the
  test set: what would be left if only the class balance were mended;
- how often each digit is drawn, and D's lead: its mean logit over the real test digits less that
  over samples, for all of them and, at the end, digit by digit.  (D learns from neither.)

Each core runs one training at a time, on one thread.  A run that is done is kept, and the benchmark
goes on where it was stopped.  At the end all is written to ``gan_lessons/mnist/drift.json``, which
the chapter reads.  About an hour on two cores.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch
from mnist_ablation import write
from mnist_pool import SAMPLES, Row, about, as_read, bench, rounded, train_all, train_one
from torch import Tensor

from gan_lessons import metrics, neighbours
from gan_lessons.mnist import drift, experiment
from gan_lessons.mnist.classifier import look
from gan_lessons.mnist.data import Digits, load_mnist, scaled
from gan_lessons.mnist.film import in_batches
from gan_lessons.mnist.networks import labels_of
from gan_lessons.samples import Labelled, values
from gan_lessons.training import Trainer

SEEDS = range(9200, 9205)  # none of them took part in tuning
FOLDER = Path(__file__).resolve().parent.parent / "_build" / "mnist" / "drift"


@cache
def held_out() -> Digits:
    """The test set: once in each process."""
    return load_mnist("test")


def judged(trainer: Trainer, seed: int) -> Row:
    """Judge samples of the averaged G, and ask D about them."""
    judge, test = bench(), held_out()
    draw = experiment.sampler(trainer)
    z = draw.draw(SAMPLES, torch.Generator().manual_seed(seed))
    pictures = draw.pictures(z)
    seen = look(judge.judge, pictures)
    near = neighbours.precision_recall(judge.real.features, seen.features)
    counts = metrics.class_counts(seen.probabilities)
    weights = drift.balancing_weights(seen.probabilities, judge.counts)
    balanced = metrics.moments(seen.features, weights)
    told = labels_of(z) if draw.labels is not None else None
    real = logits(trainer, scaled(test.images), None if told is None else test.labels)
    fake = logits(trainer, pictures, told)
    guess = seen.probabilities.argmax(dim=1)
    by_digit = [real[test.labels == c].mean() - fake[guess == c].mean() for c in range(10)]
    found = {
        "distance": metrics.frechet_distance(judge.moments, seen.features),
        "balanced": metrics.frechet_distance(judge.moments, balanced),
        "kl": metrics.class_kl(counts, judge.counts),
        "sure": metrics.confident_share(seen.probabilities),
        "precision": near.precision,
        "recall": near.recall,
        "lead": float(real.mean() - fake.mean()),
    }
    leads = [round(float(lead), 3) for lead in by_digit]
    return {**rounded(found), "counts": counts.tolist(), "leads": leads}


def logits(trainer: Trainer, pictures: Tensor, labels: Tensor | None) -> Tensor:
    """Return what D says of each picture, with the given label if it is told one."""
    batch = pictures if labels is None else Labelled(pictures, labels)

    def said(part: Any) -> Tensor:
        return values(trainer.discriminator(part)).flatten()

    return in_batches(said, batch, 500)


def run(way: str, seed: int) -> list[Row]:
    """Train one GAN and judge it at each of the moments."""
    return train_one(way, seed, drift.WAYS[way], drift.STEPS, judged)


def main(folder: Path) -> None:
    found = train_all(run, drift.WAYS, SEEDS, drift.STEPS, folder)
    rows: dict[str, Any] = {}
    for way, runs in found.items():
        rows[way] = {"settings": as_read(drift.WAYS[way])}
        for key in ("distance", "balanced", "kl", "sure", "precision", "recall", "lead", "counts"):
            rows[way][key] = [[moment[key] for moment in moments] for moments in runs]
        rows[way]["leads"] = [moments[-1]["leads"] for moments in runs]
    head = {**about(SEEDS), "counts": bench().counts.tolist()}
    write(drift.RECORD, {"about": head, "floor": rounded(bench().floor), "rows": rows})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
