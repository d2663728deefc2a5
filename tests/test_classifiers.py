"""The pair of classifiers against enumeration, simulation, scipy and scikit-learn; and mutants.

Each formula has a check that takes it as an argument: the package's must pass, wrong ones fail.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB, GaussianNB

from gan_lessons.classifiers import (
    SharedVarianceNB,
    asymptotic_errors,
    bernoulli_log_odds,
    gaussian_log_odds,
    linear_error,
    posterior_from_joint,
)

COV = np.array([[1.0, 0.6, 0.1], [0.6, 2.0, -0.3], [0.1, -0.3, 0.5]])
DELTA = np.array([1.0, -0.7, 0.4])


def rng(seed=0):
    return np.random.default_rng(seed)


def two_gaussians(n, delta, cov, seed=0):
    """Labels and points of N(-delta/2, cov) and N(delta/2, cov), by scipy."""
    half = np.asarray(delta) / 2
    x0 = stats.multivariate_normal(-half, cov).rvs(n, random_state=rng(seed))
    x1 = stats.multivariate_normal(half, cov).rvs(n, random_state=rng(seed + 1))
    return np.repeat([0, 1], n), np.concatenate([x0, x1])


# ---- Bayes' rule ----


def check_posterior(posterior):
    """Draw pairs (x, y) and count labels among those with a given x."""
    joint = rng().dirichlet(np.ones(12)).reshape(3, 4)
    draws = rng(1).choice(12, size=200_000, p=joint.ravel())
    y, x = np.divmod(draws, 4)
    ours = posterior(joint)
    assert ours.shape == (3, 4)
    for column in range(4):
        labels = y[x == column]
        for row in range(3):
            p = (labels == row).mean()
            assert ours[row, column] == pytest.approx(p, abs=5 * 0.5 / math.sqrt(len(labels)))
    # By hand: 0.30 / 0.35.
    by_hand = posterior(np.array([[0.05, 0.15], [0.30, 0.50]]))
    assert by_hand[1, 0] == pytest.approx(6 / 7, rel=1e-12)


def test_posterior_from_joint():
    check_posterior(posterior_from_joint)


def test_posterior_where_x_never_happens():
    found = posterior_from_joint([[0.5, 0.0], [0.5, 0.0]])
    assert found[:, 0].tolist() == [0.5, 0.5]
    assert np.isnan(found[:, 1]).all()


# ---- log-odds ----


def check_gaussian_log_odds(log_odds):
    """Against the two densities themselves, evaluated by scipy."""
    x = rng().normal(0, 3, (50, 3))
    for m0, m1, cov, prior in (
        (-DELTA / 2, DELTA / 2, COV, 0.5),
        (np.array([1.0, 2.0, 3.0]), np.array([-1.0, 2.5, 0.0]), COV, 0.2),
        (np.zeros(3), np.array([3.0, 0.0, 0.0]), np.diag([1.0, 2.0, 3.0]), 0.9),
    ):
        w, b = log_odds(m0, m1, cov, prior)
        first, zeroth = (stats.multivariate_normal(m, cov).logpdf(x) for m in (m1, m0))
        expected = first - zeroth + math.log(prior / (1 - prior))
        assert np.allclose(x @ w + b, expected, rtol=1e-9, atol=1e-9)


def test_gaussian_log_odds():
    check_gaussian_log_odds(gaussian_log_odds)


def check_bernoulli_log_odds(log_odds):
    """Against the product of scipy's Bernoulli probabilities, at every pattern of four bits."""
    p0, p1 = rng().uniform(0.05, 0.95, (2, 4))
    x = np.array(list(itertools.product([0, 1], repeat=4)))
    for prior in (0.5, 0.1):
        w, b = log_odds(p0, p1, prior)
        first = prior * stats.bernoulli(p1).pmf(x).prod(1)
        zeroth = (1 - prior) * stats.bernoulli(p0).pmf(x).prod(1)
        assert np.allclose(x @ w + b, np.log(first / zeroth), rtol=1e-9, atol=1e-9)


def test_bernoulli_log_odds():
    check_bernoulli_log_odds(bernoulli_log_odds)


def test_bernoulli_log_odds_are_those_of_scikit_learn():
    x, y = rng().integers(0, 2, (40, 5)), rng(1).integers(0, 2, 40)
    model = BernoulliNB(alpha=1.0).fit(x, y)
    p0, p1 = np.exp(model.feature_log_prob_)
    w, b = bernoulli_log_odds(p0, p1, y.mean())
    log_p = model.predict_log_proba(x)
    assert np.allclose(x @ w + b, log_p[:, 1] - log_p[:, 0])


