"""A call is over: what it came to, and what follows for the lead."""

import random
from datetime import datetime

from dialer.carriers.port import Ended
from dialer.domain.calling.call import OVER, Outcome, State, outcome_of_conversation
from dialer.domain.calling.retry import GiveUp, RetryAt, decide
from dialer.domain.compliance.time_zone_groups import group_of, within_hours
from dialer.domain.meetings.enquiry import is_qualified
from dialer.store.calls import calls, enquiries
from dialer.store.campaigns.campaigns import policy_of, window_of
from dialer.store.meetings import bookings
from dialer.store.sessions import Session
from dialer.store.tables import Call, Campaign, Enrollment, Lead


async def finish_call(session: Session, call: Call, outcome: Outcome, reason: str | None, now: datetime) -> bool:
    """End a call (locked by the caller) with an outcome; False where it was over already."""
    if call.state in OVER:
        return False
    call.state, call.outcome, call.reason = State.ENDED, outcome, reason or call.reason
    call.ended_at = call.ended_at or now
    await session.flush()
    await bookings.release_holds(session, call.id)
    await _decide_next(session, call, outcome, now)
    return True


async def cancel_call(session: Session, call: Call, reason: str, next_at: datetime | None, now: datetime) -> bool:
    """Take back a call that never rang: it costs the lead no attempt. False where it is over already."""
    if call.state in OVER:
        return False
    call.state, call.reason, call.ended_at, call.placing_at = State.CANCELLED, reason, now, None
    in_campaign = await session.get_one(Enrollment, call.campaign_lead_id, with_for_update=True)
    in_campaign.attempts = max(0, in_campaign.attempts - 1)
    in_campaign.state = "waiting" if in_campaign.attempts else "ready"
    in_campaign.next_attempt_at, in_campaign.why = next_at or now, reason
    await session.flush()
    return True


async def finish_conversation(session: Session, call: Call, *, ours: str | None, now: datetime) -> Outcome | None:
    """End a call whose media is over. `ours` is what failed on our side, if that ended it: never a contact."""
    values = await enquiries.newest(session, call.campaign_lead_id, call_id=call.id)
    outcome = outcome_of_conversation(
        booked=await bookings.is_booked(session, call.id),
        opted_out=call.reported is Outcome.DO_NOT_CALL,
        reported=call.reported,
        qualified=is_qualified(values),
    )
    if ours is not None and outcome in (Outcome.DROPPED, Outcome.QUALIFIED) and call.reported is None:
        outcome = Outcome.FAILED
    return outcome if await finish_call(session, call, outcome, ours, now) else None


async def finish_by_carrier(session: Session, call: Call, ended: Ended, now: datetime) -> Outcome | None:
    """End a call that the carrier says is over and that no media stream of ours is left to end."""
    if ended.answered and call.stream_opened_at is not None:
        return await finish_conversation(session, call, ours="the media stream was lost", now=now)
    outcome = (
        Outcome.FAILED  # answered, but its audio never reached us: our failure
        if ended.answered
        else Outcome.BUSY
        if ended.busy
        else Outcome.NO_ANSWER
        if ended.no_answer
        else Outcome.INVALID_NUMBER
        if ended.invalid_number
        else Outcome.NOT_PLACED
        if ended.cancelled
        else Outcome.FAILED
    )
    if ended.answered:
        call.answered_at = call.answered_at or now  # so that its cost is waited for
    says = "answered, but no audio reached the bridge" if ended.answered else ended.says
    return outcome if await finish_call(session, call, outcome, says, now) else None


async def _decide_next(session: Session, call: Call, outcome: Outcome, now: datetime) -> None:
    in_campaign = await session.get_one(Enrollment, call.campaign_lead_id, with_for_update=True)
    campaign = await session.get_one(Campaign, call.campaign_id)
    same = await calls.same_outcome(session, in_campaign.id, outcome)
    in_campaign.last_outcome = outcome
    jitter = random.random()  # noqa: S311 - spreads calls, guards nothing
    match decide(outcome, in_campaign.attempts, same, now, policy_of(campaign), call.promised_at, jitter):
        case RetryAt(at, promised):
            if not promised:
                lead = await session.get_one(Lead, in_campaign.lead_id)
                at = within_hours(group_of(lead.phone, lead.state, lead.zones), window_of(campaign), at, jitter)
            in_campaign.state, in_campaign.next_attempt_at = "waiting", at
            in_campaign.rank = 0 if promised else 2
            in_campaign.why = (
                "call-back promised" if promised else f"to be called again after {outcome.value.replace('_', ' ')}"
            )
        case GiveUp(reason):
            in_campaign.state, in_campaign.why = "done", reason.replace("_", " ")
    await session.flush()
