"""When counselors can be met: their hours, and everything that takes their time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.meetings.counselor_matching import Expertise
from dialer.domain.meetings.slots import CounselorTime, Hours, Span
from dialer.store.tables import Booking, BusyTime, Counselor, CounselorHours, TimeOff

STALE_AFTER = timedelta(hours=6)
GIVEN = ("booked", "attended", "no_show")


async def times(
    session: AsyncSession, since: datetime, until: datetime, *, but: UUID | None = None, only: int | None = None
) -> list[CounselorTime]:
    """Everybody who can be met, with what takes their time between two moments.

    `but` is a booking that does not count, because it is the one being moved or made; `only` is one counselor alone.
    """
    query = select(Counselor, is_stale()).where(Counselor.active).order_by(Counselor.id)
    if only is not None:
        query = query.where(Counselor.id == only)
    people = [(row[0], bool(row[1])) for row in await session.execute(query)]
    ids = [person.id for person, _ in people]
    hours: dict[int, list[Hours]] = {each: [] for each in ids}
    for row in await session.scalars(select(CounselorHours).where(CounselorHours.counselor_id.in_(ids))):
        hours[row.counselor_id].append(Hours(row.weekday, row.opens, row.closes))
    span = Range(since, until)
    meetings = await _spans(session, ids, _meetings(span, but))
    busy = await _spans(
        session,
        ids,
        select(TimeOff.counselor_id, TimeOff.during).where(TimeOff.during.overlaps(span)),
        select(BusyTime.counselor_id, BusyTime.during).where(BusyTime.during.overlaps(span)),
    )
    last = (
        select(Booking.counselor_id, func.max(Booking.created_at))
        .where(Booking.counselor_id.in_(ids), Booking.state.in_(GIVEN))
        .group_by(Booking.counselor_id)
    )
    given = dict((await session.execute(last)).all())
    return [
        CounselorTime(
            counselor_id=person.id,
            name=person.name,
            zone=person.zone,
            hours=tuple(hours[person.id]),
            busy=tuple(busy[person.id]),
            slot_minutes=person.slot_minutes,
            notice_minutes=person.notice_minutes,
            max_per_day=person.max_per_day,
            meetings=tuple(meetings[person.id]),
            buffer_before_minutes=person.buffer_before_minutes,
            buffer_after_minutes=person.buffer_after_minutes,
            holidays=person.holidays,
            stale=stale,
            expertise=Expertise(tuple(person.countries), tuple(person.courses), tuple(person.languages)),
            given_at=given.get(person.id),
        )
        for person, stale in people
    ]


def is_stale() -> Any:
    """Whether a counselor's own calendar could not be read of late, as a column."""
    too_old = or_(Counselor.calendar_at.is_(None), Counselor.calendar_at < func.now() - STALE_AFTER)
    return Counselor.calendar_url.is_not(None) & too_old


async def list_all(session: AsyncSession) -> Sequence[Counselor]:
    """Every counselor, also those who left."""
    return (await session.scalars(select(Counselor).order_by(Counselor.name))).all()


async def list_active(session: AsyncSession) -> Sequence[Counselor]:
    """The active counselors, by name."""
    return (await session.scalars(select(Counselor).where(Counselor.active).order_by(Counselor.name))).all()


async def named(session: AsyncSession, name: str) -> Counselor | None:
    """A counselor by name."""
    return (await session.scalars(select(Counselor).where(Counselor.name == name))).one_or_none()


async def list_transfer_targets(session: AsyncSession) -> Sequence[Counselor]:
    """The active counselors who take transfers and have a phone, oldest first."""
    query = select(Counselor).where(Counselor.active, Counselor.takes_transfers, Counselor.phone.is_not(None))
    return (await session.scalars(query.order_by(Counselor.id))).all()


async def hours_of(session: AsyncSession, counselor_id: int) -> dict[int, list[tuple[time, time]]]:
    """A counselor's spans by weekday, in order."""
    query = select(CounselorHours).where(CounselorHours.counselor_id == counselor_id)
    found: dict[int, list[tuple[time, time]]] = defaultdict(list)
    for row in await session.scalars(query.order_by(CounselorHours.weekday, CounselorHours.opens)):
        found[row.weekday].append((row.opens, row.closes))
    return dict(found)


