"""Cohere's Chat API v2: request validation and response formats, including the tool plan before a tool call."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from dialer.simulator.providers.context import ApiError, bearer
from dialer.simulator.providers.llm.chat_checks import read_messages, read_tools
from dialer.simulator.providers.llm.scripted_llm import FromModel, FromUser, Past
from dialer.simulator.providers.llm.text_model import LlmReply, LlmRequest, LlmService, event

KNOWN = frozenset(
    {
        *("model", "messages", "stream", "tools", "strict_tools", "documents", "citation_options", "response_format"),
        *(
            "safety_mode",
            "max_tokens",
            "stop_sequences",
            "temperature",
            "seed",
            "frequency_penalty",
            "logprobs",
            "p",
            "k",
        ),
        *("presence_penalty", "tool_choice", "thinking", "priority"),
    }
)


class Cohere(LlmService):
    """`POST /v2/chat`."""

    provider = "cohere"

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the API's route."""
        return [web.post("/v2/chat", self.handle)]

    def check_key(self, request: web.Request) -> None:
        """Check the bearer token. Raises ApiError 401."""
        token = bearer(request)
        if token is None:
            raise ApiError(401, "no_token", "no api key supplied")
        if token != self.context.settings.cohere_key:
            raise ApiError(401, "invalid_token", "invalid api token")

    def read(self, request: web.Request, body: Mapping[str, Any]) -> LlmRequest:
        """Validate a request. Raises ApiError 400 or 422 for invalid parameters, 404 for the model."""
        for name in body.keys() - KNOWN:
            raise _invalid(f"unknown field: parameter '{name}' is not a valid field", 422)
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise _invalid("model is required")
        if model not in self.context.settings.cohere_models:
            raise ApiError(404, "not_found", f"model '{model}' not found, make sure the correct model ID was used")
        choice = body.get("tool_choice")
        if choice not in (None, "REQUIRED", "NONE"):
            raise _invalid("tool_choice must be one of REQUIRED or NONE")
        if choice is not None and not body.get("tools"):
            raise _invalid("tool_choice can only be specified when tools are provided")
        max_tokens = body.get("max_tokens")
        if max_tokens is not None and (
            isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 0
        ):
            raise _invalid("max_tokens must be a whole number")
        tools = read_tools({"tools": body.get("tools")})
        history = self._history(body.get("messages"))
        return LlmRequest(
            model, history, frozenset() if choice == "NONE" else tools, body.get("stream") is True, max_tokens
        )

    def _history(self, messages: Any) -> tuple[Past, ...]:
        if not isinstance(messages, list) or not messages:
            raise _invalid("messages must have at least 1 element")
        plain = [_to_chat_message(message) for message in messages]
        history = read_messages(plain)
        if isinstance(history[-1] if history else None, FromModel) or messages[-1].get("role") == "assistant":
            raise _invalid("the last message must have the role 'user' or 'tool'")
        for past in history:
            if isinstance(past, FromUser) and not past.text.strip():
                raise _invalid("all elements in messages must have non-empty content")
        return history

    def whole(self, reply: LlmReply) -> Mapping[str, Any]:
        """Return the message and its finish reason."""
        message: dict[str, Any] = {"role": "assistant", "content": [{"type": "text", "text": reply.text}]}
        if reply.tool is not None:
            message = {"role": "assistant", "tool_plan": _plan(reply), "tool_calls": [_call(reply, reply.text)]}
        return {"id": reply.id, "finish_reason": _finish(reply), "message": message, "usage": _usage(reply)}

    def frames(self, reply: LlmReply) -> Iterator[bytes]:
        """Yield the events from `message-start` to `message-end`."""
        start = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        yield _event("message-start", id=reply.id, delta={"message": start})
        if reply.tool is None:
            yield _event("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}})
            for piece in reply.pieces:
                yield _event("content-delta", index=0, delta={"message": {"content": {"text": piece}}})
            yield _event("content-end", index=0)
        else:
            for word in _plan(reply).split(" "):
                yield _event("tool-plan-delta", delta={"message": {"tool_plan": f"{word} "}})
            yield _event("tool-call-start", index=0, delta={"message": {"tool_calls": _call(reply, "")}})
            for piece in reply.pieces:
                arguments = {"function": {"arguments": piece}}
                yield _event("tool-call-delta", index=0, delta={"message": {"tool_calls": arguments}})
            yield _event("tool-call-end", index=0)
        yield _event("message-end", delta={"finish_reason": _finish(reply), "usage": _usage(reply)})

    def error_body(self, refused: ApiError) -> Mapping[str, Any]:
        """Return an error with its message and an id."""
        return {"id": refused.code, "message": refused.message}

    def error_frame(self, refused: ApiError) -> bytes:
        """Return the `message-end` event of a failure within a stream."""
        return _event("message-end", delta={"finish_reason": "ERROR", "error": refused.message})


def _invalid(reason: str, status: int = 400) -> ApiError:
    return ApiError(status, "invalid_request", f"invalid request: {reason}")


def _to_chat_message(message: Any) -> Any:
    """Convert a tool message with a list of documents to plain text, as in the other chat APIs."""
    if not isinstance(message, dict):
        return message
    content = message.get("content")
    if message.get("role") == "tool" and isinstance(content, list):
        texts = [
            part["document"].get("data", "") if part.get("type") == "document" else part.get("text", "")
            for part in content
        ]
        return {**message, "content": " ".join(text if isinstance(text, str) else str(text) for text in texts)}
    return message


def _event(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


def _plan(reply: LlmReply) -> str:
    return f"I will use {reply.tool} for this."


def _call(reply: LlmReply, arguments: str) -> dict[str, Any]:
    return {"id": reply.call_id, "type": "function", "function": {"name": reply.tool, "arguments": arguments}}


def _finish(reply: LlmReply) -> str:
    if reply.cut:
        return "MAX_TOKENS"
    return "COMPLETE" if reply.tool is None else "TOOL_CALL"


def _usage(reply: LlmReply) -> dict[str, Any]:
    tokens = {"input_tokens": reply.tokens_in, "output_tokens": reply.tokens_out}
    return {"billed_units": tokens, "tokens": tokens, "cached_tokens": 0}
