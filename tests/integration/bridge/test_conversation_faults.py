"""People, machines and wishes that a call must not get wrong, on the real bridge (reliability.md F51–F54)."""

import asyncio
from typing import Any

import pytest

from dialer.ava import tools
from dialer.ava.persona import PERSONA
from dialer.domain.calling.call import Outcome, State
from dialer.services.calls.voicemail import HangUp, detect_voicemail, detect_voicemail_in_words
from dialer.store.tables import Booking
from dialer.wiring.stores import Store
from tests.support.ava import Ava, all_of, end
from tests.support.bridge import Bridged
from tests.support.carrier import ScriptedCarrier
from tests.support.media import until
from tests.support.people import claim, lead_now, phone_of, sql, talk_with

VOICEMAIL = "You have reached the voicemail of Asha. Please leave a message after the tone."


async def test_a_student_who_speaks_silences_ava_within_a_fifth_of_a_second(bridged: Bridged) -> None:
    """F51: `clear` within 200 ms of speech_started, and the model is told how much was truly heard."""
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        await until(lambda: caller.of("mark"), "the opening")
        await asyncio.sleep(0.3)
        await session.say("a2", "one two three four five six seven eight nine ten", 5000)
        await until(lambda: len(caller.of("media")) == 2, "AVA speaks")
        began = caller.moment("media", 1)
        await asyncio.sleep(0.4)
        caller.speaks = True
        await asyncio.sleep(0.1)
        spoke = asyncio.get_running_loop().time()
        await session.send("input_audio_buffer.speech_started", audio_start_ms=0, item_id="s1")
        (told,) = await until(lambda: session.of("conversation.item.truncate"), "the model is told")
        assert caller.moment("clear") - spoke <= 0.2
        heard_ms = (caller.moment("clear") - began) * 1000
        assert told["item_id"] == "a2"
        assert 0 < told["audio_end_ms"] <= heard_ms + 100
        await session.send("response.output_audio.delta", item_id="a2", delta="//8=")
        await asyncio.sleep(0.05)
        assert len(caller.of("media")) == 2, "nothing more of it is sent"
        await caller.stop()
        await bridged.ended(call)
    (cut,) = [turn for turn in await bridged.turns(call) if turn.item == "a2"]
    assert cut.heard_ms == told["audio_end_ms"]
    assert cut.text in ("", "one", "one two")


@pytest.mark.parametrize(
    "words",
    [VOICEMAIL, "For admissions press 1.", "Please state your name after the tone.", "बीप के बाद संदेश छोड़ें"],
)
async def test_a_machine_is_hung_up_on_and_nothing_is_booked_with_it(bridged: Bridged, words: str) -> None:
    """F52: voicemail, menu, screener in the words that are heard."""
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        await session.hear("s1", words)
        await session.call("c1", "find_slots", "{}")
        assert await caller.closed() == 1000
        ended = await bridged.ended(call)
    assert ended.outcome is Outcome.VOICEMAIL
    assert (ended.reason or "").startswith("voicemail detected: ")
    assert session.output("c1") is None
    assert (await lead_now(bridged.sessions)).state == "waiting"


@pytest.mark.parametrize("told_by", ["the carrier", "the words"])
async def test_a_machine_cannot_hold_or_book_a_time(store: Store, told_by: str) -> None:
    """F52: the tools refuse by policy, whatever the model believes it talks to."""
    ava = Ava(store, await talk_with(store.sessions, ScriptedCarrier()))
    slot = (await ava("find_slots"))["slots"][0]["slot"]
    await ava("hold_slot", slot=slot)
    async with store.sessions.begin() as session:
        if told_by == "the carrier":
            assert isinstance(await detect_voicemail(session, ava.talk.call_id, "machine_start"), HangUp)
        else:
            await detect_voicemail_in_words(session, ava.talk.call_id, VOICEMAIL)
    for tool, key in (("hold_slot", "held"), ("book_slot", "booked")):
        result = await ava(tool, slot=slot)
        assert (result[key], "machine" in result["reason"]) == (False, True)
    assert (await end(store, ava.talk)).outcome is Outcome.VOICEMAIL
    assert await all_of(store, Booking) == []


