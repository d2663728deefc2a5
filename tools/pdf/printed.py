"""Print the joined book in Chromium.

Chromium sets the formulas, then prints twice or more: where a link leads is known only once the
pages have been made, and a page number can push a line to the next page. It ends when the numbers
that were printed are the true ones.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pikepdf
from pypdf import PdfReader

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTH = 643  # pixels of a line in print.css: 170 mm at 96 pixels to the inch
ROUNDS = 5
SCRIPT = Path(__file__).with_name("paper.js")


class PrintError(Exception):
    """The book cannot be printed as it is; the message says where."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium as the system has it; ``CHROMIUM`` may name another.

    Raises
    ------
    PrintError
        There is none.
    """
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise PrintError("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        # No sandbox: containers run as root, which Chromium's sandbox refuses. The page is ours.
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path) -> Iterator[Page]:
    """Open a joined book, network off, as for print, with its formulas set.

    Parameters
    ----------
    browser
        Chromium: other browsers of Playwright cannot print.
    file
        The HTML file.
    """
    context = browser.new_context(
        viewport={"width": WIDTH, "height": 900}, color_scheme="light", offline=True
    )
    page = context.new_page()
    page.set_default_timeout(300_000)  # a book holds thousands of formulas
    page.emulate_media(media="print")
    page.goto(file.resolve().as_uri(), wait_until="load")
    page.evaluate("async () => { await window.MathJax?.startup?.promise }")
    page.evaluate("async () => { await document.fonts.ready }")
    yield page
    context.close()


def print_pdf(page: Page) -> bytes:
    """Print an opened book, with true page numbers.

    Parameters
    ----------
    page
        As ``opened`` gives it.

    Returns
    -------
    bytes
        The PDF: tagged, with an outline, packed.

    Raises
    ------
    PrintError
        Something would be cut off, is missing, or is wrong; the message lists what.
    """
    page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    page.evaluate("ganlPaper.name()")
    page.evaluate("ganlPaper.fit()")
    problems = page.evaluate("ganlPaper.problems()")
    if problems:
        raise PrintError("\n".join([f"{len(problems)} problems on paper:", *problems[:20]]))
    shown: dict[str, str] = {}
    for _ in range(ROUNDS):
        pdf = page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
        true = page_numbers(pdf)
        wanted = page.evaluate("ganlPaper.wanted()")
        lost = sorted({name for name in wanted if name not in true})
        if lost:
            raise PrintError(f"no page of the PDF holds {', '.join(lost[:10])}")
        now = {name: str(true[name]) for name in wanted}
        if now == shown:
            return packed(pdf)
        shown = now
        page.evaluate("pages => ganlPaper.number(pages)", shown)
    raise PrintError(f"the page numbers have not settled after {ROUNDS} rounds")


def packed(pdf: bytes) -> bytes:
    """Make a PDF smaller, and the same each time.

    Chromium writes the tags, one small object for each word and formula, uncompressed: half of a
    book's bytes.  It also writes the hour, which says nothing of the book.
    """
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as file:
        for key in ("/CreationDate", "/ModDate"):
            if key in file.docinfo:
                del file.docinfo[key]
        file.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            compress_streams=True,
            deterministic_id=True,
        )
    return out.getvalue()


def page_numbers(pdf: bytes) -> dict[str, int]:
    """Say on which page, counted from 1, each target of a link is."""
    reader = PdfReader(io.BytesIO(pdf))
    numbers = {}
    for name, target in reader.named_destinations.items():
        number = reader.get_destination_page_number(target)
        if number is not None:
            # Chromium names a target as links name it: "/theory-minimax%3Aequation-eq-value".
            numbers[unquote(name.removeprefix("/"))] = number + 1
    return numbers
