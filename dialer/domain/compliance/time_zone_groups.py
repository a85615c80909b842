"""Leads that share their hours: the same written rules, the same zones, so one answer serves a million of them.

Pure. The gate is still asked about each lead before it is called; a group only tells a tick where asking is worth it.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.domain.compliance.hours import Window, closes_at, next_open
from dialer.domain.compliance.rules import NoRules, Rules, is_holiday, narrow, rules_of
from dialer.domain.numbers.number_region import region_of, states_of

# A carrier may start a call later than it was asked to: nothing is fed to it shortly before the window closes.
FEED_STOPS = timedelta(minutes=10)
SPREAD = timedelta(minutes=30)
# More than a fortnight can hold: a window that is never open for longer than the margin is as good as closed.
MAX_OPENINGS = 60


@dataclass(frozen=True, slots=True)
class HoursGroup:
    """What decides a lead's hours: the number's region (ISO 3166), the US states that bind, the lead's zones."""

    region: str
    states: tuple[str, ...]
    zones: tuple[str, ...]


def group_of(e164: str, state: str | None, zones: Sequence[str]) -> HoursGroup:
    """The group of a lead: phone in E.164, the lead's own state, IANA zones. No region at all is the empty text."""
    region = region_of(e164) or ""
    states = tuple(sorted(states_of(e164, state))) if region == "US" else ()
    return HoursGroup(region, states, tuple(zones))


def group_opens(group: HoursGroup, own: Window, now: datetime) -> datetime | None:
    """When leads of the group may be called (UTC) in a campaign with these hours of its own: `now` while they may.

    None where that is never in two weeks. A group nobody knows the hours of counts as open: the gate refuses its leads
    one by one, with the reason.
    """
    rules = _rules(group)
    if isinstance(rules, NoRules) or not group.zones:
        return now
    try:
        return opens(rules, narrow(rules, own), group.zones, now, FEED_STOPS)
    except (LookupError, ValueError):  # a zone that this machine does not know
        return now


def within_hours(group: HoursGroup, own: Window, wished: datetime, jitter: float) -> datetime:
    """A wished moment (UTC), or the next one at which the group's leads may be called.

    `jitter` (0 to 1) spreads those who wait for the same opening over its first half hour.
    """
    opening = group_opens(group, own, wished)
    if opening is None or opening == wished:
        return wished
    return group_opens(group, own, opening + jitter * SPREAD) or opening


def opens(rules: Rules, window: Window, zones: Sequence[str], moment: datetime, margin: timedelta) -> datetime | None:
    """The first instant (UTC) from `moment` on at which the window is open in all zones, no holiday, nor about to close."""
    rest = is_holiday(rules)
    for _ in range(MAX_OPENINGS):
        at = next_open(window, moment, zones, rest)
        if at is None or at < (closes := closes_at(window, at, zones, rest)) - margin:
            return at
        moment = closes
    return None


def when_there(at: datetime | None, zones: Sequence[str]) -> str:
    """A moment in words, in the first of the zones."""
    if at is None:
        return "at no time in the next two weeks"
    zone = zones[0] if zones else "UTC"
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} {zone}"


class OpenHoursCache:
    """Remembers until when groups are closed, so that a tick in the night computes nothing. For one process."""

    def __init__(self, most: int = 4096) -> None:
        self._closed: dict[tuple[HoursGroup, Window], tuple[datetime, datetime]] = {}
        self._most = most

    def opens(self, group: HoursGroup, own: Window, now: datetime) -> datetime | None:
        """As `group_opens`."""
        known = self._closed.get((group, own))
        if known is not None and known[0] <= now < known[1]:
            return known[1]
        at = group_opens(group, own, now)
        if at is not None and at > now:
            if len(self._closed) >= self._most:
                self._closed.clear()
            self._closed[group, own] = (now, at)
        return at


@functools.lru_cache(maxsize=4096)
def _rules(group: HoursGroup) -> Rules | NoRules:
    return rules_of(group.region or None, frozenset(group.states))
