"""What an explorer is made of: fields of its state with their controls, presets, a table.

All of it is plain data: the page's script and the live widget are built from the same objects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gan_lessons.figures.base import require_text

State = dict[str, Any]  # field name -> float (Range) or str (Select, Button)


@dataclass(frozen=True)
class Range:
    """A number with a slider, on a grid from ``low`` in steps of ``step``.

    Parameters
    ----------
    name
        Its name in the state, in the address and in the script: letters, digits, underscore.
    label
        What stands beside the control; marks are allowed.
    low, high, step
        The grid; ``high`` lies on it.
    reading
        The value beside the slider, as text with the gap ``{value}``.
    slider
        Whether the page shows a slider.  Without one the field is moved by a handle in the
        picture; the live widget, which has no handles, shows a slider all the same.
    """

    name: str
    label: str
    low: float
    high: float
    step: float
    reading: str = "{value}"
    slider: bool = True

    def __post_init__(self) -> None:
        _check_name(self.name)
        require_text(self.label, "label")
        steps = (self.high - self.low) / self.step if self.step > 0 else math.nan
        if not (steps > 0 and abs(steps - round(steps)) < 1e-9):
            raise ValueError(
                f"step must divide the way from low to high, got {self.step} "
                f"for {self.low} to {self.high}"
            )

    @property
    def digits(self) -> int:
        """Decimals of the grid.

        Examples
        --------
        >>> Range("mean", "Mean", -4.0, 4.0, 0.05).digits
        2
        """
        written = (f"{value:.9f}".rstrip("0") for value in (self.step, self.low))
        return max(len(value.partition(".")[2]) for value in written)

    def check(self, value: object) -> float:
        """Return ``value`` on the grid, or raise ``ValueError``."""
        number = float(value) if isinstance(value, int | float) else math.nan
        if not self.low - 1e-9 <= number <= self.high + 1e-9:
            raise ValueError(
                f"{self.name} must be a number from {self.low} to {self.high}, got {value!r}"
            )
        steps = round((number - self.low) / self.step)
        return round(self.low + steps * self.step, self.digits) + 0.0

    def data(self) -> dict[str, Any]:
        """All that the script needs."""
        return {
            "type": "range", "name": self.name, "label": self.label, "low": self.low,
            "high": self.high, "step": self.step, "digits": self.digits,
            "reading": self.reading, "slider": self.slider,
        }  # fmt: skip


@dataclass(frozen=True)
class Select:
    """A choice from a list.

    Parameters
    ----------
    name, label
        As for :class:`Range`.
    options
        Value in the state and in the address -> what the reader sees (no marks: a list of a
        page cannot show them).
    """

    name: str
    label: str
    options: Mapping[str, str]

    def __post_init__(self) -> None:
        _check_name(self.name)
        require_text(self.label, "label")
        _check_options(self.options)

    def check(self, value: object) -> str:
        """Return ``value`` if it is an option, or raise ``ValueError``."""
        if value not in self.options:
            raise ValueError(f"{self.name} must be one of {[*self.options]}, got {value!r}")
        return str(value)

    def data(self) -> dict[str, Any]:
        """All that the script needs."""
        return {
            "type": "select", "name": self.name, "label": self.label,
            "options": list(self.options.items()),
        }  # fmt: skip


@dataclass(frozen=True)
class Button(Select):
    """A button that goes to the next of its options at each press, and from the last to the first.

    It shows the label of the CURRENT option, so write there what a press does:
    ``Button("phase", "Turn", {"shape": "Commit", "seen": "Shape again"})``.
    """

    def data(self) -> dict[str, Any]:
        """All that the script needs."""
        return {**super().data(), "type": "button"}


@dataclass(frozen=True)
class Action:
    """A button that moves several fields at once and is none itself, such as "reset".

    Parameters
    ----------
    name, label
        As for :class:`Range`.
    text
        What stands on the button; no marks.
    changes
        Field -> the value that a press gives it.
    """

    name: str
    label: str
    text: str
    changes: Mapping[str, float | str]

    def __post_init__(self) -> None:
        _check_name(self.name)
        require_text(self.label, "label")
        require_text(self.text, "text")

    def data(self) -> dict[str, Any]:
        """All that the script needs."""
        return {
            "type": "action", "name": self.name, "label": self.label, "text": self.text,
            "changes": dict(self.changes),
        }  # fmt: skip


Field = Range | Select  # a Button is a Select


@dataclass(frozen=True)
class Group:
    """Fields whose controls are in sight together: at most three, as the design demands.

    An explorer with more than one group shows a tab for each.
    """

    label: str
    fields: Sequence[Field | Action]

    def __post_init__(self) -> None:
        require_text(self.label, "label")
        shown = [one for one in self.fields if not (isinstance(one, Range) and not one.slider)]
        if len(shown) > 3:
            raise ValueError(f"fields must show at most three controls, got {len(shown)}")


@dataclass(frozen=True)
class Preset:
    """A state worth looking at, and what to look at in it.

    Parameters
    ----------
    label
        A few words for the list; no marks.
    caption
        What to look at; ``<i>``, ``<sub>`` and ``<b>`` may mark parts.
    state
        The fields that differ from the explorer's first preset; the first names all of them.
    """

    label: str
    caption: str
    state: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_text(self.label, "label")
        require_text(self.caption, "caption")


@dataclass(frozen=True)
class Bar:
    """A cell of a table that shows a share from 0 to 1 as the length of a bar.

    ``low`` and ``high`` are what stands at its ends.
    """

    share: float
    low: str
    high: str


@dataclass(frozen=True)
class Table:
    """The numbers under a picture: a header (may be empty) and rows.

    The first cell of a row names it.  Text may hold marks.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str | Bar]]


def _check_name(name: str) -> None:
    if not (name.isascii() and name.isidentifier()) or name == "preset":
        raise ValueError(f"name must be letters, digits and underscores, got {name!r}")


def _check_options(options: Mapping[str, str]) -> None:
    if len(options) < 2:
        raise ValueError(f"options must hold at least two choices, got {options!r}")
    for value, text in options.items():
        if not value.replace("-", "_").isidentifier():
            raise ValueError(f"options must have plain words as keys, got {value!r}")
        require_text(text, "options")
