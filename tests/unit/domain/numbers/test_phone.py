"""Whatever is typed into a phone cell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.numbers.phone import BadPhone, Phone, mask, parse_phone

RAHUL = "+919876500012"


@pytest.mark.parametrize(
    "cell",
    [
        "+919876500012",
        "+91 98765 00012",
        "+91-98765-00012",
        "+91.98765.00012",
        "(+91) 98765 00012",
        "+91 (0) 98765 00012",
        "+91\u00a098765\u00a000012",
        "  +91 98765–00012 ",
    ],
)
def test_a_number_in_ordinary_writing_is_not_called_repaired(cell: str) -> None:
    assert parse_phone(cell, "IN") == Phone(RAHUL, None, None, "IN", "MOBILE")


@pytest.mark.parametrize(
    ("cell", "mended"),
    [
        ("9876500012", "added +91"),
        ("98765 00012", "added +91"),
        ("919876500012", "added missing +"),
        ("09876500012", "replaced leading 0 with +91"),
        ("0-98765-00012", "replaced leading 0 with +91"),
        ("00919876500012", '"00" read as "+"'),
        ("0091 98765 00012", '"00" read as "+"'),
        ("+919876500012.0", 'removed ".0"'),
        ("919876500012.0", 'removed ".0"'),
        ("9876500012.00", 'removed ".0"'),
        ("'+919876500012", "removed spreadsheet quoting"),
        ("=+919876500012", "removed spreadsheet quoting"),
        ('="9876500012"', "removed spreadsheet quoting"),
        ("\u202a+91 98765 00012\u202c", "removed hidden characters"),
        ("\u200b9876500012", "removed hidden characters"),
        ("\ufeff+919876500012", "removed hidden characters"),
        ("९८७६५०००१२", "converted digits from another script"),
        ("+٩١٩٨٧٦٥٠٠٠١٢", "converted digits from another script"),
        ("9876500012 ext 12", "removed extension 12"),
        ("+91 98765 00012 x4", "removed extension 4"),
        ("9,876,500,012", "removed separators"),
        ("9876500012;98765-00012", "the same number twice"),
        ("98765 00012 (mother)", 'removed note "mother"'),
        ("98765 00012 [call after 6 pm]", 'removed note "call after 6 pm"'),
        ("+91 98765 00012 - Father's", 'removed note "Father\'s"'),
        ("98765 00012 (home no.)", 'removed note "home no."'),
        ("98765 00012, father", 'removed note "father"'),
        ("98765 00012 (पिता)", 'removed note "पिता"'),
        ("98765-00012/13", "only one of the numbers in the cell could be read"),
    ],
)
def test_one_person_in_many_spellings_is_one_number_and_says_what_was_mended(cell: str, mended: str) -> None:
    phone = parse_phone(cell, "IN")
    assert isinstance(phone, Phone)
    assert (phone.e164, phone.second) == (RAHUL, None)
    assert mended in (phone.repaired or "").split("; ")


@pytest.mark.parametrize(
    "cell", ["＋９１９８７６５０００１２", "p:+919876500012", "Mob: +91 98765 00012", "+919876500012 (WhatsApp)"]
)
def test_full_width_digits_and_labels_are_seen_through(cell: str) -> None:
    phone = parse_phone(cell, "IN")
    assert isinstance(phone, Phone)
    assert phone.e164 == RAHUL


@pytest.mark.parametrize(
    "cell",
    [
        "98765 00012 / 98765 00013",
        "98765 00012, 98765 00013",
        "98765 00012; +91 98765 00013",
        "9876500012 or 9876500013",
        "9876500012 and 09876500013",
        "9876500012 9876500013",
        "+91 98765 00012 +91 98765 00013",
        "98765 00012\n98765 00013",
    ],
)
def test_of_two_numbers_in_a_cell_the_first_is_rung_and_the_second_kept(cell: str) -> None:
    phone = parse_phone(cell, "IN")
    assert isinstance(phone, Phone)
    assert (phone.e164, phone.second) == (RAHUL, "+919876500013")
    assert "two numbers in one cell, the first is used" in (phone.repaired or "")


@pytest.mark.parametrize(
    "cell", ["9.19877E+11", "9.19877e+11", "9,19877E+11", "9.19876500012E+11", "'9.19877E+11", "9E+09"]
)
def test_what_excel_rounded_is_never_guessed(cell: str) -> None:
    bad = parse_phone(cell, "IN")
    assert isinstance(bad, BadPhone)
    assert (bad.reason, bad.suggestion) == ("excel_rounded", None)
    assert "Excel rounded this number" in bad.says


@pytest.mark.parametrize(
    "cell", ["", "   ", "NA", "n/a", "-", "--", "none", "None", "NULL", "\u200b", "not available", "'"]
)
def test_an_empty_cell_in_any_words_is_no_phone(cell: str) -> None:
    assert parse_phone(cell, "IN") == BadPhone("no_phone", "No phone number in this row", None)


@pytest.mark.parametrize(
    ("cell", "reason", "suggestion"),
    [
        ("98765", "too_short", None),
        ("98765 0001", "too_short", None),
        ("0", "too_short", None),
        ("987650001234567", "too_long", None),
        ("98765000123", "too_long", None),
        ("98765 00O12", "not_a_number", RAHUL),
        ("98765OOOl2", "not_a_number", RAHUL),
        ("98765 00012 (do not call)", "not_a_number", RAHUL),
        ("98765 00012 wrong number", "not_a_number", RAHUL),
        ("98765 00012 (father: 98765 00013)", "not_a_number", None),
        ("98765 0001 (mother)", "not_a_number", None),
        ("98765 00081 98", "too_long", None),
        ("987650008198", "too_long", None),
        ("call me", "not_a_number", None),
        ("1800FLOWERS", "not_a_number", None),
        ("98765x00012", "not_a_number", RAHUL),
        ("+", "not_a_number", None),
        ("+9876500012", "too_short", RAHUL),
        ("50000 00000", "invalid_number", None),
        ("+44 7700 900123", "invalid_number", None),
        ("447400123456", "too_long", "+447400123456"),
        ("12125550101", "too_long", "+12125550101"),
    ],
)
def test_a_bad_number_says_why_and_suggests_without_guessing(cell: str, reason: str, suggestion: str | None) -> None:
    bad = parse_phone(cell, "IN")
    assert isinstance(bad, BadPhone)
    assert (bad.reason, bad.suggestion) == (reason, suggestion)
    assert bad.says


@pytest.mark.parametrize(
    ("cell", "country", "e164", "region", "kind"),
    [
        ("+1 (212) 555-0106", "IN", "+12125550106", "US", "FIXED_LINE_OR_MOBILE"),
        ("+61 491 570 156", "IN", "+61491570156", "AU", "MOBILE"),
        ("020 7946 0018", "GB", "+442079460018", "GB", "FIXED_LINE"),
        ("+1 800 555 0199", "IN", "+18005550199", "US", "TOLL_FREE"),
        ("080 4567 8901", "IN", "+918045678901", "IN", "FIXED_LINE"),
    ],
)
def test_people_abroad_keep_their_own_country(cell: str, country: str, e164: str, region: str, kind: str) -> None:
    phone = parse_phone(cell, country)
    assert isinstance(phone, Phone)
    assert (phone.e164, phone.region, phone.kind) == (e164, region, kind)


@settings(deadline=None)
@given(st.integers(6_000_000_000, 9_999_999_999), st.sampled_from(["", "0", "+91", "91", "0091", "'", "+91 "]))
def test_a_number_once_read_reads_the_same_again(national: int, dress: str) -> None:
    phone = parse_phone(f"{dress}{national}", "IN")
    if isinstance(phone, Phone):
        again = parse_phone(phone.e164, "IN")
        assert again == Phone(phone.e164, None, None, phone.region, phone.kind)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_cell_whatever_raises(cell: str) -> None:
    assert isinstance(parse_phone(cell, "IN"), Phone | BadPhone)


@pytest.mark.parametrize(
    ("e164", "shown"),
    [("+919876500012", "+9198****0012"), ("+12125550106", "+121****0106"), ("+1234567", "****4567"), ("", "****")],
)
def test_a_log_never_shows_a_number_in_full(e164: str, shown: str) -> None:
    assert mask(e164) == shown
