"""The value of the game, the losses of its two players and their slopes, on logits.

A discriminator returns a logit l; its probability is D(x) = sigmoid(l).  In terms of
softplus(t) = log(1 + exp(t)) the two logarithms of the game are

    log D(x)       = log sigmoid(l)  = -softplus(-l)
    log(1 - D(x))  = log sigmoid(-l) = -softplus(l)

which stay finite and exact where sigmoid(l) rounds to 0 or 1.

Every loss takes logits in the order (real, fake), of shape (..., B), and takes the mean
over the last axis, the batch.  Leading axes are independent GANs (seeds): the result has
their shape, and is a scalar for one GAN.  The real and the fake batch may differ in size.

A slope is the derivative of one sample's term of a loss with respect to its logit, of the
shape of the logits.  The gradient of the mean over a batch of B is the slope divided by B.

References
----------
Goodfellow et al., Generative Adversarial Nets (2014), equations (1) and section 3.
Goodfellow, NIPS 2016 Tutorial (2016), section 3.2: the three losses of the generator.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus


def binary_cross_entropy(logits: Tensor, labels: Tensor | float) -> Tensor:
    """Mean of -[y log D + (1 - y) log(1 - D)], from the logits of D, in nats.

    Computed as max(l, 0) - l y + log(1 + exp(-|l|)): no exponential can overflow, and no
    probability is rounded to 1 before its logarithm is taken.  The same as torch's
    ``binary_cross_entropy_with_logits``, written out.

    Parameters
    ----------
    logits : Tensor
        (..., B).
    labels : Tensor or float
        1 for real, 0 for fake; anything between is a smoothed label.

    Examples
    --------
    >>> binary_cross_entropy(torch.tensor([-1000.0]), 1.0).item()
    1000.0
    """
    _check(logits=logits)
    y = torch.as_tensor(labels, dtype=logits.dtype, device=logits.device)
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError(f"labels must lie between 0 and 1, got {labels}")
    size = logits.abs()
    # max(l, 0) as (l + |l|) / 2: autograd then gives 1/2 at its kink, and so D - y also at l = 0.
    terms = (logits + size) / 2 - logits * y + torch.log1p(torch.exp(-size))
    return terms.mean(-1)


def value(real: Tensor, fake: Tensor) -> Tensor:
    """Minibatch estimate of V(D, G) = E log D(x) + E log(1 - D(G(z))), equation (1), in nats.

    At most 0, and -log 4 where D is 1/2 on both batches.

    Examples
    --------
    >>> round(value(torch.zeros(8), torch.zeros(8)).item(), 6)  # -log 4
    -1.386294
    """
    _check(real=real, fake=fake)
    return -softplus(-real).mean(-1) - softplus(fake).mean(-1)


def discriminator_loss(real: Tensor, fake: Tensor, *, halved: bool = False) -> Tensor:
    """Return -V: binary cross-entropy with labels 1 (real) and 0 (fake), the SUM of two means.

    Not halved, it is 2 log 2 = log 4 at the equilibrium, where D is 1/2 everywhere.

    Parameters
    ----------
    real, fake : Tensor
        Logits, (..., B) each; the two B may differ.
    halved : bool
        Return half of it, as some codes do.  With plain gradient descent that is half the
        learning rate; with Adam it changes nothing, unless a penalty is added.

    Examples
    --------
    >>> round(discriminator_loss(torch.tensor([1.0, -1.0]), torch.tensor([0.0])).item(), 6)
    1.506409
    """
    _check(real=real, fake=fake)
    total = softplus(-real).mean(-1) + softplus(fake).mean(-1)
    return total / 2 if halved else total


def discriminator_slopes(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Slopes of `discriminator_loss`: D - 1 for each real sample, D for each fake one.

    Each is the probability minus the label: how wrong D is, with the sign of the mistake.

    Examples
    --------
    >>> discriminator_slopes(torch.tensor([0.0]), torch.tensor([0.0]))
    (tensor([-0.5000]), tensor([0.5000]))
    """
    return -torch.sigmoid(-real), torch.sigmoid(fake)


def saturating_loss(fake: Tensor) -> Tensor:
    """Generator loss of the minimax game: the mean of log(1 - D(G(z))).

    Only this term of V depends on G.  At the equilibrium it is -log 2.

    Examples
    --------
    >>> l = torch.tensor([-4.0], requires_grad=True)
    >>> saturating_loss(l).backward()
    >>> round(l.grad.item(), 6)
    -0.017986
    """
    _check(fake=fake)
    return -softplus(fake).mean(-1)


def saturating_slope(fake: Tensor) -> Tensor:
    """Slope of `saturating_loss`: -D(G(z)).

    Nearly 0 where D is sure that the sample is fake: there D saturates, and G learns nothing.

    Examples
    --------
    >>> saturating_slope(torch.tensor([-4.0, 0.0, 4.0]))
    tensor([-0.0180, -0.5000, -0.9820])
    """
    return -torch.sigmoid(fake)


def nonsaturating_loss(fake: Tensor) -> Tensor:
    """Generator loss -log D(G(z)), averaged: the heuristic of section 3 of the 2014 paper.

    Binary cross-entropy of the fakes with label 1.  Not the minimax loss.
    At the equilibrium it is log 2.

    Examples
    --------
    >>> l = torch.tensor([-4.0], requires_grad=True)
    >>> nonsaturating_loss(l).backward()
    >>> round(l.grad.item(), 6)
    -0.982014
    """
    _check(fake=fake)
    return softplus(-fake).mean(-1)


def nonsaturating_slope(fake: Tensor) -> Tensor:
    """Slope of `nonsaturating_loss`: -(1 - D(G(z))).

    Largest where D is sure that the sample is fake.

    Examples
    --------
    >>> nonsaturating_slope(torch.tensor([-4.0, 0.0, 4.0]))
    tensor([-0.9820, -0.5000, -0.0180])
    """
    return -torch.sigmoid(-fake)


def maximum_likelihood_loss(fake: Tensor) -> Tensor:
    """Generator loss -D / (1 - D) = -exp(l), averaged: section 3.2.4 of the 2016 tutorial.

    If D is the optimal discriminator, held fixed, then exp(l) = p_data / p_g, and the expected
    gradient is that of KL(p_data || p_g): maximum likelihood.  For any other D it is not.
    It overflows where exp does: at a logit of 89 in float32.  At the equilibrium it is -1.

    Examples
    --------
    >>> maximum_likelihood_loss(torch.zeros(8)).item()
    -1.0
    """
    _check(fake=fake)
    return -torch.exp(fake).mean(-1)


def maximum_likelihood_slope(fake: Tensor) -> Tensor:
    """Slope of `maximum_likelihood_loss`: -exp(l), without bound where D is fooled.

    Examples
    --------
    >>> maximum_likelihood_slope(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.3679, -1.0000, -2.7183])
    """
    return -torch.exp(fake)


def _check(**batches: Tensor) -> None:
    for name, logits in batches.items():
        if logits.ndim == 0 or logits.shape[-1] == 0:
            raise ValueError(
                f"{name} must hold at least one logit along its last axis, "
                f"got shape {tuple(logits.shape)}"
            )
