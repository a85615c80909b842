"""Who may do what: four roles, and what of a role a token may use. Pure.

`admin` does everything; `marketing` runs campaigns; `counselor` sees and moves their own bookings, keeps
their own hours and days off, and sees what their leads said; `auditor` reads all and changes nothing.
"""

from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for."""

    ADMIN = "admin"
    MARKETING = "marketing"
    COUNSELOR = "counselor"
    AUDITOR = "auditor"


class Scope(StrEnum):
    """What a token may use of its owner's role."""

    READ = "read"
    """Look."""
    WRITE = "write"
    """Change what the role may change."""
    ADMIN = "admin"
    """What only administrators may."""


Roles = frozenset[Role]
EVERYBODY: Roles = frozenset(Role)
READERS: Roles = frozenset({Role.ADMIN, Role.MARKETING, Role.AUDITOR})
"""Who sees all leads, calls and campaigns."""
OPERATORS: Roles = frozenset({Role.ADMIN, Role.MARKETING})
"""Who launches campaigns, imports lists, rings people."""
MEETING_MANAGERS: Roles = frozenset({Role.ADMIN, Role.MARKETING, Role.COUNSELOR})
"""Who moves bookings; a counselor their own."""
ADMINS: Roles = frozenset({Role.ADMIN})


def required_scope(roles: Roles, *, changes: bool) -> Scope:
    """The scope that a token needs for what these roles may do; whether it `changes` anything."""
    if roles == ADMINS:
        return Scope.ADMIN
    return Scope.WRITE if changes else Scope.READ
