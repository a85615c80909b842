"""Upload of a list: `POST /api/campaigns/{name}/leads`.

The file is read by a process of its own: a list that is large or hostile then costs neither this process its memory
nor a webhook its second.
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from litestar import post
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException
from litestar.params import FromPath, MultipartBody

from dialer.web.parts import Parts, WebParts

LARGEST = 200 * 1024 * 1024
PIECE = 1024 * 1024
WITHIN_S = 600


@post("/api/campaigns/{name:str}/leads", request_max_body_size=LARGEST, status_code=200)
async def import_list(
    name: FromPath[str],
    data: MultipartBody[UploadFile],
    parts: WebParts,
) -> dict[str, Any]:
    """Import a list (.csv, .xlsx) into a campaign; the answer is the exact counts. Nobody is rung by it."""
    suffix = ".xlsx" if data.filename.lower().endswith(".xlsx") else ".csv"
    with tempfile.TemporaryDirectory(prefix="dialer-upload-") as folder:
        path = Path(folder) / f"{_plain(Path(data.filename).stem)}{suffix}"
        with path.open("wb") as file:
            while piece := await data.read(PIECE):
                await asyncio.to_thread(file.write, piece)
        return await _import(parts, path, name)


async def _import(parts: Parts, path: Path, campaign: str) -> dict[str, Any]:
    environment = {**os.environ, "DIALER_DATABASE_URL": parts.settings.dialer_database_url or ""}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer", "leads", "import", str(path), "--campaign", campaign, "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment, "DIALER_REDIS_URL": parts.settings.dialer_redis_url or ""},
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            out, err = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise ClientException("the list took too long to read; nothing was imported", status_code=422) from error
    if process.returncode:
        says = err.decode().strip().splitlines()[-1].removeprefix("dialer: ") if err else "the list could not be read"
        raise ClientException(says.replace(str(path), path.name), status_code=422)
    counts: dict[str, Any] = json.loads(out)
    return counts


def _plain(stem: str) -> str:
    """A file name that cannot leave its folder or look like an option."""
    return "".join(each if each.isalnum() or each in " _-." else "_" for each in stem).strip(" -.")[:100] or "list"
