"""Run a command that cannot reach the network.

On Linux, where one may, the command gets a network of its own that holds nothing but the machine
itself (``unshare``). Elsewhere every Python process under it refuses to connect to another machine
(``guard/sitecustomize.py``); Chromium's pages are offline in any case.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

GUARD = Path(__file__).with_name("guard")


@cache
def own_network() -> tuple[str, ...]:
    """Return the command that gives another one a network of its own; empty where there is none."""
    starter = ("unshare", "--map-root-user", "--net", sys.executable, str(Path(__file__)))
    if not shutil.which("unshare"):
        return ()
    tried = subprocess.run([*starter, "true"], capture_output=True, check=False)
    return starter if tried.returncode == 0 else ()


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    starter: Sequence[str] | None = None,
) -> int:
    """Run a command without a network; return its exit status.

    Parameters
    ----------
    command, folder
        What to run, and where.
    environment
        Variables beside those of this process.
    starter
        As ``own_network`` returns it, which is asked where this is None.
    """
    starter = own_network() if starter is None else starter
    variables = os.environ | dict(environment)
    if not starter:
        paths = [str(GUARD), *filter(None, [variables.get("PYTHONPATH")])]
        variables["PYTHONPATH"] = os.pathsep.join(paths)
    return subprocess.run([*starter, *command], cwd=folder, env=variables, check=False).returncode


def _start_loopback() -> None:
    """Let the machine reach itself: kernels and test servers are at 127.0.0.1."""
    import fcntl  # not on Windows, which has no `unshare` either

    get, put, up = 0x8913, 0x8914, 1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, get, struct.pack("16sh", b"lo", 0).ljust(40, b"\0"))
        (flags,) = struct.unpack_from("h", answer, 16)
        fcntl.ioctl(any_socket, put, struct.pack("16sh", b"lo", flags | up).ljust(40, b"\0"))


if __name__ == "__main__":
    _start_loopback()
    os.execvp(sys.argv[1], sys.argv[1:])
