"""Lists after their upload, and long work: `/api/imports`, `/api/jobs`. What is small is done here, the rest by workers."""

from typing import Annotated, Any, Literal

from litestar import delete, get, post
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody
from pydantic import BaseModel, ConfigDict, Field

from dialer.domain.access.roles import READERS
from dialer.domain.leads.import_result import NOTES, ROW_RESULTS, Choice
from dialer.services import actions
from dialer.services.jobs import cancel_job, enqueue
from dialer.services.leads.read_file import UnreadableListError
from dialer.services.leads.review import NotInReviewError, choose_rows, request_commit
from dialer.services.leads.undo import AlreadyCalled, undo_import
from dialer.store.leads import imports
from dialer.store.system import jobs
from dialer.store.tables import Job
from dialer.web.app_state import InjectedState
from dialer.web.auth.idempotency import Asked
from dialer.web.auth.permissions import require
from dialer.web.uploads import forget_upload

MAX_ROWS = 1_000


class Chosen(BaseModel):
    """What to do with single duplicates, by their rows' numbers."""

    model_config = ConfigDict(extra="forbid")
    rows: Annotated[list[int], Field(min_length=1, max_length=10_000)]
    choice: Choice


class Wanted(BaseModel):
    """A sheet to be written by a worker."""

    model_config = ConfigDict(extra="forbid")
    what: Literal["leads", "calls", "bookings", "transcripts"]
    form: Literal["csv", "xlsx"] = "csv"
    campaign: str | None = Field(None, max_length=200)


@get("/api/imports/{import_id:int}", opt=require(READERS))
async def show_import(import_id: FromPath[int], app_state: InjectedState) -> dict[str, Any]:
    """An import: file, state (checked, done, undone), columns, exact counts."""
    async with app_state.sessions() as session:
        found = await imports.campaign_of(session, import_id)
        if found is None:
            raise NotFoundException(f"There is no import {import_id}.")
        return imports.described(found[0], found[1].name)


@get("/api/imports/{import_id:int}/rows", opt=require(READERS))
async def show_rows(
    import_id: FromPath[int],
    app_state: InjectedState,
    which: FromQuery[str | None] = None,
    after: FromQuery[int] = 0,
    most: FromQuery[int] = 100,
) -> list[dict[str, Any]]:
    """The rows behind a count, after row `after`: `which` is a result (`rejected`) or a note (`consent_missing`)."""
    if which is not None and which not in ROW_RESULTS and which not in NOTES:
        raise ClientException(f"`which` must be one of {', '.join([*ROW_RESULTS, *NOTES])}", status_code=422)
    fate, flag = (which, 0) if which in ROW_RESULTS else (None, NOTES[which].value if which else 0)
    async with app_state.sessions() as session:
        rows = await imports.rows_of(
            session, import_id, fate=fate, flag=flag, after=after, most=max(1, min(most, MAX_ROWS))
        )
        return [imports.described_row(row) for row in rows]


@post("/api/imports/{import_id:int}/choices", status_code=200, opt=require(actions.LIST_CHOOSE))
async def choose(
    import_id: FromPath[int], request: Asked, data: JSONBody[Chosen], app_state: InjectedState
) -> dict[str, int]:
    """Choose what to do with duplicates of a list that is not imported yet: `{chosen}`, how many of the rows are duplicates."""
    try:
        async with app_state.sessions.begin() as session:
            return {"chosen": await choose_rows(session, request.user, import_id, data.rows, data.choice)}
    except NotInReviewError as error:
        raise HTTPException(str(error), status_code=409) from error


@post("/api/imports/{import_id:int}/commit", status_code=202, opt=require(actions.LIST_COMMIT))
async def commit(import_id: FromPath[int], request: Asked, app_state: InjectedState) -> dict[str, int]:
    """Import a checked list, run by a worker: `{job_id}`."""
    try:
        async with app_state.sessions.begin() as session:
            job_id, _ = await request_commit(session, request.user, import_id)
            return {"job_id": job_id}
    except NotInReviewError as error:
        raise HTTPException(str(error), status_code=409) from error


@delete("/api/imports/{import_id:int}", status_code=200, opt=require(actions.LIST_UNDO))
async def undo(import_id: FromPath[int], request: Asked, app_state: InjectedState) -> dict[str, int]:
    """Undo an import; 409 with the numbers if some of its leads were called."""
    try:
        async with app_state.sessions.begin() as session:
            done = await undo_import(session, request.user, import_id)
    except UnreadableListError as error:
        raise HTTPException(str(error), status_code=409) from error
    if isinstance(done, AlreadyCalled):
        raise HTTPException(f"{done.many} of its leads were already called: {', '.join(done.phones)}", status_code=409)
    await forget_upload(app_state, import_id)
    return {"import_id": import_id, "leads": done.leads}


@post("/api/exports", status_code=202, opt=require(actions.EXPORT_START))
async def ask_export(request: Asked, data: JSONBody[Wanted], app_state: InjectedState) -> dict[str, int]:
    """Write an export, run by a worker: `{job_id}`; its result names the file."""
    async with app_state.sessions.begin() as session:
        options = data.model_dump()
        job_id = await enqueue(session, request.user, actions.EXPORT_START, "export", options, options)
        return {"job_id": job_id}


@get("/api/jobs/{job_id:int}", opt=require(READERS))
async def show_job(job_id: FromPath[int], app_state: InjectedState) -> dict[str, Any]:
    """Progress and result of a job."""
    async with app_state.sessions() as session:
        job = await session.get(Job, job_id)
        if job is None:
            raise NotFoundException(f"There is no job {job_id}.")
        return jobs.as_json(job)


@post("/api/jobs/{job_id:int}/cancel", status_code=200, opt=require(actions.JOB_CANCEL))
async def cancel_job_route(job_id: FromPath[int], request: Asked, app_state: InjectedState) -> dict[str, Any]:
    """Cancel a job; nothing of it is kept."""
    async with app_state.sessions.begin() as session:
        job = await cancel_job(session, request.user, job_id)
        if job is None:
            raise NotFoundException(f"There is no job {job_id}.")
        return jobs.as_json(job)


IMPORTS = (show_import, show_rows, choose, commit, undo, ask_export, show_job, cancel_job_route)
