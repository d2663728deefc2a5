"""Saturating against non-saturating: forces against autograd, captions, page."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm
from torch import Tensor

from gan_lessons import gradients, losses
from gan_lessons.densities import gaussian
from gan_lessons.figures import forces
from gan_lessons.figures.explorer_words import plain

Open = Callable[..., Any]
GANL = "document.querySelector('.ganl').ganl"
LOSSES = {"sat": losses.saturating_loss, "non": losses.nonsaturating_loss}
EACH = range(1, forces.FAKES + 1)


@pytest.fixture(scope="module")
def figure() -> forces.Forces:
    return forces.explorer()


def preset(label: str, **changes: Any) -> dict[str, Any]:
    """The whole state of a preset, changed."""
    figure = forces.explorer()
    (one,) = [one for one in figure.presets if one.label == label]
    return figure.state(**{**one.state, **changes})


def grid() -> list[dict[str, Any]]:
    """Corners and middles of the controls."""
    places = itertools.product(
        (-3.0, 0.0, 0.1, 1.5, 3.0, 8.0), (0.0, 0.05, 1.0, 3.0), ("now", "then"), ("one", "two")
    )
    scales = itertools.cycle(["linear", "log", "log"])
    return [
        {"distance": d, "confidence": c, "fit": f, "law": law, "scale": next(scales)}
        for d, c, f, law in places
    ]


def sharper(confidence: float, **changes: Any) -> dict[str, Any]:
    """A state whose confidence no control allows."""
    return {**forces.explorer().state(**changes), "confidence": confidence}


# logits of at least 1000, both signs, and both at once
BEYOND = [
    sharper(260.0),
    sharper(160.0, distance=-2.0, fit="then"),
    sharper(200.0, distance=1.5, law="two"),
    sharper(500.0, distance=1.5, fit="then"),
]


# ---- the page computes and says what Python does


def test_script_computes_and_says_what_python_does(
    opened: Open, figure: forces.Forces, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, grid())


def test_presets_agree(opened: Open, figure: forces.Forces, agrees: Callable[..., None]) -> None:
    agrees(opened(figure), figure, [one.state for one in figure.presets])


def test_script_agrees_at_logits_of_a_thousand(opened: Open, figure: forces.Forces) -> None:
    page = opened(figure)
    for state in BEYOND:
        found = page.evaluate(f"(state) => {GANL}.compute(state)", state)
        truth = figure.numbers(state)
        assert max(abs(truth[f"logit{k}"]) for k in EACH) > 1000
        for name, value in truth.items():
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name
        assert page.evaluate(f"(state) => {GANL}.sentence(state)", state) == figure.sentence(state)


# ---- the forces, by other routes


def all_forces(found: dict[str, float], name: str) -> np.ndarray:
    return np.array([found[f"{name}{k}"] for k in EACH])


def score(state: dict[str, Any], x: float) -> float:
    """Derivative of the logit by hand: confidence times (-x) minus the score of what D knew."""
    at = state["distance"] if state["fit"] == "now" else 3.0
    if state["law"] == "one":
        return float(-state["confidence"] * at)
    near = expit(math.log(2) + (at + 4) * (x - (at - 4) / 2))  # share of the larger hump at x
    return float(-state["confidence"] * (-4 * (1 - near) + at * near))


def by_autograd(state: dict[str, Any], name: str) -> Tensor:
    """-dLoss/dx of the mean loss of the nine, times nine; D written out here once more."""
    x = forces.fakes(state).requires_grad_()

    def log_p(x: Tensor, humps: list[tuple[float, float]]) -> Tensor:
        parts = [math.log(w) - (x - m) ** 2 / 2 for m, w in humps]
        return torch.logsumexp(torch.stack(parts), 0)

    at = state["distance"] if state["fit"] == "now" else 3.0
    humps = [(at, 1.0)] if state["law"] == "one" else [(at, 2 / 3), (-4.0, 1 / 3)]
    logit = state["confidence"] * (log_p(x, [(0.0, 1.0)]) - log_p(x, humps))
    (slope,) = torch.autograd.grad(LOSSES[name](logit), x)
    return -forces.FAKES * slope


@pytest.mark.parametrize("state", [*map(dict, grid()), *BEYOND], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_forces_are_those_of_the_losses(
    figure: forces.Forces, name: str, state: dict[str, Any]
) -> None:
    found = figure.numbers(state)
    truth = by_autograd(state, name)
    assert truth.isfinite().all()
    mine, logit = all_forces(found, name), all_forces(found, "logit")
    slope = np.array([score(state, found[f"x{k}"]) for k in EACH])
    # torch's softplus(t) is t from t = 20 on: its derivative is exp(-20) = 2.1e-9 off there
    loose = np.where(np.abs(logit) > 20, 2.1e-9 * np.abs(slope), 0)
    assert (np.abs(mine - truth.numpy()) <= 1e-9 * (1 + np.abs(mine)) + loose).all()
    share = expit(logit if name == "sat" else -logit)
    assert mine == pytest.approx(share * slope, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("state", [one for one in grid() if one["confidence"] == 1.0], ids=str)
def test_means_are_integrals_over_p_g(figure: forces.Forces, state: dict[str, Any]) -> None:
    found = figure.numbers(state)
    d = state["distance"]
    weights = {d: 1.0} if state["law"] == "one" else {-4.0: 1 / 3, d: 2 / 3}
    logit = forces.discriminator(state)

    def judged(x: float) -> float:
        return logit(torch.tensor(x, dtype=torch.float64)).item()

    def mean(f: Callable[[float, float], float]) -> float:
        total = 0.0
        for at, weight in weights.items():
            for low in range(-10, 10, 2):
                total += weight * quad(
                    lambda x, at=at: norm.pdf(x, at) * f(x, judged(x)),
                    at + low, at + low + 2, epsabs=1e-11, epsrel=1e-10,
                )[0]  # fmt: skip
        return total

    assert found["mean_d"] == pytest.approx(mean(lambda _, logit: expit(logit)), abs=1e-9)
    for name, sign in (("sat", 1), ("non", -1)):
        truth = mean(lambda x, logit, sign=sign: expit(sign * logit) * score(state, x))
        assert found[f"mean_{name}"] == pytest.approx(truth, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("distance", [-3.0, 0.1, 3.0, 6.0, 8.0])
def test_at_the_best_d_the_two_means_add_up_to_the_distance(
    figure: forces.Forces, distance: float
) -> None:
    found = figure.numbers(figure.state(distance=distance))
    assert found["mean_sat"] + found["mean_non"] == pytest.approx(-distance, abs=1e-9)
    p_data, p_g = gaussian(0.0, 1.0), gaussian(distance, 1.0)
    for name, slope in forces.SLOPES.items():
        gradient = gradients.expected_gradient(slope, p_data, p_g)
        assert found[f"mean_{name}"] == pytest.approx(-gradient, abs=1e-9)


def test_the_numbers_of_the_chapter(figure: forces.Forces) -> None:
    found = figure.numbers(figure.state())
    assert found["mean_sat"] == pytest.approx(-0.295864, abs=5e-7)
    assert found["mean_non"] == pytest.approx(-2.704136, abs=5e-7)


def test_with_two_humps_they_add_up_to_the_way_between_the_means(figure: forces.Forces) -> None:
    found = figure.numbers(figure.state(distance=1.5, law="two"))
    assert found["mean_sat"] + found["mean_non"] == pytest.approx(-(1.5 * 2 - 4) / 3, abs=1e-9)


def test_each_fake_stands_in_the_middle_of_its_share(figure: forces.Forces) -> None:
    middles = (np.arange(9) + 0.5) / 9
    one = figure.numbers(figure.state(distance=2.0))
    assert norm.cdf([one[f"x{k}"] for k in EACH], 2.0) == pytest.approx(middles, abs=1e-12)
    two = figure.numbers(figure.state(distance=6.0, law="two"))
    far, near = [two[f"x{k}"] for k in (1, 2, 3)], [two[f"x{k}"] for k in range(4, 10)]
    assert norm.cdf(far, -4.0) == pytest.approx([1 / 6, 1 / 2, 5 / 6], abs=1e-12)
    assert norm.cdf(near, 6.0) == pytest.approx((np.arange(6) + 0.5) / 6, abs=1e-12)


# ---- what the captions and the sentence say


def test_two_arrows_share_one_budget(figure: forces.Forces) -> None:
    found = figure.numbers(preset("The best D: one budget, shared"))
    sat, non = all_forces(found, "sat"), all_forces(found, "non")
    d = expit(all_forces(found, "logit"))
    assert sat + non == pytest.approx(-3.0, abs=1e-12)
    assert sat / non == pytest.approx(d / (1 - d), rel=1e-9)
    assert np.abs(sat).argmax() == d.argmax()  # on the fake that D half believes
    assert 0.4 < d.max() < 0.7
    assert np.abs(non).argmax() == d.argmin()


def test_early_in_training_one_vanishes(figure: forces.Forces) -> None:
    state = preset("Early training: D is sure")
    found = figure.numbers(state)
    assert np.abs(all_forces(found, "sat")).max() < 0.01
    assert np.abs(all_forces(found, "non")).min() > 5.99
    assert state["scale"] == "log"
    # "Lower the confidence until you see the first saturating arrow": it can be reached
    assert np.abs(all_forces(figure.numbers({**state, "confidence": 0.1}), "sat")).max() > 0.1
    assert "sure that all nine fakes are fake" in plain(figure.sentence(state))


def test_an_unsure_d_pushes_both_alike_and_weakly(figure: forces.Forces) -> None:
    state = preset("D is unsure")
    found = figure.numbers(state)
    sat, non = all_forces(found, "sat"), all_forces(found, "non")
    assert sat / (sat + non) == pytest.approx(0.5, abs=0.07)
    assert found["mean_sat"] == pytest.approx(found["mean_non"], rel=0.11)
    assert np.abs(sat + non).max() < 0.11
    assert "unsure" in figure.sentence(state)
    assert "about equally hard" in figure.sentence(state)


def test_a_fooled_d_reverses_the_roles(figure: forces.Forces) -> None:
    state = preset("D is fooled")
    found = figure.numbers(state)
    assert np.abs(all_forces(found, "non")).max() < 0.01
    assert (all_forces(found, "sat") < -2.9).all()  # leftwards, and the data is on the right
    assert "Both push pg away from the data" in plain(figure.sentence(state))
    fixed = figure.numbers({**state, "fit": "now"})  # the fix of the caption
    assert fixed["mean_sat"] > 0
    assert fixed["mean_non"] > 0
    assert "away" not in figure.sentence({**state, "fit": "now"})


def test_in_a_mixed_batch_the_means_disagree(figure: forces.Forces) -> None:
    state = preset("A mixed batch: the means disagree")
    found = figure.numbers(state)
    sat, non = all_forces(found, "sat"), all_forces(found, "non")
    assert (sat * non > 0).all()  # parallel on each fake
    assert found["mean_sat"] < -0.25
    assert found["mean_non"] > 0.5
    assert sat.mean() < 0 < non.mean()  # of the nine shown, too
    assert non[:3].sum() > -2 * non[3:].sum() > 0  # made by the three far ones
    assert abs(sat[:3].sum()) < 0.1 * abs(sat[3:].sum())  # made by those near the data
    assert "their means do not" in figure.sentence(state)


def test_a_flat_d_gives_no_force(figure: forces.Forces) -> None:
    for changes in ({"confidence": 0.0}, {"distance": 0.0}):
        state = figure.state(**changes)
        assert plain(figure.sentence(state)).startswith("D is flat")
        assert figure.table(state).rows[1][1:] == ["0", "0", "0"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.29586, "0.2959"), (5.1e-5, "0.0001"), (4.9e-5, "5×10⁻⁵"), (-3.4e-12, "−3×10⁻¹²"),
        (9.6e-10, "1×10⁻⁹"), (0.0, "0"), (1e-120, "0"), (25.0, "25.0000"),
    ],
)  # fmt: skip
def test_small_numbers_are_powers_of_ten(value: float, text: str) -> None:
    assert forces.small(value) == text


# ---- the page


def drawn(page: Any) -> str:
    return str(page.locator(".ganl-picture").inner_html())


def test_controls_move_state_and_picture(opened: Open, figure: forces.Forces) -> None:
    page = opened(figure)
    seen = {drawn(page)}
    for name, key, field, value in (
        ("Distance of pg", "ArrowRight", "distance", 3.1),
        ("Confidence of D", "End", "confidence", 3.0),
        ("Confidence of D", "Home", "confidence", 0.0),
        ("Confidence of D", "ArrowRight", "confidence", 0.05),
    ):
        page.get_by_label(name).press(key)
        assert page.evaluate(f"{GANL}.state.{field}") == value
        assert drawn(page) not in seen
        seen.add(drawn(page))
    page.get_by_label("D was fitted").select_option("when p_g was at 3")
    assert page.evaluate(f"{GANL}.state.fit") == "then"
    page.get_by_role("tab", name="The game").press("ArrowRight")
    page.get_by_label("Lowest axis").select_option("logarithmic")
    assert page.evaluate(f"{GANL}.state.scale") == "log"
    assert drawn(page) not in seen


def test_p_g_can_be_dragged(opened: Open, figure: forces.Forces) -> None:
    page = opened(figure)
    box = page.locator(".ganl-area-made.ganl-grab").bounding_box()
    x, y = box["x"] + box["width"] * 10.5 / 18, box["y"] + box["height"] * 0.9
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y)
    page.mouse.up()
    moved = page.evaluate(f"{GANL}.state.distance") - 3
    assert moved == pytest.approx(80 / box["width"] * 18, abs=0.1)


def heads(page: Any, name: str) -> list[float]:
    """How long each arrow is, in pixels, from the path of the heads and the places of the dots."""
    return page.evaluate(
        """(name) => {
          const svg = document.querySelector('.ganl-picture');
          const shaft = [...svg.querySelectorAll(`path.ganl-stroke-${name}`)]
            .find((node) => node.nextSibling?.classList.contains(`ganl-head-${name}`));
          const tips = shaft.nextSibling.getAttribute('d').match(/M[-\\d.]+/g) ?? [];
          const from = shaft.getAttribute('d').match(/M[-\\d.]+/g) ?? [];
          return tips.map((tip, i) => Number(tip.slice(1)) - Number(from[i].slice(1)));
        }""",
        name,
    )


def test_arrows_are_as_long_as_the_forces(opened: Open, figure: forces.Forces) -> None:
    page = opened(figure)
    for label in ("The best D: one budget, shared", "A mixed batch: the means disagree"):
        state = preset(label)
        page.evaluate(f"(state) => {GANL}.set(state)", state)
        found = figure.numbers(state)
        long = {name: heads(page, name) for name in LOSSES}
        unit = max(np.abs(long["non"])) / np.abs(all_forces(found, "non")).max()
        for name, pixels in long.items():
            truth = unit * all_forces(found, name)
            assert pixels == pytest.approx(truth[np.abs(truth) >= 1], abs=0.3)


def test_the_key_has_the_scale_of_the_arrows(opened: Open, figure: forces.Forces) -> None:
    page = opened(figure)
    for changes in (
        {},
        {"distance": 2.0, "confidence": 0.05},
        {"distance": 8.0, "confidence": 3.0},
    ):
        state = figure.state(**changes)
        page.evaluate(f"(state) => {GANL}.set(state)", state)
        text = page.locator(".ganl-picture text", has_text="force ").last.text_content()
        begin, tip = page.evaluate(
            """() => ['.ganl-stroke-ink', '.ganl-mark-ink'].map((name) => Number(
              document.querySelector(`.ganl-picture path${name}`).getAttribute('d')
                .match(/M([-\\d.]+)/)[1]))"""
        )
        most = np.abs(all_forces(figure.numbers(state), "non")).max()
        unit = max(np.abs(heads(page, "non"))) / most
        assert float(text.split()[-1]) * unit == pytest.approx(begin - tip, abs=0.3)


def test_a_link_leads_back_to_the_setting(opened: Open, figure: forces.Forces) -> None:
    page = opened(figure)
    state = {"distance": -1.2, "confidence": 0.35, "fit": "then", "law": "two", "scale": "log"}
    page.evaluate(f"(state) => {GANL}.set(state)", state)
    address = page.locator(".ganl-link").get_attribute("href")
    assert address == "#ganl-forces=distance:-1.2;confidence:0.35;fit:then;law:two;scale:log"
    page.goto(page.url.split("#")[0] + address)
    page.reload()
    assert page.evaluate(f"{GANL}.state") == state
    page.evaluate("location.hash = '#ganl-forces=distance:-99;confidence:Infinity;law:three'")
    page.wait_for_function(f"{GANL}.state.distance === -3")
    assert page.evaluate(f"{GANL}.state") == figure.state(distance=-3.0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 360])
def test_it_fits_every_page(
    opened: Open,
    figure: forces.Forces,
    nothing_is_cut: Callable[[Any, int], None],
    width: int,
    scheme: str,
) -> None:
    page = opened(figure, width=width, scheme=scheme)
    states = [one.state for one in figure.presets]
    widest = {"distance": 8.0, "confidence": 3.0, "law": "two", "scale": "log"}
    for changes in [*states, widest, {"distance": 0.1, "confidence": 0.05}]:
        page.evaluate(f"(state) => {GANL}.set(state)", figure.state(**changes))
        nothing_is_cut(page, width)
        apart = page.evaluate(
            """() => {
              const texts = [...document.querySelectorAll('.ganl-picture text')];
              const box = (word) => texts.find((one) => one.textContent.includes(word))
                .getBoundingClientRect();
              const arrow = document.querySelector('.ganl-picture path.ganl-mark-ink');
              return arrow.getBoundingClientRect().left - box('saturating force').right;
            }"""
        )
        assert apart > 2  # the key does not touch the legend


def test_at_most_three_controls_and_two_cues(opened: Open, figure: forces.Forces) -> None:
    page = opened(figure)
    for tab in ("The game", "Fakes and axis"):
        page.get_by_role("tab", name=tab).click()
        assert 1 <= page.locator(".ganl-control:visible").count() <= 3
    style = "(node, name) => getComputedStyle(node)[name]"
    first = {name: page.locator(f".ganl-stroke-{name}").first for name in LOSSES}
    assert first["sat"].evaluate(style, "strokeDasharray") != "none"
    assert first["non"].evaluate(style, "strokeDasharray") == "none"
    colors = {
        page.locator(f"circle.ganl-head-{name}").first.evaluate(style, "fill") for name in LOSSES
    }
    assert len(colors) == 2


def test_the_other_faces(figure: forces.Forces) -> None:
    assert len(figure.html.encode()) < 150_000
    assert figure.png.startswith(b"\x89PNG")
    for one in figure.presets:
        assert len(figure.picture(figure.state(**one.state)).axes) == 5
    assert len(figure.picture(figure.state(confidence=0.0)).axes) == 5
    box = figure.widget()
    box.controls["distance"].value = 6.0
    assert plain(figure.sentence(figure.state(distance=6.0))) in plain(box.text.value)
