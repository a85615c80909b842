"""Invitations that calendars take over and update in place, and a counselor's own calendar (RFC 5545, 5546).

One meeting has one UID for ever; every change counts SEQUENCE up. Times stand in the reader's own zone, with its
VTIMEZONE beside them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

Method: TypeAlias = Literal["REQUEST", "CANCEL"]
PRODUCT = "-//One Window//dialer//EN"
A_YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who is written to, or writes."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A meeting as it stands in one reader's calendar; `starts`, `ends` and `stamp` are UTC, `zone` the reader's."""

    booking_id: UUID
    sequence: int
    starts: datetime
    ends: datetime
    zone: str
    stamp: datetime
    summary: str
    description: str
    cancelled: bool = False


def uid_of(booking_id: UUID) -> str:
    """The UID under which calendars know a meeting."""
    return f"{booking_id}@one-window-dialer"


def invitation(entry: Entry, organizer: Party, attendee: Party) -> tuple[bytes, Method]:
    """The iCalendar object for one attendee, and its METHOD: REQUEST, or CANCEL where the meeting is cancelled."""
    method: Method = "CANCEL" if entry.cancelled else "REQUEST"
    event = _event(entry)
    address = vCalAddress(f"mailto:{organizer.email}")
    address.params["CN"] = vText(organizer.name)
    event.add("organizer", address)
    guest = vCalAddress(f"mailto:{attendee.email}")
    guest.params["CN"] = vText(attendee.name)
    guest.params["ROLE"] = vText("REQ-PARTICIPANT")
    if method == "REQUEST":
        guest.params["PARTSTAT"] = vText("NEEDS-ACTION")
        guest.params["RSVP"] = vText("TRUE")
    event.add("attendee", guest)
    return _calendar([event], [entry], method), method


def calendar_of(name: str, entries: Iterable[Entry]) -> bytes:
    """A calendar to subscribe to; what is cancelled says so until it is gone."""
    listed = list(entries)
    return _calendar([_event(each) for each in listed], listed, "PUBLISH", name)


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", uid_of(entry.booking_id))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamp)
    event.add("dtstart", entry.starts.astimezone(ZoneInfo(entry.zone)))
    event.add("dtend", entry.ends.astimezone(ZoneInfo(entry.zone)))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    return event


def _calendar(events: list[Event], entries: list[Entry], method: str, name: str | None = None) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    if name is not None:
        calendar.add("name", name)
        calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(event)
    if entries:
        first, last = min(each.starts for each in entries), max(each.ends for each in entries)
        calendar.add_missing_timezones((first - A_YEAR).date(), (last + A_YEAR).date())
    return bytes(calendar.to_ical())
