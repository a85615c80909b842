"""What marketers upload: odd files are read as they were meant, hopeless ones are refused in one line."""

from pathlib import Path

import pytest
from sqlalchemy import select

from dialer.services.leads.import_file import NoCampaignError
from dialer.services.leads.map_columns import NoPhoneError
from dialer.services.leads.read_file import UnreadableListError
from dialer.settings import Settings
from dialer.store.tables import ImportRow, Lead
from dialer.wiring.stores import Store
from tests.support.lists import HEADER, as_text, bring, campaign, students, write_list, write_workbook
from tests.support.people import phone_of, row_counts

THREE = {phone_of(1): "Student 1", phone_of(2): "Student 2", phone_of(3): "Student 3"}


async def names(store: Store) -> dict[str, str]:
    async with store.sessions() as session:
        return {lead.phone: lead.name for lead in await session.scalars(select(Lead))}


async def came_in(settings: Settings, store: Store, content: bytes, name: str = "list.csv") -> dict[str, str]:
    """Import a file of these bytes; phones and names that came in."""
    await campaign(store)
    path = settings.dialer_data_dir.parent / name
    path.write_bytes(content)
    await bring(settings, store, path)
    return await names(store)


TEXT = as_text(students(1, 2, 3))
WELL_MEANT = {
    "plain": TEXT.encode(),
    "with a byte order mark": TEXT.encode("utf-8-sig"),
    "UTF-16 of Excel": TEXT.encode("utf-16"),
    "UTF-16 big-endian": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "Windows line ends": TEXT.replace("\n", "\r\n").encode(),
    "old Macintosh line ends": TEXT.replace("\n", "\r").encode(),
    "semicolons": as_text(students(1, 2, 3), separator=";").encode(),
    "tabs": as_text(students(1, 2, 3), separator="\t").encode(),
    "no line end at the end": TEXT.rstrip().encode(),
    "blank lines between": TEXT.replace("\n", "\n\n,\n").encode(),
    "an empty column at the end": TEXT.replace("\n", ",\n").encode(),
}


@pytest.mark.parametrize("kind", WELL_MEANT)
async def test_a_list_is_read_however_it_was_saved(settings: Settings, store: Store, kind: str) -> None:
    assert await came_in(settings, store, WELL_MEANT[kind]) == THREE


async def test_a_list_of_an_old_windows_keeps_its_accents(settings: Settings, store: Store) -> None:
    content = as_text([["José Müller", phone_of(1)]]).encode("cp1252")
    assert await came_in(settings, store, content) == {phone_of(1): "José Müller"}


async def test_hindi_names_and_digits_are_read(settings: Settings, store: Store) -> None:
    digits = phone_of(1)[3:].translate(str.maketrans("0123456789", "०१२३४५६७८९"))
    content = f"नाम,मोबाइल नंबर\nआशा राव,{digits}\n".encode()
    assert await came_in(settings, store, content) == {phone_of(1): "आशा राव"}


@pytest.mark.parametrize("name", ["NA", "None", "nan", "NULL", "True", "007"])
async def test_names_that_look_like_nothing_are_names(settings: Settings, store: Store, name: str) -> None:
    assert await came_in(settings, store, as_text([[name, phone_of(1)]]).encode()) == {phone_of(1): name}


@pytest.mark.parametrize("form", ["list.xlsx", "list.csv"])
async def test_an_excel_workbook_is_read_whatever_its_name(settings: Settings, store: Store, form: str) -> None:
    book = write_workbook(
        settings.dialer_data_dir.parent / "book.xlsx",
        [
            ["Student 1", phone_of(1)],
            ["Student 2", int(phone_of(2)[1:])],
            ["Student 3", float(phone_of(3)[3:])],
            [None, None],
        ],
    )
    assert await came_in(settings, store, book.read_bytes(), form) == THREE


async def test_an_empty_cell_of_a_workbook_is_no_name(settings: Settings, store: Store) -> None:
    book = write_workbook(settings.dialer_data_dir.parent / "book.xlsx", [[None, phone_of(1)], ["NA", phone_of(2)]])
    assert await came_in(settings, store, book.read_bytes(), "list.xlsx") == {phone_of(1): "", phone_of(2): "NA"}


