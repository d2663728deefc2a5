"""GANs with labels, exactly: the best D for each class, the projection, the auxiliary classifier.

Labels y are 0, ..., K - 1.  p(x | y) are the data, q(x | y) what G makes when it is asked for y.
On the line they are densities; the auxiliary classifier is looked at on finitely many x, where a
joint law p(x, y) is a matrix of probabilities, (K, n), and every optimum is a sum.

References
----------
Mirza and Osindero, Conditional Generative Adversarial Nets (2014), equation (2).
Miyato and Koyama, cGANs with Projection Discriminator (2018), equations (2) to (4).
Odena, Olah and Shlens, Conditional Image Synthesis with Auxiliary Classifier GANs (2017).
Gong et al., Twin Auxiliary Classifiers GAN (2019): what the auxiliary classifier lacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, xlogy
from torch import Tensor

from gan_lessons import finite_game, theory
from gan_lessons.densities import Density

Array = NDArray[np.float64]


def optimal_logits(x: Tensor, data: Sequence[Density], made: Sequence[Density]) -> Tensor:
    """Logits of the best D for each class: log p(x | y) - log q(x | y), (K, n).

    Its sigmoid is D*(x, y) = p(x | y) / (p(x | y) + q(x | y)), as long as labels are as frequent
    among the fakes as in the data.

    Parameters
    ----------
    x : Tensor
        (n,), where.
    data, made : sequence of Density
        p(x | y) and q(x | y), one for each class.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> data, made = [gaussian(0, 1), gaussian(2, 1)], [gaussian(2, 1), gaussian(0, 1)]
    >>> optimal_logits(torch.tensor([1.0, 2.0]), data, made).tolist()
    [[0.0, -2.0], [0.0, 2.0]]
    """
    _same_length(data, made)
    x = x.to(torch.float64)
    return torch.stack([p.log_prob(x) - q.log_prob(x) for p, q in zip(data, made, strict=True)])


def value(
    logit: Callable[[Tensor, int], Tensor],
    data: Sequence[Density],
    made: Sequence[theory.Pushforward],
    prior: Sequence[float] | None = None,
) -> float:
    """V(D, G) = E_y [ E log D(x, y) + E log(1 - D(G(z, y), y)) ], exact, in nats.

    Parameters
    ----------
    logit : callable
        Maps x, (n,), and a label to the logits of D, (n,).
    data : sequence of Density
        p(x | y) for each class.
    made : sequence of Pushforward
        The law of G(z, y) for each class.
    prior : sequence of float, optional
        Share of each class, the same for data and fakes; equal if not given.
    """
    _same_length(data, made)
    terms = [
        theory.value(partial(lambda y, x: logit(x, y), y), p, q)
        for y, (p, q) in enumerate(zip(data, made, strict=True))
    ]
    return float(_prior(prior, len(data)) @ terms)


def best_value(
    data: Sequence[Density],
    made: Sequence[theory.Pushforward],
    prior: Sequence[float] | None = None,
) -> float:
    """Max over D of V(D, G) = E_y [ 2 JS(p(x | y), q(x | y)) ] - log 4, in nats.

    The arguments are those of `value`.
    """
    _same_length(data, made)
    terms = [theory.best_value(p, q) for p, q in zip(data, made, strict=True)]
    return float(_prior(prior, len(data)) @ terms)


def split_logit(
    x: Tensor,
    data: Sequence[Density],
    made: Sequence[Density],
    prior: Sequence[float] | None = None,
    made_prior: Sequence[float] | None = None,
) -> tuple[Tensor, Tensor]:
    """Split the best logit into what the label says and what the sample says.

        log p(x, y) / q(x, y)  =  log p(y | x) / q(y | x)  +  log p(x) / q(x)

    The left side is the logit of the best D for pairs (x, y).  Where labels are as frequent
    among the fakes as in the data, it is that of `optimal_logits`.

    Shares of the classes in the data and among the fakes are equal if not given.  It returns the
    part of the label, (K, n), and the part of the sample, (n,).
    """
    _same_length(data, made)
    x = x.to(torch.float64)
    joint = [
        torch.stack([law.log_prob(x) + math.log(share) for law, share in zip(laws, p, strict=True)])
        for laws, p in ((data, _prior(prior, len(data))), (made, _prior(made_prior, len(made))))
    ]
    log_p, log_q = (part.logsumexp(0) for part in joint)  # of x alone, (n,)
    return (joint[0] - log_p) - (joint[1] - log_q), log_p - log_q


def projection_of_gaussians(
    data: Sequence[Density], made: Sequence[Density]
) -> tuple[Tensor, Tensor]:
    """Return w and the e_y of a projection that is the best D for Gaussian classes, exactly.

        log p(x | y) / q(x | y)  =  w . f(x) + e_y . f(x)     with f(x) = (1, x, x^2)

    w, (3,), is chosen as the mean over the classes, so the e_y, (K, 3), add up to 0.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> w, e = projection_of_gaussians([gaussian(0, 1), gaussian(2, 1)], [gaussian(1, 1)] * 2)
    >>> w.tolist(), e.tolist()
    ([-0.5, 0.0, 0.0], [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]])
    """
    _same_length(data, made)
    for name, laws in (("data", data), ("made", made)):
        kinds = [type(law).__name__ for law in laws]
        if {*kinds} != {"Normal"}:
            raise ValueError(f"{name} must be Gaussians, got {kinds}")

    def coefficients(law: Density) -> Tensor:  # of log N(x; m, s) in 1, x and x^2
        m, v = law.mean, law.variance
        return torch.stack([-(m**2) / (2 * v) - v.log() / 2, m / v, -1 / (2 * v)])

    both = torch.stack([coefficients(p) - coefficients(q) for p, q in zip(data, made, strict=True)])
    w = both.mean(0)
    return w, both - w


def gap_mass(width: float, slope: float) -> float:
    """Least probability that a continuous G leaves between two modes of equal share.

        2 Phi(width / (2 slope)) - 1

    for normal noise z of any dimension, a gap of this width between the modes, and
    |G(z) - G(z')| <= slope |z - z'|.  All z of one mode are at least width / slope away from all
    z of the other, and of all sets of a given probability a half-space has the least around it
    (Gaussian isoperimetry).  A ramp from one mode to the other attains it.

    Parameters
    ----------
    width : float
        Of the gap, in units of x.
    slope : float
        The Lipschitz constant of G.

    References
    ----------
    Tanielian et al., Learning disconnected manifolds: a no GAN's land (2020).

    Examples
    --------
    >>> round(gap_mass(width=2.0, slope=1.0), 4)  # within one standard deviation
    0.6827
    """
    for name, one in (("width", width), ("slope", slope)):
        if not 0 < one < math.inf:
            raise ValueError(f"{name} must be a positive finite number, got {one}")
    return float(2 * ndtr(width / (2 * slope)) - 1)


def label_entropy(joint: ArrayLike) -> float:
    """H(Y | X) in nats: how unsure the label remains for one who sees x.

    0 if each x has one label; log K if x says nothing.

    Examples
    --------
    >>> label_entropy([[0.5, 0.0], [0.0, 0.5]]), round(label_entropy([[0.5], [0.5]]), 6)
    (0.0, 0.693147)
    """
    p = _joint("joint", joint)
    alone = p.sum(0)
    return max(float(xlogy(alone, alone).sum() - xlogy(p, p).sum()), 0.0)


def auxiliary_objective(p: ArrayLike, q: ArrayLike, weight: float = 1.0) -> float:
    """What G minimises with an auxiliary classifier, D and the classifier at their best, in nats.

        max over D of L_S - weight * max over C of L_C
            = 2 JS(p(x), q(x)) - log 4 + 2 weight H_m(Y | X),     m = (p + q) / 2,

    with L_S = E_p log D + E_q log(1 - D), where D does not see the label, and
    L_C = E_p log C(y | x) + E_q log C(y | x).  With the paper's weight of 1 it is

        2 JS(p(x, y), q(x, y)) - log 4  +  H_q(Y | X)  +  H_p(Y | X):

    a conditional GAN, and a reward for x whose label leaves no doubt.

    Parameters
    ----------
    p, q : array, shape (K, n)
        Joint laws of data and fakes.
    weight : float
        Of the classes, at least 0.

    Examples
    --------
    >>> p = np.array([[0.4, 0.1], [0.1, 0.4]])
    >>> auxiliary_objective(p, [[0.5, 0.0], [0.0, 0.5]]) < auxiliary_objective(p, p)
    True
    """
    if not 0 <= weight < math.inf:
        raise ValueError(f"weight must be a finite number of at least 0, got {weight}")
    a, b = _joint("p", p), _joint("q", q)
    if a.shape != b.shape:
        raise ValueError(f"q must be of shape {a.shape} like p, got {b.shape}")
    told_apart = float(finite_game.best_value(a.sum(0), b.sum(0)))
    return told_apart + 2 * weight * label_entropy((a + b) / 2)


def auxiliary_optimum(p: ArrayLike) -> Array:
    """Return the q(x, y) that minimises `auxiliary_objective` of weight 1 over all joint laws.

        q(x, y)  proportional to  p(x, y) if y is the likeliest label of x, else 0

    Why: for given q(x) the objective is concave in how the labels are shared out, so each x has
    one label in the end; then H_q(Y | X) = 0, and what remains is a JS divergence, least if the
    kept part of p is as large as it can be and keeps its shape.

    In the game G is told the labels, as frequent as in the data.  Where this q has other
    frequencies, it is out of G's reach; with symmetric classes it has the same.

    Parameters
    ----------
    p : array, shape (K, n)
        Joint law of the data.  Where labels tie, the first one keeps x.

    Returns
    -------
    array, shape (K, n)

    Examples
    --------
    >>> auxiliary_optimum([[0.3, 0.15, 0.05], [0.05, 0.15, 0.3]]).round(3).tolist()
    [[0.4, 0.2, 0.0], [0.0, 0.0, 0.4]]
    """
    law = _joint("p", p)
    kept = np.zeros_like(law)
    column = np.arange(law.shape[1])
    kept[law.argmax(0), column] = law.max(0)
    return np.asarray(kept / kept.sum())


def _prior(prior: Sequence[float] | None, classes: int) -> Array:
    shares = np.full(classes, 1 / classes) if prior is None else np.asarray(prior, np.float64)
    if shares.shape != (classes,) or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"prior must be {classes} positive shares that sum to 1, got {prior}")
    return shares


def _same_length(data: Sequence[object], made: Sequence[object]) -> None:
    if not data or len(data) != len(made):
        raise ValueError(f"made must have {len(data)} classes, at least one, got {len(made)}")


def _joint(name: str, p: ArrayLike) -> Array:
    law = np.asarray(p, dtype=np.float64)
    if law.ndim != 2 or not (law >= 0).all() or abs(law.sum() - 1) > 1e-9:
        got = f"shape {law.shape}, sum {law.sum()}"
        raise ValueError(f"{name} must be probabilities (K, n) with sum 1, got {got}")
    return law
