"""One Gemini Live session: client messages in, server messages out, as in the Gemini Live API reference."""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from dialer.audio import ulaw
from dialer.simulator.clock import Clock
from dialer.simulator.faults import Faults
from dialer.simulator.gemini.checks import CONTENT_KEYS, INPUT_KEYS, BadMessageError
from dialer.simulator.gemini.ear import RATE, GeminiAudioInput
from dialer.simulator.ledger import RealtimeEntry, ToolEntry, TurnEntry
from dialer.simulator.people.scripted_model import OPENING, CallTool, Say, ScriptedModel
from dialer.simulator.people.speech import AVA_VOICE, Speech
from dialer.simulator.realtime.vad import Started, Stopped
from dialer.simulator.realtime.wire import new_id
from dialer.simulator.settings import WorldSettings

OUT_RATE = 24_000
PIECE_MS = 200
QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”', re.DOTALL)


@dataclass(slots=True)
class Memory:
    """The state that another connection can resume."""

    model: ScriptedModel
    has_spoken: bool = False


class Session:
    """The server's side after `setupComplete`."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        setup: Mapping[str, Any],
        memory: Memory,
        entry: RealtimeEntry,
        speech: Speech,
        clock: Clock,
        faults: Faults,
        settings: WorldSettings,
    ) -> None:
        self._socket, self._memory, self._entry, self._speech = socket, memory, entry, speech
        self._clock, self._faults, self._settings = clock, faults, settings
        self._audio_input = GeminiAudioInput(
            speech, setup.get("realtimeInputConfig", {}).get("automaticActivityDetection", {})
        )
        self._names = [function["name"] for tool in setup.get("tools", []) for function in tool["functionDeclarations"]]
        self._wants = {name for name in ("inputAudioTranscription", "outputAudioTranscription") if name in setup}
        self._turn: asyncio.Task[None] | None = None
        self._open_calls: dict[str, str] = {}
        self._results = asyncio.Event()
        self._close, self._away = faults.take("model", "close"), faults.take("model", "go_away")
        self._silence = faults.take("model", "silence")

    async def stop(self) -> None:
        """Cancel the current turn after the socket has closed."""
        if self._turn is not None:
            self._turn.cancel()
            await asyncio.gather(self._turn, return_exceptions=True)

    async def take(self, key: str, value: Mapping[str, Any]) -> None:
        """Handle one client message. Raises BadMessageError."""
        match key:
            case "realtimeInput":
                await self._input(value)
            case "clientContent":
                await self._content(value)
            case "toolResponse":
                self._tool_response(value)
            case _:
                raise BadMessageError("setup must be the first message and only the first.")

    # Client messages

    async def _input(self, value: Mapping[str, Any]) -> None:
        for key in value.keys() - INPUT_KEYS:
            raise BadMessageError(f"Invalid JSON payload received. Unknown name \"{key}\" at 'realtime_input'.")
        blob = value.get("audio")
        if not isinstance(blob, dict):
            return
        if blob.get("mimeType", blob.get("mime_type")) != f"audio/pcm;rate={RATE}":
            raise BadMessageError(f"Unsupported audio: {blob.get('mimeType')}; the simulator accepts {RATE} Hz only.")
        try:
            sound = base64.b64decode(blob.get("data", ""), validate=True)
        except (binascii.Error, TypeError) as error:
            raise BadMessageError("Invalid value at 'realtime_input.audio.data': Base64 decoding failed.") from error
        for event in self._audio_input.append(sound):
            match event:
                case Started():
                    await self._interrupt()
                case Stopped(_, end_ms, heard):
                    await self._heard(heard, end_ms)
        self._entry.audio_ms = now_ms = self._audio_input.now_ms
        if self._away and now_ms >= self._away.ms:
            away, self._away = self._away, None
            await self._send(goAway={"timeLeft": f"{away.seconds}s"})
            asyncio.get_running_loop().call_later(away.seconds, lambda: asyncio.ensure_future(self._end(1011)))
        if self._close and now_ms >= self._close.ms:
            await self._end(1011)

    async def _content(self, value: Mapping[str, Any]) -> None:
        for key in value.keys() - CONTENT_KEYS:
            raise BadMessageError(f"Invalid JSON payload received. Unknown name \"{key}\" at 'client_content'.")
        turns = value.get("turns", [])
        words = " ".join(
            part.get("text", "") for turn in turns if turn.get("role") == "user" for part in turn.get("parts", [])
        )
        if words:
            self._entry.notes.append(words)
        await self._interrupt()
        if value.get("turnComplete"):
            self._answer(words)

    def _tool_response(self, value: Mapping[str, Any]) -> None:
        for response in value.get("functionResponses", []):
            call_id = response.get("id")
            if call_id not in self._open_calls or self._open_calls[call_id] != response.get("name"):
                raise BadMessageError(f"function_response id {call_id!r} and name fit no function call.")
            name = self._open_calls.pop(call_id)
            output = msgspec.json.encode(response.get("response", {}).get("output")).decode()
            for tool in self._entry.tools:
                if tool.call_id == call_id:
                    tool.output = output
                    self._memory.model.on_tool_result(name, msgspec.json.decode(tool.arguments), output)
        if not self._open_calls:
            self._results.set()

    # Model turns

    async def _heard(self, sound: bytes, end_ms: int) -> None:
        understood = self._audio_input.understand(sound)
        speaker = "echo" if understood.echo and not understood.transcript else "student"
        text = understood.echo if speaker == "echo" and understood.echo else understood.transcript
        self._entry.turns.append(TurnEntry(speaker, text, new_id("turn"), end_ms, understood.fraction))
        self._memory.model.on_user_turn(understood.lines)
        if "inputAudioTranscription" in self._wants and understood.transcript:
            half = len(understood.transcript) // 2
            for piece in (understood.transcript[:half], understood.transcript[half:]):
                await self._send(serverContent={"inputTranscription": {"text": piece}})
        if not (self._silence and end_ms >= self._silence.ms):
            self._answer("")

    def _answer(self, instructions: str) -> None:
        self._turn = asyncio.create_task(self._run(instructions))

    async def _interrupt(self) -> None:
        """Drop the turn in progress, because the user speaks or the client sends content."""
        turn, self._turn = self._turn, None
        if turn is None or turn.done():
            return
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        if self._open_calls:
            await self._send(toolCallCancellation={"ids": list(self._open_calls)})
            self._open_calls.clear()
        self._entry.responses.append((new_id("turn"), "interrupted"))
        await self._send(serverContent={"interrupted": True})
        await self._send(serverContent={"turnComplete": True})

    async def _run(self, instructions: str) -> None:
        if self._faults.take("model", "stall"):
            await asyncio.Event().wait()  # until it is interrupted
        await self._clock.sleep(self._settings.thinking_s)
        if slow := self._faults.take("model", "slow"):
            await asyncio.sleep(slow.seconds)
        if quoted := QUOTED.search(instructions):
            self._memory.model.discard_pending()
            await self._say((quoted[1] or quoted[2]).strip())
        elif instructions and not self._memory.has_spoken:
            await self._say(OPENING)
        else:
            while isinstance(act := self._memory.model.next(set(self._names)), CallTool):
                await self._call(act)
            assert isinstance(act, Say)
            await self._say(act.text)
        await self._send(serverContent={"generationComplete": True})
        self._entry.responses.append((new_id("turn"), "completed"))
        details = [{"modality": "AUDIO", "tokenCount": 25}, {"modality": "TEXT", "tokenCount": 40}]
        await self._send(
            serverContent={"turnComplete": True},
            usageMetadata={
                "promptTokenCount": 65,
                "responseTokenCount": 30,
                "totalTokenCount": 95,
                "promptTokensDetails": details,
                "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 30}],
            },
        )
        await self._send(sessionResumptionUpdate={"newHandle": self._entry.id, "resumable": True})

    async def _call(self, use: CallTool) -> None:
        """Call a tool and wait for its result."""
        arguments = dict(use.arguments)
        name = "launch_rocket" if self._faults.take("model", "unknown_tool") else use.name
        call_id = new_id("call")
        self._open_calls[call_id] = name
        self._results.clear()
        self._entry.tools.append(ToolEntry(call_id, name, msgspec.json.encode(arguments).decode()))
        await self._send(toolCall={"functionCalls": [{"id": call_id, "name": name, "args": arguments}]})
        await self._results.wait()
        await self._clock.sleep(self._settings.thinking_s)

    async def _say(self, text: str) -> None:
        """Send audio faster than real time, each chunk with its share of the transcript."""
        clip = await self._speech.speak(text, AVA_VOICE)
        pcm = ulaw.resample(ulaw.ulaw_decode(clip.ulaw), ulaw.RATE, OUT_RATE)
        self._entry.turns.append(TurnEntry("ava", text, new_id("turn"), self._audio_input.now_ms))
        size, words, sent = OUT_RATE * PIECE_MS // 1000, text.split(" "), 0
        for at in range(0, len(pcm), size):
            data = base64.b64encode(ulaw.pcm_to_bytes(pcm[at : at + size])).decode()
            part = {"inlineData": {"data": data, "mimeType": f"audio/pcm;rate={OUT_RATE}"}}
            content: dict[str, Any] = {"modelTurn": {"role": "model", "parts": [part]}}
            until = len(words) if at + size >= len(pcm) else round(len(words) * (at + size) / len(pcm))
            if "outputAudioTranscription" in self._wants and until > sent:
                content["outputTranscription"] = {"text": "".join(f"{word} " for word in words[sent:until])}
                sent = until
            self._memory.has_spoken = True
            await self._send(serverContent=content)
            await self._clock.sleep(PIECE_MS / 1000 / self._settings.generation_rate)

    async def _send(self, **message: Any) -> None:
        """Send one message in a binary frame, as the service does."""
        if not self._socket.closed:
            with suppress(ConnectionError):
                await self._socket.send_bytes(msgspec.json.encode(message))

    async def _end(self, code: int) -> None:
        self._entry.close_code = code
        await self._socket.close(code=code, message=b"the connection ends")
