"""Which days the BY… parts of a recurrence rule (RFC 5545) match. Pure."""

from calendar import isleap, monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class WeekDay:
    """A weekday (Monday 0), every one or only the nth: counted from the end where negative, 0 for every one."""

    day: int
    nth: int = 0


@dataclass(frozen=True, slots=True)
class DayFilter:
    """The days that a rule names; an empty part names all of them."""

    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    week_numbers: tuple[int, ...] = ()
    weekdays: tuple[WeekDay, ...] = ()
    week_start: int = 0

    def matches(self, day: date, *, nth_in_year: bool, nth_counts: bool) -> bool:
        """Return whether a day is named; an nth weekday is counted in the year or the month, or not at all."""
        if self.months and day.month not in self.months:
            return False
        if self.weekdays and not self._is_weekday(day, nth_in_year, nth_counts):
            return False
        if self.month_days:
            length = monthrange(day.year, day.month)[1]
            if day.day not in self.month_days and day.day - length - 1 not in self.month_days:
                return False
        if self.year_days:
            number = day.timetuple().tm_yday
            if number not in self.year_days and number - length_of_year(day.year) - 1 not in self.year_days:
                return False
        return not self.week_numbers or self._is_week(day)

    def _is_weekday(self, day: date, nth_in_year: bool, nth_counts: bool) -> bool:
        for wanted in self.weekdays:
            if day.weekday() != wanted.day:
                continue
            if not wanted.nth or not nth_counts:
                return True
            place = day.timetuple().tm_yday if nth_in_year else day.day
            length = length_of_year(day.year) if nth_in_year else monthrange(day.year, day.month)[1]
            if wanted.nth in ((place - 1) // 7 + 1, -((length - place) // 7 + 1)):
                return True
        return False

    def _is_week(self, day: date) -> bool:
        """Return whether a day is in one of the weeks; week 1 is the first with four days or more of its year."""
        middle = day.toordinal() + 3 - (day.weekday() - self.week_start) % 7
        if not 0 < middle <= date.max.toordinal():
            return False
        fourth = date.fromordinal(middle)
        number = (fourth.timetuple().tm_yday - 1) // 7 + 1
        last_fourth_day = length_of_year(fourth.year) - fourth.timetuple().tm_yday
        weeks = number + last_fourth_day // 7
        return number in self.week_numbers or number - weeks - 1 in self.week_numbers


def length_of_year(year: int) -> int:
    """Return the number of days in a year."""
    return 366 if isleap(year) else 365


def days_of_month(year: int, month: int) -> Iterator[date]:
    """Return the days of a month, in order."""
    return (date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1))
