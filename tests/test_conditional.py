"""GANs with labels, exactly: optima by quadrature and by search, identities on random laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from gan_lessons import conditional, divergences, finite_game
from gan_lessons.densities import gaussian, laplace, uniform
from gan_lessons.theory import Pushforward

DATA = [(-1.0, 0.5), (1.5, 0.8), (3.0, 1.0)]  # mean and sd of each class
MADE = [(-0.5, 0.7), (1.0, 0.8), (3.5, 0.6)]
PRIOR = [0.5, 0.2, 0.3]
X = torch.linspace(-4, 6, 41, dtype=torch.float64)


def laws(moments):
    return [gaussian(m, s) for m, s in moments]


def pushed(moments):
    return [Pushforward(lambda z, m=m, s=s: m + s * z, gaussian(0, 1)) for m, s in moments]


def densities(x, moments):
    return [norm.pdf(x, m, s) for m, s in moments]


def bent(x, y):
    """A discriminator that is not the best one."""
    return torch.tanh(x - y) + 0.1 * y


# ---- the value, and the best D


@pytest.mark.parametrize("prior", [None, PRIOR])
def test_value_by_quadrature(prior):
    shares = prior or [1 / 3] * 3

    def log_d(t, y, sign):
        logit = math.tanh(t - y) + 0.1 * y
        return -math.log1p(math.exp(-sign * logit))

    expected = 0.0
    for y, (share, (m, s), (n, r)) in enumerate(zip(shares, DATA, MADE, strict=True)):
        real = quad(lambda t, y=y, m=m, s=s: norm.pdf(t, m, s) * log_d(t, y, 1), m - 9, m + 9)[0]
        fake = quad(lambda t, y=y, n=n, r=r: norm.pdf(t, n, r) * log_d(t, y, -1), n - 9, n + 9)[0]
        expected += share * (real + fake)
    assert conditional.value(bent, laws(DATA), pushed(MADE), prior) == pytest.approx(
        expected, abs=1e-8
    )


@pytest.mark.parametrize("prior", [None, PRIOR])
def test_best_value_is_a_mean_of_divergences_and_that_of_the_best_d(prior):
    shares = prior or [1 / 3] * 3
    js = [divergences.js(p, q) for p, q in zip(laws(DATA), laws(MADE), strict=True)]
    found = conditional.best_value(laws(DATA), pushed(MADE), prior)
    assert found == pytest.approx(2 * np.dot(shares, js) - math.log(4), abs=1e-9)

    def best(x, y):
        return conditional.optimal_logits(x, laws(DATA), laws(MADE))[y]

    assert conditional.value(best, laws(DATA), pushed(MADE), prior) == pytest.approx(found)
    for change in (lambda x: 0.1 * x, torch.sin, lambda x: torch.full_like(x, -0.2)):
        other = conditional.value(
            lambda x, y, change=change: best(x, y) + change(x), laws(DATA), pushed(MADE), prior
        )
        assert other < found - 1e-4


def test_optimal_logits_are_those_of_the_ratio_of_densities():
    found = torch.sigmoid(conditional.optimal_logits(X, laws(DATA), laws(MADE)))
    p, q = (np.array(densities(X.numpy(), moments)) for moments in (DATA, MADE))
    np.testing.assert_allclose(found, p / (p + q), atol=1e-12)


def test_a_d_that_ignores_the_label_sees_nothing_wrong_with_exchanged_classes():
    data, exchanged = laws([(-1, 1), (1, 1)]), laws([(1, 1), (-1, 1)])
    label, sample = conditional.split_logit(X, data, exchanged)
    assert sample.abs().max() < 1e-12
    assert label.abs().max() > 1


# ---- the projection


@pytest.mark.parametrize(("prior", "made_prior"), [(None, None), (PRIOR, PRIOR), (PRIOR, None)])
def test_the_logit_is_what_the_label_says_and_what_the_sample_says(prior, made_prior):
    """By Bayes' rule, from probabilities and not from logarithms."""
    label, sample = conditional.split_logit(X, laws(DATA), laws(MADE), prior, made_prior)
    x = X.numpy()
    joint = [
        np.array(densities(x, moments)) * np.array(shares or [1 / 3] * 3)[:, None]
        for moments, shares in ((DATA, prior), (MADE, made_prior))
    ]
    posterior = [j / j.sum(0) for j in joint]
    np.testing.assert_allclose(label, np.log(posterior[0] / posterior[1]), atol=1e-9)
    np.testing.assert_allclose(sample, np.log(joint[0].sum(0) / joint[1].sum(0)), atol=1e-9)
    best = conditional.optimal_logits(X, laws(DATA), laws(MADE))
    if prior == made_prior:  # else D also learns which labels are frequent among the fakes
        torch.testing.assert_close(label + sample, best)
    else:
        off = torch.log(torch.tensor(PRIOR).double() * 3)[:, None]
        torch.testing.assert_close(label + sample, best + off)


