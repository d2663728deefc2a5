"""The value of the game and the losses of its two players, on logits.

A discriminator returns a logit l; its probability is D(x) = sigmoid(l).  In terms of
softplus(t) = log(1 + exp(t)) the two logarithms of the game are

    log D(x)       = log sigmoid(l)  = -softplus(-l)
    log(1 - D(x))  = log sigmoid(-l) = -softplus(l)

which stay finite and exact where sigmoid(l) rounds to 0 or 1.

Every function takes logits in the order (real, fake), of shape (..., B), and takes the mean
over the last axis, the batch.  Leading axes are independent GANs (seeds): the result has
their shape, and is a scalar for one GAN.  The real and the fake batch may differ in size.

References
----------
Goodfellow et al., Generative Adversarial Nets (2014), equations (1) and section 3.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus


def value(real: Tensor, fake: Tensor) -> Tensor:
    """Minibatch estimate of V(D, G) = E log D(x) + E log(1 - D(G(z))), equation (1), in nats.

    At most 0, and -log 4 where D is 1/2 on both batches.

    Examples
    --------
    >>> import torch
    >>> round(value(torch.zeros(8), torch.zeros(8)).item(), 6)  # -log 4
    -1.386294
    """
    _check(real=real, fake=fake)
    return -softplus(-real).mean(-1) - softplus(fake).mean(-1)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return -V: binary cross-entropy with labels 1 (real) and 0 (fake), the SUM of two means.

    Not halved: it is 2 log 2 = log 4 at the equilibrium, where D is 1/2 everywhere.

    Examples
    --------
    >>> import torch
    >>> round(discriminator_loss(torch.tensor([1.0, -1.0]), torch.tensor([0.0])).item(), 6)
    1.506409
    """
    _check(real=real, fake=fake)
    return softplus(-real).mean(-1) + softplus(fake).mean(-1)


def saturating_loss(fake: Tensor) -> Tensor:
    """Generator loss of the minimax game: the mean of log(1 - D(G(z))).

    Only this term of V depends on G.  Its derivative with respect to a logit is -D(G(z)) (over
    the batch size): nearly 0 where D is sure that the sample is fake, so D saturates G there.
    At the equilibrium it is -log 2.

    Examples
    --------
    >>> import torch
    >>> l = torch.tensor([-4.0], requires_grad=True)
    >>> saturating_loss(l).backward()
    >>> round(l.grad.item(), 6)
    -0.017986
    """
    _check(fake=fake)
    return -softplus(fake).mean(-1)


def nonsaturating_loss(fake: Tensor) -> Tensor:
    """Generator loss -log D(G(z)), averaged: the heuristic of section 3 of the 2014 paper.

    Binary cross-entropy of the fakes with label 1.  Not the minimax loss: the derivative with
    respect to a logit is -(1 - D(G(z))), largest where D is sure that the sample is fake.
    At the equilibrium it is log 2.

    Examples
    --------
    >>> import torch
    >>> l = torch.tensor([-4.0], requires_grad=True)
    >>> nonsaturating_loss(l).backward()
    >>> round(l.grad.item(), 6)
    -0.982014
    """
    _check(fake=fake)
    return softplus(-fake).mean(-1)


def _check(**batches: Tensor) -> None:
    for name, logits in batches.items():
        if logits.ndim == 0 or logits.shape[-1] == 0:
            raise ValueError(
                f"{name} must hold at least one logit along its last axis, "
                f"got shape {tuple(logits.shape)}"
            )
