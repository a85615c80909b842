"""The simulated realtime service is as strict as the real one is known to be, over a real socket (openai-realtime.md).

Every event it sends is parsed with the vendor's own types, and may hold nothing that those types do not know.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dialer.audio import ulaw
from dialer.simulator.faults import Fault
from dialer.simulator.ledger import RealtimeEntry
from dialer.simulator.people.speech import AVA_VOICE, process_speech
from dialer.simulator.people.students import CANADA, ENGAGED, MEET
from dialer.simulator.world import World, WorldSettings, simulated_world

SERVER_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "openai-realtime-ga.json").read_text())
KEY = {"Authorization": "Bearer sk-simulated"}
TOOLS = [
    {"type": "function", "name": name, "description": "", "parameters": {"type": "object"}}
    for name in ("save_enquiry", "find_slots", "hold_slot", "book_slot", "end_call")
]
SETUP: Mapping[str, Any] = {
    "type": "realtime",
    "instructions": "You are AVA.",
    "audio": {
        "input": {
            "format": {"type": "audio/pcmu"},
            "transcription": {"model": "gpt-4o-mini-transcribe", "language": "en"},
            "turn_detection": {"type": "server_vad", "threshold": 0.8, "silence_duration_ms": 500},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "ash"},
    },
    "tools": TOOLS,
}


class Client:
    """A raw socket that checks every event it gets."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def get(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 5))
        parsed = SERVER_EVENT.validate_python(event)
        assert type(parsed).model_fields["type"].annotation is not None
        assert extras(parsed) <= {"session.id", "session.object", "session.expires_at"}
        assert event["event_id"]
        self.seen.append(event)
        return event

    async def until(self, *kinds: str) -> dict[str, Any]:
        while (event := await self.get())["type"] not in kinds:
            pass
        return event

    async def error(self) -> dict[str, Any]:
        error: dict[str, Any] = (await self.until("error"))["error"]
        return error

    async def set_up(self, change: Mapping[str, Any] = SETUP) -> Self:
        await self.send("session.update", session=change)
        await self.until("session.updated")
        return self

    async def hear(self, sound: bytes, quiet_ms: int = 600) -> None:
        for frame in ulaw.frames(sound + ulaw.SILENCE_FRAME * (quiet_ms // 20)):
            await self.send("input_audio_buffer.append", audio=base64.b64encode(frame).decode())

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.seen]


def extras(value: Any, path: str = "") -> set[str]:
    if isinstance(value, list):
        return {found for each in value for found in extras(each, path)}
    if not isinstance(value, BaseModel):
        return set()
    found = {f"{path}{name}" for name in value.model_extra or {}}
    for name in type(value).model_fields:
        found |= extras(getattr(value, name), f"{path}{name}.")
    return found


@asynccontextmanager
async def client_of(world: World, model: str = "gpt-realtime-2.1", headers: Any = KEY) -> AsyncIterator[Client]:
    async with connect(f"{world.realtime_url}?model={model}", additional_headers=headers) as socket:
        client = Client(socket)
        assert (await client.get())["type"] == "session.created"
        yield client


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with client_of(world) as made:
        yield made


def entry_of(world: World) -> RealtimeEntry:
    return world.ledger.sessions[-1]


# The handshake


@pytest.mark.parametrize(
    ("headers", "model", "status"),
    [
        ({}, "gpt-realtime-2.1", 401),
        ({"Authorization": "Bearer sk-other"}, "gpt-realtime-2.1", 401),
        (KEY, "gpt-4o", 400),
        (KEY, "", 400),
    ],
)
async def test_a_wrong_key_or_model_is_refused_at_the_handshake(
    world: World, headers: dict[str, str], model: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{world.realtime_url}?model={model}", additional_headers=headers)
    assert refused.value.response.status_code == status
    assert world.ledger.refusals[-1].status == status


async def test_the_beta_header_ends_the_session_with_4000(world: World) -> None:
    async with connect(
        f"{world.realtime_url}?model=gpt-realtime-2.1", additional_headers=KEY | {"OpenAI-Beta": "realtime=v1"}
    ) as socket:
        error = json.loads(await socket.recv())
        assert error["error"]["code"] == "beta_api_shape_disabled"
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4000


async def test_a_beta_session_shape_ends_the_session_with_4000(client: Client) -> None:
    await client.send("session.update", session={"modalities": ["audio", "text"], "voice": "ash"})
    assert (await client.error())["code"] == "beta_api_shape_disabled"
    with pytest.raises(ConnectionClosed):
        await client.get()
    assert client.socket.close_code == 4000


async def test_a_session_starts_with_the_servers_own_settings(client: Client) -> None:
    session = client.seen[0]["session"]
    assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 200
    assert session["tools"] == []
    assert set(VECTORS["sequences"]["setup"][0]["message"]["session"]) <= set(session)


# session.update


async def test_the_set_up_of_the_vectors_is_accepted_and_told_back_whole(client: Client) -> None:
    asked = VECTORS["sequences"]["setup"][1]["message"]["session"]
    wanted = VECTORS["sequences"]["setup"][2]["message"]["session"]
    await client.send("session.update", event_id="cfg_1", session=asked)
    session = (await client.until("session.updated"))["session"]
    for key in ("instructions", "audio", "tools", "tool_choice", "max_output_tokens", "output_modalities"):
        assert session[key] == wanted[key]


def _with(path: str, value: Any) -> dict[str, Any]:
    change: dict[str, Any] = json.loads(json.dumps(SETUP))
    place = change
    *parents, last = path.split(".")
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[last] = value
    return change


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("temperature", 0.8, "unknown_parameter"),
        ("voice", "ash", "unknown_parameter"),
        ("modalities", ["audio"], "unknown_parameter"),
        ("audio.input.turn_detection.foo", 1, "unknown_parameter"),
        ("audio.output.modalities", [], "unknown_parameter"),
        ("tools.0.strict", True, "unknown_parameter"),
        ("tools.0.function", {"name": "x"}, "unknown_parameter"),
        ("tools.0.name", "no spaces allowed", "invalid_value"),
        ("tools.0.type", "tool", "invalid_value"),
        ("audio.output.voice", "samantha", "invalid_value"),
        ("audio.output.speed", 1.6, "invalid_value"),
        ("audio.input.format", {"type": "g711_ulaw"}, "invalid_value"),
        ("audio.input.format", {"type": "audio/pcm", "rate": 16000}, "invalid_value"),
        ("audio.input.format", {"type": "audio/pcmu", "rate": 8000}, "unknown_parameter"),
        ("audio.input.turn_detection.threshold", 1.1, "invalid_value"),
        ("audio.input.turn_detection.threshold", "0.8", "invalid_type"),
        ("audio.input.turn_detection", {"type": "semantic_vad", "threshold": 0.5}, "unknown_parameter"),
        ("audio.input.noise_reduction", {"type": "mid_field"}, "invalid_value"),
        ("audio.input.transcription", {"model": "whisper-9"}, "invalid_value"),
        ("audio.input.transcription", {"model": "whisper-1", "keywords": ["a"]}, "invalid_value"),
        ("output_modalities", ["audio", "text"], "invalid_value"),
        ("max_output_tokens", 5000, "invalid_value"),
        ("tool_choice", "sometimes", "invalid_value"),
        ("model", "gpt-realtime", "invalid_value"),
        ("type", "transcription", "invalid_value"),
    ],
)
async def test_one_bad_key_or_value_refuses_the_whole_update(
    world: World, client: Client, path: str, value: Any, code: str
) -> None:
    before = entry_of(world).config
    await client.send("session.update", event_id="cfg_1", session=_with(path, value))
    error = await client.error()
    assert (error["code"], error["event_id"]) == (code, "cfg_1")
    assert entry_of(world).config == before
    await client.set_up()


