"""Recurrence rules of RFC 5545 (RRULE), daily or rarer, expanded in wall time within a window and a step budget.

Only the periods that touch the window are looked at, so the work does not grow with the age of an event. A rule that
is invalid, or that can never match, is refused. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import IntEnum
from typing import TypeAlias

from dialer.domain.meetings.recurrence_days import DayFilter, WeekDay, days_of_month

MAX_STEPS = 500_000
"""Days that may be looked at for all rules of one file: 5,000 events that repeat, and well under a second."""
LAST_DAY = date.max.toordinal()
MONTHS_OF_YEAR = tuple(range(1, 13))
Numbers: TypeAlias = tuple[int, ...]


class RecurrenceError(ValueError):
    """The rule cannot be expanded; the message says why in one line."""


class Frequency(IntEnum):
    """How long one period of a rule is."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3


@dataclass(slots=True)
class StepBudget:
    """The days that may still be looked at."""

    left: int = MAX_STEPS

    def spend(self) -> None:
        """Take one.

        Raises:
            RecurrenceError: none is left.
        """
        self.left -= 1
        if self.left < 0:
            raise RecurrenceError("its events repeat too often to be read")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule without its end date, which needs the event's time zone."""

    frequency: Frequency
    interval: int
    count: int | None
    days: DayFilter
    positions: Numbers
    week_start: int
    hour: int | None
    minute: int | None
    second: int | None

    def between(self, first: datetime, since: datetime, until: datetime, budget: StepBudget) -> Iterator[datetime]:
        """Return the occurrences from `since` to `until`, both included; all are wall times without a zone.

        `first` is the event's start; it is an occurrence of its own only if the rule matches it.
        """
        days = self._with_defaults(first)
        at = time(
            first.hour if self.hour is None else self.hour,
            first.minute if self.minute is None else self.minute,
            first.second if self.second is None else self.second,
        )
        start, end = self._period(first.date()), self._period(until.date())
        skipped = 0 if self.count is not None else max(0, (self._period(since.date()) - start) // self.interval)
        left = self.count
        for period in range(start + skipped * self.interval, end + 1, self.interval):
            for day in self._positioned(self._days_in(period, days, budget)):
                found = datetime.combine(day, at)
                if found < first:
                    continue
                if found > until:
                    return
                if found >= since:
                    yield found
                if left is not None:
                    left -= 1
                    if left == 0:
                        return

    def _with_defaults(self, first: datetime) -> DayFilter:
        """Where a rule does not say on which days, those are the days of the event's start."""
        days = self.days
        if days.week_numbers or days.year_days or days.month_days or days.weekdays:
            return days
        if self.frequency is Frequency.YEARLY:
            return DayFilter(days.months or (first.month,), (first.day,), week_start=self.week_start)
        if self.frequency is Frequency.MONTHLY:
            return DayFilter(days.months, (first.day,), week_start=self.week_start)
        if self.frequency is Frequency.WEEKLY:
            return DayFilter(days.months, weekdays=(WeekDay(first.weekday()),), week_start=self.week_start)
        return days

    def _period(self, day: date) -> int:
        """Number the period that a day is in."""
        if self.frequency is Frequency.YEARLY:
            return day.year
        if self.frequency is Frequency.MONTHLY:
            return day.year * 12 + day.month - 1
        if self.frequency is Frequency.WEEKLY:
            return (day.toordinal() - 1 - self.week_start) // 7
        return day.toordinal()

    def _days_in(self, period: int, days: DayFilter, budget: StepBudget) -> Iterator[date]:
        yearly = self.frequency is Frequency.YEARLY
        nth_in_year = yearly and not days.months
        for day in self._all_days_in(period, days):
            budget.spend()
            if days.matches(day, nth_in_year=nth_in_year, nth_counts=self.frequency <= Frequency.MONTHLY):
                yield day

    def _all_days_in(self, period: int, days: DayFilter) -> Iterator[date]:
        if self.frequency is Frequency.YEARLY:
            for month in days.months or MONTHS_OF_YEAR:
                yield from days_of_month(period, month)
        elif self.frequency is Frequency.MONTHLY:
            if not days.months or period % 12 + 1 in days.months:
                yield from days_of_month(period // 12, period % 12 + 1)
        elif self.frequency is Frequency.WEEKLY:
            begin = period * 7 + 1 + self.week_start
            yield from (date.fromordinal(begin + day) for day in range(7) if 0 < begin + day <= LAST_DAY)
        else:
            yield date.fromordinal(period)

    def _positioned(self, found: Iterator[date]) -> Iterator[date]:
        if not self.positions:
            return found
        days = list(found)
        wanted = {place - 1 if place > 0 else place + len(days) for place in self.positions}
        return (day for place, day in enumerate(days) if place in wanted)
