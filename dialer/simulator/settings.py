"""What a simulated world is told when it is made."""

from dataclasses import dataclass
from typing import Literal

GA_MODELS = (
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-realtime-2",
    "gpt-realtime-1.5",
    "gpt-realtime",
    "gpt-realtime-2025-08-28",
    "gpt-realtime-mini",
    "gpt-realtime-mini-2025-10-06",
    "gpt-realtime-mini-2025-12-15",
)


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """One world: who may use it, how fast its time runs, how its model behaves.

    `speed` divides every wait of the world: frames, ringing, thinking, pauses between callbacks. Stream times and call
    durations stay in the milliseconds and seconds of the call. Delays named in fault rules, and the 15 seconds given to
    a webhook, are real seconds, since they are aimed at the product's own timers. The model names are those of
    openai-realtime.md §9.
    """

    host: str = "127.0.0.1"
    port: int = 0
    realtime_port: int = 0
    account_sid: str = "AC0123456789abcdef0123456789abcdef"
    auth_token: str = "12345678901234567890123456789012"  # noqa: S105 - invented, the one of the signature vectors
    openai_key: str = "sk-simulated"
    from_numbers: tuple[str, ...] = ("+15005550006",)
    exotel_account_sid: str = "exampleacct1"
    exotel_api_key: str = "0123456789abcdef"
    exotel_api_token: str = "fedcba9876543210"  # noqa: S105 - invented
    exotel_numbers: tuple[str, ...] = ("08040000000",)
    exotel_dnd: tuple[str, ...] = ()
    """Numbers that Exotel refuses to ring because they are registered as not to be disturbed."""
    exotel_per_minute: int = 200
    exotel_encoding: Literal["json", "urlencoded", "multipart"] = "json"
    gemini_key: str = "AIza-simulated"
    gemini_models: tuple[str, ...] = ("gemini-2.5-flash-native-audio-preview-12-2025", "gemini-3.8-live")
    geo_blocked: tuple[str, ...] = ()
    speed: float = 1.0
    calls_per_second: float = 1.0
    models: tuple[str, ...] = GA_MODELS
    thinking_s: float = 0.35
    transcription_s: float = 0.8
    generation_rate: float = 6.0
    session_s: float = 3600.0
    webhook_timeout_s: float = 15.0
