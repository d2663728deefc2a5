"""Judging samples by features and probabilities: each number by another route."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch

from gan_lessons import metrics
from gan_lessons.metrics import Moments, class_counts, class_kl, frechet_distance, moments


def cloud(n, d, seed, spread=1.0):
    """Correlated features with scales from 1 to 1000."""
    rng = np.random.default_rng(seed)
    scales = np.logspace(0, 3, d) * spread
    mix = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return torch.from_numpy(rng.normal(size=(n, d)) * scales @ mix + rng.normal(size=d))


def by_sqrtm(a, b):
    """The textbook formula, on numpy's covariances."""
    a, b = a.double().numpy(), b.double().numpy()
    c, k = np.cov(a.T), np.cov(b.T)
    root = scipy.linalg.sqrtm(c @ k)
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(c + k - 2 * root.real)


def by_factors(a, b):
    """The trace of the root as the nuclear norm of A B^T / root of (n - 1) (m - 1)."""
    p, q = (x - x.mean(0) for x in (a, b))
    n, m = len(a) - 1, len(b) - 1
    root = np.linalg.svd((p @ q.T).numpy(), compute_uv=False).sum() / math.sqrt(n * m)
    spread = p.square().sum() / n + q.square().sum() / m
    return float((a.mean(0) - b.mean(0)).square().sum() + spread) - 2 * root


# ---- moments ----


def test_moments_are_those_of_numpy():
    x = cloud(50, 6, 0)
    m = moments(x.float())
    assert m.n == 50
    assert m.mean.dtype == m.covariance.dtype == torch.float64
    np.testing.assert_allclose(m.mean, x.float().double().mean(0), rtol=1e-12)
    np.testing.assert_allclose(m.covariance, np.cov(x.float().double().numpy().T), rtol=1e-9)


def test_moments_far_from_zero_keep_their_digits():
    x = cloud(100, 3, 1)
    np.testing.assert_allclose(moments(x + 1e6).covariance, moments(x).covariance, rtol=1e-6)


def test_weighted_moments_are_those_of_numpy():
    x, w = cloud(50, 6, 0), np.random.default_rng(1).dirichlet(np.ones(50))
    m = moments(x, torch.from_numpy(w))
    assert m.n == 50
    np.testing.assert_allclose(m.mean, np.average(x.numpy(), axis=0, weights=w), rtol=1e-12)
    np.testing.assert_allclose(m.covariance, np.cov(x.numpy().T, aweights=w), rtol=1e-9)
    equal, plain = moments(x, torch.full((50,), 1 / 50)), moments(x)
    np.testing.assert_allclose(equal.covariance, plain.covariance, rtol=1e-6)


@pytest.mark.parametrize("weights", [[0.5, 0.5], [0.5, 0.6, 0.0], [1.5, -0.5, 0.0], [1.0, 0.0, 0.0],
                                     [float("nan"), 0.5, 0.5]])  # fmt: skip
def test_weights_that_cannot_be(weights):
    with pytest.raises(ValueError, match="weights must be"):
        moments(torch.eye(3), torch.tensor(weights))


# ---- the Fréchet distance ----


@pytest.mark.parametrize("d", [2, 10, 64])
def test_frechet_by_the_matrix_square_root(d):
    a, b = cloud(300, d, 1), cloud(500, d, 2, spread=1.3)
    assert frechet_distance(a, b) == pytest.approx(by_sqrtm(a, b), rel=1e-8)


def test_frechet_in_one_dimension():
    """(m - m')^2 + (s - s')^2; the exercise: (0, 1) and (2, variance 9) are 8 apart."""
    one, other = (
        Moments(torch.tensor([m]).double(), torch.tensor([[v]]).double(), 9)
        for m, v in ((0, 1), (2, 9))
    )
    assert frechet_distance(one, other) == pytest.approx(8, rel=1e-12)


def test_frechet_of_commuting_covariances():
    s, t = torch.tensor([1.0, 2.0, 0.0]).double(), torch.tensor([3.0, 2.0, 5.0]).double()
    mix = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).double())[0]
    a, b = (Moments(torch.zeros(3).double(), mix @ (v**2).diag() @ mix.T, 9) for v in (s, t))
    assert frechet_distance(a, b) == pytest.approx(float(((s - t) ** 2).sum()), rel=1e-12)


def test_frechet_is_symmetric_and_zero_at_home():
    a, b = cloud(300, 20, 1), cloud(200, 20, 2)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-12)
    trace = float(moments(a).covariance.trace())
    assert 0 <= frechet_distance(a, a) < 1e-10 * trace
    assert 0 <= frechet_distance(a, a.flip(0)) < 1e-10 * trace


def test_frechet_moves_with_the_mean_and_scales_with_the_square():
    a, b = cloud(300, 8, 1), cloud(300, 8, 2)
    shift = torch.arange(8.0).double()
    # Moving a by s adds |s|^2 + 2 s . (m_a - m_b).
    more = shift @ shift + 2 * shift @ (a.mean(0) - b.mean(0))
    apart = frechet_distance(a + shift, b) - frechet_distance(a, b)
    assert apart == pytest.approx(float(more), rel=1e-6)
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * frechet_distance(a, b), rel=1e-10)


