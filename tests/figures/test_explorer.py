"""The frame of the explorers, on a small figure of its own: y = height * x^bend, and a sign."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from support import contrast, luminance

from gan_lessons.figures import Player, base, distances, two_fits
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Bar, Button, Group, Preset, Range, Select, Table
from gan_lessons.figures.explorer_words import FRAME, amount, mathtext, plain

Open = Callable[..., Any]

SCRIPT = """
explorer("probe", {
  compute: ({ height, bend, sign }) => ({ y: (sign === "minus" ? -1 : 1) * height * 2 ** bend }),
  picture(stage) {
    const panel = stage.panel(120, "p");
    const y = linear(0, 10, panel.bottom, panel.top);
    const x = linear(0, 4, stage.left, stage.right);
    const path = svg(panel.inside, "path", { class: "ganl-stroke-data" });
    const from = linear(panel.bottom, panel.top, 0, 10);
    const grip = stage.handle({
      field: "height", axis: "y", to: y, from, tone: "judge", shape: "diamond" });
    stage.top = panel.bottom + 10;
    return ({ height }, c) => {
      path.setAttribute("d", line([[x(0), y(0)], [x(4), y(Math.abs(c.y))]]));
      grip.place(x(2), y(height));
    };
  },
  table: (state, c, { words }) => ({
    head: [words.head, words.value],
    rows: [["y", amount(c.y, words)],
      ["share", { share: Math.abs(c.y) / 100, low: "0", high: "100" }]],
  }),
  sentence: ({ height }, c, { words }) =>
    fill(words.says, { height: amount(height, words), y: amount(c.y, words) }),
  reading: (name, state) => (name === "bend" ? `to the power ${state.bend}` : undefined),
});
"""


DEFAULT = {"bend": 1, "height": 2, "mode": "one", "sign": "plus"}


class Probe(Explorer):
    """y = height * 2^bend."""

    kind = "probe"
    words: ClassVar = {
        "says": "Height {height} gives <b>{y}</b>.", "head": "what", "value": "value",
    }  # fmt: skip
    groups = (
        Group(
            "Shape",
            [
                Range("bend", "Bend", 0.0, 4.0, 0.5),
                Range("height", "Height", 0.0, 10.0, 0.25, slider=False),
            ],
        ),
        Group(
            "Sign",
            [
                Select("mode", "Mode", {"one": "One", "other": "Other"}),
                Button("sign", "Turn", {"plus": "Make it minus", "minus": "Make it plus"}),
            ],
        ),
    )
    presets = (
        Preset("First", "Look at <i>y</i>.", {**DEFAULT}),
        Preset("Second", "Now <b>minus</b>. " * 12, {"height": 9.0, "sign": "minus"}),
    )

    def numbers(self, state: dict[str, Any]) -> dict[str, float]:
        y = state["height"] * 2 ** state["bend"]
        return {"y": -y if state["sign"] == "minus" else y}

    def table(self, state: dict[str, Any]) -> Table:
        y = self.numbers(state)["y"]
        return Table(
            ["what", "value"], [["y", amount(y)], ["share", Bar(abs(y) / 100, "0", "100")]]
        )

    def sentence(self, state: dict[str, Any]) -> str:
        y = self.numbers(state)["y"]
        return self.words["says"].format(height=amount(state["height"]), y=amount(y))

    def picture(self, state: dict[str, Any]) -> Any:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Drawing

        drawing = Drawing(figsize=(2, 1))
        FigureCanvasAgg(drawing)
        drawing.subplots().plot([0, self.numbers(state)["y"]])
        return drawing


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Probe:
    real = base._resource
    monkeypatch.setattr(
        base, "_resource", lambda name: SCRIPT if name == "probe.js" else real(name)
    )
    return Probe(title="A probe", alt="A line.")


def state(page: Any, nth: int = 0) -> dict[str, Any]:
    return dict(page.evaluate(f"document.querySelectorAll('.ganl')[{nth}].ganl.state"))


def settle(page: Any) -> None:
    page.wait_for_timeout(1000)  # the sentence follows at most once in 0.9 s


# ---- the page


def test_opens_at_its_first_preset(opened: Open, probe: Probe) -> None:
    page = opened(probe)
    assert state(page) == DEFAULT
    assert page.get_by_role("group", name="A probe").count() >= 1
    assert page.get_by_role("img", name="A line.").count() == 1
    assert page.locator(".ganl-says").inner_text() == "Height 2.0000 gives 4.0000."
    assert page.locator(".ganl-says").get_attribute("aria-live") == "polite"
    assert page.locator(".ganl-numbers").inner_text().split() == ["what", "value", "y", "4.0000",
                                                                  "share", "0", "100"]  # fmt: skip
    bar = page.locator(".ganl-bar").bounding_box()["width"] - 2
    assert page.locator(".ganl-bar span").bounding_box()["width"] == pytest.approx(
        0.04 * bar, abs=1
    )


def test_script_and_python_agree(opened: Open, probe: Probe, agrees: Callable[..., None]) -> None:
    agrees(opened(probe), probe, [{}, {"sign": "minus"}, {"bend": 4.0, "height": 10.0}])


def test_the_check_of_agreement_can_fail(
    opened: Open, probe: Probe, agrees: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(probe)
    for method, wrong in (
        ("numbers", lambda self, state: {"y": state["height"] * 2 ** state["bend"] + 1e-7}),
        ("sentence", lambda self, state: "Height"),
        ("table", lambda self, state: Table([], [])),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(Probe, method, wrong)
            with pytest.raises(AssertionError):
                agrees(page, probe, [{}])


def test_controls_of_each_kind(opened: Open, probe: Probe) -> None:
    page = opened(probe)
    page.get_by_label("Bend").press("ArrowRight")
    assert state(page)["bend"] == 1.5
    assert page.get_by_label("Bend").get_attribute("aria-valuetext") == "to the power 1.5"
    assert page.locator(".ganl-reading").inner_text() == "to the power 1.5"
    page.get_by_role("tab", name="Sign").click()
    page.get_by_label("Mode").select_option("Other")
    assert state(page)["mode"] == "other"
    button = page.locator(".ganl-group button")
    assert button.inner_text() == "Make it minus"
    button.press("Enter")
    assert (state(page)["sign"], button.inner_text()) == ("minus", "Make it plus")
    assert page.evaluate("document.activeElement.textContent") == "Make it plus"
    button.click()
    assert state(page)["sign"] == "plus"


def test_no_more_than_three_controls_in_sight(opened: Open) -> None:
    for figure in (distances.explorer(), two_fits.explorer()):
        page = opened(figure)
        for tab in page.get_by_role("tab").all() or [None]:
            if tab:
                tab.click()
            inside = ".ganl-group input, .ganl-group select, .ganl-group button"
            assert 1 <= page.locator(inside).locator("visible=true").count() <= 3


def test_tabs_by_keyboard(opened: Open, probe: Probe) -> None:
    page = opened(probe)
    assert page.get_by_label("Mode").is_hidden()
    page.get_by_role("tab", name="Shape").focus()
    for key, name in (("ArrowRight", "Sign"), ("ArrowRight", "Shape"), ("End", "Sign"),
                      ("Home", "Shape"), ("ArrowLeft", "Sign")):  # fmt: skip
        page.keyboard.press(key)
        chosen = page.get_by_role("tab", selected=True)
        assert chosen.inner_text() == name
        assert page.evaluate("document.activeElement.textContent") == name
        assert page.get_by_role("tabpanel", name=name).is_visible()
        assert page.get_by_role("tabpanel").locator("visible=true").count() == 1


def test_presets_and_own_settings(opened: Open, probe: Probe) -> None:
    page = opened(probe)
    height = page.locator(".ganl-captions").bounding_box()["height"]
    choose = page.get_by_label("Look at")
    choose.select_option("Second")
    assert state(page) == {**DEFAULT, "height": 9, "sign": "minus"}
    caption = page.locator(".ganl-caption").locator("visible=true")
    assert caption.inner_text().startswith("Now minus.")
    assert caption.locator("b").count() == 12
    page.get_by_role("slider", name="Height").press("ArrowUp")
    assert choose.evaluate("(n) => n.selectedOptions[0].textContent") == FRAME["own"]
    assert caption.inner_text() == FRAME["own_caption"]
    page.get_by_role("slider", name="Height").press("ArrowDown")
    assert choose.evaluate("(n) => n.selectedOptions[0].textContent") == "Second"
    assert page.locator(".ganl-captions").bounding_box()["height"] == height, "nothing jumps"


@pytest.mark.parametrize(
    ("key", "height"),
    [("ArrowUp", 2.25), ("ArrowDown", 1.75), ("ArrowRight", 2.25), ("ArrowLeft", 1.75),
     ("PageUp", 4.5), ("PageDown", 0), ("Home", 0), ("End", 10), ("a", 2)],
)  # fmt: skip
def test_keys_of_a_handle(opened: Open, probe: Probe, key: str, height: float) -> None:
    page = opened(probe)
    handle = page.get_by_role("slider", name="Height")
    assert handle.get_attribute("aria-orientation") == "vertical"
    assert (handle.get_attribute("aria-valuemin"), handle.get_attribute("aria-valuemax")) == (
        "0", "10",
    )  # fmt: skip
    handle.press(key)
    assert state(page)["height"] == height
    assert float(handle.get_attribute("aria-valuenow")) == height
    assert handle.get_attribute("aria-valuetext") == f"{height:.2f}"


def test_drag_up_and_past_the_end(opened: Open, probe: Probe) -> None:
    page = opened(probe)
    box = page.get_by_role("slider", name="Height").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + 9, y + 9)  # not in its middle: it must not jump
    page.mouse.down()
    assert state(page)["height"] == 2
    page.mouse.move(x + 9, y + 9 - 36)
    assert state(page)["height"] == 5
    page.mouse.move(x, y - 900)
    assert state(page)["height"] == 10
    page.mouse.up()
    page.mouse.move(x, y)
    assert state(page)["height"] == 10
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Height"


def test_the_other_button_of_the_mouse_drags_nothing(opened: Open, probe: Probe) -> None:
    page = opened(probe)
    box = page.get_by_role("slider", name="Height").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 20, box["y"] - 40)
    assert state(page)["height"] == 2


def test_focus_can_be_seen_and_survives_a_new_width(opened: Open, probe: Probe) -> None:
    page = opened(probe)
    page.get_by_label("Look at").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Height"
    ring = page.locator(".ganl-ring")
    assert ring.evaluate("(n) => getComputedStyle(n).strokeWidth") == "3px"
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_function("document.querySelector('.ganl-picture').viewBox.baseVal.width < 500")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Height"
    page.keyboard.press("End")
    assert state(page)["height"] == 10


def test_a_screen_reader_is_not_flooded(opened: Open, probe: Probe) -> None:
    page = opened(probe)
    settle(page)
    page.evaluate(
        "window.heard = 0; new MutationObserver(() => window.heard++)"
        ".observe(document.querySelector('.ganl-says'), {childList: true})"
    )
    page.get_by_role("slider", name="Height").focus()
    for _ in range(12):
        page.keyboard.press("ArrowUp")
    settle(page)
    assert 1 <= page.evaluate("heard") <= 3
    assert page.locator(".ganl-says").inner_text() == "Height 5.0000 gives 10.0000."


def test_set_clamps_and_ignores(opened: Open, probe: Probe) -> None:
    page = opened(probe)
    for changes, expected in (
        ({"height": 99, "bend": -3}, {"height": 10, "bend": 0}),
        ({"height": 3.3}, {"height": 3.25}),
        ({"height": "4", "mode": "third", "nothing": 1, "sign": 0}, {}),
        ({"toString": 1, "__proto__": 2}, {}),
        ({"height": None}, {}),
    ):
        page.evaluate("() => document.querySelector('.ganl').ganl.set("
                      "{ bend: 1, height: 2, mode: 'one', sign: 'plus' })")  # fmt: skip
        page.evaluate("(c) => document.querySelector('.ganl').ganl.set(c)", changes)
        assert state(page) == {**DEFAULT, **expected}
    page.evaluate("document.querySelector('.ganl').ganl.set({ height: NaN, bend: Infinity })")
    assert state(page) == DEFAULT


# ---- the address


def test_a_state_can_be_linked(opened: Open, probe: Probe) -> None:
    page = opened(probe, probe)
    start = page.url
    page.get_by_role("slider", name="Height").last.press("End")
    assert page.url == start, "the address changes only when asked"
    links = page.get_by_role("link", name="Link to this setting")
    assert links.first.get_attribute("href") == ("#ganl-probe=bend:1;height:2;mode:one;sign:plus")
    links.last.click()
    assert page.url == start + "#ganl-probe-2=bend:1;height:10;mode:one;sign:plus"
    page.reload()
    page.wait_for_selector(".ganl-picture path[d]", state="attached")
    assert [state(page, nth) for nth in (0, 1)] == [DEFAULT, {**DEFAULT, "height": 10}]
    page.evaluate("location.hash = '#ganl-probe=sign:minus'")
    page.wait_for_function("document.querySelector('.ganl').ganl.state.sign === 'minus'")
    assert [state(page, nth) for nth in (0, 1)] == [
        {**DEFAULT, "sign": "minus"},
        {**DEFAULT, "height": 10},
    ]


@pytest.mark.parametrize(
    ("hash_", "expected"),
    [
        ("#ganl-probe=height:99;bend:-7", {"height": 10, "bend": 0}),
        ("#ganl-probe=height:3.3", {"height": 3.25}),
        ("#ganl-probe=height:1e1;sign:minus", {"height": 10, "sign": "minus"}),
        ("#ganl-probe=height%3A4%3Bbend%3A2", {"height": 4, "bend": 2}),
        ("#ganl-probe=height:NaN;bend:Infinity;mode:third", {}),
        ("#ganl-probe=height:;bend;;:::", {}),
        ("#ganl-probe=height:0x10;bend:1,5", {}),
        ("#ganl-probe=constructor:1;__proto__:2", {}),
        ("#ganl-probe=<img src=x onerror=alert(1)>", {}),
        ("#ganl-probe=%E0%A4%A", {}),
        ("#ganl-probe-7=height:4", {}),
        ("#ganl-probing=height:4", {}),
        ("#ganl=0,100", {}),
        ("#", {}),
    ],
)
def test_addresses_good_and_bad(
    opened: Open, probe: Probe, hash_: str, expected: dict[str, Any]
) -> None:
    page = opened(probe)
    page.goto(page.url + hash_)
    page.reload()
    page.wait_for_selector(".ganl-picture path[d]", state="attached")
    assert state(page) == {**DEFAULT, **expected}
    page.evaluate("document.querySelector('.ganl').ganl.set({ height: 7 })")
    page.evaluate("location.hash = '#ganl-probe=height:nonsense'")
    page.wait_for_timeout(50)
    assert state(page)["height"] == 7, "an address that says nothing moves nothing"


def test_a_link_brings_the_figure_into_view(opened: Open, probe: Probe, player: Player) -> None:
    page = opened(player, player, probe, reduced_motion="reduce")
    assert page.evaluate("scrollY") == 0
    page.evaluate("location.hash = '#ganl-probe=height:4'")
    page.wait_for_function("document.querySelectorAll('.ganl')[2].ganl.state.height === 4")
    box = page.locator(".ganl-probe").bounding_box()
    assert -1 <= box["y"] < 844
    page.reload()
    page.wait_for_selector(".ganl-probe .ganl-picture path[d]", state="attached")
    page.wait_for_timeout(100)
    assert -1 <= page.locator(".ganl-probe").bounding_box()["y"] < 844


def test_figures_on_one_page_leave_each_other_alone(
    opened: Open, probe: Probe, player: Player
) -> None:
    page = opened(probe, player, distances.explorer(), probe, two_fits.explorer())
    page.wait_for_function("document.querySelectorAll('.ganl-picture path[d]').length > 20")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))
    before = [state(page, nth) for nth in range(5)]
    page.get_by_role("slider", name="Height").first.press("End")
    page.get_by_label("Bend").last.press("Home")
    after = [state(page, nth) for nth in range(5)]
    assert after == [
        {**before[0], "height": 10}, before[1], before[2], {**before[3], "bend": 0}, before[4],
    ]  # fmt: skip
    page.evaluate("location.hash = '#ganl=0,500'")
    page.wait_for_function("document.querySelectorAll('.ganl')[1].ganl.state.step === 500")
    assert [state(page, nth) for nth in (0, 2, 3, 4)] == [after[nth] for nth in (0, 2, 3, 4)]
    page.evaluate("location.hash = '#ganl-distances=q_mean:3'")
    page.wait_for_function("document.querySelectorAll('.ganl')[2].ganl.state.q_mean === 3")
    assert [state(page, nth) for nth in (0, 3, 4)] == [after[nth] for nth in (0, 3, 4)]
    assert state(page, 1)["step"] == 500


# ---- how it looks


def test_reduced_motion_and_every_other_reader_see_no_animation(opened: Open, probe: Probe) -> None:
    for wish in ("reduce", "no-preference"):
        page = opened(probe, reduced_motion=wish)
        moving = page.evaluate(
            """[...document.querySelectorAll('.ganl, .ganl *')].filter((node) => {
              const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(node);
              return animationName !== 'none' || !/^(0s(, )?)+$/.test(transitionDuration)
                || scrollBehavior === 'smooth';
            }).length"""
        )
        assert moving == 0
        page.wait_for_timeout(300)
        assert state(page) == DEFAULT, "it must not start by itself"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(opened: Open, scheme: str) -> None:
    for figure in (distances.explorer(), two_fits.explorer()):
        page = opened(figure, scheme=scheme)

        def style(selector: str, name: str, page: Any = page) -> str:
            return str(page.locator(selector).last.evaluate(f"(n) => getComputedStyle(n).{name}"))

        back = style(".ganl", "backgroundColor")
        assert (luminance(back) < 0.1) is (scheme == "dark")
        for selector in ("text.ganl-tick", ".ganl-picture text"):
            assert contrast(style(selector, "fill"), back) >= 4.5
        for selector in (".ganl-now", ".ganl-link", ".ganl-numbers td", ".ganl-numbers th"):
            assert contrast(style(selector, "color"), back) >= 4.5
        says = style(".ganl-says", "backgroundColor")
        assert contrast(style(".ganl-says", "color"), says) >= 4.5
        for node in page.locator("path.ganl-grip").all():
            assert contrast(node.evaluate("(n) => getComputedStyle(n).fill"), back) >= 3
        strokes = page.locator("[class*=ganl-stroke]").evaluate_all(
            "(all) => all.map((n) => getComputedStyle(n).stroke)"
        )
        assert len(strokes) >= 4
        assert min(contrast(stroke, back) for stroke in strokes) >= 3


def test_targets_are_large_enough(opened: Open, probe: Probe) -> None:
    page = opened(probe, width=390, has_touch=True, is_mobile=True)
    for tab in page.get_by_role("tab").all():
        tab.tap()
        inside = ".ganl select, .ganl button, .ganl input, .ganl-hit"
        for node in page.locator(inside).locator("visible=true").all():
            box = node.bounding_box()
            assert min(box["width"], box["height"]) >= 44, node.evaluate("(n) => n.outerHTML")


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_cut(
    opened: Open, probe: Probe, nothing_is_cut: Callable[..., None], width: int
) -> None:
    nothing_is_cut(opened(probe, width=width), width)


def test_the_check_of_the_edges_can_fail(
    opened: Open, probe: Probe, nothing_is_cut: Callable[..., None]
) -> None:
    page = opened(probe)
    page.evaluate(
        """document.querySelector('.ganl-picture').insertAdjacentHTML('beforeend',
        '<text x="-20" y="30">cut</text>')"""
    )  # fmt: skip
    with pytest.raises(AssertionError):
        nothing_is_cut(page, 800)


def test_without_scripts_a_picture(opened: Open, probe: Probe) -> None:
    page = opened(probe, java_script_enabled=False)
    assert page.get_by_alt_text("A line.").count() == 1


# ---- the page's text


def test_html_is_deterministic_and_self_contained() -> None:
    for make in (distances.explorer, two_fits.explorer):
        html = make().html
        assert make().html == html
        urls = [u for u in re.findall(r"https?://[^\s\"'`)]+", html) if "w3.org" not in u]
        assert urls == []
        assert set(re.findall(r"(?:src|href)=\"([^\"]{5})", html)) == {"data:"}
        assert html.startswith(f'<div class="ganl ganl-exact ganl-explorer ganl-{make().kind}"')


def test_shared_files_come_in_order(probe: Probe) -> None:
    marks = ["const SVG =", "function erf(", "class ExplorerFigure", 'explorer("probe"']
    places = [probe.html.index(mark) for mark in marks]
    assert places == sorted(places)
    assert Player.shared == ("base",)


def test_every_class_is_ours() -> None:
    for name in ("base", "explorer", "distances", "two_fits"):
        style = re.sub(r"/\*.*?\*/", "", base._resource(f"{name}.css"))
        classes = set(re.findall(r"\.([a-zA-Z][\w-]*)", re.sub(r"\{[^{}]*\}", "{}", style)))
        theirs = {"bd-content", "cell_output", "text_html"}
        assert {one for one in classes - theirs if not one.startswith("ganl")} == set()


@pytest.mark.parametrize("module", [distances, two_fits])
def test_words_are_all_there_and_all_used(module: Any) -> None:
    figure = module.explorer()
    script = base._resource(f"{figure.kind}.js")
    words = {**FRAME, **figure.words}
    for name in re.findall(r"\bwords\.(\w+)", script):
        assert name in words
    for text in words.values():
        assert "<" not in plain(text)
    assert "infinite" in FRAME


def test_import_loads_no_graphics() -> None:
    code = (
        "import sys\nfrom gan_lessons.figures import distances, two_fits\n"
        "distances.explorer(), two_fits.explorer()\n"
        "print([m for m in ('matplotlib', 'ipywidgets', 'IPython', 'PIL') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


# ---- Python


def test_states_are_checked(probe: Probe) -> None:
    assert probe.state(height=3, sign="minus") == {**DEFAULT, "height": 3.0, "sign": "minus"}
    assert probe.state(height=0.1 + 0.2 - 0.05)["height"] == 0.25
    for changes in ({"height": 10.5}, {"height": math.nan}, {"height": "2"}, {"mode": "third"}):
        name = next(iter(changes))
        with pytest.raises(ValueError, match=rf"^{name} must .*got"):
            probe.state(**changes)
    with pytest.raises(ValueError, match=r"^depth must be one of \['bend', .*got 1"):
        probe.state(depth=1)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Range("a b", "A", 0, 1, 0.5), "name"),
        (lambda: Range("preset", "A", 0, 1, 0.5), "name"),
        (lambda: Range("a", "", 0, 1, 0.5), "label"),
        (lambda: Range("a", "A", 0, 1, 0.3), "step"),
        (lambda: Range("a", "A", 0, 1, 0), "step"),
        (lambda: Range("a", "A", 1, 0, 0.5), "step"),
        (lambda: Select("a", "A", {"one": "One"}), "options"),
        (lambda: Select("a", "A", {"one": "One", "b;c": "Other"}), "options"),
        (lambda: Button("a", "A", {"one": "", "two": "Two"}), "options"),
        (lambda: Group("", []), "label"),
        (lambda: Group("G", [Range(f"a{i}", "A", 0, 1, 1) for i in range(4)]), "fields"),
        (lambda: Preset("", "caption"), "label"),
        (lambda: Preset("label", " "), "caption"),
        (lambda: amount(math.nan), "value"),
    ],
)
def test_bad_parts_are_named(make: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=rf"^{named}\b.*got"):
        make()


def test_a_group_may_hold_any_number_of_handles() -> None:
    fields = [Range(f"a{i}", "A", 0, 1, 1, slider=False) for i in range(9)]
    assert len(Group("G", fields).fields) == 9


def test_the_first_preset_names_every_field() -> None:
    class Forgetful(Probe):
        presets = (Preset("First", "caption", {"bend": 1.0}),)

    with pytest.raises(ValueError, match=r"^presets must begin .*got .*height"):
        Forgetful(title="t", alt="a")


NUMBERS = [0.0, 1e-15, 3e-7, 4.99e-5, 5.01e-5, 0.03125, 0.28125, -0.28125, 0.5, 2.5, 99.99996,
           999.99, 1000.5, 12345.678, 99999.99, 1e5, 2.5e6, 1e20, math.inf]  # fmt: skip


def test_amounts_are_written_alike(opened: Open, probe: Probe) -> None:
    """Ties included: 0.03125 has a last decimal of exactly one half."""
    page = opened(probe)
    values = [*NUMBERS, *(-value for value in NUMBERS if value)]
    words = {"infinite": "infinite", "minus_infinite": "−infinite"}
    script = base._resource("base.js") + base._resource("explorer.js")
    page.add_script_tag(content=f"{{ {script}; window.amountOf = amount; }}")
    for digits in (1, 4):
        found = page.evaluate(
            "([values, words, digits]) => values.map((v) => amountOf(v, words, digits))",
            [values, words, digits],
        )
        assert found == [amount(value, digits) for value in values]


def test_mathtext() -> None:
    assert mathtext("KL(<i>p</i>‖<i>q</i>), <b>W</b><sub>1</sub>") == "KL($p$‖$q$), W1"


# ---- the live face


def test_widget_follows_its_controls(probe: Probe) -> None:
    pytest.importorskip("ipywidgets")
    box = probe.widget()
    assert "gives <b>4.0000</b>" in box.text.value
    assert "Look at <i>y</i>." in box.caption.value
    picture = box.picture.value
    assert bytes(picture[:4]) == b"\x89PNG"
    box.controls["height"].value = 5.0
    assert "gives <b>10.0000</b>" in box.text.value
    assert "10.0000" in box.table.value
    assert box.picture.value != picture
    assert (box.preset.value, FRAME["own_caption"] in box.caption.value) == (-1, True)
    box.controls["sign"].click()
    assert box.controls["sign"].description == "Make it plus"
    assert "gives <b>−10.0000</b>" in box.text.value
    box.preset.value = 1
    assert (box.controls["height"].value, box.controls["bend"].value) == (9.0, 1.0)
    assert "gives <b>−18.0000</b>" in box.text.value
    box.controls["height"].value = 2.0
    box.controls["sign"].click()
    assert box.preset.value == 0, "a preset is recognised when it is reached by hand"


@pytest.mark.parametrize("make", [distances.explorer, two_fits.explorer])
def test_widget_of_each_explorer(make: Callable[[], Explorer]) -> None:
    pytest.importorskip("ipywidgets")
    figure = make()
    box = figure.widget()
    said = set()
    for i, preset in enumerate(figure.presets):
        box.preset.value = i
        state = figure.state(**preset.state)
        assert {name: one.value for name, one in box.controls.items()} == state
        assert figure.sentence(state) in box.text.value
        assert preset.caption in box.caption.value
        said.add(box.text.value)
    assert len(said) > 1

    def modules(widget: Any) -> set[str]:
        below = [modules(child) for child in getattr(widget, "children", ())]
        return {widget._model_module}.union(*below)

    assert modules(box) == {"@jupyter-widgets/controls"}


def test_faces_without_a_kernel(probe: Probe) -> None:
    bundle = probe._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/png"}
    assert bundle["text/plain"] == "A probe: A line."
