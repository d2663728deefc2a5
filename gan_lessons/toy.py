"""The 1-D experiment: a GAN small enough to be seen whole, and many of them at once.

Examples
--------
>>> run = train(ToySettings(), seeds=[0], steps=20, record_every=10, progress=False)
>>> run.frames.tolist(), run.d_loss.shape
([0, 10, 20], (20, 1))
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lessons import densities, losses
from gan_lessons.batches import Batches
from gan_lessons.densities import Density
from gan_lessons.networks import MLP, LogitMLP, perceptron
from gan_lessons.objectives import OnFakes
from gan_lessons.penalties import R1
from gan_lessons.training import LoopSettings, Trainer

TARGETS: dict[str, Density] = {
    "gaussian": densities.gaussian(4.0, 0.5),
    "two modes": densities.mixture([2.0, 6.0], [0.5, 0.5]),  # eight standard deviations apart
}
NOISES: dict[str, Density] = {
    "normal": densities.gaussian(0.0, 1.0),
    "uniform": densities.uniform(-1.0, 1.0),  # not the target's law: G has to bend it
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh_,
    "relu": torch.relu_,
    "square": torch.square,  # a D with one such layer is a parabola: it sees two moments
}
G_LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "non-saturating": losses.nonsaturating_loss,
    "saturating": losses.saturating_loss,
}


@dataclass(frozen=True)
class ToySettings:
    """Everything that decides a run, but for its seed; the defaults work."""

    target: str = "gaussian"  # a name in TARGETS
    noise: str = "normal"  # a name in NOISES
    g_loss: str = "non-saturating"  # a name in G_LOSSES
    batch: int = 256  # real and fake samples each; smaller is noisier and hardly faster
    g_hidden: tuple[int, ...] = (32, 32)  # enough to bend uniform noise into two modes
    d_hidden: tuple[int, ...] = (32, 32)
    activation: str = "tanh"  # a name in ACTIVATIONS
    d_activation: str | None = None  # that of D, if it differs
    standardise: bool = True  # networks see (x - mean) / sd, where tanh units are spread
    g_start: float = 0.0  # added to G's first outputs, in the networks' units: a far start
    r1: float = 0.0  # weight of the R1 penalty; 0 is without, and the recipe does not need it
    loop: LoopSettings = field(default_factory=LoopSettings)

    def __post_init__(self) -> None:
        """Refuse names that are not in the tables above, and numbers that make no sense."""
        tables = (("target", TARGETS), ("noise", NOISES), ("g_loss", G_LOSSES),
                  ("activation", ACTIVATIONS), ("d_activation", [None, *ACTIVATIONS]))  # fmt: skip
        for name, table in tables:
            if getattr(self, name) not in table:
                raise ValueError(f"{name} must be one of {[*table]}, got {getattr(self, name)!r}")
        for name in ("g_hidden", "d_hidden"):
            if any(width < 1 for width in getattr(self, name)):
                raise ValueError(f"{name} must be widths of at least 1, got {getattr(self, name)}")
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, got {self.batch}")
        if not 0 <= self.r1 < float("inf"):
            raise ValueError(f"r1 must be a finite number of at least 0, got {self.r1}")
        if not abs(self.g_start) < float("inf"):
            raise ValueError(f"g_start must be a finite number, got {self.g_start}")

    @property
    def p_data(self) -> Density:
        """The density to be learned, in its own units."""
        return TARGETS[self.target]

    @property
    def p_z(self) -> Density:
        """The density of the noise."""
        return NOISES[self.noise]

    @property
    def activations(self) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
        """What bends G and what bends D."""
        return ACTIVATIONS[self.activation], ACTIVATIONS[self.d_activation or self.activation]

    @property
    def scale(self) -> tuple[float, float]:
        """The (mean, sd) that standardises the data; (0, 1) if they are left raw."""
        p = self.p_data
        return (float(p.mean), float(p.stddev)) if self.standardise else (0.0, 1.0)


@dataclass(frozen=True)
class Run:
    """What was recorded of S GANs that trained side by side, one for each seed.

    Attributes
    ----------
    settings : ToySettings
        What they had in common.
    seeds : array of int, shape (S,)
        What they had not.
    d_loss, g_loss : array, shape (T, S)
        Minibatch losses at each of the T steps.
    frames : array of int, shape (F,)
        Number of steps done when each snapshot was taken; the first is 0.
    weights : dict of str to list of arrays
        Snapshots of "generator", "averaged" (generator) and "discriminator": for each network
        its weights W0, b0, W1, b1, ... with shapes (F, S, in, out) and (F, S, 1, out).
    """

    settings: ToySettings
    seeds: NDArray[np.int64]
    d_loss: NDArray[np.float32]
    g_loss: NDArray[np.float32]
    frames: NDArray[np.int64]
    weights: dict[str, list[NDArray[np.float32]]]

    def generator(
        self, frame: int = -1, member: int = 0, averaged: bool = False
    ) -> Callable[[Tensor], Tensor]:
        """Return G of one GAN at one snapshot, in the units of the data.

        Parameters
        ----------
        frame : int
            Which snapshot; by default the last.
        member : int
            Which GAN, an index into `seeds`.
        averaged : bool
            The averaged generator in place of the one that plays.

        Returns
        -------
        callable
            Maps z, float64 (n,), to x, (n,); differentiable.
        """
        mean, sd = self.settings.scale
        network = self._network("averaged" if averaged else "generator", frame, member)
        return lambda z: mean + sd * network(z)

    def discriminator(self, frame: int = -1, member: int = 0) -> Callable[[Tensor], Tensor]:
        """Return the logit of D of one GAN at one snapshot, as a function of x."""
        mean, sd = self.settings.scale
        network = self._network("discriminator", frame, member)
        return lambda x: network((x - mean) / sd)

    def _network(self, name: str, frame: int, member: int) -> Callable[[Tensor], Tensor]:
        weights = [torch.from_numpy(w[frame, [member]]).double() for w in self.weights[name]]
        activation = self.settings.activations[name == "discriminator"]
        return lambda x: perceptron(x.reshape(1, -1, 1), weights, activation).reshape(-1)

    def save(self, path: str | Path) -> None:
        """Write the run as plain arrays (npz, nothing pickled), whole or not at all."""
        path = Path(path)
        arrays = {f"weights.{name}.{i}": w for name, ws in self.weights.items()
                  for i, w in enumerate(ws)}  # fmt: skip
        part = path.with_name(path.name + ".part")
        try:
            with part.open("wb") as file:
                np.savez(
                    file, allow_pickle=False, **arrays,
                    settings=np.array(json.dumps(dataclasses.asdict(self.settings))),
                    seeds=self.seeds, d_loss=self.d_loss, g_loss=self.g_loss, frames=self.frames,
                )  # fmt: skip
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | Path) -> Run:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        given: dict[str, Any] = json.loads(
            str(arrays["settings"]),  # JSON has no tuples
            object_hook=lambda d: {k: tuple(v) if isinstance(v, list) else v for k, v in d.items()},
        )
        settings = ToySettings(**given | {"loop": LoopSettings(**given["loop"])})
        weights: dict[str, list[NDArray[np.float32]]] = {}
        for key in arrays:  # in the order of writing
            if key.startswith("weights."):
                weights.setdefault(key.split(".")[1], []).append(arrays[key])
        return cls(settings, arrays["seeds"], arrays["d_loss"], arrays["g_loss"],
                   arrays["frames"], weights)  # fmt: skip


def train(
    settings: ToySettings,
    seeds: Sequence[int],
    steps: int = 1000,
    record_every: int | None = None,
    progress: bool = True,
    on_step: Callable[[Trainer], None] | None = None,
) -> Run:
    """Train one GAN for each seed, all of them side by side, and return what was recorded.

    Parameters
    ----------
    settings : ToySettings
        The recipe.
    seeds : sequence of int
        Everything random about GAN s (weights, data, noise) comes from ``seeds[s]`` alone: it
        follows the same path in whatever company it trains, up to rounding.
    steps : int
        Generator updates.
    record_every : int, optional
        Steps between snapshots of the weights; by default only the first and last are kept.
    progress : bool
        Show a progress bar.
    on_step : callable, optional
        Called with the trainer after each step; a KeyboardInterrupt from it ends the training.

    Returns
    -------
    Run
        If the training is interrupted, the run holds what was done so far.
    """
    if not len(seeds):
        raise ValueError("seeds must hold at least one seed, got none")
    every = max(1, steps) if record_every is None else record_every
    for name, value, least in (("seeds", min(seeds), 0), ("steps", steps, 0),
                               ("record_every", every, 1)):  # fmt: skip
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    trainer = make_trainer(settings, seeds)
    names = ("generator", "averaged", "discriminator")
    shots: list[tuple[int, list[list[Tensor]]]] = []  # steps done, weights of each network

    def shoot() -> None:
        weights = [[p.detach().clone() for p in getattr(trainer, n).parameters()] for n in names]
        shots.append((trainer.steps, weights))  # whole: an interrupt cannot leave half of it

    def after_step(_: Trainer) -> None:
        if trainer.steps % every == 0 or trainer.steps == steps:
            shoot()
        if on_step is not None:
            on_step(trainer)

    shoot()
    with one_thread():
        trainer.run(steps, after_step, progress)
    if shots[-1][0] != trainer.steps:  # interrupted between two snapshots
        shoot()
    frames, weights = zip(*shots, strict=True)  # weights: (F) of (3 networks) of tensors
    d_loss, g_loss = (loss.reshape(-1, len(seeds)).numpy() for loss in trainer.losses())
    stacked = {
        name: [torch.stack(frame).numpy() for frame in zip(*shot, strict=True)]
        for name, shot in zip(names, zip(*weights, strict=True), strict=True)
    }
    return Run(settings, np.array(seeds, np.int64), d_loss, g_loss, np.array(frames), stacked)


def make_trainer(settings: ToySettings, seeds: Sequence[int]) -> Trainer:
    """Return the untrained networks, their data and noise, ready to `run`."""
    # Four independent streams for each seed, so that no two uses share their numbers.
    states = np.array([np.random.SeedSequence(s).generate_state(4, np.uint64) for s in seeds])
    g_init, d_init, data, noise = (
        [torch.Generator().manual_seed(int(state % 2**63)) for state in column]
        for column in states.T
    )
    g_activation, d_activation = settings.activations
    generator = MLP([1, *settings.g_hidden, 1], g_init, g_activation)
    with torch.no_grad():
        [*generator.parameters()][-1].add_(settings.g_start)  # the bias of the output
    return Trainer(
        generator,
        LogitMLP([1, *settings.d_hidden, 1], d_init, d_activation),
        Batches(settings.p_data, settings.batch, data, *settings.scale),
        Batches(settings.p_z, settings.batch, noise),
        settings.loop,
        g_loss=OnFakes(G_LOSSES[settings.g_loss]),
        penalty=R1(settings.r1) if settings.r1 else None,
    )


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread inside: these matrices are too small to be worth sharing."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
