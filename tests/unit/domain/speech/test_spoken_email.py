"""E-mail addresses as students say them, and as AVA says them back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.speech.spoken_email import parse_email, spell


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("asha.rao@example.com", "asha.rao@example.com"),
        ("  Asha.Rao@Example.COM. ", "asha.rao@example.com"),
        ("asha dot rao at example dot com", "asha.rao@example.com"),
        ("asha underscore rao nine nine at the rate gmail dot com", "asha_rao99@gmail.com"),
        ("asha rao 99 at example dot co dot in", "asharao99@example.co.in"),
        ("a.b+c@mail-host.example.org", "a.b+c@mail-host.example.org"),
        ("asha (at) example.com", "asha@example.com"),
        ("mailto:asha@example.com", "asha@example.com"),
    ],
)
def test_an_address_is_understood_however_it_is_said(said: str, address: str) -> None:
    assert parse_email(said) == address


@pytest.mark.parametrize(
    "said",
    [
        *("", "no thank you", "asha", "asha@", "@example.com", "asha@example", "a@@example.com"),
        *(
            "asha..rao@example.com",
            ".asha@example.com",
            "asha@-example.com",
            "asha@exa\nmple.c",
            "asha@example.com\r\nBcc: x@example.org",
        ),
        *("x" * 300, "a" * 65 + "@example.com"),
    ],
)
def test_what_is_no_address_is_none(said: str) -> None:
    assert parse_email(said) is None


def test_it_is_read_back_letter_by_letter() -> None:
    assert spell("asha.rao_9@gmail.com") == "a, s, h, a, dot, r, a, o, underscore, 9, at, gmail, dot, com"
    assert spell("a-b@one.co.in") == "a, hyphen, b, at, o, n, e, dot, co, dot, in"


@given(st.from_regex(r"[a-z0-9]{1,12}(\.[a-z0-9]{1,8})?@[a-z]{2,10}\.(com|in|org)", fullmatch=True))
def test_what_is_read_back_is_the_address_again(address: str) -> None:
    assert parse_email(address) == address
    heard = spell(address).replace(", ", " ").replace(" dot ", ".").replace(" at ", "@").replace(" ", "")
    assert heard == address.replace(" ", "")


@given(st.text(max_size=80))
def test_nothing_that_is_said_breaks_a_header(said: str) -> None:
    found = parse_email(said)
    assert found is None or not any(char.isspace() or ord(char) < 33 for char in found)
