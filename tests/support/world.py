"""What a dialer needs to reach every voice and provider of a simulated world."""

from typing import Any

from dialer.simulator.world import World


def keys(world: World, **other: Any) -> dict[str, Any]:
    """Settings that reach every service of the world."""
    known = world.settings
    return {
        "openai_api_key": known.openai_key,
        "openai_url": world.openai_url,
        "openai_realtime_url": world.realtime_url,
        "openai_model": known.openai_models[0],
        "anthropic_api_key": known.anthropic_key,
        "anthropic_url": world.anthropic_url,
        "anthropic_model": known.anthropic_models[0],
        "gemini_api_key": known.gemini_key,
        "gemini_url": world.gemini_url,
        "gemini_model": known.gemini_text_models[0],
        "co_api_key": known.cohere_key,
        "co_url": world.cohere_url,
        "co_model": known.cohere_models[0],
        "hf_token": known.hf_token,
        "hf_url": world.hf_url,
        "hf_model": known.hf_models[0],
        "deepgram_api_key": known.deepgram_key,
        "deepgram_url": world.deepgram_url,
        "elevenlabs_api_key": known.elevenlabs_key,
        "elevenlabs_url": world.elevenlabs_url,
        **other,
    }
