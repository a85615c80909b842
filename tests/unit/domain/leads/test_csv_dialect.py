"""What a list's shape tells: its header or the want of one, its phone column, and files that are no list."""

from collections.abc import Sequence

import pytest

from dialer.domain.leads.column_values import phone_column
from dialer.domain.leads.csv_dialect import header_at, numbered_names, wrong_kind

ASHA, BELA = ("Asha", "98765 00401"), ("Bela", "+91 98765 00402")


@pytest.mark.parametrize(
    ("rows", "place", "is_missing"),
    [
        ([("who", "reach them"), ASHA, BELA], 0, False),
        ([ASHA, BELA], 0, True),
        ([("Education fair",), ASHA, BELA], 1, True),
        ([("who", "reach them"), (*ASHA, "x"), BELA], 0, False),
        ([("Education fair",), ("who", "reach them"), ASHA], 1, False),
        ([("Name", "Phone"), ASHA], 0, False),
        ([("Name", "City"), ("Asha", "Pune")], 0, False),
        ([("98765 00401",), ("98765 00402",)], 0, True),
        ([("Event on", "2026-11-30"), ("Name", "Phone"), ASHA], 1, False),
    ],
)
def test_a_row_with_a_phone_number_is_no_header(rows: Sequence[Sequence[str]], place: int, is_missing: bool) -> None:
    assert header_at(rows) == (place, is_missing)


def test_a_list_without_a_header_has_as_many_numbered_columns_as_its_widest_row() -> None:
    assert numbered_names([ASHA, (*BELA, "x")]) == ("Column 1", "Column 2", "Column 3")


@pytest.mark.parametrize(
    ("header", "rows", "column"),
    [
        (("who", "reach them"), [ASHA, BELA], "reach them"),
        (("who", "reach them"), [ASHA, ("Bela", ""), ("Chitra", "n/a"), ("Dev", "98765 00404")], "reach them"),
        (("a", "b"), [("98765 00401", "son"), ("oops", "98765 00402"), ("98765 00403", "98765 00404")], "a"),
        (("Form date", "Serial"), [("2026-11-30", "20261130"), ("2026-12-01", "20261201")], None),
        (("who", "Father's Mobile"), [ASHA, BELA], None),
        (("who", "city"), [("Asha", "Pune")], None),
        (("who", "city"), [], None),
    ],
)
def test_a_column_that_holds_mostly_phone_numbers_is_the_phone(
    header: Sequence[str], rows: Sequence[Sequence[str]], column: str | None
) -> None:
    assert phone_column(header, rows, "IN") == column


@pytest.mark.parametrize(
    ("start", "advice"),
    [
        (b"\x89PNG\r\n\x1a\n", "is a picture."),
        (b"\xff\xd8\xff\xe0", "is a picture."),
        (b"RIFF\x00\x00\x00\x00WEBP", "is a picture."),
        (b"\x00\x00\x00\x18ftypheic", "is a picture."),
        (b"%PDF-1.7", "is a PDF."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
    ],
)
def test_each_kind_of_wrong_file_has_its_own_advice(start: bytes, advice: str) -> None:
    assert advice in (wrong_kind(start) or "")


@pytest.mark.parametrize("start", [b"Name,Phone\n", b"BMW,Phone\n", b"PK\x03\x04", b"\x1f\x8b", b""])
def test_a_list_is_no_wrong_kind(start: bytes) -> None:
    assert wrong_kind(start) is None
