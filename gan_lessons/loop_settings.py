"""How the two players of the training loop are updated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan_lessons import devices

HOW = ("check_every", "compile", "graph")  # they change how a step is computed, not what


@dataclass(frozen=True)
class LoopSettings:
    """How the two players are updated; the defaults are those of the 1-D experiment."""

    k: int = 2  # D steps for one G step: more seeds succeed than with the 2014 paper's 1
    lr_d: float = 2e-3  # 60 seeds of 60 succeed; with 5e-3 (and 2e-3 for G) 58 did
    lr_g: float = 1e-3  # slower than D, so that D can follow (two time scales)
    half_after: int = 0  # steps until both rates are half of this: see `pace`; 0: they stay
    # No momentum (first 0): momentum carries each player past the other's move.
    betas: tuple[float, float] = (0.0, 0.9)
    ema: float = 0.99  # G averaged over about 100 steps: the players circle, their mean rests
    ema_warmup: bool = False  # at step t at most (1 + t) / (10 + t): soon forget the first weights
    together: bool = False  # D judges real and fake in one pass: faster; not with batch norm in D
    precision: str = "full"  # one of devices.PRECISIONS; "mixed" is what suits the device
    check_every: int = 0  # steps between two looks for a nan or inf; 0: none
    compile: bool = False  # the two networks by torch.compile, on CUDA
    graph: bool = False  # the whole step as one CUDA graph

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        if self.k < 1:
            raise ValueError(f"k must be at least 1, got {self.k}")
        for name in ("lr_d", "lr_g", "half_after", "check_every"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema must be in [0, 1), got {self.ema}")
        if len(self.betas) != 2 or not all(0 <= b < 1 for b in self.betas):
            raise ValueError(f"betas must be two numbers in [0, 1), got {self.betas}")
        devices.half(self.precision, "cpu")  # refuses an unknown name

    def pace(self, step: int) -> float:
        """Return what both rates are multiplied by at a step: 1 / (1 + step / half_after).

        The rates add up to infinity, so that the players can go as far as they must, and their
        squares do not, so that the noise of the batches dies away: the conditions of Robbins and
        Monro, A Stochastic Approximation Method (1951).  How long the run will be need not be
        known.

        Examples
        --------
        >>> settings = LoopSettings(half_after=1000)
        >>> [settings.pace(step) for step in (0, 1000, 3000)]
        [1.0, 0.5, 0.25]
        """
        return 1 / (1 + step / self.half_after) if self.half_after else 1.0

    def agree_with(self, earlier: Mapping[str, Any]) -> None:
        """Refuse to go on with what was trained by `earlier` settings if they were others."""
        for name, mine in dataclasses.asdict(self).items():
            if name not in HOW and mine != (theirs := earlier.get(name)):
                raise ValueError(f"{name} must be {theirs}, as in the checkpoint, got {mine}")
