"""What OpenAI's voice used, by the kinds that prices are asked for (openai-realtime.md §4, §4.1)."""

from collections.abc import Mapping
from typing import Any


def response_usage(usage: Mapping[str, Any]) -> Mapping[str, int]:
    """Token counts that prices are asked for: text and audio, in (cached apart) and out (§4.1)."""
    come_in = usage.get("input_token_details") or {}
    cached = come_in.get("cached_tokens_details") or {}
    go_out = usage.get("output_token_details") or {}
    counts = {
        "text_in": (come_in.get("text_tokens") or 0) - (cached.get("text_tokens") or 0),
        "audio_in": (come_in.get("audio_tokens") or 0) - (cached.get("audio_tokens") or 0),
        "text_cached": cached.get("text_tokens") or 0,
        "audio_cached": cached.get("audio_tokens") or 0,
        "text_out": go_out.get("text_tokens") or 0,
        "audio_out": go_out.get("audio_tokens") or 0,
    }
    return {kind: count for kind, count in counts.items() if count}


def transcription_usage(usage: Mapping[str, Any]) -> Mapping[str, int]:
    """What the transcriber is paid for: tokens, or with some models the length of the sound (§4)."""
    come_in = usage.get("input_token_details")
    come_in = come_in if isinstance(come_in, dict) else {}
    counts = {
        "transcribed_audio_in": _number(come_in.get("audio_tokens")),
        "transcribed_text_in": _number(come_in.get("text_tokens")),
        "transcribed_text_out": _number(usage.get("output_tokens")),
        "transcribed_ms": round(_number(usage.get("seconds")) * 1000),
    }
    return {kind: round(count) for kind, count in counts.items() if count}


def _number(value: object) -> float:
    """A count; 0 of anything else, for a bill must not cost the words it is for."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
