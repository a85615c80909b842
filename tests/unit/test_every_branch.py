"""The sans-IO cores have no branch that no unit test takes: measured, not believed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CORES = (
    "dialer/bridge/conversation/response_scheduler.py",
    "dialer/bridge/conversation/interruption.py",
    "dialer/bridge/conversation/core.py",
    "dialer/bridge/conversation/failover.py",
    "dialer/bridge/conversation/utterance_classifier.py",
    "dialer/bridge/conversation/hangup.py",
    "dialer/bridge/conversation/turn_taking.py",
    "dialer/bridge/conversation/playback_effects.py",
    "dialer/bridge/conversation/watchdog.py",
    "dialer/bridge/conversation/playback.py",
    "dialer/bridge/conversation/transcript.py",
    "dialer/carriers/parsing.py",
    "dialer/carriers/exotel/media.py",
    "dialer/carriers/twilio/media.py",
    "dialer/voices/openai/beta.py",
    "dialer/voices/openai/realtime.py",
    "dialer/voices/openai/session_config.py",
    "dialer/voices/openai/usage.py",
)
SUITES = (
    "bridge/conversation/test_core.py",
    "bridge/conversation/test_supervision.py",
    "bridge/conversation/test_failover.py",
    "bridge/conversation/test_playback.py",
    "bridge/conversation/test_watchdog.py",
    "bridge/conversation/test_interruption.py",
    "voices/openai/test_options.py",
    "voices/openai/test_realtime.py",
    "carriers/twilio/test_media.py",
    "carriers/exotel/test_media.py",
)


@pytest.mark.full
@pytest.mark.skipif("coverage" in sys.modules, reason="inside another measurement")
def test_every_branch_of_the_cores_is_taken(tmp_path: Path) -> None:
    root, data = HERE.parents[1], tmp_path / "coverage"
    measured = [sys.executable, "-m", "coverage"]
    suites = [str(HERE / each) for each in SUITES]
    ran = subprocess.run(
        [*measured, "run", f"--data-file={data}", f"--include={','.join(CORES)}", "-m", "pytest", "-q", "-n0",
         "-p", "no:cacheprovider", *suites],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-2000:]
    report = tmp_path / "report.json"
    subprocess.run(
        [*measured, "json", "-q", f"--data-file={data}", "-o", str(report)], cwd=root, check=True, capture_output=True
    )
    files = json.loads(report.read_text())["files"]
    assert set(files) == set(CORES)
    missed = {
        name: (file["missing_lines"], file["missing_branches"])
        for name, file in files.items()
        if file["missing_lines"] or file["missing_branches"]
    }
    assert missed == {}
