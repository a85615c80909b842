"""Clocks that jump, windows that close, people who say no: what is decided late is decided anew (F55–F63)."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from dialer.domain.calling.call import Outcome, State
from dialer.domain.compliance import gate, time_zone_groups
from dialer.domain.compliance.rules import Rules
from dialer.domain.compliance.time_zone_groups import OpenHoursCache
from dialer.services.dialing import claim as run_campaign
from dialer.services.dialing.acquire import Skipped
from dialer.services.dialing.sweep import Patience, sweep
from dialer.services.do_not_call.suppress import suppress
from dialer.store.campaigns import campaigns
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.people import (
    ADDRESSES,
    TUESDAY_11,
    call_row,
    campaign_now,
    claim,
    enrol,
    lead_now,
    meant_call,
    phone_of,
    place,
    placed_call,
    running_campaign,
    sql,
    talk_with,
)
from workers import jobs
from workers.jobs import WorkerContext

HOUR = timedelta(hours=1)
NIGHT = TUESDAY_11 + 12 * HOUR
EVENING = TUESDAY_11 + 7 * HOUR + timedelta(minutes=45)
"""18:45 in Kolkata: the campaign closes at 19:00 and is fed until 18:50."""


@pytest.fixture(autouse=True)
def fresh_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test remembers of closed hours is nothing to the next."""
    monkeypatch.setattr(run_campaign, "CLOSINGS", OpenHoursCache())


async def listed(store: Store, n: int = 1) -> None:
    async with store.sessions.begin() as session:
        await suppress(
            session, [phone_of(n)], scope="account", source="by hand", reason="asked", by="test", now=TUESDAY_11
        )


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_a_clock_that_jumps_ends_no_lease_and_opens_no_window(store: Store, jump: timedelta) -> None:
    """F55: leases go by the database's clock, hours by the clock as it stands when the phone would ring."""
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    await sql(store.sessions, "UPDATE call SET state = 'placing', carrier_sid = NULL, placing_at = now()")
    swept = await sweep(store.sessions, {"twilio": carrier}, TUESDAY_11 + jump)
    assert swept.changed == ()
    assert (await call_row(store.sessions, call.id)).state is State.PLACING
    meant = await meant_call(store.sessions, carrier, 2)
    answer = await place(store.sessions, meant, carrier, EVENING + jump)
    assert isinstance(answer, Skipped) == (jump > timedelta(0)), "19:45 is too late, 17:45 is not"


class Unasked:
    """A Redis in which nobody asked for a call."""

    async def lpop(self, _: str) -> None:
        """Nothing."""


async def test_a_machine_whose_clock_is_wrong_rings_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """F55: an NTP step of more than two seconds against the database's clock."""
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1)])
    ctx: Any = {
        "redis": Unasked(),
        "parts": WorkerContext(store.sessions, {"twilio": carrier}, ADDRESSES, lambda: TUESDAY_11, Patience()),
    }
    (meant,) = await claim(store.sessions, carrier)
    monkeypatch.setattr(jobs, "CLOCKS_APART_S", -1.0)
    assert await jobs.tick(ctx) == 0
    assert await jobs.place_calls(ctx, [str(meant)], 1.0) == 0
    assert carrier.orders == []
    assert (await call_row(store.sessions, meant)).state is State.INTENT
    monkeypatch.undo()
    assert await jobs.check_clocks(store.sessions)


async def test_a_clock_that_went_back_does_not_ring_who_was_rung_in_its_future(store: Store) -> None:
    """F55: a call of three in the afternoon counts at eleven of the same day."""
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions, calls_per_day=1)
    await enrol(store.sessions, campaign_id, [phone_of(1)])
    (first,) = await claim(store.sessions, carrier, TUESDAY_11 + 4 * HOUR)
    await place(store.sessions, first, carrier, TUESDAY_11 + 4 * HOUR)
    await sql(store.sessions, "UPDATE call SET state = 'ended', outcome = 'busy'")
    await sql(store.sessions, "UPDATE campaign_lead SET state = 'waiting', next_attempt_at = '2020-01-01'")
    assert await claim(store.sessions, carrier, TUESDAY_11) == []


