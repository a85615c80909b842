"""Validates the contents and tools of `generateContent`, and builds the history.

Function responses must follow in the very next content, as many as there were calls. Thinking models require the thought
signature of each call of the current turn to be sent back.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from dialer.simulator.gemini.checks import camel
from dialer.simulator.providers.context import ApiError
from dialer.simulator.providers.llm.schema import fault_in_schema
from dialer.simulator.providers.llm.scripted_llm import Called, FromModel, FromUser, Past, Result

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
_SCHEMA_KEYS = frozenset(
    {
        *(
            "type",
            "format",
            "title",
            "description",
            "nullable",
            "enum",
            "maxItems",
            "minItems",
            "properties",
            "required",
        ),
        *(
            "minProperties",
            "maxProperties",
            "minLength",
            "maxLength",
            "pattern",
            "example",
            "anyOf",
            "propertyOrdering",
        ),
        *("default", "items", "minimum", "maximum"),
    }
)


def invalid(message: str) -> ApiError:
    """Return an error with status 400."""
    return ApiError(400, "INVALID_ARGUMENT", message)


def read_tools(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the functions the model may call. Raises ApiError."""
    names: set[str] = set()
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        raise invalid("Invalid value at 'tools': expected a list.")
    for tool in tools:
        for function in camel_keys(tool).get("functionDeclarations", []):
            function = camel_keys(function)
            name = function.get("name")
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise invalid(f"Invalid function name: {name!r:.40}. Must start with a letter or an underscore.")
            if name in names:
                raise invalid(f"Duplicate function declaration found: {name}")
            if "parameters" in function and "parametersJsonSchema" in function:
                raise invalid("parameters and parameters_json_schema cannot both be set.")
            if "parameters" in function:
                _check_own_schema(function["parameters"], name)
            elif fault := fault_in_schema(function.get("parametersJsonSchema", {}), "parameters_json_schema"):
                raise invalid(f"{name}: {fault}")
            names.add(name)
    config = camel_keys(camel_keys(body.get("toolConfig") or {}).get("functionCallingConfig") or {})
    return frozenset() if config.get("mode") == "NONE" else frozenset(names)


def read_contents(contents: Any, *, signed: bool) -> tuple[Past, ...]:
    """Build the history from the contents. `signed`: the model requires thought signatures. Raises ApiError."""
    if not isinstance(contents, list) or not contents:
        raise invalid("* GenerateContentRequest.contents: contents is not specified")
    turns = [_content(content, place) for place, content in enumerate(contents)]
    if turns[-1][0] != "user":
        raise invalid("Please ensure that multiturn requests end with a user role or a function response.")
    _check_pairs(turns)
    if signed:
        _check_signatures(turns)
    history: list[Past] = []
    calls: list[Called] = []
    for place, (role, parts) in enumerate(turns):
        texts = [part["text"] for part in parts if part.get("text") and not part.get("thought")]
        if role == "model":
            calls = [
                _called(part["functionCall"], place, at) for at, part in enumerate(parts) if "functionCall" in part
            ]
            history.append(FromModel(" ".join(texts), tuple(calls)))
        else:
            history += _results(parts, calls)
            history += [FromUser(text) for text in texts]
    return tuple(history)


def camel_keys(value: Any) -> dict[str, Any]:
    """Return an object with its keys in camel case. Raises ApiError if it is not an object."""
    if not isinstance(value, Mapping):
        raise invalid("Invalid JSON payload received. Proto field is not repeating, cannot start list.")
    return {camel(name): field for name, field in value.items()}


def _check_own_schema(schema: Any, where: str) -> None:
    """Validate a schema in Gemini's own dialect: types in upper or lower case, few keys. Raises ApiError."""
    if not isinstance(schema, Mapping):
        raise invalid(f"{where}.parameters: no object")
    schema = camel_keys(schema)
    for key in schema.keys() - _SCHEMA_KEYS:
        raise invalid(
            f"Invalid JSON payload received. Unknown name \"{key}\" at '{where}.parameters': Cannot find field."
        )
    lower = {**schema, "type": str(schema.get("type", "object")).lower(), "properties": {}, "items": {}}
    if fault := fault_in_schema({**lower, "anyOf": []}, f"{where}.parameters"):
        raise invalid(fault)
    properties = schema.get("properties") or {}
    for name in schema.get("required") or []:
        if name not in properties:
            raise invalid(f"{where}.parameters.required: property is not defined: {name}")
    nested = [*properties.values(), *(schema.get("anyOf") or []), *([schema["items"]] if "items" in schema else [])]
    for inner in nested:
        _check_own_schema(inner, where)


