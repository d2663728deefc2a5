"""Networks of the book: a multilayer perceptron that can be many perceptrons at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def perceptron(
    x: Tensor, weights: Sequence[Tensor], activation: Callable[[Tensor], Tensor]
) -> Tensor:
    """Evaluate S perceptrons, row s of x through network s.

    Parameters
    ----------
    x : Tensor
        (S, B, width of the input).
    weights : sequence of Tensor
        W0, b0, W1, b1, ...: each W of shape (S, in, out), each b of shape (S, 1, out).
    activation : function
        Applied after each layer but the last; it may work in place.

    Examples
    --------
    >>> w, b = torch.full((1, 1, 1), 2.0), torch.full((1, 1, 1), 3.0)
    >>> perceptron(torch.ones(1, 1, 1), [w, b], torch.tanh).item()  # 2 * 1 + 3, no hidden layer
    5.0
    """
    *hidden, w, b = weights
    for wi, bi in zip(hidden[::2], hidden[1::2], strict=True):
        x = activation(torch.baddbmm(bi, x, wi))  # h W + b: (S, B, width)
    return torch.baddbmm(b, x, w)


class MLP(nn.Module):
    """S independent multilayer perceptrons of one shape, evaluated together.

    Network s maps row s of the input, (B, sizes[0]), to (B, sizes[-1]):

        h <- activation(h W + b)   for each hidden layer,   output = h W + b

    With S = 1 it is an ordinary perceptron with one extra axis in front.  With S > 1 it
    trains S seeds side by side: batched matrix products share the overhead of each operation.

    Parameters
    ----------
    sizes : sequence of int
        Width of the input, of each hidden layer and of the output.
    generators : sequence of torch.Generator
        One for each network: the only source of its initial weights.
    activation : function
        Applied elementwise in the hidden layers.  tanh is smooth and bends everywhere; a ReLU
        bends only where its kink happens to lie, which in 1-D may be outside the data.
        The default works in place: nothing needs h W + b again, and it saves a copy.

    Notes
    -----
    Weights are drawn from N(0, 1/fan_in), biases uniformly from (-1, 1) in the first layer and
    0 elsewhere, so that the bends of a 1-D network are spread over standardised data.

    Examples
    --------
    >>> net = MLP([1, 32, 1], [torch.Generator().manual_seed(s) for s in range(3)])
    >>> net(torch.zeros(3, 5, 1)).shape
    torch.Size([3, 5, 1])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        generators: Sequence[torch.Generator],
        activation: Callable[[Tensor], Tensor] = torch.tanh_,
    ) -> None:
        super().__init__()
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes must be at least two widths of at least 1, got {sizes}")
        if not generators:
            raise ValueError("generators must hold at least one torch.Generator, got none")
        self.activation = activation
        for i, (fan_in, width) in enumerate(itertools.pairwise(sizes)):
            w = torch.stack([torch.randn(fan_in, width, generator=g) for g in generators])
            b = torch.stack([torch.rand(1, width, generator=g) for g in generators])
            self.register_parameter(f"w{i}", nn.Parameter(w / fan_in**0.5))  # (S, in, out)
            self.register_parameter(f"b{i}", nn.Parameter((2 * b - 1) * (i == 0)))  # (S, 1, out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, B, sizes[0]) to (S, B, sizes[-1])."""
        # The dictionary keeps the order of registration, and reading it costs much less than
        # self.parameters(): these networks are so small that it would show.
        return perceptron(x, [*self._parameters.values()], self.activation)  # type: ignore[list-item]


class LogitMLP(MLP):
    """An MLP with one output, returned without its last axis: logits of shape (S, B)."""

    def __init__(
        self,
        sizes: Sequence[int],
        generators: Sequence[torch.Generator],
        activation: Callable[[Tensor], Tensor] = torch.tanh_,
    ) -> None:
        if sizes[-1] != 1:
            raise ValueError(f"sizes must end in 1, one logit for each sample, got {sizes}")
        super().__init__(sizes, generators, activation)

    def features(self, x: Tensor) -> Tensor:
        """Map (S, B, sizes[0]) to the last hidden layer, (S, B, sizes[-2]): x if there is none."""
        weights = [p for p in self._parameters.values() if p is not None][:-2]
        return self.activation(perceptron(x, weights, self.activation)) if weights else x

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, B, sizes[0]) to logits (S, B)."""
        return super().forward(x).squeeze(-1)
