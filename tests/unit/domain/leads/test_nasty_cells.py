"""A table of cells as marketers fill them, each with what it means: mended where one reading exists, never guessed."""

from datetime import date

import pytest

from dialer.domain.leads.headers import NoPhoneColumn, guess_columns
from dialer.domain.meetings.enquiry import Field, normalize
from dialer.domain.numbers.phone import BadPhone, parse_phone

RAHUL, OTHER = "+919876500012", "+919876500013"
TODAY = date(2026, 2, 10)

PHONES = {
    # F64, F65, F73
    "+91 98765 00012": RAHUL,
    "9876500012": RAHUL,
    "09876500012": RAHUL,
    "0091-98765-00012": RAHUL,
    "919876500012.0": RAHUL,
    "'+919876500012": RAHUL,
    "=+919876500012": RAHUL,
    '="9876500012"': RAHUL,
    "(+91) 98765-00012": RAHUL,
    "+91.98765.00012": RAHUL,
    "98765 00012 ext 4": RAHUL,
    "98765 00012 x12": RAHUL,
    "Mobile: 98765 00012": RAHUL,
    "98765 00012 (WhatsApp)": RAHUL,
    "tel:+919876500012": RAHUL,
    "98765 00012 / 98765 00013": RAHUL,
    "98765 00012, 98765 00013": RAHUL,
    "9876500012 or 9876500013": RAHUL,
    "9876500012 9876500013": RAHUL,
    "९८७६५०००१२": RAHUL,
    "+٩١٩٨٧٦٥٠٠٠١٢": RAHUL,
    "\u202a+91 98765 00012\u202c": RAHUL,
    "\u200e9876500012": RAHUL,
    "９８７６５０００１２": RAHUL,
    "98765\u00a000012": RAHUL,
    "98765–00012": RAHUL,
    "9.19877E+11": "excel_rounded",
    "9.19877e11": "excel_rounded",
    "9,19877E+11": "excel_rounded",
    "919.877E9": "excel_rounded",
    "98765OOO12": "not_a_number",
    "98765 0002": "too_short",
    "98765 00012 999": "too_long",
    "1111111111": "invalid_number",
    "+999 98765 00012": "invalid_number",
    "NA": "no_phone",
    "-": "no_phone",
    "": "no_phone",
    "ask her father": "not_a_number",
    "#REF!": "not_a_number",
}
WORDS: dict[tuple[Field, str], str] = {
    ("intake", "Sept 25"): "September 2025",
    ("intake", "Fall 2026"): "Fall 2026",
    ("intake", "next year"): "2027",
    ("intake", "09/2026"): "September 2026",
    ("intake", "2026-09-01"): "September 2026",
    ("intake", "Sep'26 intake"): "September 2026",
    ("intake", "soon"): "soon",
    ("budget", "20 lakh"): "INR 2,000,000",
    ("budget", "₹15-20L"): "INR 1,500,000–2,000,000",
    ("budget", "$30k"): "USD 30,000",
    ("budget", "20,00,000"): "INR 2,000,000",
    ("budget", "Rs. 18 lacs"): "INR 1,800,000",
    ("budget", "depends"): "depends",
    ("country", "UK"): "United Kingdom",
    ("country", "Great Britain"): "United Kingdom",
    ("country", "Canda"): "Canada",
    ("country", "U.S.A."): "United States",
    ("country", "canada/australia"): "Canada or Australia",
    ("country", "कनाडा"): "Canada",
    ("country", "Europe"): "Europe",
}
HEADERS = {
    "Mobile No.": "phone",
    "WhatsApp": "phone",
    "WhatsApp Number": "phone",
    "Contact Number": "phone",
    "CONTACT NO": "phone",
    "Ph. No.": "phone",
    "Cell": "phone",
    "Telephone": "phone",
    "फ़ोन नंबर": "phone",
    "मोबाइल": "phone",
    "Student Name": "name",
    "Name of the Student": "name",
    "नाम": "name",
    "Preferred Country": "country",
    "Country of Interest": "country",
    "देश": "country",
    "Budget (INR)": "budget",
    "बजट": "budget",
    "Target Intake": "intake",
    "E-mail ID": "email",
    "Time Zone": "zone",
    "Opt-in": "consent",
}


@pytest.mark.parametrize("cell", PHONES)
def test_a_phone_cell_is_mended_or_refused_for_its_reason(cell: str) -> None:
    read = parse_phone(cell, "IN")
    assert (read.reason if isinstance(read, BadPhone) else read.e164) == PHONES[cell]
    if "00013" in cell:
        assert not isinstance(read, BadPhone)
        assert read.second == OTHER


def test_excels_rounding_is_said_in_those_words() -> None:
    read = parse_phone("9.19877E+11", "IN")
    assert isinstance(read, BadPhone)
    assert read.says.startswith("Excel rounded this number")
    assert read.suggestion is None, "never guessed"


@pytest.mark.parametrize(("field", "cell"), WORDS)
def test_a_students_words_are_brought_to_the_common_wording_and_kept(field: Field, cell: str) -> None:
    assert normalize(field, cell, TODAY).text == WORDS[field, cell]
    assert normalize(field, cell, TODAY).original == cell


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_is_known_in_many_wordings(header: str) -> None:
    meant = HEADERS[header]
    columns = guess_columns([header] if meant == "phone" else [header, "Phone"])
    assert not isinstance(columns, NoPhoneColumn)
    assert {column: name for column, name in columns.items() if name == header} == {meant: header}
