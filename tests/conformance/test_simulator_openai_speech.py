"""OpenAI's transcription session and its speech as the world plays them (openai-realtime.md §1, §2, §4).

Every event of the session is parsed with the vendor's own types.
"""

import asyncio
import base64
import json
from typing import Any

import aiohttp
import numpy as np
import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from dialer.audio import ulaw
from dialer.simulator.faults import Fault
from dialer.simulator.people.speech import AVA_VOICE, process_speech
from dialer.simulator.people.students import CANADA
from dialer.simulator.world import World

SERVER_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
KEY = {"Authorization": "Bearer sk-simulated"}
SAID = "May I know your name?"
STUDENT = process_speech().clip(CANADA.text, "en-us").ulaw


class Socket:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send_json({"type": kind, **fields})

    async def until(self, kind: str) -> dict[str, Any]:
        while True:
            message = await self.socket.receive(timeout=5)
            assert message.type is aiohttp.WSMsgType.TEXT, (self.kinds(), self.socket.close_code)
            event = json.loads(message.data)
            SERVER_EVENT.validate_python(event)
            self.seen.append(event)
            if event["type"] == kind:
                return dict(event)

    async def hear(self, sound: bytes, size: int) -> None:
        for at in range(0, len(sound), size):
            await self.send("input_audio_buffer.append", audio=base64.b64encode(sound[at : at + size]).decode())

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.seen]


def session(turns: dict[str, Any] | None, model: str = "gpt-4o-mini-transcribe", kind: str = "audio/pcmu") -> Any:
    form = {"type": kind, **({"rate": 24000} if kind == "audio/pcm" else {})}
    hears = {"format": form, "transcription": {"model": model}, "turn_detection": turns}
    return {"type": "transcription", "audio": {"input": hears}}


VAD = {"type": "server_vad", "silence_duration_ms": 400}
DONE = "conversation.item.input_audio_transcription.completed"


async def listening(world: World, http: aiohttp.ClientSession, settings: Any = None) -> Socket:
    socket = Socket(await http.ws_connect(f"{world.realtime_url}?intent=transcription", headers=KEY))
    created = await socket.until("session.created")
    assert created["session"]["type"] == "transcription"
    if settings is not None:
        await socket.send("session.update", session=settings)
        await socket.until("session.updated")
    return socket


async def test_a_turn_is_found_and_transcribed(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http, session(VAD))
    await socket.hear(STUDENT + ulaw.SILENCE_FRAME * 40, 160)
    done = await socket.until(DONE)
    deltas = [event["delta"] for event in socket.seen if event["type"].endswith("transcription.delta")]
    assert done["transcript"] == "".join(deltas) == CANADA.text
    assert len(deltas) > 1
    assert [kind for kind in socket.kinds() if kind.startswith("input_audio_buffer")] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    assert done["usage"]["type"] == "tokens"
    assert not any(kind.startswith("response") for kind in socket.kinds())
    assert world.ledger.services[-1].model == "gpt-4o-mini-transcribe"


async def test_without_turn_detection_the_client_commits(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http, session(None, "gpt-realtime-whisper", "audio/pcm"))
    pcm = ulaw.pcm_to_bytes(np.repeat(ulaw.ulaw_decode(STUDENT), 3))
    await socket.hear(pcm, 960)
    await socket.send("input_audio_buffer.commit")
    assert (await socket.until(DONE))["transcript"] == CANADA.text


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "response.create"}, "invalid_event"),
        ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter"),
        ({"type": "input_audio_buffer.append", "audio": "!"}, "invalid_value"),
        ({"type": "session.update", "session": {"audio": {}}}, "missing_required_parameter"),
        ({"type": "session.update", "session": {"type": "realtime"}}, "invalid_value"),
        ({"type": "session.update", "session": {"type": "transcription", "model": "a"}}, "unknown_parameter"),
        ({"type": "session.update", "session": session(VAD, "whisper-9")}, "invalid_value"),
        ({"type": "session.update", "session": session(VAD, "gpt-realtime-whisper")}, "invalid_value"),
    ],
)
async def test_what_a_session_does_not_take_is_told_and_it_goes_on(
    world: World, http: aiohttp.ClientSession, event: dict[str, Any], code: str
) -> None:
    socket = await listening(world, http)
    await socket.socket.send_json({**event, "event_id": "mine"})
    error = (await socket.until("error"))["error"]
    assert (error["code"], error["event_id"]) == (code, "mine")
    await socket.send("session.update", session=session(VAD))
    await socket.until("session.updated")
    assert len(world.ledger.services[-1].errors) == 1


@pytest.mark.parametrize(
    ("query", "header", "status"),
    [("", {"Authorization": "Bearer sk-other"}, 401), ("", {}, 401), ("&model=gpt-realtime-2.1", KEY, 400)],
)
async def test_who_is_not_let_in_is_refused_at_the_handshake(
    world: World, http: aiohttp.ClientSession, query: str, header: dict[str, str], status: int
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(f"{world.realtime_url}?intent=transcription{query}", headers=header)
    assert refused.value.status == status


async def test_a_fault_keeps_a_session_silent(world: World, http: aiohttp.ClientSession) -> None:
    world.faults.add(Fault("stt", "silence", event="openai"))
    socket = await listening(world, http)
    await socket.hear(ulaw.SILENCE_FRAME, 160)
    await socket.send("session.update", session=session(VAD))
    with pytest.raises(asyncio.TimeoutError):
        await socket.socket.receive(timeout=0.3)


# Speech


async def test_the_vendors_own_package_gets_the_sound_in_pieces(world: World) -> None:
    async with (
        AsyncOpenAI(api_key="sk-simulated", base_url=world.openai_url, max_retries=0) as openai,
        openai.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="coral", input=SAID, response_format="pcm", instructions="Speak warmly."
        ) as answer,
    ):
        pieces = [piece async for piece in answer.iter_bytes(4800)]
    pcm = ulaw.resample(ulaw.pcm_from_bytes(b"".join(pieces)), 24_000, 8000)
    assert len(pieces) > 3
    assert len(pcm) == len(process_speech().clip(SAID, AVA_VOICE).ulaw)
    assert [turn.text for turn in world.ledger.services_of("openai", "tts")[0].turns] == [SAID]


async def test_a_wave_file_says_how_long_it_is(world: World) -> None:
    async with AsyncOpenAI(api_key="sk-simulated", base_url=world.openai_url, max_retries=0) as openai:
        answer = await openai.audio.speech.create(model="tts-1", voice="alloy", input=SAID, response_format="wav")
    sound = answer.content
    assert (sound[:4], sound[8:16]) == (b"RIFF", b"WAVEfmt ")
    assert int.from_bytes(sound[40:44], "little") == len(sound) - 44


@pytest.mark.parametrize(
    "change", [{"voice": "nobody"}, {"input": ""}, {"input": "a" * 4097}, {"speed": 9}, {"instructions": "Warmly."}]
)
async def test_a_speech_that_cannot_be_had_is_refused(world: World, change: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": SAID, "response_format": "pcm", **change}
    async with AsyncOpenAI(api_key="sk-simulated", base_url=world.openai_url, max_retries=0) as openai:
        with pytest.raises(BadRequestError):
            await openai.audio.speech.create(**asked)
        with pytest.raises(NotFoundError):
            await openai.audio.speech.create(**{**asked, "model": "tts-9"})
    assert [refusal.status for refusal in world.ledger.refusals] == [400, 404]
