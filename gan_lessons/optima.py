"""What each game is at the best D: the population value that a G then plays against, in 1-D.

Each value is an integral over the two densities with the best output of D put in.  The names of
the divergences that they equal are in the docstrings; the tests hold the two together.

References
----------
Goodfellow et al. (2014), Theorem 1; Mao et al. (2017), section 3.2; Lim & Ye (2017), section 3;
Arjovsky et al. (2017), section 3; Nowozin et al. (2016), section 2; for pairs Jolicoeur-Martineau,
On relativistic f-divergences (2020).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softplus

from gan_lessons.densities import Density, zeros
from gan_lessons.densities import nodes as panels
from gan_lessons.laws import Pair, law
from gan_lessons.quadrature import integrate

Array = NDArray[np.float64]
Function = Callable[[Tensor], Tensor]


def population_d_loss(
    of_real: Function, of_fake: Function, output: Function, p: Density, q: Density
) -> float:
    """E_p of_real(l(x)) + E_q of_fake(l(x)): the loss of D with p = p_data, q = p_g, exactly.

    Parameters
    ----------
    of_real, of_fake : callable
        One sample's term of the loss as a function of the output of D, elementwise.
    output : callable
        l(x), the output of D: float64 (n,) to (n,), elementwise.
    p, q : Density
        Supported densities.

    Returns
    -------
    float
        By quadrature.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> half = lambda x: torch.zeros_like(x)  # D is 1/2 everywhere
    >>> loss = torch.nn.functional.softplus
    >>> p, q = gaussian(0.0, 1.0), gaussian(3.0, 1.0)
    >>> round(population_d_loss(lambda l: loss(-l), loss, half, p, q), 6)  # log 4
    1.386294
    """
    pair = Pair(law(p, "p"), law(q, "q"))

    def mean(density: Callable[[Array], Array], term: Function) -> float:
        def integrand(x: Array) -> Array:
            log_weight = density(x)
            with torch.no_grad():
                y = term(output(torch.from_numpy(x + pair.origin))).double().numpy()
            # A large term and a density that is nearly 0 may still have a product that counts.
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                product = np.sign(y) * np.exp(log_weight + np.log(np.abs(y)))
            return np.where(log_weight > -np.inf, product, 0.0)

        return integrate(integrand, pair.cuts)

    return mean(pair.p.log_pdf, of_real) + mean(pair.q.log_pdf, of_fake)


def log_ratio(p: Density, q: Density, most: float = math.inf) -> Function:
    """Return log p - log q, the best logit of D and of every f-GAN; infinite where one is 0.

    Finite values beyond `most` are cut there.  The terms of some f-GANs are powers of the ratio,
    which overflow far out, where nothing counts: 350 leaves room for its square.
    """
    pair = Pair(law(p, "p"), law(q, "q"))

    def output(x: Tensor) -> Tensor:
        at = x.detach().double().reshape(-1).numpy() - pair.origin
        ratio = torch.from_numpy(pair.compare(at)[2])
        return torch.where(ratio.isinf(), ratio, ratio.clamp(-most, most)).reshape(x.shape)

    return output


def best_least_squares(p: Density, q: Density) -> Function:
    """Return p / (p + q), the best output in the least-squares game with targets 1 and 0.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> best_least_squares(gaussian(0.0, 1.0), gaussian(2.0, 1.0))(torch.tensor([1.0])).item()
    0.5
    """
    ratio = log_ratio(p, q)
    return lambda x: torch.sigmoid(ratio(x))


def best_hinge(p: Density, q: Density) -> Function:
    """Return the sign of p - q, the best output in the hinge game."""
    ratio = log_ratio(p, q)
    return lambda x: torch.sign(ratio(x))


def least_squares_value(p: Density, q: Density) -> float:
    """The integral of (1/2) p q / (p + q): the loss of D in the least-squares game at its best D.

    It is 1/4 - chi2(p || m) / 4 with m = (p + q) / 2: largest, 1/4, when p = q.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> round(least_squares_value(gaussian(0.0, 1.0), gaussian(0.0, 1.0)), 12)
    0.25
    """
    pair = Pair(law(p, "p"), law(q, "q"))

    def integrand(x: Array) -> Array:
        log_max, delta, _ = pair.compare(x)
        smaller = 1 - np.abs(delta)  # min(p, q) / max(p, q)
        return np.asarray(np.exp(log_max) * smaller / (1 + smaller) / 2)

    return integrate(integrand, pair.cuts)


def hinge_value(p: Density, q: Density) -> float:
    """Twice the integral of min(p, q): the loss of D in the hinge game at its best D.

    It is 2 (1 - TV(p, q)).

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> round(hinge_value(gaussian(0.0, 1.0), gaussian(3.0, 1.0)), 6)
    0.267229
    """
    pair = Pair(law(p, "p"), law(q, "q"))

    def integrand(x: Array) -> Array:
        log_max, delta, _ = pair.compare(x)
        return np.asarray(2 * np.exp(log_max) * (1 - np.abs(delta)))

    return integrate(integrand, pair.cuts)


def best_lipschitz_on_shifts(shift: float) -> Function:
    """The best 1-Lipschitz critic between p and p moved by `shift`: a line of slope 1 or -1.

    Examples
    --------
    >>> best_lipschitz_on_shifts(2.0)(torch.tensor([0.0, 1.0]))
    tensor([-0., -1.])
    """
    if not math.isfinite(shift):
        raise ValueError(f"shift must be a finite number, got {shift}")
    return lambda x: -math.copysign(1.0, shift) * x


def best_lipschitz(p: Density, q: Density) -> Function:
    """The best 1-Lipschitz critic in one dimension: it rises where F_p < F_q and falls elsewhere.

    By parts, E_p l - E_q l is the integral of l'(x) (F_q(x) - F_p(x)).  With |l'| at most 1 it is
    largest where l' is the sign of F_q - F_p, and is then the integral of |F_p - F_q|, which is
    W1.  Only the slope of l counts; a constant may be added.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> l = best_lipschitz(gaussian(0.0, 1.0), gaussian(0.0, 2.0))  # p is in the middle
    >>> (l(torch.tensor([-1.0, 3.0])) - l(torch.tensor([0.0]))).tolist()
    [-1.0, -3.0]
    """
    pair = Pair(law(p, "p"), law(q, "q"))

    def ahead(x: Tensor) -> Tensor:  # F_q - F_p
        return torch.from_numpy(-pair.cdf_difference(x.reshape(-1).numpy())).reshape(x.shape)

    cuts = [float(c) for c in pair.cuts]
    kinks = np.array([c for c in zeros(ahead, cuts) if cuts[0] < c < cuts[-1]])
    edges = np.concatenate([cuts[:1], kinks, cuts[-1:]])
    slopes = np.sign(ahead(torch.from_numpy((edges[1:] + edges[:-1]) / 2)).numpy())
    heights = np.concatenate([[0.0], np.cumsum(slopes * np.diff(edges))])

    def output(x: Tensor) -> Tensor:
        at = x.detach().double().reshape(-1).numpy() - pair.origin
        inside = np.interp(at, edges, heights)
        below, above = np.minimum(at - edges[0], 0), np.maximum(at - edges[-1], 0)
        y = inside + slopes[0] * below + slopes[-1] * above
        return torch.from_numpy(y - np.interp(0.0, edges, heights)).reshape(x.shape)

    return output


def relativistic_value(p: Density, q: Density) -> float:
    """The loss of D in the relativistic game at its best D: log 2 - JS(p x q, q x p).

    D sees pairs.  Real first has the density p(x) q(y), fake first q(x) p(y); the logit of that
    question is log p(x) / q(x) - log p(y) / q(y), so the best l is log p - log q once more, up
    to a constant.  JS is that of the two laws of pairs; the loss is log 2 when p = q, and 0 when
    the supports are disjoint.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> p = gaussian(0.0, 1.0)
    >>> round(relativistic_value(p, p), 6), round(relativistic_value(p, gaussian(3.0, 1.0)), 6)
    (0.693147, 0.045551)
    """
    pair = Pair(law(p, "p"), law(q, "q"))
    x, w = panels([float(c) for c in pair.cuts], panels=3)
    _, _, ratio = (torch.from_numpy(np.asarray(a)) for a in pair.compare(x.numpy()))
    real, fake = (w * torch.from_numpy(np.exp(one.log_pdf(x.numpy()))) for one in (pair.p, pair.q))
    seen, made = real > 0, fake > 0  # infinite ratios of one sign only are left in each
    loss = softplus(ratio[made] - ratio[seen, None])
    return float(real[seen] @ loss @ fake[made])
