"""Adaptive Gauss-Kronrod quadrature, all panels of a round in one call of the integrand.

Each panel is integrated by the 21-point Kronrod rule and, at every second of the same nodes, by
the 10-point Gauss rule.  Where the two differ by more than the panel's share of the tolerance,
the panel is halved: towards a kink or a step the panels shrink until it does no harm.

The outermost node is 1/460 of a panel away from its end, and a kink may hide there.  So f is
also looked at near both ends, and its distance from the polynomial through the nodes counts.

References
----------
Piessens et al., QUADPACK (1983): the rule and its constants (routine qk21).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TOLERANCE = 1e-10  # of the integral of |f|
ROUNDS = 60  # a panel can be halved so often: down to the spacing of floating-point numbers
PANELS = 20_000  # no round looks at more panels than this

# Nodes above 0, from the outer end inwards, with the Kronrod weights; then the node 0.
_NODE = (
    0.995657163025808080735527280689003, 0.973906528517171720077964012084452,
    0.930157491355708226001207180059508, 0.865063366688984510732096688423493,
    0.780817726586416897063717578345042, 0.679409568299024406234327365114874,
    0.562757134668604683339000099272694, 0.433395394129247190799265943165784,
    0.294392862701460198131126603103866, 0.148874338981631210884826001129720,
)  # fmt: skip
_KRONROD = (
    0.011694638867371874278064396062192, 0.032558162307964727478818972459390,
    0.054755896574351996031381300244580, 0.075039674810919952767043140916190,
    0.093125454583697605535465065083366, 0.109387158802297641899210590325805,
    0.123491976262065851077958109831074, 0.134709217311473325928054001771707,
    0.142775938577060080797094273138717, 0.147739104901338491374841515972068,
)  # fmt: skip
_GAUSS = (
    0.066671344308688137593568809893332, 0.149451349150580593145776339657697,
    0.219086362515982043995534934228163, 0.269266719309996355091226921569469,
    0.295524224714752870173892994651338,
)  # fmt: skip
NODES = np.array([*(-x for x in _NODE), 0.0, *reversed(_NODE)])  # (21,)
KRONROD = np.array([*_KRONROD, 0.149445554002916905664936468389821, *reversed(_KRONROD)])
GAUSS = np.array([*_GAUSS, *reversed(_GAUSS)])  # (10,), for NODES[1::2]
END = 1 - 1e-10  # where f is looked at near an end: within the panel, as f may have a step there
WITH_ENDS = np.array([-END, *NODES, END])  # (23,)
_GAPS = WITH_ENDS[:, None] - WITH_ENDS + np.eye(23)
BARYCENTRIC = 1 / (2 * _GAPS).prod(axis=1)  # weights of interpolation at these 23 places
TINY = 1e-100  # in place of a difference of 0
# Values at both ends of the polynomial through the nodes, from those at the nodes: (21, 2).
_LEGENDRE = np.polynomial.legendre.legvander(NODES, 20)
EXTRAPOLATE = np.linalg.solve(_LEGENDRE.T, np.polynomial.legendre.legvander([-END, END], 20).T)


def integrate(
    f: Callable[[Array], Array],
    cuts: Array,
    tolerance: float = TOLERANCE,
    absolute: bool = False,
) -> float:
    """Integrate f, or |f|, from the first to the last of the ascending `cuts`.

    Parameters
    ----------
    f : callable
        Maps (n,) to (n,), elementwise.  It must have its narrow peaks between or at cuts, on a
        scale that the panels between them see; kinks and steps may be anywhere.
    cuts : Array
        At least two ascending finite numbers; f is first looked at on each panel between them.
    tolerance : float
        The error aimed at, as a part of the integral of |f|.
    absolute : bool
        Whether to integrate |f|.  Panels are cut at the zeros of f, and halved where f comes so
        close to 0 that it might have two zeros between two nodes.

    Returns
    -------
    float
        Infinite where f is, at a node.

    Examples
    --------
    >>> round(integrate(np.exp, np.array([0.0, 1.0])), 12)
    1.718281828459
    >>> third = lambda x: x - 1 / 3
    >>> round(integrate(third, np.array([0.0, 1.0]), absolute=True), 12)  # (1 + 4) / 18
    0.277777777778
    """
    if len(cuts) < 2 or not np.isfinite(cuts).all() or not (np.diff(cuts) > 0).all():
        raise ValueError(f"cuts must be at least two ascending finite numbers, got {cuts}")
    low, high = cuts[:-1], cuts[1:]
    total = size = 0.0  # of the panels that need no more halving: their sum, that of |f|
    for _ in range(ROUNDS):
        centre, half = low / 2 + high / 2, high / 2 - low / 2
        x = centre[:, None] + half[:, None] * WITH_ENDS
        x = x.clip(np.nextafter(low, np.inf)[:, None], np.nextafter(high, -np.inf)[:, None])
        with np.errstate(over="ignore"):
            with_ends = f(x.ravel()).reshape(-1, 23)
            y = with_ends[:, 1:-1]
            integral, of_size = half * (y @ KRONROD), half * (np.abs(y) @ KRONROD)
        if not np.isfinite(integral).all():
            return float(integral.sum())
        error = np.abs(integral - half * (y[:, 1::2] @ GAUSS))
        error += (
            half * (1 - NODES[-1]) * np.abs(with_ends[:, [0, -1]] - y @ EXTRAPOLATE).sum(axis=1)
        )
        if absolute:
            error, integral = np.where(_may_vanish(with_ends), of_size, error), np.abs(integral)
            centre = centre + half * _zero(with_ends)
        halve = error > tolerance * (size + of_size.sum()) / len(cuts)
        halve &= half > 4 * np.spacing(np.maximum(np.abs(low), np.abs(high)))
        if not halve.any() or 2 * halve.sum() > PANELS:
            return float(total + integral.sum())
        total, size = total + integral[~halve].sum(), size + of_size[~halve].sum()
        low, centre, high = low[halve], centre[halve], high[halve]
        low, high = np.concatenate([low, centre]), np.concatenate([centre, high])
    return float(total + integral[halve].sum())


def _may_vanish(y: Array) -> NDArray[np.bool_]:
    """Whether a function with values y, (panels, 23), may be 0 in the panel, (panels,).

    It is so where it changes its sign, and where it is smaller than twice its distance from the
    straight line between its neighbours: a parabola could be 0 on the way to one of them.
    """
    changes = (y.min(axis=1) < 0) & (y.max(axis=1) > 0)
    x = WITH_ENDS
    share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])  # of the way from the left neighbour
    bend = np.abs(y[:, 1:-1] - y[:, :-2] - share * (y[:, 2:] - y[:, :-2]))
    return np.asarray(changes | ((np.abs(y[:, 1:-1]) < 2 * bend).any(axis=1)))


def _zero(y: Array) -> Array:
    """Where to cut panels with values y, (panels, 23), on the scale from -1 to 1, (panels,).

    At the zero of the polynomial through the values if there is one change of sign, else at 0.
    """
    changes = (y[:, 1:] < 0) != (y[:, :-1] < 0)
    one = np.flatnonzero(changes.sum(axis=1) == 1)
    where = np.zeros(len(y))
    if one.size:
        y, k = y[one], changes[one].argmax(axis=1)
        row = np.arange(len(one))
        low, high = WITH_ENDS[k], WITH_ENDS[k + 1]
        at_low, at_high = y[row, k], y[row, k + 1]
        t = (low * at_high - high * at_low) / (at_high - at_low)
        for _ in range(3):  # the slope to the end of the bracket that t is farther from
            share = BARYCENTRIC / np.where(t[:, None] == WITH_ENDS, TINY, t[:, None] - WITH_ENDS)
            at = (share * y).sum(axis=1) / share.sum(axis=1)
            left = t - low > high - t
            slope = np.where(
                left, (at - at_low) / (t - low + TINY), (at_high - at) / (high - t + TINY)
            )
            t = np.clip(
                t - np.divide(at, slope, out=np.zeros_like(at), where=slope != 0), low, high
            )
        where[one] = t
    return where
