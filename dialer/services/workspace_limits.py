"""Limits of the whole installation on calls and spend, which no campaign, promise or account lifts."""

from dataclasses import dataclass
from decimal import Decimal

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.campaigns import workspace_limits
from dialer.store.sessions import Session

MAX_CALLS_PER_NUMBER_DAY = 20
MAX_SINGLE_CALLS_DAY = 10_000
MAX_SPEND_DAY = Decimal(1_000_000)


class LimitsError(ValueError):
    """A limit out of range; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls to one number, USD and single calls in 24 hours."""

    calls_per_number_day: int
    spend_day: Decimal
    single_calls_day: int

    def as_dict(self) -> dict[str, int | str]:
        """Return the limits for JSON, money as text."""
        return {
            "calls_per_number_day": self.calls_per_number_day,
            "spend_day": f"{self.spend_day:.2f}",
            "single_calls_day": self.single_calls_day,
        }


async def read_limits(session: Session) -> Limits:
    """Return the limits that hold now."""
    row = await workspace_limits.read(session)
    return Limits(row.calls_per_number_day, row.spend_day, row.single_calls_day)


async def set_limits(
    session: Session,
    actor: Actor,
    *,
    calls_per_number_day: int | None = None,
    spend_day: Decimal | None = None,
    single_calls_day: int | None = None,
) -> Limits:
    """Change the limits that are given; the others stay.

    Raises:
        ForbiddenError: `actor` is not an administrator.
        LimitsError: a limit is out of range.
    """
    actor.require(actions.LIMITS_SET)
    before = await read_limits(session)
    limits = Limits(
        before.calls_per_number_day if calls_per_number_day is None else calls_per_number_day,
        before.spend_day if spend_day is None else spend_day,
        before.single_calls_day if single_calls_day is None else single_calls_day,
    )
    if not 1 <= limits.calls_per_number_day <= MAX_CALLS_PER_NUMBER_DAY:
        raise LimitsError(f"Calls to one number in a day are 1 to {MAX_CALLS_PER_NUMBER_DAY}.")
    if not 0 <= limits.spend_day <= MAX_SPEND_DAY:
        raise LimitsError(f"Spend in a day is 0 to {MAX_SPEND_DAY:,} USD.")
    if not 0 <= limits.single_calls_day <= MAX_SINGLE_CALLS_DAY:
        raise LimitsError(f"Single calls in a day are 0 to {MAX_SINGLE_CALLS_DAY:,}.")
    await workspace_limits.save(
        session,
        calls_per_number_day=limits.calls_per_number_day,
        spend_day=limits.spend_day,
        single_calls_day=limits.single_calls_day,
    )
    await record(session, actor, actions.LIMITS_SET, {"before": before.as_dict(), "after": limits.as_dict()})
    return limits
