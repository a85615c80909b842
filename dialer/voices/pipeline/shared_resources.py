"""What the sessions of a process share: connections, text models that were loaded, and what is left to do after a session."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import aiohttp

from dialer.voices.pipeline.port import LlmClient

CONNECT_TIMEOUT_S = 5.0
LOAD_TIMEOUT_S = 15.0
CLOSE_TIMEOUT_S = 3.0


class SharedResources:
    """One for each pipeline of a process. `load` makes a text model by its name."""

    def __init__(self, load: Callable[[str], Awaitable[LlmClient]]) -> None:
        self._load = load
        self._texts: dict[str, asyncio.Task[LlmClient]] = {}
        self._http: aiohttp.ClientSession | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    def http(self) -> aiohttp.ClientSession:
        """Connections; those of finished requests are used again."""
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)
            self._http = aiohttp.ClientSession(timeout=timeout)
        return self._http

    async def llm(self, model: str) -> LlmClient:
        """A text model, loaded once; one that could not be loaded is tried again by the next who asks."""
        loading = self._texts.get(model)
        if loading is None or (loading.done() and (loading.cancelled() or loading.exception())):
            loading = self._texts[model] = asyncio.ensure_future(self._made(model))
        return await asyncio.shield(loading)  # whoever gives up waiting does not take it from the others

    def leave(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this although nobody waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """The process ends."""
        if self._leaving:
            await asyncio.wait(set(self._leaving), timeout=CLOSE_TIMEOUT_S)
        if loadings := [each for each in self._texts.values() if not each.done()]:
            await asyncio.wait(loadings, timeout=LOAD_TIMEOUT_S)  # a thread cannot be stopped, only waited for
        for loading in self._texts.values():
            if loading.done() and not loading.cancelled() and loading.exception() is None:
                await loading.result().close()
        if self._http is not None:
            await self._http.close()

    async def _made(self, model: str) -> LlmClient:
        return await self._load(model)
