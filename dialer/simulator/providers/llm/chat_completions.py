"""The Chat Completions API: OpenAI's own, and the compatible one of Hugging Face's router."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from dialer.simulator.providers.context import ApiError, bad_request, bearer
from dialer.simulator.providers.llm.chat_checks import read_messages, read_tools
from dialer.simulator.providers.llm.scripted_llm import Past
from dialer.simulator.providers.llm.text_model import LlmReply, LlmRequest, LlmService, event

_REASONS = re.compile(r"o\d|gpt-[5-9]")


class OpenAiChat(LlmService):
    """`POST /v1/chat/completions`."""

    provider = "openai"

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the API's route."""
        return [web.post("/v1/chat/completions", self.handle)]

    def check_key(self, request: web.Request) -> None:
        """Check the bearer key. Raises ApiError 401."""
        key = bearer(request)
        if key is None:
            raise ApiError(401, "invalid_api_key", "You didn't provide an API key.")
        if key != self.context.settings.openai_key:
            raise ApiError(401, "invalid_api_key", "Incorrect API key provided.")

    def read(self, request: web.Request, body: Mapping[str, Any]) -> LlmRequest:
        """Validate a request. Raises ApiError 400 for invalid parameters, 404 for the model."""
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise bad_request("you must provide a model parameter")
        self.check_model(model)
        max_tokens = body.get("max_completion_tokens", body.get("max_tokens"))
        if max_tokens is not None and (
            isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1
        ):
            raise ApiError(400, "integer_below_min_value", "Invalid 'max_tokens': it must be at least 1.", "max_tokens")
        if "stream_options" in body and body["stream_options"] is not None and body.get("stream") is not True:
            raise bad_request(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"
            )
        temperature = body.get("temperature")
        if temperature is not None and not (isinstance(temperature, (int, float)) and 0 <= temperature <= 2):
            raise ApiError(400, "decimal_above_max_value", "Invalid 'temperature': from 0 to 2.", "temperature")
        self.check_options(model, body)
        options = body.get("stream_options")
        if options is not None and not isinstance(options, dict):
            raise bad_request("Invalid type for 'stream_options': expected an object.", "stream_options")
        wants = bool((options or {}).get("include_usage"))
        history, tools = self.read_messages(body.get("messages")), read_tools(body)
        return LlmRequest(model, history, tools, body.get("stream") is True, max_tokens, wants)

    def read_messages(self, messages: Any) -> tuple[Past, ...]:
        """Build the history from the messages. Raises ApiError."""
        return read_messages(messages)

    def check_model(self, model: str) -> None:
        """Check that the model exists. Raises ApiError 404."""
        if model not in self.context.settings.openai_models:
            raise ApiError(
                404, "model_not_found", f"The model `{model}` does not exist or you do not have access to it.", None
            )

    def check_options(self, model: str, body: Mapping[str, Any]) -> None:
        """Reject `max_tokens` for reasoning models. Raises ApiError 400."""
        if _REASONS.match(model) and body.get("max_tokens") is not None:
            raise ApiError(
                400,
                "unsupported_parameter",
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                "max_tokens",
            )

    def whole(self, reply: LlmReply) -> Mapping[str, Any]:
        """Return a `chat.completion` object."""
        message: dict[str, Any] = {"role": "assistant", "content": reply.text, "refusal": None}
        if reply.tool is not None:
            function = {"name": reply.tool, "arguments": reply.text}
            call = {"id": reply.call_id, "type": "function", "function": function}
            message |= {"content": None, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
        return {**_head(reply, "chat.completion"), "choices": [choice], "usage": usage(reply)}

    def frames(self, reply: LlmReply) -> Iterator[bytes]:
        """Yield the chunks, the finish reason, the usage if requested, and `[DONE]`."""
        start: dict[str, Any] = {"role": "assistant", "content": "", "refusal": None}
        if reply.tool is not None:
            function = {"name": reply.tool, "arguments": ""}
            start["content"] = None
            start["tool_calls"] = [{"index": 0, "id": reply.call_id, "type": "function", "function": function}]
        yield self._chunk(reply, start)
        for piece in reply.pieces:
            if reply.tool is None:
                yield self._chunk(reply, {"content": piece})
            else:
                yield self._chunk(reply, {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield self._chunk(reply, {}, _finish(reply))
        if reply.request.wants_usage:
            yield event({**_head(reply, "chat.completion.chunk"), "choices": [], "usage": usage(reply)})
        yield event("[DONE]")

    def _chunk(self, reply: LlmReply, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = _head(reply, "chat.completion.chunk")
        return event({**head, "choices": [choice], **({"usage": None} if reply.request.wants_usage else {})})

    def error_body(self, refused: ApiError) -> Mapping[str, Any]:
        """Return an `error` object with its code."""
        kind = {401: "invalid_request_error", 429: "tokens", 500: "server_error"}.get(
            refused.status, "invalid_request_error"
        )
        code = "rate_limit_exceeded" if refused.status == 429 else refused.code
        shown_code = None if code in ("invalid_request_error", "by_fault") else code
        return {"error": {"message": refused.message, "type": kind, "param": refused.param, "code": shown_code}}

    def error_frame(self, refused: ApiError) -> bytes:
        """Return the data event of a failure within a stream."""
        return event({"error": {"message": refused.message, "type": "server_error", "param": None, "code": None}})


class HuggingFaceChat(OpenAiChat):
    """`POST /hf/v1/chat/completions`: a model's name may have the inference provider as a suffix."""

    provider = "huggingface"

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the API's route."""
        return [web.post("/hf/v1/chat/completions", self.handle)]

    def check_key(self, request: web.Request) -> None:
        """Check the bearer token. Raises ApiError 401."""
        if bearer(request) != self.context.settings.hf_token:
            raise ApiError(401, "invalid_api_key", "Invalid username or password.")

    def read_messages(self, messages: Any) -> tuple[Past, ...]:
        """Build the history; a call's arguments may also be an object here, as Hugging Face's SDK declares them."""
        return read_messages(messages, takes_objects=True)

    def check_model(self, model: str) -> None:
        """Check that a provider serves the model. Raises ApiError 400, which the router uses instead of 404."""
        if model.partition(":")[0] not in self.context.settings.hf_models:
            raise ApiError(
                400,
                "model_not_supported",
                f"The requested model '{model}' is not supported by any provider you have enabled.",
                "model",
            )

    def check_options(self, model: str, body: Mapping[str, Any]) -> None:
        """Accept any options."""

    def error_body(self, refused: ApiError) -> Mapping[str, Any]:
        """Return an error in OpenAI's format, except that the router describes a wrong token with a plain string."""
        return {"error": refused.message} if refused.status == 401 else super().error_body(refused)


def usage(reply: LlmReply) -> dict[str, Any]:
    """Return the token usage of a chat completion."""
    return {
        "prompt_tokens": reply.tokens_in,
        "completion_tokens": reply.tokens_out,
        "total_tokens": reply.tokens_in + reply.tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _head(reply: LlmReply, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{reply.id}",
        "object": kind,
        "created": int(time.time()),
        "model": reply.request.model,
        "system_fingerprint": None,
    }


def _finish(reply: LlmReply) -> str:
    if reply.cut:
        return "length"
    return "stop" if reply.tool is None else "tool_calls"
