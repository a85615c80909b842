"""The reports as plots with their tables: one set of rows is drawn, listed and downloaded. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from dialer.store.system.reports import LATENCY_STEP_MS, MAX_LATENCY_STEPS, Report, Share

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Cell = str | int | float | None
Kind = Literal["bars", "heat", "curve"]


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: `bars` draw the second column, a `curve` the column `draws` over the first, `heat` the cells of `heat`."""

    key: str
    title: str
    says: str
    kind: Kind
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    draws: int = 1
    heat: tuple[tuple[int, int, float, str], ...] = ()
    """(weekday, hour, share from 0 to 1 of the darkest cell, what it says)."""

    @property
    def is_drawn(self) -> bool:
        """Whether there is enough to draw: a curve needs two points, or its axis runs over years around the one."""
        return self.kind != "curve" or sum(row[self.draws] is not None for row in self.rows) > 1

    @property
    def most(self) -> float:
        """The greatest drawn number, 1 at least."""
        return max([1.0, *(float(row[self.draws] or 0) for row in self.rows)])


def plots_of(report: Report, zone: str) -> list[Plot]:
    """Every plot of a report; hours are those of `zone` (IANA)."""
    return [
        _funnel(report),
        _outcomes(report),
        _reach(report, zone),
        _attempts(report),
        _latency(report),
        _latencies(report),
        _cost(report),
    ]


def _share(part: float, whole: float) -> float | None:
    """A share in percent, to a tenth."""
    return round(100 * part / whole, 1) if whole else None


def _funnel(report: Report) -> Plot:
    whole, qualified = report.whole, report.outcomes["qualified"] + report.outcomes["booked"]
    stages = (
        ("Leads called", report.rung),
        ("Calls", whole.calls),
        ("Spoke to a person", whole.spoke),
        ("Qualified", qualified),
        ("Booked", whole.booked),
    )
    rows = tuple((name, many, _share(many, whole.calls)) for name, many in stages)
    says = f"From first call to booked meeting. {_left_out(whole)}"
    return Plot("funnel", "Funnel", says, "bars", ("Stage", "Number", "% of calls"), rows)


def _left_out(whole: Share) -> str:
    """What "spoke to a person" does not count."""
    voicemail = f"{whole.voicemail} voicemail calls are" if whole.voicemail != 1 else "1 voicemail call is"
    return f"Excludes calls in progress. {voicemail} not counted as a person."


def _outcomes(report: Report) -> Plot:
    rows = tuple((name, many, _share(many, report.whole.calls)) for name, many in report.outcomes.most_common())
    return Plot("outcomes", "Outcomes", "How calls ended.", "bars", ("Outcome", "Calls", "% of calls"), rows)


def _reach(report: Report, zone: str) -> Plot:
    cells = sorted(report.by_hour.items())
    best = max((share.spoke / share.calls for _, share in cells if share.calls), default=0.0) or 1.0
    rows = tuple(
        (DAYS[day], f"{hour:02}:00", *_reached(each), each.booked) for (day, hour), each in cells if each.calls
    )
    heat = tuple(
        (
            day,
            hour,
            each.spoke / each.calls / best,
            f"{DAYS[day]} {hour:02}:00: a person answered {each.spoke} of {each.calls} calls",
        )
        for (day, hour), each in cells
        if each.calls
    )
    head = ("Weekday", "Hour", *REACHED, "Booked")
    says = f"When people answer, by weekday and hour ({zone}). Darker means a larger share."
    return Plot("reach", "Answered by a person, by hour and weekday", says, "heat", head, rows, draws=4, heat=heat)


def _attempts(report: Report) -> Plot:
    rows = tuple((n, *_reached(each), each.booked) for n, each in report.by_attempt.items() if each.calls)
    head = ("Attempt", *REACHED, "Booked")
    says = "Results by attempt: first, second and later calls to the same lead."
    return Plot("attempts", "Attempts", says, "curve", head, rows, draws=3)


REACHED = ("Calls", "Spoke to a person", "% spoke", "Voicemail")


def _reached(each: Share) -> tuple[int, int, float | None, int]:
    return each.calls, each.spoke, _share(each.spoke, each.calls), each.voicemail


def _latency(report: Report) -> Plot:
    rows = tuple(
        (day.isoformat(), round(each.latency_ms) if each.latency_ms is not None else None, each.measured)
        for day, each in report.by_day.items()
    )
    says = f"How long students wait for AVA to respond: the mean of the calls' medians, by day. {_measured(report)}"
    return Plot("latency", "Response time by day", says, "curve", ("Day", "Milliseconds", "Calls"), rows)


def _measured(report: Report) -> str:
    whole = report.whole
    return f"Based on {whole.measured} of {whole.calls} calls: those in which AVA responded to the student."


def _latencies(report: Report) -> Plot:
    def named(step: int) -> str:
        low = step * LATENCY_STEP_MS
        return f"{low} ms or more" if step == MAX_LATENCY_STEPS else f"{low}–{low + LATENCY_STEP_MS} ms"

    steps = sorted(report.latencies.items())
    rows = tuple((named(step), many) for step, many in steps)
    says = f"Calls by median response time. {_measured(report)}"
    return Plot("latencies", "Response time", says, "bars", ("Response time", "Calls"), rows)


def _cost(report: Report) -> Plot:
    rows = tuple(
        (day.isoformat(), _per(each), _cents(each.cost), each.booked, each.arriving)
        for day, each in report.by_day.items()
    )
    per, arriving = _per(report.whole), report.whole.arriving
    says = f"{report.whole.cost:,.2f} USD spent; {'no meetings yet' if per is None else f'{per:.2f} USD per meeting'}."
    if arriving:
        says += f" Costs are still arriving for {arriving} {'call' if arriving == 1 else 'calls'}."
    head = ("Day", "Cost per booking", "Spent", "Booked", "Costs still arriving")
    return Plot("cost", "Cost per booking", says, "curve", head, rows)


def _cents(cost: Decimal) -> float:
    return float(round(cost, 2))


def _per(share: Share) -> float | None:
    return _cents(share.cost / Decimal(share.booked)) if share.booked else None


def plot_named(plots: Sequence[Plot], key: str) -> Plot | None:
    """The plot of that key."""
    return next((each for each in plots if each.key == key), None)
