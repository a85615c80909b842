"""The statements of the benches: invented rows in bulk, and what is left of them counted. For databases of a bench only."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, event, func, select, table, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import State
from dialer.store.sessions import autocommit
from dialer.store.tables import Call, Campaign, Counselor, RateBucket


@contextmanager
def counting() -> Iterator[list[int]]:
    """How many statements are sent meanwhile, in the list's only place; savepoints and commits are not counted."""
    count = [0]

    def one_more(*_: object) -> None:
        count[0] += 1

    event.listen(Engine, "before_cursor_execute", one_more)
    try:
        yield count
    finally:
        event.remove(Engine, "before_cursor_execute", one_more)


async def backend_pid(session: AsyncSession) -> int:
    """The process id of the database's backend for this session."""
    pid: int = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return pid


async def driver_connection(session: AsyncSession) -> Any:
    """The session's asyncpg connection, in a transaction that has begun."""
    await session.execute(text("SELECT 1"))
    raw = (await (await session.connection()).get_raw_connection()).driver_connection
    assert raw is not None
    return raw


async def vacuum(session: AsyncSession, *tables: str) -> None:
    """Vacuum and analyze these tables, or all; the session must not have begun a transaction."""
    await autocommit(session)
    for name in tables or ("",):
        await session.execute(text(f"VACUUM ANALYZE {name}".strip()))


async def without_triggers(session: AsyncSession) -> None:
    """Check no foreign keys until the transaction ends."""
    await session.execute(text("SET LOCAL session_replication_role = replica"))


async def count_rows(session: AsyncSession, name: str) -> int:
    """How many rows a table has."""
    return await session.scalar(select(func.count()).select_from(table(name))) or 0


async def add_bridge(session: AsyncSession) -> None:
    """Add a bridge that takes any number of calls and never goes away."""
    await session.execute(text("INSERT INTO bridge_process VALUES ('bench', 10000000, 0, false, '2100-01-01')"))


async def add_leads(session: AsyncSession, campaign_id: int, first: int, leads: int) -> None:
    """Add Indian leads to a campaign; `first` is the number in the first one's phone."""
    await without_triggers(session)
    await session.execute(
        text(
            "INSERT INTO hours_group (region, states, zones) VALUES ('IN', '{}', '{Asia/Kolkata}') "
            "ON CONFLICT DO NOTHING"
        )
    )
    values = {"first": first, "last": first + leads - 1, "campaign": campaign_id}
    await session.execute(
        text(
            "INSERT INTO lead (phone, name, zones, zone_source) SELECT '+91981' || lpad(n::text, 7, '0'), "
            "'Lead ' || n, '{Asia/Kolkata}', 'number' FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n"
        ),
        values,
    )
    await session.execute(
        text(
            "INSERT INTO campaign_lead (campaign_id, lead_id, hours_id) SELECT :campaign, lead.id, h.id FROM lead, "
            "hours_group h WHERE h.id <> 0 AND phone >= '+91981' || lpad(CAST(:first AS text), 7, '0') "
            "AND phone <= '+91981' || lpad(CAST(:last AS text), 7, '0') ORDER BY lead.id"
        ),
        {**values, "first": str(first), "last": str(first + leads - 1)},
    )


async def stop_campaign(session: AsyncSession, campaign_id: int) -> None:
    """Mark a campaign as stopped."""
    await session.execute(update(Campaign).where(Campaign.id == campaign_id).values(state="stopped"))


async def fill_buckets(session: AsyncSession, keys: Sequence[str], tokens: float) -> None:
    """Let each of these rate buckets hold so many tokens for the next second."""
    row = {"tokens": tokens, "at": func.clock_timestamp() + func.make_interval(0, 0, 0, 1)}
    statement = insert(RateBucket).values([{"key": key, **row} for key in keys])
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row))


async def count_placed(session: AsyncSession, call_ids: Collection[UUID]) -> int:
    """How many of the calls are in the state PLACED."""
    query = select(func.count()).where(Call.id.in_(call_ids), Call.state == State.PLACED)
    return await session.scalar(query) or 0


async def end_calls(session: AsyncSession, call_ids: Collection[UUID], at: datetime) -> None:
    """Mark the calls as ended."""
    await session.execute(update(Call).where(Call.id.in_(call_ids)).values({"state": State.ENDED, "ended_at": at}))


