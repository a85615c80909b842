"""The benches run, measure what they say they measure, and name their ratios as scripts expect them (design.md §7)."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from dialer.ava import tools
from dialer.bench import bridge, claim, dial, exporting, importing, pipeline, slots, starting, webhook
from dialer.cli.commands.admin.bench import bench


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of the usual sizes: what is tested is that they run."""
    monkeypatch.setattr(claim, "SIZES", (400, 500, 600))
    monkeypatch.setattr(claim, "NAMES", {400: "10k", 500: "1m", 600: "5m"})
    monkeypatch.setattr(claim, "TICKS", 2)
    monkeypatch.setattr(claim, "NIGHTS", 3)
    monkeypatch.setattr(dial, "CALLS", 60)
    monkeypatch.setattr(importing, "ROWS", 2_000)
    monkeypatch.setattr(importing, "ROUNDS", 1)
    monkeypatch.setattr(exporting, "CALLS", 500)
    monkeypatch.setattr(exporting, "SHEET", 200)
    monkeypatch.setattr(exporting, "ROUNDS", 1)
    monkeypatch.setattr(dial, "ROUNDS", 1)
    monkeypatch.setattr(webhook, "CALLS", 30)
    monkeypatch.setattr(webhook, "HELLOS", 200)
    monkeypatch.setattr(webhook, "ROUNDS", 1)
    monkeypatch.setattr(slots, "RACES", 6)
    monkeypatch.setattr(slots, "MANY_RACES", 1)
    monkeypatch.setattr(slots, "NAIVE", 5)
    monkeypatch.setattr(starting, "MAX_COMMANDS", 2)
    monkeypatch.setattr(starting, "ROUNDS", 1)
    monkeypatch.setattr(tools, "TIMEOUT_S", tools.TIMEOUT_S)  # put back afterwards what the bench changes
    monkeypatch.setattr(pipeline, "CALLS", 1)
    monkeypatch.setattr(pipeline, "TURNS", 3)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("name", "ratios"),
    [
        ("claim", ["cost_5m_over_10k"]),
        ("dial", ["rate_over_naive"]),
        ("webhook", ["rate_over_hello"]),
        ("cascade", ["first_audio_over_providers"]),
        ("slots", ["holds_over_naive"]),
        pytest.param("import", ["wall_over_copy", "cpu_over_copy"], marks=pytest.mark.full),
        ("start", ["help_over_click", "slowest_help_over_click"]),
        pytest.param("export", ["csv_cpu_over_copy", "xlsx_cpu_over_xlsxwriter"], marks=pytest.mark.full),
    ],
)
def test_a_bench_prints_figures_yardsticks_and_its_ratio(
    name: str, ratios: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    done = CliRunner().invoke(bench, [name, "--json"])
    assert done.exit_code == 0, done.output
    assert capfd.readouterr().out == "", "what its processes print would stand before the object"
    said: dict[str, Any] = json.loads(done.stdout)
    assert said.keys() == {"bench", "figures", "yardsticks", "ratios"}
    assert (said["bench"], list(said["ratios"])) == (name, ratios)
    for values in (said["figures"], said["yardsticks"], said["ratios"]):
        assert values
        assert all(value > 0 for value in values.values())


@pytest.mark.full
@pytest.mark.skipif(not (shutil.which("cc") or shutil.which("gcc")), reason="the yardstick is in C: no compiler here")
def test_the_bridge_is_measured_beside_a_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    """With four calls for a second: what is tested is that it runs; 50 and 200 name the ratios that scripts read."""
    assert bridge.CALLS == (50, 200)
    monkeypatch.setattr(bridge, "CALLS", (4,))
    monkeypatch.setattr(bridge, "SECONDS", 1)
    monkeypatch.setattr(bridge, "LADDER", ())
    done = CliRunner().invoke(bench, ["bridge", "--json"])
    assert done.exit_code == 0, done.output
    said: dict[str, Any] = json.loads(done.stdout)
    assert list(said["ratios"]) == ["cpu_over_relay_4"]
    assert said["ratios"]["cpu_over_relay_4"] > 0
    assert said["figures"].keys() >= {"cpu_ms_4", "cpu_ms_recorded_4", "up_p99_ms_4", "kb_per_call_4", "calls_per_core"}


def test_without_json_a_person_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def measure(say: Callable[[str], None]) -> Any:
        say("…")
        return claim.Result("claim", {"ms": 1.5}, {"theirs": 3.0}, {"ratio": 0.5})

    monkeypatch.setattr(claim, "measure", measure)
    done = CliRunner().invoke(bench, ["claim"])
    assert "cores" in done.stdout
    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        ["ours", "ms", "1.5"],
        ["yardstick", "theirs", "3"],
        ["ratio", "ratio", "0.5"],
    ]
