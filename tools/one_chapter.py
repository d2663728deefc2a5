"""Build one chapter and nothing else: ``make book CHAPTER=training/dynamics``.

The chapter is run and shown with the book's own settings, in ``_build/chapter``, beside the page
of sources, so that citations work. All other pages are left out: a link to one of them leads
nowhere here, which is no error. A warning is left unsaid only where it names something that is
really there in another page's source; the rest is shown. The build of the whole book, which fails
on every warning, has the last word.

Outputs are kept in the same cache as those of the whole book: what ran here need not run again.
"""

from __future__ import annotations

import io
import posixpath
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCES = "book/back/bibliography"
# A name that a warning is about stands in quotation marks, or behind a colon at its end.
NAME = re.compile(r"""['"]([^'"]+)['"]|: ([\w./-]+)(?: \[[\w.]+\])?$""")
LABEL = re.compile(r"^:label: (\S+)$|^\(([\w-]+)\)=$", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def pages(root: Path) -> list[str]:
    """Name the pages in ``book/`` as ``training/dynamics``, those outside _toc.yml too."""
    book = root / "book"
    found = (p.relative_to(book) for p in book.rglob("*.md"))
    return sorted(p.with_suffix("").as_posix() for p in found if p.parts[0] != "_ext")


def find(name: str, choices: Sequence[str]) -> str:
    """Find the page that somebody means by a path, with or without folders and suffix.

    Raises
    ------
    ValueError
        No page or more than one has this name; the message names the choices.

    Examples
    --------
    >>> find("./book/training/dynamics.md", ["intro", "training/dynamics"])
    'training/dynamics'
    >>> find("dynamics", ["intro", "training/dynamics"])
    'training/dynamics'
    """
    wanted = re.sub(r"^(?:\./)?(?:book/)?|\.(?:md|ipynb|html)$", "", name.strip())
    if wanted in choices:
        return wanted
    short = [page for page in choices if page.rpartition("/")[2] == wanted]
    if len(short) == 1:
        return short[0]
    raise ValueError(f"CHAPTER must be one of {', '.join(choices)}, got {name!r}")


def elsewhere(root: Path, chapter: str) -> set[str]:
    """Collect what other pages define: their own names and the labels in them."""
    names: set[str] = set()
    for page in pages(root):
        if page != chapter:
            names |= {f"book/{page}", f"book/{page}.md"}
            text = (root / "book" / f"{page}.md").read_text(encoding="utf-8")
            names |= {label for groups in LABEL.findall(text) for label in groups if label}
    return names


def split(warnings: str, known: set[str], chapter: str) -> tuple[list[str], int]:
    """Part the lines to show from the warnings about things that are in other pages.

    Returns
    -------
    tuple of list of str and int
        The lines to show, and how many warnings were left out.

    Examples
    --------
    >>> split("a.md:1: WARNING: unknown document: '../b/c'", {"book/b/c"}, "a/a")
    ([], 1)
    >>> split("a.md:1: WARNING: unknown document: 'd'", {"book/b/c"}, "a/a")
    (["a.md:1: WARNING: unknown document: 'd'"], 0)
    """
    folder = posixpath.dirname(f"book/{chapter}")
    shown, left_out = [], 0
    for line in COLOUR.sub("", warnings).splitlines():
        names = {a or b for a, b in NAME.findall(line)}
        names |= {posixpath.normpath(posixpath.join(folder, name)) for name in names}
        if "WARNING" in line and names & known:
            left_out += 1
        elif line.strip():
            shown.append(line)
    return shown, left_out


def build(root: Path, chapter: str) -> tuple[int, Path]:
    """Build one chapter; returns the exit status and the page's path."""
    # Loaded late: a wrong name is answered at once.
    from jupyter_book.sphinx import build_sphinx

    folder = root / "_build" / "chapter"
    folder.mkdir(parents=True, exist_ok=True)
    contents = list(dict.fromkeys([f"book/{chapter}", SOURCES]))
    first, *others = [page for page in contents if (root / f"{page}.md").is_file()]
    toc: dict[str, object] = {"format": "jb-book", "root": first}
    if others:
        toc["chapters"] = [{"file": page} for page in others]
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    page = folder / "html" / f"{first}.html"
    page.unlink(missing_ok=True)  # if the build fails, nobody should look at the one before
    said = io.StringIO()
    with redirect_stderr(said):
        result = build_sphinx(
            root,
            folder / "html",
            noconfig=True,
            path_config=root / "_config.yml",
            confoverrides={
                "external_toc_path": (folder / "_toc.yml").as_posix(),
                "include_patterns": [f"{name}.md" for name in contents],
                "nb_execution_cache_path": str(root / "_build" / ".jupyter_cache"),
                "nitpicky": True,
                "latex_individualpages": False,  # jupyter-book asks for it
            },
            quiet=True,
        )
    lines, left_out = split(said.getvalue(), elsewhere(root, chapter), chapter)
    for line in lines:
        print(line, file=sys.stderr)
    if left_out:
        print(f"{left_out} references to other pages were not followed.")
    return (result if isinstance(result, int) else 1), page


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Build the chapter that is named; returns the exit status."""
    try:
        chapter = find(" ".join(arguments), pages(root))
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    print(f"{chapter}: a chapter whose code is new runs first, others come from the cache.")
    status, page = build(root, chapter)
    if status or not page.is_file():
        print(f"{chapter}: the chapter was not built, see above.", file=sys.stderr)
        return 1
    print(f"The page: {page.as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
