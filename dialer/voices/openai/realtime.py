"""OpenAI's realtime voice, GA interface (openai-realtime.md). Pure: events in and out, no socket.

`session.update` is all or nothing, so it holds documented keys only, and `session.updated` is checked before the
voice counts as ready: a refused update would leave 24 kHz PCM, which on a phone is noise.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, assert_never
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from dialer.voices.openai.events import IGNORED
from dialer.voices.openai.session_config import PHONE_FORMAT, session_config
from dialer.voices.openai.usage import response_usage, transcription_usage
from dialer.voices.port import (
    AgentTranscript,
    AgentTranscriptDelta,
    Audio,
    Cancel,
    Configure,
    Ignored,
    ItemAdded,
    RateLimit,
    ReplayMessage,
    ReplayToolCall,
    Respond,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    SpeechStarted,
    SpeechStopped,
    SystemNote,
    ToolCalled,
    ToolResult,
    Truncate,
    UserTranscript,
    VoiceCommand,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)
from dialer.voices.session import Capabilities

SETUP_EVENT = "setup"
# The session will never be what the call needs, nor would another one be (§6).
FATAL_CODES = frozenset({"beta_api_shape_disabled", "invalid_api_key", "insufficient_quota"})
EXPIRED = "session_expired"
AZURE = (".openai.azure.com", ".cognitiveservices.azure.com")
# Read below; in the wrong shape they mean nothing, but are no strangers.
READ = frozenset({"conversation.item.added", "response.output_item.done", "response.done", "error"})


class _Item(msgspec.Struct, gc=False):
    id: str = ""
    type: str = ""
    role: str | None = None
    status: str | None = None
    name: str = ""
    call_id: str = ""
    arguments: str = ""


class _Fault(msgspec.Struct, gc=False):
    type: str = ""
    code: str | None = None
    message: str = ""
    event_id: str | None = None


class _StatusDetails(msgspec.Struct, gc=False):
    reason: str | None = None
    error: _Fault | None = None


class _Response(msgspec.Struct, gc=False):
    id: str = ""
    status: str = ""
    status_details: _StatusDetails | None = None
    usage: dict[str, Any] | None = None
    conversation_id: str | None = None


class _RateLimit(msgspec.Struct, gc=False):
    name: str = ""
    limit: float = 0
    remaining: float = 0
    reset_seconds: float = 0


class _Event(msgspec.Struct, gc=False):
    type: str
    delta: str = ""
    item_id: str = ""
    item: _Item | None = None
    previous_item_id: str | None = None
    transcript: str = ""
    response: _Response | None = None
    session: dict[str, Any] | None = None
    error: _Fault | None = None
    audio_end_ms: int = 0
    usage: dict[str, Any] | None = None
    rate_limits: list[_RateLimit] | None = None


_decode = msgspec.json.Decoder(_Event).decode
_is_base64 = re.compile(r"[A-Za-z0-9+/]*={0,2}").fullmatch


CAPABILITIES = Capabilities(
    audio="audio/pcmu, 8 kHz, both ways", truncates=True, cancels=True, transcribes="both", tools=True
)


def address(url: str, model: str) -> str:
    """The socket's address: the whole configured address, and the model (at Azure: the deployment) as the only query (§1).

    At Azure no `api-version` may be sent (§8): one that stands in the address is left out.
    """
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if not (is_azure(url) and name == "api-version")]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode([*query, ("model", model)]), ""))


def headers(api_key: str, url: str = "") -> dict[str, str]:
    """The handshake's headers; never OpenAI-Beta, which is answered with a close (§0). Azure takes its keys apart (§8)."""
    return {"api-key": api_key} if is_azure(url) else {"Authorization": f"Bearer {api_key}"}


def is_azure(url: str) -> bool:
    """Whether an address is a resource of Azure's."""
    return (urlsplit(url).hostname or "").endswith(AZURE)


def encode(command: VoiceCommand) -> bytes:
    """A command as one JSON text frame."""
    match command:
        case Configure(setup):
            event: dict[str, Any] = {
                "type": "session.update",
                "event_id": SETUP_EVENT,
                "session": session_config(setup),
            }
        case RespondWith(instructions):
            event = {"type": "response.create", "response": {"instructions": instructions}}
        case Respond(in_words=True):
            event = {"type": "response.create", "response": {"tool_choice": "none"}}
        case Respond():
            event = {"type": "response.create"}
        case Cancel():
            event = {"type": "response.cancel"}
        case Truncate(item, heard_ms):
            event = {
                "type": "conversation.item.truncate",
                "item_id": item,
                "content_index": 0,
                "audio_end_ms": heard_ms,
            }
        case ToolResult(tool_call, output):
            event = _item({"type": "function_call_output", "call_id": tool_call, "output": output})
        case ReplayMessage(item, "ava", words):
            event = _item({"id": item, **_message("assistant", "output_text", words)})
        case ReplayMessage(item, _, words):
            event = _item({"id": item, **_message("user", "input_text", words)})
        case SystemNote(words):
            event = _item(_message("system", "input_text", words))
        case ReplayToolCall(item, tool_call, name, arguments):
            called = {"type": "function_call", "call_id": tool_call, "name": name, "arguments": arguments}
            event = _item({"id": item, **called})
        case other:
            assert_never(other)
    return msgspec.json.encode(event)


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "conversation.item.create", "item": item}


