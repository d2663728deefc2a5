"""The museum: every exhibit is a real run beside its fix; captions say what is so; the button."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gan_lessons import curves, failures
from gan_lessons.figures import Player, Preset
from gan_lessons.figures.museum import EXHIBITS, Result, museum, train_exhibit
from gan_lessons.toy import ToySettings

LOG_2, LOG_4 = math.log(2), math.log(4)
SEEDS = (6000, 6001, 6002)  # a failure that is cured comes among the first three of the chapter's


@pytest.fixture(scope="session")
def results() -> dict[str, Result]:
    return {name: train_exhibit(name, SEEDS) for name in EXHIBITS}


@pytest.fixture(scope="session")
def player(results: dict[str, Result]) -> Player:
    return museum(results)


@pytest.fixture
def pair(results: dict[str, Result], player: Player, request: pytest.FixtureRequest) -> Any:
    """The two curves on show of the exhibit that the test is named after: failed, cured."""
    index = [*results].index(request.node.name.split("_")[1])
    preset = player.presets[index]
    assert preset.fix is not None
    return preset.curves, preset.fix.curves


def differences(a: Any, b: Any) -> list[str]:
    """Names of the fields in which two settings differ, those of the loop among them."""
    names = []
    for field in dataclasses.fields(a):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if field.name == "loop":
            names += differences(one, other)
        elif one != other:
            names.append(field.name)
    return names


@pytest.mark.parametrize("name", EXHIBITS)
def test_a_fix_changes_one_thing(name: str) -> None:
    exhibit = EXHIBITS[name]
    allowed = {
        "vanishing": ["g_loss"],
        "dropped": ["lr_d"],
        "point": ["lr_d"],
        "cycling": ["lr_d"],
        "between": ["d_hidden"],
        "kinks": ["standardise", "g_start"],  # G starts on the data in both units
        "moments": ["d_hidden", "d_activation"],  # another D
    }
    assert differences(exhibit.settings, exhibit.cure) == allowed[name]


@pytest.mark.parametrize("name", EXHIBITS)
def test_both_runs_start_from_the_same_weights(results: dict[str, Result], name: str) -> None:
    result = results[name]
    for one, other in zip(
        result.run.weights["generator"], result.cured.weights["generator"], strict=True
    ):
        shift = one[0] - other[0]
        if name == "kinks" and one is result.run.weights["generator"][-1]:
            np.testing.assert_allclose(shift, EXHIBITS[name].settings.g_start, atol=1e-5)
        else:
            assert not shift.any()
    assert result.run.seeds.tolist() == result.cured.seeds.tolist() == [*SEEDS]


@pytest.mark.parametrize("name", EXHIBITS)
def test_on_show_is_the_first_that_fails_and_is_cured(
    results: dict[str, Result], player: Player, name: str
) -> None:
    result = results[name]
    shown = result.shown
    assert result.failed[shown]
    assert result.succeeded[shown]
    assert not (result.failed & result.succeeded)[:shown].any()
    preset = player.presets[[*results].index(name)]
    exact = curves.compute(
        dataclasses.replace(
            result.run,
            frames=result.run.frames[-1:],
            weights={n: [w[-1:] for w in ws] for n, ws in result.run.weights.items()},
        ),
        shown,
    )
    assert preset.curves.w1[-1] == pytest.approx(exact.w1[0], abs=2e-3)
    assert preset.curves.js[-1] == pytest.approx(exact.js[0], abs=3e-3)
    assert result.failures.successes == result.failed.sum()
    assert result.cures.successes == result.succeeded.sum()


# ---- what the captions say ----


def test_vanishing(pair: Any) -> None:
    failed, cured = pair
    assert np.interp(failed.g[-1], failed.x, failed.d[-1]).max() < 0.01
    assert np.abs(failed.g[-1] - failed.g[len(failed.step) // 2]).max() < 0.2  # hardly moves
    assert failed.w1[-1] > 4 * 0.5
    assert cured.g[len(cured.step) // 3].mean() > cured.g[0].mean() + 1  # sets off at once


def test_dropped(pair: Any) -> None:
    failed, _ = pair
    on_left = failed.x < 4
    assert (failed.p_g[-1] * on_left).sum() > 0.99 * failed.p_g[-1].sum()
    assert failed.d_loss[-50:].mean() < LOG_4 - 0.2
    assert failed.d[-1][(failed.x > 5) & (failed.x < 7)].min() > 0.9  # flat, and sure


def test_point(pair: Any) -> None:
    failed, _ = pair
    assert np.quantile(failed.g[-1], 0.95) - np.quantile(failed.g[-1], 0.05) < 0.5


def test_cycling(pair: Any) -> None:
    failed, _ = pair
    middle = np.median(failed.g, axis=1)[len(failed.step) // 2 :]
    on = np.sign(middle - 4)
    assert (np.diff(on) != 0).sum() >= 2  # there and back


def test_between(pair: Any) -> None:
    failed, _ = pair
    assert failed.d_loss[-50:].mean() == pytest.approx(LOG_4, abs=0.05)
    assert failed.g_loss[-50:].mean() == pytest.approx(LOG_2, abs=0.05)
    assert failed.g[-1].mean() == pytest.approx(4, abs=0.7)
    logit = np.log(failed.d) - np.log1p(-failed.d)
    assert np.abs(np.diff(logit, n=2, axis=1)).max() < 1e-6 * np.abs(logit).max()  # straight


def test_kinks(pair: Any, results: dict[str, Result]) -> None:
    failed, _ = pair
    over = np.abs(failed.x - 4) < 1.25
    logit = (np.log(failed.d) - np.log1p(-failed.d))[-1][over]
    assert np.abs(np.diff(logit, n=2)).max() < 1e-6
    result = results["kinks"]
    assert failures.bends(result.run, 2.75, 5.25)[result.shown] == 0
    assert failures.bends(result.cured, 2.75, 5.25)[result.shown] > 0
    assert failed.g[-1].mean() == pytest.approx(4, abs=0.3)


def test_moments(pair: Any) -> None:
    failed, cured = pair
    logit = (np.log(failed.d) - np.log1p(-failed.d))[-1]
    assert np.abs(np.diff(logit, n=3)).max() < 1e-6  # a parabola
    assert failed.g[-1].mean() == pytest.approx(4, abs=0.1)
    assert failed.d_loss[-50:].mean() == pytest.approx(LOG_4, abs=0.05)
    assert failed.g_loss[-50:].mean() == pytest.approx(LOG_2, abs=0.05)
    assert cured.w1[-1] < failed.w1[-1]


def test_kinks_are_counted_where_d_bends() -> None:
    """Against second differences of the logit on a fine grid, in the units of the data."""
    import torch

    from gan_lessons import toy

    for standardise in (True, False):
        settings = ToySettings(
            d_hidden=(5,), d_activation="relu", standardise=standardise, batch=8, g_hidden=(4,)
        )
        run = toy.train(settings, [0, 1, 2, 3], 2, progress=False)
        x = torch.linspace(-1.0, 7.0, 8001, dtype=torch.float64)
        for member in range(4):
            bend = np.abs(np.diff(run.discriminator(-1, member)(x).numpy(), n=2)) > 1e-9
            groups = int((np.diff(np.concatenate([[0], bend.astype(int)])) == 1).sum())
            assert failures.bends(run, -1.0, 7.0)[member] == groups
    with pytest.raises(ValueError, match=r"^run must .*got"):
        failures.bends(toy.train(ToySettings(batch=4), [0], 1, progress=False), 0, 1)


def test_bad_names_and_seeds_that_show_nothing(results: dict[str, Result]) -> None:
    with pytest.raises(ValueError, match=r"^name must .*got 'dull'"):
        train_exhibit("dull", [0])
    nothing = dataclasses.replace(results["point"], failed=np.zeros(3, dtype=bool))
    with pytest.raises(ValueError, match=r"^seeds must .*got none: point"):
        _ = nothing.shown


def test_the_size_of_the_page(player: Player) -> None:
    assert len(player.html.encode()) < 650_000


# ---- the button, in any player ----


@pytest.fixture
def pairs(formula_run: Callable[..., Any]) -> Player:
    def run(seed: int, frames: int = 41) -> Any:
        return formula_run(frames=frames, seed=seed, sharp=0.2 + 0.1 * seed)

    return Player(
        [
            Preset("Plain", "No fix here.", run(0)),
            Preset("One", "It fails.", run(1), start=500, fix=Preset("One", "Fixed.", run(2, 21))),
            Preset("Two", "Also.", run(3), fix=Preset("Two", "Also fixed.", run(4))),
        ],
        title="Pairs",
        alt="Four panels.",
    )


def state(page: Any) -> dict[str, Any]:
    return dict(page.evaluate("({...document.querySelector('.ganl').ganl.state})"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_button_leads_to_the_fix_and_back(
    opened: Callable[..., Any], pairs: Player, scheme: str
) -> None:
    page = opened(pairs, scheme=scheme)
    fix = page.locator(".ganl-fix")
    assert not fix.is_visible(), "a run without a fix has no button"
    page.get_by_label("Run").select_option("One")
    assert state(page) | {"frame": 0} == {"preset": 1, "frame": 0, "step": 500, "playing": False}
    page.get_by_role("button", name="Show the run with the fix").focus()
    page.keyboard.press("Enter")
    assert (state(page)["preset"], state(page)["step"]) == (3, 500)  # at the same moment
    assert page.locator(".ganl-caption").inner_text() == "Fixed."
    assert page.get_by_label("Run").evaluate("(s) => s.selectedOptions[0].text") == "One"
    assert page.evaluate("document.activeElement.className") == "ganl-fix"
    page.get_by_role("button", name="Back to the run that fails").press("Space")
    assert (state(page)["preset"], state(page)["step"]) == (1, 500)
    assert page.locator(".ganl-caption").inner_text() == "It fails."
    assert page.locator(".ganl-run select option").count() == 3


def test_a_fix_can_be_linked(opened: Callable[..., Any], pairs: Player) -> None:
    page = opened(pairs)
    page.get_by_label("Run").select_option("Two")
    page.get_by_role("button", name="Show the run with the fix").click()
    page.get_by_role("link", name="Link to this frame").click()
    assert page.url.endswith("#ganl=4,1000")
    page.reload()
    page.wait_for_selector(".ganl-picture path[d]", state="attached")
    assert state(page)["preset"] == 4
    assert page.locator(".ganl-caption").inner_text() == "Also fixed."


@pytest.mark.parametrize("width", [360, 800])
def test_nothing_of_the_museum_is_cut(
    opened: Callable[..., Any], player: Player, width: int, nothing_is_cut: Callable[..., None]
) -> None:
    page = opened(player, width=width)
    for index in range(len(player.runs)):
        page.evaluate(f"document.querySelector('.ganl').ganl.choose({index})")
        nothing_is_cut(page, width)
    assert "NaN" not in page.locator(".ganl-picture").inner_html()


def test_the_page_shows_these_runs(
    opened: Callable[..., Any], player: Player, shows_the_runs: Callable[..., None]
) -> None:
    shows_the_runs(opened(player), player)


def test_the_widget_has_the_button_too(pairs: Player) -> None:
    pytest.importorskip("ipywidgets")
    box = pairs.widget()
    assert box.fix.layout.display == "none"
    box.run.value = 1
    assert box.fix.layout.display != "none"
    assert (box.slider.max, box.slider.value) == (40, 20)
    box.fix.value = True
    assert "Fixed." in box.caption.value
    assert (box.slider.max, box.slider.value) == (20, 10)  # step 500 of a run with fewer frames
    assert box.fix.description == "Back to the run that fails"
    box.run.value = 2
    assert (box.fix.value, box.fix.description) == (False, "Show the run with the fix")
    assert "Also." in box.caption.value


def test_a_fix_of_a_fix_is_refused(formula_run: Callable[..., Any]) -> None:
    run = formula_run(frames=3)
    one = Preset("a", "b", run, fix=Preset("a", "b", run))
    with pytest.raises(ValueError, match=r"^fix must .*got 'a'"):
        Preset("c", "d", run, fix=one)
