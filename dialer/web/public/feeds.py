"""`GET /feeds/{token}.csv`: a sheet for spreadsheet programs, which bring no login; whoever has the address may read it.

An address that is wrong or revoked is one that does not exist.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Stream

from dialer.services.exports.feeds import feed_of
from dialer.services.exports.results import What, export_results
from dialer.web.app_state import InjectedState

PIECE = 256 * 1024
NOT_THERE = "This feed does not exist or was revoked."


@get("/feeds/{name:str}", include_in_schema=False)
async def read_feed(name: FromPath[str], app_state: InjectedState) -> Stream:
    """The sheet as it stands, as CSV."""
    secret = app_state.settings.dialer_secret_key
    token = name.removesuffix(".csv")
    if secret is None or not name.endswith(".csv"):
        raise NotFoundException(NOT_THERE)
    async with app_state.sessions.begin() as session:
        found = await feed_of(session, token, secret.get_secret_value())
    if found is None:
        raise NotFoundException(NOT_THERE)
    feed, campaign = found
    folder = tempfile.TemporaryDirectory(prefix="dialer-feed-")
    path = Path(folder.name) / "sheet.csv"
    try:
        async with app_state.sessions() as session:
            await export_results(session, cast(What, feed.kind), path, form="csv", campaign=campaign)
    except BaseException:
        folder.cleanup()
        raise
    headers = {"cache-control": "no-store", "x-robots-tag": "noindex"}
    return Stream(_pieces(folder, path), media_type="text/csv; charset=utf-8", headers=headers)


async def _pieces(folder: "tempfile.TemporaryDirectory[str]", path: Path) -> AsyncIterator[bytes]:
    with folder, path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
