"""How an answer of Exotel's REST interface reads: its fields in any case, its refusals in any shape (exotel.md §3.3, §7). Pure."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from dialer.carriers.parsing import is_count
from dialer.carriers.port import AccountRejected, NumberRejected, Placed, PlaceResult, Throttled, Unknown

RETRY_AFTER_S = 30.0
# Words of a 400 that speak of the lead's number; all others speak of our account or our request. Codes are unknown (§8).
NUMBER_ERRORS = re.compile(r"\b(dnd|ndnc|ncpr|do[ -]not[ -](disturb|call)|from|recipient|customer number)\b", re.I)
Record = dict[str, object]


def classify_response(status: int, headers: Mapping[str, str], body: bytes) -> PlaceResult:
    """What came of asking for a call. `Status: in-progress` in the answer means accepted, and nothing more (§3)."""
    if 200 <= status < 300:
        call = record_of((record_of(read_json(body)) or {}).get("call"))
        sid = text_of(call, "sid") if call else ""
        return Placed(sid) if sid else Unknown("Exotel's answer had no call in it")
    words = error_text(status, body)
    if status == 429:
        return Throttled("Exotel asks for fewer requests (429)", _wait(headers))
    if status == 408 or not 400 <= status < 500:
        return Unknown(f"Exotel answered {status}; the call may have been accepted")
    if status == 400 and NUMBER_ERRORS.search(words):
        return NumberRejected(f"Exotel refused: {words}")
    return AccountRejected(f"Exotel refused: {words}")


def _wait(headers: Mapping[str, str]) -> float:
    told = headers.get("Retry-After", "")
    return float(told) if is_count(told) else RETRY_AFTER_S


def error_text(status: int, body: bytes) -> str:
    """What an error says, whatever its shape (§3.3)."""
    told = record_of((record_of(read_json(body)) or {}).get("restexception")) or {}
    said = text_of(told, "message")
    if not said:
        found = re.search(rb"<Message>([^<]*)</Message>", body)
        said = found[1].decode("utf-8", "replace") if found else ""
    return f"{said[:200] or 'no reason given'} (HTTP {status})"


def read_json(body: bytes) -> object:
    """The body as JSON; None for what is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def record_of(found: object) -> Record | None:
    """An object's fields by their names in small letters; None for what is no object."""
    return {str(name).lower(): value for name, value in found.items()} if isinstance(found, dict) else None


def text_of(record: Record, name: str) -> str:
    """A field as text; empty where it is missing or null."""
    value = record.get(name)
    return "" if value is None else str(value)


def money_of(text: str) -> Decimal | None:
    """What a call cost; None for what is no amount."""
    try:
        cost = abs(Decimal(text)) if text else None
    except InvalidOperation:
        return None
    return cost if cost is not None and cost.is_finite() else None
