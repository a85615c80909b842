"""Gemini Live as a voice (gemini-live.md §1): one session's protocol, with the memory that it asks of its client.

It speaks 16 kHz PCM in and 24 kHz PCM out, says nothing when somebody begins to speak, goes on by itself after a tool's
result, cannot be told to stop, and cannot be told what was heard of an answer. What the bridge needs to know is told from
the sound (`voices.vad`) and from the order of its messages; its capabilities say what it cannot do.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, assert_never
from urllib.parse import urlsplit, urlunsplit

import msgspec

from dialer.audio import ulaw
from dialer.audio.resample import Downsampler, Upsampler
from dialer.audio.vad.energy import EnergyVad
from dialer.voices.gemini import wire
from dialer.voices.gemini.setup import setup_message
from dialer.voices.port import (
    AgentTranscript,
    AgentTranscriptDelta,
    Audio,
    Cancel,
    Configure,
    Ignored,
    ItemAdded,
    ReplayMessage,
    ReplayToolCall,
    Respond,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    ResumptionHandle,
    SessionExpiring,
    SpeechStarted,
    SpeechStopped,
    SystemNote,
    ToolCalled,
    ToolResult,
    Truncate,
    UserTranscript,
    VoiceCommand,
    VoiceEvent,
    VoiceOpened,
    VoiceReady,
)
from dialer.voices.session import Capabilities

CAPABILITIES = Capabilities(
    audio="PCM16, 16 kHz in, 24 kHz out", truncates=False, cancels=False, transcribes="both", tools=True, resumes=True
)
PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
IN_WORDS = "Answer now in words, without calling a function."
INSTRUCTED = "Instruction of the house, not words of the student: "


def url(base: str, model: str) -> str:
    """The socket's address; the model is named in the first message. http and https bases become ws and wss."""
    parts = urlsplit(base)
    scheme = {"https": "wss", "http": "ws"}.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, f"{parts.path.rstrip('/')}{PATH}", "", ""))


def headers(api_key: str) -> dict[str, str]:
    """The handshake's headers: the key is not put into the address, which is logged by proxies."""
    return {"x-goog-api-key": api_key}


