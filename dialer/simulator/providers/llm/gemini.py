"""Gemini's `generateContent` API: request validation and response formats, including thought signatures."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from dialer.simulator.providers.context import ApiError
from dialer.simulator.providers.llm.gemini_checks import camel_keys, invalid, read_contents, read_tools
from dialer.simulator.providers.llm.text_model import LlmReply, LlmRequest, LlmService, event, read_arguments

KNOWN = frozenset(
    {
        *(
            "contents",
            "systemInstruction",
            "tools",
            "toolConfig",
            "generationConfig",
            "safetySettings",
            "cachedContent",
        ),
        *("labels", "model", "store", "serviceTier"),
    }
)
_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
_STATUS |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


class Gemini(LlmService):
    """`POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`, the same at `/v1`."""

    provider = "gemini"

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of both API versions."""
        return [
            web.post("/v1beta/models/{model}", self.handle),
            web.post("/v1/models/{model}", self.handle),
        ]

    def check_key(self, request: web.Request) -> None:
        """Check the key. Raises ApiError: as at Gemini, 403 for a missing key and 400 for a wrong one."""
        key = request.headers.get("x-goog-api-key") or request.query.get("key")
        if key is None:
            raise ApiError(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers.")
        if key != self.context.settings.gemini_key:
            raise ApiError(400, "API_KEY_INVALID", "API key not valid. Please pass a valid API key.")

    def read(self, request: web.Request, body: Mapping[str, Any]) -> LlmRequest:
        """Validate a request. Raises ApiError 400 for invalid parameters, 404 for the model or method."""
        model, _, method = request.match_info["model"].rpartition(":")
        if model not in self.context.settings.gemini_text_models or method not in (
            "generateContent",
            "streamGenerateContent",
        ):
            raise ApiError(
                404,
                "NOT_FOUND",
                f"models/{model} is not found for this API version, or is not supported for {method}.",
            )
        stream = method == "streamGenerateContent"
        if stream and request.query.get("alt") != "sse":
            raise invalid("the simulator streams server-sent events only: alt=sse")
        fields = camel_keys(body)
        for name in fields.keys() - KNOWN:
            raise invalid(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
        config = camel_keys(fields.get("generationConfig") or {})
        max_tokens = config.get("maxOutputTokens")
        if max_tokens is not None and (
            isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1
        ):
            raise invalid("max_output_tokens must be positive.")
        tools = read_tools(fields)
        history = read_contents(fields.get("contents"), signed=model.startswith("gemini-3"))
        return LlmRequest(model, history, tools, stream, max_tokens)

    def whole(self, reply: LlmReply) -> Mapping[str, Any]:
        """Return one complete response."""
        return self._response(reply, [_call(reply) if reply.tool is not None else {"text": reply.text}], last=True)

    def frames(self, reply: LlmReply) -> Iterator[bytes]:
        """Yield responses with the next words each; a tool call is sent in one."""
        if reply.tool is not None:
            yield event(self._response(reply, [_call(reply)], last=True))
            return
        for place, piece in enumerate(reply.pieces):
            yield event(self._response(reply, [{"text": piece}], last=place == len(reply.pieces) - 1))

    def error_body(self, refused: ApiError) -> Mapping[str, Any]:
        """Return an `error` object with its status, and with details for a wrong key or a retry delay."""
        error: dict[str, Any] = {
            "code": refused.status,
            "message": refused.message,
            "status": _STATUS.get(refused.status, "UNKNOWN"),
        }
        kind = "type.googleapis.com/google.rpc."
        if refused.code == "API_KEY_INVALID":
            error["details"] = [{"@type": f"{kind}ErrorInfo", "reason": refused.code, "domain": "googleapis.com"}]
        if wait := refused.headers.get("retry-after"):
            error["details"] = [{"@type": f"{kind}RetryInfo", "retryDelay": f"{wait}s"}]
        return {"error": error}

    def error_frame(self, refused: ApiError) -> bytes:
        """Return the data event of a failure within a stream."""
        return event(self.error_body(refused))

    def _response(self, reply: LlmReply, parts: list[dict[str, Any]], *, last: bool) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        if last:
            candidate["finishReason"] = "MAX_TOKENS" if reply.cut else "STOP"
        return {
            "candidates": [candidate],
            "usageMetadata": {
                "promptTokenCount": reply.tokens_in,
                "candidatesTokenCount": reply.tokens_out,
                "totalTokenCount": reply.tokens_in + reply.tokens_out,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": reply.tokens_in}],
            },
            "modelVersion": reply.request.model,
            "responseId": reply.id,
        }


def _call(reply: LlmReply) -> dict[str, Any]:
    """Return a function call with a thought signature: opaque base64, to be sent back unchanged."""
    call = {"id": reply.call_id, "name": reply.tool, "args": read_arguments(reply.text)}
    return {"functionCall": call, "thoughtSignature": base64.b64encode(secrets.token_bytes(24)).decode()}
