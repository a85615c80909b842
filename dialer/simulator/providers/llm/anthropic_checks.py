"""Validates the messages and tools of Anthropic's Messages API, and builds the history."""

import json
import re
from collections.abc import Mapping
from typing import Any

from dialer.simulator.providers.context import bad_request
from dialer.simulator.providers.llm.schema import fault_in_schema
from dialer.simulator.providers.llm.scripted_llm import Called, FromModel, FromUser, Past, Result

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_BLOCKS = {
    "user": frozenset({"text", "tool_result", "image", "document"}),
    "assistant": frozenset({"text", "tool_use", "thinking", "redacted_thinking"}),
}


def read_tools(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the tools the model may call. Raises ApiError."""
    names: list[str] = []
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        raise bad_request("tools: Input should be a valid list")
    for place, tool in enumerate(tools):
        if not isinstance(tool, dict):
            raise bad_request(f"tools.{place}: Input should be an object")
        name, schema = tool.get("name"), tool.get("input_schema")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise bad_request(f"tools.{place}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if name in names:
            raise bad_request("tools: Tool names must be unique.")
        if not isinstance(schema, dict):
            raise bad_request(f"tools.{place}.custom.input_schema: Field required")
        if schema.get("type") != "object":
            raise bad_request(f"tools.{place}.custom.input_schema.type: Input should be 'object'")
        if fault := fault_in_schema(schema, "input_schema"):
            raise bad_request(f"tools.{place}.custom.input_schema: JSON schema is invalid: {fault}")
        names.append(name)
    choice = body.get("tool_choice", {"type": "auto"})
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        raise bad_request("tool_choice: Input tag should be one of 'auto', 'any', 'tool', 'none'")
    if "tool_choice" in body and not names:
        raise bad_request("tool_choice: may only be specified while providing tools")
    return frozenset() if kind == "none" else frozenset(names)


def read_messages(messages: Any) -> tuple[Past, ...]:
    """Build the history from the messages; consecutive messages of one role are one turn. Raises ApiError."""
    if not isinstance(messages, list) or not messages:
        raise bad_request("messages: at least one message is required")
    turns: list[tuple[str, list[Mapping[str, Any]]]] = []
    for place, message in enumerate(messages):
        role, blocks = _message(message, place)
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        else:
            turns.append((role, list(blocks)))
    if turns[0][0] != "user":
        raise bad_request('messages: first message must use the "user" role')
    if turns[-1][0] != "user":
        raise bad_request(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    _check_pairs(turns)
    return tuple(past for role, blocks in turns for past in _history(role, blocks))


def _message(message: Any, place: int) -> tuple[str, list[Mapping[str, Any]]]:
    where = f"messages.{place}"
    if not isinstance(message, dict):
        raise bad_request(f"{where}: Input should be an object")
    for name in message.keys() - {"role", "content"}:
        raise bad_request(f"{where}.{name}: Extra inputs are not permitted")
    role, content = message.get("role"), message.get("content")
    if role == "system":
        raise bad_request(
            'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter.'
        )
    if role not in _BLOCKS:
        raise bad_request(f"{where}.role: Input should be 'user' or 'assistant'")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(blocks, list):
        raise bad_request(f"{where}.content: Input should be a valid list")
    if not blocks or content == "":
        raise bad_request(f"{where}: {role} messages must have non-empty content")
    for at, block in enumerate(blocks):
        kind = block.get("type") if isinstance(block, dict) else None
        if kind not in _BLOCKS[role]:
            raise bad_request(f"{where}.content.{at}: Input tag {kind!r} does not match any of the expected tags")
        if kind == "text":
            _check_text(block.get("text"))
        if kind == "tool_use" and not isinstance(block.get("input"), dict):
            raise bad_request(f"{where}.content.{at}.tool_use.input: Input should be an object")
        for name in {"tool_use": ("id", "name"), "tool_result": ("tool_use_id",)}.get(kind, ()):
            if not isinstance(block.get(name), str):
                raise bad_request(f"{where}.content.{at}.{kind}.{name}: Field required")
    return role, blocks


def _check_text(text: object) -> None:
    if not isinstance(text, str) or not text:
        raise bad_request("messages: text content blocks must be non-empty")
    if not text.strip():
        raise bad_request("messages: text content blocks must contain non-whitespace text")


def _check_pairs(turns: list[tuple[str, list[Mapping[str, Any]]]]) -> None:
    """Check that tool results start the message after their calls, and that each matches a call. Raises ApiError."""
    called: list[Any] = []
    for place, (role, blocks) in enumerate(turns):
        answered = [block.get("tool_use_id") for block in blocks if block["type"] == "tool_result"]
        for call_id in answered:
            if call_id not in called:
                raise bad_request(
                    f"messages.{place}.content: unexpected `tool_use_id` found in `tool_result` blocks: {call_id}. Each"
                    " `tool_result` block must have a corresponding `tool_use` block in the previous message."
                )
        if len(set(answered)) < len(answered):
            raise bad_request(f"messages.{place}: each tool_use must have a single result.")
        kinds = [block["type"] for block in blocks]
        if answered and kinds[: len(answered)] != ["tool_result"] * len(answered):
            raise bad_request(f"messages.{place}: `tool_result` blocks must come before other content.")
        if missing := [call_id for call_id in called if call_id not in answered]:
            raise bad_request(
                f"messages.{place - 1}: `tool_use` ids were found without `tool_result` blocks immediately after:"
                f" {', '.join(missing)}."
            )
        called = [block.get("id") for block in blocks if block["type"] == "tool_use"] if role == "assistant" else []
        if len(set(called)) < len(called):
            raise bad_request("messages: `tool_use` ids must be unique")


def _history(role: str, blocks: list[Mapping[str, Any]]) -> list[Past]:
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    if role == "assistant":
        calls = tuple(
            Called(block["id"], block.get("name", ""), block["input"])
            for block in blocks
            if block["type"] == "tool_use"
        )
        return [FromModel(" ".join(texts), calls)]
    results: list[Past] = [
        Result(block["tool_use_id"], _output(block.get("content")))
        for block in blocks
        if block["type"] == "tool_result"
    ]
    return [*results, *(FromUser(text) for text in texts)]


def _output(content: object) -> str:
    if isinstance(content, list):
        return " ".join(block.get("text", "") for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else json.dumps(content)
