"""The actor of a command: whoever has a shell on this machine administers it."""

from getpass import getuser

from dialer.domain.access.roles import Role
from dialer.services.actor import Actor


def operator() -> Actor:
    """An administrator with the name of the system account."""
    return Actor(0, f"cli:{getuser()}", Role.ADMIN)
