"""The film of digits as a box of core ipywidgets, for ipywidgets 7.7 and 8."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gan_lessons.figures import live_widget
from gan_lessons.figures.base import png_bytes
from gan_lessons.figures.digits_film_static import Picture
from gan_lessons.figures.digits_film_words import WORDS, about, written
from gan_lessons.figures.live_widget import WRAPPED, paragraph

if TYPE_CHECKING:
    from gan_lessons.figures.digits_film import DigitsFilm

PAUSE_MS = 700  # between frames when playing: the kernel draws one in about half of that


def film_box(film: DigitsFilm) -> Any:
    """Make the box; its children are found by name as its attributes for those who script it.

    Parameters
    ----------
    film
        The figure.

    Returns
    -------
    ipywidgets.VBox
        With attributes ``play``, ``slider``, ``back``, ``forward``, ``chosen``, ``picture`` and
        ``text``.
    """
    w = importlib.import_module("ipywidgets")
    last, pictures = len(film.recording.step) - 1, film.recording.pictures.shape[1]
    play = w.Play(value=film.frame, min=0, max=last, interval=PAUSE_MS, description=WORDS["play"])
    slider, chosen = (
        w.IntSlider(
            value=value, min=low, max=high, readout=False, description=WORDS[name],
            style={"description_width": "initial"}, layout={"width": "340px"},
        )
        for name, value, low, high in (("slider", film.frame, 0, last), ("picture", 1, 1, pictures))
    )  # fmt: skip
    back = w.Button(description="−1", tooltip=WORDS["back"], layout={"width": "48px"})
    forward = w.Button(description="+1", tooltip=WORDS["forward"], layout={"width": "48px"})
    image, framed = live_widget.picture(w)
    text = w.HTML()
    drawn = Picture(film)

    def show(_: object = None) -> None:
        frame, picture = slider.value, chosen.value - 1
        drawn.show(frame, picture)
        image.value = png_bytes(drawn.drawing)
        lines = (written(film.shows[frame]), about(film.values(frame, picture)))
        text.value = "".join(map(paragraph, lines))

    def move(by: int) -> None:
        slider.value = min(max(slider.value + by, 0), last)

    back.on_click(lambda _: move(-1))
    forward.on_click(lambda _: move(1))
    slider.observe(show, "value")
    chosen.observe(show, "value")
    box = w.VBox([w.HBox([play, back, slider, forward], **WRAPPED), framed, chosen, text])
    box.play, box.slider, box.back, box.forward = play, slider, back, forward
    box.chosen, box.picture, box.text = chosen, image, text
    box.link = w.jslink((play, "value"), (slider, "value"))
    show()
    return box
