"""The ablation of the digits' recipe: one change each, and a record of these very settings."""

from __future__ import annotations

import dataclasses
import json

import pytest
from test_experiment import made_up

from gan_lessons.mnist import ablation
from gan_lessons.mnist.ablation import RECIPE, WAYS
from gan_lessons.mnist.experiment import make_trainer


def flat(settings):
    """{"networks.noise": 64, ..., "batch": 16, ...}"""
    found = {}
    for name, value in dataclasses.asdict(settings).items():
        found |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {
            name: value
        }  # fmt: skip
    return found


# What a change may touch: one setting, but for the pairs that only make sense together.
PAIRS = {
    "the paper's rates": {"loop.lr_d", "loop.lr_g", "loop.betas"},
    "averaged over 670 steps": {"loop.ema", "loop.ema_warmup"},
    "batch norm in D too": {"networks.norm", "loop.together"},
    "twice as wide": {"networks.g_width", "networks.d_width"},
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_changes_one_thing(way):
    changed = {k for k, v in flat(WAYS[way]).items() if flat(RECIPE)[k] != v}
    assert len(changed) == (way != "the recipe") or changed == PAIRS[way]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_trains(way):
    small = dataclasses.replace(WAYS[way], batch=4, clusters=6)
    trainer = make_trainer(small, 0, made_up())
    trainer.run(1, progress=False)
    trainer.check()


def test_all_ways_see_as_many_pictures():
    assert {ablation.steps(w) * w.batch for w in WAYS.values()} == {ablation.STEPS * RECIPE.batch}


def test_the_record_is_of_these_settings():
    """Whoever changes the recipe must run the benchmark again, or this fails."""
    record = ablation.recorded()
    assert [*record["rows"]] == [*WAYS]
    seeds = record["about"]["seeds"]
    assert len(set(seeds)) >= 3
    for way, row in record["rows"].items():
        assert row["settings"] == json.loads(json.dumps(dataclasses.asdict(WAYS[way])))
        for name, low, high in (("distance", 0, 1e4), ("sure", 0, 1), ("kl", 0, 3)):
            assert len(row[name]) == len(seeds)
            assert len(set(row[name])) > 1 or name != "distance"  # seeds differ
            assert all(low <= value <= high for value in row[name])
        assert row["cost"] > 0
    assert record["rows"]["the recipe"]["cost"] == 1
    assert record["about"]["pictures"] == ablation.STEPS * RECIPE.batch
    assert ablation.RECORD.stat().st_size < 20_000
