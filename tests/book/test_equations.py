"""No numbered equation without a function that computes it and a test by an independent route."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pkgutil import resolve_name
from typing import Any

import pytest
from support import REPOSITORY, TOC_PAGES

TABLE: dict[str, dict[str, str]] = tomllib.loads(
    (REPOSITORY / "book/equations.toml").read_text(encoding="utf-8")
)
# Indented too: an equation may stand within a list.
MATH = re.compile(r"^ *[`:]{3,}\{math\}[^\n]*\n(.*?)^ *[`:]{3,}\s*$", re.MULTILINE | re.DOTALL)


def _text(name: str) -> str:
    return (REPOSITORY / f"{name}.md").read_text(encoding="utf-8")


def _labels(text: str) -> list[str]:
    """Labels of the equations that will carry a number."""
    blocks = MATH.findall(text)
    return [label for block in blocks for label in re.findall(r"^ *:label: *(\S+)", block, re.M)]


def test_the_table_holds_exactly_the_numbered_equations() -> None:
    found = {label: name for name in TOC_PAGES for label in _labels(_text(name))}
    assert found == {label: row["chapter"] for label, row in TABLE.items()}


@pytest.mark.parametrize("name", [*TOC_PAGES, "tools/template"])
def test_only_one_form_gives_an_equation_a_number(name: str) -> None:
    """`$$ ... $$ (label)` and LaTeX's own environments would escape the table."""
    text = _text(name)
    assert not re.search(r"\$\$[ \t]*\([\w:-]+\)", text), "number it with a math directive"
    assert not re.search(r"\\begin\{(equation|align|gather|multline|eqnarray)\}", text)
    assert not re.search(r"\\tag\b|\\label\b", text)


@cache
def _functions(file: str) -> dict[str, ast.AST]:
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    named = (ast.FunctionDef, ast.ClassDef)
    return {node.name: node for node in tree.body if isinstance(node, named)}


def _names_in(file: str, name: str) -> set[str]:
    """All names used by a function of a file and by the functions of that file that it uses."""
    seen: set[str] = set()
    used: set[str] = set()
    queue = [name]
    functions = _functions(file)
    constants = _constants(file)
    while queue:
        here = queue.pop()
        if here in seen:
            continue
        seen.add(here)
        node: Any = functions.get(here) or constants.get(here)
        if node is None:
            continue
        for part in ast.walk(node):
            found = getattr(part, "id", None) or getattr(part, "attr", None)
            if isinstance(found, str):
                used.add(found)
                queue.append(found)
    return used


@cache
def _constants(file: str) -> dict[str, ast.AST]:
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    return {
        target.id: node
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize("label", TABLE)
def test_the_row_names_a_function_and_a_test_that_calls_it(label: str) -> None:
    row = TABLE[label]
    assert set(row) == {"chapter", "function", "test", "route"}
    assert callable(resolve_name(f"gan_lessons.{row['function']}"))

    file, _, test = row["test"].partition("::")
    assert test.startswith("test_")
    assert test in _functions(file), f"{row['test']} does not exist"
    name = row["function"].rpartition(".")[2]
    assert name in _names_in(file, test), f"{row['test']} does not use {row['function']}"
    assert len(row["route"]) > 8