async def answer_calls(session: AsyncSession) -> Sequence[Call]:
    """Mark every call as answered; the calls, by id."""
    await session.execute(update(Call).values(state=State.TALKING))
    return (await session.scalars(select(Call).order_by(Call.id))).all()


async def first_counselor(session: AsyncSession) -> int | None:
    """The id of a counselor; None where there is none."""
    return await session.scalar(select(Counselor.id).limit(1))


async def add_placed_calls(session: AsyncSession, campaign_id: int) -> None:
    """Add one placed call a lead: the sid counts up from CA…cafe0000, the token is `bench-0`, `bench-1` and so on."""
    await session.execute(
        text(
            "INSERT INTO call (id, campaign_id, campaign_lead_id, script_id, phone, n, state, carrier, from_number, "
            "carrier_sid, token_hash, gate, created_at) SELECT gen_random_uuid(), :campaign, x.id, k.script_id, "
            "x.phone, 1, 'placed', 'twilio', '+15005550006', 'CA' || lpad(to_hex(x.n + :base), 32, '0'), "
            "encode(sha256(convert_to('bench-' || x.n, 'UTF8')), 'hex'), '{}', now() FROM (SELECT c.id, l.phone, "
            "row_number() OVER (ORDER BY c.id) - 1 AS n FROM campaign_lead c JOIN lead l ON l.id = c.lead_id "
            "WHERE c.campaign_id = :campaign) x JOIN campaign k ON k.id = :campaign"
        ),
        {"campaign": campaign_id, "base": 0xCAFE0000},
    )


async def reset_calls(session: AsyncSession, *, recording: bool) -> None:
    """Mark every call as placed and not yet answered, without a turn; four hours are allowed to each."""
    for statement in (
        "DELETE FROM turn",
        "UPDATE call SET state = 'placed', stream_opened_at = NULL, stream_closed_at = NULL, outcome = NULL, "
        "ended_at = NULL, answered_at = NULL, reported = NULL, reason = NULL",
        "UPDATE campaign_lead SET state = 'calling'",
    ):
        await session.execute(text(statement))
    await session.execute(
        text("UPDATE campaign SET recording = :recording, time_limit_s = 14400"), {"recording": recording}
    )


async def add_ended_calls(session: AsyncSession, campaign_id: int) -> None:
    """Add one ended call a lead; one in ten has six turns."""
    await without_triggers(session)
    await session.execute(
        text(
            "INSERT INTO call (id, campaign_id, campaign_lead_id, script_id, phone, n, state, outcome, carrier, "
            "from_number, carrier_sid, gate, created_at, answered_at, ended_at, duration_s, carrier_cost, "
            "voice_cost, latency_p50_ms, recording) SELECT gen_random_uuid(), :campaign, p.id, k.script_id, "
            "l.phone, 1, 'ended', 'qualified', 'twilio', '+15005550006', 'CA' || md5(l.phone), '{}', "
            "now() + p.id * interval '1 second', now() + p.id * interval '1 second', "
            "now() + p.id * interval '1 second', 61, 0.0140, 0.2210, 640, 'recordings/' || p.id || '.wav' "
            "FROM campaign_lead p JOIN lead l ON l.id = p.lead_id JOIN campaign k ON k.id = p.campaign_id "
            "WHERE p.campaign_id = :campaign ORDER BY p.id"
        ),
        {"campaign": campaign_id},
    )
    await session.execute(
        text(
            "INSERT INTO turn (call_id, item, position, speaker, text, at) SELECT id, 'i' || k, k, "
            "CASE k % 2 WHEN 0 THEN 'ava' ELSE 'student' END, 'So you would like to study in Canada.', created_at "
            "FROM call, generate_series(0, 5) AS g(k) WHERE campaign_id = :campaign AND right(phone, 1) = '0'"
        ),
        {"campaign": campaign_id},
    )


