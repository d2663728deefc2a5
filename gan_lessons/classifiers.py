"""Naive Bayes against logistic regression: one family of boundaries, fitted in two ways.

Both classifiers say "class 1" where a linear function w.x + b, the log-odds, is positive.
Naive Bayes, the generative one, models p(x, y) and gets w and b from Bayes' rule.  Logistic
regression, the discriminative one, looks for the w and b that fit p(y | x) best.

For two Gaussians the error of every linear classifier is known exactly, and so is where each
of the two ends.  How fast they get there is measured by `gan_lessons.learning_curves`.

References
----------
Ng and Jordan, On Discriminative vs. Generative Classifiers (NIPS 14, 2001).
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr
from sklearn.naive_bayes import GaussianNB

Array = NDArray[np.float64]


def posterior_from_joint(joint: ArrayLike) -> Array:
    """p(y | x) = p(x, y) / p(x) from a table of p(x, y): Bayes' rule.

    Parameters
    ----------
    joint : array, shape (Y, X)
        Probabilities, at least 0, with sum 1.  Row y, column x.

    Returns
    -------
    array, shape (Y, X)
        Each column has sum 1; NaN where p(x) is 0, since nothing is known there.

    Examples
    --------
    >>> posterior_from_joint([[0.05, 0.15], [0.30, 0.50]])[1].round(6)  # p(y = 1 | x)
    array([0.857143, 0.769231])
    """
    p = np.asarray(joint, dtype=np.float64)
    if p.ndim != 2 or not (p >= 0).all() or not np.isclose(p.sum(), 1):
        raise ValueError(f"joint must be a table of probabilities with sum 1, got {p.tolist()}")
    with np.errstate(invalid="ignore"):
        posterior: Array = p / p.sum(0)
    return posterior


def gaussian_log_odds(
    mean0: ArrayLike, mean1: ArrayLike, cov: ArrayLike, prior: float = 0.5
) -> tuple[Array, float]:
    """Slope w and intercept b of log p(y=1 | x) / p(y=0 | x) = w.x + b for two Gaussians.

    With one covariance S for both classes the terms in x^2 cancel, and

        w = S^-1 (m1 - m0),    b = -w.(m0 + m1) / 2 + log(prior / (1 - prior)).

    Parameters
    ----------
    mean0, mean1 : array, shape (d,)
        Means of the classes 0 and 1.
    cov : array, shape (d, d)
        Covariance within a class, the same for both.  Naive Bayes has a diagonal one.
    prior : float
        p(y = 1).

    Examples
    --------
    >>> w, b = gaussian_log_odds([0.0], [3.0], [[1.0]])  # N(3, 1) against N(0, 1)
    >>> w.tolist(), round(b, 6)
    ([3.0], -4.5)
    """
    if not 0 < prior < 1:
        raise ValueError(f"prior must lie between 0 and 1, got {prior}")
    m0, m1 = np.asarray(mean0, dtype=np.float64), np.asarray(mean1, dtype=np.float64)
    w = np.linalg.solve(_covariance(cov, len(m0)), m1 - m0)
    return np.asarray(w, np.float64), float(-w @ (m0 + m1) / 2 + np.log(prior) - np.log1p(-prior))


def bernoulli_log_odds(p0: ArrayLike, p1: ArrayLike, prior: float = 0.5) -> tuple[Array, float]:
    """Slope w and intercept b of the log-odds of naive Bayes on bits x_i.

    With p0_i = p(x_i = 1 | y = 0), p1_i = p(x_i = 1 | y = 1), and the bits independent given y,

        w_i = logit(p1_i) - logit(p0_i),
        b   = sum_i log((1 - p1_i) / (1 - p0_i)) + log(prior / (1 - prior)).

    Parameters
    ----------
    p0, p1 : array, shape (d,)
        Strictly between 0 and 1.
    prior : float
        p(y = 1).
    """
    q0, q1 = np.asarray(p0, dtype=np.float64), np.asarray(p1, dtype=np.float64)
    for name, p in (("p0", q0), ("p1", q1), ("prior", np.asarray(prior))):
        if not ((p > 0) & (p < 1)).all():
            raise ValueError(f"{name} must lie between 0 and 1, got {p.tolist()}")
    off = np.log1p(-q1) - np.log1p(-q0)
    return np.log(q1) - np.log(q0) - off, float(off.sum() + np.log(prior) - np.log1p(-prior))


def linear_error(w: ArrayLike, b: float, delta: ArrayLike, cov: ArrayLike) -> float:
    """Exact error of "class 1 where w.x + b > 0" on two Gaussians, equally likely.

    Class 0 is N(-delta/2, S), class 1 is N(+delta/2, S).  Given the class, w.x + b is normal
    with mean b -+ w.delta/2 and variance w'S w; with the normal cdf Phi the error is

        1/2 Phi(-(w.delta/2 + b) / sqrt(w'S w)) + 1/2 Phi(-(w.delta/2 - b) / sqrt(w'S w)).

    Parameters
    ----------
    w : array, shape (d,)
        Slope; with w = 0 everything is one class, and the error is 1/2.
    b : float
        Intercept.
    delta : array, shape (d,)
        Difference of the class means.
    cov : array, shape (d, d)
        Covariance S within a class.

    Examples
    --------
    >>> round(linear_error([1.0], 0.0, [2.0], [[1.0]]), 6)  # Phi(-1)
    0.158655
    """
    v, d = np.asarray(w, dtype=np.float64), np.asarray(delta, dtype=np.float64)
    s = np.asarray(cov, dtype=np.float64)
    square = s.shape == (len(d), len(d))
    variance = v @ s @ v if square else np.nan
    if not variance >= 0:
        raise ValueError(f"cov must be a positive matrix ({len(d)}, {len(d)}), got {s.tolist()}")
    if variance == 0:
        return 0.5
    half, sd = v @ d / 2, np.sqrt(variance)
    return float(ndtr(-(half + b) / sd) + ndtr(-(half - b) / sd)) / 2


class Asymptotes(NamedTuple):
    """Errors after endless training: of naive Bayes, and of logistic regression."""

    naive_bayes: float
    logistic: float


def asymptotic_errors(delta: ArrayLike, cov: ArrayLike) -> Asymptotes:
    """Errors that the two reach on the problem of `linear_error` with endless data.

    Naive Bayes takes the features for independent and ends at w = diag(S)^-1 delta.  The
    log-odds are linear, so logistic regression finds them: w = S^-1 delta, the best there is.

    Examples
    --------
    >>> naive, logistic = asymptotic_errors([2.0, 0.0], [[1.0, 0.6], [0.6, 1.0]])
    >>> round(naive, 6), round(logistic, 6)
    (0.158655, 0.10565)
    """
    d = np.asarray(delta, dtype=np.float64)
    s = _covariance(cov, len(d))
    return Asymptotes(
        linear_error(d / np.diag(s), 0.0, d, s), linear_error(np.linalg.solve(s, d), 0.0, d, s)
    )


# scikit-learn carries no types, so that its classes are `Any` to mypy.
class SharedVarianceNB(GaussianNB):  # type: ignore[misc]
    """scikit-learn's Gaussian naive Bayes, with one variance per feature for both classes.

    GaussianNB has one for each class, and so a quadratic boundary: another family than that of
    logistic regression.  With the variances pooled, as in Ng and Jordan, it is the same.
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit class means as GaussianNB does, then pool the variances by maximum likelihood."""
        super().fit(X, y, sample_weight)
        self.var_[:] = self.class_prior_ @ self.var_
        return self

    @property
    def coef_(self) -> Array:
        """Slope of the log-odds, shape (1, d), as in LogisticRegression; for two classes."""
        coef: Array = (self.theta_[1:] - self.theta_[:1]) / self.var_[:1]
        return coef

    @property
    def intercept_(self) -> Array:
        """Intercept of the log-odds, shape (1,)."""
        middle = self.theta_.mean(0)
        odds: Array = -self.coef_ @ middle + np.log(self.class_prior_[1] / self.class_prior_[0])
        return odds


def _covariance(cov: ArrayLike, d: int) -> Array:
    s = np.asarray(cov, dtype=np.float64)
    good = s.shape == (d, d) and np.isfinite(s).all() and np.allclose(s, s.T)
    if not good or np.linalg.eigvalsh(s)[0] <= 0:
        raise ValueError(f"cov must be a symmetric, positive matrix ({d}, {d}), got {s.tolist()}")
    return s
