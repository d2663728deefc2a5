"""Minibatch discrimination by hand: its numbers by other routes, its captions, its page."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gan_lessons.figures import minibatch
from gan_lessons.figures.explorer_words import FRAME, plain

Open = Callable[..., Any]
GANL = "document.querySelector('.ganl').ganl"


@pytest.fixture(scope="module")
def figure() -> minibatch.Minibatch:
    return minibatch.explorer()


def state_of(label: str, **changes: Any) -> dict[str, Any]:
    """The whole state of a preset, changed."""
    figure = minibatch.explorer()
    (preset,) = [one for one in figure.presets if one.label == label]
    return figure.state(**{**preset.state, **changes})


def features(figure: minibatch.Minibatch, state: dict[str, Any]) -> np.ndarray:
    found = figure.numbers(state)
    return np.array([found[f"o_{i}"] for i in range(1, 7)])


def grid() -> list[dict[str, Any]]:
    """Batches drawn at random, and every corner of the other controls."""
    rng = np.random.default_rng(0)
    turns = itertools.product((0.2, 1.0, 4.0), ("counted", "left_out"), range(4))
    return [
        {**dict(zip(minibatch.NAMES, row.round(2).tolist(), strict=True)), "scale": t, "own": own}
        for (t, own, _), row in zip(turns, rng.uniform(-3, 3, (24, 6)) // 0.05 * 0.05, strict=True)
    ]


# ---- the page computes and says what Python does


def test_script_computes_and_says_what_python_does(
    opened: Open, figure: minibatch.Minibatch, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, grid())


def test_presets_agree(
    opened: Open, figure: minibatch.Minibatch, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, [preset.state for preset in figure.presets])


# ---- the numbers, by other routes


@pytest.mark.parametrize("changes", grid()[::3], ids=str)
def test_numbers_by_loops(figure: minibatch.Minibatch, changes: dict[str, Any]) -> None:
    state = figure.state(**changes)
    found = figure.numbers(state)
    x = [state[name] for name in minibatch.NAMES]
    for i, one in enumerate(x):
        total = 0.0
        for j, other in enumerate(x):
            c = math.exp(-state["scale"] * abs(one - other))
            assert found[f"c_{min(i, j) + 1}{max(i, j) + 1}"] == pytest.approx(c, abs=1e-12)
            total += c if i != j or state["own"] == "counted" else 0
        assert found[f"o_{i + 1}"] == pytest.approx(total, abs=1e-12)
    mean = features(figure, state).mean()
    assert found["mean"] == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize("scale", [0.2, 1.0, 4.0])
def test_the_mean_of_real_batches(scale: float) -> None:
    x = np.random.default_rng(1).normal(size=(100_000, 6))
    o = np.exp(-scale * np.abs(x[:, :, None] - x[:, None])).sum(-1).mean(-1)
    error = o.std() / len(o) ** 0.5
    assert abs(o.mean() - minibatch.real_mean(scale)) < 4 * error
    assert minibatch.real_mean(scale, counted=False) == minibatch.real_mean(scale) - 1


# ---- what the captions say


def test_two_clumps(figure: minibatch.Minibatch) -> None:
    state = state_of("Two clumps")
    before = features(figure, state)
    moved = features(figure, {**state, "x3": 0.0})
    assert (moved[:2] < before[:2]).all()
    assert moved[2] != before[2]
    found = figure.numbers(state)
    assert min(found["c_12"], found["c_13"], found["c_23"]) > 0.6
    assert max(found[f"c_{i}{j}"] for i in (1, 2, 3) for j in (4, 5, 6)) < 0.1


def test_a_real_batch_is_close_to_the_line(figure: minibatch.Minibatch) -> None:
    found = figure.numbers(state_of("A real batch"))
    assert abs(found["mean"] - found["real"]) < 0.12
    assert state_of("A real batch")["x1"] == round(_draws()[0] / 0.05) * 0.05
    assert min(found["o_3"], found["o_4"]) > max(found["o_1"], found["o_6"])


def _draws() -> np.ndarray:
    """Where the preset's points come from."""
    return np.sort(np.random.default_rng(20).normal(size=6))


def test_collapsed(figure: minibatch.Minibatch) -> None:
    state = state_of("Collapsed")
    assert features(figure, state).tolist() == [6.0] * 6
    assert "All six points are one: o = 6.0000" in plain(figure.sentence(state))
    assert figure.numbers(state)["real"] < 4
    left_out = {**state, "own": "left_out"}
    assert features(figure, left_out).tolist() == [5.0] * 6
    assert "o = 5.0000" in plain(figure.sentence(left_out))


