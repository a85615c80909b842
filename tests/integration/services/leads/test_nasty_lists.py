"""A table of what marketers really upload, each with what must become of it; every row is accounted for in all of them."""

import gzip
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from dialer.services.leads.read_file import Format, UnreadableListError
from dialer.settings import Settings
from dialer.store.tables import ImportRow, Lead
from dialer.wiring.stores import Store
from tests.support.lists import as_text, bring, campaign, write_list
from tests.support.people import phone_of, row_counts

A, B, C = phone_of(1), phone_of(2), phone_of(3)
PARTS = ("imported", "duplicate_in_file", "already_here", "do_not_call", "rejected")
HEAD = "Student Name,Mobile No.\n"


@dataclass(frozen=True)
class Nasty:
    """A file: what it holds, who of it comes in (phones), how many rows are rejected, by which reasons."""

    content: bytes
    people: Sequence[str]
    rejected: dict[str, int]
    name: str = "list.csv"


def csv_of(*rows: Sequence[object], header: Sequence[str] = ("Student Name", "Mobile No."), sep: str = ",") -> str:
    return as_text(rows, header, sep)


def book_of(*rows: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


THREE = csv_of(("A", A), ("B", B), ("C", C))
TWO_SHEETS = openpyxl.Workbook()
TWO_SHEETS.create_sheet("Leads").append(["Name", "Phone"])
TWO_SHEETS["Leads"].append(["A", A])
_TWO = io.BytesIO()
TWO_SHEETS.save(_TWO)

FILES = {
    # F66: however it was encoded
    "F66 UTF-8": Nasty(THREE.encode(), [A, B, C], {}),
    "F66 a byte order mark": Nasty(THREE.encode("utf-8-sig"), [A, B, C], {}),
    "F66 UTF-16 with a mark": Nasty(THREE.encode("utf-16"), [A, B, C], {}),
    "F66 UTF-16 little-endian, no mark": Nasty(THREE.encode("utf-16-le"), [A, B, C], {}),
    "F66 UTF-16 big-endian, no mark": Nasty(THREE.encode("utf-16-be"), [A, B, C], {}),
    "F66 UTF-16 of tabs, as Excel's Unicode text": Nasty(
        csv_of(("A", A), ("B", B), sep="\t").encode("utf-16"), [A, B], {}
    ),
    "F66 cp1252": Nasty(csv_of(("José", A), ("Zoë", B)).encode("cp1252"), [A, B], {}),
    "F66 UTF-8 far into a file of ASCII": Nasty((csv_of(*[("x" * 90, A)] * 800) + f"आशा,{B}\n").encode(), [A, B], {}),
    # F67: however it was separated
    "F67 semicolons": Nasty(csv_of(("A", A), ("B", B), sep=";").encode(), [A, B], {}),
    "F67 semicolons with commas in the names": Nasty(
        csv_of(("Rao, A", A), ("Rao, B", B), sep=";").encode(), [A, B], {}
    ),
    "F67 tabs": Nasty(csv_of(("A", A), ("B", B), sep="\t").encode(), [A, B], {}),
    "F67 pipes": Nasty(csv_of(("A", A), ("B", B), sep="|").encode(), [A, B], {}),
    "F67 Excel's own line sep=": Nasty(("sep=;\n" + csv_of(("A", A), sep=";")).encode(), [A], {}),
    "F67 one column only": Nasty(f"Phone\n{A}\n{B}\n".encode(), [A, B], {}),
    # above and below the header
    "a title above the header": Nasty(f"Education fair Pune\n{THREE}".encode(), [A, B, C], {}),
    "a title with commas above the header": Nasty(
        ("Leads, March, 2026\n\n" + csv_of(("A", A), sep=";")).encode(), [A], {}
    ),
    "three lines above the header": Nasty(f"Fair\nExported by: Asha\n,\n{THREE}".encode(), [A, B, C], {}),
    "blank lines between and at the end": Nasty(THREE.replace("\n", "\n\n").encode() + b"\n,\n\n", [A, B, C], {}),
    "a total line below": Nasty(f"{THREE}Total,3\n".encode(), [A, B, C], {"too_short": 1}),
    "the header again in the middle": Nasty(f"{THREE}{HEAD}".encode(), [A, B, C], {"not_a_number": 1}),
    # F68, F69: rows that are not as they should be
    "F68 a cell more in every row": Nasty(f"{HEAD}A,{A},x\nB,{B},x\n".encode(), [], {"too_many_cells": 2}),
    "F68 an empty cell more in every row": Nasty(f"{HEAD}A,{A},\nB,{B},\n".encode(), [A, B], {}),
    "F69 ragged rows": Nasty(f"{HEAD}A,{A}\nB\nC,{C},x,y\n".encode(), [A], {"no_phone": 1, "too_many_cells": 1}),
    "F69 a quoted newline": Nasty(f'Name,Phone,Note\nA,{A},"two\nlines"\nB,{B},x\n'.encode(), [A, B], {}),
    "F69 a doubled quote": Nasty(f'Name,Phone\n"A ""the"" B",{A}\n'.encode(), [A], {}),
    "F69 a quote inside a cell": Nasty(f'Name,Phone,Note\nA,{A},5" screen\nB,{B},x\n'.encode(), [A, B], {}),
    "F69 NUL bytes in a far row": Nasty(
        f"{HEAD}".encode() + b"".join(f"N,{A}\n".encode() for _ in range(6000)) + f"B\0x,{B}\n".encode(), [A, B], {}
    ),
    "F69 headers twice": Nasty(f"Name,Phone,Note,Note,Phone\nA,{A},x,y,{B}\n".encode(), [A], {}),
    "F69 headers without a name": Nasty(f"Name,,Phone,\nA,x,{A},y\n".encode(), [A], {}),
    "F69 old Macintosh line ends": Nasty(THREE.replace("\n", "\r").encode(), [A, B, C], {}),
    "F69 mixed line ends": Nasty(f"{HEAD}A,{A}\r\nB,{B}\rC,{C}\n".encode(), [A, B, C], {}),
    "F69 no line end at the end": Nasty(THREE.rstrip().encode(), [A, B, C], {}),
    # F64, F65, F73, F74: cells
    "F64 a blank number among whole ones": Nasty(csv_of(("A", A[1:]), ("B", "")).encode(), [A], {"no_phone": 1}),
    "F64 leading zeros and lost plus signs": Nasty(csv_of(("A", "0" + A[3:]), ("B", B[1:])).encode(), [A, B], {}),
    "F64 Excel's .0": Nasty(csv_of(("A", A[1:] + ".0"), ("B", B[3:] + ".0")).encode(), [A, B], {}),
    "F65 Excel rounded this number": Nasty(
        csv_of(("A", "9.19877E+11"), ("B", "9,19877E+11"), ("C", C)).encode(), [C], {"excel_rounded": 2}
    ),
    "F73 one person in six formats": Nasty(
        csv_of(("A", A), ("A", A[1:]), ("A", A[3:]), ("A", "0" + A[3:]), ("A", "00" + A[1:]), ("A", f"'{A}")).encode(),
        [A],
        {},
    ),
    "F73 formulas around numbers": Nasty(
        csv_of(("A", f"={A}"), ("B", f'="{B}"'), ("C", f"'{C}")).encode(), [A, B, C], {}
    ),
    "F73 two numbers in a cell": Nasty(csv_of(("A", f"{A} / {B}")).encode(), [A], {}),
    "F73 letters in a number": Nasty(csv_of(("A", A[:-2] + "OO"), ("B", B)).encode(), [B], {"not_a_number": 1}),
    "F74 people named NA, None and nan": Nasty(csv_of(("NA", A), ("None", B), ("nan", C)).encode(), [A, B, C], {}),
    "F75 numbers nobody may ring are kept, for the gate to refuse": Nasty(
        csv_of(("A", A), ("B", "1800111222")).encode(), [A, "+911800111222"], {}
    ),
    "a zone that is none": Nasty(
        csv_of(("A", A, "IST"), ("B", B, "Mars/Base"), header=("Name", "Phone", "Timezone")).encode(),
        [A],
        {"unknown_zone": 1},
    ),
    # workbooks and packed files
    "a workbook": Nasty(book_of(["Name", "Phone"], ["A", A], ["B", int(B[1:])], ["C", float(C[3:])]), [A, B, C], {}),
    "a workbook named .csv": Nasty(book_of(["Name", "Phone"], ["A", A]), [A], {}),
    "a workbook with a title": Nasty(book_of(["Fair 2026"], [], ["Name", "Phone"], ["A", A]), [A], {}, "list.xlsx"),
    "a workbook whose first sheet is empty": Nasty(_TWO.getvalue(), [A], {}, "list.xlsx"),
    "a workbook's rounded number": Nasty(
        book_of(["Name", "Phone"], ["A", "9.19877E+11"], ["B", B]), [B], {"excel_rounded": 1}, "list.xlsx"
    ),
    "gzip": Nasty(gzip.compress(THREE.encode()), [A, B, C], {}, "list.csv.gz"),
    "gzip named .csv, of cp1252": Nasty(gzip.compress(csv_of(("José", A)).encode("cp1252")), [A], {}),
}

ZIPPED = io.BytesIO()
with zipfile.ZipFile(ZIPPED, "w") as _zip:
    _zip.writestr("leads.csv", THREE)
BOMB = io.BytesIO()
with zipfile.ZipFile(BOMB, "w", zipfile.ZIP_DEFLATED) as _zip:
    _zip.writestr("xl/workbook.xml", b"0" * 60_000_000)

REFUSED = {
    "F69 nothing at all": (b"", "is empty"),
    "F69 line ends only": (b"\r\n\r\n", "is empty"),
    "F69 a header only": (HEAD.encode(), "no rows"),
    "F69 a quote that is never closed": (f'{HEAD}"A,{A}\nB,{B}\n'.encode(), "never closed"),
    "F70 a picture named .csv": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40, "is a picture"),
    "F70 a PDF named .csv": (b"%PDF-1.7\n" + b"\0\x01\x02" * 900, "is a PDF"),
    "F70 a program named .csv": (b"\x7fELF\x02\x01\x01\0" + b"\0" * 500, "binary"),
    "F70 a folder packed as .zip": (ZIPPED.getvalue(), "unpack it"),
    "F70 a broken workbook": (b"PK\x03\x04" + b"nonsense" * 50, "workbook"),
    "F70 a broken gzip file": (gzip.compress(THREE.encode() * 100)[:60], "gzip"),
    "F70 a workbook that unpacks to far more": (BOMB.getvalue(), "unpacks to"),
    "no phone column": (b"Name,City\nAsha,Pune\n", "no column looks like a phone number"),
}


