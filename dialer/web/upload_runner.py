"""Uploaded lists: kept under names that cannot leave their folder, read by processes of their own.

A list that is large or hostile then costs neither this process its memory nor a webhook its second.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from litestar.datastructures import UploadFile

from dialer.services.actor import ON_BEHALF_OF
from dialer.store.system import jobs
from dialer.web.app_state import AppState

MAX_BYTES = 200 * 1024 * 1024
PIECE = 1024 * 1024
TIMEOUT_S = 600
MAX_SUFFIX = 10


async def save(data: UploadFile, path: Path) -> None:
    """Write it down, piece by piece."""
    with path.open("wb") as file:
        while piece := await data.read(PIECE):
            await asyncio.to_thread(file.write, piece)


def plain(stem: str) -> str:
    """A file name that cannot leave its folder or look like an option."""
    return "".join(each if each.isalnum() or each in " _-." else "_" for each in stem).strip(" -.")[:100] or "list"


def file_name(name: str) -> str:
    """The uploaded file's own name, made safe to store. The format of a list is detected from its content, not its name."""
    suffix = "".join(each for each in Path(name).suffix if each.isalnum() or each == ".")[:MAX_SUFFIX]
    return f"{plain(Path(name).stem)}{suffix}"


async def forget_upload(app_state: AppState, import_id: int) -> None:
    """Delete the uploaded file of a list that was discarded."""
    async with app_state.sessions() as session:
        checked = await jobs.check_of(session, import_id)
    if checked is not None:
        await asyncio.to_thread(shutil.rmtree, Path(checked.asked["file"]).parent, ignore_errors=True)


async def run_command(
    app_state: AppState, *words: str, by: str | None = None, within_s: float = TIMEOUT_S
) -> tuple[int, bytes, str]:
    """Run a command of ours on this process's database: exit status, output, and its last word if it failed.

    `by` is the account that the audit log names for it.

    Raises TimeoutError: it took too long, and was ended.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "DIALER_DATABASE_URL": app_state.settings.dialer_database_url or "",
            "DIALER_REDIS_URL": app_state.settings.dialer_redis_url or "",
            **({ON_BEHALF_OF: by} if by else {}),
        },
    )
    try:
        async with asyncio.timeout(within_s):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    lines = err.decode(errors="replace").strip().splitlines()
    return (
        process.returncode or 0,
        out,
        lines[-1].removeprefix("dialer: ") if lines else "The command failed without a message.",
    )
