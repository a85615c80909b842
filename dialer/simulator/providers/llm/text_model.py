"""A text model behind one path: the request is checked, a history made of it, and the answer told whole or in pieces.

Each provider says how it is asked, how it answers and how it refuses; what is common stands here, faults among it.
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
    """What a request comes to, whatever its spelling. `most` is the bound of the answer in tokens."""

    model: str
    history: tuple[Past, ...]
    tools: frozenset[str]
    stream: bool
    most: int | None = None
    wants_usage: bool = True


@dataclass(frozen=True, slots=True)
class LlmReply:
    """The answer: words in pieces, or one tool call with its arguments as JSON text in pieces."""

    id: str
    asked: LlmRequest
    pieces: tuple[str, ...]
    tool: str | None
    call_id: str
    tokens_in: int
    tokens_out: int
    cut: bool
    """Whether the bound ended it."""

    @property
    def text(self) -> str:
        """The words, or the arguments."""
        return "".join(self.pieces)


class LlmService(ABC):
    """One interface of one provider."""

    provider: ClassVar[str]
    content_type: ClassVar[str] = "text/event-stream"

    def __init__(self, desk: ProviderContext) -> None:
        self.desk = desk

    @abstractmethod
    def routes(self) -> list[web.AbstractRouteDef]:
        """The paths of this interface."""

    @abstractmethod
    def check_key(self, request: web.Request) -> None:
        """Raise ApiError for a key that is missing or wrong."""

    @abstractmethod
    def read(self, request: web.Request, body: Mapping[str, Any]) -> LlmRequest:
        """Check a request whole. Raises ApiError."""

    @abstractmethod
    def whole(self, reply: LlmReply) -> Mapping[str, Any]:
        """The answer as one JSON object."""

    @abstractmethod
    def frames(self, reply: LlmReply) -> Iterator[bytes]:
        """The answer as server-sent events."""

    @abstractmethod
    def error_body(self, refused: ApiError) -> Mapping[str, Any]:
        """A refusal in the provider's shape."""

    @abstractmethod
    def error_frame(self, refused: ApiError) -> bytes:
        """A failure in the middle of a stream."""

    def remember(self, reply: LlmReply) -> None:
        """Keep what a later request may go on with; most interfaces keep nothing."""
        return

    def refusal(self, refused: ApiError) -> web.Response:
        """The answer to a request that is refused."""
        return web.json_response(self.error_body(refused), status=refused.status, headers=refused.headers)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        try:
            self.desk.refuse("text", self.provider)
            self.check_key(request)
            body = await json_body(request)
            asked = self.read(request, body)
        except ApiError as refused:
            refused.note(self.desk.ledger, request.path)
            return self.refusal(refused)
        entry = self.desk.accept(self.provider, "text", asked.model, body)
        try:
            reply = self._think(asked, entry, len(json.dumps(body)) // 4)
            self.remember(reply)
            await self.desk.clock.sleep(self.desk.settings.thinking_s)
            await self.desk.late("text", self.provider)
            if not asked.stream:
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
        fault = self.desk.faults.take("text", "drop", "silence", "failed", event=self.provider)
        frames = list(self.frames(reply))
        for place, frame in enumerate(frames):
            if fault and place >= len(frames) // 2:
                return await self._fail(request, response, fault.does)
            await response.write(frame)
            await self.desk.clock.sleep(_WORDS_A_PIECE / 60)
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

    def _think(self, asked: LlmRequest, entry: ServiceEntry, tokens_in: int) -> LlmReply:
        act = next_reply(asked.history, asked.tools)
        tool: str | None = None
        match act:
            case Say(said):
                words = said.split(" ")
                pieces = [
                    " ".join(words[at : at + _WORDS_A_PIECE]) + " " for at in range(0, len(words), _WORDS_A_PIECE)
                ]
                pieces[-1] = pieces[-1][:-1]
            case CallTool(name, arguments):
                broken = self.desk.faults.take("text", "bad_arguments", event=self.provider)
                tool = "launch_rocket" if self.desk.faults.take("text", "unknown_tool", event=self.provider) else name
                written = '{"slot": ' if broken else json.dumps(dict(arguments))
                pieces = [written[: len(written) // 2], written[len(written) // 2 :]]
        tokens_out = sum(map(len, pieces)) // 4 + 1
        cut = asked.most is not None and asked.most < tokens_out
        if cut and asked.most is not None:
            pieces = pieces[: max(1, len(pieces) * asked.most // tokens_out)]
            tokens_out = asked.most
        reply = LlmReply(new_id("msg"), asked, tuple(pieces), tool, self.new_call_id(), tokens_in, tokens_out, cut)
        if tool is None:
            entry.turns.append(TurnEntry("ava", reply.text, reply.id, 0))
        else:
            entry.tools.append(ToolEntry(reply.call_id, tool, reply.text))
        self._note_results(asked.history)
        return reply

    def new_call_id(self) -> str:
        """An id of a tool call, in the provider's style."""
        return new_id("call")

    def _note_results(self, history: tuple[Past, ...]) -> None:
        """What a tool answered belongs to the request that called it."""
        outputs = {past.call_id: past.output for past in history if isinstance(past, Result)}
        for entry in self.desk.ledger.services:
            for tool in entry.tools:
                if tool.output is None and tool.call_id in outputs:
                    tool.output = outputs[tool.call_id]


def event(data: Mapping[str, Any] | str, name: str | None = None) -> bytes:
    """One server-sent event."""
    told = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{f'event: {name}{chr(10)}' if name else ''}data: {told}\n\n".encode()


def read_arguments(raw: object) -> dict[str, str]:
    """The arguments of an earlier tool call; nothing where they are not readable."""
    try:
        value = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
