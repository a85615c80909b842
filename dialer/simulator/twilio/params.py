"""Validates the parameters of `POST …/Calls.json` as strictly as Twilio's Call resource documentation describes.

Error codes are those of Twilio's error dictionary.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Form = Mapping[str, Sequence[str]]

EVENTS = ("initiated", "ringing", "answered", "completed")
RECORDING_EVENTS = ("in-progress", "completed", "absent")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_DIGITS = re.compile(r"[0-9A-D#*wW]{1,32}")
_MAGIC_TO = {
    "+15005550001": (21217, "Phone number does not appear to be valid"),
    "+15005550002": (21214, "'To' phone number cannot be reached"),
    "+15005550003": (
        21215,
        "Account not authorized to call {to}. Perhaps you need to enable some international permissions",
    ),
    "+15005550004": (21216, "Call blocked by Twilio blocklist"),
}


class TwilioError(Exception):
    """A rejected request, with the HTTP status, code and message of Twilio's error body."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook URL and method; the URL still has its fragment with connection overrides."""

    url: str
    method: str


@dataclass(frozen=True, slots=True)
class Detection:
    """Answering machine detection (AMD); `callback` is set if it is asynchronous."""

    mode: str
    asynchronous: bool
    callback: Hook | None


@dataclass(frozen=True, slots=True)
class CallRequest:
    """The parameters of an accepted call."""

    to: str
    from_: str
    twiml: str | None
    url: Hook | None
    fallback: Hook | None
    status: Hook | None
    status_events: tuple[str, ...]
    timeout_s: int
    time_limit_s: int
    record: bool
    recording: Hook | None
    recording_events: tuple[str, ...]
    detection: Detection | None
    warnings: tuple[tuple[int, str], ...]


def read_create(form: Form, from_numbers: Sequence[str], geo_blocked: Sequence[str]) -> CallRequest:
    """Validate a create request. Raises TwilioError with the code of the first problem."""
    to, from_ = _numbers(form, from_numbers, geo_blocked)
    twiml, url = _one(form, "Twiml"), _hook(form, "Url", "Method", 21205)
    if not (twiml or url or _one(form, "ApplicationSid")):
        raise TwilioError(400, 21205, "Url parameter is required.")
    if twiml is not None and len(twiml) > 4000:
        raise TwilioError(400, 32018, "Twiml parameter is over 4000 characters")
    warnings: list[tuple[int, str]] = []
    if url and twiml:
        warnings.append((32019, "Twiml and Url are both set: Twiml is ignored"))
    digits = _one(form, "SendDigits")
    if digits is not None and not _DIGITS.fullmatch(digits):
        raise TwilioError(400, 21206, "SendDigits is not valid")
    events = tuple(form.get("StatusCallbackEvent", ())) or ("completed",)
    if unknown := [event for event in events if event not in EVENTS]:
        raise TwilioError(400, 21626, f"StatusCallbackEvent {unknown[0]!r} is not one of {', '.join(EVENTS)}")
    return CallRequest(
        to=to,
        from_=from_,
        twiml=None if url else twiml,
        url=url,
        fallback=_hook(form, "FallbackUrl", "FallbackMethod", 21205),
        status=_hook(form, "StatusCallback", "StatusCallbackMethod", 21609),
        status_events=events,
        timeout_s=_integer(form, "Timeout", 60, 1, 600, 21208),
        time_limit_s=_integer(form, "TimeLimit", 14400, 1, 14400, 21208),
        record=_flag(form, "Record"),
        recording=_hook(form, "RecordingStatusCallback", "RecordingStatusCallbackMethod", 21609),
        recording_events=_recording_events(form),
        detection=None if digits else _detection(form, warnings),
        warnings=tuple(warnings),
    )


