"""One call on two sockets: frames through, events into the conversation, its effects carried out.

Frames are handled in the socket's own callback: nothing is awaited, logged or stored for them, and what a socket does
not take is dropped, not kept. What touches the database goes to the call's clerk.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from websockets.frames import CloseCode

from dialer.bridge.conversation.core import Conversation
from dialer.bridge.conversation.effects import (
    Effect,
    EndReason,
    Finish,
    OptOutDetected,
    PlayClip,
    ReconnectVoice,
    RunTool,
    SaveTurn,
    SendClear,
    SendMark,
    SendToVoice,
    VoicemailDetected,
)
from dialer.bridge.conversation.playback import BYTES_PER_MS
from dialer.bridge.conversation.transfer import transfer_call
from dialer.bridge.conversation_factory import start_conversation
from dialer.bridge.io.call_worker import BridgeContext, CallWorker
from dialer.bridge.io.media_fork import MediaFork
from dialer.carriers.media import MediaCodec, MediaDecodeError, MediaFrame, MediaMark, MediaStarted, MediaStopped
from dialer.carriers.port import CarrierError
from dialer.domain.numbers.phone import mask
from dialer.net.websocket.port import Socket
from dialer.services.calls.accept_stream import AcceptedCall, StreamRejected, accept_stream
from dialer.voices.port import Audio, VoiceEvent
from dialer.voices.session import VoiceSession
from dialer.voices.websocket_session import open_session

START_TIMEOUT_S = 5.0
# What waits in the codec is sent when the voice has said no more for so long.
FLUSH_AFTER_S = 0.25
BACKPRESSURE_TIMEOUT_S = 5.0
MAX_BUFFERED_BYTES = 1_000_000
APOLOGY_GRACE_S = 0.3
# The carrier may not know that these calls are over: it is told by its other interface too.
HANG_UP = frozenset({EndReason.MEDIA_LOST, EndReason.STREAM_CUT})
log = logging.getLogger(__name__)


class CallSession:
    """One call, from the carrier's socket to its stored end."""

    def __init__(
        self,
        carrier: Socket,
        codec: MediaCodec,
        parts: BridgeContext,
        on_ended: Callable[["CallSession"], None],
        on_accepted: Callable[["CallSession"], None] = lambda session: None,
    ) -> None:
        self._carrier = carrier
        self._codec = codec
        self._decode = codec.decode
        self._shared = parts
        self._on_ended = on_ended
        self._on_accepted = on_accepted
        self._opened_at = time.monotonic()
        self._stream = ""
        self._leg: VoiceSession | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._conversation: Conversation | None = None
        self._answered: AcceptedCall | None = None
        self._clerk: CallWorker | None = None
        self._tap: MediaFork | None = None
        self._task: asyncio.Task[None] | None = None
        self._gone = False
        self._choked_at: float | None = None
        self._close_code = CloseCode.NORMAL_CLOSURE
        self._answered_at = self._opened_at
        self._first_audio_ms: int | None = None
        self._said_at = 0.0
        self.start_timeout_s = START_TIMEOUT_S
        """How long the carrier has to send its `start`."""

    @property
    def answered(self) -> AcceptedCall | None:
        """The call, once its token was accepted."""
        return self._answered

    @property
    def conversation(self) -> Conversation | None:
        """Its talk, once it was answered."""
        return self._conversation

    @property
    def worker(self) -> CallWorker | None:
        """Who does its work."""
        return self._clerk

    @property
    def media_fork(self) -> MediaFork | None:
        """Its line, for those who are not on it."""
        return self._tap

    # -- the carrier's side ------------------------------------------------------------------------------------------

    def carrier_message(self, message: bytes | memoryview) -> None:
        """One message of the carrier. A malformed one closes this socket and no other."""
        try:
            event = self._decode(message)
        except MediaDecodeError as error:
            self.refuse(CloseCode.UNSUPPORTED_DATA, str(error))
            return
        conversation, tap = self._conversation, self._tap
        if isinstance(event, MediaFrame):
            if tap is not None and tap.is_open:
                tap.on_caller_audio(event)
            if conversation is None:
                if self._task is None:
                    self.refuse(CloseCode.POLICY_VIOLATION, "media before start")
            elif conversation.frame(event) and self._leg is not None:
                self._leg.send_audio(event.payload)
            return
        if isinstance(event, MediaMark) and tap is not None:
            tap.on_caller_audio(event)
        if isinstance(event, MediaStarted):
            if self._task is None:
                self._stream = event.stream_sid
                self._answered_at = time.monotonic()
                self._task = asyncio.create_task(self._run(event))
        elif conversation is not None:
            self.execute(conversation.media(event, time.monotonic()))
        elif isinstance(event, MediaStopped):
            self._gone = True
            self._close()

    def carrier_backpressure(self, choked: bool) -> None:
        """The carrier reads too slowly, or has caught up."""
        self._choked_at = time.monotonic() if choked else None

    def carrier_closed(self, broken: bool) -> None:
        """The carrier's socket closed, with or without a `stop` before; `broken`: for what it sent."""
        self._gone = True
        if self._conversation is not None:
            end = EndReason.BROKEN if broken else EndReason.STREAM_CUT
            self.execute(self._conversation.end(end, time.monotonic()))
        elif self._task is None:
            self._on_ended(self)

    def tick(self, now: float) -> None:
        """Several times a second."""
        conversation = self._conversation
        if conversation is None:
            if self._task is None and now - self._opened_at > self.start_timeout_s:
                self.refuse(CloseCode.POLICY_VIOLATION, f"no start within {self.start_timeout_s} s")
            return
        if self._choked_at is not None and now - self._choked_at > BACKPRESSURE_TIMEOUT_S and not conversation.is_over:
            conversation.faults.append("the carrier takes nothing")
            self.execute(conversation.end(EndReason.MEDIA_LOST, now))
        leg = self._leg
        if leg is not None and leg.blocked_since is not None and now - leg.blocked_since > BACKPRESSURE_TIMEOUT_S:
            self._drop_voice()
            self.execute(conversation.voice_lost("it takes nothing", now))
        if self._codec.waits and now - self._said_at > FLUSH_AFTER_S:
            self._codec.flush(self._stream, self._send)
        self.execute(conversation.tick(now))

    def drain(self) -> None:
        """The process must end: end the call."""
        if self._conversation is not None:
            self.execute(self._conversation.drain(time.monotonic()))
        else:
            self.refuse(CloseCode.GOING_AWAY, "the bridge ends")

    def refuse(self, code: CloseCode, says: str) -> None:
        """Close the carrier's socket for what it sent; a call that was under way has failed by it."""
        log.warning("media refused: %s", says)
        self._close_code = code
        if self._conversation is not None:
            self._conversation.faults.append(says[:200])
            self.execute(self._conversation.end(EndReason.BROKEN, time.monotonic()))
        self._close(code)

    # -- the voice's side --------------------------------------------------------------------------------------------

    def voice_event(self, leg: VoiceSession, event: VoiceEvent) -> None:
        """One event of the voice."""
        conversation = self._conversation
        if leg is not self._leg or conversation is None:
            return
        if isinstance(event, Audio):
            if self._choked_at is not None and self._is_full(len(event.payload)):
                return
            if conversation.audio(event):
                if self._first_audio_ms is None:
                    self._first_audio_ms = round((time.monotonic() - self._answered_at) * 1000)
                self._send_audio(event.payload)
                if mark := conversation.playback.due_mark():
                    self.execute([SendMark(mark)])
            return
        self.execute(conversation.voice(event, time.monotonic()))

    def voice_lost(self, leg: VoiceSession, says: str) -> None:
        """The voice's socket was not had, or is lost."""
        if leg is self._leg and self._conversation is not None:
            self._leg = None
            log.warning("voice: %s", says)
            self.execute(self._conversation.voice_lost(says, time.monotonic()))

    def voice_backpressure(self, leg: VoiceSession, choked: bool) -> None:
        """The voice's socket takes nothing more for now, or does so again."""
        if leg is self._leg and self._conversation is not None:
            self._conversation.voice_backpressure(choked)

    # -- effects -----------------------------------------------------------------------------------------------------

    def execute(self, effects: list[Effect]) -> None:
        """Carry out what the conversation wants, in order."""
        for effect in effects:
            match effect:
                case SendToVoice(command):
                    if self._leg is not None:
                        self._leg.send(command)
                case PlayClip(clip):
                    self._send_audio(clip.payload)
                case SendMark(name, ends):
                    if self._tap is not None:
                        self._tap.on_caller_audio(effect)
                    self._codec.encode_mark(self._stream, name, self._send, ends=ends)
                case SendClear():
                    if self._tap is not None:
                        self._tap.on_clear(effect)
                    self._codec.encode_clear(self._stream, self._send)
                case ReconnectVoice():
                    self._connect_voice()
                case RunTool() | OptOutDetected() | VoicemailDetected() | SaveTurn() | Finish():
                    assert self._clerk is not None
                    self._clerk.submit(effect)

    def _connect_voice(self) -> None:
        """Open a session with the voice; the one before is left."""
        assert self._answered is not None
        assert self._conversation is not None
        self._drop_voice()
        conversation, script = self._conversation, self._answered.script
        spare = script.second_voice if conversation.failover.on_backup else None
        name = spare or script.voice
        voice = self._shared.voices.get(name)
        if voice is None:
            self.execute(conversation.voice_lost(f"the voice {name} has no key", time.monotonic()))
            return
        model = (None if spare else script.model) or voice.model
        conversation.model, conversation.setup = model, replace(conversation.setup, model=model)
        conversation.failover.voices.append(name)
        self._leg = open_session(voice, model, self, self._shared.sockets)
        self._dialling = asyncio.create_task(self._leg.connect())

    def _drop_voice(self) -> None:
        leg, self._leg = self._leg, None
        if leg is not None:
            leg.close()
        if self._dialling is not None and not self._dialling.done():
            self._dialling.cancel()

    def _send_audio(self, payload: str) -> None:
        """Sound for the student, base64 of µ-law; the playback has counted it."""
        if self._tap is not None and self._conversation is not None:
            self._tap.on_agent_audio(payload, self._conversation.stream_ms)
        self._codec.encode_audio(self._stream, payload, self._send)
        if self._codec.waits:
            self._said_at = time.monotonic()

    def _send(self, message: bytes) -> None:
        if not self._gone and not (self._choked_at is not None and self._is_full(len(message))):
            self._carrier.send(message)

    def _is_full(self, more: int) -> bool:
        """Whether as much waits to be taken by the carrier as is kept for it."""
        return self._carrier.buffered_bytes() + more > MAX_BUFFERED_BYTES

    def _close(self, code: CloseCode = CloseCode.NORMAL_CLOSURE) -> None:
        self._carrier.close(code, at_once=self._choked_at is not None)

    # -- the call's task ---------------------------------------------------------------------------------------------

    async def _run(self, started: MediaStarted) -> None:
        end = EndReason.BROKEN
        try:
            if await self._begin(started):
                assert self._clerk is not None
                end = await self._clerk.run()
                if end is EndReason.TRANSFERRED:
                    await self._transfer(started)
            else:
                self._close_code = CloseCode.POLICY_VIOLATION
        except Exception:  # one call's bug ends that call alone
            log.exception("call failed")
            if self._conversation is not None:
                self._conversation.faults.append("the bridge failed")
            self._close_code = CloseCode.INTERNAL_ERROR
        finally:
            self._drop_voice()
            self._close(self._close_code)
            if self._tap is not None:
                await self._tap.listening.close()
                if self._shared.uploader is not None and self._tap.recording is not None:
                    self._shared.uploader.finish(self._tap.recording)
            if self._clerk is not None:
                await self._clerk.close(end, self._first_audio_ms)
            self._measure(end)
            if end in HANG_UP and self._answered is not None:
                await self._hang_up(self._answered.carrier, started.carrier_sid)
            self._on_ended(self)

    def _measure(self, end: EndReason) -> None:
        if (conversation := self._conversation) is not None:
            metrics = self._shared.metrics
            metrics.call_ended(end, conversation.latencies_ms, self._first_audio_ms, conversation.failover.reconnects)
            metrics.tokens_left.set(conversation.tokens_left)

    async def _begin(self, started: MediaStarted) -> bool:
        token = started.parameters.get("token", "")
        async with self._shared.sessions.begin() as session:
            answered = await accept_stream(
                session, token, started.carrier_sid, self._shared.clock(), carrier=self._codec.carrier
            )
        if isinstance(answered, StreamRejected):
            log.warning("stream refused: %s", answered.says)
            self._shared.metrics.refused.labels("token").inc()
            return False
        self._answered = answered
        self._on_accepted(self)
        talk = answered.talk
        log.info("call answered", extra={"call_id": str(talk.call_id), "phone": mask(talk.phone)})
        now = time.monotonic()
        carrier = self._shared.carriers.get(answered.carrier)
        talk.connects = carrier is None or carrier.capabilities.can_transfer
        self._conversation = start_conversation(answered, carrier, self._shared.clock(), now)
        self._conversation.failover.backup = answered.script.second_voice in self._shared.voices
        self._clerk = CallWorker(self._shared, talk, self._conversation, self.execute)
        recording = None
        if answered.records and self._shared.uploader is not None:
            recording = self._shared.uploader.begin(talk.call_id, self._conversation.disclosure_ms)
        self._tap = MediaFork(self._shared.redis, talk.call_id, self._conversation.playback, recording)
        self.execute(self._conversation.media(started, now))
        if self._gone:
            self.execute(self._conversation.end(EndReason.STUDENT_LEFT, now))
        else:
            self._connect_voice()
        await self._clerk.record_incident("clientConnected", text="Client connected", phone=talk.phone, name=talk.name)
        await self._clerk.record_incident("callStatus", status="active", phone=talk.phone)
        return True

    async def _transfer(self, started: MediaStarted) -> None:
        """AVA's last words were heard: the carrier takes the student to a person, or they are told that it cannot."""
        assert self._answered is not None
        assert self._clerk is not None
        assert self._conversation is not None
        if self._clerk.person is None or self._conversation.classifier.opted_out:
            return
        token = started.parameters.get("token", "")
        person, sid = self._clerk.person, started.carrier_sid
        self._clerk.transfer_fault = await transfer_call(self._shared, self._answered, sid, token, person)
        if self._clerk.transfer_fault is not None:
            sorry = self._conversation.hangup.clips.sorry
            self._send_audio(sorry.payload)
            self._codec.flush(self._stream, self._send)
            await asyncio.sleep(sorry.size / BYTES_PER_MS / 1000 + APOLOGY_GRACE_S)

    async def _hang_up(self, carrier: str, sid: str) -> None:
        """End the call at the carrier, where its socket may be the only thing that ended."""
        known = self._shared.carriers.get(carrier)
        if known is None or not known.capabilities.can_hang_up:
            return
        try:
            await known.hang_up(sid)
        except CarrierError as error:
            log.warning("not hung up at the carrier: %s", error)
