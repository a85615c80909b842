"""OpenAI's transcription sessions as a transcriber (openai-realtime.md §§1–4): the buffer is committed by us where a turn ends."""

import base64
from collections.abc import Sequence

from dialer.voices.openai.session_config import PHONE_FORMAT, transcriber
from dialer.voices.openai.usage import transcription_usage
from dialer.voices.pipeline.json_fields import object_of, read, text_of, write
from dialer.voices.pipeline.port import Endpoint, Fault, Message, Ready, SttEvent, TurnTranscript
from dialer.voices.pipeline.urls import socket_url
from dialer.voices.port import SessionConfig

DONE = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"
DELTA = "conversation.item.input_audio_transcription.delta"
NOTHING_SAID = frozenset({"input_audio_buffer_commit_empty"})
"""A complaint about one commit only: there was too little to transcribe."""
HOPELESS = frozenset({"insufficient_quota", "invalid_api_key", "model_not_found"})


def endpoint(base: str, key: str) -> Endpoint:
    """The socket's address; the model is named in the first message."""
    url = socket_url(base, "/realtime", [("intent", "transcription")])
    return Endpoint(url, {"Authorization": f"Bearer {key}"})


class OpenAI:
    """One session (`port.Transcriber`)."""

    minds_turns = False
    idle_s: float | None = None

    def __init__(self, setup: SessionConfig) -> None:
        self.model = setup.transcription_model
        self._setup = setup
        self._so_far: dict[str, str] = {}
        self._updated = False

    def opened(self) -> Sequence[Message]:
        """The whole setup; turns are not looked for."""
        heard = {
            "format": PHONE_FORMAT,
            "transcription": transcriber(self._setup),
            "turn_detection": None,
            **({"noise_reduction": {"type": self._setup.noise_reduction}} if self._setup.noise_reduction else {}),
        }
        return (write(type="session.update", session={"type": "transcription", "audio": {"input": heard}}),)

    def is_ready(self) -> bool:
        """It says so: before `session.updated` it would take the sound for 24 kHz."""
        return False

    def sound(self, ulaw: bytes) -> Sequence[Message]:
        """In base64."""
        return (write(type="input_audio_buffer.append", audio=base64.b64encode(ulaw).decode()),)

    def end_turn(self) -> Sequence[Message]:
        """What was appended is one item."""
        return (write(type="input_audio_buffer.commit"),)

    def give_up(self) -> str:
        """The words so far of what is being transcribed."""
        words, self._so_far = " ".join(self._so_far.values()).strip(), {}
        return words

    def idle(self) -> Sequence[Message]:
        """An open socket stays open."""
        return ()

    def bye(self) -> Sequence[Message]:
        """It is just left."""
        return ()

    def decode(self, message: Message) -> Sequence[SttEvent]:
        """Words so far, all words of a turn, or a complaint."""
        said = read(message)
        item = text_of(said, "item_id")
        match said.get("type"):
            case "session.updated":
                self._updated = True
                return (Ready(),)
            case kind if kind == DELTA:
                self._so_far[item] = self._so_far.get(item, "") + text_of(said, "delta")
            case kind if kind == DONE:
                self._so_far.pop(item, None)
                usage = transcription_usage(object_of(said, "usage"))
                return (TurnTranscript(text_of(said, "transcript").strip(), usage=usage),)
            case kind if kind == FAILED:
                self._so_far.pop(item, None)
                return (TurnTranscript(None),)
            case "error":
                return self._complaint(object_of(said, "error"))
        return ()

    def _complaint(self, error: dict[str, object]) -> Sequence[SttEvent]:
        code = text_of(error, "code") or text_of(error, "type") or "stt_error"
        if code in NOTHING_SAID:
            return (TurnTranscript(""),)
        # What is refused before the setup was taken will be refused again.
        hopeless = code in HOPELESS or not self._updated
        return (Fault(code, text_of(error, "message") or code, renewable=not hopeless),)
