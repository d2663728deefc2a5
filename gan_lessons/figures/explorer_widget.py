"""An explorer as a box of core ipywidgets, for ipywidgets 7.7 and 8."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gan_lessons.figures import live_widget
from gan_lessons.figures.base import png_bytes
from gan_lessons.figures.explorer_parts import Action, Bar, Button, Field, Range, Table
from gan_lessons.figures.explorer_words import FRAME, plain
from gan_lessons.figures.live_widget import paragraph

if TYPE_CHECKING:
    from gan_lessons.figures.explorer import Explorer

OWN = -1  # the entry of the list of presets that stands for any other state


def explorer_box(figure: Explorer) -> Any:
    """Make the box; its children are found by name as its attributes for those who script it.

    Parameters
    ----------
    figure
        Any explorer: the controls come from its groups, the rest from its methods.

    Returns
    -------
    ipywidgets.VBox
        With attributes ``preset``, ``controls`` (a dict by field), ``caption``, ``picture``,
        ``text`` and ``table``.
    """
    w = importlib.import_module("ipywidgets")
    states = [figure.state(**preset.state) for preset in figure.presets]
    options = [(preset.label, i) for i, preset in enumerate(figure.presets)]
    preset = w.Dropdown(
        options=[*options, (FRAME["own"], OWN)], value=0, description=FRAME["preset"]
    )
    controls = {name: _control(w, field, states[0][name]) for name, field in figure.fields.items()}
    picture, framed = live_widget.picture(w)
    caption, text, table = w.HTML(), w.HTML(), w.HTML()
    quiet: list[bool] = []  # not empty while a preset moves many controls at once

    def show(_: object = None) -> None:
        if quiet:
            return
        state = figure.state(**{name: one.state_value() for name, one in controls.items()})
        found = states.index(state) if state in states else OWN
        quiet.append(True)
        preset.value = found
        quiet.clear()
        about = figure.presets[found].caption if found != OWN else FRAME["own_caption"]
        caption.value = paragraph(about)
        text.value = paragraph(figure.sentence(state))
        table.value = table_html(figure.table(state))
        picture.value = png_bytes(figure.picture(state))

    def choose(_: object) -> None:
        if quiet or preset.value == OWN:
            return
        quiet.append(True)
        for name, value in states[preset.value].items():
            controls[name].go(value)
        quiet.clear()
        show()

    preset.observe(choose, "value")
    for control in controls.values():
        control.when_moved(show)

    def press(action: Action) -> Any:
        button = w.Button(description=action.text, layout={"width": "auto"})

        def go(_: object) -> None:
            quiet.append(True)
            for name, value in action.changes.items():
                controls[name].go(value)
            quiet.clear()
            show()

        button.on_click(go)
        return button

    def node(one: Field | Action) -> Any:
        return press(one) if isinstance(one, Action) else controls[one.name].node

    groups = [w.VBox([node(one) for one in group.fields]) for group in figure.groups]
    moves = groups[0]
    if len(groups) > 1:
        moves = w.Tab(children=groups)
        for i, group in enumerate(figure.groups):
            moves.set_title(i, plain(group.label))
        if figure.tabs is not None:
            _bind(moves, controls[figure.tabs.name].node)
    box = w.VBox([preset, caption, moves, framed, text, table])
    box.preset, box.caption, box.picture, box.text, box.table = (
        preset,
        caption,
        picture,
        text,
        table,
    )
    box.controls = {name: one.node for name, one in controls.items()}
    show()
    return box


def _bind(tab: Any, chosen: Any) -> None:
    """Keep the tab in sight and the field that says which one equal."""
    values = [value for _, value in chosen.options]

    def to_field(_: object) -> None:
        if tab.selected_index is not None:
            chosen.value = values[tab.selected_index]

    def to_tab(_: object) -> None:
        tab.selected_index = values.index(chosen.value)

    to_tab(None)
    tab.observe(to_field, "selected_index")
    chosen.observe(to_tab, "value")


class _Control:
    """A widget that holds the value of one field."""

    def __init__(self, node: Any) -> None:
        self.node = node

    def state_value(self) -> float | str:
        """The value as the state holds it."""
        value: float | str = self.node.value
        return value

    def go(self, value: float | str) -> None:
        self.node.value = value

    def when_moved(self, action: Any) -> None:
        self.node.observe(action, "value")


class _Press(_Control):
    """A button that goes through the options of its field."""

    def __init__(self, node: Any, field: Button, value: str) -> None:
        super().__init__(node)
        self.field = field
        self.actions: list[Callable[[], object]] = []
        self.go(value)
        node.on_click(lambda _: self.press())

    def press(self) -> None:
        options = list(self.field.options)
        self.go(options[(options.index(self.value) + 1) % len(options)])
        for action in self.actions:
            action()

    def state_value(self) -> str:
        return self.value

    def go(self, value: float | str) -> None:
        self.value = str(value)
        self.node.description = self.field.options[self.value]

    def when_moved(self, action: Any) -> None:
        self.actions.append(action)


def _control(w: Any, field: Field, value: Any) -> _Control:
    wide = {"description_width": "initial"}
    if isinstance(field, Range):
        slider = w.FloatSlider(
            value=value, min=field.low, max=field.high, step=field.step, style=wide,
            description=plain(field.label), readout_format=f".{field.digits}f",
            continuous_update=False,  # the kernel needs longer for a picture than a finger moves
            layout={"width": "420px"},
        )  # fmt: skip
        return _Control(slider)
    if isinstance(field, Button):
        return _Press(w.Button(layout={"width": "auto"}), field, value)
    options = [(text, name) for name, text in field.options.items()]
    description = plain(field.label)
    return _Control(w.Dropdown(options=options, value=value, description=description, style=wide))


def table_html(table: Table) -> str:
    """Write a table as HTML; a bar is drawn with borders alone.

    Examples
    --------
    >>> print(table_html(Table(["a"], [["<b>x</b>"]])))
    <table><tr><th scope="col">a</th></tr><tr><th scope="row"><b>x</b></th></tr></table>
    """
    head = "".join(f'<th scope="col">{text}</th>' for text in table.head)
    rows = [f"<tr>{head}</tr>"] if table.head else []
    for first, *others in table.rows:
        cells = "".join(f'<td style="padding-left:1em">{_cell(one)}</td>' for one in others)
        rows.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return f"<table>{''.join(rows)}</table>"


def _cell(content: str | Bar) -> str:
    if isinstance(content, str):
        return content
    box = "display:inline-block;vertical-align:middle;height:8px"
    full = f'<span style="{box};width:{100 * content.share:.0f}px;background:currentColor"></span>'
    frame = f'<span style="{box};width:100px;border:1px solid;line-height:0">{full}</span>'
    return f"{content.low} {frame} {content.high}"
