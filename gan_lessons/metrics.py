"""Numbers that judge samples: Fréchet distance, classes, confidence, the Inception-score formula.

They judge what a classifier sees in pictures: its features, (N, d), and its probabilities,
(N, K).  Which classifier decides what the numbers mean: values on two sets of features cannot be
compared, and a Fréchet distance on features of a digits classifier is not the "FID" of papers,
which is on features of an Inception network trained on photographs.

Features and probabilities are taken to float64; inputs may be on any device.  What depends on
distances between single samples is in `gan_lessons.neighbours`.

Examples
--------
>>> real = torch.tensor([[-1.0], [0.0], [1.0]])
>>> round(frechet_distance(real, real + 2.0), 12)  # the means are 2 apart, the spreads are equal
4.0
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lessons.checks import matrix


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and covariance of features: all that a Fréchet distance looks at.

    Attributes
    ----------
    mean : Tensor
        (d,), float64.
    covariance : Tensor
        (d, d), float64, symmetric.
    n : int
        From how many samples: a distance means little without it.
    """

    mean: Tensor
    covariance: Tensor
    n: int

    def __post_init__(self) -> None:
        """Refuse what cannot be a mean and a covariance."""
        mean, covariance = self.mean, self.covariance
        if mean.ndim != 1 or not mean.isfinite().all():
            raise ValueError(f"mean must be finite, of shape (d,), got {tuple(mean.shape)}")
        if covariance.shape != (len(mean), len(mean)) or not covariance.isfinite().all():
            got = tuple(covariance.shape)
            raise ValueError(f"covariance must be finite, {len(mean)} squared, got {got}")
        largest = covariance.abs().max()
        if not torch.allclose(covariance, covariance.T, rtol=0, atol=1e-9 * float(largest)):
            raise ValueError(f"covariance must be symmetric, got {covariance}")
        if float(torch.linalg.eigvalsh(covariance)[0]) < -1e-6 * float(largest):
            raise ValueError(f"covariance must have no negative eigenvalue, got {covariance}")


def moments(features: Tensor, weights: Tensor | None = None) -> Moments:
    """Return mean and unbiased covariance of features.

        m = sum of w x,    C = sum of w (x - m) (x - m)^T / (1 - sum of w^2)

    Without weights each w is 1 / N: C is then divided by N - 1, as usual.

    Parameters
    ----------
    features : Tensor
        (N, d), N at least 2.
    weights : Tensor, optional
        w, (N,), at least 0 and of sum 1: for how much of the whole each sample stands.

    Raises
    ------
    ValueError
        If the weights are of another shape or sum, or only one is above 0.

    Examples
    --------
    >>> m = moments(torch.tensor([[0.0, 1.0], [2.0, 1.0]]))
    >>> m.mean.tolist(), m.covariance.tolist(), m.n
    ([1.0, 1.0], [[2.0, 0.0], [0.0, 0.0]], 2)
    """
    x = matrix("features", features, least=2)
    if weights is None:
        mean = x.mean(dim=0)
        centred = x - mean
        return Moments(mean, centred.T @ centred / (len(x) - 1), len(x))
    w = weights.to(x)
    if w.shape != x.shape[:1] or (w < 0).any() or not abs(float(w.sum()) - 1) < 1e-6:
        got = f"shape {tuple(w.shape)} and sum {float(w.sum()):.6g}"
        raise ValueError(f"weights must be ({len(x)},), at least 0, with sum 1, got {got}")
    if float(w.max()) > 1 - 1e-12:
        raise ValueError("weights must be above 0 for two samples at least, got only one")
    mean = w @ x
    centred = (x - mean) * w.sqrt()[:, None]
    covariance = centred.T @ centred / (1 - w.square().sum())
    return Moments(mean, covariance, len(x))


