"""Patience for a busy machine: what is tested here is not how quick a tool is."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dialer.ava import tools
from dialer.settings import Settings
from dialer.store.sessions import Sessions
from tests.support.bridge import Bridged, bridging
from tests.support.shell import Shell


@pytest.fixture(autouse=True)
def patient_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds are for a person on the line; fifty callers on a test machine may take longer."""
    monkeypatch.setattr(tools, "TIMEOUT_S", 30.0)


SOCKET_SUITES = ("test_media_faults", "test_exotel_media", "test_bridge_capacity", "test_fuzz")
"""What is tested here is the sockets themselves: by both libraries in every run. Elsewhere the second one is for --full."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The bridge over either library of sockets."""
    if "bridged" in metafunc.fixturenames:
        always = metafunc.module.__name__.rpartition(".")[2] in SOCKET_SUITES
        second = pytest.param("websockets", marks=() if always else pytest.mark.full)
        metafunc.parametrize("bridged", ["picows", second], indirect=True)


@pytest.fixture
async def bridged(
    request: pytest.FixtureRequest, settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bridged]:
    """The real bridge, with a scripted voice behind it."""
    told = settings.model_copy(update={"dialer_bridge_sockets": request.param})
    async with bridging(told, sessions, monkeypatch) as running:
        yield running


@pytest.fixture
def shell(settings: Settings, tmp_path: Path) -> Shell:
    environment = {
        "DIALER_DATABASE_URL": settings.dialer_database_url or "",
        "DIALER_REDIS_URL": settings.dialer_redis_url or "",
        "DIALER_DATA_DIR": str(settings.dialer_data_dir),
        "DIALER_ENV_FILE": os.devnull,
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }
    return Shell(environment, tmp_path)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="dialer tests é-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
