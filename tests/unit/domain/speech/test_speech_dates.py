"""Days and times as AVA says them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dialer.domain.speech.speech_dates import read_back, say, say_time, say_zone

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        ("16:00", "four in the afternoon"),
        ("16:30", "half past four in the afternoon"),
        ("10:15", "quarter past ten in the morning"),
        ("16:45", "quarter to five in the afternoon"),
        ("12:00", "noon"),
        ("00:00", "midnight"),
        ("12:30", "half past twelve in the afternoon"),
        ("00:30", "half past twelve at night"),
        ("11:45", "quarter to twelve in the morning"),
        ("12:45", "quarter to one in the afternoon"),
        ("17:20", "twenty past five in the evening"),
        ("17:35", "twenty-five to six in the evening"),
        ("21:05", "five past nine at night"),
        ("09:02", "nine oh two in the morning"),
        ("09:22", "nine twenty-two in the morning"),
        ("23:58", "eleven fifty-eight at night"),
    ],
)
def test_a_time_is_said_as_people_say_it(clock: str, words: str) -> None:
    hour, minute = map(int, clock.split(":"))
    assert say_time(datetime(2026, 3, 4, hour, minute, tzinfo=UTC)) == words


def test_a_meeting_is_said_with_its_day_and_date_in_the_students_zone() -> None:
    starts = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
    assert say(starts, "Asia/Kolkata", MONDAY) == "Wednesday the fourth of March at four in the afternoon"
    assert say(starts, "Europe/London", MONDAY) == "Wednesday the fourth of March at half past ten in the morning"


def test_today_and_tomorrow_are_the_students() -> None:
    late = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
    starts = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    assert say(starts, "Asia/Kolkata", late) == "today, Tuesday the third of March, at ten in the morning"
    assert say(starts, "Europe/London", late).startswith("tomorrow, Tuesday the third of March, at half past four")


def test_both_clocks_are_read_back_where_they_differ() -> None:
    starts = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
    assert read_back(starts, "Asia/Kolkata", "Europe/London", "Anna", MONDAY) == (
        "Thursday the fifth of March at half past one at night, India time, with Anna, "
        "for whom it is Wednesday the fourth of March at eight in the evening, UK time"
    )


def test_one_clock_is_read_back_once() -> None:
    starts = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
    said = read_back(starts, "Asia/Kolkata", "Asia/Calcutta", "Anna", MONDAY)
    assert said == "Wednesday the fourth of March at four in the afternoon, with Anna"


def test_no_digit_is_ever_said() -> None:
    for minute in range(0, 24 * 60 * 40, 61):
        moment = datetime.fromtimestamp(MONDAY.timestamp() + minute * 60, UTC)
        words = say(moment, "Asia/Kolkata", MONDAY)
        assert not any(char.isdigit() for char in words)
        assert " at " in words


def test_a_zone_is_said_by_its_place() -> None:
    assert say_zone("Asia/Kolkata") == "India time"
    assert say_zone("America/New_York") == "New York time"
    assert ZoneInfo("America/New_York")