class GeminiLive:
    """One session (`voices.session.Codec`)."""

    listens = True

    def __init__(self) -> None:
        self._up, self._down = Upsampler(), Downsampler()
        self._vad = EnergyVad(1000)
        self._heard: list[VoiceEvent] = []
        self._items = 0
        self._answer: str | None = None
        self._said = ""
        self._student: str | None = None
        self._student_words = ""
        self._tools: dict[str, str] = {}
        self._cancelled: set[str] = set()
        self._cut = False
        self._goes_on = False
        self._resumed = False
        self._usage: Mapping[str, int] = {}

    # -- commands ----------------------------------------------------------------------------------------------------

    def opened(self) -> Sequence[VoiceEvent]:
        """The server says nothing before it is set up: an open socket is all there is."""
        return (VoiceOpened(),)

    def encode(self, command: VoiceCommand) -> Sequence[bytes]:
        """A command as messages, each with exactly one key."""
        match command:
            case Configure(setup):
                self._vad.silence_ms = setup.vad_silence_ms
                self._resumed = bool(setup.resume)
                return (_message("setup", setup_message(setup)),)
            case RespondWith(instructions):
                self._goes_on = False
                return (_content(INSTRUCTED + instructions, complete=True),)
            case Respond(in_words):
                if self._goes_on:  # a result was sent: the model answers to it by itself
                    self._goes_on = False
                    return ()
                return (_content(INSTRUCTED + IN_WORDS, complete=True),) if in_words else (_go_on(),)
            case ToolResult(tool_call, output):
                return self._result(tool_call, output)
            case SystemNote(words):
                return (_content(INSTRUCTED + words, complete=False),)
            case ReplayMessage(_, who, words):
                return (
                    ()
                    if self._resumed
                    else (_content(words, complete=False, role="model" if who == "ava" else "user"),)
                )
            case ReplayToolCall(_, tool_call, name, arguments):
                if self._resumed:
                    return ()
                self._tools.pop(tool_call, None)  # of a session that is gone: its result is told in words
                return (_content(f"{INSTRUCTED}you called {name} with {arguments}.", complete=False),)
            case Cancel() | Truncate():
                return ()
            case other:
                assert_never(other)

    def encode_audio(self, payload: str) -> bytes:
        """The student's sound at 16 kHz; what it means is asked for afterwards, see `heard`."""
        change = self._vad.take(payload)
        if change is True:
            self._heard.append(SpeechStarted())
        elif change is False:
            self._heard.append(SpeechStopped(round(self._vad.now_ms - self._vad.silence_ms)))
        pcm = self._up.take(ulaw.ulaw_decode(_bytes(payload)))
        data = base64.b64encode(ulaw.pcm_to_bytes(pcm)).decode()
        return f'{{"realtimeInput":{{"audio":{{"data":"{data}","mimeType":"audio/pcm;rate=16000"}}}}}}'.encode()

    def heard(self) -> Sequence[VoiceEvent]:
        """What the sound given last means."""
        if not self._heard:
            return ()
        heard, self._heard = self._heard, []
        return heard

    def _result(self, tool_call: str, output: str) -> Sequence[bytes]:
        name = self._tools.pop(tool_call, None)
        if tool_call in self._cancelled:  # the student spoke meanwhile, and is answered instead
            self._goes_on = True
            return ()
        if name is None:  # asked for in a session that is gone
            return () if self._resumed else (_content(f"{INSTRUCTED}the result was {output}", complete=False),)
        self._goes_on = True
        try:
            response = {"output": msgspec.json.decode(output)}
        except msgspec.DecodeError:
            response = {"output": output}
        return (
            _message("toolResponse", {"functionResponses": [{"id": tool_call, "name": name, "response": response}]}),
        )

    # -- events ------------------------------------------------------------------------------------------------------

    def decode(self, message: bytes | memoryview) -> Sequence[VoiceEvent]:
        """What one message says; several keys may stand beside each other."""
        try:
            said = wire.decode(message)
            unknown = [key for key in wire.keys(message) if key not in wire.KNOWN]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return (Ignored("malformed"),)
        events: list[VoiceEvent] = [Ignored(key, unknown=True) for key in unknown]
        if said.usage_metadata is not None:
            self._usage = _sum(self._usage, wire.usage_of(said.usage_metadata))
        if said.setup_complete is not None:
            events.append(VoiceReady())
        if said.server_content is not None:
            events += self._content(said.server_content)
        if said.tool_call is not None:
            events += self._calls(said.tool_call.function_calls)
        if said.tool_call_cancellation is not None:
            self._cancelled.update(said.tool_call_cancellation.ids)
        if said.go_away is not None:
            events.append(SessionExpiring(wire.seconds(said.go_away.time_left)))
        update = said.session_resumption_update
        if update is not None and update.resumable and update.new_handle:
            events.append(ResumptionHandle(update.new_handle))
        return events or (Ignored("nothing new"),)

    def _content(self, content: wire.ServerContent) -> list[VoiceEvent]:
        events: list[VoiceEvent] = []
        if content.input_transcription is not None:
            events += self._student_said(content.input_transcription)
        parts = content.model_turn.parts if content.model_turn else []
        sounds = [part.inline_data.data for part in parts if part.inline_data and part.inline_data.data]
        words = content.output_transcription.text if content.output_transcription else ""
        if (sounds or words) and self._answer is None:
            events += self._begin()
        if words and self._answer is not None:
            self._said += words
            events.append(AgentTranscriptDelta(self._answer, words))
        for sound in sounds:
            if self._answer is not None and (payload := self._ulaw(sound)):
                events.append(Audio(self._answer, payload))
        if content.interrupted:
            events += self._end("cancelled")
            self._cut = True
        elif content.turn_complete:
            # A turn that was interrupted is told to be complete too: it ended when it was cut.
            events += self._student_done() if self._cut else self._end("completed")
            self._cut = False
        return events

    def _begin(self) -> list[VoiceEvent]:
        """The model speaks: what the student said before is all there will be of it."""
        events = self._student_done()
        self._answer, self._said, self._cut = self._item("ava"), "", False
        self._down = Downsampler()
        return [*events, ResponseStarted(), ItemAdded(self._answer, None, "ava")]

    def _end(self, status: str) -> list[VoiceEvent]:
        events = self._student_done()
        usage, self._usage = self._usage, {}
        if self._answer is None:
            return [*events, ResponseDone(status, usage=usage)] if status == "completed" and not self._tools else events
        item, self._answer = self._answer, None
        return [*events, AgentTranscript(item, self._said.strip()), ResponseDone(status, usage=usage)]

    def _calls(self, calls: Sequence[wire.FunctionCall]) -> list[VoiceEvent]:
        """Tools are called: to the bridge that is an answer by itself, which ends before they are run."""
        events: list[VoiceEvent] = self._student_done()
        self._cut = False
        if self._answer is None:
            events.append(ResponseStarted())
        else:
            item, self._answer = self._answer, None
            events.append(AgentTranscript(item, self._said.strip()))
        for call in calls:
            tool_call = call.id or f"call_{self._items}"
            self._tools[tool_call] = call.name
            arguments = msgspec.json.encode(call.args).decode()
            events.append(ToolCalled(tool_call, self._item("tool"), call.name, arguments))
        return [*events, ResponseDone("completed")]

    def _student_said(self, transcription: wire.Transcription) -> list[VoiceEvent]:
        events: list[VoiceEvent] = []
        if transcription.text:
            if self._student is None:
                self._student, self._student_words = self._item("student"), ""
                events.append(ItemAdded(self._student, None, "student"))
            self._student_words += transcription.text
        return [*events, *(self._student_done() if transcription.finished else ())]

    def _student_done(self) -> list[VoiceEvent]:
        if self._student is None:
            return []
        item, self._student = self._student, None
        return [UserTranscript(item, self._student_words.strip())]

    def _item(self, kind: str) -> str:
        self._items += 1
        return f"{kind}_{id(self) & 0xFFFFFF:x}_{self._items}"

    def _ulaw(self, data: str) -> str:
        pcm = self._down.take(ulaw.pcm_from_bytes(_bytes(data)))
        return base64.b64encode(ulaw.ulaw_encode(pcm)).decode()


def _message(key: str, value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode({key: value})


def _content(words: str, *, complete: bool, role: str = "user") -> bytes:
    return _message("clientContent", {"turns": [{"role": role, "parts": [{"text": words}]}], "turnComplete": complete})


def _go_on() -> bytes:
    return _message("clientContent", {"turnComplete": True})


def _bytes(data: str) -> bytes:
    try:
        return base64.b64decode(data)
    except ValueError:
        return b""


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {kind: one.get(kind, 0) + other.get(kind, 0) for kind in one.keys() | other.keys()}
