"""Fixtures that several test folders share: the built book, and pages in a real browser.

A test that needs the built book or a browser asks for ``book_html`` or ``open_page`` and is
skipped, with the reason, where there is none. ``GAN_LESSONS_FORBID_SKIP=1`` turns such a skip into
a failure; ``.ci/run`` sets it, so that no check is lost unseen.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from support import BOOK_HTML, VIEWS, View

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

# Before torch is imported: small matrices gain nothing from threads, and on a machine whose cores
# are all at work they lose ten times over.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Figures far below are built after the page has loaded, each in a task of its own.
FIGURES_STAND = """async () => {
  await new Promise((go) => setTimeout(go));
  const figures = [...document.querySelectorAll(".ganl:has(> .ganl-data)")];
  return figures.every((figure) => "ganlReady" in figure.dataset);
}"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for ``view`` once for each of ``VIEWS``."""
    if "view" in metafunc.fixturenames:
        metafunc.parametrize("view", VIEWS, ids=str)


def pytest_configure(config: pytest.Config) -> None:
    """Say what the two markers below mean."""
    config.addinivalue_line("markers", "needs_book: looks at the built book")
    config.addinivalue_line("markers", "needs_browser: opens pages in Chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the fixtures that they use: ``pytest -m "needs_book or needs_browser"``."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "book_html" in names:
            item.add_marker("needs_book")
        if "browser" in names:
            item.add_marker("needs_browser")


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Let torch use one thread: small matrices are not worth sharing, and machines are busy."""
    with _one_thread():
        yield


@pytest.fixture(scope="module")
def one_thread_throughout() -> Iterator[None]:
    """Let torch use one thread in the fixtures of a module, too."""
    with _one_thread():
        yield


@pytest.fixture(scope="session")
def skip_or_fail() -> Callable[[str], NoReturn]:
    """``skip_or_fail(reason)``: skip this test, or fail it where skipping is forbidden."""

    def stop(reason: str) -> NoReturn:
        if os.environ.get("GAN_LESSONS_FORBID_SKIP") == "1":
            pytest.fail(f"skipping is forbidden here, and {reason}")
        pytest.skip(reason)

    return stop


@pytest.fixture(scope="session")
def book_html(skip_or_fail: Callable[[str], NoReturn]) -> Path:
    """The folder of the built book."""
    if not (BOOK_HTML / "index.html").is_file():
        skip_or_fail("the book is not built: run `make book` first")
    return BOOK_HTML


@pytest.fixture(scope="session")
def browser(skip_or_fail: Callable[[str], NoReturn]) -> Iterator[Browser]:
    """Chromium as the system has it; nothing is downloaded. ``CHROMIUM`` may name another."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_or_fail("playwright is not installed: pip install -r requirements.txt")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        skip_or_fail("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        # No sandbox: containers run as root, which Chromium's sandbox refuses. The pages are ours.
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """``open_page(target, view)``: a page in Chromium, network off, that must stay without error.

    ``target`` is a Path to an HTML file, opened from ``file://``, or HTML text. ``view`` is one of
    ``VIEWS``; on a ``first_visit`` only the system says light or dark, no choice is stored yet.
    More keywords go to ``browser.new_context`` (``has_touch=True``, ``reduced_motion="reduce"``).
    It returns a Playwright ``Page`` once its mathematics is set and its figures are built.
    When the test ends, it fails if a page logged an error, threw one, asked for anything that is
    not in a local file, or missed a file. ``page.problems`` is the list so far.
    """
    contexts = []
    problems: list[str] = []

    def note_error(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"console: {message.text}")

    def note_external(sent: Request) -> None:
        if not sent.url.startswith(("file:", "data:", "blob:", "about:")):
            problems.append(f"external request: {sent.url[:200]}")

    def note_failure(sent: Request) -> None:
        # Chromium asks for the icon after a page has loaded, and a test that loads the page anew
        # cuts that short. An icon that is not there fails with another word.
        cut_short = sent.failure == "net::ERR_ABORTED" and sent.url.endswith("/favicon.svg")
        if not cut_short:
            problems.append(f"failed: {sent.url[:200]} {sent.failure}")

    def open_(
        target: Path | str, view: View = VIEWS[0], *, first_visit: bool = False, **options: object
    ) -> Page:
        context = browser.new_context(
            viewport={"width": view.width, "height": 844},
            color_scheme=view.scheme,
            offline=True,
            **options,  # type: ignore[arg-type] # Playwright looks at them
        )
        contexts.append(context)
        if not first_visit:
            # Where the theme keeps the reader's choice (mode) and what it comes to (theme).
            context.add_init_script(
                "for (const key of ['mode', 'theme'])"
                f" try {{ localStorage.setItem(key, '{view.scheme}') }} catch {{}}"
            )
        page = context.new_page()
        page.on("pageerror", lambda e: problems.append(f"error thrown: {e}"))
        page.on("console", note_error)
        page.on("request", note_external)
        page.on("requestfailed", note_failure)
        if isinstance(target, Path):
            page.goto(target.resolve().as_uri(), wait_until="load")
        else:
            page.set_content(target, wait_until="load")
        # index.html only leads on to the first page: wait until that is there.
        page.wait_for_function("!document.querySelector('meta[http-equiv=Refresh]')")
        page.wait_for_load_state("load")
        page.evaluate("async () => { await window.MathJax?.startup?.promise }")
        if options.get("java_script_enabled", True):  # without scripts there are only pictures
            page.wait_for_function(FIGURES_STAND)
        page.problems = problems  # type: ignore[attr-defined]
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)
