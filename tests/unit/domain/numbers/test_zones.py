"""What time it is where a lead lives."""

from datetime import timedelta

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from dialer.domain.numbers.phone import Phone, parse_phone
from dialer.domain.numbers.state_zones import STATE_ZONES
from dialer.domain.numbers.zones import UnknownZone, Zones, named_zone, spread, zone_of, zone_of_phone


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("asia/kolkata", "Asia/Kolkata"),
        (" IST ", "Asia/Kolkata"),
        ("India", "Asia/Kolkata"),
        ("GMT+5:30", "Asia/Kolkata"),
        ("(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", None),
        ("India Standard Time", "Asia/Kolkata"),
        ("America/New_York", "America/New_York"),
        ("america/new york", "America/New_York"),
        ("New York", "America/New_York"),
        ("EST", "America/New_York"),
        ("Sydney", "Australia/Sydney"),
        ("UK", "Europe/London"),
        ("Mars/Phobos", None),
        ("India/Bengal", None),
        ("America", None),
        ("../etc/passwd", None),
        ("/etc/localtime", None),
        ("yes", None),
    ],
)
def test_a_timezone_cell_is_read_in_common_words(cell: str, name: str | None) -> None:
    assert named_zone(cell) == name


def test_what_the_list_says_outranks_the_number() -> None:
    assert zone_of("+919876500012", "Europe/London", "CA") == Zones(("Europe/London",), "column")


def test_a_wrong_timezone_cell_is_refused_and_not_passed_over() -> None:
    refused = zone_of("+919876500012", "Mars/Phobos")
    assert isinstance(refused, UnknownZone)
    assert refused.reason == "bad_column"
    assert "Mars/Phobos" in refused.says


@pytest.mark.parametrize(
    ("e164", "state", "names"),
    [
        ("+12125550106", "California", ("America/Los_Angeles",)),
        ("+12125550106", "tx", ("America/Chicago", "America/Denver")),
        ("+61491570156", "WA", ("Australia/Perth",)),
        ("+12065550106", "WA", ("America/Los_Angeles",)),
        ("+16135550106", "british columbia", ("America/Vancouver", "America/Edmonton")),
        ("+18005550199", "N.Y.", ("America/New_York",)),
    ],
)
def test_a_state_outranks_the_area_code(e164: str, state: str, names: tuple[str, ...]) -> None:
    assert zone_of(e164, None, state) == Zones(names, "state")


def test_an_indian_number_is_in_india_whatever_the_state() -> None:
    assert zone_of("+919876500012", "", "Karnataka") == Zones(("Asia/Kolkata",), "number")


def test_an_australian_mobile_may_be_anywhere_in_australia() -> None:
    zones = zone_of("+61491570156", None)
    assert isinstance(zones, Zones)
    assert {"Australia/Perth", "Australia/Sydney", "Australia/Lord_Howe"} <= set(zones.names)
    assert zones.source == "number"


def test_area_codes_that_the_data_knows_by_half_are_completed() -> None:
    assert zone_of("+18505551234", None) == Zones(("America/New_York", "America/Chicago"), "number")
    yukon = zone_of("+18675551234", None)
    assert isinstance(yukon, Zones)
    assert "America/Iqaluit" in yukon.names


@pytest.mark.parametrize(
    ("e164", "reason"),
    [("+18005550199", "too_wide"), ("+447700900123", "not_geographic"), ("9876500012", "no_number"), ("", "no_number")],
)
def test_nobody_is_rung_where_the_time_is_unknown(e164: str, reason: str) -> None:
    refused = zone_of(e164, None)
    assert isinstance(refused, UnknownZone)
    assert refused.reason == reason


def test_the_spread_counts_the_season_in_which_it_is_wider() -> None:
    assert spread(("America/Phoenix", "America/New_York")) == timedelta(hours=3)
    assert spread(("Asia/Kolkata",)) == timedelta(0)


def test_every_state_names_real_zones() -> None:
    assert all(named_zone(name) for names in STATE_ZONES.values() for name in names)
    assert len(STATE_ZONES) == 2 * (52 + 13 + 8)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_number_that_was_read_lives_where_the_library_says(region: str) -> None:
    for kind in PhoneNumberType.values():
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        read = parse_phone(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164), region)
        if isinstance(read, Phone):
            assert zone_of_phone(read.e164, read.kind, None, None, read.region) == zone_of(read.e164, None)
            for column, state in (("IST", None), ("nonsense", None), (None, "Texas"), (None, "Ontario")):
                known = zone_of_phone(read.e164, read.kind, column, state, read.region)
                assert known == zone_of(read.e164, column, state)
