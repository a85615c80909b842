"""The emails about bookings: each is a row before it is sent, so that none is lost and none is written twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import OVER
from dialer.store.tables import Booking, Call, OutboxMessage

Kind: TypeAlias = Literal["invitation", "cancellation", "day_before", "hour_before", "rebook"]
DAY_BEFORE, HOUR_BEFORE = timedelta(hours=24), timedelta(hours=1)

# Due from so long before the meeting until the next reminder's turn; not where the time was agreed later than that.
_REMIND = text("""
INSERT INTO outbox_message (booking_id, kind, recipient, counselor_id, sequence)
SELECT b.id, CAST(:kind AS text), w.whom, CASE w.whom WHEN 'counselor' THEN b.counselor_id END, b.sequence
FROM booking b CROSS JOIN (VALUES ('counselor'), ('student')) AS w (whom)
WHERE b.state = 'booked' AND lower(b.during) - CAST(:from AS interval) <= :now
    AND lower(b.during) - CAST(:until AS interval) > :now
    AND b.settled_at < lower(b.during) - CAST(:from AS interval)
ON CONFLICT DO NOTHING
""")


async def write(session: AsyncSession, booking: Booking, kind: Kind, *, counselor_id: int | None = None) -> None:
    """Have one letter written: to this counselor, or (None) to the student."""
    whom = "student" if counselor_id is None else "counselor"
    row = {"booking_id": booking.id, "kind": kind, "recipient": whom, "counselor_id": counselor_id}
    await session.execute(insert(OutboxMessage).values(**row, sequence=booking.sequence).on_conflict_do_nothing())


async def write_both(session: AsyncSession, booking: Booking, kind: Kind) -> None:
    """Have it written to the booking's counselor and to the student."""
    await write(session, booking, kind, counselor_id=booking.counselor_id)
    await write(session, booking, kind)


async def find_reminders(session: AsyncSession, now: datetime) -> int:
    """Have the reminders written that are due at simulated `now`; how many."""
    found = 0
    for kind, since, until in (
        ("day_before", DAY_BEFORE, HOUR_BEFORE),
        ("hour_before", HOUR_BEFORE, timedelta(0)),
    ):
        done: Any = await session.execute(_REMIND, {"kind": kind, "from": since, "until": until, "now": now})
        found += done.rowcount
    return found


async def claim(session: AsyncSession, most: int, again_in: timedelta) -> Sequence[OutboxMessage]:
    """Emails whose moment has come; nobody else takes them for so long, even if we are gone.

    Those of a call that still goes on wait for its end: the address may be put right, and the brief is not whole.
    """
    query = (
        select(OutboxMessage)
        .join(Booking, Booking.id == OutboxMessage.booking_id)
        .outerjoin(Call, Call.id == Booking.call_id)
        .where(
            OutboxMessage.state == "waiting",
            OutboxMessage.next_at <= func.now(),
            or_(Call.id.is_(None), Call.state.in_(OVER)),
        )
        .order_by(OutboxMessage.id)
        .limit(most)
        .with_for_update(of=OutboxMessage, skip_locked=True)
    )
    found = (await session.scalars(query)).all()
    await session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_([each.id for each in found]))
        .values(next_at=func.now() + again_in, tries=OutboxMessage.tries + 1)
        .execution_options(synchronize_session=False)
    )
    return found


async def sent(session: AsyncSession, mail_id: int, to: str, says: str) -> None:
    """It was taken by the post."""
    done = {"state": "sent", "sent_to": to, "sent_at": func.now(), "last_error": says[:300]}
    await session.execute(update(OutboxMessage).where(OutboxMessage.id == mail_id).values(**done))


async def skipped(session: AsyncSession, mail_id: int, says: str) -> None:
    """It is not sent, and why."""
    await session.execute(
        update(OutboxMessage).where(OutboxMessage.id == mail_id).values(state="skipped", last_error=says[:300])
    )


async def failed(session: AsyncSession, mail_id: int, to: str, says: str, wait: timedelta | None) -> None:
    """It was not taken: tried again after `wait`, or given up."""
    values: dict[str, Any] = {"last_error": says[:300], "sent_to": to}
    values |= {"state": "given_up"} if wait is None else {"next_at": func.now() + wait}
    await session.execute(update(OutboxMessage).where(OutboxMessage.id == mail_id).values(**values))


async def count_of_booking(session: AsyncSession, booking_id: UUID) -> int:
    """How many messages were ever written about a booking."""
    query = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.booking_id == booking_id)
    return await session.scalar(query) or 0
