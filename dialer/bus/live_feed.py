"""What happens in calls right now, for whoever watches: small messages over Redis, none of them kept.

The names are those of the page that this dialer grew from: clientConnected, callStatus, ava_response,
user_transcript, clientDisconnected; each carries the call's id and a time. Losing one loses nothing but a glimpse.
"""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from dialer.bus.pubsub import subscribed

CHANNEL = "dialer:live"
REQUESTED_CALLS = "dialer:asked"
CALL_REQUESTED = "dialer:events"
MAX_RINGS = 8
Kind = Literal["clientConnected", "callStatus", "ava_response", "user_transcript", "clientDisconnected", "field"]
log = logging.getLogger(__name__)


def message(kind: Kind, call_id: UUID, at: datetime, **more: object) -> str:
    """One message as JSON text."""
    return json.dumps({"type": kind, "call_id": str(call_id), "time": at.isoformat(), **more}, ensure_ascii=False)


async def publish(redis: "Redis", *messages: str) -> None:
    """Tell whoever watches; a Redis that is away costs the glimpse and nothing else."""
    try:
        async with redis.pipeline(transaction=False) as pipe:
            for each in messages:
                pipe.publish(CHANNEL, each)
            await pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("live message lost: %s", error)


async def request_call(redis: "Redis", call_id: UUID) -> None:
    """Tell the workers of a call that was asked for just now; if this is lost, the sweeper finds the intent."""
    try:
        await redis.rpush(REQUESTED_CALLS, str(call_id))  # type: ignore[misc]  # redis 5 types it as sync or async
    except (RedisError, OSError) as error:
        log.warning("doorbell not rung: %s", error)


async def notify(redis: "Redis") -> None:
    """Tell the workers that webhooks were kept; if it is not heard, they look every second."""
    try:
        async with redis.pipeline(transaction=False) as pipe:
            pipe.rpush(CALL_REQUESTED, "1")
            pipe.ltrim(CALL_REQUESTED, -MAX_RINGS, -1)
            await pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("the bell for webhooks was not heard: %s", error)


@asynccontextmanager
async def subscribe(redis: "Redis") -> AsyncIterator[AsyncIterator[str]]:
    """The messages from now on."""
    async with subscribed(redis, CHANNEL) as messages:
        yield (each.decode() async for each in messages)
