"""Deepgram as the world plays it: who is let in, what is heard and when, and what is spoken (speech.md §1, §3)."""

import asyncio
import json
from typing import Any

import aiohttp
import numpy as np
import pytest

from dialer.audio import ulaw as audio
from dialer.simulator.faults import Fault
from dialer.simulator.people.speech import AVA_VOICE, process_speech
from dialer.simulator.people.students import CANADA, ENGAGED
from dialer.simulator.providers.speech.deepgram_listen import Listen
from dialer.simulator.world import World

KEY = {"Authorization": "Token dg-simulated"}
HEARS = {
    "model": "nova-3",
    "encoding": "mulaw",
    "sample_rate": "8000",
    "interim_results": "true",
    "punctuate": "true",
    "endpointing": "300",
    "utterance_end_ms": "1000",
    "vad_events": "true",
}
SPEAKS = {"model": "aura-2-helena-en", "encoding": "mulaw", "sample_rate": "8000"}
SAID = "May I know your name?"


class Socket:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.sound = b""
        self.seen: list[dict[str, Any]] = []

    async def get(self) -> dict[str, Any] | None:
        """The next message; sound is kept, None is the end."""
        while True:
            message = await self.socket.receive(timeout=5)
            if message.type is aiohttp.WSMsgType.BINARY:
                self.sound += message.data
                continue
            if message.type is not aiohttp.WSMsgType.TEXT:
                return None
            self.seen.append(json.loads(message.data))
            return self.seen[-1]

    async def until(self, kind: str) -> dict[str, Any]:
        while (message := await self.get()) is not None:
            if message["type"] == kind:
                return message
        raise AssertionError(f"{kind} never came; {self.kinds()}, closed with {self.socket.close_code}")

    async def rest(self) -> list[dict[str, Any]]:
        before = len(self.seen)
        while await self.get() is not None:
            pass
        return self.seen[before:]

    async def say(self, ulaw: bytes, quiet_ms: int = 1500) -> None:
        for frame in audio.frames(ulaw + audio.SILENCE_FRAME * (quiet_ms // 20)):
            await self.socket.send_bytes(frame)

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send_json({"type": kind, **fields})

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.seen]


async def listening(world: World, http: aiohttp.ClientSession, **change: str) -> Socket:
    query = {name: value for name, value in {**HEARS, **change}.items() if value}
    return Socket(await http.ws_connect(f"{world.deepgram_url}/v1/listen", params=query, headers=KEY))


async def speaking(world: World, http: aiohttp.ClientSession, **change: str) -> Socket:
    made = Socket(await http.ws_connect(f"{world.deepgram_url}/v1/speak", params={**SPEAKS, **change}, headers=KEY))
    await made.until("Metadata")
    return made


def line(text: str, voice: str = "en-us") -> bytes:
    return process_speech().clip(text, voice).ulaw


def words(message: dict[str, Any]) -> str:
    transcript: str = message["channel"]["alternatives"][0]["transcript"]
    return transcript


def finals(socket: Socket) -> str:
    pieces = [words(message) for message in socket.seen if message["type"] == "Results" and message["is_final"]]
    return " ".join(filter(None, pieces))


# Who is let in


@pytest.mark.parametrize("path", ["listen", "speak"])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Token dg-other"}, {"Authorization": "dg-simulated"}])
async def test_a_wrong_key_is_refused_at_the_handshake(
    world: World, http: aiohttp.ClientSession, path: str, header: dict[str, str]
) -> None:
    params = HEARS if path == "listen" else SPEAKS
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(f"{world.deepgram_url}/v1/{path}", params=params, headers=header)
    assert refused.value.status == 401
    assert world.ledger.refusals[-1].status == 401


@pytest.mark.parametrize(
    "change",
    [
        {"model": ""},
        {"model": "nova-99"},
        {"encoding": "mp3"},
        {"sample_rate": ""},
        {"sample_rate": "8001"},
        {"endpointing": "soon"},
        {"interim_results": ""},
        {"surprise": "yes"},
    ],
)
async def test_a_query_that_the_service_does_not_know_is_refused(
    world: World, http: aiohttp.ClientSession, change: dict[str, str]
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await listening(world, http, **change)
    assert refused.value.status == 400


# What is heard


async def test_a_turn_comes_as_interim_texts_then_as_a_final_one_that_ends_the_speech(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await listening(world, http)
    await socket.say(line(CANADA.text))
    end = await socket.until("UtteranceEnd")
    results = [message for message in socket.seen if message["type"] == "Results"]
    assert socket.kinds()[0] == "SpeechStarted"
    assert any(not message["is_final"] and CANADA.text.startswith(words(message)[:8]) for message in results)
    assert [message["speech_final"] for message in results if message["is_final"]] == [True]
    assert finals(socket) == CANADA.text
    assert 0 < end["last_word_end"] < world.ledger.services[-1].audio_ms / 1000
    assert [(turn.who, turn.text) for turn in world.ledger.services[-1].turns] == [("student", CANADA.text)]


async def test_a_long_turn_comes_in_several_final_pieces_that_do_not_end_it(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await listening(world, http)
    await socket.say(line(ENGAGED.text))
    await socket.until("UtteranceEnd")
    final = [message for message in socket.seen if message["type"] == "Results" and message["is_final"]]
    assert len(final) > 1
    assert [message["speech_final"] for message in final] == [False] * (len(final) - 1) + [True]
    assert finals(socket) == ENGAGED.text


async def test_sound_at_16_khz_is_heard_as_well(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http, encoding="linear16", sample_rate="16000")
    late = audio.SILENCE_FRAME[:52] + line(CANADA.text) + audio.SILENCE_FRAME * 75
    raw = audio.pcm_to_bytes(np.repeat(audio.ulaw_decode(late), 2))
    for at in range(0, len(raw), 1001):
        await socket.socket.send_bytes(raw[at : at + 1001])
    await socket.until("UtteranceEnd")
    assert finals(socket) == CANADA.text


async def test_without_an_encoding_nothing_is_understood(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http, encoding="")
    await socket.say(line(CANADA.text))
    await socket.until("UtteranceEnd")
    assert finals(socket) == ""


async def test_without_endpointing_only_the_end_of_the_utterance_is_told(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await listening(world, http, endpointing="false")
    await socket.say(line(CANADA.text), 2500)
    await socket.until("UtteranceEnd")
    assert not any(message.get("speech_final") for message in socket.seen)
    assert finals(socket) == CANADA.text


async def test_what_is_finalized_comes_at_once_and_the_stream_ends_with_its_metadata(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await listening(world, http)
    await socket.say(line(CANADA.text), 0)
    await socket.send("Finalize")
    while not (await socket.until("Results"))["from_finalize"]:
        pass
    assert finals(socket) == CANADA.text
    await socket.send("CloseStream")
    assert [message["type"] for message in await socket.rest()] == ["Results", "Metadata"]
    assert socket.socket.close_code == 1000


async def test_text_where_sound_is_due_ends_the_session(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http)
    await socket.socket.send_str("//7+/f8=")
    await socket.rest()
    assert socket.socket.close_code == 1008
    assert world.ledger.services[-1].errors[0]["code"] == "DATA-0000"


async def test_a_client_that_sends_nothing_is_put_out_unless_it_keeps_the_session_alive(
    world: World, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Listen, "idle_s", 0.4)
    socket = await listening(world, http)
    for _ in range(4):
        await socket.send("KeepAlive")
        await asyncio.sleep(0.2)
    assert not socket.seen
    error = await socket.until("Error")
    await socket.rest()
    assert error["variant"] == "NET-0001"
    assert socket.socket.close_code == 1011


async def test_a_fault_cuts_the_connection_in_the_middle(world: World, http: aiohttp.ClientSession) -> None:
    world.faults.add(Fault("stt", "drop", event="deepgram", ms=500))
    socket = await listening(world, http)
    for _ in range(30):
        await socket.socket.send_bytes(audio.SILENCE_FRAME)
    assert await socket.rest() == []
    assert world.ledger.services[-1].close_code == 1006


async def test_a_fault_turns_a_client_away_for_a_while(world: World, http: aiohttp.ClientSession) -> None:
    world.faults.add(Fault("stt", "refuse", status=429, retry_after=7))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await listening(world, http)
    assert refused.value.status == 429
    assert refused.value.headers is not None
    assert refused.value.headers["retry-after"] == "7"
    assert not (await listening(world, http)).socket.closed


# What is spoken


async def test_nothing_is_spoken_before_the_flush_and_then_all_of_it(world: World, http: aiohttp.ClientSession) -> None:
    socket = await speaking(world, http)
    await socket.send("Speak", text="May I know ")
    await socket.send("Speak", text="your name?")
    await asyncio.sleep(0.2)
    await socket.send("Flush")
    flushed = await socket.until("Flushed")
    assert flushed["sequence_id"] == 0
    assert socket.kinds() == ["Metadata", "Flushed"]
    assert socket.sound == line(SAID, AVA_VOICE)
    assert [turn.text for turn in world.ledger.services_of("deepgram", "tts")[0].turns] == [SAID]


async def test_linear_sound_at_8_khz_is_what_the_line_carries(world: World, http: aiohttp.ClientSession) -> None:
    socket = await speaking(world, http, encoding="linear16")
    await socket.send("Speak", text=SAID)
    await socket.send("Flush")
    await socket.until("Flushed")
    heard = process_speech().recognise(audio.ulaw_encode(audio.pcm_from_bytes(socket.sound)))
    assert [(found.clip.text, found.fraction > 0.95) for found in heard] == [(SAID, True)]


async def test_what_is_cleared_is_not_spoken_any_further(world: World, http: aiohttp.ClientSession) -> None:
    socket = await speaking(world, http)
    await socket.send("Speak", text=SAID * 5)
    await socket.send("Flush")
    await asyncio.sleep(0.05)
    await socket.send("Clear")
    assert (await socket.until("Cleared"))["sequence_id"] == 0
    before = len(socket.sound)
    await socket.send("Close")
    await socket.rest()
    assert len(socket.sound) == before < len(line(SAID * 5, AVA_VOICE))
    assert socket.socket.close_code == 1000


async def test_too_much_text_is_warned_of_and_a_message_it_does_not_know_ends_the_session(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await speaking(world, http)
    await socket.send("Speak", text="a" * 2001)
    assert (await socket.until("Warning"))["code"] == "TEXT_LENGTH_EXCEEDED"
    await socket.send("Shout", text="a")
    await socket.rest()
    assert socket.socket.close_code == 1008
    assert len(world.ledger.services[-1].errors) == 2


@pytest.mark.parametrize(("container", "before"), [("none", 0), ("", 44)])
async def test_a_single_text_comes_as_a_file_unless_no_container_is_wanted(
    world: World, http: aiohttp.ClientSession, container: str, before: int
) -> None:
    params = {**SPEAKS, **({"container": container} if container else {})}
    answer = await http.post(f"{world.deepgram_url}/v1/speak", params=params, headers=KEY, json={"text": SAID})
    sound = await answer.read()
    assert sound[before:] == line(SAID, AVA_VOICE)
    assert (sound[:4] == b"RIFF") is bool(before)


@pytest.mark.parametrize(("body", "status"), [({}, 400), ({"text": " "}, 400), ({"text": "a" * 2001}, 413)])
async def test_a_text_that_cannot_be_spoken_is_refused(
    world: World, http: aiohttp.ClientSession, body: dict[str, str], status: int
) -> None:
    answer = await http.post(f"{world.deepgram_url}/v1/speak", params=SPEAKS, headers=KEY, json=body)
    assert answer.status == status
    assert (await answer.json())["err_code"] == "PAYLOAD_ERROR"
