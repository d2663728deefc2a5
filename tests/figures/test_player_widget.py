"""The live face, without a front end: what the controls do to the picture and the words."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from gan_lessons.figures import Player

pytest.importorskip("ipywidgets")


@pytest.fixture
def box(player: Player) -> Any:
    return player.widget()


def pixels(box: Any) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(box.picture.value)).convert("RGB"))


def test_opens_at_the_start(box: Any) -> None:
    assert box.slider.value == 10
    assert "Step 250:" in box.text.value
    assert "Watch <i>p</i>" in box.caption.value
    assert pixels(box).shape == (680, 720, 3)


def test_slider_moves_picture_and_words(box: Any) -> None:
    before, said = pixels(box), box.text.value
    box.slider.value = 40
    assert "Step 1000:" in box.text.value
    assert box.text.value != said
    assert (pixels(box) != before).any(axis=2).mean() > 0.005


def test_numbers_are_the_run_s(box: Any, player: Player) -> None:
    curves = player.presets[0].curves
    for number in (curves.value[10], curves.best_value[10], curves.w1[10], curves.w1_ema[10]):
        assert f"{number:.4f}".replace("-", "−") in box.text.value


def test_buttons_step_and_stop_at_the_ends(box: Any) -> None:
    box.forward.click()
    assert box.slider.value == 11
    box.back.click()
    box.back.click()
    assert box.slider.value == 9
    box.slider.value = 40
    box.forward.click()
    assert box.slider.value == 40


def test_other_run_opens_at_its_own_start(box: Any) -> None:
    box.run.value = 1
    assert (box.slider.max, box.slider.value) == (20, 20)
    assert (box.play.max, box.play.value) == (20, 20)
    assert "Too narrow." in box.caption.value
    assert "Step 2000:" in box.text.value
    box.run.value = 0
    assert (box.slider.max, box.slider.value) == (40, 10)


def test_play_and_slider_are_linked_in_the_front_end(box: Any) -> None:
    assert box.link.source == (box.play, "value")
    assert box.link.target == (box.slider, "value")


def test_only_core_widgets(box: Any) -> None:
    def modules(widget: Any) -> set[str]:
        below = [modules(child) for child in getattr(widget, "children", ())]
        return {widget._model_module}.union(*below)

    assert modules(box) == {"@jupyter-widgets/controls"}
