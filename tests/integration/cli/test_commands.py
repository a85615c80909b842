"""Commands as scripts call them: an exit status, one clear line where something is wrong, JSON of a known shape."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.support.lists import SAMPLE, students, write_list, write_workbook
from tests.support.people import phone_of
from tests.support.shell import Shell


def changed(url: str, **parts: Any) -> str:
    """The address with another password or port."""
    split = urlsplit(url)
    password, port = parts.get("password", split.password), parts.get("port", split.port)
    return urlunsplit(split._replace(netloc=f"{split.username or ''}:{password}@{split.hostname}:{port}"))


def closed_port() -> int:
    """A port at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_list_from_import_to_explanation_in_json(shell: Shell) -> None:
    assert shell.done("campaign", "create", "Spring") == {"name": "Spring", "state": "draft"}
    counts = shell.done("leads", "import", str(SAMPLE), "--campaign", "Spring")
    parts = {"rows", "imported", "repaired", "duplicate_in_file", "already_here", "do_not_call", "rejected"}
    assert counts.keys() == parts | {"rejected_by_reason", "columns", "fix_file"}
    assert (counts["rows"], counts["imported"], counts["rejected"]) == (24, 16, 6)
    assert Path(counts["fix_file"]).exists()
    status = shell.done("campaign", "status", "Spring")
    assert status.keys() >= {"name", "state", "leads", "states", "outcomes", "live", "next_due"}
    assert (status["leads"], status["states"], status["outcomes"], status["live"]) == (16, {"ready": 16}, {}, 0)
    assert shell.done("campaign", "status") == [status]
    explained = shell.done("explain", "+91 98765 00010", "--campaign", "Spring")
    assert explained.keys() >= {"phone", "may_ring", "rules", "next_at"}
    assert (explained["phone"], explained["may_ring"]) == ("+919876500010", False)
    assert all(rule.keys() >= {"rule", "ok", "says"} for rule in explained["rules"])
    said = {rule["rule"]: rule["ok"] for rule in explained["rules"]}
    assert (said["campaign"], said["carrier"], said["do_not_call"]) == (False, False, True)


def test_an_import_without_json_ends_with_one_line_of_counts(shell: Shell) -> None:
    shell.done("campaign", "create", "Spring")
    said = shell("leads", "import", str(SAMPLE), "--campaign", "Spring")
    assert (said.status, said.err) == (0, "")
    (line,) = said.out.splitlines()
    assert "rows 24, imported 16, repaired 9, duplicate_in_file 2, already_here 0, do_not_call 0, rejected 6" in line
    assert str(Path(shell.environment["DIALER_DATA_DIR"])) in line


def test_the_do_not_call_list_in_json(shell: Shell) -> None:
    assert shell.done("dnc", "check", phone_of(1)) == {"phone": phone_of(1), "listed": False, "entries": []}
    assert shell("dnc", "add", phone_of(1), "--reason", "asked").status == 0
    listed = shell.done("dnc", "check", f"0{phone_of(1)[3:]}")
    assert (listed["phone"], listed["listed"]) == (phone_of(1), True)
    (entry,) = listed["entries"]
    assert entry.keys() >= {"scope", "source", "reason", "at"}
    assert (entry["scope"], entry["reason"]) == ("account", "asked")
    assert shell("dnc", "remove", phone_of(1)).status == 0
    assert shell.done("dnc", "check", phone_of(1))["listed"] is False


def test_a_whole_list_of_numbers_not_to_call_with_or_without_a_header(shell: Shell) -> None:
    with_header = write_list(shell.folder / "a.csv", [[phone_of(1)], [phone_of(2)]], ["Phone"])
    without = write_list(shell.folder / "b.csv", [[phone_of(4)]], [phone_of(3)])
    book = write_workbook(shell.folder / "c.xlsx", [[phone_of(5)]], ["Phone"])
    for path in (with_header, without, book):
        assert shell("dnc", "import", str(path)).status == 0
    for n in range(1, 6):
        assert shell.done("dnc", "check", phone_of(n))["listed"] is True, n