def test_projection_is_exact_for_gaussian_classes():
    w, e = conditional.projection_of_gaussians(laws(DATA), laws(MADE))
    f = np.stack([np.ones(len(X)), X.numpy(), X.numpy() ** 2])
    logits = [norm.logpdf(X, *p) - norm.logpdf(X, *q) for p, q in zip(DATA, MADE, strict=True)]
    np.testing.assert_allclose(w.numpy() @ f + e.numpy() @ f, logits, atol=1e-10)
    assert e.sum(0).abs().max() < 1e-12


# ---- the gap


def ramp(width, slope):
    """From one mode at -1 to the other at width + 1, as steep as it may be in between."""

    def g(z):
        return torch.where(z < -width / (2 * slope), -1.0, torch.where(
            z > width / (2 * slope), width + 1.0, width / 2 + slope * z))  # fmt: skip

    return g


@pytest.mark.parametrize(("width", "slope"), [(2.0, 1.0), (4.0, 10.0), (1.0, 0.3)])
def test_a_ramp_leaves_the_least_mass_in_the_gap(width, slope):
    z = norm.ppf((np.arange(400_000) + 0.5) / 400_000)
    x = ramp(width, slope)(torch.from_numpy(z))
    inside = ((x > 0) & (x < width)).double().mean().item()
    assert inside == pytest.approx(conditional.gap_mass(width, slope), abs=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_no_continuous_g_in_two_dimensions_leaves_less(seed):
    """G = slope * distance from a random set: no steeper, and cut so that both sides are even."""
    rng = np.random.default_rng(seed)
    z, centres = rng.normal(size=(40_000, 2)), rng.normal(size=(4, 2)) * 1.5
    distance = np.min([np.linalg.norm(z - c, axis=1) for c in centres], axis=0)
    slope, width = 2.0, 1.0
    starts = np.linspace(0, slope * distance.max(), 400)
    # Where the gap lies so that as much is on either side of it.
    odds = [
        abs((slope * distance < a).mean() - (slope * distance > a + width).mean()) for a in starts
    ]
    a = starts[int(np.argmin(odds))]
    inside = ((slope * distance > a) & (slope * distance < a + width)).mean()
    assert inside > conditional.gap_mass(width, slope) - 0.01


# ---- the auxiliary classifier


def random_law(rng, classes=3, places=6):
    p = rng.dirichlet(np.full(classes * places, 0.5))
    return p.reshape(classes, places)


def two_classes(places=8):
    """Two classes that overlap, mirror images of each other."""
    one = norm.pdf(np.linspace(-3, 3, places), 1)
    return np.stack([one[::-1], one]) / (2 * one.sum())


@pytest.mark.parametrize("seed", range(5))
def test_label_entropy_by_a_loop(seed):
    p = random_law(np.random.default_rng(seed))
    total = 0.0
    for x in range(p.shape[1]):
        for y in range(p.shape[0]):
            if p[y, x]:
                total -= p[y, x] * math.log(p[y, x] / p[:, x].sum())
    assert conditional.label_entropy(p) == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0, 2.0])
def test_auxiliary_objective_is_reached_by_the_best_d_and_the_best_classifier(weight):
    """By search: D a number for each x, C a softmax for each x, both found by an optimiser."""
    rng = np.random.default_rng(3)
    p, q = random_law(rng, 2, 3), random_law(rng, 2, 3)

    def l_s(u):
        return p.sum(0) @ -np.log1p(np.exp(-u)) + q.sum(0) @ -np.log1p(np.exp(u))

    def l_c(v):
        table = v.reshape(2, 3)
        return ((p + q) * (table - np.logaddexp.reduce(table, axis=0))).sum()

    best_s = -minimize(lambda u: -l_s(u), np.zeros(3), tol=1e-12).fun
    best_c = -minimize(lambda v: -l_c(v), np.zeros(6), tol=1e-12).fun
    found = conditional.auxiliary_objective(p, q, weight)
    assert found == pytest.approx(best_s - weight * best_c, abs=1e-7)


