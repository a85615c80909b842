"""Anthropic's Messages API: request validation and response formats."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from dialer.simulator.providers.context import ApiError, bad_request, bearer
from dialer.simulator.providers.llm.anthropic_checks import read_messages, read_tools
from dialer.simulator.providers.llm.text_model import LlmReply, LlmRequest, LlmService, event, read_arguments
from dialer.simulator.realtime.wire import new_id

VERSIONS = frozenset({"2023-01-01", "2023-06-01", "2026-10-21"})
KNOWN = frozenset(
    {
        *(
            "model",
            "messages",
            "max_tokens",
            "system",
            "tools",
            "tool_choice",
            "stream",
            "temperature",
            "top_p",
            "top_k",
        ),
        *("stop_sequences", "metadata", "thinking", "service_tier", "cache_control", "output_config", "inference_geo"),
        *("container", "context_management", "diagnostics", "speed", "user_profile_id", "workspace_id"),
    }
)
NOT_SINCE = {"2026-10-21": frozenset({"temperature", "top_p", "top_k"})}
"""Parameters that a version no longer accepts: Anthropic's SDK of that version does not have them."""
_KINDS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
_KINDS |= {413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}


class Anthropic(LlmService):
    """`POST /v1/messages`; the model list is in `models.py`."""

    provider = "anthropic"

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the API's route."""
        return [web.post("/v1/messages", self.handle)]

    def check_key(self, request: web.Request) -> None:
        """Check the key in `x-api-key`, or as a bearer token, which newer SDKs send. Raises ApiError 401."""
        if request.headers.get("x-api-key", bearer(request)) != self.context.settings.anthropic_key:
            raise ApiError(401, "authentication_error", "invalid x-api-key")

    def read(self, request: web.Request, body: Mapping[str, Any]) -> LlmRequest:
        """Validate a request. Raises ApiError 400 for invalid parameters, 404 for the model."""
        version = request.headers.get("anthropic-version")
        if version is None:
            raise bad_request("anthropic-version: header is required")
        if version not in VERSIONS:
            raise bad_request(f"anthropic-version: {version!r:.40} is not a valid version")
        for name in body.keys() - (KNOWN - NOT_SINCE.get(version, frozenset())):
            raise bad_request(f"{name}: Extra inputs are not permitted")
        for name in ("model", "messages", "max_tokens"):
            if name not in body:
                raise bad_request(f"{name}: Field required")
        max_tokens = body["max_tokens"]
        if isinstance(max_tokens, bool) or not isinstance(max_tokens, int):
            raise bad_request("max_tokens: Input should be a valid integer")
        if max_tokens < 1:
            raise bad_request("max_tokens: Input should be greater than or equal to 1")
        if body["model"] not in self.context.settings.anthropic_models:
            raise ApiError(404, "not_found_error", f"model: {body['model']}")
        temperature = body.get("temperature", 1.0)
        if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or not 0 <= temperature <= 1:
            raise bad_request("temperature: range: 0..1")
        _check_system(body.get("system"))
        tools = read_tools(body)
        return LlmRequest(body["model"], read_messages(body["messages"]), tools, body.get("stream") is True, max_tokens)

    def whole(self, reply: LlmReply) -> Mapping[str, Any]:
        """Return a `message` object."""
        block: dict[str, Any] = {"type": "text", "text": reply.text}
        if reply.tool is not None:
            block = {"type": "tool_use", "id": reply.call_id, "name": reply.tool, "input": read_arguments(reply.text)}
        return {**_message(reply), "content": [block], "stop_reason": _stop(reply), "usage": _usage(reply)}

    def frames(self, reply: LlmReply) -> Iterator[bytes]:
        """Yield the events from `message_start` to `message_stop`, with a ping after the start."""
        start = {**_message(reply), "content": [], "stop_reason": None, "usage": {**_usage(reply), "output_tokens": 1}}
        yield _named({"type": "message_start", "message": start})
        block: dict[str, Any] = {"type": "text", "text": ""}
        if reply.tool is not None:
            block = {"type": "tool_use", "id": reply.call_id, "name": reply.tool, "input": {}}
        yield _named({"type": "content_block_start", "index": 0, "content_block": block})
        yield _named({"type": "ping"})
        for piece in reply.pieces:
            delta = {"type": "text_delta", "text": piece}
            if reply.tool is not None:
                delta = {"type": "input_json_delta", "partial_json": piece}
            yield _named({"type": "content_block_delta", "index": 0, "delta": delta})
        yield _named({"type": "content_block_stop", "index": 0})
        stop = {"stop_reason": _stop(reply), "stop_sequence": None}
        yield _named({"type": "message_delta", "delta": stop, "usage": {"output_tokens": reply.tokens_out}})
        yield _named({"type": "message_stop"})

    def error_body(self, refused: ApiError) -> Mapping[str, Any]:
        """Return an `error` object with a request id."""
        kind = _KINDS.get(refused.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": refused.message}, "request_id": new_id("req")}

    def error_frame(self, refused: ApiError) -> bytes:
        """Return the `error` event of an overload within a stream."""
        return _named({"type": "error", "error": {"type": "overloaded_error", "message": refused.message}})

    def new_call_id(self) -> str:
        """Return a new id, `toolu_…`."""
        return new_id("toolu")


def _check_system(system: object) -> None:
    for block in system if isinstance(system, list) else []:
        if not isinstance(block, dict) or block.get("type") != "text" or not isinstance(block.get("text"), str):
            raise bad_request("system.0: Input should be a text block")
        if not block["text"]:
            raise bad_request("system: text content blocks must be non-empty")
    if system is not None and not isinstance(system, (str, list)):
        raise bad_request("system: Input should be a valid string")


def _named(data: Mapping[str, Any]) -> bytes:
    return event(data, data["type"])


def _message(reply: LlmReply) -> dict[str, Any]:
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.request.model,
        "stop_sequence": None,
    }


def _stop(reply: LlmReply) -> str:
    if reply.cut:
        return "max_tokens"
    return "end_turn" if reply.tool is None else "tool_use"


def _usage(reply: LlmReply) -> dict[str, Any]:
    return {
        "input_tokens": reply.tokens_in,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": reply.tokens_out,
        "service_tier": "standard",
    }
