"""Intakes as students say them, on the twenty-third of November 2026."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.meetings.intake import canonical_intake

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("said", "intake"),
    [
        ("Sept 25", "September 2025"),
        ("sep '27", "September 2027"),
        ("Sep-27", "September 2027"),
        ("September intake", "September 2027"),
        ("September", "September 2027"),
        ("Dec", "December 2026"),
        ("Nov", "November 2027"),
        ("Jan", "January 2027"),
        ("January 2028", "January 2028"),
        ("2027-09", "September 2027"),
        ("2027-09-01", "September 2027"),
        ("09/2027", "September 2027"),
        ("Fall 2026", "Fall 2026"),
        ("2027 fall", "Fall 2027"),
        ("fall intake 2027", "Fall 2027"),
        ("autumn 2027", "Fall 2027"),
        ("next fall", "Fall 2027"),
        ("Spring", "Spring 2027"),
        ("winter 2027", "Winter 2027"),
        ("next year", "2027"),
        ("this year", "2026"),
        ("agle saal", "2027"),
        ("in two years", "2028"),
        ("year after next", "2028"),
        ("September next year", "September 2027"),
        ("2027", "2027"),
        ("May", "May 2027"),
    ],
)
def test_an_intake_has_one_wording(said: str, intake: str) -> None:
    assert canonical_intake(said, TODAY) == intake


def test_a_month_still_to_come_is_this_years() -> None:
    assert canonical_intake("Sept", date(2026, 3, 1)) == "September 2026"
    assert canonical_intake("fall", date(2026, 3, 1)) == "Fall 2026"


@pytest.mark.parametrize(
    "said", ["", "soon", "winter", "27", "13/2027", "March or May", "Sept 1025", "ma 2027", "later"]
)
def test_an_intake_that_is_not_understood_is_left_to_the_caller(said: str) -> None:
    assert canonical_intake(said, TODAY) is None


@settings(deadline=None)
@given(st.from_regex(r"(jan|sept|fall|next|spring|may|2027|27| |/|-|year){1,4}", fullmatch=True))
def test_an_intake_once_found_stays(said: str) -> None:
    intake = canonical_intake(said, TODAY)
    assert intake is None or canonical_intake(intake, TODAY) == intake
