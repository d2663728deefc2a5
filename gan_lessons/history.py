"""The losses of a run, kept without waiting for the device; and the alarm if it diverges."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gan_lessons.samples import State


class DivergedError(ArithmeticError):
    """The training has produced a loss or a weight that is infinite or not a number."""


class History:
    """The losses of D and G at each step.

    A loss rests on its device until somebody asks: to read one number at each step would make
    the host wait for the device each time, and the device then for the host.
    """

    def __init__(self) -> None:
        # Blocks of many steps on the host, then the latest steps one by one.  One attribute: an
        # interrupt finds all of it before a change or after.
        self._parts: tuple[list[State], list[tuple[Tensor, Tensor]]] = ([], [])
        self._checked = 0  # how many steps `check` has seen

    def append(self, d_loss: Tensor, g_loss: Tensor) -> None:
        """Record one step."""
        self._parts[1].append((d_loss, g_loss))

    def losses(self) -> tuple[Tensor, Tensor]:
        """Return the losses of D and of G, each of shape (steps, ...), on the CPU."""
        self._pack()
        blocks = self._parts[0]
        if not blocks:
            return torch.zeros(0), torch.zeros(0)
        return torch.cat([b["d"] for b in blocks]), torch.cat([b["g"] for b in blocks])

    def check(self, networks: Mapping[str, nn.Module], step: int) -> None:
        """Raise a `DivergedError` if a loss since the last look, or a weight now, is not finite.

        Parameters
        ----------
        networks : mapping of str to Module
            What to look at, and what to call it.
        step : int
            How many steps have been done.
        """
        losses = dict(zip(("D", "G"), self.losses(), strict=True))  # waits for the device
        first = []  # the first bad step of each player
        for name, loss in losses.items():
            bad = ~torch.isfinite(loss[self._checked :])
            if bad.any():
                step_of_it, *member = torch.nonzero(bad)[0].tolist()
                at = self._checked + step_of_it
                first.append((at + 1, name, loss[(at, *member)].item()))
        if first:
            at, name, value = min(first)
            raise DivergedError(f"the loss of {name} became {value} at step {at}")
        self._checked = len(losses["D"])
        names = [
            (f"{tensor} of the {network}", value)
            for network, module in networks.items()
            for tensor, value in module.state_dict().items()
            if value.is_floating_point()
        ]
        if names:
            finite = torch.stack([torch.isfinite(value).all() for _, value in names]).tolist()
            for (name, _), good in zip(names, finite, strict=True):
                if not good:
                    raise DivergedError(f"{name} holds nan or inf after step {step}")

    def state(self) -> State:
        """Return all losses so far."""
        d, g = self.losses()
        return {"d": d, "g": g}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        self._parts = ([{"d": state["d"], "g": state["g"]}] if len(state["d"]) else [], [])
        self._checked = len(state["d"])

    def _pack(self) -> None:
        """Bring the latest losses to the host, as one block."""
        blocks, latest = self._parts
        if latest:
            d, g = (torch.stack(losses).cpu() for losses in zip(*latest, strict=True))
            self._parts = ([*blocks, {"d": d, "g": g}], [])
