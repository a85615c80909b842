"""What a spreadsheet's cell says once its invisible and foreign dress is off."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.leads.cell_parsing import is_blank, plain_text, read_date, tidy, yes_or_no

DIGITS = "converted digits from another script"
HIDDEN = "removed hidden characters"
QUOTING = "removed spreadsheet quoting"


@pytest.mark.parametrize(
    ("cell", "bare", "notes"),
    [
        ("98765 43210", "98765 43210", []),
        ("९८७६५", "98765", [DIGITS]),
        ("\u202a98765\u202c", "98765", [HIDDEN]),
        ("\ufeff98765", "98765", [HIDDEN]),
        ("'98765", "98765", [QUOTING]),
        ('="98765"', "98765", [QUOTING]),
        ("“98765”", "98765", [QUOTING]),
        ("98765\u201343210", "98765-43210", []),
        ("\u22125", "-5", []),
        ("98765\u00a043210\t1", "98765 43210 1", []),
        ("９８", "98", []),
        ("'\u200b९८", "98", [HIDDEN, DIGITS, QUOTING]),
        ("a\nb", "a\nb", []),
        ("", "", []),
    ],
)
def test_a_cell_is_freed_of_its_dress_and_says_so(cell: str, bare: str, notes: list[str]) -> None:
    assert tidy(cell) == (bare, notes)


@given(st.text())
def test_a_tidied_cell_has_no_foreign_digit_no_odd_space_and_stays_as_it_is(cell: str) -> None:
    bare, _ = tidy(cell)
    assert not any(char.isdecimal() and not char.isascii() for char in bare)
    assert bare == bare.strip()
    assert "\u200b" not in bare
    assert not bare.startswith("=")


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("  Asha\n Rao\t ", "Asha Rao"),
        ("Asha\u200b Rao\x07", "Asha Rao"),
        ("क्\u200dष", "क्\u200dष"),
        ("Jose\u0301", "José"),
    ],
)
def test_a_name_becomes_one_line_and_keeps_the_joiners_of_its_script(cell: str, plain: str) -> None:
    assert plain_text(cell) == plain


@given(st.text())
def test_plain_text_is_one_line_with_single_spaces(cell: str) -> None:
    plain = plain_text(cell)
    assert plain == " ".join(plain.split())
    assert plain_text(plain) == plain


@pytest.mark.parametrize(
    "cell", ["", "NA", "n/a", "#N/A", "None", "NULL", "-", "---", "?", "Not Available", "No Number"]
)
def test_people_say_in_many_words_that_a_cell_is_empty(cell: str) -> None:
    assert is_blank(cell)


@pytest.mark.parametrize("cell", ["Noah", "0", "Nan Li", "9876543210", "no 5"])
def test_a_cell_that_says_something_is_not_blank(cell: str) -> None:
    assert not is_blank(cell)


@pytest.mark.parametrize("cell", ["Yes", " y ", "TRUE", "1.0", "Opted-In", "हाँ", "ji haan", "✓", "Agreed.", "'yes'"])
def test_consent_is_understood_in_the_words_people_use(cell: str) -> None:
    assert yes_or_no(cell) is True


@pytest.mark.parametrize("cell", ["No", "N", "false", "0", "Opt Out", "नहीं", "DND", "do not call", "✗", "withdrawn"])
def test_a_refusal_is_understood_in_the_words_people_use(cell: str) -> None:
    assert yes_or_no(cell) is False


@pytest.mark.parametrize("cell", ["", "maybe", "yes but not now", "2", "ask him", "yes/no"])
def test_what_is_not_clear_is_neither_consent_nor_refusal(cell: str) -> None:
    assert yes_or_no(cell) is None


@pytest.mark.parametrize(
    ("cell", "month_first", "day"),
    [
        ("2026-03-04", False, date(2026, 3, 4)),
        ("2026-03-04T10:20:00Z", False, date(2026, 3, 4)),
        ("2026/3/4 10:20", False, date(2026, 3, 4)),
        ("04/03/2026", False, date(2026, 3, 4)),
        ("04/03/2026", True, date(2026, 4, 3)),
        ("25/03/2026", True, date(2026, 3, 25)),
        ("03/25/2026", False, date(2026, 3, 25)),
        ("4.3.26", False, date(2026, 3, 4)),
        ("4th March 2026", False, date(2026, 3, 4)),
        ("04-Mar-26", False, date(2026, 3, 4)),
        ("March 4, 2026", False, date(2026, 3, 4)),
        ("46085", False, date(2026, 3, 4)),
        ("46085.5", False, date(2026, 3, 4)),
        ("०४/०३/२०२६", False, date(2026, 3, 4)),
    ],
)
def test_a_date_is_read_as_the_person_who_wrote_it_meant_it(cell: str, month_first: bool, day: date) -> None:
    assert read_date(cell, month_first=month_first) == day


@pytest.mark.parametrize(
    "cell",
    ["", "soon", "31/02/2026", "2026-13-01", "4 Foo 2026", "Foo 4 2026", "13/13/2026", "12345", "0/0/00", "1/1/0000"],
)
def test_a_day_that_does_not_exist_is_no_date(cell: str) -> None:
    assert read_date(cell) is None


@given(st.text(max_size=30), st.booleans())
def test_any_cell_is_a_date_or_none(cell: str, month_first: bool) -> None:
    found = read_date(cell, month_first=month_first)
    assert found is None or found.year >= 1900 or found.year > 0
