"""ElevenLabs as the world plays it: contexts that speak side by side, and texts that are committed (speech.md §4, §5)."""

import base64
import json
from typing import Any

import aiohttp
import pytest

from dialer.audio import ulaw as audio
from dialer.simulator.faults import Fault
from dialer.simulator.people.speech import AVA_VOICE, process_speech
from dialer.simulator.people.students import CANADA
from dialer.simulator.world import World

KEY = {"xi-api-key": "xi-simulated"}
VOICE = "21m00Tcm4TlvDq8ikWAM"
SPEAKS = {
    "model_id": "eleven_flash_v2_5",
    "output_format": "ulaw_8000",
    "auto_mode": "true",
    "inactivity_timeout": "20",
}
HEARS = {"model_id": "scribe_v2_realtime", "audio_format": "ulaw_8000", "commit_strategy": "manual"}
SETTINGS = {"stability": 0.5, "similarity_boost": 0.8}
SAID = "May I know your name?"


class Socket:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []

    async def send(self, **message: Any) -> None:
        await self.socket.send_json(message)

    async def get(self) -> dict[str, Any] | None:
        message = await self.socket.receive(timeout=5)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return None
        self.seen.append(json.loads(message.data))
        return self.seen[-1]

    async def until(self, key: str, value: Any) -> dict[str, Any]:
        while (message := await self.get()) is not None:
            if message.get(key) == value:
                return message
        raise AssertionError(f"{value} never came: {self.seen}")

    async def rest(self) -> int | None:
        while await self.get() is not None:
            pass
        return self.socket.close_code

    async def begin(self, context: str) -> None:
        await self.send(text=" ", context_id=context, voice_settings=SETTINGS)

    def sound(self, context: str | None) -> bytes:
        theirs = [message for message in self.seen if message.get("contextId") == context and message.get("audio")]
        return b"".join(base64.b64decode(message["audio"]) for message in theirs)

    async def hear(self, ulaw: bytes, **more: Any) -> None:
        for frame in audio.frames(ulaw):
            await self.chunk(frame, **more)

    async def chunk(self, sound: bytes, **more: Any) -> None:
        raw = base64.b64encode(sound).decode()
        await self.send(**{"message_type": "input_audio_chunk", "audio_base_64": raw, "sample_rate": 8000, **more})

    def texts(self, kind: str) -> list[str]:
        return [message["text"] for message in self.seen if message["message_type"] == kind]


async def speaking(
    world: World, http: aiohttp.ClientSession, path: str = "multi-stream-input", voice: str = VOICE, **change: str
) -> Socket:
    url = f"{world.elevenlabs_url}/v1/text-to-speech/{voice}/{path}"
    return Socket(await http.ws_connect(url, params={**SPEAKS, **change}, headers=KEY))


async def listening(world: World, http: aiohttp.ClientSession, **change: str) -> Socket:
    url = f"{world.elevenlabs_url}/v1/speech-to-text/realtime"
    return Socket(await http.ws_connect(url, params={**HEARS, **change}, headers=KEY))


def ava(text: str) -> bytes:
    return process_speech().clip(text, AVA_VOICE).ulaw


STUDENT = process_speech().clip(CANADA.text, "en-us").ulaw


# Who is let in


