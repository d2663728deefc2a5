"""Pictures of a trained generator, and an album of how they came about.

While G trains, its batch norms take means and variances over the 16 or so pictures of a batch.
So a picture depends on its neighbours, and on the labels that they happen to have.  To sample,
we give each batch norm fixed statistics instead, those of many batches of the averaged G: each z
then has one picture, in whatever company.  The statistics that the layers collect as they train
will not do: they belong to G as it played, at other weights.
"""

from __future__ import annotations

import copy
from collections.abc import Collection

import torch
from torch import Tensor, nn

from gan_lessons.mnist.data import pixels
from gan_lessons.mnist.sources import Noise
from gan_lessons.processes import Part
from gan_lessons.samples import Labelled, Sample, values
from gan_lessons.training import Trainer

BATCH = 500  # pictures made at once: to set the statistics, and to sample


def settle(network: nn.Module, batches: Collection[Sample]) -> None:
    """Set the statistics of batch norms to their means over batches, and freeze them.

    Parameters
    ----------
    network : Module
        A generator; changed in place, and in evaluation mode afterwards.
    batches : collection of Sample
        Its inputs, at least one batch of at least two.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's word for: the plain mean over all batches
    network.train()
    with torch.no_grad():
        for batch in batches:
            network(batch)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
    network.eval()


class Sampler:
    """A generator with its statistics fixed: a function from z, and a label, to a picture.

    Parameters
    ----------
    network : Module
        A `gan_lessons.mnist.networks.Generator`, in evaluation mode.
    noise : Noise
        Where its z, and its labels if there are classes, come from when none are given.
    """

    def __init__(self, network: nn.Module, noise: Noise) -> None:
        self.network, self.width, self.labels = network, noise.width, noise.labels

    def __call__(self, n: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """Draw n pictures: see `sample`."""
        return self.pictures(self.draw(n, generator, labels))

    def draw(self, n: int, generator: torch.Generator, labels: Tensor | None = None) -> Sample:
        """Draw n z, with the given labels or with labels as frequent as those of the data."""
        drawn = Noise(self.width, n, generator, self.labels)()
        if labels is None:
            return drawn
        if self.labels is None:
            raise ValueError(f"labels must be None for a GAN without classes, got {labels}")
        if labels.shape != (n,):
            raise ValueError(f"labels must be of shape ({n},), got {tuple(labels.shape)}")
        return Labelled(values(drawn), labels.to(self.labels.device))

    def pictures(self, z: Sample) -> Tensor:
        """Return the picture of each z: (n, 1, 28, 28), from -1 to 1."""
        n = len(values(z))
        with torch.no_grad():
            parts = [z.narrow(0, i, min(BATCH, n - i)) for i in range(0, n, BATCH)]
            return torch.cat([values(self.network(part)) for part in parts])


def sampler(trainer: Trainer, batches: int = 4) -> Sampler:
    """Return the averaged generator of a trainer, ready to sample.

    Parameters
    ----------
    trainer : Trainer
        It is not changed, nor are its sources.
    batches : int
        How many batches of 500 set the statistics of the batch norms.
    """
    if batches < 1:
        raise ValueError(f"batches must be at least 1, got {batches}")
    source = trainer.noise.source if isinstance(trainer.noise, Part) else trainer.noise
    if not isinstance(source, Noise):
        raise ValueError(f"trainer must draw its noise from Noise, got {type(source).__name__}")
    network = copy.deepcopy(trainer.averaged)
    fixed = torch.Generator(source.generator.device).manual_seed(0)  # the same z each time
    draw = Noise(source.width, BATCH, fixed, source.labels)
    settle(network, [draw() for _ in range(batches)])
    return Sampler(network, source)


def sample(
    trainer: Trainer, n: int, generator: torch.Generator, labels: Tensor | None = None
) -> Tensor:
    """Draw pictures from the averaged generator.

    Parameters
    ----------
    trainer : Trainer
        From `gan_lessons.mnist.experiment`.
    n : int
        How many.
    generator : torch.Generator
        The only source of randomness; on the device of the trainer.
    labels : Tensor, optional
        (n,), what to draw; by default as frequent as in the data.

    Returns
    -------
    Tensor
        (n, 1, 28, 28), from -1 to 1.
    """
    return sampler(trainer)(n, generator, labels)


def great_circle(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Return the point a part t of the way from a to b, along the great circle through both.

        (sin((1 - t) w) a + sin(t w) b) / sin w,    w the angle between a and b

    Normal noise in many dimensions n has a length near sqrt(n), and so has each point of the
    way, while the straight line passes through a region where there is next to no noise.

    Parameters
    ----------
    a, b : Tensor
        (n,), neither 0 nor parallel.
    t : float
        From 0, at a, to 1, at b.

    References
    ----------
    White, Sampling Generative Networks (2016), section 2.1.

    Examples
    --------
    >>> great_circle(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 0.5)
    tensor([0.7071, 0.7071])
    """
    lengths = a.norm() * b.norm()
    cosine = a @ b / lengths
    if not cosine.abs() < 1:
        raise ValueError(f"b must not be 0 or parallel to a, got a cosine of {cosine}")
    w = torch.acos(cosine)
    return (torch.sin((1 - t) * w) * a + torch.sin(t * w) * b) / torch.sin(w)


class Album:
    """Pictures of the same noise at chosen steps: give it to `train` as `on_step`.

    Parameters
    ----------
    z : Sample
        The noise, at most a few hundred rows: see `Sampler.draw`.
    steps : collection of int
        After which steps to take a picture.

    Attributes
    ----------
    pages : dict of int to Tensor
        For each of these steps the pictures of z, (n, 28, 28), uint8.
    """

    def __init__(self, z: Sample, steps: Collection[int]) -> None:
        self.z, self.steps = z, frozenset(steps)
        self.pages: dict[int, Tensor] = {}

    def __call__(self, trainer: Trainer) -> None:
        """Take a picture if it is time to."""
        if trainer.steps in self.steps:
            self.pages[trainer.steps] = pixels(sampler(trainer, 1).pictures(self.z)).cpu()
