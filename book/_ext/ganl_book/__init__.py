"""The book's own Sphinx extension.

Its modules:

- ``chapter_key``: which package code a chapter runs, as a hash (``imports`` helps it);
- ``stale``: read and run a chapter again when that hash changes;
- ``ahead``: run the chapters side by side before they are read;
- ``offline``: everything a page needs comes from the book itself;
- ``formulas``: a page shows before all of its formulas are set;
- ``icons``: of the theme's, only those that are shown;
- ``pictures``: plots are drawn when a reader comes near them;
- ``accessible``: repairs for readers with a keyboard or a screen reader;
- ``addresses``: where the repository and the published book are;
- ``repository``: buttons that lead to the repository, a fork's book to the fork;
- ``launch``: the button for Colab, and a notebook to download;
- ``published``: previews of links, the sitemap, the 404 page, the logo;
- ``status``: how long each chapter ran, and with which versions.

``_config.yml`` loads it under ``sphinx.local_extensions``.
"""

from __future__ import annotations

import os
from typing import Any

from sphinx.application import Sphinx

from . import (
    accessible,
    ahead,
    formulas,
    icons,
    launch,
    offline,
    pictures,
    published,
    repository,
    stale,
    status,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    # The package whose edits make chapters stale. The tests use a throwaway one.
    app.add_config_value("ganl_package", "gan_lessons", "env", str)
    # Progress bars are for somebody who waits; on a page they would be an error message.
    os.environ.setdefault("TQDM_DISABLE", "1")
    # A page has no kernel: the figures' HTML face is the one to show, without widget state.
    os.environ.setdefault("GAN_LESSONS_WIDGETS", "0")
    # Chapters run side by side (`ahead`): a kernel with a thread for each core would only fight the
    # others for them. And sums come out the same on every machine.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    stale.setup(app)
    ahead.setup(app)
    offline.setup(app)
    formulas.setup(app)
    icons.setup(app)
    pictures.setup(app)
    accessible.setup(app)
    repository.setup(app)
    launch.setup(app)
    published.setup(app)
    status.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
