"""Run the chapters side by side, before Sphinx reads them one after another.

MyST-NB runs a chapter when Sphinx reads it, so a build has one core at work and the others idle.
Here every chapter that Sphinx is about to read, and that jupyter-cache does not hold, is run in a
kernel of its own, as many at a time as there are cores, and the outputs are put into the cache.
Then Sphinx finds them there.

Here, too, what a cell printed is put together: a kernel sends it in pieces that may end in the
middle of a line, and MyST-NB would end a line with each of them.

A chapter that fails is left to MyST-NB, which runs it again and reports the error as usual.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LOG = logging.getLogger(__name__)


def setup(app: Sphinx) -> None:
    """Connect the handler."""
    app.connect("env-before-read-docs", _run)


def _run(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    config: Any = env.mystnb_config  # type: ignore[attr-defined]
    if config.execution_mode != "cache":
        return
    cache = get_cache(config.execution_cache_path)
    waiting = []
    for docname in docnames:
        path = Path(env.doc2path(docname))
        # As Sphinx's own reading does, with the stamp of `stale` at the end.
        source = [path.read_text(encoding="utf-8")]
        app.emit("source-read", docname, source)
        reader = create_nb_reader(str(path), env.myst_config, config, source[0])  # type: ignore[attr-defined]
        notebook = reader.read(source[0]) if reader else None
        if not notebook or not any(cell.cell_type == "code" for cell in notebook.cells):
            continue
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            waiting.append((path, notebook))
    if not waiting:
        return

    workers = min(len(waiting), cores())
    LOG.info("chapters to run: %d, %d at a time", len(waiting), workers)
    begun = perf_counter()

    def execute(item: tuple[Path, Any]) -> tuple[Path, Any, Any]:
        path, notebook = item
        # A kernel is a process; this thread only talks to it.
        result = single_nb_execution(
            notebook, cwd=str(path.parent), allow_errors=False, timeout=config.execution_timeout,
            coalesce_streams=True,  # put together what was printed in pieces
        )  # fmt: skip
        return path, notebook, result

    with ThreadPoolExecutor(workers) as pool:
        for path, notebook, result in pool.map(execute, longest_first(waiting)):
            if result.err is None:
                bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                LOG.info("%s: executed in %.0f seconds", path.name, result.time)
    LOG.info("ran %d chapters in %.0f seconds", len(waiting), perf_counter() - begun)


def cores() -> int:
    """How many cores this process may use; a container may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def longest_first(waiting: list[tuple[Path, Any]]) -> list[tuple[Path, Any]]:
    """Start with those that say `long: true` in their front matter, then with the most code.

    A long chapter that starts last ends alone, with all other cores idle.
    """

    def size(item: tuple[Path, Any]) -> tuple[bool, int]:
        cells = item[1].cells
        code = sum(len(cell.source) for cell in cells if cell.cell_type == "code")
        return bool(item[1].metadata.get("long")), code

    return sorted(waiting, key=size, reverse=True)
