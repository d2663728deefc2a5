"""Previews of links, the sitemap, the 404 page and the logo, on throwaway and on the built book."""

from __future__ import annotations

import re
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from support import REPOSITORY, TOC_PAGES

from .test_build import MiniBook

sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
from ganl_book.published import FAVICON, LOGO

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ADDRESSES = ("GAN_LESSONS_URL", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL")


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MiniBook:
    for name in ADDRESSES:
        monkeypatch.delenv(name, raising=False)
    book = MiniBook(tmp_path / "a book")
    book.chapters(one="1", two="2")
    page = book.folder / "book/two.md"
    text = page.read_text(encoding="utf-8")
    text = text.replace("# Chapter two", '# "D" & *G*, $D < G$', 1)
    described = 'myst:\n  html_meta:\n    description: "What \\"D\\" & G do."\n---\n\n#'
    page.write_text(text.replace("---\n\n#", described, 1), encoding="utf-8")
    book.write("book/player.png", "")
    (book.folder / "book/player.png").write_bytes((REPOSITORY / "book/player.png").read_bytes())
    return book


def tags(html: str) -> dict[str, str]:
    """The OpenGraph tags of a page."""
    found = BeautifulSoup(html, "html.parser").select('meta[property^="og:"]')
    return {str(tag["property"]): str(tag["content"]) for tag in found}


def test_pages_with_and_without_an_address(book: MiniBook, monkeypatch: pytest.MonkeyPatch) -> None:
    html = book.folder / "_build/html"
    book.build_well()
    known = {
        "og:type": "article",
        "og:site_name": "GAN Lessons",
        "og:title": "“D” & G, D < G",
        "og:description": 'What "D" & G do.',
    }
    assert tags(book.page("two")) == known
    assert tags(book.page("one")) == {}  # it has no description
    assert not (html / "sitemap.xml").exists()
    for name in ("404.html", "book/two.html"):
        assert "<base" not in (html / name).read_text(encoding="utf-8")

    # A new address reaches every page, though no source has changed.
    monkeypatch.setenv("GITHUB_REPOSITORY", "Ann/a-book")
    book.build_well()
    home = "https://ann.github.io/a-book/"
    found = tags(book.page("two"))
    assert found.items() >= known.items()
    assert found["og:url"] == f"{home}book/two.html"
    assert found["og:image"] == f"{home}_static/player.png"
    assert (html / "_static/player.png").is_file()
    assert (found["og:image:width"], found["og:image:height"]) == ("688", "1180")
    assert found["og:image:alt"]
    sitemap = ET.fromstring((html / "sitemap.xml").read_text(encoding="utf-8"))
    assert [e.text for e in sitemap.iter() if e.tag.endswith("}loc")] == [
        f"{home}book/one.html",
        f"{home}book/two.html",
    ]
    # Links within the book are as they were.
    assert home not in re.sub(r"<meta[^>]*>", "", book.page("two"))

    monkeypatch.delenv("GITHUB_REPOSITORY")
    book.build_well()
    assert tags(book.page("two")) == known
    assert not (html / "sitemap.xml").exists()


class Pages(SimpleHTTPRequestHandler):
    """Serves a folder below ``/a-book/``, and its 404.html for all that is not there."""

    missed: list[str]

    def translate_path(self, path: str) -> str:
        """Find the file of an address."""
        inside = path.startswith("/a-book/")
        return super().translate_path(path.removeprefix("/a-book") if inside else "/nowhere")

    def send_error(self, code: int, *args: Any, **kwargs: Any) -> None:
        """Answer as GitHub Pages does."""
        self.missed.append(self.path)
        page = (Path(self.directory) / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def serve() -> Iterator[Any]:
    servers = []

    def start(folder: Path) -> str:
        Pages.missed = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=str(folder)))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_404_page_works_in_any_folder(
    book: MiniBook, monkeypatch: pytest.MonkeyPatch, browser: Browser, serve: Any
) -> None:
    home = serve(book.folder / "_build/html")
    monkeypatch.setenv("GAN_LESSONS_URL", f"{home}/a-book")
    book.build_well()
    page = browser.new_page()
    lost = f"{home}/a-book/book/deeper/nowhere.html"
    page.goto(lost, wait_until="load")
    assert page.locator("#not-found h1").inner_text() == "Page not found"
    # Nothing but the page itself was missing: styles and scripts came from the book's folder.
    assert Pages.missed == ["/a-book/book/deeper/nowhere.html"]
    assert page.locator("img.only-light").first.evaluate("i => i.naturalWidth") > 0
    # A link within the page stays on the page.
    skip = page.locator('a[href$="#main-content"]').first
    assert skip.evaluate("a => a.href") == f"{lost}#main-content"
    page.get_by_role("link", name="Start of the book").click()
    assert page.url == f"{home}/a-book/book/one.html"
    page.close()


def test_logo_and_favicon_are_drawings_without_text(book: MiniBook) -> None:
    book.build_well()
    page = BeautifulSoup(book.page("one"), "html.parser")
    icon = page.select_one('link[rel="icon"]')
    assert icon is not None
    assert str(icon["href"]) == f"../_static/{FAVICON}"
    for image in page.select("img.logo__image"):
        assert str(image["src"]) == f"../_static/{LOGO}"
    for name in (LOGO, FAVICON):
        drawn = ET.parse(book.folder / "_build/html/_static" / name).getroot()
        assert "viewBox" in drawn.attrib
        assert not [e for e in drawn.iter() if e.tag.endswith("}text")]  # fonts differ


def test_the_built_book(book_html: Path) -> None:
    for name in TOC_PAGES:
        html = (book_html / f"{name}.html").read_text(encoding="utf-8")
        found = tags(html)
        assert {"og:title", "og:description", "og:type", "og:site_name"} <= set(found)
        assert len(found["og:description"]) > 20
        assert "<" not in found["og:title"]
        assert found["og:type"] == ("website" if name == TOC_PAGES[0] else "article")
    for name in (LOGO, FAVICON, "player.png"):
        assert (book_html / "_static" / name).is_file()
    # The built book may or may not know its address, but it does so everywhere.
    sitemap = book_html / "sitemap.xml"
    assert sitemap.exists() == ("og:image" in found) == ("og:url" in found)
    if sitemap.exists():
        listed = sitemap.read_text(encoding="utf-8")
        assert all(f"{name}.html</loc>" in listed for name in TOC_PAGES)
