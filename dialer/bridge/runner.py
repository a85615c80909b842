"""One call on two sockets: frames through, events into the conversation, its effects carried out.

Frames are handled in the socket's own callback: nothing is awaited, logged or stored for them. What touches the
database goes through one worker task per call, in order; a database that is away for a moment delays it, no more.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError

from dialer import live
from dialer.ava.arguments import specs
from dialer.ava.persona import tell
from dialer.ava.tools import Tools
from dialer.bridge.conversation import Conversation
from dialer.bridge.effects import (
    Effect,
    End,
    Finish,
    OptOutHeard,
    RunTool,
    SaveTurn,
    SendClear,
    SendMark,
    Tell,
)
from dialer.carriers.media import MediaCodec, MediaFrame, MediaMark, MediaStarted, NotMediaError
from dialer.domain.phone import mask
from dialer.flows.answer_call import Answered, Refused, answer_call
from dialer.flows.close_talk import Measured, close_talk
from dialer.store import turns
from dialer.store.sessions import Sessions
from dialer.voices.port import Audio, Setup, Voice

START_WITHIN_S = 5.0
CONNECT_WITHIN_S = 8.0
MOST_VOICE_BYTES = 4_000_000
TRIES = 20
RETRY_S = 0.5
OURS = {
    End.VOICE_LOST: "the voice was lost",
    End.VOICE_REFUSED: "the voice could not be started",
    End.BROKEN: "the media stream broke the protocol",
}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What every call of a bridge process shares."""

    sessions: Sessions
    redis: "Redis"
    voices: dict[str, Voice]
    clock: Callable[[], datetime]


