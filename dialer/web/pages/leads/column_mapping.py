"""A list's upload and the mapping of its columns: the first two steps of Upload → Map → Fix → Confirm.

The file lies in the data folder under a name that nobody can guess until it is imported or discarded.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Redirect, Template

from dialer.domain.access.roles import OPERATORS
from dialer.domain.leads.headers import COLUMNS
from dialer.domain.leads.import_result import CHOICES
from dialer.isolated.runner import TaskError, run_isolated
from dialer.isolated.tasks import PREVIEW_LIST, PreviewRequest
from dialer.services import actions, jobs
from dialer.store.system import jobs as job_rows
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.campaigns.campaigns import get_campaign_or_404
from dialer.web.pages.forms import Asked, actor
from dialer.web.pages.template_filters import words
from dialer.web.render import redirect, render_page
from dialer.web.uploads import MAX_BYTES, file_name, save

FORMAT = ("encoding", "separator", "header_line", "sheet")
SAID = re.compile(r"[^\x00-\x1f]{1,100}")


@dataclass(frozen=True, slots=True)
class MappingChoice:
    """What a person chose on the mapping page: the field of each column, and what to do with duplicates."""

    fields: dict[str, str]
    duplicates: str


@post(
    "/campaigns/{campaign_id:int}/lists",
    include_in_schema=False,
    request_max_body_size=MAX_BYTES,
    status_code=200,
    opt=require(actions.LIST_IMPORT),
)
async def upload(campaign_id: FromPath[int], request: Asked, app_state: InjectedState) -> Redirect:
    """Keep the file where it can be looked at, and go on to its columns."""
    async with app_state.sessions() as session:
        await get_campaign_or_404(session, campaign_id)
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise HTTPException("Choose a file first.", status_code=422)
    token = uuid4()
    folder = _folder(app_state, token)
    await asyncio.to_thread(folder.mkdir, parents=True)
    await save(file, folder / file_name(file.filename))
    return redirect(f"/campaigns/{campaign_id}/lists/{token}")


def _folder(app_state: AppState, token: UUID) -> Path:
    return app_state.settings.dialer_data_dir.absolute() / "uploads" / token.hex


def _file(app_state: AppState, token: UUID) -> Path | None:
    """The uploaded file; None once the list is imported or discarded."""
    return next((each for each in _folder(app_state, token).glob("*") if each.is_file()), None)


@get("/campaigns/{campaign_id:int}/lists/{token:uuid}", include_in_schema=False, opt=require(OPERATORS))
async def map_page(
    campaign_id: FromPath[int], token: FromPath[UUID], request: Asked, app_state: InjectedState
) -> Template:
    """Which column is which, with the first rows as they would be read; how the file was read can be overruled."""
    given = {name: request.query_params.get(name, "") for name in FORMAT}
    return await _map(app_state, campaign_id, token, given)


async def _map(
    app_state: AppState,
    campaign_id: int,
    token: UUID,
    given: dict[str, str],
    says: str | None = None,
    chosen: MappingChoice | None = None,
) -> Template:
    """The page; without `chosen` the columns are as in the last check of the file, else as they are guessed."""
    file = await asyncio.to_thread(_file, app_state, token)
    async with app_state.sessions() as session:
        campaign = await get_campaign_or_404(session, campaign_id)
        last = await job_rows.check_of_file(session, str(file)) if file else None
    if file is None:
        return render_page("lists/gone.html", "/campaigns", status=404, campaign=campaign)
    if last is not None and chosen is None and not any(given.values()):
        given = {name: str(last.arguments["format"].get(name, "")) for name in FORMAT}
        chosen = MappingChoice(
            {column: field for field, column in last.arguments["mapping"].items()}, last.arguments["duplicates"]
        )
    seen: dict[str, Any] = {}
    failed = ""
    try:
        preview = PreviewRequest(file=file, country=campaign.country, format=given)
        seen = await run_isolated(PREVIEW_LIST, preview, app_state.settings)
    except TaskError as error:
        failed = str(error)
    fields = {column: field for field, column in seen.get("columns", {}).items()}
    return render_page(
        "lists/map.html",
        "/campaigns",
        status=422 if says or not seen else 200,
        says=says if seen else failed.replace(str(file), file.name),
        campaign=campaign,
        token=token,
        file=file.name,
        seen=seen,
        of=fields if chosen is None else chosen.fields,
        duplicates="skip" if chosen is None else chosen.duplicates,
        import_id=(last.result or {}).get("import_id") if last is not None else None,
        fields=COLUMNS,
        given=given,
    )


@post(
    "/campaigns/{campaign_id:int}/lists/{token:uuid}",
    include_in_schema=False,
    status_code=200,
    opt=require(actions.LIST_IMPORT),
)
async def check(
    campaign_id: FromPath[int], token: FromPath[UUID], request: Asked, app_state: InjectedState
) -> Template | Redirect:
    """Have every row judged by a worker, with the columns as they were chosen."""
    form = await request.form()
    chosen = MappingChoice({}, str(form.get("duplicates") or "skip"))
    for name, field in form.multi_items():
        if name.startswith("column:") and isinstance(field, str) and field in COLUMNS:
            chosen.fields[name.removeprefix("column:")] = field
    mapping = {field: column for column, field in chosen.fields.items()}
    given = {name: str(form.get(name) or "") for name in FORMAT}
    if says := _unclear(chosen.fields):
        return await _map(app_state, campaign_id, token, given, says, chosen)
    file = await asyncio.to_thread(_file, app_state, token)
    if file is None:
        return await _map(app_state, campaign_id, token, given)
    said = {name: value for name, value in given.items() if SAID.fullmatch(value)}
    async with app_state.sessions.begin() as session:
        campaign = await get_campaign_or_404(session, campaign_id)
        asked = {
            "file": str(file),
            "campaign": campaign.name,
            "dry": True,
            "duplicates": chosen.duplicates if chosen.duplicates in CHOICES else "skip",
            "mapping": mapping,
            "format": said,
        }
        details = {"campaign": campaign.name, "file": file.name, "dry_run": True}
        job_id = await jobs.enqueue(session, actor(request), actions.LIST_IMPORT, "import", asked, details)
    return redirect(f"/jobs/{job_id}")


def _unclear(fields: Mapping[str, str]) -> str | None:
    """Why rows cannot be read with these fields of columns."""
    for field in COLUMNS:
        if len(same := sorted(column for column, each in fields.items() if each == field)) > 1:
            names = ", ".join(f'"{column}"' for column in same)
            return f"These columns are all mapped to {words(field)}: {names}. Choose one of them."
    return None if "phone" in fields.values() else "Choose the column that holds the phone number."


PAGES = [upload, map_page, check]
