"""A voice put together from a transcriber, a text model and a speaker: one session of it (`voices.session.Leg`).

A turn's words go to the text model, its sentences to the speaker, their sound to the call. Everything is told to the call
from the loop, never from within a command of its own.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count

import aiohttp

from dialer.domain.calling.cost import add_usage
from dialer.voices.pipeline.agent_turn import AgentTurn, SilentTtsError
from dialer.voices.pipeline.chat_history import ChatHistory, ToolCallEntry
from dialer.voices.pipeline.port import Fault, LlmClient, LlmError, LlmRequest, TtsEvent
from dialer.voices.pipeline.provider_socket import Closing, ProviderSocketError, settled
from dialer.voices.pipeline.tts.base import Gone, Say, TextToSpeech
from dialer.voices.pipeline.user_turn import UserTurn, UserTurnListener
from dialer.voices.port import (
    Cancel,
    Configure,
    ItemAdded,
    ReplayMessage,
    ReplayToolCall,
    Respond,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    SessionConfig,
    SpeechStarted,
    SpeechStopped,
    SystemNote,
    ToolResult,
    Truncate,
    UserTranscript,
    VoiceCommand,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)
from dialer.voices.session import SessionListener

CONNECT_TIMEOUT_S = 9.0
BROKEN = (ImportError, RuntimeError, ValueError)
"""What a text model's library raises that cannot be loaded, or does not take its key, address or name."""
log = logging.getLogger(__name__)
_sessions = count(1)


@dataclass(frozen=True, slots=True)
class PipelineFactory:
    """What a session is made of."""

    text: Callable[[str], Awaitable[LlmClient]]
    """A text model by its name; it may have to be loaded."""
    listening: Callable[[SessionConfig, UserTurnListener], UserTurn]
    mouth: Callable[[SessionConfig, Say, Gone], TextToSpeech]
    http: Callable[[], aiohttp.ClientSession]
    leave: Closing


