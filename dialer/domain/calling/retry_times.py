"""The latest possible retry of a lead: the longest chain of retries that a campaign's policy allows. Pure."""

from datetime import datetime, timedelta

from dialer.domain.calling.retry import Policy
from dialer.domain.compliance.hours import Window
from dialer.domain.compliance.time_zone_groups import HoursGroup, within_hours

LATEST = 1.0
"""The maximum jitter: it lengthens waits, and spreads calls over the first half hour of an opening, the most."""
DAY = timedelta(hours=24)


def last_retry(policy: Policy, first_call: datetime, group: HoursGroup, own: Window, calls_per_day: int) -> datetime:
    """Return the latest time (UTC) of a retry for a lead first called at `first_call`; `first_call` without retries.

    Assumes each outcome is retried up to its limit, longest waits first, within the lead's calling hours and the
    campaign's limit of calls in 24 hours. A callback that a student asks for may be later and is not predicted.
    """
    waits = sorted((rule.wait for rule in policy.again.values() for _ in range(rule.limit - 1)), reverse=True)
    calls = [first_call]
    for wait in waits[: policy.max_attempts - 1]:
        at = calls[-1] + wait * (1 + LATEST / 10)
        if len(calls) >= calls_per_day:
            at = max(at, calls[-calls_per_day] + DAY)
        calls.append(within_hours(group, own, at, LATEST))
    return calls[-1]
