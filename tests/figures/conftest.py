"""Recorded runs made from formulas, and pages that hold players, open in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gan_lessons.curves import Curves
from gan_lessons.figures import Player, Preset
from gan_lessons.figures.base import Figure
from gan_lessons.figures.explorer import Explorer
from gan_lessons.figures.explorer_parts import Bar


def _formula_run(
    frames: int = 41, steps: int = 1000, target: float = 4.0, sharp: float = 0.5, seed: int = 0
) -> Curves:
    """A generator x = m + s z that walks from N(0, 1) to N(target, sharp), with exact curves."""
    x = np.linspace(target - 6, target + 3, 131)
    done = np.linspace(0, 1, frames)
    m, s = target * (1 - (1 - done) ** 3), 1 - (1 - sharp) * done

    def normal(mean: Any, scale: Any) -> np.ndarray:
        mean, scale = np.atleast_1d(mean)[:, None], np.atleast_1d(scale)[:, None]
        return np.exp(-(((x - mean) / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))

    p_data, p_g = normal(target, 0.5)[0], normal(m, s)
    d_star = (p_data + 1e-300) / (p_data + p_g + 2e-300)
    wave = 0.4 * (1 - done)[:, None] * np.sin(x)
    d = 1 / (1 + ((p_g + 1e-12) / (p_data + 1e-12)) ** 0.6 * np.exp(wave))
    d = np.clip(d, 1e-6, 1 - 1e-6)
    mix, dx = (p_data + p_g) / 2, x[1] - x[0]

    def kl(p: np.ndarray) -> np.ndarray:
        return (p * np.log((p + 1e-300) / (mix + 1e-300)) * dx).sum(axis=1)

    js = (kl(np.broadcast_to(p_data, p_g.shape)) + kl(p_g)) / 2
    best = 2 * js - np.log(4)
    value = ((p_data * np.log(d) + p_g * np.log(1 - d)) * dx).sum(axis=1)
    z, at, noise = np.linspace(-2, 2, 25), np.linspace(0, 1, steps), np.random.default_rng(seed)
    return Curves(
        step=np.linspace(0, steps, frames).astype(np.int64),
        x=x, p_data=p_data, p_g=p_g, d=d, d_star=d_star, z=z, g=m[:, None] + s[:, None] * z,
        value=np.minimum(value, best), best_value=best, js=js,
        w1=np.abs(target - m) + 0.1 * (s - sharp), w1_ema=np.abs(target - m),
        d_loss=np.log(4) - 0.9 * np.exp(-6 * at) + 0.06 * noise.normal(size=steps),
        g_loss=np.log(2) + 1.5 * np.exp(-5 * at) + 0.08 * noise.normal(size=steps),
    )  # fmt: skip


def _make_player(title: str = "A one-dimensional GAN") -> Player:
    """Two runs: one that arrives, one whose p_g ends as a spike above the axis."""
    return Player(
        [
            Preset("It works", "Watch <i>p</i><sub>g</sub> move.", _formula_run(), start=250),
            Preset("A spike", "Too narrow.", _formula_run(21, 2000, 1.0, sharp=0.1), start=None),
        ],
        title=title,
        alt="Four panels: discriminator, densities, arrows from noise to data, losses.",
    )


@pytest.fixture(scope="session")
def formula_run() -> Callable[..., Curves]:
    return _formula_run


@pytest.fixture(scope="session")
def make_player() -> Callable[..., Player]:
    return _make_player


@pytest.fixture(scope="session")
def player() -> Player:
    return _make_player()


@pytest.fixture
def opened(open_page: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """``opened(*figures, width=..., scheme=..., **options)``: a page from file:// that holds them.

    ``root`` are attributes of the html element, as a theme would set them; the options are those
    of ``open_page``.
    """

    def open_(
        *figures: Figure, width: int = 800, scheme: str = "light", root: str = "", **options: Any
    ) -> Any:
        path = tmp_path / "page.html"
        path.write_text(
            f'<!doctype html><html lang="en" {root}><meta charset="utf-8"><title>Test</title>'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            '<body style="margin:0;padding:12px;font-family:sans-serif">'
            + "".join(figure.html for figure in figures),
            encoding="utf-8",
        )
        page = open_page(path, SimpleNamespace(width=width, scheme=scheme), **options)
        page.set_default_timeout(10_000)
        if options.get("java_script_enabled", True):
            page.wait_for_selector(".ganl-picture path[d]", state="attached")
        return page

    return open_


@pytest.fixture(scope="session")
def shows_the_runs() -> Callable[..., None]:
    """``shows_the_runs(page, player)``: the page's curves are the runs', to half a quantum."""

    def check(page: Any, player: Player) -> None:
        for index, preset in enumerate(player.presets):
            shown = page.evaluate(f"document.querySelector('.ganl').ganl.curves({index})")
            for name, values in shown.items():
                truth = getattr(preset.curves, name)
                truth = np.minimum(truth, preset.limit) if name == "p_g" else truth
                quantum = (truth.max() - truth.min()) / 65535
                assert np.abs(np.array(values) - truth.ravel()).max() <= 0.5000001 * quantum
            for frame in range(len(preset.curves.step)):
                numbers = page.evaluate(
                    f"document.querySelector('.ganl').ganl.numbers({index},{frame})"
                )
                best = preset.curves.best_value[frame]
                assert numbers["log4"] == pytest.approx(np.log(4), abs=1e-12)
                assert numbers["best"] == pytest.approx(best, abs=1e-9)
                assert numbers["gap"] == pytest.approx(best - preset.curves.value[frame], abs=1e-9)
                assert numbers["w1"] == preset.curves.w1[frame]
                assert numbers["ema"] == preset.curves.w1_ema[frame]

    return check


@pytest.fixture(scope="session")
def agrees() -> Callable[..., None]:
    """``agrees(page, figure, states)``: the page's script computes and writes what Python does.

    The page shows the explorer ``figure`` alone.  For each of the states (dicts of the fields
    that differ from the default), every entry of ``figure.numbers`` equals that of ``compute``
    to 1e-9 (``loose`` names exceptions), relative, or absolute below 1; the sentence and the
    table are the same text; nothing is NaN; and the picture is drawn without NaN.
    """

    def check(
        page: Any, figure: Explorer, states: Any, loose: Mapping[str, float] | None = None
    ) -> None:
        for changes in states:
            state = figure.state(**changes)
            found = page.evaluate(
                """(state) => {
                  const { ganl } = document.querySelector('.ganl');
                  ganl.set(state);
                  const { table, sentence, compute } = ganl;
                  return [ganl.state, compute(state), sentence(state), table(state),
                    /NaN|Infinity|undefined/.test(document.querySelector('.ganl').innerHTML
                      .replace(/<script[^]*?<\\/script>/g, ''))];
                }""",
                state,
            )
            shown, numbers, sentence, table, spoiled = found
            assert shown == state
            for name, value in figure.numbers(state).items():
                assert value == value, f"{name} is NaN at {changes}"
                near = (loose or {}).get(name, 1e-9)
                close = pytest.approx(value, rel=near, abs=near)
                assert numbers[name] == close, f"{name} at {changes}"
            assert sentence == figure.sentence(state), changes
            expected = figure.table(state)
            assert table["head"] == list(expected.head), changes
            for written, row in zip(table["rows"], expected.rows, strict=True):
                for cell, truth in zip(written, row, strict=True):
                    if isinstance(truth, Bar):
                        assert cell["share"] == pytest.approx(truth.share, abs=1e-9)
                        assert (cell["low"], cell["high"]) == (truth.low, truth.high)
                    else:
                        assert cell == truth, changes
            assert not spoiled, changes

    return check


@pytest.fixture(scope="session")
def leads_back() -> Callable[[Any, dict[str, Any], str], None]:
    """Set an explorer to a state; its link must start as given, and lead back to that state."""

    def check(page: Any, state: dict[str, Any], start: str) -> None:
        figure = "document.querySelector('.ganl').ganl"
        page.evaluate(f"(state) => {figure}.set(state)", state)
        address = page.locator(".ganl-link").get_attribute("href")
        assert address.startswith(start)
        page.goto(page.url.split("#")[0] + address)
        page.reload()
        assert page.evaluate(f"{figure}.state") == state

    return check


@pytest.fixture(scope="session")
def nothing_is_cut() -> Callable[[Any, int], None]:
    """``nothing_is_cut(page, width)``: no sideways scroll, and no text of a picture leaves it."""

    def check(page: Any, width: int) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = page.evaluate(
            """() => [...document.querySelectorAll('.ganl-picture')].flatMap((picture) => {
              const frame = picture.getBoundingClientRect();
              return [...picture.querySelectorAll('text')]
                .filter((text) => text.style.display !== 'none')
                .map((text) => [text.textContent, text.getBoundingClientRect()])
                .filter(([, box]) => box.left < frame.left - 0.5 || box.right > frame.right + 0.5
                  || box.top < frame.top - 0.5 || box.bottom > frame.bottom + 0.5)
                .map(([text]) => text)
            })"""
        )
        assert cut == []
        wide = page.evaluate(
            """() => [...document.querySelectorAll('.ganl')].flatMap((root) => {
              const inner = root.getBoundingClientRect().right;
              return [...root.querySelectorAll('*')]
                .filter((node) => !node.closest('script, style, noscript, clipPath, svg *'))
                .filter((node) => node.getBoundingClientRect().right > inner + 0.5)
                .map((node) => node.outerHTML.slice(0, 80))
            })"""
        )
        assert wide == []

    return check


@pytest.fixture(scope="session")
def presets_fit(nothing_is_cut: Callable[[Any, int], None]) -> Callable[..., None]:
    """Look at an explorer in the state of each preset, and in more states, for what is cut."""

    def check(page: Any, figure: Any, width: int, *more: dict[str, Any]) -> None:
        for changes in [*(preset.state for preset in figure.presets), *more]:
            state = figure.state(**changes)
            page.evaluate("(state) => document.querySelector('.ganl').ganl.set(state)", state)
            nothing_is_cut(page, width)

    return check
