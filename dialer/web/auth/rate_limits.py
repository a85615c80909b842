"""How often somebody may ask, counted in Redis so that all web processes count together (security.md §4.1.4).

A Redis that is away counts nothing: pages go on, and passwords are still counted per account in SQL.
"""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from dialer.domain.access.rates import Rate


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
