"""Many callers want the same meeting: one gets it, nobody is told a lie, everybody else is offered another time."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text

from dialer.ava.tools import Tools
from dialer.services.calls.context import CallContext
from dialer.store.tables import Booking
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.people import claim, eleven, enrol, phone_of, place, running_campaign, sql

CALLERS = 50
TALKS = text("SELECT id, campaign_id, campaign_lead_id, phone FROM call ORDER BY id")


async def callers(store: Store, count: int) -> list[Tools]:
    """So many answered calls at once."""
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, map(phone_of, range(count)))
    ids = await claim(store.sessions, carrier)
    assert len(ids) == count
    await asyncio.gather(*(place(store.sessions, call_id, carrier) for call_id in ids))
    await sql(store.sessions, "UPDATE call SET state = 'talking', stream_opened_at = now(), last_event_at = now()")
    async with store.sessions() as session:
        talks = [
            CallContext(call_id, campaign_id, lead_id, phone, "Asha", "Asia/Kolkata")
            for call_id, campaign_id, lead_id, phone in await session.execute(TALKS)
        ]
    return [Tools(store.sessions, talk, eleven) for talk in talks]


async def use(tools: Tools, item: str, name: str, **arguments: str) -> dict[str, Any]:
    return dict(json.loads((await tools.run(item, name, json.dumps(arguments))).output))


async def first_slot(tools: Tools) -> dict[str, str]:
    return dict((await use(tools, "find", "find_slots"))["slots"][0])


@pytest.mark.parametrize("count", [2, CALLERS])
async def test_of_all_who_want_one_time_exactly_one_gets_it_and_the_others_hear_of_others(
    store: Store, count: int
) -> None:
    everybody = await callers(store, count)
    wanted = [await first_slot(tools) for tools in everybody]
    assert len({slot["starts"] for slot in wanted}) == 1
    start = asyncio.Barrier(count)

    async def try_it(tools: Tools, token: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        await start.wait()
        held = await use(tools, "hold", "hold_slot", slot=token)
        return held, await use(tools, "book", "book_slot", slot=token) if held.get("held") else None

    answers = await asyncio.gather(
        *(try_it(tools, slot["slot"]) for tools, slot in zip(everybody, wanted, strict=True))
    )
    booked = [book for _, book in answers if book is not None]
    assert [book.get("booked") for book in booked] == [True]
    assert await sql(store.sessions, "SELECT count(*) FROM booking WHERE state IN ('held', 'booked')") == 1
    refused = [held for held, book in answers if book is None]
    assert [held for held in refused if held.get("held") is not False] == [], "an error is no answer for a caller"
    assert all(held["slots"] and wanted[0]["starts"] not in str(held["slots"]) for held in refused)


async def test_counselors_never_have_two_meetings_at_once(store: Store) -> None:
    everybody = await callers(store, 8)

    async def book_any(tools: Tools) -> None:
        token = (await first_slot(tools))["slot"]
        for turn in range(10):
            held = await use(tools, f"hold-{turn}", "hold_slot", slot=token)
            if held.get("held"):
                assert (await use(tools, f"book-{turn}", "book_slot", slot=token))["booked"] is True
                return
            token = held["slots"][turn % len(held["slots"])]["slot"] if held.get("slots") else token

    await asyncio.gather(*map(book_any, everybody))
    overlaps = "SELECT count(*) FROM booking a JOIN booking b ON a.id < b.id AND a.counselor_id = b.counselor_id AND a.during && b.during"
    assert await sql(store.sessions, overlaps) == 0
    assert await sql(store.sessions, f"SELECT count(*) FROM {Booking.__tablename__} WHERE state = 'booked'") == 8