@pytest.mark.parametrize("kind", FILES)
async def test_a_file_is_read_as_it_was_meant_and_every_row_counted(
    settings: Settings, store: Store, tmp_path: Path, kind: str
) -> None:
    await campaign(store)
    nasty = FILES[kind]
    path = tmp_path / nasty.name
    path.write_bytes(nasty.content)
    done = (await bring(settings, store, path)).as_dict()
    async with store.sessions() as session:
        people = set((await session.scalars(select(Lead.phone))).all())
        kept = len((await session.scalars(select(ImportRow.n))).all())
    assert people == set(nasty.people)
    assert done["rejected_by_reason"] == nasty.rejected
    assert done["imported"] == len(nasty.people)
    assert done["rows"] == kept == sum(done[part] for part in PARTS)


@pytest.mark.parametrize("kind", REFUSED)
async def test_what_is_no_list_is_refused_in_one_line_and_leaves_nothing(
    settings: Settings, store: Store, tmp_path: Path, kind: str
) -> None:
    await campaign(store)
    before = await row_counts(store.sessions)
    content, says = REFUSED[kind]
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableListError) as refused:
        await bring(settings, store, path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert await row_counts(store.sessions) == before


async def test_what_was_detected_is_told_and_can_be_overruled(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    path = tmp_path / "list.csv"
    path.write_bytes(f"Fair\nName|Phone\nJosé|{A}\n".encode("cp1252"))
    done = await bring(settings, store, path)
    assert done.detected == "text, cp1252, pipe, header in line 2"
    path.write_bytes(f"Phone of the fair\nName|Phone\nÅsa|{B}\n".encode("cp1252"))
    said = Format(encoding="latin-1", separator="|", header_line=2)
    done = await bring(settings, store, path, "Spring", {}, said)
    assert done.detected == "text, iso8859-1, pipe, header in line 2"
    for wrong, says in ((Format(encoding="klingon"), "not a known encoding"), (Format(header_line=90), "no line 90")):
        with pytest.raises(UnreadableListError, match=says):
            await bring(settings, store, path, "Spring", {}, wrong)


async def test_a_sheet_can_be_named(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    book = openpyxl.Workbook()
    for title, phone in (("Old", A), ("New", B)):
        sheet = book.create_sheet(title)
        sheet.append(["Name", "Phone"])
        sheet.append([title, phone])
    book.save(tmp_path / "book.xlsx")
    done = await bring(settings, store, tmp_path / "book.xlsx", "Spring", {}, Format(sheet="New"))
    assert done.detected == "workbook, sheet 'New', header in line 1"
    with pytest.raises(UnreadableListError, match="it has Sheet, Old, New"):
        await bring(settings, store, tmp_path / "book.xlsx", "Spring", {}, Format(sheet="Newer"))
    async with store.sessions() as session:
        assert (await session.scalars(select(Lead.phone))).all() == [B]


async def test_words_are_brought_to_the_common_wording_and_the_cell_is_kept(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    header = ("Name", "Phone", "Preferred Country", "Intake", "Budget (INR)")
    path = write_list(tmp_path / "list.csv", [["Asha", A, "Canda", "Sept 27", "20 lakh"]], header)
    await bring(settings, store, path)
    async with store.sessions() as session:
        row = (await session.scalars(select(ImportRow))).one()
    assert row.cells == ["Asha", A, "Canda", "Sept 27", "20 lakh"]
    assert row.parsed == {"country": "Canada", "intake": "September 2027", "budget": "INR 2,000,000"}


async def test_cells_too_many_are_not_lost(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    path = tmp_path / "list.csv"
    path.write_text(f"{HEAD}Asha,{A},and,more\n", encoding="utf-8")
    done = await bring(settings, store, path)
    assert done.fix_file is not None
    assert "and | more" in done.fix_file.read_text(encoding="utf-8-sig")
    async with store.sessions() as session:
        assert (await session.scalars(select(ImportRow))).one().cells == ["Asha", A, "and", "more"]
