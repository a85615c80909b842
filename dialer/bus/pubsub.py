"""What is published on a channel of Redis, from now on: small messages that nobody keeps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis


@asynccontextmanager
async def subscribed(redis: "Redis", channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
    """The messages of a channel, as they come. Raises RedisError, OSError when Redis is away."""
    pubsub = redis.pubsub(ignore_subscribe_messages=True)
    await pubsub.subscribe(channel)

    async def read() -> AsyncIterator[bytes]:
        async for each in pubsub.listen():
            yield each["data"]

    try:
        yield read()
    finally:
        await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis 5 leaves it untyped
