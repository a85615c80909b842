"""The real dialer against the simulated world: settings, environment and processes of one rehearsal."""

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from dialer.cli.context import with_servers
from dialer.cli.errors import CommandError
from dialer.cli.processes.up import all_up
from dialer.embedded import Embedded
from dialer.isolated.parent import PARENT
from dialer.net.ports import free_ports
from dialer.settings import Settings
from dialer.simulator.settings import WorldSettings
from dialer.wiring.environment import clean_environment, settings_environment

WORLD = WorldSettings()
KOLKATA = ZoneInfo("Asia/Kolkata")
SUNDAY = 6
WORLD_TIMEOUT_S = 30.0
CREDENTIALS: dict[str, dict[str, Any]] = {
    "twilio": {
        "twilio_account_sid": WORLD.account_sid,
        "twilio_auth_token": SecretStr(WORLD.auth_token),
        "twilio_from_number": WORLD.from_numbers[0],
    },
    "exotel": {
        "exotel_account_sid": WORLD.exotel_account_sid,
        "exotel_api_key": SecretStr(WORLD.exotel_api_key),
        "exotel_api_token": SecretStr(WORLD.exotel_api_token),
        "exotel_caller_id": WORLD.exotel_numbers[0],
        "exotel_callback_auth": SecretStr("exotel:simulated"),
    },
}
"""What a dialer needs to ring through each of the world's carriers."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A dialer that runs against the simulated world."""

    settings: Settings
    twilio_url: str


def working_morning(today: date) -> datetime:
    """Eleven in the morning in India on the first day from `today` that is no Sunday: most leads may be called then."""
    day = today + timedelta(days=1) if today.weekday() == SUNDAY else today
    return datetime.combine(day, time(11), KOLKATA)


@contextmanager
def rehearsal_dialer(
    data_dir: Path, *, speed: float, start: datetime, carriers: Sequence[str] = ("twilio",)
) -> Iterator[Rehearsal]:
    """Start the world and the dialer, with databases of its own in `data_dir`; everything is stopped at the end.

    The dialer has credentials at these `carriers` and no other: where it is one, every lead is called through it.
    """
    with prepared_environment(data_dir, speed=speed, carriers=carriers) as (settings, twilio_url):
        served = settings.model_copy(update={"dialer_clock": start.isoformat(timespec="minutes")})
        with all_up(served, {**clean_environment(), **settings_environment(served)}) as children:
            try:
                yield Rehearsal(served, twilio_url)
            except BaseException:
                children.kill()  # whoever ends it does not wait until simulated students have said goodbye
                raise


@contextmanager
def prepared_environment(data_dir: Path, *, speed: float, carriers: Sequence[str]) -> Iterator[tuple[Settings, str]]:
    """The world and the databases of a rehearsal, without the dialer yet: its settings, and the carrier's address."""
    with simulated_world(clean_environment(), speed, carriers) as (twilio_url, settings):
        web_port, bridge_port = free_ports(2)
        settings = settings.model_copy(
            update={
                "dialer_data_dir": data_dir,
                "dialer_public_url": f"http://127.0.0.1:{web_port}",
                "dialer_media_url": f"ws://127.0.0.1:{bridge_port}",
                "dialer_web_port": web_port,
                "dialer_bridge_port": bridge_port,
            }
        )
        with with_servers(settings, durable=False) as served:
            yield served, twilio_url


@contextmanager
def simulated_world(
    environment: dict[str, str], speed: float, carriers: Sequence[str] = ("twilio",)
) -> Iterator[tuple[str, Settings]]:
    """A running world: its carriers' address, and settings that reach it and nothing else."""
    command = [sys.executable, "-m", "dialer", "world", "--speed", str(speed), "--calls-per-second", "5"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        env={**environment, PARENT: str(os.getpid())},
        start_new_session=True,
        text=True,
    )
    try:
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], WORLD_TIMEOUT_S)
        line = process.stdout.readline() if readable else ""
        if not line:
            raise CommandError("the simulated world did not start; its lines above say why")
        addresses = json.loads(line)
        settings = Settings(  # type: ignore[call-arg]  # pydantic-settings takes it
            _env_file=None,
            dialer_database_url=None,
            dialer_redis_url=None,
            dialer_web_host="127.0.0.1",
            dialer_bridge_host="127.0.0.1",
            twilio_api_url=addresses["twilio_url"],
            exotel_api_url=addresses["exotel_url"],
            **{name: value for carrier in carriers for name, value in CREDENTIALS[carrier].items()},
            openai_api_key=SecretStr(WORLD.openai_key),
            openai_realtime_url=addresses["realtime_url"],
            openai_realtime_model="gpt-realtime-2.1",
            gemini_api_key=SecretStr(WORLD.gemini_key),
            gemini_url=addresses["gemini_url"],
            gemini_model=WORLD.gemini_text_models[0],
            openai_url=addresses["openai_url"],
            openai_model=WORLD.openai_models[0],
            anthropic_api_key=SecretStr(WORLD.anthropic_key),
            anthropic_url=addresses["anthropic_url"],
            anthropic_model=WORLD.anthropic_models[0],
            co_api_key=SecretStr(WORLD.cohere_key),
            co_url=addresses["co_url"],
            co_model=WORLD.cohere_models[0],
            hf_token=SecretStr(WORLD.hf_token),
            hf_url=addresses["hf_url"],
            hf_model=WORLD.hf_models[0],
            deepgram_api_key=SecretStr(WORLD.deepgram_key),
            deepgram_url=addresses["deepgram_url"],
            elevenlabs_api_key=SecretStr(WORLD.elevenlabs_key),
            elevenlabs_url=addresses["elevenlabs_url"],
        )
        yield addresses["twilio_url"], settings
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def fresh_folder(folder: Path) -> Path:
    """An empty folder of that name; refused while a rehearsal runs in it."""
    if is_in_use(folder):
        raise CommandError(f"one is running in {folder}; end it first, or name another folder with DIALER_DATA_DIR")
    Embedded(folder, durable=False).stop_abandoned()
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        (folder / "running").write_text(str(os.getpid()))
    except OSError as error:
        raise CommandError(
            f"{folder} cannot be made: {error.strerror}; set DIALER_DATA_DIR to a folder that you can write to"
        ) from error
    return folder


def is_in_use(folder: Path) -> bool:
    """Whether the process that made it is still there."""
    try:
        os.kill(int((folder / "running").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True
