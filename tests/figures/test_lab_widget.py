"""The lab without a front end: buttons, words, errors, and the player of what was trained."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gan_lessons import figures, quick_curves, toy
from gan_lessons.figures import base, lab_widget
from gan_lessons.figures.lab_training import stop_latest
from gan_lessons.figures.lab_widget import Lab
from gan_lessons.toy import ToySettings
from gan_lessons.training import LoopSettings

pytest.importorskip("ipywidgets")

QUICK = ToySettings(noise="uniform", batch=16, g_hidden=(8,), d_hidden=(8,))
ENDLESS = 10**7

Open = Callable[..., Lab]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """``opened(settings, seed=..., steps=...)``: a lab whose trainings end with the test."""
    monkeypatch.setattr(lab_widget, "PAUSE", 0.01)
    yield lambda settings=QUICK, **options: figures.lab(settings, **{"steps": 12} | options)
    stop_latest()


def turns(lab: Lab, most: int = 10_000) -> None:
    """Do what the page's link does, until the lab has no more to ask of it."""
    box = lab.box
    for _ in range(most):
        if box.pong.value == box.ping.value:
            return
        box.pong.value = box.ping.value


def run(lab: Lab) -> Lab:
    lab.box.run.click()
    turns(lab)
    return lab


def says(lab: Lab) -> str:
    return str(lab.box.status.value)


def player(lab: Lab) -> Any:
    (player,) = lab.box.result.children
    return player


def below(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from below(child)


def test_run_trains_as_toy_train_does_and_shows_the_player(opened: Open) -> None:
    lab = opened(seed=5)
    assert "press Run" in says(lab)
    assert lab.box.result.children == ()
    run(lab)
    assert "Done: 12 training steps." in says(lab)
    assert (lab.box.bar.value, lab.box.bar.max) == (12, 12)
    assert "step 12 of 12" in lab.box.reading.value
    (trained,) = lab.runs
    same = toy.train(QUICK, [5], 12, record_every=1, progress=False)
    assert trained.settings == QUICK
    assert trained.d_loss.tobytes() == same.d_loss.tobytes()
    curves = quick_curves.compute(same)
    shown = player(lab)
    assert (shown.slider.value, shown.slider.max) == (12, 12)
    assert f"{curves.value[-1]:.4f}".replace("-", "−") in shown.text.value
    assert "Step 12:" in shown.text.value
    shown.slider.value = 3
    assert "Step 3:" in shown.text.value
    assert lab.error is None


def test_stop_keeps_what_was_trained(opened: Open) -> None:
    lab = opened(steps=ENDLESS)
    lab.box.run.click()
    for _ in range(20):
        lab.box.pong.value = lab.box.ping.value
    assert lab.box.ping.value > 5
    assert lab.box.result.children == ()
    lab.box.stop.click()
    turns(lab)
    (trained,) = lab.runs
    done = len(trained.d_loss)
    assert 0 < done < ENDLESS
    assert f"Stopped after {done:,} of 10,000,000 training steps." in says(lab)
    assert f"Step {done}:" in player(lab).text.value
    assert f"{done:,} of 10,000,000 steps" in player(lab).caption.value


def test_no_widget_is_touched_by_the_thread_that_trains(opened: Open) -> None:
    """Colab would not hear of it: see the module's text."""
    lab = opened(steps=ENDLESS)
    threads = []
    for widget in below(lab.box):
        widget.observe(lambda _: threads.append(threading.current_thread()))
    lab.box.run.click()
    for _ in range(20):
        lab.box.pong.value = lab.box.ping.value
    lab.box.stop.click()
    turns(lab)
    assert "Stopped after" in says(lab)
    assert {*threads} == {threading.current_thread()}


def test_stop_alone_brings_the_result_if_the_page_never_asks(opened: Open) -> None:
    lab = opened(steps=ENDLESS)
    lab.box.run.click()
    lab.box.stop.click()
    assert "Stopped after" in says(lab)
    assert player(lab).picture.value[:4] == b"\x89PNG"


def test_run_pressed_twice_trains_once(opened: Open) -> None:
    lab = opened(steps=ENDLESS)
    lab.box.run.click()
    lab.box.run.click()
    assert "training already" in says(lab)
    lab.box.stop.click()
    turns(lab)
    assert len(lab.runs) == 1


def test_stop_before_run(opened: Open) -> None:
    lab = opened()
    lab.box.stop.click()
    assert "Nothing is training" in says(lab)
    assert "Done" in says(run(lab))


def test_changes_while_it_trains_count_for_the_next_run(opened: Open) -> None:
    lab = opened(steps=40)
    lab.box.run.click()
    lab.box.target.value, lab.box.k.value, lab.box.seed.value = "two modes", 4, 9
    lab.box.steps.value = 7
    turns(lab)
    run(lab)
    first, second = lab.runs
    assert (first.settings, first.seeds.tolist(), len(first.d_loss)) == (QUICK, [0], 40)
    assert (second.settings.target, second.settings.loop.k) == ("two modes", 4)
    assert (second.seeds.tolist(), len(second.d_loss)) == ([9], 7)


def test_each_control_reaches_the_run(opened: Open) -> None:
    lab = opened()
    box = lab.box
    box.target.value, box.g_loss.value, box.k.value = "two modes", "saturating", 3
    box.lr_d.value, box.lr_g.value, box.seed.value, box.steps.value = 0.02, 0.0005, 4, 9
    (trained,) = run(lab).runs
    loop = LoopSettings(k=3, lr_d=0.02, lr_g=0.0005)
    assert trained.settings == ToySettings(
        "two modes", "uniform", "saturating", batch=16, g_hidden=(8,), d_hidden=(8,), loop=loop
    )
    assert trained.seeds.tolist() == [4]
    assert "0.02 for <i>D</i> and 0.0005 for <i>G</i>" in player(lab).caption.value


def test_runs_can_be_compared_the_latest_first(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_widget, "KEPT", 2)
    lab = opened()
    run(lab)
    before = player(lab)
    lab.box.g_loss.value = "saturating"
    run(lab)
    shown = player(lab)
    (latest, _), (earlier, index) = shown.run.options
    assert latest == "2: gaussian, saturating, k = 2, rates 0.002 and 0.001, seed 0"
    assert earlier.startswith("1: gaussian, non-saturating")
    assert "Run 2" in shown.caption.value
    shown.run.value = index
    assert "Run 1" in shown.caption.value
    assert before is not shown
    assert before.slider.comm is None  # closed: nothing shows it any more
    run(lab)
    assert [text[:2] for text, _ in player(lab).run.options] == ["3:", "2:"]
    assert len(lab.runs) == 3


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("seed", -1, "seed must be at least 0, got -1"), ("steps", 0, "steps must be at least 1")],
)
def test_settings_that_cannot_be_are_refused_in_words(
    opened: Open, name: str, value: int, words: str
) -> None:
    lab = opened()
    getattr(lab.box, name).value = value
    lab.box.run.click()
    assert 'role="alert"' in says(lab)
    assert words in says(lab)
    assert lab.runs == []
    getattr(lab.box, name).value = 2
    assert "Done" in says(run(lab))


