"""Arrays as short text: unsigned 16-bit integers in base64, with an offset and a scale.

A page that holds a whole training run must stay small.  A curve drawn on a screen needs no more
than four digits, so each array is stored as integers ``q`` from 0 to 65535 that stand for
``offset + scale * q``.  The numbers that a page prints are not packed: they travel as JSON.
"""

from __future__ import annotations

import base64
import math
from typing import Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVELS = 65535
_SMALLEST_NORMAL = float(np.finfo(np.float64).tiny)


class Packed(TypedDict):
    """What :func:`pack` returns; every value can go into JSON."""

    b64: str
    offset: float
    scale: float
    shape: list[int]


def pack(values: ArrayLike, name: str = "values") -> Packed:
    """Pack an array into little-endian 16-bit integers, row by row, in base64.

    Parameters
    ----------
    values
        Finite numbers of any shape, at least one.
    name
        What to call them in an error message.

    Returns
    -------
    Packed
        ``offset + scale * q`` is within half a quantum (``scale / 2``) of each value, up to
        the rounding of double precision.  The smallest value comes back exactly.

    Examples
    --------
    >>> packed = pack([0.0, 0.25, 1.0])
    >>> packed["shape"], packed["offset"], packed["scale"] == 1 / 65535
    ([3], 0.0, True)
    >>> bool(abs(unpack(packed) - [0.0, 0.25, 1.0]).max() <= packed["scale"] / 2)
    True
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one number, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    low, high = float(array.min()), float(array.max())
    span = high - low
    if not math.isfinite(span):
        raise ValueError(f"{name} must span less than the largest double, got {low} to {high}")
    scale = span / LEVELS
    if 0 < scale < _SMALLEST_NORMAL or (scale == 0 and span > 0):
        scale = float(np.nextafter(scale, np.inf))  # subnormal: never more than LEVELS steps
    steps = (array - low) / scale if scale > 0 else np.zeros_like(array)
    levels = np.clip(np.rint(steps), 0, LEVELS).astype("<u2")
    return {
        "b64": base64.b64encode(levels.tobytes()).decode("ascii"),
        "offset": low,
        "scale": scale,
        "shape": list(array.shape),
    }


def unpack(packed: Packed | dict[str, Any]) -> NDArray[np.float64]:
    """Undo :func:`pack`, to half a quantum; the page's script does the same.

    Parameters
    ----------
    packed
        What :func:`pack` returned.

    Returns
    -------
    numpy.ndarray
        The values, in the shape that was packed.

    Examples
    --------
    >>> unpack(pack([[2.0, 2.0]]))
    array([[2., 2.]])
    """
    levels = np.frombuffer(base64.b64decode(packed["b64"]), dtype="<u2")
    values = packed["offset"] + packed["scale"] * levels.astype(np.float64)
    return np.asarray(values.reshape(packed["shape"]))
