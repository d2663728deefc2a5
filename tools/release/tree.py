"""Is this commit fit for a release, and a clean copy of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# Make compares their times with that of the environment, which is up to date.
MADE_FROM = ("requirements.txt", "pyproject.toml")


class NotReadyError(Exception):
    """The commit cannot be released; the message says why and what to do."""


def git(root: Path, *arguments: str) -> str:
    """Run git in a folder; return what it says."""
    return subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()


def refuse_unless_ready(root: Path, version: str) -> None:
    """Look whether everything is committed and the version's number is free.

    A tag of this version on this very commit is no obstacle: then the release is made once more.

    Parameters
    ----------
    root
        The repository.
    version
        As the package says it, such as "0.1.0".

    Raises
    ------
    NotReadyError
        Something is not committed, or the version is that of another commit.
    """
    changed = git(root, "status", "--porcelain").splitlines()
    if changed:
        shown = "\n".join(changed[:10])
        raise NotReadyError(f"commit or put aside what has changed, then release:\n{shown}")
    tag = f"v{version}"
    if git(root, "tag", "--list", tag):
        tagged, here = git(root, "rev-parse", f"{tag}^{{commit}}"), git(root, "rev-parse", "HEAD")
        if tagged != here:
            raise NotReadyError(
                f"version {version} is already tagged, on commit {tagged[:12]}; this is "
                f"{here[:12]}. Give gan_lessons/__init__.py and CITATION.cff the next number."
            )


def copy(root: Path, folder: Path) -> dict[str, str]:
    """Copy the commit, and nothing else, into a folder that uses the same environment.

    Returns
    -------
    dict
        Environment variables with which commands there use the copy's package.
    """
    git(root, "clone", "--quiet", "--no-hardlinks", str(root), str(folder))
    (folder / ".venv").symlink_to(root / ".venv")
    # .gitignore has it as a folder, and here it is a link.
    with (folder / ".git" / "info" / "exclude").open("a", encoding="utf-8") as file:
        file.write(".venv\n")
    for name in MADE_FROM:
        if (folder / name).is_file():
            os.utime(folder / name, (0, 0))
    date = git(root, "log", "-1", "--format=%ct")
    # The environment holds the first tree's package; PYTHONPATH goes before it.
    return {"PYTHONPATH": str(folder), "SOURCE_DATE_EPOCH": date}
