"""What the commands share: messages, and a line about the progress."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:  # torch takes seconds to import; --help shall not wait for it
    from torch import Tensor

INTERRUPTED = 130  # what shells report for Ctrl-C


class Training(Protocol):
    """What is asked of a trainer."""

    steps: int

    def losses(self) -> tuple[Tensor, Tensor]:
        """Return the losses so far."""


def say(message: str) -> None:
    """Write a line to the user; of several processes, only the first speaks."""
    if os.environ.get("RANK", "0") == "0":  # as torchrun numbers them
        print(message, file=sys.stderr, flush=True)


class Progress:
    """A line about the state of a training: steps, pictures per second, time left, losses.

    On a terminal the line is rewritten twice a second.  Elsewhere (a log file) a new line comes
    every ten seconds.  Call it with the trainer after each step.

    Parameters
    ----------
    pictures : int
        Real pictures that a step sees.
    steps : int, optional
        Number of the last step.
    seconds : float, optional
        How long the training may take.
    out : file
        Where to write.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(
        self,
        pictures: int,
        steps: int | None = None,
        seconds: float | None = None,
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pictures, self.steps, self.seconds, self.clock = pictures, steps, seconds, clock
        self.out = out or sys.stderr
        self.live = self.out.isatty()
        self.every = 0.5 if self.live else 10.0
        self.begin = self.before = clock()
        self.first: int | None = None  # the step at which this run began
        self.shown = 0

    def __call__(self, trainer: Training) -> None:
        """Show the line if it is time to."""
        if self.first is None:
            self.first = self.done = trainer.steps - 1
        now = self.clock()
        if now - self.before >= self.every:
            self.write(self.line(trainer, now))
            self.before, self.done = now, trainer.steps

    def line(self, trainer: Training, now: float) -> str:
        """Return the line as it is now."""
        assert self.first is not None
        of = "" if self.steps is None else f"/{self.steps:,}"
        rate = (trainer.steps - self.done) / max(now - self.before, 1e-9)
        parts = [f"step {trainer.steps:,}{of}", f"{rate * self.pictures:,.0f} images/s"]
        left = self.left(trainer.steps, now)
        if left is not None:
            parts.append(f"{int(left) // 60}:{int(left) % 60:02d} left")
        d, g = (float(loss[-1].mean()) for loss in trainer.losses())
        return "  ".join([*parts, f"loss of D {d:.3f}, of G {g:.3f}"])

    def left(self, step: int, now: float) -> float | None:
        """Return the seconds that are left, by the limit that is nearer."""
        assert self.first is not None
        spent, times = now - self.begin, []
        if self.seconds is not None:
            times.append(max(0.0, self.seconds - spent))
        if self.steps is not None and step > self.first:
            times.append((self.steps - step) * spent / (step - self.first))
        return min(times, default=None)

    def write(self, line: str) -> None:
        """Show a line: in place of the last one, on a terminal."""
        if self.live:
            self.out.write("\r" + line.ljust(self.shown))
            self.shown = len(line)
        else:
            self.out.write(line + "\n")
        self.out.flush()

    def close(self) -> None:
        """Leave the line on the screen, and begin a new one."""
        if self.live and self.shown:
            self.out.write("\n")
            self.out.flush()
