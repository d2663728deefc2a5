"""What GPUs have been measured to do with the recipe for digits, as a table that says if none has.

`benchmarks/mnist_gpu.py` measures one GPU and adds it to `RECORD`; the chapter shows `table`.

Examples
--------
>>> print(table({}).splitlines()[-1])
no GPU has run this yet
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

RECORD = Path(__file__).with_name("gpus.json")  # what benchmarks/mnist_gpu.py found
SPEED = "how             precision  batch   step ms   images/s   floor ms  reached"
QUALITY = "seconds of training, and the median distance over its floor"


def recorded() -> dict[str, Any]:
    """Return what the benchmark found, by the name of the GPU; empty if none has run.

    Each has `about`, with the date and the versions; `speed`, a row for each way to compute a
    step; and `quality`: "seconds", the judge's "floor", "distance" and more as
    ``[seed][moment]``, and the "bar", what the best run of a CPU had over its own floor.
    """
    if not RECORD.exists():
        return {}
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def table(record: dict[str, Any]) -> str:
    """Return a record as text: a head, and for each GPU its rows, or that there is none.

    Parameters
    ----------
    record : dict
        As from `recorded`.

    Examples
    --------
    >>> speed = {"how": "graph", "precision": "mixed", "batch": 64, "ms": 0.5, "floor_ms": 0.1}
    >>> about = {"date": "2026-01-01", "torch": "2.11", "cuda": "12.8"}
    >>> quality = {"seconds": [5, 10], "distance": [[20.0, 10.0]], "floor": 2.0, "bar": 4.0}
    >>> found = {"about": about, "speed": [speed], "quality": quality}
    >>> for line in table({"a GPU": found}).splitlines()[1:]:
    ...     print(line)
    a GPU, 2026-01-01, torch 2.11, CUDA 12.8
    graph           mixed         64     0.500    128,000      0.100      20%
    seconds of training, and the median distance over its floor
         5 s     10.0
        10 s      5.0
    the best of a CPU (4.0): not reached; its own best (5.0): 10 s
    """
    lines = [SPEED]
    for name, found in record.items():
        about = found["about"]
        lines.append(f"{name}, {about['date']}, torch {about['torch']}, CUDA {about['cuda']}")
        for row in found["speed"]:
            rate, share = row["batch"] / row["ms"] * 1e3, row["floor_ms"] / row["ms"]
            lines.append(
                f"{row['how']:15s} {row['precision']:9s} {row['batch']:6d} {row['ms']:9.3f} "
                f"{rate:10,.0f} {row['floor_ms']:10.3f} {share:8.0%}"
            )
        if "quality" in found:
            lines += _quality(found["quality"])
    return "\n".join([*lines] if record else [*lines, "no GPU has run this yet"])


def _quality(found: dict[str, Any]) -> list[str]:
    times = found["seconds"]
    far = [median(seeds) / found["floor"] for seeds in zip(*found["distance"], strict=True)]
    reached = [f"{s:g} s" for s, d in zip(times, far, strict=True) if d <= found["bar"]]
    return [
        QUALITY,
        *(f"{s:6g} s {d:8.1f}" for s, d in zip(times, far, strict=True)),
        f"the best of a CPU ({found['bar']:.1f}): {(reached or ['not reached'])[0]}; "
        f"its own best ({min(far):.1f}): {times[far.index(min(far))]:g} s",
    ]