@pytest.mark.parametrize("seed", range(10))
def test_auxiliary_is_a_conditional_gan_and_the_label_entropy_of_the_fakes(seed):
    rng = np.random.default_rng(seed)
    p, q = random_law(rng), random_law(rng)
    joint = float(finite_game.best_value(p.ravel(), q.ravel()))
    more = conditional.label_entropy(q) + conditional.label_entropy(p)
    assert conditional.auxiliary_objective(p, q) == pytest.approx(joint + more, abs=1e-10)


def made_by(u, p):
    """q(x, y) = p(y) softmax of row y: any law with the labels of the data."""
    rows = np.exp(u.reshape(p.shape) - np.logaddexp.reduce(u.reshape(p.shape), axis=1)[:, None])
    return p.sum(1)[:, None] * rows


def test_auxiliary_optimum_is_found_by_search_and_cut_off_at_the_border():
    p = two_classes()
    best = conditional.auxiliary_optimum(p)
    np.testing.assert_allclose(best.sum(1), p.sum(1))  # the labels are as frequent as in the data
    inside = best > 0
    assert (inside == (p == p.max(0))).all()
    np.testing.assert_allclose(best[inside] / p[inside], 1 / p.max(0).sum())
    least = conditional.auxiliary_objective(p, best)
    rng, found = np.random.default_rng(0), []
    for _ in range(12):
        run = minimize(
            lambda u: conditional.auxiliary_objective(p, made_by(u, p)),
            rng.normal(size=p.size), method="BFGS", options={"maxiter": 300},
        )  # fmt: skip
        found.append((run.fun, made_by(run.x, p)))
    assert min(value for value, _ in found) > least - 1e-9
    value, q = min(found, key=lambda one: one[0])
    assert value == pytest.approx(least, abs=1e-4)
    np.testing.assert_allclose(q, best, atol=2e-3)


@pytest.mark.parametrize("seed", range(5))
def test_no_joint_law_is_better_than_the_auxiliary_optimum(seed):
    rng = np.random.default_rng(seed)
    p = random_law(rng, 3, 4)
    least = conditional.auxiliary_objective(p, conditional.auxiliary_optimum(p))
    for _ in range(300):
        q = rng.dirichlet(np.full(12, rng.choice([0.05, 0.3, 1.0]))).reshape(3, 4)
        assert conditional.auxiliary_objective(p, q) > least


def test_the_truth_is_no_resting_place_with_an_auxiliary_classifier():
    p = two_classes()
    at = conditional.auxiliary_objective(p, p)
    clearer = p ** np.array(1.05)
    clearer /= clearer.sum()
    assert conditional.auxiliary_objective(p, clearer) < at - 1e-4
    joint = [float(finite_game.best_value(p.ravel(), q.ravel())) for q in (p, clearer)]
    assert joint[0] < joint[1]  # for a conditional GAN it is one


def test_without_weight_the_labels_do_not_matter():
    p = two_classes()
    exchanged = p[::-1]
    assert conditional.auxiliary_objective(p, exchanged, 0.0) == pytest.approx(-math.log(4))
    assert conditional.auxiliary_objective(p, exchanged) > conditional.auxiliary_objective(p, p)


# ---- bad input

HALF = np.full((2, 2), 0.25)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: conditional.optimal_logits(X, laws(DATA), laws(MADE)[:2]), "made"),
        (lambda: conditional.optimal_logits(X, [], []), "made"),
        (lambda: conditional.split_logit(X, laws(DATA), laws(MADE)[1:]), "made"),
        (lambda: conditional.best_value(laws(DATA), pushed(MADE), [0.5, 0.5]), "prior"),
        (lambda: conditional.best_value(laws(DATA), pushed(MADE), [0.5, 0.5, 0.5]), "prior"),
        (lambda: conditional.value(bent, laws(DATA), pushed(MADE), [1.0, 0.0, 0.0]), "prior"),
        (lambda: conditional.projection_of_gaussians([laplace(0, 1)], [gaussian(0, 1)]), "data"),
        (lambda: conditional.projection_of_gaussians([gaussian(0, 1)], [uniform(0, 1)]), "made"),
        (lambda: conditional.gap_mass(0, 1), "width"),
        (lambda: conditional.gap_mass(1, math.inf), "slope"),
        (lambda: conditional.label_entropy([0.5, 0.5]), "joint"),
        (lambda: conditional.label_entropy([[0.5, 0.6]]), "joint"),
        (lambda: conditional.auxiliary_objective(HALF, [[0.5, 0.5]]), "q"),
        (lambda: conditional.auxiliary_objective(HALF, HALF, -1), "weight"),
        (lambda: conditional.auxiliary_optimum([[1.5, -0.5]]), "p"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()
