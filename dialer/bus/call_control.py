"""A hand on a call in progress, from whichever web process to the bridge that has the call: small messages over Redis.

A command goes to every bridge; the one that has the call does it and answers, the others are silent. Nothing is kept: a
command that nobody answers in time was not heard, and is said to have failed. The sound of a call goes over a channel of
its own, and only while somebody's wish to hear it is younger than `LISTEN_FOR_S`.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal
from uuid import UUID, uuid4

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from dialer.bus.pubsub import subscribed

COMMANDS = "dialer:control"
REPLY_TIMEOUT_S = 2.0
REPLY_TTL_S = 10
LISTEN_FOR_S = 12.0
LISTEN_AGAIN_S = 4.0
OVER = b""
"""The last message on a call's channel of sound."""
Blocks = AsyncIterator[bytes]
log = logging.getLogger(__name__)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a call. `words` are those of a note; `counselor` the id of whom to connect it to."""

    call_id: UUID
    do: Literal["note", "hang_up", "transfer", "listen"]
    words: str = ""
    at_once: bool = False
    counselor: int = 0
    listener: str = ""
    who: str = ""
    id: UUID = msgspec.field(default_factory=uuid4)


class Reply(msgspec.Struct, frozen=True):
    """What came of it: done, or why not."""

    ok: bool
    says: str = ""


_command = msgspec.json.Decoder(Command).decode
_reply = msgspec.json.Decoder(Reply).decode


def audio_channel(call_id: UUID) -> str:
    """The channel of a call's sound."""
    return f"dialer:sound:{call_id}"


async def request(redis: "Redis", command: Command, within_s: float = REPLY_TIMEOUT_S) -> Reply | None:
    """Give a command; what came of it, None where no bridge answered in time or Redis is away."""
    key = _answer_to(command)
    until = time.monotonic() + within_s
    try:
        async with asyncio.timeout(within_s):
            if not await redis.publish(COMMANDS, msgspec.json.encode(command)):
                return None  # no bridge is up
            while time.monotonic() < until:
                found: bytes | None = await redis.lpop(key)  # type: ignore[misc]  # redis 5 types it as sync or async
                if found is not None:
                    return _reply(found)
                await asyncio.sleep(0.02)
    except (RedisError, OSError, msgspec.DecodeError) as error:  # TimeoutError is an OSError
        log.warning("a call's bridge was not asked: %s", error)
    return None


async def reply(redis: "Redis", command: Command, reply: Reply) -> None:
    """Say what came of a command."""
    key = _answer_to(command)
    try:
        async with redis.pipeline(transaction=False) as pipe:
            pipe.rpush(key, msgspec.json.encode(reply))
            pipe.expire(key, REPLY_TTL_S)
            await pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("an answer was not heard: %s", error)


@asynccontextmanager
async def commands(redis: "Redis") -> AsyncIterator[AsyncIterator[Command]]:
    """The commands from now on; what is none is passed over. Raises RedisError, OSError when Redis is away."""
    async with subscribed(redis, COMMANDS) as messages:

        async def read() -> AsyncIterator[Command]:
            async for each in messages:
                try:
                    yield _command(each)
                except msgspec.DecodeError as error:
                    log.warning("not a command: %s", error)

        yield read()


def audio_blocks(redis: "Redis", call_id: UUID) -> AbstractAsyncContextManager[Blocks]:
    """A call's sound from now on, block after block (`dialer.bridge.io.live_monitor`); the last one is `OVER`."""
    return subscribed(redis, audio_channel(call_id))


def _answer_to(command: Command) -> str:
    return f"dialer:answer:{command.id}"
