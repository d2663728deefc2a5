"""The explorer of distances: its numbers, its claims, and what a reader does with it."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, uniform

from gan_lessons.figures import distances
from gan_lessons.figures.explorer_words import amount

Open = Callable[..., Any]
NAMES = ("p_mean", "p_width", "q_mean", "q_width")


@pytest.fixture(scope="module")
def figure() -> distances.Distances:
    return distances.explorer()


def preset(figure: distances.Distances, label: str) -> dict[str, Any]:
    (found,) = (one for one in figure.presets if one.label == label)
    return figure.state(**found.state)


def grid() -> list[dict[str, Any]]:
    """Pairs of shapes, near and far, narrow and wide, with each distance and unit in turn."""
    places = [(0.0, 1.0), (0.5, 0.1), (-5.0, 3.0), (5.0, 0.1)]
    turns = itertools.cycle(itertools.product(distances.MEASURES, ("nats", "bits")))
    found = []
    for p, q in itertools.product(distances.SHAPES, repeat=2):
        for first, second in ((0, 0), (0, 1), (1, 2), (2, 3), (1, 0), (2, 1)):
            measure, unit = next(turns)
            values = dict(zip(NAMES, (*places[first], *places[second]), strict=True))
            found.append({**values, "p_shape": p, "q_shape": q, "measure": measure, "unit": unit})
    # Where p rounds to 0 and q is 0: 0 times infinity, if one is careless.
    narrow = {"p_width": 0.1, "q_shape": "uniform", "q_mean": 5.0, "q_width": 0.1}
    found += [{**narrow, "measure": measure} for measure in distances.MEASURES]
    return found


def test_script_computes_and_says_what_python_does(
    opened: Open, figure: distances.Distances, agrees: Callable[..., None]
) -> None:
    agrees(opened(figure), figure, [*grid(), *(one.state for one in figure.presets)])


def test_numbers_by_another_route(figure: distances.Distances) -> None:
    """scipy's densities and scipy's quadrature, on one pair of unlike shapes."""
    state = figure.state(
        p_shape="uniform", p_mean=0.5, p_width=1.5, q_shape="two", q_mean=0.0, q_width=1.0
    )
    p = uniform(-1, 3)

    def q(x: float) -> float:
        return float((norm.pdf(x, -1, 0.5) + norm.pdf(x, 1, 0.5)) / 2)

    def total(f: Callable[[float], float]) -> float:
        ends = [-6, -3, -1.0, -0.5, 0, 0.5, 1, 1.5, 2.0, 3, 6]
        return sum(quad(f, a, b, epsabs=1e-11, limit=200)[0] for a, b in itertools.pairwise(ends))

    def halves(x: float) -> float:
        a, b = p.pdf(x), q(x)
        first = a * math.log(2 * a / (a + b)) if a > 0 else 0.0
        return float(first + b * math.log(2 * b / (a + b))) / 2

    found = figure.numbers(state)
    kl = total(lambda x: p.pdf(x) * math.log(p.pdf(x) / q(x)) if p.pdf(x) > 0 else 0.0)
    assert found["kl_pq"] == pytest.approx(kl, abs=1e-8)
    assert found["kl_qp"] == math.inf
    assert found["js"] == pytest.approx(total(halves), abs=1e-8)
    assert found["tv"] == pytest.approx(total(lambda x: abs(p.pdf(x) - q(x)) / 2), abs=1e-7)
    lost = total(lambda x: max(p.pdf(x) * math.log(q(x) / p.pdf(x)), 0) if p.pdf(x) > 0 else 0.0)
    assert found["minus"] == pytest.approx(lost, abs=1e-7)
    outside = sum(norm.cdf(-1, m, 0.5) + norm.sf(2, m, 0.5) for m in (-1, 1)) / 2
    assert found["missed_qp"] == pytest.approx(outside, abs=1e-12)
    assert found["missed_pq"] == 0


def test_the_captions_are_true(figure: distances.Distances) -> None:
    def numbers(label: str, **changes: Any) -> dict[str, float]:
        return figure.numbers({**preset(figure, label), **changes})

    wide = numbers("Wide data, narrow model")
    assert wide["kl_pq"] > 3 * wide["kl_qp"]

    equal = numbers("Equal")
    assert [equal[name] for name in distances.MEASURES] == pytest.approx([0] * 5, abs=1e-12)
    for step in (-0.5, 0.05):
        moved = numbers("Equal", q_mean=step)
        assert min(moved[name] for name in distances.MEASURES) > 0

    small = numbers("A small shift")
    assert small["kl_pq"] == pytest.approx(small["kl_qp"], abs=1e-12)
    assert 0 < small["minus"] < small["kl_pq"] + small["minus"]

    apart = [numbers("Nearly disjoint", q_mean=mean) for mean in (2.0, 4.0)]
    assert apart[1]["kl_pq"] / apart[0]["kl_pq"] == pytest.approx((6 / 4) ** 2)
    assert apart[1]["w1"] / apart[0]["w1"] == pytest.approx(6 / 4)
    assert all(0 < math.log(2) - one["js"] < 1e-3 for one in apart)

    for mean in (2.0, 4.0):
        boxes = numbers("Disjoint uniforms", q_mean=mean)
        assert boxes["kl_pq"] == boxes["kl_qp"] == math.inf
        assert boxes["js"] == pytest.approx(math.log(2), abs=1e-12)
        assert boxes["tv"] == pytest.approx(1, abs=1e-12)
        assert boxes["w1"] == pytest.approx(mean + 2, abs=1e-12)

    label = "A mixture and its wide cover"
    cover = numbers(label)["kl_pq"]
    state = preset(figure, label)
    assert state["q_width"] ** 2 == pytest.approx(state["p_width"] ** 2 + 0.25, abs=0.01)
    for other in ({"q_mean": 0.3}, {"q_mean": -0.3}, {"q_width": 1.9}, {"q_width": 2.2}):
        assert numbers(label, **other)["kl_pq"] > cover
    middle = norm.cdf(1, 0, 2.06) - norm.cdf(-1, 0, 2.06)
    data = norm.cdf(1, 2, 0.5) - norm.cdf(-1, 2, 0.5)
    assert middle > 0.3 > 10 * data

    mode = numbers("A mixture and one of its modes")
    assert mode["kl_qp"] == pytest.approx(math.log(2), abs=0.01)
    assert mode["kl_pq"] / mode["kl_qp"] == pytest.approx(20, abs=3)


def test_what_it_says(figure: distances.Distances) -> None:
    said = {one.label: figure.sentence(figure.state(**one.state)) for one in figure.presets}
    assert said["Equal"].endswith("are the same density: every distance is 0.")
    assert "do not overlap" in said["Disjoint uniforms"]
    assert "W<sub>1</sub> = 4.0000" in said["Disjoint uniforms"]
    assert "hardly overlap" in said["Nearly disjoint"]
    assert "JS is 99.9" in said["Nearly disjoint"]  # near the bound, and not at it
    state = {**preset(figure, "Disjoint uniforms"), "measure": "kl_pq"}
    assert "is infinite: <i>q</i> is 0 in places that hold 100.0% of <i>p</i>" in figure.sentence(
        state
    )
    assert [row[1] for row in figure.table(state).rows][:2] == ["<b>infinite</b>", "infinite"]


def test_bits_are_nats_over_log_2(figure: distances.Distances) -> None:
    nats, bits = (figure.numbers(figure.state(unit=unit)) for unit in ("nats", "bits"))
    for name in ("kl_pq", "kl_qp", "js", "minus"):
        assert bits[name] * math.log(2) == pytest.approx(nats[name])
    for name in ("tv", "w1"):
        assert bits[name] == nats[name]
    rows = figure.table(figure.state(unit="bits")).rows
    assert rows[2][2].high == "1 bit"


def test_opens_with_everything_drawn(opened: Open, figure: distances.Distances) -> None:
    page = opened(figure)
    for name in ("stroke-data", "stroke-made", "area-judge", "hatch-ink", "stroke-ink"):
        outlines = page.locator(f"path.ganl-{name}").evaluate_all(
            "(all) => all.map((n) => n.getAttribute('d'))"
        )
        outline = max(outlines, key=len)
        assert len(outline) > 200
        assert "NaN" not in outline
    assert page.get_by_role("img", name=figure.alt).count() == 1
    sliders = page.locator("[role=slider]")
    assert sliders.count() == 4
    assert {node.get_attribute("aria-label") for node in sliders.all()} == {
        "mean of p", "width of p", "mean of q", "width of q",
    }  # fmt: skip


def state(page: Any) -> dict[str, Any]:
    return dict(page.evaluate("document.querySelector('.ganl').ganl.state"))


@pytest.mark.parametrize("name", ["p", "q"])
def test_drag_a_density_by_its_handles(
    opened: Open, figure: distances.Distances, name: str
) -> None:
    page = opened(figure)
    for part in ("mean", "width"):
        before = state(page)
        box = page.get_by_role("slider", name=f"{part} of {name}").bounding_box()
        at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.move(*at)
        page.mouse.down()
        page.mouse.move(at[0] + 50, at[1] + 30, steps=5)
        page.mouse.up()
        page.mouse.move(at[0] + 90, at[1])  # let go: this must do nothing
        after = state(page)
        unit = 16 / (page.locator(".ganl-picture").bounding_box()["width"] - 72)
        moved = after[f"{name}_{part}"] - before[f"{name}_{part}"]
        assert moved == pytest.approx(50 * unit, abs=0.06)
        assert {key for key in after if after[key] != before[key]} == {f"{name}_{part}"}


def test_drag_the_density_itself(opened: Open, figure: distances.Distances) -> None:
    page = opened(figure)
    box = page.locator(".ganl-area-made.ganl-grab").bounding_box()
    picture = page.locator(".ganl-picture").bounding_box()
    across = picture["x"] + 50 + (8.5 / 16) * (picture["width"] - 72)  # x = 0.5, the mean of q
    page.mouse.move(across, box["y"] + box["height"] - 25)
    page.mouse.down()
    page.mouse.move(across - 80, box["y"] + box["height"] - 25, steps=4)
    page.mouse.up()
    assert state(page)["q_mean"] < -0.8
    assert state(page)["p_mean"] == 0


@pytest.mark.parametrize(
    ("key", "mean"),
    [("ArrowRight", 0.55), ("ArrowUp", 0.55), ("ArrowLeft", 0.45), ("ArrowDown", 0.45),
     ("PageUp", 1.0), ("PageDown", 0.0), ("Home", -5.0), ("End", 5.0)],
)  # fmt: skip
def test_keys_move_a_handle(
    opened: Open, figure: distances.Distances, key: str, mean: float
) -> None:
    page = opened(figure)
    handle = page.get_by_role("slider", name="mean of q")
    drawn = page.locator(".ganl-stroke-made").last.get_attribute("d")
    handle.focus()
    page.keyboard.press(key)
    assert state(page)["q_mean"] == mean
    assert float(handle.get_attribute("aria-valuenow")) == mean
    assert handle.get_attribute("aria-valuetext") == f"{mean:.2f}".replace("-", "−")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "mean of q"
    assert page.locator(".ganl-stroke-made").last.get_attribute("d") != drawn


def test_a_handle_says_what_its_width_means(opened: Open, figure: distances.Distances) -> None:
    page = opened(figure)
    handle = page.get_by_role("slider", name="width of q")
    page.get_by_role("tab", name="Model q").click()
    for shape, text in (("two", "modes 0.50 off the mean"), ("uniform", "half-width 0.50"),
                        ("gaussian", "sd 0.50")):  # fmt: skip
        page.get_by_label("Shape").locator("visible=true").select_option(shape)
        assert handle.get_attribute("aria-valuetext") == text
        assert page.get_by_text(text, exact=True).count() == 1


def test_handles_never_lie_on_each_other(opened: Open, figure: distances.Distances) -> None:
    page = opened(figure, width=360)
    places = [(-5, 0.1), (5, 0.1), (5, 3), (0, 0.1), (0, 3)]
    for (p, a), (q, b) in itertools.product(places, repeat=2):
        page.evaluate(
            "(s) => document.querySelector('.ganl').ganl.set(s)",
            {"p_mean": p, "p_width": a, "q_mean": q, "q_width": b},
        )
        centres = []
        frame = page.locator(".ganl-picture").bounding_box()
        for node in page.locator(".ganl-hit").all():
            box = node.bounding_box()
            assert min(box["width"], box["height"]) >= 44
            centres.append((box["x"] + 22.5, box["y"] + 22.5))
            assert frame["x"] + 15 <= centres[-1][0] <= frame["x"] + frame["width"] - 15
        for one, other in itertools.combinations(centres, 2):
            assert math.dist(one, other) >= 43.5, (p, a, q, b)


def test_touch(opened: Open, figure: distances.Distances) -> None:
    page = opened(figure, width=390, has_touch=True, is_mobile=True)
    frame = page.locator(".ganl-picture").bounding_box()
    box = page.get_by_role("slider", name="mean of p").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    client = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        client.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]},
        )

    def drag(x: float, y: float, dx: float, dy: float) -> float:
        """Move a finger; return how far the page scrolled."""
        before = page.evaluate("scrollY")
        touch("touchStart", (x, y))
        for step in range(1, 6):
            touch("touchMove", (x + dx * step / 5, y + dy * step / 5))
        touch("touchEnd")
        page.wait_for_timeout(100)
        return float(page.evaluate("scrollY") - before)

    assert drag(x, y, 50, -50) == 0
    assert state(page)["p_mean"] == pytest.approx(50 * 16 / (frame["width"] - 72), abs=0.06)
    # The density itself follows a finger to the side; one that moves up scrolls the page.
    page.evaluate("document.querySelector('.ganl').ganl.set({ p_mean: -4, q_mean: 3 })")
    across = frame["x"] + 50 + (frame["width"] - 72) * 11 / 16
    assert drag(across, frame["y"] + 150, -50, 0) == 0
    q_mean = state(page)["q_mean"]
    assert q_mean < 1
    assert drag(across, y, 0, -120) > 60
    assert state(page)["q_mean"] == q_mean


def test_choosing_a_distance(opened: Open, figure: distances.Distances) -> None:
    page = opened(figure)
    page.get_by_role("tab", name="Distance").click()
    legends = []
    for measure, text in distances.MEASURES.items():
        page.get_by_label("Distance below").select_option(text)
        assert state(page)["measure"] == measure
        legends.append(page.locator(".ganl-picture").text_content())
        bold = page.locator(".ganl-numbers tr:has(b)").locator("th, td").all_text_contents()
        value = figure.numbers(figure.state(measure=measure))[measure]
        assert bold[1].startswith(amount(value))
    assert len(set(legends)) == 5


def test_infinite_is_drawn_and_named(opened: Open, figure: distances.Distances) -> None:
    page = opened(figure)
    assert page.get_by_text("infinite here").count() == 0
    page.get_by_label("Look at").select_option("Disjoint uniforms")
    page.evaluate("document.querySelector('.ganl').ganl.set({ measure: 'kl_pq' })")
    assert page.get_by_text("infinite here").count() == 1
    page.wait_for_timeout(1000)
    assert "KL(p‖q) is infinite" in page.locator(".ganl-says").inner_text()
    areas = page.locator(".ganl-picture path.ganl-area-infinite")
    assert max(node.bounding_box()["height"] for node in areas.all()) > 100


@pytest.mark.parametrize("width", [360, 390, 800, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut(
    opened: Open, figure: distances.Distances, nothing_is_cut: Callable[..., None],
    width: int, scheme: str,
) -> None:  # fmt: skip
    page = opened(figure, width=width, scheme=scheme)
    for changes in (
        *(one.state for one in figure.presets),
        {"p_shape": "uniform", "measure": "kl_qp", "p_width": 0.1},
        {"p_width": 0.1, "q_width": 0.1, "p_mean": -5.0, "q_mean": 5.0},
    ):
        page.evaluate("(s) => document.querySelector('.ganl').ganl.set(s)", changes)
        nothing_is_cut(page, width)


def test_static_face_is_the_default_state(figure: distances.Distances) -> None:
    from PIL import Image

    drawn = np.asarray(Image.open(io.BytesIO(figure.png)).convert("RGB"))
    assert drawn.shape == (460, 720, 3)
    top, below = figure.picture(figure.state()).axes
    (p, q), edge = top.lines, below.lines[0]
    x = np.asarray(p.get_xdata())
    np.testing.assert_allclose(p.get_ydata(), norm.pdf(x, 0, 1.5), atol=1e-12)
    np.testing.assert_allclose(q.get_ydata(), norm.pdf(x, 0.5, 0.5), atol=1e-12)
    ratio = norm.logpdf(x, 0, 1.5) - norm.logpdf(x, 0.5, 0.5)
    np.testing.assert_allclose(edge.get_ydata(), norm.pdf(x, 0, 1.5) * ratio, atol=1e-9)
    assert p.get_linestyle() != q.get_linestyle()


@pytest.mark.parametrize("measure", distances.MEASURES)
def test_static_face_of_every_distance_and_shape(figure: distances.Distances, measure: str) -> None:
    for p, q in itertools.product(distances.SHAPES, repeat=2):
        drawing = figure.picture(
            figure.state(
                p_shape=p, p_width=0.1, q_shape=q, measure=measure, q_mean=5.0, q_width=0.1
            )
        )
        for line in drawing.axes[1].lines:
            assert np.isfinite(line.get_ydata()).all()


def test_size(figure: distances.Distances) -> None:
    assert len(figure.html.encode()) < 150_000
