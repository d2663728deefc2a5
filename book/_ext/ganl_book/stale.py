"""Run a chapter again when the package code behind it has changed, and only then.

Two caches stand between an edit in the package and the page:

- Sphinx reads a page again only when its source file has changed. ``env-get-outdated`` tells it
  which pages' keys (see ``chapter_key``) differ from those of the last build.
- jupyter-cache runs a notebook again only when its code cells have changed. So each chapter gets
  one last cell, hidden on the page, that holds nothing but a comment with the key.

And one more: Sphinx forgets the warnings of pages that it does not read again, so a second,
unchanged build of a book with a broken reference would pass. After a build with warnings its
memory is deleted, as Sphinx itself does after an error; jupyter-cache keeps the outputs.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.environment import BuildEnvironment

from .chapter_key import PackageCode

# `remove-cell` keeps the cell off the page.
STAMP = """

```{{code-cell}}
:tags: [remove-cell]

# Made by the book's build, not part of the lesson. Code behind this chapter: {key}
```
"""


def setup(app: Sphinx) -> None:
    """Connect the handlers."""
    app.connect("builder-inited", _start)
    app.connect("env-get-outdated", _outdated)
    app.connect("source-read", _stamp)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("build-finished", _remember_no_warnings)


def keys(env: BuildEnvironment) -> dict[str, str | None]:
    """Return each chapter's key when it was last read; pickled with the environment."""
    if not hasattr(env, "ganl_keys"):
        env.ganl_keys = {}  # type: ignore[attr-defined]
    return env.ganl_keys  # type: ignore[attr-defined, no-any-return]


def _start(app: Sphinx) -> None:
    # On the application, not the environment: it must not outlive this build.
    app.ganl_code = PackageCode(app.config.ganl_package)  # type: ignore[attr-defined]


def _key(app: Sphinx, text: str) -> str | None:
    return app.ganl_code.key_of_chapter(text)  # type: ignore[attr-defined, no-any-return]


def _outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Name the chapters that look unchanged but whose package code has changed."""
    unread = set(env.found_docs) - added - changed - removed
    texts = {doc: Path(env.doc2path(doc)).read_text(encoding="utf-8") for doc in sorted(unread)}
    return [doc for doc, text in texts.items() if _key(app, text) != keys(env).get(doc)]


def _stamp(app: Sphinx, docname: str, source: list[str]) -> None:
    """Note the chapter's key, and add the cell that carries it to jupyter-cache."""
    key = _key(app, source[0])
    keys(app.env)[docname] = key
    if key is not None:
        source[0] = source[0].rstrip() + STAMP.format(key=key)


def _forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    keys(env).pop(docname, None)


def _merge(
    app: Sphinx, env: BuildEnvironment, docnames: list[str], other: BuildEnvironment
) -> None:
    keys(env).update({doc: key for doc, key in keys(other).items() if doc in docnames})


def _remember_no_warnings(app: Sphinx, exception: Exception | None) -> None:
    if app._warncount:
        (Path(app.doctreedir) / ENV_PICKLE_FILENAME).unlink(missing_ok=True)
