"""Recurrence rules are expanded as python-dateutil expands them, and in a number of steps that is known before."""

from datetime import datetime, timedelta
from itertools import takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.meetings.recurrence import MAX_STEPS, RecurrenceError, StepBudget
from dialer.domain.meetings.recurrence_parsing import parse_rule

FIRST = datetime(2024, 1, 31, 9, 30)  # noqa: DTZ001 - wall times


def expand(rule: str, first: datetime = FIRST, days: int = 800, since: datetime | None = None) -> list[datetime]:
    return list(parse_rule(rule).between(first, since or first, first + timedelta(days=days), StepBudget()))


def by_dateutil(rule: str, first: datetime, days: int, since: datetime) -> list[datetime]:
    until = first + timedelta(days=days)
    return [found for found in takewhile(lambda at: at <= until, rrulestr(rule, dtstart=first)) if found >= since]


def some(values: range) -> st.SearchStrategy[str]:
    numbers = st.lists(st.sampled_from([each for each in values if each]), min_size=1, max_size=3, unique=True)
    return numbers.map(lambda found: ",".join(map(str, found)))


WEEKDAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=3, unique=True)
PARTS = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]), "INTERVAL": st.integers(1, 4).map(str)},
    optional={
        "COUNT": st.integers(1, 40).map(str),
        "WKST": st.sampled_from(["MO", "SU", "TH"]),
        "BYMONTH": some(range(1, 13)),
        "BYMONTHDAY": some(range(-28, 29)),
        "BYDAY": WEEKDAYS.map(",".join),
        "BYHOUR": st.integers(0, 23).map(str),
    },
)


@settings(max_examples=400)
@given(PARTS, st.integers(0, 1500), st.integers(0, 700))
def test_a_rule_gives_the_times_that_dateutil_gives(parts: dict[str, str], shift: int, later: int) -> None:
    rule = ";".join(f"{name}={value}" for name, value in parts.items())
    first = FIRST + timedelta(days=shift)
    since = first + timedelta(days=later)
    assert expand(rule, first, 1500, since) == by_dateutil(rule, first, 1500, since)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYDAY=2TU,-1FR",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-2",
        "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        "FREQ=YEARLY;BYDAY=20MO,-1FR",
        "FREQ=YEARLY;BYYEARDAY=1,-1,200",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO,SU",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY",
        "FREQ=MONTHLY",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
        "FREQ=DAILY;BYMONTH=1",
        "FREQ=DAILY;BYHOUR=17;BYMINUTE=0;BYSECOND=0",
        "freq=weekly;byday=mo;",
    ],
)
def test_the_rules_of_known_programs_give_the_times_that_dateutil_gives(rule: str) -> None:
    assert expand(rule, days=4000) == by_dateutil(rule.rstrip(";"), FIRST, 4000, FIRST)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("FREQ=DAILY;INTERVAL=0;BYMONTH=2", "INTERVAL=0 is less than 1"),
        ("FREQ=DAILY;INTERVAL=-1", "less than 1"),
        ("FREQ=DAILY;COUNT=0", "less than 1"),
        ("FREQ=DAILY;BYHOUR=0,1,2", "more often than daily"),
        ("FREQ=DAILY;BYMINUTE=0,30", "more often than daily"),
        ("FREQ=DAILY;BYSECOND=0,1", "more often than daily"),
        ("FREQ=SECONDLY", "more often than daily"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "day that no month has"),
        ("FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31,-31", "day that no month has"),
        ("FREQ=DAILY;INTERVAL=" + "9" * 5000, "not a number"),
        ("FREQ=DAILY;BYHOUR=24", "out of range"),
        ("FREQ=DAILY;BYMONTH=13", "out of range"),
        ("FREQ=DAILY;BYDAY=99MO", "out of range"),
        ("FREQ=DAILY;BYDAY=XX", "not a weekday"),
        ("FREQ=DAILY;BYEASTER=1", "unknown part"),
        ("FREQ=DAILY;FREQ=YEARLY", "unknown part"),
        ("FREQ=DAILY;WKST=XX", "weekday"),
        ("COUNT=1", "no known frequency"),
        ("", "unknown part"),
    ],
)
def test_a_rule_that_is_invalid_or_never_matches_is_refused(rule: str, says: str) -> None:
    with pytest.raises(RecurrenceError, match=says):
        parse_rule(rule)


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY", "FREQ=YEARLY;INTERVAL=3"])
def test_the_age_of_an_event_costs_no_steps(rule: str) -> None:
    budget = StepBudget(100)
    since = datetime(2026, 3, 1)  # noqa: DTZ001 - wall times
    list(parse_rule(rule).between(datetime(1600, 1, 1), since, since + timedelta(days=30), budget))  # noqa: DTZ001
    assert budget.left >= 0


def test_a_rule_that_matches_nothing_ends_with_its_budget() -> None:
    rule = parse_rule("FREQ=DAILY;COUNT=1;BYMONTH=1;BYYEARDAY=200")
    budget = StepBudget(1000)
    with pytest.raises(RecurrenceError, match="too often"):
        list(rule.between(FIRST, FIRST, FIRST + timedelta(days=10_000), budget))
    assert MAX_STEPS > 1000


@pytest.mark.parametrize("first", [datetime(1, 1, 1), datetime(9999, 12, 31, 23)])  # noqa: DTZ001 - wall times
@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=WEEKLY;WKST=SU", "FREQ=YEARLY;BYWEEKNO=1,53", "FREQ=MONTHLY"])
def test_the_first_and_the_last_year_are_no_error(first: datetime, rule: str) -> None:
    assert len(list(parse_rule(rule).between(first, first, first, StepBudget()))) <= 1
