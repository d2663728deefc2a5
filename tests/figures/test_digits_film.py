"""The film of digits: what each face shows is the recording."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.special import logit
from support import THEMES

from gan_lessons.figures import base
from gan_lessons.figures.digits_film import DigitsFilm, digits_film
from gan_lessons.figures.digits_film_words import SENTENCES, WORDS, about, what_shows, written
from gan_lessons.figures.explorer_words import plain
from gan_lessons.figures.sprites import quantised
from gan_lessons.mnist.film import Recording

Open = Callable[..., Any]
GANL = "document.querySelector('.ganl').ganl"
STEPS = (1, 10, 30, 100, 300, 1000)
N = 20  # pictures: two groups of eight, and one of four


def record(frames: int = len(STEPS), n: int = N, seed: int = 0) -> Recording:
    """Made-up pictures and counts; D, which is lost at first, gets to know real from fake."""
    draw = np.random.default_rng(seed)
    far = 4 * np.linspace(0, 1, frames)[:, None]
    classes = np.stack(
        [draw.multinomial(500, draw.dirichlet(np.full(10, 0.3 + 3.0 * f))) for f in range(frames)]
    )
    classes[0] = 500 * np.eye(10, dtype=int)[8]  # at first all look alike
    classes[1:3, :4] = 0  # then some are missing
    classes[1:3, 4] += 500 - classes[1:3].sum(1)
    classes[-1] = np.arange(41, 60, 2)  # at last all ten are there
    index = draw.integers(0, 40, (frames, n))
    index[:, 0] = np.arange(frames)
    training = draw.integers(0, 256, (60000, 1, 1)).astype(np.uint8)  # each of one grey
    steps = STEPS if frames == len(STEPS) else range(1, frames + 1)
    return Recording(
        step=np.array(steps, np.int64),
        pictures=draw.integers(0, 256, (frames, n, 28, 28)).astype(np.uint8),
        real=draw.normal(far, 1.0, (frames, 250)),
        fake=draw.normal(-far, 1.0, (frames, 250)),
        classes=classes,
        sure=(classes * draw.random(classes.shape)).astype(np.int64),
        digit=draw.integers(0, 10, (frames, n)),
        confidence=draw.random((frames, n)),
        nearest=np.broadcast_to(training[index], (frames, n, 28, 28)).copy(),
        index=index,
        label=index % 10,
        distance=20 * draw.random((frames, n)),
        usual_distance=10.456,
        usual_classes=np.arange(400, 410),
    )


@pytest.fixture(scope="module")
def figure() -> DigitsFilm:
    return digits_film(record())


@pytest.fixture
def ready(opened: Open) -> Open:
    """A page whose pictures have been decoded."""

    def open_(*figures: DigitsFilm, **how: Any) -> Any:
        page = opened(*figures, **how)
        page.evaluate("Promise.all([...document.querySelectorAll('.ganl')].map(n => n.ganl.ready))")
        return page

    return open_


def state(page: Any, nth: int = 0) -> dict[str, Any]:
    return dict(page.evaluate(f"({{...document.querySelectorAll('.ganl')[{nth}].ganl.state}})"))


def slider(page: Any) -> Any:
    return page.get_by_label("Training step")


# Note each step that is shown, and when: the machine that tests may be slow, but never early.
WATCH = """window.seen = []; new MutationObserver(() => window.seen.push(
  [document.querySelector('.ganl-position').textContent, performance.now()]))
  .observe(document.querySelector('.ganl-position'), { childList: true })"""


def settle(page: Any) -> None:
    page.wait_for_timeout(1000)  # the sentence follows at most once in 0.9 s


# ---- numbers and words ----


def test_shares_are_counted(figure: DigitsFilm) -> None:
    r = figure.recording
    for name, logits in (("real", r.real), ("fake", r.fake)):
        for b in range(20):
            low, high = logit(b / 20), logit((b + 1) / 20)
            by_hand = ((logits >= low) & (logits < high)).mean(1)
            np.testing.assert_allclose(figure.scores[name][:, b], by_hand, atol=1e-12)
    np.testing.assert_allclose(figure.classes["all"] * 500, r.classes)
    np.testing.assert_allclose(figure.classes["sure"] * 500, r.sure)
    assert figure.classes["usual"].sum() == pytest.approx(1)
    saturated = dataclasses.replace(r, real=np.full_like(r.real, 80.0))
    assert digits_film(saturated).scores["real"][:, -1].tolist() == [1.0] * len(STEPS)


def test_sentences_are_true_of_known_frames(figure: DigitsFilm) -> None:
    r = figure.recording
    shows = what_shows(r)
    assert written(shows[0]).startswith(f"Step 1: the judge is sure of {round(r.sure[0, 8] / 5)}% ")
    assert [name for name, _ in shows[0]] == ["sure", "one_digit", "chance"]
    assert shows[0][1][1] == {"most": 8}
    assert [name for name, _ in shows[-1]] == ["sure", "all_digits", "apart"]
    assert shows[-1][1][1] == {"rarest": 0, "least": 41}
    for f, parts in enumerate(shows):
        taken, deceived = (100 * (x[f] > 0).mean() for x in (r.real, r.fake))
        assert parts[2][1]["real"] == pytest.approx(taken, abs=1)
        assert parts[2][1]["fake"] == pytest.approx(deceived, abs=1)
        right = (taken + 100 - deceived) / 2
        names = [name for name, least in (("apart", 90), ("often", 60)) if right >= least]
        assert parts[2][0] == [*names, "chance" if right >= 40 else "worse"][0]
        if parts[1][0] == "some_digits":
            assert parts[1][1]["found"] == (r.classes[f] > 0).sum()
            assert parts[1][1]["share"] == pytest.approx(r.classes[f].max() / 5, abs=0.6)
            assert r.classes[f, parts[1][1]["most"]] == r.classes[f].max()
    assert {parts[1][0] for parts in shows} == {"one_digit", "some_digits", "all_digits"}
    assert {parts[2][0] for parts in shows} == {"chance", "often", "apart"}
    swapped = what_shows(dataclasses.replace(r, real=r.fake, fake=r.real))
    assert [swapped[f][2][0] for f in (0, -1)] == ["chance", "worse"]


def test_words_have_no_other_marks_and_no_orphans() -> None:
    own, shared = (base._resource(f"{name}.js") for name in ("digits_film", "base"))
    for text in [*WORDS.values(), *SENTENCES.values()]:
        assert re.sub(r"</?(i|b)>", "", text).isprintable()
        assert "<" not in re.sub(r"</?(i|b)>", "", text)
    used = set(re.findall(r"[^_]words\.(\w+)", own + shared)) | {"scores", "classes", "play"}
    assert used <= set(WORDS)
    of_python = {"rows", "pause"}  # the static face; `words[name]` of the play button
    assert set(WORDS) - used <= of_python


# ---- the page ----


def test_pictures_in_the_page_are_those_recorded(ready: Open, figure: DigitsFilm) -> None:
    """Read back from the browser: every pixel of every picture of every frame."""
    page = ready(figure)
    for name in ("made", "near"):
        found = page.evaluate(
            """(name) => {
              const sheet = document.querySelector('.ganl').ganl.sheets[name];
              const canvas = new OffscreenCanvas(sheet.naturalWidth, sheet.naturalHeight);
              const pen = canvas.getContext('2d');
              pen.drawImage(sheet, 0, 0);
              const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
              let text = '';
              for (let i = 3; i < data.length; i += 4) text += String.fromCharCode(data[i]);
              return [canvas.height, canvas.width, btoa(text)];
            }""",
            name,
        )
        pixels = np.frombuffer(base64.b64decode(found[2]), np.uint8).reshape(found[:2])
        r = figure.recording
        if name == "made":
            tiles = pixels.reshape(len(STEPS), 28, N, 28).swapaxes(1, 2)
            np.testing.assert_array_equal(tiles, quantised(r.pictures))
        else:
            tiles = pixels.reshape(-1, 28, 32, 28).swapaxes(1, 2).reshape(-1, 28, 28)
            where = np.array(figure.data()["nearest"])
            np.testing.assert_array_equal(tiles[where], quantised(r.nearest))


BLUR = 4  # of 255: enlarging smooths a picture's edge with what stands beside it on the sheet


def ink(page: Any, board: int) -> list[float]:
    """The mean opacity of each place on one of the three boards, in the order of reading."""
    return list(
        page.evaluate(
            """(nth) => {
              const canvas = document.querySelectorAll('.ganl-digits')[nth];
              const mark = canvas.nextElementSibling.getBoundingClientRect();
              const cell = Math.round(mark.width * devicePixelRatio);
              const gap = nth ? 4 : 2;
              const columns = Math.round((canvas.width + gap) / (cell + gap));
              const rows = Math.round((canvas.height + gap) / (cell + gap));
              const pen = canvas.getContext('2d');
              return Array.from({ length: columns * rows }, (_, i) => {
                const [x, y] = [i % columns, Math.floor(i / columns)].map((n) => n * (cell + gap));
                const { data } = pen.getImageData(x, y, cell, cell);
                return data.reduce((sum, v, k) => sum + (k % 4 === 3 ? v : 0), 0) / cell ** 2;
              });
            }""",
            board,
        )
    )


def test_each_picture_is_drawn_at_its_place(ready: Open) -> None:
    """With pictures of one grey each: the grid, the enlarged row and the row of neighbours."""
    r = record()
    greys = (np.arange(r.pictures[..., 0, 0].size) * 37 % 16 * 17).reshape(r.step.size, N)
    flat = np.broadcast_to(greys[..., None, None], r.pictures.shape).astype(np.uint8)
    page = ready(digits_film(dataclasses.replace(r, pictures=flat)))
    for frame, picture in ((5, 0), (2, 0), (2, 9), (0, 17)):
        page.evaluate(f"{GANL}.show({STEPS[frame]}); {GANL}.choose({picture})")
        first = picture - picture % 8
        group = slice(first, min(first + 8, N))
        grid = ink(page, 0)
        np.testing.assert_allclose(grid[:N], greys[frame], atol=BLUR)
        assert max(grid[N:], default=0) == 0
        size = group.stop - first
        for board, values in ((1, flat[frame, group]), (2, quantised(r.nearest[frame, group]))):
            found = ink(page, board)
            np.testing.assert_allclose(found[:size], values[:, 0, 0], atol=BLUR)
            assert max(found[size:], default=0) == 0
        shown = page.locator(".ganl-apart span").all_text_contents()
        assert shown == [f"{d:.1f}" for d in np.round(r.distance[frame, group], 1)]
        assert page.locator(".ganl-now").all_text_contents() == [shown[picture - first]]
        marks = page.locator(".ganl-chosen").evaluate_all(
            "(all) => all.map((n) => [parseFloat(n.style.left), parseFloat(n.style.top)])"
        )
        cell = page.locator(".ganl-chosen").nth(1).evaluate("(n) => parseFloat(n.style.width)")
        assert marks[1] == pytest.approx([(picture - first) * (cell + 4), 0], abs=0.01)
        assert marks[2] == marks[1]
        small = page.locator(".ganl-chosen").first.evaluate("(n) => parseFloat(n.style.width)")
        at = [(picture % 12) * (small + 2), picture // 12 * (small + 2)]
        assert marks[0] == pytest.approx(at, abs=0.01)


def test_python_and_the_page_write_the_same(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure)
    for frame in range(len(STEPS)):
        assert page.evaluate(f"{GANL}.sentence({frame})") == written(figure.shows[frame])
        for picture in range(N):
            found = page.evaluate(f"{GANL}.about({frame}, {picture})")
            assert found == about(figure.values(frame, picture))
    assert "NaN" not in page.content()
    assert "undefined" not in page.locator(".ganl").inner_text()


def outline(page: Any, selector: str) -> np.ndarray:
    d = page.locator(f".ganl-panels {selector}").last.get_attribute("d")
    return np.array([pair.split(",") for pair in d[1:].split("L")], float)


def test_histograms_are_drawn_to_scale(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure)
    limit = figure.limits["scores"]
    for frame, step in enumerate(STEPS):
        page.evaluate(f"{GANL}.show({step})")
        for name, tone, sign in (("real", "data", -1), ("fake", "made", 1)):
            x, y = outline(page, f"path.ganl-area-{tone}").T
            height = sign * (y[1:-1:2] - y[0]) / 76 * limit
            np.testing.assert_allclose(height, figure.scores[name][frame], atol=0.12 / 76)
            edges = np.repeat(np.arange(21) / 20, 2)
            np.testing.assert_allclose((x - x[0]) / (x[-1] - x[0]), edges, atol=1e-3)
        over = {n: (figure.scores[n][frame] > limit).sum() for n in ("real", "fake")}
        over["real"] += (figure.classes["all"][frame] > figure.limits["classes"]).sum()
        assert page.locator(".ganl-cut-up").count() == over["real"]
        assert page.locator(".ganl-cut-down").count() == over["fake"]


def test_bars_are_drawn_to_scale(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure)
    limit, classes = figure.limits["classes"], figure.classes
    for frame, step in enumerate(STEPS):
        page.evaluate(f"{GANL}.show({step})")
        bars = {}
        for name in ("sure", "unsure"):
            d = page.locator(f".ganl-panels g path.ganl-bar-{name}").last.get_attribute("d")
            bars[name] = [
                (float(y0), float(y1))
                for y0, y1 in re.findall(r"M[^,]+,([\d.-]+)h[^V]+V([\d.-]+)", d)
            ]
        sure = [s for s in classes["sure"][frame] if s > 0]
        heights = [(y0 - y1) / 152 * limit for y0, y1 in bars["sure"]]
        np.testing.assert_allclose(heights, np.minimum(sure, 1.2 * limit), atol=0.12 / 152)
        rest = [(a, b) for a, b in zip(classes["sure"][frame], classes["all"][frame], strict=True)
                if b > a]  # fmt: skip
        heights = [(y0 - y1) / 152 * limit for y0, y1 in bars["unsure"]]
        expected = [min(b, 1.2 * limit) - min(a, 1.1 * limit) for a, b in rest]
        np.testing.assert_allclose(heights, expected, atol=0.12 / 152)
        numbers = page.locator("text.ganl-number").all_text_contents()
        if classes["all"][frame].max() > limit:
            assert f"{round(100 * classes['all'][frame].max())}%" in numbers
    usual = page.locator(".ganl-usual").get_attribute("d")
    y = np.array([float(v) for v in re.findall(r"M[^,]+,([\d.]+)h", usual)])
    np.testing.assert_allclose((y - y[0]) / 152 * limit, classes["usual"][0] - classes["usual"],
                               atol=0.12 / 152)  # fmt: skip


@pytest.mark.parametrize(
    ("key", "frame"), [("ArrowLeft", 4), ("Home", 0), ("End", 5), ("PageDown", 4)]
)
def test_keys_move_the_film(ready: Open, figure: DigitsFilm, key: str, frame: int) -> None:
    page = ready(figure)
    assert state(page) == {"frame": 5, "step": 1000, "picture": 0, "playing": False}
    slider(page).focus()
    page.keyboard.press(key)
    assert state(page)["frame"] == frame
    position = f"step {STEPS[frame]} of 1000"
    assert slider(page).get_attribute("aria-valuetext") == position
    settle(page)
    assert page.locator(".ganl-says").inner_text() == plain(written(figure.shows[frame]))
    assert page.locator(".ganl-says").get_attribute("aria-live") == "polite"
    assert page.locator(".ganl-about").inner_text() == plain(about(figure.values(frame, 0)))


def test_keys_choose_a_picture(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure)
    picker = page.get_by_label("Picture", exact=True)
    picker.focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    assert state(page)["picture"] == 9
    told = plain(about(figure.values(5, 9)))
    assert page.locator(".ganl-about").inner_text() == told
    assert picker.get_attribute("aria-valuetext") == told
    assert page.get_by_text("Pictures 9 to 16, larger").count() == 1
    assert page.get_by_role("img", name="Pictures 9 to 16 of the grid, larger.").count() == 1
    page.keyboard.press("End")
    assert state(page)["picture"] == N - 1
    assert page.get_by_text("Pictures 17 to 20, larger").count() == 1
    assert page.get_by_text("20 of 20").count() == 1


def test_a_click_chooses_a_picture(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure)
    boards = page.locator(".ganl-digits")
    cell = page.locator(".ganl-chosen").first.evaluate("(n) => parseFloat(n.style.width)") + 2
    boards.first.click(position={"x": 2.5 * cell, "y": 1.5 * cell})  # twelve in a row
    assert state(page)["picture"] == 14
    large = page.locator(".ganl-chosen").nth(1).evaluate("(n) => parseFloat(n.style.width)") + 4
    boards.nth(1).click(position={"x": 0.5 * large, "y": 20})
    assert state(page)["picture"] == 8
    boards.nth(2).click(position={"x": 7.5 * large, "y": 20})
    assert state(page)["picture"] == 15
    boards.first.click(position={"x": 11.5 * cell, "y": 1.5 * cell})  # there is no picture
    assert state(page)["picture"] == 15


def test_buttons_and_playing(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure)
    page.get_by_role("button", name="One frame back").click()
    assert state(page)["frame"] == 4
    page.get_by_role("button", name="One frame forward").click()
    page.wait_for_timeout(500)
    assert state(page) == {"frame": 5, "step": 1000, "picture": 0, "playing": False}
    page.evaluate(WATCH)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.seen.length > 3")
    page.get_by_role("button", name="Pause").click()
    held = state(page)
    page.wait_for_timeout(500)
    assert state(page) == held
    seen = page.evaluate("window.seen")
    assert [text for text, _ in seen][:3] == ["1 of 1000", "10 of 1000", "30 of 1000"]
    assert min(np.diff([at for _, at in seen])) >= 300, "there is time to look"


def test_reduced_motion_is_slow(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure, reduced_motion="reduce")
    page.evaluate(WATCH)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.seen.length > 2")
    assert min(np.diff([at for _, at in page.evaluate("window.seen")])) >= 950


def test_a_screen_reader_is_not_flooded(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure)
    settle(page)
    page.evaluate(
        "window.heard = 0; for (const live of document.querySelectorAll('[aria-live]'))"
        " new MutationObserver(() => window.heard++).observe(live, {childList: true})"
    )
    slider(page).focus()
    for key in ("Home", *["ArrowRight"] * 4):
        page.keyboard.press(key)
    settle(page)
    assert 1 <= page.evaluate("heard") <= 3


def test_a_state_can_be_linked(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure, digits_film(record(seed=1)))
    start = page.url
    slider(page).first.press("ArrowLeft")
    page.get_by_label("Picture", exact=True).first.press("ArrowRight")
    assert page.url == start, "the address changes only when asked"
    link = page.get_by_role("link", name="Link to this frame").first
    link.click()
    assert page.url == start + "#ganl-digits_film=300,2"
    page.reload()
    page.wait_for_selector(".ganl-picture path[d]", state="attached")
    assert (state(page)["step"], state(page)["picture"]) == (300, 1)
    page.evaluate("location.hash = '#ganl-digits_film-2=29,20'")  # the nearest step is 30
    page.wait_for_function("document.querySelectorAll('.ganl')[1].ganl.state.step === 30")
    assert state(page, 1)["picture"] == 19
    for nonsense in ("=1,2,3", "=x,1", "-7=1,1", ""):
        page.evaluate(f"location.hash = '#ganl-digits_film{nonsense}'")
    page.wait_for_timeout(100)
    assert (state(page)["step"], state(page, 1)["step"]) == (300, 30)
    page.evaluate("location.hash = '#ganl-digits_film=1,999'")  # no such picture: the last
    page.wait_for_function(f"{GANL}.state.step === 1")
    assert state(page)["picture"] == N - 1
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))


def test_beside_a_player_the_address_means_one_of_them(
    ready: Open, opened: Open, figure: DigitsFilm, player: Any
) -> None:
    page = opened(player, figure)
    page.evaluate("location.hash = '#ganl=0,500'")
    page.wait_for_function(f"{GANL}.state.step === 500")
    page.evaluate("location.hash = '#ganl-digits_film=30,4'")
    page.wait_for_function("document.querySelectorAll('.ganl')[1].ganl.state.step === 30")
    assert state(page)["step"] == 500


@pytest.mark.parametrize("width", [360, 390, 800, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut(
    ready: Open,
    figure: DigitsFilm,
    width: int,
    scheme: str,
    nothing_is_cut: Callable[..., None],
) -> None:
    page = ready(figure, width=width, scheme=scheme)
    for step in STEPS:
        page.evaluate(f"{GANL}.show({step})")
        nothing_is_cut(page, width)


def test_touch(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure, width=390, has_touch=True, is_mobile=True, device_scale_factor=3)
    page.get_by_role("button", name="One frame back").tap()
    assert state(page)["frame"] == 4
    for control in page.locator(".ganl button, .ganl input").all():
        assert min(control.bounding_box()["height"], control.bounding_box()["width"]) >= 44
    cell = page.locator(".ganl-chosen").first.evaluate("(n) => n.getBoundingClientRect().width")
    assert cell >= 39  # eight in a row
    page.locator(".ganl-digits").first.tap(position={"x": cell / 2, "y": 1.6 * cell})
    assert state(page)["picture"] == 8


def test_pictures_follow_the_window(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure, width=1000)
    before = page.locator(".ganl-digits").first.bounding_box()
    page.set_viewport_size({"width": 400, "height": 800})
    page.wait_for_function("document.querySelector('.ganl-digits').clientWidth < 400")
    after = page.locator(".ganl-digits").first.bounding_box()
    assert after["width"] < 400 < before["width"]
    assert max(ink(page, 0)) > 100  # and drawn anew
    assert state(page)["frame"] == 5


@pytest.mark.parametrize(("scheme", "root", "dark"), THEMES)
def test_ink_is_dark_on_light_and_light_on_dark(
    ready: Open, figure: DigitsFilm, scheme: str, root: str, dark: bool
) -> None:
    page = ready(figure, scheme=scheme, root=root)
    filters = page.locator(".ganl-digits").evaluate_all(
        "(all) => all.map((n) => getComputedStyle(n).filter)"
    )
    assert filters == ["invert(1)" if dark else "none"] * 3
    shot = Image.open(io.BytesIO(page.locator(".ganl-board").nth(1).screenshot())).convert("L")
    ground = page.evaluate("getComputedStyle(document.querySelector('.ganl')).backgroundColor")
    paper = np.mean([int(v) for v in re.findall(r"\d+", ground)[:3]])
    inside = np.asarray(shot, float)[8:-8, 8:80]
    assert bool(paper < 60) is dark
    assert inside.mean() > paper + 60 if dark else inside.mean() < paper - 60


def test_lines_and_areas_differ_by_more_than_colour(ready: Open, figure: DigitsFilm) -> None:
    page = ready(figure)

    def style(selector: str, name: str) -> str:
        node = page.locator(f".ganl-panels g path.{selector}").last
        return str(node.evaluate(f"(n) => getComputedStyle(n)['{name}']"))

    assert style("ganl-stroke-data", "strokeDasharray") != style(
        "ganl-stroke-made", "strokeDasharray"
    )
    assert style("ganl-stroke-unsure", "strokeDasharray") != "none"
    assert float(style("ganl-bar-sure", "fillOpacity")) == 1
    assert float(style("ganl-bar-unsure", "fillOpacity")) < 0.3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_rules_of_axe(ready: Open, figure: DigitsFilm, scheme: str) -> None:
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    page = ready(figure, scheme=scheme)
    page.evaluate((Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document.querySelector('.ganl'))")
    assert [rule["id"] for rule in found["violations"]] == []


def test_one_frame_and_one_picture(ready: Open) -> None:
    page = ready(digits_film(record(frames=2, n=1)))
    slider(page).press("Home")
    assert "NaN" not in page.locator(".ganl-panels").inner_html()
    assert page.locator(".ganl-apart span").count() == 1


# ---- the other faces ----


def test_without_scripts_a_picture(opened: Open, figure: DigitsFilm) -> None:
    page = opened(figure, java_script_enabled=False)
    assert page.get_by_alt_text(figure.alt).bounding_box()["width"] > 600


def test_the_static_picture_shows_the_frame(figure: DigitsFilm) -> None:
    from gan_lessons.figures.digits_film_static import Picture

    r, drawn = figure.recording, Picture(figure)
    for frame, picture in ((5, 0), (1, 18)):
        drawn.show(frame, picture)
        grid, pair = (ax.get_images()[-1].get_array() for ax in (drawn.grid, drawn.pair))
        np.testing.assert_array_equal(grid[:28, 28:56], r.pictures[frame, 1])
        np.testing.assert_array_equal(grid[28:56, :28], r.pictures[frame, 16])
        first = picture - picture % 8
        np.testing.assert_array_equal(pair[:28, 28:56], r.pictures[frame, first + 1])
        np.testing.assert_array_equal(pair[28:, 28:56], r.nearest[frame, first + 1])
        heights = [bar.get_height() for bar in drawn.classes.patches]
        np.testing.assert_allclose(heights[:10], figure.classes["sure"][frame])
        np.testing.assert_allclose(np.add(heights[:10], heights[10:]), figure.classes["all"][frame])
        assert drawn.grid.get_title("left") == f"step {STEPS[frame]} of 1000"
        labels = [tick.get_text() for tick in drawn.pair.get_xticklabels()]
        assert labels == [f"{d:.1f}" for d in r.distance[frame, first : first + 8].round(1)]


def test_three_faces_and_a_name(figure: DigitsFilm) -> None:
    bundle = figure._repr_mimebundle_()
    assert figure.alt in bundle["text/plain"]
    assert "20 pictures" in figure.alt
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["text/html"] == digits_film(record()).html


def test_the_live_face() -> None:
    pytest.importorskip("ipywidgets")
    figure = digits_film(record())
    box = figure.widget()
    assert (box.slider.value, box.slider.max, box.chosen.max) == (5, 5, N)
    before = box.picture.value
    assert before == figure.png
    box.back.click()
    assert box.slider.value == 4
    assert box.picture.value != before
    box.chosen.value = 10
    for words in (written(figure.shows[4]), about(figure.values(4, 9))):
        assert words in box.text.value
    for _ in range(3):
        box.forward.click()
    assert box.slider.value == 5
    assert box.link.source == (box.play, "value")


def test_size_of_a_page() -> None:
    """24 frames of 64: the first eight nothing but noise, the rest digits with some noise."""
    from gan_lessons.mnist.data import shipped_digits

    r = record(24, 64)
    images = shipped_digits("train").images.numpy()
    draw = np.random.default_rng(0)
    digits = images[draw.integers(0, len(images), (24, 64))].astype(float)
    noise = draw.normal(0, 1, digits.shape)
    share = np.linspace(3, 0, 24).clip(0.05)[:, None, None, None]
    pictures = np.where(share > 2, 128 + 60 * noise, digits + 20 * share * noise)
    index = draw.integers(0, 1000, (24, 64))
    film = digits_film(
        dataclasses.replace(
            r,
            pictures=pictures.clip(0, 255).astype(np.uint8),
            index=index,
            nearest=images[index],
            label=index % 10,
        )
    )
    assert len(film.html.encode()) < 800_000
    assert len(json.dumps({k: v for k, v in film.data().items() if k not in ("made", "near")})) < (
        60_000
    )


def test_bad_input_is_named() -> None:
    for start in (0, 1001):
        with pytest.raises(ValueError, match=r"^start must lie between .*got"):
            DigitsFilm(record(), title="t", alt="a", start=start)
    assert DigitsFilm(record(), title="t", alt="a", start=90).frame == 3
