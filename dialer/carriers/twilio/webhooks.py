"""Twilio's webhooks: whether one is genuine, and what it says (twilio.md §2, §4, §7)."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hmac import compare_digest, digest
from urllib.parse import urlsplit, urlunsplit

from multidict import MultiDict
from twilio.request_validator import RequestValidator

from dialer.carriers.parsing import is_count
from dialer.carriers.port import CallStatus, Ended, TransferEnded
from dialer.domain.calling.call import State

STATES = {
    "queued": State.PLACED,
    "initiated": State.PLACED,
    "ringing": State.RINGING,
    "in-progress": State.TALKING,
    "completed": State.ENDED,
    "busy": State.ENDED,
    "failed": State.ENDED,
    "no-answer": State.ENDED,
    "canceled": State.ENDED,
}
SIGNATURE = re.compile(r"[A-Za-z0-9+/]{27}=", re.ASCII)
# The network's own word that nobody has this number (§1.4: 404; 410 gone, 484 incomplete, 604 nowhere).
NO_SUCH_NUMBER = frozenset({"404", "410", "484", "604"})


def is_signature(header: str) -> bool:
    """Whether a header has the shape of Twilio's signature: 20 bytes of HMAC-SHA1 as base64 (§7)."""
    return SIGNATURE.fullmatch(header) is not None


def is_signed(url: str, fields: Mapping[str, str | Sequence[str]] | str, signature: str, auth_token: str) -> bool:
    """Whether Twilio signed this request (§7).

    `url` is the address as Twilio was given it (public scheme and host), `fields` the form with every field kept, or
    the raw body of a JSON request. A fragment of the address never reaches us, so both readings of it are tried.
    """
    validator = RequestValidator(auth_token)
    try:
        return bool(signature) and any(validator.validate(each, fields, signature) for each in _spellings(url))
    except (ValueError, IndexError, TypeError, AttributeError):
        return False


def is_signed_form(url: str, pairs: Sequence[tuple[str, str]], signature: str, auth_token: str) -> bool:
    """`is_signed` for a form as it comes, by its pairs.

    The usual case, one signature over one address, is computed here for a tenth of what the library takes; whatever
    does not match is put to the library, which also tries the address with and without its port.
    """
    if signature.isascii() and compare_digest(form_signature(url, pairs, auth_token), signature):
        return True
    return is_signed(url, MultiDict(pairs), signature, auth_token)


def form_signature(url: str, pairs: Sequence[tuple[str, str]], auth_token: str) -> str:
    """What Twilio's header holds for this form (§7): names sorted, of a name that comes twice its distinct values."""
    told = url + "".join(name + value for name, value in sorted(set(pairs)))
    return b64encode(digest(auth_token.encode(), told.encode(), "sha1")).decode()


def is_signed_upgrade(url: str, signature: str, auth_token: str) -> bool:
    """Whether Twilio signed the websocket upgrade: over the ws(s) address, nothing appended (§7)."""
    return is_signed(url, {}, signature, auth_token)


def _spellings(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    return (url, urlunsplit(parts._replace(fragment="rc=5&rp=all")))


def parse_status(fields: Mapping[str, str]) -> CallStatus | None:
    """What a status callback says; None where it is no call-progress event (unknown status, no sid)."""
    sid, status = fields.get("CallSid", ""), fields.get("CallStatus", "")
    if not sid or status not in STATES:
        return None
    duration = fields.get("CallDuration", "")
    return CallStatus(
        sid=sid,
        state=STATES[status],
        ended=ended_as(status, fields.get("SipResponseCode")),
        duration_s=int(duration) if is_count(duration) else None,
        answered_by=fields.get("AnsweredBy") or None,
        to=fields.get("To", ""),
        from_number=fields.get("From", ""),
    )


def parse_transfer(fields: Mapping[str, str]) -> TransferEnded | None:
    """What the request to a `<Dial>`'s action says of the leg that it dialled."""
    status = fields.get("DialCallStatus", "")
    return TransferEnded(status in ("completed", "answered"), status) if status else None


def sequence_of(fields: Mapping[str, str]) -> str:
    """What makes a callback of one call and kind unique (§2: CallSid with SequenceNumber)."""
    return fields.get("SequenceNumber") or f"{fields.get('CallStatus', '')}@{fields.get('Timestamp', '')}"


def state_of(status: str | None) -> State:
    """The state that a REST status stands for; an unknown word counts as placed, the least it can mean."""
    return STATES.get(status or "", State.PLACED)


def ended_as(status: str | None, sip: str | None) -> Ended | None:
    """How a final status ended the call (§1.4); None while it goes on."""
    if status is None or STATES.get(status) is not State.ENDED:
        return None
    return Ended(
        answered=status == "completed",
        busy=status == "busy",
        no_answer=status == "no-answer",
        cancelled=status == "canceled",
        invalid_number=status == "failed" and sip in NO_SUCH_NUMBER,
        says=f"SIP {sip}" if sip else status,
    )
