"""Two players who follow a vector field: in continuous time, at once, or in turns.

A game gives its players' velocity v(p) and the derivative J of it (`Players`).  A rule says how
they move on by a step of size h (`Order`).  Near a point of rest, where v = 0, one step
multiplies a small deviation by a matrix, and so its eigenvalues decide: a step shrinks every
deviation if all of them are smaller than 1 in size, and turns it where they are complex.

States are arrays (..., n), float64, with the generator's coordinate first; leading axes are
independent runs.

References
----------
Mescheder, Nowozin and Geiger, The Numerics of GANs (2017), section 3: steps and eigenvalues.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import expm

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

SUBSTEP = 0.1  # the longest Runge-Kutta step of `Flow`


class Players(ABC):
    """Two players who follow a vector field; the first coordinate is the generator's."""

    size: int

    @abstractmethod
    def field(self, p: Array) -> Array:
        """Velocity of both players at the states p, shape (..., size)."""

    @abstractmethod
    def jacobian(self, p: Array) -> Array:
        """Derivative of `field`, [..., i, j] = d field_i / d p_j."""

    def project(self, p: Array) -> Array:
        """Move the discriminator to where it is allowed; here it may be anywhere."""
        return p


class Order(ABC):
    """A rule by which both players move on by a step of size h."""

    @abstractmethod
    def step(self, players: Players, p: Array, h: float) -> Array:
        """Return the states after one step from p."""

    @abstractmethod
    def derivative(self, players: Players, p: Array, h: float) -> Array:
        """Derivative of `step` at p, where `Players.project` changes nothing."""

    def multipliers(self, players: Players, h: float) -> Complex:
        """Eigenvalues of one step at the point of rest 0, for a game of two numbers."""
        return eigenvalues(self.derivative(players, np.zeros(players.size), h))


class Simultaneous(Order):
    """Both players move at once, each from where the other was: explicit Euler steps."""

    def step(self, players: Players, p: Array, h: float) -> Array:
        """Return p + h v(p)."""
        return players.project(p + h * players.field(p))

    def derivative(self, players: Players, p: Array, h: float) -> Array:
        """1 + h J."""
        return np.eye(players.size) + h * players.jacobian(p)


class Alternating(Order):
    """First the discriminator moves, then the generator answers to where it is now."""

    def step(self, players: Players, p: Array, h: float) -> Array:
        """Move psi by the field at p, then theta by the field at the new state."""
        d, g = _owners(players)
        q = players.project(p + h * d * players.field(p))
        return q + h * g * players.field(q)

    def derivative(self, players: Players, p: Array, h: float) -> Array:
        """The product of the derivatives of the two half-steps."""
        d, g = _owners(players)
        one, q = np.eye(players.size), p + h * d * players.field(p)
        first = one + h * d[:, None] * players.jacobian(p)
        return (one + h * g[:, None] * players.jacobian(q)) @ first


