"""Settings of the simulator."""

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

ANTHROPIC_MODELS = (
    *("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-sonnet-5", "claude-opus-5"),
    *("claude-sonnet-4-6", "claude-opus-4-6", "claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-opus-4-5"),
    *("claude-opus-4-5-20251101", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
)
OPENAI_MODELS = (
    *("gpt-6-luna", "gpt-6-sol", "gpt-5.6-luna", "gpt-5.6-terra", "gpt-5.6-sol", "gpt-5.5", "gpt-5.4", "gpt-5.4-mini"),
    *("gpt-5.4-nano", "gpt-5.2", "gpt-5.1", "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1", "gpt-4.1-mini"),
    *("gpt-4.1-nano", "gpt-4o", "gpt-4o-mini", "o4-mini"),
)
GEMINI_TEXT_MODELS = (
    *("gemini-3.8-pro", "gemini-3.8-flash", "gemini-3-pro-preview", "gemini-3-flash-preview", "gemini-3.1-pro-preview"),
    *("gemini-3.1-flash-lite", "gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-flash-latest"),
)
COHERE_MODELS = (
    *("command-a-03-2025", "command-a-reasoning-08-2025", "command-a-vision-07-2025", "command-r7b-12-2024"),
    *("command-r-08-2024", "command-r-plus-08-2024"),
)
HF_MODELS = (
    *("meta-llama/Llama-3.3-70B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen3-32B"),
    *("Qwen/Qwen3-235B-A22B-Instruct-2507", "Qwen/Qwen2.5-72B-Instruct", "openai/gpt-oss-120b", "openai/gpt-oss-20b"),
    *("deepseek-ai/DeepSeek-V3.2", "moonshotai/Kimi-K2-Instruct", "zai-org/GLM-4.6"),
)
ELEVENLABS_VOICES = (
    *("21m00Tcm4TlvDq8ikWAM", "EXAVITQu4vr4xnSDxMaL", "cgSgspJ2msm6clMCkdW9", "FGY2WhTYpPnrIDTdsKH5"),
    *("XB0fDUnXU5powFXDhCwa", "Xb7hH8MSUJpSbSDYk0k2", "XrExE9yKIg1WjnnlVkGX", "pFZP5JQG7iQjIQuC4Bku"),
    *("9BWtsMINqrJLrRacOk9x", "JBFqnCBsd6RMkjVDRZzb", "pNInz6obpgDQGcFmaJgB", "nPczCjzI2devNBz1zQrb"),
)


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """Credentials, speed and model behavior of one simulator.

    `speed` divides every wait: frames, ringing, thinking, pauses between callbacks. Stream times and call durations stay
    in simulated milliseconds and seconds. Delays in fault rules, and the 15 seconds that a webhook may take, are real
    seconds, because they test the product's own timers. Realtime model names are those of the OpenAI models page; those
    of the text models come from the vendors' own SDK packages.
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
    """Numbers that Exotel refuses to call because they are registered as DND."""
    exotel_per_minute: int = 200
    exotel_encoding: Literal["json", "urlencoded", "multipart"] = "json"
    gemini_key: str = "AIza-simulated"
    gemini_models: tuple[str, ...] = ("gemini-2.5-flash-native-audio-preview-12-2025", "gemini-3.8-live")
    anthropic_key: str = "sk-ant-simulated"
    anthropic_models: tuple[str, ...] = ANTHROPIC_MODELS
    openai_models: tuple[str, ...] = OPENAI_MODELS
    gemini_text_models: tuple[str, ...] = GEMINI_TEXT_MODELS
    cohere_key: str = "co-simulated"
    cohere_models: tuple[str, ...] = COHERE_MODELS
    hf_token: str = "hf_simulated"  # noqa: S105 - invented
    hf_models: tuple[str, ...] = HF_MODELS
    deepgram_key: str = "dg-simulated"
    elevenlabs_key: str = "xi-simulated"
    elevenlabs_voices: tuple[str, ...] = ELEVENLABS_VOICES
    geo_blocked: tuple[str, ...] = ()
    speed: float = 1.0
    calls_per_second: float = 1.0
    models: tuple[str, ...] = GA_MODELS
    thinking_s: float = 0.35
    transcription_s: float = 0.8
    generation_rate: float = 6.0
    session_s: float = 3600.0
    webhook_timeout_s: float = 15.0
