"""`<Dial>`: calls another number from a call in progress, plays it a document in private, and connects the two.

As for students, the last digits of the number select its behavior: busy, no answer, or picking up. A callee who picks
up talks for `TALK_S` seconds and hangs up, unless the first party does so earlier.
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
    """Run the verb; return the document of its action, or None if the current document continues."""
    child = _child_call(call, verb)
    exchange.adopt(child)
    if verb.caller_id is not None and verb.caller_id != call.request.from_:
        call.entry.warn(13214, f"callerId {verb.caller_id} is not a number of the account")
        status, talked_s = "failed", 0.0
    else:
        status, talked_s = await _call(call, child, exchange, verb)
    finish(child, exchange, status, {"busy": 486, "no-answer": 487, "canceled": 487}.get(status, 200), talked_s)
    if verb.action is None:
        return None
    params = base_fields(call) | {"CallStatus": "completed" if call.over.is_set() else "in-progress"}
    params |= {
        "DialCallStatus": status,
        "DialCallSid": child.sid,
        "DialBridged": str(bool(child.entry.connected)).lower(),
    }
    if status == "completed":
        params["DialCallDuration"] = str(child.duration_s or 0)
    hook = Hook(verb.action, verb.action_method)
    return await ask_document(call, exchange, "dial", hook, params) or Document((Hangup(),))


def _child_call(call: Call, verb: Dial) -> Call:
    caller = verb.caller_id or call.request.from_
    request = CallRequest(
        verb.number, caller, None, None, None, None, (), verb.timeout_s, verb.time_limit_s, False, None, (), None, ()
    )
    student = student_for(verb.number)
    sid = new_sid("CA")
    entry = CallEntry(sid, verb.number, caller, student.key, student.expects, {}, parent=call.sid)
    return Call(sid, call.account_sid, request, student, entry, parent_sid=call.sid)


async def _call(call: Call, child: Call, exchange: TwilioContext, verb: Dial) -> tuple[str, float]:
    """Ring, play the document and connect; return the final status and the seconds the two were connected."""
    child.started = now()
    if await exchange.clock.until(call.over, _DIAL_S):
        return "canceled", 0.0
    pickup = child.student.pickup
    if isinstance(pickup, Fails):
        return "failed", 0.0
    child.move("ringing")
    child.entry.rang = stamp()
    answers = isinstance(pickup, Answers) and pickup.rings_s < verb.timeout_s
    rings_s = pickup.rings_s if isinstance(pickup, Answers) else float(verb.timeout_s)
    waits_s = _BUSY_S if isinstance(pickup, Busy) else min(rings_s, float(verb.timeout_s))
    if await exchange.clock.until(call.over, waits_s):
        return "canceled", 0.0
    if not answers:
        return ("busy" if isinstance(pickup, Busy) else "no-answer"), 0.0
    child.move("in-progress")
    child.entry.answered = stamp()
    if verb.url is not None and not await _play_document(call, child, exchange, Hook(verb.url, verb.method)):
        return ("canceled" if call.over.is_set() else "no-answer"), 0.0
    child.entry.connected = stamp()
    began = exchange.clock.seconds()
    await exchange.clock.until(call.over, min(TALK_S, float(verb.time_limit_s)))
    return "completed", exchange.clock.seconds() - began


async def _play_document(call: Call, child: Call, exchange: TwilioContext, hook: Hook) -> bool:
    """Run the document for the callee; return False if it is invalid or hangs up, or the first party has hung up."""
    document = await ask_document(child, exchange, "brief", hook, base_fields(child) | {"CallStatus": "in-progress"})
    if document is None:
        return False
    for verb in document.verbs:
        match verb:
            case Say(text):
                speaking = asyncio.create_task(say(child, exchange, text))
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
                child.entry.warn(12200, "only Say, Pause and Play may run before the call is connected")
                return False
        if call.over.is_set():
            return False
    return True
