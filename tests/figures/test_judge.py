"""You are the discriminator: its numbers by other routes, its claims, and what a reader does."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit, rel_entr
from scipy.stats import norm

from gan_lessons import theory
from gan_lessons.densities import gaussian
from gan_lessons.figures import judge
from gan_lessons.figures.explorer_words import plain

Open = Callable[..., Any]
LOG_4 = math.log(4)
SHAPES = {
    "first": (2.0, 2.4, 1.6, -1.0, -1.6, -1.2, -1.0),
    "flat": (0.0,) * 7,
    "sure": (6.0, 6.0, 6.0, 0.0, -6.0, -6.0, -6.0),
    "wrong": (-6.0,) * 3 + (6.0,) * 4,
    "spikes": (6.0, -6.0, 6.0, -6.0, 6.0, -6.0, 6.0),
    "one": (6.0,) * 7,
    "guard": (6.0,) * 6 + (-6.0,),
}
GENERATORS = [(1.5, 1.5), (-1.5, 1.5), (3.0, 1.0), (5.0, 0.6), (6.0, 0.1), (-6.0, 4.0), (0.3, 0.1)]


def handles(shape: str) -> dict[str, float]:
    return dict(zip(judge.NAMES, SHAPES[shape], strict=True))


def grid() -> list[dict[str, Any]]:
    """Every shape of D against every generator, and every generator in the second part."""
    found: list[dict[str, Any]] = []
    for data, (mean, sd), shape in itertools.product(("one", "two"), GENERATORS, SHAPES):
        if data == "two" and shape not in ("first", "spikes"):
            continue
        game = {"data": data, "g_mean": mean, "g_sd": sd, **handles(shape)}
        found.append({"part": "judge", "phase": "seen", **game})
        if shape == "first":
            found.append({"part": "maker", "phase": "seen", **game})
        if data == "one" and mean == 1.5:
            found.append({"part": "judge", "phase": "shape", **game})
    return found


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The arrays are short: more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def figure() -> judge.Judge:
    return judge.explorer()


def ganl(page: Any, call: str) -> Any:
    return page.evaluate(f"document.querySelector('.ganl').ganl.{call}")


def handle(page: Any, name: str) -> Any:
    return page.locator(f"[role=slider][data-field={name}]")


def settle(page: Any) -> None:
    page.wait_for_timeout(1000)  # the sentence follows at most once in 0.9 s


# ---- mathematics


def test_script_computes_and_says_what_python_does(
    opened: Open, figure: judge.Judge, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, grid())


def test_presets_agree(opened: Open, figure: judge.Judge, agrees: Callable[..., None]) -> None:
    agrees(opened(figure), figure, [preset.state for preset in figure.presets])


def by_quad(state: dict[str, Any], f: Callable[[float, float, float, float], float]) -> float:
    """Integrate f(p_data, p_g, D, D*) at x with scipy, piece by piece."""
    parts = [(1.0, -1.5, 1.5)] if state["data"] == "one" else [(0.5, -3.0, 1.0), (0.5, 3.0, 1.0)]
    heights = [state[name] for name in judge.NAMES]

    def inside(x: float) -> float:
        log_p = np.logaddexp.reduce([math.log(w) + norm.logpdf(x, m, s) for w, m, s in parts])
        log_q = norm.logpdf(x, state["g_mean"], state["g_sd"])
        own = np.interp(x, judge.HANDLES, heights)
        return f(math.exp(log_p), math.exp(log_q), expit(own), expit(log_p - log_q))

    all_parts = [*parts, (1.0, state["g_mean"], state["g_sd"])]
    ends = {m + k * s for _, m, s in all_parts for k in (-9, -4, -2, -1, 0, 1, 2, 4, 9)}
    cuts = sorted({*ends, *judge.HANDLES})
    pieces = itertools.pairwise(cuts)
    return sum(quad(inside, a, b, epsabs=1e-13, epsrel=1e-11, limit=200)[0] for a, b in pieces)


def bernoulli(d_star: float, d: float) -> float:
    """KL(Bernoulli(D*) || Bernoulli(D))."""
    return float(rel_entr(d_star, d) + rel_entr(1 - d_star, 1 - d))


@pytest.mark.parametrize("mean_sd", GENERATORS)
@pytest.mark.parametrize(("data", "shape"), [("one", "first"), ("two", "spikes"), ("one", "wrong")])
def test_value_and_regret_by_scipy(
    figure: judge.Judge, data: str, shape: str, mean_sd: tuple[float, float]
) -> None:
    mean, sd = mean_sd
    state = figure.state(data=data, g_mean=mean, g_sd=sd, **handles(shape))
    found = figure.numbers(state)
    value = by_quad(state, lambda p, q, d, _: p * math.log(d) + q * math.log1p(-d))
    assert found["value"] == pytest.approx(value, abs=1e-9)
    regret = by_quad(state, lambda p, q, d, d_star: (p + q) * bernoulli(d_star, d))
    assert found["lost"] == pytest.approx(regret, abs=1e-9)
    assert found["best"] - found["value"] == pytest.approx(regret, abs=1e-9)
    assert found["js"] == pytest.approx((found["best"] + LOG_4) / 2, abs=1e-12)
    half = by_quad(state, lambda p, q, d, d_star: (p + q) * bernoulli(d_star, 0.5))
    assert figure.numbers({**state, "part": "maker"})["lost"] == pytest.approx(half, abs=1e-9)
    assert half == pytest.approx(2 * found["js"], abs=1e-9)


@pytest.mark.parametrize(("mean", "sd"), [(1.5, 1.5), (-1.5, 3.0), (3.0, 1.0), (5.0, 0.6)])
@pytest.mark.parametrize(
    # theory.value does not know where the logit has kinks, and is coarse where there are some
    ("shape", "tolerance"),
    [("flat", 2e-6), ("one", 2e-6), ("first", 2e-3), ("wrong", 2e-3)],
)
def test_values_are_theory_s(
    figure: judge.Judge, mean: float, sd: float, shape: str, tolerance: float
) -> None:
    state = figure.state(g_mean=mean, g_sd=sd, **handles(shape))
    found = figure.numbers(state)
    p, _ = judge.densities(state)
    p_g = theory.Pushforward(lambda z: mean + sd * z, gaussian(0.0, 1.0))
    assert found["best"] == pytest.approx(theory.best_value(p, p_g), abs=1e-6)
    logit = judge.logit_of(state)
    for name, truth in (("value", theory.value), ("lost", theory.value_gap)):
        expected = truth(logit, p, p_g)
        assert found[name] == pytest.approx(expected, rel=tolerance, abs=tolerance)


def test_most_regret_lies_where_it_is_said(figure: judge.Judge) -> None:
    for changes in grid()[1::2]:
        state = figure.state(**changes)
        found = figure.numbers(state)
        p, q = judge.densities(state)
        mine = state["part"] == "judge"
        x = torch.linspace(-8, 8, 3201, dtype=torch.float64)
        d = torch.sigmoid(judge.logit_of(state)(x)).numpy() if mine else np.full(len(x), 0.5)
        real, fake = p.log_prob(x).exp().numpy(), q.log_prob(x).exp().numpy()
        total = real + fake
        with np.errstate(invalid="ignore"):  # far out both densities are 0
            parts = rel_entr(real / total, d) + rel_entr(fake / total, 1 - d)
        lost = torch.from_numpy(np.nan_to_num(total * parts))
        if found["lost"] < 1e-9:
            continue
        top = float(lost[x.abs() <= 7].max())
        at_peak = float(lost[(x - found["peak"]).abs().argmin()])
        assert at_peak >= 0.9 * top  # the figure looks at every tenth of a unit
        near = (x - found["peak"]).abs() <= 1 + 1e-9
        assert found["near"] == pytest.approx(float(torch.trapezoid(lost[near], x[near])), rel=0.02)
        assert found["near"] <= found["lost"] * (1 + 1e-9)


def test_no_discriminator_beats_the_best(figure: judge.Judge) -> None:
    for changes in grid()[::3]:
        found = figure.numbers(figure.state(**changes))
        assert found["value"] <= found["best"] + 1e-9
        assert found["lost"] >= 0
        if all(changes[name] == 0 for name in judge.NAMES):
            assert found["value"] == pytest.approx(-LOG_4, abs=1e-12)


@pytest.mark.parametrize(
    ("mean", "sd", "shape", "expected"),
    [
        (1.5, 1.5, "first", "A fair D: you have 76.1%"),
        (
            1.5,
            1.5,
            "wrong",
            "Worse than D = ½ everywhere, which gives −log 4: yours gives −8.5185.",
        ),
        (1.5, 1.5, "flat", "A weak D: you have 0% of"),
        (6.0, 0.1, "guard", "Almost the best D: you have 99."),
        (-1.5, 1.5, "first", "pg is pdata, so the best D says ½ everywhere"),
        (-1.5, 1.5, "flat", "pg is pdata: your D is the best there is"),
    ],
)
def test_words_fit_the_numbers(
    figure: judge.Judge, mean: float, sd: float, shape: str, expected: str
) -> None:
    state = figure.state(phase="seen", g_mean=mean, g_sd=sd, **handles(shape))
    assert plain(figure.sentence(state)).startswith(expected)


def test_the_grade_is_the_share_of_what_can_be_won(figure: judge.Judge) -> None:
    state = figure.state(phase="seen")
    found = figure.numbers(state)
    won = (found["value"] + LOG_4) / (found["best"] + LOG_4)
    assert f"{100 * won:.1f}%" in figure.sentence(state)
    row = figure.table(state).rows[-1]
    assert row[1] == f"{100 * won:.1f}%"
    assert row[2].share == pytest.approx(won)


def test_captions_are_true(figure: judge.Judge) -> None:
    by_name = {preset.label: figure.state(**preset.state) for preset in figure.presets}

    def d_and_best(state: dict[str, Any], x: float) -> tuple[float, float]:
        at = torch.tensor([x], dtype=torch.float64)
        p, q = judge.densities(state)
        best = torch.sigmoid(p.log_prob(at) - q.log_prob(at))
        return float(torch.sigmoid(judge.logit_of(state)(at))), float(best)

    state = by_name["The same try, committed"]  # at 6 as wrong as near 0, hardly any sample there
    (d, best), (d0, best0) = d_and_best(state, 6.0), d_and_best(state, 0.0)
    assert abs(abs(d - best) - abs(d0 - best0)) < 0.05
    lose = judge.loss(*judge.densities(state), judge.logit_of(state))
    assert lose(torch.tensor([6.0]).double()) < 0.1 * lose(torch.tensor([0.0]).double())

    state = by_name["Sure of itself"]  # right everywhere, and two equal peaks
    for x in np.arange(-7, 7, 0.25):
        d, best = d_and_best(state, float(x))
        assert (d - 0.5) * (best - 0.5) >= 0
        assert abs(d - 0.5) >= abs(best - 0.5) or abs(x) > 2
    assert -math.log(0.0025) == pytest.approx(6, abs=0.01)
    assert -math.log(expit(-6.0)) == pytest.approx(6, abs=0.01)
    assert figure.numbers(state)["said"] > figure.numbers(state)["should"]

    state = by_name["A missed mode"]  # p_g is twice as high there, so D* is a third
    assert d_and_best(state, 3.0)[1] == pytest.approx(1 / 3, abs=1e-6)

    state = by_name["Generator too wide"]  # the generator makes the tails
    assert max(d_and_best(state, -7.0)[1], d_and_best(state, 5.0)[1]) < 0.05

    state = by_name["Nearly disjoint"]
    assert figure.numbers(state)["best"] > -0.01
    lose = judge.loss(*judge.densities(state), torch.zeros_like)
    assert lose(torch.tensor([2.6]).double()) < 0.05 * lose(torch.tensor([5.0]).double())

    state = by_name["You are G: no slope"]
    js = [figure.numbers({**state, "g_mean": mean})["js"] for mean in (5.5, 6.0)]
    assert min(js) > 0.999 * math.log(2)

    state = by_name["You are G: catch the data"]
    caught = figure.numbers({**state, "g_mean": -1.5})
    assert caught["js"] < 1e-12
    assert caught["should"] == 0.5

    state = by_name["You are G: two modes, one Gaussian"]  # there is something to find
    assert figure.numbers({**state, "g_mean": 0.0, "g_sd": 3.1})["js"] < 0.13
    assert figure.numbers(state)["js"] > 0.2


# ---- what a reader does


def hidden(page: Any) -> bool:
    """Whether nothing of D* or of the regret is on the page; all or nothing."""
    table = page.locator(".ganl-numbers").inner_text()
    says = page.locator(".ganl-says").inner_text()
    star = page.locator("g[clip-path] path.ganl-best").get_attribute("d")
    legend = "the best" in page.locator(".ganl-picture").text_content()
    shown = star is not None
    assert shown == legend == (table.count("?") == 0) == ("Commit" not in says)
    assert shown == page.locator(".ganl-dot-ink").is_visible()
    areas = page.locator("g[clip-path] path.ganl-area-judge").get_attribute("d")
    assert shown == (areas is not None)
    assert shown == ("regret lies" in says) == ("−0.7126" in table or "?" not in table)
    assert shown != page.locator(".ganl-ask").is_visible()
    return not shown


def test_commit_shows_and_try_again_hides(opened: Open, figure: judge.Judge) -> None:
    page = opened(figure)
    settle(page)
    assert hidden(page)
    page.get_by_role("button", name="Commit").click()
    settle(page)
    assert not hidden(page)
    assert "76.1%" in page.locator(".ganl-says").inner_text()
    assert "−0.7126" in page.locator(".ganl-numbers").inner_text()
    page.get_by_role("button", name="Try again").click()
    settle(page)
    assert hidden(page)
    assert ganl(page, "state")["d1"] == 2.0  # the reader's D is kept


def test_reset_starts_over(opened: Open, figure: judge.Judge) -> None:
    page = opened(figure)
    page.get_by_role("button", name="Commit").click()
    page.get_by_role("button", name="Reset D to ½").click()
    settle(page)
    state = ganl(page, "state")
    assert [state[name] for name in judge.NAMES] == [0] * 7
    assert hidden(page)
    assert "Your D says 0.50 everywhere." in page.locator(".ganl-says").inner_text()


@pytest.mark.parametrize(
    ("key", "logit"),
    [("ArrowUp", -0.9), ("ArrowRight", -0.9), ("ArrowDown", -1.1), ("Home", -6.0), ("End", 6.0),
     ("PageUp", 0.0), ("PageDown", -2.0)],
)  # fmt: skip
def test_keys_move_a_handle(opened: Open, figure: judge.Judge, key: str, logit: float) -> None:
    page = opened(figure)
    knob = handle(page, "d4")
    assert knob.get_attribute("aria-label") == "D at x = 0"
    before = knob.bounding_box()["y"]
    knob.focus()
    page.keyboard.press(key)
    assert ganl(page, "state")["d4"] == logit
    assert knob.get_attribute("aria-valuetext") == judge.chance(float(expit(logit)))
    after = knob.bounding_box()["y"]
    assert (after < before) == (logit > -1)


def test_seven_handles_in_reach_of_tab(opened: Open, figure: judge.Judge) -> None:
    page = opened(figure)
    assert page.get_by_role("slider").count() == 7
    page.get_by_role("tab", name="You are G").click()
    # two sliders below and two handles in the picture
    assert page.get_by_role("slider").count() == 4


def drag(page: Any, knob: Any, dx: float, dy: float) -> None:
    knob.scroll_into_view_if_needed()
    box = knob.locator(".ganl-grip").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()


@pytest.mark.parametrize("width", [1280, 360])
def test_a_handle_follows_the_pointer(opened: Open, figure: judge.Judge, width: int) -> None:
    page = opened(figure, width=width)
    knob = handle(page, "d3")
    before = knob.locator(".ganl-grip").bounding_box()["y"]
    drag(page, knob, 3, 40)
    assert knob.locator(".ganl-grip").bounding_box()["y"] == pytest.approx(before + 40, abs=2.5)
    state = ganl(page, "state")
    assert state["d3"] < 1.6
    assert [state[name] for name in ("d2", "d4")] == [2.4, -1.0]
    drag(page, knob, 0, -600)
    assert ganl(page, "state")["d3"] == 6.0
    drag(page, knob, 0, 900)
    assert ganl(page, "state")["d3"] == -6.0


def test_touch_targets_of_the_handles_do_not_overlap(opened: Open, figure: judge.Judge) -> None:
    page = opened(figure, width=360)
    boxes = [handle(page, name).locator(".ganl-hit").bounding_box() for name in judge.NAMES]
    for left, right in itertools.pairwise(boxes):
        assert left["x"] + left["width"] <= right["x"] + 0.2
        assert left["width"] >= 30


def test_the_roles_change(opened: Open, figure: judge.Judge) -> None:
    page = opened(figure)
    page.get_by_role("tab", name="You are G").click()
    assert ganl(page, "state")["part"] == "maker"
    settle(page)
    assert "2 JS = 0.6737" in page.locator(".ganl-says").inner_text()
    star = page.locator("g[clip-path] path.ganl-best")
    before = star.get_attribute("d")
    assert before
    drag(page, handle(page, "g_mean"), -100, 0)
    moved = ganl(page, "state")["g_mean"]
    assert moved < 1.5
    assert star.get_attribute("d") != before
    drag(page, handle(page, "g_sd"), -50, 0)  # its knob is to the left of a mean above 0 ...
    assert (ganl(page, "state")["g_sd"] > 1.5) == (moved > 0)
    handle(page, "g_mean").press("End")
    assert ganl(page, "state")["g_mean"] == 6.0
    ganl(page, "set({g_mean: -1.5, g_sd: 1.5})")
    settle(page)
    assert "D* says ½ everywhere, JS is 0" in page.locator(".ganl-says").inner_text()
    assert not page.locator(".ganl-dot-ink").is_visible()


def test_the_area_of_p_g_can_be_dragged_in_the_second_part_only(
    opened: Open, figure: judge.Judge
) -> None:
    page = opened(figure)
    assert page.locator(".ganl-reach[d]").count() == 0
    page.get_by_role("tab", name="You are G").click()
    box = page.locator(".ganl-reach").bounding_box()
    at = (box["x"] + 0.68 * box["width"], box["y"] + 0.9 * box["height"])
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] + 60, at[1])
    page.mouse.up()
    assert ganl(page, "state")["g_mean"] > 2


def test_the_address_holds_all(opened: Open, figure: judge.Judge) -> None:
    page = opened(figure)
    handle(page, "d4").press("End")
    page.get_by_role("button", name="Commit").click()
    page.get_by_text("Link to this setting").click()
    assert "part:judge" in page.url
    assert "d4:6" in page.url
    assert "phase:seen" in page.url
    state = ganl(page, "state")
    page.reload()
    page.wait_for_selector(".ganl-picture path[d]", state="attached")
    assert ganl(page, "state") == state
    assert not hidden(page)
    page.evaluate("location.hash = '#ganl-judge=part:maker;g_mean:99;g_sd:nan;d1:-4.04'")
    page.wait_for_function("document.querySelector('.ganl').ganl.state.part === 'maker'")
    state = ganl(page, "state")
    assert (state["g_mean"], state["g_sd"], state["d1"]) == (6.0, 1.5, -4.0)
    assert page.get_by_role("tab", name="You are G").get_attribute("aria-selected") == "true"


def test_every_preset_can_be_chosen(opened: Open, figure: judge.Judge) -> None:
    page = opened(figure)
    for preset in figure.presets:
        page.get_by_label("Look at").select_option(label=preset.label)
        assert ganl(page, "state") == figure.state(**preset.state)
        assert page.locator(".ganl-now").inner_text() == plain(preset.caption)
        shown = page.locator(".ganl-controls").locator("button, input, select")
        tabs = page.get_by_role("tab").count()
        assert sum(one.is_visible() for one in shown.all()) - tabs <= 3


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (390, "dark"), (360, "light"), (360, "dark")]
)
def test_fits(
    opened: Open, figure: judge.Judge, nothing_is_cut: Callable[..., None], width: int, scheme: str
) -> None:
    page = opened(figure, width=width, scheme=scheme)
    for preset in figure.presets:
        page.get_by_label("Look at").select_option(label=preset.label)
        nothing_is_cut(page, width)
    settle(page)
    nothing_is_cut(page, width)


def test_small(figure: judge.Judge) -> None:
    assert len(figure.html.encode()) < 150_000


# ---- the other faces


def test_the_static_picture_hides_and_shows_the_same(figure: judge.Judge) -> None:
    def panels(**changes: Any) -> list[list[str]]:
        drawing = figure.picture(figure.state(**changes))
        return [[text.get_text() for text in ax.get_legend().get_texts()] for ax in drawing.axes]

    assert panels(phase="shape")[0] == ["your $D$($x$), 1 means real"]
    assert panels(phase="seen")[0] == ["your $D$($x$), 1 means real", "$D$*($x$), the best"]
    assert panels(part="maker")[2][1] == r"$p_{\mathrm{g}}$ too high"
    assert len(figure.draw().axes[0].lines) == 3  # D, its handles and D*


def test_live_widget(figure: judge.Judge) -> None:
    box = figure.widget()
    assert "Press “Commit”" in box.text.value
    box.controls["phase"].click()
    assert "76.1%" in box.text.value
    tabs = box.children[2]
    buttons = [one for one in tabs.children[0].children if "Reset" in one.description]
    buttons[0].click()
    assert [box.controls[name].value for name in judge.NAMES] == [0] * 7
    assert "0.50 everywhere" in box.text.value
    tabs.selected_index = 1
    assert box.controls["part"].value == "maker"
    assert "2 JS" in box.text.value
    box.preset.value = 1
    assert tabs.selected_index == 0
    assert re.search("A fair .*76.1%", box.text.value)
