"""The reports as plots with their tables: the same rows are drawn, shown beside the drawing, and downloaded. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from dialer.store.reports import LATENCY_STEP_MS, MOST_LATENCY_STEPS, Report, Share

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
        ("leads rung", report.rung),
        ("calls", whole.calls),
        ("reached", whole.reached),
        ("qualified", qualified),
        ("booked", whole.booked),
    )
    rows = tuple((name, many, _share(many, whole.calls)) for name, many in stages)
    return Plot("funnel", "Funnel", "From the ring to the meeting.", "bars", ("stage", "number", "% of calls"), rows)


def _outcomes(report: Report) -> Plot:
    rows = tuple((name, many, _share(many, report.whole.calls)) for name, many in report.outcomes.most_common())
    return Plot("outcomes", "Outcomes", "How calls ended.", "bars", ("outcome", "calls", "% of calls"), rows)


def _reach(report: Report, zone: str) -> Plot:
    cells = sorted(report.by_hour.items())
    best = max((share.reached / share.calls for _, share in cells if share.calls), default=0.0) or 1.0
    rows = tuple(
        (DAYS[day], f"{hour:02}:00", each.calls, each.reached, _share(each.reached, each.calls), each.booked)
        for (day, hour), each in cells
    )
    heat = tuple(
        (
            day,
            hour,
            each.reached / each.calls / best,
            f"{DAYS[day]} {hour:02}:00: {each.reached} of {each.calls} reached",
        )
        for (day, hour), each in cells
        if each.calls
    )
    head = ("weekday", "hour", "calls", "reached", "% reached", "booked")
    says = f"When people pick up, by weekday and hour in {zone}; the darker, the larger the share."
    return Plot("reach", "Reach by hour and weekday", says, "heat", head, rows, draws=4, heat=heat)


def _attempts(report: Report) -> Plot:
    rows = tuple(
        (n, each.calls, each.reached, _share(each.reached, each.calls), each.booked)
        for n, each in report.by_attempt.items()
    )
    head = ("attempt", "calls", "reached", "% reached", "booked")
    says = "What a first, a second and a later attempt bring."
    return Plot("attempts", "Attempts", says, "curve", head, rows, draws=3)


def _latency(report: Report) -> Plot:
    rows = tuple(
        (day.isoformat(), round(each.latency_ms) if each.latency_ms is not None else None, each.calls)
        for day, each in report.by_day.items()
    )
    says = "How long students wait for AVA's answer: the mean of the calls' medians, day by day."
    return Plot("latency", "Answer time by day", says, "curve", ("day", "milliseconds", "calls"), rows)


def _latencies(report: Report) -> Plot:
    def named(step: int) -> str:
        low = step * LATENCY_STEP_MS
        return f"{low} ms and more" if step == MOST_LATENCY_STEPS else f"{low}–{low + LATENCY_STEP_MS} ms"

    steps = sorted(report.latencies.items())
    rows = tuple((named(step), many) for step, many in steps)
    says = "Calls by their median answer time."
    return Plot("latencies", "Answer time", says, "bars", ("answer time", "calls"), rows)


def _cost(report: Report) -> Plot:
    rows = tuple(
        (day.isoformat(), _per(each), float(round(each.cost, 2)), each.booked) for day, each in report.by_day.items()
    )
    whole = _per(report.whole)
    says = (
        f"What a meeting cost, day by day; {'no meeting yet' if whole is None else f'{whole:.2f} over the whole span'}."
    )
    return Plot("cost", "Cost per booking", says, "curve", ("day", "cost per booking", "cost", "booked"), rows)


def _per(share: Share) -> float | None:
    return float(round(share.cost / Decimal(share.booked), 2)) if share.booked else None


def plot_named(plots: Sequence[Plot], key: str) -> Plot | None:
    """The plot of that key."""
    return next((each for each in plots if each.key == key), None)
