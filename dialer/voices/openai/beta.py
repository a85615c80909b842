"""The retired Beta shapes of OpenAI's realtime interface, for compatible servers that still speak them (§7).

Everything is the GA protocol's own, translated by name on the way out and back; what has no other name passes as it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dialer.voices.openai import realtime
from dialer.voices.openai.realtime import OpenAIRealtime
from dialer.voices.port import Configure, VoiceCommand, VoiceEvent, VoiceReady

FORMAT = "g711_ulaw"
IN: Mapping[str, str] = {
    "conversation.item.created": "conversation.item.added",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
}
CONTENT: Mapping[str, str] = {"output_text": "text", "output_audio": "audio"}
_type = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def headers(api_key: str) -> dict[str, str]:
    """The handshake's headers: here the Beta's own is asked for."""
    return {"Authorization": f"Bearer {api_key}", "OpenAI-Beta": "realtime=v1"}


class OpenAIBeta(OpenAIRealtime):
    """A session's protocol (`voices.session.Codec`)."""

    def encode(self, command: VoiceCommand) -> tuple[bytes]:
        """A command in the Beta's shape."""
        event = msgspec.json.decode(realtime.encode(command))
        if isinstance(command, Configure):
            event["session"] = _session(event["session"])
        for part in event.get("item", {}).get("content", ()):
            part["type"] = CONTENT.get(part["type"], part["type"])
        return (msgspec.json.encode(event),)

    def decode(self, message: bytes | memoryview) -> Sequence[VoiceEvent]:
        """An event of the Beta's, read by its GA name."""
        try:
            event = _type(message)
            kind = msgspec.json.decode(event["type"], type=str)
        except (msgspec.DecodeError, KeyError, UnicodeDecodeError, RecursionError):
            return super().decode(message)
        if kind == "session.updated":
            return self._checked(message)
        if (named := IN.get(kind)) is None:
            return super().decode(message)
        return super().decode(msgspec.json.encode({**event, "type": named}))

    def _checked(self, message: bytes | memoryview) -> Sequence[VoiceEvent]:
        session = msgspec.json.decode(message).get("session") or {}
        if session.get("input_audio_format") == session.get("output_audio_format") == FORMAT:
            return (VoiceReady(),)
        return super().decode(message)  # the GA's shape is not there: refused by it


def _session(session: Mapping[str, Any]) -> dict[str, Any]:
    """A GA session as the Beta had it: flat, and without its type."""
    ears, mouth = session["audio"]["input"], session["audio"]["output"]
    return {
        "modalities": ["audio", "text"],
        "instructions": session["instructions"],
        "voice": mouth["voice"],
        "input_audio_format": FORMAT,
        "output_audio_format": FORMAT,
        "input_audio_transcription": ears["transcription"],
        "turn_detection": ears["turn_detection"],
        "tools": session["tools"],
        "tool_choice": session["tool_choice"],
        **({"speed": mouth["speed"]} if "speed" in mouth else {}),
        **({"input_audio_noise_reduction": ears["noise_reduction"]} if "noise_reduction" in ears else {}),
        **({"max_response_output_tokens": session["max_output_tokens"]} if "max_output_tokens" in session else {}),
    }
