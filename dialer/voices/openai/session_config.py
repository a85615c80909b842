"""What OpenAI's voice is set up with (openai-realtime.md §2): documented keys only, for one unknown key refuses them all."""

from collections.abc import Mapping
from typing import Any

from dialer.voices.port import SessionConfig

PHONE_FORMAT = {"type": "audio/pcmu"}
TAKES_KEYWORDS = frozenset({"gpt-transcribe", "gpt-live-transcribe"})


def session_config(setup: SessionConfig) -> Mapping[str, Any]:
    """The `session` of a `session.update`; what the script does not choose is not sent."""
    tools = [
        {"type": "function", "name": tool.name, "description": tool.description, "parameters": tool.parameters}
        for tool in setup.tools
    ]
    return {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": setup.instructions,
        "audio": {
            "input": {
                "format": PHONE_FORMAT,
                "transcription": transcriber(setup),
                "turn_detection": _turn_detection(setup),
                **({"noise_reduction": {"type": setup.noise_reduction}} if setup.noise_reduction else {}),
            },
            "output": {
                "format": PHONE_FORMAT,
                "voice": setup.voice_id,
                **({"speed": setup.speed} if setup.speed != 1 else {}),
            },
        },
        "tools": tools,
        "tool_choice": "auto",
        **({"max_output_tokens": setup.max_output_tokens} if setup.max_output_tokens else {}),
    }


def transcriber(setup: SessionConfig) -> Mapping[str, Any]:
    """Only two models take several languages and words to know (§2); to the others the first language is told."""
    asked: dict[str, Any] = {"model": setup.transcription_model}
    if setup.transcription_model in TAKES_KEYWORDS:
        if setup.languages:
            asked["languages"] = list(setup.languages)
        else:
            asked["language"] = setup.language
        if setup.keywords:
            asked["keywords"] = list(setup.keywords)
    elif not setup.languages:  # with several of them, the transcriber has to find out
        asked["language"] = setup.language
    return asked


def _turn_detection(setup: SessionConfig) -> Mapping[str, Any]:
    # A cough must not interrupt: who speaks is heard by the bridge.
    answers = {"create_response": True, "interrupt_response": False}
    if setup.vad_kind == "semantic_vad":
        return {"type": "semantic_vad", "eagerness": setup.vad_eagerness, **answers}
    return {
        "type": "server_vad",
        "threshold": setup.vad_threshold,
        "prefix_padding_ms": setup.vad_prefix_ms,
        "silence_duration_ms": setup.vad_silence_ms,
        **answers,
    }
