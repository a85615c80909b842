"""A list before it is in, and after: looked at, chosen about, brought in, mended, taken back; and a process that dies."""

import asyncio
import csv
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from dialer.cli.main import cli
from dialer.domain.leads.import_result import Choice
from dialer.services.calls.accept_stream import lead_columns_of
from dialer.services.leads.import_file import ImportReport
from dialer.services.leads.import_list import Imported, ImportOptions, commit_import
from dialer.services.leads.read_file import UnreadableListError, read_list
from dialer.services.leads.undo import AlreadyCalled, Undone, undo_import
from dialer.settings import Settings
from dialer.store.leads import do_not_call, imports
from dialer.store.tables import Enrollment, ImportRow, Lead, LeadImport
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.carrier import ScriptedCarrier
from tests.support.lists import HEADER, bring, campaign, students, write_list
from tests.support.people import claim, phone_of, place, row_counts, running_campaign, sql

A, B, C, D = (phone_of(n) for n in (1, 2, 3, 4))
WIDE = ("Student Name", "Mobile No.", "Course")


async def tried(settings: Settings, store: Store, path: Path, duplicates: Choice = "skip") -> ImportReport:
    """A dry run into Spring."""
    return await bring(settings, store, path, "Spring", {}, asked=ImportOptions(dry=True, duplicates=duplicates))


async def committed(store: Store, import_id: int) -> Imported:
    async with store.sessions.begin() as session:
        return await commit_import(session, import_id, ImportOptions(), by="test")


async def undone(store: Store, import_id: int) -> Undone | AlreadyCalled:
    async with store.sessions.begin() as session:
        return await undo_import(session, ADMIN, import_id)


async def people(store: Store) -> dict[str, str]:
    async with store.sessions() as session:
        return {lead.phone: lead.name for lead in await session.scalars(select(Lead))}


async def own_row(store: Store, phone: str) -> dict[str, str]:
    """A lead's own columns, as AVA and the export see them."""
    async with store.sessions() as session:
        query = select(Enrollment).join(Lead, Lead.id == Enrollment.lead_id).where(Lead.phone == phone)
        return await lead_columns_of(session, (await session.scalars(query)).one())


