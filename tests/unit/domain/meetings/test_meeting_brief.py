"""What a counselor reads before a meeting, and the links in letters."""

from uuid import UUID

from dialer.domain.meetings.meeting_brief import brief_lines, quotes
from dialer.services.meetings.signed_links import SignedLinks

LINKS = SignedLinks("https://dialer.example.org", "a secret")
BOOKING = UUID(int=9)


def test_the_brief_has_six_lines_whatever_is_known() -> None:
    full = {"course": "MBA", "country": "Canada", "budget": "20 lakh", "grades": "8.1", "career_goal": "consulting"}
    for values in ({}, full):
        lines = brief_lines("Asha", "+919812000001", values, "1 in all")
        assert [line.partition(":")[0] for line in lines] == ["Who", "Wants", "Money", "Background", "Why", "The call"]
    assert brief_lines("", "+919812000001", full, "")[:2] == ("Who: name not said, +919812000001", "Wants: MBA; Canada")


def test_two_quotes_the_longest_in_the_order_in_which_they_were_said() -> None:
    said = [
        "Yes.",
        "I want to study data science in Canada",
        "Hm, okay then",
        "My cousin  went to Toronto and loved it very much",
    ]
    assert quotes(said) == (said[1], "My cousin went to Toronto and loved it very much")
    assert quotes(["Yes.", "No."]) == ()
    (cut,) = quotes(["word " * 100])
    assert len(cut) <= 160
    assert cut.endswith("…")


def test_a_link_is_good_for_what_it_is_for_and_for_nothing_else() -> None:
    student = LINKS.student(BOOKING).rpartition("/")[2]
    went = LINKS.counselor(BOOKING).rpartition("/")[2]
    assert LINKS.meeting_of(student) == LINKS.went_of(went) == BOOKING
    assert LINKS.meeting_of(went) is LINKS.went_of(student) is None
    assert SignedLinks("https://dialer.example.org", "another").meeting_of(student) is None
    for forged in ("", "-", student[:-1], f"{UUID(int=8).hex}{student[32:]}", "é", student.upper()):
        assert LINKS.meeting_of(forged) is None


def test_a_calendar_address_leads_nowhere_when_a_new_one_was_made() -> None:
    token = LINKS.calendar(3, 1).rpartition("/")[2].removesuffix(".ics")
    assert LINKS.is_calendar_of(token, 3, 1)
    assert not LINKS.is_calendar_of(token, 3, 2)
    assert not LINKS.is_calendar_of(token, 4, 1)
