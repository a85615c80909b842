"""Which calling rules bind a person's number."""

import timeit
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.compliance.hours import Window, intersect, is_open, next_open
from dialer.domain.compliance.rule_loader import ALWAYS, RULES, STATES, Cap
from dialer.domain.compliance.rules import NoRules, Rules, consent_ok, destination, is_holiday, narrow, rules_for
from dialer.domain.numbers.zones import Zones, zone_of

INDIA, LONDON, NEW_YORK, MIAMI, SYDNEY = (
    "+919876500012",
    "+442079460018",
    "+12125550106",
    "+13055550106",
    "+61491570156",
)
TORONTO, BERLIN, MOBILE, ANCHORAGE = "+14165550106", "+493012345678", "+12515550106", "+19075550106"
AREAS = {state.code: state.area_codes[0] for state in STATES}
ORDINARY = Window.uniform(time(10), time(19), range(6))
MINUTE = timedelta(minutes=1)


def rules(e164: str, state: str | None = None) -> Rules:
    found = rules_for(e164, state)
    assert isinstance(found, Rules)
    return found


def at(zone: str, *when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[misc,arg-type]


def rings(e164: str, moment: datetime, state: str | None = None) -> bool:
    """Whether the law lets this person be rung, in their own zone and off their holidays."""
    found, zones = rules(e164, state), zone_of(e164, None, state)
    assert isinstance(zones, Zones)
    return is_open(found.window, moment, zones.names, is_holiday(found))


@pytest.mark.parametrize(
    ("e164", "zone", "day", "opens", "closes"),
    [
        (INDIA, "Asia/Kolkata", (2026, 3, 8), time(9), time(21)),
        (NEW_YORK, "America/New_York", (2026, 3, 10), time(8), time(21)),
        (NEW_YORK, "America/New_York", (2026, 3, 8), time(8), time(21)),
        (NEW_YORK, "America/New_York", (2026, 11, 1), time(8), time(21)),
        (MOBILE, "America/Chicago", (2026, 3, 7), time(8), time(20)),
        (LONDON, "Europe/London", (2026, 3, 27), time(9), time(20)),
        (LONDON, "Europe/London", (2026, 3, 28), time(10), time(17)),
        (TORONTO, "America/Toronto", (2026, 3, 9), time(9), time(21, 30)),
        (TORONTO, "America/Toronto", (2026, 3, 8), time(10), time(18)),
        (TORONTO, "America/Toronto", (2026, 11, 1), time(10), time(18)),
        ("+61287654321", "Australia/Sydney", (2026, 4, 10), time(9), time(20)),
        ("+61287654321", "Australia/Sydney", (2026, 10, 3), time(9), time(17)),
        (BERLIN, "Europe/Berlin", (2026, 10, 23), time(9), time(20)),
        (BERLIN, "Europe/Berlin", (2026, 10, 24), time(10), time(16)),
    ],
)
def test_a_person_is_rung_from_the_opening_on_and_no_more_at_the_closing(
    e164: str, zone: str, day: tuple[int, int, int], opens: time, closes: time
) -> None:
    first, last = at(zone, *day, opens.hour, opens.minute), at(zone, *day, closes.hour, closes.minute)
    assert [rings(e164, when) for when in (first - MINUTE, first, last - MINUTE, last)] == [False, True, True, False]


@pytest.mark.parametrize("e164", [LONDON, MOBILE, "+61287654321", BERLIN, "+15045550106", "+14015550106"])
def test_nobody_is_rung_on_a_sunday_where_sundays_are_kept(e164: str) -> None:
    assert 6 not in rules(e164).window.days


def test_a_monday_after_the_clocks_changed_opens_by_the_new_time() -> None:
    sunday = at("Europe/London", 2026, 3, 29, 12)
    assert next_open(rules(LONDON).window, sunday, ("Europe/London",)) == datetime(2026, 3, 30, 8, tzinfo=UTC)


def test_an_indian_campaign_without_hours_of_its_own_keeps_ten_to_seven_and_no_sunday() -> None:
    assert narrow(rules(INDIA), None) == ORDINARY
    assert narrow(rules(INDIA), ALWAYS) == Window.uniform(time(9), time(21))
    assert narrow(rules(INDIA), Window.uniform(time(7), time(20))) == Window.uniform(time(9), time(20))


def test_a_promised_call_at_eight_in_the_evening_is_within_the_indian_limit() -> None:
    assert rings(INDIA, at("Asia/Kolkata", 2026, 3, 3, 20))


def test_a_florida_number_is_bound_by_florida_and_by_the_country() -> None:
    found = rules(MIAMI)
    assert found.window == Window.uniform(time(8), time(20))
    assert found.caps == (Cap(3, timedelta(hours=24), "subject"),)
    assert {"us.hours", "us.fl"} <= set(found.ids)
    assert found.version == "default-1 us-1"


@pytest.mark.parametrize("state", ["FL", "fl", "Florida", " florida ", "F.L.", "Miami, FL", "FL, USA"])
def test_a_new_york_number_of_a_lead_in_florida_is_bound_by_florida(state: str) -> None:
    assert "us.fl" not in rules(NEW_YORK).ids
    assert "us.fl" in rules(NEW_YORK, state).ids


def test_a_florida_number_of_a_lead_in_kentucky_is_bound_by_both() -> None:
    assert rules(MIAMI, "Kentucky").window == Window.uniform(time(10), time(20))


def test_a_state_nobody_knows_leaves_the_area_codes_rules_standing() -> None:
    assert rules(MIAMI, "Karnataka") == rules(MIAMI)


def test_the_state_of_a_lead_with_an_indian_number_binds_nobody() -> None:
    assert rules(INDIA, "FL") == rules(INDIA)


def test_a_us_number_of_no_known_place_is_bound_by_every_state() -> None:
    found = rules("+15005550106")
    assert {f"us.{state.code.lower()}" for state in STATES} & set(found.ids) == {
        rule.id for rule in RULES if rule.state
    }
    assert found.window.spans[0] == (time(10), time(18))
    assert rules("+15005550106", "NY") == rules(NEW_YORK)


@pytest.mark.parametrize("state", ["FL", "OK", "MD"])
def test_three_calls_a_day_are_the_most_where_the_state_counts(state: str) -> None:
    assert rules(f"+1{AREAS[state]}5550106").caps == (Cap(3, timedelta(hours=24), "subject"),)


def test_people_of_the_territories_are_protected_by_the_federal_rules() -> None:
    for number in ("+17875550106", "+16715550106", "+13405550106"):
        assert rules(number).consent == "written"


@pytest.mark.parametrize(
    "e164",
    [
        "+41791234567",
        "+8613912345678",
        "+971501234567",
        "+18765550106",
        "+447797712345",
        "+390669812345",
        "+881612345678",
    ],
)
def test_a_person_in_a_country_without_written_rules_is_not_rung(e164: str) -> None:
    refused = rules_for(e164)
    assert isinstance(refused, NoRules)
    assert "no calling rules" in refused.says
    assert refused.ids == ("all.unknown",)
    assert not destination(e164)[0]


@pytest.mark.parametrize("text", ["", "9876500012", "+0919876500012", "+91", "nobody", "+9999999999", "+९१९८७६५०००१२"])
def test_what_is_no_number_has_no_rules(text: str) -> None:
    assert isinstance(rules_for(text), NoRules)
    assert not destination(text)[0]


@pytest.mark.parametrize(
    ("e164", "word"),
    [
        ("+19005550106", "premium rate"),
        ("+18005550199", "toll free"),
        ("+611300655506", "shared cost"),
        ("+449012345678", "premium rate"),
        ("+443031234567", "uan"),
        ("+447640123456", "pager"),
        ("+919912", "unknown"),
        ("+881612345678", "satellite"),
        ("+870301234567", "satellite"),
        ("+882161234567", "satellite"),
        ("+883510012345", "satellite"),
    ],
)
def test_no_money_is_spent_on_numbers_that_are_no_persons(e164: str, word: str) -> None:
    ok, says = destination(e164)
    assert not ok
    assert word in says


def test_ordinary_lines_of_covered_countries_are_rung_unless_the_account_names_fewer() -> None:
    for e164 in (INDIA, LONDON, NEW_YORK, SYDNEY, TORONTO, BERLIN):
        assert destination(e164)[0]
    assert destination(INDIA, frozenset({"IN"})) == (True, "the number is mobile")
    assert destination(LONDON, frozenset({"IN"})) == (
        False,
        "the number is fixed line, but GB is not a country this campaign calls",
    )
    assert not destination("+41791234567", frozenset({"CH"}))[0]


def test_what_kind_of_consent_a_country_asks_for() -> None:
    asked = {e164: rules(e164).consent for e164 in (INDIA, SYDNEY, LONDON, TORONTO, BERLIN, NEW_YORK, "+14155550106")}
    assert list(asked.values()) == ["none", "none", "express", "express", "express", "written", "written"]


@pytest.mark.parametrize(
    ("e164", "consent", "source", "ok"),
    [
        (INDIA, None, None, True),
        (INDIA, False, "Web form", False),
        (LONDON, None, "Web form", False),
        (LONDON, True, None, True),
        (LONDON, False, None, False),
        (NEW_YORK, True, "Signed form", True),
        (NEW_YORK, True, "Web form", True),
        (NEW_YORK, True, "Verbal", False),
        (NEW_YORK, True, "over the phone", False),
        (NEW_YORK, True, "Oral consent, 3 May", False),
        (NEW_YORK, True, "", False),
        (NEW_YORK, True, " N/A ", False),
        (NEW_YORK, True, "12/03", False),
        (NEW_YORK, True, None, False),
        (NEW_YORK, None, "Signed form", False),
        (NEW_YORK, False, "Signed form", False),
    ],
)
def test_consent_is_enough_only_in_the_form_the_law_asks_for(
    e164: str, consent: bool | None, source: str | None, ok: bool
) -> None:
    answer, says = consent_ok(rules(e164), consent, source)
    assert answer is ok
    assert says


def test_every_person_hears_that_an_ai_speaks_and_that_the_call_is_recorded() -> None:
    for e164 in (INDIA, LONDON, NEW_YORK, SYDNEY, TORONTO, BERLIN):
        assert rules(e164).ai_disclosure
        assert rules(e164).recording_notice


@pytest.mark.parametrize(
    ("e164", "name", "days"),
    [(INDIA, "NCPR", 7), (NEW_YORK, "National Do Not Call Registry", 31), (TORONTO, "DNCL", 31), (SYDNEY, "DNCR", 30)],
)
def test_a_persons_public_list_is_named_with_the_age_a_copy_may_have(e164: str, name: str, days: int) -> None:
    assert [(each.name, each.max_age_days) for each in rules(e164).registries] == [(name, days)]


def inside(narrower: Window, wider: Window) -> bool:
    return intersect(narrower, wider) == narrower


_TIMES = st.integers(0, 1439).map(lambda minute: time(minute // 60, minute % 60))
_SPANS = st.tuples(_TIMES, _TIMES).filter(lambda span: span[0] < span[1] or span[1] == time(0))
_WINDOWS = st.dictionaries(st.integers(0, 6), _SPANS).map(Window)
_NUMBERS = st.one_of(
    st.sampled_from([INDIA, LONDON, SYDNEY, TORONTO, BERLIN]),
    st.sampled_from(sorted(area for state in STATES for area in state.area_codes)).map(lambda area: f"+1{area}5550106"),
)
_STATES = st.none() | st.sampled_from([state.name for state in STATES])


@given(_NUMBERS, _STATES, _WINDOWS)
def test_nobody_is_rung_outside_any_one_rule_or_outside_the_campaigns_hours(
    e164: str, state: str | None, campaign: Window
) -> None:
    found = rules(e164, state)
    records = [rule for rule in RULES if rule.id in found.ids]
    assert len(records) == len(found.ids)
    for rule in records:
        assert inside(found.usual, rule.window)
        assert rule.strength == "default" or inside(found.window, rule.window)
        assert set(rule.caps) <= set(found.caps)
        assert set(rule.registries) <= set(found.registries)
    assert inside(found.usual, found.window)
    assert inside(narrow(found, campaign), campaign)
    assert inside(narrow(found, campaign), found.window)


def test_a_number_is_judged_in_a_few_microseconds() -> None:
    numbers = [f"+1{state.area_codes[0]}555{n:04}" for n in range(20) for state in STATES] + [LONDON, SYDNEY, INDIA]
    for each in numbers:
        rules_for(each, "TX")
    best = min(timeit.repeat(lambda: [rules_for(each, "TX") for each in numbers], number=1, repeat=5))
    assert best / len(numbers) < 100e-6


def test_a_holiday_closes_the_day_on_which_it_is_kept() -> None:
    found = rules(SYDNEY)
    assert is_holiday(found)(date(2026, 12, 25))
    assert not rings("+61287654321", at("Australia/Sydney", 2026, 12, 25, 12))
    assert rings("+61287654321", at("Australia/Sydney", 2026, 12, 24, 12))
