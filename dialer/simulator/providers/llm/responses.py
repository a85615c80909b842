"""OpenAI's Responses API: items in, items out, continued with `previous_response_id`."""

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from dialer.simulator.providers.context import ApiError, ProviderContext, bad_request
from dialer.simulator.providers.llm.chat_checks import read_tools, text_of
from dialer.simulator.providers.llm.chat_completions import OpenAiChat
from dialer.simulator.providers.llm.scripted_llm import Called, FromModel, FromUser, Past, Result
from dialer.simulator.providers.llm.text_model import LlmReply, LlmRequest, event, read_arguments

KNOWN = frozenset(
    {
        *("model", "input", "instructions", "tools", "tool_choice", "stream", "stream_options", "max_output_tokens"),
        *(
            "previous_response_id",
            "store",
            "temperature",
            "top_p",
            "text",
            "reasoning",
            "parallel_tool_calls",
            "include",
        ),
        *("metadata", "truncation", "user", "service_tier", "prompt_cache_key", "safety_identifier", "background"),
        *("max_tool_calls", "prompt", "top_logprobs", "conversation", "prompt_cache_retention", "context_management"),
        *("access_programs", "background_options", "image", "moderation", "prompt_cache_options"),
    }
)
_MAX_STORED = 200


class OpenAiResponses(OpenAiChat):
    """`POST /v1/responses`."""

    def __init__(self, context: ProviderContext) -> None:
        super().__init__(context)
        self._stored: OrderedDict[str, tuple[Past, ...]] = OrderedDict()

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the API's route."""
        return [web.post("/v1/responses", self.handle)]

    def read(self, request: web.Request, body: Mapping[str, Any]) -> LlmRequest:
        """Validate a request. Raises ApiError 400 for invalid parameters, 404 for the model."""
        for name in body.keys() - KNOWN:
            raise ApiError(400, "unknown_parameter", f"Unknown parameter: '{name}'.", name)
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise ApiError(400, "missing_required_parameter", "Missing required parameter: 'model'.", "model")
        self.check_model(model)
        max_tokens = body.get("max_output_tokens")
        if max_tokens is not None and (
            isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 16
        ):
            raise ApiError(
                400,
                "integer_below_min_value",
                "Invalid 'max_output_tokens': at least 16 is expected.",
                "max_output_tokens",
            )
        earlier: tuple[Past, ...] = ()
        if before := body.get("previous_response_id"):
            if before not in self._stored:
                message = f"Previous response with id '{before}' not found."
                raise ApiError(400, "previous_response_not_found", message, "previous_response_id")
            earlier = self._stored[before]
        history = (*earlier, *_read_input(body.get("input")))
        _check_answered(history)
        return LlmRequest(model, history, read_tools(body, flat=True), body.get("stream") is True, max_tokens)

    def remember(self, reply: LlmReply) -> None:
        """Store the response so that a later request can continue it."""
        turn = FromModel(reply.text)
        if reply.tool is not None:
            turn = FromModel("", (Called(reply.call_id, reply.tool, read_arguments(reply.text)),))
        self._stored[_id(reply)] = (*reply.request.history, turn)
        while len(self._stored) > _MAX_STORED:
            self._stored.popitem(last=False)

    def whole(self, reply: LlmReply) -> Mapping[str, Any]:
        """Return a `response` object."""
        return _response(reply, done=True)

    def frames(self, reply: LlmReply) -> Iterator[bytes]:
        """Yield the numbered events from `response.created` to `response.completed`."""
        for number, (kind, fields) in enumerate(self._events(reply)):
            yield event({"type": kind, "sequence_number": number, **fields}, kind)

    def _events(self, reply: LlmReply) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "response.created", {"response": _response(reply, done=False)}
        yield "response.in_progress", {"response": _response(reply, done=False)}
        item, place = _item(reply, done=False), {"item_id": _item(reply, done=False)["id"], "output_index": 0}
        yield "response.output_item.added", {"output_index": 0, "item": item}
        if reply.tool is not None:
            for piece in reply.pieces:
                yield "response.function_call_arguments.delta", {**place, "delta": piece}
            yield "response.function_call_arguments.done", {**place, "arguments": reply.text, "name": reply.tool}
        else:
            place["content_index"] = 0
            yield "response.content_part.added", {**place, "part": _part("")}
            for piece in reply.pieces:
                yield "response.output_text.delta", {**place, "delta": piece, "logprobs": []}
            yield "response.output_text.done", {**place, "text": reply.text, "logprobs": []}
            yield "response.content_part.done", {**place, "part": _part(reply.text)}
        yield "response.output_item.done", {"output_index": 0, "item": _item(reply, done=True)}
        yield f"response.{'incomplete' if reply.cut else 'completed'}", {"response": _response(reply, done=True)}

    def error_frame(self, refused: ApiError) -> bytes:
        """Return the `error` event of a failure within a stream."""
        error = {
            "type": "error",
            "code": "server_error",
            "message": refused.message,
            "param": None,
            "sequence_number": 99,
        }
        return event(error, "error")


