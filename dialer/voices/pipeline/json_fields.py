"""A provider's message as an object; anything else is an empty one. Pure."""

from typing import Any

import msgspec

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def read(message: str | bytes) -> dict[str, Any]:
    """A JSON object; empty for what is none."""
    try:
        return _decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        return {}


def text_of(values: dict[str, Any], key: str) -> str:
    """A text under a key; empty for what is none."""
    found = values.get(key)
    return found if isinstance(found, str) else ""


def object_of(values: dict[str, Any], key: str) -> dict[str, Any]:
    """An object under a key; empty for what is none."""
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def write(**values: Any) -> str:
    """A message; keys of the value None are left out."""
    return msgspec.json.encode({key: value for key, value in values.items() if value is not None}).decode()
