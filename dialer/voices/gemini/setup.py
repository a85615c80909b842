"""What Gemini Live is set up with, in its first message (gemini-live.md §1)."""

from collections.abc import Mapping
from typing import Any

from dialer.voices.port import SessionConfig

OPENAI_VOICES = frozenset({"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"})
DEFAULT_VOICE = "Puck"
"""Who speaks where the script names a speaker of OpenAI's, as the shipped one does."""


def setup_message(setup: SessionConfig) -> Mapping[str, Any]:
    """The `setup` message's object, for one call."""
    model = setup.model if setup.model.startswith("models/") else f"models/{setup.model}"
    functions = [
        {"name": each.name, "description": each.description, "parameters": schema(each.parameters)}
        for each in setup.tools
    ]
    return {
        "model": model,
        "generationConfig": {
            "responseModalities": ["AUDIO"],
            "speechConfig": {
                "voiceConfig": {
                    "prebuiltVoiceConfig": {
                        "voiceName": DEFAULT_VOICE if setup.voice_id in OPENAI_VOICES else setup.voice_id
                    }
                }
            },
        },
        "systemInstruction": {"parts": [{"text": setup.instructions}]},
        **({"tools": [{"functionDeclarations": functions}]} if functions else {}),
        "realtimeInputConfig": {
            "automaticActivityDetection": {
                "prefixPaddingMs": setup.vad_prefix_ms,
                "silenceDurationMs": setup.vad_silence_ms,
            }
        },
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
        "sessionResumption": {"handle": setup.resume} if setup.resume else {},
        "contextWindowCompression": {"slidingWindow": {}},
    }


def schema(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON schema as Gemini declares functions: types in capitals, and only the keys that it knows."""
    made: dict[str, Any] = {}
    if isinstance(kind := parameters.get("type"), str):
        made["type"] = kind.upper()
    for name in ("description", "enum", "format", "required"):
        if name in parameters:
            made[name] = parameters[name]
    if isinstance(options := parameters.get("anyOf"), list):
        meant = next((each for each in options if isinstance(each, dict) and each.get("type") != "null"), {})
        made = {**schema(meant), **{key: made[key] for key in made if key != "type"}, "nullable": True}
    if isinstance(properties := parameters.get("properties"), dict):
        made["properties"] = {name: schema(each) for name, each in properties.items()}
    if isinstance(items := parameters.get("items"), dict):
        made["items"] = schema(items)
    return made
