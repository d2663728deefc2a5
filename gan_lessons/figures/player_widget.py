"""The player as a box of core ipywidgets, for ipywidgets 7.7 and 8."""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_lessons.figures import live_widget
from gan_lessons.figures.base import png_bytes
from gan_lessons.figures.live_widget import WRAPPED, paragraph
from gan_lessons.figures.player_static import Picture
from gan_lessons.figures.player_words import SENTENCES, WORDS

if TYPE_CHECKING:
    from gan_lessons.figures.player import Player
    from gan_lessons.figures.player_preset import Preset

PAUSE_MS = 400  # between frames when playing: the kernel draws one in about a quarter of that

CHAIN = ("value", "best", "chain", "chain_numbers", "chain_value")


def player_box(player: Player) -> Any:
    """Make the box; its children are found by name as its attributes for those who script it.

    Parameters
    ----------
    player
        The figure.

    Returns
    -------
    ipywidgets.VBox
        With attributes ``run``, ``fix``, ``play``, ``slider``, ``back``, ``forward``,
        ``caption``, ``picture`` and ``text``.
    """
    w = importlib.import_module("ipywidgets")
    preset = player.presets[0]
    last = len(preset.curves.step) - 1
    run = w.Dropdown(
        options=[(one.label, index) for index, one in enumerate(player.presets)],
        value=0,
        description=WORDS["run"],
        layout={"width": "560px", "max_width": "100%"},
    )
    fix = w.ToggleButton(value=False, description=WORDS["fix"], layout={"width": "auto"})
    play = w.Play(
        value=preset.frame, min=0, max=last, step=_stride(last), interval=PAUSE_MS,
        description=WORDS["play"],
    )  # fmt: skip
    slider = w.IntSlider(
        value=preset.frame, min=0, max=last, readout=False, description=WORDS["slider"],
        style={"description_width": "initial"}, layout={"width": "340px"},
    )  # fmt: skip
    back = w.Button(description="−1", tooltip=WORDS["back"], layout={"width": "48px"})
    forward = w.Button(description="+1", tooltip=WORDS["forward"], layout={"width": "48px"})
    picture, framed = live_widget.picture(w)
    caption, text = w.HTML(), w.HTML()
    pictures: dict[int, Picture] = {}

    def shown() -> int:
        """Which of the player's runs is to be seen."""
        return int(player.partners[run.value] if fix.value else run.value)

    def show(_: object = None) -> None:
        index = shown()
        chosen = player.runs[index]
        if index not in pictures:
            pictures[index] = Picture(chosen)
        pictures[index].show(slider.value)
        picture.value = png_bytes(pictures[index].drawing)
        caption.value = paragraph(chosen.caption)
        text.value = describe(chosen, slider.value)

    def load(frame: int) -> None:
        last = len(player.runs[shown()].curves.step) - 1
        slider.unobserve(show, "value")
        for control in (play, slider):
            control.max = last
            control.value = min(frame, last)
        play.step = _stride(last)
        slider.observe(show, "value")
        show()

    def choose(_: object) -> None:
        fix.unobserve(turn, "value")
        fix.value, fix.description = False, WORDS["fix"]
        fix.layout.display = "" if run.value in player.partners else "none"
        fix.observe(turn, "value")
        load(player.runs[run.value].frame)

    def turn(_: object) -> None:
        fix.description = WORDS["failure" if fix.value else "fix"]
        before = player.runs[player.partners[shown()]].curves.step[slider.value]
        load(int(np.abs(player.runs[shown()].curves.step - before).argmin()))

    def move(by: int) -> None:
        slider.value = min(max(slider.value + by, 0), slider.max)

    back.on_click(lambda _: move(-1))
    forward.on_click(lambda _: move(1))
    run.observe(choose, "value")
    slider.observe(show, "value")
    fix.observe(turn, "value")
    choices = w.HBox([run, fix]) if player.partners else run
    box = w.VBox([choices, w.HBox([play, back, slider, forward], **WRAPPED), caption, framed, text])
    box.run, box.play, box.slider, box.back, box.forward = run, play, slider, back, forward
    box.caption, box.picture, box.text, box.fix = caption, picture, text, fix
    box.link = w.jslink((play, "value"), (slider, "value"))
    choose(None)
    return box


def describe(preset: Preset, frame: int) -> str:
    """Write the sentences and the numbers of one frame, as HTML.

    Parameters
    ----------
    preset
        The run.
    frame
        Index into its recorded steps.

    Returns
    -------
    str
        Three lines.
    """
    curves = preset.curves
    js, value = float(curves.js[frame]), float(curves.value[frame])
    best = 2 * js - math.log(4)
    about_g, about_d, percent = preset.shows[frame]
    numbers = {
        "value": value, "best": best, "js": js, "log4": math.log(4), "gap": best - value,
        "w1": float(curves.w1[frame]), "ema": float(curves.w1_ema[frame]),
    }  # fmt: skip
    written = {name: f"{number:z.4f}".replace("-", "−") for name, number in numbers.items()}
    chain = [WORDS[name].format(**written) for name in CHAIN]
    says = [
        SENTENCES[about_g].format(step=curves.step[frame], percent=percent),
        SENTENCES[about_d],
    ]
    lines = [
        " ".join(says),
        " ".join(chain),
        WORDS["gap"].format(**written) + " " + WORDS["w1"].format(**written),
    ]
    return "".join(paragraph(line) for line in lines)


def _stride(last: int) -> int:
    """Play through in about 50 frames."""
    return max(1, round(last / 50))
