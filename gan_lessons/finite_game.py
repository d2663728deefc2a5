"""The game of the 2014 paper on finitely many values of x: every optimum is an exact sum.

p_data and p_g are vectors of probabilities, D is a vector of numbers in [0, 1], and

    V(D, p_g) = sum of p_data log D + p_g log(1 - D)        with 0 log 0 = 0.

V is concave in D and linear in p_g, which a network's weights would hide.

Examples
--------
>>> p = np.array([0.8, 0.2])
>>> round(float(best_value(p, np.array([0.5, 0.5]))), 6)
-1.284951
>>> float(best_value(p, p)) == -LOG4
True

References
----------
Goodfellow et al., Generative Adversarial Nets (2014), Theorem 1 and Proposition 2.
Beck & Teboulle, Mirror descent and nonlinear projected subgradient methods (2003): the update
of `function_space_descent` for a general objective.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp, rel_entr, xlog1py, xlogy

Array = NDArray[np.float64]

LOG4 = math.log(4.0)


def value(d: ArrayLike, p_data: ArrayLike, p_g: ArrayLike) -> Array:
    """V(D, p_g) in nats, summed over the last axis; leading axes are broadcast.

    Minus infinity where D is 0 on a value that real samples take, or 1 on one that fakes take.

    Examples
    --------
    >>> float(value([0.5, 0.5], [0.9, 0.1], [0.2, 0.8])) == -LOG4
    True
    """
    d = np.asarray(d, dtype=np.float64)
    if not ((d >= 0) & (d <= 1)).all():
        raise ValueError(f"d must lie between 0 and 1, got {d.tolist()}")
    p, q = _law("p_data", p_data), _law("p_g", p_g)
    return np.asarray((xlogy(p, d) + xlog1py(q, -d)).sum(-1))


def best_value(p_data: ArrayLike, p_g: ArrayLike) -> Array:
    """C(p_g) = max over D of V = -log 4 + KL(p_data || m) + KL(p_g || m), m = (p_data + p_g) / 2.

    Theorem 1; the two KL add up to 2 JS.  Shapes as in `value`.
    """
    p, q = _law("p_data", p_data), _law("p_g", p_g)
    m = (p + q) / 2
    return np.asarray((rel_entr(p, m) + rel_entr(q, m)).sum(-1) - LOG4)


def slope(p_data: ArrayLike, p_g: ArrayLike) -> Array:
    """Derivative of C with respect to each probability of p_g: log(1 - D*), shape (..., n).

    The envelope theorem: D* depends on p_g too, but at its maximum V does not feel that.
    Minus infinity where p_g is 0 and p_data is not; NaN where both are 0.

    Examples
    --------
    >>> slope([0.5, 0.5], [0.5, 0.5]).round(6).tolist()  # -log 2: equal slopes, nothing to gain
    [-0.693147, -0.693147]
    """
    p, q = _law("p_data", p_data), _law("p_g", p_g)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(q) - np.log(p + q))


def function_space_descent(
    p_data: ArrayLike, p_g: ArrayLike, rate: float = 0.5, steps: int = 100
) -> Array:
    """Descend C(p_g) on p_g itself, with the best D at every step: the world of Proposition 2.

    Each step multiplies every probability by a factor that its slope decides,

        p_g <- p_g (p_g / (p_data + p_g))^(-rate) / normalisation,

    which keeps p_g a law (mirror descent, also called exponentiated gradient).

    Parameters
    ----------
    p_data, p_g : array, shape (n,)
        The data, and where the descent starts.
    rate : float
        Size of a step, in (0, 1].  With 1, the new p_g is the mean of p_data and the old one,
        if the old one is nowhere 0.
    steps : int
        How many.

    Returns
    -------
    array, shape (steps + 1, n)
        p_g before the first step and after each.

    Notes
    -----
    C never rises: its second derivative, p_data / (p_g (p_data + p_g)), is at most that of
    the negative entropy, 1 / p_g.  A probability that is 0 stays 0: no factor revives it.

    Examples
    --------
    >>> path = function_space_descent([0.25, 0.75], [0.75, 0.25], rate=1.0, steps=2)
    >>> path.round(12).tolist()
    [[0.75, 0.25], [0.5, 0.5], [0.375, 0.625]]
    """
    if not 0 < rate <= 1:
        raise ValueError(f"rate must be in (0, 1], got {rate}")
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}")
    p, q = _law("p_data", p_data), _law("p_g", p_g)
    if p.ndim != 1 or p.shape != q.shape:
        raise ValueError(f"p_g must have the shape (n,) of p_data, got {q.shape} and {p.shape}")
    path = [q]
    for _ in range(steps):
        alive = q > 0
        log_q, log_sum = np.log(np.where(alive, q, 1)), np.log(np.where(alive, p + q, 1))
        new = np.where(alive, (1 - rate) * log_q + rate * log_sum, -np.inf)
        q = np.exp(new - logsumexp(new))
        path.append(q)
    return np.stack(path)


def both_orders(table: ArrayLike) -> tuple[float, float]:
    """Return (min max, max min) of a game in which each player has finitely many moves.

    Parameters
    ----------
    table : array, shape (moves of D, moves of G)
        V for each pair of moves; D wants it large, G small.

    Returns
    -------
    tuple of float
        ``min over G of max over D``, where D answers, and ``max over D of min over G``, where G
        answers.  Who answers is never worse off: the first is at least the second.

    Examples
    --------
    >>> both_orders([[0.0, 1.0], [1.0, 0.0]])  # D wins where the two moves differ
    (1.0, 0.0)
    """
    v = np.asarray(table, dtype=np.float64)
    if v.ndim != 2 or v.size == 0:
        raise ValueError(f"table must have one row for each move of D, got shape {v.shape}")
    return float(v.max(axis=0).min()), float(v.min(axis=1).max())


def _law(name: str, p: ArrayLike) -> Array:
    """Refuse what is no vector of probabilities."""
    p = np.asarray(p, dtype=np.float64)
    if p.ndim == 0 or not (p >= 0).all() or not np.allclose(p.sum(-1), 1, rtol=0, atol=1e-9):
        raise ValueError(f"{name} must be probabilities that add up to 1, got {p.tolist()}")
    return p
