"""The classifier that judges generated digits: small, quick to train, right 99 times in 100.

It turns pictures into what the metrics look at: probabilities of the ten classes, and 128
features, the activations before the last layer.  `load_classifier` trains it once and keeps it in
the user's cache; later calls, and other chapters, read it from there.

A score belongs to its judge: another seed, other data or another machine (whose arithmetic
rounds differently) gives a network as good, whose features are others.  So compare only scores
of one run, and look at the floor: the score of real pictures.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock  # torch itself needs it
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad
from tqdm.auto import tqdm

from gan_lessons.mnist.data import Digits, scaled
from gan_lessons.mnist.files import cache_folder

FEATURES, CLASSES = 128, 10
VERSION = 1  # of the recipe below: a change of it must not meet old files


@dataclass(frozen=True)
class ClassifierSettings:
    """How the judge is trained; the defaults reach more than 99 % on MNIST."""

    width: int = 16  # channels of the first convolution
    steps: int = 1400  # three epochs of 60,000 pictures
    batch: int = 128
    lr: float = 4e-3  # at its highest; it rises for a tenth of the steps, then falls to 0
    shift: int = 1  # pixels by which a training picture is moved, at most, to each side
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        for name, least in (("width", 1), ("steps", 1), ("batch", 2), ("shift", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not 0 < self.lr < float("inf"):
            raise ValueError(f"lr must be a positive number, got {self.lr}")


class Classifier(nn.Module):
    """Two convolutions, each halving the picture, and two linear layers.

    (B, 1, 28, 28) -> (B, w, 14, 14) -> (B, 2w, 7, 7) -> 128 features -> 10 logits.
    The maximum is taken before batch norm and ReLU: it commutes with ReLU, and is four times
    less work for the rest.

    Parameters
    ----------
    width : int
        Channels w of the first convolution.

    Examples
    --------
    >>> judge = Classifier(4).eval()
    >>> judge(torch.zeros(2, 1, 28, 28)).shape, judge.features(torch.zeros(2, 1, 28, 28)).shape
    (torch.Size([2, 10]), torch.Size([2, 128]))
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()

        def halve(channels: int, out: int) -> list[nn.Module]:
            convolution = nn.Conv2d(channels, out, 3, padding=1, bias=False)  # batch norm has one
            return [convolution, nn.MaxPool2d(2), nn.BatchNorm2d(out), nn.ReLU()]

        self.body = nn.Sequential(
            *halve(1, width), *halve(width, 2 * width), nn.Flatten(),
            nn.Linear(2 * width * 7 * 7, FEATURES), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(FEATURES, CLASSES)

    def features(self, images: Tensor) -> Tensor:
        """Map pictures (B, 1, 28, 28), from -1 to 1, to (B, 128)."""
        out: Tensor = self.body(images)
        return out

    def forward(self, images: Tensor) -> Tensor:
        """Map pictures (B, 1, 28, 28), from -1 to 1, to logits (B, 10)."""
        logits: Tensor = self.head(self.features(images))
        return logits


@dataclass(frozen=True, eq=False)
class Sight:
    """What the judge sees in N pictures: the input of `metrics` and `neighbours`.

    Attributes
    ----------
    features : Tensor
        (N, 128), at least 0.
    probabilities : Tensor
        (N, 10).
    """

    features: Tensor
    probabilities: Tensor


@torch.no_grad()
def look(judge: Classifier, images: Tensor, batch: int = 500) -> Sight:
    """Show pictures to the judge, some at a time.

    Parameters
    ----------
    judge : Classifier
        Its device is where the work is done; results stay there.
    images : Tensor
        Bytes (N, 28, 28), or floats (N, 1, 28, 28) from -1 to 1 as a generator makes them.
    batch : int
        Pictures at a time; it does not change the result beyond rounding.

    Examples
    --------
    >>> sight = look(Classifier(2), torch.zeros(3, 28, 28, dtype=torch.uint8))
    >>> sight.features.shape, sight.probabilities.sum(dim=1).allclose(torch.ones(3))
    (torch.Size([3, 128]), True)
    """
    shape = (28, 28) if images.dtype == torch.uint8 else (1, 28, 28)
    if images.shape[1:] != shape or not len(images):
        raise ValueError(f"images must be of shape (N, {shape}), got {tuple(images.shape)}")
    if batch < 1:
        raise ValueError(f"batch must be at least 1, got {batch}")
    training, device = judge.training, judge.head.weight.device
    features, logits = [], []
    judge.eval()  # batch norm with its running averages: a picture is judged by itself
    try:
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            x = scaled(part.to(device)) if part.dtype == torch.uint8 else part.to(device)
            features.append(judge.features(x.float()))
            logits.append(judge.head(features[-1]))
    finally:
        judge.train(training)
    return Sight(torch.cat(features), torch.cat(logits).softmax(dim=1))


def accuracy(judge: Classifier, digits: Digits, batch: int = 500) -> float:
    """Share of digits that the judge gives the right class."""
    guess = look(judge, digits.images, batch).probabilities.argmax(dim=1)
    return float((guess == digits.labels.to(guess.device)).double().mean())


def train_classifier(
    digits: Digits, settings: ClassifierSettings | None = None, progress: bool = True
) -> Classifier:
    """Train a judge, on the device of the digits; the seed decides everything random.

    Adam on the cross-entropy, each picture shifted at random each time.  On one device, with one
    number of threads, the same call gives the same network.

    Parameters
    ----------
    digits : Digits
        Training data: at least one batch.
    settings : ClassifierSettings, optional
        The recipe.
    progress : bool
        Show a progress bar once the work has taken a second.
    """
    s = settings or ClassifierSettings()
    if len(digits) < s.batch:
        raise ValueError(f"digits must hold at least a batch of {s.batch}, got {len(digits)}")
    device = digits.images.device
    random = torch.Generator().manual_seed(s.seed)
    judge = _fresh(s).to(device)
    # Old versions of torch have no fused Adam for the GPU of a Mac.
    adam = torch.optim.Adam(judge.parameters(), s.lr, fused=device.type != "mps")
    order = torch.zeros(0, dtype=torch.int64)
    for step in tqdm(range(s.steps), "training the judge", delay=1, leave=False,
                     disable=not progress):  # fmt: skip
        if len(order) < s.batch:  # each picture once in a round
            order = torch.randperm(len(digits), generator=random)
        chosen, order = order[: s.batch].to(device), order[s.batch :]
        shifts = torch.randint(2 * s.shift + 1, (2, s.batch), generator=random).to(device)
        for group in adam.param_groups:
            group["lr"] = s.lr * min(1.0, 10 * (step + 1) / s.steps) * (1 - step / s.steps)
        logits = judge(scaled(shifted(digits.images[chosen], shifts, s.shift)))
        adam.zero_grad()
        torch.autograd.backward(cross_entropy(logits, digits.labels[chosen]))
        adam.step()
    return judge.eval().requires_grad_(False)


def shifted(images: Tensor, shifts: Tensor, most: int) -> Tensor:
    """Move each picture (B, h, w) by its own ``shifts[:, b] - most`` rows and columns.

    What enters at the edges is 0.

    Examples
    --------
    >>> one = torch.tensor([[[1, 2], [3, 4]]])
    >>> shifted(one, torch.tensor([[1], [2]]), most=1).tolist()  # no row up, one column left
    [[[2, 0], [4, 0]]]
    """
    n, h, w = images.shape
    row = shifts[0][:, None] + torch.arange(h, device=images.device)
    column = shifts[1][:, None] + torch.arange(w, device=images.device)
    which = torch.arange(n, device=images.device)[:, None, None]
    return pad(images, (most,) * 4)[which, row[:, :, None], column[:, None, :]]


def load_classifier(
    digits: Digits, settings: ClassifierSettings | None = None, progress: bool = True
) -> Classifier:
    """Return the judge that `train_classifier` makes of these digits, from the cache if it can.

    The file's name is a digest of the settings, the data and the kind of device.  A file that
    cannot be read is replaced; where nothing can be written, there is a warning, and the judge
    is trained each time.

    Parameters
    ----------
    digits, settings, progress
        As for `train_classifier`.
    """
    s = settings or ClassifierSettings()
    path = cache_folder() / "classifiers" / f"{_key(digits, s)}.pt"
    judge = _read(path, s)
    if judge is None:
        with _alone(path):
            judge = _read(path, s)  # another process may have been faster
            if judge is None:
                judge = train_classifier(digits, s, progress)
                try:
                    _write(path, judge)
                except OSError as error:
                    message = f"the judge cannot be kept, and must be trained again: got {error}"
                    warnings.warn(message, stacklevel=2)
    return judge.to(digits.images.device).eval().requires_grad_(False)


def _fresh(settings: ClassifierSettings) -> Classifier:
    """Return an untrained judge, whatever torch's global generator holds, which stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return Classifier(settings.width)


def _key(digits: Digits, settings: ClassifierSettings) -> str:
    text = json.dumps([VERSION, digits.images.device.type, dataclasses.asdict(settings)])
    digest = hashlib.sha256(text.encode())
    for tensor in (digits.images, digits.labels):
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:24]


def _read(path: Path, settings: ClassifierSettings) -> Classifier | None:
    """Return the judge in a file, or None if it is not there, not whole, or of another shape."""
    with torch.device("meta"):  # no memory and no random numbers: the file brings the weights
        judge = Classifier(settings.width)
    try:
        content = path.read_bytes()
        if content[:32] != hashlib.sha256(content[32:]).digest():
            return None
        state = torch.load(io.BytesIO(content[32:]), weights_only=True)
        judge.load_state_dict(state, assign=True)
    except (OSError, RuntimeError, TypeError):
        return None
    return judge


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process train, and others wait for what it makes: chapters run side by side."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):  # no place for a file: no waiting
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(path.with_suffix(".lock")))
        yield


def _write(path: Path, judge: Classifier) -> None:
    """Write a digest and the weights, whole or not at all."""
    weights = io.BytesIO()
    torch.save({name: tensor.cpu() for name, tensor in judge.state_dict().items()}, weights)
    content = weights.getvalue()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(hashlib.sha256(content).digest() + content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
