"""What every command stands on: the settings, and the servers, embedded where no address was given."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from dialer.cli.event_loop import run
from dialer.embedded import Embedded
from dialer.settings import Settings, read_settings
from dialer.wiring.stores import Store, open_store

T = TypeVar("T")


@contextmanager
def with_servers(settings: Settings | None = None, *, durable: bool = True) -> Iterator[Settings]:
    """Settings whose database and Redis have an address: those given, or the data folder's own, running or started."""
    settings = settings or read_settings()
    if settings.dialer_database_url and settings.dialer_redis_url:
        yield settings
        return
    with Embedded(settings.dialer_data_dir, durable=durable) as addresses:
        yield settings.model_copy(
            update={
                "dialer_database_url": settings.dialer_database_url or addresses.database_url,
                "dialer_redis_url": settings.dialer_redis_url or addresses.redis_url,
            }
        )


def with_store(work: Callable[[Settings, Store], Awaitable[T]]) -> T:
    """Run one piece of work on the database of this folder."""

    async def opened(settings: Settings) -> T:
        async with open_store(settings) as store:
            return await work(settings, store)

    with with_servers() as settings:
        return run(opened(settings))
