"""Deepgram Flux as the world plays it: it says itself when a turn begins and ends (speech.md §2)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from dialer.audio import ulaw as audio
from dialer.simulator.people.speech import process_speech
from dialer.simulator.people.students import CANADA, MEET
from dialer.simulator.world import World, WorldSettings, simulated_world

KEY = {"Authorization": "Token dg-simulated"}
HEARS = {"model": "flux-general-en", "encoding": "mulaw", "sample_rate": "8000"}
STUDENT = process_speech().clip(CANADA.text, "en-us").ulaw
SECOND = process_speech().clip(MEET.text, "en-us").ulaw


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with simulated_world(WorldSettings(speed=20)) as made:
        yield made


class Socket:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []

    async def until(self, kind: str, event: str | None = None) -> dict[str, Any]:
        while True:
            message = await self.socket.receive(timeout=5)
            assert message.type is aiohttp.WSMsgType.TEXT, (self.seen, self.socket.close_code)
            self.seen.append(json.loads(message.data))
            if self.seen[-1]["type"] == kind and event in (None, self.seen[-1].get("event")):
                return self.seen[-1]

    async def hear(self, ulaw: bytes) -> None:
        for at in range(0, len(ulaw), 640):
            await self.socket.send_bytes(ulaw[at : at + 640])

    def events(self) -> list[str]:
        return [message["event"] for message in self.seen if message["type"] == "TurnInfo"]


async def listening(world: World, http: aiohttp.ClientSession, **change: str) -> Socket:
    query = {name: value for name, value in {**HEARS, **change}.items() if value}
    socket = Socket(await http.ws_connect(f"{world.deepgram_url}/v2/listen", params=query, headers=KEY))
    await socket.until("Connected")
    return socket


async def test_a_turn_begins_grows_and_ends(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http)
    await socket.hear(STUDENT + audio.SILENCE_FRAME * 40)
    end = await socket.until("TurnInfo", "EndOfTurn")
    events = socket.events()
    assert (events[0], events[-1]) == ("StartOfTurn", "EndOfTurn")
    assert set(events[1:-1]) == {"Update"}
    assert (end["transcript"], end["turn_index"], end["trigger"]) == (CANADA.text, 0, "model")
    assert [word["word"] for word in end["words"]] == CANADA.text.split()
    assert end["end_of_turn_confidence"] >= 0.7
    assert [message["sequence_id"] for message in socket.seen] == list(range(len(socket.seen)))


async def test_an_eager_end_is_taken_back_when_the_student_goes_on(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http, eager_eot_threshold="0.4", eot_threshold="0.9")
    await socket.hear(STUDENT + audio.SILENCE_FRAME * 22 + SECOND + audio.SILENCE_FRAME * 50)
    end = await socket.until("TurnInfo", "EndOfTurn")
    events = [event for event in socket.events() if event != "Update"]
    assert events == ["StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EagerEndOfTurn", "EndOfTurn"]
    assert end["transcript"] == f"{CANADA.text} {MEET.text}"


async def test_thresholds_can_be_changed_and_wrong_ones_leave_all_as_it_was(
    world: World, http: aiohttp.ClientSession
) -> None:
    socket = await listening(world, http)
    await socket.socket.send_json({"type": "Configure", "thresholds": {"eot_threshold": 0.99}})
    assert (await socket.until("ConfigureFailure"))["code"] == "INVALID_CONFIGURATION"
    await socket.socket.send_json({"type": "Configure", "thresholds": {"eot_threshold": 0.5}})
    assert (await socket.until("ConfigureSuccess"))["thresholds"]["eot_threshold"] == 0.5
    await socket.hear(STUDENT + audio.SILENCE_FRAME * 22)
    assert (await socket.until("TurnInfo", "EndOfTurn"))["transcript"] == CANADA.text


async def test_a_turn_can_be_ended_by_the_client(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http)
    await socket.hear(STUDENT)
    await socket.socket.send_json({"type": "ForceEndTurn"})
    end = await socket.until("TurnInfo", "EndOfTurn")
    assert (end["transcript"], end["trigger"]) == (CANADA.text, "manual")
    await socket.socket.send_json({"type": "CloseStream"})
    assert (await socket.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    assert socket.socket.close_code == 1000


async def test_a_message_that_it_does_not_know_is_fatal(world: World, http: aiohttp.ClientSession) -> None:
    socket = await listening(world, http)
    await socket.socket.send_json({"type": "KeepAlive"})
    assert (await socket.until("Error"))["code"] == "UNPARSABLE_CLIENT_MESSAGE"
    assert world.ledger.services[-1].errors


@pytest.mark.parametrize(
    ("change", "header", "status"),
    [
        ({}, {"Authorization": "Token dg-other"}, 401),
        ({"model": "nova-3"}, KEY, 400),
        ({"eot_threshold": "0.2"}, KEY, 400),
        ({"eager_eot_threshold": "0.8", "eot_threshold": "0.6"}, KEY, 400),
        ({"interim_results": "true"}, KEY, 400),
        ({"sample_rate": ""}, KEY, 400),
    ],
)
async def test_what_the_service_does_not_take_is_refused_at_the_handshake(
    world: World, http: aiohttp.ClientSession, change: dict[str, str], header: dict[str, str], status: int
) -> None:
    query = {name: value for name, value in {**HEARS, **change}.items() if value}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(f"{world.deepgram_url}/v2/listen", params=query, headers=header)
    assert refused.value.status == status
