"""Under `--json` a script reads one JSON value on stdout, and nothing else, from every command that has it."""

import json

from dialer.cli.every_command import every_command
from tests.support.lists import SAMPLE
from tests.support.people import phone_of
from tests.support.shell import Shell

ELSEWHERE = {"bench", "campaign rehearse"}
"""They take minutes: tests/bench/test_benches.py and tests/e2e/test_a_rehearsal.py look at what they print."""
DESK = "One Window desk"


def test_every_command_that_has_json_prints_one_value_and_nothing_else(shell: Shell) -> None:
    sheets = str(shell.folder / "sheets")
    asked = [
        ("campaign create", "Spring"),
        ("campaign status",),
        ("leads preview", str(SAMPLE)),
        ("leads import", str(SAMPLE), "--campaign", "Spring", "--dry-run"),
        ("leads rows", "1"),
        ("leads commit", "1"),
        ("leads imports",),
        ("leads export", "--output", str(shell.folder / "leads.csv")),
        ("calls export", "--output", str(shell.folder / "calls.csv")),
        ("bookings export", "--output", str(shell.folder / "bookings.xlsx")),
        ("explain", "+91 98765 00010"),
        ("dnc check", phone_of(1)),
        ("dnc lists",),
        ("dnc scrub", "Spring"),
        ("leads undo", "1"),
        ("campaign stop", "Spring"),
        ("script list",),
        ("script show", "ava"),
        ("script add", "short", "--opening", "Hello, this is AVA."),
        ("counselor list",),
        ("counselor off", DESK),
        ("counselor feed", DESK, "--make"),
        ("counselor agreement",),
        ("account add", "person@example.org"),
        ("account list",),
        ("account token", "person@example.org", "sheet"),
        ("account password", "person@example.org"),
        ("audit list",),
        ("audit accesses",),
        ("feed add", "leads"),
        ("feed list",),
        ("schedule add", "leads", "--to", sheets),
        ("schedule list",),
        ("hook add", "https://hooks.example.org/in"),
        ("hook list",),
        ("kill status",),
        ("limits show",),
        ("limits set", "--calls-per-number", "4"),
        ("prices list",),
        ("prove",),
        ("doctor",),
    ]
    with_json = {
        " ".join(path) for path, command in every_command() if any("--json" in each.opts for each in command.params)
    }
    assert {words for words, *_ in asked} == with_json - ELSEWHERE
    for words, *more in asked:
        said = shell(*words.split(), *more, "--json", DIALER_SECRET_KEY="a long text of the test's own")
        assert isinstance(json.loads(said.out), dict | list), (words, said)
        assert said.status == 0 or words in ("doctor", "prove"), (words, said)
