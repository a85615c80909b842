"""On which days nobody is rung, and that we will know them for a year to come."""

from datetime import UTC, date, datetime

import pytest

from dialer.domain.compliance.holidays import days_of, gaps, is_holiday_in
from dialer.domain.compliance.rules import Rules, coverage, is_holiday, rules_for


def kept(e164: str, day: date, state: str | None = None) -> bool:
    found = rules_for(e164, state)
    assert isinstance(found, Rules)
    return is_holiday(found)(day)


@pytest.mark.parametrize(
    ("e164", "day"),
    [
        ("+61491570156", date(2026, 12, 25)),
        ("+61491570156", date(2027, 1, 26)),
        ("+61891621234", date(2026, 12, 25)),
        ("+442079460018", date(2026, 12, 28)),
        ("+442079460018", date(2026, 3, 17)),
        ("+442079460018", date(2026, 11, 30)),
        ("+493012345678", date(2026, 10, 3)),
        ("+33112345678", date(2026, 7, 14)),
        ("+12515550106", date(2026, 4, 27)),
        ("+15045550106", date(2026, 2, 17)),
        ("+18015550106", date(2026, 7, 24)),
        ("+14015550106", date(2026, 8, 10)),
        ("+12155550106", date(2026, 11, 26)),
        ("+18015550106", date(2026, 7, 3)),
        ("+18015550106", date(2026, 7, 4)),
    ],
)
def test_nobody_is_rung_on_a_holiday_of_their_place(e164: str, day: date) -> None:
    assert kept(e164, day)


def test_a_german_holiday_does_not_silence_france() -> None:
    assert not kept("+33112345678", date(2026, 10, 3))


def test_republic_day_closes_only_where_a_rule_says_so() -> None:
    republic_day = date(2027, 1, 26)
    assert is_holiday_in(("IN",), republic_day)
    assert not kept("+919876500012", republic_day)
    assert not kept("+12125550106", date(2026, 12, 25))


def test_a_lead_who_lives_in_utah_keeps_pioneer_day_whatever_the_area_code() -> None:
    assert not kept("+12125550106", date(2026, 7, 24))
    assert kept("+12125550106", date(2026, 7, 24), "Utah")


def test_new_years_day_kept_on_the_last_of_december_counts() -> None:
    assert date(2027, 12, 31) in days_of("US-UT", 2027)


def test_the_days_of_a_year_are_of_that_year() -> None:
    assert {day.year for day in days_of("GB-SCT", 2027)} == {2027}
    assert len(days_of("AU", 2027)) >= 7


def test_no_calendar_is_without_holidays_in_the_year_to_come() -> None:
    assert coverage(datetime.now(UTC).date()) == []


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 11, 23), date(2027, 12, 31), date(2030, 6, 1)])
def test_no_calendar_is_without_holidays_after_a_given_day(today: date) -> None:
    assert coverage(today) == []


def test_a_calendar_that_ends_is_told() -> None:
    assert gaps(["IN", "DE", "DE"], date(2150, 1, 1)) == ["DE", "IN"]


def test_a_calendar_nobody_knows_is_a_fault() -> None:
    with pytest.raises(NotImplementedError):
        is_holiday_in(("US-ZZ",), date(2026, 1, 1))
