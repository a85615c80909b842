"""The media of a call is over: what the bridge measured is stored, and the call ends with its outcome."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from dialer.domain.calling.call import OVER, Outcome
from dialer.domain.calling.cost import add_usage, models_of, unpriced, voice_cost
from dialer.services.calls.finish import finish_conversation
from dialer.store.calls import calls
from dialer.store.campaigns import prices
from dialer.store.sessions import Session
from dialer.store.system import database_clock
from dialer.store.tables import Call

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallMetrics:
    """What the bridge knows of a talk: token counts by model and kind, and per turn how long AVA took to answer (ms)."""

    usage: Mapping[str, Mapping[str, int]]
    voices: tuple[str, ...]
    """The voices that were asked to speak, in order: more than one where one failed."""
    model: str
    transcriber: str
    first_audio_ms: int | None
    latencies_ms: Sequence[int]
    disclosure: str | None = None
    """The locked first sentence."""
    disclosed_ms: int | None = None
    """Where in the call it was heard to its end; None where it was not."""


async def close_conversation(
    session: Session, call_id: UUID, measured: CallMetrics, *, ours: str | None, now: datetime
) -> Outcome | None:
    """End the call; `ours` names a failure of ours that ended it. The outcome, or None if it was ended before."""
    call = await calls.locked(session, call_id)
    if call is None:
        return None
    call.stream_closed_at = database_clock.transaction_time()
    total: dict[str, int] = {}
    for usage in measured.usage.values():
        add_usage(total, usage)
    call.usage = total
    call.voices = list(measured.voices)
    call.voice_model = measured.model or None
    call.voice_cost = await _cost(session, call, measured, now)
    call.first_audio_ms = measured.first_audio_ms
    call.disclosure, call.disclosed_ms = measured.disclosure, measured.disclosed_ms
    call.latency_p50_ms = _percentile(measured.latencies_ms, 50)
    call.latency_p95_ms = _percentile(measured.latencies_ms, 95)
    await session.flush()
    if call.state in OVER:
        return None
    return await finish_conversation(session, call, ours=ours, now=now)


async def _cost(session: Session, call: Call, measured: CallMetrics, now: datetime) -> Decimal | None:
    """What the voice cost, by the prices of the day; None, and said, where one is missing."""
    named = {each for usage in measured.usage.values() for each in models_of(usage)}
    known = await prices.on(session, (*measured.usage, *named, measured.model, measured.transcriber), now.date())
    costs = []
    for model, usage in (measured.usage or {measured.model: {}}).items():
        if missing := unpriced(usage, known, model, measured.transcriber):
            whose, kind = missing[0]
            log.warning(
                "no price is known for %s of %s; set it: dialer prices set %s %s PRICE", kind, whose, whose, kind
            )
        costs.append(voice_cost(usage, known, model, measured.transcriber))
    found = [cost for cost in costs if cost is not None]
    return sum(found, Decimal(0)) if len(found) == len(costs) else None


def _percentile(values: Sequence[int], percent: int) -> int | None:
    """The nearest-rank percentile; None of nothing."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)] if ranked else None
