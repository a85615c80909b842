"""What AVA writes down about a student."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.meetings.enquiry import FIELDS, FIRST_ROUND, Field, Value, is_qualified, missing, normalize

TODAY = date(2026, 11, 23)
KNOWN = {"country": "Canada", "course": "MSc Data Science", "intake": "Fall 2027", "budget": "INR 2,000,000"}


@pytest.mark.parametrize(
    ("field", "said", "text"),
    [
        ("country", "Canda", "Canada"),
        ("intake", "Sept 27", "September 2027"),
        ("budget", "20 lakh", "INR 2,000,000"),
        ("english_test", "ielts 7", "IELTS 7.0"),
        ("english_test", "7.5 bands in IELTS", "IELTS 7.5"),
        ("english_test", "IELTS: 6.5 overall", "IELTS 6.5"),
        ("english_test", "toefl ibt 95", "TOEFL 95"),
        ("english_test", "duolingo 120", "Duolingo 120"),
        ("english_test", "ielts", "IELTS"),
        ("name", "  Priya   Sharma ", "Priya Sharma"),
        ("course", "data\nscience", "data science"),
    ],
)
def test_a_value_gets_the_common_wording_and_keeps_the_students_own(field: Field, said: str, text: str) -> None:
    assert normalize(field, said, TODAY) == Value(text, said)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("country", "somewhere in Europe"),
        ("intake", "once I have saved enough"),
        ("budget", "whatever my father allows"),
        ("english_test", "IELTS 12"),
        ("english_test", "IELTS 7.3"),
        ("english_test", "planning IELTS in March"),
        ("name", "NA"),
    ],
)
def test_what_cannot_be_put_into_the_common_wording_is_never_lost(field: Field, said: str) -> None:
    assert normalize(field, said, TODAY) == Value(said, said)


def test_ava_asks_in_the_order_of_the_first_round() -> None:
    assert missing({}) == ["name", "inspiration", "country", "course", "intake", "budget", "funding"]
    assert missing({"name": "Priya", "country": "Canada", "intake": " ", "budget": "not mentioned"}) == [
        "inspiration",
        "course",
        "intake",
        "budget",
        "funding",
    ]
    assert missing(dict.fromkeys(FIRST_ROUND, "said")) == []


def test_not_sure_is_an_answer_that_is_not_asked_for_again() -> None:
    assert "intake" not in missing({"intake": "not sure"})
    assert not is_qualified(KNOWN | {"intake": "Not sure."})
    assert not is_qualified(KNOWN | {"country": "don’t know"})


def test_a_student_is_qualified_when_country_course_intake_and_budget_are_known() -> None:
    assert is_qualified(KNOWN)
    for field in KNOWN:
        assert not is_qualified({known: text for known, text in KNOWN.items() if known != field})
        assert not is_qualified(KNOWN | {field: ""})


def test_there_are_twelve_fields() -> None:
    assert len(FIELDS) == 12


@settings(deadline=None)
@given(
    st.sampled_from(FIELDS), st.one_of(st.text(max_size=40), st.sampled_from([*KNOWN.values(), "ielts 7", "Sept 25"]))
)
def test_writing_down_what_was_written_down_changes_nothing(field: Field, said: str) -> None:
    once = normalize(field, said, TODAY)
    assert once.original == said
    assert normalize(field, once.text, TODAY).text == once.text
