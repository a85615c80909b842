"""Prices in SQL, by day; a call is priced by the list of its own day, or not at all."""

import logging
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dialer.carriers.port import CallStatus
from dialer.doctor.checks import _exchange
from dialer.domain.calling.call import State
from dialer.domain.calling.cost import MONEY, Spend
from dialer.services.calls.close_conversation import CallMetrics, close_conversation
from dialer.services.calls.record_status import record_status
from dialer.services.prices import carrier_cost, set_price
from dialer.settings import Settings
from dialer.store.calls import costs
from dialer.store.campaigns import prices
from dialer.store.system import action_items
from dialer.store.tables import Campaign
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.carrier import HUNG_UP, ScriptedCarrier
from tests.support.people import TUESDAY_11, call_row, talk_with

MODEL, EAR = "gpt-realtime-2.1", "gpt-transcribe"


async def test_the_newest_price_of_a_day_counts(store: Store) -> None:
    async with store.sessions.begin() as session:
        await prices.set_price(session, MODEL, "audio_in", Decimal(20), date(2027, 1, 1), "a price cut")
        await prices.set_price(session, MODEL, "audio_in", Decimal(19), date(2027, 1, 1), "the same day, corrected")
        before, after = [await prices.on(session, [MODEL], date(year, 12, 31)) for year in (2026, 2027)]
        assert (before[MODEL, "audio_in"], after[MODEL, "audio_in"]) == (32, 19)
        assert await prices.on(session, [MODEL], date(2019, 12, 31)) == {}


async def test_a_call_costs_what_its_model_and_its_transcriber_cost(store: Store) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    async with store.sessions.begin() as session:
        await prices.set_price(session, MODEL, "audio_out", Decimal(100), TUESDAY_11.date(), "for this test")
        await prices.set_price(session, EAR, "transcribed_ms", Decimal("0.1"), TUESDAY_11.date(), "for this test")
        usage = {"audio_out": 1_000, "transcribed_ms": 30_000}
        measured = CallMetrics({MODEL: usage}, ("openai_realtime",), MODEL, EAR, 300, [400])
        await close_conversation(session, talk.call_id, measured, ours=None, now=TUESDAY_11)
    call = await call_row(store.sessions, talk.call_id)
    assert (call.voice_model, call.voice_cost) == (MODEL, Decimal("0.103"))


async def test_a_model_without_a_price_has_no_cost_and_says_how_to_set_one(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    with caplog.at_level(logging.WARNING):
        async with store.sessions.begin() as session:
            measured = CallMetrics({"gpt-next": {"audio_out": 1_000}}, ("openai_realtime",), "gpt-next", EAR, 300, [])
            await close_conversation(session, talk.call_id, measured, ours=None, now=TUESDAY_11)
    assert (await call_row(store.sessions, talk.call_id)).voice_cost is None
    assert "dialer prices set gpt-next audio_out PRICE" in caplog.text


async def test_a_call_of_several_providers_is_priced_by_each_of_them_or_not_at_all(store: Store) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    usage = {"text_in": 1_000, "transcribed_ms@nova-3": 60_000, "spoken_characters@aura": 500}
    measured = CallMetrics({"claude": usage}, ("cascade_anthropic",), "claude", EAR, 300, [400])
    async with store.sessions.begin() as session:
        await prices.set_price(session, "claude", "text_in", Decimal(1), TUESDAY_11.date(), "for this test")
        await prices.set_price(session, "nova-3", "transcribed_ms", Decimal("0.1"), TUESDAY_11.date(), "for this test")
        await prices.set_price(session, "aura", "spoken_characters", Decimal(30), TUESDAY_11.date(), "for this test")
        await close_conversation(session, talk.call_id, measured, ours=None, now=TUESDAY_11)
    call = await call_row(store.sessions, talk.call_id)
    assert call.voice_cost == Decimal("0.022")
    assert call.usage == usage


async def test_a_price_in_rupees_is_no_price_in_dollars_until_the_exchange_is_known(
    store: Store, settings: Settings
) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    call = await call_row(store.sessions, talk.call_id)
    day = call.created_at.date()
    billed = CallStatus(
        call.carrier_sid or "", State.ENDED, HUNG_UP, duration_s=61, cost=Decimal("1.20"), currency="INR"
    )

    async def known() -> tuple[Decimal | None, Decimal | None, str | None]:
        after = await call_row(store.sessions, talk.call_id)
        return after.carrier_price, after.carrier_cost, after.currency

    async with store.sessions.begin() as session:
        await close_conversation(
            session, talk.call_id, CallMetrics({}, (), MODEL, EAR, None, []), ours=None, now=TUESDAY_11
        )
        await record_status(session, talk.call_id, billed, TUESDAY_11)
    assert await known() == (Decimal("1.20"), None, "INR")
    assert f"dialer prices set INR money PRICE --since {day}" in (await _exchange(settings)).says
    async with store.sessions.begin() as session:
        campaign = await session.get_one(Campaign, call.campaign_id)
        assert await costs.of_campaign(session, campaign) == Spend(held=campaign.cost_reserve, arriving=1), (
            "unknown: held"
        )
        (need,) = await action_items.action_items(session, TUESDAY_11)
        assert need.what == "1 call is billed in INR"
        assert f"from {day} on" in need.says
        later = await set_price(session, ADMIN, "INR", MONEY, Decimal(12_000), day + timedelta(days=1), "tomorrow's")
        assert later == 0, "a call is priced by its own day"
    assert await known() == (Decimal("1.20"), None, "INR")
    async with store.sessions.begin() as session:
        assert await set_price(session, ADMIN, "inr", MONEY, Decimal("11304.8"), day, "that day's") == 1
        assert await action_items.action_items(session, TUESDAY_11) == []
        campaign = await session.get_one(Campaign, call.campaign_id)
        assert await costs.of_campaign(session, campaign) == Spend(Decimal("0.013566")), "rounded up to a millionth"
    async with store.sessions.begin() as session:
        await record_status(session, talk.call_id, replace(billed, cost=Decimal("2.40")), TUESDAY_11)
    assert await known() == (Decimal("2.40"), Decimal("0.027132"), "INR")


async def test_dollars_need_no_exchange_and_pounds_may_cost_more_than_a_dollar(store: Store) -> None:
    async with store.sessions.begin() as session:
        assert await carrier_cost(session, Decimal("0.014"), "USD", TUESDAY_11.date()) == Decimal("0.014")
        assert await carrier_cost(session, Decimal("0.014"), None, TUESDAY_11.date()) == Decimal("0.014")
        assert await carrier_cost(session, Decimal("0.014"), "GBP", TUESDAY_11.date()) is None
        await set_price(session, ADMIN, "GBP", MONEY, Decimal(1_340_000), TUESDAY_11.date(), "for this test")
        assert await carrier_cost(session, Decimal("0.01"), "GBP", TUESDAY_11.date()) == Decimal("0.0134")
