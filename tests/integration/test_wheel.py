"""The wheel holds the whole program: installed alone, in an empty folder, it does what the checkout does."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
WHERE = """
import json, sys
import dialer.bridge.server, dialer.cli.rehearsal.demo, dialer.web.app, migrations, workers.main
ours = {name: each.__file__ for name, each in list(sys.modules.items()) if name.split(".")[0] in sys.argv[1:]}
print(json.dumps(ours))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=HERE,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in a `site-packages` of its own, before that of the tests, which has what it depends on."""
    site = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--no-cache"]
    subprocess.run([*command, "--target", site, wheel], check=True, capture_output=True)
    return site


def run(installed: Path, folder: Path, *command: str, **more: str) -> str:
    """Run something in a folder, with the installed wheel only."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("DIALER_")}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**bare, **more, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_wheel_takes_no_general_name_and_holds_every_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dialer"}
    held = {name.removeprefix("dialer/_bundled/") for name in names}
    for top in ("dialer", "workers", "migrations"):
        for path in (HERE / top).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                assert str(path.relative_to(HERE)) in held


def test_installed_it_runs_from_its_own_files_alone(installed: Path, tmp_path: Path) -> None:
    ours = json.loads(run(installed, tmp_path, sys.executable, "-c", WHERE, "dialer", "migrations", "workers"))
    assert len(ours) > 100
    assert {name: file for name, file in ours.items() if not Path(file).is_relative_to(installed)} == {}


def test_installed_it_makes_a_database_and_imports_the_sample_list(
    installed: Path, tmp_path: Path, empty_database_url: str
) -> None:
    where = {
        "DIALER_DATABASE_URL": empty_database_url,
        "DIALER_REDIS_URL": "redis://127.0.0.1:9/0",
        "DIALER_ENV_FILE": os.devnull,
    }
    dialer, sample = str(installed / "bin" / "dialer"), str(installed / "dialer" / "sample_leads.csv")
    made = run(installed, tmp_path, dialer, "campaign", "create", "Spring", "--json", **where)
    assert json.loads(made) == {"name": "Spring", "state": "draft"}
    done = json.loads(
        run(installed, tmp_path, dialer, "leads", "import", sample, "--campaign", "Spring", "--json", **where)
    )
    assert (done["rows"], done["imported"]) == (24, 16)


@pytest.mark.full
def test_installed_it_does_the_main_job_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    said = run(installed, tmp_path, str(installed / "bin" / "dialer"), "demo", DIALER_ENV_FILE=os.devnull)
    assert "Imported sample_leads.csv" in said
    assert (tmp_path / "data" / "demo" / "leads.xlsx").exists()
