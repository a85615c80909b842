"""PostgreSQL restarts, drops connections, is full, or loses what it had promised: nobody is rung twice, nothing is lost."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.rehearsed import BUSY, Hurt, hurting

FULL = pytest.mark.full


@asynccontextmanager
async def refusing(hurt: Hurt, sqlstate: str, *, share: float = 1.0) -> AsyncIterator[None]:
    """Every change (or a share of them) of a call's row fails with this SQLSTATE for as long as the block lasts."""
    await hurt.fetch(
        f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF random() < {share} THEN "
        f"RAISE EXCEPTION 'ordered by a test' USING ERRCODE = '{sqlstate}'; END IF; RETURN NULL; END $$"
    )
    await hurt.fetch(
        "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON call FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
    )
    yield
    await hurt.fetch("DROP TRIGGER refuse ON call")


@FULL
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT, signal.SIGQUIT])
async def test_postgres_that_restarts_under_load_loses_nothing(sign: signal.Signals, tmp_path: Path) -> None:
    """F18, F19: killed, crashed or told to stop in the middle of calls, and back after three seconds."""
    numbers = BUSY[:20]
    with hurting(tmp_path / "data") as hurt:
        hurt.begin(numbers, per_second=4)
        await hurt.rung_at_least(5)
        hurt.kill_server("postgres", sign)
        await asyncio.sleep(3)
        assert hurt.servers.revive() == ("postgres",)
        before = len(hurt.rung())
        if before < len(numbers):
            hurt.measured(f"{sign.name}: rings again after s", await hurt.rung_at_least(before + 1))
        hurt.measured(f"{sign.name}: all settled after s", await hurt.settle(150))
        assert hurt.deaths == []
        hurt.assert_nobody_wronged(numbers)


async def test_connections_that_break_between_asking_and_writing_it_down_ask_nobody_twice(tmp_path: Path) -> None:
    """F18: the carrier answers two seconds late, and all connections to the database are ended meanwhile."""
    numbers = BUSY[:12]
    with hurting(tmp_path / "data") as hurt:
        hurt.world("faults", [{"where": "create", "does": "delay", "seconds": 2, "count": -1}])
        hurt.begin(numbers)
        await hurt.rung_at_least(2)
        for _ in range(12):
            await hurt.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.25)
        hurt.world("faults", method="DELETE")
        await hurt.settle(150)
        assert hurt.deaths == []
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_without_a_database_nobody_is_rung(tmp_path: Path) -> None:
    """F19: fail closed; whoever was not taken before the database went stays unrung until it is back."""
    numbers = BUSY[:20]
    with hurting(tmp_path / "data") as hurt:
        hurt.begin(numbers, per_second=2)
        await hurt.rung_at_least(3)
        while True:
            hurt.signal("worker", signal.SIGSTOP)
            if not await hurt.fetch("SELECT 1 FROM call WHERE state = 'placing'"):
                break
            hurt.signal("worker", signal.SIGCONT)
            await asyncio.sleep(0.05)
        hurt.kill_server("postgres", signal.SIGQUIT)
        before = hurt.rung()
        hurt.signal("worker", signal.SIGCONT)
        await asyncio.sleep(6)
        assert hurt.rung() == before, "no request went out"
        hurt.servers.revive()
        await hurt.settle(150)
        assert hurt.deaths == []
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_a_call_that_the_database_lost_is_found_by_the_proof(tmp_path: Path) -> None:
    """F20: a standby took over without the last transaction; the carrier knows a call that our tables do not."""
    numbers = BUSY[:4]
    with hurting(tmp_path / "data") as hurt:
        hurt.begin(numbers)
        await hurt.settle()
        (lost,) = await hurt.fetch("SELECT id, carrier_sid FROM call ORDER BY phone LIMIT 1")
        await hurt.fetch("DELETE FROM call_event WHERE call_id = $1", lost["id"])
        await hurt.fetch("DELETE FROM call WHERE id = $1", lost["id"])
        said = hurt.command("prove", "--json")
        assert said.status == 1
        breached = {each["name"]: each["breaches"] for each in json.loads(said.out)["invariants"] if each["breaches"]}
        assert breached["I7"] == [f"{lost['carrier_sid']}: a call at the carrier that we do not know"]


@FULL
@pytest.mark.parametrize(
    ("sqlstate", "share", "fault"),
    [("53100", 1.0, "F21"), ("40P01", 0.4, "F22"), ("40001", 0.4, "F22")],
    ids=["disk full", "deadlock", "serialization"],
)
async def test_a_database_that_refuses_to_write_is_asked_again(
    sqlstate: str, share: float, fault: str, tmp_path: Path
) -> None:
    """F21, F22: full for some seconds (nobody is rung), or refusing now and then (each is rung once)."""
    numbers = BUSY[:30]
    with hurting(tmp_path / "data") as hurt:
        hurt.begin(numbers, per_second=4)
        await hurt.rung_at_least(5)
        async with refusing(hurt, sqlstate, share=share):
            await asyncio.sleep(1)
            before = len(hurt.rung())
            await asyncio.sleep(6)
            if share == 1:
                assert len(hurt.rung()) == before, "fail closed"
        hurt.measured(f"{fault} {sqlstate}: all settled after s", await hurt.settle(150))
        assert hurt.deaths == []
        hurt.assert_nobody_wronged(numbers)


@FULL
@pytest.mark.parametrize(("version", "says"), [("0000", "newer"), ("9999", "newer")])
async def test_a_dialer_of_another_version_than_its_database_refuses_to_start(
    version: str, says: str, tmp_path: Path
) -> None:
    """F23."""
    with hurting(tmp_path / "data", workers=0) as hurt:
        await hurt.fetch(f"UPDATE alembic_version SET version_num = '{version}'")
        for process in ("web", "bridge", "worker"):
            said = hurt.command(process)
            assert said.status == 1
            assert says in said.err
            assert said.err.count("\n") == 1