def test_one_stays_away(figure: minibatch.Minibatch) -> None:
    state = state_of("One stays away")
    o = features(figure, state)
    assert 1 < o[5] < 1.1
    assert (o[:5] > 4).all()
    assert plain(figure.sentence(state)).startswith("x6 is the loneliest")


def test_a_sharper_kernel_turns_the_verdict(figure: minibatch.Minibatch) -> None:
    wide, sharp = state_of("Two clumps"), state_of("A sharper kernel")
    assert {**wide, "scale": 4.0} == sharp
    assert "too far apart" in figure.sentence(wide)
    assert "too much alike" in figure.sentence(sharp)


def test_without_itself_everything_is_less_by_one(figure: minibatch.Minibatch) -> None:
    here, there = state_of("A real batch"), state_of("Without itself")
    assert {**here, "own": "left_out"} == there
    assert features(figure, here) - features(figure, there) == pytest.approx(np.ones(6))
    a, b = figure.numbers(here), figure.numbers(there)
    assert a["real"] - b["real"] == pytest.approx(1)
    assert "same company" in plain(figure.sentence(figure.state(**_even())))


def _even() -> dict[str, Any]:
    """Three pairs cannot be even on a line, but two clumps of three can."""
    return {"x1": -2, "x2": -2, "x3": -2, "x4": 2, "x5": 2, "x6": 2}


def test_no_word_is_one_of_the_frame(figure: minibatch.Minibatch) -> None:
    assert set(figure.words) & set(FRAME) == set()


# ---- the page


def drawn(page: Any) -> str:
    return str(page.locator(".ganl-picture").inner_html())


def test_keys_move_a_point(opened: Open, figure: minibatch.Minibatch) -> None:
    page = opened(figure)
    before = drawn(page)
    handle = page.get_by_role("slider", name="point 3")
    handle.press("ArrowRight")
    assert page.evaluate(f"{GANL}.state.x3") == -1.25
    assert handle.get_attribute("aria-valuenow") == "-1.25"
    assert drawn(page) != before
    handle.press("Home")
    assert page.evaluate(f"{GANL}.state.x3") == -3
    page.get_by_role("button", name="Leave it out").press("Enter")
    assert page.evaluate(f"{GANL}.state.own") == "left_out"
    assert page.locator("text=–").count() >= 6  # the diagonal


def test_a_point_can_be_dragged_also_when_all_are_one(
    opened: Open, figure: minibatch.Minibatch
) -> None:
    page = opened(figure)
    page.evaluate(f"(state) => {GANL}.set(state)", state_of("Collapsed"))
    for i in (1, 4):
        box = page.get_by_role("slider", name=f"point {i}").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y)
        page.mouse.up()
        assert page.evaluate(f"{GANL}.state.x{i}") > 0.3
    assert page.evaluate(f"{GANL}.state.x2") == 0


def test_a_link_leads_back_to_the_setting(
    opened: Open, figure: minibatch.Minibatch, leads_back: Callable[..., None]
) -> None:
    state = figure.state(x2=0.55, scale=2.3, own="left_out")
    leads_back(opened(figure), state, "#ganl-minibatch=x1:-1.7;x2:0.55;")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 360])
def test_it_fits_every_page(
    opened: Open,
    figure: minibatch.Minibatch,
    presets_fit: Callable[..., None],
    width: int,
    scheme: str,
) -> None:
    page = opened(figure, width=width, scheme=scheme)
    presets_fit(page, figure, width)


def test_two_controls_and_a_second_cue(opened: Open, figure: minibatch.Minibatch) -> None:
    page = opened(figure)
    assert page.locator(".ganl-control").count() == 2
    assert page.get_by_role("slider").count() == 7  # six points and the kernel
    dash = "(node) => getComputedStyle(node).strokeDasharray"
    inside = page.locator("[clip-path$='-o)']")
    assert inside.locator(".ganl-stroke-judge").evaluate(dash) == "none"
    assert inside.locator(".ganl-real").evaluate(dash) != "none"


def test_the_other_faces(figure: minibatch.Minibatch) -> None:
    assert len(figure.html.encode()) < 150_000
    assert figure.png.startswith(b"\x89PNG")
    box = figure.widget()
    box.controls["x1"].value = 1.3
    assert plain(figure.sentence(figure.state(x1=1.3))) in plain(box.text.value)
