"""The record of what minutes of training are worth: complete, and of today's presets."""

from __future__ import annotations

import dataclasses
import json

import pytest

from gan_lessons.mnist import minutes
from gan_lessons.mnist.experiment import PRESETS

RECORD = minutes.recorded()


@pytest.mark.parametrize("way", RECORD["rows"])
def test_the_record_is_of_these_settings(way):
    """Whoever changes a preset must run the benchmark again, or this fails."""
    row = RECORD["rows"][way]
    preset = PRESETS.get(way)
    now = None if preset is None else json.loads(json.dumps(dataclasses.asdict(preset)))
    assert row["settings"] == now
    seeds = RECORD["about"]["seeds"]
    assert len(set(seeds)) >= 5
    runs = 3 if preset is None else len(seeds)  # three seeds of a tutorial's loop
    for name, high in (("steps", 1e6), ("distance", 1e4), ("sure", 1), ("kl", 3)):
        assert [*row[name]] == [str(s) for s in minutes.SECONDS]
        for values in row[name].values():
            assert len(values) == runs
            assert all(0 <= value <= high for value in values)
            assert len(set(values)) > 1 or name != "distance"  # seeds differ
    for before, after in zip(minutes.SECONDS, minutes.SECONDS[1:], strict=False):
        counts = zip(row["steps"][str(before)], row["steps"][str(after)], strict=True)
        assert all(a < b for a, b in counts)


def test_the_record_is_small_and_of_all_digits():
    assert minutes.RECORD.stat().st_size < 20_000
    assert RECORD["about"]["data"].startswith("60000 of MNIST")
    assert RECORD["floor"]["distance"] > 0
    assert "labels" in RECORD["rows"]
