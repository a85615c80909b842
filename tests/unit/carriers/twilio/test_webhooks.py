"""Twilio's webhooks: who is believed, and what is read from a callback, in whatever order it comes."""

import base64
import hmac
import json
from hashlib import sha1
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from dialer.carriers.port import CallStatus, Ended
from dialer.carriers.twilio.webhooks import (
    ended_as,
    form_signature,
    is_signed,
    is_signed_form,
    is_signed_upgrade,
    parse_status,
    sequence_of,
    state_of,
)
from dialer.domain.calling.call import State

VECTORS = Path(__file__).parents[3] / "vectors"
SIGNED = json.loads((VECTORS / "twilio-signatures.json").read_text(encoding="utf-8"))
STATUS = json.loads((VECTORS / "twilio-status-callbacks.json").read_text(encoding="utf-8"))
TOKEN = SIGNED["auth_token"]
URL = "https://app.example.com/carriers/twilio/status?token=t"
SID = "CAfedcba9876543210fedcba9876543210"
BASE: dict[str, Any] = {"sid": SID, "to": "+918800112233", "from_number": "+15005550006"}
PLACED, RINGING, TALKING = (CallStatus(state=state, **BASE) for state in (State.PLACED, State.RINGING, State.TALKING))


def _sign(text: str, token: str = TOKEN) -> str:
    return base64.b64encode(hmac.new(token.encode(), text.encode(), sha1).digest()).decode()


def _ended(seconds: int, answered_by: str | None = None, **how: Any) -> CallStatus:
    return CallStatus(state=State.ENDED, ended=Ended(**how), duration_s=seconds, answered_by=answered_by, **BASE)


@pytest.mark.parametrize(
    "request_", [each for each in SIGNED["valid"] if "algorithm" not in each], ids=lambda v: v["name"]
)
def test_a_request_that_twilio_signed_is_believed(request_: dict[str, Any]) -> None:
    assert is_signed(request_["url"], request_["params"], request_["signature"], TOKEN)
    assert not is_signed(request_["url"], request_["params"], request_["signature"], "another token")


@pytest.mark.parametrize("request_", SIGNED["invalid"], ids=lambda v: v["name"])
def test_a_request_that_twilio_did_not_sign_is_not_believed(request_: dict[str, Any]) -> None:
    assert not is_signed(request_["url"], request_["params"], request_["signature"], TOKEN)


def test_a_signature_with_a_shared_key_is_not_taken_for_one_with_the_accounts_token() -> None:
    shared = [each for each in SIGNED["valid"] if "algorithm" in each]
    assert len(shared) == 1
    assert not is_signed(shared[0]["url"], shared[0]["params"], shared[0]["signature"], TOKEN)


def test_a_websocket_is_believed_over_its_own_scheme_only() -> None:
    sockets = [each for each in SIGNED["valid"] if each["url"].startswith("wss:")]
    assert len(sockets) == 2
    for each in sockets:
        assert is_signed_upgrade(each["url"], each["signature"], TOKEN)
        assert not is_signed_upgrade(each["url"].replace("wss", "https"), each["signature"], TOKEN)
        assert not is_signed_upgrade(each["url"], "", TOKEN)


def test_every_field_counts_blank_ones_and_repeated_ones_too() -> None:
    body = "b=2&a=&b=1&b=2&c=%20x%20"
    fields = MultiDict(parse_qsl(body, keep_blank_values=True))
    assert is_signed(URL, fields, _sign(URL + "a" + "b1" + "b2" + "c x "), TOKEN)
    assert not is_signed(URL, fields, _sign(URL + "b1" + "b2" + "c x "), TOKEN)
    fields.add("d", "")
    assert not is_signed(URL, fields, _sign(URL + "a" + "b1" + "b2" + "c x "), TOKEN)


def test_an_address_signed_with_the_fragment_that_we_gave_is_believed_too() -> None:
    fields = {"CallSid": SID}
    assert is_signed(URL, fields, _sign(f"{URL}CallSid{SID}"), TOKEN)
    assert is_signed(URL, fields, _sign(f"{URL}#rc=5&rp=allCallSid{SID}"), TOKEN)
    assert not is_signed(URL, fields, _sign(f"{URL}#rc=1CallSid{SID}"), TOKEN)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (URL, '{"a":1}'),
        (URL, "{"),
        (URL, ""),
        (f"{URL}&bodySHA256=", "{}"),
        (f"{URL}&bodySHA256=00", '{"a":"é"}'),
        ("https://[broken/status", "{}"),
        ("https://app.example.com:port/status", "{}"),
    ],
)
def test_a_forged_request_of_whatever_shape_is_refused_and_breaks_nothing(url: str, body: str) -> None:
    assert not any(is_signed(url, body, signature, TOKEN) for signature in ("", "x", "é", "A" * 28))


