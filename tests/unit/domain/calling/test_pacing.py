"""How many calls may start now: never a burst, never more than there is room for."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.calling.pacing import Bucket, can_start

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
RATES = st.floats(0.05, 100)


def _later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_calls_become_possible_at_the_campaigns_pace() -> None:
    empty = Bucket(0.0, NOW, 4.0)
    assert empty.fill(_later(0.5)) == Bucket(2.0, _later(0.5), 4.0)
    assert empty.fill(_later(1)).tokens == 4.0


@given(RATES, st.lists(st.floats(-60, 3600), max_size=20))
def test_a_pause_is_never_followed_by_a_burst(per_second: float, steps: list[float]) -> None:
    bucket, at = Bucket(0.0, NOW, per_second), NOW
    for step in steps:
        at += timedelta(seconds=step)
        bucket = bucket.fill(at)
        assert 0 <= bucket.tokens <= max(per_second, 1.0)
        assert bucket.at == at


def test_a_slow_campaign_still_gets_to_one_whole_call() -> None:
    slow = Bucket(0.0, NOW, 0.1).fill(_later(9))
    assert can_start(slow.tokens, 0, 5) == 0
    assert can_start(slow.fill(_later(11)).tokens, 0, 5) == 1
    assert slow.fill(_later(10_000)).tokens == 1.0


def test_a_bucket_that_holds_too_much_is_cut_to_its_size() -> None:
    assert Bucket(99.0, NOW, 2.0).fill(NOW).tokens == 2.0


@given(RATES, st.floats(0, 1), st.floats(0, 86_400))
def test_a_clock_that_steps_back_starts_no_calls(per_second: float, tokens: float, back: float) -> None:
    assert Bucket(tokens, NOW, per_second).fill(_later(-back)).tokens == tokens


def test_no_more_start_than_there_are_tokens_and_room() -> None:
    assert can_start(5.9, 0, 100) == 5
    assert can_start(5.9, 98, 100) == 2
    assert can_start(5.9, 100, 100) == can_start(5.9, 120, 100) == 0
    assert can_start(0.99, 0, 100) == can_start(-3.0, 0, 100) == 0
