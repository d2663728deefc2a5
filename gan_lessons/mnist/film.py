"""A film of a training: at chosen steps, what G draws, what D says, and what a judge sees.

Examples
--------
>>> from gan_lessons.mnist.classifier import Classifier
>>> from gan_lessons.mnist.data import shipped_digits
>>> from gan_lessons.mnist.experiment import PRESETS, train
>>> digits, test = shipped_digits("train")[:100], shipped_digits("test")[:50]
>>> film = Film(torch.zeros(3, 64), [1, 2], Classifier(2), digits, test, samples=20, scores=20)
>>> _ = train(PRESETS["fast"], 0, digits, steps=2, on_step=film, progress=False)
>>> recording = film.recording()
>>> recording.step.tolist(), recording.pictures.shape, recording.nearest.shape
([1, 2], (2, 3, 28, 28), (2, 3, 28, 28))
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lessons.metrics import class_counts
from gan_lessons.mnist.classifier import CLASSES, Classifier, look
from gan_lessons.mnist.data import Digits, pixels, scaled
from gan_lessons.mnist.networks import SIDE
from gan_lessons.mnist.sampling import sampler
from gan_lessons.neighbours import nearest
from gan_lessons.samples import Labelled, Sample, values
from gan_lessons.training import Trainer

SURE = 0.99  # a judge that gives a class so much, or more, is sure of it


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a training; tensors on the CPU.

    Attributes
    ----------
    pictures : Tensor
        What the averaged G makes of the fixed noise, (n, 28, 28), uint8.
    real, fake : Tensor
        D's logits of held-out digits, (N,), and of fresh pictures by G, (M,).
    classes, sure : Tensor
        How many of M fresh pictures by the averaged G the judge takes for each digit, (10,); and
        for how many of these it is sure.
    """

    pictures: Tensor
    real: Tensor
    fake: Tensor
    classes: Tensor
    sure: Tensor


@dataclass(frozen=True, eq=False)
class Recording:
    """All frames of a film, F of them with n pictures each: arrays for the figure.

    Attributes
    ----------
    step : array (F,)
        After which training steps.
    pictures : array (F, n, 28, 28)
        As in `Frame`; uint8, 0 is paper.
    real, fake : array (F, N), (F, M)
        Logits of D.
    classes, sure : array (F, 10)
        Counts of the judge.
    digit, confidence : array (F, n)
        What the judge takes each picture for, and the probability that it gives this class.
    nearest : array (F, n, 28, 28)
        For each picture the training digit whose features are nearest.
    index, label : array (F, n)
        Which training digit that is, and its label.
    distance : array (F, n)
        How far away it is, in the judge's features.
    usual_distance : float
        The same for held-out digits, their median.
    usual_classes : array (10,)
        How many of the training digits the judge takes for each class.
    """

    step: NDArray[np.int64]
    pictures: NDArray[np.uint8]
    real: NDArray[np.float64]
    fake: NDArray[np.float64]
    classes: NDArray[np.int64]
    sure: NDArray[np.int64]
    digit: NDArray[np.int64]
    confidence: NDArray[np.float64]
    nearest: NDArray[np.uint8]
    index: NDArray[np.int64]
    label: NDArray[np.int64]
    distance: NDArray[np.float64]
    usual_distance: float
    usual_classes: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        f, n = self.pictures.shape[:2]
        shapes: dict[str, tuple[int, ...]] = {"pictures": (f, n, SIDE, SIDE), "step": (f,)}
        shapes |= {"real": (f, self.real.shape[-1]), "fake": (f, self.fake.shape[-1])}
        shapes |= {"classes": (f, CLASSES), "sure": (f, CLASSES), "nearest": (f, n, SIDE, SIDE)}
        shapes |= dict.fromkeys(("digit", "confidence", "index", "label", "distance"), (f, n))
        shapes |= {"usual_classes": (CLASSES,)}
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values.shape != shape or not values.size:
                raise ValueError(f"{name} must be of shape {shape}, not empty, got {values.shape}")
            if not np.isfinite(values).all():
                raise ValueError(f"{name} must be finite, got NaN or infinity")
        if (np.diff(self.step) <= 0).any():
            raise ValueError(f"step must increase, got {self.step.tolist()}")
        if (self.sure > self.classes).any() or (self.sure < 0).any():
            raise ValueError(f"sure must be from 0 to classes, got {self.sure.tolist()}")
        for name in ("classes", "usual_classes"):
            if (getattr(self, name).sum(-1) < 1).any():
                raise ValueError(f"{name} must count something, got {getattr(self, name).tolist()}")
        if not 0 < self.usual_distance < math.inf:
            raise ValueError(f"usual_distance must be above 0, got {self.usual_distance}")