async def test_a_dry_run_says_what_would_become_of_each_row_and_brings_in_nobody(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    await campaign(store, "Autumn")
    await bring(settings, store, write_list(tmp_path / "autumn.csv", students(2, 5)), "Autumn")
    await bring(settings, store, write_list(tmp_path / "spring.csv", students(3)))
    async with store.sessions.begin() as session:
        await do_not_call.add(session, [D], scope="account", source="list", reason="", by="test")
    header = (*HEADER, "Consent")
    rows = [
        ["Asha", A, "Yes"], ["Asha", A, "Yes"], ["Bela", B, ""], ["Chitra", C, "Yes"], ["Devi", D, "Yes"],
        ["Esha", "9.19877E+11", "Yes"], ["Farah", "1800111222", "Yes"], ["Gita", "0" + phone_of(7)[3:], "Yes"],
    ]  # fmt: skip
    leads = await people(store)
    done = await tried(settings, store, write_list(tmp_path / "list.csv", rows, header))
    counts = done.in_full()
    assert {name: counts[name] for name in ("rows", "imported", "repaired", "duplicate_in_file", "already_here")} == {
        "rows": 8, "imported": 4, "repaired": 2, "duplicate_in_file": 1, "already_here": 1,
    }  # fmt: skip
    assert (counts["do_not_call"], counts["rejected_by_reason"]) == (1, {"excel_rounded": 1})
    assert counts["notes"] == {
        "ready": 1, "repaired": 2, "consent_missing": 1, "known_elsewhere": 1, "not_allowed_destination": 1,
        "not_called": 1,
    }  # fmt: skip
    assert counts["campaigns"] == {"Autumn": 1}
    assert await people(store) == leads, "nobody is in yet"
    async with store.sessions() as session:
        listed = {
            which: [row.n for row in await imports.rows_of(session, counts["import_id"], fate=which)]
            for which in ("imported", "duplicate_in_file", "already_here", "do_not_call", "rejected")
        }
        missing = await imports.rows_of(session, counts["import_id"], fate=None, flag=2)
    assert listed == {
        "imported": [1, 3, 7, 8], "duplicate_in_file": [2], "already_here": [4], "do_not_call": [5], "rejected": [6],
    }  # fmt: skip
    assert [row.cells[0] for row in missing] == ["Bela"]
    again = await committed(store, counts["import_id"])
    assert again.counts.as_dict() == {name: counts[name] for name in again.counts.as_dict()}
    assert set(await people(store)) == {*leads, A, "+911800111222", phone_of(7)}
    with pytest.raises(UnreadableListError, match="imported already"):
        await committed(store, counts["import_id"])


async def test_a_dry_run_twice_is_one_and_the_import_after_it_brings_everybody(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    path = write_list(tmp_path / "list.csv", students(1, 2, 3))
    first = await tried(settings, store, path)
    rows = await row_counts(store.sessions)
    second = await tried(settings, store, path)
    assert await row_counts(store.sessions) == rows | {"audit_entry": rows["audit_entry"] + 1}
    assert first.imported.import_id == second.imported.import_id
    assert (await bring(settings, store, path)).imported.counts.imported == 3
    assert (await tried(settings, store, path)).imported.counts.already_here == 3
    assert await sql(store.sessions, "SELECT state FROM lead_import") == "done"


@pytest.mark.parametrize(
    ("choice", "name", "row"),
    [
        ("skip", "Asha", {"Student Name": "Asha", "Mobile No.": A, "Course": ""}),
        ("fill", "Asha", {"Student Name": "Asha", "Mobile No.": A, "Course": "MBA"}),
        ("overwrite", "Asha Rao", {"Student Name": "Asha Rao", "Mobile No.": A, "Course": "MBA"}),
    ],
)
async def test_a_person_who_is_here_is_left_filled_or_overwritten_as_was_chosen(
    settings: Settings, store: Store, tmp_path: Path, choice: Choice, name: str, row: dict[str, str]
) -> None:
    await campaign(store)
    await bring(settings, store, write_list(tmp_path / "one.csv", [["Asha", A, ""]], WIDE))
    path = write_list(tmp_path / "two.csv", [["Asha Rao", A, "MBA"]], WIDE)
    tried_first = await tried(settings, store, path, choice)
    assert tried_first.imported.counts.notes["changed"] == (0 if choice == "skip" else 1)
    assert (await people(store)) == {A: "Asha"}, "a dry run changes nobody"
    done = await bring(settings, store, path, "Spring", {}, asked=ImportOptions(duplicates=choice))
    assert done.imported.counts.already_here == 1
    assert (await people(store)) == {A: name}
    assert await own_row(store, A) == row
    await undone(store, done.imported.import_id)
    assert (await people(store)) == {A: "Asha"}
    assert await own_row(store, A) == {"Student Name": "Asha", "Mobile No.": A, "Course": ""}


async def test_one_duplicate_can_be_chosen_for_alone(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    await bring(settings, store, write_list(tmp_path / "one.csv", [["Asha", A], ["Bela", B]]))
    done = await tried(settings, store, write_list(tmp_path / "two.csv", [["Asha R", A], ["Bela R", B], ["C", C]]))
    async with store.sessions.begin() as session:
        assert await imports.choose(session, done.imported.import_id, [2, 3, 99], "overwrite") == 1
    await committed(store, done.imported.import_id)
    assert await people(store) == {A: "Asha", B: "Bela R", C: "C"}


async def test_somebody_twice_in_a_file_is_filled_from_the_later_row(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    rows = [["Asha", A, ""], ["Asha R", A, "MBA"], ["", A, "LLM"], ["Bela", B, "BA"]]
    path = write_list(tmp_path / "list.csv", rows, WIDE)
    done = await bring(settings, store, path, "Spring", {}, asked=ImportOptions(duplicates="fill"))
    assert done.imported.counts.duplicate_in_file == 2
    assert await own_row(store, A) == {"Student Name": "Asha", "Mobile No.": A, "Course": "MBA"}
    assert await people(store) == {A: "Asha", B: "Bela"}


async def test_columns_of_another_list_are_kept_beside_the_new_ones(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    await bring(settings, store, write_list(tmp_path / "one.csv", [["Asha", A, "Pune"]], ("Name", "Phone", "City")))
    two = write_list(tmp_path / "two.csv", [["Asha", A, "MBA"]], ("Name", "Phone", "Course"))
    await bring(settings, store, two, "Spring", {}, asked=ImportOptions(duplicates="overwrite"))
    assert await own_row(store, A) == {"Name": "Asha", "Phone": A, "Course": "MBA", "City": "Pune"}


async def test_mended_rows_take_the_place_of_those_that_were_rejected(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    rows = [["Asha", A], ["Bela", "9.19877E+11"], ["Chitra", "98765"], ["Devi", ""]]
    first = await bring(settings, store, write_list(tmp_path / "list.csv", rows))
    assert first.fix_file is not None
    with first.fix_file.open(encoding="utf-8-sig", newline="") as file:
        header, *bad = list(csv.reader(file))
    mended = [[bad[1][0], C, *bad[1][2:]], [bad[0][0], B, *bad[0][2:]], ["Esha", phone_of(5), "", ""]]
    done = await bring(settings, store, write_list(tmp_path / "mended.csv", mended, header))
    assert done.imported.counts.imported == 3
    async with store.sessions() as session:
        kept = {row.n: (row.cells, row.result) for row in await session.scalars(select(ImportRow))}
        lists = {each.id: each for each in await session.scalars(select(LeadImport))}
    assert kept == {
        1: (["Asha", A], "imported"), 2: (["Bela", B], "imported"), 3: (["Chitra", C], "imported"),
        4: (["Devi", ""], "rejected"), 5: (["Esha", phone_of(5)], "imported"),
    }  # fmt: skip
    assert lists[1].counts["imported"] == 4
    assert lists[1].counts["rejected"] == 1
    assert await own_row(store, B) == {"Student Name": "Bela", "Mobile No.": B}
    with pytest.raises(UnreadableListError, match="undo that one"):
        await undone(store, done.imported.import_id)
    assert await undone(store, first.imported.import_id) == Undone(4)


async def test_a_mended_file_can_be_tried_first(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    first = await bring(settings, store, write_list(tmp_path / "list.csv", [["Asha", A], ["Bela", "98765"]]))
    assert first.fix_file is not None
    path = write_list(tmp_path / "mended.csv", [["Bela", B, "x", ""]], (*HEADER, "problem", "suggestion"))
    done = await tried(settings, store, path)
    assert done.imported.counts.imported == 1
    await committed(store, done.imported.import_id)
    assert await sql(store.sessions, "SELECT result FROM import_row WHERE import_id = 1 AND n = 2") == "imported"
    assert await sql(store.sessions, "SELECT count(*) FROM import_row") == 2


async def test_an_import_is_taken_back_with_all_that_it_brought(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    await campaign(store, "Autumn")
    await bring(settings, store, write_list(tmp_path / "old.csv", [["Asha", A]]), "Autumn")
    before = await row_counts(store.sessions)
    path = write_list(tmp_path / "list.csv", [["Asha Rao", A], ["Bela", B], ["Chitra", "1"]])
    done = await bring(settings, store, path)
    assert await people(store) == {A: "Asha Rao", B: "Bela"}
    assert await undone(store, done.imported.import_id) == Undone(2)
    assert await people(store) == {A: "Asha"}
    after = await row_counts(store.sessions)
    assert {name: many for name, many in after.items() if before[name] != many and name != "hours_group"} == {
        "lead_import": before["lead_import"] + 1, "audit_entry": before["audit_entry"] + 2,
    }  # fmt: skip
    with pytest.raises(UnreadableListError, match="already undone"):
        await undone(store, done.imported.import_id)
    assert (await bring(settings, store, path)).imported.counts.imported == 2, "the file can come again"


async def test_an_import_of_which_somebody_was_rung_stays_and_says_who(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await running_campaign(store.sessions)
    await bring(settings, store, write_list(tmp_path / "list.csv", students(1, 2)))
    carrier = ScriptedCarrier()
    await place(store.sessions, (await claim(store.sessions, carrier))[0], carrier)
    before = await row_counts(store.sessions)
    found = await undone(store, 1)
    assert isinstance(found, AlreadyCalled)
    assert set(found.phones) <= {A, B}
    assert found.many == len(found.phones) > 0
    assert await row_counts(store.sessions) == before


async def test_a_mapping_is_remembered_for_lists_of_the_same_columns(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    header = ("Who", "Where to reach")
    one = write_list(tmp_path / "one.csv", students(1), header)
    await bring(settings, store, one, mapping={"phone": "Where to reach", "name": "Who"})
    await bring(settings, store, write_list(tmp_path / "two.csv", students(2), header))
    assert await people(store) == {A: "Student 1", B: "Student 2"}
    await bring(settings, store, write_list(tmp_path / "three.csv", students(3), ("Who", "Where to be reached")))
    assert (await people(store))[C] == "", "with unknown headers, only the phone column is recognized"


async def test_words_in_the_common_wording_reach_the_script(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    header = ("Name", "Phone", "Preferred Country", "Hobby")
    await bring(settings, store, write_list(tmp_path / "list.csv", [["Asha", A, "Canda", "chess"]], header))
    assert await own_row(store, A) == {"Name": "Asha", "Phone": A, "Preferred Country": "Canada", "Hobby": "chess"}


def said(settings: Settings, *words: str) -> Any:
    """What a command says as JSON."""
    done = run(settings, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def run(settings: Settings, *words: str) -> Any:
    environment = {
        "DIALER_DATABASE_URL": settings.dialer_database_url,
        "DIALER_REDIS_URL": settings.dialer_redis_url,
        "DIALER_DATA_DIR": str(settings.dialer_data_dir),
    }
    return CliRunner().invoke(cli, list(words), env=environment)


def test_the_commands_of_a_list_from_first_look_to_undo(settings: Settings, tmp_path: Path) -> None:
    rows = [["Asha", A, "20 lakh", "x"], ["Asha", A, "", ""], ["Bela", "98765", "", ""]]
    path = str(write_list(tmp_path / "list.csv", rows, ("Name", "Phone", "Budget (INR)", "Hobby")))
    assert run(settings, "campaign", "create", "Spring").exit_code == 0
    shown = said(settings, "leads", "preview", path)
    assert (shown["unmapped"], shown["columns"]["phone"]) == (["Hobby"], "Phone")
    assert (shown["rows"][0]["phone"], shown["rows"][0]["reads"]) == (A, {"budget": "INR 2,000,000"})
    assert "too few digits" in shown["rows"][2]["problem"]
    tried = said(settings, "leads", "import", path, "--campaign", "Spring", "--dry-run", "--separator", ",")
    number = str(tried["import_id"])
    (row,) = said(settings, "leads", "rows", number, "--which", "duplicate_in_file")
    assert row["n"] == 2
    assert run(settings, "leads", "choose", number, "fill", "2").output == "1 of 1 rows: fill\n"
    assert said(settings, "leads", "commit", number)["imported"] == 1
    (listed,) = said(settings, "leads", "imports", "--campaign", "Spring")
    assert (listed["state"], listed["counts"]["rejected"]) == ("done", 1)
    assert said(settings, "leads", "undo", number) == {"import_id": 1, "leads": 1}
    for words in (
        ("undo", number),
        ("undo", "99"),
        ("commit", number),
        ("rows", "99"),
        ("choose", number, "fill", "1"),
    ):
        refused = run(settings, "leads", *words)
        assert refused.exit_code == 1, words


async def test_a_script_that_names_a_column_no_lead_has_is_not_started(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    await bring(
        settings, store, write_list(tmp_path / "list.csv", [["Asha", A, "x"]], ("Name", "Phone", "City of Birth"))
    )
    script = (
        "UPDATE script SET opening = 'Hello $name from $city_of_birth, $notice', persona = 'You study $favourite_dish'"
    )
    await sql(store.sessions, script)
    refused = await asyncio.to_thread(run, settings, "campaign", "start", "Spring")
    assert refused.exit_code == 1
    assert "$favourite_dish" in str(refused.exception)
    assert "$city" not in str(refused.exception)
    await sql(store.sessions, "UPDATE script SET persona = 'You come from $city_of_birth. $known', business = ''")
    refused = await asyncio.to_thread(run, settings, "campaign", "start", "Spring")
    assert (refused.exit_code, "has no business name" in str(refused.exception)) == (1, True)
    await sql(store.sessions, "UPDATE script SET business = 'Acme'")
    assert (await asyncio.to_thread(run, settings, "campaign", "start", "Spring")).exit_code == 0


async def test_a_process_that_is_killed_in_the_middle_leaves_nothing(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    """F71: a list that takes long; its speed is `dialer bench import`'s affair."""
    await campaign(store)
    before = await row_counts(store.sessions)
    path = write_list(tmp_path / "list.csv", students(*range(100_000)))
    words = (sys.executable, "-m", "dialer", "leads", "import", str(path), "--campaign", "Spring")
    environment = {
        **os.environ,
        "DIALER_DATABASE_URL": settings.dialer_database_url or "",
        "DIALER_REDIS_URL": settings.dialer_redis_url or "",
        "DIALER_DATA_DIR": str(settings.dialer_data_dir),
    }
    process = await asyncio.create_subprocess_exec(*words, env=environment)
    grown = "SELECT pg_relation_size('lead') > 1000000 AND pg_relation_size('campaign_lead') > 1000000"
    while not await sql(store.sessions, grown):
        assert process.returncode is None, "it ended before it could be killed"
        await asyncio.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    assert await row_counts(store.sessions) == before
    done = await bring(settings, store, path)
    assert done.imported.counts.imported == 100_000


async def test_whoever_watches_can_stop_an_import_and_nothing_is_left(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    before = await row_counts(store.sessions)
    path = write_list(tmp_path / "list.csv", students(*range(50_000)))

    async def stop(rows: int) -> None:
        if rows >= 40_000:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await bring(settings, store, path, "Spring", {}, asked=ImportOptions(watch=stop))
    assert await row_counts(store.sessions) == before
    assert not list((settings.dialer_data_dir).rglob("*.half"))


def test_how_far_a_file_was_read_can_be_asked(tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", students(1, 2))
    reading = read_list(path)
    assert (reading.size, reading.at()) == (path.stat().st_size, 0)
    assert len(list(reading.rows)) == 2
    assert reading.at() == reading.size
