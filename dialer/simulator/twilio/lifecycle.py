"""A call from the carrier's queue to its end: dialling, ringing, the document, the bill (twilio.md §1.4, §2, §4)."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, assert_never

import aiohttp

from dialer.simulator.clock import Clock, now, rfc2822
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import stamp
from dialer.simulator.script import Answers, Busy, Fails, NoAnswer
from dialer.simulator.speech import STUDENT_VOICE, Speech
from dialer.simulator.students import HELLO_AGAIN
from dialer.simulator.twilio.call import Call, new_sid
from dialer.simulator.twilio.params import Hook
from dialer.simulator.twilio.person import Person
from dialer.simulator.twilio.stream import MediaStream
from dialer.simulator.twilio.twiml import Document, Hangup, Pause, Play, Say, Stream, TwimlError, Verb, parse
from dialer.simulator.twilio.webhooks import Webhooks, base_fields

_DIAL_S = 0.4
_BUSY_S = 1.0
_PRICE_AFTER_S = 3.0
_PRICE_PER_MINUTE = 0.014
_HUMAN_MS = 1890
_MACHINE_MS = 2400
_BEEP_MS = 6200
_SPOKEN_PER_CHARACTER_S = 0.06


@dataclass(frozen=True, slots=True)
class Exchange:
    """What every call of one carrier shares."""

    http: aiohttp.ClientSession
    webhooks: Webhooks
    speech: Speech
    clock: Clock
    faults: Faults
    token: str
    base_url: Callable[[], str]
    background: Callable[[Coroutine[Any, Any, None]], None]


async def live(call: Call, exchange: Exchange, queued_s: float) -> None:
    """Carry one call through its life, after the wait that the account's calls per second ask of it."""
    if await exchange.clock.until(call.over, queued_s):
        return _finish(call, exchange, "canceled", 487, 0.0)
    call.started = now()
    exchange.webhooks.status(call, "initiated", "initiated")
    if await exchange.clock.until(call.over, _DIAL_S):
        return _finish(call, exchange, "canceled", 487, 0.0)
    match call.student.pickup:
        case Fails(sip):
            return _finish(call, exchange, "failed", sip, 0.0)
        case Busy():
            return await _ring(call, exchange, _BUSY_S, "busy", 486)
        case NoAnswer():
            return await _ring(call, exchange, float(call.request.timeout_s), "no-answer", 487)
        case Answers(rings_s) if rings_s >= call.request.timeout_s:
            return await _ring(call, exchange, float(call.request.timeout_s), "no-answer", 487)
        case Answers(rings_s):
            return await _ring_and_talk(call, exchange, rings_s)
        case other:
            assert_never(other)


async def _ring(call: Call, exchange: Exchange, seconds: float, status: str, sip: int) -> None:
    _ringing(call, exchange)
    if await exchange.clock.until(call.over, seconds):
        status, sip = "canceled", 487
    _finish(call, exchange, status, sip, 0.0)


def _ringing(call: Call, exchange: Exchange) -> None:
    call.move("ringing")
    call.entry.rang = stamp()
    exchange.webhooks.status(call, "ringing", "ringing")


async def _ring_and_talk(call: Call, exchange: Exchange, rings_s: float) -> None:
    _ringing(call, exchange)
    if await exchange.clock.until(call.over, rings_s):
        return _finish(call, exchange, "canceled", 487, 0.0)
    call.move("in-progress")
    call.entry.answered = stamp()
    if call.request.record:
        call.recording_sid = new_sid("RE")
    exchange.webhooks.status(call, "answered", "in-progress")
    began = exchange.clock.seconds()
    loop = asyncio.get_running_loop()
    limit = loop.call_later(exchange.clock.real(call.request.time_limit_s), call.end, "time_limit")
    try:
        await _detect(call, exchange)
        if not call.over.is_set():
            await _run_document(call, exchange, await _first_document(call, exchange))
    finally:
        limit.cancel()
    call.end("document")
    return _finish(call, exchange, "completed", 200, exchange.clock.seconds() - began)


async def _detect(call: Call, exchange: Exchange) -> None:
    """Answering machine detection: waits for the verdict, or posts it later if it is asynchronous (§4)."""
    detection = call.request.detection
    if detection is None:
        return
    machine, to_the_end = call.student.machine, detection.mode == "DetectMessageEnd"
    verdict = ("machine_end_beep" if to_the_end else "machine_start") if machine else "human"
    ms = (_BEEP_MS if to_the_end else _MACHINE_MS) if machine else _HUMAN_MS

    async def decide() -> None:
        if await exchange.clock.until(call.over, ms / 1000) and call.redirect is None:
            return
        call.answered_by = call.entry.answered_by = verdict
        call.detection_ms = ms
        if detection.asynchronous and detection.callback:
            fields = {"AccountSid": call.account_sid, "CallSid": call.sid, "AnsweredBy": verdict}
            exchange.webhooks.send(call, "amd", detection.callback, fields | {"MachineDetectionDuration": str(ms)})

    if detection.asynchronous:
        exchange.background(decide())
    else:
        await decide()


