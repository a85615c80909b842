"""Uploaded files: saved in pieces under names that cannot leave their folder. Only child processes read them."""

import asyncio
import shutil
from pathlib import Path

from litestar.datastructures import UploadFile

from dialer.store.system import jobs
from dialer.web.app_state import AppState

MAX_BYTES = 200 * 1024 * 1024
PIECE = 1024 * 1024
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
        await asyncio.to_thread(shutil.rmtree, Path(checked.arguments["file"]).parent, ignore_errors=True)
