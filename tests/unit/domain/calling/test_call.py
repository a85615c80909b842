"""The life of one call: it only moves on, whatever is reported in whatever order."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.calling.call import (
    AT_CARRIER,
    LIVE,
    OVER,
    SETTLED,
    TRANSITIONS,
    Outcome,
    State,
    can_become,
    can_come_from,
    outcome_of_conversation,
)

RANK = {state: rank for rank, state in enumerate(State)}
NOT_ASKED = (State.PLACING, State.INTENT)
"""The carrier said that it did not take the request, so the phone cannot have rung: the one way back."""


def test_every_state_has_its_ways_on() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("state", "wanted"), list(itertools.product(State, State)))
def test_a_call_never_goes_back(state: State, wanted: State) -> None:
    if (state, wanted) == NOT_ASKED:
        assert can_become(state, wanted)
    elif RANK[wanted] <= RANK[state]:
        assert not can_become(state, wanted)


@given(st.lists(st.sampled_from(State), max_size=30))
def test_late_doubled_and_reversed_news_leave_a_call_that_was_placed_where_it_is(news: list[State]) -> None:
    state = State.PLACED
    for wanted in news:
        before = state
        state = wanted if can_become(state, wanted) else state
        assert RANK[state] >= RANK[before]
        if before in OVER:
            assert state is before
    reached = {state for state in news if state in (State.RINGING, State.TALKING, *OVER)}
    assert state is State.PLACED or state in reached


def test_a_call_in_which_somebody_speaks_can_only_end() -> None:
    assert TRANSITIONS[State.TALKING] == {State.ENDED}


@pytest.mark.parametrize("state", [State.INTENT, State.PLACING, State.UNKNOWN, State.PLACED, State.RINGING])
def test_a_call_can_be_cancelled_until_somebody_answers(state: State) -> None:
    assert can_become(state, State.CANCELLED)


@pytest.mark.parametrize("state", [State.PLACING, State.UNKNOWN, State.PLACED, State.RINGING, State.TALKING])
def test_a_call_that_may_be_at_the_carrier_can_end_without_any_state_between(state: State) -> None:
    assert can_become(state, State.ENDED)
    assert state in AT_CARRIER


def test_a_call_that_was_never_asked_for_cannot_ring_and_is_not_at_the_carrier() -> None:
    assert TRANSITIONS[State.INTENT] == {State.PLACING, State.CANCELLED}
    assert State.INTENT not in AT_CARRIER
    assert State.INTENT in LIVE
    assert set(LIVE) | set(OVER) == set(State)
    assert not set(LIVE) & set(OVER)


@pytest.mark.parametrize("wanted", State)
def test_an_update_is_guarded_by_exactly_the_states_that_lead_there(wanted: State) -> None:
    assert set(can_come_from(wanted)) == {state for state in State if can_become(state, wanted)}


def test_an_unknown_call_is_never_asked_for_again() -> None:
    assert not can_become(State.UNKNOWN, State.PLACING)
    assert not can_become(State.UNKNOWN, State.INTENT)
    assert can_come_from(State.PLACING) == (State.INTENT,)


@pytest.mark.parametrize("reported", [None, *Outcome])
@pytest.mark.parametrize(("booked", "opted_out", "qualified"), list(itertools.product([True, False], repeat=3)))
def test_what_a_person_decided_outranks_what_the_model_reported(
    booked: bool, opted_out: bool, qualified: bool, reported: Outcome | None
) -> None:
    outcome = outcome_of_conversation(booked=booked, opted_out=opted_out, reported=reported, qualified=qualified)
    match (opted_out, booked, reported, qualified):
        case (True, _, _, _):
            assert outcome is Outcome.DO_NOT_CALL
        case (False, True, _, _):
            assert outcome is Outcome.BOOKED
        case (False, False, None, True):
            assert outcome is Outcome.QUALIFIED
        case (False, False, None, False):
            assert outcome is Outcome.DROPPED
        case _:
            assert outcome is reported


def test_a_booking_and_an_opt_out_are_settled() -> None:
    assert {Outcome.BOOKED, Outcome.DO_NOT_CALL} == SETTLED
