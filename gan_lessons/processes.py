"""Several processes that train one GAN together, each on its part of every batch.

Run the same command under ``torchrun --nproc-per-node 2``: each process sees one GPU (or shares
the CPU), draws its rows of the joint batch, and the loop averages the gradients of both players
over the processes before they move.  So all processes hold the same weights at each step, and
they are the weights of one process that is given the joint batch, up to rounding: the mean of
the gradients of equal parts is the gradient of the mean.

What looks at a batch as a whole sees its part only: batch normalisation above all (as with
torch's DistributedDataParallel), minibatch discrimination, relativistic losses that average.
``torch.nn.SyncBatchNorm.convert_sync_batchnorm`` mends the first, on GPUs.  A checkpoint holds
the running statistics of process 0.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from gan_lessons.samples import Sample, Source, State, values


def start() -> None:
    """Join the processes that torchrun started; without torchrun, do nothing.

    Raises
    ------
    ValueError
        If there are GPUs, but fewer than processes.
    """
    if "RANK" not in os.environ or dist.is_initialized():
        return
    if torch.cuda.is_available():
        here, gpus = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
        if here > gpus:
            most = f"at most {gpus}, one for each GPU (or hide them: CUDA_VISIBLE_DEVICES=-1)"
            raise ValueError(f"nproc-per-node must be {most}, got {here}")
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("cpu:gloo,cuda:nccl")  # by where a tensor is
    else:
        dist.init_process_group("gloo")


def stop() -> None:
    """Leave the group, if there is one."""
    if _together():
        dist.destroy_process_group()


def count() -> int:
    """Return how many processes train together; 1 for an ordinary run."""
    return dist.get_world_size() if _together() else 1


def rank() -> int:
    """Return the number of this process, from 0; the one with 0 writes files and speaks."""
    return dist.get_rank() if _together() else 0


def mean(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the mean of each tensor over the processes: one exchange for all of them."""
    flat = torch.cat([t.reshape(-1) for t in tensors])
    dist.all_reduce(flat)  # a sum
    flat /= count()
    pieces = torch.split(flat, [t.numel() for t in tensors])
    return [piece.view(t.shape) for piece, t in zip(pieces, tensors, strict=True)]


def share(tensors: Sequence[Tensor]) -> None:
    """Overwrite tensors with those of process 0."""
    for tensor in tensors:
        dist.broadcast(tensor, src=0)


def any_of(flag: bool) -> bool:
    """Whether a flag is set in any of the processes: they all get the same answer."""
    if not _together():
        return flag
    flags = torch.tensor([float(flag)])
    dist.all_reduce(flags)
    return bool(flags.item() > 0)


class Part:
    """The rows of each batch that belong to one of several processes.

    Every process draws the joint batch, from the same seed, and keeps its own rows.  Drawing is
    cheap, and so the joint batch is the same for any number of processes.

    Parameters
    ----------
    source : Source
        Returns the joint batch.
    rank, count : int
        Which part, of how many.
    axis : int
        The axis of the batch.

    Examples
    --------
    >>> Part(lambda: torch.arange(6), rank=1, count=3)().tolist()
    [2, 3]
    """

    def __init__(self, source: Source, rank: int, count: int, axis: int = 0) -> None:
        if not 0 <= rank < count:
            raise ValueError(f"rank must be at least 0 and below {count}, got {rank}")
        self.source, self.rank, self.count, self.axis = source, rank, count, axis

    def __call__(self) -> Sample:
        """Return this process's rows of the next batch."""
        joint: Sample = self.source()
        size = values(joint).shape[self.axis]
        if size % self.count:
            raise ValueError(f"batch must be a multiple of {self.count} processes, got {size}")
        rows = size // self.count
        return joint.narrow(self.axis, self.rank * rows, rows)

    def state(self) -> State:
        """Return the state of the joint source."""
        # A source need not have the two methods (`samples.Source`); then it cannot be saved.
        state: State = self.source.state()  # type: ignore[attr-defined]
        return state

    def load_state(self, state: State) -> None:
        """Go on from there."""
        # As above.
        self.source.load_state(state)  # type: ignore[attr-defined]


def part(source: Source, axis: int = 0) -> Source:
    """Return this process's part of a source: the source itself for a process on its own."""
    return source if count() == 1 else Part(source, rank(), count(), axis)


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()
