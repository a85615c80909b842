"""The ledger: the test oracle of what really happened in the simulator, including what the product never heard of.

Every call the carrier accepted, every webhook it sent and its response, every realtime session. Entries only grow.
Dates are ISO 8601 in UTC; `ms` are milliseconds of the media stream.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from dialer.simulator.clock import now


def stamp() -> str:
    """Return the current time in the ledger's format."""
    return now().isoformat()


@dataclass(slots=True)
class Play:
    """Audio that left the playout buffer without a gap."""

    start_ms: int
    end_ms: int
    bytes: int


@dataclass(slots=True)
class Cleared:
    """A `clear` message: the audio discarded unheard, and the marks it returned."""

    at_ms: int
    bytes: int
    marks: list[str]


@dataclass(slots=True)
class MarkEcho:
    """A mark sent back; `heard` is False if a clear returned it."""

    name: str
    at_ms: int
    heard: bool


@dataclass(slots=True)
class Spoken:
    """Words on the call: by the student from `at_ms`, or by AVA; `fraction` is the share that was heard."""

    who: str
    text: str
    at_ms: int
    fraction: float


@dataclass(slots=True)
class StreamEntry:
    """One media stream."""

    sid: str
    url: str
    parameters: dict[str, str]
    opened: str | None = None
    ended_by: str | None = None
    frames_sent: int = 0
    bytes_received: int = 0
    played: list[Play] = field(default_factory=list)
    cleared: list[Cleared] = field(default_factory=list)
    marks: list[MarkEcho] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    lagged_ms: float = 0.0


@dataclass(slots=True)
class Warned:
    """A warning: for Twilio the code of its debugger; for Exotel the limit exceeded, or an HTTP status or close code."""

    code: int
    text: str


@dataclass(slots=True)
class CallEntry:
    """One call that the carrier accepted."""

    sid: str
    to: str
    from_: str
    student: str
    expects: str
    params: dict[str, list[str]]
    created: str = field(default_factory=stamp)
    statuses: list[tuple[str, str]] = field(default_factory=list)
    rang: str | None = None
    answered: str | None = None
    ended: str | None = None
    ended_by: str | None = None
    duration_s: int | None = None
    answered_by: str | None = None
    parent: str | None = None
    """The call that dialed this one (`<Dial>`)."""
    said: list[str] = field(default_factory=list)
    """The carrier's own announcements (`<Say>`) that were heard to the end."""
    connected: str | None = None
    """When this call was connected to its parent."""
    streams: list[StreamEntry] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    carrier: str = "twilio"

    def warn(self, code: int, text: str) -> None:
        """Record a warning, once per code and call."""
        if all(warned.code != code for warned in self.warnings):
            self.warnings.append(Warned(code, text))


@dataclass(slots=True)
class WebhookEntry:
    """One delivery attempt of a webhook; `status` is None without a response; `lost` means a fault suppressed it."""

    call_sid: str
    event: str
    url: str
    params: dict[str, str]
    at: str
    status: int | None = None
    error: str | None = None
    lost: bool = False


@dataclass(slots=True)
class ToolEntry:
    """A tool call of the model and the output it received."""

    call_id: str
    name: str
    arguments: str
    output: str | None = None


@dataclass(slots=True)
class TruncationEntry:
    """An accepted `conversation.item.truncate`."""

    item_id: str
    audio_end_ms: int
    generated_ms: int
    text: str


@dataclass(slots=True)
class TurnEntry:
    """One turn: what the model heard (recognized from the audio, not taken from the script) or said."""

    who: str
    text: str
    item_id: str
    at_ms: int
    fraction: float = 1.0


@dataclass(slots=True)
class RealtimeEntry:
    """One realtime session."""

    id: str
    model: str
    opened: str = field(default_factory=stamp)
    closed: str | None = None
    close_code: int | None = None
    config: dict[str, Any] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    tools: list[ToolEntry] = field(default_factory=list)
    truncations: list[TruncationEntry] = field(default_factory=list)
    turns: list[TurnEntry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """System messages sent to the model."""
    responses: list[tuple[str, str]] = field(default_factory=list)
    audio_ms: int = 0


@dataclass(slots=True)
class ServiceEntry:
    """One accepted request to a text model, or one accepted STT or TTS session."""

    id: str
    provider: str
    does: str
    """`text`, `stt` or `tts`."""
    model: str
    config: dict[str, Any]
    """The body of a request, the query of a socket."""
    opened: str = field(default_factory=stamp)
    closed: str | None = None
    close_code: int | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    """The errors the service returned."""
    tools: list[ToolEntry] = field(default_factory=list)
    turns: list[TurnEntry] = field(default_factory=list)
    """Turns heard (`student`, or `echo` of AVA's own voice), and turns written or spoken (`ava`)."""
    audio_ms: int = 0
    """Audio received or produced."""
    dropped: int = 0
    """Unfinished outputs discarded at the client's request."""


@dataclass(slots=True)
class Refusal:
    """A rejected request: a failed create, handshake or authentication."""

    what: str
    status: int
    code: int | str
    to: str | None = None
    at: str = field(default_factory=stamp)


@dataclass(slots=True)
class TextEntry:
    """An accepted text message."""

    sid: str
    to: str
    sender: str
    body: str
    at: str = field(default_factory=stamp)


@dataclass(slots=True)
class Ledger:
    """All entries, in order of their start."""

    calls: list[CallEntry] = field(default_factory=list)
    webhooks: list[WebhookEntry] = field(default_factory=list)
    sessions: list[RealtimeEntry] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    texts: list[TextEntry] = field(default_factory=list)
    services: list[ServiceEntry] = field(default_factory=list)

    def services_of(self, provider: str, does: str) -> list[ServiceEntry]:
        """Return the requests or sessions of one provider and kind (`text`, `stt`, `tts`)."""
        return [entry for entry in self.services if (entry.provider, entry.does) == (provider, does)]

    def calls_to(self, number: str) -> list[CallEntry]:
        """Return every accepted call to this number."""
        return [call for call in self.calls if call.to == number]

    def webhooks_of(self, call_sid: str) -> list[WebhookEntry]:
        """Return every delivery attempt of webhooks about one call."""
        return [hook for hook in self.webhooks if hook.call_sid == call_sid]

    def clear(self) -> None:
        """Remove all entries; those of running calls become unreachable."""
        for entries in (self.calls, self.webhooks, self.sessions, self.refusals, self.services, self.texts):
            entries.clear()

    def only(self, to: str) -> "Ledger":
        """Return the calls to one number with their webhooks and refusals; sessions have no number."""
        calls = self.calls_to(to)
        sids = {call.sid for call in calls}
        hooks = [hook for hook in self.webhooks if hook.call_sid in sids]
        return Ledger(calls, hooks, [], [refusal for refusal in self.refusals if refusal.to == to])

    def as_json(self) -> bytes:
        """Return all entries as one JSON object, with this module's field names."""
        return msgspec.json.encode(self)