async def test_the_session_type_is_required(client: Client) -> None:
    await client.send("session.update", session={"instructions": "You are AVA."})
    error = await client.error()
    assert (error["code"], error["param"]) == ("missing_required_parameter", "session.type")


async def test_reasoning_is_for_the_second_family_only(world: World) -> None:
    change = {"type": "realtime", "reasoning": {"effort": "low"}}
    async with client_of(world, "gpt-realtime-2.1") as second:
        await second.set_up(change)
    async with client_of(world, "gpt-realtime") as first:
        await first.send("session.update", session=change)
        assert (await first.error())["code"] == "unsupported_parameter"


async def test_the_voice_stays_once_it_was_heard(client: Client) -> None:
    await client.set_up()
    await client.set_up({"type": "realtime", "audio": {"output": {"voice": "marin"}}})
    await client.send("response.create")
    await client.until("response.done")
    await client.send("session.update", session={"type": "realtime", "audio": {"output": {"voice": "cedar"}}})
    assert (await client.error())["code"] == "cannot_update_voice"
    await client.set_up({"type": "realtime", "audio": {"output": {"voice": "marin"}}})


# Responses


async def test_quoted_instructions_are_spoken_word_for_word_with_every_event_in_order(
    world: World, client: Client
) -> None:
    await client.set_up()
    await client.send("response.create", response={"instructions": 'Say: "Hello, this is AVA of One Window."'})
    done = await client.until("response.done")
    order = list(dict.fromkeys(kind for kind in client.kinds() if kind.startswith(("response", "conv"))))
    assert order == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    text = "".join(event["delta"] for event in client.seen if event["type"] == "response.output_audio_transcript.delta")
    assert text == "Hello, this is AVA of One Window."
    sound = b"".join(
        base64.b64decode(event["delta"]) for event in client.seen if event["type"] == "response.output_audio.delta"
    )
    assert sound == process_speech().clip(text, AVA_VOICE).ulaw
    assert done["response"]["status"] == "completed"
    usage = done["response"]["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_token_details"]["audio_tokens"] == len(sound) // 400


