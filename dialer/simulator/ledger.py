"""The oracle: what truly happened in the world, whatever anybody was told (reliability.md §3.1).

Every call the carrier accepted, every webhook it sent and the answer to it, every realtime session. Entries only grow.
Dates are ISO 8601 in UTC; `ms` are milliseconds of the media stream.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from dialer.simulator.clock import now


def stamp() -> str:
    """Now, as the ledger writes it."""
    return now().isoformat()


@dataclass(slots=True)
class Play:
    """A run of sound that left the play-out buffer without a gap."""

    start_ms: int
    end_ms: int
    bytes: int


@dataclass(slots=True)
class Cleared:
    """A `clear`: what was thrown away unheard, and the marks that came back because of it."""

    at_ms: int
    bytes: int
    marks: list[str]


@dataclass(slots=True)
class MarkEcho:
    """A mark sent back; `heard` is false when a clear returned it."""

    name: str
    at_ms: int
    heard: bool


@dataclass(slots=True)
class Spoken:
    """Words on the line: by the student from `at_ms`, or by AVA as far as they were heard."""

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
    """A warning: Twilio's debugger's, by the code of twilio.md §6, or Exotel's, by a bound, a status or a close code."""

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
    """The call out of which this one was dialled."""
    said: list[str] = field(default_factory=list)
    """What the carrier itself said on it, as far as it was heard."""
    connected: str | None = None
    """When it was connected to its parent."""
    streams: list[StreamEntry] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    carrier: str = "twilio"

    def warn(self, code: int, text: str) -> None:
        """Note a warning, once per code and call."""
        if all(warned.code != code for warned in self.warnings):
            self.warnings.append(Warned(code, text))


@dataclass(slots=True)
class WebhookEntry:
    """One try to deliver a webhook; `status` is None when no answer came, and `lost` when a fault kept it back."""

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
    """A tool call of the model and the output it was given."""

    call_id: str
    name: str
    arguments: str
    output: str | None = None


@dataclass(slots=True)
class TruncationEntry:
    """A `conversation.item.truncate` that was accepted."""

    item_id: str
    audio_end_ms: int
    generated_ms: int
    text: str


@dataclass(slots=True)
class TurnEntry:
    """What the model heard (by its ears, not by a script) or said."""

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
    """What was told to the model as the system."""
    responses: list[tuple[str, str]] = field(default_factory=list)
    audio_ms: int = 0


@dataclass(slots=True)
class ServiceEntry:
    """One request to a text model, or one session of speech to text or text to speech, that was let in."""

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
    """What the service would not take, in its own words."""
    tools: list[ToolEntry] = field(default_factory=list)
    turns: list[TurnEntry] = field(default_factory=list)
    """What was heard (`student`, or `echo` of AVA's own voice), written or spoken (`ava`)."""
    audio_ms: int = 0
    """Sound taken in or given out."""
    dropped: int = 0
    """How many answers were thrown away unfinished because the client asked for it."""


@dataclass(slots=True)
class Refusal:
    """A request that was not accepted: a create with an error, a handshake, a wrong password."""

    what: str
    status: int
    code: int | str
    to: str | None = None
    at: str = field(default_factory=stamp)


@dataclass(slots=True)
class TextEntry:
    """A short text that was taken."""

    sid: str
    to: str
    sender: str
    body: str
    at: str = field(default_factory=stamp)


@dataclass(slots=True)
class Ledger:
    """All entries, in the order in which they began."""

    calls: list[CallEntry] = field(default_factory=list)
    webhooks: list[WebhookEntry] = field(default_factory=list)
    sessions: list[RealtimeEntry] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    texts: list[TextEntry] = field(default_factory=list)
    services: list[ServiceEntry] = field(default_factory=list)

    def services_of(self, provider: str, does: str) -> list[ServiceEntry]:
        """Every request or session of one provider that does one thing."""
        return [entry for entry in self.services if (entry.provider, entry.does) == (provider, does)]

    def calls_to(self, number: str) -> list[CallEntry]:
        """Every call that rang, or was to ring, this number."""
        return [call for call in self.calls if call.to == number]

    def webhooks_of(self, call_sid: str) -> list[WebhookEntry]:
        """Every try to tell the product about one call."""
        return [hook for hook in self.webhooks if hook.call_sid == call_sid]

    def clear(self) -> None:
        """Forget everything; entries of calls still running are no longer reachable."""
        for entries in (self.calls, self.webhooks, self.sessions, self.refusals, self.services, self.texts):
            entries.clear()

    def only(self, to: str) -> "Ledger":
        """The calls to one number with their webhooks and refusals; sessions belong to no number."""
        calls = self.calls_to(to)
        sids = {call.sid for call in calls}
        hooks = [hook for hook in self.webhooks if hook.call_sid in sids]
        return Ledger(calls, hooks, [], [refusal for refusal in self.refusals if refusal.to == to])

    def as_json(self) -> bytes:
        """All entries, as one JSON object with the names of this page."""
        return msgspec.json.encode(self)
