"""What all interactive figures share: one plain object with three faces.

A figure holds recorded or exact data and shows itself

1. as ``text/html``: data, style and script in one piece, which needs no kernel and no network;
2. as a box of core ipywidgets, in a notebook with a running kernel;
3. as a static picture and a line of text, where neither of the two can show.

A new figure is a subclass of :class:`Figure` with a ``kind``, the file ``<kind>.js`` and, if it
has a style of its own, ``<kind>.css`` beside this module, and the three methods ``data``, ``draw``
and ``widget``.  Where several kinds share more than ``base.js`` and ``base.css``, their class names
it in ``shared``: those files go into the page before the figure's own.

Set the environment variable ``GAN_LESSONS_WIDGETS=0`` to leave the second face out.  A book build
does so: it has a kernel, but its pages do not, and it would store each widget's state in them.
"""

from __future__ import annotations

import base64
import hashlib
import html
import importlib
import io
import json
import os
import sys
from abc import ABC, abstractmethod
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Collection

    from matplotlib.figure import Figure as Drawing

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Figure(ABC):
    """A picture that can be moved; see the module's text.

    Parameters
    ----------
    title
        A short name, shown above the figure and read out as its name.
    alt
        One or two sentences that say what the picture shows, for those who do not see it.
    """

    kind: ClassVar[str]
    shared: ClassVar[tuple[str, ...]] = ("base",)  # <name>.js and, where there is one, <name>.css

    def __init__(self, *, title: str, alt: str) -> None:
        self.title = require_text(title, "title")
        self.alt = require_text(alt, "alt")

    @abstractmethod
    def data(self) -> dict[str, Any]:
        """Return all that the script needs, ready for JSON."""

    @abstractmethod
    def draw(self) -> Drawing:
        """Draw the static picture, on a matplotlib figure that pyplot does not know."""

    @abstractmethod
    def widget(self) -> Any:
        """Make a box of core ipywidgets that does what the page's figure does."""

    @cached_property
    def png(self) -> bytes:
        """The static picture: the state that the figure opens with."""
        return png_bytes(self.draw())

    @cached_property
    def html(self) -> str:
        """The figure for a page: deterministic, self-contained, several fit on one page."""
        payload = json.dumps(
            {"title": self.title, "alt": self.alt, **self.data()},
            ensure_ascii=False,
            allow_nan=False,
            separators=(",", ":"),
        ).replace("<", "\\u003c")
        names = (*self.shared, self.kind)
        style = "".join(_resource(f"{name}.css") for name in names if _exists(f"{name}.css"))
        script = "".join(_resource(f"{name}.js") for name in names)
        classes = " ".join(f"ganl-{name}" for name in names[1:])
        name = hashlib.sha256((payload + script).encode()).hexdigest()[:10]
        picture = base64.b64encode(self.png).decode("ascii")
        title, alt = html.escape(self.title), html.escape(self.alt)
        return (
            f'<div class="ganl {classes}" id="ganl-{name}" role="group" '
            f'aria-label="{title}">\n'
            f'<noscript><img class="ganl-static" alt="{alt}" '
            f'src="data:image/png;base64,{picture}"></noscript>\n'
            f'<script type="application/json" class="ganl-data">{payload}</script>\n'
            f"<style>{style}</style>\n"
            f'<script type="module">{script}</script>\n</div>'
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.title!r})"

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
    ) -> dict[str, Any]:
        faces: dict[str, Any] = {
            "text/plain": lambda: f"{self.title}: {self.alt}",
            "text/html": lambda: self.html,
            "image/png": lambda: base64.b64encode(self.png).decode("ascii"),
        }
        if widgets_can_show():
            faces[WIDGET_VIEW] = lambda: {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget().model_id,
            }
        wanted = [kind for kind in faces if not include or kind in include]
        return {kind: faces[kind]() for kind in wanted if not exclude or kind not in exclude}


def require_text(text: object, name: str) -> str:
    """Return ``text`` if it is a string that says something, else raise ``ValueError``.

    Examples
    --------
    >>> require_text("  ", "title")
    Traceback (most recent call last):
    ValueError: title must be text that is not empty, got '  '
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} must be text that is not empty, got {text!r}")
    return text


def png_bytes(drawing: Drawing) -> bytes:
    """Save a matplotlib figure as a PNG of few colours, a third of the usual size."""
    from PIL import Image  # comes with matplotlib

    raw = io.BytesIO()
    drawing.savefig(raw, format="png")
    small = io.BytesIO()
    image = Image.open(raw).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    image.save(small, format="png", optimize=True)
    return small.getvalue()


def _resource(name: str) -> str:
    return files("gan_lessons.figures").joinpath(name).read_text(encoding="utf-8")


def _exists(name: str) -> bool:
    return files("gan_lessons.figures").joinpath(name).is_file()


def widgets_can_show() -> bool:
    """Whether there is a live kernel with ipywidgets, and nobody has switched them off."""
    if os.environ.get("GAN_LESSONS_WIDGETS") == "0" or "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    if getattr(shell, "kernel", None) is None:
        return False
    try:
        importlib.import_module("ipywidgets")
    except ImportError:
        return False
    return True
