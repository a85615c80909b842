"""Base class of the text model APIs: validates a request, builds its history, and returns or streams the reply.

Subclasses define a provider's formats of requests, responses and errors; the common part, faults included, is here.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from dialer.simulator.ledger import ServiceEntry, ToolEntry, TurnEntry, stamp
from dialer.simulator.people.scripted_model import CallTool, Say
from dialer.simulator.providers.context import ApiError, ProviderContext, json_body
from dialer.simulator.providers.llm.scripted_llm import Past, Result, next_reply
from dialer.simulator.realtime.wire import new_id

_WORDS_A_PIECE = 3


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """A request, independent of the provider's format. `max_tokens` is the limit of output tokens."""

    model: str
    history: tuple[Past, ...]
    tools: frozenset[str]
    stream: bool
    max_tokens: int | None = None
    wants_usage: bool = True


@dataclass(frozen=True, slots=True)
class LlmReply:
    """The reply in chunks: a text, or the JSON arguments of one tool call."""

    id: str
    request: LlmRequest
    pieces: tuple[str, ...]
    tool: str | None
    call_id: str
    tokens_in: int
    tokens_out: int
    cut: bool
    """Whether the token limit ended the reply."""

    @property
    def text(self) -> str:
        """The text, or the JSON arguments of the tool call."""
        return "".join(self.pieces)


class LlmService(ABC):
    """One text model API of one provider."""

    provider: ClassVar[str]
    content_type: ClassVar[str] = "text/event-stream"

    def __init__(self, context: ProviderContext) -> None:
        self.context = context

    @abstractmethod
    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the API's routes."""

    @abstractmethod
    def check_key(self, request: web.Request) -> None:
        """Check the API key. Raises ApiError."""

    @abstractmethod
    def read(self, request: web.Request, body: Mapping[str, Any]) -> LlmRequest:
        """Validate and parse a request. Raises ApiError."""

    @abstractmethod
    def whole(self, reply: LlmReply) -> Mapping[str, Any]:
        """Return the reply as one JSON object."""

    @abstractmethod
    def frames(self, reply: LlmReply) -> Iterator[bytes]:
        """Yield the reply as server-sent events."""

    @abstractmethod
    def error_body(self, refused: ApiError) -> Mapping[str, Any]:
        """Return an error in the provider's format."""

    @abstractmethod
    def error_frame(self, refused: ApiError) -> bytes:
        """Return the event of a failure within a stream."""

    def remember(self, reply: LlmReply) -> None:
        """Store what a later request may continue; by default nothing."""
        return

    def refusal(self, refused: ApiError) -> web.Response:
        """Return the response to a rejected request."""
        return web.json_response(self.error_body(refused), status=refused.status, headers=refused.headers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Handle one request."""
        try:
            self.context.refuse("text", self.provider)
            self.check_key(request)
            body = await json_body(request)
            parsed = self.read(request, body)
        except ApiError as refused:
            refused.note(self.context.ledger, request.path)
            return self.refusal(refused)
        entry = self.context.accept(self.provider, "text", parsed.model, body)
        try:
            reply = self._think(parsed, entry, len(json.dumps(body)) // 4)
            self.remember(reply)
            await self.context.clock.sleep(self.context.settings.thinking_s)
            await self.context.late("text", self.provider)
            if not parsed.stream:
                return web.json_response(self.whole(reply))
            return await self._stream(request, reply)
        except ConnectionError:
            entry.dropped += 1
            return web.Response()
        finally:
            entry.closed = stamp()

    async def _stream(self, request: web.Request, reply: LlmReply) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": self.content_type, "Cache-Control": "no-cache"})
        await response.prepare(request)
        fault = self.context.faults.take("text", "drop", "silence", "failed", event=self.provider)
        frames = list(self.frames(reply))
        for place, frame in enumerate(frames):
            if fault and place >= len(frames) // 2:
                return await self._fail(request, response, fault.does)
            await response.write(frame)
            await self.context.clock.sleep(_WORDS_A_PIECE / 60)
        await response.write_eof()
        return response

    async def _fail(self, request: web.Request, response: web.StreamResponse, does: str) -> web.StreamResponse:
        match does:
            case "silence":
                await asyncio.Event().wait()
            case "drop" if request.transport is not None:
                request.transport.abort()
            case _:
                await response.write(self.error_frame(ApiError(500, "by_fault", "failed by a fault rule")))
                await response.write_eof()
        return response

    def _think(self, parsed: LlmRequest, entry: ServiceEntry, tokens_in: int) -> LlmReply:
        act = next_reply(parsed.history, parsed.tools)
        tool: str | None = None
        match act:
            case Say(text):
                words = text.split(" ")
                pieces = [
                    " ".join(words[at : at + _WORDS_A_PIECE]) + " " for at in range(0, len(words), _WORDS_A_PIECE)
                ]
                pieces[-1] = pieces[-1][:-1]
            case CallTool(name, arguments):
                broken = self.context.faults.take("text", "bad_arguments", event=self.provider)
                tool = (
                    "launch_rocket" if self.context.faults.take("text", "unknown_tool", event=self.provider) else name
                )
                written = '{"slot": ' if broken else json.dumps(dict(arguments))
                pieces = [written[: len(written) // 2], written[len(written) // 2 :]]
        tokens_out = sum(map(len, pieces)) // 4 + 1
        cut = parsed.max_tokens is not None and parsed.max_tokens < tokens_out
        if cut and parsed.max_tokens is not None:
            pieces = pieces[: max(1, len(pieces) * parsed.max_tokens // tokens_out)]
            tokens_out = parsed.max_tokens
        reply = LlmReply(new_id("msg"), parsed, tuple(pieces), tool, self.new_call_id(), tokens_in, tokens_out, cut)
        if tool is None:
            entry.turns.append(TurnEntry("ava", reply.text, reply.id, 0))
        else:
            entry.tools.append(ToolEntry(reply.call_id, tool, reply.text))
        self._note_results(parsed.history)
        return reply

    def new_call_id(self) -> str:
        """Return a new tool call id in the provider's style."""
        return new_id("call")

    def _note_results(self, history: tuple[Past, ...]) -> None:
        """Record tool results in the ledger entries of the requests that called the tools."""
        outputs = {past.call_id: past.output for past in history if isinstance(past, Result)}
        for entry in self.context.ledger.services:
            for tool in entry.tools:
                if tool.output is None and tool.call_id in outputs:
                    tool.output = outputs[tool.call_id]


def event(data: Mapping[str, Any] | str, name: str | None = None) -> bytes:
    """Format a server-sent event."""
    payload = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{f'event: {name}{chr(10)}' if name else ''}data: {payload}\n\n".encode()


def read_arguments(raw: object) -> dict[str, str]:
    """Parse the arguments of an earlier tool call; {} if they are invalid."""
    try:
        value = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
