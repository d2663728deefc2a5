"""The lab: choose a recipe, train it in a live kernel, watch, stop, and move along the run.

**Why a thread, and why the page asks.**  While a button's callback runs, the kernel takes no other
message: training inside it could not be stopped.  So `lab_training` trains in a thread.  Nor may
that thread change a widget: Colab drops what a kernel sends when no request of the page is under
way (googlecolab/colabtools#3373), which a thread's and an asyncio task's messages are alike.  Here
the page keeps asking instead.  A hidden number goes to the page, which copies it into another
(`jsdlink`); the copy comes back as a message, and in its answer the bar moves.  Between two such
messages the kernel takes others: the press of Stop, or another cell.
"""

from __future__ import annotations

import dataclasses
import html
import importlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from gan_lessons import quick_curves
from gan_lessons.figures.base import WIDGET_VIEW, widgets_can_show
from gan_lessons.figures.lab_training import Training, stop_latest
from gan_lessons.figures.lab_words import WORDS, about, decimal
from gan_lessons.figures.live_widget import WRAPPED, paragraph
from gan_lessons.figures.player import Player
from gan_lessons.figures.player_preset import LOG_2, Preset
from gan_lessons.toy import G_LOSSES, TARGETS, Run, ToySettings

PAUSE = 0.25  # seconds between two looks at the training
PATIENCE = 5.0  # seconds that Stop waits for the last step and the curves
KEPT = 6  # runs that can be compared
MOST_K = 20  # updates of D for each of G, on the slider
RATES = [float(f"{digit}e{power}") for power in (-5, -4, -3, -2) for digit in (1, 2, 5)] + [0.1]
OPTIMA = {"non-saturating": LOG_2, "saturating": -LOG_2}  # the loss of G when all is learned


class Lab:
    """A training of the toy with controls; see :func:`lab`.

    Parameters
    ----------
    settings : ToySettings
        The recipe to begin with.
    seed, steps : int
        What the controls show at first.

    Attributes
    ----------
    box : ipywidgets.VBox
        What a notebook shows; its parts are its attributes, for those who script it.
    runs : list of Run
        What was trained, the latest last: `gan_lessons.curves` and `gan_lessons.plots` take them.
    error : Exception or None
        What the latest training ended with, if not well.
    """

    def __init__(self, settings: ToySettings, seed: int = 0, steps: int = 1000) -> None:
        try:
            importlib.import_module("ipywidgets")
        except ImportError as error:
            raise ImportError(WORDS["no_widgets"]) from error
        stop_latest()  # that of the same cell, most likely, whose Stop is no longer in sight
        self._start, self._numbers = settings, (seed, steps)
        self.runs: list[Run] = []
        self.error: Exception | None = None
        self._presets: list[Preset] = []  # the latest first
        self._training: Training[Preset] | None = None

    @cached_property
    def box(self) -> Any:
        """The widgets; made when first asked for, so that a page without a kernel gets none."""
        w = importlib.import_module("ipywidgets")
        box = _box(w, self._start, *self._numbers)
        box.run.on_click(lambda _: self._run())
        box.stop.on_click(lambda _: self._stop())
        box.pong.observe(lambda _: self._asked(), "value")
        box.status.value = paragraph(WORDS["ready"])
        return box

    @property
    def settings(self) -> ToySettings:
        """What the controls say now."""
        box = self.box
        loop = dataclasses.replace(
            self._start.loop, k=box.k.value, lr_d=box.lr_d.value, lr_g=box.lr_g.value
        )
        return dataclasses.replace(
            self._start, target=box.target.value, g_loss=box.g_loss.value, loop=loop
        )

    def __repr__(self) -> str:
        return f"Lab({self._start!r})"

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        if not widgets_can_show():
            return {"text/plain": f"{WORDS['name']}: {WORDS['no_kernel']}"}
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        return {"text/plain": WORDS["name"], WIDGET_VIEW: view}

    def _run(self) -> None:
        if self._training is not None:
            self._say("busy")
            return
        seed, steps = self.box.seed.value, self.box.steps.value
        try:
            settings = self.settings
            then = _preset_maker(len(self.runs) + 1, settings, seed, steps)
            training = Training(settings, seed, steps, then)
        except ValueError as error:
            self._say("refused", error)
            return
        self._training, self.error = training, None
        self.box.bar.max = steps
        self._say("training")
        training.start()
        self._look()

    def _stop(self) -> None:
        if self._training is None:
            self._say("idle")
            return
        self._say("stopping")
        self._training.stop()
        self._training.wait(PATIENCE)
        self._look()

    def _asked(self) -> None:
        """Answer the page, not at once, or it would do nothing but ask."""
        if self._training is None:
            return
        try:
            self._training.wait(PAUSE)
        except KeyboardInterrupt:  # "interrupt the kernel" is meant for the training
            self._stop()
        else:
            self._look()

    def _look(self) -> None:
        """Show how far the training is; let the page ask again, or show the outcome."""
        training, box = self._training, self.box
        if training is None:
            return
        over = training.over  # first: what follows is then the end, if this says so
        box.bar.value = training.done
        reading = WORDS["reading"].format(done=training.done, steps=training.steps)
        box.reading.value = paragraph(reading)
        if over:
            self._training = None
            self._end(training)
            return
        if training.done == training.steps:
            self._say("drawing")
        box.ping.value += 1

    def _end(self, training: Training[Preset]) -> None:
        if training.run is not None:
            self.runs.append(training.run)
        if training.result is not None:
            self._presets = [training.result, *self._presets][:KEPT]
            self._show()
            whole = training.done == training.steps
            self._say("done" if whole else "stopped", done=training.done, steps=training.steps)
        else:
            self.error = training.error
            broke = isinstance(training.error, ArithmeticError)
            self._say("diverged" if broke else "failed", training.error)

    def _show(self) -> None:
        """Show the player of all runs that are kept, the latest first."""
        before = self.box.result.children
        player = Player(self._presets, title=WORDS["name"], alt=WORDS["alt"]).widget()
        self.box.result.children = (player,)
        for box in before:
            _close(box)

    def _say(self, name: str, error: Exception | None = None, **numbers: int) -> None:
        text = WORDS[name].format(error=error, **numbers)
        self.box.status.value = paragraph(html.escape(text), role="alert")


