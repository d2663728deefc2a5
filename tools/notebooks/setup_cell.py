"""The first cell of a notebook: it makes the package importable, where it is not."""

from __future__ import annotations

from .addresses import Addresses

_TITLE = "#@title Set-up: run this cell first"

# In Colab everything else that the chapters need is there, in versions that fit each other. With
# --no-deps pip cannot touch them. The function keeps its names out of the reader's way.
_INSTALL = """
    # Only this book's package: everything else is used as it is installed here.
    address = "{address}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", address]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"gan_lessons could not be installed from {{address}}\\n{{done.stderr}}")
    importlib.invalidate_caches()
"""

_ASK = """
    raise ModuleNotFoundError(
        "This notebook needs the package gan_lessons. In the folder of the book's repository run "
        "`pip install -e .`, then start the notebook again."
    )
"""

_CELL = '''{title}
def set_up():
    """Install gan_lessons where it is missing, and say which GPU there is."""
    import importlib.util
{imports}
    if importlib.util.find_spec("gan_lessons") is None:
{missing}
    import torch

    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_name()
    elif torch.backends.mps.is_available():
        gpu = "Apple's (MPS)"
    else:
        gpu = "none, so everything runs on the CPU"
    print(f"GPU: {{gpu}}")


set_up()
del set_up'''


def set_up(addresses: Addresses, ref: str) -> str:
    """Return the source of the set-up cell.

    Parameters
    ----------
    addresses : Addresses
        It installs from the repository; without one it says that the package is needed.
    ref : str
        The tag or commit to install.
    """
    if addresses.repository:
        imports = "    import subprocess\n    import sys\n"
        missing = _INSTALL.format(address=f"git+{addresses.repository}@{ref}")
    else:
        imports, missing = "", _ASK
    inside = "\n".join(f"    {line}" if line else "" for line in missing.strip("\n").split("\n"))
    return _CELL.format(title=_TITLE, imports=imports, missing=inside + "\n")
