"""Computes the meeting slots to offer a student.

Pure. A counselor's hours are wall time, converted to UTC through the counselor's zone; the requested day and part of
the day are in the student's zone. Slots during the student's night are offered only if there are no others. Which of
several free counselors is offered is decided by `counselor_matching`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from dialer.domain.compliance.holidays import is_holiday_in
from dialer.domain.compliance.hours import to_instant
from dialer.domain.meetings.counselor_matching import ANYTHING, UNKNOWN, Expertise, Wish, turn, why_fits, why_turn

PartOfDay: TypeAlias = Literal["morning", "afternoon", "evening"]
Span: TypeAlias = tuple[datetime, datetime]
LOOKAHEAD_DAYS = 14
STALE_NOTICE = timedelta(hours=24)
"""Minimum notice for a counselor whose own calendar cannot be read: leaves time to resolve a double booking."""
_PARTS: dict[PartOfDay, range] = {"morning": range(12), "afternoon": range(12, 17), "evening": range(17, 24)}
_AWAKE = range(7, 22)


@dataclass(frozen=True, slots=True)
class Hours:
    """One span of a counselor's weekly hours, in the counselor's wall time (Monday is 0); `closes` 00:00 is midnight."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class CounselorTime:
    """One counselor's availability.

    `busy` and `meetings` are UTC spans [start, end) that block slots; only `meetings` count towards `max_per_day` (by
    the counselor's local day). Buffers apply around every meeting, and to `busy` times too. A slot starts at least
    `notice_minutes` from now. `holidays` names a holiday calendar; `given_at` is when they were last assigned a meeting.
    """

    counselor_id: int
    name: str
    zone: str
    hours: tuple[Hours, ...]
    busy: tuple[Span, ...] = ()
    slot_minutes: int = 30
    notice_minutes: int = 60
    max_per_day: int | None = None
    meetings: tuple[Span, ...] = ()
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    holidays: str | None = None
    stale: bool = False
    """The counselor's own calendar could not be read recently."""
    expertise: Expertise = ANYTHING
    given_at: datetime | None = None

    def blocks(self, starts: datetime, ends: datetime) -> Span:
        """Return the span a meeting occupies, buffers included."""
        return (
            starts - timedelta(minutes=self.buffer_before_minutes),
            ends + timedelta(minutes=self.buffer_after_minutes),
        )


@dataclass(frozen=True, slots=True)
class Slot:
    """A bookable time (UTC)."""

    counselor_id: int
    starts: datetime
    ends: datetime
    why: str = field(default="", compare=False)
    """Why this counselor was chosen."""


def free_slots(
    counselors: Sequence[CounselorTime],
    day: date | None,
    part_of_day: PartOfDay | None,
    lead_zone: str,
    now_utc: datetime,
    limit: int = 3,
    wish: Wish = UNKNOWN,
) -> list[Slot]:
    """Return up to `limit` slots, earliest first, spread over the requested day, or over the next days without one.

    Looks 14 of the lead's days ahead; a day in the past or beyond has no slots. Only counselors who match `wish` are
    offered; of several who are free at the same time, the one whose turn it is.
    """
    zone = ZoneInfo(lead_zone)
    today = now_utc.astimezone(zone).date()
    last = today + timedelta(days=LOOKAHEAD_DAYS)
    if limit < 1 or (day is not None and not today <= day <= last):
        return []
    by_start = _by_turn(counselors, wish, day or today, day or last, lead_zone, now_utc)
    by_day: dict[date, list[Slot]] = defaultdict(list)
    for slot in _convenient(sorted(by_start.values(), key=lambda slot: slot.starts), part_of_day, zone):
        by_day[slot.starts.astimezone(zone).date()].append(slot)
    return _spread_over_days(list(by_day.values())[:limit], limit)


def _by_turn(
    counselors: Sequence[CounselorTime], wish: Wish, first: date, last: date, lead_zone: str, now_utc: datetime
) -> dict[datetime, Slot]:
    """Return, per start time with a matching free counselor, the slot of the one whose turn it is and the reason."""
    free: dict[datetime, list[tuple[CounselorTime, Slot]]] = defaultdict(list)
    for counselor in sorted(counselors, key=lambda one: turn(len(one.meetings), one.given_at, one.counselor_id)):
        if why_fits(counselor.expertise, wish) is None:
            continue
        for slot in bookable(counselor, first, last, lead_zone, now_utc):
            free[slot.starts].append((counselor, slot))
    return {starts: _with_reason(choices[0], len(choices) - 1, wish) for starts, choices in free.items()}


