"""Countries as students say and type them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.numbers.country import canonical_country


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("UK", "United Kingdom"),
        ("u.k.", "United Kingdom"),
        ("Great Britain", "United Kingdom"),
        ("the UK", "United Kingdom"),
        ("England", "United Kingdom"),
        ("USA", "United States"),
        ("U.S.", "United States"),
        ("america", "United States"),
        ("Deutschland", "Germany"),
        ("Holland", "Netherlands"),
        ("कनाडा", "Canada"),
        ("  new   zealand ", "New Zealand"),
        ("Dubai", "United Arab Emirates"),
        ("Canda", "Canada"),
        ("Germny", "Germany"),
        ("Austraila", "Australia"),
        ("Austrlia", "Australia"),
        ("Singapur", "Singapore"),
        ("Unted Kingdm", "United Kingdom"),
        ("Canada or Australia", "Canada or Australia"),
        ("canada/uk", "Canada or United Kingdom"),
        ("Canda, Germny & USA", "Canada or Germany or United States"),
        ("UK or England", "United Kingdom"),
    ],
)
def test_a_country_has_one_name_however_it_is_said(said: str, name: str) -> None:
    assert canonical_country(said) == name


@pytest.mark.parametrize("name", ["Austria", "Iran", "Iceland", "Nigeria", "Niger", "Malawi", "Slovenia", "Chile"])
def test_a_real_country_is_never_mended_into_another(name: str) -> None:
    assert canonical_country(name) == name


@pytest.mark.parametrize("said", ["", "Europe", "not Canada", "anywhere", "Canada or somewhere warm", "uqq", "or"])
def test_what_is_no_country_is_left_to_the_caller(said: str) -> None:
    assert canonical_country(said) is None


@settings(deadline=None)
@given(st.one_of(st.text(max_size=30), st.sampled_from(["Canda or UK", "usa/germny", "Francee"])))
def test_a_name_once_found_stays(said: str) -> None:
    name = canonical_country(said)
    assert name is None or canonical_country(name) == name
