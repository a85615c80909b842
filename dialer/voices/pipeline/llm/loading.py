"""Text models by their provider's name, loaded in a thread: their libraries take seconds, and a bridge never stands still."""

import asyncio
import importlib
from typing import Any

from dialer.voices.pipeline.port import LlmClient


async def load(provider: str, key: str, url: str, model: str) -> LlmClient:
    """A text model of `text/<provider>.py`."""

    def make() -> LlmClient:
        made: LlmClient = _module(provider).make(key, url, model)
        return made

    return await asyncio.to_thread(make)


async def warm(provider: str) -> None:
    """Have it loaded before somebody waits for it."""
    await asyncio.to_thread(_module, provider)


def _module(provider: str) -> Any:
    # The one late import: at the top it would cost every process seconds and 100 MB, whatever voice it speaks with.
    return importlib.import_module(f"dialer.voices.pipeline.llm.{provider}")