async def _first_document(call: Call, exchange: Exchange) -> Document:
    """The inline TwiML, or the answer of Url, else of FallbackUrl; nothing to run if both fail."""
    if call.request.twiml is not None:
        return _parsed(call, call.request.twiml) or Document(())
    for hook in (call.request.url, call.request.fallback):
        if hook and (document := await fetch(call, exchange, hook)):
            return document
    return Document(())


async def fetch(call: Call, exchange: Exchange, hook: Hook) -> Document | None:
    """Ask the product what to do now that the call is up (§2, last paragraph)."""
    params = base_fields(call) | {"CallStatus": "in-progress"}
    if call.answered_by and call.request.detection and not call.request.detection.asynchronous:
        params |= {"AnsweredBy": call.answered_by, "MachineDetectionDuration": str(call.detection_ms)}
    answer = await exchange.webhooks.ask(call, "twiml", hook, params)
    if answer is None or answer.status >= 300:
        return None
    if answer.content_type not in ("text/xml", "application/xml"):
        call.entry.warn(12300, f"content type {answer.content_type}")
        return None
    return _parsed(call, answer.text)


def _parsed(call: Call, xml: str) -> Document | None:
    try:
        document = parse(xml)
    except TwimlError as error:
        call.entry.warn(error.code, str(error))
        return None
    for code, text in document.warnings:
        call.entry.warn(code, text)
    return document


async def _run_document(call: Call, exchange: Exchange, document: Document) -> None:
    """Run verb after verb; a REST redirect swaps the document."""
    pending = list(document.verbs)
    while True:
        if call.over.is_set():
            if call.redirect is None:
                return
            pending, call.redirect = list(call.redirect.verbs), None
            call.over.clear()
        if not pending:
            return
        await _run(call, exchange, pending.pop(0))


async def _run(call: Call, exchange: Exchange, verb: Verb) -> None:
    match verb:
        case Hangup():
            call.end("hangup")
        case Pause(seconds):
            await exchange.clock.until(call.over, seconds)
        case Say(text):
            await exchange.clock.until(call.over, len(text) * _SPOKEN_PER_CHARACTER_S)
        case Play():
            await exchange.clock.until(call.over, 1.0)
        case Stream():
            await _stream(call, exchange, verb)
        case other:
            assert_never(other)


async def _stream(call: Call, exchange: Exchange, verb: Stream) -> None:
    speech = exchange.speech
    clips = [await speech.speak(line.text, line.voice, beep=line.beep) for line in call.student.lines]
    hello = (HELLO_AGAIN, await speech.speak(HELLO_AGAIN.text, STUDENT_VOICE))
    person = Person(call.student, tuple(clips), hello)
    stream = MediaStream(call, verb, person, speech, exchange.clock, exchange.faults, exchange.token)

    def tell(event: str) -> None:
        if verb.status_callback:
            fields = {"AccountSid": call.account_sid, "CallSid": call.sid, "StreamSid": stream.entry.sid}
            fields |= {"StreamName": "", "StreamEvent": event, "Timestamp": now().isoformat()}
            exchange.webhooks.send(call, event, Hook(verb.status_callback, "POST"), fields)

    end = await stream.run(exchange.http, lambda: tell("stream-started"))
    tell("stream-error" if end == "refused" else "stream-stopped")
    if end == "server" and call.entry.ended_by is None:
        call.entry.ended_by = "server"


def _finish(call: Call, exchange: Exchange, status: str, sip: int, talked_s: float) -> None:
    """Settle the call and tell of it; the price comes some time later."""
    call.duration_s = max(1, round(talked_s)) if status == "completed" else None
    minutes = math.ceil((call.duration_s or 0) / 60)
    call.ended = now()
    call.entry.ended, call.entry.duration_s = stamp(), call.duration_s
    call.move(status)
    extra = {"CallDuration": str(call.duration_s or 0), "Duration": str(minutes), "SipResponseCode": str(sip)}
    if call.answered_by:
        extra["AnsweredBy"] = call.answered_by
    recording: dict[str, str] = {}
    if call.recording_sid:
        url = f"{exchange.base_url()}/2010-04-01/Accounts/{call.account_sid}/Recordings/{call.recording_sid}"
        recording = {
            "RecordingUrl": url,
            "RecordingSid": call.recording_sid,
            "RecordingDuration": str(call.duration_s or 0),
        }
    exchange.webhooks.status(call, "completed", status, extra | recording)
    if recording and call.request.recording and "completed" in call.request.recording_events:
        fields = {"AccountSid": call.account_sid, "CallSid": call.sid, **recording, "RecordingStatus": "completed"}
        fields |= {"RecordingChannels": "1", "RecordingStartTime": rfc2822(call.started) or ""}
        fields |= {"RecordingSource": "OutboundAPI", "RecordingTrack": "both"}
        exchange.webhooks.send(call, "recording", call.request.recording, fields)

    async def bill() -> None:
        await exchange.clock.sleep(_PRICE_AFTER_S)
        call.price = f"-{minutes * _PRICE_PER_MINUTE:.5f}"

    if status == "completed":
        exchange.background(bill())