# ---- errors ----


def check_linear_error(error):
    """Against the share of wrong answers on 400,000 points, for many classifiers."""
    y, x = two_gaussians(200_000, DELTA, COV)
    for seed in range(6):
        w, b = rng(seed).normal(size=3), float(rng(seed).normal())
        wrong = ((x @ w + b > 0) != y).mean()
        assert error(w, b, DELTA, COV) == pytest.approx(wrong, abs=5 * 0.5 / math.sqrt(400_000))


def test_linear_error():
    check_linear_error(linear_error)


def test_linear_error_at_the_limits():
    assert linear_error(np.zeros(3), 1.0, DELTA, COV) == 0.5
    assert linear_error(DELTA, 1e9, DELTA, COV) == 0.5  # always class 1
    assert linear_error(DELTA, 0, 1e3 * DELTA, COV) < 1e-300
    assert linear_error(-DELTA, 0, 1e3 * DELTA, COV) == 1  # always wrong
    errors = [linear_error(c * DELTA, c * 0.3, DELTA, COV) for c in (1e-3, 1.0, 1e3)]
    assert np.allclose(errors, errors[0], rtol=1e-12, atol=0)  # the length of (w, b) is free


def check_asymptotes(asymptotes):
    """Against scikit-learn's estimators fitted to 600,000 points, and the problem's symmetry."""
    y, x = two_gaussians(300_000, DELTA, COV)
    naive, logistic = asymptotes(DELTA, COV)
    fits = SharedVarianceNB().fit(x, y), LogisticRegression(C=np.inf).fit(x, y)
    # Logistic regression ends where the error is flat in w, naive Bayes where it is not.
    for ours, fit, tolerance in zip((naive, logistic), fits, (2e-4, 2e-5), strict=True):
        found = linear_error(fit.coef_[0], fit.intercept_[0], DELTA, COV)
        assert ours == pytest.approx(found, abs=tolerance)
    assert naive - logistic > 3e-3  # so that swapping the two would be seen
    # Linear discriminant analysis with the true covariance is Bayes' own classifier.
    lda = LinearDiscriminantAnalysis(solver="lsqr").fit(x, y)
    best = linear_error(lda.coef_[0], lda.intercept_[0], DELTA, COV)
    assert logistic == pytest.approx(best, abs=2e-5)


def test_asymptotic_errors():
    check_asymptotes(asymptotic_errors)


def test_nothing_linear_beats_the_asymptote_of_logistic_regression():
    best = asymptotic_errors(DELTA, COV).logistic
    for seed in range(200):
        w, b = rng(seed).normal(size=3), 0.3 * float(rng(seed).normal())
        assert linear_error(w, b, DELTA, COV) >= best
    # With independent features the naive assumption holds, and the asymptotes coincide.
    naive, logistic = asymptotic_errors(DELTA, np.diag(np.diag(COV)))
    assert naive == pytest.approx(logistic, rel=1e-12)


