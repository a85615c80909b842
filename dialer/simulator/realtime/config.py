"""Session configuration: validation, defaults and updates, as in the OpenAI Realtime API reference."""

import copy
from collections.abc import Mapping
from typing import Any

from dialer.simulator.realtime.checks import EventError, bad_value, missing
from dialer.simulator.realtime.shapes import CONTENT_OF, ITEM, RESPONSE, SESSION

BETA_KEYS = frozenset(
    {
        "modalities",
        "voice",
        "speed",
        "input_audio_format",
        "output_audio_format",
        "input_audio_transcription",
        "input_audio_noise_reduction",
        "turn_detection",
        "temperature",
        "max_response_output_tokens",
    }
)
BETA_EVENTS = frozenset({"transcription_session.update"})


def check_session(session: Any, model: str, effective: Mapping[str, Any], *, has_spoken: bool) -> None:
    """Validate a `session.update`. Raises EventError; an update is applied as a whole or not at all."""
    if not isinstance(session, dict):
        raise missing("session")
    if "type" not in session:
        raise missing("session.type")
    SESSION(session, "session")
    if session.get("model", model) != model:
        raise EventError("invalid_value", "The session's model cannot be changed.", "session.model")
    _check_reasoning(session, model, "session")
    voice = session.get("audio", {}).get("output", {}).get("voice")
    if has_spoken and voice is not None and voice != effective["audio"]["output"]["voice"]:
        raise EventError(
            "cannot_update_voice",
            "Cannot update a conversation's voice if assistant audio is present.",
            "session.audio.output.voice",
        )
    transcription = session.get("audio", {}).get("input", {}).get("transcription") or {}
    path = "session.audio.input.transcription"
    if "delay" in transcription and transcription.get("model") != "gpt-realtime-whisper":
        raise EventError("invalid_value", f"'{path}.delay' needs gpt-realtime-whisper.", f"{path}.delay")
    for key in ("languages", "keywords"):
        if key in transcription and transcription.get("model") not in ("gpt-transcribe", "gpt-live-transcribe"):
            raise EventError("invalid_value", f"'{path}.{key}' needs gpt-transcribe.", f"{path}.{key}")


def check_response(response: Any, model: str) -> None:
    """Validate the `response` of a `response.create`. Raises EventError."""
    RESPONSE(response, "response")
    _check_reasoning(response, model, "response")
    metadata = response.get("metadata") or {}
    if len(metadata) > 16:
        raise EventError("invalid_value", "At most 16 pairs of metadata.", "response.metadata")
    for key, value in metadata.items():
        if len(key) > 64 or not isinstance(value, str) or len(value) > 512:
            raise EventError("invalid_value", f"Metadata {key!r:.70} is too long or no string.", "response.metadata")


def check_item(item: Any) -> None:
    """Validate the `item` of a `conversation.item.create`. Raises EventError."""
    if item is None:
        raise missing("item")
    ITEM(item, "item")
    if item["type"] == "item_reference":
        raise bad_value("item.type", "item_reference", ("message", "function_call", "function_call_output"))
    if item["type"] != "message":
        return
    for place, part in enumerate(item["content"]):
        path = f"item.content[{place}].type"
        if part["type"] not in CONTENT_OF[item["role"]]:
            raise bad_value(path, part["type"], sorted(CONTENT_OF[item["role"]]))
        if part["type"] == "output_audio":
            raise EventError("invalid_value", "Assistant audio cannot be added to a conversation.", path)


def _check_reasoning(value: Mapping[str, Any], model: str, path: str) -> None:
    """Reject `reasoning` and `parallel_tool_calls` for models other than the gpt-realtime-2 family."""
    for key in ("reasoning", "parallel_tool_calls"):
        if value.get(key) is not None and not model.startswith("gpt-realtime-2.") and model != "gpt-realtime-2":
            raise EventError("unsupported_parameter", f"'{path}.{key}' is not supported with {model}.", f"{path}.{key}")


def default_session(session_id: str, model: str, expires_at: int) -> dict[str, Any]:
    """Return the session of `session.created`: the server's defaults, with 24 kHz PCM in both directions."""
    pcm = {"type": "audio/pcm", "rate": 24000}
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": model,
        "output_modalities": ["audio"],
        "instructions": "You are a helpful assistant.",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "expires_at": expires_at,
        "audio": {
            "input": {
                "format": dict(pcm),
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": dict(_SERVER_VAD),
            },
            "output": {"format": dict(pcm), "voice": "marin", "speed": 1.0},
        },
        "include": None,
    }


_SERVER_VAD = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
_SEMANTIC_VAD = {"type": "semantic_vad", "eagerness": "auto", "create_response": True, "interrupt_response": True}


def merged_session(effective: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration after an update: only keys that are present change."""
    new = copy.deepcopy(dict(effective))
    for key, value in change.items():
        if key == "audio":
            for side, settings in value.items():
                new["audio"][side] |= settings
        else:
            new[key] = value
    turns = new["audio"]["input"]["turn_detection"]
    if turns is not None:
        defaults = _SERVER_VAD if turns["type"] == "server_vad" else _SEMANTIC_VAD
        old = effective["audio"]["input"]["turn_detection"]
        inherited = old if old is not None and old["type"] == turns["type"] else {}
        new["audio"]["input"]["turn_detection"] = {**defaults, **inherited, **turns}
    return new
