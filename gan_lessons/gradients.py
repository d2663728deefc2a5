"""What a discriminator, held fixed, does to a generator: the force on each fake, and its mean.

A fake at x = G(z) has the logit l(x).  A loss of the generator is a mean of h(l(G(z))), and
by the chain rule one fake contributes

    dh/dtheta = h'(l) * l'(x) * dG/dtheta.

The three factors belong to three owners: the slope h' to the loss, l' to the discriminator,
dG/dtheta to the generator.  The slopes are in `gan_lessons.losses`.

References
----------
Arjovsky and Bottou, Towards Principled Methods for Training GANs (2017), Theorem 2.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gan_lessons.densities import Density, breakpoints, nodes, pdf, support

Function = Callable[[Tensor], Tensor]  # maps (n,) to (n,), elementwise


def force(slope: Function, logit: Function, x: Tensor) -> Tensor:
    """Return -dh/dx = -h'(l(x)) l'(x): how hard, and which way, a loss pushes a fake at x.

    The saturating force is D(x) l'(x), the non-saturating one (1 - D(x)) l'(x): they point
    the same way, up the logit, and their sizes are in the ratio D : 1 - D.

    Parameters
    ----------
    slope : callable
        h' as a function of the logit, for instance `gan_lessons.losses.saturating_slope`.
    logit : callable
        Logit of the discriminator, differentiable by autograd, (n,) to (n,), elementwise.
    x : Tensor
        (n,), where the fakes are.

    Returns
    -------
    Tensor
        (n,), float64, per sample: not divided by the size of a batch.

    Examples
    --------
    >>> from gan_lessons.losses import nonsaturating_slope, saturating_slope
    >>> x = torch.tensor([-4.0, 0.0])
    >>> force(saturating_slope, lambda x: 2 * x, x).tolist()[1]  # D = 1/2, l' = 2
    1.0
    """
    logits, l_prime = _with_derivative(logit, x)
    return -slope(logits) * l_prime


def expected_gradient(
    slope: Function, p_data: Density, p_g: Density, velocity: Function = torch.ones_like
) -> float:
    """Mean gradient of a generator's loss against the optimal discriminator, held fixed.

    E over x of p_g of h'(l*(x)) l*'(x) v(x), with l* = log p_data - log p_g and v = dG/dtheta,
    by quadrature.  D* is held at its present value: the gradient does not look at how D* would
    change with G.

    Parameters
    ----------
    slope : callable
        h' as a function of the logit, from `gan_lessons.losses`.
    p_data, p_g : Density
        Both positive on the whole line.
    velocity : callable
        dG/dtheta as a function of x = G(z), (n,) to (n,).  By default 1: theta shifts p_g.  To
        scale p_g about a point c, and with theta the logarithm of the scale, it is x - c.

    Returns
    -------
    float
        The gradient of 2 JS for the saturating slope, of KL(p_g || p_data) - 2 JS for the
        non-saturating one, of KL(p_data || p_g) for that of maximum likelihood.

    Examples
    --------
    >>> from gan_lessons.densities import gaussian
    >>> from gan_lessons.losses import nonsaturating_slope, saturating_slope
    >>> p_data, p_g = gaussian(0.0, 1.0), gaussian(3.0, 1.0)
    >>> round(expected_gradient(saturating_slope, p_data, p_g), 6)
    0.295864
    >>> round(expected_gradient(nonsaturating_slope, p_data, p_g), 6)  # the sum of both is 3
    2.704136
    """
    for name, p in (("p_data", p_data), ("p_g", p_g)):
        if support(p) != (-math.inf, math.inf):
            raise ValueError(f"{name} must be positive on the whole line, got {p}")
    # The slope may grow as fast as p_g falls: look where either density is.
    x, w = nodes(sorted({*breakpoints(p_data), *breakpoints(p_g)}))
    logits, l_prime = _with_derivative(lambda t: p_data.log_prob(t) - p_g.log_prob(t), x)
    steep = slope(logits)
    if not steep.isfinite().all():
        raise ValueError(f"slope must be finite wherever either density is, got {steep.min()}")
    return float((w * pdf(p_g, x) * steep * l_prime * velocity(x)).sum())


def _with_derivative(logit: Function, x: Tensor) -> tuple[Tensor, Tensor]:
    point = x.detach().to(torch.float64).requires_grad_()
    with torch.enable_grad():
        logits = logit(point)
        (l_prime,) = torch.autograd.grad(logits.sum(), point)
    return logits.detach(), l_prime