MUTANTS = {
    "posterior: p(x | y)": (check_posterior, lambda p: p / p.sum(1, keepdims=True)),
    "posterior: not divided": (check_posterior, lambda p: p),
    "posterior: prior forgotten": (
        check_posterior,
        lambda p: posterior_from_joint((q := p / p.sum(1, keepdims=True)) / q.sum()),
    ),
    "log-odds: roles swapped": (
        check_gaussian_log_odds,
        lambda m0, m1, s, p: gaussian_log_odds(m1, m0, s, p),
    ),
    "log-odds: no half": (
        check_gaussian_log_odds,
        lambda m0, m1, s, p: ((w := np.linalg.solve(s, m1 - m0)), -w @ (m0 + m1)),
    ),
    "log-odds: no prior": (
        check_gaussian_log_odds,
        lambda m0, m1, s, p: gaussian_log_odds(m0, m1, s),
    ),
    "log-odds: covariance not inverted": (
        check_gaussian_log_odds,
        lambda m0, m1, s, p: gaussian_log_odds(m0, m1, np.linalg.inv(s), p),
    ),
    "bits: only those that are on": (
        check_bernoulli_log_odds,
        lambda p0, p1, p: (np.log(p1 / p0), math.log(p / (1 - p))),
    ),
    "bits: no prior": (check_bernoulli_log_odds, lambda p0, p1, p: bernoulli_log_odds(p0, p1)),
    "bits: swapped": (check_bernoulli_log_odds, lambda p0, p1, p: bernoulli_log_odds(p1, p0, p)),
    "error: sign": (check_linear_error, lambda w, b, d, s: linear_error(w, b, -d, s)),
    "error: intercept sign alone is a symmetry, one class is not": (
        check_linear_error,
        lambda w, b, d, s: stats.norm.cdf(-(w @ d / 2 + b) / math.sqrt(w @ s @ w)),
    ),
    "error: delta not halved": (
        check_linear_error,
        lambda w, b, d, s: linear_error(w, b, 2 * d, s),
    ),
    "error: variance for sd": (
        check_linear_error,
        lambda w, b, d, s: linear_error(w, b, d, s * (w @ s @ w)),
    ),
    "error: no intercept": (check_linear_error, lambda w, b, d, s: linear_error(w, 0, d, s)),
    "asymptotes: swapped": (check_asymptotes, lambda d, s: asymptotic_errors(d, s)[::-1]),
    "asymptotes: naive means unscaled": (
        check_asymptotes,
        lambda d, s: (linear_error(d, 0, d, s), asymptotic_errors(d, s).logistic),
    ),
    "asymptotes: errors of independent features": (
        check_asymptotes,
        lambda d, s: asymptotic_errors(d, np.diag(np.diag(s))),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_checks_notice_a_mutant(name):
    check, mutant = MUTANTS[name]
    with pytest.raises(AssertionError):
        check(mutant)


# ---- naive Bayes with shared variances ----


def data(n=60, seed=3):
    y = (np.arange(n) % 3 == 0).astype(int)  # a third in class 1: the prior must matter
    return y, rng(seed).normal(size=(n, 4)) * [1, 2, 3, 0.5] + y[:, None] * [1, 0, -2, 0.3]


def test_shared_variance_is_the_maximum_likelihood_of_its_model():
    y, x = data()
    model = SharedVarianceNB(var_smoothing=0).fit(x, y)
    m0, m1 = x[y == 0].mean(0), x[y == 1].mean(0)
    within = x - np.where(y[:, None] == 1, m1, m0)
    w, b = gaussian_log_odds(m0, m1, np.diag((within**2).mean(0)), y.mean())
    assert np.allclose(model.coef_[0], w)
    assert np.allclose(model.intercept_, b)


def test_its_log_odds_are_linear_and_those_of_gaussian_nb_are_not():
    y, x = data()
    for model, linear in ((SharedVarianceNB(), True), (GaussianNB(), False)):
        log_p = model.fit(x, y).predict_log_proba(x)
        line, *_ = np.linalg.lstsq(np.c_[x, np.ones(len(x))], log_p[:, 1] - log_p[:, 0])
        off = np.abs(np.c_[x, np.ones(len(x))] @ line - log_p[:, 1] + log_p[:, 0]).max()
        assert (off < 1e-8) == linear
        if linear:
            assert np.allclose(line, [*model.coef_[0], model.intercept_[0]])


# ---- bad input ----

BAD = [
    (lambda: posterior_from_joint([0.5, 0.5]), "joint"),
    (lambda: posterior_from_joint([[0.5, 0.6]]), "joint"),
    (lambda: posterior_from_joint([[1.5, -0.5]]), "joint"),
    (lambda: posterior_from_joint([[math.nan, 1.0]]), "joint"),
    (lambda: gaussian_log_odds([0.0], [1.0], [[0.0]]), "cov"),
    (lambda: gaussian_log_odds([0.0], [1.0], np.eye(2)), "cov"),
    (lambda: gaussian_log_odds([0.0], [1.0], [[1.0]], 1.0), "prior"),
    (lambda: gaussian_log_odds([0.0], [1.0], [[1.0]], math.nan), "prior"),
    (lambda: linear_error([1.0, -1.0], 0.0, [1.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]), "cov"),
    (lambda: linear_error([1.0, 0.0], 0.0, [1.0, 0.0], [[1.0, 0.0]]), "cov"),
    (lambda: linear_error([1.0], 0.0, [1.0], [[math.nan]]), "cov"),
    (lambda: asymptotic_errors([1.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]), "cov"),
    (lambda: asymptotic_errors([1.0, 0.0], [[1.0, 0.5], [0.0, 1.0]]), "cov"),
    (lambda: asymptotic_errors([1.0], [[math.inf]]), "cov"),
    (lambda: bernoulli_log_odds([0.0], [0.5]), "p0"),
    (lambda: bernoulli_log_odds([0.5], [1.0]), "p1"),
    (lambda: bernoulli_log_odds([0.5], [0.5], 0.0), "prior"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
