"""The adversarial training loop, one for every GAN of the book.

It knows nothing of the data or the networks.  It draws batches, takes k steps of the
discriminator D and one of the generator G, averages the weights of G, and records the losses.
Batches are tensors, or `gan_lessons.samples.Labelled` for a conditional GAN.

References
----------
Goodfellow et al., Generative Adversarial Nets (2014), Algorithm 1.  Two differences: Adam in
place of momentum, and G is updated on the fakes of the last D step instead of fresh noise,
so that one forward pass of G serves both.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_lessons import devices, losses, processes
from gan_lessons.averages import MovingAverage
from gan_lessons.checkpoints import collect, restore
from gan_lessons.graphs import Graphed
from gan_lessons.history import DivergedError, History
from gan_lessons.loop_settings import LoopSettings
from gan_lessons.objectives import OnFakes
from gan_lessons.optimiser import Adam, Optimiser, ScaledAdam
from gan_lessons.samples import Sample, Source, State, joined, values

__all__ = ["ON_FAKES", "Adam", "DivergedError", "Judged", "LoopSettings", "PairLoss", "Trainer"]

PairLoss = Callable[[Tensor, Tensor], Tensor]
Judged = Callable[[Any, Any, Any], Tensor]  # of (discriminator, real, fake)
ON_FAKES = OnFakes(losses.nonsaturating_loss)
NETWORKS = ("generator", "discriminator", "averaged")
PARTS = (*NETWORKS, "g_optimizer", "d_optimizer", "scaler", "history",
         "real", "noise", "g_loss", "d_loss", "penalty")  # fmt: skip


class Trainer:
    """Two networks, their data and noise, and the steps that set them against each other.

    Parameters
    ----------
    generator : Module
        Maps a batch of noise to a batch of samples.
    discriminator : Module
        Maps samples to logits, whose last axis is the batch.  Leading axes, if any, are
        independent GANs that train side by side.
    real, noise : callable
        Return the next batch of data, of noise.
    settings : LoopSettings
        Learning rates and the rest.
    g_loss : callable
        What the generator minimises: ``g_loss(discriminator, real, fake)``.
    d_loss : callable
        Loss of the discriminator, given the logits of (real, fake).
    penalty : callable, optional
        Added to the loss of D: ``penalty(discriminator, real, fake)``.

    Attributes
    ----------
    averaged : Module
        The generator with exponentially averaged weights: see `averages.MovingAverage`.
    generate, judge : callable
        The two networks as the loop calls them: in mixed precision, or compiled, if asked.
    steps : int
        Training steps done so far.

    Notes
    -----
    Put the networks on their device first.  Under torchrun, each process makes the same trainer,
    with `gan_lessons.processes.part` of the sources.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        real: Source,
        noise: Source,
        settings: LoopSettings | None = None,
        *,
        g_loss: Judged = ON_FAKES,
        d_loss: PairLoss = losses.discriminator_loss,
        penalty: Judged | None = None,
    ) -> None:
        self.settings = settings or LoopSettings()
        self.generator, self.discriminator = generator, discriminator
        self.real, self.noise = real, noise
        self.g_loss, self.d_loss, self.penalty = g_loss, d_loss, penalty
        self.processes = processes.count()
        if self.processes > 1:
            processes.share(
                [*generator.state_dict().values(), *discriminator.state_dict().values()]
            )
        self._average = MovingAverage(generator, self.settings.ema, self.settings.ema_warmup)
        self.averaged = self._average.network
        self.g_params: list[Tensor] = [*generator.parameters()]
        self.d_params: list[Tensor] = [*discriminator.parameters()]
        self._prepare()
        self.last_real: Any = None  # the batch that D saw last
        self._axis: int | None = None
        self.steps = 0
        self.history = History()

    def _prepare(self) -> None:
        """Make what depends on the device: precision, optimisers, compiled code."""
        settings, device = self.settings, self.g_params[0].device
        for name in ("compile", "graph"):
            if getattr(settings, name) and device.type != "cuda":
                raise ValueError(
                    f"{name} must be False without a CUDA device, got True on {device}"
                )
        dtype = devices.half(settings.precision, device)
        if settings.graph and self.processes > 1:
            got = f"{self.processes} processes"
            raise ValueError(f"graph must be False with several processes, got {got}")
        self.generate, self.judge = (
            devices.as_called(network, dtype, settings.compile)
            for network in (self.generator, self.discriminator)
        )
        self.scaler = torch.amp.GradScaler(device.type) if dtype == torch.float16 else None
        self.g_optimizer: Optimiser
        self.d_optimizer: Optimiser
        self.g_optimizer, self.d_optimizer = (
            Adam(params, rate, settings.betas, settings.graph)
            if self.scaler is None
            else ScaledAdam(params, rate, settings.betas, self.scaler, settings.graph)
            for params, rate in ((self.g_params, settings.lr_g), (self.d_params, settings.lr_d))
        )
        self._play = Graphed(self, settings.k) if settings.graph else self.play

    def step(self) -> None:
        """Let both players move, average G, and record the two losses."""
        if self.settings.half_after:
            self.d_optimizer.set_rate(self.settings.lr_d * self.settings.pace(self.steps))
            self.g_optimizer.set_rate(self.settings.lr_g * self.settings.pace(self.steps))
        d_loss, g_loss = self._play()
        if self.processes > 1:
            d_loss, g_loss = processes.mean([d_loss, g_loss])
        self.average()
        self.history.append(d_loss, g_loss)  # together: an interrupt cannot part them
        self.steps += 1

    def play(self) -> tuple[Tensor, Tensor]:
        """Take k steps of D and one step of G; return their losses."""
        for _ in range(self.settings.k):
            fake = self.generate(self.noise())
            d_loss = self.discriminator_step(fake.detach())  # G is a constant for D
        return d_loss, self.generator_step(fake)

    def discriminator_step(self, fake: Sample) -> Tensor:
        """Move D to tell a real batch from `fake`; return its loss, without the penalty."""
        self.last_real = real = self.real()
        total = loss = self.d_loss(*self.logits(real, fake))
        if self.penalty is not None:
            total = loss + self.penalty(self.discriminator, real, fake)
        self.d_optimizer.step(self._gradients(total, self.d_params))
        return loss.detach()

    def logits(self, real: Sample, fake: Sample) -> tuple[Tensor, Tensor]:
        """Return what D says of both batches: in two passes, or in one."""
        if not self.settings.together:
            return self.judge(real), self.judge(fake)
        if self._axis is None:  # where the batch is: the last axis of the logits
            with torch.no_grad():
                self._axis = self.judge(real).ndim - 1
        logits: Tensor = self.judge(joined(real, fake, self._axis))
        on_real, on_fake = logits.split([values(b).shape[self._axis] for b in (real, fake)], -1)
        return on_real, on_fake

    def generator_step(self, fake: Sample) -> Tensor:
        """Move G so that D, as it is now, takes `fake` for real; return G's loss."""
        real = self.real() if self.last_real is None else self.last_real
        loss = self.g_loss(self.judge, real, fake)
        # Gradients go through D, but only to the parameters of G: D is left untouched.
        self.g_optimizer.step(self._gradients(loss, self.g_params))
        return loss.detach()

    def _gradients(self, loss: Tensor, params: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the gradient of each GAN's loss with respect to its own parameters.

        The losses of independent GANs are added up (that is what the ones do): each parameter
        belongs to one GAN and feels the loss of that one only.
        """
        ones = torch.ones_like(loss)
        if self.scaler is not None:
            ones = self.scaler.scale(ones)
        grads = torch.autograd.grad(loss, params, ones)
        return grads if self.processes == 1 else processes.mean(grads)

    def average(self) -> None:
        """Move the averaged generator a little towards the present one (EMA)."""
        self._average.update(self.steps)

    def run(
        self,
        steps: int | None = None,
        on_step: Callable[[Trainer], None] | None = None,
        progress: bool = True,
        *,
        seconds: float | None = None,
    ) -> bool:
        """Train for `steps` steps; return whether all of them were done.

        Parameters
        ----------
        steps : int, optional
            How many steps to add; without it, `seconds` decides alone.
        on_step : callable, optional
            Called with this trainer after each step: to take a snapshot, say.
        progress : bool
            Show a progress bar once the work has taken a second.
        seconds : float, optional
            Wall time after which no further step begins.

        Raises
        ------
        DivergedError
            If a loss or a weight is not finite; looked for every ``settings.check_every`` steps.

        Notes
        -----
        An interrupt (Ctrl-C, or the notebook's stop button) loses nothing: what was recorded
        stays, the method returns False, and `run` can be called again to go on.
        """
        if steps is None and seconds is None:
            raise ValueError("steps must be a number if seconds is not, got None")
        for name, limit in (("steps", steps), ("seconds", seconds)):
            if limit is not None and not limit >= 0:
                raise ValueError(f"{name} must be at least 0, got {limit}")
        end = None if seconds is None else time.perf_counter() + seconds
        every = self.settings.check_every
        bar = tqdm(total=steps, desc="training", delay=1, leave=False, disable=not progress)
        try:
            for _ in itertools.count() if steps is None else range(steps):
                if end is not None and self._is_past(end):
                    break
                self.step()
                if every and self.steps % every == 0:
                    self.check()
                if on_step is not None:
                    on_step(self)
                bar.update()
            if every:
                self.check()
        except KeyboardInterrupt:
            return False
        finally:
            bar.close()
        return True

    def _is_past(self, end: float) -> bool:
        """Whether the time is up; processes that train together agree on it now and then."""
        past = time.perf_counter() >= end
        if self.processes == 1:
            return past
        return self.steps % 20 == 0 and processes.any_of(past)

    def losses(self) -> tuple[Tensor, Tensor]:
        """Return the losses of D, after k updates, and of G at each step: twice (steps, ...)."""
        return self.history.losses()

    def check(self) -> None:
        """Raise a `DivergedError` that names a loss or weight which is not finite, if one is."""
        self.history.check({name: getattr(self, name) for name in NETWORKS}, self.steps)

    def state(self) -> State:
        """Return all that is needed to go on as if there had been no pause.

        It refers to the trainer's own tensors: save it (`gan_lessons.checkpoints`) or copy it.
        What a network draws from torch's global generator, as dropout does, is not in it.

        Raises
        ------
        DivergedError
            If anything is not finite: such a state is worth nothing.
        ValueError
            If the data or the noise have no state to return.
        """
        self.check()
        for name in ("real", "noise"):
            if not hasattr(source := getattr(self, name), "state"):
                got = type(source).__name__
                raise ValueError(f"{name} must have state() and load_state(), got {got}")
        return {"steps": self.steps, "settings": asdict(self.settings), **collect(self, PARTS)}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned, of a trainer that was made in the same way."""
        self.settings.agree_with(state["settings"])
        same = ("scaler" in state) == (self.scaler is not None)  # else "mixed" was another type
        restore(self, [part for part in PARTS if same or part != "scaler"], state)
        self.steps = state["steps"]