class VoiceListener(WSListener):
    """The voice's socket; everything of meaning is the runner's."""

    def __init__(self, runner: "Runner") -> None:
        self._runner = runner
        self._parts: list[bytes] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The voice's first event may be in the same packet as its handshake: the runner must know the socket by then."""
        self._runner.voice_opened(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a whole message; pieces of a fragmented one are put together first."""
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        if frame.fin and not self._parts:
            self._runner.voice_message(frame.get_payload_as_memoryview())
            return
        self._parts.append(frame.get_payload_as_bytes())
        if frame.fin:
            whole, self._parts = b"".join(self._parts), []
            self._runner.voice_message(whole)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The voice is gone."""
        self._runner.voice_gone()


class Runner:
    """One call, from the carrier's socket to its stored end."""

    def __init__(
        self, carrier: WSTransport, codec: MediaCodec, parts: Parts, on_ended: Callable[["Runner"], None]
    ) -> None:
        self._carrier = carrier
        self._codec = codec
        self._shared = parts
        self._on_ended = on_ended
        self._opened_at = time.monotonic()
        self._stream = ""
        self._voice: WSTransport | None = None
        self._voice_protocol: Voice | None = None
        self._conversation: Conversation | None = None
        self._answered: Answered | None = None
        self._tools: Tools | None = None
        self._work: deque[RunTool | OptOutHeard | SaveTurn | Finish] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._gone = False
        self._answered_at = self._opened_at
        self._first_audio_ms: int | None = None

    @property
    def answered(self) -> Answered | None:
        """The call, once its token was accepted."""
        return self._answered

    # -- the carrier's side ------------------------------------------------------------------------------------------

    def carrier_message(self, message: bytes | memoryview) -> None:
        """One message of the carrier. A malformed one closes this socket and no other."""
        try:
            event = self._codec.decode(message)
        except NotMediaError as error:
            log.warning("media refused: %s", error)
            self._break()
            return
        conversation = self._conversation
        if isinstance(event, MediaFrame):
            if conversation is not None and conversation.frame(event) and self._voice is not None:
                assert self._voice_protocol is not None
                self._voice.send(WSMsgType.TEXT, self._voice_protocol.encode_audio(event.payload))
        elif isinstance(event, MediaStarted):
            if self._task is None:
                self._stream = event.stream_sid
                self._answered_at = time.monotonic()
                self._task = asyncio.create_task(self._run(event))
        elif conversation is not None:
            self._do(conversation.media(event, time.monotonic()))
        elif (
            not isinstance(event, MediaMark)
            and self._task is None
            and time.monotonic() - self._opened_at > START_WITHIN_S
        ):
            self._break()

    def carrier_gone(self) -> None:
        """The carrier's socket closed, with or without a `stop` before."""
        self._gone = True
        if self._conversation is not None:
            self._do(self._conversation.leave(End.STUDENT_LEFT, time.monotonic()))
        elif self._task is None:
            self._on_ended(self)

    def tick(self, now: float) -> None:
        """Several times a second."""
        if self._task is None and now - self._opened_at > START_WITHIN_S:
            log.warning("media closed: no start within %s s", START_WITHIN_S)
            self._break()
        elif self._conversation is not None:
            self._do(self._conversation.tick(now))

    def drain(self) -> None:
        """The process must end: end the call."""
        if self._conversation is not None:
            self._do(self._conversation.leave(End.DRAINED, time.monotonic()))
        else:
            self._break()

    def _break(self) -> None:
        if self._conversation is not None:
            self._do(self._conversation.leave(End.BROKEN, time.monotonic()))
        self._close(self._carrier)

    # -- the voice's side --------------------------------------------------------------------------------------------

    def voice_opened(self, transport: WSTransport) -> None:
        """The voice's socket is open."""
        self._voice = transport

    def voice_message(self, message: bytes | memoryview) -> None:
        """One event of the voice."""
        assert self._voice_protocol is not None
        assert self._conversation is not None
        event = self._voice_protocol.decode(message)
        if isinstance(event, Audio):
            if self._conversation.audio(event):
                if self._first_audio_ms is None:
                    self._first_audio_ms = round((time.monotonic() - self._answered_at) * 1000)
                self._send(self._codec.encode_audio(self._stream, event.payload))
                if mark := self._conversation.playback.due_mark():
                    self._send(self._codec.encode_mark(self._stream, mark))
            return
        self._do(self._conversation.voice(event, time.monotonic()))

    def voice_gone(self) -> None:
        """The voice's socket closed."""
        self._voice = None
        if self._conversation is not None and not self._conversation.is_over:
            self._do(self._conversation.leave(End.VOICE_LOST, time.monotonic()))

    # -- effects -----------------------------------------------------------------------------------------------------

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Tell(command):
                    if self._voice is not None and self._voice_protocol is not None:
                        self._voice.send(WSMsgType.TEXT, self._voice_protocol.encode(command))
                case SendMark(name):
                    self._send(self._codec.encode_mark(self._stream, name))
                case SendClear():
                    self._send(self._codec.encode_clear(self._stream))
                case RunTool() | OptOutHeard() | SaveTurn() | Finish():
                    self._work.append(effect)
                    self._wake.set()

    def _send(self, message: bytes) -> None:
        if not self._gone:
            self._carrier.send(WSMsgType.TEXT, message)

    @staticmethod
    def _close(transport: WSTransport | None) -> None:
        if transport is not None and not transport.is_disconnected:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    # -- the worker task ---------------------------------------------------------------------------------------------

    async def _run(self, started: MediaStarted) -> None:
        end = End.BROKEN
        try:
            if await self._begin(started):
                end = await self._work_off()
        except Exception:  # one call's bug ends that call alone
            log.exception("call failed")
        finally:
            self._close(self._voice)
            self._close(self._carrier)
            if self._answered is not None:
                await self._store_end(self._answered, end)
            self._on_ended(self)

    async def _begin(self, started: MediaStarted) -> bool:
        token = started.parameters.get("token", "")
        async with self._shared.sessions.begin() as session:
            answered = await answer_call(session, token, started.carrier_sid, self._shared.clock())
        if isinstance(answered, Refused):
            log.warning("stream refused: %s", answered.says)
            return False
        self._answered = answered
        talk, script = answered.talk, answered.script
        log.info("call answered", extra={"call_id": str(talk.call_id), "phone": mask(talk.phone)})
        told = tell(
            script.persona, script.opening, name=talk.name, row=answered.row, zone=talk.zone, now=self._shared.clock()
        )
        setup = Setup(
            instructions=told.instructions,
            tools=specs(),
            speaker=script.speaker,
            vad_threshold=script.vad_threshold,
            vad_prefix_ms=script.vad_prefix_ms,
            vad_silence_ms=script.vad_silence_ms,
            transcription_model=script.transcription_model,
            language=script.language,
        )
        self._tools = Tools(self._shared.sessions, talk, self._shared.clock)
        self._conversation = Conversation(setup, told.opening, told.goodbye, answered.time_limit_s, time.monotonic())
        self._do(self._conversation.media(started, time.monotonic()))
        await self._tell("clientConnected", phone=mask(talk.phone), name=talk.name)
        await self._tell("callStatus", status="active", phone=mask(talk.phone))
        if self._gone:
            self._do(self._conversation.leave(End.STUDENT_LEFT, time.monotonic()))
            return True
        await self._connect(script.voice)
        return True

    async def _connect(self, name: str) -> None:
        assert self._conversation is not None
        voice = self._shared.voices.get(name)
        try:
            if voice is None:
                raise OSError(f"the voice {name} has no key")
            self._voice_protocol = voice
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await ws_connect(
                    lambda: VoiceListener(self),
                    voice.address,
                    extra_headers=voice.headers,
                    max_frame_size=MOST_VOICE_BYTES,
                    enable_auto_ping=True,
                )
        except (OSError, WSError, TimeoutError) as error:
            log.error("voice not reached: %s", error or type(error).__name__)
            self._do(self._conversation.leave(End.VOICE_REFUSED, time.monotonic()))

    async def _work_off(self) -> End:
        """Do what was queued, in order, until the conversation is finished."""
        while True:
            while not self._work:
                self._wake.clear()
                await self._wake.wait()
            match self._work.popleft():
                case SaveTurn() as turn:
                    await self._save(turn)
                case RunTool(tool_call, item, name, arguments):
                    await self._run_tool(tool_call, item, name, arguments)
                case OptOutHeard(item, words):
                    await self._opt_out(item, words)
                case Finish(end):
                    return end

    async def _save(self, turn: SaveTurn) -> None:
        assert self._answered is not None
        assert self._conversation is not None
        if turn.who == "student" and self._tools is not None:
            self._tools.heard(turn.item)
        said = turns.Said(turn.item, turn.who, turn.words, turn.stream_ms, turn.heard_ms, self._shared.clock())
        kind: live.Kind = "ava_response" if turn.who == "ava" else "user_transcript"
        position = self._conversation.positions().get(turn.item)
        await self._tell(kind, text=turn.words, item=turn.item, position=position)
        for attempt in range(TRIES):
            try:
                async with self._shared.sessions.begin() as session:
                    await turns.save(session, self._answered.talk.call_id, [said], self._conversation.positions())
                return
            except (SQLAlchemyError, OSError):
                if attempt == TRIES - 1:
                    raise
                await asyncio.sleep(RETRY_S)

    async def _run_tool(self, tool_call: str, item: str, name: str, arguments: str) -> None:
        assert self._tools is not None
        assert self._conversation is not None
        answered = await self._tools.run(item, name, arguments)
        self._do(
            self._conversation.tool_done(
                tool_call, answered.output, ends=answered.ends, opted_out=answered.opted_out, now=time.monotonic()
            )
        )
        if name == "save_enquiry":
            await self._tell("field", result=answered.output)

    async def _opt_out(self, item: str, words: str) -> None:
        assert self._tools is not None
        assert self._conversation is not None
        for _ in range(TRIES):
            if (await self._tools.opt_out(item, words)).opted_out:
                break
            await asyncio.sleep(RETRY_S)
        self._do(self._conversation.opted_out(time.monotonic()))

    async def _store_end(self, answered: Answered, end: End) -> None:
        assert self._conversation is not None
        conversation, call_id = self._conversation, answered.talk.call_id
        measured = Measured(conversation.usage, self._first_audio_ms, conversation.latencies_ms)
        faults = "; ".join(conversation.faults)
        ours = f"{OURS[end]}{f' ({faults})' if faults else ''}" if end in OURS else None
        outcome = None
        for attempt in range(TRIES):
            try:
                async with self._shared.sessions.begin() as session:
                    outcome = await close_talk(session, call_id, measured, ours=ours, now=self._shared.clock())
                break
            except (SQLAlchemyError, OSError) as error:
                log.error("end of call not stored yet (%s of %s): %s", attempt + 1, TRIES, error)
                await asyncio.sleep(RETRY_S)
        log.info("call over", extra={"call_id": str(call_id), "end": end.value, "outcome": outcome})
        await self._tell("callStatus", status="inactive", outcome=outcome)
        await self._tell("clientDisconnected", reason=end.value)

    async def _tell(self, kind: live.Kind, **more: object) -> None:
        assert self._answered is not None
        now = self._shared.clock()
        await live.publish(self._shared.redis, live.message(kind, self._answered.talk.call_id, now, **more))
