"""How often somebody may ask, counted in Redis so that all web processes count together (security.md §4.1.4).

A Redis that is away counts nothing: pages go on, and passwords are still counted per account in SQL.
"""

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many in so many seconds, for each key."""

    name: str
    most: int
    within_s: int


SIGN_IN = Rate("sign-in", 20, 300)
"""By address: a lock of one account is not all there is."""
PASSWORD = Rate("password", 20, 300)
"""By account: who found a browser unattended is not to guess."""
UPLOAD = Rate("upload", 60, 3600)
EXPORT = Rate("export", 120, 3600)
START = Rate("start", 120, 3600)
TRY = Rate("try", 60, 600)
"""Turns of scripts tried in text, by the page and the API together: each asks a text model, and costs."""


async def is_exceeded(redis: "Redis", rate: Rate, key: str) -> bool:
    """Count one more; whether it is too many."""
    name = f"dialer:rate:{rate.name}:{key}"
    try:
        async with redis.pipeline(transaction=True) as pipe:
            pipe.incr(name)
            pipe.expire(name, rate.within_s, nx=True)
            count, _ = await pipe.execute()
    except (RedisError, OSError):
        return False
    return int(count) > rate.most
