"""Counselors' own calendars, read again and again: only when they are busy is kept, never with what."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from dialer.domain.meetings.slots import LOOKAHEAD_DAYS, Span
from dialer.net.ics.busy import CalendarError
from dialer.net.safe_http import SafeHttpClient
from dialer.store.meetings import counselors
from dialer.store.sessions import Sessions

Expand: TypeAlias = Callable[[bytes, str, datetime, datetime], Awaitable[list[Span]]]
"""Returns the busy times of a file between two moments, see net/ics/busy.busy_times; raises CalendarError.

The file is somebody else's: the caller runs this where it can do no harm.
"""
READ_EVERY = timedelta(minutes=10)
MAX_BYTES = 4 * 1024 * 1024
BEHIND, AHEAD = timedelta(days=1), timedelta(days=LOOKAHEAD_DAYS + 3)
AHEAD_OF_LATER = timedelta(days=7)
"""Read further than is offered, so that what was read last still covers the days that are offered when it fails."""


async def read_calendars(
    sessions: Sessions, outside: SafeHttpClient, expand: Expand, now: datetime, *, every: timedelta = READ_EVERY
) -> int:
    """Read those that are due (by real time) for the days from simulated `now` on; how many were read."""
    async with sessions.begin() as session:
        due = await counselors.claim_calendars(session, every)
    return sum([await _read(sessions, outside, expand, calendar, now) for calendar in due])


async def _read(
    sessions: Sessions, outside: SafeHttpClient, expand: Expand, calendar: tuple[int, str, str], now: datetime
) -> bool:
    counselor_id, url, zone = calendar
    found = await fetch_busy(outside, expand, url, zone, now)
    async with sessions.begin() as session:
        if isinstance(found, str):
            await counselors.calendar_failed(session, counselor_id, found)
            return False
        return await counselors.calendar_read(session, counselor_id, url, found)


async def fetch_busy(outside: SafeHttpClient, expand: Expand, url: str, zone: str, now: datetime) -> list[Span] | str:
    """The busy times of a calendar from simulated `now` on, or why they cannot be read, in one line."""
    fetched = await outside.fetch(https_url(url), MAX_BYTES)
    if fetched.body is None:
        return fetched.says
    try:
        return await expand(fetched.body, zone, now - BEHIND, now + AHEAD + AHEAD_OF_LATER)
    except CalendarError as error:
        return str(error)


def https_url(url: str) -> str:
    """An address of a calendar as it is fetched: webcal:// is https://."""
    scheme, mark, rest = url.partition("://")
    return f"https://{rest}" if mark and scheme.lower() in ("webcal", "webcals") else url
