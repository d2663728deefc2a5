"""The player of the 1-D GAN: four real runs, chosen to teach, trained when it is made."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gan_lessons import curves, toy
from gan_lessons.figures.player import Player
from gan_lessons.figures.player_preset import Preset
from gan_lessons.toy import ToySettings
from gan_lessons.training import LoopSettings


@dataclass(frozen=True)
class Lesson:
    """A run to be trained, and what to look at in it."""

    label: str
    caption: str
    settings: ToySettings
    steps: int
    every: int  # steps between two frames
    start: int  # the training step shown first
    g_optimum: float = math.log(2)


LESSONS = {
    "works": Lesson(
        "It works: D leads, G follows",
        "Look at the slope of <i>D</i> under the orange hump: <i>G</i> moves its values uphill. "
        "<i>D</i> takes five steps for each step of <i>G</i> and stays close to <i>D</i>*. "
        "At the end <i>D</i> is near ½ and the two densities agree.",
        ToySettings(
            g_start=-3.0,  # three standard deviations to the left, so that there is a way to go
            r1=0.1,  # light: D may be steep while the two are apart
            # D close to D*, G slow enough to be watched
            loop=LoopSettings(k=5, lr_d=5e-3, lr_g=1e-3),
        ),
        steps=600,
        every=5,
        start=20,
    ),
    "blind": Lesson(
        "Losses at the optimum, wrong distribution",
        "Look at the losses: they reach log 4 and log 2, and rest there. "
        "Then look at the densities. "
        "This <i>D</i> has no hidden layer: its logit is a straight line, so it sees little but "
        "the mean. <i>G</i> matches that, and nobody corrects the width. "
        "The fix: a <i>D</i> that can bend.",
        ToySettings(d_hidden=(), loop=LoopSettings(k=1, lr_d=5e-3, lr_g=2e-3)),
        steps=800,
        every=10,
        start=800,
    ),
    "collapse": Lesson(
        "Collapse: two modes in the data, one in G",
        "Look at the arrows: every noise value ends in almost the same place. "
        "<i>D</i> learns fifty times more slowly than <i>G</i>, so <i>G</i> piles everything "
        "where the lagging <i>D</i> is highest, and moves on when <i>D</i> notices. "
        "The fix: a <i>D</i> that keeps up.",
        ToySettings(target="two modes", loop=LoopSettings(k=1, lr_d=1e-4, lr_g=5e-3)),
        steps=800,
        every=10,
        start=800,
    ),
    "saturated": Lesson(
        "D too strong for the saturating loss",
        "Look at <i>D</i> where <i>G</i> puts its values: it is 0, and flat. "
        "The saturating loss has no slope there, so <i>G</i> stands still, although <i>D</i> is "
        "as good as it can be. "
        "The fix: the non-saturating loss, from the same start.",
        ToySettings(
            standardise=False,  # G starts near 0, eight standard deviations from the data
            g_loss="saturating",
            batch=64,  # enough to show it, and 20 steps of D for each of G take their time
            loop=LoopSettings(k=20, lr_d=2e-2, lr_g=5e-4),
        ),
        steps=300,
        every=5,
        start=300,
        g_optimum=-math.log(2),
    ),
}


def train_lesson(name: str, seed: int = 0) -> curves.Curves:
    """Train one of LESSONS and evaluate it every few steps."""
    if name not in LESSONS:
        raise ValueError(f"name must be one of {[*LESSONS]}, got {name!r}")
    lesson = LESSONS[name]
    run = toy.train(lesson.settings, [seed], lesson.steps, lesson.every, progress=False)
    return curves.compute(run)


def one_dimensional_gan(seed: int = 0) -> Player:
    """Train the four lessons from one seed and return their player.

    Parameters
    ----------
    seed : int
        Everything random in the four runs comes from it.
    """
    presets = [
        Preset(lesson.label, lesson.caption, train_lesson(name, seed), lesson.start,
               lesson.g_optimum)
        for name, lesson in LESSONS.items()
    ]  # fmt: skip
    return Player(
        presets,
        title="A one-dimensional GAN, step by step",
        alt=(
            "Four panels. Top: the discriminator D and the best discriminator, between 0 and 1. "
            "Second: the density of the data, and that of the generator moving towards it. "
            "Third: arrows from noise values to where the generator sends them. "
            "Bottom: both losses against the training step."
        ),
    )
