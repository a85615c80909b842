"""Validates the JSON schema of a tool's parameters, as providers do."""

from collections.abc import Mapping
from typing import Any

TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})


def fault_in_schema(schema: Any, path: str) -> str | None:
    """Return a description of the first problem of a schema; None if it is valid."""
    if not isinstance(schema, Mapping):
        return f"{path} is not of type 'object'"
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in TYPES:
            return f"{path}.type: {kind!r} is not valid under any of the given schemas"
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, Mapping):
        return f"{path}.properties is not of type 'object'"
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        return f"{path}.required is not of type 'array'"
    if not isinstance(schema.get("enum", [None]), list) or schema.get("enum") == []:
        return f"{path}.enum should be a non-empty array"
    if kinds == "array" and "items" not in schema:
        return f"{path}: array schema missing items"
    inner = {f"{path}.properties.{name}": part for name, part in properties.items()}
    if "items" in schema:
        inner[f"{path}.items"] = schema["items"]
    for key in ("anyOf", "oneOf", "allOf"):
        inner |= {f"{path}.{key}[{place}]": part for place, part in enumerate(schema.get(key, []))}
    return next((fault for where, part in inner.items() if (fault := fault_in_schema(part, where))), None)
