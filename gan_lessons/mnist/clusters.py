"""Labels where there are none: clusters of similar pictures, by k-means."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gan_lessons.mnist.data import Digits


def thumbnails(images: Tensor) -> Tensor:
    """Halve pictures (N, 28, 28) to (N, 196) numbers from 0 to 1, each the mean of four pixels.

    Examples
    --------
    >>> thumbnails(torch.full((1, 28, 28), 255, dtype=torch.uint8)).shape
    torch.Size([1, 196])
    """
    return avg_pool2d(images.unsqueeze(1).float() / 255, 2).flatten(1)


def clustered(digits: Digits, k: int, seed: int) -> Digits:
    """Return the same pictures, with the number of their cluster in place of the label.

    Mini-batch k-means of scikit-learn on thumbnails.  The labels of `digits` are not looked at.

    Parameters
    ----------
    digits : Digits
        The pictures.
    k : int
        How many clusters, from 1 to the number of pictures.
    seed : int
        Of the first centres and of the mini-batches.

    Returns
    -------
    Digits
        On the same device.  A cluster that lost all its pictures leaves a number unused.
    """
    # Imported here: it takes two seconds, and only this function needs it.
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    if not 1 <= k <= len(digits):
        raise ValueError(f"k must be from 1 to the {len(digits)} pictures, got {k}")
    means = MiniBatchKMeans(k, batch_size=2048, max_iter=20, n_init=1, random_state=seed)
    with threadpool_limits(1):  # several threads would add up in another order each time
        labels = means.fit_predict(thumbnails(digits.images).cpu().numpy())
    return replace(digits, labels=torch.from_numpy(labels).long().to(digits.labels.device))
