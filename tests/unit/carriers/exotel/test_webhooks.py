"""What Exotel's callbacks say, in whatever form they come, and who is believed to have sent them."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.carriers.exotel import webhooks
from dialer.carriers.exotel.webhooks import (
    NotAFormError,
    is_authorized,
    is_from,
    parse_status,
    read_json,
    read_networks,
    read_pairs,
    sequence_of,
    sid_of,
)
from dialer.carriers.port import CallStatus, Ended
from dialer.domain.calling.call import State

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "exotel-rest-and-callbacks.json").read_text("utf-8"))
SID = "c5797dcbaaeed7678c4062a4a3ed2f8a"
COMPLETED, DEFAULT, BUSY = (each["fields"] for each in VECTORS["status_callbacks"])


def _json(fields: dict[str, Any]) -> dict[str, str]:
    return read_json(json.dumps(fields).encode())


def _form(fields: dict[str, Any]) -> dict[str, str]:
    pairs = [(name, str(value)) for name, value in fields.items() if name != "Legs"]
    for place, leg in enumerate(fields.get("Legs", ())):
        pairs += [(f"Legs[{place}][{name}]", str(value)) for name, value in leg.items()]
    return read_pairs(pairs)


def _form_with_text(fields: dict[str, Any]) -> dict[str, str]:
    return read_pairs([(name, v if isinstance(v, str) else json.dumps(v)) for name, v in fields.items()])


def _small(fields: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in _json(fields).items()}


FORMS = pytest.mark.parametrize("read", [_json, _form, _form_with_text, _small])


@FORMS
def test_the_end_of_a_call_is_told_in_any_form(read: Any) -> None:
    assert parse_status(read(COMPLETED)) == CallStatus(
        SID, State.ENDED, ended=Ended(answered=True, says="completed"), duration_s=320
    )
    assert parse_status(read(BUSY)) == CallStatus(
        SID, State.ENDED, ended=Ended(answered=False, busy=True, says="busy"), duration_s=0
    )
    assert parse_status(read(DEFAULT)) == CallStatus(
        SID, State.ENDED, ended=Ended(answered=False, no_answer=True, says="no-answer")
    )


@FORMS
def test_how_long_a_call_with_one_leg_took_is_told_by_the_leg(read: Any) -> None:
    report = parse_status(read({**COMPLETED, "ConversationDuration": "0"}))
    assert report is not None
    assert report.duration_s == 320


def test_answered_means_answered_whatever_status_comes_with_it() -> None:
    for status in ("in-progress", "", "completed"):
        report = parse_status(_json({"CallSid": SID, "EventType": "answered", "Status": status}))
        assert report is not None
        assert (report.state, report.ended) == (State.TALKING, None)


def test_in_progress_alone_says_nothing() -> None:
    """It is said as soon as the request was accepted (§3)."""
    assert parse_status({"CallSid": SID, "Status": "in-progress"}) is None
    assert webhooks.state_of("in-progress") is State.PLACED
    assert webhooks.state_of("queued") is State.PLACED
    assert webhooks.state_of("a new word") is State.PLACED


def test_who_answered_is_said_where_it_is_known() -> None:
    human = {**COMPLETED, "Legs": [{"OnCallDuration": 5, "Status": "completed", "AnsweredBy": "HUMAN"}]}
    reports = [parse_status(_json(fields)) for fields in (human, COMPLETED)]
    assert [each.answered_by for each in reports if each] == ["human", None]


@pytest.mark.parametrize(
    "fields",
    [{}, {"CallSid": SID}, {"CallSid": SID, "Status": "odd"}, {"CallSid": SID, "EventType": "new", "Status": "busy"}],
    ids=["nothing", "no status", "another status", "another event"],
)
def test_what_is_no_event_of_a_call_changes_nothing(fields: dict[str, str]) -> None:
    assert parse_status(fields) is None


def test_the_same_callback_has_the_same_mark_and_another_one_another() -> None:
    again = sequence_of(_json(COMPLETED))
    assert (
        again
        == sequence_of(_form(COMPLETED))
        == sequence_of(_small(COMPLETED))
        == ("terminal@2026-01-15 14:30:45@completed")
    )
    assert len({again, sequence_of(_json(BUSY)), sequence_of(_json(DEFAULT))}) == 3
    assert sid_of(_small(COMPLETED)) == SID
    assert sid_of({}) == ""


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"{", b"\xff", b"[" * 60_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotAFormError):
        read_json(body)


@given(
    st.dictionaries(st.sampled_from(["CallSid", "Status", "EventType", "Legs", "Legs[0][OnCallDuration]"]), st.text())
)
def test_whatever_the_fields_hold_something_is_read_or_nothing(fields: dict[str, str]) -> None:
    report = parse_status(fields)
    assert report is None or report.sid == fields["CallSid"]


def test_a_password_that_is_set_must_be_shown() -> None:
    def header(text: str) -> str:
        return f"Basic {b64encode(text.encode()).decode()}"

    assert is_authorized(header("user:secret"), "user:secret")
    assert is_authorized("", None)
    for wrong in ("", "Basic", "Basic ?", header("user:other"), "Bearer user:secret", header("user:secret")[6:]):
        assert not is_authorized(wrong, "user:secret")


def test_only_the_addresses_that_were_named_are_exotels() -> None:
    networks = read_networks("203.0.113.7, 198.51.100.0/24,2001:db8::/32")
    assert [is_from(each, networks) for each in ("203.0.113.7", "198.51.100.200", "2001:db8::1")] == [True] * 3
    assert not any(is_from(each, networks) for each in ("203.0.113.8", "", "nonsense"))
    assert is_from("203.0.113.8", ())
