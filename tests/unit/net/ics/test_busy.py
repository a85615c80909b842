"""The busy times of other people's calendars, as Google, Outlook, Nextcloud and broken programs write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.net.ics.busy import CalendarError, busy_times

ZONE = "Europe/London"
SINCE, UNTIL = datetime(2026, 3, 23, tzinfo=UTC), datetime(2026, 4, 6, tzinfo=UTC)


def calendar(*events: str, more: str = "") -> bytes:
    body = "".join(
        f"BEGIN:VEVENT\nUID:{n}\nDTSTAMP:20260301T000000Z\n{each}\nEND:VEVENT\n" for n, each in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{more}{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def shown(content: bytes, zone: str = ZONE) -> list[str]:
    place = ZoneInfo(zone)
    return [
        f"{opens.astimezone(place):%a %d %H:%M}-{closes.astimezone(place):%H:%M}"
        for opens, closes in busy_times(content, zone, SINCE, UNTIL)
    ]


@pytest.mark.parametrize(
    ("event", "takes"),
    [
        ("DTSTART:20260324T100000Z\nDTEND:20260324T110000Z", ["Tue 24 10:00-11:00"]),
        ("DTSTART;TZID=Asia/Kolkata:20260324T100000\nDURATION:PT45M", ["Tue 24 04:30-05:15"]),
        (
            "DTSTART;TZID=India Standard Time:20260324T100000\nDTEND;TZID=India Standard Time:20260324T103000",
            ["Tue 24 04:30-05:00"],
        ),
        ("DTSTART:20260324T100000\nDTEND:20260324T103000", ["Tue 24 10:00-10:30"]),
        ("DTSTART;VALUE=DATE:20260324\nDTEND;VALUE=DATE:20260326", ["Tue 24 00:00-00:00"]),
        ("DTSTART;VALUE=DATE:20260324", ["Tue 24 00:00-00:00"]),
        ("DTSTART:20260324T100000Z\nDTEND:20260324T110000Z\nTRANSP:TRANSPARENT", []),
        ("DTSTART:20260324T100000Z\nDTEND:20260324T110000Z\nSTATUS:CANCELLED", []),
        ("DTSTART:20260324T100000Z\nDTEND:20260324T110000Z\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", []),
        ("DTSTART:20260324T100000Z", []),
        ("DTSTART:20250324T100000Z\nDTEND:20250324T110000Z", []),
    ],
)
def test_one_event(event: str, takes: list[str]) -> None:
    assert shown(calendar(event)) == takes


def test_a_weekly_event_stays_at_nine_oclock_over_the_clock_change() -> None:
    weekly = f"DTSTART;TZID={ZONE}:20260105T090000\nDTEND;TZID={ZONE}:20260105T093000\nRRULE:FREQ=WEEKLY;BYDAY=MO"
    assert shown(calendar(weekly)) == ["Mon 23 09:00-09:30", "Mon 30 09:00-09:30"]
    spans = busy_times(calendar(weekly), ZONE, SINCE, UNTIL)
    assert [opens.hour for opens, _ in spans] == [9, 8]


def test_occurrences_that_were_taken_out_moved_or_added_are_heeded() -> None:
    series = (
        f"DTSTART;TZID={ZONE}:20260323T090000\nDTEND;TZID={ZONE}:20260323T100000\nRRULE:FREQ=DAILY;UNTIL=20260327T090000Z"
        f"\nEXDATE;TZID={ZONE}:20260324T090000\nRDATE;TZID={ZONE}:20260329T120000"
    )
    moved = f"RECURRENCE-ID;TZID={ZONE}:20260325T090000\nDTSTART;TZID={ZONE}:20260325T150000\nDTEND;TZID={ZONE}:20260325T160000"
    content = calendar(series, moved).replace(b"UID:1", b"UID:0")
    assert shown(content) == [
        *("Mon 23 09:00-10:00", "Wed 25 15:00-16:00", "Thu 26 09:00-10:00", "Fri 27 09:00-10:00", "Sun 29 12:00-13:00"),
    ]


def test_an_occurrence_that_was_cancelled_is_free() -> None:
    series = "DTSTART:20260323T090000Z\nDTEND:20260323T100000Z\nRRULE:FREQ=DAILY;COUNT=2"
    gone = "RECURRENCE-ID:20260324T090000Z\nDTSTART:20260324T090000Z\nDTEND:20260324T100000Z\nSTATUS:CANCELLED"
    assert shown(calendar(series, gone).replace(b"UID:1", b"UID:0")) == ["Mon 23 09:00-10:00"]


def test_a_whole_day_that_repeats_ends_with_its_until_day() -> None:
    days = "DTSTART;VALUE=DATE:20260323\nDTEND;VALUE=DATE:20260324\nRRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20260327"
    assert shown(calendar(days)) == ["Mon 23 00:00-00:00", "Wed 25 00:00-00:00", "Fri 27 00:00-00:00"]


def test_what_touches_is_one_span() -> None:
    assert shown(
        calendar(
            "DTSTART:20260324T100000Z\nDTEND:20260324T110000Z",
            "DTSTART:20260324T103000Z\nDTEND:20260324T120000Z",
            "DTSTART:20260324T120000Z\nDTEND:20260324T123000Z",
        )
    ) == ["Tue 24 10:00-12:30"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no iCalendar file"),
        (b"<html>sign in</html>", "no iCalendar file"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "broken"),
        (calendar("DTSTART:tomorrow"), "cannot be read"),
        (calendar("DTSTART:20260324T100000Z\nDTEND:20260324T100100Z\nRRULE:FREQ=MINUTELY"), "more often than daily"),
        (calendar("DTSTART:20260324T100000Z\nDURATION:PT1H\nRRULE:FREQ=SOMETIMES"), "cannot be read"),
    ],
)
def test_what_cannot_be_told_out_fails_as_a_whole(content: bytes, says: str) -> None:
    with pytest.raises(CalendarError, match=says):
        busy_times(content, ZONE, SINCE, UNTIL)


@settings(max_examples=200)
@given(st.binary(max_size=400).map(lambda noise: b"BEGIN:VCALENDAR\r\n" + noise + b"\r\nEND:VCALENDAR"))
def test_noise_is_read_or_refused_and_never_breaks_the_worker(content: bytes) -> None:
    try:
        spans = busy_times(content, ZONE, SINCE, UNTIL)
    except CalendarError:
        return
    assert spans == sorted(spans)


@settings(max_examples=100)
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 - wall times
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 5),
    st.sampled_from(["Europe/London", "Asia/Kolkata", "America/New_York"]),
)
def test_every_repetition_is_at_the_wall_time_of_the_first(
    first: datetime, often: str, interval: int, zone: str
) -> None:
    first = first.replace(second=0, microsecond=0, hour=min(22, max(4, first.hour)))
    event = f"DTSTART;TZID={zone}:{first:%Y%m%dT%H%M%S}\nDURATION:PT30M\nRRULE:FREQ={often};INTERVAL={interval}"
    for opens, closes in busy_times(calendar(event), "UTC", SINCE, UNTIL):
        assert opens.astimezone(ZoneInfo(zone)).time() == first.time()
        assert closes - opens == timedelta(minutes=30)


EVERY_SECOND = ";".join(
    f"BY{unit}={','.join(map(str, range(most)))}" for unit, most in (("HOUR", 24), ("MINUTE", 60), ("SECOND", 60))
)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("FREQ=DAILY;INTERVAL=0;BYMONTH=2", "INTERVAL=0 is less than 1"),
        (f"FREQ=DAILY;{EVERY_SECOND}", "more often than daily"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "day that no month has"),
    ],
)
def test_a_rule_that_never_ends_is_refused(rule: str, says: str) -> None:
    with pytest.raises(CalendarError, match=says):
        busy_times(calendar(f"DTSTART:20260324T100000Z\nDURATION:PT1H\nRRULE:{rule}"), ZONE, SINCE, UNTIL)


@pytest.mark.parametrize("name", ["RRULE", "rrule;X=1", "RRU\n LE"])
def test_a_time_zone_whose_rule_never_ends_is_refused(name: str) -> None:
    changes = "".join(
        f"BEGIN:{kind}\nDTSTART:20200101T000000\nTZOFFSETFROM:+0{n}00\nTZOFFSETTO:+0{n + 1}00\nTZNAME:X{n}\n"
        f"{name}:FREQ=DAILY;INTERVAL=0;BYMONTH=2\nEND:{kind}\n"
        for n, kind in enumerate(("STANDARD", "DAYLIGHT"))
    )
    zone = f"BEGIN:VTIMEZONE\nTZID:Some/Where\n{changes}END:VTIMEZONE\n"
    content = calendar("DTSTART;TZID=Some/Where:20260324T100000\nDURATION:PT1H", more=zone)
    with pytest.raises(CalendarError, match="INTERVAL=0"):
        busy_times(content, ZONE, SINCE, UNTIL)


def test_the_events_of_one_file_share_a_budget() -> None:
    event = "DTSTART:20150101T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=1000;BYMONTH=1"
    assert busy_times(calendar(event), ZONE, SINCE, UNTIL) == []
    with pytest.raises(CalendarError, match="too often to be read"):
        busy_times(calendar(*[event] * 150), ZONE, SINCE, UNTIL)