async def test_each_response_counts_the_whole_context_again(client: Client) -> None:
    await client.set_up()
    counts = []
    for _ in range(3):
        await client.send("response.create")
        counts.append((await client.until("response.done"))["response"]["usage"]["input_tokens"])
    assert counts[0] < counts[1] < counts[2]


async def test_only_one_response_at_a_time_writes_to_the_conversation(client: Client) -> None:
    await client.set_up()
    await client.send("response.create")
    await client.send("response.create", event_id="second")
    error = await client.error()
    assert (error["code"], error["event_id"]) == ("conversation_already_has_active_response", "second")
    assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_a_response_beside_the_conversation_can_be_text(client: Client) -> None:
    await client.set_up()
    await client.send("response.create")
    await client.send(
        "response.create",
        response={"conversation": "none", "output_modalities": ["text"], "metadata": {"topic": "summary"}},
    )
    done = [await client.until("response.done"), await client.until("response.done")]
    beside = next(event["response"] for event in done if event["response"]["metadata"])
    assert beside["conversation_id"] is None
    assert beside["output"][0]["content"][0]["type"] == "output_text"
    assert "response.output_text.done" in client.kinds()
    assert client.kinds().count("conversation.item.added") == 1


@pytest.mark.parametrize(
    ("response", "code"),
    [({"temperature": 0.8}, "unknown_parameter"), ({"modalities": ["audio"]}, "unknown_parameter")],
)
async def test_a_response_is_checked_as_strictly(client: Client, response: dict[str, Any], code: str) -> None:
    await client.send("response.create", response=response)
    assert (await client.error())["code"] == code


async def test_cancel_ends_the_response_and_is_an_error_without_one(client: Client) -> None:
    await client.set_up()
    await client.send("response.cancel", event_id="early")
    error = await client.error()
    assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "early")
    await client.send("response.create", response={"instructions": f'"{"word after word " * 60}"'})
    await client.until("response.output_audio.delta")
    await client.send("response.cancel")
    done = (await client.until("response.done"))["response"]
    assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "client_cancelled")
    assert done["output"][0]["status"] == "incomplete"


async def test_a_token_limit_leaves_the_response_incomplete(client: Client) -> None:
    await client.set_up(dict(SETUP) | {"max_output_tokens": 40})
    await client.send("response.create", response={"instructions": f'"{"word after word " * 9}"'})
    done = (await client.until("response.done"))["response"]
    assert (done["status"], done["status_details"]["reason"]) == ("incomplete", "max_output_tokens")


# Hearing


async def test_a_turn_is_heard_answered_with_a_tool_and_transcribed_after_the_answer_began(
    world: World, client: Client
) -> None:
    await client.set_up()
    clip = process_speech().clip(ENGAGED.text, ENGAGED.voice)
    await client.hear(ulaw.SILENCE_FRAME * 50 + clip.ulaw)
    done = await client.until("response.done")
    call = done["response"]["output"][0]
    assert (call["type"], call["name"], call["status"]) == ("function_call", "save_enquiry", "completed")
    assert json.loads(call["arguments"])["name"] == "Priya"
    kinds = client.kinds()[2:]
    assert kinds[:6] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    started, stopped = client.seen[2], client.seen[3]
    assert 600 <= started["audio_start_ms"] <= 1100
    assert stopped["audio_end_ms"] == pytest.approx(1000 + len(clip.ulaw) / 8 + 500, abs=120)
    transcript = await client.until("conversation.item.input_audio_transcription.completed")
    assert transcript["transcript"] == ENGAGED.text
    assert transcript["item_id"] == started["item_id"]
    assert transcript["usage"]["type"] == "tokens"
    turn = entry_of(world).turns[0]
    assert (turn.who, turn.text, turn.fraction) == ("student", ENGAGED.text, 1.0)


