"""The state machine of one call (one attempt to reach one lead).

`intent → placing → (unknown) → placed → ringing → talking → ended`; `cancelled` from any state before `talking`.
A state only moves forward: an event that is not a valid transition is ignored, so webhooks may arrive late, more than
once or in any order. The one step back, `placing → intent`, is a request that the carrier did not accept.
"""

from enum import StrEnum


class State(StrEnum):
    """The state of a call; members are in rank order."""

    INTENT = "intent"
    PLACING = "placing"
    UNKNOWN = "unknown"
    PLACED = "placed"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How a call ended."""

    BOOKED = "booked"
    QUALIFIED = "qualified"
    NOT_INTERESTED = "not_interested"
    CALL_LATER = "call_later"
    DO_NOT_CALL = "do_not_call"
    WRONG_PERSON = "wrong_person"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    INVALID_NUMBER = "invalid_number"
    FAILED = "failed"
    DROPPED = "dropped"
    NOT_PLACED = "not_placed"


SPOKE = frozenset(
    {
        *(Outcome.BOOKED, Outcome.QUALIFIED, Outcome.NOT_INTERESTED, Outcome.CALL_LATER, Outcome.DO_NOT_CALL),
        *(Outcome.WRONG_PERSON, Outcome.DROPPED),
    }
)
"""Outcomes of calls that a person answered; voicemail, busy and failures are not among them."""

LIVE = (State.INTENT, State.PLACING, State.UNKNOWN, State.PLACED, State.RINGING, State.TALKING)
"""States of an active call: a phone number has at most one call in these states, across all campaigns."""

AT_CARRIER = (State.PLACING, State.UNKNOWN, State.PLACED, State.RINGING, State.TALKING)
"""States in which the carrier may have the call."""

OVER = (State.ENDED, State.CANCELLED)

TRANSITIONS: dict[State, frozenset[State]] = {
    State.INTENT: frozenset({State.PLACING, State.CANCELLED}),
    # A webhook or the media stream may arrive before the response to the placing request is read.
    State.PLACING: frozenset(
        {State.INTENT, State.UNKNOWN, State.PLACED, State.RINGING, State.TALKING, State.ENDED, State.CANCELLED}
    ),
    State.UNKNOWN: frozenset({State.PLACED, State.RINGING, State.TALKING, State.ENDED, State.CANCELLED}),
    State.PLACED: frozenset({State.RINGING, State.TALKING, State.ENDED, State.CANCELLED}),
    State.RINGING: frozenset({State.TALKING, State.ENDED, State.CANCELLED}),
    State.TALKING: frozenset({State.ENDED}),
    State.ENDED: frozenset(),
    State.CANCELLED: frozenset(),
}


def can_become(state: State, wanted: State) -> bool:
    """Whether `state` to `wanted` is a valid transition."""
    return wanted in TRANSITIONS[state]


def can_come_from(wanted: State) -> tuple[State, ...]:
    """Return the states from which a call may move to `wanted`: the guard of the compare-and-set update."""
    return tuple(state for state in State if wanted in TRANSITIONS[state])


SETTLED = frozenset({Outcome.BOOKED, Outcome.DO_NOT_CALL})
"""Outcomes the student decided; no later report overrides them."""


def outcome_of_conversation(*, booked: bool, opted_out: bool, reported: Outcome | None, qualified: bool) -> Outcome:
    """Return the outcome of a call in which a person spoke.

    A spoken opt-out outranks a booking, and a booking outranks the outcome that the model `reported` with `finish_call`.
    Without a report the call is `qualified` when country, course, intake and budget are known, else `dropped`.
    """
    if opted_out:
        return Outcome.DO_NOT_CALL
    if booked:
        return Outcome.BOOKED
    if reported is not None:
        return reported
    return Outcome.QUALIFIED if qualified else Outcome.DROPPED
