"""How good digits are after half a minute of training, one, two and five minutes.

`benchmarks/mnist.py` trains each preset from fresh seeds on a machine that does nothing else,
stops the clock at `SECONDS` to judge samples, and writes `RECORD`, which the chapter reads.

Examples
--------
>>> [*recorded()["rows"]["labels"]["distance"]]  # for each of SECONDS, one number for each seed
['30', '60', '120', '300']
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SECONDS = (30, 60, 120, 300)
RECORD = Path(__file__).with_name("minutes.json")  # what benchmarks/mnist.py found


def recorded() -> dict[str, Any]:
    """Return what the benchmark found: `about` it, the judge's `floor`, and `rows`.

    ``rows[way]`` has the date of the last run, the settings (None for the loops of tutorials),
    and under "steps", "distance", "sure", "kl", "precision" and "recall" the numbers of all
    seeds, as ``[seconds][seed]``, the seconds as strings.  A way that has not been measured has
    no row.
    """
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found
