"""The player in a page, in a real browser, with no kernel and no network."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import THEMES, contrast, luminance

from gan_lessons.figures import Player, Preset

Open = Callable[..., Any]
PATHS = ("stroke-d", "stroke-star", "area-gap", "stroke-made", "stroke-arrow", "cursor")


def state(page: Any, nth: int = 0) -> dict[str, Any]:
    return dict(page.evaluate(f"({{...document.querySelectorAll('.ganl')[{nth}].ganl.state}})"))


def drawn(page: Any) -> dict[str, str]:
    """What moves in the picture, as text."""
    return {
        name: page.evaluate(
            "(name) => [...document.querySelectorAll(`.ganl-picture .ganl-${name}`)].at(-1)"
            ".cloneNode().outerHTML",
            name,
        )
        for name in PATHS
    }


def slider(page: Any) -> Any:
    return page.get_by_label("Training step")


def settle(page: Any) -> None:
    page.wait_for_timeout(1000)  # the sentence follows at most once in 0.9 s


def test_opens_at_the_start_with_everything_drawn(opened: Open, player: Player) -> None:
    page = opened(player)
    assert state(page) == {"preset": 0, "frame": 10, "step": 250, "playing": False}
    for outline in drawn(page).values():
        assert "NaN" not in outline
        assert re.search(r'd="M[^"]{50}', outline) or "x1=" in outline
    assert page.get_by_role("img", name=player.alt).count() == 1
    assert page.get_by_role("group", name=player.title).count() == 1
    box = page.locator(".ganl-picture").bounding_box()
    assert box["width"] > 700
    assert 450 < box["height"] < 800


def test_curves_and_numbers_are_the_run_s(
    opened: Open, player: Player, shows_the_runs: Callable[..., None]
) -> None:
    shows_the_runs(opened(player), player)


@pytest.mark.parametrize(
    ("key", "frame"),
    [("ArrowRight", 11), ("ArrowLeft", 9), ("Home", 0), ("End", 40), ("PageUp", 14)],
)
def test_keys_move_the_picture(opened: Open, player: Player, key: str, frame: int) -> None:
    page = opened(player)
    before = drawn(page)
    slider(page).focus()
    page.keyboard.press(key)
    assert state(page)["frame"] == frame
    after = drawn(page)
    assert all(after[name] != before[name] for name in PATHS)
    step = state(page)["step"]
    assert slider(page).get_attribute("aria-valuetext") == f"step {step} of 1000"
    assert page.locator(".ganl-position").inner_text() == f"{step} of 1000"


def test_words_and_numbers_follow(opened: Open, player: Player) -> None:
    page = opened(player)
    curves = player.presets[0].curves
    slider(page).focus()
    said = []
    for key, frame in (("Home", 0), ("End", 40)):
        page.keyboard.press(key)
        settle(page)
        text = page.locator(".ganl-chain").inner_text() + page.locator(".ganl-more").inner_text()
        for name in ("value", "best_value", "js", "w1", "w1_ema"):
            assert f"{getattr(curves, name)[frame]:.4f}".replace("-", "−") in text
        said.append(page.locator(".ganl-says").inner_text())
    assert said[0].startswith("Step 0: pg and the data hardly overlap.")
    assert said[1].startswith("Step 1000: pg lies almost exactly on the data’s density.")
    assert page.locator(".ganl-says").get_attribute("aria-live") == "polite"


def test_a_screen_reader_is_not_flooded(opened: Open, player: Player) -> None:
    page = opened(player)
    settle(page)
    page.evaluate(
        "window.heard = 0; new MutationObserver(() => window.heard++)"
        ".observe(document.querySelector('.ganl-says'), {childList: true})"
    )
    slider(page).focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    settle(page)
    assert 1 <= page.evaluate("heard") <= 3
    assert "Step 550:" in page.locator(".ganl-says").inner_text()


def test_step_buttons(opened: Open, player: Player) -> None:
    page = opened(player)
    back = page.get_by_role("button", name="One frame back")
    forward = page.get_by_role("button", name="One frame forward")
    forward.click()
    assert state(page)["frame"] == 11
    back.click()
    back.click()
    assert state(page)["frame"] == 9
    slider(page).press("End")
    forward.focus()
    page.keyboard.press("Enter")
    assert state(page)["frame"] == 40
    assert forward.get_attribute("aria-disabled") == "true"
    assert page.evaluate("document.activeElement.ariaLabel") == "One frame forward"


def test_play_pause_end_and_again(opened: Open, player: Player) -> None:
    page = opened(player)
    page.wait_for_timeout(400)
    assert state(page)["frame"] == 10, "it must not start by itself"
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.ganl').ganl.state.frame > 13")
    page.get_by_role("button", name="Pause").click()
    held = state(page)
    page.wait_for_timeout(400)
    assert state(page) == held
    assert held["playing"] is False
    slider(page).press("End")
    slider(page).press("ArrowLeft")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("!document.querySelector('.ganl').ganl.state.playing")
    assert state(page)["frame"] == 40
    page.get_by_role("button", name="Play").click()
    assert state(page)["frame"] < 5, "from the beginning again"
    assert state(page)["playing"] is True


def test_a_reader_s_move_stops_playing(opened: Open, player: Player) -> None:
    page = opened(player)
    page.get_by_role("button", name="Play").click()
    slider(page).press("Home")
    page.wait_for_timeout(400)
    assert state(page) == {"preset": 0, "frame": 0, "step": 0, "playing": False}


def test_playing_rests_out_of_sight(opened: Open, player: Player) -> None:
    page = opened(player)
    page.evaluate("document.body.append(Object.assign(document.createElement('div'),"
                  "{style: 'height: 5000px'}))")  # fmt: skip
    page.get_by_role("button", name="Play").click()
    page.evaluate("scrollTo(0, 5000)")
    page.wait_for_timeout(300)
    frame = state(page)["frame"]
    page.wait_for_timeout(500)
    assert state(page)["frame"] == frame < 40
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function(f"document.querySelector('.ganl').ganl.state.frame > {frame}")


def test_reduced_motion_plays_in_few_slow_steps(opened: Open, player: Player) -> None:
    page = opened(player, reduced_motion="reduce")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(600)
    assert state(page)["frame"] == 10
    page.wait_for_function("document.querySelector('.ganl').ganl.state.frame !== 10")
    assert state(page)["frame"] == 14


def test_choosing_a_run(opened: Open, player: Player) -> None:
    page = opened(player)
    before = drawn(page)
    assert "Watch pg move." in page.locator(".ganl-caption").inner_text()
    page.get_by_label("Run").select_option("A spike")
    assert state(page) == {"preset": 1, "frame": 20, "step": 2000, "playing": False}
    assert page.locator(".ganl-caption").inner_text() == "Too narrow."
    assert page.get_by_text("off the scale").count() == 1
    assert drawn(page)["stroke-d"] != before["stroke-d"]
    page.get_by_label("Run").select_option("It works")
    assert drawn(page) == before
    assert page.get_by_text("off the scale").count() == 0


def test_a_longer_run_opens_at_its_end(opened: Open, formula_run: Callable[..., Any]) -> None:
    """The picture on the page, of a shorter run, must not be asked for the last frame of this."""
    short, long = formula_run(frames=5), formula_run(frames=41)
    page = opened(
        Player([Preset("Short", "a", short), Preset("Long", "b", long)], title="t", alt="a")
    )
    page.get_by_label("Run").select_option("Long")
    assert state(page)["frame"] == 40


def test_touch(opened: Open, player: Player) -> None:
    page = opened(player, width=390, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="One frame forward").tap()
    assert state(page)["frame"] == 11
    bar = slider(page).bounding_box()
    slider(page).tap(position={"x": bar["width"] - 14, "y": bar["height"] / 2})
    assert state(page)["frame"] >= 38
    losses = page.locator(".ganl-seek").bounding_box()
    page.locator(".ganl-seek").tap(position={"x": losses["width"] / 2, "y": 20}, force=True)
    assert state(page)["frame"] == pytest.approx(20, abs=1)
    for control in page.locator(".ganl button, .ganl select, .ganl input").all():
        assert min(control.bounding_box()["height"], control.bounding_box()["width"]) >= 44


def test_slider_stands_under_the_cursor(opened: Open, player: Player) -> None:
    page = opened(player)
    page.locator(".ganl-seek").click(position={"x": 300, "y": 30})
    cursor = page.locator(".ganl-cursor").bounding_box()
    bar = slider(page).bounding_box()
    thumb = bar["x"] + 12 + (bar["width"] - 24) * state(page)["frame"] / 40
    assert thumb == pytest.approx(cursor["x"] + cursor["width"] / 2, abs=1.5)


@pytest.mark.parametrize("width", [360, 390, 800, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_sideways_scroll_and_nothing_cut(
    opened: Open, player: Player, width: int, scheme: str
) -> None:
    page = opened(player, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.evaluate(
        """() => {
          const frame = document.querySelector('.ganl-picture').getBoundingClientRect();
          return [...document.querySelectorAll('.ganl-picture text')]
            .filter((text) => text.style.display !== 'none')
            .map((text) => [text.textContent, text.getBoundingClientRect()])
            .filter(([, box]) => box.left < frame.left - 0.5 || box.right > frame.right + 0.5
              || box.top < frame.top - 0.5 || box.bottom > frame.bottom + 0.5)
            .map(([text]) => text)
        }"""
    )
    assert cut == []


def test_picture_follows_the_window(opened: Open, player: Player) -> None:
    page = opened(player, width=1000)
    wide = page.locator(".ganl-picture").bounding_box()["width"]
    page.set_viewport_size({"width": 400, "height": 800})
    page.wait_for_timeout(200)
    box = page.locator(".ganl-picture").bounding_box()
    assert box["width"] < 400 < wide
    assert page.locator(".ganl-picture").get_attribute("viewBox").split()[2] == str(
        round(box["width"])
    )
    assert state(page)["frame"] == 10


@pytest.mark.parametrize(("scheme", "root", "dark"), THEMES)
def test_theme_and_contrast(
    opened: Open, player: Player, scheme: str, root: str, dark: bool
) -> None:
    page = opened(player, scheme=scheme, root=root)

    def style(selector: str, name: str) -> str:
        return str(page.locator(selector).last.evaluate(f"(n) => getComputedStyle(n)['{name}']"))

    back = style(".ganl", "backgroundColor")
    assert (luminance(back) < 0.1) is dark
    for name in ("data", "made", "d", "star", "arrow", "dloss", "gloss"):
        assert contrast(style(f".ganl-stroke-{name}", "stroke"), back) >= 3
    for selector in (".ganl-tick", ".ganl-text-data", ".ganl-text-made", ".ganl-text-judge"):
        assert contrast(style(selector, "fill"), back) >= 4.5
    for selector in (".ganl-caption", ".ganl-more", ".ganl-link"):
        assert contrast(style(selector, "color"), back) >= 4.5
    assert contrast(style(".ganl-says", "color"), style(".ganl-says", "backgroundColor")) >= 4.5


def test_lines_differ_by_more_than_colour(opened: Open, player: Player) -> None:
    page = opened(player)

    def dashes(name: str) -> str:
        return str(
            page.locator(f".ganl-stroke-{name}").last.evaluate(
                "(n) => getComputedStyle(n).strokeDasharray"
            )
        )

    for one, other in (("d", "star"), ("data", "made"), ("dloss", "gloss")):
        assert dashes(one) != dashes(other)


def test_two_players_on_one_page(
    opened: Open, player: Player, make_player: Callable[..., Player]
) -> None:
    page = opened(player, make_player("Another"), player)
    assert page.locator(".ganl-picture").count() == 3
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))
    page.get_by_label("Training step").nth(1).press("End")
    assert [state(page, nth)["frame"] for nth in range(3)] == [10, 40, 10]


def test_a_state_can_be_linked(opened: Open, player: Player) -> None:
    page = opened(player, player)
    start = page.url
    page.get_by_label("Training step").first.press("ArrowRight")
    assert page.url == start, "the address changes only when asked"
    link = page.get_by_role("link", name="Link to this frame").first
    assert link.get_attribute("href") == "#ganl=0,275"
    link.click()
    assert page.url == start + "#ganl=0,275"
    page.reload()
    page.wait_for_selector(".ganl-picture path[d]", state="attached")
    assert [state(page, nth)["step"] for nth in (0, 1)] == [275, 250]
    page.evaluate("location.hash = '#ganl=1,500,2'")
    page.wait_for_function("document.querySelectorAll('.ganl')[1].ganl.state.preset === 1")
    assert [state(page, nth)["step"] for nth in (0, 1)] == [275, 500]
    page.evaluate("location.hash = '#ganl=7,1'")  # no such run: nothing happens
    page.wait_for_timeout(100)
    assert state(page)["step"] == 275


def test_test_hook_shows_the_nearest_step(opened: Open, player: Player) -> None:
    page = opened(player)
    page.evaluate("document.querySelector('.ganl').ganl.show(512)")
    assert state(page)["step"] == 500


@pytest.mark.parametrize("goal", [None, -np.log(2), 0.25])
def test_other_goals_of_the_generator(
    opened: Open, formula_run: Callable[..., Any], goal: float | None
) -> None:
    preset = Preset("a", "b", formula_run(), g_optimum=goal)
    page = opened(Player([preset], title="t", alt="a"))
    names = page.locator("text.ganl-tick.ganl-text-made").all_text_contents()
    assert names == {None: [], 0.25: ["goal"]}.get(goal, ["−log 2"])
    inside = page.evaluate(
        "[...document.querySelectorAll('.ganl-goal-g')].every((line) => {"
        "const box = document.querySelector('.ganl-seek').getBBox();"
        "const y = Number(line.getAttribute('y1')); return y > box.y && y < box.y + box.height })"
    )
    assert inside


def test_one_frame_and_few_losses(opened: Open, formula_run: Callable[..., Any]) -> None:
    run = formula_run(1, 3)
    page = opened(Player([Preset("a", "b", run)], title="t", alt="a"))
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("!document.querySelector('.ganl').ganl.state.playing")
    assert "NaN" not in page.locator(".ganl-picture").inner_html()
    assert page.get_by_text("at each step").count() == 1


def test_without_scripts_a_picture(opened: Open, player: Player) -> None:
    page = opened(player, java_script_enabled=False)
    assert page.get_by_alt_text(player.alt).bounding_box()["width"] > 600
