"""A list becomes leads: every row accounted for, nobody twice, nobody who must not be called, nothing half done."""

import asyncio
import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some
from sqlalchemy import select

from dialer.services.leads.import_file import ImportReport
from dialer.services.leads.import_list import Imported, import_leads
from dialer.services.leads.read_file import ListRow, Reading, UnreadableListError, file_hash, read_list
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.store.leads import do_not_call
from dialer.store.tables import ImportRow, Lead
from dialer.wiring.stores import Store, open_store
from tests.support.lists import HEADER, SAMPLE, bring, campaign, students, write_list
from tests.support.people import phone_of, row_counts, sql

PARTS = ("imported", "duplicate_in_file", "already_here", "do_not_call", "rejected")


def fates(done: ImportReport) -> dict[str, int]:
    """The counts that are not nought; their sum is checked on the way."""
    counts = done.as_dict()
    assert counts["rows"] == sum(counts[part] for part in PARTS)
    assert sum(counts["rejected_by_reason"].values()) == counts["rejected"]
    return {part: counts[part] for part in PARTS if counts[part]}


async def leads(store: Store) -> dict[str, Lead]:
    async with store.sessions() as session:
        return {lead.phone: lead for lead in await session.scalars(select(Lead))}


async def test_the_sample_list_is_counted_exactly(settings: Settings, store: Store) -> None:
    await campaign(store)
    done = await bring(settings, store, SAMPLE)
    assert done.as_dict()["rows"] == 24
    assert fates(done) == {"imported": 16, "duplicate_in_file": 2, "rejected": 6}
    assert done.as_dict()["repaired"] == 9
    assert await sql(store.sessions, "SELECT count(*) FROM campaign_lead WHERE state = 'ready'") == 16
    assert await sql(store.sessions, "SELECT count(*) FROM import_row") == 24
    assert await sql(store.sessions, "SELECT (counts->>'imported')::int FROM lead_import") == 16


async def test_the_same_list_again_is_nothing_new(settings: Settings, store: Store) -> None:
    await campaign(store)
    await bring(settings, store, SAMPLE)
    before = await row_counts(store.sessions)
    assert fates(await bring(settings, store, SAMPLE)) == {"already_here": 16, "duplicate_in_file": 2, "rejected": 6}
    assert await row_counts(store.sessions) == before | {"audit_entry": before["audit_entry"] + 1}


async def test_the_same_list_in_another_campaign_is_that_campaigns_own(settings: Settings, store: Store) -> None:
    await campaign(store)
    await campaign(store, "Autumn")
    await bring(settings, store, SAMPLE)
    assert fates(await bring(settings, store, SAMPLE, "Autumn"))["imported"] == 16
    assert len(await leads(store)) == 16


async def both_at_once(settings: Settings, store: Store, one: Path, two: Path) -> tuple[Imported, ImportReport]:
    """Import a list while the import of another is under way, and not yet seen by anybody."""
    await campaign(store)
    async with store.sessions.begin() as session:
        spring = await campaigns.named(session, "Spring")
        assert spring is not None
        hashed, reading = file_hash(one), read_list(one)
        first = await import_leads(session, spring, reading, file=one.name, sha256=hashed, by="test")
        second = asyncio.create_task(bring(settings, store, two))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not second.done() and not await sql(store.sessions, waiting):
            await asyncio.sleep(0.02)
    return first, await second


async def test_two_people_upload_the_same_list_at_once_and_it_is_imported_once(
    settings: Settings, store: Store
) -> None:
    """F72: and one after the other, above."""
    first, second = await both_at_once(settings, store, SAMPLE, SAMPLE)
    assert first.counts.imported == 16
    assert fates(second) == {"already_here": 16, "duplicate_in_file": 2, "rejected": 6}
    assert await sql(store.sessions, "SELECT count(*) FROM campaign_lead") == 16
    assert await sql(store.sessions, "SELECT count(*) FROM lead_import") == 1


