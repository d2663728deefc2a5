"""Which package code does a chapter run?  Answered from the source, without importing it.

A chapter's key is a hash of

- the files of the package modules that its cells import, directly or through other modules;
- data files (styles, scripts ...) beside those modules whose file name their source mentions;
- the versions of Python and of the libraries that do the computing.

Where the source does not say what is imported (``import *``, a name that a module makes up in
``__getattr__``, ``import_module(variable)``), the whole (sub)package counts: running a chapter
once too often costs seconds, a stale figure costs a reader's trust.
"""

from __future__ import annotations

import ast
import hashlib
import platform
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import jupytext  # type: ignore[import-untyped]

from .imports import defines, dotted_names, parse_cell

# A new version of one of these may change a chapter's numbers or pictures.
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib", "ipywidgets")


class PackageCode:
    """The source files of one package, and who imports whom.

    Files are read at most once: make a new object for each build.
    """

    def __init__(self, package: str) -> None:
        self.package = package
        spec = find_spec(package)  # finds the folder, does not import the package
        places = spec.submodule_search_locations if spec else None
        self.root = Path(next(iter(places))) if places else None
        self._needs: dict[Path, set[Path]] = {}

    def key_of_chapter(self, text: str) -> str | None:
        """Return the key of a chapter with this source text, or None where no cell runs."""
        notebook = jupytext.reads(text, fmt="md:myst")
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        if not cells:
            return None
        files: set[Path] = set()
        for cell in cells:
            tree = parse_cell(cell)
            files |= self._files_of_names(dotted_names(tree)) if tree else self._everything()
        digest = hashlib.sha256(_versions().encode())
        for file in sorted(self._closure(files)):
            digest.update(str(file.relative_to(self.root or file)).encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()[:16]

    def _closure(self, files: set[Path]) -> set[Path]:
        """Add to the files what they import, and what that imports ..."""
        done: set[Path] = set()
        todo = set(files)
        while todo:
            file = todo.pop()
            done.add(file)
            todo |= self._needed_by(file) - done
        return done

    def _needed_by(self, file: Path) -> set[Path]:
        """Find the files that one file needs directly."""
        if file.suffix != ".py" or self.root is None:
            return set()
        if file not in self._needs:
            source = file.read_text(encoding="utf-8")
            parts = (self.package, *file.relative_to(self.root).with_suffix("").parts)
            # Relative imports start from the package that holds the file.
            names = dotted_names(ast.parse(source), holder=parts[:-1])
            beside = (f for f in file.parent.rglob("*") if f.suffix not in {".py", ".pyc"})
            data = {f for f in beside if f.is_file() and f.name in source}
            self._needs[file] = self._files_of_names(names) | data
        return self._needs[file]

    def _files_of_names(self, names: set[str]) -> set[Path]:
        """Find the files that dotted names such as ``gan_lessons.toy.train`` come from."""
        return {file for name in names for file in self._files_of_name(name)}

    def _files_of_name(self, name: str) -> set[Path]:
        first, *parts = name.split(".")
        if first != self.package or self.root is None:
            return set()
        here = self.root
        files = {here / "__init__.py"}  # Python runs the __init__ of every package on the way
        for part in parts:
            if (here / part).is_dir():
                here = here / part
                files.add(here / "__init__.py")
                continue
            if (here / f"{part}.py").is_file():
                files.add(here / f"{part}.py")
            elif not defines(here / "__init__.py", part):
                files |= set(here.rglob("*.py"))  # made up when asked for: anything may run
            break
        return {file for file in files if file.is_file()}

    def _everything(self) -> set[Path]:
        return set(self.root.rglob("*.py")) if self.root else set()


@cache
def _versions() -> str:
    """List the versions that a chapter's outputs depend on."""
    found = [f"python {platform.python_version()}"]
    for library in LIBRARIES:
        try:
            found.append(f"{library} {metadata.version(library)}")
        except metadata.PackageNotFoundError:
            found.append(f"{library} none")
    return "; ".join(found)
