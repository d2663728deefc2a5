"""Semi-supervised GANs on scikit-learn's 1,797 digits of 8 x 8 pixels: labels, looks, seeds.

Examples
--------
>>> data = split([0, 1], labels=20)
>>> data.labelled.shape, data.pool.shape, data.test.shape
(torch.Size([2, 20, 64]), torch.Size([2, 1397, 64]), torch.Size([2, 400, 64]))
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lessons.batch_layers import MinibatchDiscrimination
from gan_lessons.losses import discriminator_loss, nonsaturating_loss
from gan_lessons.metrics import frechet_distance, inception_score
from gan_lessons.networks import MLP
from gan_lessons.norms import nothing
from gan_lessons.objectives import FeatureMatching, OnFakes
from gan_lessons.samples import State
from gan_lessons.semisupervised import ClassifyingMLP, Supervised
from gan_lessons.toy import one_thread
from gan_lessons.training import LoopSettings, Trainer

Array = NDArray[np.float64]

CLASSES = 10
TEST = 400
NOISE = 20  # numbers that G starts from
METHODS = ("labels only", "plain GAN", "feature matching", "minibatch discrimination")
LOOP = LoopSettings(k=1, lr_d=2e-3, lr_g=2e-3, betas=(0.5, 0.9), ema=0.99)


class Split(NamedTuple):
    """The digits as S learners see them, one split for each seed; pixels from -1 to 1."""

    labelled: Tensor  # (S, M, 64)
    labels: Tensor  # (S, M)
    pool: Tensor  # (S, n, 64): everything but the test set, without labels
    test: Tensor  # (S, TEST, 64)
    truth: Tensor  # (S, TEST)


class Draws:
    """Endless batches of the rows of a pool, drawn with replacement, one stream for each seed.

    Parameters
    ----------
    pool : Tensor
        (S, n, width).
    batch : int
        Rows in a batch.
    generators : sequence of torch.Generator
        One for each of the S streams.

    Examples
    --------
    >>> draws = Draws(torch.arange(6.0).reshape(1, 6, 1), 4, [torch.Generator().manual_seed(0)])
    >>> draws().shape
    torch.Size([1, 4, 1])
    """

    def __init__(self, pool: Tensor, batch: int, generators: Sequence[torch.Generator]) -> None:
        if batch < 1:
            raise ValueError(f"batch must be at least 1, got {batch}")
        if len(generators) != len(pool):
            raise ValueError(f"generators must be {len(pool)}, got {len(generators)}")
        self.pool, self.batch, self.generators = pool, batch, list(generators)

    def __call__(self) -> Tensor:
        """Return the next batch, (S, batch, width)."""
        n = self.pool.shape[1]
        rows = [torch.randint(n, (self.batch,), generator=g) for g in self.generators]
        return torch.stack([one[i] for one, i in zip(self.pool, rows, strict=True)])

    def state(self) -> State:
        """Return what the next batches depend on."""
        return {"generators": [g.get_state() for g in self.generators]}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        for generator, value in zip(self.generators, state["generators"], strict=True):
            generator.set_state(value)


class Normal(Draws):
    """Endless batches of standard normal noise, (S, batch, width)."""

    def __init__(self, width: int, batch: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__(torch.zeros(len(generators), 1, width), batch, generators)

    def __call__(self) -> Tensor:
        """Return the next batch."""
        shape = (self.batch, self.pool.shape[-1])
        return torch.stack([torch.randn(shape, generator=g) for g in self.generators])


class PictureMLP(MLP):
    """An MLP whose outputs are pixels from -1 to 1."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, B, noise) to (S, B, pixels)."""
        return torch.tanh(super().forward(x))