async def test_rows_too_short_and_too_long_are_told_apart(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    path = tmp_path / "list.csv"
    path.write_text(f"Name,Phone,City\nA,{phone_of(1)}\nB,{phone_of(2)},Pune,and,more\nC,{phone_of(3)},Pune\nD\n")
    done = (await bring(settings, store, path)).as_dict()
    assert await names(store) == {phone_of(1): "A", phone_of(3): "C"}
    assert done["rejected_by_reason"]["too_many_cells"] == 1
    assert (done["rows"], done["rejected"]) == (4, 2)


async def test_a_cell_too_many_in_every_row_shifts_nobody(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    path = tmp_path / "list.csv"
    path.write_text("Name,Phone\n" + "".join(f"S{n},{phone_of(n)},x\n" for n in range(5)))
    done = (await bring(settings, store, path)).as_dict()
    assert (done["imported"], done["rejected_by_reason"]) == (0, {"too_many_cells": 5})


async def test_columns_of_the_same_name_are_kept_apart(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    path = write_list(tmp_path / "list.csv", [["Asha", phone_of(1), "x", "y"]], ("Name", "Phone", "Note", "Note"))
    await bring(settings, store, path)
    async with store.sessions() as session:
        (row,) = (await session.scalars(select(ImportRow))).all()
    assert row.cells == ["Asha", phone_of(1), "x", "y"]


async def test_a_line_break_in_a_cell_is_part_of_it(settings: Settings, store: Store) -> None:
    content = f'Name,Phone,Note\nAsha,{phone_of(1)},"two\nlines"\nBela,{phone_of(2)},one\n'.encode()
    assert set(await came_in(settings, store, content)) == {phone_of(1), phone_of(2)}


async def test_a_nul_in_a_far_row_spoils_no_other(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    path = write_list(tmp_path / "list.csv", students(*range(3_000)))
    with path.open("ab") as file:
        file.write(f"A\0sha,{phone_of(5_000)}\n".encode())
    done = (await bring(settings, store, path)).as_dict()
    assert done["imported"] >= 3_000


async def test_the_phone_column_can_be_named(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    path = write_list(tmp_path / "list.csv", students(1, 2, 3), ("Who", "Father's number"))
    with pytest.raises(NoPhoneError, match="no column looks like a phone number"):
        await bring(settings, store, path)
    await bring(settings, store, path, mapping={"phone": "Father's number", "name": "Who"})
    assert await names(store) == THREE


BAD = {
    "empty": (b"", "is empty"),
    "spaces only": (b" \n \n", "is empty"),
    "header only": (b"Name,Phone\n", "no rows"),
    "header and blank rows": (b"Name,Phone\n,\n\n , \n", "no rows"),
    "no phone column": (b"Name,City\nAsha,Pune\n", "phone"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40, "is a picture"),
    "bytes of no alphabet": (bytes(range(128, 256)) * 40, "phone"),
    "an old Excel file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Excel file"),
    "a broken workbook": (b"PK\x03\x04" + b"nonsense" * 50, "workbook"),
    "an open quote": (b'Name,Phone\n"Asha,+919812000001\nBela,+919812000002\n', ""),
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_hopeless_file_is_refused_in_one_line_and_leaves_nothing(
    settings: Settings, store: Store, tmp_path: Path, kind: str
) -> None:
    await campaign(store)
    before = await row_counts(store.sessions)
    content, says = BAD[kind]
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises((UnreadableListError, NoCampaignError)) as refused:
        await bring(settings, store, path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert await row_counts(store.sessions) == before


async def test_a_file_that_is_not_there_a_folder_and_an_unknown_campaign_are_said(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    for path, name, says in (
        (tmp_path / "gone.csv", "Spring", "No such file"),
        (tmp_path, "Spring", "directory"),
        (write_list(tmp_path / "list.csv", students(1)), "Nowhere", "there is no campaign 'Nowhere'"),
    ):
        with pytest.raises((UnreadableListError, NoCampaignError), match=says):
            await bring(settings, store, path, name)


@pytest.mark.parametrize(
    ("mapping", "says"), [({"fone": HEADER[1]}, "no field 'fone'"), ({"phone": "X"}, "no column 'X'")]
)
async def test_a_mapping_to_what_is_not_there_is_said(
    settings: Settings, store: Store, tmp_path: Path, mapping: dict[str, str], says: str
) -> None:
    await campaign(store)
    with pytest.raises((UnreadableListError, NoCampaignError), match=says):
        await bring(settings, store, write_list(tmp_path / "list.csv", students(1)), mapping=mapping)
