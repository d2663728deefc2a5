"""Sheets of pictures: every pixel comes back, to one of sixteen greys."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from gan_lessons.figures.sprites import quantised, sheet


def opened(packed: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(packed)))


def test_every_pixel_at_its_place() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 6)).astype(np.uint8)
    image = opened(sheet(pictures)).convert("RGBA")
    assert image.size == (4 * 6, 3 * 5)
    pixels = np.asarray(image)
    assert (pixels[..., :3] == 0).all()  # black ink, on whatever ground the page has
    for row in range(3):
        for column in range(4):
            part = pixels[5 * row : 5 * row + 5, 6 * column : 6 * column + 6, 3]
            np.testing.assert_array_equal(part, quantised(pictures[row, column]))


def test_sixteen_levels_each_at_most_half_a_step_away() -> None:
    every = np.arange(256, dtype=np.uint8)
    levels = quantised(every)
    assert sorted(set(levels.tolist())) == list(range(0, 256, 17))
    assert np.abs(levels.astype(int) - every).max() == 8
    assert levels[[0, 255]].tolist() == [0, 255]  # paper stays paper, and ink ink


def test_four_bits_a_pixel() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 8, 28, 28)).astype(np.uint8)
    assert len(base64.b64decode(sheet(noise))) < 0.53 * noise.size
    assert sheet(noise) == sheet(noise.copy())


@pytest.mark.parametrize("bad", [np.zeros((1, 1, 2, 2)), np.zeros((2, 2, 2), np.uint8),
                                 np.zeros((0, 1, 2, 2), np.uint8)])  # fmt: skip
def test_bad_input_is_named(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"^pictures must be uint8 .*got"):
        sheet(bad)
