"""What must be true of the PDF, whatever the chapters say."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pikepdf
from pypdf import PageObject, PdfReader

MAX_BYTES = 20_000_000
# Letters are drawn by their numbers in the font, four digits each: number 0 is an empty box.
NO_LETTER = re.compile(rb"<(?:[0-9A-F]{4})*0000(?:[0-9A-F]{4})*> Tj")


def problems(pdf: bytes, titles: Sequence[str], pictures: int) -> list[str]:
    """List what is wrong with a PDF of the book; nothing where all is well.

    Parameters
    ----------
    pdf
        The file.
    titles
        Of the chapters, in reading order: each must be in the outline, in this order.
    pictures
        How many there are. As many must have words for those who do not see them.
    """
    reader = PdfReader(io.BytesIO(pdf))
    found = list(_outline(reader, titles))
    for number, page in enumerate(reader.pages, start=1):
        # What belongs to the text is marked in a tagged PDF; page number and running head are not.
        contents = page.get_contents()
        drawn = b"" if contents is None else contents.get_data()
        if b"/MCID" not in drawn:
            found.append(f"page {number} is blank")
        if NO_LETTER.search(drawn):
            found.append(f"page {number} has letters that no font here knows")
        found += [f"page {number}: {font} is not embedded" for font in _strangers(page)]
    root: Any = reader.trailer["/Root"]
    if not root.get("/MarkInfo", {}).get("/Marked") or "/Lang" not in root:
        found.append("the PDF is not tagged, or does not name its language")
    described = _described(pdf)
    if described != pictures:
        found.append(f"{pictures} pictures, {described} of them with words")
    if len(pdf) > MAX_BYTES:
        found.append(f"the PDF has {len(pdf) / 1e6:.1f} MB, at most {MAX_BYTES / 1e6:.0f} are good")
    return found


def _described(pdf: bytes) -> int:
    """Count the tags that have words for those who do not see."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return sum(isinstance(o, pikepdf.Dictionary) and "/Alt" in o for o in file.objects)


def _outline(reader: PdfReader, titles: Sequence[str]) -> Iterator[str]:
    """Say which chapters the outline's first level lacks, or has out of order."""
    places = {}
    for entry in reader.outline:
        if not isinstance(entry, list):  # a list holds the sections of the entry before it
            places[_bare(str(entry.title))] = reader.get_destination_page_number(entry)
    last = -1
    for title in titles:
        number = places.get(_bare(title))
        if number is None:
            yield f"the outline lacks {title!r}"
        elif number <= last:
            yield f"the outline has {title!r} on page {number + 1}, not after page {last + 1}"
        last = last if number is None else number


def _bare(title: str) -> str:
    """Only letters and digits: a formula in a heading is not text in the outline."""
    return re.sub(r"\W", "", title)


def _strangers(page: PageObject) -> Iterator[str]:
    """Name the fonts of a page that a reader's machine would have to have."""
    resources: Any = page.get("/Resources")
    fonts = resources.get_object().get("/Font") if resources else None
    for reference in fonts.get_object().values() if fonts else ():
        font = reference.get_object()
        if font["/Subtype"] == "/Type3":  # drawings
            continue
        inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        described = inner.get("/FontDescriptor")
        keys = described.get_object() if described else ()
        if not any(key.startswith("/FontFile") for key in keys):
            yield str(font.get("/BaseFont"))
