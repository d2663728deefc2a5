"""What the live faces share: a picture that follows the notebook's theme, and paragraphs."""

from __future__ import annotations

from typing import Any

WIDTH = "720px"  # of the pictures themselves; a narrow notebook shrinks them
WRAPPED: dict[str, Any] = {"layout": {"flex_flow": "row wrap"}}  # a row, more where it is narrow

# What tells a dark notebook: JupyterLab and Notebook 7, Colab, VS Code.  What the system prefers
# says nothing of the notebook: an unknown one keeps the picture as it is drawn, ink on white.
DARK = (
    'body[data-jp-theme-light="false"]',
    "html[theme=dark]",
    "body.vscode-dark",
)
# As the book does with its plots: light on dark, hues kept.
STYLE = f"<style>:is({', '.join(DARK)}) img.ganl-live {{filter: invert(1) hue-rotate(180deg)}}"
STYLE += "</style>"


def picture(w: Any) -> tuple[Any, Any]:
    """Make the widgets of a picture.

    The core image has no alternative text, and its tooltip breaks the view of ipywidgets 8.1.  What
    a figure shows is said in the text that it keeps below its picture.

    Parameters
    ----------
    w
        The module ipywidgets.

    Returns
    -------
    tuple
        The image, whose ``value`` is to be a PNG, and the box that shows it, for the figure's own.
    """
    image = w.Image(format="png", layout={"max_width": WIDTH})
    image.add_class("ganl-live")
    style = w.HTML(STYLE, layout={"display": "none"})  # a hidden style sheet counts all the same
    return image, w.VBox([image, style])


def paragraph(marked: str, role: str = "") -> str:
    """Write text with marks as a paragraph of HTML.

    Parameters
    ----------
    marked
        The text.
    role
        What it is to a screen reader, if more than text: an "alert" is read out when it appears.

    Examples
    --------
    >>> paragraph("Read <i>me</i>.", role="alert")[:16]
    '<p role="alert" '
    """
    role = f' role="{role}"' if role else ""
    return f'<p{role} style="margin:.3em 0;line-height:1.4;max-width:44em">{marked}</p>'
