"""Which carrier a number is rung through: by its beginning, among the carriers that there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.calling.routing import STANDARD, Route, choose, is_one_way, parse_table, routes_of

INDIA, LONDON, NEW_YORK = "+919812000001", "+442079460018", "+12125550106"


def _offered(text: str = "", carriers: tuple[str, ...] = ("twilio", "exotel")) -> dict[str, tuple[Route, ...]]:
    return {name: routes_of(parse_table(text), name) for name in carriers}


def _carrier(phone: str, offered: dict[str, tuple[Route, ...]]) -> str | None:
    found = choose(offered, phone)
    return found[0] if found else None


def test_india_goes_through_exotel_and_everybody_else_through_twilio() -> None:
    offered = _offered()
    assert [_carrier(phone, offered) for phone in (INDIA, LONDON, NEW_YORK)] == ["exotel", "twilio", "twilio"]


@pytest.mark.parametrize("only", ["twilio", "exotel"])
def test_the_only_carrier_with_credentials_takes_everybody(only: str) -> None:
    offered = _offered(carriers=(only,))
    assert {_carrier(phone, offered) for phone in (INDIA, LONDON, NEW_YORK)} == {only}


def test_without_a_carrier_nobody_is_rung() -> None:
    assert choose({}, INDIA) is None


def test_the_longest_beginning_decides_and_says_which_number_is_shown() -> None:
    offered = _offered("+9180=exotel:08040001234, +44=exotel:+442079460000")
    assert choose(offered, "+918040009999") == ("exotel", Route("+9180", "08040001234"))
    assert choose(offered, LONDON) == ("exotel", Route("+44", "+442079460000"))
    assert choose(offered, INDIA) == ("exotel", Route("+91"))


def test_a_route_to_a_carrier_without_credentials_is_passed_over() -> None:
    assert _carrier(LONDON, _offered("+44=exotel", carriers=("twilio",))) == "twilio"
    assert _carrier(INDIA, _offered("+91=twilio", carriers=("exotel",))) == "exotel"


def test_the_owner_may_send_india_through_twilio() -> None:
    assert _carrier(INDIA, _offered("+91=twilio")) == "twilio"
    assert _carrier(NEW_YORK, _offered("*=exotel")) == "exotel"


def test_a_country_takes_one_way_unless_a_part_of_it_has_its_own() -> None:
    assert is_one_way(_offered(), "+91")
    assert is_one_way(_offered("+44=exotel"), "+1")
    assert not is_one_way(_offered("+9180=twilio"), "+91")


@pytest.mark.parametrize("text", ["+91", "+91=", "91=exotel", "+91=Exotel", "+91=exotel:abc", "+91=exotel:1;+44=x"])
def test_an_entry_that_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"\A[^\n]*is not a route; write it as[^\n]*\Z"):
        parse_table(text)


def test_blanks_and_empty_entries_do_no_harm() -> None:
    assert parse_table(" , ") == STANDARD
    assert parse_table(" +44 = exotel : 08040001234 ,")["+44"] == ("exotel", "08040001234")


PREFIXES = st.dictionaries(st.from_regex(r"\+[1-9][0-9]{0,4}", fullmatch=True), st.sampled_from(["twilio", "exotel"]))


@given(PREFIXES, st.from_regex(r"\+[1-9][0-9]{7,11}", fullmatch=True))
def test_no_longer_beginning_was_overlooked(table: dict[str, str], phone: str) -> None:
    offered = _offered(",".join(f"{prefix}={carrier}" for prefix, carrier in table.items()))
    found = choose(offered, phone)
    assert found is not None
    fitting = [p for routes in offered.values() for p in (route.prefix for route in routes) if phone.startswith(p)]
    assert found[1].prefix == max(fitting, key=len)