@lru_cache(maxsize=1)
def digits() -> tuple[Tensor, Tensor]:
    """Return all pictures, (1797, 64) from -1 to 1, and their labels, (1797,).

    Examples
    --------
    >>> x, y = digits()
    >>> x.shape, x.min().item(), x.max().item(), y[:4].tolist()
    (torch.Size([1797, 64]), -1.0, 1.0, [0, 1, 2, 3])
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return torch.tensor(x / 8 - 1, dtype=torch.float32), torch.tensor(y)


def split(seeds: Sequence[int], labels: int = 50) -> Split:
    """Choose for each seed a test set and the digits whose labels are known.

    Parameters
    ----------
    seeds : sequence of int
        One split for each.
    labels : int
        How many labels, a multiple of ten: as many of each class.
    """
    if labels < CLASSES or labels % CLASSES:
        raise ValueError(f"labels must be a positive multiple of {CLASSES}, got {labels}")
    x, y = digits()
    parts = []
    for seed in seeds:
        order = torch.from_numpy(np.random.default_rng(seed).permutation(len(x)))
        test, pool = order[:TEST], order[TEST:]
        known = torch.cat([pool[y[pool] == c][: labels // CLASSES] for c in range(CLASSES)])
        parts.append((x[known], y[known], x[pool], x[test], y[test]))
    return Split(*(torch.stack(part) for part in zip(*parts, strict=True)))


def make_trainer(
    method: str, data: Split, seeds: Sequence[int], width: int = 64, loop: LoopSettings = LOOP
) -> Trainer:
    """Return the players of one method, ready to `run`: all methods differ in arguments only.

    Parameters
    ----------
    method : str
        One of METHODS.  "labels only" is the same D without a GAN: its loss sees no fake.
    data : Split
        From `split` with the same seeds.
    seeds : sequence of int
        All that is random about GAN s comes from ``seeds[s]``.
    width : int
        Of the hidden layers.
    loop : LoopSettings
        Rates and the rest, the same for all methods.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {[*METHODS]}, got {method!r}")
    states = np.array([np.random.SeedSequence([s, 8]).generate_state(4, np.uint64) for s in seeds])
    g_init, d_init, real, noise = (
        [torch.Generator().manual_seed(int(state % 2**63)) for state in column]
        for column in states.T
    )
    minibatch = method == "minibatch discrimination"
    layer = MinibatchDiscrimination(width, d_init, kernels=4, rows=3) if minibatch else None
    batch = data.labelled.shape[1]  # one size for all batches: o(x) grows with it
    return Trainer(
        PictureMLP([NOISE, width, width, 64], g_init),
        ClassifyingMLP([64, width, width], CLASSES, d_init, layer),
        Draws(data.pool, batch, real),
        Normal(NOISE, batch, noise),
        loop,
        d_loss=nothing if method == "labels only" else discriminator_loss,
        g_loss=FeatureMatching() if method == "feature matching" else OnFakes(nonsaturating_loss),
        penalty=Supervised(data.labelled, data.labels),
    )


def train(method: str, data: Split, seeds: Sequence[int], steps: int, width: int = 64) -> Trainer:
    """Train one method, all seeds side by side and on one thread; return its trainer.

    Parameters
    ----------
    method, data, seeds, width
        As in `make_trainer`.
    steps : int
        Updates of each player.
    """
    trainer = make_trainer(method, data, seeds, width)
    with one_thread():
        trainer.run(steps, progress=False)
    return trainer


def error_rates(trainer: Trainer, data: Split) -> Array:
    """Share of the test digits that D puts into the wrong class, for each seed.

    The test set goes through D in batches of the size that it was trained with.
    """
    d, batch = trainer.discriminator, data.labelled.shape[1]
    assert isinstance(d, ClassifyingMLP)
    with torch.no_grad():
        found = torch.cat([d.classes(x).argmax(-1) for x in data.test.split(batch, dim=1)], dim=1)
    return (found != data.truth).double().mean(1).numpy()


def pictures(trainer: Trainer, n: int, averaged: bool = True) -> Tensor:
    """Return n generated digits for each seed, (S, n, 64), from noise that is always the same."""
    g = trainer.averaged if averaged else trainer.generator
    s = len(trainer.d_params[0])
    z = torch.randn(1, n, NOISE, generator=torch.Generator().manual_seed(n)).expand(s, -1, -1)
    with torch.no_grad():
        x: Tensor = g(z)
    return x


class Looks(NamedTuple):
    """What a classifier that knows all labels says of generated digits; see `looks`."""

    score: float  # exp of the mutual information of picture and class, from 1 to 10
    frechet: float  # to all real digits, on pixels


@lru_cache(maxsize=1)
def _classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    x, y = digits()
    return LogisticRegression(C=0.05, max_iter=500).fit(x.numpy(), y.numpy())


def looks(x: Tensor) -> Looks:
    """Judge a sample of pictures: class score and Frechet distance.

    The class score is the formula of the inception score, with a logistic regression on all 1,797
    labelled digits in place of that network: high if each picture clearly is some digit and all
    digits are there.

    Parameters
    ----------
    x : Tensor
        (n, 64).

    Examples
    --------
    >>> real, flat = looks(digits()[0]), looks(torch.zeros(100, 64))
    >>> real.score > 5, round(real.frechet, 6), round(flat.score, 6), flat.frechet > 10
    (True, 0.0, 1.0, True)
    """
    p = torch.from_numpy(_classifier().predict_proba(x.double().numpy()))  # (n, 10)
    return Looks(inception_score(p), frechet_distance(digits()[0], x))