async def test_without_transcription_configured_no_transcript_comes(client: Client) -> None:
    change = json.loads(json.dumps(SETUP))
    change["audio"]["input"]["transcription"] = None
    await client.set_up(change)
    await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw)
    await client.until("response.done")
    await asyncio.sleep(0.2)
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    assert not any("transcription" in kind for kind in client.kinds())


async def test_a_tool_result_starts_nothing_until_a_response_is_asked_for(world: World, client: Client) -> None:
    await client.set_up()
    await client.hear(process_speech().clip(MEET.text, MEET.voice).ulaw)
    call = (await client.until("response.done"))["response"]["output"][0]
    assert call["name"] == "find_slots"
    output = {"slots": [{"slot": "tok1", "say": "ten"}], "say": "I can offer ten tomorrow."}
    await client.send(
        "conversation.item.create",
        item={"type": "function_call_output", "call_id": call["call_id"], "output": json.dumps(output)},
    )
    await client.until("conversation.item.done")
    await asyncio.sleep(0.1)
    count = client.kinds().count("response.created")
    await client.send("response.create")
    await client.until("response.created")
    assert client.kinds().count("response.created") == count + 1
    assert (await client.until("response.output_audio_transcript.done"))["transcript"] == output["say"]
    assert entry_of(world).tools[0].output == json.dumps(output)


async def test_a_result_for_a_call_that_never_was_is_refused(client: Client) -> None:
    item = {"type": "function_call_output", "call_id": "call_x", "output": "{}"}
    await client.send("conversation.item.create", item=item)
    assert (await client.error())["code"] == "invalid_tool_call_id"


async def test_sound_sent_before_mulaw_was_agreed_is_noise_to_the_model(world: World, client: Client) -> None:
    await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw * 2 + b"\0" * 9600, quiet_ms=2000)
    await client.until("input_audio_buffer.committed")
    assert all(turn.text == "" for turn in entry_of(world).turns)
    spoken = await client.until("response.output_audio_transcript.done")
    assert "did not catch" in spoken["transcript"]


async def test_half_a_sentence_is_heard_as_half(world: World, client: Client) -> None:
    await client.set_up()
    sound = process_speech().clip(ENGAGED.text, ENGAGED.voice).ulaw
    await client.hear(sound[: len(sound) // 2 // 160 * 160])
    heard = await client.until("conversation.item.input_audio_transcription.completed")
    assert ENGAGED.text.startswith(heard["transcript"])
    assert 0.4 < entry_of(world).turns[0].fraction < 0.6


async def test_sound_in_other_portions_is_still_recognised(world: World, client: Client) -> None:
    await client.set_up()
    sound = ulaw.SILENCE_FRAME[:77] + process_speech().clip(CANADA.text, CANADA.voice).ulaw + ulaw.SILENCE_FRAME * 40
    for at in range(0, len(sound), 1000):
        await client.send("input_audio_buffer.append", audio=base64.b64encode(sound[at : at + 1000]).decode())
    await client.until("response.done")
    assert entry_of(world).turns[0].text == CANADA.text


async def test_the_assistants_own_voice_in_the_buffer_is_noted_as_an_echo(world: World, client: Client) -> None:
    await client.set_up()
    await client.hear(process_speech().clip("Hello, this is AVA of One Window.", AVA_VOICE).ulaw)
    await client.until("response.done")
    assert entry_of(world).turns[0].who == "echo"


async def test_speech_interrupts_the_answer_and_truncation_is_checked(world: World, client: Client) -> None:
    await client.set_up()
    await client.send("response.create", response={"instructions": f'"{"word after word " * 60}"'})
    item_id = (await client.until("response.output_audio.delta"))["item_id"]
    await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw)
    done = (await client.until("response.done"))["response"]
    assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected")
    generated = sum(
        len(base64.b64decode(event["delta"])) // 8
        for event in client.seen
        if event["type"] == "response.output_audio.delta"
    )
    await client.send(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=generated + 1, event_id="long"
    )
    error = await client.error()
    assert (error["event_id"], "already shorter" in error["message"]) == ("long", True)
    assert entry_of(world).truncations == []
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=80)
    assert (await client.until("conversation.item.truncated"))["audio_end_ms"] == 80
    cut = entry_of(world).truncations[0]
    assert (cut.item_id, cut.audio_end_ms, cut.generated_ms) == (item_id, 80, generated)