def test_what_a_person_gets_wrong_is_said_in_one_line(shell: Shell) -> None:
    assert shell("campaign", "create", "Spring").status == 0
    into = ("--campaign", "Spring")
    assert "No such file" in shell.refused("leads", "import", "gone.csv", *into)
    no_phone = write_list(shell.folder / "cities.csv", [["Asha", "Pune"]], ["Name", "City"])
    assert "--map phone=COLUMN" in shell.refused("leads", "import", str(no_phone), *into)
    header_only = write_list(shell.folder / "header.csv", [])
    assert "no rows" in shell.refused("leads", "import", str(header_only), *into)
    people = write_list(shell.folder / "people.csv", students(1))
    for words in (
        ("leads", "import", str(people), "--campaign", "Nowhere"),
        ("campaign", "status", "Nowhere"),
        ("campaign", "start", "Nowhere"),
        ("campaign", "stop", "Nowhere"),
        ("dnc", "add", phone_of(1), "--campaign", "Nowhere"),
        ("calls", "export", "--campaign", "Nowhere"),
        ("call", phone_of(1), "--campaign", "Nowhere"),
    ):
        assert "there is no campaign 'Nowhere'" in shell.refused(*words)
    assert "already" in shell.refused("campaign", "create", "Spring")
    assert "no script" in shell.refused("campaign", "create", "Autumn", "--script", "nobody")
    assert "is not a lead" in shell.refused("explain", phone_of(9))
    assert "'12'" in shell.refused("dnc", "check", "12")
    assert "cannot be paused" in shell.refused("campaign", "pause", "Spring")
    for nowhere in ("leads", "calls", "bookings"):
        shell.refused(nowhere, "export", "--output", f"{os.devnull}/x.csv")


def test_wrong_usage_is_status_two(shell: Shell) -> None:
    for line in (
        "nonsense",
        "campaign create",
        "campaign create X --window 19:00-10:00",
        "campaign create X --concurrency 0",
        "leads import list.csv",
        "leads import list.csv --campaign X --map phone",
        "calls export --format pdf",
        "dnc check",
    ):
        said = shell(*line.split())
        assert (said.status, said.out) == (2, ""), line
        assert said.err, line
        assert "Traceback" not in said.err, line


@pytest.mark.parametrize("kind", ["password", "port", "database", "host", "nonsense", "mysql"])
def test_a_database_that_cannot_be_used_is_said_in_one_line(shell: Shell, kind: str) -> None:
    url = shell.environment["DIALER_DATABASE_URL"]
    wrong = {
        "password": changed(url, password="wrong"),
        "port": changed(url, port=closed_port()),
        "database": f"{url}_gone",
        "host": "postgresql://dialer@nowhere.invalid/dialer",
        "nonsense": "nonsense",
        "mysql": "mysql://root@127.0.0.1/x",
    }[kind]
    line = shell.refused("campaign", "status", DIALER_DATABASE_URL=wrong)
    assert "DIALER_DATABASE_URL" in line
    assert str(urlsplit(url).password) not in line, "the password is nobody's business"


def test_a_redis_that_refuses_the_password_is_said_in_one_line_and_soon(shell: Shell) -> None:
    began = time.monotonic()
    wrong = changed(shell.environment["DIALER_REDIS_URL"], password="wrong")
    assert "DIALER_REDIS_URL" in shell.refused("worker", DIALER_REDIS_URL=wrong)
    assert time.monotonic() - began < 10


def test_a_redis_address_that_is_none_is_said_in_one_line(shell: Shell) -> None:
    assert "DIALER_REDIS_URL" in shell.refused("worker", DIALER_REDIS_URL="nonsense")


def test_a_wrong_setting_is_said_in_one_line(shell: Shell) -> None:
    for variable, value, says in (
        ("DIALER_CLOCK", "tomorrow", "2026-11-23T11:00+05:30@60"),
        ("DIALER_CLOCK", "2026-11-23T11:00", "offset"),
        ("DIALER_CLOCK", "2026-11-23T11:00+05:30@0", "speed"),
        ("DIALER_PUBLIC_URL", "http://dialer.example.org", "https://"),
        ("DIALER_MEDIA_URL", "ws://dialer.example.org", "wss://"),
        ("DIALER_WEB_PORT", "eighty", "DIALER_WEB_PORT"),
    ):
        line = shell.refused("campaign", "status", **{variable: value}, TWILIO_API_URL="http://127.0.0.1:9")
        assert variable in line, value
        assert says in line, value


def test_the_clock_is_moved_only_where_no_real_carrier_is(shell: Shell) -> None:
    assert "real carrier" in shell.refused("campaign", "status", DIALER_CLOCK="2026-11-23T11:00+05:30@60")
    moved = {"DIALER_CLOCK": "2026-11-23T11:00+05:30@60", "TWILIO_API_URL": "http://127.0.0.1:9"}
    assert shell("campaign", "status", **moved).status == 0


def test_starting_twice_and_stopping_leave_a_receipt(shell: Shell) -> None:
    shell.done("campaign", "create", "Spring")
    assert "no leads" in shell.refused("campaign", "start", "Spring")
    shell.done("leads", "import", str(SAMPLE), "--campaign", "Spring")
    for word, says in (("start", "started"), ("start", "already"), ("pause", "paused"), ("start", "started")):
        said = shell("campaign", word, "Spring")
        assert (said.status, says in said.out) == (0, True), word
    receipt = shell.done("campaign", "stop", "Spring")
    assert (receipt["campaign"], receipt["taken_back"], receipt["live"], receipt["hung_up"]) == ("Spring", 0, 0, 0)
    assert shell.done("campaign", "status", "Spring")["state"] == "stopped"


