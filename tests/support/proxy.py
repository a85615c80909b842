"""A TCP proxy whose ills a test orders at any moment: the vocabulary of toxiproxy, in a thread of its own.

`latency_s` delays every piece of data, `slice_bytes` cuts it small, `stalled` holds it back while connections stay open,
`cut_answers_after` resets a connection after so many bytes of the answer. `down` refuses connections, `reset_all` breaks
those there are, `half_close_all` says "no more from the server" on them while they stay open.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any

RESET = struct.pack("ii", 1, 0)


class Proxy:
    """One address in front of another, for as long as the context lasts."""

    def __init__(self, host: str, port: int) -> None:
        self.latency_s = 0.0
        self.slice_bytes = 0
        self.stalled = False
        self.cut_answers_after: int | None = None
        self.connections = 0
        self.port = 0
        self._behind = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "Proxy":
        self._thread.start()
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def up(self) -> None:
        """Take connections, at the same port as before."""
        self._do(self._listen())

    def down(self) -> None:
        """Refuse connections and break those there are."""
        self._do(self._refuse())

    def reset_all(self) -> None:
        """Break every connection with a reset, seen by both sides."""
        self._do(self._reset())

    def half_close_all(self) -> None:
        """Send the clients an end of the stream; what they send is still taken."""
        self._do(self._half_close())

    def heal(self) -> None:
        """All well again, for the connections that are left and for new ones."""
        self.latency_s, self.slice_bytes, self.stalled, self.cut_answers_after = 0.0, 0, False, None

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _reset(self) -> None:
        for writer in list(self._open):
            _break(writer)

    async def _half_close(self) -> None:
        for writer in list(self._open):
            with suppress(OSError, RuntimeError):
                writer.write_eof()

    async def _end(self) -> None:
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self._open.add(to_client)
        self.connections += 1
        to_server: asyncio.StreamWriter | None = None
        try:
            from_server, to_server = await asyncio.open_connection(*self._behind)
            await asyncio.gather(self._pass(from_client, to_server), self._pass(from_server, to_client, answers=True))
        except (OSError, asyncio.CancelledError):
            pass  # broken on either side, or the end
        finally:
            for writer in (to_client, to_server):
                if writer is not None:
                    _break(writer)
            self._open.discard(to_client)
            self._serving.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        passed = 0
        while data := await reader.read(65536):
            while self.stalled:
                await asyncio.sleep(0.02)
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            if answers and self.cut_answers_after is not None and passed + len(data) > self.cut_answers_after:
                writer.write(data[: max(0, self.cut_answers_after - passed)])
                await writer.drain()
                raise ConnectionResetError
            for start in range(0, len(data), self.slice_bytes or len(data)):
                writer.write(data[start : start + (self.slice_bytes or len(data))])
                await writer.drain()
                if self.slice_bytes:
                    await asyncio.sleep(0)
            passed += len(data)
        writer.write_eof()


def _break(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
