"""Files to go on from: written whole or not at all, and read without running anything.

A program may be killed at any moment, and a disk may be full.  So a checkpoint is written to a
neighbour, ``<name>.part``, forced to the disk, and only then renamed to its name, which the file
system does in one stroke.  At each moment the name stands for the old file or for the new one.

Reading uses torch's ``weights_only``: tensors, numbers, strings, lists and dicts are read, and
a file that would run code is refused.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch

from gan_lessons.samples import State


def save(path: str | Path, state: State) -> None:
    """Write `state`, in place of the file that may be there.

    Parameters
    ----------
    path : str or Path
        Where to; its folder is made if it is missing.
    state : dict
        Tensors, numbers, strings, and lists and dicts of these.

    Raises
    ------
    OSError
        If the disk is full, say.  The old file is still there, and no other.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()  # first in memory: a full disk is then a plain error of `write`
    torch.save(state, content)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:  # of `write`: it does not say to which file
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):  # a leftover harms nothing; the error above counts
            part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def load(path: str | Path, device: torch.device | str = "cpu") -> State:
    """Read what `save` wrote.

    Parameters
    ----------
    path : str or Path
        The file.
    device : torch.device or str
        Where its tensors are put.  States of random generators belong on the CPU, and
        ``load_state_dict`` copies from there to wherever a network is: leave it at that.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no checkpoint, or not a whole one.
    """
    try:
        with zipfile.ZipFile(path) as archive:  # what torch writes; it holds check sums
            broken = archive.testzip()
        if broken is not None:
            raise ValueError(f"path must be a whole checkpoint, got {path}, broken in {broken}")
        state = torch.load(path, map_location=device, weights_only=True)
    except (zipfile.BadZipFile, RuntimeError, pickle.UnpicklingError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"path must be a whole checkpoint, got {path} ({reason})") from error
    if not isinstance(state, dict):
        raise ValueError(f"path must hold a dict, got {type(state).__name__} in {path}")
    return state


class Savable(Protocol):
    """What has a state to save: a `gan_lessons.training.Trainer`."""

    steps: int

    def state(self) -> State:
        """Return all that is needed to go on."""


class Saver:
    """Saves a trainer every so often: give it to ``Trainer.run`` as `on_step`.

    Parameters
    ----------
    path : str or Path
        The file, overwritten each time.
    every_seconds : float
        Wall time between two saves.  How often is a matter of how much work may be lost.
    every_steps : int, optional
        Save after so many steps instead.
    extra : dict, optional
        Written beside the state: settings and seed, say.

    Notes
    -----
    The file holds ``extra`` and, under "trainer", ``trainer.state()``.  A trainer that has
    diverged refuses to return its state, so the last good file stays.
    """

    def __init__(
        self,
        path: str | Path,
        every_seconds: float = 30.0,
        *,
        every_steps: int | None = None,
        extra: State | None = None,
    ) -> None:
        if not every_seconds >= 0:
            raise ValueError(f"every_seconds must be at least 0, got {every_seconds}")
        if every_steps is not None and every_steps < 1:
            raise ValueError(f"every_steps must be at least 1, got {every_steps}")
        self.path, self.extra = Path(path), dict(extra or {})
        self.every_seconds, self.every_steps = every_seconds, every_steps
        self._last = time.monotonic()

    def __call__(self, trainer: Savable) -> None:
        """Save if it is time to."""
        if self.every_steps is not None:
            due = trainer.steps % self.every_steps == 0
        else:
            due = time.monotonic() - self._last >= self.every_seconds
        if due:
            self.save(trainer)

    def save(self, trainer: Savable) -> None:
        """Save now."""
        save(self.path, {**self.extra, "trainer": trainer.state()})
        self._last = time.monotonic()


def collect(owner: object, names: Sequence[str]) -> State:
    """Return the states of those attributes of `owner` that have one.

    A state is what ``state_dict()`` returns, of what is torch's, or else ``state()``.
    """
    parts = {name: getattr(owner, name) for name in names}
    return {
        name: part.state_dict() if hasattr(part, "state_dict") else part.state()
        for name, part in parts.items()
        if hasattr(part, "state_dict") or hasattr(part, "state")
    }


def restore(owner: object, names: Sequence[str], state: State) -> None:
    """Give the attributes of `owner` back what `collect` returned.

    Raises
    ------
    ValueError
        If an attribute that has a state finds none, or the other way round.
    """
    for name in names:
        part = getattr(owner, name)
        load = getattr(part, "load_state_dict", None) or getattr(part, "load_state", None)
        if (load is None) != (name not in state):
            got = "one" if name in state else "none"
            raise ValueError(f"state must hold a {name} where the trainer has one, got {got}")
        if load is not None:
            load(state[name])


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk, where the system allows it (Windows does not)."""
    with contextlib.suppress(OSError):  # Windows: the file itself is safe all the same
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
