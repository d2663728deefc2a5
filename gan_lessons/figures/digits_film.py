"""The film of digits: a recorded training of an image GAN, to be scrubbed with a slider.

One grid of pictures, always of the same noise; what D says of real digits and of new pictures;
what the judge sees in new pictures; and beside each picture of the grid the training digit that
is nearest to it.  Everything was recorded during the run: see `gan_lessons.mnist.film`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from gan_lessons.figures.base import Figure
from gan_lessons.figures.digits_film_words import SENTENCES, WORDS, Part, what_shows
from gan_lessons.figures.sprites import sheet
from gan_lessons.mnist.film import Film, Recording

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

EDGES = np.linspace(0.0, 1.0, 21)  # of the bins of D(x)
GROUP = 8  # pictures that are shown larger at a time
ROW = 32  # training digits in a row of their sheet


class DigitsFilm(Figure):
    """A recorded training of digits.

    Parameters
    ----------
    recording
        What `gan_lessons.mnist.film.Film` recorded.
    title, alt
        See :class:`gan_lessons.figures.base.Figure`.
    start
        The training step shown first (the nearest recorded one); the last if ``None``.
    """

    kind = "digits_film"

    def __init__(
        self, recording: Recording, *, title: str, alt: str, start: int | None = None
    ) -> None:
        super().__init__(title=title, alt=alt)
        self.recording = recording
        steps = recording.step
        if start is not None and not steps[0] <= start <= steps[-1]:
            raise ValueError(
                f"start must lie between steps {steps[0]} and {steps[-1]}, got {start}"
            )
        self.frame = len(steps) - 1 if start is None else int(np.abs(steps - start).argmin())

    @cached_property
    def scores(self) -> dict[str, NDArray[np.float64]]:
        """Share of the real digits, and of G's pictures, with D(x) in each bin: (F, bins)."""
        return {
            name: np.stack([np.histogram(row, EDGES)[0] / len(row) for row in expit(logits)])
            for name, logits in (("real", self.recording.real), ("fake", self.recording.fake))
        }

    @cached_property
    def classes(self) -> dict[str, NDArray[np.float64]]:
        """Share of new pictures of each class, and of those that the judge is sure of: (F, 10).

        And "usual": the shares of the training digits, (10,).
        """
        r = self.recording
        total = r.classes.sum(1, keepdims=True)
        usual = r.usual_classes / r.usual_classes.sum()
        return {"all": r.classes / total, "sure": r.sure / total, "usual": usual}

    @cached_property
    def limits(self) -> dict[str, float]:
        """Tops of both panels; what is higher is cut off, with its number beside it.

        Of D(x): a quarter more than the highest bar of a middling frame.  Of the classes: two and
        a half times the most frequent class of real digits.  Never above the highest bar of all.
        """
        highest = np.maximum(*self.scores.values()).max(1)
        middling, top = float(np.median(highest)), float(highest.max())
        usual, most = float(self.classes["usual"].max()), float(self.classes["all"].max())
        return {
            "scores": 1.05 * min(1.25 * middling, top),
            "classes": 1.05 * max(usual, min(2.5 * usual, most)),
        }

    @cached_property
    def shows(self) -> list[list[Part]]:
        """Which sentences are true of each frame."""
        return what_shows(self.recording)

    @cached_property
    def distance(self) -> NDArray[np.float64]:
        """The distances as they are written, with one decimal: (F, n)."""
        return np.asarray(np.round(self.recording.distance, 1))

    @cached_property
    def confidence(self) -> NDArray[np.int64]:
        """The probabilities of the judge, in whole percent, at most 99: (F, n)."""
        return np.rint(100 * self.recording.confidence).clip(0, 99).astype(np.int64)

    def values(self, frame: int, picture: int) -> dict[str, object]:
        """Return the numbers in the sentence about one picture, counted from 0."""
        r = self.recording
        return {
            "picture": picture + 1,
            "digit": int(r.digit[frame, picture]),
            "percent": int(self.confidence[frame, picture]),
            "label": int(r.label[frame, picture]),
            "distance": f"{self.distance[frame, picture]:.1f}",
            "usual": f"{np.round(r.usual_distance, 1):.1f}",
        }

    def data(self) -> dict[str, Any]:
        """Return the words, the sheets of pictures and all numbers."""
        r = self.recording
        used, first, where = np.unique(r.index, return_index=True, return_inverse=True)
        side = r.nearest.shape[2:]
        digits = r.nearest.reshape(-1, *side)[first]
        full = np.zeros((-(-len(used) // ROW) * ROW, *side), np.uint8)
        full[: len(used)] = digits
        return {
            "words": WORDS,
            "sentences": SENTENCES,
            "start": self.frame,
            "step": r.step.tolist(),
            "side": side[0],
            "group": GROUP,
            "row": ROW,
            "made": sheet(r.pictures),
            "near": sheet(full.reshape(-1, ROW, *side)),
            "nearest": where.reshape(r.index.shape).tolist(),
            "label": r.label.reshape(-1)[first].tolist(),
            "distance": self.distance.tolist(),
            "usual": float(np.round(r.usual_distance, 1)),
            "digit": r.digit.tolist(),
            "confidence": self.confidence.tolist(),
            "samples": int(r.classes[0].sum()),
            "scores": {name: shares.round(6).tolist() for name, shares in self.scores.items()},
            "classes": {name: shares.round(6).tolist() for name, shares in self.classes.items()},
            "limits": self.limits,
            "shows": self.shows,
        }

    def draw(self) -> Drawing:
        """Draw the frame that is shown first."""
        from gan_lessons.figures.digits_film_static import Picture

        return Picture(self).drawing

    def widget(self) -> Any:
        """Make a new box; see :func:`gan_lessons.figures.digits_film_widget.film_box`."""
        from gan_lessons.figures.digits_film_widget import film_box

        return film_box(self)


def digits_film(
    film: Film | Recording, *, title: str = "How a GAN learns to draw digits"
) -> DigitsFilm:
    """Show what a film recorded.

    Parameters
    ----------
    film
        After the training.
    title
        A short name.
    """
    recording = film.recording() if isinstance(film, Film) else film
    n, steps = recording.pictures.shape[1], recording.step
    return DigitsFilm(
        recording,
        title=title,
        alt=(
            f"{n} pictures by the averaged generator, always of the same noise, at "
            f"{len(steps)} moments from step {steps[0]} to step {steps[-1]} of the training."
        ),
    )