@pytest.mark.parametrize("n", [2, 5, 30])
def test_fewer_samples_than_features(n):
    a, b = cloud(n, 64, 1), cloud(n, 64, 2)
    assert frechet_distance(a, b) == pytest.approx(by_factors(a, b), rel=1e-9)
    assert frechet_distance(a, a) < 1e-12 * float(a.var(0).sum())


def test_dead_and_constant_features_do_no_harm():
    a, b = cloud(200, 10, 1), cloud(200, 10, 2)
    dead = torch.full((200, 3), 7.0).double()
    wide = frechet_distance(torch.cat([a, dead], 1), torch.cat([b, dead], 1))
    assert wide == pytest.approx(frechet_distance(a, b), rel=1e-9)
    double = frechet_distance(torch.cat([a, a], 1), torch.cat([b, b], 1))
    assert double == pytest.approx(2 * frechet_distance(a, b), rel=1e-9)


def test_a_unit_dead_in_one_set_only():
    """Fakes may use a feature that the data never uses: it counts with its whole variance."""
    a, b = cloud(200, 10, 1), cloud(200, 10, 2)
    a[:, 3] = 0
    b[:, 7] = 5
    assert frechet_distance(a, b) == pytest.approx(by_factors(a, b), rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(by_factors(a, b), rel=1e-9)


@pytest.mark.parametrize("smallest", [1e-1, 1e-3, 1e-5, 1e-7, 1e-9])
def test_covariances_on_the_way_to_singular(smallest):
    """Both routes of the trace, and the step from one to the other."""
    scales = torch.logspace(0, math.log10(smallest), 12).double()
    a, b = (torch.randn(90, 12, generator=torch.Generator().manual_seed(s)).double() @
            torch.linalg.qr(cloud(12, 12, 9))[0] * scales for s in (0, 1))  # fmt: skip
    assert frechet_distance(a, b) == pytest.approx(by_factors(a, b), rel=1e-8)


def test_all_samples_alike():
    point = torch.ones(5, 3)
    assert frechet_distance(point, point) == 0
    assert frechet_distance(point, point + 2) == pytest.approx(12, rel=1e-12)


def test_frechet_is_too_large_for_finite_samples_by_a_known_amount():
    """1-D, two samples of N(0, 1): E (difference of means)^2 = 2 / n, and of the standard
    deviations 2 (1 - c4^2), with c4 = E s."""
    n, trials = 10, 1000
    x = torch.randn(2, trials, n, generator=torch.Generator().manual_seed(0)).double()
    found = [frechet_distance(a[:, None], b[:, None]) for a, b in zip(x[0], x[1], strict=True)]
    c4 = math.sqrt(2 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))
    error = np.std(found) / math.sqrt(trials)
    assert np.mean(found) == pytest.approx(2 / n + 2 * (1 - c4**2), abs=4 * error)


def test_moments_once_or_features_each_time():
    a, b = cloud(100, 5, 1), cloud(80, 5, 2)
    assert frechet_distance(moments(a), b) == frechet_distance(a, b)
    assert frechet_distance(a, moments(b)) == frechet_distance(a, b)


def test_single_precision_features_are_summed_in_double():
    a, b = cloud(5000, 20, 1).float(), cloud(5000, 20, 1).float() + 1e-3
    assert frechet_distance(a, b) == pytest.approx(by_sqrtm(a, b), abs=1e-6 * float(a.var()))


# ---- classes ----


def test_class_counts():
    p = torch.tensor([[0.1, 0.7, 0.2, 0.0], [0.4, 0.3, 0.3, 0.0], [0.0, 0.9, 0.05, 0.05]])
    assert class_counts(p).tolist() == [1, 2, 0, 0]


def test_class_kl_is_scipys_entropy():
    rng = np.random.default_rng(0)
    h, r = rng.integers(1, 50, (2, 10))
    ours = class_kl(torch.from_numpy(h), torch.from_numpy(r))
    assert ours == pytest.approx(scipy.stats.entropy(h, r), rel=1e-12)
    assert class_kl(torch.from_numpy(h)) == pytest.approx(
        scipy.stats.entropy(h, np.ones(10)), rel=1e-12
    )


@pytest.mark.parametrize(
    ("counts", "reference", "expected"),
    [
        ([7] * 10, None, 0),
        ([0, 0, 5, 0], None, math.log(4)),
        ([3, 9, 0], [1, 3, 0], 0),  # a class that neither has
        ([3, 9, 1], [1, 3, 0], math.inf),
        ([3, 9, 0], [1, 3, 4], math.log(2)),  # shares are 1/4, 3/4 against 1/8, 3/8
    ],
)
def test_class_kl_at_the_ends(counts, reference, expected):
    given = None if reference is None else torch.tensor(reference)
    assert class_kl(torch.tensor(counts), given) == pytest.approx(expected, abs=1e-15)


