"""The first code of a notebook: it makes the package importable, where it is not.

**Where it installs from.** A notebook in the repository is opened in Colab from any fork, at any
branch or tag, and its text cannot know which. Colab's own server does: the notebook asks it where
it was opened from, and installs the package of that repository and that branch or tag. So the code
of the text and the package are of one version, and a fork's notebook runs the fork's package.

This way is not documented by Google. Where it does not work (a copy in Google Drive, another
service than Colab, a Colab that has changed), the cell installs from the address that was known
when the notebook was made, at the tag of the package's version; where none was known, it says what
to do.
"""

from __future__ import annotations

import re

from ganl_book.addresses import Addresses

# The functions keep their names out of the reader's way. In Colab everything else that the chapters
# need is there, in versions that fit each other: with --no-deps pip cannot touch them.
_CELL = r'''#@title Set-up: run this cell first
def opened_from():
    """Return what Colab opened this notebook from, for pip; None where nobody knows."""
    import json
    import os
    import re
    import urllib.parse
    import urllib.request

    here = re.compile(r"github(?:\.com)?/([^/]+/[^/]+)/blob/(.+)/{page}\.ipynb")
    try:
        server = "{{COLAB_JUPYTER_IP}}:{{KMP_TARGET_PORT}}".format(**os.environ)
        with urllib.request.urlopen(f"http://{{server}}/api/sessions", timeout=5) as answer:
            paths = [urllib.parse.unquote(session["path"]) for session in json.load(answer)]
    except (KeyError, OSError, TypeError, ValueError):  # not Colab, or not as it was in 2026
        return None
    found = [match for match in map(here.search, paths) if match]
    return f"git+https://github.com/{{found[0][1]}}@{{found[0][2]}}" if found else None


def set_up():
    """Install gan_lessons where it is missing, and say which GPU there is."""
    import importlib.util
    import subprocess
    import sys

    if importlib.util.find_spec("gan_lessons") is None:
        address = opened_from(){otherwise}
        if address is None:
            raise ModuleNotFoundError(
                "This notebook needs the package gan_lessons and does not know where it is. "
                "In the folder of the book's repository run `pip install -e .`. Elsewhere put in "
                "the repository's address and run `%pip install --no-deps git+ADDRESS`."
            )
        # Only this book's package: everything else is used as it is installed here.
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", address]
        done = subprocess.run(pip, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"cannot install gan_lessons from {{address}}\n{{done.stderr}}")
        importlib.invalidate_caches()

    import torch

    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_name()
    elif torch.backends.mps.is_available():
        gpu = "Apple's (MPS)"
    else:
        gpu = "none, so everything runs on the CPU"
    print(f"GPU: {{gpu}}")


set_up()
del opened_from, set_up'''


def set_up(addresses: Addresses, ref: str, page: str) -> str:
    """Return the source of the set-up cell.

    Parameters
    ----------
    addresses : Addresses
        Of the repository, if it is known.
    ref : str
        The tag or commit to install from there.
    page : str
        The page of this notebook: "book/intro".
    """
    known = f"git+{addresses.repository}@{ref}" if addresses.repository else None
    return _CELL.format(page=re.escape(page), otherwise=f' or "{known}"' if known else "")