def _with_reason(chosen: tuple[CounselorTime, Slot], others: int, wish: Wish) -> Slot:
    counselor, slot = chosen
    why = f"{why_fits(counselor.expertise, wish)}; {why_turn(len(counselor.meetings), others)}"
    return Slot(slot.counselor_id, slot.starts, slot.ends, why)


def bookable(counselor: CounselorTime, first: date, last: date, lead_zone: str, now_utc: datetime) -> Iterator[Slot]:
    """Yield every free slot of one counselor that starts on the lead's days `first` to `last`."""
    zone = ZoneInfo(lead_zone)
    counted = _meetings_by_day(counselor)
    notice = timedelta(minutes=counselor.notice_minutes)
    earliest = now_utc + (max(notice, STALE_NOTICE) if counselor.stale else notice)
    length = timedelta(minutes=counselor.slot_minutes)
    for offset in range(-1, (last - first).days + 2):
        local_day = first + timedelta(days=offset)
        if counselor.max_per_day is not None and counted[local_day] >= counselor.max_per_day:
            continue
        for opens, closes in _working(counselor, local_day):
            starts = opens
            while starts + length <= closes:
                slot = Slot(counselor.counselor_id, starts, starts + length)
                if starts >= earliest and first <= starts.astimezone(zone).date() <= last and _is_free(counselor, slot):
                    yield slot
                starts += length


def is_bookable(counselor: CounselorTime, starts_utc: datetime, now_utc: datetime) -> bool:
    """Whether `free_slots` could still offer exactly this time with the counselor."""
    day = starts_utc.astimezone(ZoneInfo(counselor.zone)).date()
    return any(slot.starts == starts_utc for slot in bookable(counselor, day, day, counselor.zone, now_utc))


def is_there(counselor: CounselorTime, now_utc: datetime) -> bool:
    """Whether the counselor is available now: within working hours, not busy and not in a meeting."""
    today = now_utc.astimezone(ZoneInfo(counselor.zone)).date()
    spans = (span for day in (today - timedelta(days=1), today) for span in _working(counselor, day))
    working = any(opens <= now_utc < closes for opens, closes in spans)
    return working and not any(starts <= now_utc < ends for starts, ends in (*counselor.busy, *counselor.meetings))


def _working(counselor: CounselorTime, day: date) -> Iterator[Span]:
    zone = ZoneInfo(counselor.zone)
    if counselor.holidays is not None and is_holiday_in((counselor.holidays,), day):
        return
    for hours in counselor.hours:
        if hours.weekday == day.weekday():
            end = day + timedelta(days=1) if hours.closes == time(0) else day
            yield to_instant(day, hours.opens, zone, later=True), to_instant(end, hours.closes, zone)


def _is_free(counselor: CounselorTime, slot: Slot) -> bool:
    opens, closes = counselor.blocks(slot.starts, slot.ends)
    meetings = (counselor.blocks(*meeting) for meeting in counselor.meetings)
    return not any(start < closes and opens < end for start, end in (*counselor.busy, *meetings))


def _meetings_by_day(counselor: CounselorTime) -> dict[date, int]:
    zone = ZoneInfo(counselor.zone)
    counted: dict[date, int] = defaultdict(int)
    for start, _ in counselor.meetings:
        counted[start.astimezone(zone).date()] += 1
    return counted


def _convenient(slots: list[Slot], part: PartOfDay | None, zone: ZoneInfo) -> list[Slot]:
    """Return the slots in the requested part of the lead's day; those at night only if there are no others."""
    fitting = [slot for slot in slots if part is None or slot.starts.astimezone(zone).hour in _PARTS[part]]
    return [slot for slot in fitting if slot.starts.astimezone(zone).hour in _AWAKE] or fitting


def _spread_over_days(days: list[list[Slot]], limit: int) -> list[Slot]:
    """Distribute `limit` over the days; a day that gets one slot gives an early, middle or late one by its position."""
    chosen: list[Slot] = []
    for place, slots in enumerate(days):
        share = limit // len(days) + (place < limit % len(days))
        if share == 1:
            at = place * (len(slots) - 1) // (len(days) - 1) if len(days) > 1 else 0
            chosen.append(slots[at])
        elif share >= len(slots):
            chosen.extend(slots)
        else:
            chosen.extend(slots[turn * (len(slots) - 1) // (share - 1)] for turn in range(share))
    return chosen
