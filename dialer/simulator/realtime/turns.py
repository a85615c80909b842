"""User turns: speech events, conversation items, recognition, responses and transcripts (OpenAI Realtime API)."""

import asyncio
from collections.abc import Mapping
from typing import Any, assert_never

from dialer.audio import ulaw
from dialer.simulator.clock import Clock
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import RealtimeEntry, TurnEntry
from dialer.simulator.people.scripted_model import ScriptedModel
from dialer.simulator.realtime.checks import EventError
from dialer.simulator.realtime.conversation import Conversation
from dialer.simulator.realtime.hearing import AudioInput, Understood, heard_as
from dialer.simulator.realtime.respond import Responder
from dialer.simulator.realtime.vad import Event, Started, Stopped, TimedOut
from dialer.simulator.realtime.wire import Wire, new_id
from dialer.simulator.settings import WorldSettings

Config = Mapping[str, Any]
_MAX_WAIT_S = 10.0


class Turns:
    """Processes the user turns of one session."""

    def __init__(
        self,
        wire: Wire,
        conversation: Conversation,
        model: ScriptedModel,
        audio_input: AudioInput,
        responder: Responder,
        clock: Clock,
        faults: Faults,
        settings: WorldSettings,
        entry: RealtimeEntry,
    ) -> None:
        self._wire, self._conversation, self._model, self._audio_input = wire, conversation, model, audio_input
        self._responder, self._clock, self._faults = responder, clock, faults
        self._settings, self._entry = settings, entry
        self._turn_item = new_id("item")
        self._transcripts: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Cancel pending transcripts."""
        for task in self._transcripts:
            task.cancel()
        await asyncio.gather(*self._transcripts, return_exceptions=True)

    async def take(self, event: Event, config: Config) -> None:
        """Send the client event for a detector event, and interrupt or respond as the session is configured."""
        turns = config["audio"]["input"]["turn_detection"]
        match event:
            case Started(start_ms):
                self._turn_item = new_id("item")
                await self._wire.send(
                    "input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=self._turn_item
                )
                if turns["interrupt_response"]:
                    await self._responder.cancel("turn_detected")
            case Stopped(_, end_ms, sound):
                await self._wire.send("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=self._turn_item)
                await self.commit(self._turn_item, sound, end_ms, config)
                if turns["create_response"]:
                    await self._answer(config)
            case TimedOut(start_ms, end_ms):
                item_id = new_id("item")
                await self._wire.send(
                    "input_audio_buffer.timeout_triggered",
                    audio_start_ms=start_ms,
                    audio_end_ms=end_ms,
                    item_id=item_id,
                )
                self._model.on_idle()
                await self._commit_item(item_id, end_ms - start_ms)
                await self._answer(config)
            case other:
                assert_never(other)

    async def _answer(self, config: Config) -> None:
        """Start a response without a client request; an active response stays and causes an error event."""
        try:
            self._responder.start({}, config)
        except EventError as refused:
            await self._wire.error(refused)

    async def commit(self, item_id: str, sound: bytes, end_ms: int, config: Config) -> None:
        """Add a turn as a user item, recognize it, and schedule its transcript if the session wants one."""
        understood = self._audio_input.understand(sound)
        speaker = "echo" if understood.echo and not understood.transcript else "student"
        text = understood.echo if speaker == "echo" and understood.echo else understood.transcript
        self._entry.turns.append(TurnEntry(speaker, text, item_id, end_ms, understood.fraction))
        self._responder.began.clear()
        await self._commit_item(item_id, ulaw.duration_ms(sound))
        self._model.on_user_turn(understood.lines)
        transcription = config["audio"]["input"]["transcription"]
        turns = config["audio"]["input"]["turn_detection"]
        if transcription is not None:
            answered = turns is not None and turns["create_response"] and not self._responder.mute
            seconds = len(sound) / ulaw.RATE
            task = asyncio.create_task(self._transcribe(item_id, understood, seconds, transcription, answered=answered))
            self._transcripts.add(task)
            task.add_done_callback(self._transcripts.discard)

    async def _commit_item(self, item_id: str, ms: float) -> None:
        item = {
            "id": item_id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        before = self._conversation.add(item)
        self._conversation.note_sound(item_id, ms)
        await self._wire.send("input_audio_buffer.committed", previous_item_id=before, item_id=item_id)
        await self._wire.send("conversation.item.added", previous_item_id=before, item=item)
        await self._wire.send("conversation.item.done", previous_item_id=before, item=item)

    async def _transcribe(
        self, item_id: str, understood: Understood, seconds: float, settings: Mapping[str, Any], *, answered: bool
    ) -> None:
        """Send the transcript after the response has started, since a separate, slower model produces it."""
        if answered:
            await self._clock.until(self._responder.began, _MAX_WAIT_S)
        await self._clock.sleep(self._settings.transcription_s)
        if late := self._faults.take("model", "late_transcript"):
            await asyncio.sleep(late.seconds)
        words = heard_as(understood.transcript, settings)
        kind = "conversation.item.input_audio_transcription"
        ids = {"item_id": item_id, "content_index": 0}
        if words:
            await self._wire.send(f"{kind}.delta", **ids, delta=words)
        usage: dict[str, Any] = {"type": "duration", "seconds": round(seconds, 2)}
        if settings.get("model") != "whisper-1":
            heard, written = round(seconds * 10), len(words) // 4 + 1
            usage = {
                "type": "tokens",
                "total_tokens": heard + written,
                "input_tokens": heard,
                "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
                "output_tokens": written,
            }
        await self._wire.send(f"{kind}.completed", **ids, transcript=words, usage=usage)
