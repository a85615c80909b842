"""Upload of a list: `POST /api/campaigns/{name}/leads`.

The file is read by a process of its own: a list that is large or hostile then costs neither this process its memory
nor a webhook its second.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from litestar import post
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException
from litestar.params import FromPath, FromQuery, MultipartBody

from dialer.domain.leads.import_result import Choice
from dialer.isolated.runner import TaskBusyError, TaskError, run_isolated
from dialer.isolated.tasks import IMPORT_LIST, ActorModel, ImportRequest
from dialer.services import actions, jobs
from dialer.services.actor import Actor
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.idempotency import Asked
from dialer.web.auth.permissions import require
from dialer.web.uploads import MAX_BYTES, file_name, save


@post(
    "/api/campaigns/{name:str}/leads",
    request_max_body_size=MAX_BYTES,
    status_code=200,
    opt=require(actions.LIST_IMPORT),
)
async def import_list(
    name: FromPath[str],
    request: Asked,
    data: MultipartBody[UploadFile],
    app_state: InjectedState,
    dry_run: FromQuery[bool] = False,
    duplicates: FromQuery[Choice] = "skip",
    background: FromQuery[bool] = False,
) -> dict[str, Any]:
    """Import a list (.csv, .xlsx, .gz) into a campaign; the response has the exact counts. Importing calls nobody.

    A `dry_run` validates every row and imports none. With `background` a worker runs it, and the response is
    `{job_id}` (see /api/jobs).
    """
    if background:
        return {"job_id": await _ask(app_state, request.user, data, name, dry_run, duplicates)}
    with tempfile.TemporaryDirectory(prefix="dialer-upload-") as folder:
        path = Path(folder) / file_name(data.filename)
        await save(data, path)
        return await _import(app_state, request.user, path, name, dry_run, duplicates)


async def _ask(
    app_state: AppState, actor: Actor, data: UploadFile, campaign: str, dry: bool, duplicates: Choice
) -> int:
    """Keep the file where the workers find it, and ask for it to be imported."""
    folder = app_state.settings.dialer_data_dir.absolute() / "uploads" / uuid4().hex
    await asyncio.to_thread(folder.mkdir, parents=True)
    path = folder / file_name(data.filename)
    await save(data, path)
    asked = {"file": str(path), "campaign": campaign, "dry": dry, "duplicates": duplicates, "mapping": {}}
    async with app_state.sessions.begin() as session:
        details = {"campaign": campaign, "file": path.name, "dry_run": dry}
        return await jobs.enqueue(session, actor, actions.LIST_IMPORT, "import", asked, details)


async def _import(
    app_state: AppState, actor: Actor, path: Path, campaign: str, dry: bool, duplicates: Choice
) -> dict[str, Any]:
    request = ImportRequest(actor=ActorModel.of(actor), file=path, campaign=campaign, dry=dry, duplicates=duplicates)
    try:
        counts: dict[str, Any] = await run_isolated(IMPORT_LIST, request, app_state.settings)
    except TaskBusyError as error:
        raise ClientException(str(error), status_code=429) from error
    except TaskError as error:
        raise ClientException(str(error).replace(str(path), path.name), status_code=422) from error
    return counts
