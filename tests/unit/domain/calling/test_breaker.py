"""A campaign that does harm stops itself, says why, and is not stopped by a single bad call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.calling.breaker import MIN_CALLS, Tally, trips

COUNTS = st.integers(0, 60)


def tally(**counts: int) -> Tally:
    return Tally(**({"ended": 0, "failed": 0, "answered": 0, "abandoned": 0, "asked": 0, "unknown": 0} | counts))


def test_a_campaign_without_calls_goes_on() -> None:
    assert trips(tally()) is None


@pytest.mark.parametrize(
    "four_bad_calls",
    [
        {"ended": 4, "failed": 4},
        {"answered": 4, "abandoned": 4},
        {"asked": 4, "unknown": 4},
        {"ended": 4, "failed": 4, "answered": 4, "abandoned": 4, "asked": 4, "unknown": 4},
    ],
)
def test_fewer_than_five_calls_say_nothing_however_bad_they_are(four_bad_calls: dict[str, int]) -> None:
    assert trips(tally(**four_bad_calls)) is None


@pytest.mark.parametrize(
    ("well", "harm", "words"),
    [
        ({"ended": 5, "failed": 2}, {"ended": 5, "failed": 3}, "3 of the last 5 calls failed"),
        ({"ended": 20, "failed": 9}, {"ended": 20, "failed": 10}, "10 of the last 20 calls failed"),
        (
            *({"answered": 5}, {"answered": 5, "abandoned": 1}),
            "1 of 5 people who answered heard nothing for two seconds",
        ),
        (
            *({"answered": 41, "abandoned": 1}, {"answered": 40, "abandoned": 1}),
            "1 of 40 people who answered heard nothing for two seconds",
        ),
        (
            *({"asked": 100, "unknown": 1}, {"asked": 99, "unknown": 1}),
            "the carrier did not confirm 1 of 99 calls",
        ),
    ],
)
def test_a_campaign_stops_where_harm_begins_and_not_before(
    well: dict[str, int], harm: dict[str, int], words: str
) -> None:
    assert trips(tally(**well)) is None
    says = trips(tally(**harm))
    assert says is not None
    assert says.startswith(words)
    assert "start again" in says, "and says what to do"


def test_busy_lines_and_people_who_do_not_answer_are_nobodys_failure() -> None:
    assert trips(tally(ended=20, failed=0, asked=20)) is None


def test_of_several_harms_the_failures_are_named_first() -> None:
    says = trips(tally(ended=10, failed=9, answered=10, abandoned=9, asked=10, unknown=9))
    assert says is not None
    assert "failed" in says


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_it_stops_exactly_when_enough_calls_are_bad_by_whole_numbers(
    ended: int, failed: int, answered: int, abandoned: int, asked: int, unknown: int
) -> None:
    given_tally = Tally(
        *(ended, min(failed, ended), answered, min(abandoned, answered), asked, min(unknown, asked))
    )  # fmt: skip
    harmful = (
        (ended >= MIN_CALLS and 2 * given_tally.failed >= ended)
        or (answered >= MIN_CALLS and 40 * given_tally.abandoned >= answered)
        or (asked >= MIN_CALLS and 100 * given_tally.unknown > asked)
    )
    assert (trips(given_tally) is not None) == harmful


@given(st.integers(5, 60), st.integers(0, 60), st.integers(0, 60))
def test_one_more_failure_never_sets_a_stopped_campaign_going(ended: int, failed: int, more: int) -> None:
    fewer, many = min(failed, ended), min(failed + more, ended)
    if trips(tally(ended=ended, failed=fewer)):
        assert trips(tally(ended=ended, failed=many))
