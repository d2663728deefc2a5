"""Packing keeps each number to half a quantum, and refuses what it cannot keep."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gan_lessons.figures.packing import LEVELS, pack, unpack

finite = st.floats(-8e307, 8e307)


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=6), elements=finite))
def test_comes_back_to_half_a_quantum(values: np.ndarray) -> None:
    with np.errstate(all="raise", under="ignore"):
        packed = json.loads(json.dumps(pack(values)))
        back = unpack(packed)
    assert back.shape == values.shape
    rounding = 8 * np.spacing(np.abs(values).max())
    assert np.all(np.abs(back - values) <= packed["scale"] / 2 + rounding)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_uses_all_levels(low: float, span: float) -> None:
    packed = pack([low, low + span / 3, low + span])
    levels = np.frombuffer(base64.b64decode(packed["b64"]), dtype="<u2")
    assert (levels[0], levels[2]) == (0, LEVELS)
    assert packed["scale"] == pytest.approx(span / LEVELS, rel=1e-6, abs=1e-9)


def test_constant_is_exact() -> None:
    assert (unpack(pack(np.full((2, 3), 0.1))) == 0.1).all()


def test_bytes_are_little_endian_row_by_row() -> None:
    packed = pack([[0.0, 1.0], [256.0, LEVELS]])
    assert base64.b64decode(packed["b64"]) == b"\x00\x00\x01\x00\x00\x01\xff\xff"


@pytest.mark.parametrize("bad", [[np.nan], [0.0, np.inf], [-np.inf, 1.0]])
def test_refuses_what_is_not_finite(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be finite"):
        pack(bad, "weights")


def test_refuses_a_span_beyond_double_precision() -> None:
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="values must span less"):
        pack([-1.7e308, 1.7e308])


def test_refuses_nothing() -> None:
    with pytest.raises(ValueError, match="values must hold at least one"):
        pack([])