async def replace_hours(
    session: AsyncSession, counselor_id: int, week: Mapping[int, Sequence[tuple[time, time]]]
) -> None:
    """New spans on each weekday that is named; every other weekday stays."""
    on_them = CounselorHours.weekday.in_(week.keys())
    await session.execute(delete(CounselorHours).where(CounselorHours.counselor_id == counselor_id, on_them))
    rows = [(day, *span) for day, spans in week.items() for span in spans]
    session.add_all(CounselorHours(counselor_id=counselor_id, weekday=day, opens=a, closes=b) for day, a, b in rows)
    await session.flush()


async def forget_calendar(session: AsyncSession, person: Counselor) -> None:
    """Forget what their own calendar said, because it is another one from now on, or none."""
    person.calendar_at = person.calendar_tried_at = person.calendar_fault = None
    await session.flush()
    await session.execute(delete(BusyTime).where(BusyTime.counselor_id == person.id))


async def lock(session: AsyncSession, counselor_id: int) -> None:
    """Let the meetings of a counselor be made one after the other, until each transaction ends.

    A most per day is no constraint's to keep; and of callers who insert into one exclusion constraint at the same moment
    each may wait for the other, until PostgreSQL ends one that would have won.
    """
    query = select(Counselor.id).where(Counselor.id == counselor_id)
    await session.execute(query.with_for_update(key_share=True))


async def claim_calendars(session: AsyncSession, every: timedelta, most: int = 10) -> Sequence[tuple[int, str, str]]:
    """Counselors whose own calendar is due to be read: id, address, zone. Nobody else takes them meanwhile."""
    due = or_(Counselor.calendar_tried_at.is_(None), Counselor.calendar_tried_at < func.now() - every)
    query = (
        select(Counselor.id, Counselor.calendar_url, Counselor.zone)
        .where(Counselor.active, Counselor.calendar_url.is_not(None), due)
        .order_by(Counselor.calendar_tried_at.nulls_first())
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = [(row[0], row[1] or "", row[2]) for row in await session.execute(query)]
    ids = [each[0] for each in found]
    await session.execute(update(Counselor).where(Counselor.id.in_(ids)).values(calendar_tried_at=func.now()))
    return found


async def calendar_read(session: AsyncSession, counselor_id: int, url: str, busy: Sequence[Span]) -> bool:
    """Put what a calendar says in the place of what it said before; False where its address was changed meanwhile."""
    read = await session.execute(
        update(Counselor)
        .where(Counselor.id == counselor_id, Counselor.calendar_url == url)
        .values(calendar_at=func.now(), calendar_fault=None)
        .returning(Counselor.id)
    )
    if read.first() is None:
        return False
    await session.execute(delete(BusyTime).where(BusyTime.counselor_id == counselor_id))
    if busy:
        rows = [{"counselor_id": counselor_id, "during": Range(*span)} for span in busy]
        await session.execute(insert(BusyTime), rows)
    return True


async def calendar_failed(session: AsyncSession, counselor_id: int, says: str) -> None:
    """It could not be read; what it said before stays."""
    await session.execute(update(Counselor).where(Counselor.id == counselor_id).values(calendar_fault=says[:300]))


def _meetings(span: "Range[datetime]", but: UUID | None) -> "Select[int, Range[datetime]]":
    live = or_(Booking.state == "booked", (Booking.state == "held") & (Booking.held_until > func.now()))
    # A meeting that was counts towards its day's most as well.
    counts = or_(live, Booking.state.in_(("attended", "no_show")))
    query = select(Booking.counselor_id, Booking.during).where(Booking.during.overlaps(span), counts)
    return query if but is None else query.where(Booking.id != but)


async def _spans(
    session: AsyncSession, ids: Sequence[int], *queries: "Select[int, Range[datetime]]"
) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = {each: [] for each in ids}
    for query in queries:
        for counselor_id, during in await session.execute(query):
            if counselor_id in found and during.lower and during.upper:
                found[counselor_id].append((during.lower, during.upper))
    return found
