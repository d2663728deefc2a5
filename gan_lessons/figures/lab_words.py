"""The words of the lab; each entry is a whole label or sentence with named gaps."""

from __future__ import annotations

import numpy as np

from gan_lessons.toy import ToySettings

WORDS = {
    "name": "A lab for one-dimensional GANs",
    "no_kernel": "it needs a notebook with a running kernel, as in Colab",
    "no_widgets": "figures.lab() needs ipywidgets, which is not installed here: "
    "run `pip install ipywidgets`, then restart the kernel",
    "alt": "Four panels: D and the best D between 0 and 1; the densities of data and generator; "
    "arrows from noise to samples; both losses against the training step.",
    "target": "Data",
    "g_loss": "Loss of G",
    "k": "k: D steps per G step",
    "lr_d": "Learning rate of D",
    "lr_g": "Learning rate of G",
    "seed": "Seed",
    "steps": "Training steps",
    "run": "Run",
    "stop": "Stop",
    "progress": "Progress",
    "reading": "step {done:,} of {steps:,}",
    "ready": "Choose, then press Run. Change one thing at a time: each run is kept for comparison.",
    "training": "Training with what was chosen. Stop keeps what was trained so far.",
    "busy": "It is training already. What you change now counts for the next run.",
    "stopping": "Stopping after this step.",
    "drawing": "Training is over. Computing the curves.",
    "done": "Done: {steps:,} training steps. The run is shown below; move its slider.",
    "stopped": "Stopped after {done:,} of {steps:,} training steps. They are shown below.",
    "idle": "Nothing is training. Press Run.",
    "refused": "This cannot be trained: {error}.",
    "diverged": "The training broke down: {error}. Try smaller learning rates.",
    "failed": "Something unexpected went wrong, and the lab could not go on: {error}.",
    "label": "{number}: {target}, {g_loss}, k = {k}, rates {lr_d} and {lr_g}, seed {seed}",
    "caption": "Run {number}: {done:,} of {steps:,} steps on {target}, with the {g_loss} loss "
    "of <i>G</i>, <i>k</i> = {k}, learning rates {lr_d} for <i>D</i> and {lr_g} for <i>G</i>, "
    "seed {seed}. The curves are right to about 0.001.",
}


def about(settings: ToySettings) -> dict[str, object]:
    """Return what the labels of a run say of its settings.

    Examples
    --------
    >>> WORDS["label"].format(number=1, seed=0, **about(ToySettings()))
    '1: gaussian, non-saturating, k = 2, rates 0.002 and 0.001, seed 0'
    """
    loop = settings.loop
    return {
        "target": settings.target,
        "g_loss": settings.g_loss,
        "k": loop.k,
        "lr_d": decimal(loop.lr_d),
        "lr_g": decimal(loop.lr_g),
    }


def decimal(rate: float) -> str:
    """Write a number without an exponent.

    Examples
    --------
    >>> decimal(5e-05), decimal(0.1)
    ('0.00005', '0.1')
    """
    return str(np.format_float_positional(rate, trim="-"))
