"""The caller of a command: whoever has a shell on this machine administers it."""

from getpass import getuser

from dialer.domain.access.roles import Role
from dialer.services.actor import Actor


def operator() -> Actor:
    """This machine's operator, with the name of their system account for the audit log."""
    return Actor(0, f"cli:{getuser()}", Role.ADMIN)
