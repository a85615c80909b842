"""Creates the voices from the settings; only this module and `pipelines` import concrete voices."""

from functools import partial

from dialer.net.websocket.picows_backend import PicowsBackend
from dialer.net.websocket.port import WebSocketBackend
from dialer.net.websocket.websockets_backend import WebSocketsBackend
from dialer.settings import Settings
from dialer.voices.gemini import live as gemini_live
from dialer.voices.openai import beta as openai_beta
from dialer.voices.openai import realtime
from dialer.voices.session import AnyVoice, Voice
from dialer.wiring.pipelines import make_pipelines

NAMES = (
    "openai_realtime",
    "gemini_live",
    "cascade_anthropic",
    "cascade_gemini",
    "cascade_cohere",
    "cascade_huggingface",
    "cascade_openai",
)
"""Every voice that a script can use, with or without a key."""


def make_sockets(settings: Settings) -> WebSocketBackend:
    """Create the configured WebSocket backend."""
    return WebSocketsBackend() if settings.dialer_bridge_sockets == "websockets" else PicowsBackend()


def make_voices(settings: Settings) -> dict[str, AnyVoice]:
    """Create every voice with a key, by the name that scripts use."""
    voices: dict[str, AnyVoice] = {**make_pipelines(settings)}
    if settings.openai_api_key:
        key, url = settings.openai_api_key.get_secret_value(), settings.openai_realtime_url
        beta = settings.openai_realtime_dialect == "beta"
        voices["openai_realtime"] = Voice(
            name="openai_realtime",
            model=settings.openai_realtime_model,
            url=partial(realtime.address, url),
            headers=openai_beta.headers(key) if beta else realtime.headers(key, url),
            codec=openai_beta.OpenAIBeta if beta else realtime.OpenAIRealtime,
            capabilities=realtime.CAPABILITIES,
        )
    if settings.gemini_api_key:
        voices["gemini_live"] = Voice(
            name="gemini_live",
            model=settings.gemini_live_model,
            url=partial(gemini_live.url, settings.gemini_url),
            headers=gemini_live.headers(settings.gemini_api_key.get_secret_value()),
            codec=gemini_live.GeminiLive,
            capabilities=gemini_live.CAPABILITIES,
        )
    return voices
