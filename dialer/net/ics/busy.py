"""The busy times in somebody else's calendar: spans of UTC, and nothing of what they are for.

Repeated events are expanded in their own wall time, so that they stay at nine o'clock over a clock change; single
occurrences that were moved or removed are respected. Free and cancelled events take no time. An event that cannot be
expanded fails the whole reading: a calendar that is half read would be booked into.

A calendar is somebody else's file and may be hostile: `dialer.isolated` runs this in a child process with limits.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from dialer.domain.compliance.hours import to_instant
from dialer.domain.meetings.recurrence import RecurrenceError, StepBudget
from dialer.domain.meetings.recurrence_parsing import parse_rule
from dialer.domain.meetings.slots import Span

MAX_EVENTS = 20_000
MAX_SPANS = 5_000
_DAY = timedelta(days=1)
_FOLD = re.compile(rb"(?:\r?\n)+[ \t]")
_RULE = re.compile(rb"^[ \t]*(?:RRULE|EXRULE)[^:\r\n]*:(.*)$", re.IGNORECASE | re.MULTILINE)


class CalendarError(Exception):
    """It is no calendar that can be read; the message says why in one line."""


def busy_times(content: bytes, zone: str, since: datetime, until: datetime) -> list[Span]:
    """What takes time between two moments (UTC), merged and in order; `zone` is that of times which name none.

    Raises:
        CalendarError: it is no iCalendar file, or an event in it cannot be expanded.
    """
    events = _events(content)
    moved: dict[str, set[datetime]] = defaultdict(set)
    local = ZoneInfo(zone)
    try:
        for event in events:
            if "RECURRENCE-ID" in event:
                moved[str(event.get("UID"))].add(_utc(event.decoded("RECURRENCE-ID"), local))
        spans: list[Span] = []
        budget = StepBudget()
        for event in events:
            spans += _spans(event, moved[str(event.get("UID"))], local, since, until, budget)
            if len(spans) > MAX_SPANS:
                raise CalendarError(f"it has more than {MAX_SPANS} busy times in a month")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise CalendarError(f"an event in it cannot be read: {str(error)[:120]}") from error
    return _merged(spans)


def _events(content: bytes) -> list[Event]:
    if not content.lstrip(b"\xef\xbb\xbf \r\n").upper().startswith(b"BEGIN:VCALENDAR"):
        raise CalendarError("what came is no iCalendar file; use the calendar's secret address in iCal format")
    if not content.rstrip().upper().endswith(b"END:VCALENDAR"):
        raise CalendarError("the file is broken: its end is missing")
    _refuse_endless_rules(content)
    try:
        calendars = Calendar.from_ical(content, multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise CalendarError(f"the file is broken: {str(error)[:120]}") from error
    found = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    if len(found) > MAX_EVENTS:
        raise CalendarError(f"it has more than {MAX_EVENTS} events")
    if any(each.errors for each in found):
        raise CalendarError(f"an event in it cannot be read: {str(next(e.errors for e in found if e.errors)[0])[:120]}")
    return [event for event in found if isinstance(event, Event)]


def _refuse_endless_rules(content: bytes) -> None:
    """Refuse a rule that cannot be expanded before the library sees it: it expands those of time zones on its own."""
    for said in _RULE.findall(_FOLD.sub(b"", content)):
        try:
            parse_rule(said.decode(errors="replace"))
        except RecurrenceError as error:
            raise CalendarError(f"an event in it cannot be read: {error}") from error


def _spans(
    event: Event, moved: set[datetime], local: ZoneInfo, since: datetime, until: datetime, budget: StepBudget
) -> Iterator[Span]:
    """The times that one event takes, itself and its repetitions."""
    if not _takes_time(event) or "DTSTART" not in event:
        return
    first = event.decoded("DTSTART")
    length = _length(event, first, local)
    starts = [first] if "RECURRENCE-ID" in event else _occurrences(event, first, local, since - length, until, budget)
    for start in starts:
        opens = _utc(start, local)
        if "RECURRENCE-ID" not in event and opens in moved:
            continue
        closes = _utc(start + length, local) if _is_day(start) else opens + length
        if opens < until and closes > since and opens < closes:
            yield opens, closes


def _takes_time(event: Event) -> bool:
    free = str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
    free |= str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() == "FREE"
    return not free and str(event.get("STATUS", "")).upper() != "CANCELLED"


def _length(event: Event, first: date, local: ZoneInfo) -> timedelta:
    if "DTEND" in event:
        end = event.decoded("DTEND")
        if _is_day(first):
            return timedelta(days=((end.date() if isinstance(end, datetime) else end) - first).days)
        return _utc(end, local) - _utc(first, local)
    if "DURATION" in event:
        duration: timedelta = event.decoded("DURATION")
        return duration
    return _DAY if _is_day(first) else timedelta(0)


def _occurrences(
    event: Event, first: date, local: ZoneInfo, since: datetime, until: datetime, budget: StepBudget
) -> Iterator[date]:
    """When it begins, expanded in the wall time of its own zone."""
    zone = first.tzinfo if isinstance(first, datetime) and first.tzinfo else local
    naive = first.replace(tzinfo=None) if isinstance(first, datetime) else datetime.combine(first, time())
    edge = until.astimezone(zone).replace(tzinfo=None) + _DAY
    begin = since.astimezone(zone).replace(tzinfo=None) - _DAY
    walls = {
        wall
        for wall in (naive, *(_wall(said, zone, local) for said in _dates(event.get("RDATE"))))
        if begin <= wall <= edge
    }
    for recur in _many(event.get("RRULE")):
        walls.update(_repeated(recur, naive, zone, local, begin, edge, budget))
    walls -= {_wall(said, zone, local) for said in _dates(event.get("EXDATE"))}
    for wall in sorted(walls):
        yield wall.replace(tzinfo=zone) if isinstance(first, datetime) else wall.date()


def _repeated(
    recur: Any, naive: datetime, zone: tzinfo, local: ZoneInfo, begin: datetime, edge: datetime, budget: StepBudget
) -> Iterator[datetime]:
    parts = {key.upper(): value for key, value in recur.items()}
    ends = parts.pop("UNTIL", None)
    if ends is not None:
        last = ends[0] if isinstance(ends, list) else ends
        closes = _wall(last, zone, local) if isinstance(last, datetime) else datetime.combine(last, time.max)
        edge = min(edge, closes)
    said = ";".join(f"{key}={','.join(str(each) for each in _many(value))}" for key, value in parts.items())
    return parse_rule(said).between(naive, begin, edge, budget)


def _wall(said: date, zone: tzinfo, local: ZoneInfo) -> datetime:
    if not isinstance(said, datetime):
        return datetime.combine(said, time())
    return said.astimezone(zone).replace(tzinfo=None) if said.tzinfo else said


def _dates(said: Any) -> Iterator[date]:
    for each in _many(said):
        for one in each.dts:
            yield one.dt[0] if isinstance(one.dt, tuple) else one.dt


def _many(said: Any) -> list[Any]:
    return [] if said is None else said if isinstance(said, list) else [said]


def _utc(said: date, local: ZoneInfo) -> datetime:
    if not isinstance(said, datetime):
        return to_instant(said, time(), local)
    if said.tzinfo is None:
        return to_instant(said.date(), said.time(), local)
    return said.astimezone(UTC)


def _is_day(said: date) -> bool:
    return not isinstance(said, datetime)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for opens, closes in sorted(spans):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(closes, merged[-1][1]))
        else:
            merged.append((opens, closes))
    return merged
