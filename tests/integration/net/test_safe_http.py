"""Requests to URLs that somebody else chose never reach this machine, whichever check is the one that sees it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from dialer.net import safe_http
from dialer.net.safe_http import SafeHttpClient


class Listener:
    """A server on loopback that counts who connects and what they send."""

    def __init__(self) -> None:
        self.connections = 0
        self.received = b""
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.received += await reader.read(65536)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


HOSTS = ["127.0.0.1", "１２７.0.0.1", "①②⑦.0.0.1", "localhost"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("judged", [True, False], ids=["the URL is judged", "the URL is not judged"])
async def test_this_machine_is_not_connected_to(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, host: str, judged: bool
) -> None:
    if not judged:
        monkeypatch.setattr(safe_http, "refusal", lambda url, allowed: None)
    client = SafeHttpClient(())
    try:
        url = f"http://{host}:{listener.port}/"
        read, posted = await client.fetch(url, 1000), await client.post(url, b"{}", {})
    finally:
        await client.close()
    assert (read.body, posted.ok, listener.connections) == (None, False, 0)
    if not judged:
        assert "private address" in read.says


@pytest.mark.parametrize("host", HOSTS[:3])
async def test_a_private_peer_is_sent_nothing(listener: Listener, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(safe_http, "refusal", lambda url, allowed: None)
    client = SafeHttpClient(())
    monkeypatch.setattr(client._public.connector, "_socket_factory", None)
    try:
        posted = await client.post(f"http://{host}:{listener.port}/", b"{}", {})
    finally:
        await client.close()
    await asyncio.sleep(0.05)
    assert (posted.ok, "private address" in posted.says, listener.received) == (False, True, b"")


async def test_a_host_that_the_operator_named_is_reached_in_whatever_digits(listener: Listener) -> None:
    client = SafeHttpClient({f"127.0.0.1:{listener.port}"})
    try:
        for host in HOSTS[:3]:
            assert (await client.fetch(f"http://{host}:{listener.port}/", 1000)).body == b"ok"
    finally:
        await client.close()
