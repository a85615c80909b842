"""Exotel's media socket at the real bridge: let in by the token, talked to in PCM, ended by closing it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from dialer.bridge.pending_sockets import IDENTIFY_TIMEOUT_S, MAX_PER_ADDRESS
from dialer.domain.calling.call import Outcome, State
from dialer.settings import Settings
from dialer.store.sessions import Sessions
from dialer.store.tables import Call
from tests.support.bridge import Bridged, bridging
from tests.support.exotel import LOUD, ExotelPhone, ScriptedExotel, exotel_phone
from tests.support.media import phone, until
from tests.support.people import call_row, placed_call

AUTH = "exotel:secret"


@pytest.fixture
def more() -> dict[str, Any]:
    """Settings that a test adds."""
    return {}


@pytest.fixture
async def bridged(
    settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> AsyncIterator[Bridged]:
    async with bridging(settings, sessions, monkeypatch, ScriptedExotel(), **more) as running:
        yield running


async def _placed(bridged: Bridged) -> tuple[Call, str]:
    call = await placed_call(bridged.sessions, bridged.carrier)
    return call, bridged.token_of(call)


async def test_exotel_is_told_an_address_of_its_own_with_the_token_in_the_path(bridged: Bridged) -> None:
    await _placed(bridged)
    (order,) = bridged.carrier.orders
    assert order.media_url.endswith("/exotel/media-stream")
    assert order.status_url.endswith(f"/carriers/exotel/status/{order.token}")
    assert order.machine_url is None


async def test_a_student_hears_ava_in_pieces_that_exotel_takes(bridged: Bridged) -> None:
    call, token = await _placed(bridged)
    async with exotel_phone(bridged.media_url) as caller:
        await caller.start(token, call.carrier_sid or "")
        session = await bridged.voice.session()
        await until(lambda: caller.of("mark"), "the greeting and its mark")
        sizes = [len(piece) for piece in caller.pieces()]
        assert sum(sizes) == 200 * 16, "200 ms of the greeting"
        assert all(size % 320 == 0 for size in sizes)
        await session.say("more", "Good bye then.", ms=730)
        await until(lambda: len(caller.of("mark")) >= 2, "the second answer, to its end though no more sound comes")
        assert sum(len(piece) for piece in caller.pieces()) == (200 + 740) * 16, "filled up to 20 ms with silence"
        await until(lambda: session.sound_ms >= 300, "what the student says reaches the voice as µ-law")
        await caller.stop()
    ended = await bridged.ended(call)
    assert ended.state is State.ENDED
    assert [turn.text for turn in await bridged.turns(call)] == ["Hello, this is AVA.", "Good bye then."]


async def test_who_interrupts_empties_the_queue_and_its_marks_are_not_waited_for(bridged: Bridged) -> None:
    call, token = await _placed(bridged)
    async with exotel_phone(bridged.media_url) as caller:
        caller.echoes = False
        await caller.start(token, call.carrier_sid or "")
        session = await bridged.voice.session()
        await session.say("long", "A very long answer.", ms=8000, done=False)
        await until(lambda: len(caller.pieces()) > 30, "the answer")
        caller.payload, before = LOUD, session.sound_ms
        await until(lambda: session.sound_ms > max(before + 500, 3400), "half a second of speech", within_s=30.0)
        await session.send("input_audio_buffer.speech_started", audio_start_ms=session.sound_ms, item_id="s1")
        await until(lambda: caller.of("clear"), "clear")
        (cut,) = await until(lambda: session.of("conversation.item.truncate"), "truncation")
        assert 0 < cut["audio_end_ms"] < 8000
        await caller.stop()
    await bridged.ended(call)


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_a_socket_without_the_token_is_closed_and_the_call_goes_on(bridged: Bridged, token: str) -> None:
    call, _ = await _placed(bridged)
    async with exotel_phone(bridged.media_url) as caller:
        await caller.start(token, call.carrier_sid or "")
        assert await caller.closed() == 1008
    assert (await call_row(bridged.sessions, call.id)).state is State.PLACED


async def test_a_token_serves_once(bridged: Bridged) -> None:
    """F44."""
    call, token = await _placed(bridged)
    async with exotel_phone(bridged.media_url) as first, exotel_phone(bridged.media_url) as second:
        await first.start(token, call.carrier_sid or "")
        await bridged.voice.session()
        await second.start(token, call.carrier_sid or "")
        assert await second.closed() == 1008
        assert bridged.runners_of(call)
        await first.stop()
    await bridged.ended(call)


async def test_another_carriers_path_is_not_served_where_it_has_no_credentials(bridged: Bridged) -> None:
    with pytest.raises(InvalidStatus):
        async with phone(bridged.media_url):
            pass


async def test_a_call_is_hung_up_by_closing_its_socket_and_exotel_is_asked_nothing(bridged: Bridged) -> None:
    call, token = await _placed(bridged)
    async with exotel_phone(bridged.media_url) as caller:
        await caller.start(token, call.carrier_sid or "")
        session = await bridged.voice.session()
        await session.call("c1", "end_call", '{"outcome": "not_interested"}')
        await until(lambda: session.output("c1"), "the tool's result")
        await session.say("bye", "Goodbye.")
        assert await caller.closed() == 1000
    ended = await bridged.ended(call)
    assert ended.outcome is Outcome.NOT_INTERESTED
    assert bridged.carrier.hung_up == []


async def test_a_line_that_is_cut_is_not_hung_up_by_a_request_that_exotel_has_not(bridged: Bridged) -> None:
    call, token = await _placed(bridged)
    async with exotel_phone(bridged.media_url) as caller:
        await caller.start(token, call.carrier_sid or "")
        await bridged.voice.session()
        caller.socket.transport.abort()
    await bridged.ended(call)
    assert bridged.carrier.hung_up == []


async def test_a_student_who_wants_a_person_is_offered_a_meeting_instead(bridged: Bridged) -> None:
    call, token = await _placed(bridged)
    async with exotel_phone(bridged.media_url) as caller:
        await caller.start(token, call.carrier_sid or "")
        session = await bridged.voice.session()
        await session.call("c1", "transfer", '{"reason": "wants a person"}')
        result = await until(lambda: session.output("c1"), "the tool's result")
        assert result["transferring"] is False
        assert "exotel cannot transfer" in result["reason"]
        assert "find a time" in result["say"]
        await caller.stop()
    await bridged.ended(call)


@pytest.mark.parametrize("more", [{"exotel_callback_auth": AUTH}])
async def test_a_password_that_is_set_is_asked_for_at_the_door(bridged: Bridged) -> None:
    for header in (None, f"Basic {b64encode(b'exotel:other').decode()}"):
        with pytest.raises(InvalidStatus):
            async with exotel_phone(bridged.media_url, header):
                pass
    call, token = await _placed(bridged)
    async with exotel_phone(bridged.media_url, f"Basic {b64encode(AUTH.encode()).decode()}") as caller:
        await caller.start(token, call.carrier_sid or "")
        await bridged.voice.session()
        await caller.stop()
    await bridged.ended(call)


async def _opened(bridged: Bridged, stack: AsyncExitStack, many: int, token: str = "x") -> list[ExotelPhone]:
    return [await stack.enter_async_context(exotel_phone(bridged.media_url, token=token)) for _ in range(many)]


async def test_strangers_fill_a_pool_of_their_own_and_never_a_calls_place(bridged: Bridged) -> None:
    """H5: idle sockets on a bridge of two calls; a student who answers is talked to all the same."""
    bridged.bridges[0]._most_calls = 2
    call, token = await _placed(bridged)
    async with AsyncExitStack() as stack:
        idle = await _opened(bridged, stack, MAX_PER_ADDRESS - 1)
        caller = await stack.enter_async_context(exotel_phone(bridged.media_url, token=token))
        (beyond,) = await _opened(bridged, stack, 1)
        (refused,) = await _opened(bridged, stack, 1)
        await asyncio.wait_for(refused.socket.wait_closed(), 2)
        assert refused.socket.close_code in (1013, 1006)
        await caller.start(token, call.carrier_sid or "")
        await bridged.voice.session()
        assert bridged.bridges[0].calls == 1
        for stranger in (*idle, beyond):
            await asyncio.wait_for(stranger.socket.wait_closed(), 2 * IDENTIFY_TIMEOUT_S)
        assert len(bridged.bridges[0]._pending) == 0


async def test_a_wrong_token_in_the_address_is_refused_at_once(bridged: Bridged) -> None:
    async with exotel_phone(bridged.media_url, token="w" * 22) as stranger:
        await asyncio.wait_for(stranger.socket.wait_closed(), 1.5)
        assert stranger.socket.close_code == 1008
