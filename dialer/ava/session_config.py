"""How a script wants its voice to be: the script's columns as the voice is told them."""

from dialer.ava.tool_schemas import specs
from dialer.store.tables import Script
from dialer.voices.port import SessionConfig


def session_config(script: Script, instructions: str, model: str | None = None) -> SessionConfig:
    """The setup of a session with these instructions; `model` in place of the script's own, where it is not None."""
    return SessionConfig(
        instructions=instructions,
        tools=specs(),
        voice_id=script.speaker,
        vad_threshold=script.vad_threshold,
        vad_prefix_ms=script.vad_prefix_ms,
        vad_silence_ms=script.vad_silence_ms,
        transcription_model=script.transcription_model,
        language=script.language,
        languages=tuple(script.languages),
        keywords=tuple(script.keywords),
        model=(script.model or "") if model is None else model,
        vad_kind=script.vad_kind,
        vad_eagerness=script.vad_eagerness,
        noise_reduction=script.noise_reduction,
        speed=script.speed,
        max_output_tokens=script.max_output_tokens,
    )
