"""The voices of the bridge, made from its settings: the only place that names concrete ones."""

from functools import partial

from dialer.settings import Settings
from dialer.voices import openai_realtime
from dialer.voices.port import AnyVoice, Voice


def make_voices(settings: Settings) -> dict[str, AnyVoice]:
    """Every voice with a key, by the name that scripts use."""
    voices: dict[str, AnyVoice] = {}
    if settings.openai_api_key:
        voices["openai_realtime"] = Voice(
            name="openai_realtime",
            model=settings.openai_realtime_model,
            address=partial(openai_realtime.address, settings.openai_realtime_url),
            headers=openai_realtime.headers(settings.openai_api_key.get_secret_value()),
            codec=openai_realtime.OpenAIRealtime,
            profile=openai_realtime.PROFILE,
        )
    return voices
