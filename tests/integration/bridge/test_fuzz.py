"""Both sockets of real calls are fed damaged messages: no call's trouble is another's, nothing unhandled, nothing left.

The short form runs every time; `-m full` sends a million. The seed is fixed: a failure comes again.
"""

import asyncio
import gc
import json
import logging
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from dialer.bridge import call_session
from dialer.bridge.conversation import watchdog
from dialer.carriers.media import MediaDecodeError
from dialer.carriers.twilio import media
from dialer.store.sessions import Sessions
from dialer.voices.openai import realtime
from dialer.wiring.stores import Store
from tests.support.bridge import Bridged
from tests.support.media import phone, until
from tests.support.mutation import mutate
from tests.support.people import placed_call, sql

VECTORS = Path(__file__).parents[2] / "vectors"
VOICE = json.loads((VECTORS / "openai-realtime-ga.json").read_text(encoding="utf-8"))["sequences"]
FROM_VOICE = [step["message"] for steps in VOICE.values() for step in steps if step["direction"] == "server_to_client"]
CARRIER = json.loads((VECTORS / "twilio-media-stream.json").read_text(encoding="utf-8"))
PER_CALL = 2_000


def _from_carrier(value: Any) -> list[dict[str, Any]]:
    """Every message of the vectors that a carrier sends."""
    if isinstance(value, dict):
        here = [value] if isinstance(value.get("event"), str) else []
        return here + [each for inner in value.values() for each in _from_carrier(inner)]
    return [each for inner in value for each in _from_carrier(inner)] if isinstance(value, list) else []


FROM_CARRIER = _from_carrier(CARRIER)
HARMLESS = [each for each in FROM_CARRIER if each["event"] not in ("stop", "start")]


@pytest.mark.parametrize("messages", [20_000, pytest.param(1_000_000, marks=pytest.mark.full)])
def test_both_codecs_read_whatever_comes(messages: int) -> None:
    random = Random(64)
    kinds: Counter[str] = Counter()
    for _ in range(messages // 2):
        kinds[type(realtime.decode(mutate(random, FROM_VOICE))).__name__] += 1
        try:
            kinds[type(media.decode(mutate(random, FROM_CARRIER))).__name__] += 1
        except MediaDecodeError:
            kinds["refused"] += 1
    assert kinds["refused"] > messages // 20
    assert kinds["MediaFrame"] > messages // 100
    assert kinds["Audio"] > 0
    assert len(kinds) > 18, "damaged messages still reach most of what can be read"


@pytest.mark.parametrize("messages", [6_000, pytest.param(1_000_000, marks=pytest.mark.full)])
async def test_a_million_damaged_messages_leave_no_exception_and_no_task(
    bridged: Bridged,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    messages: int,
) -> None:
    monkeypatch.setattr(watchdog, "RECONNECT_TIMEOUT_S", 0.5)
    monkeypatch.setattr(call_session, "APOLOGY_GRACE_S", 0.0)
    random, sent, n = Random(42), 0, 0
    unhandled: list[dict[str, Any]] = []
    gc.collect()  # what tests before this one have left is not this one's
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    before = _tasks()
    bridged.voice.greet = False
    with caplog.at_level(logging.ERROR):
        while sent < messages:
            n += 1
            sent += await _one_call(bridged, store.sessions, random, n)
    async with bridged.answered(99_999) as (call, caller):
        session = await bridged.voice.session(len(bridged.voice.sessions))
        await session.say("a1", "Hello, this is AVA.")
        await until(lambda: caller.of("media"), "the next call is as every call")
        await caller.stop()
        await bridged.ended(call)
    async with asyncio.timeout(30):
        while bridged.runners() or _tasks() - before:
            await asyncio.sleep(0.05)
    asyncio.get_running_loop().set_exception_handler(None)
    assert unhandled == []
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def _one_call(bridged: Bridged, sessions: Sessions, random: Random, n: int) -> int:
    """A call of which the voice and the carrier send damaged messages until one of them is closed."""
    call = await placed_call(sessions, bridged.carrier, n)
    before, sent = len(bridged.voice.sessions), 0
    async with phone(bridged.media_url, pace=1000.0) as caller:
        caller.streaming = False
        await caller.start(bridged.token_of(call), call.carrier_sid or "")
        async with asyncio.timeout(10):
            while len(bridged.voice.sessions) == before and caller.socket.close_code is None:
                await asyncio.sleep(0.002)
        with suppress(ConnectionClosed):
            while sent < PER_CALL:
                voice = bridged.voice.sessions[-1].socket
                for _ in range(20):
                    await _send(voice, mutate(random, FROM_VOICE))
                # Mostly what keeps the call up; what breaks the protocol ends it, and the next one begins.
                good = random.random() < 0.97
                await _send(
                    caller.socket,
                    json.dumps(random.choice(HARMLESS)).encode() if good else mutate(random, FROM_CARRIER),
                )
                sent += 21
                if not sent % 210:
                    await asyncio.sleep(0)
        broken = [task.exception() for task in caller.tasks if task.done() and not task.cancelled()]
        assert broken == [None] * len(broken), "what the carrier is sent is of its protocol"
    # What is over is put away, so that the millionth message costs what the first one did.
    await sql(sessions, "DELETE FROM tool_use")
    await sql(sessions, "UPDATE campaign SET state = 'stopped'")
    bridged.voice.sessions[-1].events.clear()
    return max(sent, 1)


async def _send(socket: Any, raw: bytes) -> None:
    """A text frame, whatever is in it."""
    await socket.send(raw, text=True)


def _tasks() -> set[str]:
    """Which coroutines of the product are running, by name; the scripted ends and the library's own are not."""
    names = Counter(
        getattr(task.get_coro(), "__qualname__", "")
        for task in asyncio.all_tasks()
        if task is not asyncio.current_task()
    )
    return {
        f"{name} x{count}"
        for name, count in names.items()
        if name.startswith(("Runner.", "Clerk.", "VoiceLeg.", "Listening.", "_Socket.", "Archive."))
    }