class Flow(Order):
    """Continuous time: follow the field for a time h, by Runge-Kutta steps of order 4."""

    def step(self, players: Players, p: Array, h: float) -> Array:
        """Take equal Runge-Kutta steps of at most `SUBSTEP`."""
        n = math.ceil(h / SUBSTEP - 1e-9)
        s = h / n

        def v(q: Array) -> Array:
            return players.field(players.project(q))

        for _ in range(n):
            k1 = v(p)
            k2 = v(p + s / 2 * k1)
            k3 = v(p + s / 2 * k2)
            k4 = v(p + s * k3)
            p = players.project(p + s / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
        return p

    def derivative(self, players: Players, p: Array, h: float) -> Array:
        """exp(h J), which is the derivative where the field is 0."""
        return np.asarray(expm(h * players.jacobian(p)))

    def multipliers(self, players: Players, h: float) -> Complex:
        """exp(h lambda) for the eigenvalues lambda of the field."""
        return np.exp(h * eigenvalues(players.jacobian(np.zeros(players.size))))


ORDERS: dict[str, Order] = {
    "flow": Flow(), "simultaneous": Simultaneous(), "alternating": Alternating(),
}  # fmt: skip


def eigenvalues(matrix: Array) -> Complex:
    """Eigenvalues of 2 x 2 matrices in closed form, the one with the larger real part first.

    With [[a, b], [c, d]] they are (a + d)/2 + and - sqrt((a - d)^2 / 4 + b c): real where the
    root is, else a complex pair whose first has the positive imaginary part.

    Parameters
    ----------
    matrix : Array
        (..., 2, 2).

    Returns
    -------
    Array
        (..., 2), complex.

    Examples
    --------
    >>> eigenvalues(np.array([[0.0, 0.5], [-0.5, -0.6]]))
    array([-0.3+0.4j, -0.3-0.4j])
    """
    if matrix.shape[-2:] != (2, 2):
        raise ValueError(f"matrix must have shape (..., 2, 2), got {matrix.shape}")
    (a, b), (c, d) = np.moveaxis(matrix, (-2, -1), (0, 1))
    square, product = ((a - d) / 2) ** 2, b * c
    inside = square + product
    # Where the two cancel to the last digits, what is left is rounding: a double eigenvalue.
    inside = np.where(np.abs(inside) <= 1e-14 * (square + np.abs(product)), 0.0, inside)
    root = np.sqrt(inside + 0j)
    return np.stack([(a + d) / 2 + root, (a + d) / 2 - root], -1)


def spectral_radius(matrix: Array) -> Array:
    """Return the size of the largest eigenvalue of matrices (..., n, n)."""
    return np.asarray(np.abs(np.linalg.eigvals(matrix)).max(-1))


def trajectory(
    players: Players, order: str, start: ArrayLike, h: float, steps: int, limit: float = 1e6
) -> Array:
    """Play from `start`.

    Parameters
    ----------
    players : Players
        The game.
    order : str
        A key of `ORDERS`.
    start : array, shape (..., size)
        Where the players begin; leading axes are independent runs.
    h : float
        Step size, or the time between two states in continuous time.
    steps : int
        How many steps.
    limit : float
        A run whose distance from 0 has gone beyond it is given up: NaN from the next step on.

    Returns
    -------
    Array
        (steps + 1, ..., size).

    Examples
    --------
    >>> from gan_lessons.dynamics import DiracGAN
    >>> path = trajectory(DiracGAN("wasserstein"), "alternating", [1.0, 1.0], 0.5, 1)
    >>> path[-1].tolist()  # psi = 1 - 0.5, then theta = 1 + 0.5 * 0.5
    [1.25, 0.5]
    """
    if order not in ORDERS:
        raise ValueError(f"order must be one of {[*ORDERS]}, got {order!r}")
    if not 0 < h < math.inf:
        raise ValueError(f"h must be a positive finite number, got {h}")
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}")
    p = np.array(start, dtype=np.float64)
    if p.ndim == 0 or p.shape[-1] != players.size:
        raise ValueError(f"start must have {players.size} numbers in its last axis, got {start!r}")
    path = np.empty((steps + 1, *p.shape))
    path[0] = p
    for n in range(steps):
        p = ORDERS[order].step(players, p, h)
        path[n + 1] = p
        p = np.where(distance(p)[..., None] > limit, np.nan, p)
    return path


def distance(path: Array) -> Array:
    """Distance of each state from 0, the last axis taken as coordinates."""
    return np.asarray(np.sqrt((path**2).sum(-1)))


def turns(path: Array) -> Array:
    """Revolutions about 0 from the start to each state of a path of two numbers, clockwise > 0.

    Parameters
    ----------
    path : Array
        (n + 1, ..., 2); between two states it turns by less than half a revolution.

    Returns
    -------
    Array
        (n + 1, ...), 0 at the start.

    Examples
    --------
    >>> turns(np.array([[0.0, 1.0], [1.0, 0.0], [0.0, -2.0]])).tolist()
    [0.0, 0.25, 0.5]
    """
    (x, y), (x2, y2) = np.moveaxis(path[:-1], -1, 0), np.moveaxis(path[1:], -1, 0)
    angle = np.arctan2(y * x2 - x * y2, x * x2 + y * y2)
    return np.concatenate([np.zeros((1, *angle.shape[1:])), angle.cumsum(0) / (2 * math.pi)])


def _owners(players: Players) -> tuple[Array, Array]:
    """Ones where a coordinate is the discriminator's, and where it is the generator's."""
    g = np.zeros(players.size)
    g[0] = 1.0
    return 1 - g, g
