"""Checks of arguments that several modules share."""

from __future__ import annotations

from torch import Tensor


def matrix(name: str, values: Tensor, least: int = 1) -> Tensor:
    """Return a matrix in float64, without its graph, once it is seen to be fit for statistics.

    Parameters
    ----------
    name : str
        What the caller calls the argument, for the message.
    values : Tensor
        (N, d): features of N samples, points, or probabilities.
    least : int
        The smallest N that will do.

    Raises
    ------
    ValueError
        If the shape is another one, or a value is not finite.

    Examples
    --------
    >>> import torch
    >>> matrix("points", torch.tensor([[1.0, 2.0]])).dtype
    torch.float64
    >>> matrix("points", torch.zeros(3))
    Traceback (most recent call last):
    ...
    ValueError: points must be of shape (N, d) with N at least 1, got (3,)
    """
    if values.ndim != 2 or len(values) < least or not values.shape[1]:
        want = f"of shape (N, d) with N at least {least}"
        raise ValueError(f"{name} must be {want}, got {tuple(values.shape)}")
    plain = values.detach()
    plain = (plain.cpu() if plain.device.type == "mps" else plain).double()  # MPS has no float64
    if not plain.isfinite().all():
        raise ValueError(
            f"{name} must be finite, got {int((~plain.isfinite()).sum())} that are not"
        )
    return plain
