"""Faults that a test orders for the world, each used up as often as it says (reliability.md §3.1, §3.2).

A rule names the place, what goes wrong there, and optionally the number rung; `count` -1 means until it is deleted.

create
    `too_many` (429 with `retry_after`), `unauthorized` (401), `error_before` and `error_after` (500 before or after the
    call was accepted), `drop_before` and `drop_after` (the connection is cut), `delay` (accepted, answered `seconds`
    later).
webhook
    `lose`, `duplicate` (`times` deliveries in all), `reverse` (held back until the last one, then sent last first),
    `delay` (`seconds`). `event` narrows to one kind: initiated, ringing, answered, a final status, amd, twiml,
    recording, stream-started, stream-stopped, stream-error.
list
    `lag`: calls younger than `seconds` are not listed.
media
    `never_connect`, `drop` (the socket is cut at `ms`), `no_stop` (it ends without the stop message), `malformed` (a
    broken text frame at `ms`), `silence` (no more frames from `ms` on).
model
    `refuse` (the handshake is answered with `status`), `close` (1011 after `ms` of audio), `expire` (session_expired
    and 1001 after `ms`), `silence` (answers nothing from `ms` on), `stall` (a response is created and never goes on,
    while transcripts and speech events keep coming), `failed` (a response fails with `code`), `slow` (a
    response starts to speak or act `seconds` late), `late_transcript` (it comes `seconds` late), `bad_arguments` and
    `unknown_tool` (of a tool call), `go_away` (at `ms`, the socket ends `seconds` later) and `forget` (a session that is
    to be gone on with is not known any more): the last two of Gemini alone.
text, stt, tts
    `refuse` (answered with `status`, and `retry_after` where that is 429 or 503), `slow` (the first word or sound, or a
    final transcript, comes `seconds` late), `drop` (the connection is cut: in the middle of a text, or at `ms` of
    sound), `silence` (nothing more comes, from the middle of a text or `ms` of sound on), `failed` (the provider's own
    error message in the middle). Of text also `bad_arguments` and `unknown_tool`. `event` narrows to one provider:
    anthropic, openai, gemini, cohere, huggingface, deepgram, flux, elevenlabs.
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
    """A fault rule that names nothing this world can do."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. `to` is matched against the number rung, except for the model, which never knows it."""

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
            raise FaultError(f"no fault {self.does!r} at {self.where!r}")


def fault_from_json(raw: Mapping[str, Any]) -> Fault:
    """A rule as posted to `/_world/faults`. Raises FaultError on an unknown key, kind or type."""
    names = {field.name for field in fields(Fault)}
    hints = get_type_hints(Fault)
    for key, value in raw.items():
        if key not in names:
            raise FaultError(f"unknown key {key!r}")
        wanted = (int, float) if hints[key] is float else hints[key]
        if not isinstance(value, wanted) or (isinstance(value, bool)):
            raise FaultError(f"{key!r} has the wrong type")
    if "where" not in raw or "does" not in raw:
        raise FaultError("'where' and 'does' are needed")
    return Fault(**raw)


class Faults:
    """The rules in force, in the order in which they were added."""

    def __init__(self) -> None:
        self._rules: list[tuple[Fault, int]] = []

    def add(self, *rules: Fault) -> None:
        """Put rules in force."""
        self._rules += [(rule, rule.count) for rule in rules]

    def clear(self) -> None:
        """Take all rules away."""
        self._rules = []

    def take(self, where: str, *does: str, to: str | None = None, event: str | None = None) -> Fault | None:
        """Use up the first rule that fits; None if nothing is to go wrong."""
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
        """What is in force, with `count` as what is left."""
        return [{**asdict(rule), "count": left} for rule, left in self._rules]
