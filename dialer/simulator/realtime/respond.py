"""Generates responses: the model's speech or tool calls, with all server events of the OpenAI Realtime API."""

import asyncio
import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any, assert_never

from dialer.simulator.clock import Clock
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import RealtimeEntry, ToolEntry, TurnEntry
from dialer.simulator.people.scripted_model import OPENING, Act, CallTool, Say, ScriptedModel
from dialer.simulator.people.speech import AVA_VOICE, Speech
from dialer.simulator.realtime.checks import EventError
from dialer.simulator.realtime.codec import bytes_per_ms, from_line
from dialer.simulator.realtime.conversation import Conversation, Item
from dialer.simulator.realtime.response import Response, copied
from dialer.simulator.realtime.wire import Wire, new_id
from dialer.simulator.settings import WorldSettings

_FIRST_DELTA_MS = 100
_DELTA_MS = 200
_WORDS_AHEAD = 0.1
_QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”', re.DOTALL)
_TOKENS_LIMIT = 40_000


class Responder:
    """Generates one session's responses: one at a time in the conversation, any number out of band."""

    def __init__(
        self,
        wire: Wire,
        conversation: Conversation,
        model: ScriptedModel,
        speech: Speech,
        clock: Clock,
        faults: Faults,
        settings: WorldSettings,
        entry: RealtimeEntry,
    ) -> None:
        self._wire, self._conversation, self._model, self._speech = wire, conversation, model, speech
        self._clock, self._faults, self._settings, self._entry = clock, faults, settings, entry
        self._active: tuple[Response, asyncio.Task[None]] | None = None
        self._out_of_band: set[asyncio.Task[None]] = set()
        self.has_spoken = False
        self.mute = False
        self.began = asyncio.Event()
        self.buffer_ms = 0.0
        self.response_over_ms: float | None = None
        self._play_end_ms = 0.0

    @property
    def active_id(self) -> str | None:
        """The id of the response in progress in the conversation."""
        return self._active[0].id if self._active else None

    def start(self, request: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """Start a response. Raises EventError if the conversation already has one in progress."""
        in_conversation = request.get("conversation", "auto") == "auto"
        if self.mute:
            return
        if in_conversation and self._active:
            raise EventError(
                "conversation_already_has_active_response",
                f"Conversation already has an active response in progress: {self._active[0].id}."
                " Wait until the response is finished before creating a new one.",
            )
        response = Response(new_id("resp"), request, config, in_conversation)
        task = asyncio.create_task(self._run(response))
        if in_conversation:
            self._active = (response, task)
        else:
            self._out_of_band.add(task)
            task.add_done_callback(self._out_of_band.discard)

    async def cancel(self, reason: str, response_id: str | None = None) -> bool:
        """Cancel the active response and send its final events; return False if none, or another one, is active."""
        if self._active is None or (response_id is not None and self._active[0].id != response_id):
            return False
        response, task = self._active
        response.cut_short = reason
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return True

    async def stop(self) -> None:
        """Cancel all responses after the socket has closed."""
        tasks = [*self._out_of_band, *([self._active[1]] if self._active else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, response: Response) -> None:
        try:
            await self._wire.send("response.created", response=response.to_json(self._conversation))
            await self._rate_limits()
            if self._faults.take("model", "stall"):
                await asyncio.Event().wait()  # until it is cancelled
            await self._clock.sleep(self._settings.thinking_s)
            if slow := self._faults.take("model", "slow"):
                await asyncio.sleep(slow.seconds)
            self.began.set()
            failed = self._faults.take("model", "failed")
            if failed:
                response.status = "failed"
                error = {"type": failed.code, "code": failed.code, "message": f"{failed.code}: caused by a fault rule"}
                response.details = {"type": "failed", "error": error}
            else:
                await self._act(response, self._decide(response))
        except asyncio.CancelledError:
            if response.cut_short is None:
                raise
            response.status = "cancelled"
            response.details = {"type": "cancelled", "reason": response.cut_short}
        if response.status == "in_progress":
            response.status = "completed"
        if response.in_conversation:
            self._active = None
        self._entry.responses.append((response.id, response.status))
        if response.sound_ms:
            self.response_over_ms = self._play_end_ms
        await self._wire.send("response.done", response=response.to_json(self._conversation))

    def _decide(self, response: Response) -> Act:
        """Choose what to do: quoted instructions are spoken verbatim, otherwise the scripted model decides."""
        instructions = response.request.get("instructions") or ""
        if quoted := _QUOTED.search(instructions):
            self._model.discard_pending()
            return Say((quoted[1] or quoted[2]).strip())
        if not response.in_conversation:
            heard = [turn.text for turn in self._entry.turns if turn.who == "student" and turn.text]
            return Say("The student said: " + " / ".join(heard) if heard else "Nobody has said anything yet.")
        if instructions and not self.has_spoken and not self._model.has_heard:
            return Say(OPENING)
        if text := self._conversation.unanswered_text():
            self._model.on_user_turn([text])
        tools = response.setting("tools") if response.setting("tool_choice") != "none" else []
        return self._model.next({tool["name"] for tool in tools if tool["type"] == "function"})

    async def _act(self, response: Response, act: Act) -> None:
        match act:
            case Say(text):
                await self._say(response, text)
            case CallTool(name, arguments):
                await self._call(response, name, json.dumps(dict(arguments)))
            case other:
                assert_never(other)

    async def _say(self, response: Response, text: str) -> None:
        item: Item = {
            "id": new_id("item"),
            "object": "realtime.item",
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        await self._open(response, item)
        speaks = response.speaks
        ids = {"response_id": response.id, "item_id": item["id"], "output_index": 0, "content_index": 0}
        part: dict[str, Any] = {"type": "audio", "transcript": ""} if speaks else {"type": "text", "text": ""}
        await self._wire.send("response.content_part.added", **ids, part=part)
        try:
            if speaks:
                await self._voice(response, item["id"], ids, text)
            else:
                await self._write(response, ids, text)
        except asyncio.CancelledError:
            item["status"] = "incomplete"
            if response.cut_short:
                await self._end_part(response, item, ids, part)
            raise
        if response.status == "incomplete":
            item["status"] = "incomplete"
        await self._end_part(response, item, ids, part)

    async def _end_part(self, response: Response, item: Item, ids: Mapping[str, Any], part: dict[str, Any]) -> None:
        """Send the done events of a spoken or written item, complete or cut off."""
        words = response.text
        if response.speaks:
            await self._wire.send("response.output_audio.done", **ids)
            await self._wire.send("response.output_audio_transcript.done", **ids, transcript=words)
            part, item["content"] = part | {"transcript": words}, [{"type": "output_audio", "transcript": words}]
        else:
            await self._wire.send("response.output_text.done", **ids, text=words)
            part, item["content"] = part | {"text": words}, [{"type": "output_text", "text": words}]
        await self._wire.send("response.content_part.done", **ids, part=part)
        await self._close(response, item)

    async def _voice(self, response: Response, item_id: str, ids: Mapping[str, Any], text: str) -> None:
        """Send audio deltas faster than real time, each after its share of the transcript."""
        clip = await self._speech.speak(text, AVA_VOICE)
        kind = response.output_format["type"]
        sound, per_ms = from_line(clip.ulaw, kind), bytes_per_ms(kind)
        limit_ms = _limit_ms(response.setting("max_output_tokens"), text)
        turn = TurnEntry("ava", text, item_id, int(self.buffer_ms))
        if response.in_conversation:
            self._entry.turns.append(turn)
        self._play_end_ms = max(self._play_end_ms, self.buffer_ms)
        at, size_ms = 0, _FIRST_DELTA_MS
        while at < len(sound):
            if response.sound_ms >= limit_ms:
                response.status = "incomplete"
                response.details = {"type": "incomplete", "reason": "max_output_tokens"}
                return
            piece = sound[at : at + size_ms * per_ms]
            at += len(piece)
            words = _words_until(text, at / len(sound) + _WORDS_AHEAD)
            if new := words[len(response.text) :]:
                response.text = words
                await self._wire.send("response.output_audio_transcript.delta", **ids, delta=new)
            response.sound_ms += len(piece) / per_ms
            self._play_end_ms += len(piece) / per_ms
            self._conversation.note_sound(item_id, response.sound_ms)
            self.has_spoken = True
            await self._wire.send("response.output_audio.delta", **ids, delta=base64.b64encode(piece).decode())
            await self._clock.sleep(size_ms / 1000 / self._settings.generation_rate)
            size_ms = _DELTA_MS

    async def _write(self, response: Response, ids: Mapping[str, Any], text: str) -> None:
        half = len(text) // 2
        for piece in filter(None, (text[:half], text[half:])):
            response.text += piece
            await self._wire.send("response.output_text.delta", **ids, delta=piece)

    async def _call(self, response: Response, name: str, arguments: str) -> None:
        if self._faults.take("model", "bad_arguments"):
            arguments = arguments[:-1] + ', "broken'
        if self._faults.take("model", "unknown_tool"):
            name = "launch_rocket"
        item: Item = {
            "id": new_id("item"),
            "object": "realtime.item",
            "type": "function_call",
            "status": "in_progress",
            "name": name,
            "call_id": new_id("call"),
            "arguments": "",
        }
        await self._open(response, item)
        ids = {"response_id": response.id, "item_id": item["id"], "output_index": 0, "call_id": item["call_id"]}
        half = len(arguments) // 2
        for piece in filter(None, (arguments[:half], arguments[half:])):
            await self._wire.send("response.function_call_arguments.delta", **ids, delta=piece)
        await self._wire.send("response.function_call_arguments.done", **ids, name=name, arguments=arguments)
        response.text = arguments
        item["arguments"] = arguments
        self._entry.tools.append(ToolEntry(item["call_id"], name, arguments))
        await self._close(response, item)

    async def _open(self, response: Response, item: Item) -> None:
        await self._wire.send("response.output_item.added", response_id=response.id, output_index=0, item=copied(item))
        if response.in_conversation:
            before = self._conversation.add(item)
            await self._wire.send("conversation.item.added", previous_item_id=before, item=copied(item))

    async def _close(self, response: Response, item: Item) -> None:
        if item["status"] == "in_progress":
            item["status"] = "completed"
        response.output.append(item)
        if response.in_conversation:
            before = self._conversation.before(item["id"])
            await self._wire.send("conversation.item.done", previous_item_id=before, item=copied(item))
        await self._wire.send("response.output_item.done", response_id=response.id, output_index=0, item=copied(item))

    async def _rate_limits(self) -> None:
        limits = [{"name": "tokens", "limit": _TOKENS_LIMIT, "remaining": _TOKENS_LIMIT - 500, "reset_seconds": 0.75}]
        await self._wire.send("rate_limits.updated", rate_limits=limits)


def _words_until(text: str, share: float) -> str:
    """Return the words of the first `share` of the audio, at least one."""
    if share >= 1:
        return text
    cut = text.rfind(" ", 0, math.ceil(len(text) * share) + 1)
    return text[: (cut if cut >= 0 else text.find(" ")) + 1]


def _limit_ms(max_output_tokens: int | str, text: str) -> float:
    """Return how much audio the token limit allows: one token per 50 ms, besides the tokens of the transcript."""
    if isinstance(max_output_tokens, str):
        return math.inf
    return max(0, max_output_tokens - len(text) // 4) * 50.0
