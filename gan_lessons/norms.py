"""Batch normalisation, and the virtual kind whose statistics are those of a fixed batch.

Both give each feature the mean 0 and the variance 1; neither takes away the correlation between
features.  With ordinary batch normalisation, what a network says of a sample depends on the rest
of its batch.

References
----------
Ioffe & Szegedy, Batch Normalization (2015), Algorithm 1.
Salimans et al., Improved Techniques for Training GANs (2016), section 3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gan_lessons.networks import MLP

EPS = 1e-5  # added to the variance, as is usual


def batch_norm(x: Tensor, eps: float = EPS) -> Tensor:
    """Return (x - mean) / sqrt(variance + eps), both over the batch, for each feature.

    Parameters
    ----------
    x : Tensor
        (..., N, A).  The variance is divided by N, and no gain or shift follows.

    Examples
    --------
    >>> batch_norm(torch.tensor([[1.0], [3.0]]), eps=0.0).ravel().tolist()
    [-1.0, 1.0]
    >>> batch_norm(torch.tensor([[5.0], [7.0]]), eps=0.0).ravel().tolist()  # the same
    [-1.0, 1.0]
    """
    variance, mean = torch.var_mean(x, dim=-2, correction=0, keepdim=True)
    return (x - mean) * torch.rsqrt(variance + eps)


def virtual_batch_norm(x: Tensor, reference: Tensor, eps: float = EPS) -> Tensor:
    """Normalise each sample by the statistics of a reference batch and of itself.

    For sample x_i the batch is the reference and x_i, N + 1 in all; the other samples of x play
    no part.

    Parameters
    ----------
    x : Tensor
        (..., M, A).
    reference : Tensor
        (..., N, A), chosen once.

    Examples
    --------
    >>> r = torch.tensor([[-1.0], [1.0]])
    >>> virtual_batch_norm(torch.tensor([[0.0], [3.0]]), r, eps=0.0).round(decimals=4).ravel()
    tensor([0.0000, 1.2247])
    """
    n = reference.shape[-2]
    variance, mean = torch.var_mean(reference, dim=-2, correction=0, keepdim=True)
    away = x - mean
    # With x_i, the N values become N + 1: their mean moves by away / (N + 1).
    variance = n / (n + 1) * (variance + away.square() / (n + 1))  # (..., M, A)
    return n / (n + 1) * away * torch.rsqrt(variance + eps)


class NormMLP(nn.Module):
    """A perceptron whose hidden layers are h <- activation(gain * norm(h W) + shift).

    Parameters
    ----------
    sizes : sequence of int
        Widths of the input, of each hidden layer and of the output.
    generators : sequence of torch.Generator
        One for each of the S networks.
    activation : function
        Of the hidden layers.
    reference : Tensor, optional
        (S, N, sizes[0]): normalise virtually, by this batch.  Without it, by the batch at hand,
        also after training.
    first : int
        The first hidden layer that is normalised, counted from 0.  DCGAN leaves out the input
        layer of D: ``first=1``.

    Examples
    --------
    >>> net = NormMLP([1, 8, 8, 1], [torch.Generator().manual_seed(s) for s in range(3)])
    >>> net(torch.zeros(3, 5, 1)).shape
    torch.Size([3, 5, 1])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        generators: Sequence[torch.Generator],
        activation: Callable[[Tensor], Tensor] = torch.tanh,
        reference: Tensor | None = None,
        first: int = 0,
    ) -> None:
        super().__init__()
        if first < 0:
            raise ValueError(f"first must be at least 0, got {first}")
        self.plain = MLP(sizes, generators, activation)  # its biases are the shifts
        self.activation, self.first = activation, first
        gain = [torch.ones(len(generators), 1, width) for width in sizes[1 + first : -1]]
        self.gains = nn.ParameterList(gain)
        self.reference: Tensor | None
        self.register_buffer("reference", reference)

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, M, sizes[0]) to (S, M, sizes[-1])."""
        weights = [*self.plain.parameters()]
        pairs = [*zip(weights[::2], weights[1::2], strict=True)]
        r = self.reference
        for i, (w, b) in enumerate(pairs[:-1]):
            x = x @ w
            known = None if r is None else r @ w
            if i >= self.first:
                gain = self.gains[i - self.first]
                x = gain * (batch_norm(x) if known is None else virtual_batch_norm(x, known))
                known = None if known is None else gain * batch_norm(known)
            x = self.activation(x + b)
            r = None if known is None else self.activation(known + b)
        w, b = pairs[-1]
        return torch.baddbmm(b, x, w)


class NormLogitMLP(NormMLP):
    """A NormMLP with one output, returned without its last axis: logits of shape (S, M)."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, M, sizes[0]) to logits (S, M)."""
        return super().forward(x).squeeze(-1)


class Joint:
    """The loss of D with real and fake samples in ONE batch, as a penalty: the trap of mixing.

    Use: ``Trainer(..., d_loss=nothing, penalty=Joint(losses.discriminator_loss))``.  With batch
    normalisation in D, the verdict on the real samples then depends on the fakes beside them,
    while the turn of G shows D a batch of fakes alone.

    Parameters
    ----------
    loss : callable
        Maps logits (real, fake) to a loss for each GAN.

    Examples
    --------
    >>> joint = Joint(lambda real, fake: real.sum(-1) - fake.sum(-1))
    >>> d = lambda x: batch_norm(x, 0.0).squeeze(-1)
    >>> joint(d, torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [7.0]])).round(decimals=4)
    tensor(-3.5777)
    """

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.loss = loss

    def __call__(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss for each GAN."""
        n = real.shape[-2]
        logits = discriminator(torch.cat([real, fake], dim=-2))
        return self.loss(logits[..., :n], logits[..., n:])


def nothing(real: Tensor, fake: Tensor) -> Tensor:
    """Return a loss of 0 for each GAN, where the penalty is all there is.

    Examples
    --------
    >>> nothing(torch.ones(2, 5), torch.ones(2, 5))
    tensor([0., 0.])
    """
    return 0 * (real.mean(-1) + fake.mean(-1))
