"""Which digits win when rates stay: why a GAN without classes gets worse again after a while.

`WAYS` are the recipe `fast` with rates that stay, as it is, and with rates that stay but told
the labels; `benchmarks/mnist_drift.py` trains each of them for long, from several seeds, and
writes `RECORD`, which the chapter reads.

Examples
--------
>>> WAYS["rates that fall"] == PRESETS["fast"], [way.loop.half_after for way in WAYS.values()]
(True, [0, 5000, 0])
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_lessons.metrics import class_counts
from gan_lessons.mnist.experiment import PRESETS, MnistSettings

STEPS = (2500, 5000, 10_000, 15_000, 20_000, 25_000, 30_000)  # when samples are judged
RECORD = Path(__file__).with_name("drift.json")  # what benchmarks/mnist_drift.py found

FAST = PRESETS["fast"]
STAYING = replace(FAST, loop=replace(FAST.loop, half_after=0))
WAYS: dict[str, MnistSettings] = {
    "rates that stay": STAYING,
    "rates that fall": FAST,
    "stay, with labels": replace(STAYING, classes="labels"),  # the labels fix each digit's share
}


def mean_logits(shares: Tensor, drawn: Tensor, divergences: Tensor) -> Tensor:
    """Return the mean logit of the best D over what G draws of each class.

        log(pi_c / w_c) - KL_c,    KL_c = KL(p_g(x | c) || p_data(x | c)) in nats

    where no x is of two classes: p_data = pi_c p_data(x | c) and p_g = w_c p_g(x | c) on class c,
    and the logit is log(p_data / p_g).  Over real samples of the class the mean is higher, by
    KL_c and the KL the other way round, whatever the shares.

    Parameters
    ----------
    shares, divergences
        As for `resting_shares`.
    drawn : Tensor
        (K,), w: shares of the classes in what G draws, above 0, with sum 1.

    Examples
    --------
    >>> half = torch.tensor([0.5, 0.5])
    >>> mean_logits(half, half, torch.tensor([0.0, 0.7])).tolist()  # G escapes from the second
    [0.0, -0.699999988079071]
    """
    _check(shares, divergences)
    _check(drawn, divergences, "drawn")
    if not (drawn > 0).all():
        raise ValueError(f"drawn must be above 0 for each class, got {drawn}")
    return (shares / drawn).log() - divergences


def resting_shares(shares: Tensor, divergences: Tensor) -> Tensor:
    """Return how often G draws each class where no class gains: badly drawn classes are rare.

        w_c proportional to pi_c exp(-KL_c)

    A model of three assumptions: no x is of two classes, D is optimal for p_g at each moment, and
    G can only shift weight between classes, from those where the mean logit of D over its own
    samples (`mean_logits`) is low to those where it is high.  At rest it is the same for all.
    These shares also make KL(p_g || p_data) as small as it can be with the given p_g(x | c).

    Parameters
    ----------
    shares : Tensor
        (K,), pi: shares of the classes in the data, at least 0, with sum 1.
    divergences : Tensor
        (K,), KL of each class, in nats, finite and at least 0.

    Raises
    ------
    ValueError
        If these are no shares or no divergences.

    Examples
    --------
    >>> w = resting_shares(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 0.6931472]))  # log 2
    >>> [round(share, 6) for share in w.tolist()]
    [0.666667, 0.333333]
    """
    _check(shares, divergences)
    # Less the smallest one, which the division takes out again: exp of -1000 would be 0.
    weights = shares * torch.exp(divergences.amin() - divergences)
    return weights / weights.sum()


def _check(shares: Tensor, divergences: Tensor, name: str = "shares") -> None:
    if shares.ndim != 1 or (shares < 0).any() or not abs(float(shares.sum()) - 1) < 1e-5:
        raise ValueError(f"{name} must be at least 0 with sum 1, of shape (K,), got {shares}")
    finite = divergences.isfinite().all() and (divergences >= 0).all()
    if divergences.shape != shares.shape or not finite:
        expected = f"finite and at least 0, of shape ({len(shares)},)"
        raise ValueError(f"divergences must be {expected}, got {divergences}")


def balancing_weights(probabilities: Tensor, counts: Tensor) -> Tensor:
    """Return a weight for each sample, such that all classes together have the given shares.

    Weighted so, samples of a G whose only fault is that it draws some digits too often have
    the moments of a G without that fault: see ``weights`` of `gan_lessons.metrics.moments`.

    Parameters
    ----------
    probabilities : Tensor
        (N, K), what a judge sees in the samples.
    counts : Tensor
        (K,), how often the judge sees each class in the data.

    Raises
    ------
    ValueError
        If no sample is of a class that the data have: no weight could give it a share.

    Examples
    --------
    >>> seen = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])  # two of one class, one of other
    >>> balancing_weights(seen, torch.tensor([5, 5])).tolist()
    [0.25, 0.25, 0.5]
    """
    own = class_counts(probabilities)
    missing = ((own == 0) & (counts > 0)).nonzero().flatten().tolist()
    if missing:
        raise ValueError(f"probabilities must have samples of each class, got none of {missing}")
    each = counts.double() / counts.sum() / own.clamp(min=1)  # (K,)
    return each[probabilities.argmax(dim=1).cpu()]


def recorded() -> dict[str, Any]:
    """Return what the benchmark found: `about` it, the judge's `floor`, and `rows`.

    ``rows[way]`` has the settings, and as ``[seed][moment of STEPS]``: "distance", the same
    "balanced" (each digit weighted to its share), "kl" of the classes, "sure", "precision",
    "recall", "lead" (mean logit of real test digits less that of samples) and "counts", ten
    numbers each.  "leads", as ``[seed][digit]``, is the lead by digit at the last moment.
    """
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found
