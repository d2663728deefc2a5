"""Choose the digit: a trained conditional generator that runs in the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gan_lessons.figures.choose_digit_net import layers, pictures
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Group, Preset, Range, Select, State, Table
from gan_lessons.figures.explorer_words import amount
from gan_lessons.figures.packing import pack, unpack
from gan_lessons.mnist.networks import Generator
from gan_lessons.mnist.sampling import Sampler, great_circle

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

VECTORS = 8  # noise vectors on the way, which ends where it begins
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = len(NAMES)

WORDS = {
    "small": "the same noise with each label",
    "at": "A {digit} from noise vector {k}.",
    "between": "A {digit}, {share} % of the way from noise vector {k} to noise vector {next}.",
    "none": "There is no noise: all that <i>G</i> knows is the label.",
    "shorter": "The noise is {length} times as long as it was drawn: nearer to the middle.",
    "usual": "The noise is as it was drawn.",
    "longer": "The noise is {length} times as long as it was drawn: farther out.",
    "head": "",
    "head_one": "this digit",
    "head_all": "mean of ten",
    "row_ink": "ink, share of the picture",
    "row_slant": "slant to the right, degrees",
}


class ChooseDigit(Explorer):
    """A generator of digits with a control for the label and two for the noise.

    Parameters
    ----------
    sampler : Sampler
        A trained generator with ten classes.
    seed : int
        Of the noise vectors on the way.
    title, alt
        See :class:`gan_lessons.figures.base.Figure`.
    """

    kind = "choose_digit"
    words = WORDS
    groups = (
        Group(
            "Controls",
            [
                Select("digit", "Digit", {name: str(y) for y, name in enumerate(NAMES)}),
                Range("way", "Walk through noise", 0.0, VECTORS, 0.05),
                Range("length", "Length of the noise", 0.0, 2.0, 0.05),
            ],
        ),
    )
    presets = (
        Preset(
            "A seven",
            "Look at the ten small pictures: one noise vector, ten labels. Then choose another "
            "digit. The label decides which digit it is, the noise how it is written.",
            {"digit": "seven", "way": 0.0, "length": 1.0},
        ),
        Preset(
            "On the way",
            "Half-way between two noise vectors. Move along: the style changes bit by bit. "
            "Does it remain a 7?",
            {"digit": "seven", "way": 0.5, "length": 1.0},
        ),
        Preset(
            "Another hand",
            "Another noise vector: all ten digits change. Compare their strokes with one another.",
            {"digit": "four", "way": 3.0, "length": 1.0},
        ),
        Preset(
            "No noise",
            "Length 0. Now the walk changes nothing: there is one picture for each label, and "
            "nobody wrote it.",
            {"digit": "seven", "way": 0.0, "length": 0.0},
        ),
        Preset(
            "Too much noise",
            "Noise twice as long as usual. In this many dimensions nearly all noise has the same "
            "length, so <i>G</i> has never been trained for this. Look which digits suffer.",
            {"digit": "eight", "way": 2.0, "length": 2.0},
        ),
    )

    def __init__(self, sampler: Sampler, seed: int, *, title: str, alt: str) -> None:
        generator = sampler.network
        if not isinstance(generator, Generator) or generator.settings.classes != DIGITS:
            raise ValueError(f"sampler must hold a Generator of ten classes, got {generator}")
        self.net = layers(generator)
        draw = torch.Generator().manual_seed(seed)
        noise = torch.randn(VECTORS, sampler.width, generator=draw).double()
        self.noise = torch.from_numpy(unpack(pack(noise.numpy(), "noise")))  # as the page has it
        super().__init__(title=title, alt=alt)

    def data(self) -> dict[str, Any]:
        """Return what every explorer has, and the generator."""
        return {
            **super().data(),
            "layers": [layer.data() for layer in self.net],
            "noise": pack(self.noise.numpy(), "noise"),
        }

    def z(self, state: State) -> Tensor:
        """Return the noise of a state, (noise,)."""
        k = math.floor(state["way"])
        here, there = self.noise[k % VECTORS], self.noise[(k + 1) % VECTORS]
        return float(state["length"]) * great_circle(here, there, state["way"] - k)

    def shown(self, state: State) -> Tensor:
        """Return all ten digits of a state, (10, 28, 28) from -1 to 1."""
        return pictures(self.net, self.z(state).expand(DIGITS, -1), torch.arange(DIGITS))

    def numbers(self, state: State) -> dict[str, float]:
        """Ink and slant of each digit."""
        found: dict[str, float] = {}
        for y, picture in enumerate(self.shown(state)):
            found |= {f"ink_{y}": ink(picture), f"slant_{y}": slant(picture)}
        return found

    def table(self, state: State) -> Table:
        """Ink and slant: what the digits of one noise vector share."""
        c = self.numbers(state)
        rows: list[list[Any]] = []
        for row, digits in (("ink", 3), ("slant", 1)):
            mean = sum(c[f"{row}_{y}"] for y in range(DIGITS)) / DIGITS
            one = c[f"{row}_{NAMES.index(state['digit'])}"]
            rows.append([WORDS[f"row_{row}"], amount(one, digits), amount(mean, digits)])
        return Table([WORDS[key] for key in ("head", "head_one", "head_all")], rows)

    def sentence(self, state: State) -> str:
        """Which digit, from which noise."""
        k = math.floor(state["way"])
        share = round(100 * (state["way"] - k))
        values = {
            "digit": NAMES.index(state["digit"]), "k": k % VECTORS + 1, "share": share,
            "next": (k + 1) % VECTORS + 1, "length": amount(state["length"], 2),
        }  # fmt: skip
        length = state["length"]
        long = "none" if length == 0 else "shorter" if length < 1 else "longer"
        parts = ("between" if share else "at", "usual" if length == 1 else long)
        return " ".join(WORDS[key].format(**values) for key in parts)

    def picture(self, state: State) -> Drawing:
        """Draw the digit, and all ten of the same noise."""
        from gan_lessons.figures.choose_digit_static import draw

        return draw(self.shown(state), NAMES.index(state["digit"]))


def ink(picture: Tensor) -> float:
    """Mean of the pixels on a scale from 0, paper, to 1.

    Examples
    --------
    >>> ink(torch.tensor([[-1.0, 1.0]]))
    0.5
    """
    return float((picture + 1).mean() / 2)


def slant(picture: Tensor) -> float:
    """How far the ink leans to the right, in degrees from upright: by its second moments.

    Examples
    --------
    >>> up = torch.eye(5).flip(0) * 2 - 1  # from the lower left to the upper right
    >>> round(slant(up), 6), round(slant(up.flip(1)), 6)
    (45.0, -45.0)
    """
    w = (picture + 1) / 2
    total = w.sum()
    down = torch.arange(w.shape[0], dtype=w.dtype)[:, None]
    right = torch.arange(w.shape[1], dtype=w.dtype)[None]
    down = down - (w * down).sum() / total
    right = right - (w * right).sum() / total
    lean = float(-(w * down * right).sum()), float((w * down * down).sum())
    return math.degrees(math.atan2(*lean))


def explorer(sampler: Sampler, seed: int = 0) -> ChooseDigit:
    """Make the figure from a trained generator.

    Parameters
    ----------
    sampler : Sampler
        From `gan_lessons.mnist.sampling.sampler`, of a run with the ten digits as labels.
    seed : int
        Of the eight noise vectors that the walk passes.
    """
    return ChooseDigit(
        sampler,
        seed,
        title="Choose the digit",
        alt=(
            "A large picture of the chosen digit, drawn by a generator, and ten small pictures: "
            "the digits 0 to 9 from the same noise, the chosen one in a frame."
        ),
    )