def _message(role: str, kind: str, words: str) -> Mapping[str, Any]:
    """A turn in writing; sound of the assistant cannot be added (§3)."""
    return {"type": "message", "role": role, "content": [{"type": kind, "text": words}]}


def encode_audio(payload: str) -> bytes:
    """The student's audio, base64 as it came from the carrier."""
    return f'{{"type":"input_audio_buffer.append","audio":"{payload}"}}'.encode()


def decode(frame: bytes | memoryview) -> VoiceEvent:
    """Read one server event; an unknown or malformed one is Nothing, for new kinds appear without notice (§4)."""
    try:
        return _meaning(_decode(frame))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError, TypeError):
        return Ignored("malformed")


def _meaning(event: _Event) -> VoiceEvent:
    match event.type:
        case "response.output_audio.delta":
            # It goes into a message to the carrier as it is: nothing but base64 may.
            return (
                Audio(event.item_id, event.delta)
                if _is_base64(event.delta) and not len(event.delta) % 4
                else Ignored("malformed")
            )
        case "session.created":
            return VoiceOpened()
        case "session.updated":
            return _checked(event.session or {})
        case "conversation.item.added" if event.item:
            return ItemAdded(event.item.id, event.previous_item_id, _speaker(event.item))
        case "input_audio_buffer.committed":
            return ItemAdded(event.item_id, event.previous_item_id, "student")
        case "input_audio_buffer.speech_started":
            return SpeechStarted()
        case "input_audio_buffer.speech_stopped":
            return SpeechStopped(event.audio_end_ms)
        case "response.output_audio_transcript.delta":
            return AgentTranscriptDelta(event.item_id, event.delta)
        case "response.output_audio_transcript.done":
            return AgentTranscript(event.item_id, event.transcript)
        case "conversation.item.input_audio_transcription.completed":
            return UserTranscript(event.item_id, event.transcript.strip(), transcription_usage(event.usage or {}))
        case "conversation.item.input_audio_transcription.failed":
            return UserTranscript(event.item_id, None)
        case "response.created":
            return ResponseStarted()
        case "response.output_item.done" if event.item and event.item.type == "function_call":
            item = event.item
            # A call that was cut off has incomplete arguments and is not to be run (§5).
            return (
                ToolCalled(item.call_id, item.id, item.name, item.arguments)
                if item.status == "completed"
                else Ignored("cut")
            )
        case "response.done" if event.response:
            return _answer_ended(event.response)
        case "error" if event.error:
            return _fault(event.error)
        case "rate_limits.updated":
            return _rate_limit(event.rate_limits or [])
        case other:
            return Ignored(other, unknown=other not in IGNORED and other not in READ)


def _checked(session: Mapping[str, Any]) -> VoiceEvent:
    audio = session.get("audio") or {}
    formats = [(audio.get(side) or {}).get("format") or {} for side in ("input", "output")]
    if all(each.get("type") == PHONE_FORMAT["type"] for each in formats):
        return VoiceReady()
    return VoiceFault("wrong_format", f"the session's audio is {json.dumps(formats)}, not µ-law", fatal=True)


def _speaker(item: _Item) -> str | None:
    if item.type != "message":
        return None
    return {"assistant": "ava", "user": "student"}.get(item.role or "")


def _answer_ended(response: _Response) -> ResponseDone:
    error = response.status_details.error if response.status_details else None
    fault = (error.code or error.type or "failed") if error else ("failed" if response.status == "failed" else None)
    return ResponseDone(response.status, fault, response_usage(response.usage or {}), hopeless=fault in FATAL_CODES)


def _rate_limit(limits: list[_RateLimit]) -> VoiceEvent:
    """The tokens a minute: calls end where they are used up, requests are far from it."""
    for each in limits:
        if each.name == "tokens" and each.limit > 0:
            return RateLimit(max(0.0, each.remaining / each.limit), each.reset_seconds)
    return Ignored("rate_limits.updated")


def _fault(error: _Fault) -> VoiceFault:
    code = error.code or error.type or "error"
    fatal = code == EXPIRED or code in FATAL_CODES or error.event_id == SETUP_EVENT
    return VoiceFault(code, error.message, fatal=fatal, renewable=code == EXPIRED)


class OpenAIRealtime:
    """A session's protocol (`voices.session.Codec`); it remembers nothing."""

    listens = False

    def opened(self) -> Sequence[VoiceEvent]:
        """Nothing: the server speaks first."""
        return ()

    def heard(self) -> Sequence[VoiceEvent]:
        """Nothing: the server tells when somebody speaks."""
        return ()

    def encode(self, command: VoiceCommand) -> tuple[bytes]:
        """See `encode`."""
        return (encode(command),)

    encode_audio = staticmethod(encode_audio)

    def decode(self, message: bytes | memoryview) -> Sequence[VoiceEvent]:
        """See `decode`."""
        return (decode(message),)
