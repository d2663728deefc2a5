"""The frame of exact, interactive figures: a few controls, presets, a picture, numbers, a sentence.

An explorer holds no recorded run: the page's script works everything out by exact formulas
(``exact.js``), and the tests hold the script against this package.

**In Python**, a figure ``kind`` is a module ``gan_lessons/figures/<kind>.py`` with one subclass of
:class:`Explorer` and a function ``explorer()`` that makes it.  The subclass gives

``kind``, ``groups``, ``presets``, ``words``
    class variables.  ``groups`` hold the fields of the state (:mod:`explorer_parts`: ``Range``,
    ``Select``, ``Button``), at most three controls in each; the state of ``presets[0]`` is the
    default and names every field.  ``words`` is the table of all text; its entries reach the
    script as ``data.words``, together with the frame's own (:mod:`explorer_words`).
``tabs`` (optional)
    a ``Select`` with one option for each group: the tab in sight is then a field of the state, in
    presets and in the address.  An ``Action`` among the fields of a group is a button that moves
    several fields at once and is none itself.
``numbers(state)``
    a dict of floats computed by ``gan_lessons`` (infinite is allowed, NaN is not).
``table(state)``, ``sentence(state)``
    what is written under the picture: a :class:`Table`, and one or two sentences that say what the
    picture shows now.  Use :func:`explorer_words.amount` for numbers and ``str.format`` on words.
``picture(state)``
    a matplotlib figure that pyplot does not know; it is the static face and the live widget's.

**In JavaScript**, ``<kind>.js`` calls ``explorer("<kind>", { ... })`` (``explorer.js``) with

``compute(state, data)``
    the numbers, as an object with the same names as ``numbers(state)`` (and whatever else the
    picture needs, such as curves).  Pure: no page, no memory.
``picture(stage)``
    draws what never moves for one width of the page and returns ``draw(state, c)``, which is called
    with each new state and with what ``compute`` returned.  When it returns, ``stage.top`` is the
    height of the drawing.
``table(state, c, data)``, ``sentence(state, c, data)``
    as in Python, word for word: a test holds them against each other.  A table is
    ``{ head: [...], rows: [[name, cell, ...], ...] }``, a cell is marked text or
    ``{ share, low, high }``, a bar.
``reading(name, state, data)``
    optional: the text beside a slider and read out by it; ``undefined`` for the usual one.

``stage`` is a ``Stage`` (``base.js``: ``layer``, ``left``, ``right``, ``width``, ``narrow``,
``top``, ``x``, ``xTicks``; ``legend``, ``panel``, ``rule``, ``tick``, ``columns``, ``rows``,
``across``) with, further,

``stage.data``
    what Python sent (``data.words``, ``data.fields`` by name, ``data.alt``).
``stage.set(changes)``
    moves the state: ``{ field: value }``, clamped to the field's range and put on its grid.
``stage.handle({ field, axis, to, from, tone, shape, label })``
    a drag handle in the picture: a 44 px target that is also a focusable ``role="slider"`` with
    arrow keys, Page Up and Down, Home and End.  ``field`` is the name of a Range (with
    ``slider=False`` if the handle is its only control); ``axis`` is ``"x"`` (default) or ``"y"``;
    ``to(value)`` is its place in pixels along that axis and ``from(pixel)`` the inverse; ``tone``
    is ``data``, ``made``, ``judge`` or ``ink``; ``shape`` is ``circle``, ``square``, ``diamond`` or
    ``arrow``; ``label`` names it (else the field's label).  It returns ``{ node, place(x, y) }``:
    call ``place`` in ``draw``.
``stage.into(group, paint)``
    empties ``group`` and calls ``paint()``, during which the stage's methods draw into it: for
    ticks and legends that change with the state.  ``top`` is put back afterwards.
``stage.grab(node, field, to, from, axis)``
    makes a part of the picture, such as the area under a curve, draggable with mouse or finger; the
    handle stays the way for the keyboard.

Classes for lines and areas, to be given a second cue beside their colour: ``ganl-stroke-<tone>``,
``ganl-area-<tone>`` (plain), ``ganl-hatch-<tone>`` (hatched), ``ganl-text-<tone>``, with ``tone``
as above; ``ganl-on`` gives a text a halo, ``ganl-tick`` makes it small and quiet.

The page's element carries ``ganl`` for tests and teachers: ``ganl.state`` (a copy),
``ganl.set(changes)``, ``ganl.compute(state)``, ``ganl.sentence(state)``, ``ganl.table(state)``.

A state can be linked: ``#ganl-<kind>=name:value;name:value`` (``#ganl-<kind>-2=`` for the second of
its kind on a page).  Numbers out of range are clamped, anything else that does not fit is ignored,
and fields that are not named keep their default.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from gan_lessons.figures.base import Figure
from gan_lessons.figures.explorer_parts import Action, Field, Group, Preset, Select, State, Table
from gan_lessons.figures.explorer_words import FRAME

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


class Explorer(Figure):
    """An exact figure with controls; see the module's text.

    Parameters
    ----------
    title, alt
        See :class:`gan_lessons.figures.base.Figure`.
    """

    shared = ("base", "exact", "explorer")
    groups: ClassVar[Sequence[Group]]
    presets: ClassVar[Sequence[Preset]]
    words: ClassVar[Mapping[str, str]]
    tabs: ClassVar[Select | None] = None

    def __init__(self, *, title: str, alt: str) -> None:
        super().__init__(title=title, alt=alt)
        missing = set(self.fields) ^ set(self.presets[0].state)
        if missing:
            raise ValueError(f"presets must begin with a state of every field, got {missing} amiss")
        for preset in self.presets:
            self.state(**preset.state)

    @property
    def fields(self) -> dict[str, Field]:
        """Every field of the state by its name."""
        held = [field for group in self.groups for field in group.fields]
        if self.tabs is not None:
            held.insert(0, self.tabs)
        return {field.name: field for field in held if not isinstance(field, Action)}

    def state(self, **changes: float | str) -> State:
        """Return the default state with some fields changed.

        Raises
        ------
        ValueError
            If a field does not exist or cannot take the value.
        """
        fields = self.fields
        for name in changes:
            if name not in fields:
                raise ValueError(f"{name} must be one of {[*fields]}, got {changes[name]!r}")
        wanted = {**self.presets[0].state, **changes}
        return {name: field.check(wanted[name]) for name, field in fields.items()}

    @abstractmethod
    def numbers(self, state: State) -> dict[str, float]:
        """Compute the numbers of a state with the package."""

    @abstractmethod
    def table(self, state: State) -> Table:
        """Write the numbers of a state."""

    @abstractmethod
    def sentence(self, state: State) -> str:
        """Say what the picture of a state shows."""

    @abstractmethod
    def picture(self, state: State) -> Drawing:
        """Draw a state, on a matplotlib figure that pyplot does not know."""

    def data(self) -> dict[str, Any]:
        """Return the words, the controls and the presets."""
        return {
            "words": {**FRAME, **self.words},
            "tabs": None if self.tabs is None else self.tabs.data(),
            "groups": [
                {"label": group.label, "fields": [field.data() for field in group.fields]}
                for group in self.groups
            ],
            "presets": [
                {
                    "label": preset.label,
                    "caption": preset.caption,
                    "state": self.state(**preset.state),
                }
                for preset in self.presets
            ],
        }

    def draw(self) -> Drawing:
        """Draw the default state."""
        return self.picture(self.state())

    def widget(self) -> Any:
        """Make a new box; see :func:`gan_lessons.figures.explorer_widget.explorer_box`."""
        from gan_lessons.figures.explorer_widget import explorer_box

        return explorer_box(self)
