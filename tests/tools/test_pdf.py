"""The book on paper: pages joined in one file, printed by Chromium, and the checks of the PDF."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize
from urllib.parse import unquote

import pytest
import yaml
from bs4 import BeautifulSoup
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, PdfObject
from support import REPOSITORY, TOC_PAGES

from tools.pdf import checks, joined, links, printed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOC = {"root": "book/one", "parts": [{"caption": "The part", "chapters": [{"file": "book/b/two"}]}]}
COVER = joined.Cover("The book", "Ann", "1.2.3", "All rights: none")
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HEAD = """<html><head><meta name="description" content="About it">%s
<script>window.MathJax = {"startup": {"typeset": false}}</script></head><body>
<article class="bd-article">%s</article></body></html>"""
ONE = r"""<section id="first"><h1>First &amp; <span class="math notranslate">\(D\)</span>
<a class="headerlink" href="#first">#</a></h1>
<p>See <a href="b/two.html#equation-eq">(7)</a>, <a href="#first">above</a>,
<a href="../genindex.html">the index</a>, <a href="https://example.org/x/">elsewhere</a>.</p>
<p>Of <span class="math notranslate">\(x\)</span>, and (<span class="math notranslate">\(y\)</span>
more).</p>
<div class="ganl" id="ganl-0123" role="group" aria-label="The figure"><noscript><img
alt="A dot." src="PIXEL"></noscript><script>alert(1)</script></div>
<details class="admonition hide above-input"><summary>Show code</summary><pre>hidden</pre></details>
<details><summary>More</summary><p>folded</p></details>
<section id="exercises"><h2>Exercises</h2>
<div class="exercise admonition" id="ex-a"><p class="admonition-title">Exercise 1</p></div>
<div class="solution dropdown admonition" id="book/one-solution-1"><p class="admonition-title">
Solution to<a href="#ex-a"> Exercise 1</a></p><p>The answer.</p></div></section>
<section id="summary"><h2>Summary</h2></section></section>"""
TWO = r"""<section id="first"><h1>Second</h1><p id="first">One id, twice.</p>
<div class="math notranslate" id="equation-eq"><span class="eqno">(7)</span>\[a = b\]</div>
<p><img alt="Another dot." src="../../_images/dot.png"></p><p>Back to <a href="../one.html">the
first</a>.</p></section>"""


def make(folder: Path, one: str = ONE, two: str = TWO, published: bool = False) -> Path:
    """Write a built book of two pages; return its folder."""
    html = folder / "html"
    mathjax = find_spec("sphinx-mathjax-offline")
    assert mathjax is not None
    assert mathjax.origin is not None
    for name in ("_static", "_images", "book/b"):
        (html / name).mkdir(parents=True)
    script = Path(mathjax.origin).parent / "static/mathjax/tex-svg-full.js"
    (html / "_static/tex-svg-full.js").symlink_to(script)
    (html / "_static/pygments.css").write_text("")
    (html / "_images/dot.png").write_bytes((REPOSITORY / "book/player.png").read_bytes())
    for name, text in (("book/one", one), ("book/b/two", two)):
        url = f'<meta property="og:url" content="https://ann.org/{name}.html">' * published
        page = HEAD % (url, text.replace("PIXEL", PIXEL))
        (html / f"{name}.html").write_text(page, encoding="utf-8")
    return html


def soup(folder: Path, published: bool = False) -> BeautifulSoup:
    """Join the pages of a book of two."""
    text = joined.join(make(folder, published=published), TOC, COVER).text
    return BeautifulSoup(text, "html.parser")


def dangling(book: BeautifulSoup) -> list[str]:
    """Links within the file that lead nowhere, and ids that are there twice."""
    ids = [str(tag["id"]) for tag in book.select("[id]")]
    targets = [unquote(str(a["href"])[1:]) for a in book.select('a[href^="#"]')]
    targets += [str(span["data-page-of"]) for span in book.select("[data-page-of]")]
    return [target for target in targets if target not in ids] + [
        i for i in ids if ids.count(i) > 1
    ]


def test_pages_become_one(tmp_path: Path) -> None:
    book = soup(tmp_path)
    assert [main["id"] for main in book.select("main")] == ["one", "b-two"]
    assert not dangling(book)
    assert not book.select("main script, main style, .headerlink")

    one = str(book.select_one("main#one"))
    assert '<a href="#b-two%3Aequation-eq">(7)</a><span class="ganl-page"> (page ' in one
    assert '<a href="#one%3Afirst">above</a>,' in one
    assert "<span>the index</span>" in one
    assert 'elsewhere</a><span class="ganl-address"> (example.org/x)' in one

    assert 'src="../html/_images/dot.png"' in str(book)
    lines = [p.get_text() for p in book.select("nav p")]
    assert lines == [
        r"First & \(D\)000", "Exercises000", "Summary000", "Solutions000", "The part", "Second000"
    ]  # fmt: skip


def test_parts_of_a_page(tmp_path: Path) -> None:
    book = soup(tmp_path)
    figure = book.select_one(".ganl-paper")
    assert figure is not None
    assert "The figure" in figure.get_text()
    assert "book/one.html#ganl-0123" in figure.get_text()
    assert [img["alt"] for img in figure.select("img")] == ["A dot."]
    assert not book.select("noscript, details, summary")
    text = book.get_text()
    assert "hidden" in text
    assert "folded" in text
    assert "Show code" not in text
    # The solution is at the end of its chapter, and the exercise says where.
    assert text.index("The answer.") > text.index("Summary", text.index("Exercise 1"))
    link = book.select_one(".ganl-to-solution a")
    assert link is not None
    assert unquote(str(link["href"])) == "#one:book/one-solution-1"
    together = [span.get_text() for span in book.select(".ganl-together")]
    assert together == [r"\(x\),", r"(\(y\)"]


def test_a_published_book_says_where_the_live_figure_is(tmp_path: Path) -> None:
    link = soup(tmp_path, published=True).select_one(".ganl-paper-line a")
    assert link is not None
    assert link["href"] == link.get_text() == "https://ann.org/book/one.html#ganl-0123"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("b/two.html#equation-eq", "b/two.html#equation-no", "must link to what is there"),
        ('<img\nalt="A dot." src="PIXEL">', "", "must have a static picture, got 'The figure'"),
        ("<h1>", "<h2>", "a text and a heading"),
    ],
)
def test_what_cannot_be_joined_is_said(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    assert right in ONE
    html = make(tmp_path, one=ONE.replace(right, wrong).replace("</h1>", "</h2>" * ("h2" in wrong)))
    with pytest.raises(ValueError, match=said):
        joined.join(html, TOC, COVER)


def test_a_page_that_is_not_built_is_said(tmp_path: Path) -> None:
    (make(tmp_path) / "book/b/two.html").unlink()
    with pytest.raises(ValueError, match="got none for book/b/two"):
        joined.join(tmp_path / "html", TOC, COVER)


def write(folder: Path, one: str = ONE) -> Path:
    """Write the joined file of a book of two pages."""
    book = joined.join(make(folder, one=one), TOC, COVER)
    file = folder / "pdf" / "book.html"
    file.parent.mkdir()
    file.write_text(book.text, encoding="utf-8")
    return file


def test_print(tmp_path: Path, browser: Browser) -> None:
    file = write(tmp_path)
    with printed.opened(browser, file) as page:
        pdf = printed.print_pdf(page)
        assert page.locator("mjx-container").count() == 5  # one of them in the contents
    with printed.opened(browser, file) as page:
        again = printed.print_pdf(page)
    titles = ["First & D", "Second"]
    assert not checks.problems(pdf, titles, pictures=2)
    assert pdf == again  # no hour in it
    assert b"/StructElem" not in pdf  # tags are packed

    # Title page, contents, two chapters; each has the number that the contents say.
    reader = PdfReader(io.BytesIO(pdf))
    texts = [normalize("NFKC", page.extract_text()) for page in reader.pages]  # no ligatures
    pages = [" ".join(text.split()) for text in texts]
    assert len(pages) == 4
    assert "Version 1.2.3" in pages[0]
    contents = re.findall(r"(Exercises|Solutions|Second) ?(\d+)", pages[1])
    assert contents == [("Exercises", "3"), ("Solutions", "3"), ("Second", "4")]
    assert "(7) (page 4)" in pages[2]
    assert "the first (page 3)" in pages[3]
    assert "a = b" in pages[3]  # a formula can be found and copied
    outlined = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert outlined == ["The book", "Contents", *titles]

    assert checks.problems(pdf, ["First & D", "Third"], 2) == ["the outline lacks 'Third'"]
    assert "not after page 4" in checks.problems(pdf, titles[::-1], 2)[0]
    assert checks.problems(pdf, titles, 3) == ["3 pictures, 2 of them with words"]


def test_checks_of_the_pdf(tmp_path: Path, browser: Browser) -> None:
    new_page = 'style="break-before: page; height: 3in"'
    text = f"<p>a</p><div {new_page}></div><p {new_page}>No font has \U000fff00.</p>"
    file = tmp_path / "page.html"
    file.write_text(f'<html lang="en">{text}</html>', encoding="utf-8")
    with printed.opened(browser, file) as page:
        tagged, bare = page.pdf(tagged=True, outline=True), page.pdf(tagged=False)
    unknown = "page 3 has letters that no font here knows"
    assert checks.problems(tagged, [], 0) == ["page 2 is blank", unknown]
    assert "the PDF is not tagged, or does not name its language" in checks.problems(bare, [], 0)


def test_fonts_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_BYTES", 100)
    font = {"/Subtype": NameObject("/Type1"), "/BaseFont": NameObject("/Helvetica")}
    fonts = _dictionary({"/F1": _dictionary(font)})
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    page[NameObject("/Resources")] = _dictionary({"/Font": fonts})
    file = io.BytesIO()
    writer.write(file)
    found = "\n".join(checks.problems(file.getvalue(), [], 0))
    assert "page 1: /Helvetica is not embedded" in found
    assert "MB, at most" in found


def _dictionary(entries: dict[str, PdfObject]) -> DictionaryObject:
    return DictionaryObject({NameObject(name): value for name, value in entries.items()})


SPOILT = {
    '<div style="width: 200mm">x</div>': "too wide: <div",
    "<table><tr>" + f"<td>{'w' * 60}</td>" * 6 + "</tr></table>": "too wide: <table",
    '<p><img src="no.png" alt="Words."></p>': "no picture: <img",
    f'<p><img src="{PIXEL}"></p>': "no words for a picture: <img",
    r'<p><span class="math notranslate">\(\frac{1}\)</span></p>': "wrong formula: <",
    '<p><span class="math notranslate">nothing</span></p>': "formula not set: <span",
    '<p style="width: 9mm; overflow: hidden; white-space: pre">' + "w " * 40: "cut off: <p",
}


def test_what_paper_would_spoil_is_said(tmp_path: Path, browser: Browser) -> None:
    file = write(tmp_path, one=ONE.replace("<p>Of", f"{''.join(SPOILT)}<p>Of"))
    with printed.opened(browser, file) as page, pytest.raises(printed.PrintError) as refused:
        printed.print_pdf(page)
    lines = str(refused.value).splitlines()
    assert [what for what in SPOILT.values() if not any(x.startswith(what) for x in lines)] == []


def test_a_number_of_no_page_is_said(tmp_path: Path, browser: Browser) -> None:
    file = write(tmp_path, one=ONE.replace("<p>Of", '<span data-page-of="nowhere">0</span><p>Of'))
    lost = pytest.raises(printed.PrintError, match="no page of the PDF holds nowhere")
    with printed.opened(browser, file) as page, lost:
        printed.print_pdf(page)


def test_wide_code_wraps_and_a_wide_formula_shrinks(tmp_path: Path, browser: Browser) -> None:
    wide = f"<pre>{'long ' * 40}</pre><div class='math notranslate'>\\[{'a + ' * 40} b\\]</div>"
    file = write(tmp_path, one=ONE.replace("<p>Of", f"{wide}<p>Of"))
    with printed.opened(browser, file) as page:
        assert printed.print_pdf(page)
        formula = page.locator("div.math mjx-container").first
        assert formula.evaluate("e => parseFloat(e.style.fontSize)") < 90


def test_command_without_a_book(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tools.pdf", "--html", str(tmp_path / "empty")],
        cwd=REPOSITORY, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("html must hold every page of the contents, got none for")


def test_command(tmp_path: Path, browser: Browser) -> None:
    """In a process of its own: two of Playwright in one do not work."""
    make(tmp_path, one=ONE.replace("<h1>First &amp; ", "<h1>"))
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(TOC))
    (tmp_path / "_config.yml").write_text("{title: The book, author: Ann, copyright: Ann}")
    script = (
        "import sys; from pathlib import Path; from tools.pdf.__main__ import main;"
        "root, *arguments = sys.argv[1:]; sys.exit(main(arguments, Path(root)))"
    )
    out = tmp_path / "out" / "book.pdf"
    paths = ["--html", str(tmp_path / "html"), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), *paths],
        cwd=REPOSITORY, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{out}: 2 chapters, 4 pages, " in done.stdout
    assert out.read_bytes().startswith(b"%PDF-")


def test_the_whole_book_can_be_joined(book_html: Path) -> None:
    """Every page once and in order, every id once, and each link leads somewhere."""
    toc = yaml.safe_load((REPOSITORY / "_toc.yml").read_text(encoding="utf-8"))
    book = joined.join(book_html, toc, COVER)
    read = BeautifulSoup(book.text, "html.parser")
    assert [main["id"] for main in read.select("main")] == [links.slug(page) for page in TOC_PAGES]
    assert len(book.titles) == len(TOC_PAGES)
    assert not dangling(read)
    assert not read.select("main script, noscript, details, .ganl")
