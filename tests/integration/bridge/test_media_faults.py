"""What a student hears and what is stored when the carrier's side of a call fails: the real bridge on real sockets.

A scripted phone on one side, a scripted voice on the other; PostgreSQL and Valkey are real (reliability.md F40–F45).
"""

import asyncio
import json
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from dialer.bridge import call_session
from dialer.bridge.conversation import watchdog
from dialer.carriers.port import CallStatus
from dialer.domain.calling.call import Outcome, State
from dialer.services.calls.record_status import record_status
from dialer.services.dialing.sweep import sweep
from dialer.voices.websocket_session import WebSocketVoiceSession
from dialer.wiring.stores import Store
from tests.support.bridge import Bridged
from tests.support.carrier import ScriptedCarrier
from tests.support.media import Session, phone, sound, until
from tests.support.people import TUESDAY_11, call_row, lead_now, phone_of, placed_call, sql


async def test_a_call_that_is_answered_and_never_streams_is_hung_up_as_our_failure(store: Store) -> None:
    """F40: the media socket never connects; the sweep ends it, and it is rung again."""
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    sid = call.carrier_sid or ""
    carrier.knows(sid, phone_of(1), State.TALKING)
    async with store.sessions.begin() as session:
        await record_status(session, call.id, CallStatus(sid=sid, state=State.TALKING), TUESDAY_11)
    await sql(store.sessions, "UPDATE call SET placing_at = now() - interval '5 minutes'")
    await sweep(store.sessions, {"twilio": carrier}, TUESDAY_11)
    assert carrier.hung_up == [sid]
    ended, lead = await call_row(store.sessions, call.id), await lead_now(store.sessions)
    assert (ended.state, ended.outcome) == (State.ENDED, Outcome.FAILED)
    assert ended.reason == "answered, but no audio reached the bridge"
    assert (lead.state, lead.last_outcome) == ("waiting", Outcome.FAILED)


async def test_a_stream_that_breaks_off_leaves_what_was_said_and_what_was_heard(bridged: Bridged) -> None:
    """F41: no `stop`, no reconnect: the partial talk is stored, the outcome is by what was captured."""
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        await session.hear("s1", "I want an MBA in Canada next year for 20 lakh.")
        values = {"country": "Canada", "course": "MBA", "intake": "2027", "budget": "20 lakh rupees"}
        await session.call("c1", "save_enquiry", json.dumps(values))
        await until(lambda: session.output("c1"), "saved")
        await session.say("a2", "one two three four five six seven eight nine ten", 4000, done=False)
        await until(lambda: len(caller.of("media")) == 2, "heard")
        await asyncio.sleep(0.1)
        caller.cut()
        ended = await bridged.ended(call)
    assert (ended.state, ended.outcome) == (State.ENDED, Outcome.QUALIFIED)
    assert bridged.carrier.hung_up == [call.carrier_sid], "nobody is left on a dead line"
    said = await bridged.turns(call)
    assert [(turn.speaker, turn.item) for turn in said] == [("ava", "hello_1"), ("student", "s1"), ("ava", "a2")]
    assert said[2].heard_ms is not None
    assert said[2].heard_ms < 2000
    assert len(said[2].text.split()) < 6


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("not json", 1003),
        ("binary", 1003),
        ("10 MB", 1009),
        ("many pieces", 1009),
        ("no time", 1003),
        ("no sound", 1003),
    ],
)
async def test_a_stream_that_breaks_the_protocol_is_closed_and_no_other_call_notices(
    bridged: Bridged, what: str, code: int
) -> None:
    """F42: malformed JSON, a binary frame, 10 MB in one frame or in pieces."""
    async with bridged.answered(1) as (call, caller), bridged.answered(2) as (other, friend):
        await bridged.voice.session(1)
        messages = {
            "not json": '{"event":"media","media":{"payload"',
            "binary": b"\x00\x01",
            "10 MB": "x" * 10_000_000,
            "many pieces": ("x" * 30_000 for _ in range(3)),
            "no time": '{"event":"media","media":{"timestamp":"-1","payload":""}}',
            "no sound": json.dumps({"event": "media", "media": {"timestamp": "20", "payload": '"},"x":{"'}}),
        }
        if code == 1003:  # one more frame after the bridge has closed would reset the connection, and lose the code
            caller.streaming = False
            await asyncio.sleep(0)
        with suppress(ConnectionClosed):
            await caller.socket.send(messages[what])
        assert await caller.closed() == code
        ended = await bridged.ended(call)
        assert (ended.outcome, (ended.reason or "")[:35]) == (Outcome.FAILED, "the media stream broke the protocol")
        heard = len(friend.of("media"))
        for session in bridged.voice.sessions:
            await session.say("more", "Still here.", 100)
        await until(lambda: len(friend.of("media")) > heard, "the other call goes on")
        assert (await call_row(bridged.sessions, other.id)).state is State.TALKING


