"""Many seeds at a glance: the order, the rate, the tiles, and what a click opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gan_lessons import curves, failures, toy
from gan_lessons.figures.many_seeds import ManySeeds, many_seeds
from gan_lessons.toy import Run, ToySettings

SEEDS = (3, 4, 5, 6, 7)
GOOD = np.array([True, False, True, True, False])


@pytest.fixture(scope="session")
def run() -> Run:
    settings = ToySettings(target="two modes", batch=32, g_hidden=(8,), d_hidden=(8,))
    return toy.train(settings, SEEDS, 60, 5, progress=False)


@pytest.fixture(scope="session")
def figure(run: Run) -> ManySeeds:
    return many_seeds(run, GOOD, "it ends well", title="Five seeds")


def state(page: Any) -> dict[str, Any]:
    return dict(page.evaluate("({...document.querySelector('.ganl').ganl.state})"))


def test_sorted_by_the_exact_distance(run: Run, figure: ManySeeds) -> None:
    exact = curves.final_w1(run, averaged=False)
    order = np.argsort(exact)
    assert figure.seeds == [SEEDS[i] for i in order]
    np.testing.assert_allclose(figure.distance, exact[order], atol=3e-3)
    assert figure.good.tolist() == GOOD[order].tolist()
    for preset, member in zip(figure.presets, order, strict=True):
        assert preset.curves.w1[-1] == pytest.approx(exact[member] * 4.25**0.5, abs=5e-3)
        assert preset.curves.d_loss.tolist() == run.d_loss[:, member].astype(float).tolist()


def test_the_rate_is_wilson_s(figure: ManySeeds) -> None:
    expected = failures.rate(GOOD)
    assert (figure.rate.low, figure.rate.high) == (expected.low, expected.high)
    assert figure.sentence == (
        f"3 of 5 runs succeed (95% interval {100 * expected.low:.0f}% to "
        f"{100 * expected.high:.0f}%). Success: it ends well."
    )


def test_first_and_last_frame_are_kept(run: Run, figure: ManySeeds) -> None:
    for preset in figure.presets:
        assert preset.curves.step[[0, -1]].tolist() == [0, 60]
        assert len(preset.curves.step) == 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800])
def test_the_page(
    opened: Callable[..., Any],
    figure: ManySeeds,
    width: int,
    scheme: str,
    nothing_is_cut: Callable[..., None],
) -> None:
    page = opened(figure, width=width, scheme=scheme)
    assert page.locator(".ganl-rate").inner_text() == figure.sentence
    tiles = page.locator(".ganl-tiles button")
    assert tiles.count() == 5
    for index in range(5):
        name = tiles.nth(index).get_attribute("aria-label")
        good = "success" if figure.good[index] else "no success"
        assert name == f"seed {figure.seeds[index]}, distance {figure.distance[index]:.2f}, {good}"
        assert tiles.nth(index).inner_text().endswith("✓") == figure.good[index]
        assert min(tiles.nth(index).bounding_box()[side] for side in ("width", "height")) >= 44
    nothing_is_cut(page, width)
    assert "NaN" not in page.locator(".ganl-tiles").inner_html()


def test_a_tile_is_the_end_of_its_run(opened: Callable[..., Any], figure: ManySeeds) -> None:
    """Read back from the path on the page: D and p_g of the last frame, in the tile's pixels."""
    page = opened(figure)
    low, high = figure.window
    for index, preset in enumerate(figure.presets):
        c = preset.curves
        inside = (c.x >= low) & (c.x <= high)
        for name, values, top, height in (
            ("d", c.d[-1], 1, 18),
            ("made", np.minimum(c.p_g[-1], preset.limit) / preset.limit, 24, 35),
        ):
            path = page.locator(".ganl-tile").nth(index).locator(f".ganl-stroke-{name}")
            points = [pair.split(",") for pair in path.get_attribute("d")[1:].split("L")]
            x, y = np.array(points, dtype=float).T
            np.testing.assert_allclose(x, 76 * (c.x[inside] - low) / (high - low), atol=0.06)
            np.testing.assert_allclose(y, top + height * (1 - values[inside]), atol=0.06)


def test_a_click_or_enter_opens_the_run(opened: Callable[..., Any], figure: ManySeeds) -> None:
    page = opened(figure)
    tiles = page.locator(".ganl-tiles button")

    def pressed() -> list[bool]:
        return [tiles.nth(i).get_attribute("aria-pressed") == "true" for i in range(5)]

    assert pressed() == [True, False, False, False, False]
    tiles.nth(3).click()
    assert (state(page)["preset"], state(page)["step"]) == (3, 60)
    assert pressed() == [False, False, False, True, False]
    assert page.locator(".ganl-opened").inner_text().startswith(f"Seed {figure.seeds[3]} is open")
    assert f"Seed {figure.seeds[3]} " in page.locator(".ganl-caption").last.inner_text()
    tiles.nth(4).focus()
    page.keyboard.press("Enter")
    assert state(page)["preset"] == 4
    page.get_by_label("Run", exact=True).select_option(index=1)
    assert pressed() == [False, True, False, False, False]


def test_an_address_opens_a_run(
    opened: Callable[..., Any], figure: ManySeeds, make_player: Callable[..., Any]
) -> None:
    page = opened(make_player(), figure)  # a page with two players: this is the second
    assert page.locator(".ganl-tiles").count() == 1
    page.evaluate("location.hash = '#ganl=2,0,2'")
    second = "document.querySelectorAll('.ganl')[1].ganl.state"
    page.wait_for_function(f"{second}.preset === 2")
    assert page.evaluate(second)["step"] == 0
    assert page.locator(".ganl-tiles button").nth(2).get_attribute("aria-pressed") == "true"
    assert state(page)["preset"] == 0


def test_the_static_and_the_live_face(figure: ManySeeds) -> None:
    assert figure.png.startswith(b"\x89PNG")
    pytest.importorskip("ipywidgets")
    box = figure.widget()
    assert box.picture.value == figure.png
    box.player.run.value = 2
    assert f"Seed {figure.seeds[2]} " in box.player.caption.value


def test_forty_runs_fit_on_a_page(run: Run) -> None:
    many = [*range(5)] * 8
    wide = Run(
        run.settings, np.arange(40), np.repeat(run.d_loss[:, many], 10, 0),
        np.repeat(run.g_loss[:, many], 10, 0), run.frames,
        {name: [w[:, many] for w in ws] for name, ws in run.weights.items()},
    )  # fmt: skip
    figure = many_seeds(wide, np.arange(40) % 3 == 0, "every third")
    assert len(figure.html.encode()) < 520_000
    assert figure.html == many_seeds(wide, np.arange(40) % 3 == 0, "every third").html


def test_bad_input_is_named(figure: ManySeeds) -> None:
    def make(**changes: Any) -> ManySeeds:
        given = {
            "seeds": figure.seeds, "distance": figure.distance, "good": figure.good, "rule": "r",
        } | changes  # fmt: skip
        return ManySeeds(figure.presets, **given, title="t", alt="a")

    for name, bad in (
        ("seeds", [1]),
        ("distance", [1.0]),
        ("distance", [np.nan] * 5),
        ("good", [True]),
        ("rule", " "),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must "):
            make(**{name: bad})
