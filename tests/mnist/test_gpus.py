"""The table of what GPUs do: it says that none has run, and counts right when one has."""

from __future__ import annotations

import json

from gan_lessons.mnist import gpus

SPEED = {"how": "graph", "precision": "mixed", "batch": 256, "ms": 2.0, "floor_ms": 0.5}
ABOUT = {"date": "2026-11-22", "torch": "2.11.0", "cuda": "12.8"}
QUALITY = {"seconds": [5.0, 10.0, 20.0], "floor": 2.0, "bar": 4.0,
           "distance": [[20.0, 7.0, 6.0], [30.0, 9.0, 8.0], [24.0, 8.0, 9.0]]}  # fmt: skip


def test_where_no_gpu_has_run_the_table_says_so():
    assert gpus.table({}) == f"{gpus.SPEED}\nno GPU has run this yet"


def test_rates_shares_and_moments_are_counted():
    text = gpus.table({"T4": {"about": ABOUT, "speed": [SPEED], "quality": QUALITY}})
    assert "no GPU" not in text
    head, name, row, _, *moments, last = text.splitlines()
    assert len(head) >= len(row)
    assert name.startswith("T4, 2026-11-22")
    assert row.split() == ["graph", "mixed", "256", "2.000", "128,000", "0.500", "25%"]
    assert [line.split() for line in moments] == [  # medians of three seeds over the floor of 2
        ["5", "s", "12.0"], ["10", "s", "4.0"], ["20", "s", "4.0"]
    ]  # fmt: skip
    assert last == "the best of a CPU (4.0): 10 s; its own best (4.0): 10 s"


def test_what_was_not_reached_and_what_was_not_judged():
    far = {**QUALITY, "bar": 1.0}
    assert "(1.0): not reached;" in gpus.table(
        {"T4": {"about": ABOUT, "speed": [], "quality": far}}
    )
    assert len(gpus.table({"T4": {"about": ABOUT, "speed": [SPEED]}}).splitlines()) == 3


def test_the_record_is_read_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(gpus, "RECORD", tmp_path / "gpus.json")
    assert gpus.recorded() == {}
    found = {"T4": {"about": ABOUT, "speed": [SPEED], "quality": QUALITY}}
    gpus.RECORD.write_text(json.dumps(found), encoding="utf-8")
    assert gpus.table(gpus.recorded()) == gpus.table(found)