def lab(settings: ToySettings | None = None, *, seed: int = 0, steps: int = 1000) -> Lab:
    """Open a lab for one-dimensional GANs: for a notebook with a running kernel.

    Run trains what the controls say, in torch; Stop ends it and keeps what was trained.  Then the
    player shows the run, and those before it.

    Parameters
    ----------
    settings : ToySettings, optional
        The recipe to begin with.  What has no control (the noise, the networks, R1) stays as it is
        there: ``lab(ToySettings(noise="uniform"))``.
    seed, steps : int
        What the controls show at first.

    Raises
    ------
    ImportError
        Where ipywidgets is not installed.
    """
    return Lab(settings or ToySettings(), seed, steps)


def _preset_maker(
    number: int, settings: ToySettings, seed: int, steps: int
) -> Callable[[Run], Preset]:
    """Return what makes a run into one of the player's, in the thread of its training."""
    names = {"number": number, "steps": steps, "seed": seed, **about(settings)}

    def make(run: Run) -> Preset:
        return Preset(
            WORDS["label"].format(**names),
            WORDS["caption"].format(done=len(run.d_loss), **names),
            quick_curves.compute(run),
            g_optimum=OPTIMA.get(settings.g_loss),
        )

    return make


def _box(w: Any, settings: ToySettings, seed: int, steps: int) -> Any:
    """Make the widgets, each with its name as an attribute of the box around them."""
    loop = settings.loop
    rates = np.unique([*RATES, loop.lr_d, loop.lr_g]).tolist()
    common = {"style": {"description_width": "150px"},
              "layout": {"width": "420px", "max_width": "100%"}}  # fmt: skip

    def rate(name: str, value: float) -> Any:
        options = [(decimal(one), one) for one in rates]
        return w.SelectionSlider(options=options, value=value, description=WORDS[name], **common)

    controls = {
        "target": w.Dropdown(
            options=[*TARGETS], value=settings.target, description=WORDS["target"], **common
        ),
        "g_loss": w.Dropdown(
            options=[*G_LOSSES], value=settings.g_loss, description=WORDS["g_loss"], **common
        ),
        "k": w.IntSlider(
            value=loop.k, min=1, max=max(MOST_K, loop.k), description=WORDS["k"], **common
        ),
        "lr_d": rate("lr_d", loop.lr_d),
        "lr_g": rate("lr_g", loop.lr_g),
        "seed": w.IntText(value=seed, description=WORDS["seed"], **common),
        "steps": w.IntText(value=steps, description=WORDS["steps"], **common),
    }
    hidden = {"layout": {"display": "none"}}
    parts = {
        "run": w.Button(description=WORDS["run"]),
        "stop": w.Button(description=WORDS["stop"]),
        "bar": w.IntProgress(description=WORDS["progress"], style={"description_width": "initial"}),
        "reading": w.HTML(),
        "status": w.HTML(),
        "ping": w.IntText(**hidden),
        "pong": w.IntText(**hidden),
        "result": w.VBox(),
    }
    box = w.VBox([
        *controls.values(),
        w.HBox([parts["run"], parts["stop"], parts["bar"], parts["reading"]], **WRAPPED),
        parts["status"], parts["ping"], parts["pong"], parts["result"],
    ])  # fmt: skip
    for name, part in (controls | parts).items():
        setattr(box, name, part)
    box.link = w.jsdlink((box.ping, "value"), (box.pong, "value"))
    return box


def _close(widget: Any) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()
