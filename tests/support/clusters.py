"""What an embedded PostgreSQL leaves where root's has to live: outside the folder of a test, which pytest would clear."""

import shutil
from pathlib import Path

from dialer.embedded.postgres import cluster_of


def forget(folder: Path) -> None:
    """Delete the files of the PostgreSQL of a data folder, which has ended."""
    shutil.rmtree(cluster_of(folder), ignore_errors=True)
