"""Loopback ports: free ones, and whether a wanted one is taken."""

from __future__ import annotations

import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"


def _bind(port: int, host: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def bind_error(port: int, host: str = LOOPBACK) -> OSError | None:
    """Why no server could listen on `port` now, or None when one could."""
    try:
        _bind(port, host).close()
    except OSError as error:
        return error
    return None


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on `port` now."""
    return bind_error(port, host) is None


def free_ports(count: int, preferred: tuple[int, ...] = ()) -> list[int]:
    """`count` different free loopback ports; those of `preferred` that are free come first, in their place.

    All are held open together while choosing, so no port is given twice.
    """
    chosen: list[int] = []
    with ExitStack() as held:
        for index in range(count):
            wanted = preferred[index] if index < len(preferred) else 0
            try:
                listener = _bind(wanted, LOOPBACK)
            except OSError:
                listener = _bind(0, LOOPBACK)
            held.enter_context(listener)
            chosen.append(int(listener.getsockname()[1]))
    return chosen
