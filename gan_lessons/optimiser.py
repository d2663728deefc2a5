"""Adam for the training loop: torch's own update, called as a function; and its 16-bit form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.optim.adam import adam

from gan_lessons.samples import State


class Optimiser(Protocol):
    """What the loop and its checkpoints ask of an optimiser."""

    params: list[Tensor]

    def set_rate(self, lr: float) -> None:
        """Change the step size."""

    def step(self, grads: Sequence[Tensor]) -> None:
        """Move the parameters against `grads`, one for each parameter."""

    def state(self) -> State:
        """Return what the next step depends on, other than the parameters."""

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""


class Adam:
    """torch's own Adam, called as a function.

    The optimiser object spends more time on bookkeeping than these small networks spend on
    arithmetic.  The update itself, ``torch.optim.adam.adam``, is the library's.

    Parameters
    ----------
    params : sequence of Parameter
        What to update, in place.
    lr, betas : float, pair of float
        Step size and the two averaging factors.
    recorded : bool
        The update will be recorded in a CUDA graph: keep the step size in memory, where a replay
        looks for it.
    """

    eps = 1e-8  # the paper's: only keeps a division by zero away

    def __init__(
        self,
        params: Sequence[Tensor],
        lr: float,
        betas: tuple[float, float],
        recorded: bool = False,
    ) -> None:
        # The same memory, out of autograd's sight: updates in place need no `no_grad`.
        self.params = [p.detach() for p in params]
        self.betas = betas
        self.lr = torch.tensor(lr, device=self.params[0].device) if recorded else lr
        self.mean = [torch.zeros_like(p) for p in self.params]
        self.square = [torch.zeros_like(p) for p in self.params]
        # One kernel for everything, where there is one; it counts its steps on the device.
        self.fused = all(p.device.type in ("cpu", "cuda") for p in self.params)
        self.count = [torch.zeros((), device=p.device if self.fused else None) for p in self.params]
        self.contiguous = all(p.is_contiguous() for p in self.params)  # not if channels come last

    def set_rate(self, lr: float) -> None:
        """Change the step size."""
        if isinstance(self.lr, Tensor):
            self.lr.fill_(lr)
        else:
            self.lr = lr

    def step(self, grads: Sequence[Tensor]) -> None:
        """Move the parameters against `grads`, one for each parameter."""
        self.update(grads)

    def update(
        self, grads: Sequence[Tensor], scale: Tensor | None = None, overflow: Tensor | None = None
    ) -> None:
        """Take a step; first divide the gradients by `scale`, and stay put if `overflow` is 1."""
        # The fused kernel walks through memory: a gradient in another order than its parameter
        # (a transposed view, as from R1) would be added to the wrong weights, without a word.
        if self.contiguous:
            grads = [g.contiguous() for g in grads]
        else:
            grads = [_in_order_of(p, g) for p, g in zip(self.params, grads, strict=True)]
        adam(
            self.params, grads, self.mean, self.square, [], self.count,
            fused=self.fused, amsgrad=False, maximize=False, weight_decay=0.0,
            lr=self.lr, beta1=float(self.betas[0]), beta2=float(self.betas[1]), eps=self.eps,
            grad_scale=scale, found_inf=overflow,
        )  # fmt: skip

    def state(self) -> State:
        """Return the running averages and the number of updates."""
        return {"mean": self.mean, "square": self.square, "count": self.count}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        for name in ("mean", "square", "count"):
            for mine, theirs in zip(getattr(self, name), state[name], strict=True):
                mine.copy_(theirs)


class ScaledAdam(Adam):
    """Adam for gradients that went through float16, scaled up so that they did not become 0.

    The scaler looks whether a gradient overflowed.  The update divides by the scale, or does
    nothing after an overflow; neither waits for the device.  Then the scaler adapts its scale.

    Parameters
    ----------
    params, lr, betas, recorded
        As for `Adam`; on a CPU or a CUDA device.
    scaler : torch.amp.GradScaler
        By which the loss was scaled; one may serve both players.
    """

    def __init__(
        self,
        params: Sequence[Tensor],
        lr: float,
        betas: tuple[float, float],
        scaler: torch.amp.GradScaler,
        recorded: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, recorded)
        if not self.fused:
            raise ValueError(f"params must be on a CPU or CUDA device, got {params[0].device}")
        self.scaler, self._for_scaler = scaler, _ForScaler(self)

    def step(self, grads: Sequence[Tensor]) -> None:
        """Move the parameters against the scaled `grads`, unless one of them is not finite."""
        for p, grad in zip(self.params, grads, strict=True):
            p.grad = grad  # where the scaler looks
        # Not an Optimizer by its class, but with the three things that a scaler asks of one.
        self.scaler.step(self._for_scaler)  # type: ignore[arg-type]
        self.scaler.update()
        for p in self.params:
            p.grad = None


class _ForScaler:
    """What a GradScaler needs of an optimiser."""

    _step_supports_amp_scaling = True  # torch's word for: my kernel undoes the scale by itself
    grad_scale: Tensor  # the scaler sets these two, for the time of a step
    found_inf: Tensor

    def __init__(self, adam: Adam) -> None:
        self.adam, self.param_groups = adam, [{"params": adam.params}]

    def step(self) -> None:
        grads = [p.grad for p in self.adam.params if p.grad is not None]
        self.adam.update(grads, self.grad_scale, self.found_inf)


def _in_order_of(p: Tensor, grad: Tensor) -> Tensor:
    """Return `grad` with its numbers in the order that those of p have in memory."""
    return grad if grad.stride() == p.stride() else torch.empty_like(p).copy_(grad)
