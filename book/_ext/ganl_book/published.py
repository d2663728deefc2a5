"""What a published book has beside its pages: previews of links, a sitemap, a 404 page, a logo.

Previews and sitemaps need addresses that begin with ``https://``. Where the book will be
(``addresses``) may not be known: then what needs an address is left out. No link of a page depends
on it: the book works in any folder, and from ``file://``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from .addresses import Addresses

LOGO, FAVICON = "logo.svg", "favicon.svg"
PICTURE = "book/player.png"
PICTURE_ALT = "The discriminator, the densities and the samples of a 1-D GAN during training"
NOT_TEXT = re.compile(r"<[^>]+>|\\[()]")  # in a title: tags, and what formulas stand between
DESCRIPTION = re.compile(r'<meta content="([^"]*)" name="description" />')

# A server shows 404.html at the address that was asked for, in whatever folder: there the page's
# relative links must start from the book's own folder, and links within the page from the page.
FROM_ANYWHERE = """<meta name="robots" content="noindex" />
<base href="{home}" />
<script>
  addEventListener("DOMContentLoaded", () => {{
    for (const a of document.querySelectorAll('a[href^="#"]'))
      a.href = location.href.split("#")[0] + a.getAttribute("href");
  }});
</script>
"""
NOT_FOUND = """<section id="not-found">
<h1>Page not found</h1>
<p>There is no page at this address: a page may have been renamed, or the address has a slip.</p>
<ul>
<li><a href="{start}">Start of the book</a></li>
<li><a href="search.html">Search</a></li>
</ul>
</section>
"""


def setup(app: Sphinx) -> None:
    """Connect the handlers."""
    # Where the book will be. Set below; a setting of Sphinx, so that a new one renews every page.
    app.add_config_value("ganl_address", "", "html", str)
    app.connect("config-inited", _find_address, priority=100)
    # Early: the theme reads the options in its own handlers.
    app.connect("config-inited", _add_logo, priority=100)
    app.connect("html-page-context", _add_preview)
    app.connect("html-collect-pages", _not_found)
    app.connect("build-finished", _write_sitemap)


def _find_address(app: Sphinx, config: Config) -> None:
    book = Addresses.configured(Path(app.srcdir)).book
    config.ganl_address = f"{book}/" if book else ""


def _name(app: Sphinx) -> str:
    return str(app.config.html_title or app.config.project)


def _add_logo(app: Sphinx, config: Config) -> None:
    here = Path(__file__)
    config.html_logo = str(here.with_name(LOGO))
    config.html_favicon = str(here.with_name(FAVICON))
    # The link's name is read as "Home: GAN Lessons".
    config.html_theme_options["logo"] = {"text": _name(app), "alt_text": "Home:"}
    if (Path(app.srcdir) / PICTURE).is_file():
        config.html_static_path += [PICTURE]


def _add_preview(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add the tags that a preview of a link is made from (OpenGraph)."""
    described = DESCRIPTION.search(context.get("metatags") or "")
    if described is None:  # not a page of the book: the search page, the index
        return
    tags = {
        "og:type": "website" if page == app.config.root_doc else "article",
        "og:site_name": escape(_name(app)),
        "og:title": escape(unescape(NOT_TEXT.sub("", context["title"]))),
        "og:description": described[1],  # is HTML already
    }
    home = app.config.ganl_address
    picture = Path(app.srcdir) / PICTURE
    if home:
        tags["og:url"] = escape(home + app.builder.get_target_uri(page))
        if picture.is_file():
            width, height = struct.unpack(">II", picture.read_bytes()[16:24])  # of a PNG
            tags |= {
                "og:image": escape(f"{home}_static/{picture.name}"),
                "og:image:width": str(width),
                "og:image:height": str(height),
                "og:image:alt": PICTURE_ALT,
            }
    lines = [f'<meta property="{name}" content="{value}" />' for name, value in tags.items()]
    lines.append('<meta name="twitter:card" content="summary" />')
    context["metatags"] += "\n".join(["", *lines, ""])


def _not_found(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    home = app.config.ganl_address
    script = FROM_ANYWHERE.format(home=escape(home)) if home else ""
    body = NOT_FOUND.format(start=escape(app.builder.get_target_uri(app.config.root_doc)))
    yield "404", {"title": "Page not found", "body": body, "metatags": script}, "page.html"


def _write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    if app.builder.name not in {"html", "dirhtml"}:  # a book on one page has no other pages
        return
    file = Path(app.outdir) / "sitemap.xml"
    home = app.config.ganl_address
    if exception or not home:
        file.unlink(missing_ok=True)  # that of an earlier build would be wrong
        return
    pages = [home + app.builder.get_target_uri(page) for page in sorted(app.env.found_docs)]
    lines = [f"  <url><loc>{escape(page)}</loc></url>" for page in pages]
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    xml = "\n".join([head, f'<urlset xmlns="{space}">', *lines, "</urlset>", ""])
    file.write_text(xml, encoding="utf-8")
