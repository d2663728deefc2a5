"""Two clouds: the page computes what Python does, and the captions say what the numbers say."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from gan_lessons.balls import nearness
from gan_lessons.figures import two_clouds
from gan_lessons.figures.explorer_words import FRAME, plain
from gan_lessons.kernels import RBF, mmd2
from gan_lessons.metrics import frechet_distance, moments
from gan_lessons.neighbours import precision_recall

Open = Callable[..., Any]
GANL = "document.querySelector('.ganl').ganl"
INSIDE = "[clip-path$='-clouds)']"  # what is drawn in the panel, not in the legend


@pytest.fixture(scope="module")
def figure() -> two_clouds.TwoClouds:
    return two_clouds.explorer()


def state_of(label: str, **changes: Any) -> dict[str, Any]:
    """The whole state of a preset, changed."""
    figure = two_clouds.explorer()
    (preset,) = [one for one in figure.presets if one.label == label]
    return figure.state(**{**preset.state, **changes})


def far(figure: two_clouds.TwoClouds, state: dict[str, Any]) -> set[str]:
    numbers = figure.numbers(state)
    return {name for name in two_clouds.MEASURES if two_clouds.is_far(name, numbers)}


def grid() -> list[dict[str, Any]]:
    """Every source, every picture, and the corners of the other controls."""
    shown = itertools.cycle(("moments", "data", "fakes"))
    moves = itertools.product((-3.0, -0.35, 0.0, 3.0), (0.0, 0.05, 1.0, 2.5), (0, 7, 30))
    some = list(moves)[::3]
    return [
        {"source": source, "shift": a, "spread": b, "moved": c, "show": next(shown)}
        for source in ("fresh", "copies", "cloud")
        for a, b, c in some
    ]


# ---- the page computes and says what Python does


def test_script_computes_and_says_what_python_does(
    opened: Open, figure: two_clouds.TwoClouds, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, grid())


def test_presets_agree(
    opened: Open, figure: two_clouds.TwoClouds, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, [preset.state for preset in figure.presets])


class Changed(two_clouds.TwoClouds):
    """A page whose script has other constants than Python."""

    constants = "[1.5, 30, 3, 1]"

    @property
    def html(self) -> str:
        page = super().html
        assert page.count(Changed.constants) == 1
        return page.replace(Changed.constants, self.constants)


class OtherBandwidth(Changed):
    constants = "[1.5, 30, 3, 1.01]"


class OtherNeighbour(Changed):
    constants = "[1.5, 30, 4, 1]"


@pytest.mark.parametrize("kind", [OtherBandwidth, OtherNeighbour])
def test_another_formula_on_the_page_is_noticed(
    opened: Open,
    figure: two_clouds.TwoClouds,
    agrees: Callable[..., None],
    kind: type[two_clouds.TwoClouds],
) -> None:
    changed = kind(title=figure.title, alt=figure.alt)
    with pytest.raises(AssertionError, match=r"mmd at|precision at|recall at"):
        agrees(opened(changed), figure, [figure.presets[0].state])


# ---- the points


def test_the_cloud_has_the_moments_of_the_data(figure: two_clouds.TwoClouds) -> None:
    real = moments(two_clouds.data())
    cloud = moments(two_clouds.fakes(state_of("Right moments, wrong shape")))
    torch.testing.assert_close(cloud.mean, real.mean)
    torch.testing.assert_close(cloud.covariance, real.covariance)
    assert figure.numbers(state_of("Right moments, wrong shape"))["frechet"] < 1e-12


def test_what_the_controls_do() -> None:
    real = two_clouds.data()
    assert (real[:30, 0] < 0).all()
    assert (real[30:, 0] > 0).all()
    assert torch.equal(two_clouds.fakes(state_of("Copies")), real)
    moved = two_clouds.fakes(state_of("Copies", moved=4))
    assert (moved - real)[:, 0].abs().count_nonzero() == 4
    assert (moved[30:34, 0] < 0).all()
    shifted = two_clouds.fakes(state_of("Copies", shift=0.5))
    torch.testing.assert_close(shifted, real + torch.tensor([0.5, 0.0]))
    points = two_clouds.fakes(state_of("Copies", spread=0.0))
    assert torch.equal(points.unique(dim=0), torch.tensor([[-1.5, 0.0], [1.5, 0.0]]).double())


def test_fresh_draws_are_called_alike() -> None:
    """The bounds of the sentence: no fresh draws of 100 others are called far."""
    real, shown = two_clouds.data(), two_clouds.fakes(state_of("Fresh draws"))
    base = two_clouds.explorer().numbers(state_of("Fresh draws"))
    for seed in range(100, 200):
        draws = torch.from_numpy(np.random.default_rng(seed).normal(0, two_clouds.SD, (60, 2)))
        draws[:, 0] += torch.where(torch.arange(60) < 30, -1.5, 1.5)
        both = precision_recall(real, draws, two_clouds.K)
        here = {"frechet": frechet_distance(real, draws), "mmd": mmd2(real, draws, RBF(1.0)),
                "precision": both.precision, "recall": both.recall,
                "nearness": nearness(draws, shown, real)}  # fmt: skip
        assert not [name for name in here if two_clouds.is_far(name, {**base, **here})]


# ---- what the captions say


def test_fresh_draws(figure: two_clouds.TwoClouds) -> None:
    found = figure.numbers(state_of("Fresh draws"))
    assert found["frechet"] > 0.01
    assert max(found["precision"], found["recall"]) < 1
    assert found["nearness"] == 0.5
    assert far(figure, state_of("Fresh draws")) == set()
    assert figure.sentence(state_of("Fresh draws")).startswith("None of the five")


def test_copies(figure: two_clouds.TwoClouds) -> None:
    found = figure.numbers(state_of("Copies"))
    assert found["frechet"] < 1e-12
    assert (found["precision"], found["recall"], found["nearness"]) == (1, 1, 1)
    assert found["mmd"] < found["fresh_mmd"] < 0
    assert far(figure, state_of("Copies")) == {"nearness"}


def test_one_mode_dropped(figure: two_clouds.TwoClouds) -> None:
    state = state_of("One mode dropped")
    found = figure.numbers(state)
    assert far(figure, state) == {"frechet", "mmd", "recall"}
    assert abs(found["recall"] - 0.5) < 0.05
    assert "Not far: precision" in plain(figure.sentence(state))


def test_too_narrow_and_too_wide(figure: two_clouds.TwoClouds) -> None:
    narrow, wide = (figure.numbers(state_of(name)) for name in ("Too narrow", "Too wide"))
    dropped = figure.numbers(state_of("One mode dropped"))
    assert narrow["precision"] == 1
    assert narrow["recall"] < 0.2
    assert narrow["frechet"] < dropped["frechet"] / 20
    assert "mmd" not in far(figure, state_of("Too narrow"))
    assert wide["precision"] < 0.7
    assert wide["recall"] >= wide["fresh_recall"]


def test_shifted(figure: two_clouds.TwoClouds) -> None:
    assert far(figure, state_of("Shifted")) == {"frechet", "mmd", "precision", "recall"}
    near, away = (figure.numbers(state_of("Shifted", shift=shift)) for shift in (1.5, 3.0))
    assert max(near["precision"], near["recall"]) < 0.4
    assert abs(away["precision"] - 0.5) < 0.05
    assert abs(away["recall"] - 0.5) < 0.05
    assert away["frechet"] > 3 * near["frechet"]
    assert near["mmd"] < away["mmd"] < 1.25 * near["mmd"]


def test_right_moments_wrong_shape(figure: two_clouds.TwoClouds) -> None:
    state = state_of("Right moments, wrong shape")
    assert far(figure, state) == {"mmd", "precision"}


def test_no_word_is_one_of_the_frame(figure: two_clouds.TwoClouds) -> None:
    assert set(figure.words) & set(FRAME) == set()


# ---- the page


def test_controls_move_the_fakes_and_the_balls(opened: Open, figure: two_clouds.TwoClouds) -> None:
    page = opened(figure)
    crosses = page.locator(f"{INSIDE} path.ganl-cross")
    before = crosses.get_attribute("d")
    page.get_by_label("Shift", exact=True).press("ArrowRight")
    assert page.evaluate(f"{GANL}.state.shift") == 0.05
    assert crosses.get_attribute("d") != before
    assert before.count("M") == 60
    balls = page.locator(f"{INSIDE} path.ganl-balls")
    assert not balls.get_attribute("d")
    page.get_by_role("tab", name="What they are, what is shown").click()
    page.get_by_label("Show", exact=True).select_option("data")
    assert balls.get_attribute("d").count("M") == 60
    page.evaluate(f"(state) => {GANL}.set(state)", state_of("One mode dropped"))
    missed = 1 - figure.numbers(state_of("One mode dropped"))["recall"]
    rings = page.locator(f"{INSIDE} path.ganl-out").get_attribute("d")
    assert rings.count("M") == round(60 * missed)


def test_a_link_leads_back_to_the_setting(
    opened: Open, figure: two_clouds.TwoClouds, leads_back: Callable[..., None]
) -> None:
    state = figure.state(source="cloud", shift=-0.55, spread=1.3, moved=4, show="fakes")
    leads_back(opened(figure), state, "#ganl-two_clouds=shift:-0.55;")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 360])
def test_it_fits_every_page(
    opened: Open,
    figure: two_clouds.TwoClouds,
    presets_fit: Callable[..., None],
    width: int,
    scheme: str,
) -> None:
    page = opened(figure, width=width, scheme=scheme)
    presets_fit(page, figure, width)


def test_a_second_cue_beside_colour(opened: Open, figure: two_clouds.TwoClouds) -> None:
    page = opened(figure)
    dash = "(node) => getComputedStyle(node).strokeDasharray"
    assert page.locator("path.ganl-ellipse-data").evaluate(dash) == "none"
    assert page.locator("path.ganl-ellipse-made").evaluate(dash) != "none"
    shapes = [
        page.locator(f"{INSIDE} path.ganl-{name}").get_attribute("d") for name in ("dot", "cross")
    ]
    assert "a" in shapes[0]
    assert "a" not in shapes[1]  # discs and crosses


def test_the_other_faces(figure: two_clouds.TwoClouds) -> None:
    assert len(figure.html.encode()) < 150_000
    assert figure.png.startswith(b"\x89PNG")
    for show in ("moments", "data", "fakes"):
        axes = figure.picture(figure.state(show=show, shift=1.0)).axes[0]
        assert len(axes.collections) == int(show != "moments")
    out = [line for line in axes.lines if line.get_label() == two_clouds.WORDS["out"]]
    missed = 1 - figure.numbers(figure.state(shift=1.0))["recall"]
    assert len(out[0].get_xdata()) == round(60 * missed)
    box = figure.widget()
    box.controls["shift"].value = 1.3
    assert plain(figure.sentence(figure.state(shift=1.3))) in plain(box.text.value)