def test_an_older_database_is_refused_with_the_command_that_mends_it(shell: Shell) -> None:
    assert shell("migrate", "base").status == 0
    assert "dialer migrate" in shell.refused("campaign", "status")
    assert shell("migrate").status == 0
    assert shell("campaign", "status").status == 0


def test_the_same_as_a_module_of_its_own(shell: Shell) -> None:
    command = [sys.executable, "-m", "dialer", "campaign", "status", "Nowhere"]
    here = Path(__file__).parents[3]
    ran = subprocess.run(
        command, env=shell.environment, cwd=here, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "dialer: there is no campaign 'Nowhere'; see: dialer campaign status\n"


def test_prices_are_listed_and_set_by_hand(shell: Shell) -> None:
    listed = shell.done("prices", "list", "--model", "gpt-realtime-2.1-mini")
    assert {each["kind"]: each["per_million"] for each in listed}["audio_out"] == "20"
    assert {each["source"].startswith("https://developers.openai.com/") for each in listed} == {True}
    assert shell("prices", "set", "gpt-next", "audio_out", "12.5", "--since", "2026-12-01").status == 0
    (new,) = shell.done("prices", "list", "--model", "gpt-next")
    assert (new["per_million"], new["since"], new["source"]) == ("12.5", "2026-12-01", "set by hand")
    assert shell("prices", "set", "gpt-next", "audio_out", "cheap").status == 2
    assert shell("prices", "set", "gpt-next", "audio_out", "1e30").status == 2
    rupees = shell("prices", "set", "inr", "money", "11304.8", "--since", "2026-12-01")
    assert rupees.out == "inr: a million of money costs 11304.8 USD from 2026-12-01 on: 88.46 INR to the dollar\n"


EXOTEL = {
    "EXOTEL_ACCOUNT_SID": "exampleacct1",
    "EXOTEL_API_KEY": "0123456789abcdef",
    "EXOTEL_API_TOKEN": "fedcba9876543210",
    "EXOTEL_CALLER_ID": "08040000000",
}


def test_a_campaign_may_choose_exotel_and_is_told_what_exotel_cannot_do(shell: Shell) -> None:
    made = shell.done("campaign", "create", "Summer", "--carrier", "exotel")
    assert (made["name"], made["state"]) == ("Summer", "draft")
    assert made["notes"] == ["exotel does not detect voicemail: AVA listens for it instead"]
    assert "notes" not in shell.done("campaign", "create", "Autumn", "--carrier", "exotel", "--machine", "off")
    assert "notes" not in shell.done("campaign", "create", "Winter", "--carrier", "twilio")
    message = ("--machine", "leave_message", "--message", "Please call us back.")
    line = shell.refused("campaign", "create", "Never", "--carrier", "exotel", *message)
    assert "exotel cannot leave voicemail messages" in line
    said = shell("campaign", "create", "Both", *message, **EXOTEL)
    assert said.status == 0
    assert "note: exotel cannot leave voicemail messages: it hangs up instead" in said.out
    assert shell("campaign", "create", "Odd", "--carrier", "pigeon").status == 2


def test_the_doctor_says_what_exotel_lacks_and_what_is_wrong_with_it(shell: Shell) -> None:
    def found(**changes: str) -> dict[str, str]:
        said = shell("doctor", "--json", **changes)
        (finding,) = (each for each in json.loads(said.out) if each["what"] == "exotel")
        return dict(finding)

    assert found()["state"] == "missing"
    assert "EXOTEL_CALLER_ID" in found()["says"]
    assert found(**{**EXOTEL, "EXOTEL_CALLER_ID": "nobody"})["state"] == "wrong"
    nobody = found(**EXOTEL, EXOTEL_API_URL=f"http://127.0.0.1:{closed_port()}")
    assert nobody["state"] == "wrong"
    assert "Exotel could not be asked" in nobody["says"]
    assert "EXOTEL_API_URL" in nobody["says"]


# Runs a command in a Python of its own, and then says on stderr what it loaded.
RUN = """
import sys
from dialer.cli.main import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words", [("explain", "+91 98765 00010"), ("campaign", "status"), ("dnc", "check", phone_of(1))], ids=" ".join
)
def test_what_asks_the_database_loads_no_library_that_it_does_not_use(words: tuple[str, ...], shell: Shell) -> None:
    shell.done("campaign", "create", "Spring")
    shell.done("leads", "import", str(SAMPLE), "--campaign", "Spring")
    twilio = {"TWILIO_ACCOUNT_SID": f"AC{0:032}", "TWILIO_AUTH_TOKEN": f"{0:032}", "TWILIO_FROM_NUMBER": "+15005550006"}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words, "--json"],
        env={**shell.environment, **twilio},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    loaded = set(done.stderr.split())
    assert "sqlalchemy" in loaded
    assert loaded.isdisjoint({"pandas", "litestar", "twilio", "pydantic_ai", "openai", "uvicorn"})
