"""The book in one file to download, and the checksums.

The same pages give the same bytes: names are sorted, times and rights are fixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

FIRST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name
READABLE = 0o100644 << 16


def pack(folder: Path, file: Path) -> None:
    """Put every file of a folder into a zip file, below one folder of that file's name.

    Parameters
    ----------
    folder
        The built book.
    file
        The zip file.

    Raises
    ------
    ValueError
        The folder holds no ``index.html``.
    """
    if not (folder / "index.html").is_file():
        raise ValueError(f"folder must hold a built book, got {folder}")
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {f"{file.stem}/{path.relative_to(folder).as_posix()}": path for path in files}
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=9) as opened:
        for name, path in sorted(names.items()):
            entry = ZipInfo(name, FIRST)
            entry.external_attr = READABLE
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it is made
            opened.writestr(entry, path.read_bytes(), compresslevel=9)


def checksums(files: Iterable[Path]) -> str:
    """Return one line for each file, as ``sha256sum --check`` reads them."""
    lines = (f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in sorted(files))
    return "".join(lines)
