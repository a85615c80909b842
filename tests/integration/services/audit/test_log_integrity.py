"""The audit log cannot be changed unseen, and every read of personal data leaves a name (H8, M4)."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from dialer.domain.access.roles import Role
from dialer.settings import Settings
from dialer.store.sessions import StatementError, make_engine, make_sessions
from dialer.store.system import access_log, audit
from dialer.store.tables import AccessEntry
from dialer.wiring.audit_anchors import read_anchors, write_anchor
from dialer.wiring.stores import Store
from tests.support.ava import all_of
from tests.support.carrier import ScriptedCarrier
from tests.support.pages import signed_in
from tests.support.people import talk_with
from tests.support.shell import Shell
from workers.audit_anchor import anchor_audit

NOW = datetime(2026, 2, 10, tzinfo=UTC)


async def three_entries(store: Store) -> None:
    async with store.sessions.begin() as session:
        for n in range(3):
            await audit.record(session, "somebody", f"did {n}", {"n": n})
        assert await audit.verify(session)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET at = at - interval '1 day' WHERE id = 2",
        "UPDATE audit_entry SET actor = 'another' WHERE id = 2",
        "DELETE FROM audit_entry WHERE id = 2",
        "DELETE FROM access_log",
    ],
)
async def test_entries_can_be_added_only_and_a_forced_change_shows(store: Store, change: str) -> None:
    await three_entries(store)
    async with store.sessions.begin() as session:
        await access_log.record(session, "somebody", "export", {})
    with pytest.raises(StatementError, match="append-only"):
        async with store.sessions.begin() as session:
            await session.execute(text(change))
    if "audit_entry" not in change:
        return
    async with store.sessions() as session:
        await session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only"))
        await session.execute(text(change))
        assert not await audit.verify(session), change
        await session.rollback()


async def test_whoever_writes_the_table_without_the_key_cannot_make_a_chain(store: Store, settings: Settings) -> None:
    await three_entries(store)
    engine = make_engine(settings.dialer_database_url or "")
    async with make_sessions(engine, (b"another key",)).begin() as session:
        await audit.record(session, "somebody", "did this", {})
        assert not await audit.verify(session)
    await engine.dispose()
    async with store.sessions() as session:
        assert not await audit.verify(session)


async def test_a_key_of_before_still_verifies_what_it_wrote(settings: Settings) -> None:
    engine = make_engine(settings.dialer_database_url or "")
    async with make_sessions(engine, (b"old",)).begin() as session:
        await audit.record(session, "somebody", "did this", {})
    async with make_sessions(engine, (b"new", b"old")).begin() as session:
        await audit.record(session, "somebody", "did that", {})
        assert await audit.verify(session)
    async with make_sessions(engine, (b"new",))() as session:
        assert not await audit.verify(session)
    await engine.dispose()


async def test_a_cut_tail_shows_against_the_head_that_is_kept_outside(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    await three_entries(store)
    ctx: Any = {"parts": SimpleNamespace(sessions=store.sessions, clock=lambda: NOW), "settings": settings}
    assert await anchor_audit(ctx) == 1
    assert await anchor_audit(ctx) == 0, "once"
    anchors = read_anchors(settings.dialer_data_dir)
    assert (settings.dialer_data_dir / "audit.anchors").stat().st_mode & 0o077 == 0
    async with store.sessions() as session:
        assert await audit.verify(session, anchors)
    async with store.sessions() as session:
        await session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only"))
        await session.execute(text("DELETE FROM audit_entry WHERE id = (SELECT max(id) FROM audit_entry)"))
        assert await audit.verify(session), "the chain alone does not show it"
        assert not await audit.verify(session, anchors)
        await session.rollback()
    write_anchor(tmp_path, audit.Head(7, "x"), NOW)
    assert read_anchors(tmp_path) == {7: "x"}


async def reads(store: Store) -> list[tuple[str, str]]:
    return [(entry.actor, entry.action) for entry in await all_of(store, AccessEntry)]


async def test_every_read_of_personal_data_leaves_a_name_once(settings: Settings, store: Store, shell: Shell) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    async with signed_in(settings, store, Role.MARKETING) as web:
        for path in (
            *("/files/leads.csv", "/files/transcripts.xlsx", "/leads/1", "/api/leads/1"),
            *(f"/calls/{talk.call_id}", f"/api/calls/{talk.call_id}"),
        ):
            assert (await web.get(path)).status_code == 200, path
    me = "marketing@example.com"
    assert await reads(store) == [(me, "export"), (me, "export"), (me, "lead.view"), (me, "call.view")]
    assert shell("leads", "export", "--output", str(settings.dialer_data_dir / "l.csv")).status == 0
    actor, action = (await reads(store))[-1]
    assert actor.startswith("cli:")
    assert action == "export"


async def test_the_access_log_is_for_administrators_and_auditors(settings: Settings, store: Store) -> None:
    async with store.sessions.begin() as session:
        await access_log.record(session, "mina@example.com", "lead.view", {"lead_id": 1})
    async with signed_in(settings, store, Role.AUDITOR) as web:
        assert "Opened a lead" in await page(web)
        assert (await web.get("/api/access-log")).json()["entries"][0]["who"] == "mina@example.com"
    async with signed_in(settings, store, Role.MARKETING) as web:
        assert (await web.get("/api/access-log")).status_code == 403


async def page(web: AsyncClient) -> str:
    return (await web.get("/settings/audit?log=access")).text
