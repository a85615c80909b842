"""What the processes have in common: servers that are right before anything is served."""

from redis.asyncio import Redis

from dialer.cli.event_loop import run
from dialer.settings import Settings
from dialer.wiring.stores import open_store


def check_servers(settings: Settings) -> None:
    """Fail in one line, before anything is served, where the database, its schema or Redis is not right."""

    async def check() -> None:
        async with open_store(settings, pool_size=1):
            pass
        redis: Redis = Redis.from_url(settings.dialer_redis_url or "", socket_connect_timeout=3)
        try:
            await redis.ping()
        finally:
            await redis.aclose()

    run(check())
