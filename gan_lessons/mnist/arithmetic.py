"""Arithmetic of convolutions on a line: sizes, their matrices, and how evenly they cover.

What holds along one axis of a picture holds along the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def strided_size(n: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Length of what a convolution makes of n numbers: floor((n + 2p - k) / s) + 1.

    Examples
    --------
    >>> strided_size(28, kernel=4, stride=2, padding=1)
    14
    """
    _check(n, kernel, stride, padding)
    if n + 2 * padding < kernel:
        raise ValueError(f"kernel must fit into {n} + 2 * {padding}, got {kernel}")
    return (n + 2 * padding - kernel) // stride + 1


def transposed_size(n: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Length of what a transposed convolution makes of n numbers: s (n - 1) + k - 2p.

    Examples
    --------
    >>> transposed_size(14, kernel=4, stride=2, padding=1)
    28
    """
    _check(n, kernel, stride, padding)
    size = stride * (n - 1) + kernel - 2 * padding
    if size < 1:
        raise ValueError(f"padding must leave at least one number, got {padding}")
    return size


def matrix(weights: Sequence[float], n: int, stride: int = 1, padding: int = 0) -> Array:
    """Matrix of the convolution that maps n numbers to `strided_size` of them.

    As in all neural networks the kernel is not turned round: row i holds the weights from
    column i s - p on, as far as they fall into the n numbers.  A transposed convolution
    multiplies by the transpose.

    Parameters
    ----------
    weights : sequence of float
        The kernel.
    n : int
        Length of the input of the convolution.
    stride, padding : int
        As in torch.

    Returns
    -------
    Array
        (strided_size, n).

    Examples
    --------
    >>> matrix([1, 2], n=4, stride=2).tolist()
    [[1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 2.0]]
    """
    w = np.asarray(weights, dtype=np.float64)
    rows = strided_size(n, len(w), stride, padding)
    padded = np.zeros((rows, n + 2 * padding))
    for i in range(rows):
        padded[i, i * stride : i * stride + len(w)] = w
    return padded[:, padding : padding + n]


def coverage(n: int, kernel: int, stride: int = 1, padding: int = 0) -> NDArray[np.int64]:
    """Count from how many of n numbers each result of a transposed convolution is made.

    If the counts alternate, so does the brightness of a picture made with random weights: a
    checkerboard.

    Examples
    --------
    >>> coverage(4, kernel=3, stride=2).tolist()
    [1, 1, 2, 1, 2, 1, 2, 1, 1]
    """
    size = transposed_size(n, kernel, stride, padding)
    ones = matrix(np.ones(kernel).tolist(), size + 2 * padding, stride)
    counts = np.asarray(ones.sum(0), dtype=np.int64)
    return counts[padding : padding + size]


def _check(n: int, kernel: int, stride: int, padding: int) -> None:
    for name, value, least in (("n", n, 1), ("kernel", kernel, 1), ("stride", stride, 1),
                               ("padding", padding, 0)):  # fmt: skip
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
