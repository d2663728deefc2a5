"""Fitted discriminators against D*, scikit-learn and exact tests; accuracy against thresholds."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import scipy.stats as st
import torch
from sklearn.linear_model import LogisticRegression

from gan_lessons import discriminators, divergences, theory
from gan_lessons.densities import gaussian, mixture, sample
from gan_lessons.discriminators import (
    accuracy,
    fit_discriminator,
    fit_to_laws,
    two_sample_test,
)
from gan_lessons.theory import Pushforward

LOG4 = math.log(4)
STANDARD = gaussian(0, 1)


def normal(mean, sd=1.0):
    return Pushforward(lambda z: mean + sd * z, STANDARD)


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# ---- accuracy ----


def check_accuracy(accuracy):
    assert accuracy(lambda x: 0.8 - x, STANDARD, normal(2)) == pytest.approx(
        (st.norm.cdf(0.8) + st.norm.sf(-1.2)) / 2, abs=1e-9
    )
    # "real" between -1 and 1.
    inside = st.norm.cdf(1) - st.norm.cdf(-1)
    wide = 1 - (st.norm.cdf(0.5) - st.norm.cdf(-0.5))
    assert accuracy(lambda x: 1 - x**2, STANDARD, normal(0, 2)) == pytest.approx(
        (inside + wide) / 2, abs=1e-9
    )
    assert accuracy(lambda x: 0 * x, STANDARD, normal(2)) == pytest.approx(0.5)
    # By samples, for a D with many cuts.
    x, fake = randn(200_000, seed=1), 1 + randn(200_000, seed=2)

    def logit(x):
        return torch.sin(3 * x) - 0.2 * x

    by_samples = ((logit(x) > 0).double().mean() + (logit(fake) < 0).double().mean()) / 2
    # Standard error at most 0.5 / sqrt(400,000).
    assert accuracy(logit, STANDARD, normal(1)) == pytest.approx(float(by_samples), abs=0.004)


def test_accuracy():
    check_accuracy(accuracy)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda d, p, g: 1 - accuracy(d, p, g),
        lambda d, p, g: 2 * accuracy(d, p, g) - 0.5,
        lambda d, p, g: accuracy(lambda x: d(x) + 0.1, p, g),
    ],
    ids=["wrong label", "not halved", "other cut"],
)
def test_the_check_notices_a_wrong_accuracy(mutant):
    with pytest.raises(AssertionError):
        check_accuracy(mutant)


def test_nobody_beats_the_best_accuracy():
    p_data, p_g = mixture([2, 6], [0.5, 0.5]), normal(4, 1.5)
    best = divergences.best_accuracy(p_data, gaussian(4, 1.5))
    for k in range(1, 6):
        rival = accuracy(lambda x, k=k: torch.cos(k * x) + 0.1, p_data, p_g)
        assert rival <= best + 1e-9

    def d_star(x):
        return p_data.log_prob(x) - torch.log(p_g.pdf(x))

    assert accuracy(d_star, p_data, p_g) == pytest.approx(best, abs=1e-7)


# ---- fitting ----


def check_fit(fit):
    """Fail unless a fitted D comes within 2e-3 of the largest V, from below, and near D*."""
    for p_data, p_g in [(STANDARD, normal(2)), (STANDARD, normal(0, 2)),
                        (mixture([-2, 2], [0.5, 0.5]), normal(0, 1.5))]:  # fmt: skip
        logit = fit(p_data, p_g)
        gap = theory.best_value(p_data, p_g) - theory.value(logit, p_data, p_g)
        assert -1e-6 < gap < 2e-3
        x = torch.linspace(-3, 3, 61, dtype=torch.float64)
        p, q = p_data.log_prob(x).exp(), p_g.pdf(x)
        d_star = theory.optimal_discriminator(p, q)
        asked = p + q > 0.02
        assert (torch.sigmoid(logit(x)) - d_star)[asked].abs().max() < 0.05


def test_a_small_network_comes_close_to_the_best():
    check_fit(fit_to_laws)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda p, g: fit_to_laws(p, g, steps=20),
        lambda p, g: lambda x: -fit_to_laws(p, g)(x),
        lambda p, g: fit_to_laws(p, g, hidden=()),
        lambda p, g: lambda x: 2 * fit_to_laws(p, g)(x),
    ],
    ids=["too short", "labels", "linear", "overconfident"],
)
def test_the_check_notices_a_wrong_fit(mutant):
    with pytest.raises(AssertionError):
        check_fit(mutant)


def test_without_hidden_layers_it_is_logistic_regression():
    real, fake = randn(1, 400), 0.7 + 1.3 * randn(1, 400, seed=1)
    fitted = fit_discriminator(real, fake, [0], hidden=(), steps=2000)
    x = torch.cat([real, fake], 1).T.numpy()
    y = np.repeat([1, 0], 400)
    library = LogisticRegression(C=np.inf).fit(x, y)
    ours = fitted.logit()(torch.tensor([0.0, 1.0], dtype=torch.float64)).numpy()
    theirs = library.decision_function(np.array([[0.0], [1.0]]))
    assert ours == pytest.approx(theirs, abs=2e-3)
    log_probability = library.predict_log_proba(x)[np.arange(800), y]
    assert float(fitted.value) == pytest.approx(2 * log_probability.mean(), abs=1e-5)


def test_unequal_batches_keep_equal_priors():
    real, fake = randn(1, 900), 0.7 + randn(1, 300, seed=1)
    fitted = fit_discriminator(real, fake, [0], hidden=(), steps=2000)
    x = torch.cat([real, fake], 1).T.numpy()
    y = np.repeat([1, 0], [900, 300])
    balanced = LogisticRegression(C=np.inf, class_weight="balanced").fit(x, y)
    ours = fitted.logit()(torch.tensor([0.0, 1.0], dtype=torch.float64)).numpy()
    assert ours == pytest.approx(balanced.decision_function([[0.0], [1.0]]), abs=2e-3)


def test_members_are_independent_and_seeded():
    real, fake = randn(3, 30), randn(3, 20, seed=1)
    together = fit_discriminator(real, fake, [5, 6, 7], steps=30)
    again = fit_discriminator(real, fake, [5, 6, 7], steps=30)
    other = fit_discriminator(real, fake, [5, 6, 8], steps=30)
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    assert torch.equal(together(x.expand(3, 9)), again(x.expand(3, 9)))
    assert torch.equal(together.logit(1)(x), again(x.expand(3, 9))[1])
    # Another seed in the third place changes the third only.
    changed = (together(x.expand(3, 9)) - other(x.expand(3, 9))).abs().amax(1)
    assert changed[:2].max() < 1e-4 < 1e-2 < changed[2]


def test_it_does_not_touch_global_randomness():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    fit_discriminator(randn(1, 5), randn(1, 5), [0], steps=3)
    assert torch.equal(before, torch.random.get_rng_state())


def test_few_samples_of_one_law_look_different():
    for n, least in [(10, 0.3), (40, 0.08)]:
        real, fake = randn(8, n), randn(8, n, seed=1)
        seen = (fit_discriminator(real, fake, range(8), steps=600).value + LOG4) / 2
        assert least < float(seen.median()) < math.log(2)


# ---- the two-sample test ----


def check_two_samples(judge):
    """Fail unless accuracy, V and p-value are those of held-out labels, shuffled 40,000 times."""
    real, fake = randn(1, 40), 0.8 + randn(1, 60, seed=1)
    test = judge(real, fake, [3], hidden=(4,), steps=40)
    fitted = fit_discriminator(real[:, :20], fake[:, :30], [3], hidden=(4,), steps=40)
    on = fitted.logit()(torch.cat([real[0, 20:], fake[0, 30:]]))
    calls, labels = (on > 0).numpy(), np.repeat([True, False], [20, 30])
    right = (calls == labels).sum()
    rng = np.random.default_rng(0)
    shuffled = np.array([(calls == rng.permutation(labels)).sum() for _ in range(40_000)])
    share = (shuffled >= right).mean()
    assert 0.001 < share < 0.6
    assert test.accuracy[0] == pytest.approx(right / 50)
    # Five standard errors of this share.
    error = 5 * math.sqrt(share * (1 - share) / 40_000)
    assert test.p_value[0] == pytest.approx(share, abs=error)
    held_out = on[:20].sigmoid().log().mean() + (-on[20:]).sigmoid().log().mean()
    assert test.value[0] == pytest.approx(float(held_out), abs=1e-9)


def test_two_samples():
    check_two_samples(two_sample_test)


def wrong(**changes):
    """The test with some of its results replaced: functions of (result, real, fake)."""

    def judge(real, fake, seeds, hidden, steps):
        test = two_sample_test(real, fake, seeds, hidden=hidden, steps=steps)
        return dataclasses.replace(test, **{k: f(test, real, fake) for k, f in changes.items()})

    return judge


def trained_score(test, real, fake):
    return fit_discriminator(real[:, :20], fake[:, :30], [3], hidden=(4,), steps=40).value.numpy()


@pytest.mark.parametrize(
    "mutant",
    [
        wrong(p_value=lambda t, r, f: 1 - t.p_value),
        wrong(p_value=lambda t, r, f: t.p_value / 2),
        wrong(p_value=lambda t, r, f: st.binom.sf(t.accuracy * 50, 50, 0.5)),
        wrong(accuracy=lambda t, r, f: 1 - t.accuracy),
        wrong(value=trained_score),
    ],
    ids=["other tail", "one of two sides", "strictly more", "labels", "score on the training half"],
)
def test_the_check_notices_a_wrong_test(mutant):
    with pytest.raises(AssertionError):
        check_two_samples(mutant)


def test_its_level_holds_and_it_has_power():
    repeats, n = 200, 100
    g = torch.Generator().manual_seed(4)
    real, same = (sample(STANDARD, (repeats, n), g) for _ in range(2))
    level = two_sample_test(real, same, range(repeats), hidden=(8,), steps=60)
    # 21 or more of 200 at level 0.05: probability near 0.001.
    assert (level.p_value < 0.05).sum() <= 20
    assert level.p_value.min() > 1e-4
    power = two_sample_test(real, 1.5 + same.flip(0), range(repeats), hidden=(8,), steps=60)
    assert (power.p_value < 0.05).mean() > 0.9


BAD = [
    (lambda: fit_discriminator(randn(5), randn(1, 5), [0]), "real"),
    (lambda: fit_discriminator(randn(1, 0), randn(1, 5), [0]), "real"),
    (lambda: fit_discriminator(randn(2, 5), randn(2, 5), [0]), "seeds"),
    (lambda: fit_discriminator(randn(1, 5), randn(2, 5), [0]), "seeds"),
    (lambda: fit_discriminator(randn(1, 5), randn(1, 5), [0], steps=-1), "steps"),
    (lambda: two_sample_test(randn(1, 1), randn(1, 5), [0]), "real"),
]


@pytest.mark.parametrize(("call", "argument"), BAD, ids=[f"{i}-{b[1]}" for i, b in enumerate(BAD)])
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}\b.*got"):
        call()


def test_one_point_twice_does_not_divide_by_zero():
    same = torch.ones(1, 3)
    fitted = discriminators.fit_discriminator(same, same, [0], steps=200)
    assert float(fitted.value) == pytest.approx(-LOG4, abs=1e-4)
