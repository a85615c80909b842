"""A list on its way in, from the check on: Fix → Confirm. Nothing is imported before that, and nobody is called.

What is heavy is done by processes of their own, never by this one.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from litestar import get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream, Template
from pydantic import BaseModel

from dialer.domain.access.roles import READERS
from dialer.domain.compliance.rules import blank_consent
from dialer.domain.leads.import_result import CHOICES, NOTES, ROW_RESULTS, Choice, Flag
from dialer.domain.leads.spreadsheet_safety import FIX_COLUMNS, escape_formula
from dialer.services import actions
from dialer.services.leads.read_file import UnreadableListError
from dialer.services.leads.review import NotInReviewError, choose_rows, request_commit
from dialer.services.leads.undo import AlreadyCalled, undo_import
from dialer.store.leads import imports
from dialer.store.system import jobs
from dialer.store.tables import ImportRow
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked, FormError, actor, read
from dialer.web.pages.home import TALLIES
from dialer.web.pages.leads import column_mapping
from dialer.web.render import redirect, render_page
from dialer.web.uploads import forget_upload, plain

PAGE = 50
LOTS = 500
OF_IMPORTED = Flag.CONSENT_MISSING | Flag.CONSENT_REFUSED | Flag.NOT_CALLED
"""Notes that are counted of imported rows only."""


class Chosen(BaseModel):
    """What to do with the duplicates that are ticked."""

    rows: list[int]
    choice: Choice


@get("/imports/{import_id:int}", include_in_schema=False, opt=require(READERS))
async def fix_page(
    import_id: FromPath[int],
    app_state: InjectedState,
    which: FromQuery[str] = "",
    after: FromQuery[int] = 0,
    done: FromQuery[str | None] = None,
) -> Template:
    """A list's counts, the rows behind each, and what is to be done about them."""
    return await _fix(app_state, import_id, which, after, done=done)


async def _fix(app_state: AppState, import_id: int, which: str = "", after: int = 0, **more: Any) -> Template:
    fate, flag = (which, 0) if which in ROW_RESULTS else (None, NOTES[which].value if which in NOTES else 0)
    without = Flag.NOT_CALLED.value if which == "will_call" else 0
    fate = "imported" if without or flag & OF_IMPORTED else fate
    async with app_state.sessions() as session:
        pair = await imports.campaign_of(session, import_id)
        if pair is None:
            raise NotFoundException("This list does not exist.")
        rows = await imports.rows_of(
            session, import_id, fate=fate, flag=flag, without=without, after=max(0, after), most=PAGE + 1
        )
        record, campaign = pair
        waits = record.state == "checked"
        checked = await jobs.check_of(session, import_id) if waits else None
        chosen = await imports.choices(session, import_id) if waits else {}
    file = Path(checked.arguments["file"]) if checked is not None else None
    return render_page(
        "lists/fix.html",
        "/campaigns",
        record=record,
        campaign=campaign,
        rows=rows[:PAGE],
        more=rows[PAGE - 1].n if len(rows) > PAGE else None,
        which=which,
        idle_rows={row.n for row in rows if row.result == "imported" and row.flags & Flag.NOT_CALLED},
        consent=_consent(record.counts, campaign.country),
        fates=ROW_RESULTS,
        notes=NOTES,
        choices=CHOICES,
        updates=record.counts.get("notes", {}).get("changed", 0) or any(each != "skip" for each in chosen.values()),
        token=file.parent.name if file is not None and await asyncio.to_thread(file.is_file) else None,
        **more,
    )


def _consent(counts: Mapping[str, Any], country: str) -> dict[str, Any]:
    """How many rows to import say yes, no or nothing of consent, and what nothing means in the list's country."""
    notes = counts.get("notes", {})
    no, blank = notes.get("consent_refused", 0), notes.get("consent_missing", 0)
    yes = counts.get("imported", 0) - no - blank
    return {"yes": yes, "no": no, "blank": blank, "country": country, "is_called": blank_consent(country)}


@get("/imports/{import_id:int}/to-fix.csv", include_in_schema=False, opt=require(READERS))
async def fix_file(import_id: FromPath[int], app_state: InjectedState) -> Stream:
    """The rows that cannot be used, in the list's own columns, with what is wrong: to be fixed and uploaded again."""
    async with app_state.sessions() as session:
        pair = await imports.campaign_of(session, import_id)
    if pair is None:
        raise NotFoundException("This list does not exist.")
    name = f"to-fix-{plain(Path(pair[0].file).stem)}.csv".encode("ascii", "ignore").decode()
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Stream(
        _rejected(app_state, import_id, pair[0].header), media_type="text/csv; charset=utf-8", headers=headers
    )


async def _rejected(app_state: AppState, import_id: int, header: list[str]) -> AsyncIterator[bytes]:
    yield "\ufeff".encode() + _line([*map(escape_formula, header), *FIX_COLUMNS])
    after, rows = 0, True
    while rows:
        async with app_state.sessions() as session:
            lot = await imports.rows_of(session, import_id, fate="rejected", after=after, most=LOTS)
        rows = len(lot) == LOTS
        after = lot[-1].n if lot else after
        yield b"".join(_line(_as_row(row, len(header))) for row in lot)


def _as_row(row: ImportRow, width: int) -> list[str]:
    cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
    return [*map(escape_formula, cells), row.message or row.reason or "", escape_formula(row.suggestion or "")]


def _line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


@post("/imports/{import_id:int}/choices", include_in_schema=False, status_code=200, opt=require(actions.LIST_CHOOSE))
async def choose(import_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """What is to be done with the duplicates that are ticked."""
    said = await read(request, Chosen)
    if isinstance(said, FormError) or not said.rows:
        return await _fix(app_state, import_id, says="Select rows first.", status=422)
    try:
        async with app_state.sessions.begin() as session:
            await choose_rows(session, actor(request), import_id, said.rows, said.choice)
    except NotInReviewError as error:
        raise HTTPException(str(error), status_code=409) from error
    return redirect(f"/imports/{import_id}?which=already_here", "chosen")


@post("/imports/{import_id:int}/commit", include_in_schema=False, status_code=200, opt=require(actions.LIST_COMMIT))
async def commit(import_id: FromPath[int], request: Asked, app_state: InjectedState) -> Redirect:
    """Have it imported."""
    try:
        async with app_state.sessions.begin() as session:
            job_id, campaign = await request_commit(session, actor(request), import_id)
    except NotInReviewError as error:
        raise HTTPException(str(error), status_code=409) from error
    app_state.stats_cache.forget(("forecast", campaign.id))
    return redirect(f"/jobs/{job_id}")


@post("/imports/{import_id:int}/undo", include_in_schema=False, status_code=200, opt=require(actions.LIST_UNDO))
async def undo(import_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Take it back, as long as none of its leads was called."""
    try:
        async with app_state.sessions.begin() as session:
            undone = await undo_import(session, actor(request), import_id)
    except UnreadableListError as error:
        return await _fix(app_state, import_id, says=str(error), status=409)
    if isinstance(undone, AlreadyCalled):
        says = (
            f"This import cannot be undone: {undone.many} of its leads were called ({', '.join(undone.phones[:5])}…)."
        )
        return await _fix(app_state, import_id, says=says, status=409)
    app_state.stats_cache.forget(TALLIES)
    await forget_upload(app_state, import_id)
    return redirect(f"/imports/{import_id}", "discarded" if undone.discarded else "undone")


PAGES = [*column_mapping.PAGES, fix_page, fix_file, choose, commit, undo]
