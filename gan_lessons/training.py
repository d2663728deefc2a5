"""The adversarial training loop, one for every GAN of the book.

It knows nothing of the data or the networks.  It draws batches, takes k steps of the
discriminator D and one of the generator G, averages the weights of G, and records the losses.

References
----------
Goodfellow et al., Generative Adversarial Nets (2014), Algorithm 1.  Two differences: Adam in
place of momentum, and G is updated on the fakes of the last D step instead of fresh noise,
so that one forward pass of G serves both.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from tqdm.auto import tqdm

from gan_lessons import losses
from gan_lessons.objectives import OnFakes

PairLoss = Callable[[Tensor, Tensor], Tensor]
Judged = Callable[[nn.Module, Tensor, Tensor], Tensor]  # of (discriminator, real, fake)
Source = Callable[[], Tensor]
ON_FAKES = OnFakes(losses.nonsaturating_loss)


@dataclass(frozen=True)
class LoopSettings:
    """How the two players are updated; the defaults are those of the 1-D experiment."""

    k: int = 2  # D steps for one G step: more seeds succeed than with the 2014 paper's 1
    lr_d: float = 2e-3  # 60 seeds of 60 succeed; with 5e-3 (and 2e-3 for G) 58 did
    lr_g: float = 1e-3  # slower than D, so that D can follow (two time scales)
    # No momentum (first 0): momentum carries each player past the other's move.
    betas: tuple[float, float] = (0.0, 0.9)
    ema: float = 0.99  # G averaged over about 100 steps: the players circle, their mean rests

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        if self.k < 1:
            raise ValueError(f"k must be at least 1, got {self.k}")
        for name in ("lr_d", "lr_g"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema must be in [0, 1), got {self.ema}")
        if len(self.betas) != 2 or not all(0 <= b < 1 for b in self.betas):
            raise ValueError(f"betas must be two numbers in [0, 1), got {self.betas}")


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
    """

    eps = 1e-8  # the paper's: only keeps a division by zero away

    def __init__(self, params: Sequence[Tensor], lr: float, betas: tuple[float, float]) -> None:
        # The same memory, out of autograd's sight: updates in place need no `no_grad`.
        self.params = [p.detach() for p in params]
        self.lr, self.betas = lr, betas
        self.mean = [torch.zeros_like(p) for p in self.params]
        self.square = [torch.zeros_like(p) for p in self.params]
        self.count = [torch.zeros((), device=p.device) for p in self.params]

    def step(self, grads: Sequence[Tensor]) -> None:
        """Move the parameters against `grads`, one for each parameter."""
        # The fused kernel walks through memory: a gradient that comes as a transposed view (as
        # from R1) would be added to the wrong weights, without a word.
        grads = [g.contiguous() for g in grads]
        adam(
            self.params, grads, self.mean, self.square, [], self.count,
            fused=True, amsgrad=False, maximize=False, weight_decay=0.0,
            lr=self.lr, beta1=float(self.betas[0]), beta2=float(self.betas[1]), eps=self.eps,
        )  # fmt: skip


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
        The generator with exponentially averaged weights.
    steps : int
        Training steps done so far.
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
        self.averaged = copy.deepcopy(generator).requires_grad_(False)
        self.g_params: list[Tensor] = [*generator.parameters()]
        self.d_params: list[Tensor] = [*discriminator.parameters()]
        self.average_params: list[Tensor] = [*self.averaged.parameters()]
        self.g_values = [p.detach() for p in self.g_params]  # the same memory, without gradients
        self.g_optimizer = Adam(self.g_params, self.settings.lr_g, self.settings.betas)
        self.d_optimizer = Adam(self.d_params, self.settings.lr_d, self.settings.betas)
        self.last_real: Tensor | None = None  # the batch that D saw last
        self.steps = 0
        self._losses: list[tuple[Tensor, Tensor]] = []  # (D, G) of each step

    def step(self) -> None:
        """Take k steps of D and one step of G, and record the two losses."""
        for _ in range(self.settings.k):
            fake = self.generator(self.noise())
            d_loss = self.discriminator_step(fake.detach())  # G is a constant for D
        g_loss = self.generator_step(fake)
        self.average()
        self._losses.append((d_loss, g_loss))  # together: an interrupt cannot part them
        self.steps += 1

    def discriminator_step(self, fake: Tensor) -> Tensor:
        """Move D to tell a real batch from `fake`; return its loss, without the penalty."""
        self.last_real = real = self.real()
        loss = self.d_loss(self.discriminator(real), self.discriminator(fake))
        total = loss
        if self.penalty is not None:
            total = loss + self.penalty(self.discriminator, real, fake)
        self.d_optimizer.step(_gradients(total, self.d_params))
        return loss.detach()

    def generator_step(self, fake: Tensor) -> Tensor:
        """Move G so that D, as it is now, takes `fake` for real; return G's loss."""
        real = self.real() if self.last_real is None else self.last_real
        loss = self.g_loss(self.discriminator, real, fake)
        # Gradients go through D, but only to the parameters of G: D is left untouched.
        self.g_optimizer.step(_gradients(loss, self.g_params))
        return loss.detach()

    def average(self) -> None:
        """Move the averaged generator a little towards the present one (EMA)."""
        torch._foreach_lerp_(self.average_params, self.g_values, 1 - self.settings.ema)

    def run(
        self,
        steps: int,
        on_step: Callable[[Trainer], None] | None = None,
        progress: bool = True,
    ) -> bool:
        """Train for `steps` steps; return whether all of them were done.

        Parameters
        ----------
        steps : int
            How many steps to add.
        on_step : callable, optional
            Called with this trainer after each step: to take a snapshot, say.
        progress : bool
            Show a progress bar once the work has taken a second.

        Notes
        -----
        An interrupt (Ctrl-C, or the notebook's stop button) ends the training but loses
        nothing: what was recorded stays, the method returns False, and `run` can be called
        again to go on.
        """
        if steps < 0:
            raise ValueError(f"steps must be at least 0, got {steps}")
        bar = tqdm(total=steps, desc="training", delay=1, leave=False, disable=not progress)
        try:
            for _ in range(steps):
                self.step()
                if on_step is not None:
                    on_step(self)
                bar.update()
        except KeyboardInterrupt:
            return False
        finally:
            bar.close()
        return True

    def losses(self) -> tuple[Tensor, Tensor]:
        """Return the losses of D and of G at each step, both of shape (steps, ...).

        That of D is the last of the k updates of its step.
        """
        if not self._losses:
            return torch.zeros(0), torch.zeros(0)
        d, g = zip(*self._losses, strict=True)
        return torch.stack(d).cpu(), torch.stack(g).cpu()


def _gradients(loss: Tensor, params: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the gradient of each GAN's loss with respect to its own parameters.

    The losses of independent GANs are added up (that is what the ones do): each parameter
    belongs to one GAN and feels the loss of that one only.
    """
    return torch.autograd.grad(loss, params, torch.ones_like(loss))
