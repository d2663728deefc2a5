"""Each construct of a chapter, in a made-up one: what it becomes in a notebook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from made_up import HEADER, cells, make, text

from tools.notebooks import Addresses, ChapterError, convert

HERE = "https://ann.example.org/book/book/part/"
NOWHERE = Addresses()


def test_front_matter_comments_and_targets_are_dropped(tmp_path: Path) -> None:
    book = make(tmp_path, "One.\n\n% a comment\n\n(here)=\n\nTwo.\n")
    assert cells(book) == ["# Page\n\nOne.\n\nTwo."]


def test_cells_begin_at_headings_and_block_breaks(tmp_path: Path) -> None:
    book = make(tmp_path, "One.\n\n## B\n\n### C\n\nTwo.\n\n#### D\n\nThree.\n\n+++\n\nFour.\n")
    assert cells(book) == ["# Page\n\nOne.", "## B", "### C\n\nTwo.\n\n#### D\n\nThree.", "Four."]


@pytest.mark.parametrize("fence", ["```", ":::"])
def test_admonition_is_a_quotation(tmp_path: Path, fence: str) -> None:
    source = f"{fence}{{admonition}} Look $x$\n:class: tip\n\n- a\n\n  b\n{fence}\nAfter.\n"
    assert text(make(tmp_path, source)) == (
        "# Page\n\n> **Look $x$**\n>\n> - a\n>\n>   b\n\nAfter."
    )


def test_note_and_its_like_have_a_title(tmp_path: Path) -> None:
    source = "```{note} This\nis so.\n```\n\n```{seealso}\nThat.\n```\n"
    assert text(make(tmp_path, source)) == (
        "# Page\n\n> **Note**\n>\n> This\n> is so.\n\n> **See also**\n>\n> That."
    )


def test_dropdown_is_a_fold(tmp_path: Path) -> None:
    source = "```{admonition} Is a < b?\n:class: dropdown\n\nYes: $a\n< b$.\n```\n"
    assert text(make(tmp_path, source)) == (
        "# Page\n\n<details>\n<summary><b>Is a &lt; b?</b></summary>\n\nYes: $a < b$.\n\n</details>"
    )


def test_directives_inside_directives(tmp_path: Path) -> None:
    source = "````{tip}\n```{admonition} In\n:class: dropdown\n\n$$\na\n$$\n```\n````\n"
    assert text(make(tmp_path, source)).split("\n\n", 1)[1] == (
        "> **Tip**\n>\n> <details>\n> <summary><b>In</b></summary>\n>\n> $$a$$\n>\n> </details>"
    )


EQUATION = "```{math}\n:label: eq-%s\na &= b \\\\\nc &= d\n```\n"


def test_numbers_run_through_the_book(tmp_path: Path) -> None:
    first = "See {eq}`eq-z` and {eq}`eq-a`.\n\n" + EQUATION % "a"
    book = make(tmp_path, first, "```{math}\nx\n```\n" + EQUATION % "z")
    assert text(book) == (
        f"# Page\n\nSee [(2)]({HERE}b.html#equation-eq-z) and [(1)]({HERE}a.html#equation-eq-a)."
        "\n\n$$\n\\begin{aligned}\na &= b \\\\\nc &= d\n\\end{aligned} \\tag{1}\n$$"
    )
    assert text(book, "book/part/b").startswith("# Page\n\n$$\nx\n$$\n\n$$")
    assert r"\tag{2}" in text(book, "book/part/b")


def test_without_a_published_page_equations_have_anchors(tmp_path: Path) -> None:
    source = "{eq}`eq-a`, {eq}`eq-b`\n\n" + EQUATION % "a"
    found = text(make(tmp_path, source, EQUATION % "b", addresses=NOWHERE))
    assert found.startswith('# Page\n\n[(1)](#eq-a), [(2)](b.ipynb)\n\n<a name="eq-a"></a>\n$$')


def test_environment_of_its_own_needs_no_frame(tmp_path: Path) -> None:
    source = "```{math}\n\\begin{aligned}\na \\\\\nb\n\\end{aligned}\n```\n"
    assert text(make(tmp_path, source)).count("aligned") == 2


def test_equation_in_a_list_stays_in_its_item(tmp_path: Path) -> None:
    source = "1. one\n2. two\n\n   ```{math}\n   :label: eq-a\n   x\n   ```\n\n   more\n3. three\n"
    assert text(make(tmp_path, source)).split("\n\n", 1)[1] == (
        "1. one\n2. two\n\n   $$\n   x \\tag{1}\n   $$\n\n   more\n3. three"
    )


def test_formula_in_a_quotation_is_on_one_line(tmp_path: Path) -> None:
    source = "```{prf:theorem} Ann's\n:nonumber:\n\nIf\n\n$$\na\n= b\n$$\n\nthen $c\n= d$.\n```\n"
    assert text(make(tmp_path, source)).split("\n\n", 1)[1] == (
        "> **Theorem** (Ann's)\n>\n> If\n>\n> $$a = b$$\n>\n> then $c = d$."
    )


def test_proof(tmp_path: Path) -> None:
    assert text(make(tmp_path, "```{prf:proof}\nClear.\n```\n")).endswith(
        "> **Proof**\n>\n> Clear."
    )


def test_citations_and_their_list(tmp_path: Path) -> None:
    source = "{cite:t}`one2001` {cite}`two2002` {cite:p}`one2001,two2002` {cite:t}`many2003b`.\n"
    found = text(make(tmp_path, source))
    assert "Oné (2001) (One and van Two, 2002) (Oné, 2001; One and van Two, 2002)" in found
    assert "Many et al. (2003b)." in found
    listed = found.split("## References\n\n")[1].split("\n")
    assert listed[0] == "- A. Many, D. D, and E. E. More. *P*, 2003. Cited as 2003b."
    assert listed[1] == "- Ann One and Bob van Two. Two. *Papers*, 2002."
    assert listed[2] == "- Ann Oné. A GAN of one. *Papers*, 2001."
    assert len(listed) == 3  # what the page cites, no more


def test_bibliography_lists_all(tmp_path: Path) -> None:
    found = text(make(tmp_path, "```{bibliography}\n:all:\n```\n"))
    assert found.count("\n- ") == 4
    assert "References" not in found


def test_tables_of_the_build_are_left_to_the_book(tmp_path: Path) -> None:
    found = text(make(tmp_path, "```{build-status} versions\n```\n"))
    assert "This table is in the published book only." in found


EXERCISE = """```{exercise-start}
:label: ex-%s
```
What is $1 + 1$?
```{exercise-end}
```

