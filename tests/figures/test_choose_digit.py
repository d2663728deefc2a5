"""Choose the digit: the page's generator against torch, its captions, its controls."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gan_lessons.figures import choose_digit
from gan_lessons.figures.choose_digit_net import layers, pictures
from gan_lessons.figures.explorer_words import FRAME, plain
from gan_lessons.mnist.networks import Generator, NetworkSettings
from gan_lessons.mnist.sampling import Sampler, great_circle, settle
from gan_lessons.mnist.sources import Noise
from gan_lessons.samples import Labelled

Open = Callable[..., Any]
GANL = "document.querySelector('.ganl').ganl"
SETTINGS = NetworkSettings(
    noise=12, g_width=6, d_width=4, norm="generator", refine=True, init_sd=0.3, classes=10
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made(settings: NetworkSettings = SETTINGS) -> Sampler:
    """A generator with random weights, and random scales and shifts in its batch norms."""
    network, draw = Generator(settings, seeded()), seeded(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.3, generator=draw)
            nn.init.normal_(module.bias, 0.0, 0.3, generator=draw)
    noise = Noise(settings.noise, 40, seeded(2), torch.arange(settings.classes))
    settle(network, [noise() for _ in range(3)])
    return Sampler(network, noise)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return made()


@pytest.fixture(scope="module")
def figure(sampler: Sampler) -> choose_digit.ChooseDigit:
    return choose_digit.explorer(sampler)


def grid() -> list[dict[str, Any]]:
    turns = itertools.product((0.0, 0.05, 2.5, 3.0, 7.35, 8.0), (0.0, 0.55, 1.0, 2.0))
    names = itertools.cycle(choose_digit.NAMES)
    return [{"digit": next(names), "way": way, "length": length} for way, length in turns]


# ---- the generator, folded


@pytest.mark.parametrize(
    "change",
    [{}, {"refine": False}, {"norm": "none"}, {"noise": 3, "g_width": 2}],
    ids=str,
)
def test_the_folded_generator_is_the_generator(change: dict[str, Any]) -> None:
    settings = replace(SETTINGS, **change)
    network = made(settings).network.double()
    z, y = torch.randn(30, settings.noise, generator=seeded(3)).double(), torch.arange(30) % 10
    with torch.no_grad():
        expected = network(Labelled(z, y)).x[:, 0]
    found = pictures(layers(network), z, y)
    assert expected.std() > 0.1
    assert (found - expected).abs().max() < 0.01  # 16 bits; a grey level is 0.0078


def test_a_bias_before_a_batch_norm_is_scaled_with_the_rest(sampler: Sampler) -> None:
    network = copy.deepcopy(sampler.network).double()
    first = next(module for module in network.modules() if isinstance(module, nn.Linear))
    first.bias = nn.Parameter(torch.randn(first.out_features, generator=seeded(4)).double())
    z, y = torch.randn(10, SETTINGS.noise, generator=seeded(3)).double(), torch.arange(10)
    with torch.no_grad():
        expected = network(Labelled(z, y)).x[:, 0]
    assert (pictures(layers(network), z, y) - expected).abs().max() < 0.01


def test_weights_are_rounded_to_16_bits_and_no_more(sampler: Sampler) -> None:
    (first, *_), (weight, *_) = layers(sampler.network), sampler.network.parameters()
    norm = next(m for m in sampler.network.modules() if isinstance(m, nn.BatchNorm2d))
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    exact = weight.view(49, 12, -1) * scale[:, None]  # the net's order: pixel by pixel
    exact = exact.transpose(0, 1).flatten(0, 1).detach().double()  # the page's: by channels
    quantum = (exact.max() - exact.min()) / 65535
    assert 0 < (first.weight - exact).abs().max() < 0.6 * quantum


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strided": False}, "layers a page can compute"),
        ({"dense": 4}, "layers a page can compute|statistics"),
        ({"classes": 0}, "classes"),
    ],
)
def test_what_a_page_cannot_compute_is_refused(change: dict[str, Any], message: str) -> None:
    network = Generator(replace(SETTINGS, **change), seeded()).eval()
    with pytest.raises(ValueError, match=rf"^generator must .*({message}).*got"):
        layers(network)


def test_a_generator_in_training_mode_or_of_other_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^generator must be in evaluation mode, got"):
        layers(Generator(SETTINGS, seeded()))
    with pytest.raises(ValueError, match=r"^sampler must hold .* ten classes, got"):
        choose_digit.explorer(made(replace(SETTINGS, classes=7)))


# ---- the numbers, by other routes


def test_the_noise_walks_on_great_circles(figure: choose_digit.ChooseDigit) -> None:
    at = [figure.z(figure.state(way=float(k))) for k in range(9)]
    assert torch.equal(at[8], at[0])
    torch.testing.assert_close(torch.stack(at[:8]), figure.noise, rtol=1e-14, atol=0)
    half = figure.z(figure.state(way=2.5, length=0.5))
    torch.testing.assert_close(half, great_circle(at[2], at[3], 0.5) / 2)
    last = figure.z(figure.state(way=7.5))
    torch.testing.assert_close(last, great_circle(at[7], at[0], 0.5))


def test_ink_and_slant_of_a_bar_that_leans() -> None:
    down, right = np.mgrid[0:28, 0:28]
    for degrees in (-30, 0, 20):
        line = 13.5 - (down - 13.5) * math.tan(math.radians(degrees))
        bar = torch.from_numpy((abs(right - line) < 2).astype(float)) * 2 - 1
        assert choose_digit.slant(bar) == pytest.approx(degrees, abs=1.5)
        assert choose_digit.ink(bar) == pytest.approx(4 / 28, abs=0.01)


def test_the_label_decides_one_thing_and_the_noise_the_other(
    figure: choose_digit.ChooseDigit,
) -> None:
    here, there = figure.shown(figure.state()), figure.shown(figure.state(way=3.0))
    assert (here - there).abs().amax((1, 2)).min() > 0.05
    assert (here[1:] - here[:-1]).abs().amax((1, 2)).min() > 0.05
    nothing = [figure.shown(figure.state(way=way, length=0.0)) for way in (0.0, 2.35, 6.0)]
    assert torch.equal(nothing[0], nothing[1])
    assert torch.equal(nothing[0], nothing[2])


def test_sentences(figure: choose_digit.ChooseDigit) -> None:
    def say(**changes: Any) -> str:
        return plain(figure.sentence(figure.state(**changes)))

    assert say() == "A 7 from noise vector 1. The noise is as it was drawn."
    assert say(digit="zero", way=7.35).startswith("A 0, 35 % of the way from noise vector 8 to")
    assert say(way=7.35).split(".")[0].endswith("noise vector 1")
    assert say(way=8.0).startswith("A 7 from noise vector 1.")
    assert "no noise" in say(length=0.0)
    assert "2.00 times" in say(length=2.0)
    assert "farther" in say(length=2.0)
    assert "nearer" in say(length=0.5)


def test_no_word_is_one_of_the_frame(figure: choose_digit.ChooseDigit) -> None:
    assert set(figure.words) & set(FRAME) == set()


# ---- the page


def test_script_computes_and_says_what_python_does(
    opened: Open, figure: choose_digit.ChooseDigit, agrees: Callable[..., None]
) -> None:
    states = [*grid(), *(preset.state for preset in figure.presets)]
    agrees(opened(figure), figure, states)


def test_the_page_draws_what_torch_draws(
    opened: Open, figure: choose_digit.ChooseDigit, sampler: Sampler
) -> None:
    page = opened(figure)
    for changes in grid()[::3]:
        state = figure.state(**changes)
        found = page.evaluate(f"(state) => {GANL}.compute(state).pictures", state)
        drawn = np.array(found).reshape(10, 28, 28)
        np.testing.assert_allclose(drawn, figure.shown(state).numpy(), rtol=0, atol=1e-9)
        z = figure.z(state).float().expand(10, -1)
        by_torch = sampler.pictures(Labelled(z, torch.arange(10)))[:, 0].numpy()
        assert np.abs(drawn - by_torch).max() < 0.0078  # less than a grey level of 256


def ink_of(page: Any, plate: int) -> np.ndarray:
    """The shades of a picture in the page, (28, 28), read back from its paths."""
    paths = page.evaluate(
        """(plate) => [...document.querySelectorAll('.ganl-plate')[plate]
          .querySelectorAll('.ganl-pixel')].map((path) =>
            [path.getAttribute('fill-opacity'), path.getAttribute('d')])""",
        plate,
    )
    shades = np.zeros((28, 28))
    for opacity, d in paths:
        for run in d.split("M")[1:]:
            corner, rest = run.split("h", 1)
            x, y = map(int, corner.split(","))
            shades[y, x : x + int(rest.split("v")[0])] += float(opacity)
    return shades


def test_the_pixels_of_the_page_are_the_picture(
    opened: Open, figure: choose_digit.ChooseDigit
) -> None:
    page = opened(figure)
    page.evaluate(f"{GANL}.set({{digit: 'four', way: 1.5}})")
    truth = (figure.shown(figure.state(way=1.5)).numpy() + 1) / 2
    for plate, digit in ((0, 4), (1, 0), (10, 9)):  # the large one, then the ten small ones
        assert np.abs(ink_of(page, plate) - truth[digit]).max() < 0.5 / 15 + 1e-3


def test_keys_choose_the_digit_and_walk(opened: Open, figure: choose_digit.ChooseDigit) -> None:
    page = opened(figure)
    page.get_by_label("Digit", exact=True).press("ArrowDown")
    assert page.evaluate(f"{GANL}.state.digit") == "eight"
    page.get_by_label("Walk through noise").press("ArrowRight")
    assert page.evaluate(f"{GANL}.state.way") == 0.05
    page.get_by_label("Length of the noise").press("End")
    assert page.evaluate(f"{GANL}.state.length") == 2
    assert page.locator(".ganl-control").count() == 3


def test_a_small_picture_can_be_clicked(opened: Open, figure: choose_digit.ChooseDigit) -> None:
    page = opened(figure, width=390)
    page.locator(".ganl-plate").nth(4).click()
    assert page.evaluate(f"{GANL}.state.digit") == "three"
    assert page.locator("text.ganl-chosen").all_text_contents() == ["3"]
    box = page.locator(".ganl-plate").nth(4).bounding_box()
    assert min(box["width"], box["height"]) >= 44


def test_a_link_leads_back_to_the_setting(
    opened: Open, figure: choose_digit.ChooseDigit, leads_back: Callable[..., None]
) -> None:
    state = figure.state(digit="nine", way=4.45, length=0.6)
    leads_back(opened(figure), state, "#ganl-choose_digit=digit:nine;way:4.45;length:0.6")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 360])
def test_it_fits_every_page(
    opened: Open,
    figure: choose_digit.ChooseDigit,
    presets_fit: Callable[..., None],
    width: int,
    scheme: str,
) -> None:
    page = opened(figure, width=width, scheme=scheme)
    presets_fit(page, figure, width)
    frames = page.evaluate(
        """() => [...document.querySelectorAll('.ganl-plate')].map((node) => {
          const box = node.getBoundingClientRect();
          const frame = document.querySelector('.ganl-picture').getBoundingClientRect();
          return box.left >= frame.left && box.right <= frame.right && box.bottom <= frame.bottom;
        })"""
    )
    assert frames == [True] * 11


def test_the_other_faces(figure: choose_digit.ChooseDigit) -> None:
    assert figure.png.startswith(b"\x89PNG")
    box = figure.widget()
    box.controls["digit"].value = "two"
    assert "A 2 from" in box.text.value
    before = box.picture.value
    box.controls["way"].value = 4.0
    assert box.picture.value != before


def test_a_real_generator_stays_small_enough_for_a_page() -> None:
    settings = NetworkSettings(
        noise=64, g_width=16, d_width=16, norm="generator", refine=True, init_sd=0.06, classes=10
    )
    assert len(choose_digit.explorer(made(settings)).html.encode()) < 500_000
