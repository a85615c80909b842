"""Bookings that must not go wrong: F78 to F82, each said plainly to the caller, nothing booked by mistake."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dialer.ava.tools import Tools
from dialer.domain.speech.speech_dates import say_time
from dialer.services.calls.context import CallContext
from dialer.store.tables import Booking, Incident, OutboxMessage, ToolUse
from dialer.wiring.stores import Store
from tests.support.ava import Ava, all_of, end
from tests.support.carrier import ScriptedCarrier
from tests.support.meetings import booked, starts_of
from tests.support.people import TUESDAY_11, sql, talk_with

KOLKATA, LONDON = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/London")


@pytest.fixture
async def ava(store: Store) -> Ava:
    return Ava(store, await talk_with(store.sessions, ScriptedCarrier()))


async def offered(ava: Ava, **asked: str) -> list[dict[str, str]]:
    return list((await ava("find_slots", **asked))["slots"])


async def test_f78_of_two_who_hold_one_time_together_one_gets_it_and_one_hears_of_others(store: Store) -> None:
    """F78, with the counselors' limits: a most per day of one is kept although both asked at once."""
    await sql(store.sessions, "UPDATE counselor SET max_per_day = 1")
    both = [Ava(store, await talk_with(store.sessions, ScriptedCarrier(), n)) for n in (1, 2)]
    slots = [await offered(each, day="2026-02-12") for each in both]
    held = await asyncio.gather(
        both[0]("hold_slot", slot=slots[0][0]["slot"]), both[1]("hold_slot", slot=slots[1][-1]["slot"])
    )
    assert sorted(each["held"] for each in held) == [False, True]
    refused = next(each for each in held if not each["held"])
    assert refused["slots"]
    assert all(each["starts"][:10] != "2026-02-12" for each in refused["slots"])


@pytest.mark.parametrize(
    "gone",
    [
        "UPDATE counselor SET active = false",
        "INSERT INTO time_off (counselor_id, during) SELECT id, '[2026-02-11, 2026-02-14)' FROM counselor",
        "INSERT INTO busy_time (counselor_id, during) SELECT id, '[2026-02-11, 2026-02-14)' FROM counselor",
        "UPDATE counselor_hours SET opens = '17:59', closes = '18:00'",
        "UPDATE counselor SET holidays = 'IN', zone = 'Asia/Kolkata'; DELETE FROM counselor_hours",
    ],
)
@pytest.mark.parametrize("when", ["before the hold", "before the booking"])
async def test_f79_a_counselor_who_is_gone_during_the_call_is_not_booked(
    store: Store, ava: Ava, gone: str, when: str
) -> None:
    """F79: left, took leave, was booked elsewhere, works other hours: refused, and said so."""
    slot = (await offered(ava, day="2026-02-12"))[0]["slot"]
    if when == "before the booking":
        assert (await ava("hold_slot", slot=slot))["held"]
    for statement in gone.split("; "):
        await sql(store.sessions, statement)
    tool = "hold_slot" if when == "before the hold" else "book_slot"
    result = await ava(tool, slot=slot)
    assert result["held" if tool == "hold_slot" else "booked"] is False
    assert result["reason"] == "that time is no longer free"
    assert result["say"].startswith("Sorry, that time is no longer free.")
    assert await all_of(store, Booking) == []
    assert await all_of(store, OutboxMessage) == []


async def test_f80_a_booking_whose_reply_was_lost_is_the_same_booking_again(store: Store, ava: Ava) -> None:
    """F80: the model asks again, under the same item or a new one, in the same call or the next."""
    slot = (await offered(ava))[0]["slot"]
    await ava("hold_slot", slot=slot)
    first = await ava("book_slot", item="fc_1", slot=slot)
    again = await ava("book_slot", item="fc_1", slot=slot)
    other = await ava("book_slot", item="fc_2", slot=slot)
    assert first == again
    assert first["booking_id"] == other["booking_id"]
    restarted = Tools(store.sessions, ava.talk, lambda: TUESDAY_11)  # a bridge that came back
    late = json.loads((await restarted.run("fc_1", "book_slot", json.dumps({"slot": slot}))).output)
    assert late == first
    assert len(await all_of(store, Booking)) == 1
    assert len(await all_of(store, OutboxMessage)) == 2
    assert len([each for each in await all_of(store, ToolUse) if each.name == "book_slot"]) == 2


@pytest.mark.parametrize(
    ("day", "offset"), [("2026-03-27", "+05:30"), ("2026-03-30", "+05:30")], ids=["winter time", "summer time"]
)
async def test_f81_both_clocks_are_told_and_the_instant_is_kept(store: Store, day: str, offset: str) -> None:
    """F81: lead in India, counselor in the UK, before and after the clocks change there."""
    await sql(store.sessions, "UPDATE counselor SET zone = 'Europe/London'")
    ava = Ava(store, await talk_with(store.sessions, ScriptedCarrier()))
    march = datetime(2026, 3, 24, 6, 0, tzinfo=KOLKATA)
    ava.tools = Tools(store.sessions, ava.talk, lambda: march)
    slot = (await offered(ava, day=day))[0]
    assert slot["starts"].endswith(offset)
    assert slot["say"].endswith(", your time")
    held = await ava("hold_slot", slot=slot["slot"])
    starts = datetime.fromisoformat(slot["starts"])
    for zone, name in ((KOLKATA, "India time"), (LONDON, "UK time")):
        assert say_time(starts.astimezone(zone)) in held["read_back"]
        assert name in held["read_back"]
    assert "with One Window desk" in held["read_back"]
    await ava("book_slot", slot=slot["slot"])
    (booking,) = await all_of(store, Booking)
    assert (starts_of(booking), booking.lead_zone) == (starts, "Asia/Kolkata")
    assert starts_of(booking).astimezone(LONDON).hour == 10