```{solution-start} ex-%s
:class: dropdown
```
Two:

```{code-cell} ipython3
assert 1 + 1 == 2
```

So it is.
```{solution-end}
```
"""


def test_exercise_with_its_solution_in_a_fold(tmp_path: Path) -> None:
    book = make(tmp_path, EXERCISE % ("one", "one"), EXERCISE % ("two", "two") + "{ref}`ex-one`")
    assert cells(book)[1] == (
        "**Exercise 1**\n\nWhat is $1 + 1$?\n\n<details>\n<summary><b>Solution to exercise 1</b>"
        "</summary>\n\nTwo:\n\n```python\nassert 1 + 1 == 2\n```\n\nSo it is.\n\n</details>"
    )
    assert cells(book, "book/part/b")[1].startswith("**Exercise 2**")
    assert cells(book, "book/part/b")[1].endswith(f"[Exercise 1]({HERE}a.html#ex-one)")
    assert not [c for c in convert(book, "book/part/a").cells if c.cell_type == "code"]


def test_links_to_pages(tmp_path: Path) -> None:
    source = (
        "{doc}`b`, {doc}`the\n  next <../part/b>`, [x](b.md#y), [z](https://z.org), "
        "{doc}`/book/part/b`"
    )
    other = "# Title of $b$\n"
    assert text(make(tmp_path, source, other)).endswith(
        f"[Title of $b$]({HERE}b.html), [the next]({HERE}b.html), [x]({HERE}b.html#y), "
        f"[z](https://z.org), [Title of $b$]({HERE}b.html)"
    )
    assert "[Title of $b$](b.ipynb)" in text(make(tmp_path, source, other, addresses=NOWHERE))


def test_included_source(tmp_path: Path) -> None:
    source = (
        "```{literalinclude} ../../gan_lessons/taught.py\n:language: python\n:pyobject: %s\n```\n"
    )
    assert text(make(tmp_path, source % "Loop.step")).endswith(
        "```python\ndef step(self):\n    return math.pi\n```"
    )
    assert "class Loop:\n    def step" in text(make(tmp_path, source % "Loop"))


def test_code_cell_keeps_its_code_and_nothing_of_the_page(tmp_path: Path) -> None:
    options = '---\nmystnb:\n  image:\n    alt: "A hill."\n---\n'
    source = f"```{{code-cell}} ipython3\n{options}x = 1\n\ny = 2\n```\n"
    heading, setup, code = convert(make(tmp_path, source), "book/part/a").cells
    assert code.source == "x = 1\n\ny = 2"
    assert code.metadata == {}
    assert (setup.cell_type, heading.source) == ("code", "# Page")


@pytest.mark.parametrize("tag", ["hide-input", "hide-cell", "remove-input", "remove-cell"])
def test_hidden_code_is_a_form(tmp_path: Path, tag: str) -> None:
    source = f"```{{code-cell}} ipython3\n:tags: [{tag}]\n\nx = 1\n```\n"
    code = convert(make(tmp_path, source), "book/part/a").cells[-1]
    assert code.source.startswith("#@title ")
    assert code.source.endswith("\nx = 1")
    assert code.metadata == {"cellView": "form", "jupyter": {"source_hidden": True}}


def test_other_tags(tmp_path: Path) -> None:
    source = "```{code-cell} ipython3\n:tags: [hide-output, raises-exception]\n\nx = 1\n```\n"
    code = convert(make(tmp_path, source), "book/part/a").cells[-1]
    assert code.metadata == {"jupyter": {"outputs_hidden": True}, "tags": ["raises-exception"]}
    assert code.source == "x = 1"


def test_lists_of_terms(tmp_path: Path) -> None:
    terms = "$x$\n: A sample.\n  More.\n\n$z$, `w`\n: From {doc}`a`.\n\n  - list\n"
    assert text(make(tmp_path, terms)).split("\n\n", 1)[1] == (
        f"- $x$: A sample.\n  More.\n- $z$, `w`: From [Page]({HERE}a.html).\n\n  - list"
    )
    glossary = "```{glossary}\nnoise\n잡음\n  What $G$ takes in.\n\ngame\n  Two players.\n```\n"
    assert text(make(tmp_path, glossary)).split("\n\n", 1)[1] == (
        "- **noise** · 잡음: What $G$ takes in.\n- **game**: Two players."
    )


def test_figure_with_its_caption(tmp_path: Path) -> None:
    source = "```{figure} hill.png\n:alt: A hill\n\nOf $x$.\n\nMore.\n```\n"
    book = make(tmp_path, source)
    (tmp_path / "book/part/hill.png").touch()
    address = "https://ann.example.org/book/_images/hill.png"
    assert text(book).endswith(f"![A hill]({address})\n\n*Of $x$.*\n\nMore.")
    assert "(hill.png)" in text(replace(book, addresses=NOWHERE))


def test_plain_text_is_left_alone(tmp_path: Path) -> None:
    source = (
        "`{eq}` and ``{doc}`x` `` and \\$5 and *a* **b** <b>c</b>\nnext\n\n```bash\nmake\n```\n\n"
        "| a | b |\n| --- | --- |\n| $x$ | {math}`y` |\n\n> quoted\n\n---\n\n- [ ] task\n\n"
        "<p>\n{raw}\n</p>\n\n    indented {code}"
    )
    assert text(make(tmp_path, source)) == "# Page\n\n" + source.replace("{math}`y`", "$y$")


def test_what_a_notebook_holds(tmp_path: Path) -> None:
    source = "```{code-cell} ipython3\nfrom gan_lessons.mnist import data\n```\n" * 2
    notebook = convert(make(tmp_path, source, "No code."), "book/part/a")
    nbformat.validate(notebook)
    assert notebook.metadata.accelerator == "GPU"
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids), "two equal cells need two ids"
    plain = convert(make(tmp_path, source, "No code."), "book/part/b")
    assert [cell.cell_type for cell in plain.cells] == ["markdown"]  # nothing to set up
    assert "accelerator" not in plain.metadata


WRONG = {
    "unknown directive {div}": "```{div}\n```",
    "unknown directive {bdg}": "> ```{bdg}\n> ```",
    "unknown role {kbd}": "Press {kbd}`a`.",
    "unknown role {abc}": "```{note}\nPress {abc}`a`.\n```",
    "unknown option :widths:": "```{note}\n:widths: 3\n\nx\n```",
    "unknown tags": "```{code-cell} ipython3\n:tags: [big]\n\nx\n```",
    "unknown settings of mystnb": "```{code-cell} ipython3\n---\nmystnb: {figure: 1}\n---\nx\n```",
    "no equation has the label": "{eq}`eq-none`",
    "no exercise has the label": "{ref}`ex-none`",
    "no source has the key": "{cite}`nobody`",
    "not a page of _toc.yml": "{doc}`none`",
    "there is no file": "![x](none.png)",
    "defines no": "```{literalinclude} ../../gan_lessons/taught.py\n:pyobject: f\n```",
    "unknown block: amsmath": "\\begin{align}\na\n\\end{align}",
    "unknown block: math_block_label": "$$\na\n$$ (eq-a)",
    "unknown block: footnote": "Text.[^1]\n\n[^1]: Note.",
    "read in two ways": "<https://example.org/$x$>",
    "unknown mark-up: substitution_inline": "Text {{ x }}.",
    "attributes in braces": "`x`{.python}",
    "an empty line in a formula": "```{math}\na\n\nb\n```",
    "a comment in a formula": "$$\na % b\n$$",
    "is used twice": "```{math}\n:label: eq-a\nx\n```\n```{math}\n:label: eq-a\ny\n```",
    "never closed": "```{exercise-start}\n:label: ex-a\n```\n",
    "closes nothing": "```{exercise-end}\n```",
    "a numbered lemma": "```{prf:lemma}\nx\n```",
    "a cell of code inside": "- ```{code-cell} ipython3\n  x\n  ```",
    "needs an argument": "```{admonition}\nx\n```",
    "::: without": ":::\nx\n:::",
    "has no definition": "```{glossary}\nx\n```",
}


@pytest.mark.parametrize(("message", "source"), WRONG.items(), ids=list(WRONG))
def test_what_is_not_known_is_an_error(tmp_path: Path, message: str, source: str) -> None:
    lines = "Above.\n\nAnd above.\n\n"
    book = make(tmp_path, lines + source)
    with pytest.raises(ChapterError) as problem:
        text(book)
    assert message in str(problem.value)
    assert problem.value.place.file == "book/part/a.md"
    above = (HEADER + "# Page\n\n" + lines).count("\n")
    assert (
        above < problem.value.place.line <= above + 1 + source.count("\n") or "two ways" in message
    )
