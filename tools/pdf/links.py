"""Ids, pictures and links of a page that becomes a part of one long file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from bs4 import Tag

from .pieces import new

# Attributes that name other elements by their ids.
NAMES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers")
BIBLIOGRAPHY = "book/back/bibliography"


def slug(page: str) -> str:
    """Name a page for ids.

    >>> slug("book/theory/minimax")
    'theory-minimax'
    """
    return page.removeprefix("book/").replace("/", "-")


def ids(article: Tag) -> set[str]:
    """Collect what links may lead to."""
    return {str(tag["id"]) for tag in article.select("[id]")}


def make_unique(article: Tag, page: str) -> None:
    """Put the page's name before each id, and before the names that other elements call it by."""
    seen: set[str] = set()
    for tag in article.select("[id]"):
        old = str(tag["id"])
        tag["id"] = f"{slug(page)}:{old}"
        if old in seen:  # links can only lead to the first
            del tag["id"]
        seen.add(old)
    for name in NAMES:
        for tag in article.select(f"[{name}]"):
            olds = tag[name] if isinstance(tag[name], list) else str(tag[name]).split()
            tag[name] = " ".join(f"{slug(page)}:{old}" for old in olds)


def find_pictures(article: Tag, page: str, folder: str) -> None:
    """Lead to pictures from a folder beside the one that holds the pages."""
    for image in article.select("img[src]"):
        if not urlsplit(str(image["src"])).scheme:
            path = posixpath.join(posixpath.dirname(page), str(image["src"]))
            image["src"] = f"../{folder}/{posixpath.normpath(path)}"


def lead(article: Tag, page: str, known: Mapping[str, set[str]]) -> None:
    """Lead links between pages to places in the file, those to the web as they are.

    Parameters
    ----------
    article, page
        The page's text, and its name.
    known
        For each page the ids that it had before they were made unique.

    Raises
    ------
    ValueError
        A link leads to no place in its page.
    """
    for link in article.select("a[href]"):
        url = urlsplit(str(link["href"]))
        if url.scheme or url.netloc:
            _show_address(link, page)
            continue
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(url.path)))
        to = path.removesuffix(".html") if url.path else page
        anchor = unquote(url.fragment)
        if to not in known:
            link.name = "span"  # the index, a source file: not on paper
            del link["href"]
            continue
        if anchor and anchor not in known[to]:
            raise ValueError(f"{page} must link to what is there, got {link['href']!r}")
        target = f"{slug(to)}:{anchor}" if anchor else slug(to)
        link["href"] = "#" + quote(target, safe="")
        on_solution = link.find_parent(class_="ganl-to-solution") is not None
        if on_solution or to not in {page, BIBLIOGRAPHY}:
            link.insert_after(page_of(target, " (page ", ")"))


def page_of(target: str, before: str = "", after: str = "") -> Tag:
    """Make the place for a page number; ``printed`` fills it in."""
    outer = new("span", before)
    outer["class"] = "ganl-page"
    outer.append(new("span", "000", **{"data-page-of": target}))
    outer.append(after)
    return outer


def _show_address(link: Tag, page: str) -> None:
    """Write the address behind a link, unless the link says it or is a reference's own."""
    short = re.sub(r"^(https?://|mailto:)", "", str(link["href"])).rstrip("/")
    if page != BIBLIOGRAPHY and short not in link.get_text():
        shown = new("span", f" ({short})")
        shown["class"] = "ganl-address"
        link.insert_after(shown)
