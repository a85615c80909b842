"""A list on its way in: Upload → Map → Fix → Confirm. Nobody is rung by any of it, and nothing is kept before the end.

The file lies in the data folder under a name that nobody can guess until a worker has checked it; what is heavy is done by
processes of their own, never by this one.
"""

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream, Template
from pydantic import BaseModel

from dialer.domain.headers import COLUMNS
from dialer.domain.roles import READERS, RUNNERS
from dialer.domain.sheet import FIX_COLUMNS, neutral
from dialer.domain.verdict import CHOICES, FATES, NOTES, Choice
from dialer.flows.read_list import UnreadableListError
from dialer.flows.undo_import import Rung, undo_import
from dialer.store import imports, jobs
from dialer.store.tables import ImportRow
from dialer.web.doors.may import may
from dialer.web.doors.rates import UPLOAD
from dialer.web.pages.campaigns import found
from dialer.web.pages.forms import Asked, Wrong, read, who
from dialer.web.pages.home import TALLIES
from dialer.web.pages.shown import go, shown
from dialer.web.parts import Parts, WebParts
from dialer.web.uploads import LARGEST, plain, run_dialer, save, suffix_of

PAGE = 50
LOTS = 500
FORMAT = ("encoding", "separator", "header_line", "sheet")
SAID = re.compile(r"[^\x00-\x1f]{1,100}")


class Chosen(BaseModel):
    """What to do with the duplicates that are ticked."""

    rows: list[int]
    choice: Choice


@post(
    "/campaigns/{campaign_id:int}/lists",
    include_in_schema=False,
    request_max_body_size=LARGEST,
    status_code=200,
    opt=may(RUNNERS, UPLOAD),
)
async def upload(campaign_id: FromPath[int], request: Asked, parts: WebParts) -> Redirect:
    """Keep the file where it can be looked at, and go on to its columns."""
    async with parts.sessions() as session:
        await found(session, campaign_id)
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise HTTPException("choose a file first", status_code=422)
    token = uuid4()
    folder = _folder(parts, token)
    await asyncio.to_thread(folder.mkdir, parents=True)
    await save(file, folder / f"{plain(Path(file.filename).stem)}{suffix_of(file.filename)}")
    return go(f"/campaigns/{campaign_id}/lists/{token}")


def _folder(parts: Parts, token: UUID) -> Path:
    return parts.settings.dialer_data_dir.absolute() / "uploads" / token.hex


def _file(parts: Parts, token: UUID) -> Path:
    """The uploaded file. Raises NotFoundException where it is not there any more."""
    file = next((each for each in _folder(parts, token).glob("*") if each.is_file()), None)
    if file is None:
        raise NotFoundException("that file is not there any more; upload it again")
    return file


@get("/campaigns/{campaign_id:int}/lists/{token:uuid}", include_in_schema=False, opt=may(RUNNERS))
async def map_page(campaign_id: FromPath[int], token: FromPath[UUID], request: Asked, parts: WebParts) -> Template:
    """Which column is which, with the first rows as they would be read; how the file was read can be overruled."""
    given = {name: request.query_params.get(name, "") for name in FORMAT}
    return await _map(parts, campaign_id, token, given)


async def _map(parts: Parts, campaign_id: int, token: UUID, given: dict[str, str], says: str | None = None) -> Template:
    async with parts.sessions() as session:
        campaign = await found(session, campaign_id)
    file = _file(parts, token)
    said = [word for name, value in given.items() if value for word in (f"--{name.replace('_', '-')}", value)]
    code, out, failed = await run_dialer(
        parts, "leads", "preview", str(file), "--country", campaign.country, *said, "--json"
    )
    seen: dict[str, Any] = json.loads(out) if code == 0 else {}
    return shown(
        "lists/map.html",
        "/campaigns",
        status=422 if says or not seen else 200,
        says=says if seen else failed.replace(str(file), file.name),
        campaign=campaign,
        token=token,
        file=file.name,
        seen=seen,
        of={column: field for field, column in seen.get("columns", {}).items()},
        fields=COLUMNS,
        given=given,
    )


@post("/campaigns/{campaign_id:int}/lists/{token:uuid}", include_in_schema=False, status_code=200, opt=may(RUNNERS))
async def check(
    campaign_id: FromPath[int], token: FromPath[UUID], request: Asked, parts: WebParts
) -> Template | Redirect:
    """Have every row judged by a worker, with the columns as they were chosen."""
    form = await request.form()
    mapping = {}
    for name, field in form.multi_items():
        if name.startswith("column:") and isinstance(field, str) and field in COLUMNS:
            mapping[field] = name.removeprefix("column:")
    given = {name: str(form.get(name) or "") for name in FORMAT}
    if "phone" not in mapping:
        return await _map(parts, campaign_id, token, given, "Say which column holds the phone number.")
    duplicates = form.get("duplicates")
    file = _file(parts, token)
    said: dict[str, Any] = {name: value for name, value in given.items() if SAID.fullmatch(value)}
    if "header_line" in said:
        said["header_line"] = int(said["header_line"]) if said["header_line"].isdecimal() else 1
    async with parts.sessions.begin() as session:
        campaign = await found(session, campaign_id)
        asked = {
            "file": str(file),
            "campaign": campaign.name,
            "dry": True,
            "duplicates": duplicates if duplicates in CHOICES else "skip",
            "mapping": mapping,
            "format": said,
        }
        job_id = await jobs.ask(session, "import", asked, who(request))
    return go(f"/jobs/{job_id}")


