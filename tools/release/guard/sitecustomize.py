"""Python reads this first where its folder is in PYTHONPATH: no connection leaves the machine."""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

CONNECTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
ASKS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


def is_here(host: object) -> bool:
    """Whether a name or an address is that of this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name in {"localhost", socket.gethostname()}:
        return True
    try:
        address = ipaddress.ip_address(str(name))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise PermissionError where Python is about to reach another machine."""
    if event in CONNECTS:
        address = arguments[1]
        if not isinstance(address, tuple):  # a file, or a socket that is connected already
            return
        host = address[0]
    elif event in ASKS:
        host = arguments[0]
    else:
        return
    if not is_here(host):
        raise PermissionError(f"the network is blocked here, and {host!r} was asked for")


if __name__ == "sitecustomize":  # imported by Python itself, not by a test
    sys.addaudithook(refuse)
