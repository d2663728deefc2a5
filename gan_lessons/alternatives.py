"""Losses in place of the minimax ones: least squares, hinge, Wasserstein, f-GAN, relativistic.

The output of D is a real number l, which is a logit in `losses` and here whatever the game makes
of it: a score, a critic, an argument of f.  Arguments come in the order (real, fake), of shape
(..., B); each loss takes the mean over the last axis.  A loss of D is the SUM of its two means.

References
----------
Mao et al., Least Squares Generative Adversarial Networks (2017), equations (2) and (9).
Lim & Ye, Geometric GAN (2017): the hinge.  Arjovsky et al., Wasserstein GAN (2017), equation (2).
Nowozin et al., f-GAN (2016), section 2.4.  Jolicoeur-Martineau, The relativistic discriminator
(2018); Huang et al., The GAN is dead; long live the GAN (2024), equation (2): pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_lessons.losses import discriminator_loss, nonsaturating_loss, saturating_loss

OfFake = Callable[[Tensor], Tensor]
OfBoth = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Game:
    """The losses of both players.

    Parameters
    ----------
    name : str
        What the game is called.
    d_loss : callable
        Loss of D, given the outputs of D for (real, fake).
    g_loss : callable
        Loss of G, given the outputs of D for the fakes; for a game of pairs, for (real, fake).
    pairs : bool
        Whether `g_loss` takes (real, fake).
    """

    name: str
    d_loss: OfBoth
    g_loss: OfFake | OfBoth
    pairs: bool = False


def least_squares_d_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Mean of (l - 1)^2 / 2 over the real and of l^2 / 2 over the fake: targets 1 and 0.

    At the best D, l*(x) = p_data / (p_data + p_g), where the losses of the 2014 paper have the
    logit of the same number.  At the equilibrium l is 1/2 and the loss 1/4.

    Examples
    --------
    >>> least_squares_d_loss(torch.tensor([0.5, 0.5]), torch.tensor([0.5])).item()
    0.25
    """
    _check(real=real, fake=fake)
    return (real - 1).square().mean(-1) / 2 + fake.square().mean(-1) / 2


def least_squares_g_loss(fake: Tensor) -> Tensor:
    """Mean of (l - 1)^2 / 2 over the fakes: G wants them to be given the target of the real.

    Its slope l - 1 grows with the distance from the target, on both sides of it: a fake that D
    takes for more than real is pushed back.

    Examples
    --------
    >>> least_squares_g_loss(torch.tensor([0.5, 3.0])).item()
    1.0625
    """
    _check(fake=fake)
    return (fake - 1).square().mean(-1) / 2


def hinge_d_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Mean of max(0, 1 - l) over the real and of max(0, 1 + l) over the fake.

    Samples beyond the margin of 1 on their own side count no more.  At the best D, l is 1 where
    p_data > p_g and -1 where it is smaller; the loss is then 2 (1 - TV), and 2 at the equilibrium.

    Examples
    --------
    >>> hinge_d_loss(torch.tensor([2.0, 0.5]), torch.tensor([-0.5])).item()
    0.75
    """
    _check(real=real, fake=fake)
    return torch.relu(1 - real).mean(-1) + torch.relu(1 + fake).mean(-1)


def wasserstein_d_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Mean of l over the fake less its mean over the real: minus the critic's estimate of W1.

    Only with l kept 1-Lipschitz, by clipping or a penalty, is its minimum -W1; without that it
    has none.

    Examples
    --------
    >>> wasserstein_d_loss(torch.tensor([2.0]), torch.tensor([-1.0])).item()
    -3.0
    """
    _check(real=real, fake=fake)
    return fake.mean(-1) - real.mean(-1)


def score_g_loss(fake: Tensor) -> Tensor:
    """Minus the mean of l over the fakes: the loss of G in the Wasserstein and the hinge game.

    Its slope is -1 whatever D says.

    Examples
    --------
    >>> score_g_loss(torch.tensor([2.0, 4.0])).item()
    -3.0
    """
    _check(fake=fake)
    return -fake.mean(-1)


def relativistic_d_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Mean of softplus(-(l_real - l_fake)) over pairs: is each real more real than its fake.

    Sample k of one batch is compared with sample k of the other; both batches have one size.
    At the equilibrium it is log 2: there is one mean, not two.

    Examples
    --------
    >>> round(relativistic_d_loss(torch.tensor([3.0]), torch.tensor([3.0])).item(), 6)
    0.693147
    """
    _check(real=real, fake=fake)
    _one_size(real, fake)
    return softplus(fake - real).mean(-1)


def relativistic_g_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Mean of softplus(-(l_fake - l_real)) over pairs: is each fake more real than its real.

    Examples
    --------
    >>> round(relativistic_g_loss(torch.tensor([3.0]), torch.tensor([1.0])).item(), 6)
    2.126928
    """
    _check(real=real, fake=fake)
    _one_size(real, fake)
    return softplus(real - fake).mean(-1)


def f_gan(
    slope: Callable[[Tensor], Tensor], conjugate: Callable[[Tensor], Tensor], name: str = "f-GAN"
) -> Game:
    """The game of an f-divergence: D maximises E_data T - E_g f*(T), G minimises the same.

    T = slope(l) = f'(e^l): with this output activation T is in the domain of f* for every l, and
    the best l is log p_data - log p_g in every one of these games.

    Parameters
    ----------
    slope : callable
        f'(t) as a function of u = log t.
    conjugate : callable
        f*, elementwise.
    name : str
        What to call the game.

    Examples
    --------
    >>> from gan_lessons.f_divergences import GENERATORS
    >>> g = GENERATORS["KL"]
    >>> game = f_gan(g.slope, g.conjugate)
    >>> one = torch.ones(1)
    >>> game.d_loss(one, one).item()  # -(T - f*(T)) with T = 1 + l = 2 and f*(2) = e
    0.7182817459106445
    """

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        _check(real=real, fake=fake)
        return conjugate(slope(fake)).mean(-1) - slope(real).mean(-1)

    def g_loss(fake: Tensor) -> Tensor:
        _check(fake=fake)
        return -conjugate(slope(fake)).mean(-1)

    return Game(name, d_loss, g_loss)


GAMES = {
    game.name: game
    for game in (
        Game("minimax", discriminator_loss, saturating_loss),
        Game("non-saturating", discriminator_loss, nonsaturating_loss),
        Game("least squares", least_squares_d_loss, least_squares_g_loss),
        Game("hinge", hinge_d_loss, score_g_loss),
        Game("wasserstein", wasserstein_d_loss, score_g_loss),
        Game("relativistic", relativistic_d_loss, relativistic_g_loss, pairs=True),
    )
}


def _one_size(real: Tensor, fake: Tensor) -> None:
    if real.shape != fake.shape:
        raise ValueError(
            f"real and fake must have one shape, as they are compared in pairs, "
            f"got {tuple(real.shape)} and {tuple(fake.shape)}"
        )


def _check(**batches: Tensor) -> None:
    for name, values in batches.items():
        if values.ndim == 0 or values.shape[-1] == 0:
            raise ValueError(
                f"{name} must hold at least one output of D along its last axis, "
                f"got shape {tuple(values.shape)}"
            )
