"""Every way of training a GAN that the book compares: a record of what sets each one apart.

A `Method` says what differs from plain training: the game, a penalty, the discriminator, what G
minimises, how often D moves, how fast, and how its weights are kept small.  Nothing here tells
methods apart by name, and the training loop does not know them at all.

Examples
--------
>>> METHODS["hinge"].game.name, METHODS["k = 5"].k, METHODS["no averaging"].ema
('hinge', 5, 0.0)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from gan_lessons import losses
from gan_lessons.alternatives import GAMES, Game, f_gan
from gan_lessons.batch_layers import (
    BatchMLP,
    MinibatchDiscrimination,
    MinibatchStd,
    Packed,
    SpectralMLP,
)
from gan_lessons.f_divergences import GENERATORS
from gan_lessons.networks import LogitMLP
from gan_lessons.norms import NormLogitMLP
from gan_lessons.objectives import FeatureMatching, OnFakes, OnPairs
from gan_lessons.penalties import R1, R2, Both, Clipped, GradientPenalty, Optimizer
from gan_lessons.samples import Source
from gan_lessons.techniques import HistoricalAverage, SmoothedLabels, Sum, Switched
from gan_lessons.training import Judged

Generators = Sequence[torch.Generator]
Sizes = Sequence[int]
Judges = Callable[[Sizes, Generators, Source], nn.Module]


def as_it_is(optimizer: Optimizer) -> Optimizer:
    """Return the optimiser of D without a change."""
    return optimizer


def no_penalty(generators: Generators) -> None:
    """Return None: nothing is added to the loss of D."""


def unaware(make: Callable[[Sizes, Generators], nn.Module]) -> Judges:
    """Return a maker of discriminators that looks at no data."""

    def judges(sizes: Sizes, generators: Generators, real: Source) -> nn.Module:
        return make(sizes, generators)

    return judges


def perceptrons(sizes: Sizes, generators: Generators, real: Source) -> nn.Module:
    """Make the plain discriminators."""
    return LogitMLP(sizes, generators)


@dataclass(frozen=True)
class Method:
    """What sets one way of training a GAN apart; the defaults are the plain one.

    Parameters
    ----------
    name : str
        What it is called.
    game : Game
        The losses of both players.
    objective : callable, optional
        Makes what G minimises, if that is not the loss that the game has for it.
    own : callable, optional
        Makes a term that each player adds to its loss, from the network of that player.
    discriminator : callable
        Makes S discriminators from (sizes, generators, real); sizes begin with the width of a
        sample and end in 1, and `real` is the source of data, for a reference batch.
    penalty : callable
        Makes the penalty on D, or None, from S generators that it may draw from.
    optimizer : callable
        Wraps the optimiser of D: to clip weights, say.
    k : int
        Steps of D for one of G.
    d_rate : float
        The learning rate of D over that of G.
    ema : float
        How slowly the judged average of G's weights moves; 0 judges G as it is.
    """

    name: str
    game: Game = GAMES["non-saturating"]
    objective: Callable[[], Judged] | None = None
    own: Callable[[nn.Module], Judged] | None = None
    discriminator: Judges = perceptrons
    penalty: Callable[[Generators], Judged | None] = no_penalty
    optimizer: Callable[[Optimizer], Optimizer] = as_it_is
    k: int = 1
    d_rate: float = 1.0
    ema: float = 0.99

    def what_g_minimises(self, generator: nn.Module) -> Judged:
        """Return the objective of G: that of the game, unless the method has another."""
        of_game = OnPairs if self.game.pairs else OnFakes
        # `pairs` says which of the two kinds of loss it is; mypy cannot know.
        given = self.objective() if self.objective else of_game(self.game.g_loss)  # type: ignore[arg-type]
        return Sum(given, self.own(generator)) if self.own else given

    def what_d_adds(self, discriminator: nn.Module, generators: Generators) -> Judged | None:
        """Return all that is added to the loss of D, or None."""
        penalty = self.penalty(generators)
        terms = [t for t in (penalty, self.own and self.own(discriminator)) if t]
        return Sum(*terms) if len(terms) > 1 else next(iter(terms), None)


def minibatch(sizes: Sizes, generators: Generators) -> BatchMLP:
    """Make discriminators with minibatch discrimination: 4 kernels of rows of 2."""
    layer = MinibatchDiscrimination(sizes[-2], generators, kernels=4, rows=2)
    return BatchMLP(sizes[:-1], generators, layer)


def batch_spread(sizes: Sizes, generators: Generators) -> BatchMLP:
    """Make discriminators that see the standard deviation of the batch."""
    return BatchMLP(sizes[:-1], generators, MinibatchStd())


def packed(sizes: Sizes, generators: Generators, pack: int = 2) -> Packed:
    """Make discriminators of pairs of samples."""
    return Packed(LogitMLP([pack * sizes[0], *sizes[1:]], generators), pack)


def normalised(sizes: Sizes, generators: Generators) -> NormLogitMLP:
    """Make discriminators with batch normalisation in each hidden layer but the first."""
    return NormLogitMLP(sizes, generators, first=1)


def virtually_normalised(sizes: Sizes, generators: Generators, real: Source) -> NormLogitMLP:
    """Make discriminators with virtual batch normalisation, by one batch of the data."""
    return NormLogitMLP(sizes, generators, reference=real())


def spring(player: nn.Module) -> HistoricalAverage:
    """Return historical averaging for one player."""
    return HistoricalAverage(player.parameters(), SPRING)


def switched() -> Switched:
    """Return the non-saturating loss of G for the first half of the steps, then the saturating."""
    return Switched(
        OnFakes(losses.nonsaturating_loss), OnFakes(losses.saturating_loss), after=SWITCH
    )


def r1_and_r2(gamma: float) -> Both:
    """Return the two zero-centred penalties with one weight."""
    return Both(R1(gamma), R2(gamma))


GAMMA = 0.1  # weight of R1 and R2, as in the 1-D experiment
BOUND = 0.1  # of clipped weights
SPRING = 0.01  # weight of historical averaging, as in the chapter on what helps
SWITCH = 300  # steps of G: half of those of the record
METHODS = {
    m.name: m
    for m in (
        Method("minimax", GAMES["minimax"]),
        Method("non-saturating"),
        Method("least squares", GAMES["least squares"]),
        Method("hinge", GAMES["hinge"]),
        Method("WGAN, clipping", GAMES["wasserstein"], k=5,
               optimizer=lambda optimizer: Clipped(optimizer, BOUND)),
        Method("WGAN-GP", GAMES["wasserstein"], k=5, penalty=GradientPenalty),
        Method("hinge, spectral norm", GAMES["hinge"], discriminator=unaware(SpectralMLP)),
        Method("R1", penalty=lambda generators: R1(GAMMA)),
        Method("R1 + R2", penalty=lambda generators: r1_and_r2(GAMMA)),
        Method("relativistic", GAMES["relativistic"]),
        Method("relativistic, R1 + R2", GAMES["relativistic"],
               penalty=lambda generators: r1_and_r2(GAMMA)),
        *(Method(f"f-GAN, {g.name}", f_gan(g.slope, g.conjugate, g.name))
          for g in map(GENERATORS.__getitem__, ("KL", "reverse KL", "Pearson chi2"))),
        Method("feature matching", objective=FeatureMatching),
        Method("minibatch discrimination", discriminator=unaware(minibatch)),
        Method("minibatch std", discriminator=unaware(batch_spread)),
        Method("packing, 2", discriminator=unaware(packed)),
        Method("one-sided smoothing",
               Game("smoothed", SmoothedLabels(), losses.nonsaturating_loss)),
        Method("k = 5", k=5),
        Method("no averaging", ema=0.0),
        Method("two time scales", d_rate=4.0),
        Method("historical averaging", own=spring),
        Method("batch norm in D", discriminator=unaware(normalised)),
        Method("virtual batch norm", discriminator=virtually_normalised),
        Method("loss switched", objective=switched),
        # Three of these with other settings, chosen after they had failed.
        Method("WGAN-GP, weight 0.1", GAMES["wasserstein"], k=5,
               penalty=functools.partial(GradientPenalty, weight=0.1)),
        Method("WGAN, clipping at 0.5", GAMES["wasserstein"], k=5,
               optimizer=lambda optimizer: Clipped(optimizer, 0.5)),
        Method("spectral norm, retuned", GAMES["hinge"], k=5,
               discriminator=unaware(functools.partial(
                   SpectralMLP, activation=torch.relu_, scale=8.0))),
    )
}  # fmt: skip
