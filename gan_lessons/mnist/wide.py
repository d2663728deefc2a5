"""What the settings for a GPU are worth by the step: measured where there was none.

A step computes the same on every device, up to rounding; only its time differs.  So
`benchmarks/mnist_wide.py` trains with `experiment.default("cuda")` on a CPU, in full precision,
counts steps instead of seconds, and writes `RECORD`, which the chapter reads.  How many steps a
GPU takes in a second is another question: see `gan_lessons.mnist.gpus`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from gan_lessons.mnist.experiment import default

STEPS = (250, 500, 1000, 2000, 4000)  # when the samples are judged
RECORD = Path(__file__).with_name("wide.json")  # what benchmarks/mnist_wide.py found
WIDE = replace(default("cuda"), loop=replace(default("cuda").loop, precision="full"))
# What `mnist train` takes, and what the notebook takes, which has no classes.
WAYS = {"labels": WIDE, "none": replace(WIDE, classes="none")}


def recorded() -> dict[str, Any]:
    """Return what the benchmark found: `about` it, the judge's `floor`, and `rows`.

    ``rows[way]`` has the settings and, as ``[seed][moment of STEPS]``, "distance", "sure", "kl",
    "precision" and "recall".
    """
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def over_floor(record: dict[str, Any], way: str) -> list[float]:
    """Return the median distance of the seeds over that of real pictures, for each of STEPS.

    Examples
    --------
    >>> runs = [[9.0, 4.0], [6.0, 5.0], [7.0, 8.0]]
    >>> record = {"floor": {"distance": 2.0}, "rows": {"none": {"distance": runs}}}
    >>> over_floor(record, "none")
    [3.5, 2.5]
    """
    floor = record["floor"]["distance"]
    seeds = record["rows"][way]["distance"]
    return [median(moment) / floor for moment in zip(*seeds, strict=True)]
