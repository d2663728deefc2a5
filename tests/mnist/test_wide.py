"""The record of what the settings for a GPU are worth by the step: complete, and of today's."""

from __future__ import annotations

import dataclasses
import json

import pytest

from gan_lessons.mnist import experiment, wide

RECORD = wide.recorded()


def test_the_ways_are_those_of_the_command_and_of_the_notebook():
    suits = experiment.default("cuda")
    assert suits == experiment.default("mps")
    loop = dataclasses.replace(suits.loop, precision="full")
    assert wide.WAYS["labels"] == dataclasses.replace(suits, loop=loop)
    assert wide.WAYS["none"].loop == wide.WAYS["labels"].loop
    assert {way: settings.classes for way, settings in wide.WAYS.items()} == {
        "labels": "labels", "none": "none"
    }  # fmt: skip


@pytest.mark.parametrize("way", wide.WAYS)
def test_the_record_is_of_these_settings(way):
    """Whoever changes what suits a GPU must run the benchmark again, or this fails."""
    row = RECORD["rows"][way]
    assert row["settings"] == json.loads(json.dumps(dataclasses.asdict(wide.WAYS[way])))
    for name, high in (("distance", 1e4), ("sure", 1), ("kl", 3), ("precision", 1), ("recall", 1)):
        assert len(row[name]) == len(RECORD["about"]["seeds"]) >= 3
        for run in row[name]:
            assert len(run) == len(wide.STEPS)
            assert all(0 <= value <= high for value in run)
    assert len({run[0] for run in row["distance"]}) == 3  # seeds differ


def test_the_record_is_small_and_of_all_digits():
    assert wide.RECORD.stat().st_size < 8_000
    assert RECORD["about"]["data"].startswith("60000 of MNIST")
    assert RECORD["floor"]["distance"] > 0
    assert len(wide.over_floor(RECORD, "none")) == len(wide.STEPS)