@get("/imports/{import_id:int}", include_in_schema=False, opt=may(READERS))
async def fix_page(
    import_id: FromPath[int],
    parts: WebParts,
    which: FromQuery[str] = "",
    after: FromQuery[int] = 0,
    done: FromQuery[str | None] = None,
) -> Template:
    """A list's counts, the rows behind each, and what is to be done about them."""
    return await _fix(parts, import_id, which, after, done=done)


async def _fix(parts: Parts, import_id: int, which: str = "", after: int = 0, **more: Any) -> Template:
    fate, flag = (which, 0) if which in FATES else (None, NOTES[which].value if which in NOTES else 0)
    async with parts.sessions() as session:
        pair = await imports.campaign_of(session, import_id)
        if pair is None:
            raise NotFoundException("there is no such list")
        rows = await imports.rows_of(session, import_id, fate=fate, flag=flag, after=max(0, after), most=PAGE + 1)
    record, campaign = pair
    return shown(
        "lists/fix.html",
        "/campaigns",
        record=record,
        campaign=campaign,
        rows=rows[:PAGE],
        more=rows[PAGE - 1].n if len(rows) > PAGE else None,
        which=which,
        fates=FATES,
        notes=NOTES,
        choices=CHOICES,
        **more,
    )


@get("/imports/{import_id:int}/to-fix.csv", include_in_schema=False, opt=may(READERS))
async def fix_file(import_id: FromPath[int], parts: WebParts) -> Stream:
    """The rows that cannot be used, in the list's own columns, with what is wrong: to be mended and uploaded again."""
    async with parts.sessions() as session:
        pair = await imports.campaign_of(session, import_id)
    if pair is None:
        raise NotFoundException("there is no such list")
    name = f"to-fix-{plain(Path(pair[0].file).stem)}.csv".encode("ascii", "ignore").decode()
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Stream(_rejected(parts, import_id, pair[0].header), media_type="text/csv; charset=utf-8", headers=headers)


async def _rejected(parts: Parts, import_id: int, header: list[str]) -> AsyncIterator[bytes]:
    yield "\ufeff".encode() + _line([*map(neutral, header), *FIX_COLUMNS])
    after, rows = 0, True
    while rows:
        async with parts.sessions() as session:
            lot = await imports.rows_of(session, import_id, fate="rejected", after=after, most=LOTS)
        rows = len(lot) == LOTS
        after = lot[-1].n if lot else after
        yield b"".join(_line(_as_row(row, len(header))) for row in lot)


def _as_row(row: ImportRow, width: int) -> list[str]:
    cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
    return [*map(neutral, cells), row.says or row.reason or "", neutral(row.suggestion or "")]


def _line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


@post("/imports/{import_id:int}/choices", include_in_schema=False, status_code=200, opt=may(RUNNERS))
async def choose(import_id: FromPath[int], request: Asked, parts: WebParts) -> Template | Redirect:
    """What is to be done with the duplicates that are ticked."""
    said = await read(request, Chosen)
    if isinstance(said, Wrong) or not said.rows:
        return await _fix(parts, import_id, says="Tick the rows that you mean first.", status=422)
    async with parts.sessions.begin() as session:
        pair = await imports.campaign_of(session, import_id)
        if pair is None or pair[0].state != "checked":
            raise HTTPException("that list is not waiting for a choice", status_code=409)
        await imports.choose(session, import_id, said.rows, said.choice)
    return go(f"/imports/{import_id}?which=already_here", "chosen")


@post("/imports/{import_id:int}/commit", include_in_schema=False, status_code=200, opt=may(RUNNERS))
async def commit(import_id: FromPath[int], request: Asked, parts: WebParts) -> Redirect:
    """Have it brought in."""
    async with parts.sessions.begin() as session:
        pair = await imports.campaign_of(session, import_id)
        if pair is None or pair[0].state != "checked":
            raise HTTPException("that list is not waiting to be brought in", status_code=409)
        job_id = await jobs.ask(session, "commit", {"import_id": import_id}, who(request))
    parts.kept.forget(("forecast", pair[1].id))
    return go(f"/jobs/{job_id}")


@post("/imports/{import_id:int}/undo", include_in_schema=False, status_code=200, opt=may(RUNNERS))
async def undo(import_id: FromPath[int], request: Asked, parts: WebParts) -> Template | Redirect:
    """Take it back, as long as none of its leads was rung."""
    try:
        async with parts.sessions.begin() as session:
            undone = await undo_import(session, import_id, who(request))
    except UnreadableListError as error:
        return await _fix(parts, import_id, says=str(error), status=409)
    if isinstance(undone, Rung):
        says = f"It stays: {undone.many} of its leads were rung ({', '.join(undone.phones[:5])}…)."
        return await _fix(parts, import_id, says=says, status=409)
    parts.kept.forget(TALLIES)
    return go(f"/imports/{import_id}", "undone")


PAGES = [upload, map_page, check, fix_page, fix_file, choose, commit, undo]
