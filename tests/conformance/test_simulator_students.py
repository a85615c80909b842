"""Each synthetic student over the whole world: carrier, media and model, with the smallest product between them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from dialer.simulator.ledger import CallEntry, RealtimeEntry
from dialer.simulator.people.script import Answers
from dialer.simulator.people.scripted_model import CallTool, Say, ScriptedModel
from dialer.simulator.people.students import BY_ENDING, FIRST_ONE, LINES, MEET
from dialer.simulator.world import World, WorldSettings, simulated_world

TOOLS = ("save_enquiry", "find_slots", "hold_slot", "book_slot", "call_back", "opt_out", "end_call")
OPENING = "Hello, this is AVA. This call is recorded. May I know your name?"
SETUP = {
    "type": "realtime",
    "audio": {
        "input": {
            "format": {"type": "audio/pcmu"},
            "transcription": {"model": "gpt-4o-mini-transcribe"},
            "turn_detection": {"type": "server_vad", "threshold": 0.8, "silence_duration_ms": 500},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "ash"},
    },
    "tools": [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in TOOLS],
}
RESULTS: Mapping[str, Mapping[str, Any]] = {
    "find_slots": {"slots": [{"slot": "tok1"}, {"slot": "tok2"}], "say": "I have ten or eleven tomorrow."},
    "hold_slot": {"held": True, "say": "Tomorrow at ten, is that right?"},
    "book_slot": {"booked": True, "say": "Done, you are booked."},
}
LAST = ("end_call", "opt_out")


class Bridge:
    """One call's relay: mulaw straight through, marks, barge-in, tools, goodbye."""

    def __init__(self, line: web.WebSocketResponse, model: aiohttp.ClientWebSocketResponse) -> None:
        self._line, self._model = line, model
        self._stream, self._now_ms = "", 0
        self._item, self._item_from_ms, self._item_ms = "", 0, 0.0
        self._results: list[dict[str, Any]] = []
        self._saying_goodbye = False

    async def run(self) -> None:
        up = asyncio.create_task(self._up())
        async for message in self._model:
            await self._down(json.loads(message.data))
        await up
        await self._line.close()

    async def _up(self) -> None:
        async for message in self._line:
            event = json.loads(message.data)
            match event["event"]:
                case "start":
                    self._stream = event["streamSid"]
                    await self._model.send_json({"type": "session.update", "session": SETUP})
                case "media":
                    self._now_ms = int(event["media"]["timestamp"])
                    sound = event["media"]["payload"]
                    await self._model.send_json({"type": "input_audio_buffer.append", "audio": sound})
                case "mark" if event["mark"]["name"] == "goodbye":
                    await self._line.close()
        await self._model.close()

    async def _down(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "session.updated":
                await self._model.send_json({"type": "response.create", "response": {"instructions": f'"{OPENING}"'}})
            case "response.output_audio.delta":
                if event["item_id"] != self._item:
                    self._item, self._item_from_ms, self._item_ms = event["item_id"], self._now_ms, 0.0
                self._item_ms += len(base64.b64decode(event["delta"])) / 8
                await self._play("media", media={"payload": event["delta"]})
            case "response.output_audio.done" if self._saying_goodbye:
                await self._play("mark", mark={"name": "goodbye"})
            case "input_audio_buffer.speech_started" if self._now_ms - self._item_from_ms < self._item_ms:
                await self._play("clear")
                heard_ms = self._now_ms - self._item_from_ms
                cut = {"item_id": self._item, "content_index": 0, "audio_end_ms": heard_ms}
                await self._model.send_json({"type": "conversation.item.truncate", **cut})
            case "response.output_item.done" if event["item"]["type"] == "function_call":
                name, call_id = event["item"]["name"], event["item"]["call_id"]
                output = json.dumps(RESULTS.get(name, {"ok": True}))
                self._results.append({"type": "function_call_output", "call_id": call_id, "output": output})
                self._saying_goodbye |= name in LAST
            case "response.done" if self._results:
                for item in self._results:
                    await self._model.send_json({"type": "conversation.item.create", "item": item})
                self._results = []
                await self._model.send_json({"type": "response.create"})

    async def _play(self, kind: str, **fields: Any) -> None:
        if not self._line.closed:
            await self._line.send_json({"event": kind, "streamSid": self._stream, **fields})


@asynccontextmanager
async def product(world: World) -> AsyncIterator[str]:
    url = f"{world.realtime_url}?model=gpt-realtime-2.1"
    key = {"Authorization": f"Bearer {world.settings.openai_key}"}
    async with aiohttp.ClientSession() as http:

        async def media(request: web.Request) -> web.WebSocketResponse:
            line = web.WebSocketResponse()
            await line.prepare(request)
            async with http.ws_connect(url, headers=key) as model:
                await Bridge(line, model).run()
            return line

        app = web.Application()
        app.add_routes([web.get("/media", media)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/media"
        await runner.cleanup()


async def ring(world: World, url: str, endings: tuple[str, ...]) -> dict[str, CallEntry]:
    settings = world.settings
    auth = {"Authorization": aiohttp.encode_basic_auth(settings.account_sid, settings.auth_token)}
    calls = f"{world.twilio_url}/2010-04-01/Accounts/{settings.account_sid}/Calls.json"
    twiml = f'<Response><Connect><Stream url="{url}"/></Connect></Response>'
    async with aiohttp.ClientSession(headers=auth) as http:
        for ending in endings:
            form = {"To": f"+91987650{ending:0>4}", "From": settings.from_numbers[0], "Twiml": twiml, "Timeout": "20"}
            async with http.post(calls, data=form) as response:
                assert response.status == 201
    async with asyncio.timeout(25):
        while any(call.ended is None for call in world.ledger.calls):
            await asyncio.sleep(0.02)
    return dict(zip(endings, world.ledger.calls, strict=True))


async def test_every_student_is_who_they_are_said_to_be() -> None:
    endings = tuple(BY_ENDING)
    async with simulated_world(WorldSettings(speed=10, calls_per_second=1000)) as world, product(world) as url:
        calls = await ring(world, url, endings)
        sessions = {session.turns[-2].text: session for session in world.ledger.sessions if len(session.turns) > 1}
        assert [session.errors for session in world.ledger.sessions] == [[]] * len(world.ledger.sessions)
        assert all(call.warnings == [] for call in calls.values())
    statuses = {ending: call.statuses[-1][0] for ending, call in calls.items()}
    unanswered = {"2": "busy", "3": "no-answer", "98": "failed"}
    assert statuses == {ending: unanswered.get(ending, "completed") for ending in endings}
    for ending, student in BY_ENDING.items():
        if not isinstance(student.pickup, Answers):
            continue
        spoken = [each.text for each in calls[ending].streams[0].spoken if each.who == "student"]
        assert spoken == [line.text for line in student.lines], student.key
        if not student.machine:
            first = next(each for each in calls[ending].streams[0].spoken if each.who == "ava")
            assert (first.text, first.fraction) == (OPENING, 1.0)
    _check_tools(sessions, world.ledger.sessions)
    _check_barge_in(calls["6"], world.ledger.sessions)
    goodbye = [each for each in calls["1"].streams[0].spoken if each.who == "ava"][-1]
    assert (goodbye.text, goodbye.fraction, calls["1"].ended_by) == ("Goodbye, have a lovely day.", 1.0, "server")
    assert calls["9"].ended_by == "student"
    assert calls["9"].streams[0].spoken[-1].fraction < 0.5


def _check_tools(by_words: Mapping[str, RealtimeEntry], sessions: list[RealtimeEntry]) -> None:
    """The tools that the model called on what it heard are those written beside the lines, with tokens filled in."""
    for ending in ("1", "4", "5", "7", "8", "97"):
        student = BY_ENDING[ending]
        wanted = [(use.name, dict(use.arguments)) for line in student.lines for use in line.does]
        session = by_words[student.lines[-1].text]
        assert [(tool.name, json.loads(tool.arguments)) for tool in session.tools] == wanted, student.key
    assert by_words[BY_ENDING["9"].lines[-1].text].tools == []
    booked = [tool for session in sessions for tool in session.tools if tool.name == "book_slot"]
    assert [json.loads(tool.arguments) for tool in booked] == [{"slot": "tok1"}] * 3
    assert all(tool.output is not None for session in sessions for tool in session.tools)


def _check_barge_in(call: CallEntry, sessions: list[RealtimeEntry]) -> None:
    """The interrupter heard about 700 ms and a little more; the model was told so, and the rest was cleared."""
    (truncation,) = [cut for session in sessions for cut in session.truncations if cut.text.startswith("Of course.")]
    stream = call.streams[0]
    (cleared,) = stream.cleared
    assert cleared.bytes > 0
    cut_answer = next(play for play in stream.played if play.end_ms == cleared.at_ms)
    heard_ms = cut_answer.end_ms - cut_answer.start_ms
    assert 700 <= heard_ms <= 5000
    assert truncation.audio_end_ms == pytest.approx(heard_ms, abs=600)
    assert truncation.audio_end_ms <= truncation.generated_ms


async def test_a_student_whom_nobody_answers_says_hello_and_then_hangs_up() -> None:
    async def silent(request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        async for _ in line:
            pass
        return line

    app = web.Application()
    app.add_routes([web.get("/media", silent)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with simulated_world(WorldSettings(speed=50)) as world:
        call = (await ring(world, f"ws://127.0.0.1:{runner.addresses[0][1]}/media", ("0",)))["0"]
    await runner.cleanup()
    assert [each.text for each in call.streams[0].spoken] == ["Hello? Are you there?"]
    assert call.ended_by == "student"


def test_the_model_takes_another_slot_when_the_first_is_gone() -> None:
    model = ScriptedModel(LINES)
    model.on_user_turn([MEET.text])
    assert model.next(TOOLS) == CallTool("find_slots", {})
    model.on_tool_result("find_slots", {}, json.dumps({"slots": [{"slot": "a"}], "say": "Ten?"}))
    assert model.next(TOOLS) == Say("Ten?")
    model.on_user_turn([FIRST_ONE.text])
    assert model.next(TOOLS) == CallTool("hold_slot", {"slot": "a"})
    model.on_tool_result(
        "hold_slot", {"slot": "a"}, json.dumps({"held": False, "reason": "taken", "slots": [{"slot": "b"}]})
    )
    assert model.next(TOOLS) == CallTool("hold_slot", {"slot": "b"})
    model.on_tool_result("hold_slot", {"slot": "b"}, json.dumps({"held": True, "say": "Eleven, right?"}))
    assert model.next(TOOLS) == Say("Eleven, right?")


def test_the_model_looks_for_slots_before_it_holds_one_and_gives_up_after_a_few_tries() -> None:
    model = ScriptedModel(LINES)
    model.on_user_turn([FIRST_ONE.text])
    used = []
    while isinstance(act := model.next(TOOLS), CallTool):
        used.append(act.name)
        model.on_tool_result(act.name, act.arguments, json.dumps({"slots": []}))
    assert used == ["find_slots"] * 3
    assert act == Say(FIRST_ONE.answer)


def test_the_model_calls_no_tool_that_the_session_does_not_offer() -> None:
    model = ScriptedModel(LINES)
    model.on_user_turn([MEET.text])
    assert model.next(("end_call",)) == Say(MEET.answer)


def test_a_line_heard_twice_is_acted_on_once() -> None:
    model = ScriptedModel(LINES)
    model.on_user_turn([MEET.text])
    assert isinstance(model.next(TOOLS), CallTool)
    model.on_user_turn([MEET.text])
    assert isinstance(model.next(TOOLS), Say)