def _content(content: Any, place: int) -> tuple[str, list[dict[str, Any]]]:
    content = camel_keys(content)
    role = content.get("role", "user")
    if role == "function":
        role = "user"
    if role not in ("user", "model"):
        raise invalid(f"Please use a valid role: user, model. contents[{place}] has {role!r:.40}.")
    parts = [camel_keys(part) for part in content.get("parts") or []]
    if not parts:
        raise invalid(f"* GenerateContentRequest.contents[{place}].parts: contents.parts must not be empty.")
    for at, part in enumerate(parts):
        kinds = part.keys() & {"text", "functionCall", "functionResponse", "inlineData", "fileData"}
        if len(kinds) != 1:
            raise invalid(
                f"* contents[{place}].parts[{at}].data: required oneof field 'data' must have one initialized field"
            )
        if "text" in part and not part["text"] and role == "user":
            raise invalid("Unable to submit request because it must have a text parameter.")
    return role, parts


def _check_pairs(turns: list[tuple[str, list[dict[str, Any]]]]) -> None:
    called: list[str] = []
    before = ""
    for role, parts in turns:
        calls = [camel_keys(part["functionCall"]).get("name", "") for part in parts if "functionCall" in part]
        responses = [
            camel_keys(part["functionResponse"]).get("name", "") for part in parts if "functionResponse" in part
        ]
        if sorted(called) != sorted(responses):
            raise invalid(
                "Please ensure that the number of function response parts is equal to the number of function call parts"
                " of the function call turn, and that they come right after it."
            )
        if calls and before != "user":
            raise invalid(
                "Please ensure that function call turn comes immediately after a user turn or after a response."
            )
        called, before = (calls if role == "model" else []), role
    if called:
        raise invalid("Please ensure that a function call is followed by its function response.")


def _check_signatures(turns: list[tuple[str, list[dict[str, Any]]]]) -> None:
    """Check that the first call of each step since the last user turn has its signature. Raises ApiError."""
    start = max(
        (place for place, (role, parts) in enumerate(turns) if role == "user" and "text" in parts[0]), default=0
    )
    for place, (role, parts) in enumerate(turns[start:], start):
        first = next((part for part in parts if "functionCall" in part), None)
        if role == "model" and first is not None and not first.get("thoughtSignature"):
            name = camel_keys(first["functionCall"]).get("name")
            raise invalid(
                f"Function call is missing a thought_signature in functionCall parts: `{name}`, position {place}."
            )


def _called(call: Any, place: int, at: int) -> Called:
    call = camel_keys(call)
    arguments = call.get("args") or {}
    return Called(call.get("id") or f"{place}.{at}", call.get("name", ""), arguments)


def _results(parts: list[dict[str, Any]], calls: list[Called]) -> list[Past]:
    """Match function responses to calls by id, or by name if they have none. Raises ApiError."""
    results: list[Past] = []
    waiting = list(calls)
    for part in parts:
        if "functionResponse" not in part:
            continue
        result = camel_keys(part["functionResponse"])
        call = next((call for call in waiting if call.call_id == result.get("id")), None)
        call = call or next((call for call in waiting if call.name == result.get("name")), None)
        if call is None:
            raise invalid(f"function_response {result.get('name')!r:.40} matches no function_call.")
        waiting.remove(call)
        response = result.get("response")
        if not isinstance(response, Mapping):
            raise invalid("function_response.response: Proto field is not repeating, cannot start list.")
        inner = next((response[key] for key in ("output", "result", "return_value") if key in response), response)
        results.append(Result(call.call_id, inner if isinstance(inner, str) else json.dumps(inner)))
    return results
