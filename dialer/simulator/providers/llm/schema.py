"""Whether the parameters of a tool are a JSON schema that a service would take."""

from collections.abc import Mapping
from typing import Any

TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})


def fault_in_schema(schema: Any, path: str) -> str | None:
    """The first fault of a schema, in words; None where there is none."""
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
    inner = {f"{path}.properties.{name}": each for name, each in properties.items()}
    if "items" in schema:
        inner[f"{path}.items"] = schema["items"]
    for key in ("anyOf", "oneOf", "allOf"):
        inner |= {f"{path}.{key}[{place}]": each for place, each in enumerate(schema.get(key, []))}
    return next((fault for where, each in inner.items() if (fault := fault_in_schema(each, where))), None)
