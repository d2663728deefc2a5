"""The phase plane: its numbers, its claims, and what a reader does with it."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_lessons.dynamics import LOSSES, DiracGAN
from gan_lessons.figures import phase_plane
from gan_lessons.figures.explorer_words import plain
from gan_lessons.figures.phase_plane import STRENGTHS, game, path
from gan_lessons.figures.phase_plane_words import PRESETS, WORDS
from gan_lessons.updates import ORDERS, distance

Open = Callable[..., Any]
GANL = "document.querySelector('.ganl').ganl"


@pytest.fixture(scope="module")
def figure() -> phase_plane.PhasePlane:
    return phase_plane.explorer()


def grid() -> list[dict[str, Any]]:
    """Every loss, order and regulariser, with starts, steps and strengths near and far."""
    rng = random.Random(0)
    found = []
    for loss, order, regulariser in itertools.product(LOSSES, ORDERS, STRENGTHS):
        for _ in range(2):
            found.append({
                "loss": loss, "order": order, "regulariser": regulariser,
                "h": rng.choice([0.02, 0.1, 0.5, 1.0, 2.5]), "steps": rng.choice([1, 40, 120]),
                "strength": rng.choice([0.1, 0.5, 1.0, 3.0]),
                "theta": rng.choice([0.0, 0.5, -2.5, 1.15]), "psi": rng.choice([0.0, -1.0, 2.5]),
            })  # fmt: skip
    return found


def test_script_computes_and_says_what_python_does(
    opened: Open, figure: phase_plane.PhasePlane, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, grid())


def test_presets_agree(
    opened: Open, figure: phase_plane.PhasePlane, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, [preset.state for preset in figure.presets])


def test_every_state_of_a_run_agrees(opened: Open, figure: phase_plane.PhasePlane) -> None:
    page = opened(figure)
    for changes in grid()[::3]:
        state = figure.state(**changes)
        shown = np.array(page.evaluate(f"state => {GANL}.compute(state).path", state))
        truth = path(state)
        assert shown.shape == truth.shape
        assert np.abs(shown - truth).max() <= 1e-9 * max(1.0, np.abs(truth).max())


MUTANTS = {  # a line of the script, and what it becomes
    "G answers to the old D": ("q[0] + h * field(q)[0], q[1]]", "q[0] + h * field(p)[0], q[1]]"),
    "R1 halved": ("(r1 * psi + penalty", "(r1 / 2 * psi + penalty"),
    "no noise on real points": ("r * loss.real[0](psi * r) - x", "-x"),
    "consensus with J, not its transpose": ("J[0][j] * v[0] + J[1][j] * v[1]",
                                            "J[j][0] * v[0] + J[j][1] * v[1]"),
    "Euler for Runge-Kutta": ("p = project(add(p, s / 6,", "p = project(add(p, 0 / 6,"),
    "clipping of theta": ("[theta, clamp(psi, -clip, clip)]", "[clamp(theta, -clip, clip), psi]"),
    "multipliers without h^2": ("1 + h * a + h * b * (h * c)", "1 + h * a"),
    "penalty about 0": ("psi - Math.sign(psi)", "psi"),
    "D high on fakes": ("push - (r1", "-push - (r1"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_the_comparison_notices(opened: Open, agrees: Callable[..., None], name: str) -> None:
    wrong = phase_plane.explorer()
    right, mutant = MUTANTS[name]
    assert right in wrong.html
    wrong.__dict__["html"] = wrong.html.replace(right, mutant)
    page = opened(wrong)
    with pytest.raises(AssertionError):
        agrees(page, wrong, [preset.state for preset in wrong.presets])


def test_strength_reaches_the_game(figure: phase_plane.PhasePlane) -> None:
    for regulariser, name in STRENGTHS.items():
        made = game(figure.state(regulariser=regulariser, strength=0.7))
        assert made == DiracGAN("saturating", **({name: 0.7} if name else {}))


# ---- what the captions claim ----


def of(label: str, **changes: Any) -> dict[str, Any]:
    (preset,) = [one for one in PRESETS if one.label == label]
    return phase_plane.explorer().state(**{**preset.state, **changes})


def radii(state: dict[str, Any]) -> np.ndarray[Any, Any]:
    return distance(path(state))


def test_steps_spiral_out_from_every_start(figure: phase_plane.PhasePlane) -> None:
    for theta, psi in itertools.product((-2.5, -0.4, 0.3, 2.0), repeat=2):
        r = radii(of("Steps spiral out", theta=theta, psi=psi))
        assert (np.diff(r) > 0).all()
    assert figure.numbers(of("Steps spiral out"))["size"] > 1


def test_continuous_time_closes_up(figure: phase_plane.PhasePlane) -> None:
    state = of("Circles in continuous time")
    r = radii(state)
    assert np.ptp(r) < 1e-6
    assert figure.numbers(state)["lambda_1_re"] == 0


def test_alternating_stays() -> None:
    first, second = of("Steps spiral out"), of("Alternating stays")
    assert {k for k in first if first[k] != second[k]} == {"order"}
    assert np.abs(radii(second) / math.sqrt(2) - 1).max() < 0.03
    assert "only turns" in phase_plane.explorer().sentence(second)


def test_non_saturating_creeps_in(figure: phase_plane.PhasePlane) -> None:
    state = of("Non-saturating creeps in")
    r = radii(state)
    assert r[-1] < 0.25
    assert 1 - r[400] / r[350] < 0.2 * (1 - r[50] / r[0])  # it gets slower and slower
    assert figure.numbers(state)["size"] == pytest.approx(1, abs=1e-12)
    other = figure.numbers({**state, "loss": "saturating"})
    for key in ("lambda_1_re", "lambda_1_im"):
        assert figure.numbers(state)[key] == other[key]


def test_non_saturating_ends_on_a_circle_that_shrinks_with_the_step() -> None:
    state = of("Non-saturating, at once")
    ends = {h: radii({**state, "h": h, "steps": 400.0})[-20:] for h in (0.3, 0.16)}
    assert ends[0.3].mean() == pytest.approx(math.sqrt(0.6), rel=0.05)
    assert ends[0.16].mean() < 0.8 * ends[0.3].mean()


def test_r1_turns_below_1_and_meets_at_1(figure: phase_plane.PhasePlane) -> None:
    lam = {g: figure.numbers(of("R1 pulls in", strength=g)) for g in (0.4, 0.9, 1.0, 2.0)}
    assert radii(of("R1 pulls in"))[-1] < 0.05
    assert lam[0.4]["lambda_1_im"] > lam[0.9]["lambda_1_im"] > 0 == lam[1.0]["lambda_1_im"]
    assert lam[1.0]["lambda_1_re"] == lam[1.0]["lambda_2_re"] == -0.5
    assert lam[2.0]["lambda_2_re"] < -0.5 < lam[2.0]["lambda_1_re"] < 0


def test_instance_noise_pulls_in() -> None:
    assert radii(of("Instance noise"))[-1] < 0.01


def test_clipping_bounces_from_wall_to_wall() -> None:
    run = path(of("WGAN clipping bounces"))[60:]
    at_wall = np.sign(run[:, 1]) * (np.abs(run[:, 1]) == 0.5)
    sides = at_wall[at_wall != 0]
    assert (np.diff(sides) != 0).sum() >= 6
    assert (sides == 1).sum() > 5
    assert (sides == -1).sum() > 5
    calm = radii(of("WGAN clipping bounces", order="alternating", steps=400.0))[300:]
    assert calm.min() > 0.4
    assert calm.max() < 0.6


def test_the_gradient_penalty_has_no_rest(figure: phase_plane.PhasePlane) -> None:
    state = of("WGAN-GP has no rest")
    assert radii(state)[100:].min() > 0.3
    above, below = game(state).field(np.array([[0.0, 0.1], [0.0, -0.1]]))
    assert above[1] > 0 > below[1]
    assert "no point of rest" in plain(figure.sentence(state))
    assert "size" not in figure.numbers(state)
    strong = path({**state, "strength": 3.0})
    assert distance(strong[-1] - strong[-60]) < 0.02
    assert abs(strong[-1, 0]) == pytest.approx(3, abs=0.05)


def test_consensus_flees_into_saturation() -> None:
    state = of("Consensus into the desert")
    assert radii(state)[-1] > 2 * radii(state)[0]
    assert radii({**state, "loss": "non-saturating"})[-1] < 1e-3


def test_too_large_a_step(figure: phase_plane.PhasePlane) -> None:
    state = of("Too large a step")
    c = figure.numbers(state)
    assert c["lambda_1_re"] < 0
    assert c["size"] > 1
    assert figure.numbers({**state, "h": 1.22})["size"] > 1
    assert figure.numbers({**state, "h": 1.18})["size"] < 1
    assert radii({**state, "h": 0.6, "steps": 100.0})[-1] < 0.01


def test_a_run_that_leaves_says_so(figure: phase_plane.PhasePlane) -> None:
    state = figure.state(loss="wasserstein", h=2.5, steps=400)
    assert "is lost" in figure.sentence(state)
    assert 3 < figure.numbers(state)["steps"] < 10


def test_words_are_all_used() -> None:
    folder = Path(phase_plane.__file__).parent
    text = "".join(file.read_text(encoding="utf-8") for file in folder.glob("phase_plane*")
                   if file.name != "phase_plane_words.py")  # fmt: skip
    built = ("strength_", "last_", "lambda", "step")  # keys that are put together
    for key in WORDS:
        assert f'"{key}"' in text or f"words.{key}" in text or key.startswith(built), key


# ---- the page ----


def test_size_of_the_page(figure: phase_plane.PhasePlane) -> None:
    assert len(figure.html.encode()) < 150_000


def centre(page: Any, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_start_is_dragged_in_both_directions(
    opened: Open, figure: phase_plane.PhasePlane
) -> None:
    page = opened(figure)
    x, y = centre(page, ".ganl-handle")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y - 90, steps=4)
    page.mouse.up()
    state = page.evaluate(f"{GANL}.state")
    unit = (
        page.evaluate("document.querySelector('clipPath[id$=plane] rect').width.baseVal.value") / 6
    )
    assert state["theta"] == pytest.approx(1 - 60 / unit, abs=0.03)
    assert state["psi"] == pytest.approx(-1 + 90 / unit, abs=0.03)
    assert centre(page, ".ganl-handle") == pytest.approx((x - 60, y - 90), abs=3)


def test_keyboard(opened: Open, figure: phase_plane.PhasePlane) -> None:
    page = opened(figure)
    handle = page.locator(".ganl-handle")
    assert handle.get_attribute("role") == "slider"
    handle.focus()
    for key, theta, psi in (
        ("ArrowRight", 1.05, -1.0), ("ArrowUp", 1.05, -0.95), ("ArrowDown", 1.05, -1.0),
        ("ArrowLeft", 1.0, -1.0), ("End", 2.5, -1.0),
    ):  # fmt: skip
        page.keyboard.press(key)
        state = page.evaluate(f"{GANL}.state")
        assert (state["theta"], state["psi"]) == (theta, psi)
    assert handle.get_attribute("aria-valuetext") == "θ = 2.50, ψ = −1.00"


def test_touch(opened: Open, figure: phase_plane.PhasePlane) -> None:
    page = opened(figure, width=390, has_touch=True, is_mobile=True)
    hit = page.locator(".ganl-hit").bounding_box()
    assert min(hit["width"], hit["height"]) > 43.9


def test_address(opened: Open, figure: phase_plane.PhasePlane) -> None:
    page = opened(figure)
    page.evaluate(
        "location.hash = '#ganl-phase_plane=loss:wasserstein;regulariser:clip;h:0.5;psi:9'"
    )
    page.wait_for_function(f"{GANL}.state.loss === 'wasserstein'")
    state = page.evaluate(f"{GANL}.state")
    assert (state["regulariser"], state["h"], state["psi"], state["theta"]) == (
        "clip",
        0.5,
        2.5,
        1.0,
    )
    assert page.locator(".ganl-wall").first.evaluate("wall => wall.style.display") == ""


def test_controls(opened: Open, figure: phase_plane.PhasePlane) -> None:
    page = opened(figure)
    page.get_by_label("Regulariser").select_option("r1")
    page.get_by_role("tab", name="The numbers").click()
    strength = page.get_by_label("Strength")
    assert strength.get_attribute("aria-valuetext") == "γ = 1.0"
    strength.fill("2")
    assert page.evaluate(f"{GANL}.state.strength") == 2
    assert "pulled in" in page.evaluate(f"{GANL}.sentence({GANL}.state)")


@pytest.mark.parametrize("width", [360, 390, 640, 1280])
def test_nothing_is_cut(
    opened: Open, figure: phase_plane.PhasePlane, width: int, nothing_is_cut: Callable[..., None]
) -> None:
    page = opened(figure, width=width, scheme="dark")
    for preset in figure.presets:
        page.evaluate(f"state => {GANL}.set(state)", figure.state(**preset.state))
        nothing_is_cut(page, width)


def test_static_and_widget_faces(figure: phase_plane.PhasePlane) -> None:
    pytest.importorskip("ipywidgets")
    for preset in figure.presets:
        drawing = figure.picture(figure.state(**preset.state))
        assert len(drawing.axes) == 4
    box = figure.widget()
    assert box.children
    assert figure.png[:4] == b"\x89PNG"
