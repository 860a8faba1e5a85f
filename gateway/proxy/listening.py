"""Sockets at an address, bound before anybody listens: by one process, for several to listen on."""

import os
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack


def bind(host: str, port: int) -> list[socket.socket]:
    """One for each of the host's addresses, all with one port, which the system chooses if it is 0. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    with ExitStack() as stack:
        sockets: list[socket.socket] = []
        for family, _, _, _, address in dict.fromkeys(found):
            made = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            _bind(made, (address[0], port_of(sockets) or port, *address[2:]))
            sockets.append(made)
        stack.pop_all()
        return sockets


def port_of(sockets: Sequence[socket.socket]) -> int:
    """0 where there are none."""
    return int(sockets[0].getsockname()[1]) if sockets else 0


def _bind(made: socket.socket, address: tuple[object, ...]) -> None:
    if sys.platform != "win32":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.setblocking(False)
    try:
        made.bind(address)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise OSError(error.errno, f"error while attempting to bind on address {address!r}: {reason}") from None
