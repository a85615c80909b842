"""Limits on promised call-backs. A promise outranks a campaign's own caps, so it needs limits that nothing lifts. Pure.

Without them an answering machine that says "call again in five minutes", or somebody who picks up another person's
phone, could have a number called all day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

DAY, WEEK = timedelta(days=1), timedelta(days=7)
MAX_PER_DAY = 1
MAX_PER_WEEK = 2
MIN_WAIT = timedelta(minutes=15)
"""The soonest a call-back may be promised, unless it is the lead's first in a week."""


@dataclass(frozen=True, slots=True)
class PromiseRefused:
    """No call-back is promised; the ordinary retry rules hold."""

    reason: str


def promise(at: datetime, now: datetime, earlier: Sequence[datetime], *, machine: bool) -> datetime | PromiseRefused:
    """Return when a call-back may be promised that was asked for `at`, or why none may. All times are UTC.

    `earlier` are the moments at which call-backs were promised to this lead before, in whatever order; `machine` says
    that an answering machine took the call.
    """
    if machine:
        return PromiseRefused("a machine answered")
    recent = [made for made in earlier if made > now - WEEK]
    if sum(made > now - DAY for made in recent) >= MAX_PER_DAY:
        return PromiseRefused("a call-back was promised today already")
    if len(recent) >= MAX_PER_WEEK:
        return PromiseRefused("two call-backs were promised this week already")
    return max(at, now + MIN_WAIT) if recent else at