def test_divergence_is_told_in_words(opened: Open) -> None:
    lab = opened(ToySettings(batch=16, d_hidden=(8,), loop=LoopSettings(lr_d=math.inf)))
    run(lab)
    assert "The training broke down: " in says(lab)
    assert "Try smaller learning rates." in says(lab)
    assert isinstance(lab.error, ArithmeticError)
    assert lab.runs == []
    lab.box.lr_d.value = 0.002
    assert "Done" in says(run(lab))
    assert lab.error is None


def test_the_unexpected_is_told_in_words_too(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(run: object) -> None:
        raise RuntimeError("a <b>strange</b> thing")

    lab = opened()
    with monkeypatch.context() as patch:
        patch.setattr(quick_curves, "compute", fail)
        run(lab)
    assert "a &lt;b&gt;strange&lt;/b&gt; thing" in says(lab)
    assert str(lab.error) == "a <b>strange</b> thing"
    assert len(lab.runs) == 1  # what was trained is not lost
    assert "Done" in says(run(lab))


def test_running_the_cell_again_stops_the_training_before(opened: Open) -> None:
    first = opened(steps=ENDLESS)
    first.box.run.click()
    second = opened()
    turns(first)
    assert "Stopped after" in says(first)
    assert "Done" in says(run(second))


def test_interrupting_the_kernel_stops_the_training(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait, calls = lab_widget.Training.wait, []

    def interrupted(self: Any, seconds: float) -> bool:
        calls.append(seconds)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return wait(self, seconds)

    monkeypatch.setattr(lab_widget.Training, "wait", interrupted)
    lab = run(opened(steps=ENDLESS))
    assert "Stopped after" in says(lab)


def test_a_late_question_of_the_page_does_no_harm(opened: Open) -> None:
    lab = run(opened())
    said = says(lab)
    lab.box.pong.value += 1
    assert says(lab) == said
    assert len(lab.runs) == 1


def test_the_saturating_loss_has_its_own_goal(opened: Open) -> None:
    lab = opened()
    assert {*lab_widget.OPTIMA} == {*toy.G_LOSSES}
    lab.box.g_loss.value = "saturating"
    run(lab)
    assert lab._presets[0].g_optimum == -math.log(2)


def test_each_control_has_a_name_and_is_a_core_widget(opened: Open) -> None:
    lab = run(opened())
    for widget in below(lab.box):
        assert widget._model_module == "@jupyter-widgets/controls"
        if hasattr(widget, "description") and "HTML" not in widget._view_name:
            shown = widget.layout.display != "none"
            assert widget.description or not shown, widget
    words = [c.description for c in lab.box.children[:7]]
    assert len({*words}) == 7


def test_the_page_is_asked_through_a_link_that_it_runs_itself(opened: Open) -> None:
    box = opened().box
    assert box.link.source == (box.ping, "value")
    assert box.link.target == (box.pong, "value")


def test_any_recipe_can_be_shown(opened: Open) -> None:
    odd = ToySettings(target="two modes", loop=LoopSettings(k=33, lr_d=0.0037, lr_g=0.0))
    lab = opened(odd)
    assert lab.settings == odd
    assert lab.box.k.max == 33
    assert ("0.0037", 0.0037) in lab.box.lr_d.options
    labels = [text for text, _ in opened().box.lr_d.options]
    assert labels[:3] == ["0.00001", "0.00002", "0.00005"]
    assert labels[-2:] == ["0.05", "0.1"]


class FakeShell:
    kernel = object()


def test_faces(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = opened()
    assert lab._repr_mimebundle_() == {
        "text/plain": "A lab for one-dimensional GANs: "
        "it needs a notebook with a running kernel, as in Colab"
    }
    assert repr(lab).startswith("Lab(ToySettings(")
    assert "box" not in vars(lab)  # no widgets in a page that cannot show them
    monkeypatch.delenv("GAN_LESSONS_WIDGETS", raising=False)
    monkeypatch.setattr(pytest.importorskip("IPython"), "get_ipython", FakeShell)
    bundle = lab._repr_mimebundle_(include=None, exclude=None)
    assert bundle[base.WIDGET_VIEW]["model_id"] == lab.box.model_id


def test_without_ipywidgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ImportError, match="pip install ipywidgets"):
        figures.lab()
