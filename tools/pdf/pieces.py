"""What becomes of the parts of a page on paper.

- An interactive figure becomes its static picture, with a line that says where the live one is.
- What a click unfolds is open; buttons and scripts are gone.
- Solutions stand at the end of their chapter, each exercise says on which page.
"""

from __future__ import annotations

import re

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

NOT_FOR_PAPER = "script, style, a.headerlink, button, .toctree-wrapper, .onlyprint, .noprint"


def for_paper(article: Tag, live: str) -> None:
    """Change the body of one page, in place.

    Parameters
    ----------
    article
        The page's text; its ids are still those of the page.
    live
        Where the page is on the web, or what to call it where that is not known.
    """
    still_pictures(article, live)
    for element in article.select(NOT_FOR_PAPER):
        element.decompose()
    for picture in article.select("img[loading]"):  # nobody comes near it; paper has its own sizes
        for name in ("loading", "width", "height"):
            del picture[name]
    unfold(article)
    solutions_last(article)
    keep_together(article)


def still_pictures(article: Tag, live: str) -> None:
    """Replace each interactive figure by its static picture.

    Raises
    ------
    ValueError
        A figure has no static picture.
    """
    for figure in article.select(".ganl"):
        picture = figure.select_one("noscript img")
        if picture is None:
            raise ValueError(f"figure must have a static picture, got {figure.get('aria-label')!r}")
        paper = new("div", id=str(figure["id"]))
        paper["class"] = "ganl-paper"
        title = new("p", str(figure.get("aria-label", "")))
        title["class"] = "ganl-paper-title"
        line = new("p", "As it opens. The live figure: ")
        line["class"] = "ganl-paper-line"
        address = f"{live}#{figure['id']}"
        line.append(
            new("a", address, href=address) if address.startswith("http") else new("code", address)
        )
        paper.extend([title, picture.extract(), line])
        figure.replace_with(paper)


def unfold(article: Tag) -> None:
    """Open what is folded: hidden code without a word, everything else under its title."""
    for details in article.select("details"):
        summary = details.find("summary", recursive=False)
        if isinstance(summary, Tag):
            if "hide" in (details.get("class") or []):
                summary.decompose()  # "Show code cell source"
            else:
                summary.name = "p"
                summary["class"] = "admonition-title"
        details.name = "div"
        details.attrs.pop("open", None)


def solutions_last(article: Tag) -> None:
    """Move the solutions to the end of the page, under a heading of their own."""
    solutions = article.select("div.solution")
    if not solutions:
        return
    section = new("section", id="solutions-of-this-chapter")
    section.append(new("h2", "Solutions"))
    for solution in solutions:
        link = solution.select_one(".admonition-title a[href^='#']")
        exercise = article.find(id=str(link["href"])[1:]) if link else None
        if isinstance(exercise, Tag):
            line = new("p")
            line["class"] = "ganl-to-solution"
            line.append(new("a", "Solution", href=f"#{solution['id']}"))
            exercise.append(line)
        section.append(solution.extract())
    outer = article.find("section", recursive=False)
    (outer if isinstance(outer, Tag) else article).append(section)


def name_in_outline(heading: Tag) -> None:
    """Write each formula of a heading in letters, too: Chromium's outline takes only letters."""
    for formula in heading.select("span.math"):
        letters = new("span", plain_tex(formula.get_text()))
        letters["class"] = "ganl-outline"
        formula.insert_before(letters)


def plain_tex(tex: str) -> str:
    r"""Return a short formula without TeX's signs.

    >>> plain_tex(r"\(p_{\text{data}}\)"), plain_tex(r"\(\log D\)")
    ('p_data', 'log D')
    """
    return re.sub(r"\\[()]|\\(?:text|mathrm|operatorname)\b|[{}\\]", "", tex)


def keep_together(article: Tag) -> None:
    """Bind inline formulas to the marks beside them; a line must not begin with a comma."""
    for formula in article.select("span.math"):
        before, after = formula.previous_sibling, formula.next_sibling
        opening = (
            re.search(r"[(\[\u201c]+$", before) if isinstance(before, NavigableString) else None
        )
        closing = (
            re.match(r"[.,;:!?)\]\u201d\u2019-]+", after)
            if isinstance(after, NavigableString)
            else None
        )
        if not opening and not closing:
            continue
        together = new("span")
        together["class"] = "ganl-together"
        formula.wrap(together)
        if opening and isinstance(before, NavigableString):
            together.insert(0, opening[0])
            before.replace_with(before[: opening.start()])
        if closing and isinstance(after, NavigableString):
            together.append(closing[0])
            after.replace_with(after[closing.end() :])


def plain(heading: Tag) -> str:
    r"""Return the words of a heading, formulas without TeX's signs.

    >>> plain(BeautifulSoup(r"<h1>The view of <span>\(D\)</span></h1>", "html.parser").h1)
    'The view of D'
    """
    return " ".join(plain_tex(heading.get_text()).split())


def new(name: str, text: str = "", **attributes: str) -> Tag:
    """Make an element.

    >>> str(new("a", "x < y", href="#there"))
    '<a href="#there">x &lt; y</a>'
    """
    tag = BeautifulSoup("", "html.parser").new_tag(name, attrs=dict(attributes))
    if text:
        tag.string = text
    return tag
