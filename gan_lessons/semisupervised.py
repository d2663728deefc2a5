"""A discriminator that is a classifier: K classes of real samples, and one more for fakes.

The class K + 1 keeps the logit 0, since only differences of logits count.  Then the chance of
"real", Z / (Z + 1) with Z the sum of exp(l_k), is the sigmoid of log Z: the network is an
ordinary discriminator with the logit log Z, and the labels come in as a penalty.

References
----------
Salimans et al., Improved Techniques for Training GANs (2016), section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gan_lessons.batch_layers import MinibatchDiscrimination, MinibatchStd
from gan_lessons.networks import MLP


def real_logit(class_logits: Tensor) -> Tensor:
    """Return log Z = log sum_k exp(l_k), the logit of D = Z / (Z + 1).

    Parameters
    ----------
    class_logits : Tensor
        (..., K).

    Returns
    -------
    Tensor
        (...), finite for logits of any size.

    Examples
    --------
    >>> round(torch.sigmoid(real_logit(torch.zeros(3))).item(), 6)  # Z = 3
    0.75
    >>> real_logit(torch.tensor([200.0, 0.0])).item()
    200.0
    """
    if class_logits.ndim == 0 or class_logits.shape[-1] == 0:
        shape = tuple(class_logits.shape)
        raise ValueError(f"class_logits must hold at least one class, got shape {shape}")
    return torch.logsumexp(class_logits, dim=-1)


def class_probabilities(class_logits: Tensor) -> Tensor:
    """Return the K + 1 probabilities; the last is that of a fake, 1 - D.

    Parameters
    ----------
    class_logits : Tensor
        (..., K), without that of the class of fakes.

    Examples
    --------
    >>> class_probabilities(torch.zeros(3))
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    fake = torch.zeros_like(class_logits[..., :1])
    return torch.softmax(torch.cat([class_logits, fake], dim=-1), dim=-1)


def class_loss(class_logits: Tensor, labels: Tensor) -> Tensor:
    """Mean of -log p(y | x, real) over a batch: cross-entropy among the K classes alone.

    Parameters
    ----------
    class_logits : Tensor
        (..., B, K).
    labels : Tensor
        (..., B), whole numbers from 0 to K - 1.

    Returns
    -------
    Tensor
        (...), one loss for each GAN.

    Examples
    --------
    >>> round(class_loss(torch.zeros(1, 2, 4), torch.tensor([[0, 3]])).item(), 6)  # log 4
    1.386294
    """
    right = class_logits.gather(-1, labels[..., None]).squeeze(-1)
    return (real_logit(class_logits) - right).mean(-1)


class ClassifyingMLP(nn.Module):
    """A perceptron with K class logits that is called as a discriminator.

    Parameters
    ----------
    sizes : sequence of int
        Widths of the input and the hidden layers.
    classes : int
        K.
    generators : sequence of torch.Generator
        One for each of the S networks.
    layer : Module, optional
        A layer that looks at the whole batch, between the last hidden layer and the logits.
    activation : function
        Of the hidden layers.

    Examples
    --------
    >>> d = ClassifyingMLP([64, 32], 10, [torch.Generator().manual_seed(s) for s in range(3)])
    >>> x = torch.zeros(3, 5, 64)
    >>> d(x).shape, d.classes(x).shape
    (torch.Size([3, 5]), torch.Size([3, 5, 10]))
    """

    def __init__(
        self,
        sizes: Sequence[int],
        classes: int,
        generators: Sequence[torch.Generator],
        layer: MinibatchDiscrimination | MinibatchStd | None = None,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
    ) -> None:
        super().__init__()
        if classes < 1:
            raise ValueError(f"classes must be at least 1, got {classes}")
        self.body, self.layer, self.activation = (
            MLP(sizes, generators, activation),
            layer,
            activation,
        )
        extra = 0 if layer is None else layer.extra
        self.head = MLP([sizes[-1] + extra, classes], generators)

    def features(self, x: Tensor) -> Tensor:
        """f(x), (S, N, sizes[-1]): the last hidden layer, before the batch is looked at."""
        return self.activation(self.body(x))

    def classes(self, x: Tensor) -> Tensor:
        """Map (S, N, sizes[0]) to the K class logits, (S, N, K)."""
        f = self.features(x)
        logits: Tensor = self.head(f if self.layer is None else self.layer(f))
        return logits

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, N, sizes[0]) to the logits of "real", (S, N)."""
        return real_logit(self.classes(x))


class Supervised:
    """The labelled part of the loss of D, as a penalty: weight * `class_loss` on labelled samples.

    Parameters
    ----------
    x : Tensor
        (S, M, n), the labelled samples: all of them at every step.
    y : Tensor
        (S, M), their labels.
    weight : float
        At least 0.

    Examples
    --------
    >>> d = ClassifyingMLP([2, 4], 3, [torch.Generator().manual_seed(0)])
    >>> supervised = Supervised(torch.zeros(1, 6, 2), torch.tensor([[0, 1, 2, 0, 1, 2]]))
    >>> supervised(d, None, None).shape
    torch.Size([1])
    """

    def __init__(self, x: Tensor, y: Tensor, weight: float = 1.0) -> None:
        if x.shape[:-1] != y.shape:
            raise ValueError(
                f"y must have one label for each of {tuple(x.shape[:-1])}, got {tuple(y.shape)}"
            )
        if not weight >= 0:
            raise ValueError(f"weight must be at least 0, got {weight}")
        self.x, self.y, self.weight = x, y, weight

    def __call__(self, discriminator: ClassifyingMLP, real: object, fake: object) -> Tensor:
        """Return the penalty for each GAN; the batches of the step are not used."""
        return self.weight * class_loss(discriminator.classes(self.x), self.y)
