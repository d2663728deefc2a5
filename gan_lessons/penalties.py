"""Penalties on the discriminator's gradient."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class R1:
    """The zero-centred gradient penalty R1 on real samples, gamma/2 E ||grad_x l(x)||^2.

    The gradient is that of the LOGIT with respect to the input, and the norm is Euclidean over
    all but the batch axis.  D learns to be flat where the data are, which makes the game
    locally convergent.

    Parameters
    ----------
    gamma : float
        Weight, at least 0, in the gamma/2 convention of the paper.
    sample_axis : int
        The first axis of the input that belongs to one sample.  Default -1: inputs (..., B, n).

    References
    ----------
    Mescheder et al., Which Training Methods for GANs do actually Converge? (2018), equation (9).

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

    def __call__(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return the penalty for each GAN, of the shape that a loss has.

        Parameters
        ----------
        discriminator : callable
            Maps samples (..., B, *) to logits (..., B).
        real, fake : Tensor
            The two batches of the step; `fake` is not used.
        """
        x = real.detach().requires_grad_()
        logits = discriminator(x)  # (..., B)
        # Each logit depends on its own sample only, so the gradient of the sum holds them all.
        (grad,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
        square = grad.square().flatten(self.sample_axis).sum(-1)  # (..., B)
        return self.gamma / 2 * square.mean(-1)
