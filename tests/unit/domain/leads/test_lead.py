"""Rows of a marketer's list, and the list that ships with the product."""

import csv
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.leads.headers import Column, NoPhoneColumn, guess_columns
from dialer.domain.leads.lead import LeadRow, Rejected, read_row
from dialer.domain.numbers.phone import Phone
from dialer.domain.numbers.zones import Zones

SAMPLE = Path(__file__).parents[4] / "sample_leads.csv"
HEADERS = (
    "Student Name", "Mobile No.", "Email", "State", "Preferred Country", "Budget (INR)", "Consent", "Consent Source",
    "Consent Date", "Timezone",
)  # fmt: skip


def columns_of(headers: tuple[str, ...]) -> Mapping[Column, str]:
    columns = guess_columns(headers)
    assert not isinstance(columns, NoPhoneColumn)
    return columns


def lead(**changed: str) -> LeadRow | Rejected:
    """Priya's row, with some cells changed; `zone="..."` for the Timezone cell and so on."""
    cells = {
        "name": "Priya Sharma", "phone": "+91 98765 00012", "email": "priya@example.com", "state": "Kerala",
        "country": "Canda", "budget": "20,00,000", "consent": "Yes", "consent_source": "Web form",
        "consent_date": "05/03/2026", "zone": "Asia/Kolkata",
    } | changed  # fmt: skip
    columns = columns_of(HEADERS)
    return read_row({columns[field]: cells[field] for field in columns}, columns, "IN")


def test_a_good_row_is_a_lead_with_her_own_words() -> None:
    assert lead() == LeadRow(
        phone=Phone("+919876500012", None, None, "IN", "MOBILE"),
        name="Priya Sharma",
        zones=Zones(("Asia/Kolkata",), "column"),
        state="Kerala",
        consent=True,
        consent_source="Web form",
        consent_on=date(2026, 3, 5),
        email="priya@example.com",
        repaired=(),
        enquiry={"name": "Priya Sharma", "country": "Canda", "budget": "INR 20,00,000"},
    )


def test_a_repair_is_told_in_words() -> None:
    row = lead(phone="'09876500012")
    assert isinstance(row, LeadRow)
    assert row.repaired == ("removed spreadsheet quoting", "replaced leading 0 with +91")


@pytest.mark.parametrize(
    ("phone", "reason"),
    [
        ("", "no_phone"),
        ("9.19877E+11", "excel_rounded"),
        ("98765OOO12", "not_a_number"),
        ("98765", "too_short"),
        ("987650001234", "too_long"),
        ("+447700900123", "invalid_number"),
    ],
)
def test_a_row_without_a_number_to_ring_is_rejected_for_a_counted_reason(phone: str, reason: str) -> None:
    row = lead(phone=phone)
    assert isinstance(row, Rejected)
    assert row.reason == reason
    assert row.says


def test_a_letter_in_the_number_comes_back_with_a_suggestion() -> None:
    row = lead(phone="98765OOO12")
    assert isinstance(row, Rejected)
    assert row.suggestion == "+919876500012"


def test_a_wrong_timezone_rejects_the_row_and_a_blank_one_leaves_it_to_the_number() -> None:
    row = lead(zone="Mars/Phobos")
    assert isinstance(row, Rejected)
    assert row.reason == "unknown_zone"
    blank = lead(zone=" ")
    assert isinstance(blank, LeadRow)
    assert blank.zones is None


def test_a_state_tells_the_zone_of_an_american_number() -> None:
    row = lead(zone="", phone="+1 212 555 0106", state="California")
    assert isinstance(row, LeadRow)
    assert row.zones == Zones(("America/Los_Angeles",), "state")


@pytest.mark.parametrize(
    ("cell", "consent"),
    [
        ("Yes", True), ("y", True), ("TRUE", True), ("1", True), ("Opted in", True), ("haan", True), ("हाँ", True),
        ("No", False), ("N", False), ("false", False), ("0", False), ("opted out", False), ("nahi", False),
        ("", None), (" ", None), ("pending", None), ("NA", None),
    ],
)  # fmt: skip
def test_consent_is_yes_no_or_not_said(cell: str, consent: bool | None) -> None:
    row = lead(consent=cell)
    assert isinstance(row, LeadRow)
    assert row.consent is consent


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-03-05", date(2026, 3, 5)),
        ("2026-03-05 14:30:00", date(2026, 3, 5)),
        ("05/03/2026", date(2026, 3, 5)),
        ("5-3-26", date(2026, 3, 5)),
        ("12/25/2025", date(2025, 12, 25)),
        ("5 Mar 2026", date(2026, 3, 5)),
        ("5th March, 2026", date(2026, 3, 5)),
        ("March 5, 2026", date(2026, 3, 5)),
        ("46086", date(2026, 3, 5)),
        ("30/02/2026", None),
        ("last week", None),
        ("", None),
    ],
)
def test_a_consent_date_is_read_day_first(cell: str, day: date | None) -> None:
    row = lead(consent_date=cell)
    assert isinstance(row, LeadRow)
    assert row.consent_on == day


def test_a_person_called_none_keeps_the_name_and_a_broken_address_is_no_address() -> None:
    row = lead(name=" None ", email="priya at example")
    assert isinstance(row, LeadRow)
    assert (row.name, row.email) == ("None", None)


@pytest.mark.parametrize(
    ("header", "cell", "budget"),
    [
        ("Budget (INR)", "2000000", "INR 2000000"),
        ("Budget (in Lakhs)", "20", "20 lakh"),
        ("Budget (INR Lakhs)", "15-20", "INR 15-20 lakh"),
        ("Budget (INR)", "$30k", "$30k"),
        ("Budget", "20 lakh", "20 lakh"),
    ],
)
def test_a_bare_budget_takes_the_unit_of_its_header(header: str, cell: str, budget: str) -> None:
    columns = columns_of(("Phone", header))
    row = read_row({"Phone": "+919876500012", header: cell}, columns, "IN")
    assert isinstance(row, LeadRow)
    assert row.enquiry["budget"] == budget


def test_a_row_shorter_than_its_header_is_read_as_far_as_it_goes() -> None:
    row = read_row({"Mobile No.": "9876500012"}, columns_of(HEADERS), "IN")
    assert isinstance(row, LeadRow)
    assert (row.name, row.zones, row.consent, row.enquiry) == (None, None, None, {})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=25)))
def test_no_row_whatever_raises(cells: dict[str, str]) -> None:
    assert isinstance(read_row(cells, columns_of(HEADERS), "IN"), LeadRow | Rejected)


def test_the_sample_list_shows_every_kind_of_student_and_every_kind_of_trouble() -> None:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    columns = columns_of(tuple(table[0]))
    rows = [read_row(cells, columns, "IN") for cells in table]
    leads = [row for row in rows if isinstance(row, LeadRow)]
    numbers = Counter(row.phone.e164 for row in leads)
    assert len(rows) == 24
    assert Counter(row.reason for row in rows if isinstance(row, Rejected)) == {
        "excel_rounded": 1, "too_short": 1, "too_long": 1, "no_phone": 1, "not_a_number": 1, "unknown_zone": 1,
    }  # fmt: skip
    assert len([number for number, times in numbers.items() if times == 2]) == 2
    assert len([row for row in leads if row.repaired]) >= 8
    indian = {number for number in numbers if number.startswith("+91")}
    assert {number[-1] for number in indian if number[-2:] not in ("97", "98", "99")} == set("0123456789")
    assert {"97", "98", "99"} <= {number[-2:] for number in indian}
    assert all(row.consent for row in leads)
    assert len({row.phone.region for row in leads}) == 4
