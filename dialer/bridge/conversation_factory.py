"""How a talk begins: the script, filled for the lead who answered, as a conversation."""

from datetime import datetime

from dialer.ava.persona import compose_session, without_false_claims
from dialer.ava.session_config import session_config
from dialer.bridge.conversation.core import Conversation
from dialer.bridge.conversation.interruption import InterruptionPolicy
from dialer.carriers.port import Carrier
from dialer.services.calls.accept_stream import AcceptedCall


def start_conversation(
    answered: AcceptedCall, carrier: Carrier | None, now: datetime, monotonic: float
) -> Conversation:
    """The conversation of a call that was answered. `now` is told to AVA; `monotonic` is when the talk began."""
    speaks_to_machines = carrier is None or carrier.capabilities.can_leave_messages
    talk, script = answered.talk, answered.script
    told = compose_session(
        without_false_claims(script.persona),
        script.opening,
        business=script.business,
        phone=talk.phone,
        name=talk.name,
        row=answered.row,
        zone=talk.zone,
        now=now,
        recorded=answered.records,
        language=script.language,
    )
    return Conversation(
        session_config(script, told.instructions),
        told.opening,
        told.goodbye,
        answered.time_limit_s,
        monotonic,
        disclosure=told.disclosure,
        leaves_message=answered.leaves_message and speaks_to_machines,
        policy=InterruptionPolicy(script.min_speech_ms, script.protect_ms, script.silence_s),
    )
