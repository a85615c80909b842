"""The written rules themselves: every one well formed, sourced and dated."""

import importlib
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from importlib import resources

import pytest
from phonenumbers import PhoneNumber

from dialer.domain.compliance.hours import Window
from dialer.domain.compliance.rule_loader import FILES, REGIONS, RULES, STATES, Cap, Rule, read
from dialer.domain.numbers.number_region import region_of, states_of

RECORD = """
version = "xx-1"
checked_on = 2026-01-01
[[rule]]
id = "xx.hours"
jurisdiction = "XX"
applies_to = { regions = ["XX"] }
source = "a law"
status = "sourced"
checked_on = 2026-01-01
"""


def test_no_two_rules_share_an_id() -> None:
    assert [name for name, times in Counter(rule.id for rule in RULES).items() if times > 1] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_where_it_comes_from_and_when_that_was_looked_at(rule: Rule) -> None:
    assert len(rule.source) > 10
    assert "://" not in rule.source
    assert rule.checked_on <= datetime.now(UTC).date()
    assert rule.regions
    assert rule.state is None or rule.jurisdiction == f"US-{rule.state}"
    assert all(cap.calls > 0 for cap in rule.caps)
    assert all(registry.max_age_days > 0 for registry in rule.registries)


def test_every_file_of_the_folder_is_read_and_dated() -> None:
    folder = resources.files("dialer.domain.compliance") / "rule_data"
    files = {each.name: each for each in folder.iterdir() if each.name.endswith(".toml")}
    assert set(files) == {f"{name}.toml" for name in FILES}
    for name, each in files.items():
        file = read(each.read_text("utf-8"))
        assert file.version.startswith(name.removesuffix(".toml"))
        assert max(rule.checked_on for rule in file.rules) <= file.checked_on <= datetime.now(UTC).date()


def test_every_country_with_rules_has_hours_and_no_country_stands_in_two_files() -> None:
    for region in REGIONS:
        own = [rule for rule in RULES if region in rule.regions and rule.state is None]
        assert len({rule.version for rule in own}) == 1
        assert any(rule.id.endswith(".hours") and rule.window.spans for rule in own)


def test_all_members_of_the_european_economic_area_are_covered() -> None:
    members = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO"
    assert set(members.split()) <= REGIONS
    assert not {"CH", "GG", "JE", "IM", "VA", "SJ", "UA"} & REGIONS


def test_a_record_is_read_with_its_hours_caps_and_lists() -> None:
    (rule,) = read(
        RECORD
        + """
hours = { mon-wed = "09:00-20:00", sat = "10:00-00:00" }
holidays = ["XX-AB"]
caps = [{ calls = 3, per = "24h", scope = "subject" }, { calls = 7, per = "7d", scope = "number" }]
do_not_call = [{ registry = "L", max_age_days = 31 }]
consent = "express"
"""
    ).rules
    day = (time(9), time(20))
    assert rule.window == Window({0: day, 1: day, 2: day, 5: (time(10), time(0))})
    assert rule.calendars == ("XX-AB",)
    assert rule.caps == (Cap(3, timedelta(hours=24), "subject"), Cap(7, timedelta(days=7), "number"))


@pytest.mark.parametrize(
    "line",
    [
        "consnet = 'written'",
        "consent = 'maybe'",
        "strength = 'strong'",
        "holidays = 'sometimes'",
        "holidays = ['the moon']",
        "hours = { mon-sun = '21:00-09:00' }",
        "hours = { mon-fri = '09:00-20:00', fri = '09:00-12:00' }",
        "hours = { day = '09:00-20:00' }",
        "hours = { fri-mon = '09:00-20:00' }",
        "hours = {}",
        "hours = { mon = '9-20' }",
        "hours = { mon = '09:00' }",
        "caps = [{ calls = 3, per = '1y', scope = 'subject' }]",
        "caps = [{ calls = 0, per = '24h', scope = 'subject' }]",
        "do_not_call = [{ registry = 'L' }]",
        "do_not_call = [{ registry = 'L', max_age_days = 0 }]",
    ],
)
def test_a_misspelled_rule_starts_nothing(line: str) -> None:
    with pytest.raises(ValueError):
        read(RECORD + line)


@pytest.mark.parametrize("key", ["id", "source", "jurisdiction", "applies_to", "status", "checked_on"])
def test_a_rule_without_its_evidence_starts_nothing(key: str) -> None:
    head, _, record = RECORD.partition("[[rule]]")
    kept = "\n".join(line for line in record.splitlines() if not line.startswith(key))
    with pytest.raises(ValueError, match=key):
        read(f"{head}[[rule]]{kept}")


def test_every_us_area_code_of_the_numbering_plan_belongs_to_the_state_it_describes() -> None:
    geocoder = importlib.import_module("phonenumbers.geocoder")  # 175 MB, for the one process that runs this test
    wrong = []
    for area in range(200, 1000):
        number = PhoneNumber(country_code=1, national_number=area * 10_000_000 + 2345678)
        place = geocoder.description_for_valid_number(number, "en", region="US")
        if region_of(f"+1{area}2345678") == "US" and place not in ("", "United States"):
            (code,) = states_of(f"+1{area}2345678") if len(states_of(f"+1{area}2345678")) == 1 else ("?",)
            name = next((state.name for state in STATES if state.code == code), "?")
            known = (name, f"{name} State", "Washington D.C." if code == "DC" else name)
            if place not in known and not place.endswith(f", {code}"):
                wrong.append((area, place, code))
    assert wrong == []


def test_no_area_code_stands_in_two_states() -> None:
    areas = Counter(area for state in STATES for area in state.area_codes)
    assert len(STATES) == 51
    assert max(areas.values()) == 1
    assert {region_of(f"+1{area}2345678") for area in areas} == {"US"}


@pytest.mark.parametrize(
    ("e164", "region"),
    [
        ("+447797712345", "JE"),
        ("+447400123456", "GB"),
        ("+390669812345", "VA"),
        ("+390612345678", "IT"),
        ("+61891641234", "CX"),
        ("+17875550106", "PR"),
        ("+16135550106", "CA"),
        ("+18765550106", "JM"),
        ("+881612345678", "001"),
        ("+9999999999", None),
    ],
)
def test_numbers_that_share_a_country_code_are_told_apart(e164: str, region: str | None) -> None:
    assert region_of(e164) == region