def _read_input(given: Any) -> tuple[Past, ...]:
    if isinstance(given, str) and given:
        return (FromUser(given),)
    if not isinstance(given, list) or not given:
        raise ApiError(400, "missing_required_parameter", "Missing required parameter: 'input'.", "input")
    history: list[Past] = []
    for place, item in enumerate(given):
        where = f"input[{place}]"
        kind = item.get("type", "message") if isinstance(item, dict) else None
        match kind:
            case "message":
                history += _message(item, where, has_turns=bool(history))
            case "function_call":
                if not all(isinstance(item.get(name), str) for name in ("call_id", "name", "arguments")):
                    raise ApiError(400, "missing_required_parameter", f"Missing required parameter: '{where}'.", where)
                history.append(
                    FromModel("", (Called(item["call_id"], item["name"], read_arguments(item["arguments"])),))
                )
            case "function_call_output":
                output = item.get("output")
                text = output if isinstance(output, str) else text_of(output, where)
                history.append(Result(str(item.get("call_id")), text))
            case "reasoning":
                continue
            case _:
                raise ApiError(400, "invalid_value", f"Invalid value: {kind!r:.40} at '{where}.type'.", f"{where}.type")
    return tuple(history)


def _message(item: Mapping[str, Any], where: str, *, has_turns: bool) -> list[Past]:
    role = item.get("role")
    text = text_of(item.get("content"), where)
    match role:
        case "user":
            return [FromUser(text)]
        case "assistant":
            return [FromModel(text)]
        case "system" | "developer":
            return [FromUser(f"[{text}]")] if has_turns else []
        case _:
            raise ApiError(400, "invalid_value", f"Invalid value: {role!r:.40} is no role.", f"{where}.role")


def _check_answered(history: tuple[Past, ...]) -> None:
    """Check that every call has an output and every output a call. Raises ApiError."""
    called = [call.call_id for past in history if isinstance(past, FromModel) for call in past.calls]
    answered = [past.call_id for past in history if isinstance(past, Result)]
    for call_id in answered:
        if call_id not in called:
            raise bad_request(f"No tool call found for function call output with call_id {call_id}.", "input")
    for call_id in called:
        if call_id not in answered:
            raise bad_request(f"No tool output found for function call {call_id}.", "input")


def _id(reply: LlmReply) -> str:
    return f"resp_{reply.id}"


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _item(reply: LlmReply, *, done: bool) -> dict[str, Any]:
    status = ("incomplete" if reply.cut else "completed") if done else "in_progress"
    if reply.tool is not None:
        arguments = reply.text if done else ""
        call = {"type": "function_call", "call_id": reply.call_id, "name": reply.tool, "arguments": arguments}
        return {"id": f"fc_{reply.id}", **call, "status": status}
    content = [_part(reply.text)] if done else []
    return {"id": reply.id, "type": "message", "role": "assistant", "status": status, "content": content}


def _response(reply: LlmReply, *, done: bool) -> dict[str, Any]:
    usage = {
        "input_tokens": reply.tokens_in,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": reply.tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.tokens_in + reply.tokens_out,
    }
    return {
        "id": _id(reply),
        "object": "response",
        "created_at": int(time.time()),
        "status": ("incomplete" if reply.cut else "completed") if done else "in_progress",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if done and reply.cut else None,
        "instructions": None,
        "metadata": {},
        "model": reply.request.model,
        "output": [_item(reply, done=True)] if done else [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": usage if done else None,
    }