def _numbers(form: Form, from_numbers: Sequence[str], geo_blocked: Sequence[str]) -> tuple[str, str]:
    to, from_ = _one(form, "To"), _one(form, "From")
    if not to:
        raise TwilioError(400, 21201, "No 'To' number is specified")
    if not from_:
        raise TwilioError(400, 21213, "No 'From' number is specified")
    if from_ == "+15005550001" or not _E164.fullmatch(from_):
        raise TwilioError(
            400, 21212, f"The 'From' number {from_} is not a valid phone number, shortcode, or alphanumeric"
        )
    if from_ not in from_numbers:
        raise TwilioError(
            400, 21210, f"The source phone number provided, {from_}, is not yet verified for your account."
        )
    if to in _MAGIC_TO:
        code, message = _MAGIC_TO[to]
        raise TwilioError(400, code, message.format(to=to))
    if to == from_ or not _E164.fullmatch(to):
        raise TwilioError(400, 21211, f"The 'To' number {to} is not a valid phone number.")
    if to.startswith(tuple(geo_blocked)):
        raise TwilioError(400, 21215, _MAGIC_TO["+15005550003"][1].format(to=to))
    return to, from_


def _detection(form: Form, warnings: list[tuple[int, str]]) -> Detection | None:
    mode = _one(form, "MachineDetection")
    _integer(form, "MachineDetectionTimeout", 30, 3, 59, 21234)
    _integer(form, "MachineDetectionSpeechThreshold", 2400, 1000, 6000, 21234)
    _integer(form, "MachineDetectionSpeechEndThreshold", 1200, 500, 5000, 21234)
    _integer(form, "MachineDetectionSilenceTimeout", 5000, 2000, 10000, 21234)
    if mode is None:
        return None
    if mode not in ("Enable", "DetectMessageEnd"):
        raise TwilioError(400, 21234, f"MachineDetection {mode!r} is not Enable or DetectMessageEnd")
    asynchronous = _flag(form, "AsyncAmd", 21234)
    callback = _hook(form, "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod", 21234)
    if asynchronous and callback is None:
        warnings.append((21262, "AsyncAmdStatusCallback is missing"))
    return Detection(mode, asynchronous, callback)


def _recording_events(form: Form) -> tuple[str, ...]:
    """Parse the recording events: separated by spaces, unlike StatusCallbackEvent, which is repeated."""
    events = tuple(event for value in form.get("RecordingStatusCallbackEvent", ()) for event in value.split())
    if unknown := [event for event in events if event not in RECORDING_EVENTS]:
        raise TwilioError(400, 21626, f"RecordingStatusCallbackEvent {unknown[0]!r} is not valid")
    return events or ("completed",)


def read_hook(form: Form, name: str, method_name: str) -> Hook | None:
    """Parse a URL and its method in an update. Raises TwilioError 21205 or 21209."""
    return _hook(form, name, method_name, 21205)


def read_time_limit(form: Form) -> int | None:
    """Parse TimeLimit (seconds) in an update; None if absent. Raises TwilioError 21208."""
    return _integer(form, "TimeLimit", 14400, 1, 14400, 21208) if "TimeLimit" in form else None


def _hook(form: Form, name: str, method_name: str, code: int) -> Hook | None:
    url, method = _one(form, name), (_one(form, method_name) or "POST").upper()
    if method not in ("GET", "POST"):
        raise TwilioError(400, 21209, f"{method_name} {method!r} is not GET or POST")
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname or len(url) > 4000:
        raise TwilioError(400, code, f"{name} is not a valid URL: {url}")
    return Hook(url, method)


def _one(form: Form, name: str) -> str | None:
    values = form.get(name)
    return values[-1] if values else None


def _integer(form: Form, name: str, default: int, least: int, most: int, code: int) -> int:
    value = _one(form, name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise TwilioError(400, code, f"{name} {value!r} is not a number from {least} to {most}")
    return int(value)


def _flag(form: Form, name: str, code: int = 20001) -> bool:
    value = (_one(form, name) or "false").lower()
    if value not in ("true", "false"):
        raise TwilioError(400, code, f"{name} {value!r} is not true or false")
    return value == "true"
