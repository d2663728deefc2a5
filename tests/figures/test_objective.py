"""Where the objective comes from: its numbers by other routes, its captions, its page."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from gan_lessons import theory
from gan_lessons.densities import gaussian
from gan_lessons.figures import objective
from gan_lessons.figures.explorer_words import FRAME, plain

Open = Callable[..., Any]
LOG_4 = math.log(4)
GANL = "document.querySelector('.ganl').ganl"


@pytest.fixture(scope="module")
def figure() -> objective.Objective:
    return objective.explorer()


def state_of(label: str, **changes: Any) -> dict[str, Any]:
    """The whole state of a preset, changed."""
    figure = objective.explorer()
    (preset,) = [one for one in figure.presets if one.label == label]
    return figure.state(**{**preset.state, **changes})


def grid() -> list[dict[str, Any]]:
    """Every corner and the middle of the controls, with the areas of both D in turn."""
    turns = itertools.cycle(["own", "best", "own"])
    places = itertools.product((-2.0, 0.0, 2.0, 7.0), (-4.0, 0.3, 9.0), (-8.0, -1.4, 0.0, 0.2, 8.0))
    return [
        {"mean": mean, "centre": centre, "steep": steep, "areas": next(turns)}
        for mean, centre, steep in places
    ]


# ---- the page computes and says what Python does


def test_script_computes_and_says_what_python_does(
    opened: Open, figure: objective.Objective, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, grid())


def test_presets_agree(
    opened: Open, figure: objective.Objective, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, [preset.state for preset in figure.presets])


# ---- the numbers, by other routes


def terms(mean: float, steep: float, centre: float) -> tuple[float, float]:
    """Both terms of V by scipy, straight from the logarithms of the logistic law."""
    cuts = {"limit": 500, "epsabs": 1e-13, "epsrel": 1e-12}

    def real(x: float) -> float:
        return float(norm.pdf(x) * -np.logaddexp(0, -steep * (x - centre)))

    def fake(x: float) -> float:
        return float(norm.pdf(x, mean) * -np.logaddexp(0, steep * (x - centre)))

    points = sorted({-9.0, 9.0, min(max(centre, -9.0), 9.0)})
    moved = sorted({mean - 9, mean + 9, min(max(centre, mean - 9), mean + 9)})
    first = sum(quad(real, a, b, **cuts)[0] for a, b in itertools.pairwise(points))
    second = sum(quad(fake, a, b, **cuts)[0] for a, b in itertools.pairwise(moved))
    return first, second


@pytest.mark.parametrize("changes", grid()[::3], ids=str)
def test_terms_are_the_integrals(figure: objective.Objective, changes: dict[str, Any]) -> None:
    found = figure.numbers(figure.state(**changes))
    for name in ("own", "best"):
        steep, centre = changes["steep"], changes["centre"]
        if name == "best":
            steep, centre = -changes["mean"], changes["mean"] / 2
        real, fake = terms(changes["mean"], steep, centre)
        assert found[f"data_{name}"] == pytest.approx(real, rel=1e-9, abs=1e-9)
        assert found[f"fake_{name}"] == pytest.approx(fake, rel=1e-9, abs=1e-9)
        assert found[name] == pytest.approx(real + fake, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("mean", [-2.0, 0.0, 0.2, 2.0, 7.0])
def test_the_best_is_the_value_of_the_best_discriminator(
    figure: objective.Objective, mean: float
) -> None:
    found = figure.numbers(figure.state(mean=mean))
    made = theory.Pushforward(lambda z: mean + z, gaussian(0.0, 1.0))
    assert found["best"] == pytest.approx(theory.best_value(gaussian(0.0, 1.0), made), abs=1e-8)
    assert found["best"] == pytest.approx(found["data_best"] + found["fake_best"], abs=1e-9)


def test_no_line_beats_the_best(figure: objective.Objective) -> None:
    for changes in grid():
        found = figure.numbers(figure.state(**changes))
        assert found["own"] <= found["best"] + 1e-9
        assert -LOG_4 - 1e-9 <= found["best"] < 0


def test_the_best_is_within_the_reader_s_reach(figure: objective.Objective) -> None:
    found = figure.numbers(figure.state(mean=3.0, steep=-3.0, centre=1.5))
    assert found["own"] == pytest.approx(found["best"], abs=1e-9)
    assert figure.numbers(figure.state(mean=3.0, steep=-3.0, centre=1.6))["own"] < found["best"]


@pytest.mark.parametrize("changes", grid()[::2], ids=str)
def test_where_an_area_is_deepest(figure: objective.Objective, changes: dict[str, Any]) -> None:
    state = figure.state(**changes)
    found = figure.numbers(state)
    steep, centre = objective.line(state, changes["areas"])
    for name, mean, sign in (("at_data", 0.0, -1), ("at_fake", changes["mean"], 1)):
        x = np.linspace(mean - 12, mean + 12, 240_001)
        cost = norm.logpdf(x, mean) + np.log(np.logaddexp(0, sign * steep * (x - centre)) + 1e-300)
        assert found[name] == pytest.approx(x[cost.argmax()], abs=2e-4)


# ---- what the captions say


def test_undecided_pays_log_4_wherever_p_g_is(figure: objective.Objective) -> None:
    for mean in (-2.0, 0.0, 2.0, 7.0):
        found = figure.numbers(state_of("D = ½ everywhere", mean=mean))
        assert found["data_own"] == pytest.approx(-math.log(2), abs=1e-12)
        assert found["own"] == pytest.approx(-LOG_4, abs=1e-9)
    assert "That is −log 4" in figure.sentence(state_of("D = ½ everywhere"))


def test_moving_the_diamond_trades_one_area_for_the_other(figure: objective.Objective) -> None:
    label = "The two terms compete"
    here = figure.numbers(state_of(label))
    there = figure.numbers(state_of(label, centre=2.5))
    assert there["data_own"] > here["data_own"]
    assert there["fake_own"] < here["fake_own"]
    assert here["own"] < here["best"] < -0.5


def test_sure_and_wrong_is_sure_and_right_with_the_other_sign(figure: objective.Objective) -> None:
    right, wrong = state_of("Sure and right"), state_of("Sure and wrong")
    assert {**right, "steep": -right["steep"]} == wrong
    assert figure.numbers(right)["own"] > -0.2
    costs = [figure.numbers({**wrong, "steep": s})["own"] for s in (0.0, 1.0, 2.0, 4.0, 8.0)]
    assert costs[0] == pytest.approx(-LOG_4, abs=1e-9)
    assert all(b < a for a, b in itertools.pairwise(costs))
    assert costs[3] < -16
    assert "D = ½ everywhere would do better" in plain(figure.sentence(wrong))


def test_equal_densities_leave_nothing_above_minus_log_4(figure: objective.Objective) -> None:
    label = "p_g = p_data"
    values = [figure.numbers(state_of(label, steep=s))["own"] for s in (-2.0, -1.0, 0.0, 1.0)]
    assert max(values) == values[2] == pytest.approx(-LOG_4, abs=1e-9)
    assert figure.numbers(state_of(label, mean=0.2))["best"] > -LOG_4 + 1e-3
    assert "no D gets above −log 4" in plain(figure.sentence(state_of(label, steep=0.0)))


def test_far_apart_the_best_value_hardly_moves(figure: objective.Objective) -> None:
    label = "Far apart, and the best D"
    far = [figure.numbers(state_of(label, mean=m))["best"] for m in (6.6, 7.0)]
    near = [figure.numbers(state_of(label, mean=m))["best"] for m in (1.6, 2.0)]
    assert -0.01 < far[0] < far[1] < 0
    assert far[1] - far[0] < 0.01 * (near[1] - near[0])
    assert "close to its ceiling, 0" in figure.sentence(state_of(label))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "The generated points cost more"),
        ({"centre": 0.2}, "The real points cost more"),
        ({"centre": 1.0}, "Both terms cost the same"),
        ({"steep": -2.0, "centre": 1.0}, "one term pays for what the other saves"),
        ({"centre": 0.2}, "0 is out of reach as long as the densities overlap"),
        ({"areas": "best"}, "V(D*, G) = −0.7126."),
    ],
)
def test_the_sentence_says_which_term_costs_more(
    figure: objective.Objective, changes: dict[str, Any], words: str
) -> None:
    assert words in plain(figure.sentence(figure.state(**changes)))


def test_the_sentence_says_where(figure: objective.Objective) -> None:
    state = figure.state()
    at = figure.numbers(state)["at_fake"]
    d = expit(state["steep"] * (at - state["centre"]))
    expected = f"deepest near x = {at:.1f}, where D(x) is {d:.2f}."
    assert expected in plain(figure.sentence(state))


def test_no_word_is_one_of_the_frame(figure: objective.Objective) -> None:
    assert set(figure.words) & set(FRAME) == set()


def test_d_is_never_said_to_be_0_or_1(figure: objective.Objective) -> None:
    sure = figure.state(mean=7.0, steep=8.0, centre=9.0)
    assert "where D(x) is below 0.01." in plain(figure.sentence(sure))
    other = figure.state(mean=-2.0, steep=8.0, centre=-4.0)
    assert "where D(x) is above 0.99." in plain(figure.sentence(other))


# ---- the page


def drawn(page: Any) -> str:
    return str(page.locator(".ganl-picture").inner_html())


def test_controls_move_state_and_picture(opened: Open, figure: objective.Objective) -> None:
    page = opened(figure)
    seen = {drawn(page)}
    for name, key, field, value in (
        ("Mean of pg", "ArrowRight", "mean", 2.2),
        ("Steepness of D", "End", "steep", 8.0),
        ("Steepness of D", "ArrowLeft", "steep", 7.8),
    ):
        page.get_by_label(name).press(key)
        assert page.evaluate(f"{GANL}.state.{field}") == value
        assert drawn(page) not in seen
        seen.add(drawn(page))
    handle = page.get_by_role("slider", name="where D is ½")
    handle.press("ArrowRight")
    assert page.evaluate(f"{GANL}.state.centre") == 1.6
    assert handle.get_attribute("aria-valuenow") == "1.6"
    handle.press("PageDown")
    handle.press("Home")
    assert page.evaluate(f"{GANL}.state.centre") == -4.0
    chosen = page.locator("select").first
    assert chosen.evaluate("(s) => s.value") == "own"
    assert chosen.evaluate("(s) => s.selectedOptions[0].textContent") == FRAME["own"]


def test_the_button_shows_the_areas_of_the_best(opened: Open, figure: objective.Objective) -> None:
    page = opened(figure)
    before = drawn(page)
    page.get_by_role("button", name="Show those of the best D").press("Enter")
    assert page.evaluate(f"{GANL}.state.areas") == "best"
    assert drawn(page) != before
    page.get_by_role("button", name="Back to your D").click()
    assert drawn(page) == before


def test_p_g_and_the_diamond_can_be_dragged(opened: Open, figure: objective.Objective) -> None:
    page = opened(figure)
    for target, field in ((".ganl-area-made.ganl-grab", "mean"), (".ganl-handle", "centre")):
        box = page.locator(target).bounding_box()
        old = page.evaluate(f"{GANL}.state.{field}")
        # the hump of p_g does not fill its box; the middle of a handle is the handle
        x = box["x"] + box["width"] * (7.0 / 15 if field == "mean" else 0.5)
        y = box["y"] + box["height"] * (0.9 if field == "mean" else 0.5)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y)
        page.mouse.up()
        assert page.evaluate(f"{GANL}.state.{field}") > old + 0.5


def test_a_link_leads_back_to_the_setting(opened: Open, figure: objective.Objective) -> None:
    page = opened(figure)
    state = {"mean": 4.4, "centre": -1.3, "steep": 2.6, "areas": "best"}
    page.evaluate(f"(state) => {GANL}.set(state)", state)
    address = page.locator(".ganl-link").get_attribute("href")
    assert address == "#ganl-objective=mean:4.4;steep:2.6;centre:-1.3;areas:best"
    page.goto(page.url.split("#")[0] + address)
    page.reload()
    assert page.evaluate(f"{GANL}.state") == state
    page.evaluate("location.hash = '#ganl-objective=mean:99;steep:NaN;areas:none'")
    page.wait_for_function(f"{GANL}.state.mean === 7")
    assert page.evaluate(f"{GANL}.state") == figure.state(mean=7.0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 360])
def test_it_fits_every_page(
    opened: Open,
    figure: objective.Objective,
    presets_fit: Callable[..., None],
    width: int,
    scheme: str,
) -> None:
    page = opened(figure, width=width, scheme=scheme)
    presets_fit(page, figure, width, {"mean": 7.0, "steep": 8.0})


def test_at_most_three_controls_and_two_cues(opened: Open, figure: objective.Objective) -> None:
    page = opened(figure)
    assert page.locator(".ganl-control").count() == 3
    dash = "(node) => getComputedStyle(node).strokeDasharray"
    for panel in ("p", "cost"):
        inside = page.locator(f"[clip-path$='-{panel})']")
        assert inside.locator(".ganl-stroke-data").first.evaluate(dash) == "none"
        assert inside.locator(".ganl-stroke-made").first.evaluate(dash) != "none"


def test_the_other_faces(figure: objective.Objective) -> None:
    assert len(figure.html.encode()) < 150_000
    assert figure.png.startswith(b"\x89PNG")
    pictures = {figure.picture(figure.state(**preset.state)) for preset in figure.presets}
    for preset, picture in zip(figure.presets, pictures, strict=True):
        assert len(picture.axes) == 4, preset.label
    box = figure.widget()
    box.controls["steep"].value = 4.0
    assert plain(figure.sentence(figure.state(steep=4.0))) in plain(box.text.value)
