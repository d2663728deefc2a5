"""The four real runs of the first page: what their captions say is so, and the page shows them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_lessons.figures import Player, one_dimensional_gan
from gan_lessons.figures.one_dimensional import LESSONS, train_lesson

LOG_2, LOG_4 = math.log(2), math.log(4)
SD = 0.5


@pytest.fixture(scope="session")
def trained() -> Player:
    """Train what the first page shows."""
    return one_dimensional_gan(seed=0)


@pytest.fixture
def curves(trained: Player, request: pytest.FixtureRequest) -> Any:
    """The curves of the lesson that the test is named after."""
    return trained.presets[[*LESSONS].index(request.node.name.split("_")[1])].curves


def test_works(curves: Any) -> None:
    assert curves.w1[0] > 2 * SD
    assert curves.w1_ema[-1] < 0.1 * SD
    assert abs(curves.value[-1] + LOG_4) < 0.02
    # G moves right, up the slope of D under its values, in the first steps.
    assert (np.diff(curves.g[:4].mean(1)) > 0).all()
    # D stays close to D*: it sees most of the difference that there is to be seen.
    early = slice(2, 10)
    assert (curves.value - -LOG_4)[early].sum() > 0.4 * (curves.best_value - -LOG_4)[early].sum()


def test_blind(curves: Any) -> None:
    assert curves.d_loss[-100:].mean() == pytest.approx(LOG_4, abs=0.02)
    assert curves.g_loss[-100:].mean() == pytest.approx(LOG_2, abs=0.02)
    assert curves.w1[-1] > 0.2 * SD
    assert curves.js[-1] > 0.1
    logit = np.log(curves.d) - np.log1p(-curves.d)
    assert np.abs(np.diff(logit, n=2, axis=1)).max() < 1e-6 * np.abs(logit).max()  # straight


def test_collapse(curves: Any) -> None:
    assert np.ptp(curves.g[-1]) < 1.0  # the modes are 4 apart
    assert curves.js[-1] > 0.5


def test_saturated(curves: Any) -> None:
    rejected = np.interp(curves.g[-1], curves.x, curves.d[-1])
    assert rejected.max() < 1e-3
    assert np.abs(curves.g[-1] - curves.g[len(curves.step) // 2]).max() < 0.05  # stands still
    assert curves.best_value[-1] - curves.value[-1] < 1e-3


def test_the_starts_are_frames(trained: Player) -> None:
    for preset, lesson in zip(trained.presets, LESSONS.values(), strict=True):
        assert preset.curves.step[preset.frame] == lesson.start


def test_the_same_seed_gives_the_same_page(trained: Player) -> None:
    again = train_lesson("blind", seed=0)
    assert np.array_equal(again.p_g, trained.presets[1].curves.p_g)


def test_an_unknown_lesson_is_refused() -> None:
    with pytest.raises(ValueError, match="name must be one of"):
        train_lesson("no such lesson")


def test_the_first_page_shows_these_runs(
    trained: Player,
    book_html: Path,
    open_page: Callable[..., Any],
    shows_the_runs: Callable[..., None],
) -> None:
    """Retrained here, and compared with what the built page decodes."""
    shows_the_runs(open_page(book_html / "book" / "intro.html"), trained)


@pytest.mark.parametrize("key", ["ArrowRight", "ArrowLeft", "Home", "End"])
def test_keys_move_the_first_page(
    book_html: Path, open_page: Callable[..., Any], view: Any, key: str
) -> None:
    page = open_page(book_html / "book" / "intro.html", view)
    slider = page.get_by_role("slider", name="Training step")
    slider.focus()
    before = page.evaluate("document.querySelector('.ganl').ganl.state.frame")
    says = page.locator(".ganl-chain").inner_text()
    slider.press(key)
    after = page.evaluate("document.querySelector('.ganl').ganl.state.frame")
    last = int(slider.get_attribute("max"))
    assert after == {"ArrowRight": before + 1, "ArrowLeft": before - 1, "Home": 0, "End": last}[key]
    assert page.locator(".ganl-chain").inner_text() != says


def test_buttons_and_touch_move_the_first_page(
    book_html: Path, open_page: Callable[..., Any], view: Any
) -> None:
    page = open_page(book_html / "book" / "intro.html", view, has_touch=True)
    frame = "document.querySelector('.ganl').ganl.state.frame"
    before = page.evaluate(frame)
    page.get_by_role("button", name="One frame forward").tap()
    assert page.evaluate(frame) == before + 1
    slider = page.get_by_role("slider", name="Training step")
    box = slider.bounding_box()
    slider.tap(position={"x": box["width"] * 0.8, "y": box["height"] / 2})
    assert page.evaluate(frame) > 80  # of 120
    page.get_by_role("button", name="Play").tap()
    page.wait_for_function(f"{frame} === 120")
    page.get_by_label("Run").select_option(index=2)
    assert page.evaluate("document.querySelector('.ganl').ganl.state.preset") == 2
