"""Log lines say what happened to whom without giving anybody's number away."""

import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.cli.logs import Line

NUMBER = "+918800112233"
HIDDEN = "+9188…33"


def _line(words: str, *more: object, exc: BaseException | None = None, **extra: object) -> str:
    trouble = (type(exc), exc, exc.__traceback__) if exc else None
    record = logging.LogRecord("dialer", logging.WARNING, __file__, 1, words, more, trouble)
    record.created = 1_767_225_600.25
    vars(record).update(extra)
    return Line("bridge").format(record)


def test_a_line_says_when_who_and_what_and_of_which_call() -> None:
    line = _line("call over after %s s", 12, call_id="c-1", end="goodbye", outcome=None, secret="not shown")
    assert line == "2026-01-01T00:00:00.250+00:00 bridge warning call over after 12 s call_id=c-1 end=goodbye"


@pytest.mark.parametrize(
    "words", [f"no route to {NUMBER}", f"{NUMBER},{NUMBER}", f"The 'To' number {NUMBER} is not valid.", f"tel:{NUMBER}"]
)
def test_a_phone_number_is_masked_whoever_wrote_it(words: str) -> None:
    line = _line(words)
    assert NUMBER not in line
    assert HIDDEN in line


def test_a_phone_number_is_masked_in_arguments_fields_and_tracebacks() -> None:
    try:
        raise ValueError(NUMBER)
    except ValueError as error:
        line = _line("failed for %s", NUMBER, exc=error, phone=NUMBER)
    assert NUMBER[1:] not in line
    assert line.count(HIDDEN) == 3
    assert "Traceback" in line
    assert sys.exc_info() == (None, None, None)


@pytest.mark.parametrize("written", ["%2B918800112233", "+91 88001 12233", "+91-88001-12233", "+91 (880) 011-2233"])
def test_a_phone_number_is_masked_however_it_is_spelt(written: str) -> None:
    line = _line(f"could not ask about {written}")
    assert written not in line


@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True), st.text(max_size=20))
def test_no_number_in_full_is_ever_written(number: str, around: str) -> None:
    line = _line("%s %s|%s", around, number, number, phone=number)
    assert number not in line


def test_ids_and_times_are_not_taken_for_phone_numbers() -> None:
    words = "CAfedcba9876543210fedcba9876543210 at 2026-01-13T09:10:01+00:00 took 1500 ms"
    assert _line(words).endswith(words)


@pytest.mark.parametrize("forged", ["x\n2026-01-01 web info signed in as admin", "x\r\nweb", "x\x1b[2J", "x\u2028web"])
def test_no_line_of_the_log_can_be_forged(forged: str) -> None:
    """L2."""
    line = _line("media refused: %s", forged, end=forged)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
