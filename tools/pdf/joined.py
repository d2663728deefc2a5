"""All pages of the built book in one HTML file, in the order of the table of contents.

Each page's ids get the page's name in front, so that they are unique, and each link between pages
becomes a link within the file. Links to other chapters say on which page they lead, since paper
cannot be clicked; the numbers are filled in when the file is printed (``printed``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bs4 import BeautifulSoup, Tag

from . import links
from .pieces import for_paper, name_in_outline, plain

STYLE = Path(__file__).with_name("print.css")
MATHJAX = re.compile(r"<script>(window\.MathJax = .*?)</script>", re.DOTALL)


@dataclass(frozen=True)
class Cover:
    """What the title page says.

    Parameters
    ----------
    title, author, version, rights
        One line each.
    """

    title: str
    author: str
    version: str
    rights: str


@dataclass(frozen=True)
class Joined:
    """The book in one file.

    Parameters
    ----------
    text
        The HTML.
    titles
        Of the chapters, in order.
    """

    text: str
    titles: list[str]


@dataclass
class Chapter:
    """One page of the book, made ready for paper."""

    name: str
    part: str
    heading: Tag
    description: str
    article: Tag

    @property
    def title(self) -> str:
        """The words of its heading."""
        return plain(self.heading)

    @property
    def id(self) -> str:
        """The id of the chapter in the joined file."""
        return links.slug(self.name)

    @property
    def sections(self) -> list[Tag]:
        """The headings to list in the contents below the chapter."""
        return list(self.article.select("section[id] > h2"))


def contents(toc: Mapping[str, Any], part: str = "") -> Iterator[tuple[str, str]]:
    """List pages in reading order, each with the part that it belongs to.

    >>> list(contents({"root": "a", "parts": [{"caption": "P", "chapters": [{"file": "b"}]}]}))
    [('a', ''), ('b', 'P')]
    """
    for key in ("root", "file"):
        if key in toc:
            yield toc[key], part
    for key in ("parts", "chapters", "sections"):
        for child in toc.get(key, ()):
            yield from contents(child, child.get("caption", part))


def join(html: Path, toc: Mapping[str, Any], cover: Cover) -> Joined:
    """Join the pages of a built book.

    Parameters
    ----------
    html
        The folder of the built book. The file is to be read from a folder beside it.
    toc
        The table of contents, as in ``_toc.yml``.
    cover
        What the title page says.

    Raises
    ------
    ValueError
        A page of the contents is not built, or a link leads to no place in the book.
    """
    pages = list(contents(toc))
    chapters = [_chapter(html, page, part) for page, part in pages]
    known = {chapter.name: links.ids(chapter.article) for chapter in chapters}
    for chapter in chapters:
        links.make_unique(chapter.article, chapter.name)
        links.find_pictures(chapter.article, chapter.name, html.name)
        links.lead(chapter.article, chapter.name, known)
    first = (html / f"{pages[0][0]}.html").read_text(encoding="utf-8")
    settings = MATHJAX.search(first)
    if settings is None:
        raise ValueError(f"html must hold pages with settings of MathJax, got {html}")
    static = f"../{html.name}/_static"
    heads = _running_heads(chapters)
    listed, titles = _table_of_contents(chapters), [chapter.title for chapter in chapters]
    for chapter in chapters:
        for heading in chapter.article.select("h1, h2, h3, h4"):
            name_in_outline(heading)
    lines = [
        '<!DOCTYPE html>\n<html lang="en" data-theme="light">\n<head>\n<meta charset="utf-8">',
        f"<title>{escape(cover.title)}</title>",
        f'<meta name="author" content="{escape(cover.author)}">',
        f'<link rel="stylesheet" href="{static}/pygments.css">',
        f"<style>{STYLE.read_text(encoding='utf-8')}{heads}</style>",
        f"<script>{settings[1]};\n(MathJax.startup ??= {{}}).typeset = true;</script>",
        f'<script defer src="{static}/tex-svg-full.js"></script>',
        "</head>\n<body>",
        _title_page(cover, chapters[0].description),
        listed,
        *(
            f'<main class="chapter" id="{c.id}">{c.article.decode_contents()}</main>'
            for c in chapters
        ),
        "</body>\n</html>\n",
    ]
    return Joined("\n".join(lines), titles)


def _chapter(html: Path, page: str, part: str) -> Chapter:
    file = html / f"{page}.html"
    if not file.is_file():
        raise ValueError(f"html must hold every page of the contents, got none for {page}")
    soup = BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
    article = soup.select_one("article.bd-article")
    if article is None or (heading := article.find("h1")) is None:
        raise ValueError(f"html must hold pages with a text and a heading, got {file}")
    on_web = soup.select_one('meta[property="og:url"]')
    for_paper(article, str(on_web["content"]) if on_web else f"{page}.html")
    assert isinstance(heading, Tag)
    about = soup.select_one('meta[name="description"]')
    description = str(about["content"]) if about else ""
    return Chapter(page, part, heading, description, article)


def _running_heads(chapters: Sequence[Chapter]) -> str:
    """Each chapter is a page type of its own, with its title at the top of every page."""
    rules = []
    for number, chapter in enumerate(chapters):
        title = chapter.title.replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\3c ")
        rules.append(
            f"#{chapter.id} {{ page: c{number} }}\n"
            f'@page c{number} {{ @top-left {{ content: "{title}" }} }}'
        )
    return "\n".join(rules)


def _title_page(cover: Cover, description: str) -> str:
    lines = [
        '<header class="cover">',
        f'<h1 class="cover-title">{escape(cover.title)}</h1>',
        f'<p class="cover-about">{escape(description)}</p>',
        f'<p class="cover-author">{escape(cover.author)}</p>',
        f"<p>Version {escape(cover.version)}</p>",
        f'<p class="cover-rights">{escape(cover.rights)}</p>',
        "</header>",
    ]
    return "\n".join(lines)


def _table_of_contents(chapters: Sequence[Chapter]) -> str:
    lines = ['<nav class="contents" id="contents" aria-label="Contents">', "<h1>Contents</h1>"]
    part = ""
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            lines.append(f'<p class="contents-part">{escape(part)}</p>')
        lines.append(
            _line(chapter.id, "contents-chapter", chapter.heading.decode_contents().strip())
        )
        for heading in chapter.sections:
            section = heading.parent
            assert section is not None
            inner = heading.decode_contents().strip()
            lines.append(_line(str(section["id"]), "contents-section", inner))
    return "\n".join([*lines, "</nav>"])


def _line(target: str, kind: str, inner: str) -> str:
    return (
        f'<p class="{kind}"><a href="#{quote(target, safe="")}">{inner}</a>'
        f"{links.page_of(target).decode()}</p>"
    )
