"""Who is rung next: nobody twice, nobody against a rule, never more at once than was asked for."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dialer.domain.calling.call import Outcome
from dialer.services.campaigns.create import create_campaign
from dialer.services.dialing.call_now import CallRefused, CallRequested, call_now
from dialer.services.scripts import add_script
from dialer.store.campaigns import campaigns
from dialer.store.campaigns.campaigns import SINGLE_CALLS
from dialer.store.tables import Call, Enrollment
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.carrier import ScriptedCarrier
from tests.support.people import (
    TUESDAY_11,
    campaign_now,
    claim,
    enrol,
    lead_now,
    phone_of,
    place,
    row_counts,
    running_campaign,
    set_tokens,
    sql,
)


async def rung(store: Store) -> list[str]:
    async with store.sessions() as session:
        return list((await session.scalars(select(Call.phone).order_by(Call.id))).all())


async def refused(store: Store, n: int = 1) -> Enrollment:
    """What a tick made of a lead that it must not ring."""
    assert await claim(store.sessions, ScriptedCarrier()) == []
    assert await rung(store) == []
    return await lead_now(store.sessions, n)


async def test_ten_ticks_at_once_never_mean_to_ring_a_lead_twice(store: Store) -> None:
    for name in ("Spring", "Autumn"):
        campaign_id = await running_campaign(store.sessions, name, concurrency=1000)
        await enrol(store.sessions, campaign_id, map(phone_of, range(200)))
    carrier, start = ScriptedCarrier(), asyncio.Barrier(10)

    async def tick() -> list[Any]:
        await start.wait()
        return await claim(store.sessions, carrier)

    claimed = [call for batch in await asyncio.gather(*(tick() for _ in range(10))) for call in batch]
    assert len(claimed) == len(set(claimed)) >= 100
    phones = Counter(await rung(store))
    assert phones.total() == len(claimed)
    assert set(phones.values()) == {1}


async def test_ticks_at_once_share_one_bucket(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, concurrency=1000, per_second=0.01, tokens=1)
    await enrol(store.sessions, campaign_id, map(phone_of, range(50)))
    batches = await asyncio.gather(*(claim(store.sessions, ScriptedCarrier()) for _ in range(10)))
    assert sum(map(len, batches)) == 1, "one token, one call"
    assert 0 <= await sql(store.sessions, "SELECT tokens FROM rate_bucket WHERE key LIKE 'campaign:%'") < 0.5


async def test_ticks_one_after_the_other_never_exceed_the_calls_at_once(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, concurrency=7)
    await enrol(store.sessions, campaign_id, map(phone_of, range(50)))
    carrier = ScriptedCarrier()
    first = await claim(store.sessions, carrier)
    assert len(first) == 7
    await place(store.sessions, first[0], carrier)
    await set_tokens(store.sessions, f"campaign:{campaign_id}", 100)
    assert await claim(store.sessions, carrier) == []
    await sql(store.sessions, "UPDATE call SET state = 'ended', outcome = 'busy' WHERE id = :id", id=first[0])
    assert len(await claim(store.sessions, carrier)) == 1


async def test_promised_call_backs_go_first_then_fresh_leads_then_retries(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, concurrency=3, max_attempts=9)
    hour_ago = TUESDAY_11 - timedelta(hours=1)
    await enrol(store.sessions, campaign_id, [phone_of(1)], state="waiting", rank=2, next_attempt_at=hour_ago)
    await enrol(store.sessions, campaign_id, [phone_of(2)])
    await enrol(store.sessions, campaign_id, [phone_of(3)], state="waiting", rank=0, next_attempt_at=TUESDAY_11)
    await enrol(
        store.sessions, campaign_id, [phone_of(4)], state="waiting", rank=0,
        next_attempt_at=TUESDAY_11 + timedelta(seconds=1),
    )  # fmt: skip
    claimed = await claim(store.sessions, ScriptedCarrier())
    phones = [await sql(store.sessions, "SELECT phone FROM call WHERE id = :id", id=call_id) for call_id in claimed]
    assert phones == [phone_of(3), phone_of(2), phone_of(1)]


async def test_a_lead_on_the_do_not_call_list_is_finished_with_the_reason(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1)])
    await sql(
        store.sessions,
        "INSERT INTO do_not_call (phone, scope, source, added_by) VALUES (:phone, :scope, 'list', 'test')",
        phone=phone_of(1),
        scope=f"campaign:{campaign_id}",
    )
    lead = await refused(store)
    assert (lead.state, lead.why) == ("done", "on the do-not-call list (campaign)")


async def test_a_lead_who_refused_consent_is_finished_with_the_reason(store: Store) -> None:
    await enrol(store.sessions, await running_campaign(store.sessions), [phone_of(1)], {"consent": False})
    lead = await refused(store)
    assert (lead.state, lead.why) == ("done", "did not consent to calls")


async def test_a_premium_number_is_never_rung(store: Store) -> None:
    await enrol(store.sessions, await running_campaign(store.sessions), ["+19005550199"])
    assert await claim(store.sessions, ScriptedCarrier()) == []
    assert await sql(store.sessions, "SELECT state FROM campaign_lead") == "done"


async def test_a_lead_whose_day_has_not_begun_waits_for_their_own_morning(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1)], {"zones": ["America/New_York"]})
    lead = await refused(store)
    assert lead.state == "ready"
    assert "outside calling hours in America/New_York" in (lead.why or "")
    assert lead.next_attempt_at == datetime(2026, 2, 10, 15, 0, tzinfo=UTC)


async def test_a_lead_rung_twice_today_waits_until_a_day_after_the_first_of_the_two(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, "Yesterday")
    (enrolled,) = await enrol(store.sessions, campaign_id, [phone_of(1)])
    first = TUESDAY_11 - timedelta(hours=3)
    for n, at in enumerate((first, first + timedelta(hours=1)), 1):
        await sql(
            store.sessions,
            "INSERT INTO call (id, campaign_id, campaign_lead_id, script_id, phone, n, state, carrier, from_number, "
            "gate, created_at, placing_at, outcome) SELECT gen_random_uuid(), :campaign, :lead, min(id), :phone, :n, "
            "'ended', 'twilio', '+1', '{}', :at, :at, 'not_placed' FROM script",
            campaign=campaign_id,
            lead=enrolled,
            phone=phone_of(1),
            n=n,
            at=at,
        )
    await sql(store.sessions, "UPDATE campaign SET state = 'done'")
    other = await running_campaign(store.sessions, "Today")
    await enrol(store.sessions, other, [phone_of(1)])
    assert await claim(store.sessions, ScriptedCarrier()) == []
    lead = await lead_now(store.sessions, 1, other)
    assert (lead.state, lead.why) == ("ready", "2 of 2 calls in 24 hours")
    assert lead.next_attempt_at == datetime(2026, 2, 11, 4, 30, tzinfo=UTC), "a day later is before they open at ten"


async def test_a_lead_whose_attempts_are_used_up_is_finished(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, max_attempts=2)
    await enrol(store.sessions, campaign_id, [phone_of(1)], state="waiting", rank=2, attempts=2)
    lead = await refused(store)
    assert (lead.state, lead.why) == ("done", "2 of 2 attempts used")


async def test_a_promised_call_back_is_kept_when_the_attempts_are_used_up(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, max_attempts=2)
    await enrol(store.sessions, campaign_id, [phone_of(1)], state="waiting", rank=0, attempts=2)
    assert len(await claim(store.sessions, ScriptedCarrier())) == 1


async def test_nobody_is_rung_without_a_carrier_or_in_a_campaign_that_does_not_run(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions, carrier="exotel")
    await enrol(store.sessions, campaign_id, [phone_of(1)])
    lead = await refused(store)
    assert lead.state == "ready"
    assert "no carrier is set up" in (lead.why or "")
    await sql(store.sessions, "UPDATE campaign SET state = 'paused', carrier = NULL")
    await sql(store.sessions, "UPDATE campaign_lead SET next_attempt_at = '2000-01-01'")
    assert await claim(store.sessions, ScriptedCarrier()) == []


async def test_a_lead_that_is_refused_does_not_keep_the_others_waiting(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, map(phone_of, range(150)), {"consent": False})
    await enrol(store.sessions, campaign_id, [phone_of(500)])
    claimed = [await claim(store.sessions, ScriptedCarrier()) for _ in range(3)]
    assert sum(map(len, claimed)) == 1
    assert await rung(store) == [phone_of(500)]


async def test_a_phone_in_two_campaigns_has_one_live_call(store: Store) -> None:
    """F63."""
    for name in ("Spring", "Autumn"):
        await enrol(store.sessions, await running_campaign(store.sessions, name), [phone_of(1)])
    start = asyncio.Barrier(4)

    async def tick() -> list[Any]:
        await start.wait()
        return await claim(store.sessions, ScriptedCarrier())

    assert sum(map(len, await asyncio.gather(*(tick() for _ in range(4))))) == 1
    assert await rung(store) == [phone_of(1)]


async def test_a_campaign_whose_leads_are_all_done_becomes_done(store: Store) -> None:
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1)], state="done", last_outcome=Outcome.BOOKED)
    await enrol(store.sessions, campaign_id, [phone_of(2)], state="calling")
    await claim(store.sessions, ScriptedCarrier())
    assert (await campaign_now(store.sessions)).state == "running", "somebody is still on the phone"
    await sql(store.sessions, "UPDATE campaign_lead SET state = 'done'")
    await claim(store.sessions, ScriptedCarrier())
    assert (await campaign_now(store.sessions)).state == "done"


async def test_a_campaign_without_leads_stays_running(store: Store) -> None:
    await running_campaign(store.sessions)
    await claim(store.sessions, ScriptedCarrier())
    assert (await campaign_now(store.sessions)).state == "running"


async def ask_to_ring(store: Store, number: str, now: datetime) -> CallRequested | CallRefused:
    """What `dialer call` and `POST /api/calls` do."""
    async with store.sessions.begin() as session:
        carriers = {"twilio": ScriptedCarrier()}
        return await call_now(session, ADMIN, carriers, number, now, campaign_name=None, name="Asha")


async def test_one_number_asked_for_is_meant_at_once_and_not_twice(store: Store) -> None:
    first = await ask_to_ring(store, phone_of(1), TUESDAY_11)
    assert isinstance(first, CallRequested)
    again = await ask_to_ring(store, phone_of(1), TUESDAY_11)
    assert isinstance(again, CallRefused)
    assert await rung(store) == [phone_of(1)]


async def test_single_calls_speak_by_the_version_that_campaigns_use_now(store: Store) -> None:
    assert isinstance(await ask_to_ring(store, "12", TUESDAY_11), CallRefused), "the campaign of single calls is made"
    async with store.sessions.begin() as session:
        used = await add_script(session, ADMIN, "ava", {"speaker": "marin"})
        await campaigns.move(session, (await create_campaign(session, ADMIN, "Spring")).id, "running")
        await add_script(session, ADMIN, "ava", {"speaker": "cedar"})
    assert isinstance(await ask_to_ring(store, phone_of(2), TUESDAY_11), CallRequested)
    spoken = await sql(store.sessions, "SELECT script_id FROM call WHERE phone = :phone", phone=phone_of(2))
    assert spoken == used.id


async def test_a_single_call_whose_script_names_no_business_is_refused(store: Store) -> None:
    await sql(store.sessions, "UPDATE script SET business = ''")
    unnamed = await ask_to_ring(store, phone_of(1), TUESDAY_11)
    assert isinstance(unnamed, CallRefused)
    assert "has no business name" in unnamed.says
    assert await rung(store) == []


async def end_all_calls(store: Store, outcome: Outcome, lead_state: str) -> None:
    """Every call ended so, with what follows for its lead."""
    await sql(store.sessions, "UPDATE call SET state = 'ended', outcome = :outcome", outcome=outcome.value)
    await sql(
        store.sessions,
        "UPDATE campaign_lead SET state = :state, last_outcome = :outcome",
        state=lead_state,
        outcome=outcome.value,
    )


async def test_single_calls_go_on_after_every_one_of_them_has_ended(store: Store) -> None:
    for n in range(1, 4):
        await sql(store.sessions, "UPDATE rate_bucket SET tokens = 1000")
        assert isinstance(await ask_to_ring(store, phone_of(n), TUESDAY_11), CallRequested)
        await end_all_calls(store, Outcome.BOOKED, "done")
        await claim(store.sessions, ScriptedCarrier())
    # As an older version left it: done, since nobody was left to call.
    await sql(store.sessions, "UPDATE campaign SET state = 'done'")
    await sql(store.sessions, "UPDATE rate_bucket SET tokens = 1000")
    assert isinstance(await ask_to_ring(store, phone_of(4), TUESDAY_11), CallRequested)
    assert (await campaign_now(store.sessions, SINGLE_CALLS)).state == "running"


async def test_a_number_may_be_called_one_by_one_more_often_than_a_campaign_tries(store: Store) -> None:
    for day in range(6):
        await sql(store.sessions, "UPDATE rate_bucket SET tokens = 1000")
        asked = await ask_to_ring(store, phone_of(1), TUESDAY_11 + timedelta(days=7 * day))
        assert isinstance(asked, CallRequested), asked
        await end_all_calls(store, Outcome.NO_ANSWER, "waiting")


async def test_single_calls_that_were_paused_stay_paused_and_say_why(store: Store) -> None:
    assert isinstance(await ask_to_ring(store, phone_of(1), TUESDAY_11), CallRequested)
    await sql(store.sessions, "UPDATE campaign SET state = 'paused', state_reason = 'the carrier refuses our account'")
    refused = await ask_to_ring(store, phone_of(2), TUESDAY_11)
    assert isinstance(refused, CallRefused)
    assert "the campaign is paused (the carrier refuses our account)" in refused.says


async def test_a_number_asked_for_at_night_and_refused_is_not_rung_in_the_morning(store: Store) -> None:
    asked = await ask_to_ring(store, phone_of(1), TUESDAY_11 - timedelta(hours=9))
    assert isinstance(asked, CallRefused)
    await sql(store.sessions, "UPDATE rate_bucket SET tokens = 1")
    assert await claim(store.sessions, ScriptedCarrier(), TUESDAY_11) == []


@pytest.mark.parametrize("state", ["done", "waiting"])
async def test_asking_for_a_lead_that_is_refused_does_not_open_it_again(store: Store, state: str) -> None:
    assert isinstance(await ask_to_ring(store, phone_of(1), TUESDAY_11), CallRequested)
    later = TUESDAY_11 + timedelta(days=3)
    await sql(store.sessions, "UPDATE call SET state = 'ended', outcome = 'not_interested'")
    await sql(
        store.sessions,
        "UPDATE campaign_lead SET state = :state, last_outcome = 'not_interested', next_attempt_at = :later",
        state=state,
        later=later,
    )
    before = await row_counts(store.sessions)
    assert isinstance(await ask_to_ring(store, phone_of(1), TUESDAY_11 + timedelta(hours=12)), CallRefused)
    lead = await lead_now(store.sessions)
    assert (lead.state, lead.next_attempt_at) == (state, later)
    assert await row_counts(store.sessions) == {**before, "audit_entry": before["audit_entry"] + 1}, (
        "the request is recorded"
    )
