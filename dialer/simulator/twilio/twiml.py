"""TwiML as far as the dialer uses it (twilio.md §3), read by a real XML parser."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit
from xml.etree import ElementTree

LONGEST = 64_000


class TwimlError(ValueError):
    """A document that Twilio would not run, with the code of its debugger."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Stream:
    """`<Connect><Stream>`: bidirectional, blocks until the server closes."""

    url: str
    parameters: Mapping[str, str]
    status_callback: str | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """`<Say>`: words for the person."""

    text: str


@dataclass(frozen=True, slots=True)
class Play:
    """`<Play>`: a sound file, which this world does not fetch."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    """`<Pause>`: silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hangup:
    """`<Hangup/>`."""


Verb = Stream | Say | Play | Pause | Hangup


@dataclass(frozen=True, slots=True)
class Document:
    """The verbs to run in order, and warnings met while reading."""

    verbs: tuple[Verb, ...]
    warnings: tuple[tuple[int, str], ...] = field(default=())


def parse(xml: str) -> Document:
    """Read a document. Raises TwimlError: 11750 too long, 12100 not XML, 12200 a verb or attribute unknown here."""
    if len(xml.encode()) > LONGEST:
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
        case other:
            raise TwimlError(12200, f"<{other}> is not valid here")


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
        raise TwimlError(31922, "ws without TLS is only let through on loopback")
    if element.get("track", "inbound_track") != "inbound_track":
        raise TwimlError(31941, "a bidirectional stream has the inbound track only")
    if parts.query or parts.fragment:
        warnings.append((31920, "the stream url may not carry a query string: it is dropped"))
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
