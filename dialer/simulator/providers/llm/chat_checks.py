"""Validates the messages and tools of OpenAI-compatible chat APIs, and builds the history."""

import re
from collections.abc import Mapping
from typing import Any

from dialer.simulator.providers.context import ApiError, bad_request
from dialer.simulator.providers.llm.schema import fault_in_schema
from dialer.simulator.providers.llm.scripted_llm import Called, FromModel, FromUser, Past, Result
from dialer.simulator.providers.llm.text_model import read_arguments

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


def read_tools(body: Mapping[str, Any], *, flat: bool = False) -> frozenset[str]:
    """Return the names of the tools the model may call. Raises ApiError.

    `flat` is the format of the Responses API, without the nested `function`.
    """
    names: list[str] = []
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        raise bad_request("Invalid type for 'tools': expected an array.", "tools")
    for place, tool in enumerate(tools):
        where = f"tools[{place}]"
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise bad_request(f"Missing required parameter: '{where}.type'.", f"{where}.type")
        function = tool if flat else tool.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str):
            raise bad_request(f"Missing required parameter: '{where}.function.name'.", f"{where}.function.name")
        if not _NAME.fullmatch(name):
            raise bad_request(
                f"Invalid '{where}.function.name': string does not match pattern.", f"{where}.function.name"
            )
        assert isinstance(function, dict)
        schema = function.get("parameters", {"type": "object", "properties": {}})
        fault = fault_in_schema(schema, "schema")
        if fault is None and schema.get("type") != "object":
            fault = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'"
        if fault is not None:
            raise ApiError(
                400,
                "invalid_function_parameters",
                f"Invalid schema for function '{name}': {fault}.",
                f"{where}.parameters",
            )
        names.append(name)
    if "tool_choice" in body and not names and body["tool_choice"] not in (None, "none", "auto"):
        raise bad_request("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    return frozenset() if body.get("tool_choice") == "none" else frozenset(names)


def read_messages(messages: Any, *, takes_objects: bool = False) -> tuple[Past, ...]:
    """Build the history from the messages. Raises ApiError.

    `takes_objects`: a call's arguments may be an object instead of a string.
    """
    if not isinstance(messages, list) or not messages:
        raise ApiError(
            400, "empty_array", "Invalid 'messages': empty array. Expected an array with minimum length 1.", "messages"
        )
    history: list[Past] = []
    open_calls: list[str] = []
    for place, message in enumerate(messages):
        where = f"messages.[{place}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            raise ApiError(400, "invalid_value", f"Invalid value: {role!r:.40} is no role.", f"{where}.role")
        if role == "tool":
            history.append(_result(message, open_calls, where))
            continue
        _check_answered(open_calls, where)
        match role:
            case "user":
                history.append(FromUser(text_of(message.get("content"), where)))
            case "assistant":
                turn = _from_model(message, where, takes_objects)
                open_calls = [call.call_id for call in turn.calls]
                history.append(turn)
            case _:
                text = text_of(message.get("content"), where)
                if any(isinstance(past, FromUser | FromModel) for past in history):
                    history.append(FromUser(f"[{text}]"))
    _check_answered(open_calls, "messages")
    return tuple(history)


def text_of(content: object, where: str) -> str:
    """Return the text of a message's content: a string, or text parts. Raises ApiError."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise bad_request(f"Invalid value for 'content': expected a string, got {content!r:.20}.", f"{where}.content")
    texts = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") not in ("text", "input_text", "output_text", "refusal"):
            raise ApiError(400, "invalid_value", "Invalid value: a part of the content is no text.", f"{where}.content")
        texts.append(str(part.get("text", "")))
    return " ".join(texts)


def _result(message: Mapping[str, Any], open_calls: list[str], where: str) -> Result:
    call_id = message.get("tool_call_id")
    if not isinstance(call_id, str):
        raise bad_request(f"Missing parameter 'tool_call_id': messages with role 'tool' must have a '{where}'.", where)
    if call_id not in open_calls:
        raise bad_request(
            "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
            f"{where}.role",
        )
    open_calls.remove(call_id)
    return Result(call_id, text_of(message.get("content"), where))


def _check_answered(open_calls: list[str], where: str) -> None:
    if open_calls:
        raise bad_request(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each"
            f" 'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(open_calls)}",
            f"{where}.role",
        )


def _from_model(message: Mapping[str, Any], where: str, takes_objects: bool) -> FromModel:
    calls = []
    for call in message.get("tool_calls") or []:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise bad_request(f"Missing required parameter: '{where}.tool_calls[0].function'.", f"{where}.tool_calls")
        if not isinstance(call.get("id"), str) or not isinstance(function.get("name"), str):
            raise bad_request(f"Missing required parameter: '{where}.tool_calls[0].id'.", f"{where}.tool_calls")
        if not isinstance(function.get("arguments"), (str, dict) if takes_objects else str):
            raise bad_request("Invalid type for 'arguments': expected a string.", f"{where}.tool_calls")
        calls.append(Called(call["id"], function["name"], read_arguments(function["arguments"])))
    content = message.get("content")
    if content is None and not calls:
        raise bad_request("Invalid value for 'content': expected a string, got null.", f"{where}.content")
    return FromModel("" if content in (None, []) else text_of(content, where), tuple(calls))
