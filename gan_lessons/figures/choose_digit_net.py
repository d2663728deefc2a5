"""A trained generator for a page: its batch norms folded into its weights, these as short text.

With its statistics fixed, a batch norm is a scale and a shift for each channel, so each layer
becomes one linear map and a bend.  What the page gets is rounded to 16 bits; `pictures` computes
with the same rounded numbers in float64, as the page's script does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gan_lessons.figures.packing import pack, unpack
from gan_lessons.mnist.layers import ToPicture
from gan_lessons.mnist.networks import Generator

Map = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Layer:
    """A linear map of pictures or of noise, and what comes after it.

    Attributes
    ----------
    kind : str
        "linear", "conv" (3 x 3, padding 1) or "up" (transposed, 4 x 4, stride 2, padding 1).
    weight, bias : Tensor
        As torch has them, in float64, rounded as the page has them.
    shape : tuple of int
        (channels, height, width) of the result.
    bend : str
        "relu" or "tanh".
    """

    kind: str
    weight: Tensor
    bias: Tensor
    shape: Shape
    bend: str

    def data(self) -> dict[str, Any]:
        """All that the script needs."""
        return {
            "kind": self.kind,
            "weight": pack(self.weight.numpy(), "weight"),
            "bias": pack(self.bias.numpy(), "bias"),
            "shape": list(self.shape),
            "bend": self.bend,
        }


def layers(generator: Generator) -> list[Layer]:
    """Fold a generator in evaluation mode into layers.

    Raises
    ------
    ValueError
        If it has a layer that a page cannot compute, or no classes.
    """
    if not generator.settings.classes:
        raise ValueError(f"generator must have classes, got {generator.settings.classes}")
    if generator.training:
        raise ValueError("generator must be in evaluation mode, got training mode")
    found: list[Layer] = []
    weight = bias = torch.zeros(0)
    kind = ""
    shape: Shape = (1, 1, 1)
    for module in generator.layers:
        if isinstance(module, Map):
            kind = "linear" if isinstance(module, nn.Linear) else "conv"
            kind = "up" if isinstance(module, nn.ConvTranspose2d) else kind
            weight, bias, shape = _map(module, kind, shape)
        elif isinstance(module, ToPicture):
            shape = module.shape
            weight, bias = _by_channel(weight, shape), _by_channel(bias, shape)
        elif isinstance(module, nn.BatchNorm2d):
            weight, bias = _folded(module, kind, weight, bias)
        elif isinstance(module, nn.ReLU | nn.Tanh):
            bend = "relu" if isinstance(module, nn.ReLU) else "tanh"
            found.append(Layer(kind, _rounded(weight), _rounded(bias), shape, bend))
        else:
            raise ValueError(f"generator must be of layers a page can compute, got {module}")
    return found


def pictures(net: list[Layer], z: Tensor, labels: Tensor) -> Tensor:
    """Compute what the page computes: (n, 28, 28) from -1 to 1, float64.

    Parameters
    ----------
    net : list of Layer
        From `layers`.
    z : Tensor
        (n, noise).
    labels : Tensor
        (n,).
    """
    classes = net[0].weight.shape[1] - z.shape[1]
    x = torch.cat([z.double(), functional.one_hot(labels, classes).double()], 1)
    for layer in net:
        if layer.kind == "linear":
            x = functional.linear(x, layer.weight, layer.bias).view(-1, *layer.shape)
        elif layer.kind == "conv":
            x = functional.conv2d(x, layer.weight, layer.bias, padding=1)
        else:
            x = functional.conv_transpose2d(x, layer.weight, layer.bias, stride=2, padding=1)
        x = x.relu() if layer.bend == "relu" else x.tanh()
    return x[:, 0]


def _map(module: Map, kind: str, shape: Shape) -> tuple[Tensor, Tensor, Shape]:
    """Return weight, bias and the shape of the result."""
    weight = module.weight.detach().double().cpu()
    out = weight.shape[1 if kind == "up" else 0]
    # torch's types leave out that a layer may have no bias.
    given: Tensor | None = module.bias
    bias = torch.zeros(out).double() if given is None else given.detach().double().cpu()
    form = tuple(weight.shape[2:])
    wanted = {"linear": (), "conv": (3, 3), "up": (4, 4)}[kind]
    if form != wanted:
        raise ValueError(f"generator must have kernels of {wanted} in its {kind}, got {form}")
    side = 2 if kind == "up" else 1
    return weight, bias, (out, side * shape[1], side * shape[2])


def _by_channel(values: Tensor, shape: Shape) -> Tensor:
    """Put what makes a picture pixel by pixel, (N, ...), in the page's order: by channels."""
    channels, high, wide = shape
    rows = values.reshape(high * wide, channels, *values.shape[1:])
    return rows.transpose(0, 1).flatten(0, 1)


def _folded(norm: nn.BatchNorm2d, kind: str, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Put gamma (x - mean) / sqrt(var + eps) + beta into the map before it."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ValueError(f"generator must have statistics in its batch norms, got {norm}")
    scale = norm.weight.detach().double() / (variance.double() + norm.eps).sqrt()
    shift = norm.bias.detach().double() - mean.double() * scale
    scale, shift = scale.cpu(), shift.cpu()
    if kind == "linear":  # each channel is several rows of the matrix
        each = len(weight) // len(scale)
        scale, shift = scale.repeat_interleave(each), shift.repeat_interleave(each)
    along = (1, -1) if kind == "up" else (-1,)
    view = scale.view(*along, *(1,) * (weight.ndim - len(along)))
    return weight * view, bias * scale + shift


def _rounded(values: Tensor) -> Tensor:
    return torch.from_numpy(unpack(pack(values.numpy(), "weights")))
