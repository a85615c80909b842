"""What goes wrong at a provider when a test orders it: each tells it in its own words, and no other one is touched."""

import asyncio
import base64
import json
from typing import Any

import aiohttp
import pytest

from dialer.audio import ulaw
from dialer.simulator.faults import Fault, FaultError, fault_from_json
from dialer.simulator.world import World

VOICE = "21m00Tcm4TlvDq8ikWAM"
DEEPGRAM = {"Authorization": "Token dg-simulated"}
ELEVENLABS = {"xi-api-key": "xi-simulated"}
OPENAI = {"Authorization": "Bearer sk-simulated"}
HEARD = "encoding=mulaw&sample_rate=8000"


def chunk(frame: bytes) -> str:
    return base64.b64encode(frame).decode()


async def hears(world: World, http: aiohttp.ClientSession, provider: str) -> aiohttp.ClientWebSocketResponse:
    """A socket of speech to text that has heard a second of nothing."""
    match provider:
        case "deepgram":
            socket = await http.ws_connect(f"{world.deepgram_url}/v1/listen?model=nova-3&{HEARD}", headers=DEEPGRAM)
        case "flux":
            url = f"{world.deepgram_url}/v2/listen?model=flux-general-en&{HEARD}"
            socket = await http.ws_connect(url, headers=DEEPGRAM)
        case "elevenlabs":
            url = (
                f"{world.elevenlabs_url}/v1/speech-to-text/realtime?model_id=scribe_v2_realtime&audio_format=ulaw_8000"
            )
            socket = await http.ws_connect(url, headers=ELEVENLABS)
        case _:
            socket = await http.ws_connect(f"{world.realtime_url}?intent=transcription", headers=OPENAI)
    for _ in range(50):
        frame = ulaw.SILENCE_FRAME
        match provider:
            case "deepgram" | "flux":
                await socket.send_bytes(frame)
            case "elevenlabs":
                await socket.send_json({"message_type": "input_audio_chunk", "audio_base_64": chunk(frame)})
            case _:
                await socket.send_json({"type": "input_audio_buffer.append", "audio": chunk(frame * 6)})
    return socket


async def told(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
    """What comes until the end, or until nothing more does."""
    seen = []
    while True:
        try:
            message = await socket.receive(timeout=0.5)
        except TimeoutError:
            return seen
        if message.type is aiohttp.WSMsgType.BINARY:
            continue
        if message.type is not aiohttp.WSMsgType.TEXT:
            return seen
        seen.append(json.loads(message.data))


@pytest.mark.parametrize(
    ("provider", "sign", "code"),
    [
        ("deepgram", "NET-0000", 1011),
        ("flux", "INTERNAL_SERVER_ERROR", 1011),
        ("elevenlabs", "transcriber_error", 1011),
        ("openai", "input_audio_transcription.failed", None),
    ],
)
async def test_what_cannot_be_heard_is_told_in_the_providers_own_words(
    world: World, http: aiohttp.ClientSession, provider: str, sign: str, code: int | None
) -> None:
    world.faults.add(Fault("stt", "failed", event=provider, ms=400))
    socket = await hears(world, http, provider)
    assert sign in json.dumps(await told(socket))
    assert world.ledger.services[-1].close_code == code


@pytest.mark.parametrize("provider", ["deepgram", "flux", "elevenlabs", "openai"])
async def test_a_connection_can_break_while_somebody_is_heard(
    world: World, http: aiohttp.ClientSession, provider: str
) -> None:
    world.faults.add(Fault("stt", "drop", event=provider, ms=400))
    try:
        socket = await hears(world, http, provider)
        await told(socket)
    except ConnectionError:
        pass
    assert world.ledger.services[-1].close_code == 1006


@pytest.mark.parametrize("provider", ["flux", "elevenlabs", "openai"])
async def test_a_rule_for_one_provider_leaves_the_others_alone(
    world: World, http: aiohttp.ClientSession, provider: str
) -> None:
    world.faults.add(Fault("stt", "refuse", event="deepgram", status=503))
    assert not (await hears(world, http, provider)).closed
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await hears(world, http, "deepgram")
    assert [refusal.status for refusal in world.ledger.refusals] == [503]


@pytest.mark.parametrize("does", ["failed", "drop", "silence"])
async def test_speech_over_a_socket_ends_early(world: World, http: aiohttp.ClientSession, does: str) -> None:
    world.faults.add(Fault("tts", does, event="deepgram", ms=200))
    url = f"{world.deepgram_url}/v1/speak?model=aura-2-helena-en&{HEARD}"
    socket = await http.ws_connect(url, headers=DEEPGRAM)
    await socket.send_json({"type": "Speak", "text": "Which country do you like best?"})
    await socket.send_json({"type": "Flush"})
    kinds = [message["type"] for message in await told(socket)]
    assert "Flushed" not in kinds
    assert ("Error" in kinds) is (does == "failed")
    assert world.ledger.services[-1].audio_ms == 200
    assert socket.closed is (does != "silence")


async def test_speech_over_http_can_break_and_can_be_refused(world: World, http: aiohttp.ClientSession) -> None:
    url = f"{world.elevenlabs_url}/v1/text-to-speech/{VOICE}/stream?output_format=ulaw_8000"
    asked: dict[str, Any] = {"headers": ELEVENLABS, "json": {"text": "Which country do you like best?"}}
    world.faults.add(Fault("tts", "drop", ms=200))
    async with http.post(url, **asked) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    world.faults.add(Fault("tts", "refuse", status=429, retry_after=2))
    async with http.post(url, **asked) as answer:
        assert (answer.status, answer.headers["retry-after"]) == (429, "2")
    async with http.post(url, **asked) as answer:
        assert answer.status == 200


async def test_a_client_that_leaves_in_the_middle_of_a_text_is_noted(world: World, http: aiohttp.ClientSession) -> None:
    world.faults.add(Fault("text", "slow", seconds=0.2))
    body = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "[Begin.]"}], "stream": True}
    asked = asyncio.create_task(http.post(f"{world.openai_url}/chat/completions", headers=OPENAI, json=body))
    await asyncio.sleep(0.1)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    async with asyncio.timeout(5):
        while not world.ledger.services or world.ledger.services[0].closed is None:
            await asyncio.sleep(0.02)
    assert world.ledger.services[0].dropped == 1


def test_a_rule_that_nothing_can_follow_is_refused() -> None:
    with pytest.raises(FaultError):
        fault_from_json({"where": "stt", "does": "bad_arguments"})
    assert fault_from_json({"where": "text", "does": "bad_arguments", "event": "anthropic"}).event == "anthropic"
