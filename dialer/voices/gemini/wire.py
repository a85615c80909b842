"""Gemini Live's messages, as typed as they come (gemini-live.md §1). Both spellings of a key are read, camel case is sent."""

from collections.abc import Mapping
from typing import Any

import msgspec


class Blob(msgspec.Struct, rename="camel", gc=False):
    """Sound, in base64."""

    data: str = ""
    mime_type: str = ""


class Part(msgspec.Struct, rename="camel", gc=False):
    """A piece of what the model makes."""

    inline_data: Blob | None = None
    text: str = ""


class Turn(msgspec.Struct, gc=False):
    """What the model makes."""

    parts: list[Part] = []


class Transcription(msgspec.Struct, gc=False):
    """Words of one side, as far as they came."""

    text: str = ""
    finished: bool = False


class ServerContent(msgspec.Struct, rename="camel", gc=False):
    """What happens in the conversation."""

    model_turn: Turn | None = None
    input_transcription: Transcription | None = None
    output_transcription: Transcription | None = None
    interrupted: bool = False
    generation_complete: bool = False
    turn_complete: bool = False


class FunctionCall(msgspec.Struct, gc=False):
    """A tool that the model calls; its arguments are an object, not a text."""

    id: str = ""
    name: str = ""
    args: dict[str, Any] = {}


class ToolCall(msgspec.Struct, rename="camel", gc=False):
    """Tools that the model calls."""

    function_calls: list[FunctionCall] = []


class Cancelled(msgspec.Struct, gc=False):
    """Calls that are not to be answered any more."""

    ids: list[str] = []


class GoAway(msgspec.Struct, rename="camel", gc=False):
    """The connection ends soon; a duration such as `50s`."""

    time_left: str = ""


class Resumption(msgspec.Struct, rename="camel", gc=False):
    """What another connection may begin with."""

    new_handle: str = ""
    resumable: bool = False


class TokenCount(msgspec.Struct, rename="camel", gc=False):
    """Tokens of one modality."""

    modality: str = ""
    token_count: int = 0


class Usage(msgspec.Struct, rename="camel", gc=False):
    """What was used, beside any other message."""

    prompt_tokens_details: list[TokenCount] = []
    response_tokens_details: list[TokenCount] = []


class ServerMessage(msgspec.Struct, rename="camel", gc=False):
    """One message of the server."""

    setup_complete: dict[str, Any] | None = None
    server_content: ServerContent | None = None
    tool_call: ToolCall | None = None
    tool_call_cancellation: Cancelled | None = None
    go_away: GoAway | None = None
    session_resumption_update: Resumption | None = None
    usage_metadata: Usage | None = None


KNOWN = frozenset(
    {
        *("setupComplete", "serverContent", "toolCall", "toolCallCancellation", "goAway", "sessionResumptionUpdate"),
        *("usageMetadata", "voiceActivity"),
    }
)
decode = msgspec.json.Decoder(ServerMessage).decode
keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def seconds(duration: str) -> float:
    """A duration as protobuf writes it (`9.5s`); 0 of anything else."""
    number = duration.removesuffix("s")
    try:
        return max(0.0, float(number))
    except ValueError:
        return 0.0


def usage_of(usage: Usage) -> Mapping[str, int]:
    """Token counts by the kinds that prices are asked for."""
    counts: dict[str, int] = {}
    for way, details in (("in", usage.prompt_tokens_details), ("out", usage.response_tokens_details)):
        for each in details:
            kind = f"{'audio' if each.modality.upper() == 'AUDIO' else 'text'}_{way}"
            counts[kind] = counts.get(kind, 0) + each.token_count
    return {kind: count for kind, count in counts.items() if count > 0}
