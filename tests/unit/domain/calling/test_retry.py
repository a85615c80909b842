"""When a lead is rung again, and when it is left alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.calling.call import Outcome
from dialer.domain.calling.retry import DEFAULT_POLICY, FINAL_OUTCOMES, GiveUp, Policy, RetryAt, RetryRule, decide

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
EVENING = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcome", "wait"),
    [
        (Outcome.NO_ANSWER, timedelta(hours=3)),
        (Outcome.BUSY, timedelta(minutes=30)),
        (Outcome.FAILED, timedelta(hours=1)),
        (Outcome.VOICEMAIL, timedelta(hours=20)),
        (Outcome.DROPPED, timedelta(hours=2)),
        (Outcome.CALL_LATER, timedelta(hours=2)),
    ],
)
def test_a_person_who_was_not_reached_is_rung_again_after_a_while(outcome: Outcome, wait: timedelta) -> None:
    assert decide(outcome, 1, 1, NOW, DEFAULT_POLICY) == RetryAt(NOW + wait, promised=False)


def test_busy_is_tried_again_within_the_hour_and_no_answer_within_four() -> None:
    busy, silent = (DEFAULT_POLICY.again[each].wait for each in (Outcome.BUSY, Outcome.NO_ANSWER))
    assert busy <= timedelta(hours=1)
    assert silent <= timedelta(hours=4)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.BOOKED,
        Outcome.QUALIFIED,
        Outcome.NOT_INTERESTED,
        Outcome.DO_NOT_CALL,
        Outcome.WRONG_PERSON,
        Outcome.INVALID_NUMBER,
    ],
)
def test_a_person_who_has_answered_for_good_is_left_alone_even_if_a_call_back_was_promised(outcome: Outcome) -> None:
    assert outcome in FINAL_OUTCOMES
    assert decide(outcome, 1, 1, NOW, DEFAULT_POLICY, EVENING) == GiveUp(outcome.value)


@pytest.mark.parametrize(
    ("outcome", "most"),
    [(Outcome.NO_ANSWER, 3), (Outcome.BUSY, 3), (Outcome.FAILED, 2), (Outcome.VOICEMAIL, 2), (Outcome.DROPPED, 2)],
)
def test_the_same_ending_is_not_sought_for_ever(outcome: Outcome, most: int) -> None:
    assert isinstance(decide(outcome, most - 1, most - 1, NOW, DEFAULT_POLICY), RetryAt)
    assert decide(outcome, most, most, NOW, DEFAULT_POLICY) == GiveUp(f"{outcome.value} {most} times")


def test_a_lead_is_given_up_when_all_its_attempts_are_used() -> None:
    assert decide(Outcome.BUSY, 4, 1, NOW, DEFAULT_POLICY) == GiveUp("attempts used up")
    assert isinstance(decide(Outcome.BUSY, 3, 1, NOW, DEFAULT_POLICY), RetryAt)
    once = Policy(1, DEFAULT_POLICY.again)
    assert decide(Outcome.NO_ANSWER, 1, 1, NOW, once) == GiveUp("attempts used up")


@given(st.integers(1, 50), st.integers(1, 50))
def test_a_promised_call_back_is_kept_whatever_the_counts_say(attempt: int, same: int) -> None:
    kept = decide(Outcome.CALL_LATER, attempt, same, NOW, DEFAULT_POLICY, EVENING)
    assert kept == RetryAt(EVENING, promised=True)


@given(st.integers(1, 50), st.integers(1, 50))
def test_our_own_failure_to_place_a_call_costs_the_lead_no_attempt(attempt: int, same: int) -> None:
    assert decide(Outcome.NOT_PLACED, attempt, same, NOW, DEFAULT_POLICY) == RetryAt(NOW + timedelta(hours=1))


@given(st.sampled_from(Outcome), st.integers(1, 9), st.integers(1, 9), st.none() | st.just(EVENING))
def test_every_ending_is_decided_and_nobody_is_rung_in_the_past(
    outcome: Outcome, attempt: int, same: int, promised_at: datetime | None
) -> None:
    decided = decide(outcome, attempt, same, NOW, DEFAULT_POLICY, promised_at)
    match decided:
        case RetryAt(at, promised):
            assert at > NOW
            assert promised is (outcome is Outcome.CALL_LATER and promised_at is not None)
        case GiveUp(reason):
            assert reason


def test_a_campaigns_own_policy_is_followed() -> None:
    patient = Policy(9, {**DEFAULT_POLICY.again, Outcome.BUSY: RetryRule(timedelta(days=1), 5)})
    assert decide(Outcome.BUSY, 4, 4, NOW, patient) == RetryAt(NOW + timedelta(days=1))


@pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.NOT_PLACED])
def test_those_who_did_not_answer_together_are_not_all_rung_together_again(outcome: Outcome) -> None:
    soon, late = (decide(outcome, 1, 1, NOW, DEFAULT_POLICY, jitter=jitter) for jitter in (0.0, 1.0))
    assert isinstance(soon, RetryAt)
    assert isinstance(late, RetryAt)
    assert late.at - NOW == (soon.at - NOW) * 1.1
    assert decide(Outcome.CALL_LATER, 1, 1, NOW, DEFAULT_POLICY, EVENING, jitter=1.0) == RetryAt(EVENING, promised=True)
