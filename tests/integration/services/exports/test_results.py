"""Spreadsheets that other people's scripts read: names, order, text that stays text, times that say where."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert, text

from dialer.domain.leads.spreadsheet_safety import escape_formula
from dialer.services.exports.results import Format, What, export_results
from dialer.settings import Settings
from dialer.store.system import copy_csv
from dialer.store.tables import EnquiryValue, Turn
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.lists import bring, write_list
from tests.support.people import TUESDAY_11, claim, phone_of, place, running_campaign, sql

CALLS = (
    "call_id,campaign,phone,n,state,outcome,carrier,carrier_sid,started,answered,ended,duration_s,cost,latency_p50_ms,"
    "transcript,recording"
)
LEADS = (
    "phone,campaign,state,attempts,outcome,next_attempt,why,name,inspiration,country,course,intake,budget,funding,"
    "qualification,grades,english_test,career_goal,preferences,meeting,counselor"
)
BOOKINGS = "booking_id,campaign,phone,lead,counselor,starts,ends,zone,lead_zone,state"
EVIL = ['=HYPERLINK("http://evil.example","x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "−", "x")
BLANKS = (
    "",
    *"\t\n\v\f\r \xa0\u1680\u2003\u200b\u202f\u205f\u2060\u3000\ufeff\x85\x01",
    " \xa0",
    "\xa0 \t",
    "x ",
    "  ",
)
RESTS = ("", "1", "1+1", "919876543210", "91 98765 43210", "９１９８７６５４３２", "5.25", "5\n", "SUM(A1)", "\\'$1")


async def test_sql_and_python_agree_on_every_blank_and_sign(store: Store) -> None:
    cells = [blank + sign + rest for blank in BLANKS for sign in SIGNS for rest in RESTS] + ["", "Asha", "é"]
    query = text(f"SELECT c, {copy_csv.escape_formula_sql('c')} FROM unnest(CAST(:cells AS text[])) c")
    async with store.sessions() as session:
        told = {row[0]: row[1] for row in await session.execute(query, {"cells": cells})}
    assert told == {cell: escape_formula(cell) for cell in cells}
    assert sum(cell != safe for cell, safe in told.items()) > 1000


async def write(store: Store, what: What, path: Path, form: Format = "csv", campaign: str | None = None) -> int:
    async with store.sessions() as session:
        return await export_results(session, what, path, form=form, campaign=campaign)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sheet_of(path: Path) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows()]


@pytest.fixture
async def rung(settings: Settings, store: Store, tmp_path: Path) -> Path:
    """One lead with hostile cells was rung, talked and booked; a second waits. Where to write to."""
    await running_campaign(store.sessions)
    header = ("Name", "Mobile No.", "Country", "Note", "Extra")
    rows = [["Asha Rao", phone_of(1), "UK", EVIL[0], EVIL[1]], ["=Bela()", phone_of(2), "", "+91-98-76", EVIL[3]]]
    await bring(settings, store, write_list(tmp_path / "list.csv", rows, header))
    carrier = ScriptedCarrier()
    call_id = (await claim(store.sessions, carrier))[0]
    await place(store.sessions, call_id, carrier)
    async with store.sessions.begin() as session:
        said = {"call_id": call_id, "at": TUESDAY_11}
        await session.execute(insert(Turn).values(item="b", position=1, speaker="student", text=EVIL[0], **said))
        await session.execute(insert(Turn).values(item="a", position=0, speaker="ava", text="Hello!", **said))
        value = {"call_id": call_id, "at": TUESDAY_11, "campaign_lead_id": 1, "field": "course"}
        for words in ("MBA", EVIL[2]):
            await session.execute(insert(EnquiryValue).values(value=words, original=words, **value))
    starts = datetime(2026, 2, 12, 6, 30, tzinfo=UTC)
    await sql(
        store.sessions,
        "INSERT INTO booking (id, counselor_id, campaign_lead_id, call_id, during, state, lead_zone) SELECT "
        "gen_random_uuid(), min(id), 1, :call, tstzrange(:starts, :ends), 'booked', 'Asia/Kolkata' FROM counselor",
        call=call_id,
        starts=starts,
        ends=starts + timedelta(minutes=30),
    )
    await sql(
        store.sessions,
        "UPDATE call SET answered_at = :at, ended_at = :at, duration_s = 61, carrier_cost = 0.0140, state = 'ended', "
        "outcome = 'booked', latency_p50_ms = 640, recording = :bad WHERE id = :call",
        at=TUESDAY_11,
        bad=EVIL[4],
        call=call_id,
    )
    await sql(
        store.sessions,
        "UPDATE campaign_lead SET state = 'waiting', next_attempt_at = :at, why = :why WHERE id = 2",
        at=TUESDAY_11,
        why=EVIL[5],
    )
    return tmp_path


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_the_headers_are_those_that_were_promised(store: Store, tmp_path: Path, form: Format) -> None:
    whats: dict[What, str] = {"calls": CALLS, "leads": LEADS, "bookings": BOOKINGS}
    for what, header in whats.items():
        path = tmp_path / f"{what}.{form}"
        assert await write(store, what, path, form) == 0
        if form == "csv":
            assert path.read_text().splitlines() == [header]
        else:
            assert [[cell.value for cell in row] for row in sheet_of(path)] == [header.split(",")]


async def test_leads_begin_with_the_marketers_own_columns_and_ours_give_way(store: Store, rung: Path) -> None:
    path = rung / "leads.csv"
    assert await write(store, "leads", path) == 2
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    ours = [f"ava_{name}" if name in ("name", "country") else name for name in LEADS.split(",")]
    assert header == ["Name", "Mobile No.", "Country", "Note", "Extra", *ours]
    asha, bela = read(path)
    assert (asha["Name"], asha["Mobile No."], asha["Country"], asha["phone"]) == (
        "Asha Rao",
        phone_of(1),
        "UK",
        phone_of(1),
    )
    assert asha["meeting"] == "2026-02-12T12:00:00+05:30"
    assert asha["counselor"] == "One Window desk"
    assert (bela["state"], bela["next_attempt"]) == ("waiting", "2026-02-10T11:00:00+05:30")
    assert (asha["next_attempt"], bela["meeting"]) == ("", "")


async def test_calls_hold_one_row_per_attempt_with_its_words_in_order(store: Store, rung: Path) -> None:
    await write(store, "calls", rung / "calls.csv")
    first, second = sorted(read(rung / "calls.csv"), key=lambda row: row["phone"])
    assert first["transcript"] == f"AVA: Hello!\nStudent: {EVIL[0]}"
    assert (first["phone"], first["n"], first["outcome"], first["duration_s"]) == (phone_of(1), "1", "booked", "61")
    assert (first["cost"], first["latency_p50_ms"]) == ("0.014", "640")
    assert (second["state"], second["outcome"], second["duration_s"], second["transcript"]) == ("intent", "", "", "")
    for name in ("started", "answered", "ended"):
        moment = datetime.fromisoformat(first[name])
        assert (moment, moment.utcoffset() is not None) == (TUESDAY_11, True)


async def test_bookings_say_when_in_the_counselors_zone(store: Store, rung: Path) -> None:
    assert await write(store, "bookings", rung / "bookings.csv") == 1
    (row,) = read(rung / "bookings.csv")
    assert (row["starts"], row["ends"]) == ("2026-02-12T12:00:00+05:30", "2026-02-12T12:30:00+05:30")
    assert (row["lead"], row["phone"], row["zone"], row["state"]) == ("Asha Rao", phone_of(1), "Asia/Kolkata", "booked")


@pytest.mark.parametrize("what", ["leads", "calls", "bookings"])
async def test_no_cell_of_a_csv_is_a_formula(store: Store, rung: Path, what: What) -> None:
    """F76."""
    await write(store, what, rung / "out.csv")
    with (rung / "out.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    bad = [
        cell
        for cell in cells
        if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) and cell[1:].strip("0123456789 ")
    ]
    assert bad == []
    assert what != "leads" or {
        f"'{EVIL[0]}",
        f"'{EVIL[1]}",
        f"'{EVIL[2]}",
        f"'{EVIL[5]}",
        "'=Bela()",
        "'+91-98-76",
    } <= set(cells)


@pytest.mark.parametrize("what", ["leads", "calls", "bookings"])
async def test_every_text_of_a_workbook_is_a_text(store: Store, rung: Path, what: What) -> None:
    await write(store, what, rung / "out.xlsx", "xlsx")
    header, *rows = sheet_of(rung / "out.xlsx")
    assert rows
    for row in rows:
        for name, cell in zip([cell.value for cell in header], row, strict=True):
            assert cell.data_type in ("s", "n"), (name, cell.value)
            assert cell.hyperlink is None
            assert name not in ("phone", "Mobile No.") or (cell.data_type == "s" and cell.value.startswith("+"))


async def test_one_campaign_alone_is_written_when_it_is_named(store: Store, rung: Path) -> None:
    await running_campaign(store.sessions, "Autumn")
    assert await write(store, "leads", rung / "leads.csv", campaign="Autumn") == 0
    assert (rung / "leads.csv").read_text().splitlines() == [LEADS]
    assert await write(store, "leads", rung / "leads.csv", campaign="Spring") == 2


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_file_appears_only_when_it_is_whole(
    store: Store, rung: Path, form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = rung / "out"
    path = folder / f"calls.{form}"
    await write(store, "calls", path, form)
    before = path.read_bytes()
    seen: list[bytes] = []

    async def half(session: object, what: str, file: Path, *_: object) -> int:
        file.write_text(CALLS)
        seen.append(path.read_bytes())
        raise ConnectionError("the database went away")

    monkeypatch.setattr(copy_csv, "copy_csv", half)
    with pytest.raises(ConnectionError):
        await write(store, "calls", path, form)
    assert seen == [before]
    assert path.read_bytes() == before
    assert [each.name for each in folder.iterdir()] == [path.name], "nothing half written is left"


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        ("Europe/London", "2026-07-01T09:30:00+01:00"),
        ("Asia/Kathmandu", "2026-07-01T14:15:00+05:45"),
        ("America/St_Johns", "2026-07-01T06:00:00-02:30"),
        ("UTC", "2026-07-01T08:30:00+00:00"),
    ],
)
async def test_times_of_every_zone_carry_their_offset(store: Store, rung: Path, zone: str, says: str) -> None:
    await sql(store.sessions, "UPDATE lead SET zones = ARRAY[:zone]", zone=zone)
    await sql(store.sessions, "UPDATE campaign_lead SET next_attempt_at = '2026-07-01 08:30:00.7+00' WHERE id = 2")
    await write(store, "leads", rung / "leads.csv")
    assert read(rung / "leads.csv")[1]["next_attempt"] == says


@pytest.mark.parametrize("what", ["leads", "calls", "bookings", "transcripts"])
async def test_a_workbook_holds_the_cells_of_the_csv_without_their_apostrophes(
    store: Store, rung: Path, what: What
) -> None:
    await write(store, what, rung / "out.csv")
    await write(store, what, rung / "out.xlsx", "xlsx")
    with (rung / "out.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    book = [[cell.value for cell in row] for row in sheet_of(rung / "out.xlsx")]
    assert book[0] == header
    shown = [
        # A carriage return stands in a workbook by its number, and the reader here leaves it so.
        [
            cell.replace("_x000D_", "\r") if isinstance(cell, str) else "" if cell is None else f"{cell:g}"
            for cell in row
        ]
        for row in book[1:]
    ]
    assert [list(map(escape_formula, row)) for row in shown] == rows
    sheet = openpyxl.load_workbook(rung / "out.xlsx").active
    assert sheet is not None
    assert (sheet.freeze_panes, sheet.auto_filter.ref is not None, sheet["A1"].font.bold) == ("A2", True, True)


async def test_an_export_is_of_one_moment_whatever_happens_meanwhile(store: Store, rung: Path) -> None:
    """F77."""
    async with store.sessions() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        assert await export_results(session, "leads", rung / "a.csv", form="csv", campaign=None) == 2
        await sql(store.sessions, "UPDATE lead SET name = 'changed'")
        await sql(store.sessions, "UPDATE campaign_lead SET state = 'done'")
        assert await export_results(session, "leads", rung / "b.csv", form="csv", campaign=None) == 2
    assert (rung / "a.csv").read_bytes() == (rung / "b.csv").read_bytes()
