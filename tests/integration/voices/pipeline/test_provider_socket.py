"""A part's socket over loopback: kept open, never waited for, lost once; and what the sessions of a process share."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from dialer.voices.pipeline import provider_socket as lines
from dialer.voices.pipeline.port import Endpoint, Fault, LlmClient, LlmError, Message, Ready, SttEvent, TurnTranscript
from dialer.voices.pipeline.provider_socket import ProviderSocket, ProviderSocketError
from dialer.voices.pipeline.shared_resources import SharedResources
from tests.support.media import until


class Plain:
    """A protocol of words: `ready` is Ready, `no` a complaint, anything else the words of a turn."""

    def __init__(self, idle_s: float | None = None) -> None:
        self.idle_s = idle_s

    def opened(self) -> Sequence[Message]:
        return ("hello",)

    def idle(self) -> Sequence[Message]:
        return ("still here",)

    def bye(self) -> Sequence[Message]:
        return ("bye",)

    def decode(self, message: Message) -> Sequence[SttEvent]:
        known: dict[Message, SttEvent] = {"ready": Ready(), "no": Fault("no", "not you")}
        return (known.get(message, TurnTranscript(str(message))),)


class Far:
    """The other side: what it got, and what it says when somebody comes."""

    def __init__(self, says: Sequence[str]) -> None:
        self.says, self.got = says, list[Message]()
        self.sockets: list[web.WebSocketResponse] = []
        self.reads = asyncio.Event()
        self.reads.set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self.sockets.append(socket)
        for each in self.says:
            await socket.send_str(each)
        await self.reads.wait()
        async for message in socket:
            self.got.append(message.data)
            await self.reads.wait()
        return socket


class Near:
    """Our side of one line."""

    def __init__(self, protocol: Plain, house: SharedResources) -> None:
        self.heard, self.lost = list[SttEvent](), list[str]()
        self.line: ProviderSocket[SttEvent] = ProviderSocket(
            "Somebody", protocol, self.heard.append, self.lost.append, house.leave
        )


@asynccontextmanager
async def far(*says: str) -> AsyncIterator[tuple[Far, str]]:
    made = Far(says)
    app = web.Application()
    app.add_routes([web.get("/", made.serve)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield made, f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        made.reads.set()
        await runner.cleanup()


@pytest.fixture
async def house() -> AsyncIterator[SharedResources]:
    async def load(_: str) -> LlmClient:
        raise AssertionError

    made = SharedResources(load)
    yield made
    await made.close()


async def test_a_line_waits_until_it_is_ready_and_says_goodbye(house: SharedResources) -> None:
    async with far("ready", "words") as (other, url):
        near = Near(Plain(), house)
        await near.line.open(house.http(), Endpoint(url, {}), waits=True)
        near.line.send(["a", b"b"])
        await until(lambda: near.heard and len(other.got) == 3, "all sent")
        near.line.close()
        near.line.close()
        near.line.send(["too late"])
        await until(lambda: len(other.got) == 4, "goodbye")
    assert other.got == ["hello", "a", b"b", "bye"]
    assert near.heard == [TurnTranscript("words")]
    assert near.lost == []


async def test_a_line_with_nothing_to_send_is_kept_open(house: SharedResources) -> None:
    async with far() as (other, url):
        near = Near(Plain(idle_s=0.02), house)
        await near.line.open(house.http(), Endpoint(url, {}), waits=False)
        await until(lambda: other.got.count("still here") >= 3, "signs of life")
        near.line.close()


async def test_a_complaint_before_it_is_ready_is_a_line_that_was_not_had(house: SharedResources) -> None:
    async with far("no") as (_, url):
        near = Near(Plain(), house)
        with pytest.raises(ProviderSocketError, match="no: not you"):
            await near.line.open(house.http(), Endpoint(url, {}), waits=True)
        near.line.close()
    assert (near.heard, near.lost) == ([], [])


async def test_a_line_that_the_other_side_closes_is_lost_once(house: SharedResources) -> None:
    async with far() as (other, url):
        near = Near(Plain(), house)
        await near.line.open(house.http(), Endpoint(url, {}), waits=False)
        await until(lambda: other.sockets, "open")
        await other.sockets[0].close(code=1008)
        await until(lambda: near.lost, "lost")
        near.line.close()
    assert near.lost == ["Somebody closed its socket (1008)"]


async def test_a_line_that_nobody_reads_says_since_when(
    house: SharedResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "CLOSE_TIMEOUT_S", 0.1)
    async with far() as (other, url):
        near = Near(Plain(), house)
        await near.line.open(house.http(), Endpoint(url, {}), waits=False)
        other.reads.clear()
        for _ in range(400):
            near.line.send([b"\xff" * 60_000])
        await asyncio.sleep(0.1)
        assert near.line.blocked_since is not None
        other.reads.set()
        await until(lambda: near.line.blocked_since is None, "caught up")
        near.line.close()


async def test_a_line_that_was_left_while_it_was_opened_is_closed(house: SharedResources) -> None:
    async with far() as (other, url):
        near = Near(Plain(), house)
        opening = asyncio.create_task(near.line.open(house.http(), Endpoint(url, {}), waits=False))
        await asyncio.sleep(0)
        near.line.close()
        with pytest.raises(ProviderSocketError, match="left"):
            await opening
        await until(lambda: other.sockets[0].closed, "closed")


async def test_a_text_model_is_loaded_once_for_all_sessions_and_again_where_that_failed() -> None:
    class Model:
        closed = 0

        async def close(self) -> None:
            self.closed += 1

    loads, model = list[str](), Model()

    async def load(name: str) -> LlmClient:
        loads.append(name)
        if len(loads) == 1:
            raise LlmError("x", "not now", fatal=False)
        return model  # type: ignore[return-value]  # it is only kept and closed

    house = SharedResources(load)
    with pytest.raises(LlmError):
        await house.llm("m")
    assert await asyncio.gather(house.llm("m"), house.llm("m")) == [model, model]
    assert loads == ["m", "m"]
    await house.close()
    assert model.closed == 1


async def test_the_connections_of_a_process_are_its_sessions_together(house: SharedResources) -> None:
    assert isinstance(house.http(), aiohttp.ClientSession)
    assert house.http() is house.http()
