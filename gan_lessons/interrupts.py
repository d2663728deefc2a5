"""Ctrl-C that lets a training step end first, so that a checkpoint holds whole steps only."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Protocol

from gan_lessons import processes


class Counting(Protocol):
    """A trainer."""

    steps: int


class Interrupts:
    """Ctrl-C that lets a step end first: ``with Interrupts() as stop:``, and `stop` as `on_step`.

    After the step it raises KeyboardInterrupt, which the training loop knows.  A second Ctrl-C,
    a second later or more, is not waited for.  (torchrun passes on a Ctrl-C that the terminal
    has sent already.)  Several processes stop after the same step, if one of them was asked.

    It may be used inside another one, which then also knows.

    Attributes
    ----------
    asked : bool
        Whether somebody pressed Ctrl-C.
    """

    def __init__(self) -> None:
        self.asked, self._when = False, 0.0
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def __call__(self, trainer: Counting) -> None:
        """Stop here, if that was asked for."""
        if processes.count() == 1:
            stop = self.asked
        else:
            stop = trainer.steps % 20 == 0 and processes.any_of(self.asked)
        if stop:
            self.asked = True
            raise KeyboardInterrupt

    def _ask(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.asked and now - self._when >= 1.0:
            raise KeyboardInterrupt
        if not self.asked:
            self.asked, self._when = True, now
            outer = getattr(self._before, "__self__", None)
            if isinstance(outer, Interrupts):
                outer._ask(number, frame)
            elif processes.rank() == 0:
                print("\nstopping after this step (Ctrl-C again: at once)", file=sys.stderr)
