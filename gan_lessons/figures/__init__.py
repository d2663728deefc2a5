"""Interactive figures: one object that shows itself in a book page, a notebook or on paper."""

from gan_lessons.figures.one_dimensional import one_dimensional_gan
from gan_lessons.figures.player import Player, Preset

__all__ = ["Player", "Preset", "one_dimensional_gan"]
