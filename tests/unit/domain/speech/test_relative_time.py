"""When a student asks to be called back, said on Tuesday the third of March 2026 at half past eleven in India."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.speech.relative_time import parse_when

INDIA = "Asia/Kolkata"
NOW = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
PIECES = (
    *("tomorrow", "kal", "after", "at", "6", "12", "30", "pm", "half", "past", "two", "hours", "in", "next"),
    *("monday", "march", "31st", "night", "-", ":", "2026", "5th"),
)


def heard(words: str) -> str | None:
    moment = parse_when(words, NOW, INDIA)
    return f"{moment.astimezone(ZoneInfo(INDIA)):%a %d %b %H:%M}" if moment else None


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("tomorrow after 6", "Wed 04 Mar 18:00"),
        ("after 6 tomorrow", "Wed 04 Mar 18:00"),
        ("in two hours", "Tue 03 Mar 13:30"),
        ("in 30 minutes", "Tue 03 Mar 12:00"),
        ("tonight", "Tue 03 Mar 20:00"),
        ("Monday morning", "Mon 09 Mar 10:00"),
        ("next Tuesday at 4:30 pm", "Tue 10 Mar 16:30"),
        ("evening", "Tue 03 Mar 18:00"),
        ("day after tomorrow", "Thu 05 Mar 10:00"),
        ("kal shaam", "Wed 04 Mar 18:00"),
        ("parso subah", "Thu 05 Mar 10:00"),
        ("kal subah 11 baje", "Wed 04 Mar 11:00"),
        ("aaj raat 9 baje", "Tue 03 Mar 21:00"),
        ("tomorrow", "Wed 04 Mar 10:00"),
        ("2026-03-05T16:00", "Thu 05 Mar 16:00"),
        ("2026-03-05 16:00", "Thu 05 Mar 16:00"),
        ("2026-03-05", "Thu 05 Mar 10:00"),
        ("2026-03-05T16:00+00:00", "Thu 05 Mar 21:30"),
        ("half past four", "Tue 03 Mar 16:30"),
        ("quarter to five tomorrow", "Wed 04 Mar 16:45"),
        ("in half an hour", "Tue 03 Mar 12:00"),
        ("an hour later", "Tue 03 Mar 12:30"),
        ("in an hour and a half", "Tue 03 Mar 13:00"),
        ("after lunch", "Tue 03 Mar 14:00"),
        ("morning", "Wed 04 Mar 10:00"),
        ("at 9", "Wed 04 Mar 09:00"),
        ("at 11", "Wed 04 Mar 11:00"),
        ("at 10 in the morning", "Wed 04 Mar 10:00"),
        ("5-6 pm", "Tue 03 Mar 17:00"),
        ("between 5 and 6 tomorrow", "Wed 04 Mar 17:00"),
        ("tomorrow 11 to 1 pm", "Wed 04 Mar 11:00"),
        ("5th March at 4", "Thu 05 Mar 16:00"),
        ("March 10", "Tue 10 Mar 10:00"),
        ("on the 10th", "Tue 10 Mar 10:00"),
        ("on the 2nd at 5pm", "Thu 02 Apr 17:00"),
        ("not today, tomorrow at 5", "Wed 04 Mar 17:00"),
        ("this evening", "Tue 03 Mar 18:00"),
        ("next week", "Mon 09 Mar 10:00"),
        ("next week Tuesday", "Tue 10 Mar 10:00"),
        ("Friday", "Fri 06 Mar 10:00"),
        ("sat at 3", "Sat 07 Mar 15:00"),
        ("in 2 days", "Thu 05 Mar 10:00"),
        ("in two days at 5 pm", "Thu 05 Mar 17:00"),
        ("after a week", "Tue 10 Mar 10:00"),
        ("dopahar mein", "Tue 03 Mar 14:00"),
        ("shaam 6 baje", "Tue 03 Mar 18:00"),
        ("sadhe chaar baje kal", "Wed 04 Mar 16:30"),
        ("ek ghante baad", "Tue 03 Mar 12:30"),
        ("aadhe ghante mein", "Tue 03 Mar 12:00"),
        ("do ghante baad", "Tue 03 Mar 13:30"),
        ("कल शाम", "Wed 04 Mar 18:00"),
        ("कल सुबह दस बजे", "Wed 04 Mar 10:00"),
        ("परसों दोपहर", "Thu 05 Mar 14:00"),
        ("एक घंटे बाद", "Tue 03 Mar 12:30"),
        ("tomorrow morning at 8", "Wed 04 Mar 08:00"),
        ("tomorrow evening 7:30", "Wed 04 Mar 19:30"),
        ("18:30", "Tue 03 Mar 18:30"),
        ("tomorrow at noon", "Wed 04 Mar 12:00"),
        ("7 in the morning", "Wed 04 Mar 07:00"),
        ("12 tomorrow", "Wed 04 Mar 12:00"),
        ("call me on 9876500012 tomorrow", "Wed 04 Mar 10:00"),
        ("do call me tomorrow at 5", "Wed 04 Mar 17:00"),
        ("tomorrow night", "Wed 04 Mar 20:00"),
        ("in 15 mins", "Tue 03 Mar 11:45"),
        ("thirty minutes", "Tue 03 Mar 12:00"),
        ("after 2 hrs", "Tue 03 Mar 13:30"),
        ("the day after tomorrow in the evening", "Thu 05 Mar 18:00"),
        ("Tuesday", "Tue 10 Mar 10:00"),
        ("6pm", "Tue 03 Mar 18:00"),
        ("10.30 am tomorrow", "Wed 04 Mar 10:30"),
        ("tomorrow at 9 at night", "Wed 04 Mar 21:00"),
        ("sunday", "Sun 08 Mar 10:00"),
        ("4th of March at 16:00", "Wed 04 Mar 16:00"),
        ("any time after 5 today", "Tue 03 Mar 17:00"),
        ("may be tomorrow", "Wed 04 Mar 10:00"),
        ("in a couple of hours", "Tue 03 Mar 13:30"),
    ],
)
def test_a_call_back_is_wished_for_in_words(words: str, moment: str) -> None:
    assert heard(words) == moment


@pytest.mark.parametrize(
    "words",
    [
        "2026-02-30T10:00",
        "2026-03-01T10:00",
        "30 Feb",
        "later",
        "never",
        "call me",
        "before 6",
        "this morning",
        "yesterday",
        "25 o'clock",
        "tomorrow at 13 pm",
        "weekend",
        "now",
        "asap",
        "2 hours ago",
        "March 3 2020",
        "raat 12 baje",
        "",
        "9999-12-31T23:59",
        "in 9999999999 hours",
    ],
)
def test_what_is_not_understood_or_past_is_asked_again(words: str) -> None:
    assert heard(words) is None


def test_tomorrow_is_the_students_tomorrow() -> None:
    late = datetime(2026, 3, 3, 20, 0, tzinfo=UTC)
    assert parse_when("tomorrow at 10", late, INDIA) == datetime(2026, 3, 5, 4, 30, tzinfo=UTC)
    assert parse_when("tomorrow at 10", late, "Europe/London") == datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


def test_a_wish_across_a_clock_change_keeps_the_wall_clock() -> None:
    saturday = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert parse_when("tomorrow at 4 pm", saturday, "Europe/London") == datetime(2026, 3, 29, 15, 0, tzinfo=UTC)
    assert parse_when("2026-03-29T01:30", saturday, "Europe/London") == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


@settings(deadline=None)
@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join),
    ),
    st.sampled_from([INDIA, "America/New_York", "Europe/London"]),
)
def test_no_words_raise_and_no_call_is_promised_for_the_past(words: str, zone: str) -> None:
    moment = parse_when(words, NOW, zone)
    assert moment is None or moment > NOW