@pytest.mark.parametrize("path", [f"text-to-speech/{VOICE}/multi-stream-input", "speech-to-text/realtime"])
async def test_a_wrong_key_is_refused_at_the_handshake(world: World, http: aiohttp.ClientSession, path: str) -> None:
    query = SPEAKS if "text-to" in path and "multi" in path else HEARS
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(f"{world.elevenlabs_url}/v1/{path}", params=query, headers={"xi-api-key": "xi-other"})
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "change", [{"model_id": "eleven_v3"}, {"output_format": "mp3_44100_128"}, {"inactivity_timeout": "181"}, {"a": "b"}]
)
async def test_a_query_that_the_service_does_not_know_is_refused(
    world: World, http: aiohttp.ClientSession, change: dict[str, str]
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await speaking(world, http, **change)
    assert refused.value.status == 400


async def test_a_voice_that_is_none_ends_the_session(world: World, http: aiohttp.ClientSession) -> None:
    socket = await speaking(world, http, voice="nobody")
    assert await socket.rest() == 1008
    assert socket.seen[0]["error"] == "voice_id_does_not_exist"


async def test_the_key_may_come_with_the_first_message_instead(world: World, http: aiohttp.ClientSession) -> None:
    url = f"{world.elevenlabs_url}/v1/text-to-speech/{VOICE}/multi-stream-input"
    for key, code in (("xi-simulated", 1000), ("xi-other", 1008)):
        socket = Socket(await http.ws_connect(url, params=SPEAKS))
        await socket.send(text=" ", context_id="c1", xi_api_key=key)
        await socket.send(close_socket=True)
        assert await socket.rest() == code


# What is spoken


async def test_contexts_speak_side_by_side_and_each_ends_with_its_own_last_message(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await speaking(world, http)
    for context, text in (("c1", SAID), ("c2", "Which country do you like best?")):
        await socket.begin(context)
        await socket.send(text=f"{text} ", context_id=context)
        await socket.send(context_id=context, flush=True)
        await socket.send(context_id=context, close_context=True)
    for _ in range(2):
        await socket.until("isFinal", True)
    assert socket.sound("c1") == ava(SAID)
    assert socket.sound("c2") == ava("Which country do you like best?")
    first = next(message for message in socket.seen if message.get("audio"))
    assert first["isFinal"] is None
    assert len(first["alignment"]["chars"]) == len(first["alignment"]["charStartTimesMs"])


async def test_with_auto_mode_a_whole_sentence_is_spoken_unasked_and_half_a_one_is_not(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await speaking(world, http)
    await socket.begin("c1")
    await socket.send(text=f"{SAID} And then ", context_id="c1")
    await socket.send(context_id="c1", close_context=True)
    await socket.until("isFinal", True)
    assert socket.sound("c1") == ava(SAID)
    assert world.ledger.services[-1].dropped == 1


async def test_a_sixth_context_is_one_too_many(world: World, http: aiohttp.ClientSession) -> None:
    socket = await speaking(world, http)
    for number in range(6):
        await socket.begin(f"c{number}")
    assert await socket.rest() == 1008
    assert socket.seen[-1]["error"] == "max_contexts_exceeded"


async def test_a_keep_alive_before_a_context_opens_it_without_its_settings(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await speaking(world, http)
    await socket.send(text="")
    await socket.send(text="", context_id="c1")
    await socket.begin("c1")
    assert await socket.rest() == 1008
    assert world.ledger.services[-1].config["contexts"] == [{"id": "c1", "settings": None}]


@pytest.mark.parametrize(
    "message", [{"text": "Hello ", "context_id": "c1"}, {"text": " ", "context": "c1"}, {"text": 5, "context_id": "c1"}]
)
async def test_a_message_that_the_service_does_not_take_ends_the_session(
    world: World, http: aiohttp.ClientSession, message: dict[str, Any]
) -> None:
    socket = await speaking(world, http)
    await socket.send(**message)
    assert await socket.rest() == 1008
    assert world.ledger.services[-1].errors


async def test_without_text_or_keep_alive_the_session_times_out(world: World, http: aiohttp.ClientSession) -> None:
    socket = await speaking(world, http, inactivity_timeout="1")
    assert await socket.rest() == 1008
    assert socket.seen[-1]["error"] == "input_timeout_exceeded"


async def test_a_single_context_ends_with_an_empty_text(world: World, http: aiohttp.ClientSession) -> None:
    socket = await speaking(world, http, "stream-input", output_format="pcm_8000")
    await socket.send(text=" ", voice_settings=SETTINGS)
    await socket.send(text=f"{SAID} ")
    await socket.send(text="")
    assert await socket.rest() == 1000
    assert audio.ulaw_encode(audio.pcm_from_bytes(socket.sound(None))) == ava(SAID)
    assert socket.seen[-1] == {"isFinal": True}


async def test_a_text_over_http_comes_as_raw_sound(world: World, http: aiohttp.ClientSession) -> None:
    url = f"{world.elevenlabs_url}/v1/text-to-speech/{VOICE}/stream"
    params = {"output_format": "ulaw_8000"}
    async with http.post(url, params=params, headers=KEY, json={"text": SAID, "model_id": "eleven_v3"}) as answer:
        assert await answer.read() == ava(SAID)
    async with http.post(url, params=params, headers=KEY, json={"text": ""}) as answer:
        assert (answer.status, (await answer.json())["detail"]["status"]) == (400, "input_text_empty")
    async with http.post(url.replace(VOICE, "nobody"), params=params, headers=KEY, json={"text": SAID}) as answer:
        assert answer.status == 404
    async with http.post(url, params=params, json={"text": SAID}) as answer:
        assert answer.status == 401


async def test_a_fault_breaks_the_sound_in_the_middle(world: World, http: aiohttp.ClientSession) -> None:
    world.faults.add(Fault("tts", "drop", event="elevenlabs", ms=400))
    socket = await speaking(world, http)
    await socket.begin("c1")
    await socket.send(text=f"{SAID} ", context_id="c1", flush=True)
    assert await socket.rest() == 1006
    assert 0 < len(socket.sound("c1")) < len(ava(SAID))


# What is heard


async def test_the_client_commits_and_both_forms_come_with_timestamps(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await listening(world, http, include_timestamps="true")
    assert (await socket.until("message_type", "session_started"))["config"]["model_id"] == "scribe_v2_realtime"
    await socket.hear(STUDENT)
    await socket.chunk(b"", commit=True)
    both = await socket.until("message_type", "committed_transcript_with_timestamps")
    assert socket.texts("committed_transcript") == [CANADA.text] == [both["text"]]
    assert [word["text"] for word in both["words"]] == CANADA.text.split()
    partial = socket.texts("partial_transcript")
    assert partial
    assert all(CANADA.text.startswith(text) for text in partial)


async def test_with_voice_detection_silence_commits(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http, commit_strategy="vad", vad_silence_threshold_secs="0.5")
    await socket.hear(STUDENT + audio.SILENCE_FRAME * 40)
    await socket.until("message_type", "committed_transcript")
    assert socket.texts("committed_transcript") == [CANADA.text]
    assert not socket.texts("committed_transcript_with_timestamps")


async def test_a_commit_of_next_to_nothing_is_throttled(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http)
    await socket.chunk(audio.SILENCE_FRAME, commit=True)
    assert await socket.until("message_type", "commit_throttled")


@pytest.mark.parametrize(
    "change", [{"sample_rate": 16000}, {"audio_base_64": "not base64!"}, {"message_type": "audio"}, {"commit": "yes"}]
)
async def test_a_chunk_that_does_not_fit_is_refused_and_the_session_goes_on(
    world: World, http: aiohttp.ClientSession, change: dict[str, Any]
) -> None:
    socket = await listening(world, http)
    await socket.chunk(audio.SILENCE_FRAME, **change)
    await socket.until("message_type", "input_error")
    await socket.hear(STUDENT)
    await socket.chunk(b"", commit=True)
    assert (await socket.until("message_type", "committed_transcript"))["text"] == CANADA.text
    assert len(world.ledger.services[-1].errors) == 1


@pytest.mark.parametrize(
    "change", [{"model_id": "scribe_v1"}, {"audio_format": "ulaw_16000"}, {"vad_silence_threshold_secs": "5"}]
)
async def test_a_session_that_cannot_be_had_is_told_why(
    world: World, http: aiohttp.ClientSession, change: dict[str, str]
) -> None:
    socket = await listening(world, http, **change)
    assert await socket.rest() == 1008
    assert socket.seen[0]["message_type"] == "invalid_request"


@pytest.mark.parametrize("page", ["user", "models", "voices", f"voices/{VOICE}"])
async def test_a_key_can_be_tried_without_a_word_spoken(world: World, http: aiohttp.ClientSession, page: str) -> None:
    for key, status in ((KEY, 200), ({"xi-api-key": "xi-other"}, 401)):
        async with http.get(f"{world.elevenlabs_url}/v1/{page}", headers=key) as answer:
            assert answer.status == status