async def test_what_a_person_settled_is_not_undone_by_words_of_a_machine(store: Store) -> None:
    """F52: a promise or a wish outranks a recogniser."""
    ava = Ava(store, await talk_with(store.sessions, ScriptedCarrier()))
    await ava("call_back", when="tomorrow at 6 pm")
    async with store.sessions.begin() as session:
        await detect_voicemail_in_words(session, ava.talk.call_id, VOICEMAIL)
    assert (await end(store, ava.talk)).outcome is Outcome.CALL_LATER


@pytest.mark.parametrize(
    "words",
    [
        "Please don't call me again.",
        "uh stop uh stop calling me ok",
        "STOP CALLING ME!!! who is this",
        "mujhe call mat karo please",
        "mera number list se hata do",
        "मुझे दोबारा फ़ोन मत कीजिए",
    ],
)
async def test_a_wish_not_to_be_called_is_kept_even_if_the_voice_dies_with_it(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """F53: committed before the hang-up, in any language, though the provider is gone in the next moment."""
    opt_out = tools.opt_out

    async def slowly(*parts: Any) -> None:
        await asyncio.sleep(0.3)
        await opt_out(*parts)

    monkeypatch.setattr(tools, "opt_out", slowly)
    async with bridged.answered(pace=100.0) as (call, caller):
        session = await bridged.voice.session()
        bridged.voice.refuse = [503] * 5
        await session.hear("s1", words)
        session.socket.transport.abort()
        await caller.closed()
        assert await is_listed(bridged), "the line is not cut before it is stored"
        ended = await bridged.ended(call)
    assert ended.outcome is Outcome.DO_NOT_CALL
    assert (await lead_now(bridged.sessions)).state == "done"
    assert await claim(bridged.sessions, bridged.carrier) == []


async def is_listed(bridged: Bridged) -> bool:
    """Whether the student's number is on the do-not-call list, by what is committed."""
    found = await sql(bridged.sessions, "SELECT count(*) FROM do_not_call WHERE phone = :phone", phone=phone_of(1))
    return bool(found)


@pytest.mark.parametrize(
    ("who", "arguments", "outcome", "state"),
    [
        ("somebody else", {"outcome": "wrong_person"}, Outcome.WRONG_PERSON, "done"),
        ("a minor", {"outcome": "wrong_person", "reason": "minor"}, Outcome.WRONG_PERSON, "done"),
        ("a driver", {"outcome": "call_later", "reason": "driving"}, Outcome.CALL_LATER, "waiting"),
    ],
)
async def test_who_should_not_be_talked_to_now_is_let_go_and_rung_by_the_rule(
    store: Store, who: str, arguments: dict[str, str], outcome: Outcome, state: str
) -> None:
    """F54: the wrong person and a minor are never rung again, a driver later; the reason stays on the call."""
    ava = Ava(store, await talk_with(store.sessions, ScriptedCarrier()))
    assert (await ava("end_call", **arguments))["ending"] is True
    call = await end(store, ava.talk)
    lead = await lead_now(store.sessions)
    assert (call.state, call.outcome, call.reason) == (State.ENDED, outcome, arguments.get("reason"))
    assert lead.state == state
    if state == "done":
        assert await claim(store.sessions, ScriptedCarrier()) == []
    else:
        assert lead.next_attempt_at > call.ended_at


def test_ava_is_told_what_to_do_with_those_who_should_not_be_talked_to_now() -> None:
    """F54: a minor, the wrong person, somebody who drives."""
    for words in ("wrong_person", "under 18", "minor", "driving", "call_later"):
        assert words in PERSONA