SEQUENCES: dict[str, list[CallStatus]] = {
    "completed": [PLACED, RINGING, TALKING, _ended(132, answered=True, says="SIP 200")],
    "completed_with_recording": [PLACED, RINGING, TALKING, _ended(132, answered=True, says="SIP 200")],
    "no_answer": [PLACED, RINGING, _ended(0, answered=False, no_answer=True, says="SIP 487")],
    "busy": [PLACED, RINGING, _ended(0, answered=False, busy=True, says="SIP 486")],
    "failed": [PLACED, _ended(0, answered=False, invalid_number=True, says="SIP 404")],
    "canceled": [PLACED, RINGING, _ended(0, answered=False, cancelled=True, says="SIP 487")],
    "answered_by_machine_sync_amd": [
        PLACED,
        RINGING,
        TALKING,
        _ended(13, "machine_start", answered=True, says="SIP 200"),
    ],
    "only_default_event": [_ended(132, answered=True, says="SIP 200")],
}


def test_every_kind_of_call_in_the_vectors_has_its_reports_written_down_here() -> None:
    assert set(STATUS["sequences"]) == set(SEQUENCES)


@pytest.mark.parametrize("kind", SEQUENCES)
def test_a_call_is_reported_as_its_callbacks_tell_it(kind: str) -> None:
    callbacks = STATUS["sequences"][kind]
    assert [parse_status(fields) for fields in callbacks] == SEQUENCES[kind]
    assert [sequence_of(fields) for fields in callbacks] == [str(place) for place in range(len(callbacks))]


def test_a_callback_as_it_comes_over_the_wire_is_read() -> None:
    fields = MultiDict(parse_qsl(STATUS["form_encoded_example"], keep_blank_values=True))
    assert parse_status(fields) == SEQUENCES["busy"][-1]


@pytest.mark.parametrize("fields", [*STATUS["other_callbacks"].values(), {}, {"CallStatus": "completed"}])
def test_a_callback_that_tells_no_state_is_no_report(fields: dict[str, str]) -> None:
    assert parse_status(fields) is None
    assert parse_status({"CallSid": SID, "CallStatus": "something-new"}) is None


def test_callbacks_without_a_number_are_told_apart_by_what_they_say_and_when() -> None:
    first = {"CallStatus": "ringing", "Timestamp": "Tue, 13 Jan 2026 09:10:03 +0000"}
    assert sequence_of(first) == "ringing@Tue, 13 Jan 2026 09:10:03 +0000"
    assert len({sequence_of(first), sequence_of({**first, "CallStatus": "busy"}), sequence_of({})}) == 3
    assert sequence_of({**first, "SequenceNumber": "0"}) == "0"


@pytest.mark.parametrize("sip", ["404", "410", "484", "604"])
def test_only_the_networks_own_word_makes_a_number_invalid(sip: str) -> None:
    failed, busy = ended_as("failed", sip), ended_as("busy", sip)
    assert failed is not None
    assert busy is not None
    assert failed.invalid_number
    assert not busy.invalid_number
    for other in ("503", None):
        unreachable = ended_as("failed", other)
        assert unreachable is not None
        assert not unreachable.invalid_number


def test_a_call_that_goes_on_has_not_ended_and_an_unknown_word_counts_as_placed() -> None:
    assert [ended_as(status, None) for status in (None, "queued", "in-progress", "new-word")] == [None] * 4
    assert ended_as("completed", None) == Ended(answered=True, says="completed")
    assert [state_of(word) for word in ("queued", "in-progress", "canceled", "new-word", None)] == [
        State.PLACED,
        State.TALKING,
        State.ENDED,
        State.PLACED,
        State.PLACED,
    ]


ODD = st.sampled_from(["CallDuration", "SipResponseCode", "To", "AnsweredBy"])


@given(st.sampled_from(STATUS["sequences"]["completed"]), ODD, st.text(max_size=4) | st.just("²"))
def test_a_field_with_something_odd_in_it_breaks_no_report(fields: dict[str, str], field: str, odd: str) -> None:
    report = parse_status({**fields, field: odd})
    assert report is not None
    assert report.sid == SID


@given(
    pairs=st.lists(st.tuples(st.sampled_from(["To", "Tag", "Ünï"]) | st.text(max_size=8), st.text(max_size=12))),
    token=st.text("0123456789abcdef", min_size=1, max_size=32),
)
def test_our_own_signature_is_the_librarys(pairs: list[tuple[str, str]], token: str) -> None:
    url = "https://dialer.example.org/carriers/twilio/status?token=abc"
    assert form_signature(url, pairs, token) == RequestValidator(token).compute_signature(url, MultiDict(pairs))


def test_a_form_signed_over_the_address_with_its_port_or_its_fragment_is_genuine() -> None:
    """F39: behind a proxy, with and without the port."""
    pairs = [("CallSid", "CA1"), ("Tag", "b"), ("Tag", "a"), ("Blank", "")]
    url = "https://dialer.example.org/carriers/twilio/status"
    for signed in (url, url.replace(".org", ".org:443"), f"{url}#rc=5&rp=all"):
        signature = RequestValidator("key").compute_signature(signed, MultiDict(pairs))
        assert is_signed_form(url, pairs, signature, "key")
        assert not is_signed_form(url, pairs[1:], signature, "key")
        assert not is_signed_form(url, pairs, signature, "other")
    assert not is_signed_form(url, pairs, "✓", "key")
