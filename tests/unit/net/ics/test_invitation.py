"""Invitations by the rules: RFC 5545 for the file, RFC 5546 for what is asked with it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from icalendar import Calendar

from dialer.net.ics.invitation import Entry, Party, calendar_of, invitation, uid_of

STARTS = datetime(2026, 3, 30, 14, 0, tzinfo=UTC)
ENTRY = Entry(
    UUID(int=5),
    2,
    STARTS,
    STARTS + timedelta(minutes=30),
    "Europe/London",
    datetime(2026, 3, 1, tzinfo=UTC),
    "Study abroad: Asha; Rao, PhD",
    "Line one\nकनाडा में " + "long " * 40,
)
HOUSE, ASHA = Party("One Window", "bookings@example.org"), Party('Asha "the" Rao', "asha@example.com")


@pytest.mark.parametrize("cancelled", [False, True])
def test_the_file_obeys_the_rules(cancelled: bool) -> None:
    content, method = invitation(replace(ENTRY, cancelled=cancelled), HOUSE, ASHA)
    assert method == ("CANCEL" if cancelled else "REQUEST")
    assert content.endswith(b"END:VCALENDAR\r\n")
    lines = content.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(map(len, lines)) <= 75
    calendar = Calendar.from_ical(content)
    (event,) = calendar.events
    for required in ("PRODID", "VERSION", "METHOD"):
        assert required in calendar
    for required in ("UID", "DTSTAMP", "SEQUENCE", "ORGANIZER", "ATTENDEE", "DTSTART", "SUMMARY", "STATUS"):
        assert required in event, required
    assert not event.errors
    assert event["DTSTAMP"].dt.tzinfo is not None
    assert (event["UID"], event["SEQUENCE"]) == (uid_of(ENTRY.booking_id), 2)
    assert event["STATUS"] == ("CANCELLED" if cancelled else "CONFIRMED")
    assert ("PARTSTAT" in event["ATTENDEE"].params) is not cancelled
    assert str(event["SUMMARY"]) == ENTRY.summary
    assert str(event["DESCRIPTION"]) == ENTRY.description


def test_every_zone_that_is_named_is_described() -> None:
    content, _ = invitation(ENTRY, HOUSE, ASHA)
    named = set(re.findall(rb"TZID=([^:;]+):", content))
    described = set(re.findall(rb"^TZID:(.+?)\r$", content, re.MULTILINE))
    assert named == described == {b"Europe/London"}
    offsets = {(bytes(a), bytes(b)) for a, b in re.findall(rb"TZOFFSETFROM:(\S+)\r\nTZOFFSETTO:(\S+)\r", content)}
    offsets |= {
        (bytes(b), bytes(a)) for a, b in re.findall(rb"TZOFFSETTO:(\S+)\r\n(?:.*\r\n)*?TZOFFSETFROM:(\S+)\r", content)
    }
    assert (b"+0000", b"+0100") in offsets
    (event,) = Calendar.from_ical(content).events
    assert event.start == STARTS
    assert f"{event.start:%H:%M}" == "15:00"


def test_a_calendar_to_subscribe_to_may_be_empty_and_shows_what_was_cancelled() -> None:
    assert Calendar.from_ical(calendar_of("Anna", [])).events == []
    other = replace(ENTRY, booking_id=UUID(int=6), cancelled=True)
    calendar = Calendar.from_ical(calendar_of("Anna", [ENTRY, other]))
    assert calendar["METHOD"] == "PUBLISH"
    assert {(event["UID"], event["STATUS"]) for event in calendar.events} == {
        (uid_of(ENTRY.booking_id), "CONFIRMED"),
        (uid_of(other.booking_id), "CANCELLED"),
    }


def test_a_name_cannot_add_a_line_to_the_file() -> None:
    content, _ = invitation(
        replace(ENTRY, summary="x\r\nBEGIN:VEVENT"), HOUSE, Party("a\r\nATTENDEE:b", "asha@example.com")
    )
    assert content.count(b"\r\nBEGIN:VEVENT") == 1
    assert content.count(b"\r\nATTENDEE") == 1