async def test_a_lead_that_moves_is_sorted_anew_and_asked_about_where_they_live_now(store: Store) -> None:
    """F57: the zone is edited while the lead waits, and again while the call is queued."""
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions, concurrency=1)
    await enrol(store.sessions, campaign_id, [phone_of(1), phone_of(2)])
    (first,) = await claim(store.sessions, carrier)
    await sql(store.sessions, "UPDATE campaign SET concurrency = 100")
    await claim(store.sessions, carrier, NIGHT)
    sorted_in = await sql(store.sessions, "SELECT count(*) FROM campaign_lead WHERE hours_id <> 0")
    assert sorted_in == 2
    await sql(store.sessions, "UPDATE lead SET zones = '{America/New_York}'")
    assert await sql(store.sessions, "SELECT count(*) FROM campaign_lead WHERE hours_id <> 0") == 0
    assert await claim(store.sessions, carrier, TUESDAY_11 + 24 * HOUR) == []
    assert "America/New_York" in ((await lead_now(store.sessions, 2)).why or "")
    assert isinstance(await place(store.sessions, first, carrier), Skipped)
    assert carrier.orders == []


async def test_a_window_that_closes_between_the_claim_and_the_request_stays_closed(store: Store) -> None:
    """F58."""
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1)])
    (call_id,) = await claim(store.sessions, carrier, EVENING)
    answer = await place(store.sessions, call_id, carrier, EVENING + timedelta(minutes=15))
    assert isinstance(answer, Skipped)
    assert "calling hours" in answer.says
    assert carrier.orders == []
    lead = await lead_now(store.sessions)
    assert (lead.state, lead.attempts) == ("ready", 0)


