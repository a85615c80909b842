"""Which addresses other systems may have, how a message is signed, and how often it is tried."""

import hashlib
import hmac
from datetime import timedelta
from ipaddress import ip_address

import pytest

from dialer.domain.access.webhook_url import MAX_TRIES, MAX_WAIT, is_public, refusal, sign, wait_after


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com/hook",
        "ftp://crm.example.com/",
        "https://",
        "crm.example.com",
        "https://user:pass@crm.example.com/",
        "https://crm.example.com:8443/",
        "https://127.0.0.1/",
        "https://10.0.0.8/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[bad/",
        "https://１２７.0.0.1/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://１９２．１６８．１．１/",
        "https://127.0.0.1./",
        "https://[fe80::1%25eth0]/",
        "https://①⓪.0.0.⑧:443/",
        "https://a\u00ad.example/",
    ],
)
def test_an_address_inside_is_refused_in_words(url: str) -> None:
    assert refusal(url, frozenset())


def test_the_open_internet_and_what_the_operator_named_may_be_told() -> None:
    assert refusal("https://crm.example.com/hook?x=1", frozenset()) is None
    assert refusal("https://8.8.8.8/", frozenset()) is None
    assert refusal("https://８.8.8.8/", frozenset()) is None
    assert refusal("https://münchen.example/", frozenset()) is None
    assert refusal("http://crm.lan:8080/hook", {"crm.lan:8080"}) is None
    assert refusal("http://crm.lan:8081/hook", {"crm.lan:8080"})
    assert refusal("file://crm.lan:8080/hook", {"crm.lan:8080"})


def test_addresses_of_the_net_are_told_from_ours() -> None:
    assert is_public(ip_address("8.8.8.8"))
    assert is_public(ip_address("2001:4860:4860::8888"))
    assert not any(is_public(ip_address(each)) for each in ("10.1.1.1", "::1", "169.254.169.254", "240.0.0.1"))


def test_a_signature_is_of_the_moment_and_the_body() -> None:
    mac = hmac.new(b"secret", b'1770000000.{"a": 1}', hashlib.sha256).hexdigest()
    assert sign("secret", b'{"a": 1}', 1_770_000_000) == f"t=1770000000,v1={mac}"


def test_a_message_is_tried_less_and_less_often_and_at_last_given_up() -> None:
    waits = [wait_after(tries) for tries in range(1, MAX_TRIES + 1)]
    assert waits[0] == timedelta(seconds=10)
    assert waits[-1] is None
    known = [wait for wait in waits if wait is not None]
    assert known == sorted(known)
    assert known[-1] <= MAX_WAIT
