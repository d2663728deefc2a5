"""Pictures of 1-D GANs taken whenever you ask, for experiments that do not just train on.

Examples
--------
>>> from gan_lessons.toy import make_trainer
>>> settings = ToySettings()
>>> trainer, album = make_trainer(settings, [0]), Snapshots(settings, [0])
>>> album.take(trainer)
>>> fake = trainer.generator(trainer.noise()).detach()
>>> _ = trainer.discriminator_step(fake)  # D alone: no step of the loop, and no step of G
>>> album.take(trainer)
>>> album.run(trainer).frames.tolist()
[0, 1]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gan_lessons.toy import Run, ToySettings
from gan_lessons.training import Trainer

NETWORKS = ("generator", "averaged", "discriminator")


class Snapshots:
    """Copies of the weights of S GANs at chosen moments, to be looked at like any run.

    `gan_lessons.toy.train` records every so many steps.  Here you take the pictures yourself:
    between two updates of D, say.

    Parameters
    ----------
    settings : ToySettings
        What the trainer was made from.
    seeds : sequence of int
        The same.
    """

    def __init__(self, settings: ToySettings, seeds: Sequence[int]) -> None:
        self.settings, self.seeds = settings, np.array(seeds, np.int64)
        self._shots: list[list[list[NDArray[np.float32]]]] = []

    def __len__(self) -> int:
        return len(self._shots)

    def take(self, trainer: Trainer) -> None:
        """Copy the weights as they are now."""
        self._shots.append([
            [p.detach().clone().numpy() for p in getattr(trainer, name).parameters()]
            for name in NETWORKS
        ])  # fmt: skip

    def run(self, trainer: Trainer) -> Run:
        """Return what was taken as a run; its frames count the pictures, not training steps."""
        if not self._shots:
            raise ValueError("trainer must have been taken at least once, got no snapshot")
        weights = {
            name: [np.stack(w) for w in zip(*(shot[i] for shot in self._shots), strict=True)]
            for i, name in enumerate(NETWORKS)
        }
        d, g = (loss.reshape(-1, len(self.seeds)).numpy() for loss in trainer.losses())
        return Run(self.settings, self.seeds, d, g, np.arange(len(self), dtype=np.int64), weights)
