"""Penalties on the discriminator's gradient, and the clipping that they replaced.

Every gradient here is that of the LOGIT, or of the critic's output, with respect to the INPUT;
its norm is Euclidean over all axes of one sample.  A penalty is called with the two batches of
the step and returns one number for each GAN, which is added to the loss of D.

References
----------
Mescheder et al., Which Training Methods for GANs do actually Converge? (2018), equation (9).
Arjovsky et al., Wasserstein GAN (2017), Algorithm 1.
Gulrajani et al., Improved Training of Wasserstein GANs (2017), equation (3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from gan_lessons.samples import Sample, State, values, with_values


class R1:
    """The zero-centred gradient penalty R1 on real samples, gamma/2 E ||grad_x l(x)||^2.

    D learns to be flat where the data are, which makes the game locally convergent.

    Parameters
    ----------
    gamma : float
        Weight, at least 0, in the gamma/2 convention of the paper.
    sample_axis : int
        The first axis of the input that belongs to one sample.  Default -1: inputs (..., B, n).

    References
    ----------
    Mescheder et al. (2018), equation (9).

    Examples
    --------
    For a linear discriminator l(x) = 3 x the penalty is gamma/2 * 9 on any data.

    >>> r1 = R1(gamma=0.1)
    >>> round(r1(lambda x: 3 * x.squeeze(-1), torch.randn(2, 5, 1), torch.randn(2, 5, 1))[0].item(), 6)
    0.45
    """  # noqa: E501 - a doctest cannot be wrapped

    def __init__(self, gamma: float, sample_axis: int = -1) -> None:
        if not gamma >= 0:
            raise ValueError(f"gamma must be at least 0, got {gamma}")
        self.gamma, self.sample_axis = gamma, sample_axis

    def __call__(self, discriminator: nn.Module, real: Sample, fake: Sample) -> Tensor:
        """Return the penalty for each GAN, of the shape that a loss has.

        Parameters
        ----------
        discriminator : callable
            Maps samples (..., B, *) to logits (..., B).
        real, fake : Tensor
            The two batches of the step; `fake` is not used.
        """
        return self.gamma / 2 * squared_slope(discriminator, real, self.sample_axis).mean(-1)


class R2(R1):
    """The same penalty on generated samples, gamma/2 E ||grad_x l(G(z))||^2.

    Examples
    --------
    >>> r2 = R2(gamma=2.0)
    >>> square = lambda x: x.square().squeeze(-1)  # its slope is 2 x: 0 on the real, 6 on the fake
    >>> r2(square, torch.zeros(1, 5, 1), torch.full((1, 5, 1), 3.0)).item()
    36.0
    """

    def __call__(self, discriminator: nn.Module, real: Sample, fake: Sample) -> Tensor:
        """Return the penalty for each GAN; `real` is not used."""
        return self.gamma / 2 * squared_slope(discriminator, fake, self.sample_axis).mean(-1)


class Both:
    """The sum of two penalties: R1 and R2, say.

    Examples
    --------
    >>> both = Both(R1(2.0), R2(2.0))
    >>> both(lambda x: 3 * x.squeeze(-1), torch.zeros(1, 5, 1), torch.ones(1, 5, 1)).item()
    18.0
    """

    def __init__(self, first: R1, second: R1) -> None:
        self.first, self.second = first, second

    def __call__(self, discriminator: nn.Module, real: Sample, fake: Sample) -> Tensor:
        """Return the sum for each GAN."""
        return self.first(discriminator, real, fake) + self.second(discriminator, real, fake)


class GradientPenalty:
    """The one-centred penalty of WGAN-GP, weight * E (||grad_x l(x_hat)|| - 1)^2.

    x_hat = t x_real + (1 - t) x_fake lies on the line between a real sample and a fake one, with
    one t, uniform on [0, 1], for each pair.  The two batches must have one size.

    Batch normalisation in D does not go with it: the slope of one logit would depend on the
    other samples.

    Parameters
    ----------
    generators : torch.Generator or sequence of torch.Generator
        Where t is drawn from: one for each GAN of the leading axis, or one alone.
    weight : float
        At least 0.  Default 10, the paper's.
    sample_axis : int
        The first axis of the input that belongs to one sample.  Default -1: inputs (..., B, n).

    References
    ----------
    Gulrajani et al. (2017), equation (3).

    Examples
    --------
    >>> penalty = GradientPenalty(torch.Generator().manual_seed(0))
    >>> penalty(lambda x: 3 * x.squeeze(-1), torch.zeros(5, 1), torch.ones(5, 1)).item()  # 10 * 4
    40.0
    """

    def __init__(
        self,
        generators: torch.Generator | Sequence[torch.Generator],
        weight: float = 10.0,
        sample_axis: int = -1,
    ) -> None:
        if not weight >= 0:
            raise ValueError(f"weight must be at least 0, got {weight}")
        self.generators, self.weight, self.sample_axis = generators, weight, sample_axis

    def __call__(self, discriminator: nn.Module, real: Sample, fake: Sample) -> Tensor:
        """Return the penalty for each GAN."""
        x, made = values(real), values(fake).detach()
        if x.shape != made.shape:
            shapes = f"{tuple(x.shape)} and {tuple(made.shape)}"
            raise ValueError(f"real and fake must have one shape, got {shapes}")
        batch, sample = x.shape[: self.sample_axis], x.shape[self.sample_axis :]
        t = self._uniform(batch, x).reshape(*batch, *(1 for _ in sample))
        between = with_values(real, torch.lerp(made, x, t))  # at the labels of the real samples
        norm = (squared_slope(discriminator, between, self.sample_axis) + TINY).sqrt()
        return self.weight * (norm - 1).square().mean(-1)

    def _uniform(self, shape: Sequence[int], like: Tensor) -> Tensor:
        """Draw numbers from [0, 1), row s of the first axis from generator s."""

        def draw(shape: Sequence[int], generator: torch.Generator) -> Tensor:
            return torch.rand(shape, generator=generator, dtype=like.dtype, device=generator.device)

        if isinstance(self.generators, torch.Generator):
            return draw(shape, self.generators).to(like.device)
        if len(shape) < 2 or len(self.generators) != shape[0]:
            raise ValueError(
                f"generators must be one for each of the GANs in {tuple(shape)}, "
                f"got {len(self.generators)}"
            )
        return torch.stack([draw(shape[1:], g) for g in self.generators]).to(like.device)

    def state(self) -> State:
        """Return what the next t depend on, for a checkpoint."""
        return {"generators": [g.get_state() for g in self._streams()]}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        for generator, value in zip(self._streams(), state["generators"], strict=True):
            generator.set_state(value)

    def _streams(self) -> list[torch.Generator]:
        if isinstance(self.generators, torch.Generator):
            return [self.generators]
        return [*self.generators]


TINY = 1e-12  # under the root: its slope at 0 is infinite, and a D that is flat would give NaN


class Optimizer(Protocol):
    """What the loop and its checkpoints ask of an optimiser."""

    params: list[Tensor]

    def set_rate(self, lr: float) -> None:
        """Change the step size."""

    def step(self, grads: Sequence[Tensor]) -> None:
        """Move the parameters against `grads`."""

    def state(self) -> State:
        """Return what the next step depends on, other than the parameters."""

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""


class Clipped:
    """An optimiser that then keeps each parameter in [-bound, bound], as the first WGAN did.

    A critic with bounded weights is Lipschitz, with a constant that nobody has chosen.
    Use: ``trainer.d_optimizer = Clipped(trainer.d_optimizer)``.

    Parameters
    ----------
    optimizer : Optimizer
        Takes the step.
    bound : float
        Above 0.  Default 0.01, the paper's.

    References
    ----------
    Arjovsky et al. (2017), Algorithm 1.
    """

    def __init__(self, optimizer: Optimizer, bound: float = 0.01) -> None:
        if not bound > 0:
            raise ValueError(f"bound must be above 0, got {bound}")
        self.optimizer, self.bound, self.params = optimizer, bound, optimizer.params

    def set_rate(self, lr: float) -> None:
        """Change the step size of the optimiser; the bound stays."""
        self.optimizer.set_rate(lr)

    def step(self, grads: Sequence[Tensor]) -> None:
        """Take the step, then clip."""
        self.optimizer.step(grads)
        torch._foreach_clamp_min_(self.params, -self.bound)
        torch._foreach_clamp_max_(self.params, self.bound)

    def state(self) -> State:
        """Return the bound and the state of the optimiser, for a checkpoint."""
        return {"bound": self.bound, "optimizer": self.optimizer.state()}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned, with the same bound."""
        if state.get("bound") != self.bound:
            got = state.get("bound", "a state without one")
            raise ValueError(f"bound must be {self.bound} in the checkpoint too, got {got}")
        self.optimizer.load_state(state["optimizer"])


def squared_slope(discriminator: nn.Module, x: Sample, sample_axis: int = -1) -> Tensor:
    """||grad_x l(x)||^2 for each sample of a batch, (..., B), itself differentiable.

    Labels, if the samples have them, are held fixed: the gradient is that of l(x, y) by x.

    Parameters
    ----------
    discriminator : callable
        Maps samples (..., B, *) to logits (..., B); each logit depends on its own sample only.
    x : Tensor or Labelled
        (..., B, *).
    sample_axis : int
        The first axis of x that belongs to one sample.

    Examples
    --------
    >>> squared_slope(lambda x: 3 * x.squeeze(-1), torch.zeros(2, 1)).tolist()
    [9.0, 9.0]
    """
    inputs = values(x).detach().requires_grad_()
    logits = discriminator(with_values(x, inputs))  # (..., B)
    # Each logit depends on its own sample only, so the gradient of the sum holds them all.
    (grad,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return grad.square().flatten(sample_axis).sum(-1)  # (..., B)