async def test_only_an_assistants_sound_can_be_truncated(client: Client) -> None:
    await client.set_up()
    item = {"id": "mine", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    await client.send("conversation.item.create", item=item)
    await client.send("conversation.item.truncate", item_id="mine", content_index=0, audio_end_ms=0)
    assert "Only model output" in (await client.error())["message"]
    await client.send("conversation.item.truncate", item_id="nobody", content_index=0, audio_end_ms=0)
    assert (await client.error())["code"] == "item_not_found"


async def test_interruption_can_be_switched_off(client: Client) -> None:
    await client.set_up(_with("audio.input.turn_detection.interrupt_response", False))
    await client.send("response.create", response={"instructions": f'"{"word after word " * 20}"'})
    await client.until("response.output_audio.delta")
    await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw)
    assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_answers_of_its_own_accord_can_be_switched_off(client: Client) -> None:
    await client.set_up(_with("audio.input.turn_detection.create_response", False))
    await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw)
    await client.until("conversation.item.input_audio_transcription.completed")
    assert "response.created" not in client.kinds()


async def test_silence_after_an_answer_triggers_the_idle_timeout(client: Client) -> None:
    await client.set_up(_with("audio.input.turn_detection.idle_timeout_ms", 5000))
    await client.hear(b"", quiet_ms=6000)
    await client.send("response.create", response={"instructions": '"Hello."'})
    await client.until("response.done")
    assert "input_audio_buffer.timeout_triggered" not in client.kinds()
    await client.hear(b"", quiet_ms=7000)
    timeout = await client.until("input_audio_buffer.timeout_triggered")
    assert timeout["audio_end_ms"] - timeout["audio_start_ms"] == pytest.approx(5000, abs=40)
    assert (await client.until("response.output_audio_transcript.done"))["transcript"] == "Are you still there?"


async def test_without_turn_detection_the_client_commits(client: Client) -> None:
    await client.set_up(_with("audio.input.turn_detection", None))
    await client.send("input_audio_buffer.commit")
    assert (await client.error())["code"] == "input_audio_buffer_commit_empty"
    await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw)
    await client.send("input_audio_buffer.commit")
    await client.until("conversation.item.input_audio_transcription.completed")
    assert "input_audio_buffer.speech_started" not in client.kinds()
    assert "response.created" not in client.kinds()


# Other events and faults


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"type":"session.explode","event_id":"e1"}', "invalid_event"),
        ('{"event_id":"e1"}', "invalid_event"),
        ("not json", "invalid_event"),
        ('{"type":"input_audio_buffer.append","event_id":"e1"}', "missing_required_parameter"),
        ('{"type":"input_audio_buffer.append","audio":"%%%","event_id":"e1"}', "invalid_value"),
        ('{"type":"conversation.item.create","event_id":"e1"}', "missing_required_parameter"),
    ],
)
async def test_a_bad_event_is_an_error_and_the_session_stays_open(client: Client, raw: str, code: str) -> None:
    await client.socket.send(raw)
    error = await client.error()
    assert error["code"] == code
    assert error["event_id"] == ("e1" if raw.startswith("{") else None)
    await client.set_up()


async def test_items_can_be_placed_fetched_and_deleted_but_not_given_sound(client: Client) -> None:
    def message(role: str, part: str) -> dict[str, Any]:
        return {"id": f"{role}_{part}", "type": "message", "role": role, "content": [{"type": part, "text": "x"}]}

    await client.send("conversation.item.create", item=message("user", "input_text"))
    assert (await client.until("conversation.item.done"))["previous_item_id"] is None
    await client.send("conversation.item.create", item=message("system", "input_text"), previous_item_id="root")
    assert (await client.until("conversation.item.done"))["previous_item_id"] is None
    await client.send("conversation.item.retrieve", item_id="user_input_text")
    assert (await client.until("conversation.item.retrieved"))["item"]["role"] == "user"
    await client.send("conversation.item.delete", item_id="user_input_text")
    await client.until("conversation.item.deleted")
    await client.send("conversation.item.delete", item_id="user_input_text")
    assert (await client.error())["code"] == "item_not_found"
    await client.send("conversation.item.create", item=message("user", "output_text"))
    assert (await client.error())["code"] == "invalid_value"
    sound = {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "x"}]}
    await client.send("conversation.item.create", item=sound)
    assert (await client.error())["code"] == "invalid_value"


