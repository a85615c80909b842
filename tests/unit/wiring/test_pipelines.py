"""Which voices from parts a settings file makes, and where their parts are."""

from typing import Any

import pytest
from pydantic import SecretStr

from dialer.settings import Settings
from dialer.voices.pipeline.urls import http_url, socket_url
from dialer.voices.session import PipelineVoice
from dialer.wiring.voices import make_voices

EVERY = (
    *("anthropic_api_key", "gemini_api_key", "co_api_key", "hf_token", "openai_api_key"),
    *("deepgram_api_key", "elevenlabs_api_key"),
)


def voices(*keys: str, **more: Any) -> set[str]:
    """The cascades that these keys make."""
    given = {name: SecretStr("k") for name in keys}
    made = make_voices(Settings(_env_file=None, **given, **more))
    return {name for name, voice in made.items() if isinstance(voice, PipelineVoice)}


def test_with_every_key_there_are_five() -> None:
    named = {f"cascade_{each}" for each in ("anthropic", "gemini", "cohere", "huggingface", "openai")}
    assert voices(*EVERY) == named


@pytest.mark.parametrize(
    ("keys", "stt", "tts", "expected"),
    [
        (["anthropic_api_key", "deepgram_api_key"], "deepgram", "deepgram", {"cascade_anthropic"}),
        (["anthropic_api_key", "deepgram_api_key"], "flux", "deepgram", {"cascade_anthropic"}),
        (["hf_token", "deepgram_api_key"], "deepgram", "elevenlabs", set()),
        (["hf_token", "deepgram_api_key", "elevenlabs_api_key"], "deepgram", "elevenlabs", {"cascade_huggingface"}),
        (["co_api_key", "elevenlabs_api_key"], "elevenlabs", "elevenlabs", {"cascade_cohere"}),
        (["openai_api_key"], "openai", "openai", {"cascade_openai"}),
        (["openai_api_key"], "deepgram", "openai", set()),
        (["deepgram_api_key"], "deepgram", "deepgram", set()),
    ],
)
def test_a_cascade_is_there_where_the_keys_of_all_its_three_parts_are(
    keys: list[str], stt: str, tts: str, expected: set[str]
) -> None:
    assert voices(*keys, dialer_cascade_stt=stt, dialer_cascade_tts=tts) == expected


def test_a_base_keeps_its_path_and_http_becomes_ws() -> None:
    assert socket_url("https://a.example.com", "/v1/x", []) == "wss://a.example.com/v1/x"
    assert socket_url("http://127.0.0.1:1/deepgram/", "/v1/x", [("k", "a b")]) == "ws://127.0.0.1:1/deepgram/v1/x?k=a+b"
    assert socket_url("wss://a.example.com/v1", "/x", []) == "wss://a.example.com/v1/x"
    assert http_url("https://a.example.com/v1", "/audio/speech") == "https://a.example.com/v1/audio/speech"
