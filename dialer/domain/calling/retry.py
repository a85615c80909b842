"""Retry policy: when to call a lead again, and when to give up.

Pure: the caller passes in the time and stores the result. A retry time is the earliest one wanted: the caller moves it
into the lead's calling hours (`time_zone_groups.within_hours`), and the gate decides again when it is due.
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
    """How often and how soon one outcome is retried."""

    wait: timedelta
    limit: int
    """How many calls of a lead may end in this outcome, the first included, before giving up."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A campaign's retry policy: a wait and a limit per outcome, and a limit on all calls of a lead."""

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
    """Call again, not before `at` (UTC)."""

    at: datetime
    promised: bool = False
    """The student named the time: call at that minute, before leads not called yet."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not call the lead again; `reason` is shown to the marketer."""

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
    """Decide what follows call number `attempt` (from 1) of a lead, which ended in `outcome` at `now` (UTC).

    `same` counts the lead's calls with this outcome, this one included. `jitter` (0 to 1) lengthens the wait by up to a
    tenth, so that leads that did not answer at the same time are not all called again at the same time. A promised
    callback has no jitter and ignores the limits, because the student asked for it.
    """
    if outcome in FINAL_OUTCOMES:
        return GiveUp(reason=outcome.value)
    if outcome is Outcome.CALL_LATER and promised_at is not None:
        return RetryAt(promised_at, promised=True)
    if outcome is Outcome.NOT_PLACED:
        return RetryAt(now + policy.again[Outcome.FAILED].wait * (1 + jitter / 10))
    if attempt >= policy.max_attempts:
        return GiveUp(reason="attempts used up")
    rule = policy.again[Outcome.DROPPED if outcome is Outcome.CALL_LATER else outcome]
    if same >= rule.limit:
        return GiveUp(reason=f"{outcome.value} {same} times")
    return RetryAt(now + rule.wait * (1 + jitter / 10))


def after_no_show(attempts: int, no_shows: int, now: datetime, policy: Policy) -> RetryAt | GiveUp:
    """Decide what follows a no-show: one follow-up call, within the campaign's attempts.

    `attempts` counts the lead's calls so far, `no_shows` the meetings they missed, this one included.
    """
    if no_shows >= MAX_NO_SHOWS:
        return GiveUp(reason=f"did not come {no_shows} times")
    if attempts >= policy.max_attempts:
        return GiveUp(reason="did not come; attempts used up")
    return RetryAt(now + NO_SHOW_WAIT)
