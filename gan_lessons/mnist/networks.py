"""Convolutional networks for 28 x 28 pictures: DCGAN by its five rules, and a smaller, faster one.

The sizes are 7, 14 and 28: twice doubled by G, twice halved by D, and nothing is cut or padded
to fit.  With a kernel of 4, a stride of 2 and a padding of 1,

    strided convolution     n -> floor((n + 2 - 4) / 2) + 1 = n / 2        (n even)
    transposed convolution  n -> 2 (n - 1) - 2 + 4          = 2 n

A batch is a tensor, or `gan_lessons.samples.Labelled` if there are classes; then G passes the
labels on, so that D judges a picture together with the label it was made for.

References
----------
Radford, Metz and Chintala, Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks (2016), section 3: the rules; section 4: N(0, 0.02), slope 0.2.
Miyato and Koyama, cGANs with Projection Discriminator (2018), equation (3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from gan_lessons.mnist.layers import FromPicture, ToPicture, random_state_kept
from gan_lessons.samples import Labelled, Sample, values, with_values

SIDE = 28  # pixels; 28 = 7 * 2 * 2
NORMS = ("both", "generator", "none")
LABELLING = ("projection", "concatenation", "auxiliary")
SLOPE = 0.2  # of a LeakyReLU below 0: the paper's


@dataclass(frozen=True)
class NetworkSettings:
    """Shape of both networks; the defaults are DCGAN by its five rules, for MNIST.

    The five switches `strided`, `norm`, `dense`, `relu` and `leaky` are the rules, in the order
    of the paper.  ``replace(settings, norm="none")`` is DCGAN without the second one.
    """

    noise: int = 100  # numbers in z; the paper's
    g_width: int = 64  # channels of G at 14 x 14 pixels; twice as many at 7 x 7
    d_width: int = 64  # channels of D at 14 x 14; twice as many at 7 x 7, four times at 4 x 4
    strided: bool = True  # rule 1; else G repeats pixels and D averages them, between convolutions
    norm: str = "both"  # rule 2: batch norm in "both", in the "generator" only, or in "none"
    dense: int = 0  # rule 3: no hidden fully connected layer; else the width of one in each
    relu: bool = True  # rule 4: ReLU in G; else tanh in its hidden layers
    leaky: bool = True  # rule 5: LeakyReLU in D; else ReLU
    refine: bool = False  # a 3 x 3 convolution in G at 7 x 7 and one at 14 x 14
    third: bool = False  # a third convolution in D, 3 x 3 with stride 2: 7 -> 4
    init_sd: float = 0.02  # weights start as N(0, init_sd^2)
    classes: int = 0  # labels run from 0 to classes - 1; 0 is a GAN without labels
    labelling: str = "projection"  # how D uses a label: a name in LABELLING

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        for name in ("noise", "g_width", "d_width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("dense", "classes"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        for name, table in (("norm", NORMS), ("labelling", LABELLING)):
            if getattr(self, name) not in table:
                raise ValueError(f"{name} must be one of {[*table]}, got {getattr(self, name)!r}")
        if not 0 <= self.init_sd < float("inf"):
            raise ValueError(f"init_sd must be a finite number >= 0, got {self.init_sd}")


# The small networks that train within a minute on one core: `gan_lessons.mnist.experiment`.
# What most of these choices are worth, over several seeds: `gan_lessons.mnist.ablation`.
SMALL = NetworkSettings(
    noise=64,  # a cheaper first layer than with the paper's 100
    g_width=16, d_width=16,  # steps count for more than channels, when a minute is all there is
    norm="generator",  # in D it slows the steps down
    refine=True, third=True,  # one more layer in each player
    init_sd=0.06,  # so few channels sum up to next to nothing with 0.02
)  # fmt: skip


class Generator(nn.Module):
    """Maps noise (B, noise) to pictures (B, 1, 28, 28) with pixels in (-1, 1).

    A linear map makes 7 x 7 pixels of 2 w channels from z; two transposed convolutions make
    14 x 14 pixels of w channels, and 28 x 28 of one.  With classes it maps `Labelled` to
    `Labelled`: the label, as a vector of zeros and a one, stands beside z.  So each class has a
    row of the linear map to itself, its embedding.

    Parameters
    ----------
    settings : NetworkSettings
        The shape.
    generator : torch.Generator
        Draws the first weights, and nothing else is random.

    Examples
    --------
    >>> g = Generator(NetworkSettings(), torch.Generator().manual_seed(0))
    >>> g(torch.zeros(3, 100)).shape
    torch.Size([3, 1, 28, 28])
    """

    def __init__(self, settings: NetworkSettings, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        with random_state_kept():
            self.layers = self._build()
        initialise(self, settings.init_sd, generator)

    def _build(self) -> nn.Sequential:
        s = self.settings
        normed, w, width = s.norm != "none", s.g_width, s.noise + s.classes
        # The two kinds of layers: `bend` ends a hidden one.  Batch norm has a shift of its own.
        bias = not normed

        def bend(channels: int, flat: bool = False) -> Iterator[nn.Module]:
            if normed:
                yield nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels)
            yield nn.ReLU() if s.relu else nn.Tanh()

        def refine(channels: int) -> Iterator[nn.Module]:
            if s.refine:
                yield nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
                yield from bend(channels)

        def double(inside: int, outside: int, bias: bool) -> nn.Module:
            if s.strided:
                return nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1, bias=bias)
            return nn.Sequential(
                nn.Upsample(scale_factor=2, mode="nearest"),
                nn.Conv2d(inside, outside, 3, padding=1, bias=bias),
            )

        layers: list[nn.Module] = []
        if s.dense:
            layers += [nn.Linear(width, s.dense, bias=bias), *bend(s.dense, flat=True)]
        layers += [
            nn.Linear(s.dense or width, 2 * w * 7 * 7, bias=bias),
            ToPicture(2 * w, 7, 7), *bend(2 * w), *refine(2 * w),
            double(2 * w, w, bias), *bend(w), *refine(w),
            double(w, 1, True), nn.Tanh(),
        ]  # fmt: skip
        return nn.Sequential(*layers)

    def forward(self, sample: Sample) -> Sample:
        """Map noise to pictures, and labelled noise to labelled pictures."""
        z = values(sample)
        if self.settings.classes:
            y = labels_of(sample)
            z = torch.cat([z, functional.one_hot(y, self.settings.classes).to(z.dtype)], 1)
        return with_values(sample, self.layers(z))


class Discriminator(nn.Module):
    """Maps pictures (B, 1, 28, 28) to logits (B,), or labelled pictures if there are classes.

    Strided convolutions lead to 7 x 7 pixels of 2 w channels, or (`third`) on to 4 x 4 of 4 w.
    Flattened they are the features f(x), and a linear map makes the logit.  With classes:

    - "projection": l(x, y) = w.f(x) + b + e_y.f(x), with a learned vector e_y for each class.
    - "concatenation": the label joins the picture as `classes` constant channels.
    - "auxiliary": the logit does not see the label; a second head, `classify`, predicts it.
      Pair it with `gan_lessons.mnist.auxiliary`, or D never learns to classify.

    Parameters
    ----------
    settings : NetworkSettings
        The shape.
    generator : torch.Generator
        Draws the first weights, and nothing else is random.

    Examples
    --------
    >>> d = Discriminator(NetworkSettings(), torch.Generator().manual_seed(0))
    >>> d(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3])
    """

    def __init__(self, settings: NetworkSettings, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = s = settings
        with random_state_kept():
            self.layers, size = self._build()
            self.head = nn.Linear(size, 1)
            if s.classes and s.labelling == "projection":
                self.embedding = nn.Embedding(s.classes, size)  # row y is e_y
            if s.classes and s.labelling == "auxiliary":
                self.classifier = nn.Linear(size, s.classes)
        initialise(self, s.init_sd, generator)

    def _build(self) -> tuple[nn.Sequential, int]:
        s = self.settings
        w, joined = s.d_width, s.classes if s.labelling == "concatenation" else 0

        def halve(inside: int, outside: int, kernel: int, norm: bool) -> Iterator[nn.Module]:
            if s.strided:
                yield nn.Conv2d(inside, outside, kernel, stride=2, padding=1, bias=not norm)
            else:
                yield nn.Conv2d(inside, outside, 3, padding=1, bias=not norm)
                yield nn.AvgPool2d(2, ceil_mode=True)  # 7 -> 4, as the convolution does
            if norm:
                yield nn.BatchNorm2d(outside)
            yield nn.LeakyReLU(SLOPE) if s.leaky else nn.ReLU()

        normed = s.norm == "both"  # never in the first layer: D must see how bright a picture is
        layers = [*halve(1 + joined, w, 4, False), *halve(w, 2 * w, 4, normed)]
        size = 2 * w * 7 * 7
        if s.third:
            layers += halve(2 * w, 4 * w, 3, normed)
            size = 4 * w * 4 * 4
        layers.append(FromPicture())
        if s.dense:
            layers += [nn.Linear(size, s.dense), nn.LeakyReLU(SLOPE) if s.leaky else nn.ReLU()]
            size = s.dense
        return nn.Sequential(*layers), size

    def features(self, sample: Sample) -> Tensor:
        """Return f(x), what the last convolution makes of a picture: (B, size)."""
        x, s = values(sample), self.settings
        if s.classes and s.labelling == "concatenation":
            planes = functional.one_hot(labels_of(sample), s.classes).to(x.dtype)
            planes = planes[:, :, None, None].expand(-1, -1, *x.shape[2:])
            x = torch.cat([x, planes], 1)
        found: Tensor = self.layers(x)
        return found

    def forward(self, sample: Sample) -> Tensor:
        """Return the logit of each picture: how sure D is that it is real."""
        f = self.features(sample)
        logits: Tensor = self.head(f).squeeze(1)
        if self.settings.classes and self.settings.labelling == "projection":
            # e_y.f(x) for every y, in one small product of matrices; then the label's own.
            scores = functional.linear(f, self.embedding.weight)  # (B, classes)
            logits = logits + scores.gather(1, labels_of(sample)[:, None]).squeeze(1)
        return logits

    def classify(self, sample: Sample) -> Tensor:
        """Return the scores of the classes, (B, classes): the second head of "auxiliary"."""
        if not hasattr(self, "classifier"):
            raise ValueError(f"labelling must be 'auxiliary', got {self.settings.labelling!r}")
        scores: Tensor = self.classifier(self.features(sample))
        return scores


def initialise(network: nn.Module, sd: float, generator: torch.Generator) -> None:
    """Draw the first weights as DCGAN does, from one source and in the order of the layers.

    Weights of linear maps, convolutions and embeddings from N(0, sd^2), scales of batch norms
    from N(1, sd^2), biases and shifts 0.

    Parameters
    ----------
    network : Module
        On the CPU, so that every device starts from the same numbers.
    sd : float
        The paper's is 0.02.
    generator : torch.Generator
        A generator of the CPU.
    """
    with torch.no_grad():
        for name, p in network.named_parameters():
            if name.endswith("bias"):
                p.zero_()
            else:  # a vector of weights is the scale of a batch norm
                p.normal_(1.0 if p.ndim == 1 else 0.0, sd, generator=generator)


def labels_of(sample: Sample) -> Tensor:
    """Return the labels of a batch that must have some."""
    if not isinstance(sample, Labelled):
        raise ValueError(f"sample must be Labelled, got {type(sample).__name__}")
    return sample.y


def shapes(network: nn.Sequential, x: Tensor) -> Iterator[tuple[str, tuple[int, ...], int]]:
    """Run a batch through layer after layer: the name of each, what comes out, its weights.

    The shapes are without the batch axis.

    Examples
    --------
    >>> for row in shapes(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), torch.zeros(2, 1, 5, 5)):
    ...     print(row)
    ('Conv2d', (4, 3, 3), 40)
    ('ReLU', (4, 3, 3), 0)
    """
    for layer in network:
        x = layer(x)
        count = sum(p.numel() for p in layer.parameters())
        yield type(layer).__name__, tuple(x.shape[1:]), count
