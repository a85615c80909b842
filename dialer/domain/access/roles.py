"""Roles, and the scopes of API tokens. Pure.

`admin` does everything; `marketing` runs campaigns; `counselor` sees and moves their own bookings, edits
their own hours and days off, and reads what their leads said; `auditor` reads everything and changes nothing.
"""

from enum import StrEnum


class Role(StrEnum):
    """The role of an account."""

    ADMIN = "admin"
    MARKETING = "marketing"
    COUNSELOR = "counselor"
    AUDITOR = "auditor"


class Scope(StrEnum):
    """How much of its owner's role an API token may use."""

    READ = "read"
    WRITE = "write"
    """Everything the role may change."""
    ADMIN = "admin"
    """Actions reserved for administrators."""


Roles = frozenset[Role]
EVERYBODY: Roles = frozenset(Role)
READERS: Roles = frozenset({Role.ADMIN, Role.MARKETING, Role.AUDITOR})
"""Roles that see all leads, calls and campaigns."""
OPERATORS: Roles = frozenset({Role.ADMIN, Role.MARKETING})
"""Roles that start campaigns, import lists and place calls."""
MEETING_MANAGERS: Roles = frozenset({Role.ADMIN, Role.MARKETING, Role.COUNSELOR})
"""Roles that move bookings; a counselor only their own."""
ADMINS: Roles = frozenset({Role.ADMIN})


def required_scope(roles: Roles, *, changes: bool) -> Scope:
    """Return the scope a token needs for an action open to `roles`; `changes` is whether the action writes."""
    if roles == ADMINS:
        return Scope.ADMIN
    return Scope.WRITE if changes else Scope.READ
