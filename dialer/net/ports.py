"""Taking a port before anything else, so that one in use is said in one line."""

import random
import socket

PORT_RANGE = range(20_000, 32_000)
"""Ports: nobody gets one of them between our look and our use, but by naming it."""


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the port, not listening yet.

    Raises:
        OSError: the port is in use, or not ours to take.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, below those that the kernel gives to whoever asks for any."""
    probes: list[socket.socket] = []
    try:
        for port in random.SystemRandom().sample(PORT_RANGE, k=len(PORT_RANGE)):
            if len(probes) == count:
                break
            probe = socket.socket()
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                probe.close()
            else:
                probes.append(probe)
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