@pytest.mark.parametrize("code", ["insufficient_quota", "rate_limit_exceeded"])
async def test_a_model_failure_arrives_in_the_response_and_not_as_an_error(
    world: World, client: Client, code: str
) -> None:
    world.faults.add(Fault("model", "failed", code=code))
    await client.set_up()
    await client.send("response.create")
    done = (await client.until("response.done"))["response"]
    assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", code)
    assert "error" not in client.kinds()
    await client.send("response.create")
    assert (await client.until("response.done"))["response"]["status"] == "completed"


@pytest.mark.parametrize(
    ("does", "closes", "last"),
    [("close", 1011, None), ("expire", 1001, "session_expired")],
)
async def test_the_service_can_end_a_session_in_the_middle(
    world: World, does: str, closes: int, last: str | None
) -> None:
    world.faults.add(Fault("model", does, ms=400))
    async with client_of(world) as client:
        await client.set_up()
        await client.hear(b"", quiet_ms=600)
        with pytest.raises(ConnectionClosed):
            await client.until("never")
        assert client.socket.close_code == closes
        errors = [event["error"]["code"] for event in client.seen if event["type"] == "error"]
        assert errors == ([last] if last else [])


async def test_a_session_ends_after_its_hour() -> None:
    async with simulated_world(WorldSettings(speed=20, session_s=2)) as world, client_of(world) as client:
        assert (await client.error())["code"] == "session_expired"
        with pytest.raises(ConnectionClosed):
            await client.get()
        assert client.socket.close_code == 1001


async def test_the_handshake_can_be_refused_by_a_fault(world: World) -> None:
    world.faults.add(Fault("model", "refuse", status=429))
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{world.realtime_url}?model=gpt-realtime-2.1", additional_headers=KEY)
    assert refused.value.response.status_code == 429
    async with client_of(world) as client:
        await client.set_up()


def _broken(arguments: str, _name: str) -> bool:
    try:
        json.loads(arguments)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    ("does", "spoiled"), [("bad_arguments", _broken), ("unknown_tool", lambda _, name: name not in str(TOOLS))]
)
async def test_the_model_can_be_made_to_call_a_tool_wrongly(
    world: World, client: Client, does: str, spoiled: Callable[[str, str], bool]
) -> None:
    world.faults.add(Fault("model", does))
    await client.set_up()
    await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw)
    call = (await client.until("response.done"))["response"]["output"][0]
    assert spoiled(call["arguments"], call["name"])


async def test_a_silent_model_answers_nothing(world: World) -> None:
    world.faults.add(Fault("model", "silence", ms=100))
    async with client_of(world) as client:
        await client.set_up()
        await client.hear(b"", quiet_ms=200)
        await client.send("response.create")
        await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw)
        await client.until("input_audio_buffer.committed")
        await asyncio.sleep(0.1)
        await client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        assert "response.created" not in client.kinds()


async def test_a_stalled_response_is_created_and_goes_on_only_when_it_is_cancelled(
    world: World, client: Client
) -> None:
    world.faults.add(Fault("model", "stall"))
    await client.set_up()
    await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw)
    await client.until("response.created")
    await client.until("conversation.item.input_audio_transcription.completed")
    await client.send("response.create")
    assert (await client.until("error"))["error"]["code"] == "conversation_already_has_active_response"
    await client.send("response.cancel")
    assert (await client.until("response.done"))["response"]["status"] == "cancelled"
    await client.send("response.create")
    assert (await client.until("response.done"))["response"]["status"] == "completed", "one fault, one response"


async def test_a_slow_model_and_a_late_transcript_are_late_by_real_seconds(world: World, client: Client) -> None:
    world.faults.add(Fault("model", "slow", seconds=0.3), Fault("model", "late_transcript", seconds=0.6))
    await client.set_up()
    await client.hear(process_speech().clip(CANADA.text, CANADA.voice).ulaw)
    await client.until("response.created")
    before = asyncio.get_running_loop().time()
    await client.until("response.output_item.added")
    thought = asyncio.get_running_loop().time()
    await client.until("conversation.item.input_audio_transcription.completed")
    assert thought - before >= 0.28
    assert asyncio.get_running_loop().time() - thought >= 0.55
    assert world.faults.as_json() == []
