"""Taking a port before anything else, so that one in use is said in one line."""

import socket


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to the port, not listening yet.

    Raises:
        OSError: the port is in use, or not ours to take.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener
