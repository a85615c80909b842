"""When a person may be rung, in that person's own daytime."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.compliance.hours import DEFAULT, HARD, Window, closes_at, intersect, is_open, next_open, to_instant

KOLKATA = ("Asia/Kolkata",)
SIX = (
    "Asia/Kolkata",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Africa/Casablanca",
)
SMALL_HOURS = Window.uniform(time(1, 30), time(2, 30))
MIDNIGHTS = Window.uniform(time(23), time(0), (4, 5, 6))
MINUTE = timedelta(minutes=1)


def at(zone: str, *when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[misc,arg-type]


def test_a_student_in_india_is_rung_from_ten_to_seven() -> None:
    assert not is_open(DEFAULT, at("Asia/Kolkata", 2026, 3, 3, 9, 59), KOLKATA)
    assert is_open(DEFAULT, at("Asia/Kolkata", 2026, 3, 3, 10, 0), KOLKATA)
    assert is_open(DEFAULT, at("Asia/Kolkata", 2026, 3, 3, 18, 59), KOLKATA)
    assert not is_open(DEFAULT, at("Asia/Kolkata", 2026, 3, 3, 19, 0), KOLKATA)


def test_nobody_is_rung_on_a_sunday_by_default() -> None:
    sunday = at("Asia/Kolkata", 2026, 3, 8, 12, 0)
    assert not is_open(DEFAULT, sunday, KOLKATA)
    assert next_open(DEFAULT, sunday, KOLKATA) == at("Asia/Kolkata", 2026, 3, 9, 10, 0)


def test_a_call_wished_for_at_night_waits_for_morning() -> None:
    assert next_open(DEFAULT, at("Asia/Kolkata", 2026, 3, 3, 19, 20), KOLKATA) == datetime(
        2026, 3, 4, 4, 30, tzinfo=UTC
    )


def test_a_call_wished_for_in_the_window_is_made_at_once_to_the_microsecond() -> None:
    noon = at("Asia/Kolkata", 2026, 3, 3, 12, 0) + timedelta(microseconds=7)
    assert next_open(DEFAULT, noon, KOLKATA) == noon


def test_somebody_of_unknown_zone_is_never_rung() -> None:
    noon = at("Asia/Kolkata", 2026, 3, 3, 12, 0)
    assert not is_open(HARD, noon, ())
    assert next_open(HARD, noon, ()) is None


def test_a_holiday_is_passed_over_in_the_leads_own_date() -> None:
    holi = date(2026, 3, 4)
    evening = at("Asia/Kolkata", 2026, 3, 3, 20, 0)
    assert next_open(DEFAULT, evening, KOLKATA, lambda day: day == holi) == at("Asia/Kolkata", 2026, 3, 5, 10, 0)
    assert not is_open(DEFAULT, at("Asia/Kolkata", 2026, 3, 4, 12), KOLKATA, lambda day: day == holi)


def test_two_weeks_of_holidays_are_no_time_at_all() -> None:
    assert next_open(DEFAULT, at("Asia/Kolkata", 2026, 3, 3, 20, 0), KOLKATA, lambda _: True) is None


def test_a_lead_who_may_be_in_two_places_is_rung_when_both_are_awake() -> None:
    coasts = ("America/New_York", "America/Los_Angeles")
    opens = next_open(HARD, at("America/New_York", 2026, 1, 13, 6, 0), coasts)
    assert opens == at("America/Los_Angeles", 2026, 1, 13, 9, 0)
    assert closes_at(HARD, opens, coasts) == at("America/New_York", 2026, 1, 13, 21, 0)


def test_places_whose_days_never_meet_are_never_rung() -> None:
    assert (
        next_open(
            Window.uniform(time(10), time(12)), datetime(2026, 3, 3, tzinfo=UTC), ("Asia/Kolkata", "America/New_York")
        )
        is None
    )


def test_a_closed_window_closes_now() -> None:
    night = at("Asia/Kolkata", 2026, 3, 3, 22, 0)
    assert closes_at(DEFAULT, night, KOLKATA) == night
    assert closes_at(DEFAULT, at("Asia/Kolkata", 2026, 3, 3, 12), KOLKATA) == at("Asia/Kolkata", 2026, 3, 3, 19)


def test_an_opening_in_the_hour_that_spring_skips_is_the_first_moment_after_it() -> None:
    two_thirty = Window.uniform(time(2, 30), time(5))
    night = at("America/New_York", 2026, 3, 8, 0, 0)
    assert next_open(two_thirty, night, ("America/New_York",)) == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)


def test_a_closing_in_the_hour_that_autumn_repeats_is_the_first_of_the_two() -> None:
    late = Window.uniform(time(0, 30), time(1, 30))
    assert is_open(late, datetime(2026, 11, 1, 5, 29, tzinfo=UTC), ("America/New_York",))
    for minute in range(30, 120):
        again = datetime(2026, 11, 1, 5, 0, tzinfo=UTC) + minute * MINUTE
        assert not is_open(late, again, ("America/New_York",))


def test_ten_in_the_morning_is_ten_in_the_morning_on_both_sides_of_a_clock_change() -> None:
    for day in (date(2026, 3, 28), date(2026, 3, 30), date(2026, 10, 24), date(2026, 10, 26)):
        opens = next_open(DEFAULT, to_instant(day, time(3), ZoneInfo("Europe/London")), ("Europe/London",))
        assert opens is not None
        assert opens.astimezone(ZoneInfo("Europe/London")).time() == time(10)


def test_a_campaign_can_only_narrow_the_law() -> None:
    wish = Window({0: (time(8), time(23)), 1: (time(12), time(13)), 6: (time(10), time(11))})
    law = Window({0: (time(9), time(21)), 1: (time(9), time(12)), 2: (time(9), time(21))})
    assert intersect(wish, law) == intersect(law, wish) == Window({0: (time(9), time(21))})
    whole = Window.uniform(time(0), time(0))
    assert intersect(whole, DEFAULT) == DEFAULT
    assert intersect(whole, whole) == whole


def test_a_span_that_ends_before_it_starts_is_a_mistake() -> None:
    for spans in ({0: (time(19), time(10))}, {7: (time(9), time(10))}, {0: (time(9), time(9))}):
        with pytest.raises(ValueError):
            Window(spans)


def test_equal_windows_are_one_key() -> None:
    assert len({DEFAULT, Window.uniform(time(10), time(19), range(6)), HARD}) == 2
    assert DEFAULT.days == frozenset(range(6))


def on_the_wall(window: Window, moment: datetime, zones: tuple[str, ...]) -> bool:
    """The plain reading: every zone's clock on the wall shows a time inside the span of that weekday."""
    for name in zones:
        local = moment.astimezone(ZoneInfo(name))
        opens, closes = window.spans.get(local.weekday(), (time.max, time.min))
        if not (opens <= local.time() and (local.time() < closes or closes == time(0))):
            return False
    return True


moments = st.integers(0, 366 * 24 * 60).map(lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + minute * MINUTE)
changes = st.sampled_from([(3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1), (2, 15), (3, 22)]).flatmap(
    lambda day: st.integers(-900, 2400).map(lambda minute: datetime(2026, *day, tzinfo=UTC) + minute * MINUTE)
)
windows = st.sampled_from([DEFAULT, HARD, SMALL_HOURS, MIDNIGHTS, Window.uniform(time(2), time(3), (6,))])
places = st.sampled_from([*((zone,) for zone in SIX), SIX[:2], SIX[1:3]])


@settings(max_examples=120, deadline=None)
@given(windows, st.one_of(moments, changes), places)
def test_all_year_in_six_zones_the_next_opening_is_open_and_none_is_earlier(
    window: Window, start: datetime, zones: tuple[str, ...]
) -> None:
    opens = next_open(window, start, zones)
    until = opens if opens is not None else start + timedelta(days=3)
    if opens is not None:
        assert opens >= start
        assert is_open(window, opens, zones)
        assert on_the_wall(window, opens, zones)
        closes = closes_at(window, opens, zones)
        assert opens < closes
        assert is_open(window, closes - timedelta(seconds=1), zones)
        assert on_the_wall(window, closes - timedelta(seconds=1), zones)
        assert not is_open(window, closes, zones) or window is MIDNIGHTS
    moment = start
    while moment < min(until, start + timedelta(days=3)):
        assert not is_open(window, moment, zones), moment
        moment += MINUTE


@settings(deadline=None)
@given(st.one_of(moments, changes), places, st.sampled_from([DEFAULT, HARD]))
def test_away_from_the_small_hours_open_is_what_the_wall_clock_says(
    moment: datetime, zones: tuple[str, ...], window: Window
) -> None:
    assert is_open(window, moment, zones) == on_the_wall(window, moment, zones)


@settings(deadline=None)
@given(st.one_of(moments, changes), places)
def test_even_in_the_small_hours_nobody_is_rung_off_the_wall_clock(moment: datetime, zones: tuple[str, ...]) -> None:
    if is_open(SMALL_HOURS, moment, zones):
        assert on_the_wall(SMALL_HOURS, moment, zones)
