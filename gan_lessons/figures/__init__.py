"""Interactive figures: one object that shows itself in a book page, a notebook or on paper."""

from gan_lessons.figures.lab_widget import lab
from gan_lessons.figures.one_dimensional import one_dimensional_gan
from gan_lessons.figures.player import Player
from gan_lessons.figures.player_preset import Preset

__all__ = ["Player", "Preset", "lab", "one_dimensional_gan"]