async def test_two_lists_that_share_people_at_once_import_each_person_once(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    one = write_list(tmp_path / "one.csv", students(*range(40)))
    two = write_list(tmp_path / "two.csv", students(*range(20, 60)))
    first, second = await both_at_once(settings, store, one, two)
    assert first.counts.imported == 40
    assert fates(second) == {"imported": 20, "already_here": 20}
    assert await sql(store.sessions, "SELECT count(*) FROM campaign_lead") == 60


async def test_who_must_not_be_called_is_left_out(settings: Settings, store: Store, tmp_path: Path) -> None:
    spring, autumn = await campaign(store), await campaign(store, "Autumn")
    async with store.sessions.begin() as session:
        for n, scope in (
            (1, "account"),
            (2, do_not_call.campaign_scope(spring)),
            (3, do_not_call.campaign_scope(autumn)),
        ):
            await do_not_call.add(session, [phone_of(n)], scope=scope, source="list", reason="", by="test")
    path = write_list(tmp_path / "list.csv", students(1, 2, 3, 4))
    assert fates(await bring(settings, store, path)) == {"do_not_call": 2, "imported": 2}
    assert set(await leads(store)) == {phone_of(3), phone_of(4)}


async def test_the_same_list_after_a_number_was_taken_off_the_list_brings_that_person(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    async with store.sessions.begin() as session:
        await do_not_call.add(session, [phone_of(1)], scope="account", source="list", reason="", by="test")
    path = write_list(tmp_path / "list.csv", students(1, 2))
    await bring(settings, store, path)
    async with store.sessions.begin() as session:
        await do_not_call.remove(session, phone_of(1))
    again = fates(await bring(settings, store, path))
    assert again == {"imported": 1, "already_here": 1}
    assert set(await leads(store)) == {phone_of(1), phone_of(2)}, "what is counted as imported is there"


async def test_the_same_list_with_its_columns_named_brings_what_was_rejected(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    path = write_list(tmp_path / "list.csv", [["n/a", phone_of(1)], ["n/a", phone_of(2)]], ("Phone", "Cell 2"))
    assert fates(await bring(settings, store, path)) == {"rejected": 2}
    assert fates(await bring(settings, store, path, mapping={"phone": "Cell 2"})) == {"imported": 2}
    assert set(await leads(store)) == {phone_of(1), phone_of(2)}, "what is counted as imported is there"


async def test_the_fix_file_says_what_is_wrong_and_its_mended_rows_are_imported(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    rows = [["Asha", "9.19877E+11"], ['=Bela, "B"', "98765"], ["Chitra", phone_of(3)], ["Devi", "98120OOOO4"]]
    done = await bring(settings, store, write_list(tmp_path / "list.csv", rows))
    assert fates(done)["imported"] >= 1
    assert done.fix_file is not None
    with done.fix_file.open(encoding="utf-8-sig", newline="") as file:
        header, *bad = list(csv.reader(file))
    assert header == [*HEADER, "problem", "suggestion"]
    assert [row[0] for row in bad][:2] == ["Asha", '\'=Bela, "B"']
    assert all(row[2] for row in bad)
    mended = [[row[0], phone_of(10 + place), *row[2:]] for place, row in enumerate(bad)]
    again = await bring(settings, store, write_list(tmp_path / "mended.csv", mended, header))
    assert fates(again) == {"imported": len(bad)}
    assert set(await leads(store)) >= {phone_of(3), phone_of(10), phone_of(11)}


async def test_a_fix_file_uploaded_as_it_is_is_rejected_again(settings: Settings, store: Store) -> None:
    await campaign(store)
    done = await bring(settings, store, SAMPLE)
    assert done.fix_file is not None
    again = await bring(settings, store, done.fix_file)
    assert fates(again) == {"rejected": 6}
    assert again.as_dict()["rejected_by_reason"] == done.as_dict()["rejected_by_reason"]


async def test_nothing_is_left_of_an_import_that_fails_in_the_middle(store: Store) -> None:
    await campaign(store)
    before = await row_counts(store.sessions)

    def rows() -> Iterator[ListRow]:
        for n in range(2_500):
            yield ListRow(n + 1, ("Asha", phone_of(n)), False)
        raise OSError("the disk is gone")

    async def bring_it() -> None:
        async with store.sessions.begin() as session:
            spring = await campaigns.named(session, "Spring")
            assert spring is not None
            await import_leads(session, spring, Reading(HEADER, rows()), file="l.csv", sha256="x", by="test")

    with pytest.raises(OSError, match="disk"):
        await bring_it()
    assert await row_counts(store.sessions) == before


async def test_a_list_that_turns_unreadable_in_its_last_row_leaves_nothing(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    before = await row_counts(store.sessions)
    path = write_list(tmp_path / "list.csv", students(*range(6_000)))
    with path.open("ab") as file:
        file.write(b'"never closed,+919812099999\n' + b"x" * 200_000)
    with pytest.raises(UnreadableListError):
        await bring(settings, store, path)
    assert await row_counts(store.sessions) == before


async def test_consent_zone_and_source_land_with_the_lead(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    header = (*HEADER, "Email", "Consent", "Consent Source", "Consent Date", "Timezone")
    rows = [
        ["Asha", phone_of(1), "asha@example.com", "Yes", "Fair form", "05/03/2026", "America/New_York"],
        ["Bela", phone_of(2), "nonsense", "No", "", "", ""],
        ["Chitra", phone_of(3), "", "", "", "", ""],
    ]
    await bring(settings, store, write_list(tmp_path / "list.csv", rows, header))
    found = await leads(store)
    asha, bela, chitra = (found[phone_of(n)] for n in (1, 2, 3))
    assert (asha.consent, asha.consent_source, asha.consent_on) == (True, "Fair form", date(2026, 3, 5))
    assert (asha.zones, asha.zone_source, asha.email) == (["America/New_York"], "column", "asha@example.com")
    assert (bela.consent, bela.email, bela.zones, bela.zone_source) == (False, None, ["Asia/Kolkata"], "number")
    assert chitra.consent is None


async def test_what_is_known_of_a_person_is_not_lost_by_a_poorer_list(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    await campaign(store, "Autumn")
    header = (*HEADER, "Consent", "Timezone")
    await bring(settings, store, write_list(tmp_path / "a.csv", [["Asha", phone_of(1), "No", "Europe/London"]], header))
    await bring(settings, store, write_list(tmp_path / "b.csv", [["", phone_of(1)]]), "Autumn")
    asha = (await leads(store))[phone_of(1)]
    assert (asha.name, asha.consent, asha.zones) == ("Asha", False, ["Europe/London"])


CELL = some.one_of(
    some.integers(0, 12).map(phone_of),
    some.integers(0, 12).map(lambda n: f"0{phone_of(n)[3:]}"),
    some.text(some.characters(codec="utf-8"), max_size=12),
    some.sampled_from(["", "NA", "1800111222", "9.19812E+11", "'+91 98120 00001", "=1+1"]),
)


async def test_every_row_of_any_list_is_counted_once(settings: Settings, tmp_path: Path) -> None:
    listed = [phone_of(1), phone_of(2)]
    lists: list[list[tuple[str, str]]] = []

    @hypothesis_settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(some.lists(some.tuples(CELL, CELL), min_size=1, max_size=15))
    def collect(rows: list[tuple[str, str]]) -> None:
        lists.append(rows)

    collect()
    async with open_store(settings) as store:
        async with store.sessions.begin() as session:
            await do_not_call.add(session, listed, scope="account", source="list", reason="", by="test")
        for place, rows in enumerate(lists):
            await campaign(store, f"C{place}")
            reading = Reading(HEADER, iter([ListRow(n, cells, False) for n, cells in enumerate(rows, 1)]))
            async with store.sessions.begin() as session:
                spring = await campaigns.named(session, f"C{place}")
                assert spring is not None
                done = await import_leads(session, spring, reading, file="l.csv", sha256=str(place), by="test")
                kept = await session.scalars(select(ImportRow.result).where(ImportRow.import_id == place + 1))
                stored = Counter(kept.all())
            counts = done.counts.as_dict()
            assert counts["rows"] == len(rows) == sum(counts[part] for part in PARTS)
            assert stored == Counter({part: counts[part] for part in PARTS if counts[part]})
            written = "SELECT count(*) FROM campaign_lead WHERE campaign_id = :id"
            assert await sql(store.sessions, written, id=place + 1) == counts["imported"]
        assert not set(await leads(store)) & set(listed)
