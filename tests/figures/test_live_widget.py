"""The picture of the live faces follows the notebook's theme, and its colours can be told apart."""

from __future__ import annotations

import base64
import importlib
import io
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from support import contrast, luminance

from gan_lessons.figures import distances, live_widget, player_widget
from gan_lessons.figures.base import Figure
from gan_lessons.plots import DATA, DISCRIMINATOR, GENERATED, INK, MUTED

pytest.importorskip("ipywidgets")

GROUND = "#ffffff"
COLOURS = [GROUND, DATA, GENERATED, DISCRIMINATOR, INK, MUTED]
SIDE = 20  # of the patch of each colour
# How a notebook says that it is dark: attributes of the elements html and body.
NOTEBOOKS = [
    ("", "", False),
    ("", 'data-jp-theme-light="true"', False),
    ("", 'data-jp-theme-light="false"', True),  # JupyterLab
    ("theme=light", "", False),
    ("theme=dark", "", True),  # Colab
    ("", 'class="vscode-dark"', True),
    ("", 'class="vscode-light"', False),
]


def below(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from below(child)


def patches() -> bytes:
    from PIL import Image

    image = Image.new("RGB", (SIDE * len(COLOURS), SIDE))
    for i, colour in enumerate(COLOURS):
        image.paste(colour, (SIDE * i, 0, SIDE * (i + 1), SIDE))
    png = io.BytesIO()
    image.save(png, "png")
    return png.getvalue()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("root", "body", "dark"), NOTEBOOKS)
def test_theme_and_contrast(
    open_page: Callable[..., Any], root: str, body: str, dark: bool, scheme: str
) -> None:
    from PIL import Image

    image, framed = live_widget.picture(importlib.import_module("ipywidgets"))
    (style,) = (one.value for one in framed.children if hasattr(one, "placeholder"))
    (name,) = image._dom_classes
    png = base64.b64encode(patches()).decode()
    page = open_page(
        f'<!doctype html><html lang="en" {root}><title>Test</title><body {body}>'
        f'<div style="display:none">{style}</div>'
        f'<img alt="" class="{name}" src="data:image/png;base64,{png}">',
        SimpleNamespace(width=800, scheme=scheme),
        first_visit=True,
    )
    shot = Image.open(io.BytesIO(page.locator("img").screenshot())).convert("RGB")
    ground, *colours = (
        f"rgb{shot.getpixel((SIDE * i + SIDE // 2, SIDE // 2))}" for i in range(len(COLOURS))
    )
    assert (luminance(ground) < 0.1) is dark
    assert min(contrast(colour, ground) for colour in colours) >= 4.5
    assert len({*colours}) == len(colours)


def test_every_live_picture_has_the_class(player: Figure) -> None:
    for figure in (player, distances.explorer()):
        pictures = [one for one in below(figure.widget()) if one._model_name == "ImageModel"]
        assert [one._dom_classes for one in pictures] == [("ganl-live",)]
        assert bytes(pictures[0].value).startswith(b"\x89PNG")


def test_the_list_of_runs_has_room_for_their_names(player: Any) -> None:
    assert player_widget.player_box(player).run.layout.width == "560px"
