"""What a counselor reads before a meeting, and the links in letters."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from dialer.domain.meetings.link_expiry import counselor_link_expired, student_link_expired
from dialer.domain.meetings.meeting_brief import brief_lines, quotes
from dialer.services.meetings.signed_links import SignedLinks, booking_id_of
from dialer.store.tables import Booking

LINKS = SignedLinks("https://dialer.example.org", "a secret")


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


def test_a_link_is_good_for_one_purpose_one_reader_and_one_version() -> None:
    booking = Booking(id=UUID(int=7), counselor_id=3, link_version=1)
    student = LINKS.student(booking).rpartition("/")[2]
    went = LINKS.counselor(booking).rpartition("/")[2]
    assert booking_id_of(student) == booking_id_of(went) == booking.id
    assert LINKS.is_of_student(student, booking)
    assert LINKS.is_of_counselor(went, booking)
    assert not LINKS.is_of_student(went, booking)
    assert not LINKS.is_of_counselor(student, booking)
    assert not SignedLinks("https://dialer.example.org", "another").is_of_student(student, booking)
    assert not LINKS.is_of_counselor(went, Booking(id=booking.id, counselor_id=4, link_version=1))
    newer = Booking(id=booking.id, counselor_id=3, link_version=2)
    assert not LINKS.is_of_student(student, newer)
    assert not LINKS.is_of_counselor(went, newer)
    for forged in ("", "-", student[:-1], f"{UUID(int=8).hex}{student[32:]}", "é", student.upper()):
        assert not LINKS.is_of_student(forged, booking)


def test_a_link_ends_with_its_use() -> None:
    ends = datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert not student_link_expired(ends, ends - timedelta(seconds=1))
    assert student_link_expired(ends, ends)
    assert not counselor_link_expired(ends, ends + timedelta(days=30, seconds=-1))
    assert counselor_link_expired(ends, ends + timedelta(days=30))


def test_a_calendar_address_leads_nowhere_when_a_new_one_was_made() -> None:
    token = LINKS.calendar(3, 1).rpartition("/")[2].removesuffix(".ics")
    assert LINKS.is_calendar_of(token, 3, 1)
    assert not LINKS.is_calendar_of(token, 3, 2)
    assert not LINKS.is_calendar_of(token, 4, 1)
