"""When to ring a lead again, and when to leave them alone.

Pure: the caller passes the time in and stores what comes out. The moment that comes out is the earliest one wished
for: the caller moves it into the lead's hours (`hours_group.within_hours`), and the gate still has to agree when it comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.domain.calling.call import Outcome

FINAL_OUTCOMES = frozenset(
    {
        Outcome.BOOKED,
        Outcome.QUALIFIED,
        Outcome.NOT_INTERESTED,
        Outcome.DO_NOT_CALL,
        Outcome.WRONG_PERSON,
        Outcome.INVALID_NUMBER,
    }
)


NO_SHOW_WAIT = timedelta(hours=2)
MAX_NO_SHOWS = 2


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often and how soon one outcome is tried again."""

    wait: timedelta
    limit: int
    """How many calls of a lead may end so before it is given up, counted from 1."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A campaign's retry policy: per outcome a wait and a limit, and a limit over all calls of a lead."""

    max_attempts: int
    again: Mapping[Outcome, RetryRule]


DEFAULT_POLICY = Policy(
    max_attempts=4,
    again={
        Outcome.NO_ANSWER: RetryRule(timedelta(hours=3), 3),
        Outcome.BUSY: RetryRule(timedelta(minutes=30), 3),
        Outcome.FAILED: RetryRule(timedelta(hours=1), 2),
        Outcome.VOICEMAIL: RetryRule(timedelta(hours=20), 2),
        Outcome.DROPPED: RetryRule(timedelta(hours=2), 2),
    },
)


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Ring again, not before this moment (UTC)."""

    at: datetime
    promised: bool = False
    """The person named the time: keep it to the minute, and before fresh leads."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Leave the lead alone; the reason is for the marketer's eyes."""

    reason: str


def decide(
    outcome: Outcome,
    attempt: int,
    same: int,
    now: datetime,
    policy: Policy,
    promised_at: datetime | None = None,
    jitter: float = 0.0,
) -> RetryAt | GiveUp:
    """Decide what follows the `attempt`-th call (from 1) of a lead that ended in `outcome` at `now` (UTC).

    `jitter` (0 to 1) lengthens the wait by up to a tenth, so that those who did not answer together are not all called
    together again. `same` counts the lead's calls that ended in this outcome, this one included. A promised call-back
    is kept to the minute and whatever the counts say: the person asked for it.
    """
    if outcome in FINAL_OUTCOMES:
        return GiveUp(reason=outcome.value)
    if outcome is Outcome.CALL_LATER and promised_at is not None:
        return RetryAt(promised_at, promised=True)
    if outcome is Outcome.NOT_PLACED:
        return RetryAt(now + policy.again[Outcome.FAILED].wait * (1 + jitter / 10))
    if attempt >= policy.max_attempts:
        return GiveUp(reason="attempts used up")
    again = policy.again[Outcome.DROPPED if outcome is Outcome.CALL_LATER else outcome]
    if same >= again.limit:
        return GiveUp(reason=f"{outcome.value} {same} times")
    return RetryAt(now + again.wait * (1 + jitter / 10))


def after_no_show(attempts: int, no_shows: int, now: datetime, policy: Policy) -> RetryAt | GiveUp:
    """What follows when somebody did not come to a meeting: one friendly call, as far as the campaign's attempts go.

    `attempts` are the lead's calls so far, `no_shows` the meetings that they missed, this one included.
    """
    if no_shows >= MAX_NO_SHOWS:
        return GiveUp(reason=f"did not come {no_shows} times")
    if attempts >= policy.max_attempts:
        return GiveUp(reason="did not come; attempts used up")
    return RetryAt(now + NO_SHOW_WAIT)
