"""The life of one call (one attempt to ring one lead).

`intent → placing → (unknown) → placed → ringing → talking → ended`; `cancelled` from any state before `talking`.
A state only moves up: an event that does not fit changes nothing, so webhooks may come late, twice or in any order.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a call is; the order of the members is the order of their ranks."""

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
"""Outcomes of calls that a person answered. A voicemail, a busy line and a failure of ours are none of them."""

LIVE = (State.INTENT, State.PLACING, State.UNKNOWN, State.PLACED, State.RINGING, State.TALKING)
"""A phone has at most one call in these states, over all campaigns."""

AT_CARRIER = (State.PLACING, State.UNKNOWN, State.PLACED, State.RINGING, State.TALKING)
"""The carrier may be ringing the phone."""

OVER = (State.ENDED, State.CANCELLED)

TRANSITIONS: dict[State, frozenset[State]] = {
    State.INTENT: frozenset({State.PLACING, State.CANCELLED}),
    # A webhook or the stream may bind a call before the carrier's answer to the request is read.
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
    """Whether a call in `state` may move to `wanted`; everything else leaves it as it is."""
    return wanted in TRANSITIONS[state]


def can_come_from(wanted: State) -> tuple[State, ...]:
    """The states from which a call may move to `wanted`: the guard of the update that moves it."""
    return tuple(state for state in State if wanted in TRANSITIONS[state])


SETTLED = frozenset({Outcome.BOOKED, Outcome.DO_NOT_CALL})
"""What a person decided by word or deed; whatever is reported later does not undo it."""


def outcome_of_conversation(*, booked: bool, opted_out: bool, reported: Outcome | None, qualified: bool) -> Outcome:
    """The outcome of a call in which somebody spoke.

    An opt-out in words outranks whatever the model reported, a booking outranks `finish_call`, and a call that ended
    without a report is `qualified` when country, course, intake and budget are known, else `dropped` (design.md §7).
    """
    if opted_out:
        return Outcome.DO_NOT_CALL
    if booked:
        return Outcome.BOOKED
    if reported is not None:
        return reported
    return Outcome.QUALIFIED if qualified else Outcome.DROPPED