# The newest eight of ten leads wait; the others were called, in calls that were reached, booked and priced as calls are.
_CALLED = text("""
INSERT INTO call (id, campaign_id, campaign_lead_id, script_id, phone, n, state, carrier, from_number, gate, created_at,
    placing_at, answered_at, ended_at, duration_s, outcome, carrier_cost, voice_cost, latency_p50_ms, latency_p95_ms)
SELECT gen_random_uuid(), 1, p.id, (SELECT script_id FROM campaign WHERE id = 1), l.phone, 1, 'ended', 'twilio',
    '+15005550006', jsonb_build_object('rules', jsonb_build_array(jsonb_build_object('rule', 'window', 'ok', true))),
    at, at, CASE WHEN k < 4 THEN at END, at, CASE WHEN k < 4 THEN 70 ELSE 0 END,
    (ARRAY['booked', 'qualified', 'not_interested', 'call_later', 'no_answer', 'no_answer', 'no_answer', 'busy',
           'voicemail', 'dropped'])[k + 1], 0.014, CASE WHEN k < 4 THEN 0.08 END, CASE WHEN k < 4 THEN 500 + k * 90 END, 900
FROM (SELECT *, id % 10 AS k, timestamptz '2026-01-05' + (id % 50000) * interval '50 seconds' AS at FROM campaign_lead
      ORDER BY id LIMIT :calls) p JOIN lead l ON l.id = p.lead_id
""")
_SETTLED = text("""
UPDATE campaign_lead p SET state = CASE WHEN c.outcome IN ('no_answer', 'busy') THEN 'waiting' ELSE 'done' END,
    last_outcome = c.outcome, attempts = 1 FROM call c WHERE c.campaign_lead_id = p.id
""")
_TURNS = text("""
INSERT INTO turn (call_id, item, position, speaker, text, at, stream_ms)
SELECT id, 'i' || n, n, CASE n % 2 WHEN 0 THEN 'ava' ELSE 'student' END, 'Something that somebody says.', created_at, n * 4000
FROM (SELECT id, created_at FROM call WHERE outcome = 'booked' ORDER BY created_at DESC LIMIT 1000) c, generate_series(0, 29) n
""")


async def add_history(session: AsyncSession, calls: int) -> None:
    """Add so many ended calls of all outcomes to campaign 1, and thirty turns to each of the newest booked ones."""
    await without_triggers(session)
    await session.execute(_CALLED, {"calls": calls})
    await session.execute(_SETTLED)
    await session.execute(_TURNS)


async def newest_booked_call(session: AsyncSession) -> UUID | None:
    """The newest call that ended in a booking."""
    query = select(Call.id).where(Call.outcome == "booked").order_by(Call.created_at.desc()).limit(1)
    return await session.scalar(query)


async def add_calls_known_to_twilio(session: AsyncSession, campaign_id: int, created_at: datetime) -> list[Call]:
    """Add one placed call a lead, with a sid of its own and no token."""
    rows = await session.execute(
        text(
            "SELECT c.id, l.phone, k.script_id FROM campaign_lead c JOIN lead l ON l.id = c.lead_id "
            "JOIN campaign k ON k.id = c.campaign_id WHERE c.campaign_id = :campaign"
        ),
        {"campaign": campaign_id},
    )
    made = [
        Call(
            id=uuid4(), campaign_id=campaign_id, campaign_lead_id=each, script_id=script, phone=phone, n=1,
            state="placed", carrier="twilio", from_number="+15005550006", carrier_sid=f"CA{uuid4().hex}",
            gate={}, created_at=created_at,
        )
        for each, phone, script in rows
    ]  # fmt: skip
    session.add_all(made)
    return made


async def count_and_delete_bookings(session: AsyncSession) -> int:
    """How many meetings are booked; these and all holds are deleted."""
    booked = await session.scalar(text("SELECT count(*) FROM booking WHERE state = 'booked'"))
    await session.execute(text("DELETE FROM booking"))
    return int(booked or 0)


async def make_naive_bookings(session: AsyncSession) -> None:
    """Make the table of the yardstick that looks first and writes then: it has no constraint."""
    await session.execute(text("CREATE TABLE naive_booking (id uuid, counselor_id int, starts timestamptz)"))


async def delete_naive_bookings(session: AsyncSession) -> None:
    """Empty that table."""
    await session.execute(text("DELETE FROM naive_booking"))


async def is_naively_free(session: AsyncSession, counselor_id: int, starts: datetime) -> bool:
    """Whether no row of that table takes a counselor's time."""
    taken = text("SELECT 1 FROM naive_booking WHERE counselor_id = :counselor AND starts = :starts")
    return await session.scalar(taken, {"counselor": counselor_id, "starts": starts}) is None


async def add_naive_booking(session: AsyncSession, counselor_id: int, starts: datetime) -> None:
    """Add a row to that table."""
    made = text("INSERT INTO naive_booking VALUES (:id, :counselor, :starts)")
    values: Mapping[str, object] = {"id": uuid4(), "counselor": counselor_id, "starts": starts}
    await session.execute(made, values)
