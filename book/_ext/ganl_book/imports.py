"""Reading imports from source text, without running it: a help for ``chapter_key``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager


def dotted_names(tree: ast.AST, holder: tuple[str, ...] = ()) -> set[str]:
    r"""Collect every dotted name that imports, and attributes of imported names, stand for.

    >>> sorted(dotted_names(ast.parse("import gan_lessons as g\ng.toy.train()")))
    ['gan_lessons', 'gan_lessons.toy', 'gan_lessons.toy.train']
    >>> sorted(dotted_names(ast.parse("from . import toy"), holder=("gan_lessons",)))
    ['gan_lessons.toy']

    ``holder`` is the package that relative imports start from, as a tuple of its parts.
    """
    names: set[str] = set()
    bound: dict[str, str] = {}  # what a name in this source stands for
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names.add(alias.name)
                bound[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            above = holder[: len(holder) - node.level + 1] if node.level else ()
            origin = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                names.add(f"{origin}.{alias.name}")
                bound[alias.asname or alias.name] = f"{origin}.{alias.name}"
        elif isinstance(node, ast.Call) and _last_name(node.func) == "import_module" and node.args:
            target = node.args[0]
            literal = str(target.value) if isinstance(target, ast.Constant) else ".*"
            above = holder[: len(holder) - _dots(literal) + 1] if literal.startswith(".") else ()
            names.add(".".join([*above, literal.lstrip(".")]))
    for node in _walk(tree):
        if isinstance(node, ast.Attribute) and (chain := _chain(node)) and chain[0] in bound:
            names.add(".".join([bound[chain[0]], *chain[1:]]))
    return names


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """``ast.walk`` without ``__getattr__`` functions.

    A package may import lazily there; the name that is asked for shows which module.
    """
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.FunctionDef) and child.name == "__getattr__"):
            yield from _walk(child)


def _chain(node: ast.expr) -> list[str]:
    """``a.b.c`` as ["a", "b", "c"]; empty where it does not start with a plain name."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (before := _chain(node.value)):
        return [*before, node.attr]
    return []


def _last_name(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _dots(name: str) -> int:
    return len(name) - len(name.lstrip("."))


def parse_cell(cell: str) -> ast.Module | None:
    """Parse a cell; None where it is not Python even without IPython's magics."""
    plain = re.sub(r"^(\s*)%+\w+[ \t]*", r"\1", cell, flags=re.MULTILINE)  # %time f() -> f()
    manager = TransformerManager()  # type: ignore[no-untyped-call]
    try:
        return ast.parse(manager.transform_cell(plain))
    except SyntaxError:
        return None


def defines(init: Path, name: str) -> bool:
    """Whether an ``__init__.py`` says that it has this name."""
    if name.startswith("__"):
        return True  # __version__, __file__ ...
    if not init.is_file():
        return False
    for node in ast.walk(ast.parse(init.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return True
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name:
            return True
        if isinstance(node, ast.alias) and (node.asname or node.name) == name != "*":
            return True
    return False
