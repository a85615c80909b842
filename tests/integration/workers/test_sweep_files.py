"""Files that hold rows of leads do not stay for ever in the data folder (M10)."""

import os
from pathlib import Path

import pytest

from workers.sweep_files import DAY_S, KEEP_DAYS, delete_old

NOW = 1_770_000_000.0


def put(folder: Path, name: str, days: float) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("Asha")
    os.utime(path, (NOW - days * DAY_S, NOW - days * DAY_S))
    return path


@pytest.mark.parametrize("name", KEEP_DAYS)
def test_an_old_file_is_deleted_and_a_newer_one_stays(tmp_path: Path, name: str) -> None:
    old = put(tmp_path, f"{name}/one/old.csv", KEEP_DAYS[name] + 1)
    new = put(tmp_path, f"{name}/two/new.csv", KEEP_DAYS[name] - 1)
    other = put(tmp_path, "recordings/call.wav", 400)
    assert delete_old(tmp_path, NOW) == 1
    assert (old.exists(), old.parent.exists(), new.exists(), other.exists()) == (False, False, True, True)
