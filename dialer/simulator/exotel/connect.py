"""Validates the parameters of `POST …/Calls/connect` as strictly as the Exotel Voice API v1 docs describe."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

Form = Mapping[str, Sequence[str]]

EVENTS = ("ringing", "answered", "terminal")
MAX_URL = 600
MAX_PARAMETERS = 3
MAX_PARAMETER_CHARS = 256
LOOPBACK = ("127.0.0.1", "localhost", "::1")
KNOWN = frozenset(
    {
        *("From", "To", "CallerId", "StreamUrl", "StreamType", "StreamName", "Url", "CallType", "TimeLimit", "TimeOut"),
        *("Record", "RecordingChannels", "CustomField", "StatusCallback", "StatusCallbackEvents[]"),
    }
)
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_NATIONAL = re.compile(r"0([1-9]\d{9})", re.ASCII)


class ExotelError(Exception):
    """A rejected request, with the HTTP status and message of Exotel's error body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """The parameters of an accepted call. `to` is the lead in E.164, which the form calls `From`."""

    to: str
    caller_id: str
    stream_url: str
    custom_field: str | None
    callback: str | None
    events: tuple[str, ...]
    timeout_s: int
    time_limit_s: int
    warnings: tuple[tuple[int, str], ...]


def read_connect(form: Form, caller_ids: Sequence[str], dnd: Sequence[str]) -> ConnectRequest:
    """Validate a request. Raises ExotelError for the first problem."""
    lead, caller_id = _one(form, "From"), _one(form, "CallerId")
    if not lead or (to := e164(lead)) is None:
        raise ExotelError(400, "Invalid parameter: From is not a phone number")
    if caller_id not in caller_ids or caller_id is None:
        raise ExotelError(400, "Invalid parameter: CallerId is not an ExoPhone of this account")
    if to in dnd:
        raise ExotelError(400, "Call to this number is blocked: it is registered as DND (NCPR)")
    if _one(form, "Url") is not None:
        raise ExotelError(400, "Invalid parameter: Url is not an Exotel flow of this account")
    if _one(form, "StreamType") != "bidirectional":
        raise ExotelError(400, "Invalid parameter: StreamType is not bidirectional")
    if len(_one(form, "StreamName") or "") > 32 or len(_one(form, "CustomField") or "") > 128:
        raise ExotelError(400, "Invalid parameter: StreamName or CustomField is too long")
    events = tuple(form.get("StatusCallbackEvents[]", ()))
    if unknown := [event for event in events if event not in EVENTS]:
        raise ExotelError(400, f"Invalid parameter: StatusCallbackEvents[] {unknown[0]!r}")
    callback = _one(form, "StatusCallback")
    if callback is not None and (urlsplit(callback).scheme not in ("http", "https") or not urlsplit(callback).hostname):
        raise ExotelError(400, "Invalid parameter: StatusCallback is not a URL")
    warnings = [(400, f"{name} is not a documented parameter") for name in sorted(set(form) - KNOWN)]
    return ConnectRequest(
        to=to,
        caller_id=caller_id,
        stream_url=_stream_url(_one(form, "StreamUrl")),
        custom_field=_one(form, "CustomField"),
        callback=callback,
        events=events,
        timeout_s=_seconds(form, "TimeOut", 60),
        time_limit_s=_seconds(form, "TimeLimit", 14400),
        warnings=tuple(warnings),
    )


def custom_parameters(stream_url: str) -> tuple[dict[str, str], str | None]:
    """Return the custom parameters for the stream's `start`, and a problem; with a problem there are none."""
    pairs = [(name, value) for name, value in parse_qsl(urlsplit(stream_url).query) if name != "sample-rate"]
    if len(pairs) > MAX_PARAMETERS:
        return {}, f"{len(pairs)} custom parameters; {MAX_PARAMETERS} are allowed"
    if sum(len(name) + len(value) for name, value in pairs) > MAX_PARAMETER_CHARS:
        return {}, f"custom parameters of over {MAX_PARAMETER_CHARS} characters"
    return dict(pairs), None


def sample_rate(stream_url: str) -> int:
    """Return the sample rate requested in the URL; 8000 by default."""
    rate = dict(parse_qsl(urlsplit(stream_url).query)).get("sample-rate", "8000")
    return int(rate) if rate in ("8000", "16000", "24000") else 8000


def e164(number: str) -> str | None:
    """Parse a number in E.164 or in India's national format with a leading 0; None for anything else."""
    if _E164.fullmatch(number):
        return number
    national = _NATIONAL.fullmatch(number)
    return f"+91{national[1]}" if national else None


def national(number: str) -> str:
    """Format a number as Exotel does: Indian numbers with a leading 0, others with 00."""
    return f"0{number[3:]}" if number.startswith("+91") else f"00{number.removeprefix('+')}"


def _stream_url(url: str | None) -> str:
    parts = urlsplit(url or "")
    if url is None or parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ExotelError(400, "Invalid parameter: StreamUrl is not a ws or wss URL")
    if len(url) >= MAX_URL:
        raise ExotelError(400, "Invalid parameter: StreamUrl is too long")
    if parts.scheme == "ws" and parts.hostname not in LOOPBACK:
        raise ExotelError(400, "Invalid parameter: StreamUrl without TLS is only accepted on loopback")
    return url


def _one(form: Form, name: str) -> str | None:
    values = form.get(name)
    return values[-1] if values else None


def _seconds(form: Form, name: str, most: int) -> int:
    value = _one(form, name)
    if value is None:
        return most
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 14400:
        raise ExotelError(400, f"Invalid parameter: {name}")
    return int(value)
