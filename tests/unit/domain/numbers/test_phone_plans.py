"""The quick way says what the library says, of every country's numbers and of whatever is typed."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from dialer.domain.numbers.phone import Phone, _quick, thorough
from dialer.domain.numbers.phone_plans import plan_of
from tests.support.examples import examples

COUNTRIES = ("IN", "US", "CA", "GB", "AU", "NZ", "AE", "NP", "BD", "RU", "KZ", "IT", "SG", "CI", "BR", "MX", "AR", "DE")
KINDS = tuple(PhoneNumberType.values())
SEPARATED = st.lists(st.sampled_from(["", "", "", " ", "-", "  ", ") ", "("]), min_size=18, max_size=18)


def spellings(country_code: int, national: str) -> list[str]:
    """How a list may write a number."""
    code = str(country_code)
    bare = [f"+{code}{national}", f"{code}{national}", national, f"0{national}", f"1{national}", f"+{code}0{national}"]
    return [*bare, f"00{code}{national}", f"'{national}", f"{national}.0", f"'+{code}{national}", f"{code}{national}.0"]


def same(cell: str, country: str) -> bool:
    """Whether the quick way, if it answered, said what the library says; whether it answered."""
    found = _quick(cell, country)
    assert found is None or found == thorough(cell, country), (cell, country)
    return found is not None


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_kind_of_every_country_is_read_alike_however_it_is_written(region: str) -> None:
    quick = 0
    for kind in KINDS:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        national = phonenumbers.national_significant_number(example)
        for last in ("", "0", "7"):
            changed = national[: len(national) - len(last)] + last
            for cell in spellings(example.country_code, changed):
                quick += sum(same(cell, country) for country in (region, "IN", "US"))
    assert plan_of(region) is not None
    assert quick or region in {"IT", "SM", "VA", "CI", "GA", "CG", "BJ"}, "the quick way is of use there"


@settings(max_examples=examples(3_000), deadline=None)
@given(st.sampled_from(COUNTRIES), st.from_regex(r"'?\(?\+?[0-9]{7,14}(\.0)?", fullmatch=True))
def test_any_digits_are_read_alike(country: str, cell: str) -> None:
    same(cell, country)


@settings(max_examples=examples(3_000), deadline=None)
@given(
    st.sampled_from(COUNTRIES),
    st.sampled_from(["", "+", "0", "00", "91", "+91", "+1", "1", "+44", "44", "+7", "7", "+61", "+971", "+39", "+54"]),
    st.from_regex(r"[0-9]{7,11}", fullmatch=True),
    SEPARATED,
)
def test_any_digits_behind_any_prefix_in_any_grouping_are_read_alike(
    country: str, prefix: str, digits: str, between: list[str]
) -> None:
    cell = "".join(char + gap for char, gap in zip(prefix + digits, between, strict=False))
    same(cell, country)


@settings(max_examples=examples(1_000), deadline=None)
@given(st.sampled_from(COUNTRIES), st.text(max_size=20))
def test_any_text_is_read_alike(country: str, cell: str) -> None:
    same(cell, country)


@pytest.mark.parametrize(
    "cell",
    [
        "9876500012",
        "+919876500012",
        "919876500012",
        "09876500012",
        "98765 00012",
        "(+91) 98765-00012",
        "919876500012.0",
    ],
)
def test_what_most_lists_hold_goes_the_quick_way(cell: str) -> None:
    found = _quick(cell, "IN")
    assert isinstance(found, Phone)
    assert found.e164 == "+919876500012"
