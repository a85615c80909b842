"""Groups of leads with the same calling hours (same rules, same time zones), so that hours are computed once per group.

Pure. The gate still decides for each lead before a call; a group only tells a scheduler tick which leads to look at.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.domain.compliance.hours import Window, closes_at, next_open
from dialer.domain.compliance.rules import NoRules, Rules, is_holiday, narrow, rules_of
from dialer.domain.numbers.number_region import region_of, states_of

# A carrier may start a call later than requested, so no call is requested shortly before the window closes.
FEED_STOPS = timedelta(minutes=10)
SPREAD = timedelta(minutes=30)
# More openings than two weeks can hold: a window that is never open for longer than the margin counts as closed.
MAX_OPENINGS = 60


@dataclass(frozen=True, slots=True)
class HoursGroup:
    """What determines a lead's hours: the number's region (ISO 3166), the applicable US states and the time zones."""

    region: str
    states: tuple[str, ...]
    zones: tuple[str, ...]


def group_of(e164: str, state: str | None, zones: Sequence[str]) -> HoursGroup:
    """Return a lead's group from its phone (E.164), its state and its IANA zones; an unknown region is ""."""
    region = region_of(e164) or ""
    states = tuple(sorted(states_of(e164, state))) if region == "US" else ()
    return HoursGroup(region, states, tuple(zones))


def group_opens(group: HoursGroup, own: Window, now: datetime) -> datetime | None:
    """Return when the group's leads may next be called (UTC), given the campaign's hours `own`; `now` if they may now.

    None if not within two weeks. A group without known hours counts as open: the gate then refuses each of its leads
    with the reason.
    """
    rules = _rules(group)
    if isinstance(rules, NoRules) or not group.zones:
        return now
    try:
        return opens(rules, narrow(rules, own), group.zones, now, FEED_STOPS)
    except (LookupError, ValueError):  # the time zone database lacks this zone
        return now


def within_hours(group: HoursGroup, own: Window, wished: datetime, jitter: float) -> datetime:
    """Return `wished` (UTC), or the next time at which the group's leads may be called.

    `jitter` (0 to 1) spreads leads that wait for the same opening over its first half hour.
    """
    opening = group_opens(group, own, wished)
    if opening is None or opening == wished:
        return wished
    return group_opens(group, own, opening + jitter * SPREAD) or opening


def opens(rules: Rules, window: Window, zones: Sequence[str], moment: datetime, margin: timedelta) -> datetime | None:
    """Return the first instant (UTC) from `moment` on that is open in all zones, no holiday and `margin` before closing.

    None if there is none within two weeks.
    """
    holidays = is_holiday(rules)
    for _ in range(MAX_OPENINGS):
        at = next_open(window, moment, zones, holidays)
        if at is None or at < (closes := closes_at(window, at, zones, holidays)) - margin:
            return at
        moment = closes
    return None


def when_there(at: datetime | None, zones: Sequence[str]) -> str:
    """Format a time in the first of the zones."""
    if at is None:
        return "at no time in the next two weeks"
    zone = zones[0] if zones else "UTC"
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} {zone}"


class OpenHoursCache:
    """Per-process cache of when closed groups open, so that ticks outside calling hours compute nothing."""

    def __init__(self, most: int = 4096) -> None:
        self._closed: dict[tuple[HoursGroup, Window], tuple[datetime, datetime]] = {}
        self._most = most

    def opens(self, group: HoursGroup, own: Window, now: datetime) -> datetime | None:
        """Return `group_opens`, cached while the group is closed."""
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
