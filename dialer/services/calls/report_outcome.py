"""What the model reports of a call: how it went, and what was promised."""

import re
from datetime import datetime, timedelta

from dialer.domain.calling.call import Outcome
from dialer.domain.calling.promises import WEEK, PromiseRefused, promise
from dialer.domain.speech.relative_time import parse_when
from dialer.domain.speech.speech_dates import say
from dialer.services.calls.context import CallContext, Result
from dialer.services.do_not_call.suppress import suppress
from dialer.store.calls import limits
from dialer.store.leads import do_not_call
from dialer.store.sessions import Session
from dialer.store.tables import Call

LATEST = timedelta(days=90)
MINOR = re.compile(r"\b(minor|under ?age|under[ -]18|not 18)\b", re.IGNORECASE)
"""The reason that AVA gives for a student under 18."""
OUTCOMES = {
    "not_interested": Outcome.NOT_INTERESTED,
    "wrong_person": Outcome.WRONG_PERSON,
    "qualified": Outcome.QUALIFIED,
    "call_later": Outcome.CALL_LATER,
    "voicemail": Outcome.VOICEMAIL,
}


async def report_outcome(session: Session, call: Call, outcome: str, reason: str | None, now: datetime) -> Result:
    """Record how the call went; `other` records no outcome, which is then derived from what is known.

    A student who is under age is not called again, in any campaign.
    """
    if reason is not None and MINOR.search(reason):
        await suppress(
            session,
            [call.phone],
            scope=do_not_call.ACCOUNT,
            source="call",
            reason="minor",
            by=f"call:{call.id}",
            now=now,
        )
    if call.reported is not Outcome.DO_NOT_CALL:
        call.reported = OUTCOMES.get(outcome) or (call.reported if call.promised_at else None)
    call.reason = reason or call.reason
    await session.flush()
    return {"ending": True, "say": "Thank you for your time. Goodbye!"}


async def call_back(
    session: Session, call: Call, talk: CallContext, when: str, ask_for: str | None, now: datetime
) -> Result:
    """Promise a time in the lead's own zone. Refused where it is not understood, past, or too far away."""
    at = parse_when(when, now, talk.zone)
    if at is None:
        return {
            "agreed": False,
            "reason": "not understood",
            "say": "Of course. Which day and what time would suit you?",
        }
    if at > now + LATEST:
        return {
            "agreed": False,
            "reason": "too far away",
            "say": "That is a little far away. Could it be within the next three months?",
        }
    earlier = await limits.promises_of(session, call, now - WEEK)
    allowed = promise(at, now, earlier, machine=(call.answered_by or "").startswith("machine"))
    if isinstance(allowed, PromiseRefused):
        if call.reported is not Outcome.DO_NOT_CALL:
            call.reported = Outcome.CALL_LATER  # without a promised time: the ordinary retry rules hold
        await session.flush()
        return {
            "agreed": False,
            "reason": allowed.reason,
            "say": "I have noted that you would like to talk another time. Thank you, and goodbye!",
        }
    at = allowed
    call.promised_at, call.promised_name = at, ask_for
    if call.reported is not Outcome.DO_NOT_CALL:
        call.reported = Outcome.CALL_LATER
    await session.flush()
    return {
        "agreed": True,
        "at": talk.there(at).isoformat(),
        "say": f"Of course, I will call you back {say(at, talk.zone, now)}. Thank you, and goodbye!",
    }