async def test_a_holiday_that_is_declared_at_noon_holds_from_then_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F59: whoever is still to be rung that day is not."""
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions, concurrency=1)
    await enrol(store.sessions, campaign_id, [phone_of(1), phone_of(2)])
    (call_id,) = await claim(store.sessions, carrier)
    await sql(store.sessions, "UPDATE campaign SET concurrency = 100")

    def declared(rules: Rules) -> object:
        return lambda day: day == date(2026, 2, 10)

    monkeypatch.setattr(gate, "is_holiday", declared)
    monkeypatch.setattr(time_zone_groups, "is_holiday", declared)
    assert isinstance(await place(store.sessions, call_id, carrier), Skipped)
    assert await claim(store.sessions, carrier) == []
    assert carrier.orders == []
    assert "public holiday there" in ((await lead_now(store.sessions, 1)).why or "")
    monkeypatch.undo()
    monkeypatch.setattr(run_campaign, "CLOSINGS", OpenHoursCache())
    assert len(await claim(store.sessions, carrier, TUESDAY_11 + 24 * HOUR)) == 2, "the next morning both are rung"


async def test_ten_starts_at_once_are_one_and_a_start_during_a_pause_is_one_run(store: Store) -> None:
    """F60."""
    await running_campaign(store.sessions)
    campaign = await campaign_now(store.sessions)

    async def move(state: str) -> bool:
        async with store.sessions.begin() as session:
            return await campaigns.move(session, campaign.id, state)

    assert sum(await asyncio.gather(*(move("running") for _ in range(10)))) == 0, "it runs already"
    assert sum(await asyncio.gather(*(move("paused") for _ in range(10)))) == 1
    assert sum(await asyncio.gather(*(move("running") for _ in range(10)))) == 1


@pytest.mark.parametrize(
    "halt", ["UPDATE campaign SET state = 'paused'", "INSERT INTO kill_switch VALUES ('all', 'fire', 'test')"]
)
async def test_a_pause_or_a_kill_switch_among_fifty_calls_lets_nobody_new_ring(store: Store, halt: str) -> None:
    """F61: what was asked for goes on, what was only meant is taken back and costs no attempt."""
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(n) for n in range(50)])
    ids = await claim(store.sessions, carrier)
    for call_id in ids[:20]:
        await place(store.sessions, call_id, carrier)
    await sql(store.sessions, halt)
    for call_id in ids[20:]:
        await place(store.sessions, call_id, carrier)
    assert len(carrier.orders) == 20
    assert await sql(store.sessions, "SELECT count(*) FROM call WHERE state = 'placed'") == 20
    assert await sql(store.sessions, "SELECT count(*) FROM campaign_lead WHERE state = 'ready' AND attempts = 0") == 30
    assert await claim(store.sessions, carrier) == []


async def test_a_no_reaches_a_call_wherever_it_is(store: Store) -> None:
    """F62: waiting, queued, being asked for, ringing, talking."""
    carrier = ScriptedCarrier()
    queued = await meant_call(store.sessions, carrier, 1)
    await listed(store, 1)
    assert (await call_row(store.sessions, queued)).state is State.CANCELLED
    assert carrier.orders == []

    asked = await placed_call(store.sessions, carrier, 2)
    await sql(store.sessions, "UPDATE call SET state = 'placing', carrier_sid = NULL WHERE id = :id", id=asked.id)
    await listed(store, 2)
    assert (await call_row(store.sessions, asked.id)).state is State.PLACING, "nobody can take back a request"
    await sql(
        store.sessions, "UPDATE call SET state = 'ringing', carrier_sid = :sid WHERE id = :id",
        id=asked.id, sid=asked.carrier_sid,
    )  # fmt: skip
    await sweep(store.sessions, {"twilio": carrier}, TUESDAY_11)
    assert carrier.hung_up == [asked.carrier_sid], "but it is hung up as soon as it is known"

    talk = await talk_with(store.sessions, carrier, 3)
    await listed(store, 3)
    await sweep(store.sessions, {"twilio": carrier}, TUESDAY_11)
    talking = await call_row(store.sessions, talk.call_id)
    assert talking.carrier_sid in carrier.hung_up
    for n in (1, 2, 3):
        lead = await lead_now(store.sessions, n)
        assert lead.state in ("done", "calling")
    assert await claim(store.sessions, carrier, TUESDAY_11 + 48 * HOUR) == []


async def test_at_night_no_lead_is_touched_and_everybody_can_see_when_it_opens(store: Store) -> None:
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(n) for n in range(3)], state="waiting", rank=2)
    await sql(store.sessions, "UPDATE campaign_lead SET next_attempt_at = '2000-01-01'")
    assert await claim(store.sessions, carrier, NIGHT) == []
    await sql(store.sessions, "UPDATE campaign_lead SET next_attempt_at = '2000-01-01'")
    before = await sql(store.sessions, "SELECT array_agg(xmin::text) FROM campaign_lead")
    for _ in range(3):
        assert await claim(store.sessions, carrier, NIGHT) == []
    assert await sql(store.sessions, "SELECT array_agg(xmin::text) FROM campaign_lead") == before
    async with store.sessions() as session:
        opens = await campaigns.next_due(session, campaign_id)
    assert opens == TUESDAY_11 + 23 * HOUR, "Wednesday, ten o'clock"
    assert await sql(store.sessions, "SELECT count(*) FROM campaign_hours") == 1
    assert "next calling hours Wed 11 Feb 10:00 Asia/Kolkata" in await sql(
        store.sessions, "SELECT reason FROM campaign_hours"
    )
    assert len(await claim(store.sessions, carrier, TUESDAY_11 + 23 * HOUR)) == 3


async def test_a_promise_is_kept_though_its_campaign_is_closed(store: Store) -> None:
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions)
    late = TUESDAY_11 + 9 * HOUR
    await enrol(store.sessions, campaign_id, [phone_of(1)], state="waiting", rank=0, next_attempt_at=late)
    await enrol(store.sessions, campaign_id, [phone_of(2)])
    await claim(store.sessions, carrier, NIGHT - 24 * HOUR)
    (call_id,) = await claim(store.sessions, carrier, late)
    assert (await call_row(store.sessions, call_id)).phone == phone_of(1)


async def test_a_lead_that_is_finished_in_a_closed_group_is_still_finished(store: Store) -> None:
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1)], state="done", last_outcome=Outcome.BOOKED)
    assert await claim(store.sessions, carrier, NIGHT) == []
    assert (await campaign_now(store.sessions)).state == "done"