def frechet_distance(real: Tensor | Moments, fake: Tensor | Moments) -> float:
    """Fréchet distance of two sets of features, each taken for a Gaussian.

        |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2))

    with means m, m' and covariances C, C'.  It is the squared Wasserstein-2 distance of
    N(m, C) and N(m', C'), in squared units of the features: at least 0, symmetric, and 0 when
    the moments agree, whatever else differs.  Finite samples make it too large, roughly by a
    term in 1 / N, so values are comparable only at equal N.

    C C' is not symmetric and need not be regular, which makes its root by
    ``scipy.linalg.sqrtm`` slow, inaccurate or complex.  With C = R R^T, the trace of the root is
    the sum of the roots of the eigenvalues of R^T C' R, which is symmetric: real, and not
    negative.  R is a Cholesky factor; where C is nearly singular (fewer samples than features),
    both are factored by eigenvectors, C' = S S^T, and the trace is the sum of the singular values
    of R^T S, which keeps the digits of the small ones.

    Parameters
    ----------
    real, fake : Tensor or Moments
        Features (N, d), N at least 2, or what `moments` made of them: of the test set once.

    Raises
    ------
    ValueError
        If features are not finite, are too few, or differ in d.

    References
    ----------
    Dowson, Landau, The Fréchet distance between multivariate normal distributions (1982).
    Heusel et al., GANs trained by a two time-scale update rule (2017): on Inception features.

    Examples
    --------
    >>> one, other = torch.tensor([[-1.0], [1.0]]), torch.tensor([[-3.0], [3.0]])
    >>> round(frechet_distance(one, other), 12)  # (sqrt 18 - sqrt 2)^2
    8.0
    """
    a, b = (m if isinstance(m, Moments) else moments(matrix(name, m, least=2))
            for name, m in (("real", real), ("fake", fake)))  # fmt: skip
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"fake must have {len(a.mean)} features like real, got {len(b.mean)}")
    device = a.mean.device
    difference = a.mean - b.mean.to(device)
    c, k = a.covariance, b.covariance.to(device)
    distance = difference @ difference + c.trace() + k.trace() - 2 * _trace_of_root(c, k)
    return max(float(distance), 0.0)  # rounding may leave -1e-13 where it is 0


def _trace_of_root(c: Tensor, k: Tensor) -> Tensor:
    """Return tr((C K)^(1/2)) of two covariances."""
    alive = (c.diagonal() > 0) & (k.diagonal() > 0)  # dead units add nothing
    if not alive.all():
        index = alive.nonzero().flatten()
        c, k = (x.index_select(0, index).index_select(1, index) for x in (c, k))
    if not len(c):
        return c.sum()
    factor, info = torch.linalg.cholesky_ex(c)
    pivots = factor.diagonal().square()
    if not info and pivots.amin() > 1e-10 * pivots.amax():
        squares: Tensor = torch.linalg.eigvalsh(factor.T @ k @ factor)
        return squares.clamp(min=0).sqrt().sum()
    # Singular, or nearly: roots of tiny eigenvalues would show their rounding, and these do not.
    values: Tensor = torch.linalg.svdvals(_factor(c).T @ _factor(k))
    return values.sum()


def _factor(covariance: Tensor) -> Tensor:
    """Return R with R R^T = covariance, which may be singular."""
    values, vectors = torch.linalg.eigh(covariance)
    # Where it is singular, rounding leaves 1e-16, whose root 1e-8 would show.
    noise = len(values) * torch.finfo(values.dtype).eps * values[-1]
    root: Tensor = vectors * values.where(values > noise, 0.0).sqrt()
    return root


def class_counts(probabilities: Tensor) -> Tensor:
    """Count how often each class is the most probable one: (N, K) to int64 (K,).

    Examples
    --------
    >>> class_counts(torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])).tolist()
    [2, 1]
    """
    p = _probabilities(probabilities)
    return p.argmax(dim=1).bincount(minlength=p.shape[1]).cpu()


