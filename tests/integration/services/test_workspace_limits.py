"""Limits of the whole installation, which no campaign and no promise lifts (H9, H10, M15)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dialer.domain.calling.call import Outcome
from dialer.domain.meetings.counselor_input import InvalidInputError, read_fields
from dialer.services.dialing.call_now import CallRefused, call_now
from dialer.services.workspace_limits import LimitsError, read_limits, set_limits
from dialer.store.tables import Call, DoNotCall, Incident
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.ava import Ava, all_of, end
from tests.support.carrier import ScriptedCarrier
from tests.support.people import TUESDAY_11, claim, enrol, lead_now, phone_of, running_campaign, sql, talk_with


@pytest.fixture
async def ava(store: Store) -> Ava:
    return Ava(store, await talk_with(store.sessions, ScriptedCarrier()))


async def limit(store: Store, **limits: Any) -> None:
    async with store.sessions.begin() as session:
        await set_limits(session, ADMIN, **limits)


async def test_limits_have_a_range_and_the_rest_stays(store: Store) -> None:
    await limit(store, calls_per_number_day=3)
    async with store.sessions() as session:
        assert (await read_limits(session)).as_dict() == {
            "calls_per_number_day": 3,
            "spend_day": "1000.00",
            "single_calls_day": 200,
        }
    for wrong in ({"calls_per_number_day": 0}, {"calls_per_number_day": 21}, {"spend_day": Decimal(-1)}):
        with pytest.raises(LimitsError):
            await limit(store, **wrong)


async def test_nobody_is_claimed_once_the_days_spend_is_reached_and_people_hear_of_it(store: Store) -> None:
    campaign = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign, [phone_of(1), phone_of(2)])
    await limit(store, spend_day=Decimal("0.60"))
    assert len(await claim(store.sessions, ScriptedCarrier())) == 1, "the reserve of a second call does not fit"
    assert await claim(store.sessions, ScriptedCarrier()) == []
    assert "limit on spend" in (await all_of(store, Incident))[0].message


async def test_a_second_call_back_on_one_day_is_not_promised(store: Store, ava: Ava) -> None:
    await sql(
        store.sessions,
        "INSERT INTO call (id, campaign_id, campaign_lead_id, script_id, phone, n, carrier, from_number, gate, created_at,"
        " state, promised_at) SELECT gen_random_uuid(), campaign_id, campaign_lead_id, script_id, phone, n + 1, carrier,"
        " from_number, gate, created_at - interval '1 hour', 'ended', created_at FROM call",
    )
    result = await ava("call_back", when="in half an hour")
    assert (result["agreed"], result["reason"]) == (False, "a call-back was promised today already")
    call = await end(store, ava.talk)
    assert (call.outcome, call.promised_at) == (Outcome.CALL_LATER, None)
    assert (await lead_now(store.sessions)).rank == 2, "an ordinary retry"


async def test_an_answering_machine_is_promised_nothing(store: Store, ava: Ava) -> None:
    await sql(store.sessions, "UPDATE call SET answered_by = 'machine_start'")
    result = await ava("call_back", when="in half an hour")
    assert (result["agreed"], result["reason"]) == (False, "a machine answered")


async def test_a_student_under_age_is_called_by_no_campaign_again(store: Store, ava: Ava) -> None:
    await ava("end_call", outcome="wrong_person", reason="minor")
    (listed,) = await all_of(store, DoNotCall)
    assert (listed.scope, listed.reason) == ("account", "minor")


async def test_single_calls_have_a_limit_a_day(store: Store) -> None:
    await limit(store, single_calls_day=0)
    async with store.sessions.begin() as session:
        asked = await call_now(
            session, ADMIN, {"twilio": ScriptedCarrier()}, phone_of(1), TUESDAY_11, campaign_name=None, name="A"
        )
    assert isinstance(asked, CallRefused)
    assert "0 single calls" in asked.says


async def test_the_reserve_of_a_call_is_stored_with_it(store: Store) -> None:
    campaign = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign, [phone_of(1)])
    await claim(store.sessions, ScriptedCarrier())
    (call,) = await all_of(store, Call)
    assert call.reserve == Decimal("0.50")


@pytest.mark.parametrize("phone", ["+18882345678", "+881612345678", "+19002345678"])
def test_a_counselors_phone_is_of_a_kind_that_may_be_called(phone: str) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot take transfers|not a"):
        read_fields({"phone": phone}, date(2026, 2, 10))
