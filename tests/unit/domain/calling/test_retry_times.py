"""The last retry that a policy allows, in the lead's hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dialer.domain.calling.call import Outcome
from dialer.domain.calling.retry import DEFAULT_POLICY, Policy, RetryRule
from dialer.domain.calling.retry_times import last_retry
from dialer.domain.compliance.hours import DEFAULT
from dialer.domain.compliance.time_zone_groups import HoursGroup

INDIA = HoursGroup("IN", (), ("Asia/Kolkata",))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of February 2026 in India; the 10th is a Tuesday."""
    return datetime(2026, 2, day, hour, minute, tzinfo=ZoneInfo("Asia/Kolkata")).astimezone(UTC)


def only(outcome: Outcome, wait: timedelta, limit: int, attempts: int = 4) -> Policy:
    return Policy(attempts, {outcome: RetryRule(wait, limit)})


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (only(Outcome.BUSY, timedelta(minutes=30), 3), at(10, 12, 6)),
        (only(Outcome.BUSY, timedelta(minutes=30), 1), at(10, 11)),
        (only(Outcome.BUSY, timedelta(minutes=30), 9, attempts=2), at(10, 11, 33)),
        # 22 hours later it is nine: the next opening, at the end of the half hour over which it is spread.
        (only(Outcome.VOICEMAIL, timedelta(hours=20), 2), at(11, 10, 30)),
        # Wednesday 10:30, 13:48, and the next day when the second call is 24 hours ago.
        (DEFAULT_POLICY, at(12, 10, 30)),
    ],
)
def test_the_last_retry_waits_as_the_policy_says_and_for_hours(policy: Policy, expected: datetime) -> None:
    assert last_retry(policy, at(10, 11), INDIA, DEFAULT, 2 if policy is DEFAULT_POLICY else 10) == expected


def test_a_cap_on_calls_a_day_puts_retries_off() -> None:
    busy = only(Outcome.BUSY, timedelta(minutes=30), 3)
    assert last_retry(busy, at(10, 11), INDIA, DEFAULT, 1) == at(12, 11)


def test_a_retry_on_a_saturday_evening_waits_for_monday() -> None:
    assert last_retry(only(Outcome.NO_ANSWER, timedelta(hours=3), 2), at(14, 18), INDIA, DEFAULT, 2) == at(16, 10, 30)
