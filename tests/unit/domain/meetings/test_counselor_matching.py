"""Which counselors fit a student, and whose turn it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialer.domain.meetings.counselor_matching import Expertise, Wish, nobody_says, why_fits
from dialer.domain.meetings.slots import free_slots
from tests.support.slots import DESK, INDIA, MONDAY, WEDNESDAY, india

CANADA = Expertise(("Canada",), ("data science",), ("en", "hi"))


@pytest.mark.parametrize(
    ("wish", "fits"),
    [
        (Wish("Canada", "MSc Data Science", "hi"), True),
        (Wish("canada or Germany", "data science", "en"), True),
        (Wish("", "", ""), True),
        (Wish("not sure", "undecided", "en"), True),
        (Wish("Germany", "data science", "en"), False),
        (Wish("Canada", "MBA", "en"), False),
        (Wish("Canada", "data entry", "en"), False),
        (Wish("Canada", "data science", "ta"), False),
    ],
)
def test_a_counselor_gets_students_of_their_countries_courses_and_languages(wish: Wish, fits: bool) -> None:
    assert (why_fits(CANADA, wish) is not None) is fits
    assert why_fits(Expertise(), wish) == "covers everything"


def test_the_reason_can_be_read() -> None:
    assert why_fits(CANADA, Wish("Canada", "data science", "hi")) == "covers Canada and data science, speaks hi"
    assert nobody_says(Wish("Chile", "law", "ta")) == "no counselor covers Chile, law, in ta"


def test_only_those_who_fit_are_offered_and_the_slot_says_why() -> None:
    other = replace(DESK, counselor_id=7, expertise=CANADA)
    found = free_slots([DESK, other], WEDNESDAY, None, INDIA, MONDAY, wish=Wish("Germany"))
    assert {slot.counselor_id for slot in found} == {DESK.counselor_id}
    assert found[0].why == "covers everything; the only counselor free then"
    assert free_slots([other], WEDNESDAY, None, INDIA, MONDAY, wish=Wish("Germany")) == []


def test_turns_go_round_whoever_has_waited_longest_is_next() -> None:
    people = [replace(DESK, counselor_id=each) for each in (1, 2, 3)]
    given: list[int] = []
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for turn in range(9):
        (slot,) = free_slots(people, WEDNESDAY, None, INDIA, MONDAY, limit=1)
        given.append(slot.counselor_id)
        people = [
            replace(
                each,
                meetings=(*each.meetings, (slot.starts, slot.ends)),
                given_at=now + timedelta(minutes=turn),
            )
            if each.counselor_id == slot.counselor_id
            else each
            for each in people
        ]
    assert given == [1, 2, 3] * 3


def test_of_equally_loaded_counselors_the_one_who_was_given_a_meeting_longest_ago_is_next() -> None:
    meeting = ((india(5, 10), india(5, 10, 30)),)
    first = replace(DESK, meetings=meeting, given_at=india(2, 9))
    second = replace(DESK, counselor_id=2, meetings=meeting, given_at=india(2, 8))
    assert {slot.counselor_id for slot in free_slots([first, second], WEDNESDAY, None, INDIA, MONDAY)} == {2}
