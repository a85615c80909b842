"""A whole year of zones and clock changes: what is promised to the student and to the counselor holds on both walls."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from dialer.domain.meetings.slots import CounselorTime, Hours, bookable, free_slots, is_bookable
from dialer.domain.speech.speech_dates import say_day, say_time
from dialer.net.ics.invitation import Entry, Party, invitation
from tests.support.slots import DESK, INDIA, LONDON, MONDAY, WEDNESDAY, india

ZONES = [
    "Asia/Kolkata",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
]
MOMENTS = st.integers(0, 365 * 24 * 4).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * n))
BOOKING = UUID(int=7)
TWO_SPANS = tuple(Hours(day, *span) for day in range(7) for span in ((time(9), time(12)), (time(14), time(19))))


@settings(max_examples=120)
@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_the_promise_to_both_sides_holds_on_every_day_of_the_year(now: datetime, theirs: str, mine: str) -> None:
    counselor = replace(DESK, zone=theirs, hours=TWO_SPANS, notice_minutes=90)
    for slot in free_slots([counselor], None, None, mine, now):
        there, here = slot.starts.astimezone(ZoneInfo(theirs)), slot.starts.astimezone(ZoneInfo(mine))
        assert time(9) <= there.time() < time(12) or time(14) <= there.time() < time(19)
        assert slot.ends - slot.starts == timedelta(minutes=30)
        assert slot.starts >= now + timedelta(minutes=90)
        # What is said and what stands in both calendars are the same instant.
        assert say_time(here)
        assert say_day(here.date())
        assert datetime.fromisoformat(here.isoformat()).astimezone(UTC) == slot.starts
        assert is_bookable(counselor, slot.starts, now)


@settings(max_examples=60)
@given(MOMENTS, st.integers(0, 60), st.integers(0, 60), st.sampled_from(ZONES))
def test_between_two_meetings_both_buffers_are_kept(now: datetime, before: int, after: int, zone: str) -> None:
    counselor = replace(
        DESK, zone=zone, hours=TWO_SPANS, buffer_before_minutes=before, buffer_after_minutes=after, slot_minutes=20
    )
    day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=2)
    free = list(bookable(counselor, day, day, zone, now))
    taken = free[len(free) // 2]
    booked = replace(counselor, meetings=((taken.starts, taken.ends),))
    for slot in bookable(booked, day, day, zone, now):
        gap = max(slot.starts - taken.ends, taken.starts - slot.ends)
        assert gap >= timedelta(minutes=before + after)
        assert not (slot.starts < taken.ends and taken.starts < slot.ends)


def test_both_clock_changes_leave_the_counselors_nine_oclock_where_it_is() -> None:
    early = replace(LONDON, hours=tuple(Hours(day, time(9), time(10)) for day in range(7)))
    for change in (date(2026, 3, 29), date(2026, 10, 25)):
        walls, instants = set(), set()
        for day in (change - timedelta(days=1), change, change + timedelta(days=1)):
            now = datetime.combine(day - timedelta(days=1), time(), UTC)
            first = free_slots([early], day, None, INDIA, now, limit=9)[0]
            walls.add(first.starts.astimezone(ZoneInfo("Europe/London")).time())
            instants.add(first.starts.time())
        assert walls == {time(9)}
        assert len(instants) == 2


def test_an_invitation_for_either_side_of_a_change_is_the_same_instant_on_both_walls() -> None:
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25)):
        starts = datetime.combine(day, time(15), ZoneInfo("Europe/London")).astimezone(UTC)
        for zone in ("Europe/London", "Asia/Kolkata", "America/New_York"):
            entry = Entry(BOOKING, 0, starts, starts + timedelta(minutes=30), zone, starts, "Meeting", "Words")
            content, _ = invitation(entry, Party("A", "a@example.org"), Party("B", "b@example.com"))
            (event,) = Calendar.from_ical(content).events
            assert event.start == starts
            assert event["DTSTART"].params["TZID"] == zone


def test_holidays_are_kept_free() -> None:
    republic_day = date(2026, 1, 26)
    now = datetime(2026, 1, 20, tzinfo=UTC)
    assert free_slots([DESK], republic_day, None, INDIA, now) != []
    assert free_slots([replace(DESK, holidays="IN")], republic_day, None, INDIA, now) == []
    assert free_slots([replace(DESK, holidays="IN")], republic_day + timedelta(days=1), None, INDIA, now) != []


def test_two_spans_of_a_day_leave_noon_alone() -> None:
    slots = free_slots([replace(DESK, hours=TWO_SPANS)], WEDNESDAY, None, INDIA, MONDAY, limit=100)
    hours = {slot.starts.astimezone(ZoneInfo(INDIA)).hour for slot in slots}
    assert hours == {9, 10, 11, 14, 15, 16, 17, 18}


def test_a_counselor_whose_calendar_cannot_be_read_gets_a_days_notice() -> None:
    stale: CounselorTime = replace(DESK, stale=True)
    assert free_slots([stale], MONDAY.date(), None, INDIA, MONDAY) == []
    first = free_slots([stale], None, None, INDIA, MONDAY, limit=1)[0]
    assert first.starts >= MONDAY + timedelta(hours=24)


def test_a_busy_time_keeps_the_buffers_of_the_meeting_beside_it() -> None:
    busy = replace(DESK, busy=((india(4, 12), india(4, 13)),), buffer_before_minutes=30, buffer_after_minutes=15)
    times = {
        slot.starts.astimezone(ZoneInfo(INDIA)).strftime("%H:%M")
        for slot in bookable(busy, WEDNESDAY, WEDNESDAY, INDIA, MONDAY)
    }
    assert {"11:00", "13:30"} <= times
    assert times.isdisjoint({"11:30", "12:00", "12:30", "13:00"})
