"""Where to compute, and in which precision: one code path for CPU, CUDA and MPS.

In mixed precision the weights stay in float32, and the large products of a network (matrix
products, convolutions) are computed in a 16-bit type, which is several times as fast where the
device has units for it.  There are two such types:

========  =============  ============  ====================================================
type      largest        digits        needs
========  =============  ============  ====================================================
float16   65,504         about 3       a scaled loss: gradients below 6e-8 would become 0
bfloat16  as float32     about 2       nothing: it has the range of float32
========  =============  ============  ====================================================

Losses are computed in float32 in any case.  The losses of this package take logits, so that
no probability near 0 or 1 is ever rounded; that is why half the digits are enough.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

PRECISIONS = ("full", "mixed", "bf16", "fp16")


def best_device() -> torch.device:
    """Return the fastest device there is: a CUDA GPU, Apple's GPU (MPS), or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def mixed(device: torch.device | str) -> torch.dtype | None:
    """Return the 16-bit type for a device: bfloat16 where the device has it, else float16.

    None, which is full precision, for a Mac too old for bfloat16: torch scales no loss there.

    Examples
    --------
    >>> mixed("cpu")
    torch.bfloat16
    """
    kind = torch.device(device).type
    if kind == "cuda":
        # Since Ampere (compute capability 8); a Colab T4 has 7.5, and would only emulate it.
        new = torch.cuda.get_device_capability(device) >= (8, 0)
        return torch.bfloat16 if new else torch.float16
    if kind == "mps" and not torch.backends.mps.is_macos_or_newer(14, 0):
        return None
    return torch.bfloat16


def half(precision: str, device: torch.device | str) -> torch.dtype | None:
    """Return the 16-bit type that one of `PRECISIONS` means on a device; None for full.

    Examples
    --------
    >>> half("mixed", "cpu"), half("full", "cpu")
    (torch.bfloat16, None)
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {[*PRECISIONS]}, got {precision!r}")
    if precision == "mixed":
        return mixed(device)
    return {"full": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def as_called(network: nn.Module, dtype: torch.dtype | None, compiled: bool = False) -> nn.Module:
    """Return a network as the training loop calls it: compiled, and in mixed precision, if asked.

    Without either it is the network itself.
    """
    called = cast(nn.Module, torch.compile(network)) if compiled else network
    return called if dtype is None else Mixed(called, dtype)


class Mixed(nn.Module):
    """A network evaluated in mixed precision; what it returns is float32 again.

    Everything else (weights, other methods) is the network's own, in full precision.

    Parameters
    ----------
    network : Module
        Its weights are float32, and stay so.
    dtype : torch.dtype
        bfloat16 or float16.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.network, self.dtype = network, dtype
        self.device_type = next(network.parameters()).device.type

    def forward(self, sample: Any) -> Any:
        """Return what the network makes of a batch, in float32."""
        with torch.autocast(self.device_type, self.dtype):
            out = self.network(sample)
        return out.float()

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:  # `features`, say: an objective may ask for it
            return getattr(super().__getattr__("network"), name)
