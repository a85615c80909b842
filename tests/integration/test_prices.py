"""Prices in SQL, by day; a call is priced by the list of its own day, or not at all."""

import logging
from datetime import date
from decimal import Decimal

import pytest

from dialer.flows.close_talk import Measured, close_talk
from dialer.store import prices
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.people import TUESDAY_11, call_now, talk_with

MODEL, EAR = "gpt-realtime-2.1", "gpt-transcribe"


async def test_the_newest_price_of_a_day_counts(store: Store) -> None:
    async with store.sessions.begin() as session:
        await prices.put(session, MODEL, "audio_in", Decimal(20), date(2027, 1, 1), "a price cut")
        await prices.put(session, MODEL, "audio_in", Decimal(19), date(2027, 1, 1), "the same day, corrected")
        before, after = [await prices.on(session, [MODEL], date(year, 12, 31)) for year in (2026, 2027)]
        assert (before[MODEL, "audio_in"], after[MODEL, "audio_in"]) == (32, 19)
        assert await prices.on(session, [MODEL], date(2019, 12, 31)) == {}


async def test_a_call_costs_what_its_model_and_its_transcriber_cost(store: Store) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    async with store.sessions.begin() as session:
        await prices.put(session, MODEL, "audio_out", Decimal(100), TUESDAY_11.date(), "for this test")
        await prices.put(session, EAR, "transcribed_ms", Decimal("0.1"), TUESDAY_11.date(), "for this test")
        usage = {"audio_out": 1_000, "transcribed_ms": 30_000}
        measured = Measured({MODEL: usage}, ("openai_realtime",), MODEL, EAR, 300, [400])
        await close_talk(session, talk.call_id, measured, ours=None, now=TUESDAY_11)
    call = await call_now(store.sessions, talk.call_id)
    assert (call.voice_model, call.voice_cost) == (MODEL, Decimal("0.103"))


async def test_a_model_without_a_price_has_no_cost_and_says_how_to_set_one(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    with caplog.at_level(logging.WARNING):
        async with store.sessions.begin() as session:
            measured = Measured({"gpt-next": {"audio_out": 1_000}}, ("openai_realtime",), "gpt-next", EAR, 300, [])
            await close_talk(session, talk.call_id, measured, ours=None, now=TUESDAY_11)
    assert (await call_now(store.sessions, talk.call_id)).voice_cost is None
    assert "dialer prices set gpt-next audio_out PRICE" in caplog.text


async def test_a_call_of_several_providers_is_priced_by_each_of_them_or_not_at_all(store: Store) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    usage = {"text_in": 1_000, "transcribed_ms@nova-3": 60_000, "spoken_characters@aura": 500}
    measured = Measured({"claude": usage}, ("cascade_anthropic",), "claude", EAR, 300, [400])
    async with store.sessions.begin() as session:
        await prices.put(session, "claude", "text_in", Decimal(1), TUESDAY_11.date(), "for this test")
        await prices.put(session, "nova-3", "transcribed_ms", Decimal("0.1"), TUESDAY_11.date(), "for this test")
        await prices.put(session, "aura", "spoken_characters", Decimal(30), TUESDAY_11.date(), "for this test")
        await close_talk(session, talk.call_id, measured, ours=None, now=TUESDAY_11)
    call = await call_now(store.sessions, talk.call_id)
    assert call.voice_cost == Decimal("0.022")
    assert call.usage == usage
