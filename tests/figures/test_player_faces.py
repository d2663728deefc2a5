"""What the player hands to a notebook, a book build and a reader without scripts."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gan_lessons.curves import Curves
from gan_lessons.figures import Player, Preset, base
from gan_lessons.figures.packing import unpack
from gan_lessons.figures.player_words import SENTENCES, WORDS, what_shows

Run = Callable[..., Curves]
HTML, PNG, PLAIN = "text/html", "image/png", "text/plain"


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" class="ganl-data">(.*?)</script>', html)
    assert found
    return dict(json.loads(found[1]))


def test_without_a_kernel_three_faces(player: Player) -> None:
    bundle = player._repr_mimebundle_()
    assert set(bundle) == {PLAIN, HTML, PNG}
    assert player.alt in bundle[PLAIN]
    assert base64.b64decode(bundle[PNG]).startswith(b"\x89PNG")


def test_include_and_exclude(player: Player) -> None:
    assert set(player._repr_mimebundle_(include=[PLAIN])) == {PLAIN}
    assert set(player._repr_mimebundle_(exclude=[PNG])) == {PLAIN, HTML}


class FakeShell:
    kernel = object()


def test_with_a_kernel_a_widget(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    ipython = pytest.importorskip("IPython")
    monkeypatch.delenv("GAN_LESSONS_WIDGETS", raising=False)
    monkeypatch.setattr(ipython, "get_ipython", FakeShell)
    view = player._repr_mimebundle_()[base.WIDGET_VIEW]
    assert view["version_major"] == 2
    assert isinstance(view["model_id"], str)


def test_widgets_can_be_switched_off(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytest.importorskip("IPython"), "get_ipython", FakeShell)
    monkeypatch.setenv("GAN_LESSONS_WIDGETS", "0")
    assert base.WIDGET_VIEW not in player._repr_mimebundle_()


def test_kernel_without_ipywidgets(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAN_LESSONS_WIDGETS", raising=False)
    monkeypatch.setattr(pytest.importorskip("IPython"), "get_ipython", FakeShell)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert set(player._repr_mimebundle_()) == {PLAIN, HTML, PNG}


def test_import_is_light() -> None:
    code = (
        "import sys, gan_lessons.figures\n"
        "print([m for m in ('matplotlib', 'ipywidgets', 'IPython', 'PIL') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_html_is_deterministic_and_self_contained(
    player: Player, make_player: Callable[..., Player]
) -> None:
    assert make_player().html == player.html
    assert make_player("Another").html.split(">")[0] != player.html.split(">")[0]
    outside = [
        url for url in re.findall(r"https?://[^\s\"'`)]+", player.html) if "w3.org" not in url
    ]
    assert outside == []
    assert set(re.findall(r"(?:src|href)=\"([^\"]{5})", player.html)) == {"data:"}


def test_every_class_is_ours(player: Player) -> None:
    style = re.sub(r"/\*.*?\*/", "", base._resource("base.css") + base._resource("player.css"))
    classes = set(re.findall(r"\.([a-zA-Z][\w-]*)", re.sub(r"\{[^{}]*\}", "{}", style)))
    theirs = {"bd-content", "cell_output", "text_html"}  # Sphinx's boxes around an output
    assert {name for name in classes - theirs if name != "ganl" and name[:5] != "ganl-"} == set()


def test_text_cannot_break_out_of_the_page(formula_run: Run) -> None:
    nasty = '</script><!-- "quoted" & <b>bold</b>'
    html = Player([Preset(nasty, nasty, formula_run())], title=nasty, alt=nasty).html
    assert data_of(html)["presets"][0]["caption"] == nasty
    assert html.count("</script>") == 2
    assert "<!--" not in html


def test_packed_curves_are_the_run(player: Player) -> None:
    for preset, packed in zip(player.presets, data_of(player.html)["presets"], strict=True):
        for name, one in packed["curves"].items():
            truth = getattr(preset.curves, name)
            if name == "p_g":
                truth = np.minimum(truth, preset.limit)
            assert np.abs(unpack(one) - truth).max() <= one["scale"] * 0.5000001
        for name, numbers in packed["numbers"].items():
            assert numbers == getattr(preset.curves, name).tolist()
        assert packed["step"] == preset.curves.step.tolist()


def test_size_of_a_page_with_four_long_runs(formula_run: Run) -> None:
    runs = [Preset(f"Run {i}", "Look.", formula_run(101, 2000, seed=i)) for i in range(4)]
    assert len(Player(runs, title="t", alt="a").html.encode()) < 650_000


def test_words_have_no_other_marks_and_no_orphans() -> None:
    scripts = base._resource("player.js") + base._resource("base.js")
    for text in [*WORDS.values(), *SENTENCES.values()]:
        assert re.sub(r"</?(i|sub|b)>", "", text).isprintable()
        assert "<" not in re.sub(r"</?(i|sub|b)>", "", text)
    for name in set(re.findall(r"[^_]words\.(\w+)", scripts)):
        assert name in WORDS


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda run: Player([], title="t", alt="a"), "presets"),
        (lambda run: Player([run], title="t", alt="a"), "presets"),  # type: ignore[list-item]
        (lambda run: Player([Preset("a", "b", run)], title=" ", alt="a"), "title"),
        (lambda run: Player([Preset("a", "b", run)], title="t", alt=""), "alt"),
        (lambda run: Preset("", "b", run), "label"),
        (lambda run: Preset("a", "", run), "caption"),
        (lambda run: Preset("a", "b", run, start=1001), "start"),
        (lambda run: Preset("a", "b", run, start=-1), "start"),
        (lambda run: Preset("a", "b", run, g_optimum=math.nan), "g_optimum"),
        (
            lambda run: Preset("a", "b", dataclasses.replace(run, d=np.ones((41, 130)))),
            r"curves\.d ",
        ),
        (
            lambda run: Preset("a", "b", dataclasses.replace(run, js=np.full(41, np.nan))),
            r"curves\.js",
        ),
        (lambda run: Preset("a", "b", dataclasses.replace(run, x=np.zeros(131))), r"curves\.x"),
        (
            lambda run: Preset("a", "b", dataclasses.replace(run, g_loss=np.ones(3))),
            r"curves\.g_loss",
        ),
    ],
)
def test_bad_input_is_named(formula_run: Run, make: Callable[[Curves], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        make(formula_run())


def test_infinite_spikes_are_drawn_cut_off(formula_run: Run) -> None:
    run = formula_run()
    run.p_g[:, 60] = np.inf
    preset = Preset("a", "b", run)
    packed = data_of(Player([preset], title="t", alt="a").html)["presets"][0]
    assert unpack(packed["curves"]["p_g"]).max() == pytest.approx(preset.limit)


def test_sentences_are_true_of_known_states(formula_run: Run) -> None:
    run = formula_run()

    def state_of(**fields: Any) -> tuple[str, str, int]:
        return what_shows(dataclasses.replace(run, **fields))[-1]

    x, end = run.x, run.p_data[None] + 0 * run.p_g
    half = np.full_like(run.d, 0.5)
    two = (np.exp(-((x - 2) ** 2) * 8) + np.exp(-((x - 5) ** 2) * 8)) / math.sqrt(math.pi / 2)
    one = np.exp(-((x - 2) ** 2) * 8) / math.sqrt(math.pi / 8) + 0 * end
    zero = np.zeros(41)
    log4 = np.full(41, math.log(4))
    assert state_of(p_g=end, d=half, js=zero, value=-log4, best_value=-log4)[:2] == (
        "match",
        "half_right",
    )
    collapsed = {"p_data": two / 2, "p_g": one, "js": zero + 0.2, "best_value": 0.4 - log4}
    assert state_of(**collapsed, d=half, value=-log4) == ("missing", "half_wrong", 50)
    away = {"p_g": np.roll(end, -60, axis=1), "js": zero + 0.69, "best_value": zero}
    judge = np.where(x > 3, 0.99, 0.01) + 0 * end
    assert state_of(**away, d=judge, value=zero - 0.02) == ("apart", "rejects", 100)
    assert state_of(**away, d=0.2 + 0.6 * judge, value=zero - 0.04)[1] == "best"
    assert state_of(**away, d=0.2 + 0.6 * judge, value=zero - 0.9)[1] == "lags"
    # Of a p_g off the grid, D is not in the curves: nothing is said about it there.
    off = {"p_g": 0 * end, "js": zero + 0.69, "best_value": zero}
    for level in (0.01, 0.5):
        assert state_of(**off, d=level + 0 * end, value=zero - 0.9) == ("apart", "lags", 100)
    spike = np.exp(-((x - 4) ** 2) * 800) * 16 + 0 * end
    assert state_of(p_g=spike, js=zero + 0.6)[0] == "narrow"
    wide = np.exp(-((x - 4) ** 2) / 2) / math.sqrt(2 * math.pi) + 0 * end
    assert state_of(p_g=wide, js=zero + 0.1)[0] == "rough"