class PipelineSession:
    """One session."""

    def __init__(self, kit: PipelineFactory, talks: SessionListener, model: str) -> None:
        self._kit, self._talks, self._model = kit, talks, model
        self._loop = asyncio.get_running_loop()
        self._setup: asyncio.Future[SessionConfig] = self._loop.create_future()
        self._name = next(_sessions)
        self._items = 0
        self._history = ChatHistory()
        self._text: LlmClient | None = None
        self._wanted = LlmRequest("", (), None)
        self._listening: UserTurn | None = None
        self._mouth: TextToSpeech | None = None
        self._answering: AgentTurn | None = None
        self._task: asyncio.Task[None] | None = None
        self._sentence = 0
        self._student: str | None = None
        self._due = False
        self._spent: dict[str, int] = {}
        self._ready = self._over = False

    @property
    def blocked_since(self) -> float | None:
        """Since when the transcriber takes nothing."""
        return self._listening.blocked_since if self._listening is not None else None

    async def connect(self) -> None:
        """Load the text model and open the transcriber's and the speaker's sockets, all at once."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                self._tell(VoiceOpened())
                setup = await self._setup
                self._wanted = LlmRequest(setup.instructions, setup.tools, setup.max_output_tokens)
                http = self._kit.http()
                self._listening = self._kit.listening(setup, self)
                self._mouth = self._kit.mouth(setup, self._said, self.socket_lost)
                opening = (self._listening.open(http), self._mouth.open(http), self._load())
                await _all(*opening)
        except (ProviderSocketError, TimeoutError, *BROKEN) as error:
            self.socket_lost(f"not reached: {str(error) or type(error).__name__}")
            return
        self._ready = True
        self._tell(VoiceReady())

    def send_audio(self, payload: str) -> None:
        """The student's sound."""
        if not self._ready or self._over or self._listening is None:
            return
        try:
            sound = base64.b64decode(payload)
        except binascii.Error:
            return
        self._listening.take(sound)

    def send(self, command: VoiceCommand) -> None:
        """A command. What it makes happen is told later."""
        match command:
            case Configure(setup):
                if not self._setup.done():
                    self._setup.set_result(setup)
            case RespondWith(instructions):
                self._asked(in_words=False, instructions=instructions)
            case Respond(in_words):
                self._asked(in_words=in_words)
            case Cancel():
                self._cancel()
            case Truncate(item, heard_ms):
                self._history.cut(item, heard_ms)
            case ToolResult(tool_call, output):
                self._history.add_tool_result(tool_call, output)
            case SystemNote(words):
                self._history.add_system(words)
            case ReplayMessage(item, who, words):
                self._history.replay(item, who, words)
            case ReplayToolCall(item, tool_call, name, arguments):
                self._history.replay_tool_call(item, ToolCallEntry(tool_call, tool_call, name, arguments))

    def close(self) -> None:
        """Leave all three."""
        if self._over:
            return
        self._over = True
        if self._task is not None:
            self._task.cancel()
            self._kit.leave(settled(self._task))
        for part in (self._listening, self._mouth):
            if part is not None:
                part.close()

    # -- the student (`user_turn.UserTurnListener`) ----------------------------------------------------------------------------

    def speech_started(self) -> None:
        """Their turn has its place in the talk from here on."""
        self._tell(SpeechStarted())
        if self._student is None:
            self._student = self._item("student")
            self._tell(ItemAdded(self._student, None, "student"))

    def speech_stopped(self, end_ms: int) -> None:
        """Their words come in a moment."""
        self._tell(SpeechStopped(end_ms))

    def turn(self, words: str | None, usage: Mapping[str, int]) -> None:
        """Answer, unless an answer is being made or waits for a tool: then it will know these words, or follow."""
        item, self._student = self._student or self._item("student"), None
        self._tell(UserTranscript(item, words, usage))
        self._history.add_user(words or "")
        if self._answering is not None:
            self._due = self._due or bool(words)
        elif self._history.waits_for_tools:
            return
        elif words:
            self._answer(in_words=False)
        else:  # somebody waits for an answer that does not come: there was nothing to answer
            self._tell(ResponseStarted(), ResponseDone("completed"))

    def fault(self, fault: Fault) -> None:
        """The transcriber or the speaker complains."""
        self._tell(VoiceFault(fault.code, fault.says, fatal=True, renewable=fault.renewable))

    def socket_lost(self, says: str) -> None:
        """A part was not had, or is lost: the whole is."""
        if self._over:
            return
        self.close()
        self._loop.call_soon(self._talks.voice_lost, self, says)

    # -- answers -----------------------------------------------------------------------------------------------------

    def _asked(self, *, in_words: bool, instructions: str = "") -> None:
        """The bridge asks for an answer; where one is being made it will ask again."""
        if self._answering is not None:
            code = "conversation_already_has_active_response"
            self._tell(VoiceFault(code, "an answer is being made", fatal=False))
            return
        if instructions:
            self._history.add_system(instructions)
        self._answer(in_words=in_words)

    def _answer(self, *, in_words: bool) -> None:
        assert self._text is not None
        assert self._mouth is not None
        history = self._history.entries
        answering = AgentTurn(self._history.add_assistant(self._item("ava")), self._sentence, self._mouth, self._tell)
        self._answering = answering
        self._tell(ResponseStarted())
        self._task = self._loop.create_task(answering.run(self._text, self._wanted, history, in_words=in_words))
        self._task.add_done_callback(lambda task: self._made(answering, task))

    def _made(self, answering: AgentTurn, task: "asyncio.Task[None]") -> None:
        """An answer's task is over: whole, or by an error; of one that was cancelled only the cost is not told yet."""
        error = None if task.cancelled() else task.exception()
        add_usage(self._spent, answering.usage)
        if answering is not self._answering:
            return
        self._leave(answering)
        match error:
            case None:
                self._ended("completed")
                if self._due and not self._history.waits_for_tools:
                    self._answer(in_words=False)
                self._due = False
            case LlmError(fatal=False):
                self._stop(answering)
                self._ended("failed", f"{error.code}: {error}")
            case LlmError():
                self._tell(VoiceFault(error.code, str(error), fatal=True))
            case SilentTtsError():
                self._tell(VoiceFault("tts_silent", str(error), fatal=True, renewable=True))
            case _:
                log.error("the cascade failed", exc_info=error)
                self.socket_lost(f"the cascade failed: {type(error).__name__}")

    def _cancel(self) -> None:
        answering, task = self._answering, self._task
        if answering is None or task is None:
            return
        self._leave(answering)
        self._due = False
        task.cancel()
        self._kit.leave(settled(task))
        self._stop(answering)
        self._ended("cancelled")

    def _ended(self, status: str, fault: str | None = None) -> None:
        """Tell the end of an answer, and what was used since the one before."""
        spent, self._spent = self._spent, {}
        self._tell(ResponseDone(status, fault, spent))

    def _leave(self, answering: AgentTurn) -> None:
        self._answering, self._sentence = None, answering.next

    def _stop(self, answering: AgentTurn) -> None:
        if self._mouth is not None:
            self._mouth.stop()
        answering.interrupt()

    def _said(self, event: TtsEvent) -> None:
        """Something came from the speaker; of an answer that is not made any more, nothing."""
        if isinstance(event, Fault):
            self.fault(event)
        elif self._answering is not None:
            self._answering.said(event)

    # -- inside ------------------------------------------------------------------------------------------------------

    async def _load(self) -> None:
        self._text = await self._kit.text(self._model)

    def _item(self, kind: str) -> str:
        self._items += 1
        return f"{kind}_{self._name}_{self._items}"

    def _tell(self, *events: VoiceEvent) -> None:
        for event in events:
            self._loop.call_soon(self._pass, event)

    def _pass(self, event: VoiceEvent) -> None:
        if not self._over:
            self._talks.voice_event(self, event)


async def _all(*waits: Awaitable[None]) -> None:
    """Wait for all of them; the first error ends the others and is raised."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
