"""ElevenLabs' streaming transcription (Scribe) as a transcriber (speech.md §5), committed by us where a turn ends."""

import base64
from collections.abc import Sequence

from dialer.voices.pipeline.json_fields import read, text_of, write
from dialer.voices.pipeline.port import Endpoint, Fault, Message, Ready, SttEvent, TurnTranscript
from dialer.voices.pipeline.urls import socket_url
from dialer.voices.port import SessionConfig

NOTHING_SAID = frozenset({"commit_throttled", "insufficient_audio_activity"})
"""Complaints about one commit only: there was too little to transcribe."""
COMPLAINTS = NOTHING_SAID | {
    *("error", "auth_error", "quota_exceeded_error", "transcriber_error", "input_error", "unaccepted_terms_error"),
    *("rate_limited", "queue_overflow", "resource_exhausted", "session_time_limit_exceeded", "chunk_size_exceeded"),
}
HOPELESS = frozenset({"auth_error", "quota_exceeded_error", "unaccepted_terms_error"})


def endpoint(base: str, key: str, model: str, setup: SessionConfig) -> Endpoint:
    """The socket's address for a call; without timestamps, so that a commit is answered once."""
    query = [
        ("model_id", model),
        ("audio_format", "ulaw_8000"),
        ("commit_strategy", "manual"),
        *((("language_code", setup.language),) if len(setup.languages) < 2 else ()),
        *(("keyterms", word) for word in setup.keywords),
    ]
    return Endpoint(socket_url(base, "/v1/speech-to-text/realtime", query), {"xi-api-key": key})


class ElevenLabs:
    """One session (`port.Transcriber`)."""

    minds_turns = False
    idle_s: float | None = None

    def __init__(self, model: str) -> None:
        self.model = model
        self._partial = ""

    def opened(self) -> Sequence[Message]:
        """Everything was said in the address."""
        return ()

    def is_ready(self) -> bool:
        """It says so."""
        return False

    def sound(self, ulaw: bytes) -> Sequence[Message]:
        """In base64."""
        return (_chunk(ulaw, commit=False),)

    def end_turn(self) -> Sequence[Message]:
        """A commit is an empty piece."""
        return (_chunk(b"", commit=True),)

    def give_up(self) -> str:
        """The words of the turn so far."""
        words, self._partial = self._partial, ""
        return words

    def idle(self) -> Sequence[Message]:
        """Nothing is known that it would want."""
        return ()

    def bye(self) -> Sequence[Message]:
        """It is just left."""
        return ()

    def decode(self, message: Message) -> Sequence[SttEvent]:
        """Words so far, all words of a turn, or a complaint."""
        said = read(message)
        kind = text_of(said, "message_type")
        match kind:
            case "session_started":
                return (Ready(),)
            case "partial_transcript":
                self._partial = text_of(said, "text").strip()
            case "committed_transcript":
                self._partial = ""
                return (TurnTranscript(text_of(said, "text").strip()),)
            case _ if kind in NOTHING_SAID:
                return (TurnTranscript(self.give_up()),)
            case _ if kind in COMPLAINTS:
                return (Fault(kind, text_of(said, "error") or kind, renewable=kind not in HOPELESS),)
        return ()


def _chunk(ulaw: bytes, *, commit: bool) -> str:
    sound = base64.b64encode(ulaw).decode()
    return write(message_type="input_audio_chunk", audio_base_64=sound, commit=commit, sample_rate=8000)