@pytest.mark.parametrize("day", ["2026-02-30", "30 February", "2026-02-09", "last week", "2025-02-12", "x" * 400])
async def test_f82_a_day_that_is_past_or_does_not_exist_is_said_plainly(store: Store, ava: Ava, day: str) -> None:
    """F82: nothing is offered for it, and AVA asks for another day."""
    result = await ava("find_slots", day=day)
    assert result["slots"] == []
    assert result["say"].endswith("?")


async def test_f82_an_invented_slot_and_one_of_another_call_are_refused(store: Store, ava: Ava) -> None:
    """F82: a token that was never given out, one of another call, and one whose time has come meanwhile."""
    other = Ava(store, await talk_with(store.sessions, ScriptedCarrier(), 2))
    foreign = (await offered(other))[0]["slot"]
    for token in (foreign, "deadbeef", "2026-02-12T10:00:00+05:30", "1", "' OR 1=1"):
        held = await ava("hold_slot", slot=token)
        assert (held["held"], held["reason"]) == (False, "that time was not offered in this call")
    slot = (await offered(ava))[0]
    ava.tools = Tools(store.sessions, ava.talk, lambda: datetime.fromisoformat(slot["starts"]) + timedelta(minutes=1))
    late = await ava("hold_slot", slot=slot["slot"])
    assert (late["held"], late["reason"]) == (False, "that time has passed")
    assert await all_of(store, Booking) == []


async def test_buffers_keep_meetings_apart_even_where_two_ask_at_once(store: Store) -> None:
    await sql(
        store.sessions, "UPDATE counselor SET buffer_before_minutes = 10, buffer_after_minutes = 20, slot_minutes = 20"
    )
    both = [Ava(store, await talk_with(store.sessions, ScriptedCarrier(), n)) for n in (1, 2)]
    tokens = []
    for place, each in enumerate(both):  # ten and twenty past ten: apart, but not by the buffers
        await offered(each, day="2026-02-12")
        first = min(each.talk.offered.values(), key=lambda slot: slot.starts)
        shift = timedelta(minutes=20 * place)
        each.talk.offered["next"] = type(first)(first.counselor_id, first.starts + shift, first.ends + shift)
        tokens.append(each("hold_slot", slot="next"))
    held: list[dict[str, Any]] = await asyncio.gather(*tokens)
    assert sorted(each["held"] for each in held) == [False, True]


async def test_students_go_to_counselors_for_their_country_and_the_booking_says_why(store: Store, ava: Ava) -> None:
    await sql(store.sessions, "UPDATE counselor SET countries = '{Germany}'")
    await sql(
        store.sessions,
        "WITH anna AS (INSERT INTO counselor (name, zone, countries) VALUES ('Anna', 'Asia/Kolkata', '{Canada}') RETURNING id) "
        "INSERT INTO counselor_hours SELECT id, day, '10:00', '18:00' FROM anna, generate_series(0, 5) AS day",
    )
    await ava("save_enquiry", country="Canada")
    slot = (await offered(ava))[0]["slot"]
    held = await ava("hold_slot", slot=slot)
    assert "with Anna" in held["read_back"]
    await ava("book_slot", slot=slot)
    (booking,) = await all_of(store, Booking)
    assert booking.reason == "covers Canada; the only counselor free then"


async def test_where_nobody_takes_their_country_nothing_is_offered_and_people_here_hear_of_it(
    store: Store, ava: Ava
) -> None:
    await sql(store.sessions, "UPDATE counselor SET countries = '{Germany}'")
    await ava("save_enquiry", country="Canada")
    result = await ava("find_slots")
    assert result["slots"] == []
    assert "one of our counselors will call you" in result["say"]
    (incident,) = await all_of(store, Incident)
    assert incident.message.startswith("no counselor covers Canada")


async def test_a_hold_ends_with_the_call_and_the_time_is_offered_to_the_next(store: Store, ava: Ava) -> None:
    slot = (await offered(ava, day="2026-02-12"))[0]
    await ava("hold_slot", slot=slot["slot"])
    other = Ava(store, await talk_with(store.sessions, ScriptedCarrier(), 2))
    assert slot["starts"] not in [each["starts"] for each in await offered(other, day="2026-02-12")]
    await end(store, ava.talk)
    assert slot["starts"] in [each["starts"] for each in await offered(other, day="2026-02-12")]


async def test_one_booking_per_lead_and_campaign(store: Store) -> None:
    first = await booked(store)
    await sql(store.sessions, "UPDATE call SET state = 'talking', ended_at = NULL")
    ava = Ava(store, await _talk_again(store))
    ava.items = 50  # what was asked before has its answers already
    slot = (await offered(ava))[0]["slot"]
    assert (await ava("hold_slot", slot=slot))["reason"] == "they have a meeting already"
    assert (await ava("book_slot", slot=slot))["booking_id"] == str(first.id)


async def _talk_again(store: Store) -> CallContext:
    (row,) = await all_of(store, Booking)
    return CallContext(row.call_id, 1, row.campaign_lead_id, "+919812000001", "Asha", "Asia/Kolkata")
