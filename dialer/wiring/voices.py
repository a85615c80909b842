"""The voices of the bridge, made from its settings: the only place that names concrete ones."""

from dialer.settings import Settings
from dialer.voices import openai_realtime
from dialer.voices.port import Voice


def make_voices(settings: Settings) -> dict[str, Voice]:
    """Every voice with a key, by the name that scripts use."""
    voices: dict[str, Voice] = {}
    if settings.openai_api_key:
        voices["openai_realtime"] = Voice(
            name="openai_realtime",
            model=settings.openai_realtime_model,
            address=openai_realtime.address(settings.openai_realtime_url, settings.openai_realtime_model),
            headers=openai_realtime.headers(settings.openai_api_key.get_secret_value()),
            codec=openai_realtime.OpenAIRealtime,
            profile=openai_realtime.PROFILE,
        )
    return voices
