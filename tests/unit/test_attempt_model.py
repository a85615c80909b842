"""Everything that can happen to one attempt is tried: nobody is rung twice, nobody is forgotten.

Protocols that leave a part of ours out are tried as well, and each of them rings somebody twice: a model that cannot
fail proves nothing.
"""

from dataclasses import replace

import pytest

from dialer.domain.calling import call
from dialer.domain.calling.call import OVER, State
from tests.support.attempt_model import (
    ASKS_AGAIN,
    CHECKS_THEN_ASKS,
    HORIZON,
    NO_DEADLINE,
    NO_HORIZON,
    OURS,
    Explored,
    Protocol,
    Step,
    World,
    explore,
)

STATES = 7716
"""Worlds that our protocol can come to."""
RANK = {state: rank for rank, state in enumerate(State)}


@pytest.fixture(scope="module")
def ours() -> Explored:
    return explore(OURS)


def test_whatever_happens_nobody_is_rung_twice_or_given_up_and_rung(ours: Explored) -> None:
    assert ours.wrongs == set()
    assert len(ours.ways) == STATES, "the model changed: look at it, then say the new number"


def test_no_attempt_is_lost(ours: Explored) -> None:
    """Where nothing more can happen, the call is over, and there is a way there from everywhere."""
    assert ours.endings
    assert all(world.row in OVER for world in ours.endings)
    assert ours.lost() == []


def test_a_call_never_goes_back_but_where_the_carrier_did_not_take_it(ours: Explored) -> None:
    for world, after in ours.ways.items():
        for later in after:
            if RANK[later.row] < RANK[world.row]:
                assert (world.row, later.row) == (State.PLACING, State.INTENT)
                assert not world.accepted
                assert not world.flying


def test_everything_that_was_to_be_tried_was_tried(ours: Explored) -> None:
    def happened(**like: object) -> bool:
        return any(all(getattr(world, name) == value for name, value in like.items()) for world in ours.ways)

    assert {world.row for world in ours.ways} == set(State)
    assert {step for world in ours.ways for step in world.workers} == set(Step) - {Step.FOUND_IT}
    assert happened(row=State.RINGING, workers=(Step.SENT, Step.GONE)), "a webhook before the answer"
    assert happened(row=State.UNKNOWN, workers=(Step.TOOK_IT, Step.GONE)), "a sweep before the request"
    assert happened(row=State.ENDED, given_up=True, workers=(Step.TOOK_IT, Step.GONE)), "frozen past the horizon"
    assert happened(row=State.UNKNOWN, phone=State.ENDED, news=frozenset(), shown=False), "all webhooks lost, list lags"
    assert happened(row=State.INTENT, workers=(Step.GONE, Step.GONE)), "both deliveries spent, nothing done"


@pytest.mark.parametrize(
    ("protocol", "wrong"),
    [
        (CHECKS_THEN_ASKS, "rung twice"),
        (ASKS_AGAIN, "rung twice"),
        (NO_HORIZON, "given up and rung"),
        (NO_DEADLINE, "given up and rung"),
    ],
    ids=["check then ask", "retry on time-out", "no horizon", "no look at the clock before sending"],
)
def test_a_protocol_that_leaves_a_part_out_does_wrong(protocol: Protocol, wrong: str) -> None:
    assert wrong in explore(protocol, first_wrong=True).wrongs


@pytest.mark.parametrize(
    ("state", "ways"),
    [
        (State.UNKNOWN, set()),
        (State.PLACING, call.TRANSITIONS[State.PLACING] - {State.UNKNOWN}),
        (State.PLACED, call.TRANSITIONS[State.PLACED] - {State.ENDED}),
        (State.TALKING, set()),
        (State.ENDED, {State.INTENT}),
    ],
)
def test_another_table_of_transitions_would_not_do(
    state: State, ways: set[State], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(call.TRANSITIONS, state, frozenset(ways))
    changed = explore(OURS)
    assert changed.wrongs or changed.lost() or any(world.row not in OVER for world in changed.endings)


def test_an_attempt_of_which_nothing_was_heard_is_found_in_the_list_when_it_shows(ours: Explored) -> None:
    lost = World(row=State.UNKNOWN, workers=(Step.GONE, Step.GONE), accepted=1, phone=State.RINGING, age=1)
    assert {world.row for world in ours.ways[lost]} == {State.UNKNOWN}, "the list lags, and the horizon is not past"
    assert State.RINGING in {world.row for world in ours.ways[replace(lost, shown=True)]}
    assert State.RINGING in {world.row for world in ours.ways[replace(lost, age=HORIZON)]}
