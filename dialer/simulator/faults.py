"""Fault injection: rules that make the simulator misbehave.

A rule names the place, the fault, and optionally the called number. It applies `count` times; -1 means until it is
deleted.

create
    `too_many` (429 with `retry_after`), `unauthorized` (401), `error_before` and `error_after` (500 before or after the
    call was accepted), `drop_before` and `drop_after` (the connection is reset), `delay` (accepted, but the response
    is `seconds` late).
webhook
    `lose`, `duplicate` (`times` deliveries in all), `reverse` (held back until the last one, then sent in reverse
    order), `delay` (`seconds`). `event` limits the rule to one event: initiated, ringing, answered, a final status,
    amd, twiml, recording, stream-started, stream-stopped, stream-error.
list
    `lag`: calls younger than `seconds` are not listed.
media
    `never_connect`, `drop` (the socket is reset at `ms`), `no_stop` (it ends without a stop message), `malformed` (an
    invalid text frame at `ms`), `silence` (no frames from `ms` on).
model
    `refuse` (the handshake fails with `status`), `close` (1011 after `ms` of audio), `expire` (session_expired and
    1001 after `ms`), `silence` (no responses from `ms` on), `stall` (a response is created and never continues, while
    transcripts and speech events keep coming), `failed` (a response fails with `code`), `slow` (a response starts to
    speak or call a tool `seconds` late), `late_transcript` (the transcript is `seconds` late), `bad_arguments` and
    `unknown_tool` (in a tool call). Gemini only: `go_away` (at `ms`; the socket closes `seconds` later) and `forget`
    (the resumption handle of a session is no longer known).
text, stt, tts
    `refuse` (fails with `status`, and `retry_after` if that is 429 or 503), `slow` (the first token or audio, or a final
    transcript, is `seconds` late), `drop` (the connection is reset: in the middle of a text, or at `ms` of audio),
    `silence` (the output stops in the middle of a text or at `ms` of audio), `failed` (the provider's error message in
    the middle). For text also `bad_arguments` and `unknown_tool`. `event` limits the rule to one provider: anthropic,
    openai, gemini, cohere, huggingface, deepgram, flux, elevenlabs.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, get_type_hints

_OF_SERVICES = frozenset({"refuse", "slow", "drop", "silence", "failed"})
KINDS: Mapping[str, frozenset[str]] = {
    "create": frozenset(
        {"too_many", "unauthorized", "error_before", "error_after", "drop_before", "drop_after", "delay"}
    ),
    "webhook": frozenset({"lose", "duplicate", "reverse", "delay"}),
    "list": frozenset({"lag"}),
    "media": frozenset({"never_connect", "drop", "no_stop", "malformed", "silence"}),
    "model": frozenset(
        {
            "refuse",
            "close",
            "expire",
            "silence",
            "stall",
            "failed",
            "slow",
            "late_transcript",
            "bad_arguments",
            "unknown_tool",
            "go_away",
            "forget",
        }
    ),
    "text": _OF_SERVICES | {"bad_arguments", "unknown_tool"},
    "stt": _OF_SERVICES,
    "tts": _OF_SERVICES,
}


class FaultError(ValueError):
    """The fault rule is invalid."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. `to` is matched against the called number, except for models, which do not know it."""

    where: str
    does: str
    to: str | None = None
    count: int = 1
    seconds: float = 0.0
    ms: int = 0
    times: int = 2
    event: str | None = None
    status: int = 401
    code: str = "rate_limit_exceeded"
    retry_after: int | None = 1

    def __post_init__(self) -> None:
        if self.does not in KINDS.get(self.where, frozenset()):
            raise FaultError(f"unknown fault {self.does!r} at {self.where!r}")


def fault_from_json(raw: Mapping[str, Any]) -> Fault:
    """Parse a rule posted to `/_world/faults`. Raises FaultError for an unknown key, fault or a wrong type."""
    names = {field.name for field in fields(Fault)}
    hints = get_type_hints(Fault)
    for key, value in raw.items():
        if key not in names:
            raise FaultError(f"unknown key {key!r}")
        expected = (int, float) if hints[key] is float else hints[key]
        if not isinstance(value, expected) or (isinstance(value, bool)):
            raise FaultError(f"{key!r} has the wrong type")
    if "where" not in raw or "does" not in raw:
        raise FaultError("'where' and 'does' are required")
    return Fault(**raw)


class Faults:
    """The active rules, in the order they were added."""

    def __init__(self) -> None:
        self._rules: list[tuple[Fault, int]] = []

    def add(self, *rules: Fault) -> None:
        """Activate rules."""
        self._rules += [(rule, rule.count) for rule in rules]

    def clear(self) -> None:
        """Remove all rules."""
        self._rules = []

    def take(self, where: str, *does: str, to: str | None = None, event: str | None = None) -> Fault | None:
        """Consume one use of the first matching rule and return it; None without a match."""
        for place, (rule, left) in enumerate(self._rules):
            if rule.where != where or (does and rule.does not in does):
                continue
            if (rule.to is not None and to is not None and rule.to != to) or (rule.event not in (None, event)):
                continue
            if left > 0:
                self._rules[place] = (rule, left - 1)
                if left == 1:
                    del self._rules[place]
            return rule
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the active rules, with `count` as the uses left."""
        return [{**asdict(rule), "count": left} for rule, left in self._rules]
