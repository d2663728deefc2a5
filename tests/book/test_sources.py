"""The chapters' sources: what Jupyter Book would pass over in silence."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import yaml
from support import REPOSITORY, TOC_PAGES

# The template of a chapter keeps the same rules.
each_page = pytest.mark.parametrize("name", [*TOC_PAGES, "tools/template"])


def _header(name: str) -> dict[str, Any]:
    text = (REPOSITORY / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith("---\n"), "no front matter"
    return yaml.safe_load(text[4 : text.index("\n---\n", 3)])  # type: ignore[no-any-return]


@each_page
def test_header_makes_it_a_notebook(name: str) -> None:
    """Without this header a page is shown, but none of its cells is run, and nothing says so."""
    header = _header(name)
    form = header["jupytext"]["text_representation"]
    assert form["format_name"] == "myst"
    assert form["extension"] == ".md"
    assert {"format_version", "jupytext_version"} <= set(form)
    assert header["kernelspec"]["name"] == "python3"
    assert {"display_name", "language"} <= set(header["kernelspec"])


@each_page
def test_has_a_description(name: str) -> None:
    """Search engines and link previews show it."""
    description = _header(name)["myst"]["html_meta"]["description"]
    assert 20 < len(description) < 300


def test_every_page_is_in_the_contents() -> None:
    book = REPOSITORY / "book"
    pages = [p for p in book.rglob("*.md") if "_ext" not in p.parts]
    names = {str(p.relative_to(REPOSITORY).with_suffix("")) for p in pages}
    assert names == set(TOC_PAGES)
    assert len(TOC_PAGES) == len(set(TOC_PAGES)), "a page is listed twice"


def test_no_build_output_is_kept_in_git() -> None:
    kept = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if kept.returncode:
        pytest.skip("this is not a git checkout")
    wrong = [f for f in kept.stdout.splitlines() if f.startswith(("_build/", ".venv/"))]
    assert not wrong
    for file in kept.stdout.splitlines():
        if file.endswith(".ipynb"):
            assert '"output_type"' not in (REPOSITORY / file).read_text(encoding="utf-8"), file
