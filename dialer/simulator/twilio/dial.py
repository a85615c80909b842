"""`<Dial>` out of a call that is under way: somebody else is rung, told a document alone, and connected.

Whom a number reaches is told by its last digits, as for students: busy, no answer, or somebody who picks up. Who does
talks for `TALK_S` and hangs up, unless the first one does before.
"""

import asyncio

from dialer.simulator.clock import now
from dialer.simulator.ledger import CallEntry, stamp
from dialer.simulator.people.script import Answers, Busy, Fails
from dialer.simulator.people.students import student_for
from dialer.simulator.twilio.call import Call, new_sid
from dialer.simulator.twilio.exchange import TwilioContext, ask_document, finish, say
from dialer.simulator.twilio.params import CallRequest, Hook
from dialer.simulator.twilio.twiml import Dial, Document, Hangup, Pause, Play, Say
from dialer.simulator.twilio.webhooks import base_fields

TALK_S = 8.0
_DIAL_S = 0.4
_BUSY_S = 1.0


async def dial(call: Call, exchange: TwilioContext, verb: Dial) -> Document | None:
    """Run the verb to its end; the document that its action answers with, None where the present one goes on."""
    leg = _leg(call, verb)
    exchange.adopt(leg)
    if verb.caller_id is not None and verb.caller_id != call.request.from_:
        call.entry.warn(13214, f"callerId {verb.caller_id} is none of the account's numbers")
        status, talked_s = "failed", 0.0
    else:
        status, talked_s = await _call(call, leg, exchange, verb)
    finish(leg, exchange, status, {"busy": 486, "no-answer": 487, "canceled": 487}.get(status, 200), talked_s)
    if verb.action is None:
        return None
    params = base_fields(call) | {"CallStatus": "completed" if call.over.is_set() else "in-progress"}
    params |= {"DialCallStatus": status, "DialCallSid": leg.sid, "DialBridged": str(bool(leg.entry.connected)).lower()}
    if status == "completed":
        params["DialCallDuration"] = str(leg.duration_s or 0)
    hook = Hook(verb.action, verb.action_method)
    return await ask_document(call, exchange, "dial", hook, params) or Document((Hangup(),))


def _leg(call: Call, verb: Dial) -> Call:
    caller = verb.caller_id or call.request.from_
    request = CallRequest(
        verb.number, caller, None, None, None, None, (), verb.timeout_s, verb.time_limit_s, False, None, (), None, ()
    )
    student = student_for(verb.number)
    sid = new_sid("CA")
    entry = CallEntry(sid, verb.number, caller, student.key, student.expects, {}, parent=call.sid)
    return Call(sid, call.account_sid, request, student, entry, parent_sid=call.sid)


async def _call(call: Call, leg: Call, exchange: TwilioContext, verb: Dial) -> tuple[str, float]:
    """Ring, tell, connect; the status of it all, and for how long the two were connected."""
    leg.started = now()
    if await exchange.clock.until(call.over, _DIAL_S):
        return "canceled", 0.0
    pickup = leg.student.pickup
    if isinstance(pickup, Fails):
        return "failed", 0.0
    leg.move("ringing")
    leg.entry.rang = stamp()
    answers = isinstance(pickup, Answers) and pickup.rings_s < verb.timeout_s
    rings_s = pickup.rings_s if isinstance(pickup, Answers) else float(verb.timeout_s)
    waits_s = _BUSY_S if isinstance(pickup, Busy) else min(rings_s, float(verb.timeout_s))
    if await exchange.clock.until(call.over, waits_s):
        return "canceled", 0.0
    if not answers:
        return ("busy" if isinstance(pickup, Busy) else "no-answer"), 0.0
    leg.move("in-progress")
    leg.entry.answered = stamp()
    if verb.url is not None and not await _told(call, leg, exchange, Hook(verb.url, verb.method)):
        return ("canceled" if call.over.is_set() else "no-answer"), 0.0
    leg.entry.connected = stamp()
    began = exchange.clock.seconds()
    await exchange.clock.until(call.over, min(TALK_S, float(verb.time_limit_s)))
    return "completed", exchange.clock.seconds() - began


async def _told(call: Call, leg: Call, exchange: TwilioContext, hook: Hook) -> bool:
    """Run the document for who picked up; False where it cannot run, hangs up, or the first one is gone by then."""
    document = await ask_document(leg, exchange, "brief", hook, base_fields(leg) | {"CallStatus": "in-progress"})
    if document is None:
        return False
    for verb in document.verbs:
        match verb:
            case Say(text):
                speaking = asyncio.create_task(say(leg, exchange, text))
                gone = asyncio.create_task(call.over.wait())
                await asyncio.wait({speaking, gone}, return_when=asyncio.FIRST_COMPLETED)
                for task in (speaking, gone):
                    task.cancel()
                await asyncio.gather(speaking, gone, return_exceptions=True)
            case Pause(seconds):
                await exchange.clock.until(call.over, seconds)
            case Play():
                await exchange.clock.until(call.over, 1.0)
            case Hangup():
                return False
            case _:
                leg.entry.warn(12200, "only words may be said to somebody who is not connected yet")
                return False
        if call.over.is_set():
            return False
    return True
