"""Feeds expire, cost one export a minute however often they are read, and leave a trace of who reads them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from httpx import AsyncClient
from pydantic import SecretStr

from dialer.domain.access.rates import FEED
from dialer.services.exports.feeds import token_of
from dialer.services.exports.manage import add_feed
from dialer.settings import Settings
from dialer.store.system import feeds as stored_feeds
from dialer.store.tables import AuditEntry
from dialer.web.public import feeds
from dialer.web.public.feed_cache import KEPT_S, FeedBusyError, FeedCache
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.ava import all_of
from tests.support.people import sql
from tests.support.web import serving

SECRET = "a long random text for tests"


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncIterator[AsyncClient]:
    behind = {"dialer_secret_key": SecretStr(SECRET), "dialer_proxies": 1}
    async with serving(settings.model_copy(update=behind)) as client:
        client.auth = None
        yield client


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[AsyncClient]:
    async with client_of(settings) as client:
        yield client


@pytest.fixture
async def path(store: Store) -> str:
    async with store.sessions.begin() as session:
        made = await add_feed(session, ADMIN, "leads", None, timedelta(days=30))
    return f"/feeds/{token_of(made.id, SECRET)}.csv"


async def read(client: AsyncClient, path: str, address: str = "198.51.100.1") -> tuple[int, str]:
    answer = await client.get(path, headers={"x-forwarded-for": address})
    return answer.status_code, answer.text


async def test_a_feed_that_has_expired_does_not_exist(client: AsyncClient, store: Store, path: str) -> None:
    assert await sql(store.sessions, "SELECT expires_at BETWEEN now() + '29 days' AND now() + '30 days' FROM feed")
    assert (await read(client, path))[0] == 200
    await sql(store.sessions, "UPDATE feed SET expires_at = now()")
    assert (await read(client, path))[0] == 404


async def test_a_feed_is_exported_once_a_minute(
    client: AsyncClient, store: Store, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports: list[Path] = []

    async def counted(session: object, what: str, file: Path, **of: object) -> None:
        exports.append(file)
        file.write_text(f"export {len(exports)}\n")

    monkeypatch.setattr(feeds, "export_results", counted)
    assert [await read(client, path) for _ in range(3)] == [(200, "export 1\n")] * 3
    await sql(store.sessions, "UPDATE feed SET revoked_at = now()")
    assert (await read(client, path))[0] == 404, "the file is not shown past the feed's end"


async def test_one_export_of_a_feed_runs_at_a_time_in_all_processes(
    client: AsyncClient, store: Store, path: str
) -> None:
    async with store.sessions() as session:
        assert await stored_feeds.try_lock(session, await sql(store.sessions, "SELECT id FROM feed"))
        status, says = await read(client, path)
        assert (status, "being written" in says) == (429, True)
    assert (await read(client, path))[0] == 200


async def test_the_first_read_from_each_address_is_in_the_audit_log(
    client: AsyncClient, store: Store, path: str
) -> None:
    for address in ("198.51.100.1", "198.51.100.1", "203.0.113.7"):
        assert (await read(client, path, address))[0] == 200
    reads = [each for each in await all_of(store, AuditEntry) if each.action == "feed.read"]
    assert [each.details["from"] for each in reads] == ["198.51.100.1", "203.0.113.7"]
    assert reads[0].actor == f"feed:{reads[0].details['feed']}"
    await read(client, path[:-6] + "00.csv", "192.0.2.9")
    assert len([each for each in await all_of(store, AuditEntry) if each.action == "feed.read"]) == 2


async def test_feeds_are_read_only_so_often_from_an_address(
    client: AsyncClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "FEED", replace(FEED, name=str(uuid4()), most=2))
    assert [(await read(client, path))[0] for _ in range(3)] == [200, 200, 429]
    assert (await read(client, path, "203.0.113.7"))[0] == 200


def writer(words: str) -> Callable[[Path], Awaitable[None]]:
    async def write(path: Path) -> None:
        await asyncio.sleep(0)
        path.write_text(words)

    return write


async def test_files_are_made_once_deleted_after_a_minute_and_made_anew_after_a_failure() -> None:
    clock = [0.0]
    cache = FeedCache(lambda: clock[0])

    async def fail(path: Path) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        await cache.get(1, fail)
    both = await asyncio.gather(
        cache.get(1, writer("one")), cache.get(1, writer("two")), cache.get(2, writer("other")), return_exceptions=True
    )
    first = both[0]
    assert isinstance(first, Path)
    assert isinstance(both[1], FeedBusyError)
    assert first.read_text() == "one"
    assert first.parent.stat().st_mode & 0o077 == 0
    clock[0] = KEPT_S
    second = await cache.get(1, writer("three"))
    assert (second.read_text(), first.exists()) == ("three", False)
    cache.close()
    assert not second.exists()
