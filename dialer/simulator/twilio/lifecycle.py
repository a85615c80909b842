"""The life of a call at Twilio: queue, dialing, ringing, TwiML, and the price afterwards.

Statuses, status callbacks and AMD follow Twilio's Voice documentation.
"""

from typing import assert_never

from dialer.simulator.clock import now
from dialer.simulator.ledger import stamp
from dialer.simulator.people.callee import Callee
from dialer.simulator.people.script import Answers, Busy, Fails, NoAnswer
from dialer.simulator.people.speech import STUDENT_VOICE
from dialer.simulator.people.students import HELLO_AGAIN
from dialer.simulator.twilio.call import Call, new_sid
from dialer.simulator.twilio.dial import dial
from dialer.simulator.twilio.exchange import TwilioContext, fetch, finish, parsed, say
from dialer.simulator.twilio.params import Hook
from dialer.simulator.twilio.stream import MediaStream
from dialer.simulator.twilio.twiml import Dial, Document, Hangup, Pause, Play, Say, Stream

_DIAL_S = 0.4
_BUSY_S = 1.0
_HUMAN_MS = 1890
_MACHINE_MS = 2400
_BEEP_MS = 6200


async def live(call: Call, exchange: TwilioContext, queued_s: float) -> None:
    """Run one call to its end, after waiting `queued_s` for the account's calls-per-second limit."""
    if await exchange.clock.until(call.over, queued_s):
        return finish(call, exchange, "canceled", 487, 0.0)
    call.started = now()
    exchange.webhooks.status(call, "initiated", "initiated")
    if await exchange.clock.until(call.over, _DIAL_S):
        return finish(call, exchange, "canceled", 487, 0.0)
    match call.student.pickup:
        case Fails(sip):
            return finish(call, exchange, "failed", sip, 0.0)
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


async def _ring(call: Call, exchange: TwilioContext, seconds: float, status: str, sip: int) -> None:
    _ringing(call, exchange)
    if await exchange.clock.until(call.over, seconds):
        status, sip = "canceled", 487
    finish(call, exchange, status, sip, 0.0)


def _ringing(call: Call, exchange: TwilioContext) -> None:
    call.move("ringing")
    call.entry.rang = stamp()
    exchange.webhooks.status(call, "ringing", "ringing")


async def _ring_and_talk(call: Call, exchange: TwilioContext, rings_s: float) -> None:
    _ringing(call, exchange)
    if await exchange.clock.until(call.over, rings_s):
        return finish(call, exchange, "canceled", 487, 0.0)
    call.move("in-progress")
    call.entry.answered = stamp()
    if call.request.record:
        call.recording_sid = new_sid("RE")
    exchange.webhooks.status(call, "answered", "in-progress")
    began = exchange.clock.seconds()
    call.limit(exchange.clock.real(call.request.time_limit_s))
    try:
        await _detect(call, exchange)
        if not call.over.is_set():
            await _run_document(call, exchange, await _first_document(call, exchange))
    finally:
        call.limit(None)
    call.end("document")
    return finish(call, exchange, "completed", 200, exchange.clock.seconds() - began)


async def _detect(call: Call, exchange: TwilioContext) -> None:
    """Run answering machine detection: wait for the result, or post it later if asynchronous."""
    detection = call.request.detection
    if detection is None:
        return
    machine, to_message_end = call.student.machine, detection.mode == "DetectMessageEnd"
    answered_by = ("machine_end_beep" if to_message_end else "machine_start") if machine else "human"
    ms = (_BEEP_MS if to_message_end else _MACHINE_MS) if machine else _HUMAN_MS

    async def decide() -> None:
        if await exchange.clock.until(call.over, ms / 1000) and call.redirect is None:
            return
        call.answered_by = call.entry.answered_by = answered_by
        call.detection_ms = ms
        if detection.asynchronous and detection.callback:
            fields = {"AccountSid": call.account_sid, "CallSid": call.sid, "AnsweredBy": answered_by}
            exchange.webhooks.send(call, "amd", detection.callback, fields | {"MachineDetectionDuration": str(ms)})

    if detection.asynchronous:
        exchange.background(decide())
    else:
        await decide()


async def _first_document(call: Call, exchange: TwilioContext) -> Document:
    """Return the inline TwiML, or that of Url, else of FallbackUrl; an empty document if both fail."""
    if call.request.twiml is not None:
        return parsed(call, call.request.twiml) or Document(())
    for hook in (call.request.url, call.request.fallback):
        if hook and (document := await fetch(call, exchange, hook)):
            return document
    return Document(())


async def _run_document(call: Call, exchange: TwilioContext, document: Document) -> None:
    """Run the verbs in order; a REST redirect replaces the document."""
    pending = list(document.verbs)
    while True:
        if call.over.is_set():
            if call.redirect is None:
                return
            pending, call.redirect = list(call.redirect.verbs), None
            call.over.clear()
        if not pending:
            return
        verb = pending.pop(0)
        if isinstance(verb, Dial):
            document_after = await dial(call, exchange, verb)
            pending = pending if document_after is None else list(document_after.verbs)
        else:
            await _run(call, exchange, verb)


async def _run(call: Call, exchange: TwilioContext, verb: Stream | Say | Play | Pause | Hangup) -> None:
    match verb:
        case Hangup():
            call.end("hangup")
        case Pause(seconds):
            await exchange.clock.until(call.over, seconds)
        case Say(text):
            await say(call, exchange, text)
        case Play():
            await exchange.clock.until(call.over, 1.0)
        case Stream():
            await _stream(call, exchange, verb)
        case other:
            assert_never(other)


async def _stream(call: Call, exchange: TwilioContext, verb: Stream) -> None:
    speech = exchange.speech
    clips = [await speech.speak(line.text, line.voice, beep=line.beep) for line in call.student.lines]
    hello = (HELLO_AGAIN, await speech.speak(HELLO_AGAIN.text, STUDENT_VOICE))
    person = Callee(call.student, tuple(clips), hello)
    stream = MediaStream(call, verb, person, speech, exchange.clock, exchange.faults, exchange.token)

    def notify(event: str) -> None:
        if verb.status_callback:
            fields = {"AccountSid": call.account_sid, "CallSid": call.sid, "StreamSid": stream.entry.sid}
            fields |= {"StreamName": "", "StreamEvent": event, "Timestamp": now().isoformat()}
            exchange.webhooks.send(call, event, Hook(verb.status_callback, "POST"), fields)

    end = await stream.run(exchange.http, lambda: notify("stream-started"))
    notify("stream-error" if end == "refused" else "stream-stopped")
    if end == "server" and call.entry.ended_by is None:
        call.entry.ended_by = "server"
