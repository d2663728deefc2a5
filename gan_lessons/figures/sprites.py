"""Many small pictures as one PNG of sixteen greys, in which the paper is transparent.

A page shows the digits on its own ground, light or dark: so a picture is ink alone, and the grey
of a pixel is how opaque it is.  Sixteen levels are as many as one sees at this size, and noise,
which hardly compresses, takes half of the room.
"""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray

LEVELS = 15  # of the most opaque; 0 is clear


def quantised(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Round bytes to the nearest of the sixteen levels that a sheet keeps: 0, 17, ... 255.

    Examples
    --------
    >>> quantised(np.array([0, 8, 9, 128, 255], np.uint8)).tolist()
    [0, 0, 17, 136, 255]
    """
    levels = np.rint(np.asarray(pictures, np.float64) * (LEVELS / 255))
    return np.asarray(levels * (255 // LEVELS), np.uint8)


def sheet(pictures: NDArray[np.uint8]) -> str:
    """Put pictures (rows, columns, high, wide) into one PNG, in base64.

    Parameters
    ----------
    pictures
        Bytes: 0 is paper, and becomes transparent, 255 is ink, and becomes black.
    """
    from PIL import Image  # comes with matplotlib

    if pictures.dtype != np.uint8 or pictures.ndim != 4 or not pictures.size:
        got = f"{pictures.dtype} {pictures.shape}"
        raise ValueError(f"pictures must be uint8 of shape (rows, columns, high, wide), got {got}")
    rows, columns, high, wide = pictures.shape
    levels = quantised(pictures) // (255 // LEVELS)
    image = Image.fromarray(levels.swapaxes(1, 2).reshape(rows * high, columns * wide))
    image = image.convert("P")
    image.putpalette([0, 0, 0] * (LEVELS + 1))
    opacity = bytes(range(0, 256, 255 // LEVELS))
    packed = io.BytesIO()
    image.save(packed, format="png", optimize=True, bits=4, transparency=opacity)
    return base64.b64encode(packed.getvalue()).decode("ascii")
