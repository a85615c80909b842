"""`GET /feeds/{token}.csv`: a sheet for spreadsheet programs, which bring no login; whoever has the address may read it.

An address that is wrong, revoked or expired is one that does not exist. A sheet is exported once a minute at most, and one
export of a feed runs at a time; the first read from each client address is in the audit log.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from litestar import Request, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException, TooManyRequestsException
from litestar.params import FromPath
from litestar.response import Stream

from dialer.domain.access.rates import FEED
from dialer.services.exports.feeds import open_feed
from dialer.services.exports.results import What, export_results
from dialer.store.system import feeds
from dialer.store.tables import Feed
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.identity import address_of
from dialer.web.auth.rate_limits import is_exceeded
from dialer.web.public.feed_cache import FeedBusyError

PIECE = 256 * 1024
NOT_THERE = "This feed does not exist, has expired or was revoked."
TOO_OFTEN = "Feeds are read too often from this address. Try again in an hour."
BUSY = "This feed is being written for another request. Try again in a minute."


@get("/feeds/{name:str}", include_in_schema=False)
async def read_feed(name: FromPath[str], request: Request[object, object, State], app_state: InjectedState) -> Stream:
    """The sheet as it was within the last minute, as CSV."""
    address = address_of(request, app_state.settings)
    if await is_exceeded(app_state.redis, FEED, address):
        raise TooManyRequestsException(TOO_OFTEN)
    secret = app_state.settings.dialer_secret_key
    token = name.removesuffix(".csv")
    if secret is None or not name.endswith(".csv"):
        raise NotFoundException(NOT_THERE)
    async with app_state.sessions.begin() as session:
        found = await open_feed(session, token, secret.get_secret_value(), address)
    if found is None:
        raise NotFoundException(NOT_THERE)
    try:
        path = await app_state.feed_cache.get(found[0].id, partial(_export, app_state, *found))
    except FeedBusyError as error:
        raise TooManyRequestsException(BUSY) from error
    file = path.open("rb")
    headers = {"cache-control": "no-store", "x-robots-tag": "noindex"}
    return Stream(_pieces(file), media_type="text/csv; charset=utf-8", headers=headers)


async def _export(app_state: AppState, feed: Feed, campaign: str | None, path: Path) -> None:
    async with app_state.sessions() as session:
        if not await feeds.try_lock(session, feed.id):
            raise FeedBusyError
        await export_results(session, cast(What, feed.kind), path, form="csv", campaign=campaign)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
