"""Every fault of the list (reliability.md §3.2) is named by a test that tries it."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
FAULTS = {f"F{n:02}" for n in range(1, 83)}


def test_every_fault_has_a_test_that_names_it() -> None:
    named = {
        fault
        for file in TESTS.rglob("test_*.py")
        if file != Path(__file__)
        for fault in re.findall(r"\bF\d\d\b", file.read_text(encoding="utf-8"))
    }
    assert FAULTS - named == set()
