"""The doctor's look at the voices: each with a key is set up, given a second of sound, and made to say a word."""

from dialer.ava.tool_schemas import specs
from dialer.net.websocket.port import WebSocketBackend
from dialer.settings import Settings
from dialer.voices.port import SessionConfig
from dialer.voices.preflight import INSTRUCTIONS, preflight
from dialer.voices.session import AnyVoice, close_all
from dialer.wiring.voices import make_sockets, make_voices

SETUP = SessionConfig(
    instructions=INSTRUCTIONS,
    tools=specs(),
    voice_id="ash",
    vad_threshold=0.8,
    vad_prefix_ms=300,
    vad_silence_ms=1000,
    transcription_model="gpt-transcribe",
    language="en",
    languages=("en", "hi"),
)
"""As the shipped script has it."""
SPEECH_KEYS = {"deepgram": "DEEPGRAM_API_KEY", "flux": "DEEPGRAM_API_KEY", "elevenlabs": "ELEVENLABS_API_KEY"}
KEYS = {
    "openai_realtime": "OPENAI_API_KEY",
    "gemini_live": "GEMINI_API_KEY",
    "cascade_anthropic": "ANTHROPIC_API_KEY",
    "cascade_gemini": "GEMINI_API_KEY",
    "cascade_cohere": "CO_API_KEY",
    "cascade_huggingface": "HF_TOKEN",
    "cascade_openai": "OPENAI_API_KEY",
}


def what_is_missing(settings: Settings, name: str) -> str:
    """Which keys a voice wants and does not have, as something to do."""
    wanted = [KEYS[name]]
    if name.startswith("cascade_"):
        parts = (settings.dialer_cascade_stt, settings.dialer_cascade_tts)
        wanted += [SPEECH_KEYS.get(part, "OPENAI_API_KEY") for part in parts]
    lacking = [each for each in dict.fromkeys(wanted) if not getattr(settings, each.lower())]
    return f"set {' and '.join(lacking)}"


async def examine(settings: Settings, name: str) -> tuple[str, str]:
    """A voice's state (`ok`, `missing`, `wrong`), and what there is to say of it."""
    voice: AnyVoice | None = make_voices(settings).get(name)
    if voice is None:
        return "missing", what_is_missing(settings, name)
    sockets: WebSocketBackend = make_sockets(settings)
    try:
        found = await preflight(voice, SETUP, sockets)
    finally:
        await close_all([voice])
    if found.ok:
        return (
            "ok",
            f"{voice.model}: ready after {found.ready_ms} ms, first sound {found.audio_ms} ms after it was asked",
        )
    return "wrong", f"{found.says}; check {KEYS[name]}, the model's name, and what the account may spend"
