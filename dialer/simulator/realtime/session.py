"""One realtime session: client events in, server events out, as in the OpenAI Realtime API reference."""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from dialer.simulator.clock import Clock
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import RealtimeEntry, TruncationEntry
from dialer.simulator.people.scripted_model import ScriptedModel
from dialer.simulator.people.speech import Speech
from dialer.simulator.people.students import LINES
from dialer.simulator.realtime.checks import EventError, missing, wrong_type
from dialer.simulator.realtime.config import (
    BETA_EVENTS,
    BETA_KEYS,
    check_item,
    check_response,
    check_session,
    merged_session,
)
from dialer.simulator.realtime.conversation import Conversation
from dialer.simulator.realtime.hearing import AudioInput
from dialer.simulator.realtime.respond import Responder
from dialer.simulator.realtime.turns import Turns
from dialer.simulator.realtime.wire import Wire, new_id
from dialer.simulator.settings import WorldSettings

_MAX_APPEND = 15 * 1024 * 1024
EXPIRED = "Your session hit the maximum duration of 60 minutes."
BETA = EventError("beta_api_shape_disabled", "The Realtime Beta API is no longer supported. Use the GA interface.")


class Session:
    """The server's side of one socket. `take` handles one text frame and returns False when the session is over."""

    def __init__(
        self,
        wire: Wire,
        config: dict[str, Any],
        entry: RealtimeEntry,
        speech: Speech,
        clock: Clock,
        faults: Faults,
        settings: WorldSettings,
    ) -> None:
        self._wire, self._config, self._entry = wire, config, entry
        self._clock, self._faults, self._settings = clock, faults, settings
        self._conversation = Conversation(new_id("conv"))
        self._model = ScriptedModel(LINES)
        self._audio_input = AudioInput(speech, config)
        self._responder = Responder(wire, self._conversation, self._model, speech, clock, faults, settings, entry)
        self._turns = Turns(
            wire, self._conversation, self._model, self._audio_input, self._responder, clock, faults, settings, entry
        )
        self._expiring: asyncio.Task[None] | None = None
        self._close = faults.take("model", "close")
        self._expire = faults.take("model", "expire")
        self._silence = faults.take("model", "silence")
        entry.config = config

    async def open(self) -> None:
        """Send `session.created` with the server's defaults and start the session's expiry timer."""
        await self._wire.send("session.created", session=self._config)
        self._expiring = asyncio.create_task(self._expiry())

    async def stop(self) -> None:
        """Cancel all tasks after the socket has closed."""
        await self._responder.stop()
        await self._turns.stop()
        if self._expiring is not None:
            self._expiring.cancel()
            await asyncio.gather(self._expiring, return_exceptions=True)

    async def take(self, raw: str) -> bool:
        """Handle one client event."""
        try:
            event = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            event = None
        if not isinstance(event, dict):
            await self._wire.error(EventError("invalid_event", "The event is not a JSON object."))
            return True
        event_id = event.get("event_id") if isinstance(event.get("event_id"), str) else None
        if _has_beta_shape(event):
            await self._wire.error(BETA, event_id)
            await self._wire.close(4000, BETA.code)
            return False
        try:
            return await self._handle(event)
        except EventError as refused:
            await self._wire.error(refused, event_id)
            return True

    async def _handle(self, event: Mapping[str, Any]) -> bool:
        match event.get("type"):
            case "input_audio_buffer.append":
                return await self._append(event)
            case "session.update":
                await self._update(event)
            case "input_audio_buffer.commit":
                await self._turns.commit(
                    new_id("item"), self._audio_input.commit(), self._audio_input.now_ms, self._config
                )
            case "input_audio_buffer.clear":
                self._audio_input.clear(self._config)
                await self._wire.send("input_audio_buffer.cleared")
            case "conversation.item.create":
                await self._create_item(event)
            case "conversation.item.retrieve":
                await self._wire.send(
                    "conversation.item.retrieved", item=self._conversation.get(_string(event, "item_id"))
                )
            case "conversation.item.truncate":
                await self._truncate(event)
            case "conversation.item.delete":
                item_id = _string(event, "item_id")
                self._conversation.delete(item_id)
                await self._wire.send("conversation.item.deleted", item_id=item_id)
            case "response.create":
                response = event.get("response", {})
                check_response(response, self._entry.model)
                self._responder.start(response, self._config)
            case "response.cancel":
                response_id = event.get("response_id")
                if not await self._responder.cancel("client_cancelled", response_id):
                    raise EventError("response_cancel_not_active", "Cancellation failed: no active response found")
            case None:
                raise EventError("invalid_event", "The 'type' field is missing.", "type")
            case other:
                raise EventError("invalid_event", f"Unknown or unsupported event type: {other!r:.80}.", "type")
        return True

    async def _update(self, event: Mapping[str, Any]) -> None:
        """Apply a `session.update` completely or not at all."""
        change = event.get("session")
        check_session(change, self._entry.model, self._config, has_spoken=self._responder.has_spoken)
        assert isinstance(change, dict)
        before = self._config["audio"]["input"]
        self._config = merged_session(self._config, change)
        self._entry.config = self._config
        after = self._config["audio"]["input"]
        if (after["format"], after["turn_detection"]) != (before["format"], before["turn_detection"]):
            self._audio_input.configure(self._config)
        await self._wire.send("session.updated", session=self._config)

    async def _append(self, event: Mapping[str, Any]) -> bool:
        audio_text = event.get("audio")
        if not isinstance(audio_text, str):
            raise missing("audio") if audio_text is None else wrong_type("audio", "a string", audio_text)
        try:
            sound = base64.b64decode(audio_text, validate=True)
        except binascii.Error as error:
            raise EventError(
                "invalid_value", "Invalid 'audio'. Expected base64-encoded audio bytes.", "audio"
            ) from error
        if len(sound) > _MAX_APPEND:
            raise EventError("invalid_value", "Invalid 'audio': over 15 MiB.", "audio")
        over_ms, self._responder.response_over_ms = self._responder.response_over_ms, None
        if over_ms is not None and self._audio_input.detector is not None:
            self._audio_input.detector.response_over_at(int(over_ms))
        for turn in self._audio_input.append(sound):
            await self._turns.take(turn, self._config)
        now_ms = self._audio_input.now_ms
        self._entry.audio_ms = now_ms
        self._responder.buffer_ms = now_ms
        if self._silence and now_ms >= self._silence.ms:
            self._responder.mute = True
        if self._close and now_ms >= self._close.ms:
            await self._wire.close(1011, "internal error")
            return False
        if self._expire and now_ms >= self._expire.ms:
            await self._end_expired()
            return False
        return True

    async def _create_item(self, event: Mapping[str, Any]) -> None:
        check_item(event.get("item"))
        item = {"id": new_id("item"), "object": "realtime.item", "status": "completed", **event["item"]}
        if item["type"] == "function_call_output":
            call = self._conversation.call(item["call_id"])
            for tool in self._entry.tools:
                if tool.call_id == item["call_id"]:
                    tool.output = item["output"]
            self._model.on_tool_result(call["name"], _arguments(call["arguments"]), item["output"])
        elif item["type"] == "function_call":
            item.setdefault("call_id", new_id("call"))
        before = self._conversation.add(item, event.get("previous_item_id"))
        if item["type"] == "message" and item["role"] == "system":
            self._entry.notes += [part["text"] for part in item["content"]]
        await self._wire.send("conversation.item.added", previous_item_id=before, item=item)
        await self._wire.send("conversation.item.done", previous_item_id=before, item=item)

    async def _truncate(self, event: Mapping[str, Any]) -> None:
        item_id, place, end_ms = _string(event, "item_id"), event.get("content_index"), event.get("audio_end_ms")
        for name, value in (("content_index", place), ("audio_end_ms", end_ms)):
            if value is None:
                raise missing(name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise wrong_type(name, "a non-negative integer", value)
        assert isinstance(place, int)
        assert isinstance(end_ms, int)
        generated = int(self._conversation.sound_ms(item_id))
        words = self._conversation.truncate(item_id, place, end_ms)
        self._entry.truncations.append(TruncationEntry(item_id, end_ms, generated, words))
        await self._wire.send("conversation.item.truncated", item_id=item_id, content_index=place, audio_end_ms=end_ms)

    async def _expiry(self) -> None:
        await self._clock.sleep(self._settings.session_s)
        await self._end_expired()

    async def _end_expired(self) -> None:
        await self._wire.error(EventError("session_expired", EXPIRED))
        await self._wire.close(1001, EXPIRED)


def _has_beta_shape(event: Mapping[str, Any]) -> bool:
    """Whether the event uses the Beta API: a session with flat keys and no `type`."""
    session = event.get("session")
    flat = isinstance(session, dict) and "type" not in session and bool(BETA_KEYS & session.keys())
    return event.get("type") in BETA_EVENTS or (event.get("type") == "session.update" and flat)


def _string(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    if value is None:
        raise missing(name)
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    return value


def _arguments(raw: str) -> dict[str, str]:
    try:
        value = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}
