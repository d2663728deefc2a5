"""How this book was made: ``{build-status} chapters`` and ``{build-status} versions``.

Each directive becomes a table. The first lists the chapters with code in reading order, how long
each really ran and how it ended: MyST-NB remembers that, and takes it from jupyter-cache for a
chapter that need not run again. The second lists the versions of what ran. (MyST-NB's own
``{nb-exec-table}`` sorts chapters by file name, shows file names instead of titles, lists pages
without code, and says when each chapter ran, so that no two builds are alike.)
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from .ahead import cores
from .chapter_key import LIBRARIES
from .stale import keys

TOOLS = ("jupyter-book", "sphinx", "myst-nb", "jupyter-cache")
HERE = "ganl_build_status"  # marks a page that has the tables


class BuildStatus(nodes.General, nodes.Element):  # type: ignore[misc] # docutils has no types
    """The place of a table, until every chapter has been read."""


class BuildStatusDirective(SphinxDirective):
    """Mark the place of a table."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the mark."""
        NbMetadataCollector.set_doc_data(self.env, self.env.docname, HERE, True)
        wanted = directives.choice(self.arguments[0], ("chapters", "versions"))
        return [BuildStatus(wanted=wanted)]


class FillIn(SphinxPostTransform):
    """Put a table in the place of each mark."""

    default_priority = 8  # before links to chapters are resolved

    def run(self, **kwargs: Any) -> None:
        """Replace each mark on the page."""
        for mark in list(self.document.findall(BuildStatus)):
            made = (
                _chapters(self.app, self.env) if mark["wanted"] == "chapters" else _made(self.app)
            )
            mark.replace_self(made)


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_node(BuildStatus)
    app.add_directive("build-status", BuildStatusDirective)
    app.add_post_transform(FillIn)
    app.connect("env-updated", _pages_with_tables)


def _pages_with_tables(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write these pages in every build: a chapter may have run again, or the commit be another."""
    return [name for name, data in NbMetadataCollector.get_doc_data(env).items() if data.get(HERE)]


def in_order(includes: Mapping[str, Sequence[str]], page: str) -> Iterator[str]:
    """List the pages below one, itself first, as the table of contents has them.

    >>> list(in_order({"a": ["b", "d"], "b": ["c"]}, "a"))
    ['a', 'b', 'c', 'd']
    """
    yield page
    for below in includes.get(page, ()):
        yield from in_order(includes, below)


def versions(package: str) -> list[tuple[str, str]]:
    """List what a build ran with: names, each with its version."""
    found = [("Python", platform.python_version())]
    for name in (package.replace("_", "-"), *LIBRARIES, *TOOLS):
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            found.append((name, "not installed"))
    return found


def commit(folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Name the commit that a folder holds; "not known" where git does not know.

    >>> commit(Path("/"), {"GITHUB_SHA": "0123456789abcdef"})
    '0123456789ab'
    """
    if named := environment.get("GITHUB_SHA"):
        return named[:12]
    try:
        found = _git(folder, "rev-parse", "--short=12", "HEAD").strip()
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no").strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository
        return "not known"
    return f"{found}, and changes since" if changed else found


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def _chapters(app: Sphinx, env: BuildEnvironment) -> list[nodes.Node]:
    data = NbMetadataCollector.get_doc_data(env)
    pages = dict.fromkeys(in_order(env.toctree_includes, app.config.root_doc))
    with_code = [page for page in pages if keys(env).get(page)]
    ran = [(page, data[page]["exec_data"]) for page in with_code if data[page].get("exec_data")]
    if not ran:
        return [nodes.paragraph(text="No chapter of this build has code.")]
    total = sum(result["runtime"] or 0 for _, result in ran)
    threads = int(os.environ["OMP_NUM_THREADS"])
    caption = (
        f"{_count(len(ran), 'chapter')} with code. Each ran in a process of its own on "
        f"{_count(threads, 'thread')}, as many side by side as there are cores ({cores()}). "
        "The seconds are those of its last real run, by the clock on the wall: a chapter that has "
        f"not changed since keeps its outputs and its time. Together they are {total:.0f} seconds."
    )
    rows = ((_link(env, page), nodes.Text(_seconds(r)), nodes.Text(_end(r))) for page, r in ran)
    return [nodes.paragraph(text=caption), _table(("chapter", "seconds", "result"), rows)]


def _made(app: Sphinx) -> list[nodes.Node]:
    rows = [
        *versions(app.config.ganl_package),
        ("commit", commit(Path(app.srcdir))),
        ("machine", f"{platform.system()} {platform.machine()}"),
        ("cores", str(cores())),
    ]
    return [_table(("what", "version"), ((nodes.Text(a), nodes.Text(b)) for a, b in rows))]


def _count(number: int, what: str) -> str:
    """Say how many.

    >>> _count(1, "core"), _count(2, "core")
    ('1 core', '2 cores')
    """
    return f"{number} {what}" + ("" if number == 1 else "s")


def _seconds(result: Mapping[str, Any]) -> str:
    return "not known" if result["runtime"] is None else f"{result['runtime']:.1f}"


def _end(result: Mapping[str, Any]) -> str:
    return "ran to its end" if result["succeeded"] else f"failed: {result['error']}"


def _link(env: BuildEnvironment, page: str) -> nodes.Node:
    title = env.titles[page]
    link = pending_xref(
        refdoc=page,
        reftarget=f"/{page}",
        reftype="doc",
        refdomain="std",
        refexplicit=True,
        refwarn=True,
    )
    # A copy: a title may hold a formula.
    link += nodes.inline("", "", *(child.deepcopy() for child in title.children))
    return link


def _table(head: Sequence[str], rows: Iterable[Sequence[nodes.Node]]) -> nodes.table:
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=100 // len(head)) for _ in head]
    names = nodes.row("", *(nodes.entry("", nodes.paragraph(text=name)) for name in head))
    group += nodes.thead("", names)
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group, classes=["colwidths-auto"])


def _row(cells: Sequence[nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))
