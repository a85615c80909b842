"""What people write of a counselor is read as they mean it, or refused in one line that says what is wrong."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.meetings.counselor_input import (
    DAYS,
    InvalidInputError,
    read_days_off,
    read_fields,
    read_spans,
    read_week,
    read_weekdays,
    spans_text,
)

TODAY = date(2026, 11, 24)
MIDNIGHT = time(0)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("  ", []),
        ("10:00-18:00", [(time(10), time(18))]),
        ("14:00-18:00, 10:00-13:00", [(time(10), time(13)), (time(14), time(18))]),
        ("9-13", [(time(9), time(13))]),
        ("0930–1300", [(time(9, 30), time(13))]),
        ("20:00-24:00", [(time(20), MIDNIGHT)]),
        ("00:00-00:00", [(MIDNIGHT, MIDNIGHT)]),
        ("10:00-12:00,12:00-13:00", [(time(10), time(12)), (time(12), time(13))]),
    ],
)
def test_the_hours_of_a_day_are_read_in_order(text: str, spans: list[Any]) -> None:
    assert read_spans(text) == spans


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("9-17-18", "write hours as 10:00-13:00, 14:00-18:00"),
        ("mornings", "write hours as"),
        ("10:00", "write hours as"),
        ("25:00-26:00", "write hours as"),
        ("10:00-24:30", "write hours as"),
        ("24:00-02:00", "write hours as"),
        ("10:60-11:00", "write hours as"),
        ("10:00-11:00,", "write hours as"),
        ("٠٩:٠٠-١٧:٠٠", "write hours as"),
        ("18:00-09:00", "hours must end after they start"),
        ("10:00-10:00", "hours must end after they start"),
        ("09:00-12:00, 11:00-13:00", "overlap"),
        ("20:00-24:00, 22:00-23:00", "overlap"),
        ("10:00-11:00, 10:00-11:00", "overlap"),
    ],
)
def test_hours_that_cannot_be_so_are_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        read_spans(text)


@given(st.lists(st.integers(0, 24 * 60), unique=True, max_size=8).map(sorted))
def test_hours_that_are_shown_are_read_as_they_were(minutes: list[int]) -> None:
    ends = list(zip(minutes[::2], minutes[1::2], strict=False))
    spans = [(time(a // 60 % 24, a % 60), time(b // 60 % 24, b % 60)) for a, b in ends]
    assert read_spans(spans_text(spans)) == spans


@given(st.text(alphabet="0123456789:-–, \x00aé", max_size=30))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    for read in (read_spans, read_weekdays, lambda said: read_days_off(said, said, "Asia/Kolkata")):
        with suppress(InvalidInputError):
            assert read(text) is not None


def test_a_week_names_the_day_that_is_wrong() -> None:
    assert read_week({"mon": "10:00-12:00", "sun": ""}) == {0: [(time(10), time(12))], 6: []}
    with pytest.raises(InvalidInputError, match="Tuesday: hours must end after they start"):
        read_week({"mon": "10:00-12:00", "tue": "12:00-10:00"})
    with pytest.raises(InvalidInputError, match="a day is one of mon, tue"):
        read_week({"monday": "10:00-12:00"})


def test_weekdays_are_read_as_spans_and_lists() -> None:
    assert read_weekdays("mon-fri") == [0, 1, 2, 3, 4]
    assert read_weekdays("Mon, wed,friday") == [0, 2, 4]
    assert read_weekdays("sat-mon") == [0, 5, 6]
    with pytest.raises(InvalidInputError, match="write days as mon-fri"):
        read_weekdays("someday")
    assert len(DAYS) == 7


def test_days_off_are_whole_days_of_the_counselors_own_zone_or_parts_of_one() -> None:
    day = read_days_off("2026-03-02", "", "Asia/Kolkata")
    assert day == (datetime(2026, 3, 1, 18, 30, tzinfo=UTC), datetime(2026, 3, 2, 18, 30, tzinfo=UTC))
    part = read_days_off("2026-03-02T14:00", "2026-03-02T15:30", "Asia/Kolkata")
    assert part == (datetime(2026, 3, 2, 8, 30, tzinfo=UTC), datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
    spring = read_days_off("2026-03-29", "", "Europe/London")
    assert (spring[1] - spring[0]).total_seconds() == 23 * 3600, "the day on which the clocks change has 23 hours"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        *(("2026-02-30", ""), ("", ""), ("tomorrow", ""), ("2026-03-02", "2026-03-01"), ("0001-01-01", "")),
        *(("2026-03-02", "9999-12-31"), ("2026-03-02T14:00", ""), ("2026-03-02T14:00+05:30", "2026-03-03")),
    ],
)
def test_days_off_that_cannot_be_so_are_refused(first: str, last: str) -> None:
    with pytest.raises(InvalidInputError):
        read_days_off(first, last, "Asia/Kolkata")


def test_everything_said_of_a_counselor_is_kept_in_one_form() -> None:
    given = {
        "name": "  Meera   Iyer ",
        "zone": "Europe/London",
        "email": "Meera@Example.org",
        "phone": "98120 00099",
        "countries": "the states, canda, USA",
        "courses": ["Data Science"],
        "languages": "en,HI",
        "holidays": "US-CA",
        "max_per_day": 0,
        "slot_minutes": 45,
        "takes_transfers": True,
        "calendar_url": "",
    }
    assert read_fields(given, TODAY) == {
        "name": "Meera Iyer",
        "zone": "Europe/London",
        "email": "meera@example.org",
        "phone": "+919812000099",
        "countries": ["United States", "Canada"],
        "courses": ["data science"],
        "languages": ["en", "hi"],
        "holidays": "US-CA",
        "max_per_day": None,
        "slot_minutes": 45,
        "takes_transfers": True,
        "calendar_url": None,
    }
    assert read_fields({"email": "", "phone": "", "holidays": "", "countries": ""}, TODAY) == {
        "email": None,
        "phone": None,
        "holidays": None,
        "countries": [],
    }
    assert read_fields({}, TODAY) == {}
    joined = "\u0d2e\u0d40\u0d30\u0d7b\u200d"
    assert read_fields({"name": joined}, TODAY) == {"name": joined}, "a name in a script that wants joiners"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", " ", "a name has 1 to 200 characters"),
        ("name", "x" * 201, "a name has 1 to 200 characters"),
        ("name", "Meera\x00", "a name has"),
        ("zone", "Mars/Olympus", "'Mars/Olympus' is not a time zone"),
        ("zone", "", "is not a time zone"),
        ("zone", "../etc/passwd", "is not a time zone"),
        ("email", "desk", "'desk' is not an email address"),
        ("phone", "12", "'12': "),
        ("countries", "Atlantis", "'Atlantis' is not a known country"),
        ("countries", "Canada or Australia", "is not a known country"),
        ("courses", ["x\x00"], "a name has"),
        ("courses", [f"course {n}" for n in range(101)], "enter at most 100 values, not 101"),
        ("languages", "english", "a language is two letters"),
        ("holidays", "XX", "there are no public holidays for 'XX'"),
        ("holidays", "HolidayBase", "there are no public holidays for"),
        ("holidays", "US-XX", "there are no public holidays for"),
        ("slot_minutes", 4, "slot minutes must be 5 to 480, not 4"),
        ("max_per_day", 101, "max per day must be 0 to 100"),
        ("calendar_url", "https://example.org/\nx", "not a URL"),
    ],
)
def test_what_cannot_be_so_is_refused_in_one_line(field: str, value: Any, says: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_fields({field: value}, TODAY)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
