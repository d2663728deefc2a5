"""Discriminators that look at more than one sample: against a G that makes them all alike.

A discriminator that judges each sample alone cannot know that all fakes are the same.  Here each
sample's features are extended by something that the batch as a whole decides.  Real and fake
samples come in separate batches, so a batch is all real or all fake.

All layers take features (..., B, A); leading axes are independent GANs.

References
----------
Salimans et al., Improved Techniques for Training GANs (2016), section 3.2.
Karras et al., Progressive Growing of GANs (2018), section 3.
Lin et al., PacGAN (2018), section 2.
Miyato et al., Spectral Normalization for GANs (2018), Algorithm 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

from gan_lessons.networks import MLP, LogitMLP, perceptron


def similarities(features: Tensor, kernel: Tensor) -> Tensor:
    """Return c_b(x_i, x_j) = exp(-||M_i,b - M_j,b||_1), with M_i = f(x_i) T.

    Parameters
    ----------
    features : Tensor
        f(x), (..., N, A), of a batch of N.
    kernel : Tensor
        T, (..., A, B, C): B kernels, each compares rows of length C.

    Returns
    -------
    Tensor
        (..., N, N, B), symmetric in i and j, 1 where i = j.

    Examples
    --------
    >>> f = torch.log(torch.tensor([[1.0], [2.0]]))
    >>> similarities(f, torch.ones(1, 1, 1))[..., 0]  # exp(-log 2) off the diagonal
    tensor([[1.0000, 0.5000],
            [0.5000, 1.0000]])
    """
    *_, a, b, c = kernel.shape
    if features.shape[-1] != a:
        raise ValueError(f"features must be (..., N, {a}) for this kernel, got {features.shape}")
    m = features @ kernel.flatten(-2)  # (..., N, B * C)
    m = m.reshape(*m.shape[:-1], b, c)
    distance = (m.unsqueeze(-4) - m.unsqueeze(-3)).abs().sum(-1)  # L1, (..., N, N, B)
    return torch.exp(-distance)


def minibatch_features(features: Tensor, kernel: Tensor, include_self: bool = True) -> Tensor:
    """Return o(x_i)_b = sum over j of c_b(x_i, x_j): how close sample i is to its whole batch.

    Parameters
    ----------
    features, kernel : Tensor
        As in `similarities`.
    include_self : bool
        Whether the sum has the term j = i, which is 1.  The paper's formula has it; some codes
        leave it out, which takes 1 from each feature.

    Returns
    -------
    Tensor
        (..., N, B), from 1 (alone) to N (all alike) if it includes itself.

    Examples
    --------
    >>> f = torch.log(torch.tensor([[1.0], [2.0]]))
    >>> minibatch_features(f, torch.ones(1, 1, 1)).ravel().tolist()
    [1.5, 1.5]
    """
    return similarities(features, kernel).sum(-2) - (0 if include_self else 1)


class MinibatchDiscrimination(nn.Module):
    """The layer f -> (f, o(x)): features, and beside them their similarities, (..., N, A + B).

    Parameters
    ----------
    width : int
        A, the number of features.
    generators : sequence of torch.Generator
        One for each of the S GANs: where T is drawn from, N(0, 1/A).
    kernels, rows : int
        B, the number of outputs, and C, the length of the rows that each compares.
    include_self : bool
        As in `minibatch_features`.

    Examples
    --------
    >>> layer = MinibatchDiscrimination(4, [torch.Generator().manual_seed(0)], kernels=3)
    >>> layer(torch.zeros(1, 10, 4)).shape
    torch.Size([1, 10, 7])
    """

    def __init__(
        self,
        width: int,
        generators: Sequence[torch.Generator],
        kernels: int = 8,
        rows: int = 4,
        include_self: bool = True,
    ) -> None:
        super().__init__()
        for name, value in (("width", width), ("kernels", kernels), ("rows", rows)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        t = [torch.randn(width, kernels, rows, generator=g) for g in generators]
        self.kernel = nn.Parameter(torch.stack(t) / width**0.5)  # (S, A, B, C)
        self.include_self, self.extra = include_self, kernels

    def forward(self, features: Tensor) -> Tensor:
        """Map (S, N, A) to (S, N, A + B)."""
        o = minibatch_features(features, self.kernel, self.include_self)
        return torch.cat([features, o], dim=-1)


class MinibatchStd(nn.Module):
    """The layer f -> (f, s): one number for the whole batch, how much its features vary.

    s is the standard deviation of each feature over the batch (divided by N), averaged over the
    features: the descendant of minibatch discrimination that has nothing to learn.

    Examples
    --------
    >>> MinibatchStd()(torch.tensor([[[0.0, 1.0], [2.0, 1.0]]]))  # sd 1 and 0
    tensor([[[0.0000, 1.0000, 0.5000],
             [2.0000, 1.0000, 0.5000]]])
    """

    extra = 1
    tiny = 1e-12  # under the root, whose slope at 0 is infinite

    def forward(self, features: Tensor) -> Tensor:
        """Map (..., N, A) to (..., N, A + 1)."""
        variance = features.var(dim=-2, correction=0)
        s = (variance + self.tiny).sqrt().mean(-1)[..., None, None]
        return torch.cat([features, s.expand(*features.shape[:-1], 1)], dim=-1)


class BatchMLP(nn.Module):
    """A perceptron with a layer that looks at the whole batch before its last one.

    Parameters
    ----------
    sizes : sequence of int
        Widths of the input and the hidden layers; the output is one logit.
    generators : sequence of torch.Generator
        One for each of the S GANs.
    layer : Module
        Maps (S, N, sizes[-1]) to (S, N, sizes[-1] + layer.extra).
    activation : function
        Of the hidden layers.

    Examples
    --------
    >>> g = [torch.Generator().manual_seed(s) for s in range(3)]
    >>> d = BatchMLP([2, 16, 16], g, MinibatchDiscrimination(16, g))
    >>> d(torch.zeros(3, 10, 2)).shape
    torch.Size([3, 10])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        generators: Sequence[torch.Generator],
        layer: MinibatchDiscrimination | MinibatchStd,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
    ) -> None:
        super().__init__()
        self.body, self.layer, self.activation = (
            MLP(sizes, generators, activation),
            layer,
            activation,
        )
        self.head = LogitMLP([sizes[-1] + layer.extra, 1], generators)

    def features(self, x: Tensor) -> Tensor:
        """f(x), (S, N, sizes[-1]): the last hidden layer, before the batch is looked at."""
        return self.activation(self.body(x))

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, N, sizes[0]) to logits (S, N)."""
        logits: Tensor = self.head(self.layer(self.features(x)))
        return logits


class Packed(nn.Module):
    """A discriminator of packs: m samples at once get one verdict (PacGAN).

    With p and q the densities of single samples, D compares p^m with q^m, the laws of packs.
    That a mode is missing shows in a pack more than in a sample.

    Parameters
    ----------
    discriminator : Module
        Maps (..., N / m, m * n) to logits (..., N / m).
    pack : int
        m, which must divide the size of the batch.

    Examples
    --------
    >>> Packed(lambda x: x.sum(-1), 2)(torch.arange(8.0).reshape(1, 4, 2))
    tensor([[ 6., 22.]])
    """

    def __init__(self, discriminator: nn.Module, pack: int) -> None:
        super().__init__()
        if pack < 1:
            raise ValueError(f"pack must be at least 1, got {pack}")
        self.discriminator, self.pack = discriminator, pack

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., N, n) to logits (..., N / m)."""
        *leading, n, width = x.shape
        if n % self.pack:
            raise ValueError(f"x must hold a multiple of {self.pack} samples, got {n}")
        logits: Tensor = self.discriminator(x.reshape(*leading, n // self.pack, self.pack * width))
        return logits


class SpectralMLP(LogitMLP):
    """A LogitMLP whose matrices are divided by their largest singular value.

    Each layer then is 1-Lipschitz, and with tanh or ReLU between them so is the whole D.  The
    singular value is followed by power iteration, one round at each call in training mode:
    v <- W^T u, u <- W v, both normalised, and sigma = u^T W v.  The vectors are constants for
    the gradient, the matrix is not.

    Parameters
    ----------
    sizes, generators, activation
        As in `LogitMLP`; the vectors are drawn from the generators too.
    scale : float
        Multiplies the output: the Lipschitz constant.

    Examples
    --------
    >>> d = SpectralMLP([2, 16, 1], [torch.Generator().manual_seed(0)])
    >>> d(torch.zeros(1, 5, 2)).shape
    torch.Size([1, 5])
    """

    start = 20  # rounds at the beginning, so that the first steps are normalised as well

    def __init__(
        self,
        sizes: Sequence[int],
        generators: Sequence[torch.Generator],
        activation: Callable[[Tensor], Tensor] = torch.tanh_,
        scale: float = 1.0,
    ) -> None:
        super().__init__(sizes, generators, activation)
        if not scale > 0:
            raise ValueError(f"scale must be above 0, got {scale}")
        self.scale = scale
        for i, (fan_in, _) in enumerate(itertools.pairwise(sizes)):
            u = torch.stack([torch.randn(fan_in, 1, generator=g) for g in generators])
            self.register_buffer(f"u{i}", u / u.norm(dim=1, keepdim=True))  # (S, in, 1)
        for _ in range(self.start):
            self._weights()

    def _weights(self) -> list[Tensor]:
        """Return the parameters with each W divided by its sigma; in training, iterate once."""
        found = []
        for i, (w, b) in enumerate(_pairs(self._parameters.values())):
            u = self._buffers[f"u{i}"]
            assert u is not None
            with torch.no_grad():
                v = nn.functional.normalize(w.mT @ u, dim=1)  # (S, out, 1)
                if self.training:
                    u.copy_(nn.functional.normalize(w @ v, dim=1))
            sigma = u.clone().mT @ w @ v  # (S, 1, 1); cloned: the buffer moves before backward
            found += [w / sigma, b]
        return found

    def features(self, x: Tensor) -> Tensor:
        """Map (S, B, sizes[0]) to the last hidden layer, of the divided matrices."""
        w = self._weights()[:-2]
        return self.activation(perceptron(x, w, self.activation)) if w else x

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, B, sizes[0]) to logits (S, B)."""
        return self.scale * perceptron(x, self._weights(), self.activation).squeeze(-1)


def _pairs(values: Iterable[Tensor | None]) -> Iterator[tuple[Tensor, Tensor]]:
    """W0, b0, W1, b1, ... as (W0, b0), (W1, b1), ..."""
    found = [value for value in values if value is not None]
    return zip(found[::2], found[1::2], strict=True)
