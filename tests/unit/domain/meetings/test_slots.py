"""Meetings that can be offered to a student."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.meetings.slots import Hours, Slot, free_slots, is_bookable
from tests.support.slots import DESK, INDIA, LONDON, MONDAY, WEDNESDAY, india


def local(slots: list[Slot], zone: str = INDIA) -> list[str]:
    return [f"{slot.starts.astimezone(ZoneInfo(zone)):%a %H:%M}" for slot in slots]


def test_three_times_spread_over_the_asked_day() -> None:
    slots = free_slots([DESK], WEDNESDAY, None, INDIA, MONDAY)
    assert local(slots) == ["Wed 10:00", "Wed 13:30", "Wed 17:30"]
    assert all(slot.ends - slot.starts == timedelta(minutes=30) for slot in slots)


def test_three_times_in_the_asked_part_of_the_day() -> None:
    assert local(free_slots([DESK], WEDNESDAY, "morning", INDIA, MONDAY)) == ["Wed 10:00", "Wed 10:30", "Wed 11:30"]
    assert local(free_slots([DESK], WEDNESDAY, "afternoon", INDIA, MONDAY)) == ["Wed 12:00", "Wed 14:00", "Wed 16:30"]
    assert local(free_slots([DESK], WEDNESDAY, "evening", INDIA, MONDAY)) == ["Wed 17:00", "Wed 17:30"]


def test_without_a_day_the_next_days_are_offered() -> None:
    assert local(free_slots([DESK], None, None, INDIA, MONDAY)) == ["Mon 10:00", "Tue 13:30", "Wed 17:30"]
    saturday = india(7, 17)
    assert local(free_slots([DESK], None, "morning", INDIA, saturday)) == ["Mon 10:00", "Tue 10:30", "Wed 11:30"]


def test_never_more_than_asked_for() -> None:
    assert len(free_slots([DESK, LONDON], None, None, INDIA, MONDAY)) == 3
    assert len(free_slots([DESK], WEDNESDAY, None, INDIA, MONDAY, limit=1)) == 1
    assert len(free_slots([DESK], WEDNESDAY, None, INDIA, MONDAY, limit=100)) == 16
    assert free_slots([DESK], WEDNESDAY, None, INDIA, MONDAY, limit=0) == []


def test_yesterday_a_sunday_and_next_month_have_no_slots() -> None:
    for day in (date(2026, 3, 1), date(2026, 3, 8), date(2026, 3, 17), date(2027, 1, 1)):
        assert free_slots([DESK], day, None, INDIA, MONDAY) == []
    assert free_slots([DESK], date(2026, 3, 16), None, INDIA, MONDAY) != []
    assert free_slots([], None, None, INDIA, MONDAY) == []


def test_a_busy_counselor_is_not_offered() -> None:
    busy = replace(DESK, busy=((india(4, 10), india(4, 17, 15)),))
    assert local(free_slots([busy], WEDNESDAY, None, INDIA, MONDAY)) == ["Wed 17:30"]
    assert free_slots([replace(DESK, busy=((india(1, 0), india(30, 0)),))], None, None, INDIA, MONDAY) == []


def test_a_meeting_keeps_its_buffer_and_counts_towards_the_most_per_day() -> None:
    meeting = ((india(4, 12), india(4, 12, 30)),)
    buffered = replace(DESK, meetings=meeting, buffer_before_minutes=15, buffer_after_minutes=15)
    times = local(free_slots([buffered], WEDNESDAY, None, INDIA, MONDAY, limit=100))
    assert {"Wed 11:30", "Wed 12:00", "Wed 12:30"}.isdisjoint(times)
    assert {"Wed 11:00", "Wed 13:00"} <= set(times)
    assert free_slots([replace(DESK, meetings=meeting, max_per_day=1)], WEDNESDAY, None, INDIA, MONDAY) == []
    assert free_slots([replace(DESK, meetings=meeting, max_per_day=2)], WEDNESDAY, None, INDIA, MONDAY) != []
    assert free_slots([replace(DESK, meetings=meeting, max_per_day=1)], date(2026, 3, 5), None, INDIA, MONDAY) != []


def test_a_counselor_gets_notice() -> None:
    noon = india(4, 12, 10)
    slots = free_slots([replace(DESK, notice_minutes=120)], WEDNESDAY, None, INDIA, noon, limit=100)
    assert local(slots)[0] == "Wed 14:30"


def test_of_two_free_counselors_the_one_with_fewer_meetings_is_offered() -> None:
    other = replace(DESK, counselor_id=7)
    loaded = replace(DESK, meetings=((india(5, 10), india(5, 10, 30)),))
    assert {slot.counselor_id for slot in free_slots([loaded, other], WEDNESDAY, None, INDIA, MONDAY)} == {7}
    assert {slot.counselor_id for slot in free_slots([other, DESK], WEDNESDAY, None, INDIA, MONDAY)} == {1}


def test_the_asked_day_is_the_students_day() -> None:
    early = free_slots([LONDON], WEDNESDAY, None, "Australia/Sydney", MONDAY, limit=100)
    assert {f"{slot.starts.astimezone(ZoneInfo('Australia/Sydney')):%a}" for slot in early} == {"Wed"}
    assert local(free_slots([LONDON], WEDNESDAY, "evening", INDIA, MONDAY))[0] == "Wed 17:00"


def test_a_student_is_woken_only_where_there_is_no_other_time() -> None:
    new_york = "America/New_York"
    assert local(free_slots([DESK], WEDNESDAY, None, new_york, MONDAY), new_york) == ["Wed 07:00"]
    assert local(free_slots([DESK], WEDNESDAY, "evening", new_york, MONDAY), new_york) == ["Wed 23:30"]


def test_a_clock_change_moves_the_meeting_for_the_student_and_not_for_the_counselor() -> None:
    now = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
    before = free_slots([LONDON], date(2026, 3, 27), None, INDIA, now, limit=100)
    after = free_slots([LONDON], date(2026, 3, 30), None, INDIA, now, limit=100)
    assert (local(before)[0], local(after)[0]) == ("Fri 14:30", "Mon 13:30")
    assert local(before, LONDON.zone)[0][4:] == local(after, LONDON.zone)[0][4:] == "09:00"


def test_hours_to_midnight_over_a_night_of_changing_clocks_are_all_real() -> None:
    night = replace(LONDON, hours=tuple(Hours(day, time(0), time(0)) for day in range(7)))
    now = datetime(2026, 10, 24, 0, 0, tzinfo=UTC)
    assert len(free_slots([night], date(2026, 10, 25), None, LONDON.zone, now, limit=100)) == 30
    spring = datetime(2026, 3, 28, 0, 0, tzinfo=UTC)
    assert len(free_slots([night], date(2026, 3, 29), None, LONDON.zone, spring, limit=100)) == 30


def test_what_was_offered_can_be_booked_and_what_was_not_cannot() -> None:
    assert is_bookable(DESK, india(4, 10), MONDAY)
    assert not is_bookable(DESK, india(4, 10, 10), MONDAY)
    assert not is_bookable(DESK, india(4, 18), MONDAY)
    assert not is_bookable(DESK, india(1, 10), MONDAY)
    assert not is_bookable(replace(DESK, busy=((india(4, 9), india(4, 11)),)), india(4, 10), MONDAY)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 365 * 24 * 4).map(
        lambda quarter: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
    ),
    st.sampled_from(["Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "Europe/London"]),
    st.one_of(st.none(), st.integers(-2, 20)),
    st.sampled_from([None, "morning", "afternoon", "evening"]),
)
def test_every_offer_of_the_year_is_in_the_counselors_hours_and_the_students_day(
    now: datetime, zone: str, ahead: int | None, part: str | None
) -> None:
    day = None if ahead is None else now.astimezone(ZoneInfo(zone)).date() + timedelta(days=ahead)
    slots = free_slots([DESK, LONDON], day, part, zone, now)  # type: ignore[arg-type]
    assert len(slots) <= 3
    assert slots == sorted(slots, key=lambda slot: slot.starts)
    for slot in slots:
        counselor = DESK if slot.counselor_id == 1 else LONDON
        theirs = slot.starts.astimezone(ZoneInfo(counselor.zone))
        hours = next(each for each in counselor.hours if each.weekday == theirs.weekday())
        assert hours.opens <= theirs.time() < hours.closes
        assert now + timedelta(minutes=60) <= slot.starts <= now + timedelta(days=15)
        assert day is None or slot.starts.astimezone(ZoneInfo(zone)).date() == day
        assert is_bookable(counselor, slot.starts, now)
