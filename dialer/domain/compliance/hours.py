"""The hours in which a person may be called, in that person's own daytime.

Pure, and kept in instants: a wall time becomes a UTC instant once, through the zone, and nothing is ever added to a
local time. Where the clocks change, the narrower reading holds: an opening that does not exist starts with the first
instant after the gap, one that happens twice starts the second time, a closing that happens twice closes the first.
A window with several zones is open only where it is open in all of them; without any zone it is never open.
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
    """Wall-time spans by weekday (Monday 0), each [opens, closes); a weekday without a span is closed.

    `closes` of 00:00 means the midnight that ends the day. A span that would end before it starts raises ValueError.
    """

    spans: Mapping[int, tuple[time, time]]

    def __post_init__(self) -> None:
        for weekday, (opens, closes) in self.spans.items():
            if not 0 <= weekday <= 6 or (closes != _MIDNIGHT and opens >= closes):
                raise ValueError(f"no such span: weekday {weekday}, {opens}-{closes}")

    def __hash__(self) -> int:
        return hash(frozenset(self.spans.items()))

    @classmethod
    def uniform(cls, opens: time, closes: time, days: Iterable[int] = range(7)) -> "Window":
        """The same span on each of `days` (Monday 0)."""
        return cls(dict.fromkeys(days, (opens, closes)))

    @property
    def days(self) -> frozenset[int]:
        """The weekdays on which it opens at all."""
        return frozenset(self.spans)


HARD = Window.uniform(time(9), time(21))
DEFAULT = Window.uniform(time(10), time(19), range(6))


def is_open(window: Window, now_utc: datetime, zones: Sequence[str], holidays: Holidays | None = None) -> bool:
    """True if the window is open at this instant in every one of `zones` (IANA names)."""
    return bool(zones) and all(_next_in(window, now_utc, name, holidays) == now_utc for name in zones)


def next_open(
    window: Window, from_utc: datetime, zones: Sequence[str], holidays: Holidays | None = None
) -> datetime | None:
    """The first instant (UTC) at or after `from_utc` that is open in all zones; None if there is none within 14 days.

    `holidays` is asked with each zone's local date.
    """
    moment = from_utc
    agreed = 0
    turn = 0
    while zones and agreed < len(zones):
        found = _next_in(window, moment, zones[turn % len(zones)], holidays)
        if found is None or found > from_utc + HORIZON:
            return None
        agreed = agreed + 1 if found == moment else 1
        moment = found
        turn += 1
    return moment.astimezone(UTC) if zones else None


def closes_at(window: Window, now_utc: datetime, zones: Sequence[str], holidays: Holidays | None = None) -> datetime:
    """The instant (UTC) at which the first of the zones closes; `now_utc` itself if it is not open now."""
    if not is_open(window, now_utc, zones, holidays):
        return now_utc
    spans = (_span(window, now_utc.astimezone(ZoneInfo(name)).date(), ZoneInfo(name), None) for name in zones)
    return min(span[1] for span in spans if span)


def intersect(a: Window, b: Window) -> Window:
    """What both allow; a weekday on which they share nothing is closed. The result may never open."""
    spans: dict[int, tuple[time, time]] = {}
    for day in a.days & b.days:
        opens = max(a.spans[day][0], b.spans[day][0])
        closes = min(a.spans[day][1], b.spans[day][1], key=lambda end: (end == _MIDNIGHT, end))
        if closes == _MIDNIGHT or opens < closes:
            spans[day] = (opens, closes)
    return Window(spans)


def to_instant(day: date, wall: time, zone: ZoneInfo, *, later: bool = False) -> datetime:
    """The UTC instant of a wall time; in a gap the first one after it, where told twice the earlier unless `later`."""
    local = datetime.combine(day, wall, zone)
    first = local.replace(fold=0).astimezone(UTC)
    second = local.replace(fold=1).astimezone(UTC)
    if first > second:
        return _change(second, first, zone)
    return second if later else first


def _next_in(window: Window, moment: datetime, name: str, holidays: Holidays | None) -> datetime | None:
    """The first instant at or after `moment` that is open in this one zone, within the horizon."""
    zone = ZoneInfo(name)
    today = moment.astimezone(zone).date()
    for ahead in range(HORIZON.days + 2):
        span = _span(window, today + ahead * _DAY, zone, holidays)
        if span and span[1] > moment:
            return max(moment, span[0])
    return None


def _span(window: Window, day: date, zone: ZoneInfo, holidays: Holidays | None) -> tuple[datetime, datetime] | None:
    """The instants between which the window is open on that local day, if it is."""
    wall = window.spans.get(day.weekday())
    if wall is None or (holidays is not None and holidays(day)):
        return None
    opens = to_instant(day, wall[0], zone, later=True)
    closes = to_instant(day + _DAY if wall[1] == _MIDNIGHT else day, wall[1], zone)
    return (opens, closes) if opens < closes else None


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the zone's offset changes between two instants of different offset."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
