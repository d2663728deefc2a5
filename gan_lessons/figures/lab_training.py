"""A training of the toy that does not keep its caller waiting: it runs in a thread of its own.

The thread computes and nothing else: it never touches a widget.  Whoever shows the training asks
it, as often as they like, how far it is.

Examples
--------
>>> training = Training(ToySettings(), seed=0, steps=3, then=lambda run: run.frames.tolist())
>>> training.start()
>>> training.wait(60)
True
>>> training.done, training.result
(3, [0, 1, 2, 3])
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from gan_lessons import toy
from gan_lessons.toy import Run, ToySettings
from gan_lessons.training import Trainer

FRAMES = 50  # snapshots of a run: enough for a smooth film, and a second or so to evaluate
CHECK_EVERY = 100  # steps between two looks for a loss that is not finite

Result = TypeVar("Result")


class Training(Generic[Result]):
    """One GAN that trains in the background; the run is that of `gan_lessons.toy.train`.

    Parameters
    ----------
    settings : ToySettings
        The recipe.
    seed : int
        Of everything random.
    steps : int
        Training steps to take.
    then : callable
        What to make of the run, in the same thread: `result` is what it returns.

    Attributes
    ----------
    done : int
        Training steps taken so far.
    run : Run or None
        What was recorded, once the training is over.
    result : object or None
        What `then` made of it.
    error : Exception or None
        What went wrong, if anything did.
    """

    latest: ClassVar[Training[Any] | None] = None  # of this process

    def __init__(
        self, settings: ToySettings, seed: int, steps: int, then: Callable[[Run], Result]
    ) -> None:
        for name, value, least in (("seed", seed, 0), ("steps", steps, 1)):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        self.settings, self.seed, self.steps = settings, seed, steps
        self.done = 0
        self.run: Run | None = None
        self.result: Result | None = None
        self.error: Exception | None = None
        self._then = then
        self._stop, self._over = threading.Event(), threading.Event()

    def start(self) -> None:
        """Begin; another training of this process that still runs is stopped, see `stop_latest`."""
        stop_latest()
        Training.latest = self
        # A daemon: a kernel that is shut down does not wait for it.
        threading.Thread(target=self._work, name="gan_lessons training", daemon=True).start()

    def stop(self) -> None:
        """Let it end after the step it is at, the first at the earliest, and keep what it has."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait until all is done, but not longer than this; return whether it is."""
        return self._over.wait(seconds)

    @property
    def stopped(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._stop.is_set()

    @property
    def over(self) -> bool:
        """Whether all is done."""
        return self._over.is_set()

    def _work(self) -> None:
        try:
            # To look for what is not finite changes no number of the run.
            loop = dataclasses.replace(self.settings.loop, check_every=CHECK_EVERY)
            run = toy.train(
                dataclasses.replace(self.settings, loop=loop),
                [self.seed],
                self.steps,
                record_every=-(-self.steps // FRAMES),
                progress=False,
                on_step=self._after_step,
            )
            self.run = dataclasses.replace(run, settings=self.settings)
            self.result = self._then(self.run)
        # Whatever it is: raised out of a thread it would be seen by nobody.
        except Exception as error:
            self.error = error
        finally:
            self._over.set()

    def _after_step(self, trainer: Trainer) -> None:
        self.done = trainer.steps
        if self._stop.is_set():
            trainer.check()
            raise KeyboardInterrupt  # as the training loop expects it


def stop_latest() -> None:
    """Stop the training that runs in this process, if one does: two would share one processor."""
    if Training.latest is not None:
        Training.latest.stop()
