"""How a talk begins: the script, filled for the lead who answered, as a conversation."""

from datetime import datetime

from dialer.ava.arguments import specs
from dialer.ava.persona import honest, tell
from dialer.bridge.barging import Manner
from dialer.bridge.conversation import Conversation
from dialer.carriers.port import Carrier
from dialer.flows.answer_call import Answered
from dialer.voices.port import Setup


def begin(answered: Answered, carrier: Carrier | None, now: datetime, monotonic: float) -> Conversation:
    """The conversation of a call that was answered. `now` is told to AVA; `monotonic` is when the talk began."""
    speaks_to_machines = carrier is None or carrier.profile.leaves_messages
    talk, script = answered.talk, answered.script
    persona, opening = honest(script.persona, script.opening, recorded=answered.records)
    told = tell(
        persona,
        opening,
        name=talk.name,
        row=answered.row,
        zone=talk.zone,
        now=now,
        recorded=answered.records,
        language=script.language,
    )
    setup = Setup(
        instructions=told.instructions,
        tools=specs(),
        speaker=script.speaker,
        vad_threshold=script.vad_threshold,
        vad_prefix_ms=script.vad_prefix_ms,
        vad_silence_ms=script.vad_silence_ms,
        transcription_model=script.transcription_model,
        language=script.language,
        languages=tuple(script.languages),
        keywords=tuple(script.keywords),
        model=script.model or "",
        vad_kind=script.vad_kind,
        vad_eagerness=script.vad_eagerness,
        noise_reduction=script.noise_reduction,
        speed=script.speed,
        max_output_tokens=script.max_output_tokens,
    )
    return Conversation(
        setup,
        told.opening,
        told.goodbye,
        answered.time_limit_s,
        monotonic,
        leaves_message=answered.leaves_message and speaks_to_machines,
        manner=Manner(script.min_speech_ms, script.protect_ms, script.silence_s),
    )