def test_the_floor_of_class_kl():
    """(K - 1) / 2n on average, as the docstring says, for right shares."""
    rng = np.random.default_rng(0)
    counts = rng.multinomial(1000, [0.1] * 10, size=2000)
    found = [class_kl(torch.from_numpy(c)) for c in counts]
    error = np.std(found) / math.sqrt(len(found))
    assert np.mean(found) == pytest.approx(9 / 2000, abs=4 * error)


# ---- confidence and the Inception score ----


def some_probabilities(n=40, k=10, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.dirichlet([0.2] * k, n))


def test_confidence_by_hand():
    p = some_probabilities()
    largest = [max(row) for row in p.tolist()]
    assert metrics.mean_confidence(p) == pytest.approx(sum(largest) / 40, rel=1e-12)
    for threshold in (0.0, 0.5, 0.99, 1.0):
        share = sum(v >= threshold for v in largest) / 40
        assert metrics.confident_share(p, threshold) == share


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_confidence_on_the_threshold_counts(dtype):
    p = torch.tensor([[0.75, 0.25], [0.5, 0.5]], dtype=dtype)
    assert metrics.confident_share(p, 0.75) == 0.5
    p = torch.tensor([[0.99, 0.01]], dtype=torch.float32)
    assert metrics.confident_share(p) == 1


def test_inception_score_by_its_definition():
    p = some_probabilities()
    marginal = p.mean(0).numpy()
    kls = [scipy.stats.entropy(row, marginal) for row in p.numpy()]
    assert metrics.inception_score(p) == pytest.approx(math.exp(np.mean(kls)), rel=1e-10)


def test_inception_score_at_its_ends():
    assert metrics.inception_score(torch.eye(10)) == pytest.approx(10, rel=1e-12)
    assert metrics.inception_score(torch.full((9, 10), 0.1)) == pytest.approx(1, abs=1e-7)
    assert metrics.inception_score(torch.eye(10)[[3] * 7]) == 1  # one class
    # Two classes in unequal shares: exp of the entropy of (1/4, 3/4).
    share = torch.eye(10)[[0, 4, 4, 4]]
    expected = math.exp(scipy.stats.entropy([0.25, 0.75]))
    assert metrics.inception_score(share) == pytest.approx(expected, rel=1e-12)


def test_the_order_of_samples_does_not_matter():
    p, x = some_probabilities(), cloud(40, 4, 0)
    assert metrics.inception_score(p.flip(0)) == pytest.approx(
        metrics.inception_score(p), rel=1e-12
    )
    assert frechet_distance(x, cloud(9, 4, 1)) == pytest.approx(
        frechet_distance(x.flip(0), cloud(9, 4, 1)), rel=1e-12
    )


def test_determinism():
    a, b, p = cloud(400, 64, 1), cloud(400, 64, 2), some_probabilities()
    assert frechet_distance(a, b) == frechet_distance(a.clone(), b.clone())
    assert metrics.inception_score(p) == metrics.inception_score(p.clone())


# ---- bad input ----


GOOD = torch.ones(3, 2)
HALF = torch.full((3, 2), 0.5)
NAN = torch.full((3, 2), math.nan)


def made(mean, covariance):
    return Moments(torch.tensor(mean).double(), torch.tensor(covariance).double(), 3)


BAD = [
    (lambda: moments(GOOD[:1]), "features"),
    (lambda: moments(GOOD[0]), "features"),
    (lambda: moments(GOOD[:, :0]), "features"),
    (lambda: moments(NAN), "features"),
    (lambda: frechet_distance(NAN, GOOD), "real"),
    (lambda: frechet_distance(GOOD, GOOD / 0), "fake"),
    (lambda: frechet_distance(GOOD, GOOD[:1]), "fake"),
    (lambda: frechet_distance(GOOD, torch.ones(3, 4)), "fake"),
    (lambda: made([[1.0]], [[1.0]]), "mean"),
    (lambda: made([math.nan], [[1.0]]), "mean"),
    (lambda: made([1.0], [[1.0, 0.0]]), "covariance"),
    (lambda: made([1.0], [[math.inf]]), "covariance"),
    (lambda: made([1.0, 1.0], [[1.0, 0.5], [0.0, 1.0]]), "covariance"),
    (lambda: made([1.0, 1.0], [[1.0, 2.0], [2.0, 1.0]]), "covariance"),
    (lambda: class_counts(HALF * 3), "probabilities"),
    (lambda: class_counts(HALF[:0]), "probabilities"),
    (lambda: class_counts(HALF - torch.tensor([1.0, -1.0])), "probabilities"),
    (lambda: metrics.mean_confidence(HALF[0]), "probabilities"),
    (lambda: metrics.inception_score(NAN), "probabilities"),
    (lambda: metrics.confident_share(HALF, 1.5), "threshold"),
    (lambda: metrics.confident_share(HALF, math.nan), "threshold"),
    (lambda: class_kl(torch.zeros(3)), "counts"),
    (lambda: class_kl(torch.tensor([1, -1])), "counts"),
    (lambda: class_kl(torch.ones(2, 2)), "counts"),
    (lambda: class_kl(torch.ones(3), torch.ones(2)), "reference"),
    (lambda: class_kl(torch.ones(3), torch.zeros(3)), "reference"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument} must [\s\S]*got"):
        call()
