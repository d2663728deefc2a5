"""Count how often the 1-D recipe works: exact W1 of the averaged generator, over fresh seeds.

    python benchmarks/reliability.py [first_seed] [how_many]

For both targets and both kinds of noise: median and worst W1 in standard deviations of the
data, how many seeds end below 0.03, and (two modes) how many cover both modes: each mode gets
at least half of its share of probability within three standard deviations of its centre.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.stats import binomtest

from gan_lessons import curves, toy


def count(good: np.ndarray) -> str:
    low, high = binomtest(int(good.sum()), len(good)).proportion_ci(method="wilson")
    return f"{good.sum()}/{len(good)} [{low:.2f}, {high:.2f}]"


def main(first: int = 5000, n: int = 20) -> None:
    seeds = [*range(first, first + n)]
    print(f"seeds {first} to {first + n - 1}, 1000 steps; 95 % Wilson intervals")
    print("target     noise    median  worst   below 0.03          both modes")
    for target in toy.TARGETS:
        for noise in toy.NOISES:
            run = toy.train(toy.ToySettings(target=target, noise=noise), seeds)
            w1 = curves.final_w1(run)
            modes = "" if target == "gaussian" else count(curves.mode_shares(run).min(1) > 0.25)
            print(
                f"{target:10s} {noise:8s} {np.median(w1):.4f}  {w1.max():.4f}  "
                f"{count(w1 < 0.03):18s}  {modes}"
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
