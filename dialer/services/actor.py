"""Who acts: an account in a browser, an API token, or an operator with a shell on this machine."""

from dataclasses import dataclass

from dialer.domain.access.roles import Role, Scope, required_scope
from dialer.services.actions import BOOKING_CANCEL, BOOKING_MOVE, BOOKING_OUTCOME, Action


class ForbiddenError(Exception):
    """The actor may not do this; the message says who may."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The account that acts. `account_id` is 0 for an operator at the command line."""

    account_id: int
    email: str
    """What the audit log calls them: an email address, or `cli:` and a system account."""
    role: Role
    counselor_id: int | None = None
    scopes: frozenset[Scope] = frozenset(Scope)
    key_hash: str = ""
    """Hash of the browser session's key; empty for a token or an operator."""
    must_change: bool = False
    has_second_factor: bool = True
    """False for a browser session of an account without two-factor authentication."""

    @property
    def is_token(self) -> bool:
        """Whether this is an API token, not a browser session or an operator."""
        return bool(self.account_id) and not self.key_hash

    @property
    def only(self) -> int | None:
        """The counselor whose meetings and leads alone the actor sees; None for all, 0 for a counselor without a profile."""
        return (self.counselor_id or 0) if self.role is Role.COUNSELOR else None

    def require(self, action: Action) -> None:
        """Check that the actor may do this.

        Raises:
            ForbiddenError: the role or the token's scopes do not include the action.
        """
        if self.role not in action.roles:
            roles = " or ".join(sorted(each.value for each in action.roles))
            raise ForbiddenError(f"You cannot {action.verb} as {self.role.value}. Ask someone with the role {roles}.")
        scope = required_scope(action.roles, changes=True)
        if scope not in self.scopes:
            raise ForbiddenError(f"You cannot {action.verb} with this API token: it lacks the scope {scope.value}.")


@dataclass(frozen=True, slots=True)
class LinkHolder:
    """Whoever opened a signed link: a student or a counselor without a session, who may act on the one meeting it names."""

    email: str
    """What the audit log calls them: `student` or `counselor`."""

    def require(self, action: Action) -> None:
        """Check that a link is enough. Raises ForbiddenError."""
        if action not in (BOOKING_MOVE, BOOKING_CANCEL, BOOKING_OUTCOME):
            raise ForbiddenError(f"You cannot {action.verb} with a link.")


STUDENT = LinkHolder("student")
COUNSELOR = LinkHolder("counselor")
