"""Pictures of digits: every picture at its place, and what the plots say."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from gan_lessons import plots_digits
from gan_lessons.mnist.data import scaled


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def numbered(n):
    """Picture i is grey of brightness 10 i, but for a black corner at its upper left."""
    images = (10 * torch.arange(n)).view(-1, 1, 1).expand(-1, 28, 28).to(torch.uint8).clone()
    images[:, 0, 0] = 255
    return images


def test_pictures_stand_in_the_order_of_reading():
    sheet = plots_digits.sheet(numbered(5), columns=3)
    assert sheet[14::28, 14::28].tolist() == [[0, 10, 20], [30, 40, 0]]
    corners = [(0, 0), (0, 28), (0, 56), (28, 0), (28, 28)]
    assert np.argwhere(sheet == 255).tolist() == [list(c) for c in corners]


def test_floats_and_bytes_give_the_same_sheet():
    images = numbered(4)
    a, b = plots_digits.sheet(images, 2), plots_digits.sheet(scaled(images), 2)
    np.testing.assert_array_equal(a, b)


def test_a_grid_shows_ink_dark():
    picture = plots_digits.grid(numbered(4), columns=2).axes[0].get_images()[0]
    paper, ink = picture.to_rgba(np.array([[0, 255]], np.uint8))[0, :, 0]
    assert paper > 0.95 * (255 if paper > 1 else 1)
    assert ink < 0.05 * 255


def test_rows_are_named():
    fig = plots_digits.rows({"first": numbered(3), "second": numbered(3)}, columns=3)
    assert [ax.texts[0].get_text() for ax in fig.axes] == ["first", "second"]
    assert fig.axes[0].get_images()[0].get_array().shape == (28, 84)


def test_losses_are_averaged_and_have_their_marks():
    d, g = torch.arange(8.0), 2 * torch.arange(8.0)
    ax = plots_digits.losses(d, g, width=4).axes[0]
    drawn = {line.get_label(): line for line in ax.lines}
    assert drawn["discriminator"].get_ydata().tolist() == [1.5, 5.5]
    assert drawn["generator"].get_ydata().tolist() == [3.0, 11.0]
    assert drawn["generator"].get_xdata().tolist() == [2, 6]
    marks = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose(marks, [math.log(4), math.log(2)])


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: plots_digits.sheet(numbered(2), 0), "columns"),
        (lambda: plots_digits.rows({}), "groups"),
        (lambda: plots_digits.losses(torch.ones(4), torch.ones(4), 5), "width"),
        (lambda: plots_digits.losses(torch.ones(4), torch.ones(4), 0), "width"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
