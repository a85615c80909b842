"""Exotel's callbacks: whether one is to be believed, and what it says (exotel.md §3.1, §3.2).

Nothing is signed. Who calls shows the token in the path and, where they are set, a password and an address of Exotel's.
Fields come as JSON, or as a form in which lists are text or bracketed names; names are read in any case.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping, Sequence
from hmac import compare_digest
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import msgspec

from dialer.carriers.parsing import is_count
from dialer.carriers.port import CallStatus, Ended
from dialer.domain.calling.call import State

Networks = tuple[IPv4Network | IPv6Network, ...]
FINAL = {"completed", "failed", "busy", "no-answer", "canceled"}
# Of the answer to a request and of a look-up: `in-progress` says that Exotel works on it, not that anybody answered (§3).
STATES = {
    "queued": State.PLACED,
    "in-progress": State.PLACED,
    "ringing": State.RINGING,
    **dict.fromkeys(FINAL, State.ENDED),
}
EVENTS = {"answered": State.TALKING, "ringing": State.RINGING}
NO_CALLEE = {"", "na", "none", "null"}


class NotAFormError(ValueError):
    """A body that is neither JSON nor a form."""


def read_networks(text: str) -> Networks:
    """Addresses and networks, separated by commas. Raises ValueError for what is neither."""
    return tuple(ip_network(each.strip(), strict=False) for each in text.split(",") if each.strip())


def is_from(address: str, allowed: Networks) -> bool:
    """Whether an address is one of Exotel's; where none was named, every one may be."""
    if not allowed:
        return True
    try:
        found = ip_address(address.strip())
    except ValueError:
        return False
    return any(found in network for network in allowed)


def is_authorized(header: str, auth: str | None) -> bool:
    """Whether an `Authorization` header holds this `user:password`; where none is set, none is asked for."""
    if auth is None:
        return True
    kind, _, value = header.partition(" ")
    try:
        told = b64decode(value.strip(), validate=True)
    except (Base64Error, ValueError):
        return False
    return kind.lower() == "basic" and compare_digest(told, auth.encode())


def read_json(body: bytes) -> dict[str, str]:
    """The fields of a JSON body, each as text; lists stay JSON. Raises NotAFormError."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAFormError(str(error)) from error
    if not isinstance(told, dict):
        raise NotAFormError("not an object")
    return {str(name): _text(value) for name, value in told.items()}


def read_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The fields of a form; of a name that comes twice, the first value."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()


def parse_status(fields: Mapping[str, str]) -> CallStatus | None:
    """What a status callback says; None where it is no event of a call."""
    told = {name.lower(): value for name, value in fields.items()}
    sid, status, event = told.get("callsid", ""), told.get("status", "").lower(), told.get("eventtype", "").lower()
    if not sid:
        return None
    if event in EVENTS:
        return CallStatus(sid, EVENTS[event], answered_by=_who(told))
    if status not in FINAL or event not in ("terminal", ""):
        return None
    seconds = told.get("conversationduration", "")
    if not is_count(seconds) or not int(seconds):
        seconds = str(_leg(told, "OnCallDuration"))
    return CallStatus(
        sid,
        State.ENDED,
        ended=ended_as(status),
        duration_s=int(seconds) if is_count(seconds) else None,
        answered_by=_who(told),
    )


def _who(told: Mapping[str, str]) -> str | None:
    """Who answered, in the words of the other carriers; None where Exotel does not know."""
    said = str(_leg(told, "AnsweredBy")).lower()
    return None if said in NO_CALLEE else said


def _leg(told: Mapping[str, str], name: str) -> object:
    """A field of the first leg, whether the legs came as a list in JSON or as names with brackets."""
    bracketed = told.get(f"legs[0][{name.lower()}]")
    if bracketed is not None:
        return bracketed
    try:
        legs = msgspec.json.decode(told.get("legs") or "[]")
    except msgspec.DecodeError:
        return ""
    if not isinstance(legs, Sequence) or not legs or not isinstance(legs[0], dict):
        return ""
    return next((value for key, value in legs[0].items() if key.lower() == name.lower()), "")


def sequence_of(fields: Mapping[str, str]) -> str:
    """What tells a callback from the others of its call: Exotel numbers none of them (§5)."""
    told = {name.lower(): value for name, value in fields.items()}
    return "@".join(told.get(name, "") for name in ("eventtype", "dateupdated", "status"))


def sid_of(fields: Mapping[str, str]) -> str:
    """The call that a callback speaks of; empty where it names none."""
    return next((value for name, value in fields.items() if name.lower() == "callsid"), "")


def state_of(status: str) -> State:
    """The state that a REST status stands for; an unknown word counts as placed, the least it can mean."""
    return STATES.get(status.lower(), State.PLACED)


def ended_as(status: str) -> Ended | None:
    """How a final status ended the call; None while it goes on. `failed` does not say why (§3.1)."""
    if status.lower() not in FINAL:
        return None
    word = status.lower()
    return Ended(
        answered=word == "completed",
        busy=word == "busy",
        no_answer=word == "no-answer",
        cancelled=word == "canceled",
        says=word,
    )
