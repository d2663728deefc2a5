"""Where a GAN of pictures gets its batches: noise and pictures, both with labels if it has classes.

The only state of each source is that of its generator, so that a run can be saved and resumed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gan_lessons.mnist.data import ImageBatches
from gan_lessons.samples import Labelled, Sample, State, go_on


class Noise:
    """Batches of z, each number from N(0, 1); with a label each if labels are given.

    Parameters
    ----------
    width : int
        Numbers in z.
    batch : int
        How many z in each batch.
    generator : torch.Generator
        The only source of randomness; on the device where the batches are wanted.
    labels : Tensor, optional
        (N,), the labels of the data.  Those of the noise are drawn from them, so that each class
        is as frequent among the fakes as among the real samples.
    rows : torch.Generator, optional
        Draws which labels these are, in place of `generator`.  In the same state as that of a
        `LabelledImages`, each batch of noise has the labels of the pictures it will stand beside.

    Examples
    --------
    >>> Noise(64, 2, torch.Generator().manual_seed(0))().shape
    torch.Size([2, 64])
    >>> Noise(64, 2, torch.Generator().manual_seed(0), labels=torch.tensor([7]))().y
    tensor([7, 7])
    """

    def __init__(
        self,
        width: int,
        batch: int,
        generator: torch.Generator,
        labels: Tensor | None = None,
        rows: torch.Generator | None = None,
    ) -> None:
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}")
        if batch < 1:
            raise ValueError(f"batch must be at least 1, got {batch}")
        self.width, self.batch = width, batch
        self.generator, self.labels, self.rows = generator, labels, rows or generator

    def __call__(self) -> Sample:
        """Return the next batch: z of shape (B, width), and labels (B,)."""
        draw, device = self.generator, self.generator.device
        z = torch.randn(self.batch, self.width, generator=draw, device=device)
        if self.labels is None:
            return z
        rows = torch.randint(len(self.labels), (self.batch,), generator=self.rows, device=device)
        return Labelled(z, self.labels[rows])

    def state(self) -> State:
        """Return what the next batch depends on."""
        return {"generator": self.generator.get_state(), "rows": self.rows.get_state()}

    def load_state(self, state: State) -> None:
        """Go on from what `state` returned."""
        go_on(self.generator, state["generator"])
        go_on(self.rows, state["rows"])


class LabelledImages(ImageBatches):
    """Batches of real pictures with their labels, drawn as `ImageBatches` draws them.

    Examples
    --------
    >>> from gan_lessons.mnist.data import shipped_digits
    >>> batch = LabelledImages(shipped_digits(), 2, torch.Generator().manual_seed(0))()
    >>> batch.x.shape, batch.y.shape
    (torch.Size([2, 1, 28, 28]), torch.Size([2]))
    """

    # Both are samples to the loop, which is all that a source promises.
    def __call__(self) -> Labelled:  # type: ignore[override]
        """Return the next batch."""
        return Labelled(*self.labelled())
