"""The headers of marketers' lists."""

import pytest

from dialer.domain.leads.headers import COLUMNS, NoPhoneColumn, guess_columns


@pytest.mark.parametrize(
    "header",
    [
        "Mobile No.", "Mobile", "Contact", "WhatsApp", "Contact Number", "Phone", "phone_number", "PhoneNumber",
        "Student Mobile No", "Ph. No.", "Tel", "Cell Phone", "WhatsApp No.", "Landline", "MOBILE NO", "\ufeffMobile",
        "फ़ोन", "फोन नंबर", "मोबाइल नंबर", "Mobile Number (with country code)", "Contact No",
    ],
)  # fmt: skip
def test_a_phone_column_is_known_by_its_ordinary_names(header: str) -> None:
    columns = guess_columns(["City", header, "Remarks"])
    assert not isinstance(columns, NoPhoneColumn)
    assert columns["phone"] == header


@pytest.mark.parametrize(
    ("column", "header"),
    [
        ("name", "Student Name"),
        ("name", "Full Name"),
        ("name", "full_name"),
        ("name", "Name of Student"),
        ("name", "नाम"),
        ("name", "Naam"),
        ("zone", "Timezone"),
        ("zone", "Time Zone"),
        ("zone", "TZ"),
        ("consent", "Consent"),
        ("consent", "Opt-in"),
        ("consent", "Consent (Y/N)"),
        ("consent_source", "Consent Source"),
        ("consent_source", "Source of consent"),
        ("consent_date", "Consent Date"),
        ("consent_date", "Date of Consent"),
        ("email", "Email"),
        ("email", "E-mail ID"),
        ("country", "Preferred Country"),
        ("country", "Country"),
        ("country", "Study Destination"),
        ("country", "देश"),
        ("course", "Course"),
        ("course", "Program"),
        ("course", "Course Interested In"),
        ("intake", "Intake"),
        ("intake", "Target Intake"),
        ("budget", "Budget (INR)"),
        ("budget", "Budget in Lakhs"),
        ("state", "State"),
        ("state", "State/Province"),
    ],
)
def test_every_other_column_is_known_by_its_ordinary_names(column: str, header: str) -> None:
    assert guess_columns(["Phone", header]) == {"phone": "Phone", column: header}


@pytest.mark.parametrize(
    ("headers", "column", "taken"),
    [
        (["Alternate Phone", "Phone"], "phone", "Phone"),
        (["Father's Mobile", "Contact"], "phone", "Contact"),
        (["WhatsApp Number", "Mobile Number"], "phone", "Mobile Number"),
        (["Contact Name", "Contact Number", "Contact Email"], "phone", "Contact Number"),
        (["Country Code", "Phone Type", "Phone"], "phone", "Phone"),
        (["Phone 1", "Phone 2"], "phone", "Phone 1"),
        (["Father's Name", "Student Name", "Phone"], "name", "Student Name"),
        (["campaign_name", "ad_name", "full_name", "phone_number"], "name", "full_name"),
        (["First Name", "Name", "Phone"], "name", "Name"),
        (["Country of Residence", "Destination", "Phone"], "country", "Destination"),
        (["Country", "Preferred Country", "Phone"], "country", "Preferred Country"),
        (["Current Course", "Course", "Phone"], "course", "Course"),
        (["Consent Date", "Consent", "Phone"], "consent", "Consent"),
    ],
)
def test_the_students_own_column_is_taken_before_anybody_elses(headers: list[str], column: str, taken: str) -> None:
    columns = guess_columns(headers)
    assert not isinstance(columns, NoPhoneColumn)
    assert dict(columns)[column] == taken  # type: ignore[index]


def test_an_alternate_phone_will_do_where_there_is_no_other() -> None:
    columns = guess_columns(["Name", "Alternate Phone"])
    assert not isinstance(columns, NoPhoneColumn)
    assert columns["phone"] == "Alternate Phone"


@pytest.mark.parametrize(
    "headers", [["Email", "City"], ["Father's Name", "Father's Mobile"], ["Phone Type", "Country Code"], [], [""]]
)
def test_a_list_without_a_phone_column_is_refused_with_what_it_has(headers: list[str]) -> None:
    refused = guess_columns(headers)
    assert isinstance(refused, NoPhoneColumn)
    assert refused.found == tuple(header for header in headers if header)
    assert all(header in refused.says for header in headers)


def test_a_father_is_never_taken_for_the_student() -> None:
    assert guess_columns(["Phone", "Father's Name", "Mother Name", "Counselor Name"]) == {"phone": "Phone"}


def test_no_header_serves_twice_and_the_source_of_a_lead_is_not_that_of_consent() -> None:
    columns = guess_columns(["Student Name", "Mobile No.", "Email", "City", "Source", "Consent", "Timezone"])
    assert not isinstance(columns, NoPhoneColumn)
    assert len(set(columns.values())) == len(columns)
    assert set(columns) == {"name", "phone", "email", "consent", "zone"}
    assert set(columns) <= set(COLUMNS)
