"""Calling hours in the lead's local time.

Pure. A wall time is converted to a UTC instant once, through the zone; no arithmetic is done on local times. At DST
changes the narrower reading applies: an opening inside a gap moves to the first instant after it, an ambiguous opening
is the second occurrence, an ambiguous closing the first. With several zones, a window is open only while it is open in
all of them; without a zone it is never open.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=14)
_MIDNIGHT = time(0)
_DAY = timedelta(days=1)

Holidays: TypeAlias = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Window:
    """Wall-time spans by weekday (Monday is 0), each [opens, closes); a weekday without a span is closed.

    `closes` of 00:00 is the midnight at the end of the day.

    Raises:
        ValueError: a weekday is out of range, or a span ends before it starts.
    """

    spans: Mapping[int, tuple[time, time]]

    def __post_init__(self) -> None:
        for weekday, (opens, closes) in self.spans.items():
            if not 0 <= weekday <= 6 or (closes != _MIDNIGHT and opens >= closes):
                raise ValueError(f"invalid span: weekday {weekday}, {opens}-{closes}")

    def __hash__(self) -> int:
        return hash(frozenset(self.spans.items()))

    @classmethod
    def uniform(cls, opens: time, closes: time, days: Iterable[int] = range(7)) -> "Window":
        """Return a window with the same span on each of `days` (Monday is 0)."""
        return cls(dict.fromkeys(days, (opens, closes)))

    @property
    def days(self) -> frozenset[int]:
        """The weekdays with a span."""
        return frozenset(self.spans)


HARD = Window.uniform(time(9), time(21))
DEFAULT = Window.uniform(time(10), time(19), range(6))


def is_open(window: Window, now_utc: datetime, zones: Sequence[str], holidays: Holidays | None = None) -> bool:
    """Whether the window is open at this instant in all `zones` (IANA names)."""
    return bool(zones) and all(_next_in(window, now_utc, name, holidays) == now_utc for name in zones)


def next_open(
    window: Window, from_utc: datetime, zones: Sequence[str], holidays: Holidays | None = None
) -> datetime | None:
    """Return the first instant (UTC) at or after `from_utc` that is open in all zones; None if none within 14 days.

    `holidays` is called with each zone's local date.
    """
    moment = from_utc
    agreed = 0
    turn = 0
    while zones and agreed < len(zones):
        opening = _next_in(window, moment, zones[turn % len(zones)], holidays)
        if opening is None or opening > from_utc + HORIZON:
            return None
        agreed = agreed + 1 if opening == moment else 1
        moment = opening
        turn += 1
    return moment.astimezone(UTC) if zones else None


def closes_at(window: Window, now_utc: datetime, zones: Sequence[str], holidays: Holidays | None = None) -> datetime:
    """Return when the first of the zones closes (UTC); `now_utc` if the window is not open now."""
    if not is_open(window, now_utc, zones, holidays):
        return now_utc
    spans = (_span(window, now_utc.astimezone(ZoneInfo(name)).date(), ZoneInfo(name), None) for name in zones)
    return min(span[1] for span in spans if span)


def intersect(a: Window, b: Window) -> Window:
    """Return the intersection of two windows; it may be empty."""
    spans: dict[int, tuple[time, time]] = {}
    for day in a.days & b.days:
        opens = max(a.spans[day][0], b.spans[day][0])
        closes = min(a.spans[day][1], b.spans[day][1], key=lambda end: (end == _MIDNIGHT, end))
        if closes == _MIDNIGHT or opens < closes:
            spans[day] = (opens, closes)
    return Window(spans)


def to_instant(day: date, wall: time, zone: ZoneInfo, *, later: bool = False) -> datetime:
    """Return the UTC instant of a wall time.

    A time inside a DST gap becomes the first instant after it; an ambiguous one the earlier instant, unless `later`.
    """
    local = datetime.combine(day, wall, zone)
    first = local.replace(fold=0).astimezone(UTC)
    second = local.replace(fold=1).astimezone(UTC)
    if first > second:
        return _change(second, first, zone)
    return second if later else first


def _next_in(window: Window, moment: datetime, name: str, holidays: Holidays | None) -> datetime | None:
    """Return the first instant at or after `moment` that is open in this zone, within the horizon."""
    zone = ZoneInfo(name)
    today = moment.astimezone(zone).date()
    for ahead in range(HORIZON.days + 2):
        span = _span(window, today + ahead * _DAY, zone, holidays)
        if span and span[1] > moment:
            return max(moment, span[0])
    return None


def _span(window: Window, day: date, zone: ZoneInfo, holidays: Holidays | None) -> tuple[datetime, datetime] | None:
    """Return the instants at which the window opens and closes on a local day; None if it stays closed."""
    wall = window.spans.get(day.weekday())
    if wall is None or (holidays is not None and holidays(day)):
        return None
    opens = to_instant(day, wall[0], zone, later=True)
    closes = to_instant(day + _DAY if wall[1] == _MIDNIGHT else day, wall[1], zone)
    return (opens, closes) if opens < closes else None


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the second at which the zone's offset changes between two instants, by bisection."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
