"""A text model through pydantic-ai: a talk as its messages, an answer as a stream, its errors as `LlmError`.

This module and its neighbours take seconds to import: nobody imports them but `loading`, in a thread.
"""

from collections.abc import AsyncGenerator, Sequence

import httpx
from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import (
    AgentRunError,
    ModelQuotaExceededError,
    ModelRequestRejectedError,
    UserError,
)
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.usage import RequestUsage

from dialer.voices.pipeline.chat_history import INSTRUCTED, NOT_KNOWN, AssistantEntry, Entry, SystemEntry
from dialer.voices.pipeline.port import Count, LlmDone, LlmError, LlmRequest, LlmToolCall, TextDelta

FIRST_TOKEN_TIMEOUT_S = 6.0
"""Before the bridge gives the voice up for silent."""
RESPONSE_TIMEOUT_S = 30.0
TIMES = ModelSettings(first_event_timeout=FIRST_TOKEN_TIMEOUT_S, request_timeout=RESPONSE_TIMEOUT_S)
QUICK = ModelSettings(max_retries=0, thinking=False)
"""Nobody on a telephone waits for a model to think, or for a library to try again."""
ANSWERED = f"[{INSTRUCTED}the call was answered.]"
GO_ON = f"[{INSTRUCTED}go on.]"


class PydanticAiClient:
    """A text model (`port.Text`). No request is made twice by a library: whether to ask again is the bridge's."""

    def __init__(self, model: Model, name: str, settings: ModelSettings = QUICK) -> None:
        self._model, self._name, self._settings = model, name, settings

    async def respond(
        self, wanted: LlmRequest, history: Sequence[Entry], count: Count, *, in_words: bool
    ) -> AsyncGenerator[TextDelta | LlmDone, None]:
        """See `port.Text`."""
        settings: ModelSettings = {**TIMES, **self._settings}
        if wanted.max_tokens:
            settings["max_tokens"] = wanted.max_tokens
        if in_words:
            settings["tool_choice"] = "none"
        try:
            async with model_request_stream(
                self._model,
                messages_of(wanted.instructions, history),
                model_settings=settings,
                model_request_parameters=ModelRequestParameters(function_tools=_tools(wanted)),
            ) as stream:
                try:
                    async for event in stream:
                        if words := _words(event):
                            yield TextDelta(words)
                finally:
                    count(usage_of(stream.usage))
                yield _answered(stream)
        except UserError as error:
            raise LlmError("text_refused", f"{self._name}: {error}", fatal=True) from error
        except AgentRunError as error:
            fatal = isinstance(error, (ModelRequestRejectedError, ModelQuotaExceededError))
            raise LlmError("text_failed", f"{self._name}: {_line(error)}", fatal=fatal) from error
        except (httpx.HTTPError, OSError) as error:
            raise LlmError("text_lost", f"{self._name}: {_line(error)}", fatal=False) from error

    async def close(self) -> None:
        """Let the connections of the model's client go."""
        async with self._model:
            pass  # leaving it for the last time closes its client


def messages_of(instructions: str, history: Sequence[Entry]) -> list[ModelMessage]:
    """A talk as messages that begin and end with the user's side; results of tools come right after their calls."""
    messages: list[ModelMessage] = []
    waiting: list[UserPromptPart | ToolReturnPart] = []
    for entry in history:
        match entry:
            case SystemEntry(words):
                waiting.append(UserPromptPart(words))
            case AssistantEntry():
                messages.append(ModelRequest(parts=waiting or [UserPromptPart(GO_ON if messages else ANSWERED)]))
                messages.append(_response(entry))
                waiting = [
                    ToolReturnPart(each.name, entry.results.get(each.tool_call, NOT_KNOWN), tool_call_id=each.native)
                    for each in entry.calls
                ]
    messages.append(ModelRequest(parts=waiting or [UserPromptPart(GO_ON)]))
    for message in messages:
        if isinstance(message, ModelRequest):
            message.instructions = instructions
    return messages


def _response(entry: AssistantEntry) -> ModelResponse:
    """An answer as its library gave it, where all of it counts; else its words that were heard, and its calls."""
    native = entry.response
    if isinstance(native, ModelResponse) and not entry.cut:
        return native
    parts: list[ModelResponsePart] = [TextPart(entry.words)] if entry.words else []
    if isinstance(native, ModelResponse):
        parts += [each for each in native.parts if not isinstance(each, (TextPart, ThinkingPart))]
        return ModelResponse(parts=parts, provider_name=native.provider_name, model_name=native.model_name)
    parts += [ToolCallPart(each.name, each.arguments, tool_call_id=each.native) for each in entry.calls]
    return ModelResponse(parts=parts)


def _tools(wanted: LlmRequest) -> list[ToolDefinition]:
    return [
        ToolDefinition(
            name=each.name,
            parameters_json_schema=dict(each.parameters),
            description=each.description,
            strict=False,
            kind="external",
        )
        for each in wanted.tools
    ]


def _words(event: object) -> str:
    match event:
        case PartStartEvent(part=TextPart(content=words)) | PartDeltaEvent(delta=TextPartDelta(content_delta=words)):
            return words
    return ""


def _answered(stream: StreamedResponse) -> LlmDone:
    response = stream.get()
    calls = tuple(
        LlmToolCall(part.tool_call_id, part.tool_name, part.args_as_json_str())
        for part in response.parts
        if isinstance(part, ToolCallPart)
    )
    return LlmDone(calls, response)


def usage_of(usage: RequestUsage) -> dict[str, int]:
    """Token counts by the kinds that prices are asked for; what was read from a cache is priced apart."""
    cached = usage.cache_read_tokens
    counts = {
        "text_in": max(0, usage.input_tokens - cached),
        "text_cached": cached,
        "text_out": usage.output_tokens,
    }
    return {kind: count for kind, count in counts.items() if count}


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
