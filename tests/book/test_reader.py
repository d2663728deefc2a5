"""The first minutes of a new reader: start, go on, look up, copy, and no waiting."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import jupytext
import pytest
from bs4 import BeautifulSoup
from support import REPOSITORY, TOC_PAGES, View

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OpenPage = Callable[..., "Page"]

# What a reader may look for, and the pages that must be among the first five answers.
SEARCHES = {
    "mode collapse": "book/training/why-training-fails",
    "optimal discriminator": "book/theory/optimum",
    "KL": "book/theory/distances",
    "reverse KL": "book/theory/distances",
    "minimax": "book/theory/minimax",
    "Wasserstein": "book/training/other-objectives",
    "생성자": "book/back/glossary",  # "generator"
    "MNIST": "book/images/dcgan-on-mnist",
}


@cache
def _page(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


def _target(page: Path, link: str, book_html: Path) -> str:
    """The name of the page that a relative link leads to."""
    path = (page.parent / urlsplit(link).path).resolve() if urlsplit(link).path else page
    return str(path.relative_to(book_html.resolve()).with_suffix(""))


def test_pages_lead_on_in_the_order_of_the_contents(book_html: Path) -> None:
    """Next and previous form one chain, and the contents list the same pages in the same order."""
    files = [(book_html / f"{name}.html").resolve() for name in TOC_PAGES]
    for at, file in enumerate(files):
        page = _page(file)
        for cls, to in (("left-prev", at - 1), ("right-next", at + 1)):
            link = page.select_one(f"a.{cls}")
            if 0 <= to < len(files):
                assert link is not None, f"{file.name} has no {cls}"
                assert _target(file, str(link["href"]), book_html) == TOC_PAGES[to]
                title = link.select_one(".prev-next-title")
                assert title is not None
                assert title.get_text(strip=True) == _heading(files[to])
            else:
                assert link is None
        entries = page.select("nav.bd-links a.reference.internal")
        leads = [_target(file, str(entry["href"]), book_html) for entry in entries]
        assert leads == TOC_PAGES
        for entry, to_file in zip(entries, files, strict=True):
            assert entry.get_text(strip=True) == _heading(to_file)


def _heading(file: Path) -> str:
    heading = _page(file).select_one("article h1")
    assert heading is not None
    return heading.get_text(strip=True).removesuffix("#")


def test_titles_and_descriptions_differ(book_html: Path) -> None:
    """What a tab, a bookmark or a search engine shows of a page."""
    titles, descriptions = [], []
    for name in TOC_PAGES:
        page = _page((book_html / f"{name}.html").resolve())
        assert page.title is not None
        titles.append(page.title.get_text(strip=True))
        said = page.select_one('meta[name="description"]')
        assert said is not None
        descriptions.append(str(said["content"]))
    assert titles[0] == "GAN Lessons"
    assert all(title.endswith(" \u2014 GAN Lessons") for title in titles[1:])
    assert len(set(titles)) == len(set(descriptions)) == len(TOC_PAGES)


def test_alt_texts_say_what_is_shown(book_html: Path) -> None:
    """Thirty characters at least, and no two pictures of a page have the same."""
    for name in TOC_PAGES:
        page = _page((book_html / f"{name}.html").resolve())
        alts = [str(img.get("alt", "")) for img in page.select("article img")]
        short = [alt for alt in alts if len(alt) < 30]
        assert not short, f"{name}: {short}"
        assert len(set(alts)) == len(alts), f"{name}: {alts}"


@pytest.mark.parametrize("look", [View(1280, "light"), View(390, "dark")], ids=str)
def test_the_first_screen(look: View, open_page: OpenPage, book_html: Path) -> None:
    """It says what this is, leads on, and moves: without scrolling, on a laptop and on a phone."""
    page = open_page(book_html / f"{TOC_PAGES[0]}.html", look)
    page.set_viewport_size({"width": look.width, "height": 800 if look.width > 390 else 844})
    high = page.evaluate("innerHeight")

    def bottom(locator: str) -> float:
        box = page.locator(locator).first.bounding_box()
        assert box is not None
        return float(box["y"] + box["height"])

    first = page.locator("article p").first
    assert "generative adversarial networks" in first.inner_text()
    start = page.locator("article p:has-text('Start with') a")
    assert urlsplit(start.get_attribute("href") or "").path.endswith(
        f"{TOC_PAGES[1].removeprefix('book/')}.html"
    )
    assert bottom("article p:has-text('Start with')") < high
    assert bottom(".ganl-play") < high
    curve = page.locator(".ganl-picture .ganl-stroke-d[d]").last
    box = curve.bounding_box()
    assert box is not None
    assert box["y"] + 40 < high, "what moves is below the first screen"
    before = curve.get_attribute("d")
    page.locator(".ganl-play").click()
    page.wait_for_function(
        "(before) => [...document.querySelectorAll('.ganl-picture .ganl-stroke-d[d]')].at(-1)"
        ".getAttribute('d') !== before",
        arg=before,
    )
    assert page.evaluate("scrollY") == 0
    start.click()
    page.wait_for_url(f"**/{TOC_PAGES[1]}.html")


def test_search_finds_and_leads(open_page: OpenPage, book_html: Path) -> None:
    page = open_page(book_html / "search.html")
    start = page.url
    missed = {}
    for words, wanted in SEARCHES.items():
        page.goto(f"{start}?q={quote(words)}")
        page.locator("#search-results li a").first.wait_for()
        page.wait_for_timeout(300)  # a failing request of its own would show here
        found = page.evaluate(
            "[...document.querySelectorAll('#search-results li a')].slice(0, 8).map((a) => a.href)"
        )
        names = [_target(book_html, urlsplit(href).path, book_html) for href in found]
        if wanted not in names[:5]:
            missed[words] = names
    assert not missed, missed
    page.locator("#search-results li a").first.click()
    page.wait_for_load_state("load")
    assert page.locator("article").inner_text().strip()


def test_code_is_copied_as_it_stands_and_runs(
    open_page: OpenPage, book_html: Path, tmp_path: Path
) -> None:
    """Each copy button copies its cell's source and nothing else; all of them together run."""
    name = "book/ideas/what-is-a-gan"
    page = open_page(book_html / f"{name}.html", permissions=["clipboard-read", "clipboard-write"])
    cells = jupytext.read(REPOSITORY / f"{name}.md").cells
    removed = {"remove-cell", "remove-input"}
    sources = [
        cell.source.rstrip()
        for cell in cells
        if cell.cell_type == "code" and not removed & set(cell.metadata.get("tags", []))
    ]
    copied = []
    for button in page.locator(".cell_input button.copybtn").all():
        button.evaluate("(node) => node.click()")  # it shows only under the mouse
        page.wait_for_timeout(30)
        copied.append(page.evaluate("navigator.clipboard.readText()").rstrip())
    assert copied == sources
    # In a Python that knows nothing of notebooks, in an empty folder.
    done = subprocess.run(
        [sys.executable, "-c", "\n\n".join(copied)],
        cwd=tmp_path, env={**os.environ, "MPLBACKEND": "Agg"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_page_loads_before_its_formulas_are_set(browser: Browser, book_html: Path) -> None:
    """What is in sight is set first; the rest keeps nobody waiting, and is whole in the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    try:
        page = context.new_page()
        page.add_init_script(
            """addEventListener('load', () => {
              const open = [...document.querySelectorAll('.math:not(:has(mjx-container))')];
              window.atLoad = {
                set: document.querySelectorAll('mjx-container').length,
                inSight: open.filter((node) => node.getBoundingClientRect().top < innerHeight
                  && node.getBoundingClientRect().bottom > 0 && node.checkVisibility()).length,
              };
            })"""
        )
        page.goto((book_html / "book/theory/optimum.html").as_uri(), wait_until="load")
        page.evaluate("async () => { await window.MathJax.startup.promise }")
        formulas = page.locator(".math").count()
        at_load = page.evaluate("window.atLoad")
        assert at_load["inSight"] == 0
        assert 0 < at_load["set"] < formulas / 2
        assert page.locator(".math:has(mjx-container > svg)").count() == formulas
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
        assert len(ids) == len(set(ids)), "a copied formula has the same ids"
    finally:
        context.close()
