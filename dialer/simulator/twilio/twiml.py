"""Parses the subset of TwiML that the dialer uses, with a real XML parser."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit
from xml.etree import ElementTree

MAX_CHARS = 64_000
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_DIAL = frozenset({"action", "method", "answerOnBridge", "timeout", "timeLimit", "callerId"})


class TwimlError(ValueError):
    """A document that Twilio rejects, with the code of its error dictionary."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Stream:
    """`<Connect><Stream>`: a bidirectional stream; blocks until the server closes it."""

    url: str
    parameters: Mapping[str, str]
    status_callback: str | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """`<Say>`: text to speech."""

    text: str


@dataclass(frozen=True, slots=True)
class Play:
    """`<Play>`: an audio file, which the simulator does not fetch."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    """`<Pause>`: silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hangup:
    """`<Hangup/>`."""


@dataclass(frozen=True, slots=True)
class Dial:
    """`<Dial>` with one `<Number>`: the caller hears ringing until the callee has heard the document at `url`.

    `action` provides the next document, whatever the result; without one the current document continues.
    """

    number: str
    url: str | None
    method: str
    action: str | None
    action_method: str
    caller_id: str | None
    timeout_s: int
    time_limit_s: int
    answer_on_bridge: bool


Verb = Stream | Say | Play | Pause | Hangup | Dial


@dataclass(frozen=True, slots=True)
class Document:
    """The verbs in order, and the parser's warnings."""

    verbs: tuple[Verb, ...]
    warnings: tuple[tuple[int, str], ...] = field(default=())


def parse(xml: str) -> Document:
    """Parse a document. Raises TwimlError: 11750 too long, 12100 not XML, 12200 an unsupported verb or attribute."""
    if len(xml.encode()) > MAX_CHARS:
        raise TwimlError(11750, "TwiML response body too large")
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise TwimlError(12100, "document type declarations are not allowed")
    try:
        root = ElementTree.fromstring(xml.strip())  # noqa: S314 - declarations are refused above
    except ElementTree.ParseError as error:
        raise TwimlError(12100, f"document parse failure: {error}") from error
    if root.tag != "Response":
        raise TwimlError(12200, f"<{root.tag}> is not <Response>")
    warnings: list[tuple[int, str]] = []
    verbs = tuple(_verb(element, warnings) for element in root)
    return Document(verbs, tuple(warnings))


def _verb(element: ElementTree.Element, warnings: list[tuple[int, str]]) -> Verb:
    text = (element.text or "").strip()
    match element.tag:
        case "Connect":
            return _stream(element, warnings)
        case "Say":
            return Say("".join(element.itertext()).strip())
        case "Play":
            return Play(text)
        case "Pause":
            length = element.get("length", "1")
            if not length.isdigit():
                raise TwimlError(12200, f"Pause length {length!r} is not a number")
            return Pause(float(length))
        case "Hangup":
            return Hangup()
        case "Dial":
            return _dial(element)
        case other:
            raise TwimlError(12200, f"<{other}> is not valid here")


def _dial(element: ElementTree.Element) -> Dial:
    """Parse `<Dial>` with one number. Raises TwimlError: 12200, 13224 an invalid number, 13214 an invalid caller id."""
    if unknown := sorted(set(element.attrib) - _DIAL):
        raise TwimlError(12200, f"<Dial> has no attribute {unknown[0]!r} here")
    nouns = list(element)
    if [noun.tag for noun in nouns] not in ([], ["Number"]) or (nouns and (element.text or "").strip()):
        raise TwimlError(12200, "<Dial> here holds one <Number>")
    number, noun = (nouns[0].text or "", nouns[0].attrib) if nouns else (element.text or "", {})
    if unknown := sorted(set(noun) - {"url", "method"}):
        raise TwimlError(12200, f"<Number> has no attribute {unknown[0]!r} here")
    if not _E164.fullmatch(number.strip()):
        raise TwimlError(13224, f"{number!r} is not a number in E.164")
    caller_id = element.get("callerId")
    if caller_id is not None and not _E164.fullmatch(caller_id):
        raise TwimlError(13214, f"callerId {caller_id!r} is not a number in E.164")
    bridge = element.get("answerOnBridge", "false")
    if bridge not in ("true", "false"):
        raise TwimlError(12200, f"answerOnBridge {bridge!r} is not true or false")
    return Dial(
        number=number.strip(),
        url=_absolute_url(noun.get("url"), "url"),
        method=_method(noun.get("method")),
        action=_absolute_url(element.get("action"), "action"),
        action_method=_method(element.get("method")),
        caller_id=caller_id,
        timeout_s=_seconds(element.get("timeout", "30"), "timeout", 600),
        time_limit_s=_seconds(element.get("timeLimit", "14400"), "timeLimit", 14400),
        answer_on_bridge=bridge == "true",
    )


def _absolute_url(url: str | None, name: str) -> str | None:
    if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise TwimlError(12200, f"{name} {url!r} is not an absolute http URL")
    return url


def _method(method: str | None) -> str:
    if (method or "POST") not in ("GET", "POST"):
        raise TwimlError(12200, f"method {method!r} is not GET or POST")
    return method or "POST"


def _seconds(value: str, name: str, most: int) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
        raise TwimlError(12200, f"{name} {value!r} is not a number from 1 to {most}")
    return int(value)


def _stream(connect: ElementTree.Element, warnings: list[tuple[int, str]]) -> Stream:
    if [child.tag for child in connect] != ["Stream"]:
        raise TwimlError(12200, "<Connect> here holds one <Stream>")
    element = connect[0]
    url = element.get("url", "")
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss"):
        raise TwimlError(31922, f"stream scheme {parts.scheme!r} is not wss")
    if not parts.hostname:
        raise TwimlError(31923, "stream url is malformed")
    if parts.scheme == "ws" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise TwimlError(31922, "ws without TLS is only accepted on loopback")
    if element.get("track", "inbound_track") != "inbound_track":
        raise TwimlError(31941, "a bidirectional stream has the inbound track only")
    if parts.query or parts.fragment:
        warnings.append((31920, "the stream url may not have a query string; it is dropped"))
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    parameters: dict[str, str] = {}
    for child in element:
        name, value = child.get("name"), child.get("value")
        if child.tag != "Parameter" or not name or value is None:
            raise TwimlError(12200, "<Stream> holds only <Parameter name value>")
        if len(name) + len(value) >= 500:
            raise TwimlError(12200, f"parameter {name!r} is over 500 characters")
        parameters[name] = value
    return Stream(url, parameters, element.get("statusCallback"))
