"""Why rates that stay make it worse: the model, the reweighting, and the record of long runs."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import torch
from test_ablation import flat

from gan_lessons.divergences import kl_gaussian
from gan_lessons.metrics import class_kl, moments
from gan_lessons.mnist import drift
from gan_lessons.mnist.drift import STEPS, WAYS, balancing_weights, mean_logits, resting_shares

PI = np.array([0.2, 0.3, 0.5])
# Three classes so far apart that no x is of two; G draws each a little differently.
DATA = [scipy.stats.norm(m, 1.0) for m in (-40.0, 0.0, 40.0)]
MADE = [scipy.stats.norm(m, s) for m, s in ((-40.0, 1.0), (0.6, 1.3), (39.0, 0.5))]
X = np.concatenate([np.linspace(m - 9, m + 9, 3001) for m in (-40.0, 0.0, 40.0)])
STEP = X[1] - X[0]


def density(classes, shares):
    return sum(w * c.pdf(X) for w, c in zip(shares, classes, strict=True))


def divergence(w):
    """KL(p_g || p_data) on a grid; its parts lie apart, so their ends add nothing."""
    p_g = density(MADE, w)
    return float((p_g * np.log(p_g / density(DATA, PI))).sum() * STEP)


def each_kl():
    """KL of each class: for normal laws in closed form."""
    return [
        np.log(q.std() / p.std()) + (p.var() + (p.mean() - q.mean()) ** 2) / (2 * q.var()) - 0.5
        for p, q in zip(MADE, DATA, strict=True)
    ]


def resting():
    return resting_shares(torch.tensor(PI), torch.tensor(each_kl())).numpy()


def test_the_resting_shares_make_the_divergence_smallest():
    """Found again by a search over all shares."""
    found = scipy.optimize.minimize(lambda t: divergence(np.exp(t) / np.exp(t).sum()), np.zeros(3))
    np.testing.assert_allclose(resting(), np.exp(found.x) / np.exp(found.x).sum(), atol=1e-4)


@pytest.mark.parametrize(
    "w", [PI, np.array([0.5, 0.1, 0.4]), None], ids=["right", "others", "rest"]
)
def test_mean_logits_by_quadrature_and_all_alike_at_rest_only(w):
    shares = resting() if w is None else w
    logit = np.log(density(DATA, PI) / density(MADE, shares))  # of the best D
    means = [float((c.pdf(X) * logit).sum() * STEP) for c in MADE]
    by_formula = mean_logits(*map(torch.tensor, (PI, shares, each_kl())))
    np.testing.assert_allclose(by_formula, means, atol=1e-8)
    assert (np.ptp(means) < 1e-8) == (w is None)


def test_the_lead_on_a_class_is_its_divergence_both_ways_whatever_the_shares():
    for w in (PI, resting()):
        logit = np.log(density(DATA, PI) / density(MADE, w))
        leads = [
            float(((p.pdf(X) - q.pdf(X)) * logit).sum() * STEP)
            for p, q in zip(DATA, MADE, strict=True)
        ]
        both = [
            kl_gaussian(q.mean(), q.std(), p.mean(), p.std())
            + kl_gaussian(p.mean(), p.std(), q.mean(), q.std())
            for p, q in zip(DATA, MADE, strict=True)
        ]
        np.testing.assert_allclose(leads, both, atol=1e-8)


def test_shares_at_rest_by_hand():
    same = resting_shares(torch.tensor([0.1, 0.9]), torch.tensor([3000.0, 3000.0]))
    torch.testing.assert_close(same, torch.tensor([0.1, 0.9]))
    none = resting_shares(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 5.0]))
    assert none.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("shares", "divergences", "word"),
    [
        ([0.5, 0.6], [0.0, 0.0], "shares"),
        ([-0.5, 1.5], [0.0, 0.0], "shares"),
        ([[1.0]], [[0.0]], "shares"),
        ([0.5, 0.5], [0.0, -1.0], "divergences"),
        ([0.5, 0.5], [0.0, float("inf")], "divergences"),
        ([0.5, 0.5], [0.0], "divergences"),
    ],
)
def test_shares_that_cannot_be(shares, divergences, word):
    with pytest.raises(ValueError, match=f"{word} must be"):
        resting_shares(torch.tensor(shares), torch.tensor(divergences))


def test_a_class_that_is_never_drawn_has_no_mean_logit():
    half, none = torch.tensor([0.5, 0.5]), torch.zeros(2)
    with pytest.raises(ValueError, match="drawn must be above 0"):
        mean_logits(half, torch.tensor([1.0, 0.0]), none)
    with pytest.raises(ValueError, match="drawn must be at least 0 with sum 1"):
        mean_logits(half, torch.tensor([0.5, 0.6]), none)


def seen(own):
    """Made-up probabilities of so many samples of each of three classes."""
    chosen = torch.arange(3).repeat_interleave(torch.tensor(own))
    return torch.eye(3)[chosen] * 0.7 + 0.1


def test_weighted_samples_have_the_moments_of_repeated_ones():
    features = torch.randn(7, 4, generator=torch.Generator().manual_seed(0)).double()
    weights = balancing_weights(seen([4, 2, 1]), torch.tensor([30, 30, 30]))
    repeated = features.repeat_interleave(torch.tensor([1, 1, 1, 1, 2, 2, 4]), dim=0)
    m, r = moments(features, weights), moments(repeated)
    torch.testing.assert_close(m.mean, r.mean)
    # The covariances of both are unbiased, each for samples as independent as they are.
    torch.testing.assert_close(m.covariance * (1 - weights.square().sum()), r.covariance * 11 / 12)


def test_samples_with_the_right_shares_weigh_the_same():
    weights = balancing_weights(seen([4, 2, 1]), torch.tensor([40, 20, 10]))
    torch.testing.assert_close(weights, torch.full((7,), 1 / 7).double())


def test_a_class_that_is_missing_cannot_be_weighted():
    with pytest.raises(ValueError, match=r"probabilities must have .* none of \[1\]"):
        balancing_weights(seen([4, 0, 1]), torch.tensor([1, 1, 1]))
    assert balancing_weights(seen([4, 0, 1]), torch.tensor([1, 0, 1])).sum() == 1


def test_each_way_changes_one_thing():
    fast, staying = flat(WAYS["rates that fall"]), flat(WAYS["rates that stay"])
    assert {k for k in fast if fast[k] != staying[k]} == {"loop.half_after"}
    told = flat(WAYS["stay, with labels"])
    assert {k for k in told if told[k] != staying[k]} == {"classes"}


def test_the_record_is_of_these_settings():
    """Whoever changes a way must run the benchmark again, or this fails."""
    record = drift.recorded()
    about = record["about"]
    assert [*record["rows"]] == [*WAYS]
    assert len(set(about["seeds"])) >= 5
    assert about["data"].startswith("60000 of MNIST")
    for way, row in record["rows"].items():
        assert row["settings"] == json.loads(json.dumps(dataclasses.asdict(WAYS[way])))
        for name, low, high in (
            ("distance", 0, 1e3), ("balanced", 0, 1e3), ("kl", 0, 3), ("sure", 0, 1),
            ("precision", 0, 1), ("recall", 0, 1), ("lead", -5, 5),
        ):  # fmt: skip
            values = np.array(row[name])
            assert values.shape == (len(about["seeds"]), len(STEPS))
            assert ((low <= values) & (values <= high)).all()
            assert len(np.unique(values[:, -1])) > 1  # seeds differ
        counts = torch.tensor(row["counts"])
        assert counts.shape == (len(about["seeds"]), len(STEPS), 10)
        assert (counts.sum(dim=2) == about["samples"]).all()
        again = [[class_kl(c, torch.tensor(about["counts"])) for c in run] for run in counts]
        np.testing.assert_allclose(again, row["kl"], rtol=1e-3)
        assert np.array(row["leads"]).shape == (len(about["seeds"]), 10)
    assert drift.RECORD.stat().st_size < 30_000
