"""Sizes, matrices and coverage of convolutions, against torch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn.functional import conv1d, conv_transpose1d

from gan_lessons.mnist import arithmetic

# n, kernel, stride, padding
CASES = list(itertools.product([5, 7, 8, 14], [1, 2, 3, 4, 5], [1, 2, 3], [0, 1, 2]))


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("n", "kernel", "stride", "padding"), CASES)
def test_size_and_matrix_of_a_strided_convolution(n, kernel, stride, padding):
    x, w = random(1, 1, n), random(1, 1, kernel, seed=1)
    expected = conv1d(x, w, stride=stride, padding=padding)[0, 0]
    assert arithmetic.strided_size(n, kernel, stride, padding) == len(expected)
    c = arithmetic.matrix(w.flatten().tolist(), n, stride, padding)
    np.testing.assert_allclose(c @ x[0, 0].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(("n", "kernel", "stride", "padding"), CASES)
def test_size_matrix_and_coverage_of_a_transposed_convolution(n, kernel, stride, padding):
    y, w = random(1, 1, n), random(1, 1, kernel, seed=1)
    size = stride * (n - 1) + kernel - 2 * padding
    if size < 1:
        with pytest.raises(ValueError, match=r"^padding"):
            arithmetic.transposed_size(n, kernel, stride, padding)
        return
    expected = conv_transpose1d(y, w, stride=stride, padding=padding)[0, 0]
    assert arithmetic.transposed_size(n, kernel, stride, padding) == len(expected)
    c = arithmetic.matrix(w.flatten().tolist(), len(expected), stride, padding)
    if len(c) == n:  # else the padding has cut off whole rows
        np.testing.assert_allclose(c.T @ y[0, 0].numpy(), expected, atol=1e-12)
    ones = conv_transpose1d(torch.ones(1, 1, n), torch.ones(1, 1, kernel), stride=stride,
                            padding=padding)  # fmt: skip
    assert arithmetic.coverage(n, kernel, stride, padding).tolist() == ones.flatten().tolist()


def test_the_sizes_of_dcgan_fit_without_a_rest():
    for n in (7, 14):
        assert arithmetic.transposed_size(n, 4, 2, 1) == 2 * n
        assert arithmetic.strided_size(2 * n, 4, 2, 1) == n
    assert arithmetic.strided_size(7, 3, 2, 1) == 4


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: arithmetic.strided_size(0, 1), "n"),
        (lambda: arithmetic.strided_size(3, 0), "kernel"),
        (lambda: arithmetic.strided_size(3, 4), "kernel"),
        (lambda: arithmetic.strided_size(3, 1, 0), "stride"),
        (lambda: arithmetic.transposed_size(3, 1, 1, -1), "padding"),
        (lambda: arithmetic.transposed_size(1, 1, 1, 1), "padding"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