def class_kl(counts: Tensor, reference: Tensor | None = None) -> float:
    """KL divergence of a class histogram from the uniform one, or from that of other data.

        KL(h || r) = sum over classes of h log(h / r),    h = counts / sum, in nats

    0 if every class has its share; log K for one class of K; infinite if there is a class that
    the reference lacks.  Chance alone makes it (K - 1) / 2N on average when the shares are
    right: 0.00045 for ten classes and 10,000 samples.

    Parameters
    ----------
    counts : Tensor
        Samples of each class, (K,), as from `class_counts`.
    reference : Tensor, optional
        Counts of the data, (K,); uniform if not given.

    Examples
    --------
    >>> class_kl(torch.tensor([5, 5])), round(class_kl(torch.tensor([8, 0])), 6)  # log 2
    (0.0, 0.693147)
    """
    h = _shares("counts", counts)
    r = torch.ones_like(h) / len(h) if reference is None else _shares("reference", reference)
    if r.shape != h.shape:
        raise ValueError(f"reference must have {len(h)} classes like counts, got {len(r)}")
    # Divided before the logarithm: equal shares give exactly 0.
    terms = torch.xlogy(h, h / r).nan_to_num(nan=0.0, posinf=torch.inf)  # 0 log(0 / 0) = 0
    return max(float(terms.sum()), 0.0)


def mean_confidence(probabilities: Tensor) -> float:
    """Mean of the largest probability: near 1 where the classifier has no doubt.

    It says that pictures look like *some* digit to the classifier, not that they look right: a
    generator that makes one perfect digit has the best score of all.

    Examples
    --------
    >>> mean_confidence(torch.tensor([[1.0, 0.0], [0.5, 0.5]]))
    0.75
    """
    return float(_probabilities(probabilities).amax(dim=1).mean())


def confident_share(probabilities: Tensor, threshold: float = 0.99) -> float:
    """Share of samples whose largest probability is at least `threshold`.

    Malformed digits, two strokes of different digits in one picture, show here first: the
    Fréchet distance hardly notices a few of them.

    Examples
    --------
    >>> confident_share(torch.tensor([[0.995, 0.005], [0.5, 0.5]]))
    0.5
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be between 0 and 1, got {threshold}")
    # Float32 probabilities: 0.99 is stored as 0.9900000095, and so is the threshold.
    largest = _probabilities(probabilities).amax(dim=1)
    limit = torch.tensor(threshold, dtype=probabilities.dtype).double()
    return float((largest >= limit.to(largest.device)).double().mean())


def inception_score(probabilities: Tensor) -> float:
    """Inception-score formula on the probabilities of any classifier: from 1 to K.

        exp of the mean over x of KL(p(y | x) || p(y)),    p(y) the mean of p(y | x)

    High when each picture is clearly of one class and all classes are equally frequent.  It
    never sees the data: a generator that remembers one picture of each class reaches K.
    Here p(y) is the mean over all samples; the original code averages the scores of ten
    parts, which are a little lower.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (2016).
    Barratt, Sharma, A note on the Inception score (2018): how it misleads.

    Examples
    --------
    >>> round(inception_score(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])), 6)  # 2^(2/3)
    1.587401
    """
    p = _probabilities(probabilities)
    marginal = p.mean(dim=0)
    # The mean KL is the entropy of the mean less the mean of the entropies.
    mean_kl = torch.xlogy(p, p).sum(dim=1).mean() - torch.xlogy(marginal, marginal).sum()
    return float(mean_kl.clamp(min=0).exp())


def _probabilities(values: Tensor) -> Tensor:
    p = matrix("probabilities", values)
    off = (p.sum(dim=1) - 1).abs().max()
    if (p < 0).any() or off > 1e-3:  # half precision sums to 1 within 1e-3
        got = f"a least value of {float(p.min()):.3g} and sums up to {float(off):.3g} off"
        raise ValueError(f"probabilities must be at least 0 and sum to 1, got {got}")
    return p


def _shares(name: str, counts: Tensor) -> Tensor:
    c = counts.detach().cpu().double()
    if c.ndim != 1 or not c.isfinite().all() or (c < 0).any() or not c.sum() > 0:
        raise ValueError(f"{name} must be counts of shape (K,), not all 0, got {counts}")
    return c / c.sum()
