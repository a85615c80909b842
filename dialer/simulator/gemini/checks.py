"""Validates client messages of Gemini Live: one key per message, documented names only, in camel or snake case."""

import re
from collections.abc import Mapping
from typing import Any

SETUP_KEYS = frozenset(
    {
        *("model", "generationConfig", "systemInstruction", "tools", "realtimeInputConfig", "inputAudioTranscription"),
        *("outputAudioTranscription", "sessionResumption", "contextWindowCompression", "proactivity", "historyConfig"),
        *("safetySettings", "explicitVadSignal"),
    }
)
INPUT_KEYS = frozenset({"audio", "text", "video", "audioStreamEnd", "activityStart", "activityEnd", "mediaChunks"})
CONTENT_KEYS = frozenset({"turns", "turnComplete"})
MESSAGES = frozenset({"setup", "realtimeInput", "clientContent", "toolResponse"})
TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"})
SCHEMA_KEYS = frozenset({"type", "format", "description", "nullable", "enum", "items", "properties", "required"})
_SNAKE = re.compile(r"_([a-z])")


class BadMessageError(ValueError):
    """An invalid message; the socket is closed with `code`."""

    def __init__(self, message: str, code: int = 1007) -> None:
        super().__init__(message)
        self.code = code


def one_key(message: object) -> tuple[str, Mapping[str, Any]]:
    """Return the single key of a message, in camel case, and its object."""
    if not isinstance(message, dict) or len(message) != 1:
        raise BadMessageError("Request must have exactly one of the fields of the oneof.")
    ((key, value),) = message.items()
    key = camel(key)
    if key not in MESSAGES or not isinstance(value, dict):
        raise BadMessageError(f'Invalid JSON payload received. Unknown name "{key}".')
    return key, {camel(name): field for name, field in value.items()}


def check_setup(setup: Mapping[str, Any], models: tuple[str, ...]) -> None:
    """Validate the setup message. Raises BadMessageError."""
    for key in setup.keys() - SETUP_KEYS:
        raise BadMessageError(f"Invalid JSON payload received. Unknown name \"{key}\" at 'setup'.")
    model = setup.get("model")
    if not isinstance(model, str) or model.removeprefix("models/") not in models or not model.startswith("models/"):
        raise BadMessageError(f"{model} is not found for API version v1beta, or is not supported for Live.", 1008)
    if setup.get("generationConfig", {}).get("responseModalities") != ["AUDIO"]:
        raise BadMessageError("Cannot extract voices from a non-audio request.")
    for tool in setup.get("tools", []):
        for function in tool.get("functionDeclarations", []):
            if not isinstance(function.get("name"), str):
                raise BadMessageError("function_declarations.name: must be specified.")
            check_schema(function.get("parameters", {"type": "OBJECT"}), function["name"])


def check_schema(schema: Mapping[str, Any], where: str) -> None:
    """Validate that a JSON schema uses Gemini's spelling. Raises BadMessageError."""
    for key in schema.keys() - SCHEMA_KEYS:
        raise BadMessageError(f"Invalid JSON payload received. Unknown name \"{key}\" at '{where}.parameters'.")
    if schema.get("type") not in TYPES:
        raise BadMessageError(f"{where}.parameters.type: {schema.get('type')} is no Type.")
    for inner in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])):
        check_schema(inner, where)


def camel(name: str) -> str:
    """Convert a key to camel case."""
    return _SNAKE.sub(lambda match: match[1].upper(), name)
