"""What one call leaves in the database: its turns (by the process's ink), its tools one at a time, its end.

A database that is away delays all of it and loses nothing.
A wish not to be called again, and word of a machine, are stored before the call is hung up.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from redis.asyncio import Redis

from dialer.ava.tools import ToolOutput as ToolAnswered
from dialer.ava.tools import Tools, not_done
from dialer.bridge.conversation.core import Conversation
from dialer.bridge.conversation.effects import (
    Effect,
    EndReason,
    Finish,
    OptOutDetected,
    RunTool,
    SaveTurn,
    VoicemailDetected,
)
from dialer.bridge.io.transcript_writer import LIVE_TIMEOUT_S, CallTranscript, TranscriptWriter, storable
from dialer.bridge.metrics import Metrics
from dialer.bridge.recording.uploader import Uploader
from dialer.bus import live_feed
from dialer.carriers.port import Carrier
from dialer.net.websocket.port import WebSocketBackend
from dialer.services.calls.close_conversation import CallMetrics, close_conversation
from dialer.services.calls.context import CallContext
from dialer.services.calls.transfer import TransferRefused, TransferTarget, find_target, record_transferred
from dialer.services.calls.voicemail import detect_voicemail_in_words
from dialer.services.dialing.acquire import CallbackUrls
from dialer.store.sessions import DatabaseError, Sessions
from dialer.voices.session import AnyVoice

RETRY_FOR_S = 60.0
RETRY_S = 0.5
MAX_REASON_CHARS = 500
MAX_TOOL_CALLS = 50
FEW_TOKENS = 0.1
OURS = {
    EndReason.VOICE_LOST: "the voice was lost",
    EndReason.VOICE_REFUSED: "the voice could not be started",
    EndReason.BROKEN: "the media stream broke the protocol",
    EndReason.MEDIA_LOST: "the media was lost",
}
Work = RunTool | OptOutDetected | VoicemailDetected | Finish
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BridgeContext:
    """What every call of a bridge process shares."""

    sessions: Sessions
    redis: "Redis"
    voices: Mapping[str, AnyVoice]
    clock: Callable[[], datetime]
    sockets: WebSocketBackend
    metrics: Metrics
    transcripts: TranscriptWriter
    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    urls: CallbackUrls = field(default=CallbackUrls("", ""))
    uploader: Uploader | None = None
    """Where talks are recorded; without one none is."""


class CallWorker:
    """The work of one call that is awaited, apart from its frames."""

    def __init__(
        self, shared: BridgeContext, talk: CallContext, conversation: Conversation, do: Callable[[list[Effect]], None]
    ) -> None:
        self._shared = shared
        self._call_id: UUID = talk.call_id
        self._talk = talk
        self._tools = Tools(shared.sessions, talk, shared.clock)
        self._conversation = conversation
        self._do = do
        self._work: deque[Work] = deque()
        self._wake = asyncio.Event()
        self._page = CallTranscript(talk.call_id, conversation)
        self.person: TransferTarget | None = None
        """Whom the student is connected to when the last words were heard."""
        self.transfer_fault: str | None = None

    async def choose_person(self, counselor_id: int) -> TransferTarget | TransferRefused:
        """Who takes the student, see `find_target`; raises what the database raises."""
        async with self._shared.sessions() as session:
            now, connects = self._shared.clock(), self._talk.connects
            found = await find_target(session, self._call_id, now, counselor_id, connects=connects)
        self.person = found if isinstance(found, TransferTarget) else self.person
        return found

    def submit(self, effect: Work | SaveTurn) -> None:
        """Put something on the desk; nothing is awaited."""
        if isinstance(effect, SaveTurn):
            self._shared.transcripts.add(self._page, effect)
        elif isinstance(effect, RunTool) and len(self._work) >= MAX_TOOL_CALLS:
            self._tool_done(effect.tool_call, not_done(effect.name, "too many tools at once"))
        else:
            self._work.append(effect)
            self._wake.set()

    async def run(self) -> EndReason:
        """Do what is put on the desk, in order, until the conversation is finished."""
        while True:
            while not self._work:
                self._wake.clear()
                await self._wake.wait()
            match self._work.popleft():
                case RunTool(tool_call, item, name, arguments):
                    await self._run_tool(tool_call, item, name, arguments)
                case OptOutDetected(item, words):
                    await self._opt_out(item, words)
                case VoicemailDetected(words):
                    await self._voicemail(words)
                case Finish(end):
                    return end

    async def close(self, end: EndReason, first_audio_ms: int | None) -> None:
        """Write the last turns, then the end."""
        until = time.monotonic() + RETRY_FOR_S
        if not await self._shared.transcripts.flush(self._page, RETRY_FOR_S):
            log.error("%s turns are lost", len(self._page.waiting), extra={"call_id": str(self._call_id)})
        conversation = self._conversation
        measured = CallMetrics(
            conversation.usages,
            tuple(dict.fromkeys(conversation.failover.voices)),
            conversation.model,
            conversation.setup.transcription_model,
            first_audio_ms,
            conversation.latencies_ms,
            conversation.disclosure.words if conversation.disclosure else None,
            conversation.disclosed_ms,
        )
        faults = storable("; ".join(conversation.faults))[:MAX_REASON_CHARS]
        ours = f"{OURS[end]}{f' ({faults})' if faults else ''}" if end in OURS else None
        outcome = None
        while True:
            try:
                async with self._shared.sessions.begin() as session:
                    if end is EndReason.TRANSFERRED and self.person is not None:
                        await record_transferred(session, self._call_id, self.person, self.transfer_fault)
                    outcome = await close_conversation(
                        session, self._call_id, measured, ours=ours, now=self._shared.clock()
                    )
                break
            except (DatabaseError, OSError) as error:
                log.error("end of call not stored yet: %s", error)
                if time.monotonic() > until:
                    break  # the sweeper will find it
                await asyncio.sleep(RETRY_S)
        self._record_incidents()
        log.info("call over", extra={"call_id": str(self._call_id), "end": end.value, "outcome": outcome})
        await self.record_incident("callStatus", status="inactive", outcome=outcome)
        await self.record_incident("clientDisconnected", text="Client disconnected", reason=end.value)

    def _record_incidents(self) -> None:
        """What nobody need act on in this call, but somebody should know of."""
        conversation, extra = self._conversation, {"call_id": str(self._call_id)}
        if conversation.unknown_events:
            log.warning("unknown events of the voice: %s", ", ".join(sorted(conversation.unknown_events)), extra=extra)
        if conversation.tokens_left < FEW_TOKENS:
            left = f"{conversation.tokens_left:.0%}"
            log.warning(
                "only %s of the voice account's tokens a minute were left: ring fewer at once, or raise the limit",
                left,
                extra=extra,
            )

    async def record_incident(self, kind: live_feed.Kind, **more: object) -> None:
        """Tell whoever watches; a moment late is never."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LIVE_TIMEOUT_S):
                message = live_feed.message(kind, self._call_id, self._shared.clock(), **more)
                await live_feed.publish(self._shared.redis, message)

    async def _run_tool(self, tool_call: str, item: str, name: str, arguments: str) -> None:
        # Its words may come long after the tool: what counts is where the turn stands in the talk.
        if (turn := self._conversation.transcript.asked_by(item)) is not None:
            self._tools.heard(turn)
        try:
            answered = await self._tools.run(item, name, arguments)
        except Exception:  # a tool's bug is that tool's alone: the talk goes on, and nothing is claimed
            log.exception("tool failed", extra={"call_id": str(self._call_id), "tool": name[:50]})
            answered = not_done(name, "it did not work")
        self._tool_done(tool_call, answered)
        if name == "save_enquiry":
            await self.record_incident("field", result=json.loads(answered.output))

    def _tool_done(self, tool_call: str, answered: ToolAnswered) -> None:
        self.person = answered.person or self.person
        self._do(
            self._conversation.tool_done(
                tool_call,
                answered.output,
                ends=answered.ends,
                opted_out=answered.opted_out,
                failed=answered.failed,
                end=EndReason.TRANSFERRED if answered.person else EndReason.GOODBYE,
                now=time.monotonic(),
            )
        )

    async def _opt_out(self, item: str, words: str) -> None:
        until = time.monotonic() + RETRY_FOR_S
        while not (await self._tools.opt_out(item, words)).opted_out and time.monotonic() < until:
            await asyncio.sleep(RETRY_S)
        self._do(self._conversation.opted_out(time.monotonic()))

    async def _voicemail(self, words: str) -> None:
        until = time.monotonic() + RETRY_FOR_S
        while time.monotonic() < until:
            try:
                async with self._shared.sessions.begin() as session:
                    await detect_voicemail_in_words(session, self._call_id, words)
                return
            except (DatabaseError, OSError) as error:
                log.warning("machine not noted yet: %s", error, extra={"call_id": str(self._call_id)})
                await asyncio.sleep(RETRY_S)
