"""When the last retry of a lead can be: the longest chain of retries that a campaign's policy allows. Pure."""

from datetime import datetime, timedelta

from dialer.domain.calling.retry import Policy
from dialer.domain.compliance.hours import Window
from dialer.domain.compliance.time_zone_groups import HoursGroup, within_hours

LATEST = 1.0
"""The jitter that lengthens a wait, and spreads calls over the first half hour of an opening, the most."""
DAY = timedelta(hours=24)


def last_retry(policy: Policy, first_call: datetime, group: HoursGroup, own: Window, calls_per_day: int) -> datetime:
    """The latest moment (UTC) of a retry for a lead first called at `first_call`; that moment itself without retries.

    Each outcome is retried as often as its limit allows, the longest waits first, within the lead's hours and the
    campaign's calls in 24 hours. A call-back that a student asks for may be later: nobody can know it before.
    """
    waits = sorted((again.wait for again in policy.again.values() for _ in range(again.limit - 1)), reverse=True)
    calls = [first_call]
    for wait in waits[: policy.max_attempts - 1]:
        at = calls[-1] + wait * (1 + LATEST / 10)
        if len(calls) >= calls_per_day:
            at = max(at, calls[-calls_per_day] + DAY)
        calls.append(within_hours(group, own, at, LATEST))
    return calls[-1]
