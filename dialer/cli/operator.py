"""The actor of a command: whoever has a shell on this machine administers it."""

import os
from getpass import getuser

from dialer.domain.access.roles import Role
from dialer.services.actor import ON_BEHALF_OF, Actor


def operator() -> Actor:
    """An administrator with the name of the system account, or of the account for which the web started the command."""
    return Actor(0, os.environ.get(ON_BEHALF_OF) or f"cli:{getuser()}", Role.ADMIN)
