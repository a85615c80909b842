"""The servers of a data folder, seen from outside, and what they leave outside of it, which pytest would not clear."""

import asyncio
import json
import shutil
from pathlib import Path

import asyncpg
import psutil

from dialer.embedded import ServerUrls
from dialer.embedded.postgres import cluster_of


def forget(folder: Path) -> None:
    """Delete the files of the PostgreSQL of a data folder, which has ended."""
    shutil.rmtree(cluster_of(folder), ignore_errors=True)


def pids(folder: Path) -> list[int]:
    """The processes that the folder's state file names: PostgreSQL's, Valkey's."""
    state = json.loads((folder / "embedded.json").read_text())
    return [state[name]["pid"] for name in ("postgres", "valkey") if name in state]


def running(folder: Path) -> list[bool]:
    """Whether each of them runs."""
    alive = []
    for pid in pids(folder):
        try:
            alive.append(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            alive.append(False)
    return alive


def ask(addresses: ServerUrls) -> int:
    """What PostgreSQL answers to SELECT 1."""

    async def one() -> int:
        connection = await asyncpg.connect(addresses.database_url)
        try:
            return int(await connection.fetchval("SELECT 1"))
        finally:
            await connection.close()

    return asyncio.run(one())
