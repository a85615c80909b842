"""Actors for services that tests call directly."""

from dialer.domain.access.roles import Role
from dialer.services.actor import Actor

ADMIN = Actor(0, "a test", Role.ADMIN)
