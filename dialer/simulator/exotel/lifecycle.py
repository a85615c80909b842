"""The life of a call at Exotel: dialing, ringing, the media stream, and the price afterwards (Exotel Voice API v1)."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, assert_never

import aiohttp

from dialer.simulator.clock import Clock, now
from dialer.simulator.exotel.call import Call
from dialer.simulator.exotel.callbacks import Callbacks
from dialer.simulator.exotel.stream import MediaStream
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import stamp
from dialer.simulator.people.callee import Callee
from dialer.simulator.people.script import Answers, Busy, Fails, NoAnswer
from dialer.simulator.people.speech import STUDENT_VOICE, Speech
from dialer.simulator.people.students import HELLO_AGAIN

_DIAL_S = 0.4
_BUSY_S = 1.0
_BILLED_AFTER_S = 3.0
_PRICE_PER_MINUTE = 0.6
_MAX_STREAM_S = 3600.0


@dataclass(frozen=True, slots=True)
class ExotelContext:
    """The dependencies shared by all calls."""

    http: aiohttp.ClientSession
    callbacks: Callbacks
    speech: Speech
    clock: Clock
    faults: Faults
    background: Callable[[Coroutine[Any, Any, None]], None]


async def live(call: Call, exchange: ExotelContext) -> None:
    """Run one call to its end. Exotel has no API request that cancels or hangs up a call."""
    if await exchange.clock.until(call.over, _DIAL_S):
        return _finish(call, exchange, "failed", 0.0)
    match call.student.pickup:
        case Fails():
            return _finish(call, exchange, "failed", 0.0)
        case Busy():
            return await _ring(call, exchange, _BUSY_S, "busy")
        case NoAnswer():
            return await _ring(call, exchange, float(call.request.timeout_s), "no-answer")
        case Answers(rings_s) if rings_s >= call.request.timeout_s:
            return await _ring(call, exchange, float(call.request.timeout_s), "no-answer")
        case Answers(rings_s):
            return await _ring_and_talk(call, exchange, rings_s)
        case other:
            assert_never(other)


def _ringing(call: Call, exchange: ExotelContext) -> None:
    call.note("ringing")
    call.entry.rang = stamp()
    exchange.callbacks.tell(call, "ringing")


async def _ring(call: Call, exchange: ExotelContext, seconds: float, status: str) -> None:
    _ringing(call, exchange)
    await exchange.clock.until(call.over, seconds)
    _finish(call, exchange, status, 0.0)


async def _ring_and_talk(call: Call, exchange: ExotelContext, rings_s: float) -> None:
    _ringing(call, exchange)
    if await exchange.clock.until(call.over, rings_s):
        return _finish(call, exchange, "no-answer", 0.0)
    call.note("answered")
    call.entry.answered = stamp()
    exchange.callbacks.tell(call, "answered")
    began = exchange.clock.seconds()
    loop = asyncio.get_running_loop()
    limit_s = exchange.clock.real(min(float(call.request.time_limit_s), _MAX_STREAM_S))
    limit = loop.call_later(limit_s, call.end, "time_limit")
    try:
        await _stream(call, exchange)
    finally:
        limit.cancel()
    call.end("stream")
    return _finish(call, exchange, "completed", exchange.clock.seconds() - began)


async def _stream(call: Call, exchange: ExotelContext) -> None:
    """Run the media stream; the call ends when the server closes it."""
    speech = exchange.speech
    clips = [await speech.speak(line.text, line.voice, beep=line.beep) for line in call.student.lines]
    hello = (HELLO_AGAIN, await speech.speak(HELLO_AGAIN.text, STUDENT_VOICE))
    person = Callee(call.student, tuple(clips), hello)
    end = await MediaStream(call, person, speech, exchange.clock, exchange.faults).run(exchange.http)
    if end == "server":
        call.end("server")


def _finish(call: Call, exchange: ExotelContext, status: str, talked_s: float) -> None:
    """Set the final status and send the callback; duration and price are known some seconds later."""
    call.talked_s = max(1, round(talked_s)) if status == "completed" else 0
    call.ended = now()
    call.entry.ended = stamp()
    call.entry.duration_s = call.talked_s if status == "completed" else None
    call.note(status)
    exchange.callbacks.tell(call, "terminal")

    async def bill() -> None:
        await exchange.clock.sleep(_BILLED_AFTER_S)
        call.billed = True
        if call.talked_s:
            call.price = f"{math.ceil(call.talked_s / 60) * _PRICE_PER_MINUTE:.6f}"

    exchange.background(bill())
