"""The loop closed: what a counselor says of a meeting, and what follows for the student.

Somebody who did not come is called again politely, under the same rules as everybody: the lead waits with a reason, the
gate is asked when the time comes, and limits count.
"""

import random
from collections.abc import Collection
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from dialer.domain.calling.call import Outcome
from dialer.domain.calling.retry import GiveUp, RetryAt, after_no_show
from dialer.domain.compliance.time_zone_groups import group_of, within_hours
from dialer.services import actions
from dialer.services.actor import Actor, LinkHolder
from dialer.services.audit.record import record
from dialer.services.meetings.change import ChangeRefused
from dialer.store.calls import enquiries
from dialer.store.campaigns import campaigns
from dialer.store.campaigns.campaigns import policy_of, window_of
from dialer.store.meetings import bookings
from dialer.store.sessions import Session
from dialer.store.tables import Booking, Campaign, Enrollment, Lead

MeetingOutcome: TypeAlias = Literal["showed", "no_show", "wrong_fit", "wrong_information"]
NOT_YET = "the meeting has not started yet"
GONE = "this meeting was cancelled"
MAX_NOTE_CHARS = 2000


async def record_outcome(
    session: Session,
    actor: Actor | LinkHolder,
    booking_id: UUID,
    verdict: MeetingOutcome,
    wrong: Collection[str],
    note: str,
    now: datetime,
) -> Booking | ChangeRefused:
    """Record how a meeting went; recorded again, it is corrected.

    Args:
        wrong: Fields that AVA captured wrongly. The others count as confirmed, unless the student did not come.

    Raises:
        ForbiddenError: `actor` may not do this.
    """
    actor.require(actions.BOOKING_OUTCOME)
    booking = await bookings.locked(session, booking_id)
    if booking is None or booking.state == "cancelled":
        return ChangeRefused(GONE)
    if booking.during.lower is None or booking.during.lower > now:
        return ChangeRefused(NOT_YET)
    known = await enquiries.newest(session, booking.campaign_lead_id)
    met = verdict != "no_show"
    booking.wrong_fields = sorted(set(wrong) & set(known)) if met else []
    booking.right_fields = sorted(set(known) - set(wrong)) if met else []
    before = booking.outcome
    booking.outcome, booking.outcome_at = verdict, now
    booking.note = note.replace("\0", "").strip()[:MAX_NOTE_CHARS]
    booking.state = "attended" if met else "no_show"
    await session.flush()
    what = {"wrong": booking.wrong_fields, "note": booking.note}
    await bookings.record_event(session, booking.id, "counselor", verdict.replace("_", " "), now, **what)
    await record(session, actor, actions.BOOKING_OUTCOME, {"booking": str(booking.id), "outcome": verdict})
    if not met and before != "no_show":
        await _ring_again(session, booking, now)
    if met and before == "no_show":
        await _leave_alone(session, booking)
    return booking


async def _ring_again(session: Session, booking: Booking, now: datetime) -> None:
    in_campaign = await session.get_one(Enrollment, booking.campaign_lead_id, with_for_update=True)
    if in_campaign.state != "done" or in_campaign.last_outcome is Outcome.DO_NOT_CALL:
        return
    campaign = await session.get_one(Campaign, in_campaign.campaign_id)
    times = await bookings.count_missed(session, in_campaign.id)
    match after_no_show(in_campaign.attempts, times, now, policy_of(campaign)):
        case RetryAt(at):
            lead = await session.get_one(Lead, in_campaign.lead_id)
            jitter = random.random()  # noqa: S311 - spreads calls, guards nothing
            at = within_hours(group_of(lead.phone, lead.state, lead.zones), window_of(campaign), at, jitter)
            in_campaign.state, in_campaign.next_attempt_at, in_campaign.rank = "waiting", at, 2
            in_campaign.why = "called again: did not come to the meeting"
            if (
                campaign.state == "done"
            ):  # it ended by itself when nobody was left; one that people stopped stays stopped
                await campaigns.move(session, campaign.id, "running")
        case GiveUp(reason):
            in_campaign.why = reason
    await bookings.record_event(session, booking.id, "house", in_campaign.why, now)
    await session.flush()


async def _leave_alone(session: Session, booking: Booking) -> None:
    """They came after all: nobody rings them for having missed it."""
    in_campaign = await session.get_one(Enrollment, booking.campaign_lead_id, with_for_update=True)
    if in_campaign.state == "waiting" and in_campaign.last_outcome is Outcome.BOOKED:
        in_campaign.state, in_campaign.why = "done", "booked"
        await session.flush()
