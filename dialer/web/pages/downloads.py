"""Downloads: results as sheets, and the sample list. A sheet is written whole before its first byte is sent."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast, get_args

from litestar import Response, get
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from dialer.domain.access.rates import EXPORT
from dialer.domain.access.roles import EVERYBODY, READERS
from dialer.domain.numbers.sample_numbers import SAMPLE_LIST
from dialer.services.exports.results import Format, TooManyRowsError, What, export_for
from dialer.store.tables import Campaign
from dialer.web.app_state import InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked, actor

PIECE = 256 * 1024
KINDS: dict[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@get("/files/sample_leads.csv", include_in_schema=False, opt=require(EVERYBODY))
async def sample() -> Response[bytes]:
    """A list to try things with."""
    body = await asyncio.to_thread(SAMPLE_LIST.read_bytes)
    return Response(body, media_type=KINDS["csv"], headers=_as_file("sample_leads.csv"))


@get("/files/{name:str}", include_in_schema=False, opt=require(READERS, EXPORT))
async def sheet(
    name: FromPath[str], request: Asked, app_state: InjectedState, campaign: FromQuery[int | None] = None
) -> Stream:
    """`leads.csv`, `calls.xlsx` and so on: what is known now, of a campaign or of all."""
    what, _, form = name.partition(".")
    if what not in get_args(What) or form not in KINDS:
        raise NotFoundException("This file does not exist.")
    folder = tempfile.TemporaryDirectory(prefix="dialer-file-")
    path = Path(folder.name) / "sheet"
    try:
        async with app_state.sessions() as session:
            found = await session.get(Campaign, campaign) if campaign is not None else None
            if campaign is not None and found is None:
                raise NotFoundException("This campaign does not exist.")
        of = found.name if found else None
        reader = actor(request)
        await export_for(app_state.sessions, reader, cast(What, what), path, form=cast(Format, form), campaign=of)
    except TooManyRowsError as error:
        folder.cleanup()
        raise HTTPException(str(error), status_code=413) from error
    except BaseException:
        folder.cleanup()
        raise
    return Stream(_pieces(folder, path), media_type=KINDS[form], headers=_as_file(name))


def _as_file(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}


async def _pieces(folder: "tempfile.TemporaryDirectory[str]", path: Path) -> AsyncIterator[bytes]:
    with folder, path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


PAGES = [sample, sheet]
