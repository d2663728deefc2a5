"""Scripts of the maintainers, tested like the rest. None of them is part of the package."""

import sys
from pathlib import Path

# Where the book's extension is: the addresses of the repository and the book are known there.
sys.path.append(str(Path(__file__).resolve().parent.parent / "book" / "_ext"))
