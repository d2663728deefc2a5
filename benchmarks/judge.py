"""Measure the judge of MNIST samples: its accuracy, its floor, and the speed of its distance.

    GAN_LESSONS_DATA=../shared/mnist python benchmarks/judge.py

The floor is the Fréchet distance of 10,000 real training pictures from the 10,000 test pictures:
no generator can be expected below it.  It is shown for the six parts of a random partition of
the training set, and beside it that of two such parts from each other.  Then the distance
itself, from two covariances of 128 features, is timed against the formula with
``scipy.linalg.sqrtm``, in turn; the fastest of the rounds of each counts, in processor time.
With ``OMP_NUM_THREADS=1`` in front, numpy's and scipy's threads do not spin beside torch's.
"""

from __future__ import annotations

import os
import statistics
import time
import warnings

import numpy as np
import scipy.linalg
import torch

from gan_lessons import metrics, neighbours
from gan_lessons.mnist.classifier import accuracy, look, train_classifier
from gan_lessons.mnist.data import load_mnist

ROUNDS = 15
AS_FAST = 4  # the bar


def by_sqrtm(a: metrics.Moments, b: metrics.Moments) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # singular it is: dead units
        root = scipy.linalg.sqrtm(a.covariance.numpy() @ b.covariance.numpy())
    means = float((a.mean - b.mean).square().sum())
    return means + float((a.covariance + b.covariance).trace()) - 2 * float(np.real(root).trace())


def speed(a: metrics.Moments, b: metrics.Moments) -> None:
    candidates = {"scipy.linalg.sqrtm": by_sqrtm, "frechet_distance": metrics.frechet_distance}
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, distance in candidates.items():
            start = time.process_time()
            distance(a, b)
            seconds[name].append(time.process_time() - start)
    for name, distance in candidates.items():
        print(f"  {name:18s} {min(seconds[name]) * 1e3:7.2f} ms of one core: {distance(a, b):.9f}")
    ratio = min(seconds["scipy.linalg.sqrtm"]) / min(seconds["frechet_distance"])
    verdict = "holds" if ratio >= AS_FAST else "is missed"
    print(f"  {ratio:.1f} times as fast; at least {AS_FAST}: {verdict}")


def main() -> None:
    train, test = load_mnist("train"), load_mnist("test")
    print(f"{train.source}; {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    wall, work = time.perf_counter(), time.process_time()
    judge = train_classifier(train)
    wall, work = time.perf_counter() - wall, time.process_time() - work
    print(f"trained in {wall:.0f} s, {work:.0f} s of processor time")
    print(f"accuracy on {len(test):,} test pictures: {accuracy(judge, test):.2%}")
    torch.set_num_threads(1)
    seen, of_test = look(judge, train.images), look(judge, test.images)
    reference = metrics.moments(of_test.features)
    size = min(len(test), len(train) // 2)
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    parts = [seen.features[order[i : i + size]] for i in range(0, len(train) - size + 1, size)]
    floors = [metrics.frechet_distance(part, reference) for part in parts]
    print(f"Fréchet distance from the test set, {len(parts)} times {size:,} training pictures:")
    print(f"  median {statistics.median(floors):.3f}, {min(floors):.3f} to {max(floors):.3f}")
    print(f"  of one part from another: {metrics.frechet_distance(parts[0], parts[1]):.3f}")
    for name, sight in (("training", seen), ("test", of_test)):
        share = metrics.confident_share(sight.probabilities)
        print(f"probability of at least 0.99: {share:.2%} of the {name} pictures")
    start = time.perf_counter()
    found = neighbours.precision_recall(of_test.features, parts[0])
    print(f"{found} of a part, in {time.perf_counter() - start:.1f} s")
    speed(metrics.moments(parts[0]), reference)


if __name__ == "__main__":
    main()