async def test_media_before_the_start_is_refused(bridged: Bridged) -> None:
    """F42: the wrong order."""
    async with phone(bridged.media_url) as caller:
        await caller.frame()
        assert await caller.closed() == 1008


async def test_who_never_starts_is_not_waited_for(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """F42: a socket that says nothing."""
    monkeypatch.setattr(call_session, "START_TIMEOUT_S", 0.1)
    async with phone(bridged.media_url) as caller:
        assert await caller.closed() == 1008


async def test_a_carrier_that_reads_nothing_costs_little_memory_and_is_not_talked_to_for_ever(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F43: bounded memory; newest sound is dropped; the call ends as lost media."""
    monkeypatch.setattr(call_session, "BACKPRESSURE_TIMEOUT_S", 0.4)
    most: list[int] = []
    full = call_session.CallSession._is_full

    def watched(self: call_session.CallSession, more: int) -> bool:
        most.append(self._carrier.buffered_bytes())
        return full(self, more)

    monkeypatch.setattr(call_session.CallSession, "_is_full", watched)
    async with bridged.answered(listens=False, max_queue=1) as (call, _caller):
        session = await bridged.voice.session()
        await _flood(session, 24)
        ended = await bridged.ended(call)
    assert most, "the carrier's socket was full"
    assert max(most) <= call_session.MAX_BUFFERED_BYTES
    assert (ended.outcome, ended.reason) == (Outcome.FAILED, "the media was lost (the carrier takes nothing)")


async def _flood(session: Session, megabytes: int) -> None:
    await session.send("response.created", response={"id": "r", "status": "in_progress"})
    for _ in range(megabytes * 2):
        await session.send("response.output_audio.delta", item_id="flood", delta=sound(47_000))


async def test_a_voice_that_reads_nothing_is_left_for_another_one(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F43: sound for a voice that does not take it is dropped, and the voice replaced."""
    monkeypatch.setattr(call_session, "BACKPRESSURE_TIMEOUT_S", 0.2)
    async with bridged.answered() as (_call, _caller):
        await bridged.voice.session()
        (alive,) = bridged.runners()
        leg = alive._leg
        assert leg is not None
        assert isinstance(leg, WebSocketVoiceSession)
        leg.backpressure(True)
        session = await bridged.voice.session(1)
        assert session.of("session.update")
        assert not leg.is_open
        assert alive._leg is not leg


async def test_a_token_opens_one_stream(bridged: Bridged) -> None:
    """F44: a second socket with the same token is refused with 1008, the first one goes on."""
    async with bridged.answered() as (call, caller), phone(bridged.media_url) as thief:
        session = await bridged.voice.session()
        await thief.start(bridged.token_of(call), call.carrier_sid or "")
        assert await thief.closed() == 1008
        heard = len(caller.of("media"))
        await session.say("more", "Still here.", 100)
        await until(lambda: len(caller.of("media")) > heard, "the first one goes on")
        assert thief.of("media") == []
        assert len(bridged.voice.sessions) == 1


async def test_a_stream_without_a_frame_for_too_long_is_ended_and_hung_up(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F45: `stop` was lost and the socket is open: a watchdog ends the call."""
    monkeypatch.setattr(watchdog, "MEDIA_SILENT_S", 0.3)
    async with bridged.answered() as (call, caller):
        await bridged.voice.session()
        await asyncio.sleep(0.2)
        assert (await call_row(bridged.sessions, call.id)).state is State.TALKING
        caller.streaming = False
        assert await caller.closed() == 1000
        ended = await bridged.ended(call)
    assert (ended.outcome, ended.reason) == (Outcome.FAILED, "the media was lost")
    assert bridged.carrier.hung_up == [call.carrier_sid]
