"""Counselors' own calendars, read again and again: only when they are busy is kept, never with what."""

import asyncio
from datetime import datetime, timedelta

from dialer.domain.meetings.slots import LOOKAHEAD_DAYS, Span
from dialer.net.ics.busy import CalendarError, busy_times
from dialer.net.safe_http import SafeHttpClient
from dialer.store.meetings import counselors
from dialer.store.sessions import Sessions

READ_EVERY = timedelta(minutes=10)
MAX_BYTES = 4 * 1024 * 1024
BEHIND, AHEAD = timedelta(days=1), timedelta(days=LOOKAHEAD_DAYS + 3)
AHEAD_OF_LATER = timedelta(days=7)
"""Read further than is offered, so that what was read last still covers the days that are offered when it fails."""


async def read_calendars(
    sessions: Sessions, outside: SafeHttpClient, now: datetime, *, every: timedelta = READ_EVERY
) -> int:
    """Read those that are due (by real time) for the days from simulated `now` on; how many were read."""
    async with sessions.begin() as session:
        due = await counselors.claim_calendars(session, every)
    return sum([await _read(sessions, outside, counselor_id, url, zone, now) for counselor_id, url, zone in due])


async def _read(
    sessions: Sessions, outside: SafeHttpClient, counselor_id: int, url: str, zone: str, now: datetime
) -> bool:
    found = await fetch_busy(outside, url, zone, now)
    async with sessions.begin() as session:
        if isinstance(found, str):
            await counselors.calendar_failed(session, counselor_id, found)
            return False
        return await counselors.calendar_read(session, counselor_id, url, found)


async def fetch_busy(outside: SafeHttpClient, url: str, zone: str, now: datetime) -> list[Span] | str:
    """The busy times of a calendar from simulated `now` on, or why they cannot be read, in one line."""
    fetched = await outside.fetch(https_url(url), MAX_BYTES)
    if fetched.body is None:
        return fetched.says
    try:
        # Beside the loop: a long calendar takes a second.
        return await asyncio.to_thread(busy_times, fetched.body, zone, now - BEHIND, now + AHEAD + AHEAD_OF_LATER)
    except CalendarError as error:
        return str(error)


def https_url(url: str) -> str:
    """An address of a calendar as it is fetched: webcal:// is https://."""
    scheme, mark, rest = url.partition("://")
    return f"https://{rest}" if mark and scheme.lower() in ("webcal", "webcals") else url