class Film:
    """Record a training of digits: give it to `train` as `on_step`.

    It changes nothing in the run: it works on copies of the networks, in the modes that they
    train in, and has random numbers of its own, the same for each frame.  So two frames differ by
    what the networks learned in between, and not by luck.

    Parameters
    ----------
    z : Sample
        The noise of the pictures, a few dozen rows, on the trainer's device; with labels for a
        GAN with classes.
    steps : collection of int
        After which steps to take a frame: see `growing_steps`.
    judge : Classifier
        Names the digits.
    digits : Digits
        The training data, to look for copies.
    held_out : Digits
        Real digits that the GAN never sees.  Their labels are what the GAN's labels are, if it
        has classes.
    samples : int
        How many fresh pictures by the averaged G the judge names at each frame.
    scores : int
        How many fresh pictures by G, and how many held-out digits at most, D sees.
    seed : int
        Decides the fresh noise, and which held-out digits are used.

    Attributes
    ----------
    frames : dict of int to Frame
        What was recorded after which step.
    """

    def __init__(
        self,
        z: Sample,
        steps: Collection[int],
        judge: Classifier,
        digits: Digits,
        held_out: Digits,
        *,
        samples: int = 500,
        scores: int = 250,
        seed: int = 0,
    ) -> None:
        for name, count in (("samples", samples), ("scores", scores)):
            if count < 2:
                raise ValueError(f"{name} must be at least 2, got {count}")
        self.z, self.steps, self.judge, self.digits = z, frozenset(steps), judge, digits
        self.samples, self.scores, self.seed = samples, scores, seed
        chosen = torch.randperm(len(held_out), generator=torch.Generator().manual_seed(seed))
        chosen = chosen[:scores].sort().values
        self.held_out = held_out[chosen.to(held_out.images.device)].to(values(z).device)
        self.frames: dict[int, Frame] = {}

    def __call__(self, trainer: Trainer) -> None:
        """Take a frame if it is time to."""
        if trainer.steps in self.steps:
            self.frames[trainer.steps] = self.take(trainer)

    @property
    def pages(self) -> dict[int, Tensor]:
        """The pictures alone, like those of `gan_lessons.mnist.sampling.Album`."""
        return {step: frame.pictures for step, frame in self.frames.items()}

    def take(self, trainer: Trainer) -> Frame:
        """Return how the trainer stands now."""
        averaged = sampler(trainer, 1)
        random = torch.Generator(values(self.z).device).manual_seed(self.seed)
        fresh = averaged.draw(self.samples, random)
        other = averaged.draw(self.scores, random)
        probabilities = look(self.judge, averaged.pictures(fresh)).probabilities
        sure = probabilities[probabilities.amax(1) >= SURE]
        # As they play: batch norms, where there are some, see batches as large as in the training.
        size = self.scores if trainer.last_real is None else len(values(trainer.last_real))
        generator = copy.deepcopy(trainer.generator).train()
        discriminator = copy.deepcopy(trainer.discriminator).train()
        x = scaled(self.held_out.images)
        real = Labelled(x, self.held_out.labels) if isinstance(self.z, Labelled) else x
        return Frame(
            pixels(averaged.pictures(self.z)).cpu(),
            in_batches(discriminator, real, size).float().cpu(),
            in_batches(lambda part: discriminator(generator(part)), other, size).float().cpu(),
            class_counts(probabilities),
            class_counts(sure) if len(sure) else torch.zeros(CLASSES, dtype=torch.int64),
        )

    def recording(self) -> Recording:
        """Return all frames, with the nearest training digits, which are looked for only now."""
        if not self.frames:
            raise ValueError(f"steps must hold one that was trained, got {sorted(self.steps)}")
        frames = [self.frames[step] for step in sorted(self.frames)]
        pictures = torch.stack([frame.pictures for frame in frames])
        seen, held, data = (
            look(self.judge, images)
            for images in (pictures.flatten(0, 1), self.held_out.images, self.digits.images)
        )
        confidence, digit = seen.probabilities.max(1)
        found = nearest(seen.features, data.features)
        index = found.indices[:, 0].to(self.digits.images.device)
        n = pictures.shape[1]

        def stacked(name: str) -> NDArray[Any]:
            return torch.stack([getattr(frame, name) for frame in frames]).numpy()

        def each(x: Tensor) -> NDArray[Any]:
            return x.reshape(len(frames), n, *x.shape[1:]).cpu().numpy()

        return Recording(
            step=np.array(sorted(self.frames), np.int64),
            pictures=pictures.numpy(),
            real=stacked("real").astype(np.float64),
            fake=stacked("fake").astype(np.float64),
            classes=stacked("classes"),
            sure=stacked("sure"),
            digit=each(digit),
            confidence=each(confidence).astype(np.float64),
            nearest=each(self.digits.images[index]),
            index=each(index),
            label=each(self.digits.labels[index]),
            distance=each(found.distances[:, 0]),
            usual_distance=float(nearest(held.features, data.features).distances.median()),
            usual_classes=class_counts(data.probabilities).numpy(),
        )


def growing_steps(steps: int, count: int = 24, even: int = 50) -> list[int]:
    """Return at most `count` steps from 1 to `steps`, ever further apart.

    The first of them, up to about `even`, are evenly spaced; beyond, each is a fixed factor after
    the one before.  Much happens early in a training, and little late.

    Examples
    --------
    >>> growing_steps(3000, 8)
    [1, 40, 112, 241, 474, 892, 1645, 3000]
    """
    for name, value, least in (("steps", steps, 1), ("count", count, 2), ("even", even, 1)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    share = np.linspace(0, 1, count)
    found = np.rint(even * np.expm1(share * math.log1p(steps / even)))
    return [int(step) for step in np.unique(found.clip(1, steps))]


def in_batches(network: Callable[[Sample], Tensor], samples: Sample, size: int) -> Tensor:
    """Show samples to a network, `size` at a time, without a gradient.

    Examples
    --------
    >>> in_batches(lambda x: x - x.mean(), torch.tensor([1.0, 3.0, 7.0]), 2)
    tensor([-1.,  1.,  0.])
    """
    n = len(values(samples))
    with torch.no_grad():
        parts = [network(samples.narrow(0, i, min(size, n - i))) for i in range(0, n, size)]
        return torch.cat(parts)
